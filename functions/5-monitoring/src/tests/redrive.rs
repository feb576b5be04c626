//! Dead letters go back to their queues; and a replay of many.

use domain::event::Fact;
use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Owed};
use domain::subject::{OrderId, Subject};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::support::*;
use crate::queues::Line;

async fn ask(watch: &Watch, request: Value) -> Value {
    watch.queues.show();
    watch.handle(request, Timestamp::MAX).await.unwrap()
}

async fn redrive(watch: &Watch, run: bool) -> Value {
    ask(watch, json!({ "operator": "redrive", "run": run })).await
}

fn letter(key: &domain::event::EventKey) -> Value {
    json!({ "pk": key.subject.to_string(), "sk": format!("event#{}", key.id) })
}

/// An order that may be made; only email has not taken it.
async fn cleared(watch: &Watch) -> domain::event::EventKey {
    let key = watch.happens(Fact::OrderCleared {}).await;
    watch.station.ledger.acknowledge(&watch.stored(&key).await, &[Owed::Layer(Layer::Routing)]).await.unwrap();
    key
}

#[tokio::test]
async fn a_letter_is_shown_with_its_order_and_goes_back_once() {
    let watch = watch();
    let key = cleared(&watch).await;
    watch.queues.put(Line::Dead(Layer::Email), "1", letter(&key));
    watch.queues.put(Line::Dead(Layer::Email), "2", "nonsense");
    watch.now_round().await;
    watch.hears().await;
    watch.mail.drain();

    let shown = redrive(&watch, false).await;
    insta::assert_json_snapshot!(shown);
    assert_eq!((watch.station.queue.drain(), watch.queues.count(Line::Dead(Layer::Email))), (vec![], 2));
    let ran = redrive(&watch, true).await;
    assert_eq!((&ran["letters"], &ran["left"], &ran["done"]), (&shown["letters"], &json!(1), &json!(true)));
    assert_eq!(watch.station.queue.drain(), [(Layer::Email, "event#cleared".into(), 0)]);
    assert_eq!(watch.queues.count(Line::Dead(Layer::Email)), 1, "what names nothing stays");
    let again = redrive(&watch, true).await;
    assert_eq!(again["letters"].as_array().unwrap().len(), 1, "{again}");
    assert_eq!(watch.station.queue.drain(), [], "safe to repeat");

    // The owner has acted on it; it dies once more, and the owner hears of it once more.
    let dead = watch.exceptions().await.into_iter().find(|e| e.event.is_some()).unwrap();
    assert_eq!((dead.what.as_str(), dead.state, dead.round), ("dead-letter", Life::Acknowledged, 1));
    watch.station.clock.pass(301);
    watch.queues.put(Line::Dead(Layer::Email), "3", letter(&key));
    watch.now_round().await;
    watch.hears().await;
    assert_eq!(watch.subjects().len(), 1);
    let dead = watch.exceptions().await.into_iter().find(|e| e.event.is_some()).unwrap();
    assert_eq!((dead.state, dead.round), (Life::Open, 2));
}

/// A crash between sending and deleting leaves it in both places; what was taken meanwhile is thrown away.
#[tokio::test]
async fn a_letter_whose_event_was_taken_is_thrown_away_and_sent_nowhere() {
    let watch = watch();
    let key = watch.happens(Fact::OrderCleared {}).await;
    watch.queues.put(Line::Dead(Layer::Email), "1", letter(&key));
    watch.station.ledger.acknowledge(&watch.stored(&key).await, &[Owed::Layer(Layer::Email)]).await.unwrap();
    let ran = redrive(&watch, true).await;
    assert!(ran["letters"][0]["does"].as_str().unwrap().contains("thrown away"), "{ran}");
    assert_eq!((watch.station.queue.drain(), watch.queues.count(Line::Dead(Layer::Email))), (vec![], 0));
}

