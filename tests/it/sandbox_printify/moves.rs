//! What happens to an order at Printify's side, and the webhooks that tell it.

use super::{PRODUCT, SECRET, asked, config, create, get, post};
use crate::sandbox_partners::{Rig, answer};
use crate::support::{self, Received};
use reqwest::Method;
use sandbox::config::AutopilotConfig;
use serde_json::{Value, json};

/// Whether a webhook is signed with `secret`, computed here.
fn is_signed(received: &Received, secret: &str) -> bool {
    use hmac::{KeyInit as _, Mac as _};
    let given = received.header("x-pfy-signature").strip_prefix("sha256=").unwrap_or_default();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&received.body);
    mac.verify_slice(&hex::decode(given).unwrap_or_default()).is_ok()
}

async fn told(rig: &Rig) -> Vec<(String, Value)> {
    let received = rig.received().await;
    received.iter().map(|one| (one.json()["type"].as_str().unwrap().to_owned(), one.json())).collect()
}

fn count(told: &[(String, Value)], topic: &str) -> usize {
    told.iter().filter(|(kind, _)| kind == topic).count()
}

fn one(told: &[(String, Value)], topic: &str) -> Value {
    told.iter().find(|(kind, _)| kind == topic).unwrap_or_else(|| panic!("{topic}")).1.clone()
}

#[tokio::test]
async fn every_step_is_told_and_signed() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "1001").await;
    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    rig.act("printify", &id, "produce", json!({})).await;
    let listed = rig.act("printify", &id, "ship", json!({"tracking_number": "T1", "carrier": "UPS"})).await;
    assert_eq!((&listed["status"], &listed["shipments"][0]["carrier"]), (&json!("fulfilled"), &json!("UPS")));
    rig.act("printify", &id, "deliver", json!({})).await;

    let received = rig.received().await;
    assert!(received.iter().all(|one| is_signed(one, SECRET) && one.path == "/webhooks/printify"), "{received:?}");
    assert!(!received.iter().any(|one| is_signed(one, "another")));
    let told = told(&rig).await;
    for (topic, times) in [
        ("order:created", 1),
        ("order:sent-to-production", 1),
        ("order:shipment:created", 1),
        ("order:shipment:delivered", 1),
        ("order:updated", 3),
    ] {
        assert_eq!(count(&told, topic), times, "{topic}");
    }
    let ids: std::collections::BTreeSet<String> = told.iter().map(|(_, event)| event["id"].to_string()).collect();
    assert_eq!(ids.len(), told.len(), "each event has its own id");
    let shipped = one(&told, "order:shipment:created")["resource"].clone();
    assert_eq!((&shipped["id"], &shipped["type"]), (&json!(id), &json!("order")));
    assert_eq!(shipped["data"]["shop_id"], 77);
    assert_eq!(shipped["data"]["carrier"]["code"], "UPS", "upper case in events");
    assert_eq!(shipped["data"]["carrier"]["tracking_number"], "T1");
    assert_eq!(shipped["data"]["skus"].as_array().unwrap().len(), 2);
    let (_, seen) = get(&rig, &format!("/orders/{id}.json")).await;
    assert_eq!(seen["shipments"][0]["carrier"], "ups", "lower case in orders");
    assert!(seen["shipments"][0]["delivered_at"].is_string() && seen["fulfilled_at"].is_string());
    assert!(!seen.to_string().contains("\"skus\""), "an order does not say what is in a parcel");
}

#[tokio::test]
async fn an_order_in_two_parcels_and_a_second_one_for_what_was_lost() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "1001").await;
    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    let first = rig.orders("printify").await[0]["items"][0]["id"].clone();
    let path = format!("partner/printify/orders/{id}/ship");
    let ship = |body: Value| {
        let (rig, path) = (&rig, &path);
        async move { rig.control(Method::POST, path, &body).await }
    };
    let (status, refused) = ship(json!({"items": [{"id": first, "quantity": 3}]})).await;
    assert_eq!(status, 409, "{refused}");
    let (_, part) = ship(json!({"tracking_number": "T1", "items": [{"id": first, "quantity": 1}]})).await;
    assert_eq!(part["status"], "partially-fulfilled");
    let (_, seen) = get(&rig, &format!("/orders/{id}.json")).await;
    assert!(seen.get("fulfilled_at").is_none());
    let (_, whole) = ship(json!({"tracking_number": "T2"})).await;
    assert_eq!((&whole["status"], whole["shipments"].as_array().unwrap().len()), (&json!("fulfilled"), 2));
    assert_eq!(ship(json!({})).await.0, 409, "everything has left");
    let (_, again) = ship(json!({"tracking_number": "T3", "reshipment": true})).await;
    assert_eq!((&again["status"], &again["shipments"][2]["reshipment"]), (&json!("fulfilled"), &json!(true)));
    assert_eq!(count(&told(&rig).await, "order:shipment:created"), 3);
}

