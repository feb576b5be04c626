//! A clock that stands still, a queue that remembers, a store and a mailer that answer as told, and the world they make.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use domain::Timestamp;
use domain::contact::{Bought, Checkout, Consent, Contact, ContactId, Who};
use domain::effect::{Effect, EffectKey, MailKind};
use domain::event::{Event, Fact};
use domain::exception::{Exception, Life};
use domain::flow::{Flows, Timer};
use domain::handoff::Layer;
use domain::order::Order;
use domain::provider::Trouble;
use domain::subject::OrderId;
use jiff::SignedDuration;
use lambda::queue::QueueError;
use lambda::{Clock, Key, Queue, Station, StoreConfig};
use ledger::{Ledger, Memory, Stored};
use mailer::{Letter, SendMail};
use store::{BoughtSince, ReadCheckout, ReadContact, ReadOrder, SetConsent};
use tokio::sync::Notify;

use super::orders;
use crate::timers::Timers;
use crate::{Email, Sender};

pub const LEASE: i64 = 30;
pub const WINDOW: i64 = 60;

#[derive(Debug, Clone)]
pub struct FakeClock(Arc<Mutex<Timestamp>>);

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Messages with the moment from which they may be read.
#[derive(Debug)]
pub struct FakeQueue {
    clock: FakeClock,
    messages: Mutex<Vec<(Timestamp, Key)>>,
}

impl FakeQueue {
    /// When the next message after `now` may be read.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.messages.lock().unwrap().iter().map(|(due, _)| *due).filter(|due| *due > now).min()
    }
}

impl Queue for FakeQueue {
    async fn send(&self, layer: Layer, key: &Key, delay: SignedDuration) -> Result<(), QueueError> {
        assert_eq!(layer, Layer::Email, "email knows no other queue");
        self.messages.lock().unwrap().push((self.clock.now() + delay, key.clone()));
        Ok(())
    }
}

/// The store: what it says about the one order, or trouble first.
#[derive(Debug)]
pub struct FakeStore {
    pub order: Mutex<Option<Order>>,
    pub trouble: Mutex<VecDeque<Trouble>>,
    pub reads: Mutex<u32>,
    pub contact: Mutex<Option<Contact>>,
    pub checkout: Mutex<Option<Checkout>>,
    pub bought: Mutex<Option<Bought>>,
    /// Whose purchases were asked for, and since when.
    pub asked: Mutex<Vec<(Who, Timestamp)>>,
    pub consents: Mutex<Vec<(ContactId, Consent, Timestamp)>>,
}

impl FakeStore {
    fn answer<A>(&self, answer: impl FnOnce() -> A) -> Result<A, Trouble> {
        *self.reads.lock().unwrap() += 1;
        match self.trouble.lock().unwrap().pop_front() {
            Some(trouble) => Err(trouble),
            None => Ok(answer()),
        }
    }
}

impl ReadContact for &FakeStore {
    async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, Trouble> {
        self.answer(|| self.contact.lock().unwrap().clone().filter(|contact| contact.id == *id))
    }

    async fn contact_by_mail(&self, mail: &str) -> Result<Option<Contact>, Trouble> {
        self.answer(|| self.contact.lock().unwrap().clone().filter(|contact| contact.email.as_deref() == Some(mail)))
    }
}

impl ReadCheckout for &FakeStore {
    async fn checkout(&self, id: &str) -> Result<Option<Checkout>, Trouble> {
        self.answer(|| self.checkout.lock().unwrap().clone().filter(|checkout| checkout.id == id))
    }
}

impl BoughtSince for &FakeStore {
    async fn bought_since(&self, who: &Who, since: Timestamp) -> Result<Option<Bought>, Trouble> {
        self.asked.lock().unwrap().push((who.clone(), since));
        self.answer(|| self.bought.lock().unwrap().clone())
    }
}

