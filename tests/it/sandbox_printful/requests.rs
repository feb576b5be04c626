//! Which requests Printful takes, and how it refuses the others.

use super::{Partner, TOKEN, changed, config, order};
use crate::support;
use reqwest::Method;
use sandbox::partners::Played as _;
use serde_json::{Value, json};

#[tokio::test]
async fn every_published_request_is_accepted_or_refused_for_a_reason() {
    let Some(samples) = support::samples() else { return };
    let Some(_) = support::specs() else { return };
    let mut config = config();
    config.printful.variants = vec![1, 2, 1118, 1350, 4398, 6882, 6950, 8746, 11325];
    let partner = Partner::start(config).await;
    let mut refused = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(samples.join("printful")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut seen = 0;
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.starts_with("v1_") && name.contains("_request")) {
            continue;
        }
        seen += 1;
        let request: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let (status, answer) = partner.create("", &request).await;
        println!(
            "{status} {name}: {}",
            if status == 200 { "accepted".to_owned() } else { answer["result"].to_string() }
        );
        if status != 200 {
            refused.push((name, answer["result"].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(seen, 10);
    // A store's own variant is unknown until any variant is; the specification's example contradicts itself.
    let names: Vec<&str> = refused.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["v1_example_using_sync_variant_with_external_id_request.json", "v1_spec_create_order_request.json"]
    );
    assert!(refused[0].1.contains("external_variant_id"), "{refused:?}");
    assert!(refused[1].1.contains("items"), "{refused:?}");

    partner.control(Method::POST, "catalog", &json!({"any_variant": true})).await;
    let path = samples.join("printful/v1_example_using_sync_variant_with_external_id_request.json");
    let (status, _) = partner.create("", &serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).await;
    assert_eq!(status, 200);
}

/// What is wrong, the status, a word of the reason.
fn wrong_orders() -> Vec<(Value, u16, &'static str)> {
    let long = "x".repeat(33);
    vec![
        (changed("/recipient", Value::Null), 400, "recipient"),
        (changed("/items", Value::Null), 400, "items"),
        (changed("/items", json!([])), 400, "item"),
        (changed("/external_id", json!(long)), 400, "external_id"),
        (changed("/external_id", json!("gid://shopify/Order/1")), 400, "external_id"),
        (changed("/external_id", json!(1001)), 431, "external_id"),
        (changed("/shipping", json!("TELEPORT")), 400, "shipping"),
        (changed("/recipient/name", Value::Null), 400, "name"),
        (changed("/recipient/name", json!("  ")), 400, "name"),
        (changed("/recipient/name", json!(7)), 431, "name"),
        (changed("/recipient/address1", Value::Null), 400, "address1"),
        (changed("/recipient/city", Value::Null), 400, "city"),
        (changed("/recipient/country_code", Value::Null), 400, "country_code"),
        (changed("/recipient/country_code", json!("USA")), 400, "country"),
        (changed("/recipient/state_code", Value::Null), 400, "state_code"),
        (changed("/recipient/state_code", json!("Illinois")), 400, "state"),
        (changed("/recipient/zip", Value::Null), 400, "zip"),
        (changed("/recipient/zip", json!("SW1A 1AA")), 400, "ZIP"),
        (changed("/items/0/quantity", json!(0)), 400, "quantity"),
        (changed("/items/0/quantity", json!("2")), 431, "quantity"),
        (changed("/items/0/quantity", json!(1001)), 400, "quantity"),
        (changed("/items/0/quantity", Value::Null), 400, "quantity"),
        (changed("/items/0/variant_id", Value::Null), 400, "variant"),
        (changed("/items/0/variant_id", json!(999)), 400, "999"),
        (changed("/items/0/variant_id", json!("4012")), 431, "variant_id"),
        (changed("/items/0/sync_variant_id", json!(5)), 400, "sync_variant_id"),
        (changed("/items/0/product_template_id", json!(5)), 400, "product_template_id"),
        (changed("/items/0/files", Value::Null), 400, "files"),
        (
            changed("/items/0/files", json!([{"type": "preview", "url": "https://files.example.com/p.png"}])),
            400,
            "files",
        ),
        (changed("/items/0/files", json!([{"type": "default"}])), 400, "files"),
        (changed("/items/0/files", json!([{"url": "print.png"}])), 400, "URL"),
        (
            changed("/items/0/files", json!([{"url": "https://a.example.com/1"}, {"url": "https://a.example.com/2"}])),
            400,
            "default",
        ),
        (changed("/items/0/external_id", json!("12")), 400, "unique"),
        (changed("/items/0/retail_price", json!("20,00")), 400, "retail_price"),
        (changed("/items/0/retail_price", json!(20)), 431, "retail_price"),
        (changed("/retail_costs/currency", json!("dollars")), 400, "currency"),
        (changed("/gift", json!({"subject": "x".repeat(201)})), 400, "gift"),
    ]
}

async fn each_is_refused(partner: &Partner) {
    for (index, (order, wanted, word)) in wrong_orders().into_iter().enumerate() {
        let (status, answer) = partner.create("", &order).await;
        let reason = answer["result"].as_str().unwrap_or_default().to_owned();
        assert_eq!(status, wanted, "{index}: {word}: {answer}");
        assert!(reason.contains(word), "{index}: {word}: {reason}");
        assert_eq!(answer["code"], wanted);
        assert_eq!(answer["error"]["message"], answer["result"]);
        assert_eq!(partner.findings().last(), Some(&reason), "{index}");
    }
    assert_eq!(partner.findings().len(), wrong_orders().len());
    assert!(partner.sandbox.printful.list().is_empty());
}

#[tokio::test]
async fn each_wrong_order_is_refused_by_the_published_schema_and_the_prose() {
    if support::specs().is_some() {
        each_is_refused(&Partner::start(config()).await).await;
    }
}

#[tokio::test]
async fn each_wrong_order_is_refused_by_the_subset_too() {
    let mut config = config();
    config.specs = None;
    let partner = Partner::start(config).await;
    let template = changed("/items/0/product_template_id", json!(5));
    for (order, wanted, word) in wrong_orders().into_iter().filter(|(order, ..)| *order != template) {
        let (status, answer) = partner.create("", &order).await;
        assert_eq!(status, wanted, "{word}: {answer}");
    }
    assert_eq!(partner.create("", &order("1")).await.0, 200);
}

#[tokio::test]
async fn addresses_as_each_country_has_them() {
    let partner = Partner::start(config()).await;
    let recipient = |country: &str, extra: Value| {
        let mut recipient = json!({"name": "Ada", "address1": "1 Road", "city": "Town", "country_code": country, "email": "a@example.com"});
        recipient.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let mut order = changed("/recipient", recipient);
        order.as_object_mut().unwrap().remove("external_id");
        order
    };
    for (country, extra, wanted) in [
        ("DE", json!({"zip": "10115"}), 200),
        ("DE", json!({}), 400),
        ("HK", json!({}), 200),
        ("IE", json!({}), 200),
        ("CA", json!({"zip": "K1A 0B1"}), 400),
        ("CA", json!({"zip": "K1A 0B1", "state_code": "ON"}), 200),
        ("AU", json!({"zip": "2000", "state_code": "NSW"}), 200),
        ("JP", json!({"zip": "100-0001"}), 200),
        ("BR", json!({"zip": "01001-000"}), 400),
        ("BR", json!({"zip": "01001-000", "tax_number": "123.456.789-10"}), 200),
        ("XX", json!({"zip": "1"}), 400),
    ] {
        let (status, answer) = partner.create("", &recipient(country, extra.clone())).await;
        assert_eq!(status, wanted, "{country} {extra}: {answer}");
    }
}

#[tokio::test]
async fn requests_that_are_wrong_as_such() {
    let mut config = config();
    config.printful.store_id = Some(12);
    let partner = Partner::start(config).await;
    let url = format!("{}/printful/orders", partner.sandbox.url());
    let send = |request: reqwest::RequestBuilder| async move {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json::<Value>().await.unwrap()["result"].as_str().unwrap_or_default().to_owned())
    };
    let post = || partner.client.post(&url);
    assert_eq!(send(post().json(&order("1"))).await, (401, "Malformed Authorization header.".to_owned()));
    assert_eq!(send(post().bearer_auth("wrong").json(&order("1"))).await.0, 401);
    let (status, reason) = send(post().bearer_auth(TOKEN).json(&order("1"))).await;
    assert!(status == 400 && reason.contains("X-PF-Store-Id"), "{reason}");
    let stored = || post().bearer_auth(TOKEN).header("X-PF-Store-Id", "12");
    assert_eq!(send(post().bearer_auth(TOKEN).header("X-PF-Store-Id", "13").json(&order("1"))).await.0, 403);
    assert_eq!(send(stored().header("content-type", "application/json").body("{")).await.0, 430);
    assert_eq!(send(stored().body("{}")).await.0, 400, "no content type");
    let with_query =
        |query: &str| partner.client.post(format!("{url}?{query}")).bearer_auth(TOKEN).header("X-PF-Store-Id", "12");
    assert_eq!(send(with_query("confirm=yes").json(&order("1"))).await.0, 431);
    assert_eq!(
        send(partner.client.get(format!("{url}?limit=101")).bearer_auth(TOKEN).header("X-PF-Store-Id", "12")).await.0,
        400
    );
    assert_eq!(
        send(partner.client.get(format!("{url}/gid")).bearer_auth(TOKEN).header("X-PF-Store-Id", "12")).await.0,
        400
    );
    assert_eq!(
        send(partner.client.get(format!("{url}/7")).bearer_auth(TOKEN).header("X-PF-Store-Id", "12")).await.0,
        404
    );
    assert_eq!(send(partner.client.patch(format!("{url}/7")).bearer_auth(TOKEN)).await.0, 405);
    assert_eq!(partner.findings().len(), 11);
    let findings = serde_json::to_string(&partner.sandbox.ctx.unexpected.list()).unwrap();
    assert!(!findings.contains(TOKEN));
    assert_eq!(send(with_query("confirm=1").json(&order("1"))).await.0, 200);
    assert_eq!(partner.findings().len(), 11);
}
