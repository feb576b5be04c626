//! From Stripe's messages to an order of the headless store: paid, awaited, declined, in any order; and money that is no order's.

use std::sync::Arc;

use domain::event::Fact;
use domain::money::Money;
use domain::order::{Order, Payment, Risk};
use domain::subject::OrderId;
use serde_json::{Value, json};
use store::headless::row::OrderRow;
use store::headless::table::{Memory, OrderTable};
use store::{ResolvePayment, Resolved};

use crate::storefront::{Shop, cart, headless, section};
use crate::support::client;

fn dollars(amount: &str) -> Money {
    Money::parse(amount, "USD").unwrap()
}

/// Our own prices and what Stripe added are what Stripe charged.
fn assert_adds_up(order: &Order) {
    let parts = &order.amounts.shop;
    let sum = parts.lines.0.minus(parts.discounts.0).unwrap().plus(parts.shipping.0).unwrap();
    assert_eq!(sum.plus(parts.tax.0).unwrap(), parts.total.0);
}

#[tokio::test]
async fn a_cart_becomes_an_order_at_our_own_prices_and_then_a_paid_one() {
    let shop = Shop::new().await;
    let with_prices = cart(json!({
        "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 2, "price": "0.01" }, { "sku": "CARD-A", "quantity": 3 }],
        "email": "ada@example.com",
    }));
    let reply = shop.post(&with_prices).await;
    let answer: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((reply.status, answer["order"].as_str()), (200, Some("#1001")), "{answer}");
    let session = shop.stripe("sessions").await.remove(0);
    assert_eq!(answer["url"], session["url"]);
    assert_eq!(session["amount_subtotal"], 2 * 2_500 + 3 * 195);
    assert_eq!(
        (&session["client_reference_id"], &session["metadata"]["baton_order"]),
        (&json!("1001"), &json!("1001"))
    );
    assert_eq!(session["customer_email"], "ada@example.com");
    assert_eq!(session["shipping_options"].as_array().unwrap().len(), 2);

    let before = shop.order(OrderId(1001)).await;
    assert_eq!((before.payment, before.fulfilment_orders.len()), (Payment::Pending, 0), "nobody makes it");
    let id = session["id"].as_str().unwrap();
    shop.at_stripe(&format!("sessions/{id}/pay"), json!({ "risk": "elevated" })).await;
    let (order, facts) = shop.resolve(id).await;
    let ids: Vec<String> = facts.iter().map(|fact| fact.id().0).collect();
    assert_eq!((order, &ids[..2]), (OrderId(1001), &["created".to_owned(), "paid".to_owned()][..]));
    let order = shop.order(order).await;
    assert_eq!((order.name.as_str(), &order.payment), ("#1001", &Payment::Paid));
    assert_eq!(order.amounts.shop.lines.0, dollars("55.85"));
    assert_eq!(order.amounts.shop.shipping.0, dollars("4.90"));
    assert_eq!(order.amounts.shop.tax.0, dollars("6.07"));
    assert_eq!(order.amounts.customer.total.0, dollars("66.82"));
    assert_eq!((order.risk, order.buyer.ip.as_deref()), (Risk::Medium, Some("198.51.100.7")));
    assert!(order.ship_to.is_some() && order.bill_to.is_some());
    assert!(order.test, "the sandbox's key is a test key");
    let card = order.attempts[0].card.as_ref().unwrap();
    assert!(card.brand.as_deref() == Some("visa") && card.fingerprint.is_some(), "{card:?}");
    assert_adds_up(&order);
    shop.assert_expected();
}

