//! Gelato as the sandbox plays it.

use crate::sandbox_partners::{Rig, answer, changed};
use crate::support;
use reqwest::Method;
use sandbox::Config;
use sandbox::config::GelatoConfig;
use serde_json::{Value, json};

const KEY: &str = "key-of-the-test";
const POSTER: &str = "poster_of_the_test_30x40-cm_ver";
const MUG: &str = "mug_of_the_test_11-oz";

fn config() -> Config {
    Config {
        gelato: GelatoConfig {
            api_key: KEY.to_owned(),
            path_secret: "path-of-the-test".to_owned(),
            products: vec![POSTER.to_owned(), MUG.to_owned()],
            rate_limit: 10_000,
            ..GelatoConfig::default()
        },
        ..Config::default()
    }
}

fn order(kind: &str, reference: &str) -> Value {
    json!({
        "orderType": kind,
        "orderReferenceId": reference,
        "customerReferenceId": "customer-7",
        "currency": "USD",
        "items": [
            {"itemReferenceId": "11", "productUid": POSTER, "quantity": 2,
             "files": [{"type": "default", "url": "https://files.example.com/poster.png"}]},
            {"itemReferenceId": "12", "productUid": MUG, "quantity": 1,
             "files": [{"type": "default", "url": "https://files.example.com/mug.png"}]},
        ],
        "shippingAddress": {
            "firstName": "Ada", "lastName": "Example", "addressLine1": "1 Example Street", "city": "Springfield",
            "state": "IL", "postCode": "62701", "country": "US", "email": "ada@example.com",
        },
    })
}

async fn call(rig: &Rig, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let mut request = rig.request(method, &format!("/gelato{path}")).header("X-API-KEY", KEY);
    if let Some(body) = body {
        request = request.json(body);
    }
    answer(request).await
}

async fn post(rig: &Rig, path: &str, body: &Value) -> (u16, Value) {
    call(rig, Method::POST, path, Some(body)).await
}

async fn create(rig: &Rig, kind: &str, reference: &str) -> String {
    let (status, created) = post(rig, "/v4/orders", &order(kind, reference)).await;
    assert_eq!(status, 200, "{created}");
    created["id"].as_str().unwrap().to_owned()
}

async fn status_of(rig: &Rig, id: &str) -> Value {
    call(rig, Method::GET, &format!("/v4/orders/{id}"), None).await.1["fulfillmentStatus"].clone()
}

/// The events the door received.
async fn told(rig: &Rig, event: &str) -> Vec<Value> {
    let received = rig.received().await;
    received.iter().map(support::Received::json).filter(|body| body["event"] == event).collect()
}

#[tokio::test]
async fn a_draft_becomes_an_order_and_only_once() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "draft", "1001").await;
    let path = format!("/v4/orders/{id}");
    let (_, draft) = call(&rig, Method::GET, &path, None).await;
    assert_eq!(
        (&draft["orderType"], &draft["fulfillmentStatus"], &draft["financialStatus"]),
        (&json!("draft"), &json!("draft"), &json!("draft"))
    );
    assert_eq!((&draft["orderedAt"], &draft["receipts"]), (&Value::Null, &json!([])));
    let item = draft["items"][0]["id"].clone();
    let patch = json!({"orderType": "order", "items": [{"id": item, "files": [{"type": "default", "url": "https://files.example.com/new.png"}]}]});
    let (status, ordered) = call(&rig, Method::PATCH, &path, Some(&patch)).await;
    assert_eq!(
        (status, &ordered["orderType"], &ordered["fulfillmentStatus"]),
        (200, &json!("order"), &json!("passed"))
    );
    assert_eq!(ordered["items"][0]["files"][0]["url"], "https://files.example.com/new.png");
    assert_eq!(ordered["receipts"][0]["totalInclVat"].to_string(), "46.25", "a number: 3 x 12.50 + 4.75 + 2 x 2.00");
    assert_eq!(call(&rig, Method::PATCH, &path, Some(&json!({"orderType": "order"}))).await.0, 409);
    assert_eq!(call(&rig, Method::DELETE, &path, None).await.0, 409);
    let draft = create(&rig, "draft", "1002").await;
    assert_eq!(call(&rig, Method::DELETE, &format!("/v4/orders/{draft}"), None).await, (200, Value::Null));
    assert_eq!(rig.findings(), Vec::<String>::new(), "all of it is ordinary business");
    assert_eq!(call(&rig, Method::GET, &format!("/v4/orders/{draft}"), None).await.0, 404);
    assert_eq!(call(&rig, Method::PATCH, &path, Some(&json!({"orderType": "draft"}))).await.0, 400);
}

