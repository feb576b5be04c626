//! Orders made through the API, what the store sells, and checkouts that were not finished; and that every document our client
//! sends is played.

use crate::sandbox_shopify::{SMALL, fulfil, fulfillment_order, graphql, place, unexpected};
use crate::support::{Door, control, sandbox};
use sandbox::Sandbox;
use serde_json::{Value, json};

fn document(name: &str) -> &'static str {
    store::shopify::QUERIES.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// A document of the client's; its data.
async fn run(sandbox: &Sandbox, name: &str, variables: Value) -> Value {
    let answer = graphql(sandbox, document(name), variables).await;
    assert_eq!(answer["errors"], Value::Null, "{name}");
    answer["data"].clone()
}

const ORDER: &str = "gid://shopify/Order/1001";

fn money(amount: &str) -> Value {
    json!({"shopMoney": {"amount": amount, "currencyCode": "USD"}})
}

fn test_order(variant: u64, amount: &str) -> Value {
    let place = json!({"firstName": "Test", "lastName": "Order", "address1": "1 Example St", "city": "Springfield",
        "provinceCode": "IL", "zip": "62701", "countryCode": "US"});
    json!({
        "order": {
            "lineItems": [{"variantId": format!("gid://shopify/ProductVariant/{variant}"), "quantity": 1, "requiresShipping": true}],
            "email": "owner@example.com", "shippingAddress": place, "billingAddress": place,
            "tags": ["baton-test-1"], "test": true, "financialStatus": "PAID",
            "transactions": [{"kind": "SALE", "status": "SUCCESS", "amountSet": money(amount), "test": true, "gateway": "bogus"}],
        },
        "options": {"inventoryBehaviour": "BYPASS", "sendReceipt": false, "sendFulfillmentReceipt": false},
    })
}

#[tokio::test]
async fn a_test_order_is_made_and_cleaned_up() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    let price = run(&sandbox, "variant_price", json!({"id": "gid://shopify/ProductVariant/4401"})).await;
    assert_eq!((&price["productVariant"]["price"], &price["shop"]["currencyCode"]), (&json!("24.90"), &json!("USD")));
    let made = run(&sandbox, "place_order", test_order(4401, "24.90")).await["orderCreate"].clone();
    assert_eq!(made["userErrors"], json!([]));
    let id = made["order"]["id"].clone();
    door.wait_for(2).await;
    let mut topics = door.topics();
    topics.sort();
    assert_eq!(topics, ["orders/create", "orders/paid"]);
    let body = door.received.lock().unwrap()[0].json();
    assert_eq!(
        (&body["email"], &body["total_price"], &body["name"]),
        (&json!("owner@example.com"), &json!("24.90"), &json!("#1001"))
    );

    let order = run(&sandbox, "order", json!({"id": id})).await["order"].clone();
    assert_eq!(
        (&order["test"], &order["tags"], &order["displayFinancialStatus"]),
        (&json!(true), &json!(["baton-test-1"]), &json!("PAID"))
    );
    assert_eq!(order["risk"]["assessments"], json!([]), "Shopify analyses its own checkout only");
    assert_eq!(order["transactions"][0]["gateway"], "bogus");
    assert_eq!(order["lineItems"]["nodes"][0]["variant"]["id"], "gid://shopify/ProductVariant/4401");
    assert_eq!(order["shippingAddress"]["name"], "Test Order");
    let tagged = run(&sandbox, "tagged_order", json!({"query": "tag:'baton-test-1'"})).await;
    assert_eq!(tagged["orders"]["nodes"][0]["id"], id);
    let newest = run(&sandbox, "newest_orders", json!({})).await;
    assert_eq!(newest["orders"]["nodes"][0]["test"], true);

    let cancel =
        json!({"id": id, "reason": "OTHER", "refund": null, "restock": false, "notify": false, "note": "test order"});
    let cancelled = run(&sandbox, "cancel", cancel).await["orderCancel"].clone();
    assert_eq!(cancelled["orderCancelUserErrors"], json!([]));
    door.wait_for(4).await;
    assert!(run(&sandbox, "cancelled", json!({"id": id})).await["order"]["cancelledAt"].is_string());
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused() {
    let sandbox = sandbox(&Door::default()).await;
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut variables = test_order(4401, "24.90");
        change(&mut variables["order"]);
        let made = run(&sandbox, "place_order", variables).await["orderCreate"].clone();
        assert_eq!(made["order"], Value::Null);
        assert_eq!(made["userErrors"][0]["code"], "INVALID");
        made["userErrors"][0]["message"].as_str().unwrap().to_owned()
    };
    let no_variant = |order: &mut Value| order["lineItems"][0]["variantId"] = json!("gid://shopify/ProductVariant/1");
    assert!(refused(&no_variant).await.contains("Variant does not exist"));
    assert!(refused(&|order| order["lineItems"] = json!([])).await.contains("at least one"));
    assert!(refused(&|order| order["lineItems"][0]["quantity"] = json!(0)).await.contains("greater than 0"));
    let currency =
        |order: &mut Value| order["transactions"][0]["amountSet"]["shopMoney"]["currencyCode"] = json!("EUR");
    assert!(refused(&currency).await.contains("USD"));
    assert_eq!(control(&sandbox, "GET", "/_sandbox/shopify/orders", "").await.1, json!([]));
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());

    let mut unplayed = test_order(4401, "24.90");
    unplayed["order"]["poNumber"] = json!("7");
    let answer = graphql(&sandbox, document("place_order"), unplayed).await;
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("poNumber"), "{answer}");
    // Without a status, what came in says it.
    let mut partly = test_order(4401, "10.00");
    partly["order"]["financialStatus"] = Value::Null;
    let made = run(&sandbox, "place_order", partly).await["orderCreate"]["order"]["id"].clone();
    assert_eq!(run(&sandbox, "order", json!({"id": made})).await["order"]["displayFinancialStatus"], "PARTIALLY_PAID");
}