#[tokio::test]
async fn yen_have_no_cents_and_a_currency_has_its_own_shipping() {
    let shop = Shop::new().await;
    assert_eq!(shop.post(&cart(json!({ "currency": "jpy" }))).await.status, 200);
    let session = shop.stripe("sessions").await.remove(0);
    assert_eq!((&session["currency"], &session["amount_subtotal"]), (&json!("jpy"), &json!(7_200)));
    assert_eq!(session["shipping_options"].as_array().unwrap().len(), 1, "express has no price in yen");
    let id = session["id"].as_str().unwrap();
    shop.at_stripe(&format!("sessions/{id}/pay"), json!({})).await;
    let order = shop.order(shop.resolve(id).await.0).await;
    assert_eq!(order.amounts.shop.total.0, Money::parse("8690", "JPY").unwrap());
    assert_adds_up(&order);
    shop.assert_expected();
}

#[tokio::test]
async fn delayed_money_is_awaited_and_comes_or_does_not() {
    for (act, payment, cancelled) in [("async_succeed", Payment::Paid, false), ("async_fail", Payment::Voided, true)] {
        let shop = Shop::new().await;
        let session = shop.begun("cart-0001").await;
        shop.at_stripe(&format!("sessions/{session}/pay_async"), json!({})).await;
        let (order, facts) = shop.resolve(&session).await;
        assert!(
            facts.contains(&Fact::OrderCreated {}) && !facts.contains(&Fact::OrderPaid { what: None }),
            "{facts:?}"
        );
        assert_eq!(shop.order(order).await.payment, Payment::Pending);
        shop.at_stripe(&format!("sessions/{session}/{act}"), json!({})).await;
        let (_, facts) = shop.resolve(&session).await;
        assert_eq!(facts.contains(&Fact::OrderPaid { what: None }), !cancelled, "{facts:?}");
        let order = shop.order(order).await;
        assert_eq!((order.payment, order.cancelled), (payment, cancelled));
        shop.assert_expected();
    }
}

#[tokio::test]
async fn a_declined_attempt_is_seen_and_is_no_order_yet() {
    let shop = Shop::new().await;
    let session = shop.begun("cart-0001").await;
    shop.at_stripe(&format!("sessions/{session}/fail"), json!({ "decline": "insufficient_funds" })).await;
    let intent = shop.stripe("payment_intents").await.remove(0)["id"].as_str().unwrap().to_owned();
    let (order, facts) = shop.resolve(&intent).await;
    assert_eq!(facts, []);
    let failed = shop.order(order).await.attempts.remove(0);
    assert_eq!(failed.outcome, domain::order::AttemptOutcome::Failed);
    assert!(failed.error.is_some(), "{failed:?}");
    shop.at_stripe(&format!("sessions/{session}/pay"), json!({})).await;
    shop.resolve(&intent).await;
    assert_eq!(shop.order(order).await.attempts.len(), 2);
    shop.assert_expected();
}

/// Everything Stripe has to say of one order, told in many orders and twice: the same row every time.
#[tokio::test]
async fn every_order_of_the_same_messages_ends_in_the_same_row() {
    let shop = Shop::new().await;
    let session = shop.begun("cart-0001").await;
    let fresh = shop.row(1001).await;
    shop.at_stripe(&format!("sessions/{session}/fail"), json!({})).await;
    shop.at_stripe(&format!("sessions/{session}/pay"), json!({ "risk": "elevated" })).await;
    shop.at_stripe(&format!("charges/{session}/refund"), json!({ "amount": 1_000 })).await;
    shop.at_stripe(&format!("charges/{session}/warn"), json!({})).await;
    shop.at_stripe(&format!("charges/{session}/dispute"), json!({ "kind": "inquiry" })).await;
    let events = shop.stripe("events").await;
    let objects: Vec<String> =
        events.iter().map(|event| event["data"]["object"]["id"].as_str().unwrap().to_owned()).collect();
    assert!(objects.len() >= 7, "{objects:?}");
    let mut rows: Vec<OrderRow> = Vec::new();
    for seed in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut told: Vec<&String> = objects.iter().chain(&objects).collect();
        random.shuffle(&mut told);
        let table = Arc::new(Memory::default());
        table.put_new(&fresh).await.unwrap();
        let store = headless(&shop.sandbox, table.clone(), &shop.key, &section(), &shop.clock);
        for object in told {
            assert!(matches!(store.resolve("told", object).await.unwrap(), Resolved::Order { .. }), "{object}");
        }
        let row = table.get(1001).await.unwrap().unwrap();
        rows.push(OrderRow { rev: 0, updated: fresh.updated, ..row });
    }
    assert!(rows.iter().all(|row| *row == rows[0]));
    let row = &rows[0];
    assert_eq!((row.attempts.len(), row.refunds.len(), row.warnings.len(), row.disputes.len()), (2, 1, 1, 1));
    shop.assert_expected();
}

