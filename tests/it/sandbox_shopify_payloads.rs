//! Which order payloads the store takes, and that it delivers the very bytes, rightly signed.

use crate::sandbox_shopify::{SMALL, graphql, queries, unexpected};
use crate::support::{Door, control, samples, sandbox, specs};
use sandbox::shopify::webhooks;
use serde_json::{Value, json};

#[tokio::test]
async fn every_order_payload_is_taken_or_refused_for_a_reason() {
    let Some(samples) = samples() else { return };
    let folder = samples.join("shopify");
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    let refused = [
        ("gadget_exemplars/2024-01_orders_1.json", "currency"),
        ("gadget_exemplars/2024-01_orders_3.json", "currency"),
        ("gadget_exemplars/2025-04_orders_1.json", "currency"),
        ("devstore_pln/fulfillment_orders_100500.json", "currency is missing"),
    ];
    let taken = [
        ("devstore_pln/order_100500.json", "PAID"),
        ("order_digital_multicurrency_paid_fulfilled.json", "PAID"),
        ("rest_2026-07/order_cancelled.json", "PARTIALLY_REFUNDED"),
        ("rest_2026-07/order_cancelled_refunded_amount_only.json", "REFUNDED"),
        ("rest_2026-07/order_cancelled_refunded_restocked.json", "REFUNDED"),
        ("rest_2026-07/order_customer_removed.json", "PARTIALLY_REFUNDED"),
        ("rest_2026-07/order_fulfilled_no_tracking.json", "PAID"),
        ("rest_2026-07/order_guest_no_email_no_customer_no_address.json", "PAID"),
        ("rest_2026-07/order_partially_paid_shipping_address.json", "PARTIALLY_PAID"),
        ("rest_2026-07/order_pending.json", "PENDING"),
        ("rest_2026-07/order_three_lines_two_tax_lines.json", "PAID"),
        ("rest_2026-07/order_with_tags.json", "PARTIALLY_REFUNDED"),
        ("rudder_devstore/orders_create_trimmed.json", "PAID"),
        ("rudder_devstore/orders_paid_bogus_gateway.json", "PAID"),
        ("rudder_devstore/orders_updated_fulfilled.json", "PAID"),
        ("webhook_docs_2026-07/orders_create.json", "VOIDED"),
    ];
    for (file, reason) in refused {
        let body = std::fs::read(folder.join(file)).unwrap();
        let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/orders", body).await;
        assert_eq!(status, 400, "{file}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains(reason), "{file}: {answer}");
    }
    let order = specs().map(|specs| queries(&specs)["order"].as_str().unwrap().to_owned());
    let order = order.unwrap_or_else(|| {
        "query($id:ID!){order(id:$id){id displayFinancialStatus displayFulfillmentStatus}}".to_owned()
    });
    for (index, (file, financial)) in taken.into_iter().enumerate() {
        let body = std::fs::read(folder.join(file)).unwrap();
        let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/orders?deliver=1", body.clone()).await;
        assert_eq!(status, 201, "{file}: {answer}");
        let delivered = door.wait_for(index + 1).await.pop().unwrap();
        assert_eq!(delivered.path, "/webhooks/shopify");
        assert_eq!(delivered.header("x-shopify-topic"), "orders/paid");
        assert!(delivered.body == body, "{file}: the body is not the very payload");
        let signature = webhooks::signature("sandbox-webhook-secret", &body);
        assert_eq!(delivered.header("x-shopify-hmac-sha256"), signature);
        let shown = graphql(&sandbox, &order, json!({"id": answer["gid"]})).await;
        assert_eq!(shown["errors"], Value::Null, "{file}");
        let shown = &shown["data"]["order"];
        assert_eq!(shown["id"], answer["gid"], "{file}");
        assert_eq!(shown["displayFinancialStatus"], financial, "{file}");
        let status = shown["displayFulfillmentStatus"].as_str().unwrap();
        assert!(["UNFULFILLED", "FULFILLMENT_NOT_REQUIRED"].contains(&status), "{file}: {status}");
    }
    // A document whose ids were rounded keeps both: the number, and the one in its gid.
    for id in ["820982911946154500", "820982911946154508"] {
        let gid = format!("gid://shopify/Order/{id}");
        let shown = graphql(&sandbox, "query($id:ID!){order(id:$id){id legacyResourceId}}", json!({"id": gid})).await;
        assert_eq!(shown["data"]["order"], json!({"id": gid, "legacyResourceId": id}));
    }
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_payload_no_store_could_hold_is_refused_by_the_field() {
    let sandbox = sandbox(&Door::default()).await;
    let base: Value = serde_json::from_str(SMALL).unwrap();
    let cases = [
        ("/id", json!(null), "id is missing"),
        ("/id", json!("1001"), "id is not a positive whole number"),
        ("/currency", json!("example string"), "currency is not an ISO 4217 currency"),
        ("/total_price", json!("example string"), "total_price is missing or not a decimal"),
        ("/line_items", json!([]), "line_items is empty"),
        ("/line_items/0/quantity", json!(0), "line_items[0].quantity"),
        ("/line_items/1/price", json!("ten"), "line_items[1].price"),
        ("/shipping_address/country_code", json!("USA"), "shipping_address.country_code"),
    ];
    for (pointer, value, reason) in cases {
        let mut payload = base.clone();
        *payload.pointer_mut(pointer).unwrap() = value;
        let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/orders", payload.to_string()).await;
        assert_eq!(status, 400, "{pointer}");
        assert!(answer["error"].as_str().unwrap().contains(reason), "{pointer}: {answer}");
    }
    let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/orders?risk=UNHEARD", SMALL).await;
    assert_eq!((status, answer["error"].as_str().unwrap().contains("risk")), (400, true));
}

#[test]
fn signatures_are_those_the_official_library_accepts() {
    let (Some(specs), Some(samples)) = (specs(), samples()) else {
        return;
    };
    let vectors: Value = serde_json::from_slice(&std::fs::read(specs.join("signature_vectors.json")).unwrap()).unwrap();
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap().iter().filter(|vector| vector["provider"] == "shopify") {
        let file = vector["body_file"].as_str().unwrap().strip_prefix("samples/").unwrap();
        let body = std::fs::read(samples.join(file)).unwrap();
        let name = if vector["style"] == "classic" { "X-Shopify-Hmac-Sha256" } else { "Shopify-Hmac-Sha256" };
        assert_eq!(vector["headers"][name], webhooks::signature(vector["secret"].as_str().unwrap(), &body), "{file}");
        checked += 1;
    }
    assert_eq!(checked, 6);
}
