//! Held orders through the whole relay: held here and in the store, decided by the owner, done once whatever happens meanwhile.

use sandbox::faults::{Arm, Fault};
use serde_json::json;

use crate::world::{Seen, World, payload};

const ORDER: u64 = 450_789_469;

async fn kinds(world: &World) -> Vec<String> {
    let mut kinds: Vec<String> = world.open(ORDER).await.into_iter().map(|exception| exception.what).collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn held_in_the_store_then_released_and_made_once() {
    let mut world = World::new(1).await;
    world.order_at_risk(&payload(ORDER), "HIGH").await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.held_at_shopify(ORDER).await, ["baton-hold-1"]);
    assert_eq!((kinds(&world).await, world.seen(ORDER).await.partner_orders), (vec!["held".to_owned()], 0));

    let page = world.owner(ORDER, 1, None).await;
    assert!(page.status == 200 && page.body.contains("high risk") && page.body.contains("58.45 EUR"), "{}", page.body);
    for private in ["Ada", "ada@example.com", "Sample Lane"] {
        assert!(!page.body.contains(private), "{private}");
    }
    assert_eq!(world.owner(ORDER, 1, Some("choice=release")).await.status, 200);
    assert_eq!(world.owner(ORDER, 1, Some("choice=refuse&confirm=refund")).await.status, 200, "too late to change it");
    world.run_to_the_doorstep().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.held_at_shopify(ORDER).await, Vec::<String>::new());
    assert_eq!((kinds(&world).await, world.seen(ORDER).await), (Vec::new(), Seen::all_once()));
}

#[tokio::test]
async fn refused_it_is_cancelled_and_refunded_in_the_store_and_never_made() {
    let mut world = World::new(2).await;
    world.order_at_risk(&payload(ORDER), "HIGH").await;
    world.run().await;
    assert_eq!(world.owner(ORDER, 1, Some("choice=refuse")).await.status, 200);
    world.run().await;
    assert!(!world.at_shopify(ORDER).await.cancelled, "not without the second mark");
    world.owner(ORDER, 1, Some("choice=refuse&confirm=refund")).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    let order = world.at_shopify(ORDER).await;
    assert!(order.cancelled && order.refunds.len() == 1, "{order:?}");
    assert_eq!(order.payment, domain::order::Payment::Refunded);
    let seen = world.seen(ORDER).await;
    assert_eq!((kinds(&world).await, seen.partner_orders, seen.mails.len()), (Vec::new(), 0, 0));
}

#[tokio::test]
async fn cancelled_in_the_store_by_hand_there_is_nothing_left_to_decide() {
    let mut world = World::new(3).await;
    world.order_at_risk(&payload(ORDER), "HIGH").await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "cancel" })).await;
    world.run().await;
    let page = world.owner(ORDER, 1, Some("choice=release")).await;
    assert!(page.body.contains("was cancelled in the store"), "{}", page.body);
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await.partner_orders, 0);
}

/// Every call capture makes to hold, lift and cancel, met by a death before and after it, a lost answer and an outage.
#[tokio::test]
async fn every_trouble_at_every_call_does_it_once() {
    let mut met = 0;
    for (form, operation) in [
        ("choice=release", "fulfillmentOrderHold"),
        ("choice=release", "fulfillmentOrderReleaseHold"),
        ("choice=refuse&confirm=refund", "orderCancel"),
    ] {
        for fault in [Fault::KillBefore, Fault::KillAfter, Fault::LostAnswer, Fault::ServerError, Fault::TooMany] {
            let mut world = World::new(met).await;
            let (provider, operation) = ("shopify".to_owned(), operation.to_owned());
            let arm = Arm { provider, operation: operation.clone(), fault, times: Some(1), skip: 0, seconds: None };
            world.sandbox.ctx.faults.arm(vec![arm]);
            world.order_at_risk(&payload(ORDER), "HIGH").await;
            world.run().await;
            world.owner(ORDER, 1, Some(form)).await;
            world.run_to_the_doorstep().await;
            let point = format!("{fault:?} at {operation}");
            assert_eq!(world.sandbox.ctx.faults.list()[0].fired, 1, "{point}");
            world.assert_at_rest(ORDER).await;
            assert_eq!(kinds(&world).await, Vec::<String>::new(), "{point}");
            let order = world.at_shopify(ORDER).await;
            if form.starts_with("choice=release") {
                assert_eq!(world.seen(ORDER).await, Seen::all_once(), "{point}");
            } else {
                assert_eq!((order.cancelled, order.refunds.len()), (true, 1), "{point}");
                assert_eq!(world.seen(ORDER).await.partner_orders, 0, "{point}");
            }
            met += 1;
        }
    }
    assert_eq!(met, 15);
}

