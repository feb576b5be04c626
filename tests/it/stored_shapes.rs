//! Yesterday's rows, as earlier versions wrote them: this version reads every one, knows each by the same id, and changes it
//! without losing what it does not know.
//!
//! `stored_shapes/rows.jsonl` holds one row a line and which version wrote it. A line is never changed: a shape that can no longer
//! be read is a table that can no longer be read. A new kind of event, or a field more, is a line more.

use std::collections::BTreeSet;

use domain::effect::EffectKey;
use domain::event::{Event, EventType};
use domain::handoff::{Layer, Owed, RELAY};
use domain::subject::Subject;
use ledger::{Ledger, Memory, Row, Table};
use serde_json::Value;

const ROWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/it/stored_shapes/rows.jsonl");

fn rows() -> Vec<(String, Row)> {
    let read = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let by = line["written_by"].as_str().unwrap().to_owned();
        let row = serde_json::from_value(line["row"].take()).unwrap_or_else(|error| panic!("{by}: {error}: {line}"));
        (by, row)
    };
    std::fs::read_to_string(ROWS).unwrap().lines().map(read).collect()
}

/// A table that was filled by the versions before.
async fn ledger() -> Ledger<Memory> {
    let table = Memory::default();
    for (by, row) in rows() {
        assert!(table.put_new(&row).await.unwrap().is_none(), "{by}: {:?} is there twice", row.key());
    }
    Ledger::new(table)
}

fn subjects() -> BTreeSet<String> {
    rows().iter().map(|(_, row)| row.key().0.to_owned()).filter(|pk| !pk.starts_with("mark#")).collect()
}

/// An event of this kind, as a version before has stored it.
pub async fn event_of(kind: EventType) -> Event {
    let ledger = ledger().await;
    for subject in subjects() {
        let events = ledger.journey(&subject.parse().unwrap()).await.unwrap().events;
        if let Some(event) = events.into_iter().find(|event| event.fact.event_type() == kind) {
            return event;
        }
    }
    panic!("{kind} has no row")
}

#[tokio::test]
async fn every_row_of_yesterday_is_read() {
    let (ledger, all) = (ledger().await, rows());
    let (mut events, mut effects, mut exceptions) = (0, 0, 0);
    let mut wrong = Vec::new();
    for subject in subjects() {
        let journey = ledger.journey(&subject.parse().unwrap()).await.unwrap();
        events += journey.events.len();
        effects += journey.effects.len();
        exceptions += journey.exceptions.len();
        for event in journey.events {
            // The id is what makes a webhook that comes again the same event: a rule that changed would store it twice.
            let (id, kind) = (event.fact.id(), event.fact.event_type());
            if ledger.event(&event.key()).await.unwrap().is_none() {
                wrong.push(format!("{subject} {} is {} now", kind.as_str(), id.0));
            }
        }
        for effect in journey.effects {
            let (text, hash) = (effect.key.to_string(), effect.key.hash(&effect.subject));
            assert!(!matches!(effect.key, EffectKey::Other(_)), "{text}: not known any more");
            let stored = all.iter().find_map(|(_, row)| match row {
                Row::Effect(row) if row.key == text => Some(row.hash.clone()),
                _ => None,
            });
            // Mails that are out carry it.
            if stored.as_ref() != Some(&hash) {
                wrong.push(format!("effect {text} has the hash {hash} now"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count = |of: fn(&Row) -> bool| all.iter().filter(|(_, row)| of(row)).count();
    assert_eq!(events, count(|row| matches!(row, Row::Event(_))));
    assert_eq!(effects, count(|row| matches!(row, Row::Effect(_))));
    assert_eq!(exceptions, count(|row| matches!(row, Row::Exception(_))));
}

#[test]
fn each_kind_of_event_has_a_row() {
    let stored: BTreeSet<String> = rows()
        .into_iter()
        .filter_map(|(_, row)| match row {
            Row::Event(row) => Some(row.event_type),
            _ => None,
        })
        .collect();
    let missing: Vec<_> = RELAY.iter().map(|leg| leg.event.as_str()).filter(|kind| !stored.contains(*kind)).collect();
    assert!(missing.is_empty(), "add a line to stored_shapes/rows.jsonl for each of {missing:?}");
}

#[tokio::test]
async fn what_stood_beside_the_orders_still_counts() {
    let ledger = ledger().await;
    let store: Subject = "store#example-prints.myshopify.com".parse().unwrap();
    assert_eq!(ledger.paused(&store).await.unwrap(), [Layer::Routing]);
    assert_eq!(ledger.bookmark(&store, "sweep").await.unwrap().unwrap().place, "2026-11-20T02:00:00Z");
    let open = ledger.open_exceptions().await.unwrap();
    assert_eq!(open.len(), 3, "two open and one acknowledged: {open:?}");
}

#[tokio::test]
async fn a_row_is_changed_without_losing_what_this_version_does_not_know() {
    let ledger = ledger().await;
    let old = rows().into_iter().find_map(|(_, row)| match row {
        Row::Event(row) if row.owes.contains_key("a-layer-of-tomorrow") => Some(row.pk),
        _ => None,
    });
    let subject: Subject = old.unwrap().parse().unwrap();
    let events = ledger.journey(&subject).await.unwrap().events;
    let stored = ledger.event(&events[0].key()).await.unwrap().unwrap();
    assert_eq!(stored.owes.keys().copied().collect::<Vec<_>>(), [Owed::Layer(Layer::Capture)]);
    ledger.acknowledge(&stored, &[Owed::Layer(Layer::Capture)]).await.unwrap();
    let after = ledger.event(&events[0].key()).await.unwrap().unwrap();
    assert!(after.owes_unknown_by(domain::Timestamp::MAX), "the newer version's layer is still owed");
    assert!(after.owes.is_empty());
}
