//! Webhooks are a hint: deliveries get lost by chance, all of them for hours, and for good when the store drops the
//! subscription. No order is lost by it, none comes twice, and the owner hears of it by name.

use std::collections::BTreeSet;

use domain::event::{Event, Fact};
use domain::exception::Exception;
use domain::subject::Subject;
use sandbox::faults::{Arm, Fault};
use sandbox::partners::Played as _;
use serde_json::{Value, json};

use crate::support;
use crate::world::{World, payload};

const FIRST: u64 = 450_790_000;

/// What the ledger has of an order's placing and paying.
async fn told(world: &World, order: u64) -> Vec<Event> {
    let events = world.journey(order).await.events;
    events.into_iter().filter(|event| matches!(event.fact, Fact::OrderCreated {} | Fact::OrderPaid { .. })).collect()
}

async fn exceptions(world: &World, what: &str) -> Vec<Exception> {
    let open = world.ledger().open_exceptions().await.unwrap();
    open.into_iter().filter(|exception| exception.what == what).collect()
}

/// Names in all that the owner was told of missed webhooks, as often as they stand there.
async fn named(world: &World) -> Vec<String> {
    let reasons = exceptions(world, "webhooks-missed").await;
    let words = reasons.iter().flat_map(|exception| exception.reason.split([' ', ',', '.', ':']));
    let mut names: Vec<String> = words.filter(|word| word.starts_with('#')).map(str::to_owned).collect();
    names.sort();
    names
}

fn name(order: u64) -> String {
    payload(order)["name"].as_str().unwrap().to_owned()
}

async fn subscribed(world: &World) -> Vec<String> {
    let (_, list) = support::control(&world.sandbox, "GET", "/_sandbox/shopify/subscriptions", "").await;
    let standing = |one: &&Value| one["standing"] != true;
    let topics = list.as_array().unwrap().iter().filter(standing).map(|one| one["topic"].as_str().unwrap().to_owned());
    let mut topics: Vec<String> = topics.collect();
    topics.sort();
    topics
}

/// A world whose store tells by subscriptions of ours only, after capture's first round. Its one customer may order as often
/// as she likes.
async fn subscribed_world(seed: u64) -> World {
    let mut world = World::with(seed, |choices| choices["screening"] = json!({ "hold_at": 0 })).await;
    world.only_api_subscriptions().await;
    world.pass(0);
    assert!(world.capture_round().await.is_some());
    world
}

#[tokio::test]
async fn lost_by_chance_lost_for_hours_and_lost_for_good() {
    let mut world = subscribed_world(3).await;
    let mut orders = Vec::new();

    // One delivery in twenty is lost, and a round comes every ten minutes.
    world.lose(5).await;
    for n in 0..60 {
        orders.push(FIRST + n);
        world.placed_and_paid(&payload(FIRST + n)).await;
        world.pass(1);
        if n % 10 == 9 {
            world.capture_round().await.unwrap();
        }
    }
    world.lose(0).await;
    world.pass(10);
    world.capture_round().await.unwrap();
    let mut swept = BTreeSet::new();
    for order in &orders {
        let events = told(&world, *order).await;
        let paid: Vec<&Event> = events.iter().filter(|event| matches!(event.fact, Fact::OrderPaid { .. })).collect();
        assert_eq!(paid.len(), 1, "{order}");
        if paid[0].source == "sweep" {
            swept.insert(name(*order));
        }
    }
    let deliveries = support::control(&world.sandbox, "GET", "/_sandbox/deliveries", "").await.1;
    let lost = deliveries.as_array().unwrap().iter();
    let lost = lost.filter(|delivery| delivery["topic"] == "orders/paid" && delivery["lost"] == true).count();
    assert!(lost > 0, "the seed loses none");
    assert_eq!(swept.len(), lost);
    assert_eq!(named(&world).await, swept.iter().cloned().collect::<Vec<_>>(), "each by name, once");

    // Everything is lost for six hours, and the schedule stands still.
    world.lose(100).await;
    let dark: Vec<u64> = (100..118).map(|n| FIRST + n).collect();
    for order in &dark {
        world.placed_and_paid(&payload(*order)).await;
        world.pass(20);
        assert!(told(&world, *order).await.is_empty());
    }
    world.lose(0).await;
    let round = world.capture_round().await.unwrap();
    assert_eq!(round["sweep"]["missed"].as_array().unwrap().len(), dark.len());
    for order in &dark {
        let events = told(&world, *order).await;
        assert_eq!(events.len(), 2, "{order}");
        assert!(events.iter().all(|event| event.source == "sweep"));
    }
    orders.extend(dark);

    // The store drops the subscription.
    let gone = "/_sandbox/shopify/subscriptions/orders/paid";
    assert!(support::control(&world.sandbox, "DELETE", gone, "").await.0 < 300);
    let unheard = FIRST + 200;
    world.placed_and_paid(&payload(unheard)).await;
    assert_eq!(told(&world, unheard).await.len(), 1, "only that it was placed");
    for _ in 0..6 {
        world.pass(10);
        world.capture_round().await.unwrap();
    }
    let lost = exceptions(&world, "subscription-lost").await;
    assert_eq!(lost.len(), 1);
    assert!(lost[0].reason.contains("orders/paid") && lost[0].reason.contains("made again"), "{}", lost[0].reason);
    assert_eq!(told(&world, unheard).await.len(), 2);
    let heard = FIRST + 201;
    world.placed_and_paid(&payload(heard)).await;
    assert!(told(&world, heard).await.iter().all(|event| event.source == "shopify"), "the new subscription delivers");
    orders.extend([unheard, heard]);

    // All of them are made, none twice.
    world.run().await;
    assert_eq!(world.sandbox.printful.list().len(), orders.len());
    for order in &orders {
        world.assert_at_rest(*order).await;
        let cleared = world.journey(*order).await.events;
        assert_eq!(cleared.iter().filter(|event| matches!(event.fact, Fact::OrderRouted { .. })).count(), 1, "{order}");
    }
}

