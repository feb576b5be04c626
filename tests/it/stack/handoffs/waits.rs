//! The longer waits: what somebody outside owes does not come, and comes after all.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{EffectKey, State};
use domain::event::EventType;
use domain::handoff::{Layer, Owed, RELAY, Wait};
use reqwest::Method;
use serde_json::json;

use super::row::{Row, a_round_until, minute_by_minute};
use super::{PATIENCE, Stack, calm_stack, digests_say_healed, name, named, print, tracking};
use crate::handoffs::story::{AfterAll, about, after_all, carrier_says, placed, scanned};
use crate::stack::decisions::{link, page};
use crate::stack::fresh_id;
use crate::watch::later;

/// How an order comes to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// Placed, and not paid.
    Unpaid,
    /// Paid, and the store says nothing of its risk.
    NoVerdict,
    /// Held for the owner to decide.
    Held,
    /// So much has happened at the partner.
    Made(usize),
    /// On its way, and scanned once.
    Scanned,
    /// On its way, and a carrier says this of it.
    Said,
    /// It has come to the event, and this layer does not take it.
    Stuck(Layer),
}

fn begins(kind: EventType, wait: Wait, stuck: bool) -> Option<Begins> {
    use EventType as E;
    Some(match (kind, wait, stuck) {
        (E::OrderCreated, Wait::PaymentArrives, false) => Begins::Unpaid,
        (E::OrderPaid, Wait::RiskVerdict, true) => Begins::NoVerdict,
        (E::OrderHeld, Wait::HeldOrder | Wait::CustomerInformed, false) => Begins::Held,
        (E::OrderRouted, Wait::PartnerAccepts, false) => Begins::Made(0),
        (E::OrderRouted, Wait::PartnerShips | Wait::CustomerInformed, false) => Begins::Made(1),
        (E::ParcelAnnounced, Wait::FirstScan | Wait::Delivered, false) => Begins::Made(2),
        (E::ParcelMoved, Wait::TrackingAlive, false) => Begins::Scanned,
        (E::ParcelMoved, Wait::Delivered, false)
        | (E::ParcelOutForDelivery | E::ParcelTroubled, Wait::TrackingAlive, false) => Begins::Said,
        (E::OrderPaid | E::RiskAssessed | E::OrderDecided, Wait::CustomerInformed, true) => {
            Begins::Stuck(Layer::Capture)
        }
        (E::OrderCleared, Wait::CustomerInformed, true) => Begins::Stuck(Layer::Routing),
        _ => return None,
    })
}

/// Rows that fall due within so many seconds are looked at together.
const TOGETHER: i64 = 1_800;

struct Case {
    kind: EventType,
    wait: Wait,
    begins: Begins,
    order: u64,
}

impl Case {
    fn how(&self) -> String {
        match self.begins {
            Begins::Unpaid => "nobody pays".into(),
            Begins::NoVerdict => "the store assesses no risk".into(),
            Begins::Held => "nobody decides".into(),
            Begins::Made(done) => {
                ["the partner does nothing", "the partner makes no end", "no carrier says a word"][done].into()
            }
            Begins::Scanned => "scanned once, and never again".into(),
            Begins::Said => "the carrier's last word".into(),
            Begins::Stuck(layer) => format!("{layer} takes nothing for a week"),
        }
    }

    /// How far the partner is.
    fn made(&self) -> usize {
        match self.begins {
            Begins::Made(done) => done,
            Begins::Scanned | Begins::Said => 2,
            _ => 0,
        }
    }

    fn is_stuck(&self) -> bool {
        matches!(self.begins, Begins::Stuck(_))
    }

    /// The order as it is placed.
    async fn placed(&self, stack: &Stack) {
        let mut order = named(self.order);
        let risk = match (self.begins, self.kind) {
            (Begins::NoVerdict, _) | (_, EventType::RiskAssessed) => "PENDING",
            _ => "LOW",
        };
        let held = self.begins == Begins::Held || self.kind == EventType::OrderDecided;
        if held || self.begins == Begins::Unpaid {
            order["financial_status"] = json!("pending");
        }
        let deliver = if self.begins == Begins::Unpaid { 0 } else { 1 };
        let path = format!("shopify/orders?deliver={deliver}&risk={risk}");
        stack.sandbox(Method::POST, &path, order.clone()).await;
        if self.begins == Begins::Unpaid {
            let answer = stack.sandbox(Method::POST, "deliver", placed(&order)).await;
            assert_eq!(answer["statuses"], json!([200]));
        }
        stack.keeps_up().await;
    }