#[tokio::test]
async fn the_store_sells_its_catalog_and_what_was_ordered() {
    let sandbox = sandbox(&Door::default()).await;
    let variants = async || {
        let page = run(&sandbox, "variants", json!({"after": null})).await["productVariants"].clone();
        assert_eq!(page["pageInfo"]["hasNextPage"], false);
        page["nodes"].as_array().unwrap().clone()
    };
    let before = variants().await;
    let other = before.iter().find(|one| one["sku"] == "SHIRT-M-BK").unwrap();
    let service = &other["inventoryItem"]["inventoryLevels"]["nodes"][0]["location"]["fulfillmentService"];
    assert_eq!(service["handle"], "another-workshop");
    let ours = before.iter().find(|one| one["sku"] == "ISLAND-A3").unwrap();
    assert_eq!(ours["displayName"], "Poster of an invented island - A3");
    assert_eq!(ours["inventoryItem"]["inventoryLevels"]["nodes"][0]["location"]["fulfillmentService"], Value::Null);
    assert!(before.iter().any(|one| one["inventoryItem"]["requiresShipping"] == false));

    place(&sandbox, "deliver=0").await;
    let after = variants().await;
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after[0]["id"], "gid://shopify/ProductVariant/4012", "by number");
    assert_eq!(after[0]["displayName"], "Poster");
    let price = run(&sandbox, "variant_price", json!({"id": "gid://shopify/ProductVariant/9"})).await;
    assert_eq!(price["productVariant"], Value::Null);
}

