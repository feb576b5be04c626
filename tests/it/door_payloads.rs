//! Every webhook body in the samples, rightly signed, at the door: what it becomes is committed here. And what is left of a fact
//! when a provider leaves a field null.

use std::collections::BTreeMap;

use domain::event::EventType;
use domain::external_id::external_id;
use domain::subject::OrderId;
use serde_json::{Value, json};

use crate::house::{House, SHOP, printful, shopify};
use crate::support::samples;

/// Path below `shopify`, topic, event type. What stands nowhere here is `webhook.unfollowed`.
#[rustfmt::skip]
const SHOPIFY: &[(&str, &str, &str)] = &[
    ("gadget_exemplars/2024-01_orders_1.json",                   "orders/paid",                       "order.paid"),
    ("gadget_exemplars/2024-01_orders_1.json",                   "orders/cancelled",                  "order.cancelled"),
    ("gadget_exemplars/2024-01_orders_3.json",                   "orders/paid",                       "order.paid"),
    ("gadget_exemplars/2024-01_orders_3.json",                   "orders/cancelled",                  "order.cancelled"),
    ("gadget_exemplars/2025-04_orders_1.json",                   "orders/paid",                       "order.paid"),
    ("gadget_exemplars/2025-04_orders_1.json",                   "orders/cancelled",                  "order.cancelled"),
    ("gadget_exemplars/2025-04_refunds_1.json",                  "refunds/create",                    "order.refunded"),
    ("order_digital_multicurrency_paid_fulfilled.json",          "orders/paid",                       "order.paid"),
    ("rudder_devstore/orders_paid_bogus_gateway.json",           "orders/paid",                       "order.paid"),
    ("webhook_docs_2026-07/app_uninstalled.json",                "app/uninstalled",                   "store.app_uninstalled"),
    ("webhook_docs_2026-07/customers_data_request.json",         "customers/data_request",            "privacy.data_requested"),
    ("webhook_docs_2026-07/customers_redact.json",               "customers/redact",                  "privacy.customer_redacted"),
    ("webhook_docs_2026-07/fulfillment_events_create.json",      "fulfillment_events/create",         "parcel.moved"),
    ("webhook_docs_2026-07/orders_create.json",                  "orders/paid",                       "order.paid"),
    ("webhook_docs_2026-07/orders_create.json",                  "orders/cancelled",                  "order.cancelled"),
    ("webhook_docs_2026-07/orders_risk_assessment_changed.json", "orders/risk_assessment_changed",    "webhook.unreadable"),
    ("webhook_docs_2026-07/refunds_create.json",                 "refunds/create",                    "order.refunded"),
    ("webhook_docs_2026-07/shop_redact.json",                    "shop/redact",                       "privacy.shop_redacted"),
];

/// Topics that a body published for several topics, or without one, is delivered under.
fn topics(listed: &str) -> Vec<String> {
    // `orders/create,paid`: the part before the slash holds for all of them.
    let listed = listed.split(' ').next().unwrap();
    let Some((resource, verbs)) = listed.split_once('/') else { return Vec::new() };
    let verbs =
        if verbs == "*" { if resource == "orders" { "create,paid,cancelled" } else { "create,update" } } else { verbs };
    verbs.split(',').map(|verb| format!("{resource}/{verb}")).collect()
}

