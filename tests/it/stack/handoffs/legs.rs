//! The hand-offs to the layers: the layer takes nothing from its queue, and then it does.

use std::collections::BTreeMap;

use domain::event::{EventType, Fact};
use domain::handoff::{Layer, Owed, RELAY};
use domain::subject::Subject;
use reqwest::Method;
use serde_json::Value;

use super::row::{Row, minute_by_minute};
use super::{PATIENCE, Stack, calm_stack, carrier, digests_say_healed, name, named, print, tracking};
use crate::handoffs::story::{Comes, acts, comes, in_store, told};
use crate::stack::fresh_id;
use crate::stored_shapes::event_of;

/// An event that goes to layers which do not take it, and the order that comes to it.
struct Case {
    kind: EventType,
    layers: Vec<Layer>,
    order: u64,
    /// What has happened at the partner before it. `None`: the order is not even placed.
    before: Option<usize>,
    /// What has happened there with it.
    after: usize,
    /// It is about an order or its parcel.
    has_order: bool,
}

impl Case {
    async fn new(kind: EventType, layers: Vec<Layer>, order: u64) -> Self {
        let (before, after) = match comes(kind) {
            Comes::InProduction | Comes::ItIsOver => (Some(1), 1),
            Comes::OnTheWay => (Some(2), 2),
            Comes::OfItself => match kind {
                EventType::OrderPaid | EventType::OrderCleared => (None, 0),
                EventType::PartnerAccepted => (Some(0), 1),
                EventType::ParcelShipped | EventType::ParcelAnnounced => (Some(1), 2),
                EventType::ParcelDelivered => (Some(2), 3),
                other => panic!("say how far an order is before {other}"),
            },
        };
        let has_order = matches!(event_of(kind).await.subject, Subject::Order(_) | Subject::Parcel(_));
        Self { kind, layers, order, before, after, has_order }
    }

    /// The layer that is at work on the event before it is there.
    fn maker(&self) -> Option<Layer> {
        match self.kind {
            EventType::OrderCleared => Some(Layer::Capture),
            EventType::ParcelAnnounced => Some(Layer::Shipping),
            _ => None,
        }
    }

    /// It happens, and is in the table: its rows.
    async fn happens(&self, stack: &Stack) -> Vec<Row> {
        let (kind, order) = (self.kind, self.order);
        let (key, how) = if comes(kind) == Comes::OfItself {
            let how = match self.before {
                None => {
                    stack.order(&named(order), 1).await;
                    "the order is paid"
                }
                Some(done) => {
                    let (act, body) = acts(&tracking(order), &carrier(order))[done].clone();
                    stack.at_partner(order, act, body).await;
                    ["the partner begins", "the partner ships", "the parcel is delivered"][done]
                }
            };
            (stack.find(order, kind).await.key(), how)
        } else if let Some(what) = in_store(kind) {
            stack.sandbox(Method::PUT, &format!("shopify/orders/{order}?deliver=1"), what).await;
            (stack.find(order, kind).await.key(), "it happens in the store")
        } else {
            let event = told(kind, order, &name(order), &tracking(order), sandbox::clock::now()).await;
            stack.append(&event).await;
            (event.key(), "the event is appended")
        };
        stack.keeps_up().await;
        let stored = stack.ledger.event(&key).await.unwrap().unwrap();
        let row = |layer: &Layer| Row {
            name: format!("{kind} to {layer}"),
            how: format!("{how}, {layer} takes nothing"),
            key: key.clone(),
            owed: Owed::Layer(*layer),
            due: *stored.owes.get(&Owed::Layer(*layer)).unwrap_or_else(|| panic!("{key} does not owe {layer}")),
            told: None,
        };
        self.layers.iter().map(row).collect()
    }
}

