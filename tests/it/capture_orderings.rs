//! The same end for every order of deliveries, through the real door, handlers and ledger and the sandbox's store.
//!
//! All 5,040 orders of seven events run in the capture package, over a store in memory. Here each delivery is a signed request and
//! each look an HTTP call, so that it is all 120 orders of five, and a seeded draw of the orders of seven, with duplicates.

use std::collections::BTreeMap;

use domain::event::Fact;
use domain::exception::Life;
use intake::Request;
use serde_json::json;

use crate::support::{control, permutations};
use crate::world::{World, payload};

const ORDER: u64 = 450_789_469;
const DRAWN: u64 = 40;

/// What must not depend on the order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    /// Ids of the facts, sorted; without the hashes of what changed.
    events: Vec<String>,
    causes: BTreeMap<u32, Vec<String>>,
    open: Vec<String>,
    held_at_shopify: Vec<String>,
    partner_orders: usize,
    mails: Vec<String>,
}

async fn end(world: &World) -> End {
    let journey = world.journey(ORDER).await;
    let ids = journey.events.iter().map(|event| event.fact.id().0).filter(|id| !id.starts_with("changed#"));
    let mut events: Vec<String> = ids.collect();
    events.sort();
    let causes = journey.events.iter().filter_map(|event| match &event.fact {
        Fact::OrderHeld { round, causes, .. } => Some((*round, causes.clone())),
        _ => None,
    });
    let open = journey.exceptions.iter().filter(|exception| exception.state == Life::Open);
    let mut open: Vec<String> = open.map(|exception| exception.what.clone()).collect();
    open.sort();
    let seen = world.seen(ORDER).await;
    End {
        causes: causes.collect(),
        open,
        held_at_shopify: world.held_at_shopify(ORDER).await,
        partner_orders: seen.partner_orders,
        mails: seen.mails,
        events,
    }
}

/// All of it happens in the store while the door holds every delivery back; one of each topic is returned, in the order in which
/// they happened, and with them the rest (`orders/updated`).
async fn happened(world: &World, ends: &[serde_json::Value]) -> (Vec<Request>, Vec<Request>) {
    world.door.hold();
    let path = "/_sandbox/shopify/orders?deliver=1&created=1";
    let (status, answer) = control(&world.sandbox, "POST", path, payload(ORDER).to_string()).await;
    assert_eq!(status, 201, "{answer}");
    world.delivered().await;
    for what in ends {
        world.in_store(ORDER, what.clone()).await;
    }
    let held = world.door.held();
    held.into_iter().partition(|request| request.header("x-shopify-topic") != Some("orders/updated"))
}

#[tokio::test]
async fn all_orders_of_five() {
    let ends = [
        json!({ "do": "edit", "note": "an invented note" }),
        json!({ "do": "refund", "amount": "1.00" }),
        json!({ "do": "dispute", "kind": "inquiry" }),
    ];
    let (mut first, mut count) = (None, 0_usize);
    for permutation in permutations(5) {
        let mut world = World::new(count as u64).await;
        let (facts, updates) = happened(&world, &ends).await;
        assert_eq!(facts.len(), 5, "{:?}", facts.iter().map(|one| one.header("x-shopify-topic")).collect::<Vec<_>>());
        for (n, index) in permutation.iter().enumerate() {
            // Each one twice, the second time after others have come.
            assert_eq!(world.door.deliver(&facts[*index]).await, 200);
            assert_eq!(world.door.deliver(&facts[permutation[(count + n) % (n + 1)]]).await, 200);
            if (count + n) % 2 == 0 {
                world.run().await;
            }
        }
        for update in &updates {
            assert_eq!(world.door.deliver(update).await, 200);
        }
        world.run().await;
        world.assert_at_rest(ORDER).await;
        let found = end(&world).await;
        match &first {
            None => first = Some(found),
            Some(first) => assert_eq!(*first, found, "{permutation:?}"),
        }
        count += 1;
    }
    assert_eq!(count, 120);
    let end = first.unwrap();
    assert_eq!((end.causes.len(), end.partner_orders, end.mails.len()), (1, 0, 0));
    assert_eq!(
        (end.open, end.held_at_shopify),
        (vec!["disputed".into(), "held".into()], vec!["baton-hold-1".to_owned()])
    );
}

#[tokio::test]
async fn a_draw_of_the_orders_of_seven() {
    let ends = [
        json!({ "do": "edit", "note": "an invented note" }),
        json!({ "do": "refund", "amount": "1.00" }),
        json!({ "do": "dispute", "kind": "chargeback" }),
        json!({ "do": "refund" }),
        json!({ "do": "cancel" }),
    ];
    let mut first = None;
    for seed in 0..DRAWN {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut world = World::new(seed).await;
        let (facts, updates) = happened(&world, &ends).await;
        assert_eq!(facts.len(), 7, "{:?}", facts.iter().map(|one| one.header("x-shopify-topic")).collect::<Vec<_>>());
        let mut deliveries: Vec<&Request> = facts.iter().chain(&facts).chain(&updates).collect();
        random.shuffle(&mut deliveries);
        for delivery in deliveries {
            assert_eq!(world.door.deliver(delivery).await, 200);
            if random.bool() {
                world.run().await;
            }
        }
        world.run().await;
        world.assert_at_rest(ORDER).await;
        let found = end(&world).await;
        match &first {
            None => first = Some(found),
            Some(first) => assert_eq!(*first, found, "seed {seed}"),
        }
    }
    let end = first.unwrap();
    assert_eq!((end.open, end.partner_orders, end.causes.len()), (vec!["disputed".to_owned()], 0, 0));
}
