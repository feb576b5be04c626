//! An order of several partners: each part on its own, each exactly once, and one end for all of them.

use domain::event::Fact;
use jiff::SignedDuration;
use sandbox::faults::{Arm, Fault};
use serde_json::json;

use crate::world::World;
use crate::world::shop::{At, BY_HAND, MAKERS, order_of, several};

const ORDER: u64 = 450_781_204;

/// What placing and releasing are called at each partner.
const CALLS: [(&str, &str, &str); 3] = [
    ("printful", "create_order", "confirm_order"),
    ("printify", "create_order", "send_to_production"),
    ("gelato", "create_order", "patch_order"),
];

fn arm(provider: &str, operation: &str, fault: Fault, times: u32) -> Arm {
    let (provider, operation) = (provider.to_owned(), operation.to_owned());
    Arm { provider, operation, fault, times: Some(times), skip: 0, seconds: None }
}

fn all_variants() -> Vec<u64> {
    MAKERS.iter().map(|(_, variant, _)| *variant).collect()
}

async fn routed(world: &World) -> Vec<String> {
    let events = world.journey(ORDER).await.events;
    let partners = events.into_iter().filter_map(|event| match event.fact {
        Fact::OrderRouted { partner, split: 1, .. } => Some(partner),
        _ => None,
    });
    let mut partners: Vec<String> = partners.collect();
    partners.sort();
    partners
}

#[tokio::test]
async fn one_order_at_each_partner_and_what_is_made_by_hand_is_told_once() {
    let mut world = World::with(1, several).await;
    let mut order = order_of(ORDER, &[MAKERS[0].1, MAKERS[1].1, BY_HAND, MAKERS[2].1]);
    // A file to download needs no partner.
    let mut download = order["line_items"][0].clone();
    download["id"] = json!(ORDER * 10 + 8);
    download["requires_shipping"] = json!(false);
    download["price"] = json!("0.00");
    order["line_items"].as_array_mut().unwrap().push(download);
    world.order(&order, 3).await;
    world.run().await;
    for (partner, _, _) in MAKERS {
        assert_eq!(world.held_by(partner), [At::Released], "{partner}");
    }
    assert_eq!(routed(&world).await, ["gelato", "printful", "printify"]);
    world.assert_at_rest(ORDER).await;
    let open = world.open(ORDER).await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0].what, "make-by-hand");
    assert!(open[0].reason.contains("Poster 4404"), "{}", open[0].reason);
}

