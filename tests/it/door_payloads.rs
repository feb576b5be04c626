//! Every webhook body in the samples, rightly signed, at the door: what it becomes is committed here. And what is left of a fact
//! when a provider leaves a field null.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{EventType, Fact};
use domain::external_id::external_id;
use domain::subject::OrderId;
use serde_json::{Value, json};

use crate::house::{House, SHOP, printful, shopify};
use crate::support::samples;

/// Path below `shopify`, topic, event type. What stands nowhere here is `webhook.unfollowed`.
#[rustfmt::skip]
const SHOPIFY: &[(&str, &str, &str)] = &[
    ("fulfillment_gift_card_auto.json",                                        "fulfillments/create",                       "store.fulfilment_written"),
    ("fulfillment_gift_card_auto.json",                                        "fulfillments/update",                       "store.fulfilment_written"),
    ("gadget_exemplars/2024-01_orders_1.json",                                 "orders/cancelled",                          "order.cancelled"),
    ("gadget_exemplars/2024-01_orders_1.json",                                 "orders/create",                             "order.created"),
    ("gadget_exemplars/2024-01_orders_1.json",                                 "orders/paid",                               "order.paid"),
    ("gadget_exemplars/2024-01_orders_1.json",                                 "orders/updated",                            "order.changed"),
    ("gadget_exemplars/2024-01_orders_3.json",                                 "orders/cancelled",                          "order.cancelled"),
    ("gadget_exemplars/2024-01_orders_3.json",                                 "orders/create",                             "order.created"),
    ("gadget_exemplars/2024-01_orders_3.json",                                 "orders/paid",                               "order.paid"),
    ("gadget_exemplars/2024-01_orders_3.json",                                 "orders/updated",                            "order.changed"),
    ("gadget_exemplars/2025-04_checkouts_1.json",                              "checkouts/create",                          "checkout.started"),
    ("gadget_exemplars/2025-04_checkouts_1.json",                              "checkouts/update",                          "checkout.started"),
    ("gadget_exemplars/2025-04_customers_1.json",                              "customers/create",                          "contact.changed"),
    ("gadget_exemplars/2025-04_customers_1.json",                              "customers/update",                          "contact.changed"),
    ("gadget_exemplars/2025-04_fulfillments_1.json",                           "fulfillments/create",                       "store.fulfilment_written"),
    ("gadget_exemplars/2025-04_fulfillments_1.json",                           "fulfillments/update",                       "store.fulfilment_written"),
    ("gadget_exemplars/2025-04_orders_1.json",                                 "orders/cancelled",                          "order.cancelled"),
    ("gadget_exemplars/2025-04_orders_1.json",                                 "orders/create",                             "order.created"),
    ("gadget_exemplars/2025-04_orders_1.json",                                 "orders/paid",                               "order.paid"),
    ("gadget_exemplars/2025-04_orders_1.json",                                 "orders/updated",                            "order.changed"),
    ("gadget_exemplars/2025-04_refunds_1.json",                                "refunds/create",                            "order.refunded"),
    ("order_digital_multicurrency_paid_fulfilled.json",                        "orders/paid",                               "order.paid"),
    ("rudder_devstore/checkouts_create_no_email.json",                         "checkouts/create",                          "checkout.started"),
    ("rudder_devstore/orders_create_trimmed.json",                             "orders/create",                             "order.created"),
    ("rudder_devstore/orders_paid_bogus_gateway.json",                         "orders/paid",                               "order.paid"),
    ("rudder_devstore/orders_updated_fulfilled.json",                          "orders/updated",                            "order.changed"),
    ("webhook_docs_2026-07/app_uninstalled.json",                              "app/uninstalled",                           "store.app_uninstalled"),
    ("webhook_docs_2026-07/checkouts_create.json",                             "checkouts/create",                          "checkout.started"),
    ("webhook_docs_2026-07/checkouts_create.json",                             "checkouts/update",                          "checkout.started"),
    ("webhook_docs_2026-07/checkouts_delete.json",                             "checkouts/delete",                          "checkout.ended"),
    ("webhook_docs_2026-07/customers_create.json",                             "customers/create",                          "contact.changed"),
    ("webhook_docs_2026-07/customers_create.json",                             "customers/update",                          "contact.changed"),
    ("webhook_docs_2026-07/customers_data_request.json",                       "customers/data_request",                    "privacy.data_requested"),
    ("webhook_docs_2026-07/customers_email_marketing_consent_update.json",     "customers_email_marketing_consent/update",  "contact.consent_changed"),
    ("webhook_docs_2026-07/customers_redact.json",                             "customers/redact",                          "privacy.customer_redacted"),
    ("webhook_docs_2026-07/disputes_create.json",                              "disputes/create",                           "order.disputed"),
    ("webhook_docs_2026-07/fulfillment_events_create.json",                    "fulfillment_events/create",                 "parcel.moved"),
    ("webhook_docs_2026-07/fulfillments_create.json",                          "fulfillments/create",                       "store.fulfilment_written"),
    ("webhook_docs_2026-07/fulfillments_create.json",                          "fulfillments/update",                       "store.fulfilment_written"),
    ("webhook_docs_2026-07/orders_create.json",                                "orders/cancelled",                          "order.cancelled"),
    ("webhook_docs_2026-07/orders_create.json",                                "orders/create",                             "order.created"),
    ("webhook_docs_2026-07/orders_create.json",                                "orders/paid",                               "order.paid"),
    ("webhook_docs_2026-07/orders_create.json",                                "orders/updated",                            "order.changed"),
    ("webhook_docs_2026-07/orders_edited.json",                                "orders/edited",                             "order.edited"),
    ("webhook_docs_2026-07/orders_risk_assessment_changed.json",               "orders/risk_assessment_changed",            "webhook.unreadable"),
    ("webhook_docs_2026-07/refunds_create.json",                               "refunds/create",                            "order.refunded"),
    ("webhook_docs_2026-07/shop_redact.json",                                  "shop/redact",                               "privacy.shop_redacted"),
];

