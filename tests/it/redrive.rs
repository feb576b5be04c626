//! What a redrive and a replay stand on: the bodies of what was delivered, kept through the refund window and no longer.

use domain::subject::{OrderId, Subject};
use ledger::Row;

use crate::world::{World, payload};

const ORDER: u64 = 5_550_001_469;
/// Store platforms and banks take back a payment for about half a year; `[retention] payload_days` in store.toml.
const WINDOW_DAYS: i64 = 180;

#[tokio::test]
async fn bodies_are_kept_through_the_refund_window_and_then_gone() {
    let mut world = World::new(3).await;
    let began = world.clock.get().as_second();
    // Beside an order of the usual size one that does not fit its event's own item.
    let mut large = payload(ORDER + 1);
    let words: String = (0..4_000).map(|n: u32| format!("{:x} ", n.wrapping_mul(2_654_435_761))).collect();
    large["note"] = words.into();
    for order in [&payload(ORDER), &large] {
        assert_eq!(world.order(order, 1).await, 201);
    }
    world.run().await;
    let ended = world.clock.get().as_second();
    let window = began + WINDOW_DAYS * 86_400..=ended + WINDOW_DAYS * 86_400;
    let (mut inside, mut apart) = (0, 0);
    for row in world.table.rows() {
        let (expires, key) = match &row {
            Row::Event(event) if event.payload.is_some() => {
                inside += 1;
                (event.expires, row.key())
            }
            Row::Payload(body) => {
                apart += 1;
                (Some(body.expires), row.key())
            }
            _ => continue,
        };
        assert!(expires.is_some_and(|at| window.contains(&at)), "{key:?}: {expires:?}, not within {window:?}");
    }
    assert!(inside > 0 && apart > 0, "{inside} bodies within their events, {apart} apart");
    // What is kept is the body as it came.
    let journey = world.ledger().journey(&Subject::Order(OrderId(ORDER))).await.unwrap();
    let paid = journey.events.iter().find(|event| event.fact.id().0 == "paid").unwrap();
    let body = world.ledger().payload(&paid.key()).await.unwrap().unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(kept["id"], ORDER);
}
