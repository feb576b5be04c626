//! The customer's silence over the real layers: no open order goes longer than the owner's days without a true mail.

use domain::Timestamp;
use jiff::SignedDuration;
use serde_json::json;

use crate::watch::{Watch, later, round_at, watch};
use crate::world::{World, payload};

const ORDER: u64 = 5_550_001_469;
const WEEK: i64 = 7 * 86_400;
/// A round every six hours is enough for what is counted in days.
const STEP: i64 = 6 * 3_600;

/// Days pass; when each mail went out, with its kind.
async fn mails_of(world: &mut World, watch: &Watch, days: i64) -> Vec<(Timestamp, String)> {
    let start = world.clock.get();
    let mut mails = Vec::new();
    let mut known = world.post.sent().len();
    for step in 1..=days * 86_400 / STEP {
        let now = later(start, step * STEP);
        world.run_until(now).await;
        round_at(world, watch, now).await;
        world.run_until(later(now, 60)).await;
        let sent = world.post.sent();
        mails.extend(sent[known..].iter().map(|(kind, _)| (now, kind.clone())));
        known = sent.len();
    }
    mails
}

#[tokio::test]
async fn an_order_stuck_in_production_is_written_about_every_week_and_never_twice_in_one() {
    let mut world = World::new(1).await;
    let watch = watch(&world);
    assert_eq!(world.order(&payload(ORDER), 1).await, 201);
    world.run().await;
    world.at_partner("produce", json!({})).await;
    world.run().await;
    let began = world.clock.get();
    let before = world.post.sent().len();
    assert_eq!(before, 2, "confirmation, in production");
    let mails = mails_of(&mut world, &watch, 30).await;
    assert!(mails.iter().all(|(_, kind)| kind == "still"), "{mails:?}");
    assert_eq!(mails.len(), 4, "{mails:?}");
    let mut last = began;
    for (at, _) in &mails {
        let silent = at.duration_since(last).as_secs();
        assert!((WEEK - STEP..=WEEK + STEP).contains(&silent), "{silent} s of silence before {at}: {mails:?}");
        last = *at;
    }
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn an_order_at_its_door_is_left_alone() {
    let mut world = World::new(2).await;
    let watch = watch(&world);
    world.order(&payload(ORDER), 1).await;
    world.run_to_the_doorstep().await;
    let before = world.post.sent().len();
    assert_eq!(mails_of(&mut world, &watch, 30).await, []);
    assert_eq!(world.post.sent().len(), before);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn a_held_order_and_an_unpaid_one() {
    let mut world = World::new(3).await;
    let watch = watch(&world);
    let mut order = payload(ORDER);
    order["financial_status"] = json!("pending");
    world.order(&order, 1).await;
    world.run().await;
    let stills = mails_of(&mut world, &watch, 15).await;
    // Paid by the webhook's word, held because the store says otherwise: the customer waits, label or not.
    assert_eq!(stills.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["still", "still"], "{stills:?}");
    world.in_store(ORDER, json!({ "do": "cancel" })).await;
    world.run().await;
    assert_eq!(mails_of(&mut world, &watch, 15).await, [], "a cancelled order waits for nothing");
    let day = world.clock.get().checked_add(SignedDuration::from_hours(24)).unwrap();
    round_at(&world, &watch, day).await;
    world.assert_at_rest(ORDER).await;
}
