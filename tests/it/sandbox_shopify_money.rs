//! Money on its way in and out, who pays, and what speaks against it, as the store shows them.

use crate::sandbox_shopify::{SMALL, graphql, place, unexpected};
use crate::support::{Door, control, sandbox};
use sandbox::Sandbox;
use serde_json::{Value, json};

const ORDER: &str = "{ order(id: \"gid://shopify/Order/1001\") { displayFinancialStatus clientIp taxExempt updatedAt tags customer { id numberOfOrders } billingAddress { countryCodeV2 } risk { recommendation assessments { riskLevel provider { title } facts { description sentiment } } } transactions(first: 25) { kind status gateway manualPaymentGateway errorCode amountSet { shopMoney { amount } } paymentDetails { ... on CardPaymentDetails { company bin number } } } refunds(first: 5) { id } disputes { id initiatedAs status } lineItems(first: 1) { nodes { customAttributes { key value } } } fulfillmentOrders(first: 5) { nodes { status fulfillmentHolds { handle reason } } } } }";

async fn order(sandbox: &Sandbox) -> Value {
    let answer = graphql(sandbox, ORDER, json!({})).await;
    assert_eq!(answer["errors"], Value::Null);
    answer["data"]["order"].clone()
}

async fn change(sandbox: &Sandbox, body: Value) -> (u16, Value) {
    control(sandbox, "PUT", "/_sandbox/shopify/orders/1001", body.to_string()).await
}

async fn put(sandbox: &Sandbox, changes: &[(&str, Value)]) {
    let mut payload: Value = serde_json::from_str(SMALL).unwrap();
    for (key, value) in changes {
        payload[*key] = value.clone();
    }
    let (status, answer) = control(sandbox, "POST", "/_sandbox/shopify/orders?deliver=0", payload.to_string()).await;
    assert_eq!(status, 201, "{answer}");
}

/// `(kind, status, gateway, manual)` of each.
fn attempts(order: &Value) -> Vec<(String, String, String, bool)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let list = order["transactions"].as_array().unwrap();
    list.iter()
        .map(|one| {
            (
                text(one, "kind"),
                text(one, "status"),
                text(one, "gateway"),
                one["manualPaymentGateway"].as_bool().unwrap(),
            )
        })
        .collect()
}

fn attempt(kind: &str, status: &str, gateway: &str, manual: bool) -> (String, String, String, bool) {
    (kind.to_owned(), status.to_owned(), gateway.to_owned(), manual)
}

#[tokio::test]
async fn the_payment_follows_from_the_payload() {
    let sandbox = sandbox(&Door::default()).await;
    let names = |gateway: &str| ("payment_gateway_names", json!([gateway]));
    let status = |status: &str| ("financial_status", json!(status));
    put(&sandbox, &[names("shopify_payments")]).await;
    assert_eq!(attempts(&order(&sandbox).await), [attempt("SALE", "SUCCESS", "shopify_payments", false)]);
    put(&sandbox, &[names("Cash on Delivery (COD)"), status("pending")]).await;
    assert_eq!(attempts(&order(&sandbox).await), [attempt("SALE", "PENDING", "Cash on Delivery (COD)", true)]);
    put(&sandbox, &[names("paypal"), status("authorized")]).await;
    assert_eq!(attempts(&order(&sandbox).await), [attempt("AUTHORIZATION", "SUCCESS", "paypal", false)]);
    put(&sandbox, &[names("manual"), status("partially_paid"), ("total_outstanding", json!("12.00"))]).await;
    let partly = order(&sandbox).await;
    assert_eq!(attempts(&partly), [attempt("SALE", "SUCCESS", "manual", true)]);
    assert_eq!(partly["transactions"][0]["amountSet"]["shopMoney"]["amount"], "18.0");
    put(&sandbox, &[("total_price", json!("0.00"))]).await;
    assert_eq!(order(&sandbox).await["transactions"], json!([]));

    // The payload's own, in REST's shape.
    let given = json!([
        {"id": 5, "kind": "sale", "status": "failure", "gateway": "shopify_payments", "error_code": "card_declined", "amount": "30.00",
         "payment_details": {"credit_card_company": "Visa", "credit_card_bin": "400000", "credit_card_number": "•••• •••• •••• 0002"}},
        {"id": 6, "kind": "sale", "status": "success", "gateway": "shopify_payments", "amount": "30.00"}]);
    put(&sandbox, &[("transactions", given)]).await;
    let shown = order(&sandbox).await;
    assert_eq!(shown["transactions"].as_array().unwrap().len(), 2);
    assert_eq!(shown["transactions"][0]["errorCode"], "CARD_DECLINED");
    let card = json!({"company": "Visa", "bin": "400000", "number": "•••• •••• •••• 0002"});
    assert_eq!(shown["transactions"][0]["paymentDetails"], card);
    assert_eq!(shown["transactions"][1]["paymentDetails"], Value::Null);
    assert_eq!(unexpected(&sandbox).await, Vec::<Value>::new());
}

