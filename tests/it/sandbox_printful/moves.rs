//! What happens to an order at the partner's side, and the signed webhooks that tell it.

use super::{Partner, config, order};
use crate::support;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use reqwest::Method;
use sandbox::config::AutopilotConfig;
use sandbox::partners::Played as _;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a door received: headers and body.
type Received = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// A door that checks every signature by itself; a wrong one is a 401 and stays out of the list.
async fn door() -> (String, Received) {
    async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> StatusCode {
        use hmac::{KeyInit as _, Mac as _};
        let signature = headers.get("x-pf-webhook-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&[0x00, 0xff, 0x10, 0xa5]).unwrap();
        mac.update(&body);
        if mac.verify_slice(&hex::decode(signature).unwrap_or_default()).is_err() {
            return StatusCode::UNAUTHORIZED;
        }
        received.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
        StatusCode::OK
    }
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new()
        .route("/webhooks/printful/path-of-the-test", axum::routing::post(receive))
        .with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received)
}

fn kinds(received: &Received) -> Vec<String> {
    received.lock().unwrap().iter().map(|(_, body)| body["type"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the door has received this many of one type.
async fn wait_for(received: &Received, kind: &str, times: usize) -> Vec<Value> {
    for _ in 0..250 {
        let found: Vec<Value> =
            received.lock().unwrap().iter().map(|(_, body)| body.clone()).filter(|body| body["type"] == kind).collect();
        if found.len() >= times {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{times} of {kind} did not come: {:?}", kinds(received));
}

#[tokio::test]
async fn the_autopilot_takes_an_order_to_its_customer() {
    let (url, received) = door().await;
    let mut config = config();
    config.intake_url = Some(url);
    config.autopilot = AutopilotConfig { on: true, accept_after_ms: 40, ship_after_ms: 40, deliver_after_ms: 40 };
    let partner = Partner::start(config).await;
    let (_, created) = partner.create("?confirm=true", &order("1001")).await;
    assert_eq!(created["result"]["status"], "pending");
    assert_eq!(partner.sandbox.printful.pending(), 1);
    let sent = wait_for(&received, "shipment_sent", 1).await;
    let delivered = wait_for(&received, "shipment_delivered", 1).await;
    assert_eq!(partner.sandbox.printful.pending(), 0);
    for (body, delivered_at) in [(&sent[0], false), (&delivered[0], true)] {
        assert_eq!(body["data"]["order"]["id"], created["result"]["id"]);
        assert_eq!(body["data"]["order"]["external_id"], "1001");
        assert_eq!(body["data"]["order"]["status"], "fulfilled");
        assert_eq!(body["data"]["shipment"]["delivered_at"].is_string(), delivered_at);
    }
    let (_, seen) = partner.send(Method::GET, "/orders/@1001", None).await;
    assert_eq!(seen["result"]["status"], "fulfilled");
    assert_eq!(seen["result"]["shipments"][0]["tracking_number"], sent[0]["data"]["shipment"]["tracking_number"]);
    let statuses: Vec<Value> = wait_for(&received, "order_updated", 3)
        .await
        .iter()
        .map(|body| body["data"]["order"]["status"].clone())
        .collect();
    assert!(statuses.contains(&json!("inprocess")), "{statuses:?}");
    assert!(!kinds(&received).contains(&"order_created".to_owned()), "not subscribed to");
    let headers = received.lock().unwrap()[0].0.clone();
    assert!(headers.contains_key("x-pf-webhook-public-key"));
}

#[tokio::test]
async fn a_switched_off_autopilot_goes_on_where_it_stopped() {
    let mut config = config();
    config.autopilot = AutopilotConfig { on: true, accept_after_ms: 1, ship_after_ms: 1, deliver_after_ms: 1 };
    let partner = Partner::start(config).await;
    partner.control(Method::POST, "autopilot", &json!({"on": false})).await;
    partner.create("?confirm=true", &order("1001")).await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(partner.sandbox.printful.list()[0]["status"], "pending");
    partner.control(Method::POST, "autopilot", &json!({"on": true})).await;
    for _ in 0..100 {
        if partner.sandbox.printful.pending() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(partner.sandbox.printful.list()[0]["shipments"][0]["delivered"], true);
}

#[tokio::test]
async fn acts_by_hand_with_two_parcels_and_one_sent_again() {
    let (url, received) = door().await;
    let mut config = config();
    config.intake_url = Some(url);
    let partner = Partner::start(config).await;
    let (_, created) = partner.create("?confirm=true", &order("1001")).await;
    let id = created["result"]["id"].to_string();
    let first = created["result"]["items"][0]["id"].clone();
    assert_eq!(partner.act(&id, "deliver", json!({})).await.0, 409);
    assert_eq!(partner.act(&id, "produce", json!({})).await.1["status"], "inprocess");
    assert_eq!(partner.act(&id, "produce", json!({})).await.0, 409);
    let parcel =
        json!({"tracking_number": "1Z1", "carrier": "UPS", "items": [{"id": first.to_string(), "quantity": 1}]});
    assert_eq!(partner.act(&id, "ship", parcel).await.1["status"], "partial");
    assert_eq!(partner.act(&id, "ship", json!({"items": [{"id": first, "quantity": 2}]})).await.0, 409, "one is left");
    assert_eq!(
        partner.act(&id, "ship", json!({"tracking_number": "1Z2", "carrier": "UPS"})).await.1["status"],
        "fulfilled"
    );
    assert_eq!(partner.act(&id, "ship", json!({})).await.0, 409, "nothing is left");
    assert_eq!(partner.act(&id, "ship", json!({"tracking_number": "1Z3", "reshipment": true})).await.0, 200);
    assert_eq!(partner.act(&id, "deliver", json!({"tracking_number": "1Z3"})).await.0, 200);
    assert_eq!(partner.act(&id, "return", json!({"tracking_number": "1Z1", "reason": "Refused"})).await.0, 200);
    assert_eq!(partner.act(&id, "deliver", json!({"tracking_number": "1Z1"})).await.0, 409, "it came back");
    assert_eq!(partner.act(&id, "cancel", json!({})).await.0, 409, "it has left");
    let sent = wait_for(&received, "shipment_sent", 3).await;
    let mut numbers: Vec<(String, bool)> = sent
        .iter()
        .map(|body| {
            let shipment = &body["data"]["shipment"];
            (shipment["tracking_number"].as_str().unwrap().to_owned(), shipment["reshipment"].as_bool().unwrap())
        })
        .collect();
    numbers.sort();
    assert_eq!(numbers, [("1Z1".to_owned(), false), ("1Z2".to_owned(), false), ("1Z3".to_owned(), true)]);
    assert_eq!(wait_for(&received, "shipment_returned", 1).await[0]["data"]["reason"], "Refused");
    assert_eq!(partner.act("7", "ship", json!({})).await, (404, json!({"error": "Printful holds no order 7"})));
    assert_eq!(partner.act(&id, "lost", json!({})).await.0, 400);
    let listed = &partner.sandbox.printful.list()[0];
    assert_eq!((&listed["id"], listed["received_at"].is_string()), (&json!(id), true));
}

#[tokio::test]
async fn held_released_failed_and_cancelled() {
    let (url, received) = door().await;
    let mut config = config();
    config.intake_url = Some(url);
    config.autopilot = AutopilotConfig { on: false, accept_after_ms: 1, ship_after_ms: 1, deliver_after_ms: 1 };
    let partner = Partner::start(config).await;
    let mut ids = Vec::new();
    for external_id in ["1", "2", "3", "4"] {
        let (_, created) = partner.create("?confirm=true", &order(external_id)).await;
        ids.push(created["result"]["id"].to_string());
    }
    assert_eq!(partner.act(&ids[0], "hold", json!({"reason": "The file is too small"})).await.1["status"], "onhold");
    let held = wait_for(&received, "order_put_hold", 1).await;
    assert_eq!(held[0]["data"]["reason"], "The file is too small");
    let (status, refused) = partner.send(Method::DELETE, "/orders/@1", None).await;
    assert_eq!((status, &refused["error"]["reason"]), (400, &json!("BadRequest")), "held orders cannot be cancelled");
    assert_eq!(partner.act(&ids[0], "ship", json!({})).await.0, 409);
    // A released order may be back at the beginning and wants to be confirmed again.
    assert_eq!(partner.act(&ids[0], "release", json!({"to": "draft"})).await.1["status"], "draft");
    wait_for(&received, "order_remove_hold", 1).await;
    assert_eq!(partner.send(Method::POST, "/orders/@1/confirm", None).await.0, 200);
    let (status, refused) = partner.send(Method::POST, "/orders/@1/confirm", None).await;
    assert_eq!((status, &refused["error"]["reason"]), (400, &json!("OR-1")), "it is confirmed");

    assert_eq!(partner.act(&ids[1], "fail", json!({"reason": "The card was refused"})).await.1["status"], "failed");
    assert_eq!(wait_for(&received, "order_failed", 1).await[0]["data"]["reason"], "The card was refused");
    assert_eq!(
        partner.send(Method::POST, "/orders/@2/confirm", None).await.0,
        200,
        "a failed order is submitted again"
    );

    assert_eq!(partner.send(Method::DELETE, "/orders/@3", None).await.1["result"]["status"], "canceled");
    assert_eq!(partner.send(Method::DELETE, "/orders/@3", None).await.0, 400);
    assert_eq!(partner.act(&ids[3], "cancel", json!({})).await.1["status"], "canceled");
    wait_for(&received, "order_canceled", 2).await;
    partner.act(&ids[0], "produce", json!({})).await;
    assert_eq!(partner.send(Method::DELETE, "/orders/@1", None).await.0, 400, "in production");

    partner.control(Method::POST, "autopilot", &json!({"on": true})).await;
    wait_for(&received, "shipment_delivered", 2).await;
    let list = partner.sandbox.printful.list();
    assert!(list[2..].iter().all(|order| order["status"] == "canceled" && order["shipments"] == json!([])), "{list:?}");
    assert_eq!(partner.findings(), Vec::<String>::new());
}

/// The published bodies and ours have the same keys and kinds.
#[tokio::test]
async fn webhooks_have_the_published_shape() {
    let Some(samples) = support::samples() else { return };
    let (url, received) = door().await;
    let mut config = config();
    config.intake_url = Some(url);
    config.printful.webhooks.push("order_created".to_owned());
    let partner = Partner::start(config).await;
    for external_id in ["1", "2", "3"] {
        partner.create("?confirm=true", &order(external_id)).await;
    }
    partner.act("@1", "hold", json!({"reason": "x"})).await;
    partner.act("@1", "release", json!({})).await;
    partner.act("@1", "ship", json!({"tracking_number": "1Z", "carrier": "UPS"})).await;
    partner.act("@1", "deliver", json!({})).await;
    partner.act("@2", "cancel", json!({"reason": "x"})).await;
    partner.act("@3", "fail", json!({"reason": "x"})).await;
    for kind in [
        "order_created",
        "order_updated",
        "order_put_hold",
        "order_remove_hold",
        "shipment_sent",
        "shipment_delivered",
        "order_canceled",
        "order_failed",
    ] {
        let ours = wait_for(&received, kind, 1).await.remove(0);
        let text = std::fs::read(samples.join(format!("printful/v2_spec_{kind}.json"))).unwrap();
        let mut published: Value = serde_json::from_slice(&text).unwrap();
        if kind == "shipment_sent" {
            // Documented as nullable: nothing is delivered yet.
            published["data"]["shipment"]["delivered_at"] = Value::Null;
        }
        assert_eq!(shape(&ours), shape(&published), "{kind}");
    }
}

/// A value with every leaf replaced by the name of its kind.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(items) => json!([items.first().map(shape)]),
        Value::String(_) => json!("string"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("boolean"),
        Value::Null => Value::Null,
    }
}

#[tokio::test]
async fn any_signed_webhook_can_be_delivered_by_hand() {
    let (url, received) = door().await;
    let mut config = config();
    config.intake_url = Some(url);
    let partner = Partner::start(config).await;
    let body =
        json!({"source": "printful", "topic": "order_updated", "payload": {"type": "order_updated"}, "times": 2});
    assert_eq!(partner.control(Method::POST, "deliver", &body).await.1, json!({"statuses": [200, 200]}));
    assert_eq!(kinds(&received).len(), 2);
    let mut wrong = body.clone();
    wrong["headers"] = json!({"X-PF-Webhook-Signature": "00"});
    assert_eq!(partner.control(Method::POST, "deliver", &wrong).await.1, json!({"statuses": [401, 401]}));
}
