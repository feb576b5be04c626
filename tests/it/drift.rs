//! The drift report over the real layers: what store and partner disagree on is one exception a night, and nothing is corrected.

use domain::exception::{Exception, Life};
use jiff::SignedDuration;
use sandbox::faults::{Arm, Fault};
use sandbox::partners::Played as _;
use serde_json::{Value, json};

use crate::support::control;
use crate::world::{World, payload};

const ORDER: u64 = 5_550_001_469;
const NAME: &str = "#1469";

fn hours_pass(world: &World, hours: i64) {
    world.clock.set(world.clock.get().checked_add(SignedDuration::from_hours(hours)).unwrap());
}

async fn drifts(world: &World) -> Vec<Exception> {
    let open = world.ledger().open_exceptions().await.unwrap();
    open.into_iter().filter(|exception| exception.what == "drift").collect()
}

/// So many orders that the partner makes.
async fn being_made(seed: u64, orders: u64) -> World {
    let mut world = World::with(seed, |choices| choices["screening"] = json!({ "hold_at": 0 })).await;
    for n in 0..orders {
        assert_eq!(world.order(&payload(ORDER + n), 1).await, 201);
    }
    world.run().await;
    world.at_partner("produce", json!({})).await;
    world.run().await;
    hours_pass(&world, 2);
    world
}

/// Something happens to the order in the store, and its webhook is lost.
async fn in_store_unheard(world: &World, what: Value) {
    let path = format!("/_sandbox/shopify/orders/{ORDER}?deliver=0");
    let (status, answer) = control(&world.sandbox, "PUT", &path, what.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    world.delivered().await;
}

#[tokio::test]
async fn what_agrees_is_no_report() {
    let mut world = being_made(1, 2).await;
    let night = world.night().await;
    assert_eq!((night.compared, night.differences.len(), night.finished), (2, 0, true), "{night:?}");
    assert!(night.not_asked.is_empty(), "{night:?}");
    world.at_partner("ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
    world.run().await;
    assert_eq!(world.drift(None).await.in_motion, 2, "what has just happened is on its way from one to the other");
    hours_pass(&world, 2);
    let shipped = world.drift(None).await;
    assert_eq!((shipped.compared, shipped.differences.len()), (2, 0), "{shipped:?}");
    assert_eq!(drifts(&world).await, []);
}

#[tokio::test]
async fn a_parcel_that_nobody_told_of_is_one_report_and_heals_when_it_is_found() {
    let mut world = being_made(2, 1).await;
    world.sandbox.printful.set_webhooks(false);
    world.at_partner("ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
    world.run().await;
    let before = world.in_sandbox(ORDER).await;
    let night = world.night().await;
    let line = format!("{NAME}: printful has sent the parcel 1Z999AA10123456784, and the store does not show it");
    assert_eq!(night.differences, std::slice::from_ref(&line));
    let told = drifts(&world).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].reason.contains(&line) && told[0].reason.contains("one order"), "{}", told[0].reason);
    assert_eq!(world.in_sandbox(ORDER).await, before, "nothing is corrected");

    // The other rounds of the night pass; the next night finds the same, and says nothing new.
    let passed = world.night().await;
    assert_eq!((passed.compared, passed.finished), (0, true));
    hours_pass(&world, 24);
    assert_eq!(world.night().await.differences, [line]);
    assert_eq!(drifts(&world).await.iter().map(|open| &open.id).collect::<Vec<_>>(), [&told[0].id]);

    // The partners' sweep finds the parcel; the report is closed by the next one.
    world.partner_round().await;
    world.run().await;
    hours_pass(&world, 24);
    let mended = world.night().await;
    assert_eq!((mended.compared, mended.differences.len()), (1, 0), "{mended:?}");
    assert_eq!(drifts(&world).await, []);
}

#[tokio::test]
async fn an_order_cancelled_in_the_store_that_the_partner_makes() {
    let world = being_made(3, 2).await;
    in_store_unheard(&world, json!({ "do": "cancel" })).await;
    let night = world.night().await;
    assert_eq!(night.differences, [format!("{NAME}: cancelled in the store, and printful makes it")]);
    assert!(world.sandbox.printful.list().iter().all(|order| order["status"] != "canceled"), "nothing is corrected");
    let open = drifts(&world).await;
    assert_eq!((open.len(), open[0].state, open[0].told), (1, Life::Open, false));
}

#[tokio::test]
async fn a_walk_that_runs_out_of_time_goes_on_where_it_was() {
    let world = being_made(4, 5).await;
    in_store_unheard(&world, json!({ "do": "cancel" })).await;
    let mut rounds = 0;
    let mut compared = 0;
    loop {
        let round = world.short_night().await;
        (rounds, compared) = (rounds + 1, compared + round.compared);
        assert!(rounds < 20, "it does not come to an end");
        if round.finished {
            break;
        }
        assert_eq!(drifts(&world).await, [], "the report comes at the end");
    }
    assert!(rounds > 1);
    assert_eq!(compared, 5);
    assert!(drifts(&world).await[0].reason.contains("cancelled in the store"));
    // By hand, from where the answer says.
    let first = world.drift(Some("order#5550001470")).await;
    assert_eq!((first.compared, first.finished), (3, true));
}

#[tokio::test]
async fn a_partner_that_does_not_answer_is_named_and_no_difference() {
    let world = being_made(5, 1).await;
    let arm = Arm {
        provider: "printful".into(),
        operation: "find_order".into(),
        fault: Fault::ServerError,
        times: Some(100),
        skip: 0,
        seconds: None,
    };
    world.sandbox.ctx.faults.arm(vec![arm]);
    let found = world.drift(None).await;
    assert_eq!((found.compared, found.differences.len(), found.finished), (1, 0, true), "{found:?}");
    assert!(found.not_asked.iter().any(|who| who.starts_with("printful: ")), "{found:?}");
}