#[tokio::test]
async fn held_orders_have_the_words_of_their_reason() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "1001").await;
    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    rig.act("printify", &id, "hold", json!({"reason": "the file is blurred"})).await;
    assert_eq!(get(&rig, &format!("/orders/{id}.json")).await.1["status"], "has-issues");
    rig.act("printify", &id, "release", json!({})).await;
    assert_eq!(get(&rig, &format!("/orders/{id}.json")).await.1["status"], "sending-to-production");
    rig.act("printify", &id, "hold", json!({"status": "payment-not-received"})).await;
    rig.act("printify", &id, "release", json!({"to": "draft"})).await;
    assert_eq!(get(&rig, &format!("/orders/{id}.json")).await.1["status"], "on-hold", "it must be sent again");
    let told = told(&rig).await;
    let statuses: Vec<&Value> = told
        .iter()
        .filter(|(kind, _)| kind == "order:updated")
        .map(|(_, event)| &event["resource"]["data"]["status"])
        .collect();
    for status in ["has-issues", "sending-to-production", "payment-not-received", "on-hold"] {
        assert!(statuses.contains(&&json!(status)), "{status}: {statuses:?}");
    }
}

#[tokio::test]
async fn the_autopilot_leaves_drafts_alone() {
    let mut config = config();
    config.autopilot = AutopilotConfig { on: true, accept_after_ms: 30, ship_after_ms: 30, deliver_after_ms: 30 };
    let rig = Rig::start(config).await;
    let (draft, released) = (create(&rig, "1").await, create(&rig, "2").await);
    post(&rig, &format!("/orders/{released}/send_to_production.json"), &json!({})).await;
    let printify = rig.sandbox.printify.played();
    for _ in 0..250 {
        if printify.pending() == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(get(&rig, &format!("/orders/{draft}.json")).await.1["status"], "on-hold");
    let (_, seen) = get(&rig, &format!("/orders/{released}.json")).await;
    assert!(seen["status"] == "fulfilled" && seen["shipments"][0]["delivered_at"].is_string(), "{seen}");
    assert_eq!(count(&told(&rig).await, "order:shipment:delivered"), 1);
}

#[tokio::test]
async fn silent_webhooks_are_never_made_up_for() {
    let rig = Rig::start(config()).await;
    rig.control(Method::PUT, "partner/printify/webhooks", &json!({"on": false})).await;
    let id = create(&rig, "1").await;
    rig.control(Method::PUT, "partner/printify/webhooks", &json!({"on": true})).await;
    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    let told = told(&rig).await;
    assert_eq!((count(&told, "order:created"), count(&told, "order:updated")), (0, 1));
}

#[tokio::test]
async fn a_webhook_made_through_the_api() {
    let mut config = config();
    config.printify.webhooks = Vec::new();
    let rig = Rig::start(config).await;
    create(&rig, "1").await;
    assert!(told(&rig).await.is_empty(), "nothing is subscribed to");
    let door = rig.sandbox.ctx.live().intake_url.unwrap();
    let with = |topic: &str, secret: Value| json!({"topic": topic, "url": format!("{door}webhooks/printify"), "secret": secret});
    let (status, made) = post(&rig, "/webhooks.json", &with("order:created", json!("made-in-the-test"))).await;
    assert_eq!((status, &made["shop_id"]), (200, &json!("77")), "a text here: {made}");
    assert_eq!(post(&rig, "/webhooks.json", &with("order:updated", Value::Null)).await.0, 200);
    assert_eq!(post(&rig, "/webhooks.json", &with("order:created", Value::Null)).await.0, 400, "one for each topic");
    assert_eq!(post(&rig, "/webhooks.json", &with("order:shipped", Value::Null)).await.0, 400, "no such topic");
    let id = create(&rig, "2").await;
    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    let received = rig.received().await;
    let of = |topic: &str| received.iter().find(|one| one.json()["type"] == topic).unwrap();
    assert!(is_signed(of("order:created"), "made-in-the-test"));
    assert_eq!(of("order:updated").header("x-pfy-signature"), "", "a webhook without a secret is not signed");

    let id = made["id"].as_str().unwrap();
    let delete = |query: &str| answer(asked(&rig, Method::DELETE, &format!("/webhooks/{id}.json{query}")));
    assert_eq!(delete("").await.0, 400, "the host is missing");
    let host = door.trim_start_matches("http://").trim_end_matches('/').to_owned();
    assert_eq!(delete(&format!("?host={host}")).await, (200, json!({"id": id})));
    assert_eq!(get(&rig, "/webhooks.json").await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn webhooks_have_the_keys_of_the_published_ones() {
    let Some(samples) = support::samples() else { return };
    let rig = Rig::start(config()).await;
    let id = create(&rig, "1001").await;
    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    rig.act("printify", &id, "ship", json!({})).await;
    let told = told(&rig).await;
    for (topic, file) in [
        ("order:created", "webhook_order_created.json"),
        ("order:updated", "webhook_order_updated.json"),
        ("order:sent-to-production", "webhook_order_sent_to_production.json"),
        ("order:shipment:created", "webhook_order_shipment_created.json"),
    ] {
        let published: Value =
            serde_json::from_slice(&std::fs::read(samples.join("printify").join(file)).unwrap()).unwrap();
        let ours = one(&told, topic);
        for pointer in ["", "/resource", "/resource/data", "/resource/data/carrier"] {
            let keys = |value: &Value| {
                value.pointer(pointer).and_then(Value::as_object).map(|object| {
                    let mut keys: Vec<String> = object.keys().cloned().collect();
                    keys.sort();
                    keys
                })
            };
            assert_eq!(keys(&ours), keys(&published), "{topic} {pointer}");
        }
    }
    assert!(told.iter().all(|(_, event)| !event.to_string().contains("1001")), "no event names our own id");
    assert_eq!(rig.orders("printify").await[0]["items"][0]["variant"], format!("{PRODUCT}/901"));
}