#[tokio::test]
async fn money_that_belongs_to_no_order_is_said_to_be_so() {
    let shop = Shop::new().await;
    let by_hand = async |form: &str, key: &str| {
        let request = client().post(format!("{}/stripe/v1/payment_intents", shop.sandbox.url()));
        let request = request.bearer_auth(&shop.key).header("Stripe-Version", store::headless::VERSION);
        let request =
            request.header("Idempotency-Key", key).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(form.to_owned()).send().await.unwrap();
        let intent: Value = response.json().await.unwrap();
        intent["id"].as_str().unwrap_or_else(|| panic!("{intent}")).to_owned()
    };
    let paid = "amount=1240&currency=usd&confirm=true&payment_method=pm_card_visa&automatic_payment_methods[enabled]=true\
                &automatic_payment_methods[allow_redirects]=never";
    let intent = by_hand(paid, "one").await;
    let told = shop.store.resolve("payment_intent.succeeded", &intent).await.unwrap();
    assert_eq!(told, Resolved::MoneyWithoutOrder { payment: intent, amount: "12.40 USD".into() });
    let lost = by_hand(&format!("{paid}&metadata[baton_order]=4711&metadata[baton_shop]=example-prints"), "two").await;
    let told = shop.store.resolve("payment_intent.succeeded", &lost).await.unwrap();
    assert!(matches!(told, Resolved::MoneyWithoutOrder { .. }), "an order we do not have: {told:?}");
    let other = by_hand(&format!("{paid}&metadata[baton_order]=4711&metadata[baton_shop]=another-shop"), "three").await;
    assert_eq!(shop.store.resolve("payment_intent.succeeded", &other).await.unwrap(), Resolved::Nothing);
    let unpaid = by_hand("amount=1240&currency=usd", "four").await;
    assert_eq!(shop.store.resolve("payment_intent.payment_failed", &unpaid).await.unwrap(), Resolved::Nothing);
    let Err(trouble) = shop.store.resolve("charge.refunded", "ch_1000000000000000000000000").await else { panic!() };
    assert!(trouble.to_string().contains("check that the secret key"), "{trouble}");
    shop.assert_expected();
}

#[tokio::test]
async fn a_second_payment_for_one_order_is_money_without_an_order() {
    let shop = Shop::new().await;
    let order = shop.paid("cart-0001").await;
    let form = "amount=6039&currency=usd&confirm=true&payment_method=pm_card_visa&automatic_payment_methods[enabled]=true\
                &automatic_payment_methods[allow_redirects]=never&metadata[baton_order]=1001\
                &metadata[baton_shop]=example-prints";
    let request = client().post(format!("{}/stripe/v1/payment_intents", shop.sandbox.url()));
    let request = request.bearer_auth(&shop.key).header("Stripe-Version", store::headless::VERSION);
    let request = request.header("Idempotency-Key", "k").header("content-type", "application/x-www-form-urlencoded");
    let intent: Value = request.body(form).send().await.unwrap().json().await.unwrap();
    let intent = intent["id"].as_str().unwrap();
    let before = shop.order(order).await;
    let told = shop.store.resolve("payment_intent.succeeded", intent).await.unwrap();
    assert_eq!(told, Resolved::MoneyWithoutOrder { payment: intent.into(), amount: "60.39 USD".into() });
    let after = shop.order(order).await;
    assert_eq!((after.amounts, after.payment), (before.amounts, Payment::Paid));
}
