//! Messages that were put aside.

use domain::event::{Event, Fact};
use domain::handoff::{Layer, Owed};
use domain::subject::{OrderId, Subject};
use serde_json::{Value, json};

use super::support::*;
use crate::queues::Line;

fn letter(subject: &Subject, sk: &str) -> Value {
    json!({ "pk": subject.to_string(), "sk": sk })
}

#[tokio::test]
async fn a_dead_letter_is_told_by_the_orders_name_and_goes_when_its_event_is_taken() {
    let watch = watch();
    let key = watch.happens(Fact::OrderCleared {}).await;
    // The same event twice, as a second redrive leaves it.
    watch.queues.put(Line::Dead(Layer::Routing), "1", letter(&order(), "event#cleared"));
    watch.queues.put(Line::Dead(Layer::Routing), "2", letter(&order(), "event#cleared"));
    for _ in 0..2 {
        watch.now_round().await;
        watch.hears().await;
    }
    assert_eq!(
        watch.subjects(),
        ["Baton: #1001 needs you: The routing layer failed several times on the event \"cleared\"... (routing)"]
    );
    assert_eq!(watch.queues.count(Line::Dead(Layer::Routing)), 2, "it stays as long as the event is owed");

    watch.station.ledger.acknowledge(&watch.stored(&key).await, &[Owed::Layer(Layer::Routing)]).await.unwrap();
    let report = watch.report().await.unwrap();
    assert_eq!((report.closed, watch.queues.count(Line::Dead(Layer::Routing))), (1, 0));
    assert_eq!(watch.exceptions().await, []);
}

#[tokio::test]
async fn two_layers_that_gave_up_on_one_event_are_two_exceptions() {
    let watch = watch();
    watch.happens(Fact::OrderCleared {}).await;
    for layer in [Layer::Routing, Layer::Email] {
        watch.queues.put(Line::Dead(layer), layer.as_str(), letter(&order(), "event#cleared"));
    }
    watch.now_round().await;
    assert_eq!(watch.exceptions().await.len(), 2);
}

#[tokio::test]
async fn every_dead_letter_is_seen_not_only_the_first_ten() {
    let watch = watch();
    for id in 0..35 {
        let event = Event { subject: Subject::Order(OrderId(id)), ..event(Fact::OrderCleared {}, start()) };
        watch.append(&event).await;
        watch.queues.put(Line::Dead(Layer::Email), &id.to_string(), letter(&event.subject, "event#cleared"));
    }
    assert_eq!(watch.report().await.unwrap().raised, 35);
}

#[tokio::test]
async fn a_letter_that_points_at_nothing_goes() {
    let watch = watch();
    let dead = Line::Dead(Layer::Monitoring);
    watch.queues.put(dead, "gone", letter(&order(), "event#gone"));
    watch.queues.put(dead, "told", letter(&order(), "exception#gone"));
    watch.now_round().await;
    assert_eq!((watch.queues.count(dead), watch.exceptions().await.len()), (0, 0));
}

#[tokio::test]
async fn an_alert_among_the_dead_letters_is_told_and_goes() {
    let watch = watch();
    let key = watch.happens(Fact::AppUninstalled { at: "1".into() }).await;
    watch.takes(&key).await;
    let exception = watch.only_exception().await;
    let dead = Line::Dead(Layer::Monitoring);
    watch.queues.put(dead, "1", letter(&order(), &format!("exception#{}", exception.id)));
    watch.now_round().await;
    assert_eq!(watch.queues.count(dead), 1);
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!(watch.subjects().len(), 1);
    watch.now_round().await;
    assert_eq!(watch.queues.count(dead), 0);
}

#[tokio::test]
async fn a_letter_that_names_no_event_is_kept_and_told() {
    let watch = watch();
    let dead = Line::Dead(Layer::Email);
    watch.queues.put(dead, "odd", json!({ "requestContext": {}, "requestPayload": {} }));
    for _ in 0..3 {
        watch.now_round().await;
        watch.hears().await;
        watch.station.clock.pass(60);
    }
    assert_eq!((watch.subjects().len(), watch.queues.count(dead)), (1, 1));
    // Somebody has looked at it and taken it out.
    let letter = crate::queues::DeadLetter { id: "odd".into(), body: String::new(), receipt: "receipt-odd".into() };
    crate::queues::Queues::delete(&watch.queues, dead, &letter).await.unwrap();
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
}

#[tokio::test]
async fn what_the_relay_gave_up_on_is_told_and_its_pointer_goes_when_everything_was_found() {
    let watch = watch();
    let failure = json!({
        "requestContext": { "condition": "RetryAttemptsExhausted" },
        "DDBStreamBatchInfo": { "shardId": "shardId-1", "startSequenceNumber": "100", "endSequenceNumber": "100", "batchSize": 1 },
    });
    watch.queues.put(Line::RelayFailures, "1", &failure);
    watch.now_round().await;
    watch.hears().await;
    assert_eq!(
        watch.subjects(),
        ["Baton: your store needs you: The relay gave up on a batch of events from the table (monitoring)"]
    );
    watch.station.clock.pass(599);
    watch.now_round().await;
    assert_eq!(watch.queues.count(Line::RelayFailures), 1);
    watch.station.clock.pass(1);
    watch.now_round().await;
    watch.now_round().await;
    assert_eq!((watch.queues.count(Line::RelayFailures), watch.exceptions().await.len()), (0, 0));
}

#[tokio::test]
async fn a_calm_round_asks_no_queue_until_a_quarter_of_an_hour_is_over_or_something_is_late() {
    let watch = watch();
    watch.now_round().await;
    let key = watch.happens(Fact::OrderRefunded { refund: "1".into() }).await;
    watch.queues.put(Line::Dead(Layer::Routing), "1", letter(&order(), "event#refund#1"));
    for _ in 0..4 {
        watch.station.clock.pass(60);
        watch.now_round().await;
        assert_eq!(watch.exceptions().await, [], "nothing is late, and nothing is open");
    }
    // Late by now: told as what it is, and not as an event that nobody took.
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!(watch.only_exception().await.what, "dead-letter");

    // Nothing is owed, and still it is found.
    watch.station.ledger.acknowledge(&watch.stored(&key).await, &[Owed::Layer(Layer::Routing)]).await.unwrap();
    watch.now_round().await;
    watch.queues.put(Line::Dead(Layer::Email), "odd", json!({}));
    watch.station.clock.pass(840);
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!(watch.only_exception().await.what, "dead-letter");
}
