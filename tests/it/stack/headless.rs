//! A shop without Shopify on the deployed stack: its customers' way from the cart to the door, and its owner's commands. These
//! need a stack of its own (`infra/local/headless.toml`); beside another one they say that they are skipped.

use std::collections::BTreeMap;

use domain::effect::State;
use reqwest::Method;
use serde_json::{Value, json};

use super::decisions::{link, page};
use super::{Stack, fresh_id, somebody, stack};

async fn headless() -> Option<Stack> {
    let stack = stack().await?;
    if stack.facts["orders_table"].is_null() {
        eprintln!("skipped: this stack's store is Shopify; `make test` runs it with infra/local/headless.toml");
        return None;
    }
    Some(stack)
}

/// One piece of each product, paid on Stripe's page with these details by the [`somebody`] whom no log may name: the order's
/// number.
async fn bought(stack: &Stack, mut details: Value) -> u64 {
    let somebody = somebody();
    let name = format!("Ada {}", somebody["last_name"].as_str().unwrap());
    let street = somebody["address1"].as_str().unwrap();
    details["shipping"] = json!({ "name": name, "address": {
        "city": "Exampletown", "country": "US", "line1": street, "line2": null, "postal_code": "40202", "state": "KY",
    } });
    let items = json!([{ "sku": "LIGHTHOUSE-30x40", "quantity": 1 }, { "sku": "OAK-30x40", "quantity": 1 }]);
    let cart = json!({ "cart": format!("cart-{}", fresh_id(80)), "items": items });
    let url = format!("{}checkout", stack.fact("storefront_url"));
    let (status, answer) = stack.call(Method::POST, url, cart).await;
    assert_eq!(status, 200, "{answer}");
    let session = answer["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    stack.sandbox(Method::POST, &format!("stripe/sessions/{session}/pay"), details).await;
    answer["order"].as_str().unwrap().trim_start_matches('#').parse().unwrap()
}

/// How many orders a partner holds under this order's name.
async fn at(stack: &Stack, partner: &str, order: u64) -> usize {
    let wanted = stack.external_id(order);
    let listed = stack.look_at(&format!("partner/{partner}/orders")).await;
    listed.as_array().unwrap().iter().filter(|one| one["external_id"] == *wanted).count()
}

/// The function's answer to the owner.
async fn asked(stack: &Stack, request: Value) -> Value {
    let answer = stack.invoke("capture", &request).await;
    assert_eq!(answer["error"], Value::Null, "{answer}");
    answer
}

#[tokio::test]
async fn from_the_cart_to_the_door_by_two_partners() {
    let Some(stack) = headless().await else { return };
    let order = bought(&stack, json!({ "email": "ada@example.com" })).await;
    stack
        .until("both parcels to be delivered", 90, async || {
            let mut mails = stack.customer_mails(order).await;
            // Not said of an order that is on its way already.
            mails.remove("in-production");
            let wanted = [("confirmation", 1), ("delivered", 2), ("shipped", 2)];
            let wanted = BTreeMap::from(wanted.map(|(kind, count)| (kind.to_owned(), count)));
            (mails == wanted && stack.open(order).await.is_empty()).then_some(())
        })
        .await;
    assert_eq!((at(&stack, "printful", order).await, at(&stack, "workshop", order).await), (1, 1));
    assert!(stack.journey(order).await.exceptions.is_empty());
    assert_eq!(stack.look_at("unexpected").await, json!([]));
}

#[tokio::test]
async fn a_tracking_feed_follows_the_parcel_and_the_customer_hears_of_each_step() {
    let Some(stack) = headless().await else { return };
    stack.autopilot(false).await;
    let order = bought(&stack, json!({ "email": "ada@example.com" })).await;
    stack
        .until("the partner to make it", 60, async || {
            let effects = stack.journey(order).await.effects;
            let done = |key: &str| {
                effects.iter().any(|one| one.key.to_string() == key && matches!(one.state, State::Done { .. }))
            };
            done("partner-release#printful#1").then_some(())
        })
        .await;
    stack.at_partner(order, "produce", json!({})).await;
    told(&stack, order, "in-production").await;
    let number = format!("9400{:018}", order % 1_000_000);
    stack.at_partner(order, "ship", json!({ "tracking_number": number, "carrier": "USPS" })).await;
    told(&stack, order, "shipped").await;
    stack
        .until("the feed to follow it", 60, async || {
            let followed = stack.look_at("tracking/easypost").await;
            followed.as_array().unwrap().iter().any(|one| one["number"] == *number).then_some(())
        })
        .await;
    for (act, mail) in [
        ("transit", None),
        ("out", Some("out-for-delivery")),
        ("pickup", Some("problem")),
        ("deliver", Some("delivered")),
    ] {
        stack.sandbox(Method::POST, &format!("tracking/easypost/{number}/{act}"), json!({})).await;
        if let Some(mail) = mail {
            told(&stack, order, mail).await;
        }
    }
    // The other half goes its way by itself.
    stack.autopilot(true).await;
    stack.until("nothing to be open", 90, async || stack.open(order).await.is_empty().then_some(())).await;
    assert_eq!(stack.look_at("unexpected").await, json!([]));
}

/// Waits for a mail of this kind about the order.
async fn told(stack: &Stack, order: u64, kind: &str) {
    stack
        .until(&format!("a mail of {kind}"), 60, async || {
            stack.customer_mails(order).await.get(kind).is_some_and(|count| *count > 0).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_risky_payment_is_held_and_refunded_on_the_owners_word() {
    let Some(stack) = headless().await else { return };
    let order = bought(&stack, json!({ "email": "eve@example.com", "risk": "highest" })).await;
    let url = link(&stack, &format!("#{order}")).await;
    let (status, body) = page(Method::GET, &url, "").await;
    assert!(status == 200 && body.contains("Stripe Radar"), "{body}");
    assert!(!body.contains("complete"), "what speaks for it is no reason: {body}");
    let refunds = async || stack.look_at("stripe/refunds").await.as_array().unwrap().len();
    let before = refunds().await;
    let (status, body) = page(Method::POST, &url, "choice=refuse&confirm=refund").await;
    assert!(status == 200 && body.contains("is refused"), "{status} {body}");
    stack
        .until("the money to go back", 60, async || {
            (refunds().await > before && stack.open(order).await.is_empty()).then_some(())
        })
        .await;
    assert_eq!(
        (refunds().await, at(&stack, "printful", order).await, at(&stack, "workshop", order).await),
        (before + 1, 0, 0)
    );
    assert_eq!(stack.look_at("unexpected").await, json!([]));
}

#[tokio::test]
async fn stripe_tells_of_every_topic_and_a_test_order_leaves_nothing() {
    let Some(stack) = headless().await else { return };
    let answer = asked(&stack, json!({ "operator": "subscriptions" })).await;
    let lines = answer["subscriptions"].as_array().unwrap();
    assert!(
        !lines.is_empty() && lines.iter().all(|line| line["state"] == "there" || line["state"] == "made"),
        "{answer}"
    );
    let placed = asked(&stack, json!({ "operator": "test-order" })).await;
    let order: u64 = placed["order"].as_str().unwrap().parse().unwrap();
    stack
        .until("the draft to be taken back", 60, async || {
            let effects = stack.journey(order).await.effects;
            let back = |key: &str| key.starts_with("partner-cancel");
            effects
                .iter()
                .any(|one| back(&one.key.to_string()) && matches!(one.state, State::Done { .. }))
                .then_some(())
        })
        .await;
    asked(&stack, json!({ "operator": "test-order-clean-up", "order": order.to_string() })).await;
    stack.until("the test order to be over", 60, async || stack.open(order).await.is_empty().then_some(())).await;
    assert_eq!(stack.look_at("unexpected").await, json!([]));
}
