//! The store as the sandbox plays it.

use crate::support::{Door, client, control, sandbox, specs};
use sandbox::Sandbox;
use sandbox::shopify::webhooks;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub(crate) const SMALL: &str = r##"{"id":1001,"name":"#1001","currency":"USD","total_price":"30.00","email":"kim@example.com",
  "customer":{"id":7,"email":"kim@example.com","first_name":"Kim","last_name":"Example"},
  "shipping_address":{"name":"Kim Example","address1":"1 Example St","city":"Springfield","country_code":"US","province_code":"IL","zip":"62701"},
  "line_items":[
    {"id":11,"title":"Poster","quantity":2,"price":"10.00","variant_id":4012,"sku":"P-1","requires_shipping":true},
    {"id":12,"title":"Download","quantity":1,"price":"10.00","requires_shipping":false},
    {"id":13,"title":"Mug","quantity":1,"price":"0.00","requires_shipping":true,"fulfillment_service":"other-maker"}]}"##;

/// The GraphQL answer.
pub(crate) async fn graphql(sandbox: &Sandbox, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables}).to_string();
    let (status, answer) = graphql_raw(sandbox, body, "sandbox-admin-token").await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn graphql_raw(sandbox: &Sandbox, body: String, token: &str) -> (u16, Value) {
    let url = format!("{}/shopify/admin/api/2026-10/graphql.json", sandbox.url());
    let request = client().post(url).header("X-Shopify-Access-Token", token).header("Content-Type", "application/json");
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
}

pub(crate) async fn place(sandbox: &Sandbox, options: &str) {
    let (status, answer) = control(sandbox, "POST", &format!("/_sandbox/shopify/orders?{options}"), SMALL).await;
    assert_eq!(status, 201, "{answer}");
}

pub(crate) async fn unexpected(sandbox: &Sandbox) -> Vec<Value> {
    let (_, list) = control(sandbox, "GET", "/_sandbox/unexpected", "").await;
    list.as_array().unwrap().clone()
}

pub(crate) fn queries(specs: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(specs.join("shopify_queries.json")).unwrap()).unwrap()
}

/// The one fulfilment order of `service` that ships, and its lines.
pub(crate) async fn fulfillment_order(sandbox: &Sandbox, order: u64, service: &str) -> Value {
    let (_, shown) = control(sandbox, "GET", &format!("/_sandbox/shopify/orders/{order}"), "").await;
    let groups = shown["fulfillment_orders"].as_array().unwrap().clone();
    groups.into_iter().find(|group| group["service"] == service && group["requires_shipping"] == true).unwrap()
}

const FULFIL: &str = "mutation F($f: FulfillmentInput!){ fulfillmentCreate(fulfillment:$f){ fulfillment{ id status trackingInfo(first:10){company number url} order{id} } userErrors{field message} } }";

pub(crate) async fn fulfil(sandbox: &Sandbox, group: u64, lines: Option<Value>) -> Value {
    let mut wanted = json!({"fulfillmentOrderId": format!("gid://shopify/FulfillmentOrder/{group}")});
    if let Some(lines) = lines {
        wanted["fulfillmentOrderLineItems"] = lines;
    }
    let tracking = json!({"company": "UPS", "number": "1Z1", "url": "https://tracking.example.com/1Z1"});
    let input = json!({"lineItemsByFulfillmentOrder": [wanted], "trackingInfo": tracking});
    graphql(sandbox, FULFIL, json!({"f": input})).await["data"]["fulfillmentCreate"].clone()
}

