//! Printify as the sandbox plays it.

mod moves;
mod requests;

use crate::sandbox_partners::{Rig, answer};
use reqwest::{Method, RequestBuilder};
use sandbox::Config;
use sandbox::config::{PrintifyConfig, PrintifyProduct};
use serde_json::{Value, json};

const TOKEN: &str = "token-of-the-test";
const SECRET: &str = "secret-of-the-test";
const PRODUCT: &str = "65bb00000000000000000007";
const SHOP: &str = "/printify/v1/shops/77";

fn config() -> Config {
    Config {
        printify: PrintifyConfig {
            token: TOKEN.to_owned(),
            shop_id: 77,
            webhook_secret: SECRET.to_owned(),
            products: vec![PrintifyProduct { id: PRODUCT.to_owned(), variants: vec![901, 902] }],
            rate_limit: 10_000,
            ..PrintifyConfig::default()
        },
        ..Config::default()
    }
}

fn order(external_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "label": "#1001",
        "line_items": [
            {"product_id": PRODUCT, "variant_id": 901, "quantity": 2, "external_id": "11"},
            {"product_id": PRODUCT, "variant_id": 902, "quantity": 1, "external_id": "12"},
        ],
        "shipping_method": 1,
        "send_shipping_notification": false,
        "address_to": {
            "first_name": "Ada", "last_name": "Example", "email": "ada@example.com", "phone": "555-0100",
            "country": "US", "region": "IL", "address1": "1 Example Street", "address2": "", "city": "Springfield",
            "zip": "62701",
        },
    })
}

/// A request with everything that Printify wants to see.
fn asked(rig: &Rig, method: Method, path: &str) -> RequestBuilder {
    rig.request(method, &format!("{SHOP}{path}")).bearer_auth(TOKEN).header("user-agent", "Baton")
}

async fn post(rig: &Rig, path: &str, body: &Value) -> (u16, Value) {
    answer(asked(rig, Method::POST, path).json(body)).await
}

async fn get(rig: &Rig, path: &str) -> (u16, Value) {
    answer(asked(rig, Method::GET, path)).await
}