#[tokio::test]
async fn a_part_that_is_refused_does_not_stop_the_others_and_a_replay_sends_only_it() {
    let mut world = World::with(2, several).await;
    world
        .sandbox
        .ctx
        .faults
        .arm(vec![arm("printify", "create_order", Fault::Refuse, 1), arm("gelato", "create_order", Fault::Refuse, 1)]);
    world.order(&order_of(ORDER, &all_variants()), 1).await;
    world.run().await;
    assert_eq!(routed(&world).await, ["printful"]);
    let open = world.open(ORDER).await;
    let mut refused: Vec<&str> = open.iter().map(|exception| exception.reason.split(' ').next().unwrap()).collect();
    refused.sort_unstable();
    assert_eq!(refused, ["gelato", "printify"], "each refusal is told by its partner's name: {open:?}");
    assert!(open.iter().all(|exception| exception.what == "partner-refused"));
    // One replay takes up everything that is missing of the event.
    world.replay_one(&open[0].id).await;
    world.run().await;
    for (partner, _, _) in MAKERS {
        assert_eq!(world.held_by(partner), [At::Released], "{partner}");
    }
    assert_eq!(world.open(ORDER).await, []);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn a_partner_that_is_down_keeps_only_its_own_part_waiting() {
    let mut world = World::with(3, several).await;
    world.sandbox.ctx.faults.arm(vec![arm("gelato", "create_order", Fault::Reset, 8)]);
    world.order(&order_of(ORDER, &all_variants()), 1).await;
    let start = world.clock.get();
    world.run_until(start.checked_add(SignedDuration::from_secs(30)).unwrap()).await;
    assert_eq!(routed(&world).await, ["printful", "printify"]);
    world.run().await;
    assert_eq!(routed(&world).await, ["gelato", "printful", "printify"]);
    assert_eq!(world.held_by("gelato"), [At::Released], "asked before it was sent again");
    assert_eq!(world.open(ORDER).await, []);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn a_crash_or_a_lost_answer_at_every_call_of_every_partner() {
    for (partner, place, release) in CALLS {
        for operation in [place, release] {
            for fault in [Fault::KillBefore, Fault::KillAfter, Fault::LostAnswer] {
                let mut world = World::with(4, several).await;
                world.sandbox.ctx.faults.arm(vec![arm(partner, operation, fault, 1)]);
                world.order(&order_of(ORDER, &all_variants()), 2).await;
                world.run().await;
                let point = format!("{fault:?} at {operation} of {partner}");
                assert_eq!(world.sandbox.ctx.faults.list()[0].fired, 1, "{point}");
                for (partner, _, _) in MAKERS {
                    assert_eq!(world.held_by(partner), [At::Released], "{partner}: {point}");
                }
                world.assert_at_rest(ORDER).await;
                assert_eq!(world.open(ORDER).await, [], "{point}");
            }
        }
    }
}

/// The store cancels the order while one call at one partner is in doubt; the others have what they have.
#[tokio::test]
async fn a_cancellation_at_each_moment_reaches_every_partner() {
    for (partner, place, release) in CALLS {
        for operation in [place, release] {
            for fault in [Fault::KillBefore, Fault::KillAfter, Fault::LostAnswer] {
                let mut world = World::with(5, several).await;
                world.sandbox.ctx.faults.arm(vec![arm(partner, operation, fault, 1)]);
                world.order(&order_of(ORDER, &all_variants()), 1).await;
                let soon = world.clock.get().checked_add(SignedDuration::from_secs(1)).unwrap();
                world.run_until(soon).await;
                let point = format!("{fault:?} at {operation} of {partner}");
                assert_eq!(world.sandbox.ctx.faults.list()[0].fired, 1, "{point}");
                world.in_store(ORDER, json!({ "do": "cancel" })).await;
                world.run().await;
                world.assert_at_rest(ORDER).await;
                let told = world.open(ORDER).await;
                for (partner, _, _) in MAKERS {
                    let held = world.held_by(partner);
                    assert!(held.len() <= 1, "{partner} has {held:?}: {point}");
                    let too_late = told.iter().any(|exception| {
                        exception.what == "cancelled-at-partner"
                            && exception.reason.contains(partner)
                            && exception.reason.contains("too late")
                    });
                    let made = held.contains(&At::Released);
                    assert_eq!(made, too_late, "{partner}: what is made although it was cancelled is told: {point}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_full_refund_before_the_release_makes_nothing_anywhere() {
    let mut world = World::with(6, several).await;
    world.choose(|choices| choices["routing"]["window"] = json!(600));
    world.order(&order_of(ORDER, &all_variants()), 1).await;
    world.run_until(world.clock.get().checked_add(SignedDuration::from_secs(60)).unwrap()).await;
    world.in_store(ORDER, json!({ "do": "refund" })).await;
    world.run().await;
    for (partner, _, _) in MAKERS {
        assert_eq!(world.held_by(partner), [], "{partner}");
    }
    assert_eq!(world.told(ORDER, "refunded-after-routing").await, 0);
}

/// Printify does not say what is in a parcel: it holds what Printify makes, and nothing of the other partner's.
#[tokio::test]
async fn a_parcel_of_one_partner_holds_only_its_own_lines() {
    let mut world = World::with(7, several).await;
    world.order(&order_of(ORDER, &[MAKERS[0].1, MAKERS[1].1]), 1).await;
    world.run().await;
    let printify = world.partner("printify");
    let id = printify.list()[0]["id"].as_str().unwrap().to_owned();
    printify.act(&id, "produce", json!({})).unwrap();
    printify.act(&id, "ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).unwrap();
    world.delivered().await;
    world.run().await;
    let order = world.in_sandbox(ORDER).await;
    let fulfilments = order["fulfillments"].as_array().unwrap();
    assert_eq!(fulfilments.len(), 1, "{order}");
    let lines: Vec<u64> =
        fulfilments[0]["line_items"].as_array().unwrap().iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert_eq!(lines, [ORDER * 10 + 2]);
    world.assert_at_rest(ORDER).await;
}
