//! Stripe at the door: what every published payload becomes, what makes two deliveries two facts, and whose door has which path.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::event::{EventType, Fact};
use ledger::Memory;
use serde_json::{Value, json};

use crate::house::{House, SECRET, START, STRIPE_SECRET, config, door_for, stripe};
use crate::support::samples;

/// A file of the samples, and what kind of fact it becomes: the fact's id without what tells one from another.
#[rustfmt::skip]
const OUTCOMES: &[(&str, &str)] = &[
    ("djstripe_charge.json",                                      "unreadable"),
    ("djstripe_dispute_dp_fakefakefakefake01.json",               "unreadable"),
    ("djstripe_dispute_dp_funds_reinstated_full.json",            "unreadable"),
    ("djstripe_payment_intent.json",                              "unreadable"),
    ("event_charge_dispute_closed.json",                          "payment#stripe#charge.dispute.closed#dp"),
    ("event_charge_dispute_created.json",                         "payment#stripe#charge.dispute.created#dp"),
    ("event_charge_failed.json",                                  "payment#stripe#charge.failed#ch"),
    ("event_checkout_session_completed_jpy_no_shipping.json",     "payment#stripe#checkout.session.completed#cs"),
    // A template: where an id should stand there is a word in braces.
    ("event_checkout_session_completed_presentment_excerpt.json", "unreadable"),
    ("event_checkout_session_expired_docs_excerpt.json",          "payment#stripe#checkout.session.expired#cs"),
    ("event_early_fraud_warning_created.json",                    "payment#stripe#radar.early_fraud_warning.created#issfr"),
    ("event_payment_intent_canceled.json",                        "unfollowed#payment_intent.canceled"),
    ("event_payment_intent_payment_failed.json",                  "payment#stripe#payment_intent.payment_failed#pi#evt"),
    ("event_payment_intent_requires_action.json",                 "unfollowed#payment_intent.requires_action"),
    ("event_payment_intent_succeeded.json",                       "payment#stripe#payment_intent.succeeded#pi"),
    ("event_refund_created.json",                                 "payment#stripe#refund.created#re"),
    ("event_review_closed.json",                                  "payment#stripe#review.closed#pi#prv"),
    ("official_fixture_charge.json",                              "unreadable"),
    ("official_fixture_checkout_session.json",                    "unreadable"),
    ("official_fixture_customer.json",                            "unreadable"),
    ("official_fixture_dispute.json",                             "unreadable"),
    ("official_fixture_event.json",                               "unfollowed#plan.created"),
    ("official_fixture_payment_intent.json",                      "unreadable"),
    ("official_fixture_radar_early_fraud_warning.json",           "unreadable"),
    ("official_fixture_radar_payment_evaluation.json",            "unreadable"),
    ("official_fixture_refund.json",                              "unreadable"),
    ("official_fixture_review.json",                              "unreadable"),
];

/// A house in test mode, as most published payloads are.
fn in_test_mode() -> House {
    House::of(|table| door_for(table, &config("test"), SECRET, STRIPE_SECRET, START))
}

/// `payment#stripe#charge.failed#ch_3…` is `payment#stripe#charge.failed#ch`.
fn kind(fact: &Fact) -> String {
    let id = fact.id().0;
    let parts: Vec<&str> = id.split('#').collect();
    match fact {
        Fact::PaymentTold { .. } => {
            let kinds = parts[3..].iter().map(|id| id.split('_').next().unwrap());
            parts[..3].iter().copied().chain(kinds).collect::<Vec<_>>().join("#")
        }
        Fact::Unfollowed { .. } => parts[..2].join("#"),
        _ => parts[0].to_owned(),
    }
}

#[tokio::test]
async fn every_stripe_payload_becomes_what_the_table_says() {
    let Some(samples) = samples() else { return };
    let mut expected: BTreeMap<&str, &str> = OUTCOMES.iter().copied().collect();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(samples.join("stripe")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let body = std::fs::read(&path).unwrap();
        let house = in_test_mode();
        for _ in 0..2 {
            assert_eq!(house.answer(&stripe(&body)).await, 200, "{name}");
        }
        let (event, kept) = house.only().await;
        assert!(kept == body, "{name}: not kept to the byte");
        let found = kind(&event.fact);
        if expected.remove(name.as_str()) != Some(found.as_str()) {
            wrong.push(format!("(\"{name}\", \"{found}\"), {:?}", event.fact));
        }
    }
    wrong.sort();
    wrong.extend(expected.keys().map(|name| format!("{name} is in the table and not in the folder")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "api_version": "2026-10-28.endive", "created": 1_795_313_000, "livemode": true,
        "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null }, "type": kind, "data": { "object": object },
    })
}