/// Topics that a body published for several topics, or without one, is delivered under.
fn topics(listed: &str) -> Vec<String> {
    // `orders/create,paid`: the part before the slash holds for all of them.
    let listed = listed.split(' ').next().unwrap();
    let Some((resource, verbs)) = listed.split_once('/') else { return Vec::new() };
    let verbs = if verbs != "*" {
        verbs
    } else if resource == "orders" {
        "create,paid,updated,cancelled"
    } else {
        "create,update"
    };
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

/// What is published as an answer of Shopify's API, by the word the index has for it: delivered under the topic of its family.
#[rustfmt::skip]
const ANSWERS: &[(&str, &str, &str)] = &[
    ("order resource",    "orders/updated",            "order.changed"),
    ("fulfillment",       "fulfillments/update",       "store.fulfilment_written"),
    ("customer",          "customers/update",          "contact.changed"),
    ("refund",            "refunds/create",            "order.refunded"),
    // The one published is a list of them, which is no checkout.
    ("checkout",          "checkouts/update",          "webhook.unreadable"),
    ("fulfillment_order", "fulfillment_orders/moved",  "webhook.unfollowed"),
    ("gift card",         "gift_cards/create",         "webhook.unfollowed"),
    ("order risk",        "order_risks/create",        "webhook.unfollowed"),
];

#[tokio::test]
async fn what_the_api_answers_is_read_like_a_webhooks_body() {
    let Some(samples) = samples() else { return };
    let index = std::fs::read_to_string(samples.join("INDEX.tsv")).unwrap();
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for line in index.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let Some(path) = columns[0].strip_prefix("shopify/").filter(|_| topics(columns[2]).is_empty()) else {
            continue;
        };
        let Some((word, topic, expected)) = ANSWERS.iter().find(|(word, ..)| *word == columns[2]) else {
            wrong.push(format!("{path}: a {:?} is not in the table", columns[2]));
            continue;
        };
        let body = std::fs::read(samples.join(columns[0])).unwrap();
        let house = House::new();
        assert_eq!(house.answer(&shopify(topic, &body)).await, 200, "{path}");
        let (event, kept) = house.only().await;
        assert!(kept == body, "{path}");
        seen.insert(*word);
        if event.fact.event_type().as_str() != *expected {
            wrong.push(format!("{path}: {:?}", event.fact));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen.len(), ANSWERS.len(), "{seen:?}");
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
    let edit = json!({ "order_edit": { "id": 61, "order_id": 5_550_001_111_u64, "staff_note": "", "line_items": {} } });
    let dispute = json!({
        "id": 71, "order_id": 5_550_001_111_u64, "type": "inquiry", "amount": "11.50", "status": "needs_response",
        "evidence_due_by": "2026-12-01T00:00:00Z",
    });
    let fulfilment = json!({
        "id": 123, "order_id": 5_550_001_111_u64, "status": "success", "updated_at": "2026-11-22T02:13:00Z",
        "tracking_number": "1Z999", "destination": null,
    });
    let checkout = json!({
        "id": 81, "token": "b4c", "name": "#81", "email": "ada@example.com", "updated_at": "2026-11-22T02:13:00Z",
        "completed_at": null,
    });
    let customer = json!({
        "id": 7, "email": "ada@example.com", "updated_at": "2026-11-22T02:13:00Z", "first_name": "Ada", "default_address": null,
    });
    let consent = json!({
        "customer_id": 7, "email_address": "ada@example.com",
        "email_marketing_consent": { "state": "subscribed", "consent_updated_at": "2026-11-22T02:13:00Z" },
    });
    let request = json!({
        "shop_id": 5, "shop_domain": SHOP, "orders_requested": [5_550_001_111_u64], "customer": { "id": 7, "email": "ada@example.com" },
        "data_request": { "id": 9 },
    });
    let redact =
        json!({ "shop_id": 5, "shop_domain": SHOP, "customer": { "id": 7 }, "orders_to_redact": [5_550_001_111_u64] });
    let forget = json!({ "shop_id": 5, "shop_domain": SHOP });
    vec![
        ("orders/create", order.clone(), EventType::OrderCreated, &["id"]),
        ("orders/paid", order.clone(), EventType::OrderPaid, &["id"]),
        ("orders/updated", order.clone(), EventType::OrderChanged, &["id"]),
        ("orders/cancelled", order, EventType::OrderCancelled, &["id"]),
        ("orders/edited", edit, EventType::OrderEdited, &["order_edit"]),
        ("disputes/create", dispute, EventType::OrderDisputed, &["id", "order_id"]),
        ("fulfillments/create", fulfilment.clone(), EventType::FulfilmentWritten, &["id", "order_id"]),
        ("fulfillments/update", fulfilment, EventType::FulfilmentWritten, &["id", "order_id"]),
        ("checkouts/create", checkout.clone(), EventType::CheckoutStarted, &[]),
        ("checkouts/update", checkout.clone(), EventType::CheckoutStarted, &[]),
        ("checkouts/delete", checkout, EventType::CheckoutEnded, &[]),
        ("customers/create", customer.clone(), EventType::ContactChanged, &["id"]),
        ("customers/update", customer, EventType::ContactChanged, &["id"]),
        ("customers_email_marketing_consent/update", consent, EventType::ConsentChanged, &["customer_id"]),
        ("refunds/create", refund, EventType::OrderRefunded, &["id", "order_id"]),
        ("orders/risk_assessment_changed", risk, EventType::RiskAssessed, &[]),
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
                let expected = if field == "status" && topic == "fulfillment_events/create" {
                    EventType::Unfollowed
                } else {
                    expected
                };
                assert_eq!(found, expected, "{topic} without {field}: {:?}", event.fact);
                bodies += 1;
            }
        }
    }
    eprintln!("{bodies} bodies with a null or without a field");
    assert!(bodies > 100, "{bodies}");
}