#[tokio::test]
async fn every_shopify_webhook_becomes_what_the_table_says() {
    let Some(samples) = samples() else { return };
    let index = std::fs::read_to_string(samples.join("INDEX.tsv")).unwrap();
    let mut expected: BTreeMap<String, &str> =
        SHOPIFY.iter().map(|(path, topic, event_type)| (format!("{path} {topic}"), *event_type)).collect();
    let (mut wrong, mut counts) = (Vec::new(), BTreeMap::<String, usize>::new());
    for line in index.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let Some(path) = columns[0].strip_prefix("shopify/") else { continue };
        let body = std::fs::read(samples.join(columns[0])).unwrap();
        for topic in topics(columns[2]) {
            let house = House::new();
            assert_eq!(house.answer(&shopify(&topic, &body)).await, 200, "{path} {topic}");
            let (event, kept) = house.only().await;
            assert!(kept == body, "{path} {topic}: not kept to the byte");
            let found = event.fact.event_type().as_str();
            *counts.entry(found.to_owned()).or_default() += 1;
            if expected.remove(&format!("{path} {topic}")).unwrap_or("webhook.unfollowed") != found {
                wrong.push(format!("(\"{path}\", \"{topic}\", \"{found}\"), {:?}", event.fact));
            }
        }
    }
    wrong.extend(expected.keys().map(|row| format!("{row:?} is in the table and not in the index")));
    eprintln!("shopify webhooks: {counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Path below `printful`; what it becomes when the order is one of ours. As published, the orders are nobody's: unfollowed.
#[rustfmt::skip]
const PRINTFUL: &[(&str, &str)] = &[
    ("v1_order_created.json",                    "webhook.unfollowed"),
    ("v1_spec_order_canceled.json",              "partner.stopped"),
    ("v1_spec_order_created.json",               "webhook.unfollowed"),
    ("v1_spec_order_failed.json",                "partner.stopped"),
    ("v1_spec_order_put_hold.json",              "partner.stopped"),
    ("v1_spec_order_put_hold_approval.json",     "partner.stopped"),
    ("v1_spec_order_refunded.json",              "webhook.unfollowed"),
    ("v1_spec_order_remove_hold.json",           "partner.resumed"),
    ("v1_spec_order_updated.json",               "webhook.unfollowed"),
    ("v1_spec_package_returned.json",            "parcel.returned"),
    ("v1_spec_package_shipped.json",             "parcel.shipped"),
    ("v1_spec_stock_updated.json",               "webhook.unfollowed"),
    ("v2_spec_order_canceled.json",              "partner.stopped"),
    ("v2_spec_order_created.json",               "webhook.unfollowed"),
    ("v2_spec_order_failed.json",                "partner.stopped"),
    ("v2_spec_order_put_hold.json",              "partner.stopped"),
    ("v2_spec_order_put_hold_approval.json",     "partner.stopped"),
    ("v2_spec_order_refunded.json",              "webhook.unfollowed"),
    ("v2_spec_order_remove_hold.json",           "partner.resumed"),
    ("v2_spec_order_updated.json",               "webhook.unfollowed"),
    ("v2_spec_shipment_canceled.json",           "webhook.unfollowed"),
    ("v2_spec_shipment_delivered.json",          "parcel.delivered"),
    ("v2_spec_shipment_put_hold.json",           "webhook.unfollowed"),
    ("v2_spec_shipment_put_hold_approval.json",  "webhook.unfollowed"),
    ("v2_spec_shipment_remove_hold.json",        "webhook.unfollowed"),
    ("v2_spec_shipment_sent.json",               "parcel.shipped"),
];

#[tokio::test]
async fn every_printful_webhook_becomes_what_the_table_says() {
    let Some(samples) = samples() else { return };
    let mut expected: BTreeMap<&str, &str> = PRINTFUL.iter().copied().collect();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(samples.join("printful")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let body = std::fs::read(&path).unwrap();
        let Ok(json) = serde_json::from_slice::<Value>(&body) else { continue };
        if !(json["type"].is_string() && json["data"].is_object()) {
            continue;
        }
        let house = House::new();
        assert_eq!(house.answer(&printful(&body)).await, 200, "{name}");
        let (event, kept) = house.only().await;
        assert!(kept == body, "{name}");
        assert_eq!(event.fact.event_type(), EventType::Unfollowed, "{name}: {:?}", event.fact);

        let mut ours = json.clone();
        if ours["data"]["order"].is_object() {
            ours["data"]["order"]["external_id"] = json!(external_id(SHOP, OrderId(5_550_001_111), 1));
        }
        let body = ours.to_string().into_bytes();
        let house = House::new();
        assert_eq!(house.answer(&printful(&body)).await, 200, "{name}");
        let (event, kept) = house.only().await;
        assert!(kept == body, "{name}");
        let found = event.fact.event_type().as_str();
        if expected.remove(name.as_str()) != Some(found) {
            wrong.push(format!("(\"{name}\", \"{found}\"), {:?}", event.fact));
        }
    }
    wrong.sort();
    wrong.extend(expected.keys().map(|name| format!("{name} is in the table and not in the folder")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Bodies of the topics we follow, with every field a provider sends beside those we use; and the fields without which nobody
/// can tell what it is about. Invented.
fn followed() -> Vec<(&'static str, Value, EventType, &'static [&'static str])> {
    let order = json!({
        "id": 5_550_001_111_u64, "admin_graphql_api_id": "gid://shopify/Order/5550001111", "name": "#1001", "email": "ada@example.com",
        "cancel_reason": "customer", "cancelled_at": "2026-11-22T02:13:00Z", "customer": { "id": 7 }, "line_items": [], "note": "a note",
    });
    let refund = json!({ "id": 91, "order_id": 5_550_001_111_u64, "note": "a note", "transactions": [] });
    let risk = json!({
        "order_id": 5_550_001_111_u64, "provider_id": 12, "provider_title": "Invented Screening", "risk_level": "HIGH",
        "created_at": "2026-11-22T02:13:00Z", "admin_graphql_api_order_id": "gid://shopify/Order/5550001111",
    });
    let scan = json!({
        "id": 944, "fulfillment_id": 123, "order_id": 5_550_001_111_u64, "status": "in_transit", "message": "it moves", "city": null,
        "happened_at": "2026-11-22T02:13:00Z", "estimated_delivery_at": null,
    });
    let shop = json!({ "id": 5, "name": "Example Prints", "domain": null, "updated_at": "2026-11-22T02:13:00Z" });
    let request = json!({
        "shop_id": 5, "shop_domain": SHOP, "orders_requested": [5_550_001_111_u64], "customer": { "id": 7, "email": "ada@example.com" },
        "data_request": { "id": 9 },
    });
    let redact =
        json!({ "shop_id": 5, "shop_domain": SHOP, "customer": { "id": 7 }, "orders_to_redact": [5_550_001_111_u64] });
    let forget = json!({ "shop_id": 5, "shop_domain": SHOP });
    vec![
        ("orders/paid", order.clone(), EventType::OrderPaid, &["id"]),
        ("orders/cancelled", order, EventType::OrderCancelled, &["id"]),
        ("refunds/create", refund, EventType::OrderRefunded, &["id", "order_id"]),
        ("orders/risk_assessment_changed", risk, EventType::RiskAssessed, &["order_id"]),
        ("fulfillment_events/create", scan, EventType::ParcelMoved, &["id", "fulfillment_id", "order_id"]),
        ("app/uninstalled", shop, EventType::AppUninstalled, &[]),
        ("customers/data_request", request, EventType::DataRequested, &["data_request"]),
        ("customers/redact", redact, EventType::CustomerRedacted, &[]),
        ("shop/redact", forget, EventType::ShopRedacted, &["shop_domain"]),
    ]
}

#[tokio::test]
async fn a_null_anywhere_is_answered_and_kept() {
    let mut bodies = 0;
    for (topic, body, event_type, needed) in followed() {
        let fields: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        for field in std::iter::once("nothing").chain(fields.iter().map(String::as_str)) {
            for leave_out in [false, true] {
                let mut changed = body.clone();
                let object = changed.as_object_mut().unwrap();
                if leave_out {
                    object.remove(field);
                } else if field != "nothing" {
                    object.insert(field.to_owned(), Value::Null);
                }
                let bytes = changed.to_string().into_bytes();
                let house = House::new();
                assert_eq!(house.answer(&shopify(topic, &bytes)).await, 200, "{topic} without {field}");
                let (event, kept) = house.only().await;
                assert!(kept == bytes, "{topic} without {field}");
                let found = event.fact.event_type();
                let expected = if needed.contains(&field) { EventType::Unreadable } else { event_type };
                // A scan without a status is nothing we follow.
                let expected = if field == "status" { EventType::Unfollowed } else { expected };
                assert_eq!(found, expected, "{topic} without {field}: {:?}", event.fact);
                bodies += 1;
            }
        }
    }
    eprintln!("{bodies} bodies with a null or without a field");
    assert!(bodies > 100, "{bodies}");
}

/// Numbers as text, text as numbers: whatever a provider does with its ids, it is the same fact.
#[tokio::test]
async fn ids_as_numbers_or_as_text_are_the_same_fact() {
    for (topic, body, event_type, _) in followed() {
        let house = House::new();
        let mut as_text = body.clone();
        text_ids(&mut as_text);
        for variant in [&body, &as_text] {
            assert_eq!(house.answer(&shopify(topic, variant.to_string().as_bytes())).await, 200);
        }
        assert_eq!(house.only().await.0.fact.event_type(), event_type, "{topic}");
    }
    let order = external_id(SHOP, OrderId(5_550_001_111), 1);
    let body = json!({
        "type": "shipment_sent", "occurred_at": "2026-11-22T02:13:00Z",
        "data": {
            "shipment": { "id": 10, "tracking_number": "9400999", "carrier": null, "tracking_url": null, "reshipment": null },
            "order": { "id": 13, "external_id": order, "status": null },
        },
    });
    let house = House::new();
    let mut as_text = body.clone();
    text_ids(&mut as_text);
    let mut as_number = body.clone();
    as_number["data"]["shipment"]["tracking_number"] = json!(9_400_999);
    let mut v1 = body.clone();
    v1["type"] = json!("package_shipped");
    v1["created"] = json!(1_795_000_000);
    for variant in [body, as_text, as_number, v1] {
        assert_eq!(house.answer(&printful(variant.to_string().as_bytes())).await, 200);
    }
    assert_eq!(house.only().await.0.fact.event_type(), EventType::ParcelShipped);
}

/// Every number under a name that ends in `id`, and every number in a list, becomes text.
fn text_ids(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Number(number) if name.ends_with("id") => *value = Value::String(number.to_string()),
                    other => text_ids(other),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Number(number) => *item = Value::String(number.to_string()),
                    other => text_ids(other),
                }
            }
        }
        _ => {}
    }
}
