//! Every hand-off of the table, broken and healed on the deployed stack: the owner has the alert with that order's number in the first
//! round of the watchdog after the deadline and in none before, the order goes on, and the next digest says that it has healed.
//!
//! The rows are the table's own. A new kind of event does not compile until [`story`](crate::handoffs::story) says how an order comes to
//! it, and a new wait fails the test until [`waits`] says how an order comes to wait. Rounds are as of the minutes in which each row
//! falls due, so what takes three weeks is looked at now; the orders themselves, and what mends them, are of today.

mod legs;
mod row;
mod waits;

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::effect::EffectKey;
use domain::event::{Event, EventType};
use domain::handoff::{Deadlines, owes};
use domain::subject::Subject;
use ledger::Appended;
use serde_json::Value;

use super::calm::nothing_left;
use super::{Mail, Stack, named, stack};
use crate::handoffs::story::acts;
use crate::watch::later;
use row::Row;

/// Seconds within which the stack comes to what is waited for, on a machine that has other things to do.
const PATIENCE: u64 = 90;

/// The name that [`named`] gives an order.
fn name(order: u64) -> String {
    format!("#S{order}")
}

fn tracking(order: u64) -> String {
    format!("BT{order}")
}

/// The stack, with all that other tests left told, what is late and what has healed, and the sandbox's partners waiting for a word.
async fn calm_stack() -> Option<Stack> {
    let stack = stack().await?;
    nothing_left(&stack).await;
    stack.next_digest().await;
    stack.autopilot(false).await;
    Some(stack)
}

impl Stack {
    /// Something happens at the partner to each of these, no faster than the door can hear of it; then it is known, and all are at rest.
    async fn each_at_partner(&self, orders: &[u64], act: usize) {
        for order in orders {
            let (act, body) = acts(&tracking(*order), &carrier(*order))[act].clone();
            self.at_partner(*order, act, body).await;
            self.keeps_up().await;
        }
        let known = [EventType::PartnerAccepted, EventType::ParcelAnnounced, EventType::ParcelDelivered][act];
        self.each_come_to(orders, known).await;
    }

    /// Each of these orders has come to this event, and nothing of it is open.
    async fn each_come_to(&self, orders: &[u64], kind: EventType) {
        for order in orders {
            self.find(*order, kind).await;
            self.until(&format!("{order} to rest after {kind}"), PATIENCE, async || {
                self.open(*order).await.is_empty().then_some(())
            })
            .await;
        }
    }

    /// The first event of this kind of an order, once there is one.
    async fn find(&self, order: u64, kind: EventType) -> Event {
        self.until(&format!("{kind} of {order}"), PATIENCE, async || {
            let events = self.journey(order).await.events;
            events.into_iter().find(|event| event.fact.event_type() == kind)
        })
        .await
    }

    /// The event is in the table as a layer would have written it.
    async fn append(&self, event: &Event) {
        let owes = owes(&event.fact, sandbox::clock::now(), &Deadlines::default());
        let appended = self.ledger.append(event, &owes, None).await.unwrap();
        assert_eq!(appended, Appended::New, "{}: an earlier run has left it here; `make reset` first", event.key());
    }

    fn store(&self) -> Subject {
        Subject::Store(self.fact("shop").to_owned())
    }

    /// The digest of the first day after all digests so far: what it says is open, and what has healed. `None`: none went out.
    async fn next_digest(&self) -> Option<(String, String)> {
        let last = self.ledger.bookmark(&self.store(), "digest").await.unwrap();
        let day = later(last.map_or(Timestamp::MIN, |mark| mark.at).max(sandbox::clock::now()), 86_400);
        self.round(day).await;
        let struck = monitoring::digest::struck(day, 7).to_string();
        let key = EffectKey::Digest { channel: "mail".into(), day: struck[..10].to_owned() };
        let effect = key.hash(&self.store());
        let mails = self.mails().await;
        let body = body(mails.iter().find(|mail| mail.effect == effect)?);
        let (open, healed) = body.split_once("Healed since").unwrap_or((&body, ""));
        Some((open.to_owned(), healed.to_owned()))
    }
}

/// Each order's own, so that no carrier is silent as a whole.
fn carrier(order: u64) -> String {
    format!("Carrier {}", order % 1_000)
}

/// A mail's text part.
fn body(mail: &Mail) -> String {
    let mail: Value = serde_json::from_str(&mail.text).unwrap();
    mail["BodyText"].as_str().unwrap_or_default().to_owned()
}

/// The next digest names each as healed, and none as open; the one after it is silent about all of them.
async fn digests_say_healed(stack: &Stack, rows: &[Row]) {
    let (open, healed) = stack.next_digest().await.unwrap();
    for row in rows {
        let is_listed = |list: &str| list.lines().any(|line| row.is_named_by(line));
        assert_eq!(is_listed(&healed), row.heals_by_itself(), "{}: {healed}", row.name);
        assert!(!open.split("\n\n").any(|entry| row.is_named_by(entry)), "{}: it is nagged about: {open}", row.name);
    }
    if let Some((open, healed)) = stack.next_digest().await {
        for row in rows {
            let again = open.split("\n\n").chain(healed.lines()).any(|entry| row.is_named_by(entry));
            assert!(!again, "{}: said again: {open}{healed}", row.name);
        }
    }
}

/// Prints the rows, and says how many there were.
fn print(title: &str, rows: &[Row]) {
    eprintln!("{title}: {} hand-offs broken, told and healed", rows.len());
    for row in rows {
        eprintln!("  {row}");
    }
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "each row once");
}
