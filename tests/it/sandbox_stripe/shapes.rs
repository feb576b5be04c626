//! Objects have the fields that Stripe's own fixtures and document give them.

use std::io::Read as _;

use serde_json::{Value, json};

use super::{Account, customer};
use crate::support::{self, specs};

/// Fields that today's API writes, or leaves out, other than the published document and fixtures (of late 2025) say.
const NEWER: &[(&str, &str)] = &[
    ("radar.early_fraud_warning", "payment_intent"),
    ("review", "payment_intent"),
    // Older API versions listed a charge's refunds within it.
    ("charge", "refunds"),
    ("item", "discounts"),
    ("item", "taxes"),
    // Created with the session for shops that ask for it.
    ("checkout.session", "customer_account"),
    ("checkout.session", "integration_identifier"),
    ("checkout.session", "managed_payments"),
    ("payment_intent", "customer_account"),
    ("payment_intent", "managed_payments"),
    ("refund", "customer"),
    ("refund", "customer_account"),
    ("refund", "payment_method"),
];

#[tokio::test]
async fn every_object_has_the_fields_of_its_fixture() {
    let Some(specs) = specs() else { return };
    let fixtures: Value = serde_json::from_slice(&std::fs::read(specs.join("stripe-fixtures3.json")).unwrap()).unwrap();
    let mut text = Vec::new();
    let packed = std::fs::read(specs.join("stripe-openapi-2025-10.json.gz")).unwrap();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut text).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();

    let account = Account::new().await;
    let all = [
        ("automatic_tax[enabled]", "true"),
        ("after_expiration[recovery][enabled]", "true"),
        ("consent_collection[promotions]", "auto"),
        ("shipping_address_collection[allowed_countries][0]", "US"),
    ];
    let id = account.session(&all).await["id"].as_str().unwrap().to_owned();
    account.done(&format!("sessions/{id}/fail"), json!({})).await;
    account.done(&format!("sessions/{id}/pay"), customer()).await;
    for act in ["refund", "warn", "review", "dispute"] {
        account.done(&format!("charges/{id}/{act}"), json!({ "amount": 100 })).await;
    }
    let expired = account.session(&all).await["id"].as_str().unwrap().to_owned();
    account.done(&format!("sessions/{expired}/expire"), json!({})).await;

    let mut objects =
        account.get(&format!("checkout/sessions/{id}/line_items")).await.1["data"].as_array().unwrap().clone();
    for kind in
        ["sessions", "payment_intents", "charges", "refunds", "disputes", "warnings", "reviews", "events", "endpoints"]
    {
        let listed = support::control(&account.sandbox, "GET", &format!("/_sandbox/stripe/{kind}"), "").await.1;
        assert!(!listed.as_array().unwrap().is_empty(), "no {kind}");
        objects.extend(listed.as_array().unwrap().clone());
    }
    let mut wrong = Vec::new();
    for object in &objects {
        let name = object["object"].as_str().unwrap();
        let (fixture, schema) = (&fixtures["resources"][name], &document["components"]["schemas"][name]);
        assert!(fixture.is_object() && schema.is_object(), "{name}");
        let newer = |field: &String| NEWER.contains(&(name, field.as_str()));
        let known = |field: &String| {
            !fixture[field].is_null() || fixture.get(field).is_some() || schema["properties"].get(field).is_some()
        };
        for field in object.as_object().unwrap().keys().filter(|field| !newer(field) && !known(field)) {
            wrong.push(format!("{name}.{field} is not Stripe's"));
        }
        let fields = fixture.as_object().unwrap().keys();
        for field in fields.filter(|field| object.get(field.as_str()).is_none() && !newer(field)) {
            wrong.push(format!("{name}.{field} of the fixture is missing"));
        }
        for field in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if object.get(field).is_none() && !newer(&field.to_owned()) {
                wrong.push(format!("{name}.{field} is required"));
            }
        }
        for (field, value) in object.as_object().unwrap() {
            let kind = schema["properties"][field]["type"].as_str().unwrap_or_default();
            let fits = match kind {
                "integer" => value.is_i64(),
                "boolean" => value.is_boolean(),
                "string" => value.is_string(),
                "array" => value.is_array(),
                _ => true,
            };
            let nullable = schema["properties"][field]["nullable"] == true;
            if !(fits || nullable && value.is_null()) {
                wrong.push(format!("{name}.{field} is {value}, not a {kind}"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(objects.len() > 20, "{}", objects.len());
}
