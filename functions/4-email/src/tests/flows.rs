//! Flows over a ledger, a store and schedules in memory: armed once, decided again when due, counted once, ended by a no.

use domain::Timestamp;
use domain::contact::{Bought, Checkout, CheckoutLine, Consent, Contact, ContactId, Match};
use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::event::{CheckoutEnd, Event, Fact, OptIn, OptOut, Suppression};
use domain::flow::Flows;
use domain::handoff::Layer;
use domain::money::{CustomerMoney, Money};
use domain::provider::Trouble;
use domain::subject::{Subject, address_hash};
use lambda::Key;
use serde_json::json;

use super::fakes::{Answer, World, config};
use crate::flows::tally;
use crate::{Pages, Sender, incoming};

mod carts;
mod people;

const MAIL: &str = "ada@example.com";
const TOKEN: &str = "c1c2c3c4";
/// The world's clock begins then.
const START: &str = "2026-11-22T03:00:00Z";

fn flows() -> Flows {
    let flows: Flows = serde_json::from_value(json!({
        "limits": { "mails_per_day": 1 },
        "flow": [
            { "name": "welcome", "trigger": "contact.subscribed", "steps": [
                { "delay": "0", "mail": "welcome-1" }, { "delay": "3 d", "mail": "welcome-2", "condition": "not_bought" },
            ] },
            { "name": "cart", "trigger": "checkout.started", "repeat": "7 d", "steps": [
                { "delay": "1 h", "mail": "cart-1" }, { "delay": "24 h", "mail": "cart-2" },
            ] },
        ],
    }))
    .unwrap();
    assert_eq!(flows.mistakes(crate::mails::marketing::known), []);
    flows
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn money(amount: &str) -> CustomerMoney {
    CustomerMoney(Money::parse(amount, "USD").unwrap())
}

fn ada() -> Contact {
    Contact {
        id: ContactId("4410007701".into()),
        email: Some(MAIL.into()),
        first_name: Some("Ada".into()),
        consent: Consent::Subscribed,
        consent_at: Some(at("2026-11-01T00:00:00Z")),
        language: None,
        country: None,
        orders: 0,
    }
}

fn cart(token: &str) -> Checkout {
    Checkout {
        id: token.into(),
        email: Some(MAIL.into()),
        customer: None,
        started: at(START),
        updated: at(START),
        completed: None,
        lines: vec![CheckoutLine {
            title: "Lighthouse".into(),
            variant_title: None,
            quantity: 2,
            unit_price: money("25.00"),
            image: None,
        }],
        total: money("50.00"),
        recover_url: Some("https://example.com/recover/c1".into()),
        address: None,
        language: None,
    }
}

/// A world with our flows, where Ada left a cart and wants mail.
fn world() -> World {
    let mut world = World::new();
    world.flows = flows();
    let key = links::Key::new(vec!["k".repeat(40).into()]).unwrap();
    world.sender = Sender::new(&config(), Some(Pages { base: "https://pages.example.com".into(), key })).unwrap();
    *world.store.contact.lock().unwrap() = Some(ada());
    *world.store.checkout.lock().unwrap() = Some(cart(TOKEN));
    world
}

fn checkout(token: &str) -> Subject {
    Subject::Checkout(token.into())
}

fn contact() -> Subject {
    Subject::Contact(address_hash(MAIL))
}

fn started(at: &str) -> Fact {
    Fact::CheckoutStarted { at: at.into(), customer: None }
}

fn subscribed() -> Fact {
    Fact::ContactSubscribed { how: OptIn::Form, customer: "4410007701".into(), at: START.into() }
}

impl World {
    /// Something happened about a subject, and email takes it.
    async fn happens(&self, subject: Subject, fact: Fact) -> Key {
        let event = Event { subject, fact, source: "shopify".into(), time: self.station.now(), order_name: None };
        self.station.append_event(&event, None).await.unwrap();
        let key = Key::from(&event.key());
        self.take(&key).await;
        key
    }

    /// What is due by then fires, in its order, and is worked on; messages that wait come back.
    async fn pass(&self, until: Timestamp) {
        loop {
            self.take_due().await;
            let next = self.timers.armed.lock().unwrap().iter().map(|(name, (at, _))| (*at, name.clone())).min();
            let waits = self.station.queue.next(self.station.now()).filter(|at| *at <= until);
            match (next, waits) {
                (next, Some(at)) if next.as_ref().is_none_or(|(timer, _)| at < *timer) => {
                    self.advance(at.duration_since(self.station.now()).as_secs());
                }
                (Some((at, name)), _) if at <= until => {
                    self.advance(at.duration_since(self.station.now()).as_secs().max(0));
                    let (_, timer) = self.timers.armed.lock().unwrap().remove(&name).unwrap();
                    // At least once: each schedule fires twice.
                    for _ in 0..2 {
                        let payload = json!({ "timer": timer });
                        incoming::answer(&self.email(), "baton", payload).await.unwrap();
                    }
                }
                _ => break,
            }
        }
        self.advance(until.duration_since(self.station.now()).as_secs().max(0));
    }

    /// Every step that is due and not taken yet.
    async fn take_due(&self) {
        for _ in 0..20 {
            let due = self.station.ledger.owing(&self.station.store).await.unwrap();
            let mut any = false;
            for key in due {
                let stored = self.station.ledger.event(&key).await.unwrap().unwrap();
                let waits = stored.waits.values().any(|wait| wait.until > self.station.now());
                let owed = stored.owed_by(Layer::Email);
                if matches!(stored.event.fact, Fact::FlowDue { .. }) && owed && !waits {
                    self.take(&Key::from(&key)).await;
                    any = true;
                }
            }
            if !any {
                return;
            }
        }
        panic!("a step is never done");
    }

    fn sent(&self) -> Vec<String> {
        let taken = self.mailer.taken.lock().unwrap();
        taken.iter().map(|letter| format!("{} {}", letter.flow.as_deref().unwrap_or("-"), letter.to)).collect()
    }

    async fn step(&self, subject: &Subject, flow: &str, step: u8) -> Option<Effect> {
        let kind = MailKind::Flow { flow: flow.into(), step, entry: "once".into() };
        let journey = self.station.ledger.journey(subject).await.unwrap();
        journey.effects.into_iter().find(|effect| effect.key == EffectKey::Email(kind.clone()))
    }

    /// Why a step did not go out.
    async fn skipped(&self, subject: &Subject, flow: &str, step: u8) -> String {
        match self.step(subject, flow, step).await.map(|effect| effect.state) {
            Some(State::Refused { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    async fn counted(&self, flow: &str, day: &str) -> Vec<String> {
        let marks = self.station.ledger.marks(&format!("flow#{flow}#{day}"), "").await.unwrap();
        let name = |mark: &ledger::Mark| mark.name.split('#').next().unwrap().to_owned();
        marks.iter().map(name).collect()
    }

    fn armed(&self) -> Vec<String> {
        let armed = self.timers.armed.lock().unwrap();
        let mut list: Vec<_> =
            armed.values().map(|(at, timer)| (*at, format!("{} {}", timer.flow, timer.step))).collect();
        list.sort();
        list.into_iter().map(|(at, step)| format!("{step} {at}")).collect()
    }
}
