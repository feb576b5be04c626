//! What only the headless store has to hold: refunds through Stripe, an account's one endpoint, long lists of events, test keys.

use std::sync::Arc;

use domain::order::{Payment, TEST_TAG};
use domain::provider::Trouble;
use domain::subject::OrderId;
use jiff::SignedDuration;
use sandbox::faults::{Arm, Fault};
use serde_json::json;
use store::headless::table::{Memory, OrderTable};
use store::{ChangedOrders, RefuseOrder, Subscriptions, TestOrder};

use crate::store_contract::{OnOurOwn, Setting, decided, read};
use crate::storefront::{Shop, headless, section};

fn fault(operation: &str, fault: Fault) -> Arm {
    Arm { provider: "stripe".into(), operation: operation.into(), fault, times: Some(1), skip: 0, seconds: None }
}

#[tokio::test]
async fn money_goes_back_once_whatever_happens_to_the_answer() {
    for kind in [Fault::LostAnswer, Fault::ServerError, Fault::Reset, Fault::TooMany] {
        let setting = OnOurOwn::over(Arc::new(Memory::default())).await;
        let id = setting.paid().await;
        let order = read(&setting, id).await;
        setting.shop.sandbox.ctx.faults.arm(vec![fault("create_refund", kind)]);
        let refusal = decided(id, "decision-1");
        assert!(setting.shop.store.refuse(&order, &refusal).await.is_err(), "{kind:?}");
        assert!(read(&setting, id).await.cancelled, "{kind:?}: nothing more is made");
        let reference = setting.shop.store.refuse(&order, &refusal).await.unwrap();
        let refunds = setting.shop.stripe("refunds").await;
        assert_eq!(refunds.len(), 1, "{kind:?}");
        assert_eq!((refunds[0]["id"].as_str(), &refunds[0]["amount"]), (Some(reference.as_str()), &json!(6_039)));
        assert_eq!(refunds[0]["metadata"]["baton_decision"], "decision-1");
        // Another decision about it finds it done.
        assert_eq!(setting.shop.store.refuse(&order, &decided(id, "decision-2")).await.unwrap(), reference);
        setting.shop.resolve(&reference).await;
        assert_eq!(read(&setting, id).await.payment, Payment::Refunded);
    }
}

#[tokio::test]
async fn what_was_given_back_by_hand_is_not_given_back_again() {
    let setting = OnOurOwn::over(Arc::new(Memory::default())).await;
    let id = setting.paid().await;
    let order = read(&setting, id).await;
    let payment = setting.shop.row(id.0).await.payment.unwrap();
    setting.shop.at_stripe(&format!("charges/{payment}/refund"), json!({})).await;
    setting.shop.store.refuse(&order, &decided(id, "decision-1")).await.unwrap();
    assert_eq!(setting.shop.stripe("refunds").await.len(), 1);
    assert!(read(&setting, id).await.cancelled);
}

#[tokio::test]
async fn a_refusal_waits_for_money_under_way_and_closes_an_open_checkout() {
    let setting = OnOurOwn::over(Arc::new(Memory::default())).await;
    let shop = &setting.shop;
    let session = shop.begun("contract-a").await;
    shop.at_stripe(&format!("sessions/{session}/pay_async"), json!({})).await;
    let (id, _) = shop.resolve(&session).await;
    let order = shop.order(id).await;
    let refused = shop.store.refuse(&order, &decided(id, "decision-1")).await;
    let Err(Trouble::Refused { why }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("refuse it again"), "{why}");
    assert!(!shop.order(id).await.cancelled);
    let open = shop.begun("contract-b").await;
    let order = shop.order(OrderId(1_002)).await;
    shop.store.refuse(&order, &decided(order.id, "decision-2")).await.unwrap();
    let session = shop.stripe("sessions").await.into_iter().find(|session| session["id"] == open.as_str()).unwrap();
    assert_eq!(session["status"], "expired", "nobody can pay for it any more");
    assert!(shop.order(order.id).await.cancelled);
    shop.assert_expected();
}

#[tokio::test]
async fn a_live_key_charges_nobody_for_a_test() {
    let shop = Shop::new().await;
    let live = headless(&shop.sandbox, shop.table.clone(), "sk_live_example", &section(), &shop.clock);
    let refused = live.place_test_order(&format!("{TEST_TAG}-1"), "LIGHTHOUSE-A", "owner@example.com").await;
    let Err(Trouble::Refused { why }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("sk_test_"), "{why}");
    assert_eq!(shop.table.last_number().await.unwrap(), 1_000);
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_not_made_in_secret() {
    let shop = Shop::new().await;
    shop.sandbox.set_intake_url("https://door.example.com/");
    let refused = shop.store.subscribe("charge.refunded", "https://elsewhere.example.com/webhooks/stripe").await;
    let Err(Trouble::Refused { why }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("Create it") && why.contains(store::headless::VERSION), "{why}");
    assert_eq!(shop.stripe("endpoints").await.len(), 1);
}

/// More events than one page of Stripe's, over days: the sweep sees each order, in the order in which things happened.
#[tokio::test]
async fn a_long_list_of_events_is_read_from_its_oldest() {
    let setting = OnOurOwn::over(Arc::new(Memory::default())).await;
    let mut made = Vec::new();
    for day in 0..3 {
        for _ in 0..14 {
            made.push(setting.paid().await);
        }
        setting.shop.pass(SignedDuration::from_hours(20 + day));
    }
    assert!(setting.shop.stripe("events").await.len() > 100);
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = setting.shop.store.changed(setting.beginning(), after.as_deref()).await.unwrap();
        assert!(page.items.len() <= 25, "a page is bounded");
        found.extend(page.items.into_iter().map(|change| (change.at, change.order.id)));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(found.is_sorted_by_key(|(at, _)| *at) && pages > 5, "{pages} pages");
    let mut orders: Vec<OrderId> = found.into_iter().map(|(_, id)| id).collect();
    orders.dedup();
    assert_eq!(orders, made);
    let Err(trouble) = setting.shop.store.changed(setting.beginning(), Some("nowhere")).await else { panic!() };
    assert!(matches!(trouble, Trouble::Broken { .. }));
}
