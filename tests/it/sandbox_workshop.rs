//! The workshop as the sandbox plays it: the other side of the generic partner.

use crate::sandbox_partners::{Rig, answer, changed};
use crate::support::Received;
use hmac::{KeyInit as _, Mac as _};
use reqwest::{Method, RequestBuilder};
use sandbox::Config;
use sandbox::clock::epoch_seconds;
use sandbox::config::WorkshopConfig;
use serde_json::{Value, json};

const KEY: &str = "key-of-the-test";
const OLD_KEY: &str = "old-key-of-the-test";
const SECRET: &str = "secret-of-the-test";

fn config() -> Config {
    Config {
        workshop: WorkshopConfig {
            tokens: vec![KEY.to_owned(), OLD_KEY.to_owned()],
            webhook_secret: SECRET.to_owned(),
            variants: vec!["oak".to_owned(), "elm".to_owned()],
            rate_limit: 10_000,
            ..WorkshopConfig::default()
        },
        ..Config::default()
    }
}

fn order(external_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "order_name": "#1001",
        "currency": "EUR",
        "email": "ada@example.com",
        "ship_to": {
            "name": "Ada Example", "company": null, "address1": "1 Harbour Street", "address2": null,
            "city": "Exampletown", "province_code": null, "zip": "12345", "country_code": "DE", "phone": null,
        },
        "items": [
            {"line": "77", "title": "Lighthouse", "quantity": 2, "variant": "oak", "retail_price": "12.50",
             "files": [{"placement": "default", "url": "https://files.example.com/lighthouse.png"}],
             "texts": [{"name": "Engraving", "value": "For Grace"}]},
            {"line": "78", "title": "Harbour", "quantity": 1, "variant": "elm", "retail_price": "9"},
        ],
    })
}