async fn keep(house: &House, body: &Value) {
    assert_eq!(house.answer(&stripe(body.to_string().as_bytes())).await, 200, "{body}");
}

#[tokio::test]
async fn a_retry_is_the_same_fact_and_a_second_refund_is_another() {
    let house = House::new();
    let charge = json!({ "id": "ch_1", "object": "charge", "amount_refunded": 100 });
    for id in ["evt_1", "evt_1", "evt_2", "evt_1"] {
        keep(&house, &event(id, "charge.refunded", &charge)).await;
    }
    // The two endings of one session, each told twice by two events: one fact each.
    let session = json!({ "id": "cs_1", "object": "checkout.session", "payment_intent": { "id": "pi_1", "object": "payment_intent" } });
    for (id, kind) in [
        ("evt_3", "checkout.session.completed"),
        ("evt_4", "checkout.session.completed"),
        ("evt_5", "checkout.session.async_payment_succeeded"),
        ("evt_5", "checkout.session.async_payment_succeeded"),
    ] {
        keep(&house, &event(id, kind, &session)).await;
    }
    // Each declined attempt is an attempt.
    let intent = json!({ "id": "pi_1", "object": "payment_intent" });
    for id in ["evt_6", "evt_7"] {
        keep(&house, &event(id, "payment_intent.payment_failed", &intent)).await;
    }
    // A review is about its payment, expanded or not.
    let expanded = json!({ "id": "prv_1", "object": "review", "charge": null, "payment_intent": intent });
    keep(&house, &event("evt_8", "review.opened", &expanded)).await;
    let plain = json!({ "id": "prv_1", "object": "review", "charge": "ch_1", "payment_intent": null });
    keep(&house, &event("evt_9", "review.closed", &plain)).await;
    let mut ids: Vec<String> = house.stored().await.iter().map(|(event, _)| event.fact.id().0).collect();
    ids.sort();
    assert_eq!(
        ids,
        [
            "payment#stripe#charge.refunded#ch_1#evt_1",
            "payment#stripe#charge.refunded#ch_1#evt_2",
            "payment#stripe#checkout.session.async_payment_succeeded#cs_1",
            "payment#stripe#checkout.session.completed#cs_1",
            "payment#stripe#payment_intent.payment_failed#pi_1#evt_6",
            "payment#stripe#payment_intent.payment_failed#pi_1#evt_7",
            "payment#stripe#review.closed#ch_1#prv_1",
            "payment#stripe#review.opened#pi_1#prv_1",
        ]
    );
    for (event, _) in house.stored().await {
        assert_eq!(event.subject.to_string(), format!("store#{}", crate::house::SHOP));
        assert_eq!(event.time.as_second(), 1_795_313_000);
    }
}