async fn every_hand_off_to(broken: &[Layer]) {
    let Some(stack) = calm_stack().await else { return };
    let mut cases = Vec::new();
    for (n, leg) in (0..).zip(RELAY) {
        let layers: Vec<Layer> = leg.goes_to.iter().filter(|layer| broken.contains(layer)).copied().collect();
        if !layers.is_empty() {
            cases.push(Case::new(leg.event, layers, fresh_id(500 + n)).await);
        }
    }
    come_so_far(&stack, &cases).await;

    // What a layer makes that is itself to be broken, is made before.
    let (made, others): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case.maker().is_some());
    let makers: Vec<Layer> = made.iter().filter_map(|case| case.maker()).collect();
    let mut rows = Vec::new();
    for layer in broken.iter().filter(|layer| !makers.contains(layer)) {
        stack.switch(layer.as_str(), false).await;
    }
    for case in made {
        rows.extend(case.happens(&stack).await);
    }
    for layer in broken {
        stack.switch(layer.as_str(), false).await;
    }
    for case in others {
        rows.extend(case.happens(&stack).await);
    }
    minute_by_minute(&stack, &mut rows).await;

    for layer in broken {
        stack.switch(layer.as_str(), true).await;
    }
    for row in &rows {
        let what = format!("{} to heal", row.name);
        stack.until(&what, PATIENCE, async || row.is_over(&stack).await.then_some(())).await;
    }
    only_the_stored_order_is_unknown(&stack).await;
    go_on(&stack, &cases).await;
    digests_say_healed(&stack, &rows).await;
    print("to the layers", &rows);
    stack.autopilot(true).await;
}

/// What a partner tells of an order (`partner.told`) is appended as it was once stored, and that order no sandbox has: routing asks
/// for it, is told so, and is through. Nothing else was asked for that is not there.
async fn only_the_stored_order_is_unknown(stack: &Stack) {
    let Fact::PartnerTold { partner_order, .. } = event_of(EventType::PartnerTold).await.fact else {
        panic!("another fact")
    };
    let found = stack.look_at("unexpected").await;
    let of_it = |one: &&Value| one["reason"] == format!("order {partner_order} is not found");
    assert!(found.as_array().unwrap().iter().all(|one| of_it(&one)), "{found}");
    stack.sandbox(Method::DELETE, "unexpected", Value::Null).await;
}

/// Each order comes as far as it is before its event.
async fn come_so_far(stack: &Stack, cases: &[Case]) {
    let mut by_acts = BTreeMap::<usize, Vec<u64>>::new();
    for case in cases.iter().filter(|case| case.has_order) {
        let Some(before) = case.before else { continue };
        for done in 0..=before {
            by_acts.entry(done).or_default().push(case.order);
        }
    }
    for (done, orders) in by_acts {
        if done > 0 {
            stack.each_at_partner(&orders, done - 1).await;
            continue;
        }
        for order in &orders {
            stack.order(&named(*order), 1).await;
            stack.keeps_up().await;
        }
        stack.each_come_to(&orders, EventType::OrderRouted).await;
    }
}

/// Each order goes on to its end, unless the event was its end. What is on the way of every order leaves it as if nothing had been.
async fn go_on(stack: &Stack, cases: &[Case]) {
    let with_order = || cases.iter().filter(|case| case.has_order);
    let new: Vec<u64> = with_order().filter(|case| case.before.is_none()).map(|case| case.order).collect();
    stack.each_come_to(&new, EventType::OrderRouted).await;
    for act in 0..3 {
        let due = with_order().filter(|case| case.after <= act && comes(case.kind) != Comes::ItIsOver);
        let due: Vec<u64> = due.map(|case| case.order).collect();
        stack.each_at_partner(&due, act).await;
    }
    for case in with_order() {
        let rest = format!("{} of {} to rest", case.kind, case.order);
        stack.until(&rest, PATIENCE, async || stack.open(case.order).await.is_empty().then_some(())).await;
        if comes(case.kind) == Comes::OfItself {
            stack.assert_all_once(case.order).await;
        }
    }
}

#[tokio::test]
async fn to_capture_routing_and_shipping() {
    every_hand_off_to(&[Layer::Capture, Layer::Routing, Layer::Shipping]).await;
}

#[tokio::test]
async fn to_email_and_monitoring() {
    every_hand_off_to(&[Layer::Email, Layer::Monitoring]).await;
}
