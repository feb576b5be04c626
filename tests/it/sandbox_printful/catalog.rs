//! What can be made, what it costs, and what the store sells.

use super::{Partner, config, order};
use crate::support;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_variant_says_whether_it_can_be_made() {
    let partner = Partner::start(config()).await;
    let put = |id: &str, available: &str| {
        let (partner, path) = (&partner, format!("partner/printful/variants/{id}"));
        let body = json!({"available": available});
        async move { partner.control(Method::PUT, &path, &body).await.0 }
    };
    for (available, in_stock, status) in
        [("yes", true, "in_stock"), ("out_of_stock", false, "out_of_stock"), ("discontinued", false, "discontinued")]
    {
        assert_eq!(put("4012", available).await, 200);
        let (_, variant) = partner.send(Method::GET, "/products/variant/4012", None).await;
        let variant = &variant["result"]["variant"];
        assert_eq!(
            (&variant["in_stock"], &variant["availability_status"][0]["status"]),
            (&json!(in_stock), &json!(status))
        );
        let (status, answer) = partner.create("", &order(available)).await;
        assert_eq!(status, if in_stock { 200 } else { 400 }, "{answer}");
    }
    assert_eq!(partner.send(Method::GET, "/products/variant/999", None).await.0, 404);
    assert_eq!(partner.findings(), Vec::<String>::new(), "no client can know");
    assert_eq!(put("mug", "yes").await, 400);
    assert_eq!(put("999", "yes").await, 200);
    assert_eq!(partner.send(Method::GET, "/products/variant/999", None).await.0, 200);
}

#[tokio::test]
async fn a_new_price_is_of_orders_from_then_on() {
    let partner = Partner::start(config()).await;
    partner.create("", &order("1")).await;
    let cost = json!({"per_item": "10.005", "currency": "KWD"});
    assert_eq!(partner.control(Method::PUT, "partner/printful/cost", &cost).await.0, 200);
    let (_, created) = partner.create("", &order("2")).await;
    assert_eq!(created["result"]["costs"]["currency"], "KWD");
    assert_eq!(created["result"]["costs"]["subtotal"], "30.015");
    assert_eq!(created["result"]["items"][0]["price"], "10.005");
    let (_, before) = partner.send(Method::GET, "/orders/@1", None).await;
    assert_eq!(
        (&before["result"]["costs"]["currency"], &before["result"]["costs"]["total"]),
        (&json!("USD"), &json!("46.25"))
    );
    let (_, variant) = partner.send(Method::GET, "/products/variant/4012", None).await;
    assert_eq!(
        (&variant["result"]["variant"]["price"], &variant["result"]["product"]["currency"]),
        (&json!("10.005"), &json!("KWD"))
    );
}

#[tokio::test]
async fn the_store_sells_each_variant_and_lists_them_in_pages() {
    let partner = Partner::start(config()).await;
    let (_, page) = partner.send(Method::GET, "/store/products?limit=1&offset=1", None).await;
    assert_eq!(page["paging"], json!({"total": 2, "offset": 1, "limit": 1}));
    let product = &page["result"][0]["id"];
    let (_, whole) = partner.send(Method::GET, &format!("/store/products/{product}"), None).await;
    let variant = &whole["result"]["sync_variants"][0];
    assert_eq!((&whole["result"]["sync_product"]["id"], &variant["variant_id"]), (product, &json!(4012)));
    assert_eq!(variant["availability_status"], "active");
    let (_, same) = partner.send(Method::GET, &format!("/store/variants/{}", variant["id"]), None).await;
    assert_eq!(&same["result"], variant);
    assert_eq!(partner.send(Method::GET, "/store/products/1", None).await.0, 404);
    assert_eq!(partner.findings(), Vec::<String>::new());
    assert_eq!(partner.send(Method::GET, "/store/products?limit=101", None).await.0, 400);
}

/// Every field of ours is one of the published description's.
#[tokio::test]
async fn answers_have_only_published_fields() {
    let Some(specs) = support::specs() else { return };
    let text = std::fs::read(specs.join("printful-openapi-v1.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let fields = |schema: &str| document["components"]["schemas"][schema]["properties"].as_object().unwrap();
    let partner = Partner::start(config()).await;
    let (_, variant) = partner.send(Method::GET, "/products/variant/4012", None).await;
    let (_, products) = partner.send(Method::GET, "/store/products", None).await;
    let path = format!("/store/products/{}", products["result"][0]["id"]);
    let (_, product) = partner.send(Method::GET, &path, None).await;
    let (_, created) = partner.create("", &order("1")).await;
    for (schema, ours) in [
        ("Variant", &variant["result"]["variant"]),
        ("Product", &variant["result"]["product"]),
        ("SyncProduct", &products["result"][0]),
        ("SyncVariant", &product["result"]["sync_variants"][0]),
        ("Costs", &created["result"]["costs"]),
    ] {
        for name in ours.as_object().unwrap().keys() {
            assert!(fields(schema).contains_key(name), "{schema} has no {name}");
        }
    }
}

#[tokio::test]
async fn silent_webhooks_and_a_design_to_be_approved() {
    let door = support::Door::default();
    let mut config = config();
    config.intake_url = Some(door.start().await);
    let partner = Partner::start(config).await;
    partner.control(Method::PUT, "partner/printful/webhooks", &json!({"on": false})).await;
    let (_, created) = partner.create("?confirm=true", &order("1")).await;
    let id = created["result"]["id"].to_string();
    partner.act(&id, "produce", json!({})).await;
    partner.control(Method::PUT, "partner/printful/webhooks", &json!({"on": true})).await;
    partner.act(&id, "hold", json!({"reason": "Look at the design", "approval": true})).await;
    let received = door.wait_for(2).await;
    let mut kinds: Vec<String> = received.iter().map(|one| one.json()["type"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["order_put_hold_approval", "order_updated"]);
}
