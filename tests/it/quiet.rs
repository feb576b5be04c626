//! The customer's silence over the real layers: no open order goes longer than the owner's days without a true mail.

use domain::Timestamp;
use domain::handoff::{Layer, Owed, Wait};
use jiff::SignedDuration;
use sandbox::faults::{Arm, Fault};
use serde_json::{Value, json};

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

/// Not one of them comes to a partner: no event of a routing opens the clock.
#[tokio::test]
async fn an_order_that_is_stuck_on_the_way_to_its_partner_is_not_left_in_silence() {
    // Some 28 hours: long enough for one word in two days.
    let hours = |choices: &mut Value| choices["deadlines"] = json!({ "customer_informed": 100_000 });
    let refuses = |choices: &mut Value| {
        hours(choices);
        choices["catalog"] = json!({});
    };
    let refused = World::with(4, refuses).await;
    let unreachable = World::with(5, hours).await;
    let down = Arm {
        provider: "printful".into(),
        operation: "create_order".into(),
        fault: Fault::ServerError,
        times: Some(1_000_000),
        skip: 0,
        seconds: None,
    };
    unreachable.sandbox.ctx.faults.arm(vec![down]);
    let unscreened = World::with(6, hours).await;
    for (name, mut world, risk) in
        [("refused", refused, "LOW"), ("unreachable", unreachable, "LOW"), ("unscreened", unscreened, "PENDING")]
    {
        let mut watch = watch(&world);
        watch.station.deadlines.customer_informed = 100_000;
        world.order_at_risk(&payload(ORDER), risk).await;
        world.run_until(later(world.clock.get(), 240)).await;
        let mails = mails_of(&mut world, &watch, 2).await;
        assert_eq!(mails.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["still"], "{name}");
        let routed = world.journey(ORDER).await.events.iter().any(|event| event.fact.id().0.starts_with("routed"));
        assert!(!routed, "{name}");
    }
}

#[tokio::test]
async fn a_layer_that_is_paused_for_weeks_keeps_the_order_and_not_the_customer_in_the_dark() {
    let mut world = World::new(7).await;
    let watch = watch(&world);
    watch.station.ledger.pause(&watch.station.store, Layer::Capture, watch.station.now()).await.unwrap();
    assert_eq!(world.order(&payload(ORDER), 1).await, 201);
    world.pass_on().await;
    world.queue.lose_all();
    let mails = mails_of(&mut world, &watch, 15).await;
    assert_eq!(mails.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["still", "still"]);
}

#[tokio::test]
async fn a_parcel_sent_again_after_the_last_word_begins_the_clock_anew() {
    let mut world = World::new(8).await;
    let watch = watch(&world);
    world.order(&payload(ORDER), 1).await;
    world.run_to_the_doorstep().await;
    assert_eq!(mails_of(&mut world, &watch, 10).await, [], "the clock has run down and is struck off");
    let running = async |world: &World| {
        let owing = world.journey(ORDER).await.owing;
        owing.values().any(|owes| owes.contains_key(&Owed::Wait(Wait::CustomerInformed)))
    };
    assert!(!running(&world).await);
    let again = json!({ "tracking_number": "1Z999AA10123456700", "carrier": "UPS", "reshipment": true });
    world.at_partner("ship", again).await;
    world.run().await;
    let sent = world.post.sent().iter().filter(|(kind, _)| kind == "shipped").count();
    assert_eq!((sent, running(&world).await), (2, true));
}