impl SetConsent for &FakeStore {
    async fn set_consent(&self, id: &ContactId, consent: Consent, at: Timestamp) -> Result<(), Trouble> {
        self.answer(|| self.consents.lock().unwrap().push((id.clone(), consent, at)))
    }
}

/// Schedules in memory: one of each name, gone once it was taken.
#[derive(Debug, Default)]
pub struct FakeTimers {
    pub armed: Mutex<BTreeMap<String, (Timestamp, Timer)>>,
    pub trouble: Mutex<VecDeque<Trouble>>,
}

impl Timers for &FakeTimers {
    async fn arm(&self, timer: &Timer, at: Timestamp) -> Result<(), Trouble> {
        if let Some(trouble) = self.trouble.lock().unwrap().pop_front() {
            return Err(trouble);
        }
        self.armed.lock().unwrap().entry(timer.name()).or_insert((at, timer.clone()));
        Ok(())
    }

    async fn disarm(&self, name: &str) -> Result<(), Trouble> {
        self.armed.lock().unwrap().remove(name);
        Ok(())
    }
}

impl ReadOrder for &FakeStore {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        assert_eq!(id, orders::ORDER);
        *self.reads.lock().unwrap() += 1;
        match self.trouble.lock().unwrap().pop_front() {
            Some(trouble) => Err(trouble),
            None => Ok(self.order.lock().unwrap().clone()),
        }
    }
}

/// What the mailer does with the next mail; without orders it takes it.
#[derive(Debug)]
pub enum Answer {
    /// Takes it, but the answer is lost.
    Lost,
    /// Does not take it.
    Trouble(Trouble),
    /// Takes it and never answers: whoever waits is killed meanwhile.
    Hang,
    /// Takes it and answers once it is told to.
    Slow(Arc<Notify>),
}

/// The mailer: remembers what it took, as SES would send it.
#[derive(Debug, Default)]
pub struct FakeMailer {
    pub answers: Mutex<VecDeque<Answer>>,
    pub taken: Mutex<Vec<Letter>>,
}

impl SendMail for &FakeMailer {
    async fn send(&self, letter: &Letter) -> Result<String, Trouble> {
        tokio::task::yield_now().await;
        let take = || {
            let mut taken = self.taken.lock().unwrap();
            taken.push(letter.clone());
            format!("m-{}", taken.len())
        };
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            None => Ok(take()),
            Some(Answer::Lost) => {
                take();
                Err(Trouble::NoAnswer { why: "no answer in time".into() })
            }
            Some(Answer::Trouble(trouble)) => Err(trouble),
            Some(Answer::Hang) => {
                take();
                std::future::pending().await
            }
            Some(Answer::Slow(go)) => {
                let id = take();
                go.notified().await;
                Ok(id)
            }
        }
    }
}

/// A test that leaves an answer unused has not tested what it says.
impl Drop for FakeMailer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.answers.lock().unwrap().is_empty(), "the mailer was not asked as often as the test says");
        }
    }
}

pub struct World {
    pub clock: FakeClock,
    pub station: Station<Memory, FakeQueue, FakeClock>,
    pub store: FakeStore,
    pub mailer: FakeMailer,
    pub sender: Sender,
    pub flows: Flows,
    pub timers: FakeTimers,
}

pub fn config() -> StoreConfig {
    let json = format!(
        r##"{{
            "store": {{"name": "Example Prints", "mode": "live", "shop": "example-prints.myshopify.com",
                       "base_url": "http://127.0.0.1:9/shopify"}},
            "mail": {{"from": "orders@example.com"}},
            "brand": {{"name": "Example Prints", "logo_url": "https://example.com/logo.png", "color": "#205081",
                       "address": "Example Prints, 1 Harbour Street, Exampletown", "support": "help@example.com"}},
            "alerts": {{"to": "owner@example.com"}},
            "timing": {{"settle_window": {WINDOW}, "first_wait": 20}}
        }}"##
    );
    StoreConfig::parse(&json).unwrap()
}