#[tokio::test]
async fn the_published_queries_execute() {
    let Some(specs) = specs() else { return };
    let sandbox = sandbox(&Door::default()).await;
    place(&sandbox, "deliver=0&risk=HIGH").await;
    let queries = queries(&specs);
    let run = async |name: &str, variables: Value| {
        let answer = graphql(&sandbox, queries[name].as_str().unwrap(), variables).await;
        assert_eq!(answer["errors"], Value::Null, "{name}");
        answer["data"].clone()
    };
    let group = fulfillment_order(&sandbox, 1001, "manual").await;
    let order_gid = "gid://shopify/Order/1001";
    let group_gid = format!("gid://shopify/FulfillmentOrder/{}", group["id"]);

    let order = &run("order", json!({"id": order_gid})).await["order"];
    assert_eq!(order["risk"]["recommendation"], "CANCEL");
    assert_eq!(order["totalPriceSet"]["shopMoney"], json!({"amount": "30.0", "currencyCode": "USD"}));
    assert_eq!(order["fulfillmentOrders"]["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(
        order["lineItems"]["nodes"][0]["variant"],
        json!({"id": "gid://shopify/ProductVariant/4012", "sku": "P-1"})
    );

    let held = &run("hold", json!({"id": group_gid, "h": {"reason": "HIGH_RISK_OF_FRAUD", "handle": "risk"}})).await["fulfillmentOrderHold"];
    assert_eq!((&held["userErrors"], &held["fulfillmentOrder"]["status"]), (&json!([]), &json!("ON_HOLD")));
    let again = &run("hold", json!({"id": group_gid, "h": {"reason": "OTHER", "handle": "risk"}})).await["fulfillmentOrderHold"];
    assert_eq!(again["userErrors"][0]["code"], "DUPLICATE_FULFILLMENT_HOLD_HANDLE");
    let refused = fulfil(&sandbox, group["id"].as_u64().unwrap(), None).await;
    assert!(refused["userErrors"][0]["message"].as_str().unwrap().contains("on_hold"), "{refused}");
    let released = &run("release", json!({"id": group_gid, "holds": [held["fulfillmentHold"]["id"]]})).await["fulfillmentOrderReleaseHold"];
    assert_eq!(released["fulfillmentOrder"]["status"], "OPEN");

    let input =
        json!({"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": group_gid}], "trackingInfo": {"number": "1Z1"}});
    let made = &run("fulfillmentCreate", json!({"f": input, "m": null})).await["fulfillmentCreate"];
    let parcel = made["fulfillment"]["id"].clone();
    assert_eq!(made["userErrors"], json!([]));
    let tracked =
        &run("fulfillmentTrackingInfoUpdate", json!({"id": parcel, "t": {"number": "1Z2", "company": "UPS"}})).await;
    assert_eq!(tracked["fulfillmentTrackingInfoUpdate"]["userErrors"], json!([]));
    let event = &run("fulfillmentEventCreate", json!({"e": {"fulfillmentId": parcel, "status": "DELIVERED"}})).await;
    assert_eq!(event["fulfillmentEventCreate"]["fulfillmentEvent"]["status"], "DELIVERED");

    let tagged = &run("tagsAdd", json!({"id": order_gid, "tags": ["baton", "baton"]})).await["tagsAdd"];
    assert_eq!(tagged["node"]["id"], order_gid);
    let field = json!({"ownerId": order_gid, "namespace": "baton", "key": "state", "type": "single_line_text_field", "value": "a"});
    let first = &run("metafieldsSet", json!({"m": [field]})).await["metafieldsSet"];
    assert_eq!(first["userErrors"], json!([]));
    let stale =
        json!({"ownerId": order_gid, "namespace": "baton", "key": "state", "value": "b", "compareDigest": "old"});
    let stale = &run("metafieldsSet", json!({"m": [stale]})).await["metafieldsSet"];
    assert_eq!(stale["userErrors"][0]["code"], "STALE_OBJECT");

    let hook = json!({"t": "ORDERS_FULFILLED", "w": {"uri": "https://door.example.com/webhooks/shopify"}});
    let made = &run("webhookSubscriptionCreate", hook.clone()).await["webhookSubscriptionCreate"];
    assert_eq!(made["webhookSubscription"]["topic"], "ORDERS_FULFILLED");
    let twice = &run("webhookSubscriptionCreate", hook).await["webhookSubscriptionCreate"];
    assert!(twice["userErrors"][0]["message"].as_str().unwrap().contains("already been taken"));
    let hooks = run("webhookSubscriptions", json!({})).await;
    let listed = hooks["webhookSubscriptions"]["nodes"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "the standing subscription is not the API's: {listed:?}");
    assert_eq!(listed[0]["uri"], "https://door.example.com/webhooks/shopify");

    let cancel =
        json!({"orderId": order_gid, "reason": "FRAUD", "rm": {"originalPaymentMethodsRefund": true}, "restock": true});
    let refused = &run("orderCancel", cancel).await["orderCancel"];
    assert_eq!(refused["orderCancelUserErrors"][0]["code"], "INVALID", "something was sent already");
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());

    let abandoned = &run("abandoned", json!({"q": "created_at:>=2026-11-01"})).await["abandonedCheckouts"];
    assert_eq!(abandoned["nodes"], json!([]));
    let unplayed = graphql(&sandbox, queries["shopifyql"].as_str().unwrap(), json!({"q": "FROM sessions"})).await;
    let message = unplayed["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("does not play"), "{message}");
    assert_eq!(unexpected(&sandbox).await.len(), 1);
}

