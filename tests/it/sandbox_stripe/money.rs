//! What happens to money, and who hears of it.

use serde_json::{Value, json};

use super::{Account, customer, error};

#[tokio::test]
async fn a_session_that_is_paid_is_complete_and_told_by_signed_events() {
    let account = Account::new().await;
    let more = [
        ("automatic_tax[enabled]", "true"),
        ("consent_collection[promotions]", "auto"),
        ("shipping_address_collection[allowed_countries][0]", "US"),
        ("shipping_options[0][shipping_rate_data][display_name]", "Standard"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][amount]", "490"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][currency]", "usd"),
    ];
    let id = account.session(&more).await["id"].as_str().unwrap().to_owned();
    let mut details = customer();
    details["promotions"] = json!("opt_in");
    let session = account.done(&format!("sessions/{id}/pay"), details).await;
    assert_eq!((&session["status"], &session["payment_status"]), (&json!("complete"), &json!("paid")));
    assert_eq!(session["amount_total"], 5_000 + 490 + 549);
    assert_eq!(session["total_details"], json!({ "amount_discount": 0, "amount_shipping": 490, "amount_tax": 549 }));
    assert_eq!(session["consent"]["promotions"], "opt_in");
    let shipped = &session["collected_information"]["shipping_details"];
    assert_eq!((&shipped["name"], &shipped["address"]["postal_code"]), (&json!("Ada Example"), &json!("40202")));
    let intent = account.get(&format!("payment_intents/{}", session["payment_intent"].as_str().unwrap())).await.1;
    assert_eq!((&intent["status"], &intent["metadata"]["baton_order"]), (&json!("succeeded"), &json!("1001")));
    let charge =
        account.get(&format!("charges?payment_intent={}", intent["id"].as_str().unwrap())).await.1["data"][0].clone();
    assert_eq!(charge["outcome"]["risk_level"], "elevated");
    let card = &charge["payment_method_details"]["card"];
    assert_eq!(
        (&card["brand"], &card["country"], &card["fingerprint"]),
        (&json!("mastercard"), &json!("DE"), &json!("F1"))
    );
    let received = account.door.wait_for(3).await;
    let mut types: Vec<String> = received.iter().map(|one| one.json()["type"].as_str().unwrap().to_owned()).collect();
    types.sort();
    assert_eq!(types, ["charge.succeeded", "checkout.session.completed", "payment_intent.succeeded"]);
    for one in &received {
        assert_eq!(one.path, "/webhooks/stripe");
        let header = one.header("stripe-signature");
        let at = header.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
        assert_eq!(header, sandbox::stripe::webhooks::signature("whsec_sandbox", at, &one.body));
    }
    // It cannot be paid twice.
    assert_eq!(account.act(&format!("sessions/{id}/pay"), json!({})).await.0, 409);
    assert_eq!(account.act(&format!("sessions/{id}/expire"), json!({})).await.0, 409);
    assert_eq!(account.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn declined_attempts_leave_the_session_open() {
    let account = Account::new().await;
    let id = account.session(&[]).await["id"].as_str().unwrap().to_owned();
    for word in ["insufficient_funds", "stolen_card"] {
        let session = account.done(&format!("sessions/{id}/fail"), json!({ "decline": word })).await;
        assert_eq!((&session["status"], &session["payment_status"]), (&json!("open"), &json!("unpaid")));
    }
    assert_eq!(account.act(&format!("sessions/{id}/fail"), json!({ "decline": "rain" })).await.0, 400);
    let session = account.done(&format!("sessions/{id}/pay"), json!({})).await;
    let intent = session["payment_intent"].as_str().unwrap();
    let charges = account.get(&format!("charges?payment_intent={intent}&limit=100")).await.1;
    let turns: Vec<&Value> = charges["data"].as_array().unwrap().iter().map(|charge| &charge["status"]).collect();
    assert_eq!(turns, ["succeeded", "failed", "failed"]);
    assert_eq!(charges["data"][1]["outcome"]["reason"], "stolen_card");
    let events = account.events().await;
    let declined = ["charge.failed", "payment_intent.payment_failed"];
    let paid = ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"];
    assert_eq!(events, [&declined[..], &declined, &paid].concat());
}

#[tokio::test]
async fn a_bank_debit_is_decided_later() {
    let account = Account::new().await;
    for (act, status, last) in [
        ("async_succeed", "paid", "checkout.session.async_payment_succeeded"),
        ("async_fail", "unpaid", "checkout.session.async_payment_failed"),
    ] {
        let id = account.session(&[]).await["id"].as_str().unwrap().to_owned();
        assert_eq!(account.act(&format!("sessions/{id}/{act}"), json!({})).await.0, 409, "nothing is under way");
        let session = account.done(&format!("sessions/{id}/pay_async"), json!({})).await;
        assert_eq!((&session["status"], &session["payment_status"]), (&json!("complete"), &json!("unpaid")));
        let session = account.done(&format!("sessions/{id}/{act}"), json!({})).await;
        assert_eq!(session["payment_status"], status);
        assert_eq!(account.events().await.last().unwrap(), last);
    }
}

#[tokio::test]
async fn an_expired_session_can_be_recovered_and_a_free_one_has_no_payment() {
    let account = Account::new().await;
    let id =
        account.session(&[("after_expiration[recovery][enabled]", "true")]).await["id"].as_str().unwrap().to_owned();
    let (status, session) = account.post(&format!("checkout/sessions/{id}/expire"), &[]).await;
    assert_eq!((status, &session["status"]), (200, &json!("expired")));
    assert!(session["after_expiration"]["recovery"]["url"].is_string(), "{session}");
    assert_eq!(account.post(&format!("checkout/sessions/{id}/expire"), &[]).await.0, 400);
    let mut free = super::SESSION.to_vec();
    free[7].1 = "0";
    let id = account.post("checkout/sessions", &free).await.1["id"].as_str().unwrap().to_owned();
    let session = account.done(&format!("sessions/{id}/pay"), json!({})).await;
    assert_eq!((&session["payment_status"], &session["payment_intent"]), (&json!("no_payment_required"), &json!(null)));
    assert_eq!(account.events().await, ["checkout.session.expired", "checkout.session.completed"]);
}

#[tokio::test]
async fn money_goes_back_in_parts_and_never_more_than_there_was() {
    let account = Account::new().await;
    let id = account.session(&[]).await["id"].as_str().unwrap().to_owned();
    let session = account.done(&format!("sessions/{id}/pay"), json!({})).await;
    let intent = session["payment_intent"].as_str().unwrap().to_owned();
    let refund = account.done(&format!("charges/{id}/refund"), json!({ "amount": 1_000 })).await;
    assert_eq!((&refund["amount"], &refund["status"]), (&json!(1_000), &json!("succeeded")));
    assert_eq!(account.act(&format!("charges/{id}/refund"), json!({ "amount": 4_001 })).await.0, 409);
    let too_much = account.post("refunds", &[("payment_intent", &intent), ("amount", "4001")]).await;
    assert_eq!(error(&too_much), (400, "invalid_request_error", "amount"));
    let form = [("payment_intent", intent.as_str()), ("metadata[baton_decision]", "d1")];
    let (status, first, _) = account.post_with_key("d1", "refunds", &form).await;
    assert_eq!((status, &first["amount"]), (200, &json!(4_000)));
    let (_, second, again) = account.post_with_key("d1", "refunds", &form).await;
    assert!(again && second == first);
    assert_eq!(error(&account.post("refunds", &form).await).1, "charge_already_refunded");
    let listed = account.get(&format!("refunds?payment_intent={intent}&limit=100")).await.1;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let charge = account.get(&format!("charges/{}", refund["charge"].as_str().unwrap())).await.1;
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(true), &json!(5_000)));
    for (form, code) in [
        (vec![], "invalid_request_error"),
        (vec![("charge", "ch_1"), ("payment_intent", "pi_1")], "invalid_request_error"),
        (vec![("charge", "ch_nobody")], "resource_missing"),
    ] {
        assert_eq!(error(&account.post("refunds", &form).await).1, code);
    }
    assert_eq!(account.events().await[3..], ["refund.created", "charge.refunded", "refund.created", "charge.refunded"]);
}