impl World {
    pub fn new() -> Self {
        let clock = FakeClock(Arc::new(Mutex::new("2026-11-22T03:00:00Z".parse().unwrap())));
        let queue = FakeQueue { clock: clock.clone(), messages: Mutex::default() };
        let config = config();
        let lease = SignedDuration::from_secs(LEASE);
        Self {
            station: Station::new(Ledger::new(Memory::default()), queue, clock.clone(), lease, &config),
            clock,
            store: FakeStore {
                order: Mutex::new(Some(orders::order())),
                trouble: Mutex::default(),
                reads: Mutex::default(),
                contact: Mutex::default(),
                checkout: Mutex::default(),
                bought: Mutex::default(),
                asked: Mutex::default(),
                consents: Mutex::default(),
            },
            mailer: FakeMailer::default(),
            sender: Sender::new(&config, None).unwrap(),
            flows: Flows::default(),
            timers: FakeTimers::default(),
        }
    }

    pub fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let world = Self::new();
        world.mailer.answers.lock().unwrap().extend(answers);
        world
    }

    pub fn email(&self) -> Email<'_, Memory, FakeQueue, FakeClock, &FakeStore, &FakeMailer, &FakeTimers> {
        Email {
            station: &self.station,
            store: &self.store,
            mailer: &self.mailer,
            sender: self.sender.clone(),
            flows: self.flows.clone(),
            timers: &self.timers,
            klaviyo: None,
        }
    }

    pub fn advance(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    /// Appends a fact; the key that the relay would send on.
    pub async fn append(&self, fact: Fact) -> Key {
        let event = orders::event(fact);
        self.station.append_event(&event, None).await.unwrap();
        Key::from(&event.key())
    }

    /// One message from the queue to the layer.
    pub async fn take(&self, key: &Key) {
        self.station.take(&self.email(), key).await.unwrap();
    }

    /// What the queue holds is taken as it becomes due, until nothing is left. The seconds that passed.
    pub async fn drain(&self) -> i64 {
        let start = self.clock.now();
        for _ in 0..100 {
            let next = {
                let mut messages = self.station.queue.messages.lock().unwrap();
                messages.sort();
                if messages.is_empty() { None } else { Some(messages.remove(0)) }
            };
            let Some((due, key)) = next else { return self.clock.now().duration_since(start).as_secs() };
            {
                let mut now = self.clock.0.lock().unwrap();
                *now = due.max(*now);
            }
            self.take(&key).await;
        }
        panic!("messages come back for ever");
    }

    pub fn waiting(&self) -> usize {
        self.station.queue.messages.lock().unwrap().len()
    }

    /// The subjects of the mails that were taken, by their distinguishing words.
    pub fn mails(&self) -> Vec<&'static str> {
        let taken = self.mailer.taken.lock().unwrap();
        let kind = |letter: &Letter| match letter.subject.as_str() {
            subject if subject.ends_with("is confirmed") => "confirmation",
            subject if subject.ends_with("is on its way") => "shipped",
            subject if subject.ends_with("has been delivered") => "delivered",
            other => panic!("{other}"),
        };
        taken.iter().map(kind).collect()
    }

    pub async fn effect(&self, kind: MailKind) -> Effect {
        let journey = self.station.ledger.journey(&orders::subject()).await.unwrap();
        journey.effects.into_iter().find(|effect| effect.key == EffectKey::Email(kind.clone())).unwrap()
    }

    pub async fn open(&self) -> Vec<Exception> {
        let journey = self.station.ledger.journey(&orders::subject()).await.unwrap();
        journey.exceptions.into_iter().filter(|exception| exception.state != Life::Resolved).collect()
    }

    pub async fn stored(&self, event: &Event) -> Stored {
        self.station.ledger.event(&event.key()).await.unwrap().unwrap()
    }

    /// The layer has acknowledged the fact.
    pub async fn acknowledged(&self, fact: Fact) -> bool {
        !self.stored(&orders::event(fact)).await.owed_by(Layer::Email)
    }
}