#[tokio::test]
async fn a_wrong_field_argument_or_type_is_refused_by_validation() {
    let sandbox = sandbox(&Door::default()).await;
    place(&sandbox, "deliver=0").await;
    let wrong = [
        "{ order(id: \"gid://shopify/Order/1001\") { id naem } }",
        "{ order(number: 1001) { id } }",
        "{ orders(first: \"ten\") { nodes { id } } }",
        "mutation { orderCancel(orderId: \"gid://shopify/Order/1001\", restock: true) { job { id } } }",
        "query($id: String!) { order(id: $id) { id } }",
        "{ order(id: \"gid://shopify/Order/1001\") { id ",
    ];
    for (index, query) in wrong.into_iter().enumerate() {
        let answer = graphql(&sandbox, query, json!({})).await;
        assert!(answer["errors"][0]["message"].is_string(), "{query}: {answer}");
        assert_eq!(answer["data"], Value::Null, "{query}");
        assert_eq!(unexpected(&sandbox).await.len(), index + 1, "{query}");
    }
    // Valid for GraphQL, refused by Shopify all the same.
    for query in ["{ order(id: \"1001\") { id } }", "{ orders { nodes { id } } }"] {
        let before = unexpected(&sandbox).await.len();
        let answer = graphql(&sandbox, query, json!({})).await;
        assert!(answer["errors"][0]["message"].is_string(), "{query}: {answer}");
        assert_eq!(unexpected(&sandbox).await.len(), before + 1, "{query}");
    }
    // An order nobody placed is null and no mistake.
    let before = unexpected(&sandbox).await.len();
    let answer = graphql(&sandbox, "{ order(id: \"gid://shopify/Order/5\") { id } }", json!({})).await;
    assert_eq!((&answer["data"]["order"], &answer["errors"]), (&Value::Null, &Value::Null));
    assert_eq!(unexpected(&sandbox).await.len(), before);
}

