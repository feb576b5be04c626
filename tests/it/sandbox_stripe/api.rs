//! What the API takes and refuses.

use reqwest::Method;
use sandbox::Config;
use sandbox::config::StripeConfig;
use serde_json::json;

use super::{Account, FORM, KEY, SESSION, VERSION, answer, encoded, error};
use crate::support;

#[tokio::test]
async fn a_key_and_a_version_are_asked_for() {
    let account = Account::new().await;
    let url = format!("{}/stripe/v1/charges", account.sandbox.url());
    let get = || support::client().get(&url);
    let cases = [
        (get().header("stripe-version", VERSION), 401, "invalid_request_error"),
        (get().header("stripe-version", VERSION).bearer_auth("sk_test_wrong"), 401, "invalid_request_error"),
        (get().bearer_auth(KEY), 400, "invalid_request_error"),
        (get().bearer_auth(KEY).header("stripe-version", "2020-08-27"), 400, "invalid_request_error"),
    ];
    for (request, status, kind) in cases {
        let answer = answer(request).await;
        assert_eq!((answer.0, answer.1["error"]["type"].as_str().unwrap()), (status, kind));
    }
    assert_eq!(account.get("charges").await.0, 200);
    let unknown = account.get("customers").await;
    assert_eq!(unknown.0, 404);
    assert_eq!(account.findings().len(), 5);
}

#[tokio::test]
async fn parameters_are_checked_by_name_type_and_sense() {
    let account = Account::new().await;
    let without =
        |name: &str| SESSION.iter().copied().filter(|(known, _)| !known.starts_with(name)).collect::<Vec<_>>();
    let with = |name: &'static str, value: &'static str| {
        let mut form = without(name);
        form.push((name, value));
        form
    };
    let item = "line_items[0][price_data]";
    let cases = [
        (with("colour", "red"), "parameter_unknown", "colour"),
        (with("line_items[0][colour]", "red"), "parameter_unknown", "line_items[0][colour]"),
        (with("line_items[0][quantity]", "two"), "parameter_invalid_integer", "line_items[0][quantity]"),
        (with("line_items[0][quantity]", "0"), "parameter_invalid_integer", "line_items[0][quantity]"),
        (with("automatic_tax[enabled]", "yes"), "parameter_invalid_boolean", "automatic_tax[enabled]"),
        (with("automatic_tax", "true"), "parameter_invalid_object", "automatic_tax"),
        (with("line_items", "poster"), "parameter_invalid_array", "line_items"),
        (with("mode", "gift"), "invalid_request_error", "mode"),
        (with("success_url", "thanks.html"), "url_invalid", "success_url"),
        (with("expires_at", "5"), "invalid_request_error", "expires_at"),
        (without("success_url"), "parameter_missing", "success_url"),
        (without("line_items"), "parameter_missing", "line_items"),
        (without(item), "parameter_missing", "line_items[0][price]"),
        (without("line_items[0][price_data][currency]"), "parameter_missing", "line_items[0][price_data][currency]"),
        (
            without("line_items[0][price_data][unit_amount]"),
            "parameter_missing",
            "line_items[0][price_data][unit_amount]",
        ),
        (with("line_items[0][price_data][currency]", "USD"), "invalid_request_error", "currency"),
        (
            with("shipping_options[0][shipping_rate_data][type]", "fixed_amount"),
            "parameter_missing",
            "shipping_options[0][shipping_rate_data][display_name]",
        ),
        (with("line_items[0][price_data][unit_amount]", "1"), "amount_too_small", ""),
        (with("expand[]", "payment_method_types"), "invalid_request_error", "expand"),
    ];
    for (form, code, param) in &cases {
        let answer = account.post("checkout/sessions", form).await;
        assert_eq!(error(&answer), (400, *code, *param), "{form:?} {}", answer.1);
    }
    assert_eq!(account.findings().len(), cases.len(), "each is a finding: no careful client sends it");
    // JSON is no form, and a POST has no query.
    let request = account.request(Method::POST, "checkout/sessions").json(&json!({"mode": "payment"}));
    assert_eq!(answer(request).await.0, 400);
    let request = account.request(Method::POST, "checkout/sessions?mode=payment").header("content-type", FORM);
    assert_eq!(answer(request.body(encoded(SESSION))).await.0, 400);
}

