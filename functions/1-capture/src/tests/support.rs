//! A table, a store and a process that can die at each of its steps.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use domain::Timestamp;
use domain::decision::{Choice, OWNER, Refusal};
use domain::event::{Event, Fact};
use domain::exception::Life;
use domain::fixture;
use domain::handoff::Layer;
use domain::order::{FulfilmentOrder, FulfilmentOrderLine, Order, Payment, PlatformHold};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::queue::QueueError;
use lambda::{Clock, Key, Queue, Station, StoreConfig};
use ledger::{Appended, Gate, Gated, Journey, Ledger, Memory, Row, TableError};
use serde_json::json;
use store::{HoldOrder, ReadOrder, RefuseOrder, ReleaseHold, ResolvePayment, Resolved};

use crate::Capture;

pub const ORDER: OrderId = OrderId(1);

/// The steps of a process: each call to the table or the store is two, before and after it is done.
#[derive(Debug, Default)]
pub struct Steps {
    done: AtomicI64,
    /// The step at which the process dies; 0: never.
    dies_at: AtomicI64,
}

impl Steps {
    pub fn die_at(&self, step: i64) {
        self.dies_at.store(step, Ordering::SeqCst);
    }

    async fn step(&self) {
        let step = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        if step == self.dies_at.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    pub fn done(&self) -> i64 {
        self.done.load(Ordering::SeqCst)
    }
}

impl Gate for Steps {
    async fn enter(&self, _: &'static str) -> Result<(), TableError> {
        self.step().await;
        Ok(())
    }

    async fn leave(&self, _: &'static str) -> Result<(), TableError> {
        self.step().await;
        Ok(())
    }
}

/// The table, as a mortal process reaches it.
pub type Reached = Gated<Arc<Memory>, Arc<Steps>>;

/// A clock that shows what it was set to.
#[derive(Debug, Clone)]
pub struct SetClock(Arc<Mutex<Timestamp>>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Takes messages; [`Scene::run`] delivers what is owed.
#[derive(Debug, Clone, Default)]
pub struct NoQueue;

impl Queue for NoQueue {
    async fn send(&self, _: Layer, _: &Key, _: SignedDuration) -> Result<(), QueueError> {
        Ok(())
    }
}

/// What becomes of a call to the store.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Nothing was done.
    Not(Trouble),
    /// It was done, and this is what the caller hears.
    Done(Trouble),
}

/// A store with one order under every number, which keeps our holds and cancels.
#[derive(Debug, Clone)]
pub struct Shop {
    pub inner: Arc<Mutex<Shelf>>,
    steps: Arc<Steps>,
}

#[derive(Debug)]
pub struct Shelf {
    pub order: Order,
    pub holds: BTreeSet<String>,
    /// What was done, in order: `hold baton-hold-1`, `refuse <decision>`.
    pub done: Vec<String>,
    pub fates: VecDeque<(&'static str, Fate)>,
    pub resolved: Resolved,
}

impl Shop {
    async fn call<R>(&self, name: &'static str, act: impl FnOnce(&mut Shelf) -> R + Send) -> Result<R, Trouble> {
        self.steps.step().await;
        let answer = {
            let mut shelf = self.inner.lock().unwrap();
            let fate = shelf.fates.iter().position(|(of, _)| *of == name).and_then(|n| shelf.fates.remove(n));
            match fate {
                None => Ok(act(&mut shelf)),
                Some((_, Fate::Not(trouble))) => Err(trouble),
                Some((_, Fate::Done(trouble))) => {
                    act(&mut shelf);
                    Err(trouble)
                }
            }
        };
        self.steps.step().await;
        answer
    }
}

impl ReadOrder for Shop {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        self.call("order", |shelf| {
            let mut order = Order { id, ..shelf.order.clone() };
            for fulfilment_order in &mut order.fulfilment_orders {
                let holds = shelf.holds.iter();
                fulfilment_order.holds =
                    holds.map(|handle| PlatformHold { id: handle.clone(), handle: Some(handle.clone()) }).collect();
                fulfilment_order.open = shelf.holds.is_empty();
            }
            Some(order)
        })
        .await
    }
}

impl HoldOrder for Shop {
    async fn hold(&self, _: &Order, handle: &str, _: &str) -> Result<(), Trouble> {
        self.call("hold", |shelf| {
            if shelf.holds.insert(handle.to_owned()) {
                shelf.done.push(format!("hold {handle}"));
            }
        })
        .await
    }
}

impl ReleaseHold for Shop {
    async fn release_hold(&self, _: &Order, handle: &str) -> Result<(), Trouble> {
        self.call("release_hold", |shelf| {
            if shelf.holds.remove(handle) {
                shelf.done.push(format!("release {handle}"));
            }
        })
        .await
    }
}

impl RefuseOrder for Shop {
    async fn refuse(&self, _: &Order, decision: &Refusal) -> Result<String, Trouble> {
        self.call("refuse", |shelf| {
            if !shelf.order.cancelled {
                shelf.done.push(format!("refuse {}", decision.id()));
            }
            shelf.order.cancelled = true;
            shelf.order.payment = Payment::Refunded;
            "cancellation-1".to_owned()
        })
        .await
    }
}

impl ResolvePayment for Shop {
    async fn resolve(&self, _: &str, _: &str) -> Result<Resolved, Trouble> {
        self.call("resolve", |shelf| shelf.resolved.clone()).await
    }
}

/// A layer with its table and its store, at a time that passes only here.
pub struct Scene {
    pub table: Reached,
    pub shop: Shop,
    pub clock: SetClock,
    pub steps: Arc<Steps>,
    pub config: StoreConfig,
}

/// A paid, safe order with one fulfilment order of ours.
pub fn order() -> Order {
    let line = FulfilmentOrderLine { id: "fol-1".into(), line: 11, remaining: 2 };
    let fulfilment_order =
        FulfilmentOrder { id: "fo-1".into(), open: true, service: None, holds: vec![], lines: vec![line] };
    Order { fulfilment_orders: vec![fulfilment_order], ..fixture::order().unwrap() }
}

impl Scene {
    pub fn new(order: Order) -> Self {
        Self::with(order, &json!({}))
    }

