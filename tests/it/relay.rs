//! One order through the whole relay in process: once, five times at once, and with its events in every order.

use serde_json::json;

use crate::support::permutations;
use crate::world::{Seen, World, payload};

const ORDER: u64 = 450_789_469;

#[tokio::test]
async fn one_order_goes_through_all_layers() {
    let mut world = World::new(0).await;
    world.order(&payload(ORDER), 1).await;
    world.run_to_the_doorstep().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await, Seen::all_once());
    assert_eq!(world.open(ORDER).await, []);

    let journey = world.journey(ORDER).await;
    let types: Vec<_> = journey.events.iter().map(|event| event.fact.event_type().as_str()).collect();
    for expected in [
        "order.paid",
        "order.cleared",
        "order.routed",
        "partner.accepted",
        "parcel.shipped",
        "parcel.announced",
        "parcel.delivered",
    ] {
        assert_eq!(types.iter().filter(|found| **found == expected).count(), 1, "{expected} in {types:?}");
    }
}

#[tokio::test]
async fn delivered_five_times_at_once_in_any_order_of_messages() {
    for seed in 0..12 {
        let mut world = World::new(seed).await;
        world.order(&payload(ORDER), 5).await;
        world.run_to_the_doorstep().await;
        world.assert_at_rest(ORDER).await;
        assert_eq!(world.seen(ORDER).await, Seen::all_once(), "seed {seed}");
    }
}

#[tokio::test]
async fn the_partners_and_the_carriers_events_in_every_order_and_twice() {
    let mut runs = 0;
    for (seed, permutation) in (0..6).flat_map(|seed| permutations(3).into_iter().map(move |order| (seed, order))) {
        let mut world = World::new(seed).await;
        world.order(&payload(ORDER), 1).await;
        world.run().await;
        // Everything happens out there before any of it reaches the door.
        world.door.hold();
        world.at_partner("produce", json!({})).await;
        world.at_partner("ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
        world.at_partner("deliver", json!({})).await;
        let mut held: Vec<_> = world.door.held();
        let wanted = ["inprocess", "shipment_sent", "shipment_delivered"];
        held.retain(|request| {
            let body = String::from_utf8_lossy(&request.body);
            wanted.iter().any(|word| body.contains(word))
        });
        assert_eq!(held.len(), wanted.len());
        for index in &permutation {
            for _ in 0..2 {
                assert_eq!(world.door.deliver(&held[*index]).await, 200);
            }
            if index % 2 == 0 {
                world.run().await;
            }
        }
        world.run().await;
        world.assert_at_rest(ORDER).await;
        // Who hears of the shipment first is not told afterwards that it is being made.
        let expected = if permutation[0] == 0 { Seen::all_once() } else { Seen::all_once_shipped_at_once() };
        assert_eq!(world.seen(ORDER).await, expected, "{permutation:?}");
        runs += 1;
    }
    assert_eq!(runs, 36);
}

#[tokio::test]
async fn a_parcel_the_store_knows_already_is_not_written_again() {
    let mut world = World::new(3).await;
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "fulfil", "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
    world.at_partner("produce", json!({})).await;
    world.at_partner("ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "deliver_parcel", "tracking_number": "1Z999AA10123456784" })).await;
    world.at_partner("deliver", json!({})).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await, Seen::all_once_shipped_at_once());
}