/// The signature, computed here.
fn signature(key: &str, time: i64, method: &str, path: &str, body: &[u8]) -> String {
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{time}.{method}.{path}.").as_bytes());
    mac.update(body);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn signed(rig: &Rig, key: &str, time: i64, method: &Method, path: &str, body: &str) -> RequestBuilder {
    rig.request(method.clone(), &format!("/workshop{path}"))
        .header("Baton-Timestamp", time.to_string())
        .header("Baton-Signature", signature(key, time, method.as_str(), path, body.as_bytes()))
        .header("content-type", "application/json")
        .body(body.to_owned())
}

async fn call(rig: &Rig, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let text = body.map(ToString::to_string).unwrap_or_default();
    let mut request = signed(rig, KEY, epoch_seconds(), &method, path, &text);
    if let Some(id) = body.and_then(|body| body["external_id"].as_str()) {
        request = request.header("Idempotency-Key", id);
    }
    answer(request).await
}

async fn post(rig: &Rig, path: &str, body: &Value) -> (u16, Value) {
    call(rig, Method::POST, path, Some(body)).await
}

async fn get(rig: &Rig, path: &str) -> (u16, Value) {
    call(rig, Method::GET, path, None).await
}

async fn create(rig: &Rig, external_id: &str) -> String {
    let (status, created) = post(rig, "/orders", &order(external_id)).await;
    assert_eq!(status, 201, "{created}");
    created["id"].as_str().unwrap().to_owned()
}

async fn told(rig: &Rig) -> Vec<(String, Value)> {
    let received = rig.received().await;
    for one in &received {
        assert!(is_signed(one), "{one:?}");
    }
    received.iter().map(|one| (one.json()["type"].as_str().unwrap().to_owned(), one.json())).collect()
}

fn is_signed(one: &Received) -> bool {
    let time: i64 = one.header("baton-timestamp").parse().unwrap();
    let wanted = signature(SECRET, time, "POST", "/webhooks/partner/workshop", &one.body);
    one.path == "/webhooks/partner/workshop"
        && one.header("baton-signature") == wanted
        && epoch_seconds().abs_diff(time) < 60
}

#[tokio::test]
async fn an_order_is_a_draft_then_made_and_never_two() {
    let rig = Rig::start(config()).await;
    let (status, created) = post(&rig, "/orders", &order("b-1")).await;
    assert_eq!((status, &created["status"], &created["external_id"]), (201, &json!("draft"), &json!("b-1")));
    assert_eq!(created["cost"], json!({"amount": "46.25", "currency": "USD"}), "3 x 12.50 + 4.75 + 2 x 2.00");
    // Whatever the body says now.
    let (status, again) = post(&rig, "/orders", &changed(order("b-1"), "/order_name", json!("#1002"))).await;
    assert_eq!((status, &again), (200, &created));
    assert_eq!(rig.orders("workshop").await.len(), 1);
    let id = created["id"].as_str().unwrap();
    let path = format!("/orders/{id}/release");
    let (status, released) = post(&rig, &path, &json!({})).await;
    assert_eq!((status, &released["status"]), (200, &json!("released")));
    assert_eq!(post(&rig, &path, &json!({})).await, (200, released), "also the second time");
    let (_, found) = get(&rig, "/orders?external_id=b-1").await;
    assert_eq!(found["orders"][0]["id"], id);
    assert_eq!(get(&rig, "/orders?external_id=b-2").await.1, json!({"orders": []}));
    assert_eq!(rig.findings(), Vec::<String>::new());
    assert_eq!(post(&rig, "/orders/W-none/release", &json!({})).await.0, 404);
}

#[tokio::test]
async fn cancelling_and_a_new_address() {
    let rig = Rig::start(config()).await;
    let there = changed(order("x")["ship_to"].clone(), "/city", json!("Elsewhere"));
    let there = json!({"ship_to": there});
    let id = create(&rig, "b-1").await;
    let path = |act: &str| format!("/orders/{id}/{act}");
    assert_eq!(post(&rig, &path("address"), &there).await, (200, json!({"outcome": "changed"})));
    assert_eq!(rig.orders("workshop").await[0]["request"]["ship_to"]["city"], "Elsewhere");
    post(&rig, &path("release"), &json!({})).await;
    let (status, cancelled) = post(&rig, &path("cancel"), &json!({})).await;
    assert_eq!((status, &cancelled["status"]), (200, &json!("cancelled")));
    assert_eq!(post(&rig, &path("cancel"), &json!({})).await.0, 200, "also the second time");
    assert_eq!(post(&rig, &path("release"), &json!({})).await.0, 409);
    assert_eq!(post(&rig, &path("address"), &there).await.0, 409);

    let made = create(&rig, "b-2").await;
    post(&rig, &format!("/orders/{made}/release"), &json!({})).await;
    rig.act("workshop", &made, "produce", json!({})).await;
    assert_eq!(post(&rig, &format!("/orders/{made}/address"), &there).await.1, json!({"outcome": "asked"}));
    let (status, late) = post(&rig, &format!("/orders/{made}/cancel"), &json!({})).await;
    assert!(status == 409 && late["reason"].is_string(), "{late}");
    assert_eq!(rig.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn every_piece_of_news_is_signed_and_names_our_lines() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "b-1").await;
    post(&rig, &format!("/orders/{id}/release"), &json!({})).await;
    rig.act("workshop", &id, "hold", json!({"reason": "the oak is late", "status": "out_of_stock"})).await;
    let (_, held) = get(&rig, "/orders?external_id=b-1").await;
    assert_eq!(held["orders"][0]["stopped"], json!({"why": "out_of_stock", "reason": "the oak is late"}));
    assert_eq!(held["orders"][0]["status"], "released");
    rig.act("workshop", &id, "release", json!({})).await;
    rig.act("workshop", &id, "produce", json!({})).await;
    rig.act("workshop", &id, "ship", json!({"tracking_number": "T1", "carrier": "DHL"})).await;
    rig.act("workshop", &id, "deliver", json!({})).await;
    rig.act("workshop", &id, "return", json!({"reason": "nobody there"})).await;
    let told = told(&rig).await;
    let mut kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "order.accepted",
            "order.resumed",
            "order.stopped",
            "shipment.delivered",
            "shipment.returned",
            "shipment.sent"
        ]
    );
    let of = |kind: &str| told.iter().find(|(given, _)| given == kind).unwrap().1.clone();
    assert!(
        told.iter().all(|(_, news)| news["order"] == json!({"id": id, "external_id": "b-1"}) && news["at"].is_string())
    );
    assert_eq!(of("order.stopped")["stopped"]["why"], "out_of_stock");
    assert_eq!(of("shipment.sent")["shipment"]["tracking_number"], "T1");
    assert_eq!(of("shipment.returned")["reason"], "nobody there");
    let (_, seen) = get(&rig, "/orders?external_id=b-1").await;
    let shipment = &seen["orders"][0]["shipments"][0];
    assert_eq!(shipment["items"], json!([{"line": "77", "quantity": 2}, {"line": "78", "quantity": 1}]));
    assert_eq!((&shipment["delivered"], &seen["orders"][0]["status"]), (&json!(true), &json!("producing")));
    let gone = create(&rig, "b-2").await;
    rig.act("workshop", &gone, "cancel", json!({"reason": "the saw broke"})).await;
    let stopped: Vec<Value> = self::told(&rig).await.into_iter().map(|(_, news)| news["stopped"].clone()).collect();
    assert!(stopped.contains(&json!({"why": "cancelled", "reason": "the saw broke"})), "{stopped:?}");
}