#[tokio::test]
async fn a_second_post_is_a_second_order_and_a_search_finds_both() {
    let mut config = config();
    config.gelato.search_lag_ms = 300;
    let rig = Rig::start(config).await;
    let (first, second) = (create(&rig, "draft", "1001").await, create(&rig, "draft", "1001").await);
    assert_ne!(first, second);
    create(&rig, "order", "1002").await;
    let search = |body: Value| {
        let rig = &rig;
        async move { post(rig, "/v4/orders:search", &body).await.1["orders"].as_array().unwrap().clone() }
    };
    assert!(search(json!({"orderReferenceIds": ["1001"]})).await.is_empty(), "too young to be found");
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    let found = search(json!({"orderReferenceIds": ["1001", "1009"]})).await;
    assert_eq!([&found[0]["id"], &found[1]["id"]], [&json!(second), &json!(first)], "the newest first");
    assert!(found[0].get("items").is_none() && found[0]["totalInclVat"] == "46.25", "a short form: {}", found[0]);
    assert_eq!(search(json!({"orderTypes": ["order"]})).await.len(), 1);
    assert_eq!(search(json!({"fulfillmentStatuses": ["passed", "draft"], "limit": 1, "offset": 2})).await.len(), 1);
    assert_eq!(search(json!({"countries": ["DE"]})).await.len(), 0);
    assert_eq!(search(json!({"search": "Exam"})).await.len(), 3);
    assert_eq!(search(json!({"endDate": "2020-01-01T00:00:00+00:00"})).await.len(), 0);
    assert_eq!(search(json!({})).await.len(), 3);
    assert_eq!(rig.findings(), Vec::<String>::new());
    for wrong in [
        json!({"orderReferenceIds": "1001"}),
        json!({"limit": 101}),
        json!({"startDate": "today"}),
        json!({"reference": "1"}),
    ] {
        assert_eq!(post(&rig, "/v4/orders:search", &wrong).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn cancelling_works_until_something_is_printed() {
    let rig = Rig::start(config()).await;
    let cancel = |id: &str| {
        let (path, rig) = (format!("/v4/orders/{id}:cancel"), &rig);
        async move { call(rig, Method::POST, &path, None).await }
    };
    let id = create(&rig, "order", "1").await;
    rig.act("gelato", &id, "produce", json!({})).await;
    assert_eq!(cancel(&id).await, (200, Value::Null), "the answer has no body");
    assert_eq!(status_of(&rig, &id).await, "canceled");
    assert_eq!(cancel(&id).await.0, 200);
    let id = create(&rig, "order", "2").await;
    rig.act("gelato", &id, "produce", json!({"status": "printed"})).await;
    let (status, refused) = cancel(&id).await;
    assert!(status == 409 && refused["message"].as_str().unwrap().contains("printed"), "{refused}");
    assert_eq!(rig.findings(), Vec::<String>::new());
    assert_eq!(cancel("9e1a7000-0000-4000-8000-ffffffffffff").await.0, 404);
    assert_eq!(rig.findings().len(), 1);
}

#[tokio::test]
async fn every_step_is_told_without_a_signature() {
    let rig = Rig::start(config()).await;
    create(&rig, "draft", "1000").await;
    assert!(rig.received().await.is_empty(), "a draft is nobody's news");
    let id = create(&rig, "order", "1001").await;
    rig.act("gelato", &id, "produce", json!({})).await;
    let poster = rig.orders("gelato").await[1]["items"][0]["id"].clone();
    let part = json!({"tracking_number": "T1", "carrier": "UPS Surepost", "items": [{"id": poster, "quantity": 2}]});
    rig.act("gelato", &id, "ship", part).await;
    assert_eq!(status_of(&rig, &id).await, "printed", "the mug has not left");
    rig.act("gelato", &id, "ship", json!({"tracking_number": "T2"})).await;
    rig.act("gelato", &id, "deliver", json!({"tracking_number": "T1"})).await;
    assert_eq!(status_of(&rig, &id).await, "shipped");
    rig.act("gelato", &id, "deliver", json!({})).await;
    assert_eq!(status_of(&rig, &id).await, "delivered");

    for one in rig.received().await {
        assert_eq!(one.path, "/webhooks/gelato/path-of-the-test");
        assert!(!one.headers.keys().any(|name| name.as_str().contains("signature")));
    }
    let statuses = told(&rig, "order_status_updated").await;
    let words: std::collections::BTreeSet<&str> =
        statuses.iter().map(|one| one["fulfillmentStatus"].as_str().unwrap()).collect();
    assert_eq!(words.into_iter().collect::<Vec<_>>(), ["delivered", "in_production", "passed", "printed", "shipped"]);
    let last = statuses.iter().find(|one| one["fulfillmentStatus"] == "delivered").unwrap();
    assert_eq!(
        (&last["orderId"], &last["orderReferenceId"], &last["storeId"]),
        (&json!(id), &json!("1001"), &Value::Null)
    );
    assert_eq!(last["items"][0]["fulfillments"][0]["trackingCode"], "T1");
    assert_eq!(last["items"][1]["fulfillments"][0]["trackingCode"], "T2");
    let codes = told(&rig, "order_item_tracking_code_updated").await;
    assert_eq!(codes.len(), 2);
    assert!(codes.iter().all(|one| one["productionCountry"] == "US" && one["id"].as_str().unwrap().starts_with("os_")));
    let (_, seen) = call(&rig, Method::GET, &format!("/v4/orders/{id}"), None).await;
    assert_eq!(seen["shipment"]["packages"][0]["orderItemIds"], json!([poster]));
}

#[tokio::test]
async fn held_failed_and_returned_have_words_of_their_own() {
    let rig = Rig::start(config()).await;
    let id = create(&rig, "order", "1").await;
    rig.act("gelato", &id, "hold", json!({"reason": "the file is too small"})).await;
    assert_eq!(status_of(&rig, &id).await, "on_hold");
    rig.act("gelato", &id, "release", json!({})).await;
    rig.act("gelato", &id, "hold", json!({"status": "pending_approval"})).await;
    assert_eq!(status_of(&rig, &id).await, "pending_approval");
    rig.act("gelato", &id, "fail", json!({})).await;
    assert_eq!(status_of(&rig, &id).await, "failed");
    let id = create(&rig, "order", "2").await;
    rig.act("gelato", &id, "ship", json!({})).await;
    rig.act("gelato", &id, "return", json!({"reason": "nobody there"})).await;
    assert_eq!(status_of(&rig, &id).await, "returned");
    let comments: Vec<Value> =
        told(&rig, "order_item_status_updated").await.into_iter().map(|one| one["comment"].clone()).collect();
    assert!(
        comments.contains(&json!("the file is too small")) && comments.contains(&json!("nobody there")),
        "{comments:?}"
    );
}

#[tokio::test]
async fn products_prices_and_stock() {
    let rig = Rig::start(config()).await;
    let path = format!("partner/gelato/variants/{MUG}");
    rig.control(Method::PUT, &path, &json!({"available": "out_of_stock"})).await;
    rig.control(Method::PUT, "partner/gelato/cost", &json!({"per_item": "8.05", "currency": "EUR"})).await;
    let (_, stock) = post(&rig, "/v3/stock/region-availability", &json!({"products": [POSTER, MUG, "nothing"]})).await;
    let of = |index: usize| stock["productsAvailability"][index]["availability"][0]["status"].clone();
    assert_eq!([of(0), of(1), of(2)], ["in-stock", "out-of-stock-replenishable", "non-existing"]);
    let (_, product) = call(&rig, Method::GET, &format!("/v3/products/{POSTER}"), None).await;
    assert_eq!(
        (&product["productUid"], &product["attributes"]["ProductStatus"]),
        (&json!(POSTER), &json!("activated"))
    );
    let (_, prices) =
        call(&rig, Method::GET, &format!("/v3/products/{POSTER}/prices?country=DE&currency=EUR"), None).await;
    assert_eq!((prices[0]["price"].to_string().as_str(), &prices[1]["quantity"]), ("8.05", &json!(5)));
    assert_eq!(prices[1]["price"].to_string(), "40.25", "five of them");
    assert_eq!(call(&rig, Method::GET, &format!("/v3/products/{POSTER}/prices?currency=USD"), None).await.1, json!([]));
    assert_eq!(call(&rig, Method::GET, "/v3/products/nothing", None).await.0, 404);
    let (status, refused) = post(&rig, "/v4/orders", &order("draft", "1")).await;
    assert!(status == 400 && refused["message"].as_str().unwrap().contains("out of stock"), "{refused}");
    assert_eq!(rig.findings(), Vec::<String>::new());
    assert_eq!(post(&rig, "/v3/stock/region-availability", &json!({"products": []})).await.0, 400);
}

#[tokio::test]
async fn the_published_request_is_accepted_and_its_answers_have_our_keys() {
    let Some(samples) = support::samples() else { return };
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(samples.join("gelato").join(name)).unwrap()).unwrap()
    };
    let rig = Rig::start(config()).await;
    rig.control(Method::POST, "catalog", &json!({"any_variant": true})).await;
    let (status, created) = post(&rig, "/v4/orders", &read("create_order_request.json")).await;
    assert_eq!(status, 200, "{created}");
    rig.act("gelato", created["id"].as_str().unwrap(), "ship", json!({})).await;
    let (_, ours) = call(&rig, Method::GET, &format!("/v4/orders/{}", created["id"].as_str().unwrap()), None).await;
    let keys = |value: &Value, pointer: &str| -> Vec<String> {
        let object = value.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).as_object().unwrap();
        object.keys().cloned().collect()
    };
    let (published, told_before) = (read("get_order_response.json"), read("order_status_updated.json"));
    for pointer in ["", "/items/0", "/shipment", "/shipment/packages/0"] {
        // Metadata came with the request; who is billed is the account's own, delivery dates are estimates.
        let rare = ["metadata", "billingEntity", "minDeliveryDate", "maxDeliveryDate"];
        let mut published = keys(&published, pointer);
        let mut ours = keys(&ours, pointer);
        published.retain(|key| !rare.contains(&key.as_str()));
        ours.retain(|key| !rare.contains(&key.as_str()));
        published.sort();
        ours.sort();
        assert_eq!(ours, published, "{pointer}");
    }
    let told = told(&rig, "order_status_updated").await;
    let shipped = told.iter().find(|one| one["fulfillmentStatus"] == "shipped").unwrap();
    for pointer in ["", "/items/0", "/items/0/fulfillments/0"] {
        let (mut published, mut ours) = (keys(&told_before, pointer), keys(shipped, pointer));
        published.sort();
        ours.sort();
        assert_eq!(ours, published, "{pointer}");
    }
    assert_eq!(rig.findings(), Vec::<String>::new());
}

