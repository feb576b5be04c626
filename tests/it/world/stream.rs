//! The table's stream as Lambda hands it to its two readers: through the filters that the template gives them.

use domain::handoff::Layer;
use ledger::Row;
use ledger::row::EventRow;
use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

/// What a function hears of the stream: patterns, of which one has to match.
pub struct Filter(Vec<Value>);

impl Filter {
    /// The filter of this function, by its name in the template.
    pub fn of(function: &str) -> Self {
        let (_, behind) = TEMPLATE.split_once(&format!("\n  {function}:\n")).unwrap();
        let resource = behind.lines().take_while(|line| line.is_empty() || line.starts_with("   "));
        let pattern = |line: &str| Some(line.trim().strip_prefix("- Pattern: '")?.strip_suffix('\'')?.to_owned());
        let patterns: Vec<_> = resource.filter_map(pattern).collect();
        assert!(!patterns.is_empty(), "{function} reads no stream");
        Self(patterns.iter().map(|pattern| serde_json::from_str(pattern).unwrap()).collect())
    }

    /// Whether the function hears of what was written.
    pub fn passes(&self, row: &Row) -> bool {
        let record = record(row);
        self.0.iter().any(|pattern| matches(&record, pattern))
    }
}

/// Lambda's rules, as far as the template uses them: every name has to be there, with one of the values; `exists` asks for a leaf.
fn matches(record: &Value, pattern: &Value) -> bool {
    pattern.as_object().unwrap().iter().all(|(name, wanted)| match wanted {
        Value::Array(values) => values.iter().any(|value| match value {
            Value::Object(rule) => {
                assert_eq!(rule, json!({ "exists": true }).as_object().unwrap(), "a rule that is not played here");
                record.get(name).is_some_and(|found| !found.is_object())
            }
            value => record.get(name) == Some(value),
        }),
        nested => record.get(name).is_some_and(|found| matches(found, nested)),
    })
}

/// The record of a written row.
fn record(row: &Row) -> Value {
    let image: serde_dynamo::Item = serde_dynamo::to_item(row).unwrap();
    let name = if row.rev() <= 1 { "INSERT" } else { "MODIFY" };
    json!({ "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": { "Keys": keys(row.key()), "NewImage": image } })
}

fn keys((pk, sk): (&str, &str)) -> Value {
    json!({ "pk": { "S": pk }, "sk": { "S": sk } })
}

/// A batch of the stream that says that these were written.
pub fn batch<'a>(written: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let record =
        |key| json!({ "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": { "Keys": keys(key) } });
    json!({ "Records": written.into_iter().map(record).collect::<Vec<_>>() })
}

/// The whole table of hand-offs against the filters: whoever gets an event hears of it, and nobody is invoked for nothing.
#[tokio::test]
async fn each_reader_hears_of_what_is_its_own_and_of_nothing_else() {
    use crate::stored_shapes::event_of;
    use domain::exception::{Exception, Life, What};
    use domain::handoff::{Deadlines, RELAY, owes};
    use ledger::row::ExceptionRow;

    let (relay, monitoring) = (Filter::of("Relay"), Filter::of("Monitoring"));
    let mut for_nobody = 0;
    for leg in RELAY {
        let event = event_of(leg.event).await;
        let row = event_row(&event, &owes(&event.fact, event.time, &Deadlines::default())).await;
        let later = Row::Event(EventRow { rev: 2, ..row.clone() });
        let row = Row::Event(row);
        let queued = leg.goes_to.iter().any(|layer| layer.has_queue());
        assert_eq!(relay.passes(&row), queued, "{} to the relay", leg.event);
        assert_eq!(!ledger::stream::dispatches(&row).is_empty(), queued, "{} by the relay", leg.event);
        assert_eq!(monitoring.passes(&row), leg.goes_to.contains(&Layer::Monitoring), "{} to monitoring", leg.event);
        assert!(!relay.passes(&later) && !monitoring.passes(&later), "{}: an acknowledgement is no news", leg.event);
        for_nobody += u32::from(leg.goes_to.is_empty());
    }
    assert!(for_nobody > 0, "an event that owes no layer invokes nobody");

    let event = event_of(domain::event::EventType::OrderCleared).await;
    let exception = Exception::raise(&event.subject, &What::AppUninstalled, "1", event.time);
    for (state, told, rev) in
        [(Life::Open, false, 1), (Life::Open, true, 2), (Life::Resolved, false, 2), (Life::Open, false, 3)]
    {
        let exception = Exception { state, told, ..exception.clone() };
        let row = Row::Exception(ExceptionRow { rev, ..ExceptionRow::from(&exception) });
        assert_eq!(monitoring.passes(&row), state == Life::Open && !told, "{exception:?}");
        assert!(!relay.passes(&row));
    }
}

/// The row of an event as it is appended.
async fn event_row(event: &domain::event::Event, owes: &domain::handoff::Owes) -> EventRow {
    let ledger = ledger::Ledger::new(ledger::Memory::default());
    ledger.append(event, owes, None).await.unwrap();
    match ledger.table().drain_stream().remove(0) {
        Row::Event(row) => row,
        other => panic!("{other:?}"),
    }
}
