//! The deployed door under many deliveries at once.

use std::time::Duration;

use domain::event::EventKey;
use domain::subject::{Subject, address_hash};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Stack, fresh_id, stack};
use crate::support;

const DELIVERIES: u64 = 1_000;
const AT_ONCE: u64 = 16;

/// One delivery of a mixed stream, and the fact it has to become. None of them owes a layer anything: what is looked at here is
/// the door. Every tenth says again what the one before it said.
fn mixed(run: u64, n: u64) -> (&'static str, Value, EventKey) {
    let id = run + n;
    let at = "2026-11-22T02:13:00Z";
    let key = |subject, id: String| EventKey { subject, id: domain::event::EventId(id) };
    match n % 10 {
        0..=2 => {
            let mail = format!("c{id}@example.com");
            let body = json!({ "id": id, "email": mail, "updated_at": at });
            ("customers/update", body, key(Subject::Contact(address_hash(&mail)), format!("changed#{at}")))
        }
        3 | 4 => {
            let body = json!({ "id": id, "token": format!("t{id}"), "updated_at": at });
            ("checkouts/create", body, key(Subject::Checkout(id.to_string()), format!("checkout#{at}")))
        }
        5 => {
            let body = json!({ "customer_id": id, "email_marketing_consent": { "state": "subscribed", "consent_updated_at": at } });
            let contact = domain::subject::short_hash(&["shopify-customer", &id.to_string()], 16);
            let fact = format!("consent#subscribed#{at}");
            ("customers_email_marketing_consent/update", body, key(Subject::Contact(contact), fact))
        }
        6..=8 => {
            let order = Subject::Order(domain::subject::OrderId(id));
            let body = json!({ "id": id, "order_id": id, "updated_at": at, "tracking_number": "1Z999" });
            ("fulfillments/update", body, key(order, format!("fulfilment#{id}#{at}")))
        }
        _ => mixed(run, n - 1),
    }
}

#[tokio::test]
async fn a_thousand_mixed_deliveries_sixteen_at_once() {
    let Some(stack) = stack().await else { return };
    let run = fresh_id(40) * 10;
    let url = format!("{}/_sandbox/deliver", stack.fact("sandbox_url"));
    let begin = tokio::time::Instant::now();
    let mut lanes = JoinSet::new();
    for lane in 0..AT_ONCE {
        let url = url.clone();
        lanes.spawn(async move {
            let client = support::client();
            let mut statuses = Vec::new();
            for n in (lane..DELIVERIES).step_by(usize::try_from(AT_ONCE).unwrap()) {
                let (topic, payload, _) = mixed(run, n);
                let body = json!({ "source": "shopify", "topic": topic, "payload": payload, "times": 1 });
                let request = client.post(&url).body(body.to_string()).timeout(Duration::from_secs(60));
                let answer: Value = request.send().await.unwrap().json().await.unwrap();
                statuses.push(answer["statuses"][0].as_u64().unwrap());
            }
            statuses
        });
    }
    let statuses: Vec<u64> = lanes.join_all().await.into_iter().flatten().collect();
    let took = begin.elapsed();
    let refused: Vec<&u64> = statuses.iter().filter(|status| **status != 200).collect();
    assert_eq!(statuses.len() as u64, DELIVERIES);
    assert!(refused.is_empty(), "{} of {DELIVERIES} were not answered with 200: {refused:?}", refused.len());
    let missing = missing(&stack, run).await;
    assert!(missing.is_empty(), "{} facts are lost: {:?}", missing.len(), &missing[..missing.len().min(5)]);
    eprintln!("{DELIVERIES} deliveries, {AT_ONCE} at once: {} ms, each answered 200 and kept", took.as_millis());
}

/// The facts that are not in the table, or without their body.
async fn missing(stack: &Stack, run: u64) -> Vec<String> {
    let mut missing = Vec::new();
    for n in 0..DELIVERIES {
        let key = mixed(run, n).2;
        let kept =
            stack.ledger.event(&key).await.unwrap().is_some() && stack.ledger.payload(&key).await.unwrap().is_some();
        if !kept {
            missing.push(key.to_string());
        }
    }
    missing
}