#[tokio::test]
async fn the_token_is_checked() {
    let sandbox = sandbox(&Door::default()).await;
    let (status, answer) = graphql_raw(&sandbox, json!({"query": "{shop{name}}"}).to_string(), "wrong").await;
    assert_eq!(status, 401);
    assert!(answer["errors"].as_str().unwrap().starts_with("[API] Invalid API key or access token"));
    let answer = graphql(&sandbox, "{shop{name myshopifyDomain currencyCode}}", json!({})).await;
    assert_eq!(answer["data"]["shop"]["myshopifyDomain"], "example.myshopify.com");
    assert!(answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"].is_u64());
}

#[tokio::test]
async fn orders_are_found_by_name_and_by_change() {
    let sandbox = sandbox(&Door::default()).await;
    let mut order: Value = serde_json::from_str(SMALL).unwrap();
    for number in 1..=5 {
        order["id"] = json!(number);
        order["name"] = json!(format!("#{number}"));
        sandbox.live_by(move || format!("2026-11-20T10:00:0{number}+01:00").parse().unwrap());
        let (status, _) = control(&sandbox, "POST", "/_sandbox/shopify/orders?deliver=0", order.to_string()).await;
        assert_eq!(status, 201);
    }
    let query = "query($q:String,$after:String){orders(first:2,after:$after,query:$q,sortKey:UPDATED_AT){nodes{name} pageInfo{hasNextPage endCursor}}}";
    let named = graphql(&sandbox, query, json!({"q": "name:#3"})).await;
    assert_eq!(named["data"]["orders"]["nodes"], json!([{"name": "#3"}]));
    let since = json!({"q": "updated_at:>='2026-11-20T09:00:03Z'"});
    let page = graphql(&sandbox, query, since.clone()).await["data"]["orders"].clone();
    assert_eq!(page["nodes"], json!([{"name": "#3"}, {"name": "#4"}]));
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let mut next = since;
    next["after"] = page["pageInfo"]["endCursor"].clone();
    let page = graphql(&sandbox, query, next).await["data"]["orders"].clone();
    assert_eq!((&page["nodes"], &page["pageInfo"]["hasNextPage"]), (&json!([{"name": "#5"}]), &json!(false)));
    // A cursor outlives the order it points at: what changed in between comes again, at the end, and nothing is left out.
    let at_three = json!({"q": "updated_at:>='2026-11-20T09:00:02Z'", "after": null});
    let page = graphql(&sandbox, query, at_three.clone()).await["data"]["orders"].clone();
    assert_eq!(page["nodes"], json!([{"name": "#2"}, {"name": "#3"}]));
    sandbox.live_by(|| "2026-11-20T09:00:30Z".parse().unwrap());
    let (status, _) = control(
        &sandbox,
        "PUT",
        "/_sandbox/shopify/orders/3?deliver=0",
        json!({"do": "tags", "add": ["x"]}).to_string(),
    )
    .await;
    assert_eq!(status, 200);
    let mut next = at_three;
    next["after"] = page["pageInfo"]["endCursor"].clone();
    let page = graphql(&sandbox, query, next.clone()).await["data"]["orders"].clone();
    assert_eq!(page["nodes"], json!([{"name": "#4"}, {"name": "#5"}]));
    next["after"] = page["pageInfo"]["endCursor"].clone();
    let page = graphql(&sandbox, query, next.clone()).await["data"]["orders"].clone();
    assert_eq!(page["nodes"], json!([{"name": "#3"}]));
    next["after"] = json!("bm90IGEgY3Vyc29y");
    let wrong = graphql(&sandbox, query, next).await;
    assert!(wrong["errors"][0]["message"].as_str().unwrap().contains("Invalid cursor"), "{wrong}");

    let unknown = graphql(&sandbox, query, json!({"q": "colour:red"})).await;
    assert!(unknown["errors"][0]["message"].as_str().unwrap().contains("colour"), "{unknown}");
}

#[tokio::test]
async fn an_empty_bucket_throttles() {
    let config = sandbox::config::ShopifyConfig { cost_maximum: 12, cost_restore_per_second: 20, ..Default::default() };
    let sandbox =
        Sandbox::start(sandbox::Config { shopify: config, specs: specs(), ..Default::default() }).await.unwrap();
    place(&sandbox, "deliver=0").await;
    let query = "{ orders(first: 1) { nodes { totalPriceSet { shopMoney { amount } presentmentMoney { amount } } customer { id } } } shop { name } }";
    assert_eq!(graphql(&sandbox, query, json!({})).await["extensions"]["cost"]["actualQueryCost"], 8);
    let throttled = graphql(&sandbox, query, json!({})).await;
    assert_eq!(throttled["errors"][0]["extensions"]["code"], "THROTTLED");
    let cost = &throttled["extensions"]["cost"];
    assert_eq!((&cost["actualQueryCost"], &cost["throttleStatus"]["restoreRate"]), (&Value::Null, &json!(20)));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(graphql(&sandbox, query, json!({})).await["errors"], Value::Null);
}

#[tokio::test]
async fn points_that_were_requested_and_not_used_come_back() {
    let config = sandbox::config::ShopifyConfig { cost_maximum: 60, cost_restore_per_second: 0, ..Default::default() };
    let sandbox =
        Sandbox::start(sandbox::Config { shopify: config, specs: specs(), ..Default::default() }).await.unwrap();
    place(&sandbox, "deliver=0").await;
    let query = "query($n:Int!){ orders(first: $n) { edges { node { ...Whose lineItems(first: 5) { nodes { id } } } } pageInfo { hasNextPage } } } fragment Whose on Order { customer { id } }";
    let mut left = 60;
    for _ in 0..3 {
        let cost = graphql(&sandbox, query, json!({"n": 4})).await["extensions"]["cost"].clone();
        // Two for the page; for each order itself, its customer, and its lines, two and each its own. There is one, of three lines.
        assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(2 + 4 * 9), &json!(2 + 7)));
        left -= 9;
        assert_eq!(cost["throttleStatus"]["currentlyAvailable"], left);
    }
    // 33 are left: enough for a page of three, not for one of four, though four would not be returned.
    let four = graphql(&sandbox, query, json!({"n": 4})).await;
    assert_eq!(four["errors"][0]["extensions"]["code"], "THROTTLED", "{four}");
    assert_eq!(graphql(&sandbox, query, json!({"n": 3})).await["errors"], Value::Null);
}

#[test]
fn topics_have_two_names() {
    for topic in ["orders/paid", "fulfillment_events/create", "orders/risk_assessment_changed", "app/uninstalled"] {
        assert_eq!(webhooks::topic_of(&webhooks::enum_of(topic)), topic);
    }
}

#[tokio::test]
async fn without_the_published_schema_the_subset_serves() {
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    place(&sandbox, "deliver=0").await;
    let query = "{ order(id: \"gid://shopify/Order/1001\") { name shippingAddress { countryCodeV2 } fulfillmentOrders(first: 5) { nodes { requestStatus assignedLocation { name } deliveryMethod { methodType } } } } }";
    let answer = graphql(&sandbox, query, json!({})).await;
    assert_eq!(answer["errors"], Value::Null);
    let groups = answer["data"]["order"]["fulfillmentOrders"]["nodes"].as_array().unwrap().clone();
    let facts: Vec<_> = groups
        .iter()
        .map(|group| {
            (
                group["requestStatus"].as_str().unwrap(),
                group["assignedLocation"]["name"].as_str().unwrap(),
                group["deliveryMethod"]["methodType"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("UNSUBMITTED", "Main warehouse", "SHIPPING"),
            ("UNSUBMITTED", "Main warehouse", "NONE"),
            ("SUBMITTED", "other-maker", "SHIPPING")
        ]
    );
}
