//! The same things said several times, at once and in any order.

use domain::event::EventType;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

#[tokio::test]
async fn one_order_delivered_five_times_at_once() {
    let Some(stack) = stack().await else { return };
    let id = fresh_id(10);
    let order = named(id);
    stack.order(&order, 0).await;
    let delivery = json!({ "source": "shopify", "topic": "orders/paid", "payload": order, "times": 5 });
    let answer = stack.sandbox(Method::POST, "deliver", delivery).await;
    assert_eq!(answer["statuses"], json!([200, 200, 200, 200, 200]));
    stack.delivered(id, 60).await;
    stack.assert_all_once(id).await;
}

#[tokio::test]
async fn three_orders_whose_webhooks_come_again_in_any_order() {
    let Some(stack) = stack().await else { return };
    let seed = fresh_id(0);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let ids: Vec<u64> = (20..23).map(fresh_id).collect();
    stack.autopilot(false).await;
    for id in &ids {
        stack.order(&named(*id), 1).await;
    }
    for id in &ids {
        has(&stack, *id, EventType::OrderRouted).await;
    }
    // Everything the partner has to say, in one go: the layers meet it in whatever order it is passed on.
    let mut steps: Vec<u64> = ids.iter().flat_map(|id| [*id; 3]).collect();
    random.shuffle(&mut steps);
    let mut done = std::collections::BTreeMap::<u64, usize>::new();
    for id in steps {
        let step = done.entry(id).or_default();
        stack.at_partner(id, ["produce", "ship", "deliver"][*step], json!({})).await;
        *step += 1;
    }
    for id in &ids {
        has(&stack, *id, EventType::ParcelDelivered).await;
    }
    // The very bodies that came through the door, again, shuffled, while the layers are at work.
    let mut again = Vec::new();
    for id in &ids {
        for event in stack.journey(*id).await.events {
            let Some(body) = stack.ledger.payload(&event.key()).await.unwrap() else { continue };
            let told: Value = serde_json::from_slice(&body).unwrap();
            let (source, topic) = match told["type"].as_str() {
                Some(kind) => ("printful", kind.to_owned()),
                None => ("shopify", "orders/paid".to_owned()),
            };
            let payload = String::from_utf8(body).unwrap();
            again.push(json!({ "source": source, "topic": topic, "payload": payload, "times": 2 }));
        }
    }
    assert!(again.len() >= 3 * 4, "paid, accepted, shipped, delivered of each: {}", again.len());
    random.shuffle(&mut again);
    for delivery in again {
        let answer = stack.sandbox(Method::POST, "deliver", delivery).await;
        assert_eq!(answer["statuses"], json!([200, 200]));
    }
    for id in &ids {
        stack.delivered(*id, 60).await;
        stack.assert_all_once(*id).await;
    }
    stack.autopilot(true).await;
}

async fn has(stack: &Stack, order: u64, wanted: EventType) {
    let what = format!("{} of order {order}", wanted.as_str());
    stack
        .until(&what, 40, async || {
            let events = stack.journey(order).await.events;
            events.iter().any(|event| event.fact.event_type() == wanted).then_some(())
        })
        .await;
}