/// What is wrong, and words of the reason.
fn wrong_orders() -> Vec<(Value, &'static str)> {
    let with = |pointer: &str, to: Value| changed(order("draft", "1"), pointer, to);
    let many =
        |count: usize| json!((0..count).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect::<Vec<_>>());
    let japan = changed(
        changed(order("draft", "1"), "/shippingAddress/country", json!("JP")),
        "/shippingAddress/state",
        Value::Null,
    );
    vec![
        (with("/orderType", json!("quote")), "orderType must be order or draft"),
        (with("/orderReferenceId", Value::Null), "orderReferenceId is missing"),
        (with("/orderReferenceId", json!(1001)), "orderReferenceId must be a text"),
        (with("/customerReferenceId", Value::Null), "customerReferenceId is missing"),
        (with("/currency", json!("dollars")), "currency"),
        (with("/items", json!([])), "items must not be empty"),
        (with("/items/0/itemReferenceId", json!("12")), "items.1.itemReferenceId"),
        (with("/items/0/productUid", json!("nothing")), "does not exist"),
        (with("/items/0/productUid", Value::Null), "items.0.productUid is missing"),
        (with("/items/0/quantity", json!(0)), "items.0.quantity"),
        (with("/items/0/quantity", json!("2")), "items.0.quantity"),
        (with("/items/0/files", Value::Null), "items.0.files is missing"),
        (with("/items/0/fileUrl", json!("https://files.example.com/a.png")), "items.0.fileUrl is no field"),
        (with("/items/0/files/0/url", json!("a.png")), "items.0.files.0.url must be a URL"),
        (
            with("/items/0/files", json!([{"url": "https://a.example.com/1"}, {"url": "https://a.example.com/2"}])),
            "items.0.files.1.type",
        ),
        (with("/shippingAddress", Value::Null), "shippingAddress is missing"),
        (with("/shippingAddress/firstName", json!("x".repeat(26))), "shippingAddress.firstName must have at most 25"),
        (with("/shippingAddress/lastName", Value::Null), "shippingAddress.lastName is missing"),
        (
            with("/shippingAddress/addressLine1", json!("x".repeat(36))),
            "shippingAddress.addressLine1 must have at most 35",
        ),
        (with("/shippingAddress/addressLine2", json!("x".repeat(36))), "shippingAddress.addressLine2"),
        (with("/shippingAddress/city", json!("x".repeat(31))), "shippingAddress.city"),
        (with("/shippingAddress/postCode", json!("x".repeat(16))), "shippingAddress.postCode"),
        (with("/shippingAddress/postCode", Value::Null), "shippingAddress.postCode is missing"),
        (with("/shippingAddress/phone", json!("5".repeat(26))), "shippingAddress.phone"),
        (with("/shippingAddress/country", json!("USA")), "shippingAddress.country"),
        (with("/shippingAddress/state", json!("Illinois")), "shippingAddress.state"),
        (with("/shippingAddress/email", Value::Null), "shippingAddress.email is missing"),
        (with("/shippingAddress/email", json!("ada")), "shippingAddress.email is no address"),
        (with("/shippingAddress/zip", json!("62701")), "shippingAddress.zip is no field"),
        (with("/metadata", many(21)), "metadata must have at most 20"),
        (with("/metadata", json!([{"key": "k", "value": "x".repeat(101)}])), "metadata.0.value must have at most 100"),
        (with("/shipping", json!("fast")), "shipping is no field"),
        (japan, "script of JP"),
    ]
}

