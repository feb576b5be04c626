//! Which requests Printify takes, and how it refuses the others.

use super::{TOKEN, asked, config, order, post};
use crate::sandbox_partners::{Rig, answer, changed};
use crate::support;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn every_published_request_is_accepted() {
    let Some(samples) = support::samples() else { return };
    let rig = Rig::start(config()).await;
    rig.control(Method::POST, "catalog", &json!({"any_variant": true})).await;
    let mut files: Vec<_> =
        std::fs::read_dir(samples.join("printify")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut taken = 0;
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Express orders have an address of their own, which the sandbox does not play.
        if !name.starts_with("create_order_request") {
            continue;
        }
        let mut request: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        // The published examples share external ids.
        request["external_id"] = json!(name);
        let (status, answer) = post(&rig, "/orders.json", &request).await;
        assert_eq!(status, 200, "{name}: {answer}");
        taken += 1;
    }
    assert_eq!(taken, 7);
    assert_eq!(rig.findings(), Vec::<String>::new());
}

/// Answers of the documentation, key for key.
#[tokio::test]
async fn answers_have_the_keys_of_the_published_ones() {
    let Some(samples) = support::samples() else { return };
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(samples.join("printify").join(name)).unwrap()).unwrap()
    };
    let rig = Rig::start(config()).await;
    let id = super::create(&rig, "1").await;
    post(&rig, &format!("/orders/{id}/send_to_production.json"), &json!({})).await;
    rig.act("printify", &id, "ship", json!({"tracking_number": "T1"})).await;
    rig.act("printify", &id, "deliver", json!({})).await;
    let (_, ours) = super::get(&rig, &format!("/orders/{id}.json")).await;
    let published = read("order_get_2026.json");
    // What only some orders have: reprints, the tracking page, another sort of id.
    let rare = [
        "app_order_id",
        "printify_connect",
        "is_reprint",
        "reprinted_order_ids",
        "child_reprinted_order_ids",
        "company",
        "address2",
    ];
    for pointer in ["", "/address_to", "/line_items/0", "/line_items/0/metadata", "/metadata", "/shipments/0"] {
        let keys = |value: &Value| -> Vec<String> {
            let object = value.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).as_object().unwrap();
            let mut keys: Vec<String> = object.keys().filter(|key| !rare.contains(&key.as_str())).cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&ours), keys(&published), "{pointer}");
    }
    let (_, conflict) = post(&rig, "/orders.json", &order("1")).await;
    let mut published = read("error_409_external_id_conflict.json");
    published["order"] = json!({"id": id, "external_id": "1"});
    assert_eq!(conflict, published);
    let (_, invalid) = post(&rig, "/orders.json", &json!({})).await;
    let mut published = read("error_400_validation.json");
    published["errors"]["reason"] = invalid["errors"]["reason"].clone();
    assert_eq!(invalid, published);
    let (_, none) = super::get(&rig, "/orders/none.json").await;
    assert_eq!(none["error"], read("error_404.json")["error"]);
}

/// What is wrong, and words of the reason.
fn wrong_orders() -> Vec<(Value, &'static str)> {
    let with = |pointer: &str, to: Value| changed(order("1"), pointer, to);
    let blueprint = |areas: Value| {
        let line =
            json!({"blueprint_id": 9, "print_provider_id": 5, "variant_id": 1, "quantity": 1, "print_areas": areas});
        changed(order("1"), "/line_items", json!([line]))
    };
    vec![
        (json!([]), "the body must be an object"),
        (with("/line_items", Value::Null), "line_items is missing"),
        (with("/line_items", json!([])), "line_items must not be empty"),
        (with("/line_items", json!(["x"])), "line_items.0 must be an object"),
        (with("/address_to", Value::Null), "address_to is missing"),
        (with("/external_id", json!(1001)), "external_id must be a text"),
        (with("/external_id", json!(" ")), "external_id must not be empty"),
        (with("/shipping_method", json!(5)), "shipping_method must be a whole number 1 to 4"),
        (with("/shipping_method", json!("standard")), "shipping_method"),
        (with("/send_shipping_notification", json!("no")), "send_shipping_notification must be true or false"),
        (with("/shipping", json!("fast")), "shipping is no field"),
        (with("/line_items/0/quantity", json!(0)), "line_items.0.quantity"),
        (with("/line_items/0/quantity", json!("2")), "line_items.0.quantity"),
        (with("/line_items/0/quantity", Value::Null), "line_items.0.quantity is missing"),
        (with("/line_items/0/variant_id", json!("901")), "line_items.0.variant_id"),
        (with("/line_items/0/variant_id", json!(999)), "does not exist"),
        (with("/line_items/0/product_id", Value::Null), "line_items.0.product_id is missing"),
        (with("/line_items/0/sku", json!("A")), "line_items.0.product_id is no field"),
        (with("/line_items/0/external_id", json!(11)), "line_items.0.external_id must be a text"),
        (blueprint(json!({})), "line_items.0.print_areas must not be empty"),
        (blueprint(json!({"front": "picture.png"})), "line_items.0.print_areas.front must be a URL"),
        (blueprint(json!({"front": [{"x": 1}]})), "line_items.0.print_areas.front.0.src is missing"),
        (blueprint(json!({"front": [{"src": "https://example.com/a.png", "x": "1"}]})), "front.0.x must be a number"),
        (with("/address_to/first_name", json!("")), "address_to.first_name is missing"),
        (with("/address_to/address1", Value::Null), "address_to.address1 is missing"),
        (with("/address_to/city", json!(7)), "address_to.city must be a text"),
        (with("/address_to/country", json!("United States")), "address_to.country"),
        (with("/address_to/region", json!("Illinois")), "address_to.region"),
        (with("/address_to/region", Value::Null), "address_to.region"),
        (with("/address_to/zip", Value::Null), "address_to.zip is missing"),
        (with("/address_to/email", json!("ada")), "address_to.email is no address"),
        (with("/address_to/name", json!("Ada")), "address_to.name is no field"),
    ]
}

