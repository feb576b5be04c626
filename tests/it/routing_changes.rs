//! The order changes while it is on its way: in its window, between draft and release, after the release; and it is held.

use domain::decision::Choice;
use domain::event::{Event, Fact};
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use sandbox::faults::{Arm, Fault};
use serde_json::json;

use crate::world::World;
use crate::world::shop::{At, MAKERS, order_of, several};

const ORDER: u64 = 450_782_118;
const PRINTFUL: u64 = MAKERS[0].1;
const PRINTIFY: u64 = MAKERS[1].1;

fn minutes(choices: &mut serde_json::Value, minutes: i64) {
    several(choices);
    choices["routing"]["window"] = json!(minutes * 60);
}

async fn run_for(world: &mut World, time: SignedDuration) {
    let until = world.clock.get().checked_add(time).unwrap();
    world.run_until(until).await;
    world.clock.set(until);
}

/// A person decides: what the console appends.
async fn decide(world: &World, choice: Choice, round: u32) {
    let event = Event {
        subject: Subject::Order(OrderId(ORDER)),
        fact: Fact::OrderDecided { choice, decision: "0a1b2c".into(), round },
        source: domain::decision::OWNER.to_owned(),
        time: world.clock.get(),
        order_name: None,
    };
    world.station().append_event(&event, None).await.unwrap();
}

fn quantity(world: &World, partner: &str, order: usize) -> u64 {
    world.partner(partner).list()[order]["items"][0]["quantity"].as_u64().unwrap()
}

#[tokio::test]
async fn in_the_window_the_order_may_still_change_and_what_it_is_then_is_made() {
    let mut world = World::with(1, |choices| minutes(choices, 40)).await;
    world.order(&order_of(ORDER, &[PRINTFUL]), 2).await;
    run_for(&mut world, SignedDuration::from_mins(30)).await;
    assert_eq!(world.held_by("printful"), []);
    world.in_store(ORDER, json!({ "do": "edit", "line_items": [{ "id": ORDER * 10 + 1, "quantity": 1 }] })).await;
    let address = json!({ "do": "address", "address": { "address1": "3 Sample Lane" } });
    world.in_store(ORDER, address).await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Released]);
    assert_eq!(quantity(&world, "printful", 0), 1);
    assert_eq!(world.partner("printful").list()[0]["recipient"]["address1"], "3 Sample Lane");
    assert_eq!(world.told(ORDER, "edited-after-routing").await, 0);
    assert_eq!(world.told(ORDER, "address-changed-at-partner").await, 0);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn a_cancellation_in_the_window_costs_nobody_anything() {
    let mut world = World::with(2, |choices| minutes(choices, 40)).await;
    world.order(&order_of(ORDER, &[PRINTFUL, PRINTIFY]), 1).await;
    run_for(&mut world, SignedDuration::from_mins(39)).await;
    world.in_store(ORDER, json!({ "do": "cancel" })).await;
    world.run().await;
    assert_eq!((world.held_by("printful"), world.held_by("printify")), (vec![], vec![]));
    assert_eq!(world.open(ORDER).await, []);
    world.assert_at_rest(ORDER).await;
}

/// The draft waits for the owner (its margin is too thin); meanwhile the order is edited and moves house.
#[tokio::test]
async fn a_draft_that_is_no_longer_wanted_is_replaced_before_anything_is_made() {
    let mut world = World::with(3, |choices| {
        several(choices);
        choices["routing"]["margin_floor_percent"] = json!(99);
    })
    .await;
    let mut order = order_of(ORDER, &[PRINTFUL]);
    // Printful charges in dollars.
    order["currency"] = json!("USD");
    order["presentment_currency"] = json!("USD");
    for money in ["shop_money", "presentment_money"] {
        order["total_shipping_price_set"][money]["currency_code"] = json!("USD");
    }
    world.order(&order, 1).await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Draft]);
    world.in_store(ORDER, json!({ "do": "edit", "line_items": [{ "id": ORDER * 10 + 1, "quantity": 1 }] })).await;
    world.run().await;
    world.choose(|choices| choices["routing"]["margin_floor_percent"] = json!(0));
    world.replay(ORDER, "margin-too-thin").await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Cancelled, At::Released]);
    assert_eq!(quantity(&world, "printful", 1), 1, "what the order is now");
    world.assert_at_rest(ORDER).await;
    let splits: Vec<u8> = world
        .journey(ORDER)
        .await
        .events
        .iter()
        .filter_map(|event| match event.fact {
            Fact::OrderRouted { split, .. } => Some(split),
            _ => None,
        })
        .collect();
    assert_eq!(splits, [2], "only what is made was routed");
}