#[tokio::test]
async fn a_checkout_is_begun_and_may_be_finished() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    let checkout = json!({"id": 31, "token": "c0ffee", "currency": "USD", "total_price": "30.00", "email": "kim@example.com",
        "created_at": "2026-11-21T10:00:00Z", "completed_at": null, "shipping_address": {"country_code": "US"},
        "line_items": [{"title": "Poster", "quantity": 2, "variant_id": 4401, "properties": {}}]});
    let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/checkouts", checkout.to_string()).await;
    assert_eq!((status, &answer["id"], &answer["delivered"]), (201, &json!("31"), &json!(1)), "{answer}");
    let told = door.wait_for(1).await.remove(0);
    assert_eq!(told.header("x-shopify-topic"), "checkouts/create");
    assert_eq!(told.json(), checkout);
    let stalled = async |from: &str, until: &str| {
        let query = format!("created_at:>='{from}' created_at:<='{until}'");
        run(&sandbox, "stalled_checkouts", json!({"query": query, "after": null})).await["abandonedCheckouts"]["nodes"]
            .clone()
    };
    let found = stalled("2026-11-21T09:00:00Z", "2026-11-21T11:00:00Z").await;
    assert_eq!(
        found,
        json!([{"id": "gid://shopify/AbandonedCheckout/31", "createdAt": "2026-11-21T10:00:00Z", "completedAt": null,
            "shippingAddress": {"countryCodeV2": "US"}, "billingAddress": null}])
    );
    assert_eq!(stalled("2026-11-21T10:00:01Z", "2026-11-21T11:00:00Z").await, json!([]));

    // The same token again is the same checkout.
    let mut again = checkout.clone();
    again.as_object_mut().unwrap().remove("id");
    let (_, answer) = control(&sandbox, "POST", "/_sandbox/shopify/checkouts", again.to_string()).await;
    assert_eq!(answer["id"], "31");
    assert_eq!(door.wait_for(2).await[1].header("x-shopify-topic"), "checkouts/update");
    let mut order: Value = serde_json::from_str(SMALL).unwrap();
    order["checkout_token"] = json!("c0ffee");
    control(&sandbox, "POST", "/_sandbox/shopify/orders?deliver=0", order.to_string()).await;
    assert!(stalled("2026-11-21T09:00:00Z", "2026-11-21T11:00:00Z").await[0]["completedAt"].is_string());
    for (key, value) in [("total_price", json!("much")), ("currency", json!(null)), ("created_at", json!("yesterday"))]
    {
        let mut wrong = checkout.clone();
        wrong[key] = value;
        let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/checkouts", wrong.to_string()).await;
        assert_eq!((status, answer["error"].as_str().unwrap().contains(key)), (400, true), "{answer}");
    }
    assert_eq!(control(&sandbox, "GET", "/_sandbox/shopify/checkouts", "").await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn holds_have_names_and_a_limit() {
    let sandbox = sandbox(&Door::default()).await;
    place(&sandbox, "deliver=0").await;
    let group = fulfillment_order(&sandbox, 1001, "manual").await["id"].as_u64().unwrap();
    let gid = format!("gid://shopify/FulfillmentOrder/{group}");
    let hold = async |handle: &str| {
        let input = json!({"reason": "OTHER", "reasonNotes": "please look", "handle": handle, "notifyMerchant": false});
        run(&sandbox, "hold", json!({"id": gid, "hold": input})).await["fulfillmentOrderHold"].clone()
    };
    let first = hold("baton-1").await["fulfillmentHold"]["id"].clone();
    for number in 2..=10 {
        assert_eq!(hold(&format!("baton-{number}")).await["userErrors"], json!([]));
    }
    assert_eq!(hold("baton-1").await["userErrors"][0]["code"], "DUPLICATE_FULFILLMENT_HOLD_HANDLE");
    assert_eq!(hold("baton-11").await["userErrors"][0]["code"], "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED");
    let release = async |holds: &[Value]| {
        run(&sandbox, "release_hold", json!({"id": gid, "holds": holds})).await["fulfillmentOrderReleaseHold"].clone()
    };
    assert_eq!(release(&[first]).await["userErrors"], json!([]));
    let order = run(&sandbox, "order", json!({"id": ORDER})).await["order"].clone();
    let groups = order["fulfillmentOrders"]["nodes"].as_array().unwrap();
    let held = groups.iter().find(|one| one["id"] == gid.as_str()).unwrap();
    let holds = held["fulfillmentHolds"].as_array().unwrap().clone();
    assert_eq!((&held["status"], holds.len()), (&json!("ON_HOLD"), 9), "only the given one is released");
    assert!(fulfil(&sandbox, group, None).await["userErrors"][0]["message"].as_str().unwrap().contains("on_hold"));
    release(&holds.iter().map(|hold| hold["id"].clone()).collect::<Vec<_>>()).await;
    assert_eq!(fulfil(&sandbox, group, None).await["userErrors"], json!([]));
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
}

/// Each with what the client sends at most, on an order that has some of everything.
#[tokio::test]
async fn every_document_of_the_client_is_played() {
    let sandbox = sandbox(&Door::default()).await;
    place(&sandbox, "deliver=0&risk=HIGH").await;
    for change in [
        json!({"do": "attempt", "card": {"company": "Visa"}}),
        json!({"do": "dispute"}),
        json!({"do": "refund", "amount": "1.00"}),
    ] {
        control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001?deliver=0", change.to_string()).await;
    }
    let group = fulfillment_order(&sandbox, 1001, "manual").await;
    let gid = format!("gid://shopify/FulfillmentOrder/{}", group["id"]);
    let order = run(&sandbox, "order", json!({"id": ORDER})).await["order"].clone();
    let after = |list: &Value| list["pageInfo"]["endCursor"].clone();
    let lines = order["fulfillmentOrders"]["nodes"][0]["lineItems"].clone();
    let window = "created_at:>='2020-01-01T00:00:00Z' created_at:<='2100-01-01T00:00:00Z'";
    let since = json!({"query": "updated_at:>='2026-11-22T02:13:00Z'", "after": null});
    let documents = [
        ("order_lines", json!({"id": ORDER, "after": after(&order["lineItems"])})),
        ("order_fulfilment_orders", json!({"id": ORDER, "after": after(&order["fulfillmentOrders"])})),
        ("fulfilment_order_lines", json!({"id": order["fulfillmentOrders"]["nodes"][0]["id"], "after": after(&lines)})),
        ("changed_orders", since),
        ("placed_orders", json!({"query": window, "after": null})),
        ("newest_orders", json!({})),
        ("stalled_checkouts", json!({"query": window, "after": null})),
        ("tagged_order", json!({"query": "tag:'baton-test-1'"})),
        ("variants", json!({"after": null})),
        ("variant_price", json!({"id": "gid://shopify/ProductVariant/4012"})),
        ("subscriptions", json!({"after": null})),
        (
            "subscribe",
            json!({"topic": "ORDERS_PAID", "subscription": {"uri": "https://door.example.com/webhooks/shopify", "format": "JSON"}}),
        ),
        (
            "hold",
            json!({"id": gid, "hold": {"reason": "HIGH_RISK_OF_FRAUD", "handle": "h", "reasonNotes": "n", "notifyMerchant": false}}),
        ),
        ("release_hold", json!({"id": gid, "holds": null})),
        (
            "fulfil",
            json!({"fulfillment": {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": gid}], "notifyCustomer": false}}),
        ),
        ("track", json!({"fulfillmentId": "gid://shopify/Fulfillment/9", "tracking": {"numbers": ["1Z1"]}})),
        ("place_order", test_order(4501, "14.50")),
        (
            "add_contact",
            json!({"input": {"email": "kim@example.com", "emailMarketingConsent": {"marketingState": "PENDING", "marketingOptInLevel": "CONFIRMED_OPT_IN"}}}),
        ),
        ("contact", json!({"id": "gid://shopify/Customer/7"})),
        ("contact_by_mail", json!({"mail": "kim@example.com"})),
        (
            "set_consent",
            json!({"input": {"customerId": "gid://shopify/Customer/7", "emailMarketingConsent": {"marketingState": "UNSUBSCRIBED"}}}),
        ),
        ("checkout", json!({"id": "gid://shopify/AbandonedCheckout/31"})),
        ("bought_by_customer", json!({"id": "gid://shopify/Customer/7"})),
        ("bought_by_mail", json!({"query": "created_at:>='2020-01-01T00:00:00Z' email:\"kim@example.com\""})),
        ("bought_at_address", json!({"query": "created_at:>='2020-01-01T00:00:00Z'", "after": null})),
        ("cancelled", json!({"id": ORDER})),
        (
            "cancel",
            json!({"id": ORDER, "reason": "FRAUD", "refund": {"originalPaymentMethodsRefund": true}, "restock": false, "notify": true, "note": "n"}),
        ),
    ];
    for (name, variables) in &documents {
        run(&sandbox, name, variables.clone()).await;
    }
    let mut played: Vec<&str> = documents.iter().map(|(name, _)| *name).chain(["order"]).collect();
    let mut all: Vec<&str> = store::shopify::QUERIES.iter().map(|(name, _)| *name).collect();
    played.sort_unstable();
    all.sort_unstable();
    assert_eq!(played, all);
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
}

/// A fault can be armed for everything the client asks; a refused change changes nothing.
#[tokio::test]
async fn every_call_of_the_client_can_fail() {
    let sandbox = sandbox(&Door::default()).await;
    let (_, operations) = control(&sandbox, "GET", "/_sandbox/operations", "").await;
    let known: Vec<&str> =
        operations.as_array().unwrap().iter().map(|one| one["operation"].as_str().unwrap()).collect();
    let schema = sandbox::shopify::graphql::subset().unwrap();
    for (name, text) in store::shopify::QUERIES {
        let document = apollo_compiler::ExecutableDocument::parse_and_validate(&schema, *text, *name).unwrap();
        let roots = document.operations.iter().flat_map(|operation| operation.root_fields(&document));
        for field in roots {
            assert!(known.contains(&field.name.as_str()), "{name}: no fault can be armed for {}", field.name);
        }
    }
    let refuse = json!([{"provider": "shopify", "operation": "orderCreate", "fault": "refuse", "times": 1}]);
    assert_eq!(control(&sandbox, "POST", "/_sandbox/faults", refuse.to_string()).await.0, 201);
    let refused = run(&sandbox, "place_order", test_order(4401, "24.90")).await["orderCreate"].clone();
    assert_eq!(
        (&refused["order"], refused["userErrors"][0]["message"].as_str()),
        (&Value::Null, Some("refused by an armed fault"))
    );
    assert_eq!(control(&sandbox, "GET", "/_sandbox/shopify/orders", "").await.1, json!([]));
    assert_eq!(run(&sandbox, "place_order", test_order(4401, "24.90")).await["orderCreate"]["userErrors"], json!([]));
}
