//! The deployed watchdog, as of any moment. Named so that it runs before the tests that leave thousands of events behind: a round reads
//! them one by one, and comes to what is due only after them.

use domain::event::EventType;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

#[tokio::test]
async fn a_month_without_orders_is_silent_and_a_deadline_is_told_one_minute_past() {
    let Some(stack) = stack().await else { return };
    let month = nothing_left(&stack).await;
    let mails = owners(&stack).await;
    let report = stack.round(month).await;
    eprintln!("as of 30 days later: {report}");
    assert_eq!(silent(&report), json!([0, 0, 0, 0]), "{report}");
    assert_eq!(owners(&stack).await, mails, "nothing is said");

    let id = fresh_id(40);
    let name = format!("#S{id}");
    stack.autopilot(false).await;
    stack.order(&named(id), 1).await;
    let routed = stack
        .until("the order at the partner", 60, async || {
            let events = stack.journey(id).await.events;
            events.into_iter().find(|event| event.fact.event_type() == EventType::OrderRouted)
        })
        .await;
    stack.until("nothing to be open", 60, async || stack.open(id).await.is_empty().then_some(())).await;
    let stored = stack.ledger.event(&routed.key()).await.unwrap().unwrap();
    let due = *stored.owes.values().min().unwrap();

    let report = stack.round(due.checked_sub(SignedDuration::from_mins(1)).unwrap()).await;
    assert_eq!(silent(&report), json!([0, 0, 0, 0]), "a minute before: {report}");
    // What a thousand other orders left is looked at first, and a round ends before its time is over.
    let past = due.checked_add(SignedDuration::from_mins(1)).unwrap();
    let report = stack
        .until("a round that comes to it", 120, async || {
            let report = stack.round(past).await;
            (report["raised"] != 0).then_some(report)
        })
        .await;
    eprintln!("one minute past partner_accepts: {report}");
    let mail = stack
        .until("the owner's mail that names the order", 60, async || {
            let mails = stack.mails().await;
            mails.into_iter().find(|mail| mail.to.contains("owner@") && mail.text.contains(&name))
        })
        .await;
    assert!(!mail.effect.is_empty(), "{mail:?}");
    let raised = stack.journey(id).await.exceptions;
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0].what, "late-partner-accepts");

    for act in ["produce", "ship", "deliver"] {
        stack.at_partner(id, act, json!({})).await;
    }
    stack.delivered(id, 60).await;
    stack.assert_all_once(id).await;
    stack.autopilot(true).await;
}

/// What other tests left undone (orders nobody paid, a thousand deliveries) is late thirty days later, and said in the first round as of
/// then; from there on the watchdog has nothing to say. As of when that was.
pub(super) async fn nothing_left(stack: &Stack) -> Timestamp {
    let month = sandbox::clock::now().checked_add(SignedDuration::from_hours(30 * 24)).unwrap();
    let left = stack.round(month).await;
    stack
        .until("nothing left to say", 60, async || {
            (silent(&stack.round(month).await) == json!([0, 0, 0, 0])).then_some(())
        })
        .await;
    eprintln!("what other tests left: {left}");
    month
}

/// What a round that has nothing to say counts: sent again, raised, told, failed.
fn silent(report: &Value) -> Value {
    json!([report["sent_again"], report["raised"], report["told"], report["failed"]])
}

async fn owners(stack: &Stack) -> usize {
    stack.mails().await.iter().filter(|mail| mail.to.contains("owner@")).count()
}