/// A new order's id.
async fn create(rig: &Rig, external_id: &str) -> String {
    let (status, created) = post(rig, "/orders.json", &order(external_id)).await;
    assert_eq!(status, 200, "{created}");
    created["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_waits_until_it_is_sent_to_production() {
    let rig = Rig::start(config()).await;
    let (status, created) = post(&rig, "/orders.json", &order("1001")).await;
    assert_eq!(status, 200);
    assert_eq!(created.as_object().unwrap().keys().collect::<Vec<_>>(), ["id"]);
    let id = created["id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|sign| sign.is_ascii_hexdigit()), "{id}");

    let (_, held) = get(&rig, &format!("/orders/{id}.json")).await;
    assert_eq!((&held["status"], &held["metadata"]["shop_order_id"]), (&json!("on-hold"), &json!("1001")));
    assert_eq!(held["metadata"]["shop_fulfilled_at"], "1970-01-01 00:00:00+00:00");
    assert!(held.get("shipments").is_none() && held.get("fulfilled_at").is_none(), "absent until there is something");
    assert_eq!(held["line_items"][0]["metadata"]["external_id"], "11");
    assert_eq!((&held["total_price"], &held["total_shipping"]), (&json!(3_750), &json!(875)), "whole cents");
    let created_at = held["created_at"].as_str().unwrap();
    assert!(created_at.as_bytes()[10] == b' ' && created_at.ends_with("+00:00"), "{created_at}");

    assert_eq!(
        post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await,
        (200, json!({"id": id}))
    );
    assert_eq!(get(&rig, &format!("/orders/{id}.json")).await.1["status"], "sending-to-production");
    let (status, again) = post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    assert_eq!((status, &again["status"]), (400, &json!("error")));
    assert!(again["errors"]["reason"].as_str().unwrap().contains("sending-to-production"), "{again}");
    assert_eq!(rig.findings(), Vec::<String>::new(), "all of it is ordinary business");
}

#[tokio::test]
async fn a_second_order_with_the_same_external_id_is_answered_with_the_first() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "1001").await;
    let (status, conflict) = post(&rig, "/orders.json", &order("1001")).await;
    assert_eq!((status, &conflict["code"]), (409, &json!(8_503)));
    assert_eq!(conflict["order"], json!({"id": id, "external_id": "1001"}));
    assert_eq!(rig.orders("printify").await.len(), 1);
    // Nothing keeps orders without one apart.
    let nameless = crate::sandbox_partners::changed(order("1"), "/external_id", Value::Null);
    for _ in 0..2 {
        assert_eq!(post(&rig, "/orders.json", &nameless).await.0, 200);
    }
    assert_eq!(rig.orders("printify").await.len(), 3);
    assert_eq!(rig.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn cancelling_works_before_production_only() {
    let rig = Rig::start(config()).await;
    let waiting = create(&rig, "1").await;
    let (status, cancelled) = post(&rig, &format!("/orders/{waiting}/cancel.json"), &json!({})).await;
    assert_eq!((status, &cancelled["status"], &cancelled["total_price"]), (200, &json!("canceled"), &json!(0)));
    assert_eq!(post(&rig, &format!("/orders/{waiting}/cancel.json"), &json!({})).await.0, 400);
    assert_eq!(post(&rig, &format!("/orders/{waiting}/send_to_production.json"), &json!({})).await.0, 400);

    let unpaid = create(&rig, "2").await;
    post(&rig, &format!("/orders/{unpaid}/send_to_production.json"), &json!({})).await;
    assert_eq!(post(&rig, &format!("/orders/{unpaid}/cancel.json"), &json!({})).await.0, 400, "it is on its way there");
    rig.act("printify", &unpaid, "hold", json!({"status": "payment-not-received", "reason": "card declined"})).await;
    assert_eq!(post(&rig, &format!("/orders/{unpaid}/cancel.json"), &json!({})).await.0, 200);

    let made = create(&rig, "3").await;
    post(&rig, &format!("/orders/{made}/send_to_production.json"), &json!({})).await;
    rig.act("printify", &made, "produce", json!({})).await;
    rig.act("printify", &made, "hold", json!({"status": "payment-not-received"})).await;
    assert_eq!(post(&rig, &format!("/orders/{made}/cancel.json"), &json!({})).await.0, 400, "production has begun");
    assert_eq!(rig.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn a_new_address_is_taken_at_once_or_looked_at_by_a_person() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "1").await;
    let path = format!("/orders/{id}/support-requests/address-change");
    let mut there = order("1")["address_to"].clone();
    there["city"] = json!("Chicago");
    let (status, taken) = post(&rig, &path, &there).await;
    assert_eq!((status, &taken["resolution"]), (200, &json!("updated_directly")), "{taken}");
    assert_eq!(get(&rig, &format!("/orders/{id}.json")).await.1["address_to"]["city"], "Chicago");

    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    rig.act("printify", &id, "produce", json!({})).await;
    there["city"] = json!("Peoria");
    let (status, asked) = post(&rig, &path, &there).await;
    assert_eq!((status, &asked["resolution"]), (201, &json!("support_request_created")));
    assert_eq!((&asked["type"], &asked["status"]), (&json!("order_address_editing"), &json!("pending")));
    assert_eq!(get(&rig, &format!("/orders/{id}.json")).await.1["address_to"]["city"], "Chicago", "nobody looked yet");
    let request = asked["id"].as_str().unwrap();
    let (_, one) = get(&rig, &format!("/orders/{id}/support-requests/{request}")).await;
    assert_eq!(get(&rig, &format!("/orders/{id}/support-requests")).await.1["data"], json!([one]));
    assert_eq!(rig.findings(), Vec::<String>::new());

    there.as_object_mut().unwrap().remove("last_name");
    assert_eq!(post(&rig, &path, &there).await.0, 400, "the description requires it");
}

#[tokio::test]
async fn lists_are_short_and_the_newest_comes_first() {
    let rig = Rig::start(config()).await;
    let mut ids = Vec::new();
    for number in 0..12 {
        ids.push(create(&rig, &number.to_string()).await);
    }
    post(&rig, &format!("/orders/{}/cancel.json", ids[3]), &json!({})).await;
    let (_, first) = get(&rig, "/orders.json").await;
    assert_eq!(
        (&first["total"], &first["last_page"], &first["next_page_url"]),
        (&json!(12), &json!(2), &json!("/?page=2"))
    );
    assert_eq!(first["data"].as_array().unwrap().len(), 10);
    assert_eq!(first["data"][0]["id"], ids[11].as_str());
    let (_, second) = get(&rig, "/orders.json?page=2").await;
    assert_eq!((second["data"].as_array().unwrap().len(), &second["next_page_url"]), (2, &Value::Null));
    let (_, cancelled) = get(&rig, "/orders.json?status=canceled&limit=5").await;
    assert_eq!((&cancelled["total"], &cancelled["data"][0]["id"]), (&json!(1), &json!(ids[3])));
    assert_eq!(rig.findings(), Vec::<String>::new());
    assert_eq!(get(&rig, "/orders.json?limit=11").await.0, 400, "at most ten");
    assert_eq!(get(&rig, "/orders.json?page=0").await.0, 400);
    assert_eq!(rig.findings().len(), 2);
}

#[tokio::test]
async fn products_say_what_can_be_made_and_what_it_costs() {
    let rig = Rig::start(config()).await;
    let set = |path: &str, body: Value| {
        let path = format!("partner/printify/{path}");
        let rig = &rig;
        async move { assert_eq!(rig.control(Method::PUT, &path, &body).await.0, 200, "{path}") }
    };
    set(&format!("variants/{PRODUCT}:902"), json!({"available": "out_of_stock"})).await;
    set("cost", json!({"per_item": "9.99", "currency": "USD"})).await;
    let (_, product) = get(&rig, &format!("/products/{PRODUCT}.json")).await;
    let shown: Vec<(&Value, &Value, &Value)> = product["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["id"], &one["is_available"], &one["cost"]))
        .collect();
    assert_eq!(shown, [(&json!(901), &json!(true), &json!(999)), (&json!(902), &json!(false), &json!(999))]);
    assert_eq!(get(&rig, "/products.json?limit=50").await.1["data"], json!([product]));
    assert_eq!(get(&rig, "/products/65bb00000000000000000008.json").await.0, 404);

    let (status, refused) = post(&rig, "/orders.json", &order("1")).await;
    assert!(status == 400 && refused["errors"]["reason"].as_str().unwrap().contains("out of stock"), "{refused}");
    assert_eq!(rig.findings(), Vec::<String>::new(), "no client can know");
    set("variants/902", json!({"available": "yes"})).await;
    set("variants/901", json!({"available": "discontinued"})).await;
    let (_, product) = get(&rig, &format!("/products/{PRODUCT}.json")).await;
    assert_eq!(
        (&product["variants"][0]["is_enabled"], &product["variants"][1]["is_enabled"]),
        (&json!(false), &json!(true))
    );
    set("variants/9%2F5%2F301", json!({"available": "yes"})).await;
    set("variants/9%2F5%2F302", json!({"available": "out_of_stock"})).await;
    let variants = |query: &str| {
        let path = format!("/printify/v1/catalog/blueprints/9/print_providers/5/variants.json{query}");
        let request = rig.request(Method::GET, &path).bearer_auth(TOKEN).header("user-agent", "Baton");
        async move {
            let ids = answer(request).await.1["variants"].as_array().unwrap().clone();
            ids.into_iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
        }
    };
    assert_eq!(variants("").await, [json!(301)]);
    assert_eq!(variants("?show-out-of-stock=1").await, [json!(301), json!(302)]);
    assert_eq!(
        rig.control(Method::PUT, "partner/printify/cost", &json!({"per_item": "9", "currency": "EUR"})).await.0,
        400
    );
}

#[tokio::test]
async fn faults_and_the_rate_limit() {
    let mut config = config();
    config.printify.rate_limit = 6;
    let rig = Rig::start(config).await;
    for (fault, wanted) in [("refuse", 400), ("5xx", 500), ("429", 429)] {
        rig.arm("printify", "create_order", fault).await;
        assert_eq!(post(&rig, "/orders.json", &order("1")).await.0, wanted, "{fault}");
    }
    assert!(rig.orders("printify").await.is_empty(), "nothing happened");
    rig.arm("printify", "create_order", "lost_answer").await;
    assert!(asked(&rig, Method::POST, "/orders.json").json(&order("1")).send().await.is_err());
    assert_eq!(rig.orders("printify").await.len(), 1, "it happened");
    assert_eq!(post(&rig, "/orders.json", &order("1")).await.0, 409);
    for _ in 0..4 {
        assert_eq!(get(&rig, "/orders.json").await.0, 200);
    }
    let response = asked(&rig, Method::GET, "/orders.json").send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert!(!response.headers().contains_key("retry-after"), "none is documented");
    assert_eq!(rig.findings(), Vec::<String>::new());
}