/// A webhook that comes after the sweep is the same fact.
#[tokio::test]
async fn a_webhook_that_comes_after_the_sweep_changes_nothing() {
    let mut world = subscribed_world(5).await;
    world.door.hold();
    world.placed_and_paid(&payload(FIRST)).await;
    let late = world.door.held();
    assert!(late.len() >= 2, "created and paid");
    world.pass(20);
    world.capture_round().await.unwrap();
    world.run().await;
    let before = world.journey(FIRST).await.events;
    for request in &late {
        assert_eq!(world.door.deliver(request).await, 200);
    }
    world.run().await;
    assert_eq!(world.journey(FIRST).await.events, before);
    assert_eq!(world.sandbox.printful.list().len(), 1);
}

/// The calls of the two rounds below: provider's operation, how many.
const CALLS: &[(&str, u32)] = &[
    ("webhookSubscriptions", 2),
    ("webhookSubscriptionCreate", 18),
    // twice: what changed, and what was placed for payment health
    ("orders", 4),
    ("order", 3),
    ("abandonedCheckouts", 2),
];

/// A first round subscribes; three orders are placed of which nothing arrives; an hour later a round finds them. Dead rounds are
/// followed by others.
async fn two_rounds(world: &mut World) {
    world.only_api_subscriptions().await;
    world.pass(0);
    until_done(world).await;
    world.lose(100).await;
    for n in 0..3 {
        world.placed_and_paid(&payload(FIRST + n)).await;
    }
    world.lose(0).await;
    world.pass(60);
    until_done(world).await;
}

async fn until_done(world: &mut World) {
    for _ in 0..3 {
        if world.capture_round().await.is_some() {
            return;
        }
        world.pass(10);
    }
    panic!("the rounds die again and again");
}

#[tokio::test]
async fn the_calls_of_two_rounds_are_these() {
    let mut world = World::new(0).await;
    let never = 1_000_000;
    world.sandbox.ctx.faults.arm(CALLS.iter().map(|(operation, _)| arm(operation, Fault::Reset, never)).collect());
    two_rounds(&mut world).await;
    for (fault, (operation, count)) in world.sandbox.ctx.faults.list().iter().zip(CALLS) {
        assert_eq!(never - fault.skip, *count, "{operation}");
    }
}

#[tokio::test]
async fn a_crash_at_every_call_of_a_round() {
    let wanted: Vec<String> = {
        let mut names: Vec<String> = store::shopify::topics::TOPICS.iter().map(|topic| topic.name.to_owned()).collect();
        names.sort();
        names
    };
    let mut points = 0;
    for (operation, count) in CALLS {
        for skip in 0..*count {
            for fault in [Fault::KillBefore, Fault::KillAfter] {
                let mut world = World::new(points).await;
                world.sandbox.ctx.faults.arm(vec![arm(operation, fault, skip)]);
                two_rounds(&mut world).await;
                // Whatever a dead round left open is settled by the next.
                world.pass(60);
                until_done(&mut world).await;
                let point = format!("{fault:?} at call {skip} of {operation}");
                assert_eq!(world.deaths, 1, "{point}");
                assert_eq!(subscribed(&world).await, wanted, "{point}");
                assert_eq!(exceptions(&world, "subscription-lost").await, [], "{point}");
                for n in 0..3 {
                    assert_eq!(told(&world, FIRST + n).await.len(), 2, "{point}");
                }
                assert_eq!(named(&world).await, (0..3).map(|n| name(FIRST + n)).collect::<Vec<_>>(), "{point}");
                let store = Subject::Store(world.sandbox.ctx.config.shopify.shop.clone());
                let effects = world.ledger().journey(&store).await.unwrap().effects;
                assert!(effects.iter().all(|effect| effect.state.name() == "done"), "{point}: {effects:?}");
                points += 1;
            }
        }
    }
    assert_eq!(points, 58);
}

fn arm(operation: &str, fault: Fault, skip: u32) -> Arm {
    let (provider, operation) = ("shopify".to_owned(), operation.to_owned());
    Arm { provider, operation, fault, times: Some(1), skip, seconds: None }
}