#[tokio::test]
async fn every_parameter_of_a_full_checkout_is_known() {
    let account = Account::new().await;
    let full = [
        ("cancel_url", "https://shop.example.com/cart"),
        ("line_items[0][price_data][tax_behavior]", "exclusive"),
        ("line_items[0][price_data][product_data][description]", "Printed for you"),
        ("line_items[0][price_data][product_data][images][0]", "https://shop.example.com/lighthouse.png"),
        ("line_items[0][price_data][product_data][tax_code]", "txcd_99999999"),
        ("line_items[0][price_data][product_data][metadata][sku]", "LIGHTHOUSE-30x40"),
        ("automatic_tax[enabled]", "true"),
        ("adaptive_pricing[enabled]", "false"),
        ("shipping_address_collection[allowed_countries][0]", "US"),
        ("shipping_options[0][shipping_rate_data][type]", "fixed_amount"),
        ("shipping_options[0][shipping_rate_data][display_name]", "Standard"),
        ("shipping_options[0][shipping_rate_data][tax_behavior]", "exclusive"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][amount]", "490"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][currency]", "usd"),
        ("shipping_options[0][shipping_rate_data][delivery_estimate][minimum][unit]", "business_day"),
        ("shipping_options[0][shipping_rate_data][delivery_estimate][minimum][value]", "3"),
        ("billing_address_collection", "required"),
        ("after_expiration[recovery][enabled]", "true"),
        ("after_expiration[recovery][allow_promotion_codes]", "true"),
        ("consent_collection[promotions]", "auto"),
        ("allow_promotion_codes", "true"),
        ("phone_number_collection[enabled]", "true"),
        ("customer_email", "ada@example.com"),
    ];
    let session = account.session(&full).await;
    assert_eq!((&session["amount_total"], &session["currency"]), (&json!(5_000), &json!("usd")));
    assert_eq!((&session["status"], &session["payment_intent"]), (&json!("open"), &json!(null)));
    assert_eq!(account.findings(), Vec::<String>::new());
    // The same without the published document: the hand-written subset knows all of it too.
    let alone = sandbox::Sandbox::start(Config::default()).await.unwrap();
    let url = format!("{}/stripe/v1/checkout/sessions", alone.url());
    let request =
        support::client().post(url).bearer_auth(KEY).header("stripe-version", VERSION).header("content-type", FORM);
    let (status, again) = answer(request.body(encoded(&[SESSION, &full].concat()))).await;
    assert_eq!(status, 200, "{again}");
}

