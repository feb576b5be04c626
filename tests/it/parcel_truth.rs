//! Others act in between: a partner that says "fulfilled" before anything left, a store that writes fulfilments of its own. The
//! store ends right, and the customer hears nothing untrue.

use domain::event::Fact;
use serde_json::{Value, json};

use crate::world::shop::{MAKERS, order_of, several};
use crate::world::{World, payload};

const ORDER: u64 = 450_782_311;
const NUMBER: &str = "1Z999AA10123456784";

fn kinds(world: &World) -> Vec<String> {
    let mut kinds: Vec<String> = world.post.sent().into_iter().map(|(kind, _)| kind).collect();
    kinds.sort();
    kinds
}

async fn parcels(world: &World) -> usize {
    let events = world.journey(ORDER).await.events;
    let about = |fact: &Fact| matches!(fact, Fact::ParcelShipped { .. } | Fact::ParcelAnnounced { .. });
    events.iter().filter(|event| about(&event.fact)).count()
}

async fn fulfilments(world: &World) -> Vec<Value> {
    world.in_sandbox(ORDER).await["fulfillments"].as_array().cloned().unwrap_or_default()
}

/// Printify has said `fulfilled` when production ended.
#[tokio::test]
async fn a_partner_that_says_fulfilled_when_production_ends() {
    let mut world = World::with(1, several).await;
    world.order(&order_of(ORDER, &[MAKERS[1].1]), 1).await;
    world.run().await;
    let printify = world.partner("printify");
    let id = printify.list()[0]["id"].as_str().unwrap().to_owned();
    let acts = [
        ("produce", json!({})),
        ("produce", json!({ "status": "fulfilled" })),
        ("ship", json!({ "tracking_number": NUMBER, "carrier": "UPS" })),
        ("deliver", json!({})),
    ];
    for (n, (act, body)) in acts.into_iter().enumerate() {
        printify.act(&id, act, body).unwrap();
        world.delivered().await;
        world.run().await;
        if n == 1 {
            assert_eq!(printify.list()[0]["status"], "fulfilled");
            assert_eq!((parcels(&world).await, fulfilments(&world).await), (0, vec![]));
            assert_eq!(kinds(&world), ["confirmation", "in-production"]);
        }
    }
    assert_eq!(fulfilments(&world).await.len(), 1);
    assert_eq!(kinds(&world), ["confirmation", "delivered", "in-production", "shipped"]);
    assert_eq!(world.open(ORDER).await, []);
    world.assert_at_rest(ORDER).await;
}

/// The owner, or an app, marks the order as fulfilled, without a number or with one of their own, before the partner ships.
#[tokio::test]
async fn a_store_that_writes_its_own_fulfilment_before_the_partner_ships() {
    for theirs in [None, Some("1Z999AA10123456892")] {
        let mut world = World::new(2).await;
        world.order(&payload(ORDER), 1).await;
        world.run().await;
        world.at_partner("produce", json!({})).await;
        world.run().await;
        let written = theirs.map_or(
            json!({ "do": "fulfil" }),
            |number| json!({ "do": "fulfil", "tracking_number": number, "carrier": "UPS" }),
        );
        world.in_store(ORDER, written).await;
        world.run().await;
        world.at_partner("ship", json!({ "tracking_number": NUMBER, "carrier": "UPS" })).await;
        world.run().await;
        world.at_partner("deliver", json!({})).await;
        world.run().await;

        let fulfilments = fulfilments(&world).await;
        assert_eq!(fulfilments.len(), 1, "{theirs:?}: nothing is fulfilled twice");
        let numbers = fulfilments[0]["tracking_numbers"].as_array().unwrap();
        let mut expected: Vec<&str> = theirs.into_iter().chain([NUMBER]).collect();
        expected.sort_unstable();
        let mut numbers: Vec<&str> = numbers.iter().filter_map(Value::as_str).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, expected, "the store shows the partner's number, and keeps its own");
        assert_eq!(kinds(&world), ["confirmation", "delivered", "in-production", "shipped"], "{theirs:?}");
        assert_eq!(world.open(ORDER).await, [], "{theirs:?}");
        world.assert_at_rest(ORDER).await;
    }
}

/// What the store says is sent already is not told to be in production.
#[tokio::test]
async fn a_store_that_writes_its_own_fulfilment_before_the_partner_begins() {
    let mut world = World::new(3).await;
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "fulfil", "tracking_number": NUMBER, "carrier": "UPS" })).await;
    world.run().await;
    world.at_partner("produce", json!({})).await;
    world.run().await;
    assert_eq!(kinds(&world), ["confirmation"]);
    world.assert_at_rest(ORDER).await;
}