#[tokio::test]
async fn each_wrong_order_is_refused_with_the_field_named() {
    let rig = Rig::start(config()).await;
    for (order, words) in wrong_orders() {
        let (status, answer) = post(&rig, "/v4/orders", &order).await;
        let reason = answer["message"].as_str().unwrap_or_default().to_owned();
        assert!(status == 400 && reason.contains(words), "{words}: {status} {answer}");
        assert_eq!(rig.findings().last(), Some(&reason));
    }
    assert!(rig.orders("gelato").await.is_empty());
    assert_eq!(rig.findings().len(), wrong_orders().len());
    assert_eq!(
        post(&rig, "/v4/orders", &changed(order("order", "1"), "/shippingAddress/city", json!("x".repeat(30)))).await.0,
        200
    );
}

#[tokio::test]
async fn keys_faults_and_the_rate_limit() {
    let mut config = config();
    config.gelato.rate_limit = 5;
    let rig = Rig::start(config).await;
    let bare = || rig.request(Method::POST, "/gelato/v4/orders").json(&order("draft", "1"));
    assert_eq!(answer(bare()).await.0, 401);
    assert_eq!(answer(bare().header("X-API-KEY", "wrong")).await.0, 401);
    assert_eq!(call(&rig, Method::POST, "/v4/orders/1:hold", None).await.0, 404);
    assert_eq!(rig.findings().len(), 3);
    for (fault, wanted) in [("refuse", 400), ("5xx", 500), ("429", 429)] {
        rig.arm("gelato", "create_order", fault).await;
        assert_eq!(post(&rig, "/v4/orders", &order("draft", "1")).await.0, wanted, "{fault}");
    }
    rig.arm("gelato", "create_order", "lost_answer").await;
    assert!(bare().header("X-API-KEY", KEY).send().await.is_err());
    assert_eq!(rig.orders("gelato").await.len(), 1, "it happened");
    let mut limited = false;
    for _ in 0..7 {
        limited |= post(&rig, "/v4/orders:search", &json!({})).await.0 == 429;
    }
    assert!(limited, "more than five a second");
    assert_eq!(rig.findings().len(), 3);
}