/// An order, a contact and a checkout have one subject each, whichever body tells of them.
#[tokio::test]
async fn whichever_body_tells_it_is_the_same_subject() {
    let order = "order#5550001111";
    let contact = format!("contact#{}", domain::subject::address_hash("ada@example.com"));
    let gid = "gid://shopify/Order/5550001111";
    for (topic, body, subject, fact) in [
        (
            "orders/risk_assessment_changed",
            json!({ "order_id": null, "admin_graphql_api_order_id": gid, "risk_level": "HIGH", "created_at": "t" }),
            order,
            "risk#shopify#high#t",
        ),
        ("orders/edited", json!({ "order_edit": { "id": 61, "order_id": "5550001111" } }), order, "edit#61"),
        ("disputes/create", json!({ "id": 71, "order_id": 5_550_001_111_u64, "type": "inquiry" }), order, "dispute#71"),
        (
            "fulfillments/update",
            json!({ "id": 123, "order_id": 5_550_001_111_u64, "updated_at": "t" }),
            order,
            "fulfilment#123#t",
        ),
        ("checkouts/create", json!({ "id": 81, "token": "b4c", "updated_at": "t" }), "checkout#81", "checkout#t"),
        ("checkouts/update", json!({ "name": "#81", "token": "b4c", "updated_at": "u" }), "checkout#81", "checkout#u"),
        ("checkouts/delete", json!({ "id": 81, "cart_token": "c5d" }), "checkout#81", "checkout-deleted"),
        ("checkouts/create", json!({ "token": "b4c", "updated_at": "t" }), "checkout#b4c", "checkout#t"),
        ("customers/create", json!({ "id": 7, "email": " Ada@Example.com", "updated_at": "t" }), &contact, "changed#t"),
        (
            "customers_email_marketing_consent/update",
            json!({ "customer_id": 7, "email_address": "ada@example.com", "email_marketing_consent": { "state": "SUBSCRIBED", "consent_updated_at": "t" } }),
            &contact,
            "consent#subscribed#t",
        ),
    ] {
        let house = House::new();
        assert_eq!(house.answer(&shopify(topic, body.to_string().as_bytes())).await, 200);
        let (event, _) = house.only().await;
        assert_eq!((event.subject.to_string().as_str(), event.fact.id().0.as_str()), (subject, fact), "{topic}");
    }
    // Without an address the customer's number stands in, the same one for every topic.
    let house = House::new();
    let consent = json!({ "customer_id": 7, "email_address": "", "email_marketing_consent": null });
    for (topic, body) in
        [("customers/update", json!({ "id": 7, "email": null })), ("customers_email_marketing_consent/update", consent)]
    {
        assert_eq!(house.answer(&shopify(topic, body.to_string().as_bytes())).await, 200);
    }
    let subjects: BTreeSet<String> = house.stored().await.iter().map(|(event, _)| event.subject.to_string()).collect();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(!subjects.contains(&contact));
    // A redaction names the contact whose bodies go.
    let house = House::new();
    let redact = json!({ "customer": { "id": 7, "email": "ADA@example.com" }, "orders_to_redact": [] });
    assert_eq!(house.answer(&shopify("customers/redact", redact.to_string().as_bytes())).await, 200);
    let Fact::CustomerRedacted { contact: named, .. } = house.only().await.0.fact else { panic!() };
    assert_eq!(format!("contact#{}", named.unwrap()), contact);
}