#[tokio::test]
async fn each_wrong_order_is_refused_with_the_field_named() {
    let rig = Rig::start(config()).await;
    for (order, words) in wrong_orders() {
        let (status, answer) = post(&rig, "/orders.json", &order).await;
        let reason = answer["errors"]["reason"].as_str().unwrap_or_default().to_owned();
        assert_eq!((status, &answer["code"]), (400, &json!(8_203)), "{words}: {answer}");
        assert!(reason.contains(words), "{words}: {reason}");
        assert_eq!(rig.findings().last(), Some(&reason));
    }
    assert_eq!(rig.findings().len(), wrong_orders().len());
    assert!(rig.orders("printify").await.is_empty());
    assert_eq!(post(&rig, "/orders.json", &order("1")).await.0, 200);
}

#[tokio::test]
async fn requests_that_are_wrong_as_such() {
    let rig = Rig::start(config()).await;
    let path = format!("{}/orders.json", super::SHOP);
    let bare = || rig.request(Method::POST, &path).json(&order("1"));
    assert_eq!(answer(bare().header("user-agent", "Baton")).await.0, 401);
    assert_eq!(answer(bare().header("user-agent", "Baton").bearer_auth("wrong")).await.0, 401);
    let (status, refused) = answer(bare().bearer_auth(TOKEN)).await;
    assert!(status == 400 && refused["errors"]["reason"].as_str().unwrap().contains("User-Agent"), "{refused}");
    let typed = |kind: &str, body: &str| {
        asked(&rig, Method::POST, "/orders.json").header("content-type", kind.to_owned()).body(body.to_owned())
    };
    assert_eq!(answer(typed("text/plain", &order("1").to_string())).await.0, 400);
    assert_eq!(answer(typed("application/json", "{")).await.0, 400);
    let request = |method: Method, path: &str| {
        rig.request(method, path).bearer_auth(TOKEN).header("user-agent", "Baton").body("")
    };
    for (method, path) in [
        (Method::GET, "/printify/v1/shops/78/orders.json"),
        (Method::GET, "/printify/v1/shops/77/orders/none.json"),
        (Method::POST, "/printify/v1/shops/77/orders/none/send_to_production.json"),
        (Method::POST, "/printify/v1/shops/77/orders/none/cancel.json"),
        (Method::PUT, "/printify/v1/shops/77/orders.json"),
        (Method::GET, "/printify/shops/77/orders.json"),
    ] {
        assert_eq!(answer(request(method, path)).await.0, 404, "{path}");
    }
    assert_eq!(rig.findings().len(), 11);
    let findings = serde_json::to_string(&rig.sandbox.ctx.unexpected.list()).unwrap();
    assert!(!findings.contains(TOKEN));
    assert!(rig.orders("printify").await.is_empty());
    let charset = typed("application/json;charset=utf-8", &order("1").to_string());
    assert_eq!(answer(charset).await.0, 200);
    assert_eq!(answer(request(Method::GET, "/printify/v1/shops.json")).await.1[0]["id"], 77);
    assert_eq!(rig.findings().len(), 11);
}