#[tokio::test]
async fn open_orders_come_in_pages() {
    let rig = Rig::start(config()).await;
    for number in 0..45 {
        create(&rig, &format!("b-{number}")).await;
    }
    let mut seen = Vec::new();
    let mut path = "/orders?open=true".to_owned();
    loop {
        let (status, page) = get(&rig, &path).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(
            page["orders"].as_array().unwrap().iter().map(|order| order["external_id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/orders?open=true&after={next}");
    }
    let wanted: Vec<String> = (0..45).rev().map(|number| format!("b-{number}")).collect();
    assert_eq!(seen, wanted, "each once, the newest first");
    assert_eq!(rig.findings(), Vec::<String>::new());
    assert_eq!(get(&rig, "/orders").await.0, 400);
    assert_eq!(get(&rig, "/orders?open=true&after=W-none").await.0, 400);
}

#[tokio::test]
async fn variants_funds_and_what_is_not_offered() {
    let mut config = config();
    config.workshop.not_offered = vec!["get_funds".to_owned()];
    let rig = Rig::start(config).await;
    rig.control(Method::PUT, "partner/workshop/cost", &json!({"per_item": "8.40", "currency": "EUR"})).await;
    rig.control(Method::PUT, "partner/workshop/variants/elm%20%2F%20dark", &json!({"available": "discontinued"})).await;
    let (_, oak) = get(&rig, "/variants/oak").await;
    assert_eq!((&oak["available"], &oak["price"]), (&json!("yes"), &json!({"amount": "8.40", "currency": "EUR"})));
    assert_eq!(get(&rig, "/variants/elm%20%2F%20dark").await.1["available"], "discontinued");
    assert_eq!(get(&rig, "/variants/birch").await.0, 404);
    assert_eq!(get(&rig, "/variants").await.1["variants"].as_array().unwrap().len(), 3);
    assert_eq!(get(&rig, "/funds").await.0, 405);
    rig.control(Method::PUT, "partner/workshop/variants/oak", &json!({"available": "out_of_stock"})).await;
    let (status, refused) = post(&rig, "/orders", &order("b-1")).await;
    assert!(status == 422 && refused["reason"].as_str().unwrap().contains("out of stock"), "{refused}");
    assert_eq!(rig.findings(), Vec::<String>::new());
    let rig = Rig::start(self::config()).await;
    assert_eq!(get(&rig, "/funds").await.1, json!({"amount": "250.00", "currency": "EUR"}));
}

#[tokio::test]
async fn only_fresh_requests_with_the_right_signature_are_read() {
    let rig = Rig::start(config()).await;
    let now = epoch_seconds();
    let body = order("b-1").to_string();
    let send = |key: &str, time: i64| {
        signed(&rig, key, time, &Method::POST, "/orders", &body).header("Idempotency-Key", "b-1")
    };
    let bare = || rig.request(Method::POST, "/workshop/orders").body(body.clone());
    let of_another = signature(KEY, now, "GET", "/orders?external_id=b-1", b"");
    let refusals = [
        (send("another key", now), "does not fit"),
        (send(KEY, now - 310), "seconds away"),
        (send(KEY, now + 330), "seconds away"),
        (send(KEY, now).body(body.replace("#1001", "#1002")), "does not fit"),
        (bare(), "whole seconds"),
        (bare().header("Baton-Timestamp", "soon"), "whole seconds"),
        (bare().header("Baton-Timestamp", now.to_string()), "is missing"),
        (
            rig.request(Method::GET, "/workshop/orders?external_id=b-2")
                .header("Baton-Timestamp", now.to_string())
                .header("Baton-Signature", of_another),
            "does not fit",
        ),
    ];
    let wanted = refusals.len();
    for (request, why) in refusals {
        let (status, refused) = answer(request).await;
        assert!(status == 401 && refused["reason"].as_str().unwrap().contains(why), "{why}: {status} {refused}");
    }
    assert_eq!(rig.findings().len(), wanted);
    assert!(rig.orders("workshop").await.is_empty());
    for request in [send(OLD_KEY, now), send(KEY, now - 240)] {
        let (status, _) = answer(request).await;
        assert!([200, 201].contains(&status));
    }
    let both = format!("v1={}, {}", "0".repeat(64), signature(KEY, now, "GET", "/orders?external_id=b-1", b""));
    let request =
        rig.request(Method::GET, "/workshop/orders?external_id=b-1").header("Baton-Timestamp", now.to_string());
    assert_eq!(answer(request.header("Baton-Signature", both)).await.0, 200, "one that fits is enough");
    assert!(!serde_json::to_string(&rig.sandbox.ctx.unexpected.list()).unwrap().contains(KEY));
}

#[tokio::test]
async fn each_wrong_order_is_refused_with_the_field_named() {
    let rig = Rig::start(config()).await;
    let with = |pointer: &str, to: Value| changed(order("b-1"), pointer, to);
    let wrong = [
        (with("/external_id", Value::Null), 400, "external_id is missing"),
        (with("/order_name", json!(1001)), 400, "order_name must be a text"),
        (with("/currency", json!("euros")), 400, "currency is no ISO 4217"),
        (with("/email", json!("ada")), 400, "email is no address"),
        (with("/ship_to", Value::Null), 400, "ship_to is missing"),
        (with("/ship_to/name", Value::Null), 400, "ship_to.name is missing"),
        (with("/ship_to/zip", json!(12_345)), 400, "ship_to.zip must be a text"),
        (with("/ship_to/country_code", json!("Germany")), 400, "ship_to.country_code"),
        (with("/items", json!([])), 400, "items must not be empty"),
        (with("/items/0/line", json!(77)), 400, "items.0.line must be a text"),
        (with("/items/0/quantity", json!(0)), 400, "items.0.quantity"),
        (with("/items/0/retail_price", json!("12.505")), 400, "items.0.retail_price"),
        (with("/items/0/retail_price", json!(12)), 400, "items.0.retail_price must be a text"),
        (with("/items/0/files/0/url", json!("a.png")), 400, "items.0.files.0.url"),
        (with("/items/0/texts", json!([{"name": "Engraving"}])), 400, "items.0.texts.0.value is missing"),
        (with("/items/0/variant", Value::Null), 400, "items.0.variant or store_variant"),
        (with("/items/0/store_variant", json!("5")), 400, "items.0.variant or store_variant"),
        (with("/items/0/variant", json!("birch")), 422, "\"birch\" is nothing we make"),
    ];
    for (order, wanted, words) in &wrong {
        let (status, answer) = post(&rig, "/orders", order).await;
        let reason = answer["reason"].as_str().unwrap_or_default().to_owned();
        assert!(status == *wanted && reason.contains(words), "{words}: {status} {answer}");
        assert_eq!(rig.findings().last(), Some(&reason));
    }
    let text = order("b-1").to_string();
    let other_key =
        signed(&rig, KEY, epoch_seconds(), &Method::POST, "/orders", &text).header("Idempotency-Key", "b-2");
    assert_eq!(answer(other_key).await.0, 400);
    assert_eq!(rig.findings().len(), wrong.len() + 1);
    assert!(rig.orders("workshop").await.is_empty());
    let unknown = changed(order("b-1"), "/gift", json!(true));
    assert_eq!(post(&rig, "/orders", &unknown).await.0, 201, "fields nobody knows are ignored");
}

#[tokio::test]
async fn faults_and_the_rate_limit() {
    let mut config = config();
    config.workshop.rate_limit = 4;
    let rig = Rig::start(config).await;
    for (fault, wanted) in [("refuse", 422), ("5xx", 500), ("429", 429)] {
        rig.arm("workshop", "create_order", fault).await;
        assert_eq!(post(&rig, "/orders", &order("b-1")).await.0, wanted, "{fault}");
    }
    rig.arm("workshop", "create_order", "lost_answer").await;
    let text = order("b-1").to_string();
    let lost = signed(&rig, KEY, epoch_seconds(), &Method::POST, "/orders", &text).header("Idempotency-Key", "b-1");
    assert!(lost.send().await.is_err());
    assert_eq!(post(&rig, "/orders", &order("b-1")).await.0, 200, "it is there");
    for _ in 0..2 {
        assert_eq!(get(&rig, "/orders?external_id=b-1").await.0, 200);
    }
    let limited = signed(&rig, KEY, epoch_seconds(), &Method::GET, "/variants", "").send().await.unwrap();
    assert_eq!(limited.status(), 429);
    assert!(limited.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 60);
    assert_eq!(rig.findings(), Vec::<String>::new());
}
