//! The provider's troubles and the customer's changes of mind, at the worst moment.

use domain::handoff::Layer;
use jiff::SignedDuration;
use sandbox::faults::{Arm, Fault};
use serde_json::json;

use crate::world::{Seen, World, payload};

const ORDER: u64 = 450_789_469;

fn fault(operation: &str, fault: Fault, times: u32) -> Arm {
    let (provider, operation) = ("printful".to_owned(), operation.to_owned());
    Arm { provider, operation, fault, times: Some(times), skip: 0, seconds: None }
}

#[tokio::test]
async fn accepted_and_the_answer_lost_is_asked_for_and_not_sent_again() {
    let mut world = World::new(1).await;
    world.sandbox.ctx.faults.arm(vec![fault("create_order", Fault::LostAnswer, 1)]);
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    let seen = world.seen(ORDER).await;
    assert_eq!((seen.partner_orders, seen.released), (1, 1));
    let effects = world.journey(ORDER).await.effects;
    let placed = effects.iter().find(|effect| effect.key.to_string().starts_with("partner-order#")).unwrap();
    assert_eq!(placed.attempts, 2, "claimed, then asked");
}

#[tokio::test]
async fn a_partner_that_is_down_for_hours_gets_the_order_when_it_is_back() {
    let mut world = World::new(2).await;
    world.sandbox.ctx.faults.arm(vec![fault("create_order", Fault::ServerError, 60)]);
    world.order(&payload(ORDER), 1).await;
    let start = world.clock.get();
    world.run().await;
    let lasted = world.clock.get().duration_since(start);
    assert!(lasted > SignedDuration::from_hours(5), "{lasted:#}");
    world.assert_at_rest(ORDER).await;
    let seen = world.seen(ORDER).await;
    assert_eq!((seen.partner_orders, seen.released), (1, 1));
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_as_long_as_it_says() {
    let mut world = World::new(3).await;
    world.sandbox.ctx.faults.arm(vec![fault("create_order", Fault::TooMany, 3)]);
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await.released, 1);
    assert_eq!(world.open(ORDER).await, []);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_owners_words_and_nothing_is_sent_again() {
    let mut world = World::new(4).await;
    world.sandbox.ctx.faults.arm(vec![fault("create_order", Fault::Refuse, 1)]);
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    let open = world.open(ORDER).await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((open[0].layer, open[0].what.as_str()), (Layer::Routing, "partner-refused"));
    assert_eq!(open[0].order_name.as_deref(), payload(ORDER)["name"].as_str());
    assert_eq!(world.seen(ORDER).await.partner_orders, 0);
}

#[tokio::test]
async fn a_store_that_refuses_the_fulfilment_is_told_and_a_replay_writes_it() {
    let mut world = World::new(11).await;
    let refuse = Arm { provider: "shopify".to_owned(), ..fault("fulfillmentCreate", Fault::Refuse, 1) };
    world.sandbox.ctx.faults.arm(vec![refuse]);
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    for act in ["produce", "ship"] {
        world.at_partner(act, json!({})).await;
        world.run().await;
    }
    let open = world.open(ORDER).await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((open[0].layer, open[0].what.as_str()), (Layer::Shipping, "fulfilment-refused"));
    assert_eq!(world.seen(ORDER).await.fulfilments, 0);
    world.replay_one(&open[0].id).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await.fulfilments, 1);
}

