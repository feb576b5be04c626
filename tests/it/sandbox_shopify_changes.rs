//! What happens to the store's orders, through the API and from outside, and who hears of it.

use crate::sandbox_shopify::{fulfil, fulfillment_order, graphql, place, unexpected};
use crate::support::{Door, Received, control, sandbox};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn what_happens_in_the_store_is_told() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    place(&sandbox, "deliver=3").await;
    let received = door.wait_for(3).await;
    let event_ids: Vec<&str> = received.iter().map(|one| one.header("x-shopify-event-id")).collect();
    assert!(event_ids.iter().all(|id| *id == event_ids[0]));
    let change = async |body: Value| {
        let (status, answer) = control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001", body.to_string()).await;
        assert_eq!(status, 200, "{body}: {answer}");
        answer
    };
    let last = async |count: usize, topics: &[&str]| {
        let received = door.wait_for(count).await;
        let mut seen = door.topics()[count - topics.len()..].to_vec();
        seen.sort();
        assert_eq!(seen, topics);
        received
    };

    change(json!({"do": "risk", "level": "high"})).await;
    let received = last(4, &["orders/risk_assessment_changed"]).await;
    assert_eq!(received[3].json()["risk_level"], "high");

    let edited =
        change(json!({"do": "edit", "line_items": [{"id": 11, "quantity": 1}], "shipping_address": {"zip": "62702"}}))
            .await;
    assert_eq!(
        (&edited["line_items"][0]["current_quantity"], &edited["shipping_address"]["zip"]),
        (&json!(1), &json!("62702"))
    );
    let received = last(6, &["orders/edited", "orders/updated"]).await;
    let edit = received.iter().find(|one| one.header("x-shopify-topic") == "orders/edited").unwrap().json();
    assert_eq!(edit["order_edit"]["line_items"]["removals"], json!([{"id": 11, "delta": 1}]));

    let body = |received: &[Received], topic: &str| {
        received.iter().rev().find(|one| one.header("x-shopify-topic") == topic).unwrap().json()
    };
    let refunded = change(json!({"do": "refund", "amount": "5.00"})).await;
    assert_eq!(refunded["financial_status"], "partially_refunded");
    let received = last(8, &["orders/updated", "refunds/create"]).await;
    assert_eq!(body(&received, "refunds/create")["refund_line_items"], json!([]));
    assert_eq!(body(&received, "orders/updated")["financial_status"], "partially_refunded");

    change(json!({"do": "fulfil", "tracking_number": "1Z9", "carrier": "UPS"})).await;
    let received = last(10, &["fulfillments/create", "orders/updated"]).await;
    assert_eq!(body(&received, "fulfillments/create")["tracking_number"], "1Z9");
    let shown = change(json!({"do": "deliver_parcel", "tracking_number": "1Z9"})).await;
    assert_eq!(shown["fulfillments"][0]["events"][0]["status"], "DELIVERED");
    assert_eq!(last(11, &["fulfillment_events/create"]).await[10].json()["status"], "delivered");

    let moved = change(json!({"do": "address", "address": {"zip": "62703", "city": "Shelbyville"}})).await;
    assert_eq!(
        (&moved["shipping_address"]["zip"], &moved["shipping_address"]["country_code"]),
        (&json!("62703"), &json!("US"))
    );
    let received = last(12, &["orders/updated"]).await;
    assert_eq!(received[11].json()["shipping_address"]["city"], "Shelbyville");

    let cancelled = change(json!({"do": "cancel", "reason": "customer"})).await;
    assert!(cancelled["cancelled_at"].is_string());
    last(14, &["orders/cancelled", "orders/updated"]).await;
    let (status, _) =
        control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001", json!({"do": "cancel"}).to_string()).await;
    assert_eq!(status, 409);
    let (status, answer) =
        control(&sandbox, "PUT", "/_sandbox/shopify/orders/1001", json!({"do": "vanish"}).to_string()).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(
        control(&sandbox, "PUT", "/_sandbox/shopify/orders/2", json!({"do": "cancel"}).to_string()).await.0,
        404
    );
}