/// The subject is a hash: the store's own id is how the person is found again.
#[tokio::test]
async fn what_is_about_a_person_names_the_stores_id_where_the_body_does() {
    let checkout = |customer: Value| json!({ "id": 81, "updated_at": "t", "customer": customer });
    for (topic, body, named) in [
        ("customers/update", json!({ "id": 7, "email": "ada@example.com", "updated_at": "t" }), Some("7")),
        ("customers_email_marketing_consent/update", json!({ "customer_id": "7", "email_address": null }), Some("7")),
        ("checkouts/create", checkout(json!({ "id": 7, "email": "ada@example.com" })), Some("7")),
        ("checkouts/update", checkout(json!({})), None),
        ("checkouts/update", checkout(Value::Null), None),
    ] {
        let house = House::new();
        assert_eq!(house.answer(&shopify(topic, body.to_string().as_bytes())).await, 200);
        let fact = house.only().await.0.fact;
        let customer = match &fact {
            Fact::ContactChanged { customer, .. }
            | Fact::ConsentChanged { customer, .. }
            | Fact::CheckoutStarted { customer, .. } => customer.as_deref(),
            other => panic!("{topic}: {other:?}"),
        };
        assert_eq!(customer, named, "{topic}");
        assert!(!serde_json::to_string(&fact).unwrap().contains('@'), "{fact:?}");
    }
}

/// What changes without a time of its own is told apart by when it was triggered, and by its body where that is not said.
#[tokio::test]
async fn changes_without_a_time_are_not_taken_for_one() {
    let house = House::new();
    let body = json!({ "id": 7, "email": "ada@example.com" }).to_string();
    for at in ["2026-11-22T02:13:00.000000001Z", "2026-11-22T02:13:00.000000001Z", "2026-11-22T02:14:00Z"] {
        let mut request = shopify("customers/update", body.as_bytes());
        request.headers.push(("x-shopify-triggered-at".into(), at.into()));
        assert_eq!(house.answer(&request).await, 200);
    }
    assert_eq!(house.stored().await.len(), 2, "a retry is triggered at the same moment");
    for note in ["one", "one", "two"] {
        let body = json!({ "id": 7, "email": "ada@example.com", "note": note }).to_string();
        assert_eq!(house.answer(&shopify("customers/update", body.as_bytes())).await, 200);
    }
    assert_eq!(house.stored().await.len(), 4);
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