#[tokio::test]
async fn after_the_release_a_new_address_is_asked_for_and_the_answer_is_told() {
    let mut world = World::with(4, several).await;
    world.order(&order_of(ORDER, &[PRINTFUL, PRINTIFY]), 1).await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "address", "address": { "address1": "3 Sample Lane" } })).await;
    world.run().await;
    let open = world.open(ORDER).await;
    let told: Vec<_> = open.iter().filter(|exception| exception.what == "address-changed-at-partner").collect();
    assert_eq!(told.len(), 2, "{open:?}");
    let of = |partner: &str| &told.iter().find(|exception| exception.reason.contains(partner)).unwrap().reason;
    assert!(of("printful").contains("sends it to the old one"), "{}", of("printful"));
    assert!(of("printify").contains("printify"), "{}", of("printify"));
    world.assert_at_rest(ORDER).await;
    // What is no move is not asked for: the same address in other letters.
    world.in_store(ORDER, json!({ "do": "address", "address": { "address1": "3  sample LANE" } })).await;
    world.run().await;
    assert_eq!(world.told(ORDER, "address-changed-at-partner").await, 2);
}

#[tokio::test]
async fn an_edit_after_the_release_is_told_by_the_partner_it_concerns() {
    let mut world = World::with(5, several).await;
    world.order(&order_of(ORDER, &[PRINTFUL, PRINTIFY]), 1).await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "edit", "line_items": [{ "id": ORDER * 10 + 1, "quantity": 1 }] })).await;
    world.run().await;
    let open = world.open(ORDER).await;
    let told: Vec<_> = open.iter().filter(|exception| exception.what == "edited-after-routing").collect();
    assert_eq!(told.len(), 1, "{open:?}");
    assert!(told[0].reason.contains("printful"), "{}", told[0].reason);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn a_hold_before_the_release_keeps_it_back_until_a_person_releases_it() {
    let mut world = World::with(6, |choices| minutes(choices, 40)).await;
    world.order(&order_of(ORDER, &[PRINTFUL, PRINTIFY]), 1).await;
    run_for(&mut world, SignedDuration::from_mins(5)).await;
    world.in_store(ORDER, json!({ "do": "risk", "level": "HIGH" })).await;
    world.run().await;
    assert_eq!(world.told(ORDER, "held").await, 1);
    assert_eq!((world.held_by("printful"), world.held_by("printify")), (vec![], vec![]), "the window is long over");
    decide(&world, Choice::Release, 1).await;
    world.run().await;
    assert_eq!((world.held_by("printful"), world.held_by("printify")), (vec![At::Released], vec![At::Released]));
    assert_eq!(world.told(ORDER, "held-too-late").await, 0);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn a_hold_after_the_release_comes_too_late_and_says_so_for_each_partner() {
    let mut world = World::with(7, several).await;
    world.order(&order_of(ORDER, &[PRINTFUL, PRINTIFY]), 1).await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "risk", "level": "HIGH" })).await;
    world.run().await;
    assert_eq!(world.told(ORDER, "held-too-late").await, 2);
    world.assert_at_rest(ORDER).await;
}

/// The hold arrives while a call to the partner is in doubt: either it is released and told, or it is not and nothing is made
/// before a person decides.
#[tokio::test]
async fn a_hold_at_each_moment_of_the_way_out() {
    for operation in ["create_order", "confirm_order"] {
        for fault in [Fault::KillBefore, Fault::KillAfter, Fault::LostAnswer] {
            let mut world = World::with(8, several).await;
            let (provider, name) = ("printful".to_owned(), operation.to_owned());
            let arm = Arm { provider, operation: name, fault, times: Some(1), skip: 0, seconds: None };
            world.sandbox.ctx.faults.arm(vec![arm]);
            world.order(&order_of(ORDER, &[PRINTFUL]), 1).await;
            run_for(&mut world, SignedDuration::from_secs(1)).await;
            let point = format!("{fault:?} at {operation}");
            assert_eq!(world.sandbox.ctx.faults.list()[0].fired, 1, "{point}");
            world.in_store(ORDER, json!({ "do": "risk", "level": "HIGH" })).await;
            world.run().await;
            let made = world.held_by("printful").contains(&At::Released);
            let too_late = world.told(ORDER, "held-too-late").await == 1;
            assert_eq!(made, too_late, "{point}: {:?}", world.held_by("printful"));
            decide(&world, Choice::Release, 1).await;
            world.run().await;
            assert_eq!(world.held_by("printful"), [At::Released], "{point}");
            world.assert_at_rest(ORDER).await;
        }
    }
}

#[tokio::test]
async fn a_test_order_ends_as_a_draft_and_says_what_it_would_have_cost() {
    let mut world = World::with(9, several).await;
    let mut order = order_of(ORDER, &[PRINTFUL, PRINTIFY]);
    order["test"] = json!(true);
    order["tags"] = json!("baton-test-1");
    world.order(&order, 1).await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Cancelled]);
    assert_eq!(world.held_by("printify"), [At::Cancelled]);
    let events = world.journey(ORDER).await.events;
    let costs = events.iter().filter(|event| matches!(&event.fact, Fact::OrderRouted { cost: Some(_), .. }));
    assert_eq!(costs.count(), 2);
    world.in_store(ORDER, json!({ "do": "cancel" })).await;
    world.run().await;
    assert_eq!(world.told(ORDER, "cancelled-at-partner").await, 0, "there was nothing to ask back");
    world.assert_at_rest(ORDER).await;
}