#[tokio::test]
async fn attempts_fail_and_in_the_end_one_pays() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    put(&sandbox, &[("financial_status", json!("pending"))]).await;
    assert_eq!(order(&sandbox).await["transactions"], json!([]));
    let declined = |last4: &str| {
        json!({"do": "attempt", "error_code": "card_declined", "gateway": "shopify_payments",
            "card": {"company": "Mastercard", "bin": "555555", "last4": last4}})
    };
    for last4 in ["1111", "2222"] {
        assert_eq!(change(&sandbox, declined(last4)).await.0, 200);
    }
    let (status, answer) = change(&sandbox, json!({"do": "attempt", "error_code": "bad_mood"})).await;
    assert_eq!((status, answer["error"].as_str().unwrap().contains("bad_mood")), (400, true));
    let paid = json!({"do": "pay", "gateway": "shopify_payments", "card": {"company": "Visa", "bin": "424242", "last4": "4242"}});
    assert_eq!(change(&sandbox, paid).await.1["financial_status"], "paid");
    let shown = order(&sandbox).await;
    assert_eq!(shown["displayFinancialStatus"], "PAID");
    let (failed, paid) =
        (attempt("SALE", "FAILURE", "shopify_payments", false), attempt("SALE", "SUCCESS", "shopify_payments", false));
    assert_eq!(attempts(&shown), [failed.clone(), failed, paid]);
    assert_eq!(shown["transactions"][1]["paymentDetails"]["number"], "•••• •••• •••• 2222");
    assert_eq!(shown["transactions"][2]["amountSet"]["shopMoney"]["amount"], "30.0");

    // Money that goes back stands beside what came in.
    assert_eq!(change(&sandbox, json!({"do": "refund", "amount": "5.00"})).await.0, 200);
    let shown = order(&sandbox).await;
    assert_eq!((shown["refunds"].as_array().unwrap().len(), &shown["transactions"][3]["kind"]), (1, &json!("REFUND")));
    // A capture of what was authorised.
    put(&sandbox, &[("financial_status", json!("authorized")), ("payment_gateway_names", json!(["paypal"]))]).await;
    change(&sandbox, json!({"do": "pay"})).await;
    let kinds: Vec<String> = attempts(&order(&sandbox).await).into_iter().map(|one| one.0).collect();
    assert_eq!(kinds, ["AUTHORIZATION", "CAPTURE"]);
}

#[tokio::test]
async fn a_dispute_begins_and_ends() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    place(&sandbox, "deliver=0").await;
    assert_eq!(change(&sandbox, json!({"do": "dispute", "kind": "inquiry"})).await.0, 200);
    let told = door.wait_for(1).await.remove(0);
    let body = told.json();
    assert_eq!(told.header("x-shopify-topic"), "disputes/create");
    assert_eq!(
        (&body["order_id"], &body["type"], &body["status"]),
        (&json!(1001), &json!("inquiry"), &json!("needs_response"))
    );
    let known = json!({"id": format!("gid://shopify/ShopifyPaymentsDispute/{}", body["id"]), "initiatedAs": "INQUIRY", "status": "NEEDS_RESPONSE"});
    assert_eq!(order(&sandbox).await["disputes"], json!([known]));

    change(&sandbox, json!({"do": "dispute", "id": body["id"], "status": "won"})).await;
    assert_eq!(door.wait_for(2).await[1].header("x-shopify-topic"), "disputes/update");
    assert_eq!(order(&sandbox).await["disputes"][0]["status"], "WON");
    assert_eq!(change(&sandbox, json!({"do": "dispute", "id": 1})).await.0, 409);
    assert_eq!(change(&sandbox, json!({"do": "dispute", "kind": "grudge"})).await.0, 400);
}