/// A replay leaves the letter where it is; as long as the layer has time to take the event, that is no news.
#[tokio::test]
async fn the_letter_of_an_event_that_was_replayed_is_no_news_while_the_layer_has_time() {
    let watch = watch();
    let key = cleared(&watch).await;
    watch.queues.put(Line::Dead(Layer::Email), "1", letter(&key));
    watch.now_round().await;
    watch.hears().await;
    let id = watch.only_exception().await.id;
    assert_eq!(ask(&watch, json!({ "operator": "replay", "exception": id, "run": true })).await["done"], true);
    watch.station.clock.pass(60);
    watch.now_round().await;
    let seen = watch.only_exception().await;
    assert_eq!((seen.state, seen.round), (Life::Acknowledged, 1));
    watch.station.clock.pass(300);
    watch.now_round().await;
    let open = watch.exceptions().await.into_iter().find(|e| e.what == "dead-letter").unwrap();
    assert_eq!((open.state, open.round), (Life::Open, 2));
}

#[tokio::test]
async fn only_one_layer_and_a_layer_that_is_none() {
    let watch = watch();
    let key = watch.happens(Fact::OrderCleared {}).await;
    for layer in [Layer::Email, Layer::Routing] {
        watch.queues.put(Line::Dead(layer), layer.as_str(), letter(&key));
    }
    let ran = ask(&watch, json!({ "operator": "redrive", "layer": "routing", "run": true })).await;
    assert_eq!(ran["letters"].as_array().unwrap().len(), 1);
    assert_eq!(watch.station.queue.drain(), [(Layer::Routing, "event#cleared".into(), 0)]);
    assert_eq!(watch.queues.count(Line::Dead(Layer::Email)), 1);
    let answer = ask(&watch, json!({ "operator": "redrive", "layer": "warehouse" })).await;
    assert!(answer["error"].as_str().unwrap().contains("LAYER is one of capture"), "{answer}");
}

/// Thirty orders, whose partner refused, and one that is late: by cause, by time, all of them, page by page.
#[tokio::test]
async fn a_replay_of_many_goes_by_cause_and_by_time() {
    let watch = watch();
    let refused = What::PartnerRefused { partner: "printful".into(), why: "the account is closed".into() };
    for n in 1..=30 {
        let event =
            domain::event::Event { subject: Subject::Order(OrderId(n)), ..event(Fact::OrderCleared {}, start()) };
        let key = watch.append(&event).await;
        let stored = watch.stored(&key).await;
        watch.station.raise(&stored, &refused).await.unwrap();
        let owed: Vec<Owed> = stored.owes.keys().copied().collect();
        watch.station.ledger.acknowledge(&stored, &owed).await.unwrap();
    }
    watch.station.clock.pass(3_600);
    let alarm = What::Alarm { name: "baton-relay-behind".into(), description: String::new() };
    let late = Exception::raise(&watch.station.store, &alarm, "1", watch.station.now());
    watch.station.ledger.raise(&late).await.unwrap();

    let many = async |select: Value, run: bool| {
        let (mut plans, mut after) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({ "operator": "replay", "run": run, "after": after });
            request.as_object_mut().unwrap().extend(select.as_object().unwrap().clone());
            let answer = ask(&watch, request).await;
            plans.extend(answer["plans"].as_array().unwrap().clone());
            after = answer["next"].clone();
            if after.is_null() {
                return plans;
            }
        }
    };
    assert_eq!(many(json!({ "all": true }), false).await.len(), 31);
    let young = many(json!({ "since": "2026-11-22T03:00:00Z" }), false).await;
    assert_eq!(young.iter().map(|plan| &plan["exception"]).collect::<Vec<_>>(), [&json!(late.id)]);
    assert_eq!(many(json!({ "layer": "routing", "since": "2026-11-22T03:00:00Z" }), true).await.len(), 0);
    assert_eq!(watch.station.queue.drain(), [], "a preview runs nothing");

    let ran = many(json!({ "kind": "partner-refused" }), true).await;
    assert!(ran.len() == 30 && ran.iter().all(|plan| plan["done"] == true));
    let sent = watch.station.queue.drain();
    assert!(sent.len() == 30 && sent.iter().all(|(layer, ..)| *layer == Layer::Routing), "{}", sent.len());
    let none = ask(&watch, json!({ "operator": "replay", "layer": "warehouse" })).await;
    assert!(none["error"].as_str().unwrap().contains("LAYER is one of"), "{none}");
}
