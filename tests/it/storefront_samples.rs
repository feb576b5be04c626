//! Stripe's objects as others recorded them, under the headless store: whatever their age, they are read, and what they say of
//! money becomes the order's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::order::{AttemptOutcome, Payment};
use domain::subject::OrderId;
use lambda::Secrets;
use lambda::config::StripeSection;
use serde_json::{Value, json};
use store::headless::cart::Cart;
use store::headless::table::Memory;
use store::headless::{Headless, Parts};
use store::{ReadOrder, ResolvePayment, Resolved};

use crate::storefront::section;
use crate::support::samples;
use crate::world::SimClock;

/// A Stripe that answers what it was given, by path.
type Account = Arc<BTreeMap<String, Value>>;

async fn answer(State(account): State<Account>, uri: Uri) -> Response {
    match account.get(uri.path()) {
        Some(object) => Json(object.clone()).into_response(),
        None if uri.path().ends_with('s') => {
            Json(json!({ "object": "list", "data": [], "has_more": false })).into_response()
        }
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": { "type": "invalid_request_error" } }))).into_response(),
    }
}

async fn account(objects: Vec<(String, Value)>) -> Headless<Arc<Memory>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stripe = StripeSection { base_url: format!("http://{}", listener.local_addr().unwrap()) };
    let router = axum::Router::new().fallback(answer).with_state(Arc::new(objects.into_iter().collect()));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let secrets = Secrets::from_pairs([("call/stripe/secret-key", "sk_test_example")]);
    let (checkout, http) = (section(), lambda::http::client(2).unwrap());
    let clock = Arc::new(SimClock::starting_at("2026-11-22T02:13:00Z"));
    let parts = Parts { shop: "example-prints", stripe: &stripe, checkout: &checkout, secrets: &secrets, http, clock };
    Headless::new(Arc::new(Memory::default()), parts).unwrap()
}

fn object(samples: &Path, file: &str) -> Value {
    let text = std::fs::read(samples.join("stripe").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let json: Value = serde_json::from_slice(&text).unwrap();
    if json["object"] == "event" { json["data"]["object"].clone() } else { json }
}

/// The object as if it were about our order #1001, under the path it is asked by.
fn ours(kind: &str, mut object: Value) -> (String, Value) {
    object["metadata"] = json!({ "baton_order": "1001", "baton_shop": "example-prints" });
    (format!("/v1/{kind}/{}", object["id"].as_str().unwrap()), object)
}

/// An order #1001 that nobody has paid, whose session Stripe made as its answer says.
async fn begin(store: &Headless<Arc<Memory>>, currency: &str) {
    let cart: Cart = serde_json::from_value(json!({
        "cart": "cart-0001", "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 1 }], "currency": currency,
    }))
    .unwrap();
    // No session can be made here: the row stands before it is asked for.
    store.begin(&cart.price(&section(), store.shop()).unwrap(), None).await.unwrap_err();
}

#[tokio::test]
async fn a_recorded_checkout_in_yen_is_a_paid_order() {
    let Some(samples) = samples() else { return };
    let session = object(&samples, "event_checkout_session_completed_jpy_no_shipping.json");
    let (id, total) = (session["id"].as_str().unwrap().to_owned(), session["amount_total"].as_i64().unwrap());
    let store = account(vec![ours("checkout/sessions", session)]).await;
    begin(&store, "JPY").await;
    let Resolved::Order { order, facts, .. } = store.resolve("checkout.session.completed", &id).await.unwrap() else {
        panic!("not ours")
    };
    assert_eq!(order, OrderId(1001));
    assert!(facts.iter().any(|fact| fact.id().0 == "paid"), "{facts:?}");
    let order = store.order(order).await.unwrap().unwrap();
    assert_eq!((&order.payment, order.amounts.shop.total.0.minor()), (&Payment::Paid, total), "yen have no cents");
    assert!(order.ship_to.is_none(), "it went nowhere");
}

#[tokio::test]
async fn recorded_payments_of_any_age_are_read() {
    let Some(samples) = samples() else { return };
    let mut seen = 0;
    for file in [
        "djstripe_payment_intent.json",
        "event_payment_intent_canceled.json",
        "event_payment_intent_payment_failed.json",
        "event_payment_intent_requires_action.json",
        "event_payment_intent_succeeded.json",
        "official_fixture_payment_intent.json",
    ] {
        let (path, intent) = ours("payment_intents", object(&samples, file));
        let id = intent["id"].as_str().unwrap().to_owned();
        for charge in ["djstripe_charge.json", "event_charge_failed.json", "official_fixture_charge.json"] {
            let charge = object(&samples, charge);
            let failed = charge["status"] == "failed";
            let charges = json!({ "object": "list", "data": [charge], "has_more": false });
            let store = account(vec![(path.clone(), intent.clone()), ("/v1/charges".to_owned(), charges)]).await;
            begin(&store, "USD").await;
            let resolved = store.resolve("told", &id).await;
            let Ok(Resolved::Order { order, .. }) = resolved else { panic!("{file}: {resolved:?}") };
            let order = store.order(order).await.unwrap().unwrap();
            assert_eq!(order.attempts[0].outcome == AttemptOutcome::Failed, failed, "{file}");
            seen += 1;
        }
    }
    assert_eq!(seen, 18);
}

#[tokio::test]
async fn recorded_disputes_refunds_and_warnings_lead_to_the_order() {
    let Some(samples) = samples() else { return };
    for (kind, file) in [
        ("disputes", "djstripe_dispute_dp_fakefakefakefake01.json"),
        ("disputes", "djstripe_dispute_dp_funds_reinstated_full.json"),
        ("disputes", "event_charge_dispute_closed.json"),
        ("disputes", "event_charge_dispute_created.json"),
        ("disputes", "official_fixture_dispute.json"),
        ("refunds", "event_refund_created.json"),
        ("refunds", "official_fixture_refund.json"),
        ("radar/early_fraud_warnings", "event_early_fraud_warning_created.json"),
        ("radar/early_fraud_warnings", "official_fixture_radar_early_fraud_warning.json"),
    ] {
        let mut told = object(&samples, file);
        let (path, intent) = ours("payment_intents", object(&samples, "event_payment_intent_succeeded.json"));
        told["payment_intent"] = intent["id"].clone();
        let (own, told) = ours(kind, told);
        let store = account(vec![(own, told.clone()), (path, intent)]).await;
        begin(&store, "USD").await;
        let resolved = store.resolve("told", told["id"].as_str().unwrap()).await;
        let Ok(Resolved::Order { order, .. }) = resolved else { panic!("{file}: {resolved:?}") };
        let order = store.order(order).await.unwrap().unwrap();
        let found = [order.disputes.len(), order.refunds.len(), order.assessments.len()];
        let wanted = match kind {
            "disputes" => [1, 0, 0],
            "refunds" => [0, 1, 0],
            _ => [0, 0, 1],
        };
        assert_eq!(found, wanted, "{file}");
    }
}
