//! Customers of the sandbox's store: who is known, what is told of them, and what Shopify would refuse.

use serde_json::{Value, json};

use crate::sandbox_shopify::{SMALL, graphql, unexpected};
use crate::support::{Door, control, sandbox};

const SET: &str = "mutation($input: CustomerEmailMarketingConsentUpdateInput!) { customerEmailMarketingConsentUpdate(input: $input) \
                   { customer { id } userErrors { field message code } } }";
const ADD: &str = "mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } userErrors { field message } } }";
const PERSON: &str = "query($id: ID!) { customer(id: $id) { numberOfOrders locale defaultEmailAddress { emailAddress marketingState \
                      marketingOptInLevel marketingUpdatedAt } orders(first: 5, sortKey: CREATED_AT, reverse: true) { nodes { name } } } }";

#[tokio::test]
async fn a_customer_is_told_when_they_are_new_when_they_change_and_when_they_consent() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    let path = "/_sandbox/shopify/customers";
    let (status, answer) = control(&sandbox, "POST", path, json!({"email": "kim@example.com"}).to_string()).await;
    assert_eq!(status, 201, "{answer}");
    let id: u64 = answer["id"].as_str().unwrap().parse().unwrap();
    let told = door.wait_for(1).await.remove(0);
    assert_eq!(told.header("x-shopify-topic"), "customers/create");
    assert_eq!((&told.json()["id"], &told.json()["email"]), (&json!(id), &json!("kim@example.com")));

    let consent = json!({"email": "Kim@Example.com", "email_marketing_consent": {"state": "subscribed", "opt_in_level": "single_opt_in"}});
    let (_, again) = control(&sandbox, "POST", path, consent.to_string()).await;
    assert_eq!(again["id"], answer["id"], "the same person, whatever the case");
    let told = door.wait_for(3).await;
    let consented = told.iter().find(|it| it.header("x-shopify-topic").starts_with("customers_email")).unwrap().json();
    assert_eq!(
        (&consented["customer_id"], &consented["email_marketing_consent"]["state"]),
        (&json!(id), &json!("subscribed"))
    );
    assert!(consented["email_marketing_consent"]["consent_updated_at"].is_string());
    for wrong in ["[]", "{}", "{\"email\": \"\"}"] {
        assert_eq!(control(&sandbox, "POST", path, wrong).await.0, 400, "{wrong}");
    }
    let list = control(&sandbox, "GET", path, "").await.1;
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_shopify_refuses_is_refused_with_a_user_error_and_changes_nothing() {
    let sandbox = sandbox(&Door::default()).await;
    let add =
        async |input: Value| graphql(&sandbox, ADD, json!({ "input": input })).await["data"]["customerCreate"].clone();
    let made = add(json!({"email": "kim@example.com", "locale": "de"})).await;
    assert_eq!(made["userErrors"], json!([]));
    for (input, words) in [
        (json!({"email": "KIM@example.com"}), "Email has already been taken"),
        (json!({"email": "kim"}), "Email is invalid"),
        (json!({}), "Email is invalid"),
    ] {
        let refused = add(input).await;
        assert_eq!((&refused["customer"], &refused["userErrors"][0]["message"]), (&Value::Null, &json!(words)));
    }
    let set = async |id: &Value, consent: Value| {
        let variables = json!({"input": {"customerId": id, "emailMarketingConsent": consent}});
        graphql(&sandbox, SET, variables).await["data"]["customerEmailMarketingConsentUpdate"].clone()
    };
    let id = &made["customer"]["id"];
    let at = "2026-11-22T02:13:00Z";
    let said =
        json!({"marketingState": "SUBSCRIBED", "marketingOptInLevel": "CONFIRMED_OPT_IN", "consentUpdatedAt": at});
    assert_eq!(set(id, said.clone()).await["userErrors"], json!([]));
    for state in ["NOT_SUBSCRIBED", "REDACTED", "INVALID"] {
        let refused = set(id, json!({"marketingState": state})).await;
        assert_eq!(refused["userErrors"][0]["code"], "INVALID", "{state}");
    }
    assert_eq!(set(&json!("gid://shopify/Customer/1"), said).await["customer"], Value::Null, "nobody");
    let person = graphql(&sandbox, PERSON, json!({"id": id})).await["data"]["customer"].clone();
    assert_eq!(
        person["defaultEmailAddress"],
        json!({"emailAddress": "kim@example.com", "marketingState": "SUBSCRIBED", "marketingOptInLevel": "CONFIRMED_OPT_IN", "marketingUpdatedAt": at})
    );
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new(), "a business refusal is an answer");
}

#[tokio::test]
async fn whoever_begins_a_checkout_is_known_and_buying_ends_it() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    let checkout = json!({"id": 31, "token": "c0ffee", "currency": "USD", "total_price": "30.00", "email": "kim@example.com",
        "customer_locale": "de", "created_at": "2026-11-21T10:00:00Z", "line_items": []});
    control(&sandbox, "POST", "/_sandbox/shopify/checkouts?deliver=0", checkout.to_string()).await;
    let known = control(&sandbox, "GET", "/_sandbox/shopify/customers", "").await.1;
    assert_eq!(known[0]["email"], "kim@example.com");
    let mut order: Value = serde_json::from_str(SMALL).unwrap();
    order["checkout_id"] = json!(31);
    order["customer"] = known[0].clone();
    control(&sandbox, "POST", "/_sandbox/shopify/orders", order.to_string()).await;
    let mut told = door.wait_for(2).await;
    told.sort_by_key(|it| it.header("x-shopify-topic").to_owned());
    assert_eq!((told[0].header("x-shopify-topic"), told[0].json()), ("checkouts/delete", json!({"id": 31})));
    let id = format!("gid://shopify/Customer/{}", known[0]["id"]);
    let person = graphql(&sandbox, PERSON, json!({"id": id})).await["data"]["customer"].clone();
    assert_eq!((&person["numberOfOrders"], &person["locale"]), (&json!("1"), &json!("de")));
    assert_eq!(person["orders"]["nodes"].as_array().unwrap().len(), 1);
}
