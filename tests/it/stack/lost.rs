//! An event that reached the table and never a queue.

use domain::event::EventType;
use domain::exception::Life;
use jiff::SignedDuration;

use super::{fresh_id, named, stack};

#[tokio::test]
async fn an_event_that_never_reached_a_queue_is_sent_again_and_told() {
    let Some(stack) = stack().await else { return };
    let id = fresh_id(30);
    stack.switch("relay", false).await;
    stack.order(&named(id), 1).await;
    let paid = stack
        .until("the order in the table", 30, async || {
            let events = stack.journey(id).await.events;
            events.into_iter().find(|event| event.fact.event_type() == EventType::OrderPaid)
        })
        .await;
    // Ten minutes later nobody has taken it. Capture waits until that is told: healed before it is told, it would be no news.
    stack.switch("capture", false).await;
    let now = sandbox::clock::now().checked_add(SignedDuration::from_mins(10)).unwrap();
    // What other tests have just left is looked at first, and a round ends before its time is over.
    let (mut sent_again, mut told) = (0, 0);
    stack
        .until("rounds as of ten minutes later to send it again and tell", 120, async || {
            let report = stack.round(now).await;
            sent_again += report["sent_again"].as_u64().unwrap();
            told += report["told"].as_u64().unwrap();
            (sent_again > 0 && told > 0).then_some(())
        })
        .await;
    stack.switch("capture", true).await;
    let cleared = async || {
        let events = stack.journey(id).await.events;
        events.iter().any(|event| event.fact.event_type() == EventType::OrderCleared).then_some(())
    };
    stack.until("capture to take the order without the relay", 60, cleared).await;
    let raised = stack.journey(id).await.exceptions;
    assert!(raised.iter().any(|exception| exception.what == "not-taken"), "{raised:?}");
    stack.switch("relay", true).await;
    let name = paid.order_name.unwrap();
    stack
        .until("the owner's mail that names the order", 60, async || {
            let mails = stack.mails().await;
            mails.iter().any(|mail| mail.to.contains("owner@") && mail.text.contains(&name)).then_some(())
        })
        .await;
    stack.delivered(id, 90).await;
    stack.assert_all_once(id).await;
    // Finished, so it is no longer open.
    let left = async || {
        let exceptions = stack.journey(id).await.exceptions;
        exceptions.iter().all(|exception| exception.state != Life::Open).then_some(())
    };
    stack.until("the exception to be resolved", 30, left).await;
}