#[tokio::test]
async fn disputes_warnings_and_reviews() {
    let account = Account::new().await;
    let id = account.session(&[]).await["id"].as_str().unwrap().to_owned();
    account.done(&format!("sessions/{id}/pay"), json!({})).await;
    let warning = account.done(&format!("charges/{id}/warn"), json!({})).await;
    let path = format!("radar/early_fraud_warnings/{}", warning["id"].as_str().unwrap());
    assert_eq!(account.get(&path).await.1, warning);
    let review = account.done(&format!("charges/{id}/review"), json!({})).await;
    let review = review["id"].as_str().unwrap();
    assert_eq!(account.done(&format!("reviews/{review}/approve"), json!({})).await["open"], false);
    assert_eq!(account.get(&format!("reviews/{review}")).await.1["closed_reason"], "approved");
    let inquiry = account.done(&format!("charges/{id}/dispute"), json!({ "kind": "inquiry" })).await;
    assert_eq!(inquiry["status"], "warning_needs_response");
    let dispute = account.done(&format!("charges/{id}/dispute"), json!({ "reason": "product_not_received" })).await;
    assert_eq!((&dispute["status"], &dispute["reason"]), (&json!("needs_response"), &json!("product_not_received")));
    assert_eq!(account.act(&format!("charges/{id}/dispute"), json!({ "kind": "rain" })).await.0, 400);
    let intent = dispute["payment_intent"].as_str().unwrap();
    assert_eq!(error(&account.post("refunds", &[("payment_intent", intent)]).await).1, "charge_disputed");
    let closed = account.done(&format!("disputes/{}/won", dispute["id"].as_str().unwrap()), json!({})).await;
    assert_eq!(closed["status"], "won");
    let listed = account.get(&format!("disputes?payment_intent={intent}")).await.1;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        account.events().await[3..],
        [
            "radar.early_fraud_warning.created",
            "review.opened",
            "review.closed",
            "charge.dispute.created",
            "charge.dispute.created",
            "charge.dispute.funds_withdrawn",
            "charge.dispute.closed",
            "charge.dispute.funds_reinstated",
        ]
    );
    for (path, status) in
        [("charges/ch_nobody/warn", 404), ("disputes/du_nobody/won", 404), ("sessions/cs_nobody/pay", 404)]
    {
        assert_eq!(account.act(path, json!({})).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn a_payment_of_our_own_takes_test_cards_only() {
    let account = Account::new().await;
    let form = |card| {
        vec![
            ("amount", "2500"),
            ("currency", "usd"),
            ("confirm", "true"),
            ("payment_method", card),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
            ("metadata[baton_order]", "1002"),
        ]
    };
    let (status, intent) = account.post("payment_intents", &form("pm_card_visa")).await;
    assert_eq!((status, &intent["status"]), (200, &json!("succeeded")));
    assert_eq!(
        error(&account.post("payment_intents", &form("pm_card_visa_chargeDeclined")).await),
        (402, "card_declined", "")
    );
    assert_eq!(error(&account.post("payment_intents", &form("pm_mine")).await).1, "resource_missing");
    let (_, open) = account.post("payment_intents", &form("pm_card_visa")[..2]).await;
    assert_eq!(open["status"], "requires_payment_method");
    let path = format!("payment_intents/{}/confirm", open["id"].as_str().unwrap());
    assert_eq!(account.post(&path, &[("payment_method", "pm_card_visa")]).await.1["status"], "succeeded");
    let again = account.post(&path, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!(error(&again).1, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn a_body_of_anyones_making_is_delivered_as_stripe_would() {
    let account = Account::new().await;
    let body = json!({ "source": "stripe", "topic": "charge.failed", "payload": { "id": "evt_1", "type": "charge.failed" }, "times": 2 });
    let path = "/_sandbox/deliver";
    let (status, answer) = crate::support::control(&account.sandbox, "POST", path, body.to_string()).await;
    assert_eq!((status, answer), (200, json!({ "statuses": [200, 200] })));
    let received = account.door.wait_for(2).await;
    assert!(received.iter().all(|one| one.header("stripe-signature").starts_with("t=")));
}