/// The store cancels the order at each moment between the claim and the partner's answer, seen from the partner's calls.
#[tokio::test]
async fn a_cancellation_at_each_moment() {
    // Before routing has begun: it never goes out.
    let mut world = World::new(5).await;
    world.order(&payload(ORDER), 1).await;
    world.in_store(ORDER, json!({ "do": "cancel" })).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await.partner_orders, 0);

    for (operation, kind) in [
        ("create_order", Fault::KillBefore),
        ("create_order", Fault::KillAfter),
        ("create_order", Fault::LostAnswer),
        ("confirm_order", Fault::KillBefore),
        ("confirm_order", Fault::KillAfter),
        ("confirm_order", Fault::LostAnswer),
    ] {
        let mut world = World::new(6).await;
        world.sandbox.ctx.faults.arm(vec![fault(operation, kind, 1)]);
        world.order(&payload(ORDER), 1).await;
        // Until the fault has happened; then the cancellation arrives while the effect is in doubt.
        let soon = world.clock.get().checked_add(SignedDuration::from_secs(1)).unwrap();
        world.run_until(soon).await;
        assert_eq!(world.sandbox.ctx.faults.list()[0].fired, 1, "{operation} {kind:?}");
        world.in_store(ORDER, json!({ "do": "cancel" })).await;
        world.run().await;
        world.assert_at_rest(ORDER).await;
        let seen = world.seen(ORDER).await;
        assert_eq!(seen.released, 0, "{operation} {kind:?}: nothing is made");
        let told = world.open(ORDER).await.iter().any(|exception| exception.what == "cancelled-at-partner");
        assert_eq!(told, seen.partner_orders > 0, "{operation} {kind:?}: the owner hears of it if the partner had it");
    }
}

#[tokio::test]
async fn a_cancellation_after_production_began_is_refused_by_the_partner_and_told() {
    let mut world = World::new(7).await;
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    world.at_partner("produce", json!({})).await;
    world.in_store(ORDER, json!({ "do": "cancel" })).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await.released, 1);
    let open = world.open(ORDER).await;
    let told = open.iter().find(|exception| exception.what == "cancelled-at-partner").expect("the owner is told");
    assert!(told.reason.contains("too late"), "{}", told.reason);
}

#[tokio::test]
async fn a_held_order_goes_nowhere_and_says_why() {
    let mut world = World::new(8).await;
    let mut wrong = payload(ORDER);
    wrong["total_price"] = json!("58.46");
    world.order(&wrong, 1).await;
    world.run().await;
    let open = world.open(ORDER).await;
    assert_eq!(open[0].what, "held");
    assert!(open[0].reason.contains("58.45 EUR") && open[0].reason.contains("58.46 EUR"), "{}", open[0].reason);
    let seen = world.seen(ORDER).await;
    assert_eq!((seen.partner_orders, seen.mails.len()), (0, 0));
}

#[tokio::test]
async fn a_pending_risk_is_waited_for_and_decided_by_its_own_event() {
    for (level, released) in [("LOW", 1), ("HIGH", 0)] {
        let mut world = World::new(9).await;
        world.order_at_risk(&payload(ORDER), "PENDING").await;
        world.run().await;
        assert_eq!(world.seen(ORDER).await.partner_orders, 0);
        world.in_store(ORDER, json!({ "do": "risk", "level": level })).await;
        world.run().await;
        world.assert_at_rest(ORDER).await;
        assert_eq!(world.seen(ORDER).await.released, released, "{level}");
    }
}

#[tokio::test]
async fn another_services_lines_are_left_alone() {
    let mut world = World::new(10).await;
    let mut order = payload(ORDER);
    order["line_items"][0]["fulfillment_service"] = json!("another-workshop");
    world.order(&order, 1).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    let seen = world.seen(ORDER).await;
    assert_eq!((seen.partner_orders, seen.mails), (0, vec!["confirmation".to_owned()]));
    assert_ne!(Seen::all_once().mails, Vec::<String>::new());
}

#[tokio::test]
async fn a_partner_that_hangs_is_asked_when_nothing_of_it_can_still_arrive() {
    let mut world = World::new(11).await;
    let hang = Arm { seconds: Some(5), ..fault("create_order", Fault::Hang, 1) };
    world.sandbox.ctx.faults.arm(vec![hang]);
    world.order(&payload(ORDER), 1).await;
    let start = world.clock.get();
    world.run().await;
    let waited = world.clock.get().duration_since(start);
    assert!(waited >= SignedDuration::from_secs(60), "not before the settle window is over: {waited:#}");
    world.assert_at_rest(ORDER).await;
    let seen = world.seen(ORDER).await;
    assert_eq!((seen.partner_orders, seen.released), (1, 1));
}