    /// What has to be there before the layer that is meant stops.
    fn comes_to_first(&self) -> Option<EventType> {
        match self.kind {
            EventType::RiskAssessed => Some(EventType::OrderPaid),
            EventType::OrderDecided => Some(EventType::OrderHeld),
            _ => None,
        }
    }

    /// The last of what leads to the wait.
    async fn begins(&self, stack: &Stack) {
        match self.kind {
            EventType::RiskAssessed => {
                happens(stack, self.order, AfterAll::InStore(json!({ "do": "risk", "level": "LOW" }))).await
            }
            EventType::OrderDecided => happens(stack, self.order, AfterAll::Released).await,
            _ => self.placed(stack).await,
        }
    }

    /// What is heard of a parcel on its way, where the order waits for more than that.
    async fn word(&self, stack: &Stack) {
        let now = sandbox::clock::now();
        if self.begins == Begins::Scanned {
            let fulfilment =
                stack.look_at(&format!("shopify/orders/{}", self.order)).await["fulfillments"][0]["id"].clone();
            let answer = stack.sandbox(Method::POST, "deliver", scanned(self.order, &fulfilment)).await;
            assert_eq!(answer["statuses"], json!([200]));
        } else if self.begins == Begins::Said {
            // A promise of a few days: it is broken a day after the evening of its day.
            let promised = later(now, 3 * 86_400).to_string();
            let fact = carrier_says(self.kind, self.wait, &tracking(self.order), &promised[..10]);
            let fact = fact.unwrap_or_else(|| panic!("say what a carrier says for {} and {:?}", self.kind, self.wait));
            stack.append(&about(self.order, &name(self.order), fact, "easypost", now)).await;
        }
    }

    /// The row, once the event owes it.
    async fn row(&self, stack: &Stack) -> Row {
        let (kind, wait) = (self.kind, self.wait);
        let (key, due) = stack
            .until(&format!("{kind} of {} to owe {wait:?}", self.order), PATIENCE, async || {
                let journey = stack.journey(self.order).await;
                let of_kind = journey.events.iter().filter(|event| event.fact.event_type() == kind);
                of_kind
                    .filter_map(|event| {
                        Some((event.key(), *journey.owing.get(&event.fact.id())?.get(&Owed::Wait(wait))?))
                    })
                    .next()
            })
            .await;
        let due = if wait == Wait::CustomerInformed { self.too_silent(stack).await } else { due };
        let (how, owed) = (self.how(), Owed::Wait(wait));
        Row { name: format!("{kind} opens {wait:?}"), how, key, owed, due, told: None }
    }

    /// When the customer has heard nothing for too long: at the first of the order's clocks, which each mail puts off.
    async fn too_silent(&self, stack: &Stack) -> Timestamp {
        let journey = stack.journey(self.order).await;
        let clocks = journey.owing.values().filter_map(|owes| owes.get(&Owed::Wait(Wait::CustomerInformed)));
        let mailed = journey
            .effects
            .iter()
            .filter(|one| matches!((&one.key, &one.state), (EffectKey::Email(_), State::Done { .. })));
        let heard = mailed.map(|one| later(one.updated, 7 * 86_400)).max().unwrap_or(Timestamp::MIN);
        heard.max(*clocks.min().unwrap())
    }

    /// What was missing comes after all.
    async fn comes_after_all(&self, stack: &Stack) {
        let ends = match self.begins {
            Begins::Stuck(_) => AfterAll::AtThePartner,
            Begins::Held => AfterAll::Released,
            _ => after_all(self.wait).0,
        };
        happens(stack, self.order, ends).await;
    }
}

/// What ends a wait happens; what the partner does after it is not among it.
async fn happens(stack: &Stack, order: u64, what: AfterAll) {
    match what {
        AfterAll::InStore(what) => {
            stack.sandbox(Method::PUT, &format!("shopify/orders/{order}?deliver=1"), what).await;
        }
        AfterAll::Released => {
            let url = link(stack, &name(order)).await;
            let (status, _) = page(Method::POST, &url, "choice=release").await;
            assert_eq!(status, 200);
        }
        AfterAll::AtThePartner => {}
    }
    stack.keeps_up().await;
}