/// The assessment turns HIGH after the order was cleared: it is held in the store too, and the owner decides.
#[tokio::test]
async fn a_risk_that_turns_high_after_clearing_holds_it() {
    let mut world = World::new(5).await;
    world.order(&payload(ORDER), 1).await;
    world.run().await;
    world.in_store(ORDER, json!({ "do": "risk", "level": "HIGH" })).await;
    world.run().await;
    world.assert_at_rest(ORDER).await;
    assert!(kinds(&world).await.contains(&"held".to_owned()), "{:?}", kinds(&world).await);
    assert_eq!(world.held_at_shopify(ORDER).await, ["baton-hold-1"]);
    world.owner(ORDER, 1, Some("choice=release")).await;
    world.run_to_the_doorstep().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!(world.seen(ORDER).await, Seen::all_once());
    assert!(!kinds(&world).await.contains(&"held".to_owned()));
}

/// Where the owner has to charge tax and none was charged, the order goes on, and the owner hears of it once.
#[tokio::test]
async fn missing_tax_is_told_and_stops_nothing() {
    let mut world = World::with(6, |choices| choices["tax"] = json!({ "due": ["DE"] })).await;
    let mut untaxed = payload(ORDER);
    untaxed["total_tax"] = json!("0.00");
    untaxed["total_price"] = json!("49.00");
    for line in untaxed["line_items"].as_array_mut().unwrap() {
        line["tax_lines"] = json!([]);
    }
    untaxed["tax_lines"] = json!([]);
    world.order(&untaxed, 3).await;
    world.run_to_the_doorstep().await;
    world.assert_at_rest(ORDER).await;
    assert_eq!((kinds(&world).await, world.seen(ORDER).await), (vec!["tax-missing".to_owned()], Seen::all_once()));
}

/// Our own rules, each with what the owner reads: together they hold what none of them holds alone.
#[tokio::test]
async fn our_own_rules_hold_and_say_why() {
    let mut suspicious = payload(ORDER);
    suspicious["email"] = json!("ada@mailinator.com");
    suspicious["contact_email"] = json!("ada@mailinator.com");
    let mut billing = suspicious["shipping_address"].clone();
    billing["country_code"] = json!("BR");
    billing["country"] = json!("Brazil");
    for (bill_to, pieces, held) in [(None, 2, false), (Some(billing), 10, true)] {
        let mut order = suspicious.clone();
        if let Some(billing) = bill_to {
            order["billing_address"] = billing;
        }
        if pieces == 10 {
            let line = &mut order["line_items"][0];
            for key in ["quantity", "current_quantity", "fulfillable_quantity"] {
                line[key] = json!(10);
            }
            order["total_line_items_price"] = json!("249.00");
            order["subtotal_price"] = json!("244.20");
            order["total_price"] = json!("257.65");
        }
        let mut world = World::new(7).await;
        world.order(&order, 1).await;
        world.run().await;
        world.assert_at_rest(ORDER).await;
        let open = world.open(ORDER).await;
        if held {
            insta::assert_snapshot!(open[0].reason, @"The mail address is a throw-away one (mailinator.com). The bill goes to BR and the parcel to DE. It is for 10 pieces of one thing.");
        }
        assert_eq!((!open.is_empty(), world.seen(ORDER).await.released), (held, usize::from(!held)), "{open:?}");
    }
}