#[tokio::test]
async fn an_idempotency_key_answers_once_and_for_one_request_only() {
    let account = Account::new().await;
    let (status, first, again) = account.post_with_key("cart-1", "checkout/sessions", SESSION).await;
    assert_eq!((status, again), (200, false));
    let (status, second, again) = account.post_with_key("cart-1", "checkout/sessions", SESSION).await;
    assert_eq!((status, again), (200, true));
    assert_eq!(first, second);
    let mut other = SESSION.to_vec();
    other[5].1 = "3";
    let (status, refused, _) = account.post_with_key("cart-1", "checkout/sessions", &other).await;
    assert_eq!((status, refused["error"]["type"].as_str().unwrap()), (400, "idempotency_error"));
    // What was wrong never began, so the key is still free.
    let (status, ..) = account.post_with_key("cart-2", "checkout/sessions", &[("mode", "payment")]).await;
    assert_eq!(status, 400);
    assert_eq!(account.post_with_key("cart-2", "checkout/sessions", SESSION).await.0, 200);
    assert_eq!(account.post_with_key(&"k".repeat(256), "checkout/sessions", SESSION).await.0, 400);
    let listed = account.get("checkout/sessions?limit=100").await.1;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    // A lost answer: it was made, and the key finds it.
    let fault = json!([{ "provider": "stripe", "operation": "create_session", "fault": "lost_answer" }]);
    assert_eq!(support::control(&account.sandbox, "POST", "/_sandbox/faults", fault.to_string()).await.0, 201);
    let lost = account.request(Method::POST, "checkout/sessions").header("idempotency-key", "cart-3");
    assert!(lost.header("content-type", FORM).body(encoded(SESSION)).send().await.is_err());
    let (status, _, again) = account.post_with_key("cart-3", "checkout/sessions", SESSION).await;
    assert_eq!((status, again), (200, true));
    assert_eq!(account.get("checkout/sessions?limit=100").await.1["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn faults_and_the_rate_limit_in_stripes_words() {
    let account = Account::new().await;
    for (fault, status, kind) in
        [("refuse", 400, "invalid_request_error"), ("5xx", 500, "api_error"), ("429", 429, "invalid_request_error")]
    {
        let armed = json!([{ "provider": "stripe", "operation": "list_charges", "fault": fault }]);
        assert_eq!(support::control(&account.sandbox, "POST", "/_sandbox/faults", armed.to_string()).await.0, 201);
        let answer = account.get("charges").await;
        assert_eq!((answer.0, answer.1["error"]["type"].as_str().unwrap()), (status, kind));
    }
    let unknown = json!([{ "provider": "stripe", "operation": "pay", "fault": "5xx" }]);
    assert_eq!(support::control(&account.sandbox, "POST", "/_sandbox/faults", unknown.to_string()).await.0, 400);
    let slow = StripeConfig { rate_limit: 3, ..StripeConfig::default() };
    let account = Account::of(Config { stripe: slow, ..Config::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(account.get("charges").await.0);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(account.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_filtered() {
    let account = Account::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(account.session(&[]).await["id"].as_str().unwrap().to_owned());
    }
    ids.reverse();
    let page = async |query: &str| {
        let (status, page) = account.get(&format!("checkout/sessions?{query}")).await;
        assert_eq!(status, 200, "{page}");
        let found = page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        (found.collect::<Vec<_>>(), page["has_more"] == true)
    };
    assert_eq!(page("limit=2").await, (ids[..2].to_vec(), true));
    assert_eq!(page(&format!("limit=2&starting_after={}", ids[1])).await, (ids[2..4].to_vec(), true));
    assert_eq!(page(&format!("limit=2&starting_after={}", ids[3])).await, (ids[4..].to_vec(), false));
    assert_eq!(page(&format!("limit=2&ending_before={}", ids[3])).await, (ids[1..3].to_vec(), true));
    for bad in ["limit=0", "limit=101", "starting_after=cs_nobody", "colour=red"] {
        assert!(account.get(&format!("checkout/sessions?{bad}")).await.0 >= 400, "{bad}");
    }
    account.done(&format!("sessions/{}/pay", ids[0]), json!({})).await;
    let session = account.get(&format!("checkout/sessions/{}?expand[]=payment_intent.latest_charge", ids[0])).await.1;
    let intent = session["payment_intent"]["id"].as_str().unwrap();
    assert_eq!(session["payment_intent"]["latest_charge"]["paid"], true);
    assert_eq!(page(&format!("payment_intent={intent}")).await.0, ids[..1]);
    let items = account.get(&format!("checkout/sessions/{}/line_items", ids[0])).await.1;
    assert_eq!((&items["data"][0]["quantity"], &items["data"][0]["amount_total"]), (&json!(2), &json!(5_000)));
    let events =
        account.get("events?types[0]=charge.succeeded&types[1]=checkout.session.completed&created[gte]=1").await.1;
    assert_eq!(events["data"].as_array().unwrap().len(), 2);
    let later = account.get("events?created[gt]=99999999999").await.1;
    assert_eq!(later["data"], json!([]));
}

#[tokio::test]
async fn webhook_endpoints_are_listed_made_changed_and_removed() {
    let account = Account::new().await;
    let standing = account.get("webhook_endpoints?limit=100").await.1["data"][0].clone();
    assert!(standing["url"].as_str().unwrap().ends_with("/webhooks/stripe"), "{standing}");
    let id = standing["id"].as_str().unwrap();
    // Disabled, it hears nothing; told which types, it hears those.
    assert_eq!(account.post(&format!("webhook_endpoints/{id}"), &[("disabled", "true")]).await.1["status"], "disabled");
    let session = account.session(&[]).await["id"].as_str().unwrap().to_owned();
    account.done(&format!("sessions/{session}/expire"), json!({})).await;
    let form = [("disabled", "false"), ("enabled_events[0]", "checkout.session.completed")];
    assert_eq!(account.post(&format!("webhook_endpoints/{id}"), &form).await.1["status"], "enabled");
    let session = account.session(&[]).await["id"].as_str().unwrap().to_owned();
    account.done(&format!("sessions/{session}/pay"), json!({})).await;
    let received = account.door.wait_for(1).await;
    assert_eq!(received[0].json()["type"], "checkout.session.completed");
    // Another one of the same door has a secret of its own, shown once.
    let url = format!("{}webhooks/stripe", account.sandbox.ctx.live().intake_url.unwrap());
    let (status, made) = account.post("webhook_endpoints", &[("url", &url), ("enabled_events[0]", "charge.*")]).await;
    assert_eq!(status, 400, "a pattern is not among the document's types: {made}");
    let (_, made) =
        account.post("webhook_endpoints", &[("url", &url), ("enabled_events[0]", "charge.succeeded")]).await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let made = made["id"].as_str().unwrap();
    assert_eq!(account.get(&format!("webhook_endpoints/{made}")).await.1["secret"], json!(null));
    let gone = account.request(Method::DELETE, &format!("webhook_endpoints/{made}"));
    assert_eq!(answer(gone).await.1["deleted"], true);
    assert_eq!(account.get(&format!("webhook_endpoints/{made}")).await.0, 404);
    assert_eq!(account.get("webhook_endpoints").await.1["data"].as_array().unwrap().len(), 1);
}
