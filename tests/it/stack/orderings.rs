//! A draw of the orders in which seven deliveries can come, each twice, at the deployed door: one end state.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::Fact;
use domain::exception::Life;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

const DRAWN: u64 = 4;

/// What must not depend on the order.
#[derive(Debug, PartialEq, Eq)]
struct End {
    facts: BTreeSet<String>,
    open: BTreeSet<String>,
    partner_orders: usize,
    mails: BTreeMap<String, usize>,
}

/// All seven happen in the store, and nobody is told yet; their deliveries, as Shopify would send them.
async fn happened(stack: &Stack, id: u64) -> Vec<(&'static str, Value)> {
    let order = named(id);
    stack.order(&order, 0).await;
    for what in [
        json!({ "do": "edit", "note": "an invented note" }),
        json!({ "do": "refund", "amount": "1.00" }),
        json!({ "do": "dispute", "kind": "chargeback" }),
        json!({ "do": "refund" }),
        json!({ "do": "cancel" }),
    ] {
        stack.sandbox(Method::PUT, &format!("shopify/orders/{id}?deliver=0"), what).await;
    }
    let held = stack.look_at(&format!("shopify/orders/{id}")).await;
    let ids = |list: &str| {
        let ids = held[list].as_array().unwrap_or_else(|| panic!("{list} of {held}"));
        ids.iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    let mut told = vec![
        ("orders/create", order.clone()),
        ("orders/paid", order.clone()),
        ("orders/edited", json!({ "order_edit": { "id": id * 10 + 7, "order_id": id } })),
        ("orders/cancelled", held.clone()),
    ];
    told.extend(ids("refunds").into_iter().map(|refund| ("refunds/create", json!({ "id": refund, "order_id": id }))));
    let disputed = |dispute| json!({ "id": dispute, "order_id": id, "type": "chargeback", "status": "needs_response" });
    told.extend(ids("disputes").into_iter().map(|dispute| ("disputes/create", disputed(dispute))));
    told
}

async fn end(stack: &Stack, id: u64) -> End {
    let journey = stack.journey(id).await;
    // Ids of refunds and disputes are another's; how many there are is not.
    let kind = |fact: &Fact, n: usize| match fact {
        Fact::OrderRefunded { .. } => format!("{} {n}", fact.event_type()),
        _ => fact.event_type().to_string(),
    };
    let mut seen = BTreeMap::new();
    let mut facts = BTreeSet::new();
    for event in &journey.events {
        let n: &mut usize = seen.entry(event.fact.event_type()).or_default();
        *n += 1;
        facts.insert(kind(&event.fact, *n));
    }
    let open = journey.exceptions.iter().filter(|exception| exception.state == Life::Open);
    End {
        facts,
        open: open.map(|exception| exception.what.clone()).collect(),
        partner_orders: stack.partner_orders(id).await.len(),
        mails: stack.customer_mails(id).await,
    }
}

#[tokio::test]
async fn a_draw_of_the_orders_of_seven_ends_in_the_same_place() {
    let Some(stack) = stack().await else { return };
    let seed = fresh_id(0);
    eprintln!("seed {seed}");
    let mut first = None;
    for n in 0..DRAWN {
        let mut random = fastrand::Rng::with_seed(seed + n);
        let id = fresh_id(60 + n);
        let told = happened(&stack, id).await;
        assert_eq!(told.len(), 7, "{:?}", told.iter().map(|(topic, _)| topic).collect::<Vec<_>>());
        let mut deliveries: Vec<&(&str, Value)> = told.iter().chain(&told).collect();
        random.shuffle(&mut deliveries);
        for (topic, payload) in deliveries {
            let delivery = json!({ "source": "shopify", "topic": topic, "payload": payload, "times": 1 });
            let answer = stack.sandbox(Method::POST, "deliver", delivery).await;
            assert_eq!(answer["statuses"], json!([200]), "{topic}");
        }
        let what = format!("nothing of {id} to be open");
        stack.until(&what, 120, async || stack.open(id).await.is_empty().then_some(())).await;
        let found = end(&stack, id).await;
        assert_eq!(stack.look_at("unexpected").await, json!([]));
        match &first {
            None => first = Some(found),
            Some(first) => assert_eq!(*first, found, "seed {}", seed + n),
        }
    }
    let end = first.unwrap();
    assert_eq!((end.partner_orders, end.mails.len()), (0, 0), "nothing is made, and nobody is told that it is");
    assert!(end.open.contains("disputed"), "{:?}", end.open);
}