    /// With more keys of the owner's.
    pub fn with(order: Order, more: &serde_json::Value) -> Self {
        let mut config = json!({
            "store": {"name": "Example Prints", "mode": "live", "shop": "example-prints.myshopify.com", "base_url": "http://store.example.com"},
            "mail": {"from": "orders@example.com"},
            "brand": {"name": "Example Prints", "address": "1 Example Street", "support": "help@example.com"},
            "alerts": {"to": "owner@example.com"},
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let steps = Arc::new(Steps::default());
        let shelf = Shelf {
            order,
            holds: BTreeSet::new(),
            done: Vec::new(),
            fates: VecDeque::new(),
            resolved: Resolved::Nothing,
        };
        Self {
            table: Reached { table: Arc::default(), gate: steps.clone() },
            shop: Shop { inner: Arc::new(Mutex::new(shelf)), steps: steps.clone() },
            clock: SetClock(Arc::new(Mutex::new("2026-11-22T02:13:00Z".parse().unwrap()))),
            steps,
            config: StoreConfig::parse(&config.to_string()).unwrap(),
        }
    }

    /// As whoever is not part of the process: these steps are not counted.
    fn station(&self) -> Station<Arc<Memory>, NoQueue, SetClock> {
        let ledger = Ledger::new(self.table.table.clone());
        Station::new(ledger, NoQueue, self.clock.clone(), SignedDuration::from_secs(45), &self.config)
    }

    pub fn in_store(&self, change: impl FnOnce(&mut Shelf)) {
        change(&mut self.shop.inner.lock().unwrap());
    }

    pub fn pass(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    /// A fact reaches us; `false`: it was here already.
    pub fn happens(&self, fact: Fact, source: &str) -> bool {
        self.happens_to(Subject::Order(ORDER), fact, source)
    }

    pub fn happens_to(&self, subject: Subject, fact: Fact, source: &str) -> bool {
        let event =
            Event { subject, fact, source: source.into(), time: self.clock.now(), order_name: Some("#1".into()) };
        let station = self.station();
        now(station.append_event(&event, None)).unwrap().unwrap() == Appended::New
    }

    pub fn paid(&self) {
        self.happens(Fact::OrderPaid { what: None }, "shopify");
    }

    pub fn decide(&self, choice: Choice, round: u32) {
        self.happens(Fact::OrderDecided { choice, decision: format!("decision-{round}"), round }, OWNER);
    }

    /// The layer takes an event once, in a process of its own. `false`: it died on the way.
    fn take(&self, key: &Key) -> bool {
        let ledger = Ledger::new(self.table.clone());
        let lease = SignedDuration::from_secs(45);
        let station = Station::new(ledger, NoQueue, self.clock.clone(), lease, &self.config);
        let capture = Capture::new(&station, self.shop.clone(), self.config.verdict_rules());
        match now(station.take(&capture, key)) {
            Some(done) => {
                done.unwrap();
                true
            }
            None => false,
        }
    }

    /// Delivers whatever the layer owes until it owes nothing; how often a process died.
    pub fn run(&self) -> u32 {
        let mut deaths = 0;
        for _ in 0..400 {
            let owed = self.owed();
            if owed.is_empty() {
                return deaths;
            }
            for key in owed {
                deaths += u32::from(!self.take(&key));
            }
            self.pass(30);
        }
        panic!("it does not come to rest: {:?}", self.owed());
    }

    /// Keys of the events that the layer owes.
    fn owed(&self) -> Vec<Key> {
        let events = self.table.table.rows().into_iter().filter_map(|row| match row {
            Row::Event(row) => Some(Key { pk: row.pk, sk: row.sk }),
            _ => None,
        });
        let ledger = Ledger::new(self.table.table.clone());
        let owes = |key: &Key| {
            let stored = now(ledger.event(&key.event().unwrap())).unwrap().unwrap();
            stored.is_some_and(|stored| stored.owed_by(Layer::Capture))
        };
        events.filter(owes).collect()
    }

    /// A replay of the event with this id: the layer owes it again, and these effects may be tried again.
    pub fn replay(&self, id: &str, reopen: &[domain::effect::EffectKey]) {
        let subject = Subject::Order(ORDER);
        let station = self.station();
        for key in reopen {
            assert!(now(station.ledger.reopen(&subject, key, self.clock.now())).unwrap().unwrap());
        }
        let key = domain::event::EventKey { subject, id: domain::event::EventId(id.to_owned()) };
        let stored = now(station.ledger.event(&key)).unwrap().unwrap().unwrap();
        now(station.ledger.owe_again(&stored, Layer::Capture, self.clock.now())).unwrap().unwrap();
        now(station.ledger.flag(&stored)).unwrap().unwrap();
    }

    pub fn journey(&self) -> Journey {
        self.journey_of(ORDER)
    }

    pub fn journey_of(&self, order: OrderId) -> Journey {
        now(self.station().ledger.journey(&Subject::Order(order))).unwrap().unwrap()
    }

    /// Ids of what capture and the outside said, sorted.
    pub fn events(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.journey().events.iter().map(|event| event.fact.id().0).collect();
        ids.sort();
        ids
    }

    /// Kinds of the open exceptions, sorted.
    pub fn open(&self) -> Vec<String> {
        let exceptions = self.journey().exceptions;
        let open = exceptions.into_iter().filter(|exception| exception.state != Life::Resolved);
        let mut kinds: Vec<String> = open.map(|exception| exception.what).collect();
        kinds.sort();
        kinds
    }

    /// The end state: what was said, what was done, what is open, what the store has.
    pub fn end(&self) -> End {
        let journey = self.journey();
        let effects =
            journey.effects.iter().map(|effect| (effect.key.to_string(), effect.state.name().to_owned())).collect();
        let causes = journey.events.iter().filter_map(|event| match &event.fact {
            Fact::OrderHeld { round, causes, .. } => Some((*round, causes.clone())),
            _ => None,
        });
        let shelf = self.shop.inner.lock().unwrap();
        End {
            events: self.events(),
            causes: causes.collect(),
            effects,
            open: self.open(),
            held_in_store: shelf.holds.clone(),
            cancelled: shelf.order.cancelled,
            done: shelf.done.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub events: Vec<String>,
    pub causes: BTreeMap<u32, Vec<String>>,
    /// By key, the name of the state.
    pub effects: BTreeMap<String, String>,
    pub open: Vec<String>,
    pub held_in_store: BTreeSet<String>,
    pub cancelled: bool,
    pub done: Vec<String>,
}

/// The future's value, if nothing in it waits for ever: everything here is in memory.
pub fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