#[tokio::test]
async fn another_mode_or_another_account_is_nothing_to_follow_and_real_money_in_a_test_store_is_told() {
    let session = json!({ "id": "cs_1", "object": "checkout.session" });
    let of_test = json!({ "livemode": false });
    let of_another = json!({ "account": "acct_1" });
    let mixed = |changes: &Value| {
        let mut body = event("evt_1", "checkout.session.completed", &session);
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    for (changes, mode, expected, words) in [
        (&json!({}), "live", EventType::PaymentTold, ""),
        (&of_test, "test", EventType::PaymentTold, ""),
        (&of_test, "live", EventType::Unfollowed, "checkout.session.completed.in-test-mode"),
        (&of_another, "live", EventType::Unfollowed, "checkout.session.completed.of-another-account"),
        (&json!({}), "test", EventType::Unreadable, "it is about real money, and this store is in test mode"),
    ] {
        let house = House::of(|table| door_for(table, &config(mode), SECRET, STRIPE_SECRET, START));
        keep(&house, &mixed(changes)).await;
        let (event, _) = house.only().await;
        assert_eq!(event.fact.event_type(), expected, "{changes} {mode}");
        assert!(format!("{:?}", event.fact).contains(words), "{:?}", event.fact);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_quotes_nothing() {
    let session = json!({ "id": "cs_1" });
    let bodies = [
        "{".to_owned(),
        "[]".to_owned(),
        json!({ "type": "charge.failed" }).to_string(),
        event("evt_1", "charge.failed", &json!({})).to_string(),
        event("evt_1", "charge.failed", &json!({ "id": 7 })).to_string(),
        event("evt_1", "charge.failed", &json!({ "id": "ch_1/../x?y" })).to_string(),
        event("evt/1", "charge.refunded", &json!({ "id": "ch_1" })).to_string(),
        event("evt_1", "review.opened", &session).to_string(),
        event("evt_1", "charge.failed", &json!({ "id": "c".repeat(300) })).to_string(),
    ];
    for body in bodies {
        let house = House::new();
        assert_eq!(house.answer(&stripe(body.as_bytes())).await, 200, "{body}");
        let (event, kept) = house.only().await;
        assert!(kept == body.as_bytes());
        let Fact::Unreadable { why, .. } = event.fact else { panic!("{body}: {:?}", event.fact) };
        assert!(!why.contains("..") && !why.contains("ccc") && !why.contains("cs_1"), "{why}");
    }
}

/// Each store has the doors of those who deliver to it, and asks for their secrets only.
#[tokio::test]
async fn a_store_without_a_source_starts_without_its_secret_and_has_no_such_path() {
    let mut headless = config("live");
    headless["store"]["platform"] = json!("headless");
    let mut shopify_only = config("live");
    shopify_only.as_object_mut().unwrap().remove("partners");
    shopify_only.as_object_mut().unwrap().remove("stripe");
    let mut nothing_said = headless.clone();
    nothing_said.as_object_mut().unwrap().remove("stripe");
    nothing_said.as_object_mut().unwrap().remove("partners");
    let printful = ["door/printful/path-secret", "door/printful/webhook-secret"];
    for (config, wanted, paths) in [
        (&config("live"), vec!["door/shopify/webhook-secret", "door/stripe/webhook-secret"], [true, true, true]),
        (&headless, vec!["door/stripe/webhook-secret"], [false, true, true]),
        (&shopify_only, vec!["door/shopify/webhook-secret"], [true, false, false]),
        (&nothing_said, vec!["door/stripe/webhook-secret"], [false, true, false]),
    ] {
        let parsed = lambda::StoreConfig::parse(&config.to_string()).unwrap();
        let mut names = intake::secrets(&parsed).unwrap();
        names.sort();
        let mut expected = wanted.clone();
        if paths[2] {
            expected.extend(printful);
        }
        expected.sort_unstable();
        assert_eq!(names, expected);
        // Started with exactly these, it answers at its own paths and at no other.
        let secrets = lambda::Secrets::from_pairs(names.iter().map(|name| (name.as_str(), "00ff")));
        let clock = crate::world::SimClock::starting_at(START);
        let ledger = ledger::Ledger::new(Arc::new(Memory::default()));
        let door = intake::Door::new(ledger, clock, &parsed, &secrets).unwrap();
        for (path, there) in ["webhooks/shopify", "webhooks/stripe", "webhooks/printful/00ff"].into_iter().zip(paths) {
            let request = intake::Request { method: "POST".into(), path: path.into(), ..Default::default() };
            assert_eq!(door.answer(&request).await.status(), if there { 401 } else { 404 }, "{path}");
        }
        for missing in &names {
            let fewer = names.iter().filter(|name| *name != missing).map(|name| (name.as_str(), "00ff"));
            let ledger = ledger::Ledger::new(Arc::new(Memory::default()));
            let clock = crate::world::SimClock::starting_at(START);
            let refused = intake::Door::new(ledger, clock, &parsed, &lambda::Secrets::from_pairs(fewer)).unwrap_err();
            assert!(refused.to_string().contains(missing.as_str()), "{refused}");
        }
    }
}