/// They come to wait, each in its way.
async fn come_to_wait(stack: &Stack, cases: &[&Case]) {
    for case in cases {
        case.placed(stack).await;
    }
    let at_partner = |least: usize| -> Vec<u64> {
        let so_far =
            cases.iter().filter(|case| matches!(case.begins, Begins::Made(_) | Begins::Scanned | Begins::Said));
        so_far.filter(|case| case.made() >= least).map(|case| case.order).collect()
    };
    stack.each_come_to(&at_partner(0), EventType::OrderRouted).await;
    for act in 0..2 {
        stack.each_at_partner(&at_partner(act + 1), act).await;
    }
    for case in cases {
        case.word(stack).await;
    }
}

/// The layer stops, and the orders come to it. When nobody has taken their events in time, the watchdog opens the customer's clock.
async fn come_to_be_stuck(stack: &Stack, cases: &[&Case]) {
    for case in cases {
        if let Some(kind) = case.comes_to_first() {
            case.placed(stack).await;
            stack.each_come_to(&[case.order], kind).await;
        }
    }
    let mut late = BTreeMap::new();
    // What routing does not take is cleared by capture before.
    for layer in [Layer::Routing, Layer::Capture] {
        stack.switch(layer.as_str(), false).await;
        for case in cases.iter().filter(|case| case.begins == Begins::Stuck(layer)) {
            case.begins(stack).await;
            let event = stack.find(case.order, case.kind).await;
            let owing = &stack.journey(case.order).await.owing[&event.fact.id()];
            late.insert(event.key(), later(owing[&Owed::Layer(layer)], 1));
        }
    }
    for (key, late) in late {
        let clock = Owed::Wait(Wait::CustomerInformed);
        let what = format!("the customer's clock of {key}");
        let opened = async || stack.ledger.event(&key).await.unwrap().unwrap().owes.contains_key(&clock);
        a_round_until(stack, late, &what, opened).await;
    }
}

/// Each is told when it is late and not before, then what was missing comes, the order goes on, and it is over.
async fn told_and_over(stack: &Stack, cases: &[&Case]) -> Vec<Row> {
    let mut waiting = Vec::new();
    for case in cases {
        waiting.push((case.row(stack).await, *case));
    }
    waiting.sort_by_key(|(row, _)| row.due);
    let mut rows = Vec::new();
    while let Some((first, _)) = waiting.first() {
        // What falls due by then is looked at together, minute by minute.
        let together = later(first.due, TOGETHER);
        let those: Vec<_> = waiting.extract_if(.., |(row, _)| row.due <= together).collect();
        let (mut due, orders): (Vec<Row>, Vec<&Case>) = those.into_iter().unzip();
        minute_by_minute(stack, &mut due).await;
        for layer in [Layer::Capture, Layer::Routing] {
            stack.switch(layer.as_str(), true).await;
        }
        go_on(stack, &orders).await;
        for row in &due {
            let what = format!("{} to be over", row.name);
            a_round_until(stack, sandbox::clock::now(), &what, async || row.is_over(stack).await).await;
        }
        rows.extend(due);
    }
    rows
}

/// The order goes on to its end.
async fn go_on(stack: &Stack, cases: &[&Case]) {
    for case in cases {
        case.comes_after_all(stack).await;
    }
    let orders: Vec<u64> = cases.iter().map(|case| case.order).collect();
    stack.each_come_to(&orders, EventType::OrderRouted).await;
    for act in 0..3 {
        let due: Vec<u64> = cases.iter().filter(|case| case.made() <= act).map(|case| case.order).collect();
        stack.each_at_partner(&due, act).await;
    }
}

#[tokio::test]
async fn of_every_wait() {
    let Some(stack) = calm_stack().await else { return };
    let (mut cases, mut missing) = (Vec::new(), Vec::new());
    for leg in RELAY {
        let opens = leg.opens.iter().map(|wait| (*wait, false)).chain(leg.stuck.iter().map(|wait| (*wait, true)));
        for (wait, stuck) in opens {
            let order = fresh_id(600) + u64::try_from(cases.len()).unwrap();
            match begins(leg.event, wait, stuck) {
                Some(begins) => cases.push(Case { kind: leg.event, wait, begins, order }),
                None => missing.push(format!("{} opens {wait:?}", leg.event)),
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "say how an order comes to wait for it");
    let (stuck, waiting): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case.is_stuck());

    come_to_wait(&stack, &waiting).await;
    let mut rows = told_and_over(&stack, &waiting).await;
    come_to_be_stuck(&stack, &stuck).await;
    rows.extend(told_and_over(&stack, &stuck).await);
    digests_say_healed(&stack, &rows).await;
    print("longer waits", &rows);
    stack.autopilot(true).await;
}