#[tokio::test]
async fn a_cancellation_is_a_job() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    place(&sandbox, "deliver=0").await;
    let cancel = "mutation { orderCancel(orderId: \"gid://shopify/Order/1001\", reason: FRAUD, restock: true, refundMethod: {originalPaymentMethodsRefund: true}) { job { id done } orderCancelUserErrors { code } } }";
    let answer = graphql(&sandbox, cancel, json!({})).await["data"]["orderCancel"].clone();
    assert_eq!((&answer["job"]["done"], &answer["orderCancelUserErrors"]), (&json!(false), &json!([])));
    assert_ne!(control(&sandbox, "GET", "/_sandbox/pending", "").await.1["deliveries"], 0);
    door.wait_for(3).await;
    let mut topics = door.topics();
    topics.sort();
    assert_eq!(topics, ["orders/cancelled", "orders/updated", "refunds/create"]);
    let shown = "{ order(id: \"gid://shopify/Order/1001\") { cancelledAt cancelReason displayFinancialStatus fulfillmentOrders(first:5){nodes{status}} } }";
    let shown = graphql(&sandbox, shown, json!({})).await["data"]["order"].clone();
    assert_eq!((&shown["cancelReason"], &shown["displayFinancialStatus"]), (&json!("FRAUD"), &json!("REFUNDED")));
    assert!(shown["fulfillmentOrders"]["nodes"].as_array().unwrap().iter().all(|group| group["status"] == "CLOSED"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let again = graphql(&sandbox, cancel, json!({})).await["data"]["orderCancel"].clone();
    assert_eq!(again["orderCancelUserErrors"][0]["code"], "INVALID");
}

#[tokio::test]
async fn nothing_is_fulfilled_twice() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    place(&sandbox, "deliver=0").await;
    let group = fulfillment_order(&sandbox, 1001, "manual").await;
    let (id, line) = (group["id"].as_u64().unwrap(), group["line_items"][0]["id"].as_u64().unwrap());
    let line = |quantity: u64| {
        Some(json!([{"id": format!("gid://shopify/FulfillmentOrderLineItem/{line}"), "quantity": quantity}]))
    };

    let first = fulfil(&sandbox, id, line(1)).await;
    assert_eq!(first["userErrors"], json!([]));
    assert_eq!(first["fulfillment"]["trackingInfo"][0]["number"], "1Z1");
    let status = "{ order(id: \"gid://shopify/Order/1001\") { displayFulfillmentStatus lineItems(first:1){nodes{unfulfilledQuantity}} } }";
    let shown = graphql(&sandbox, status, json!({})).await["data"]["order"].clone();
    assert_eq!(
        shown,
        json!({"displayFulfillmentStatus": "PARTIALLY_FULFILLED", "lineItems": {"nodes": [{"unfulfilledQuantity": 1}]}})
    );

    let too_many = fulfil(&sandbox, id, line(2)).await;
    assert_eq!(too_many["userErrors"][0]["message"], "Invalid fulfillment order line item quantity requested.");
    assert_eq!(fulfil(&sandbox, id, None).await["userErrors"], json!([]));
    let nothing_left = fulfil(&sandbox, id, None).await;
    assert_eq!(nothing_left["fulfillment"], Value::Null);
    assert!(nothing_left["userErrors"][0]["message"].as_str().unwrap().contains("unfulfillable status= closed"));
    assert_eq!(door.wait_for(4).await.len(), 4);
    let mut topics = door.topics();
    topics.sort();
    assert_eq!(topics, ["fulfillments/create", "fulfillments/create", "orders/updated", "orders/updated"]);
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
}

const TRACK: &str = "mutation T($id: ID!, $t: FulfillmentTrackingInput!) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $t, notifyCustomer: false) { fulfillment { trackingInfo(first: 10) { company number url } } userErrors { message } } }";

#[tokio::test]
async fn a_parcel_s_numbers_are_replaced_and_told() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    place(&sandbox, "deliver=0").await;
    let group = fulfillment_order(&sandbox, 1001, "manual").await;
    let parcel = fulfil(&sandbox, group["id"].as_u64().unwrap(), None).await["fulfillment"]["id"].clone();
    let track = async |id: &Value, tracking: Value| graphql(&sandbox, TRACK, json!({"id": id, "t": tracking})).await;
    let two = json!({"company": "UPS", "numbers": ["1Z2", "1Z1"], "urls": ["https://tracking.example.com/1Z2"]});
    let answer = track(&parcel, two).await;
    assert_eq!(
        answer["data"]["fulfillmentTrackingInfoUpdate"]["fulfillment"]["trackingInfo"],
        json!([
            {"company": "UPS", "number": "1Z2", "url": "https://tracking.example.com/1Z2"},
            {"company": "UPS", "number": "1Z1", "url": null},
        ]),
        "{answer}"
    );
    let (_, shown) = control(&sandbox, "GET", "/_sandbox/shopify/orders/1001", "").await;
    assert_eq!(shown["fulfillments"][0]["tracking_numbers"], json!(["1Z2", "1Z1"]));
    assert_eq!(shown["notifications"], json!([]), "the store sends no mail");
    let told = async || {
        let received = door.received.lock().unwrap().clone();
        received.iter().find(|one| one.header("x-shopify-topic") == "fulfillments/update").map(Received::json)
    };
    while told().await.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(told().await.unwrap()["tracking_numbers"], json!(["1Z2", "1Z1"]));
    let nobody = track(&json!("gid://shopify/Fulfillment/9"), json!({"numbers": ["1Z1"]})).await;
    let errors = &nobody["data"]["fulfillmentTrackingInfoUpdate"]["userErrors"];
    assert_eq!(errors[0]["message"], "Fulfillment does not exist.");

    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
    for wrong in [
        json!({"number": "1Z1", "numbers": ["1Z2"]}),
        json!({"urls": ["https://tracking.example.com/1Z1"]}),
        json!({"number": "1Z1", "url": "tracking.example.com/1Z1"}),
    ] {
        assert!(track(&parcel, wrong.clone()).await["errors"][0]["message"].is_string(), "{wrong}");
    }
    assert_eq!(unexpected(&sandbox).await.len(), 3);
    let (_, shown) = control(&sandbox, "GET", "/_sandbox/shopify/orders/1001", "").await;
    assert_eq!(shown["fulfillments"][0]["tracking_numbers"], json!(["1Z2", "1Z1"]), "nothing of that was done");
}