#[tokio::test]
async fn who_buys_and_from_where() {
    let sandbox = sandbox(&Door::default()).await;
    put(
        &sandbox,
        &[
            ("browser_ip", json!("203.0.113.7")),
            ("tax_exempt", json!(true)),
            ("billing_address", json!({"country_code": "FR"})),
        ],
    )
    .await;
    let shown = order(&sandbox).await;
    assert_eq!((&shown["clientIp"], &shown["taxExempt"]), (&json!("203.0.113.7"), &json!(true)));
    assert_eq!(shown["billingAddress"]["countryCodeV2"], "FR");
    assert_eq!(shown["customer"], json!({"id": "gid://shopify/Customer/7", "numberOfOrders": "1"}));
    // Another order of the same customer, and a store that knows of more than the sandbox does.
    let mut second: Value = serde_json::from_str(SMALL).unwrap();
    (second["id"], second["name"]) = (json!(1002), json!("#1002"));
    control(&sandbox, "POST", "/_sandbox/shopify/orders?deliver=0", second.to_string()).await;
    assert_eq!(order(&sandbox).await["customer"]["numberOfOrders"], "2");
    put(&sandbox, &[("customer", json!({"id": 7, "orders_count": 41}))]).await;
    assert_eq!(order(&sandbox).await["customer"]["numberOfOrders"], "41");
    let country = json!({"do": "address", "which": "billing", "address": {"country_code": "Atlantis"}});
    assert_eq!(change(&sandbox, country).await.0, 400);
}

#[tokio::test]
async fn several_opinions_of_the_risk() {
    let door = Door::default();
    let sandbox = sandbox(&door).await;
    place(&sandbox, "deliver=0&risk=LOW").await;
    let fact = json!({"description": "The card was tried with eleven addresses", "sentiment": "NEGATIVE"});
    change(&sandbox, json!({"do": "risk", "level": "high", "provider": "An app of ours", "facts": [fact]})).await;
    let told = door.wait_for(1).await[0].json();
    assert_eq!((&told["provider_title"], &told["risk_level"]), (&json!("An app of ours"), &json!("high")));
    let risk = order(&sandbox).await["risk"].clone();
    assert_eq!(risk["recommendation"], "CANCEL", "the strictest counts");
    assert_eq!(risk["assessments"].as_array().unwrap().len(), 2);
    assert_eq!(risk["assessments"][0]["provider"], Value::Null);
    assert_eq!(
        risk["assessments"][1],
        json!({"riskLevel": "HIGH", "provider": {"title": "An app of ours"}, "facts": [fact]})
    );
    // The app thinks again: its opinion is replaced, not added.
    change(&sandbox, json!({"do": "risk", "level": "medium", "provider": "An app of ours"})).await;
    let risk = order(&sandbox).await["risk"].clone();
    assert_eq!((&risk["recommendation"], risk["assessments"].as_array().unwrap().len()), (&json!("INVESTIGATE"), 2));
}

#[tokio::test]
async fn every_change_moves_the_orders_clock() {
    let sandbox = sandbox(&Door::default()).await;
    let at = |minute: u32| format!("2026-11-22T02:{minute:02}:00Z");
    sandbox.live_by(move || at(0).parse().unwrap());
    // However old the payload is, the store learns of it now.
    put(&sandbox, &[("updated_at", json!("2021-12-31T19:00:00-05:00"))]).await;
    assert_eq!(order(&sandbox).await["updatedAt"], at(0));
    let changes = [
        json!({"do": "edit", "line_items": [{"id": 11, "quantity": 1}]}),
        json!({"do": "attempt"}),
        json!({"do": "risk", "level": "MEDIUM"}),
        json!({"do": "dispute"}),
        json!({"do": "address", "address": {"zip": "62709"}}),
        json!({"do": "tags", "add": ["x"]}),
        json!({"do": "refund", "amount": "1.00"}),
        json!({"do": "fulfil", "tracking_number": "1Z9"}),
        json!({"do": "cancel"}),
    ];
    for (minute, body) in (1..).zip(changes) {
        sandbox.live_by(move || at(minute).parse().unwrap());
        assert_eq!(change(&sandbox, body.clone()).await.0, 200, "{body}");
        assert_eq!(order(&sandbox).await["updatedAt"], at(minute), "{body}");
    }
}
