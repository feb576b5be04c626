//! The store's limit as a layer's station keeps it: whoever comes while the store limits waits for its turn, nobody passes those
//! who wait, and a turn that has come is not taken away again.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use domain::Timestamp;
use domain::event::{Event, EventKey, Fact};
use domain::handoff::Layer;
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::store_line::STORE;
use lambda::{Failure, Key, Outcome, Station, Work};
use ledger::{Ledger, Memory, Stored};
use sandbox::Sandbox;

use crate::world::{SimClock, SimQueue, config};

const LAYER: Layer = Layer::Capture;
const LEASE: SignedDuration = SignedDuration::from_secs(40);

/// A copy of a function. Its work is one reading of the store.
struct Copy<'s> {
    station: Station<Arc<Memory>, SimQueue, SimClock>,
    shop: &'s Shop,
}

#[derive(Default)]
struct Shop {
    limits: AtomicBool,
    /// The work ends with a slot in another provider's line, a minute from now.
    elsewhere: AtomicBool,
    /// This provider does not answer.
    silent: Mutex<Option<&'static str>>,
    asked: AtomicU32,
}

impl Work for Copy<'_> {
    const LAYER: Layer = LAYER;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        self.shop.asked.fetch_add(1, Ordering::SeqCst);
        if self.shop.elsewhere.load(Ordering::SeqCst) {
            let then = self.station.now().checked_add(SignedDuration::from_mins(1)).unwrap();
            return Ok(self.station.come_back(stored, LAYER, then, "ses limits the rate"));
        }
        let silent = *self.shop.silent.lock().unwrap();
        if let Some(provider) = silent {
            let trouble = Trouble::NoAnswer { why: "no answer in time".to_owned() };
            return Ok(self.station.wait_or_raise(stored, LAYER, provider, trouble));
        }
        if !self.shop.limits.load(Ordering::SeqCst) {
            return Ok(Outcome::done());
        }
        let trouble = Trouble::RateLimited { retry_after: Some(SignedDuration::from_secs(1)), a_second: Some(1) };
        Ok(self.station.wait_for_store(stored, LAYER, trouble).await?)
    }
}

impl Copy<'_> {
    /// The message of this order's payment comes. How often the store was asked for it.
    async fn take(&self, order: u64) -> u32 {
        let before = self.shop.asked.load(Ordering::SeqCst);
        let EventKey { subject, id } = paid(order);
        let key = Key { pk: subject.to_string(), sk: format!("event#{}", id.0) };
        self.station.take(self, &key).await.unwrap();
        self.shop.asked.load(Ordering::SeqCst) - before
    }

    /// Until when this order's payment waits; `None`: the layer has taken it.
    async fn waits(&self, order: u64) -> Option<Timestamp> {
        let stored = self.station.ledger.event(&paid(order)).await.unwrap().unwrap();
        stored.owed_by(LAYER).then(|| stored.waits[&LAYER].until)
    }
}

fn paid(order: u64) -> EventKey {
    EventKey { subject: Subject::Order(OrderId(order)), id: Fact::OrderPaid { what: None }.id() }
}

#[tokio::test]
async fn while_the_store_limits_everybody_waits_for_a_turn_and_nobody_passes() {
    let config = config(&Sandbox::start(sandbox::Config::default()).await.unwrap());
    let (table, clock, shop) =
        (Arc::new(Memory::default()), SimClock::starting_at("2026-11-27T08:00:00Z"), Shop::default());
    let copy = || {
        let queue = SimQueue::new(clock.clone());
        Copy { station: Station::new(Ledger::new(table.clone()), queue, clock.clone(), LEASE, &config), shop: &shop }
    };
    let (knows, other) = (copy(), copy());
    for order in 1..=97 {
        let (fact, source) = (Fact::OrderPaid { what: None }, "test".to_owned());
        let (subject, time) = (Subject::Order(OrderId(order)), clock.get());
        knows.station.append_event(&Event { subject, fact, source, time, order_name: None }, None).await.unwrap();
    }

    shop.limits.store(true, Ordering::SeqCst);
    assert_eq!(knows.take(1).await, 1, "nobody knows of the limit before the store says so");
    let first = knows.waits(1).await.unwrap();
    // From now on the store is not even asked, and each waits behind the one before it, a little over a second.
    let mut before = first;
    for order in 2..=90 {
        assert_eq!(knows.take(order).await, 0, "order {order}");
        let slot = knows.waits(order).await.unwrap();
        let behind = slot.duration_since(before).as_millis();
        assert!((1_000..2_500).contains(&behind), "order {order} is {behind} ms behind");
        before = slot;
    }
    // A copy that has not met the limit asks, and stands behind all of them.
    assert_eq!(other.take(91).await, 1);
    assert!(other.waits(91).await.unwrap() > before);
    // One that was not turned away finds the line as soon as it has a lot to do.
    shop.limits.store(false, Ordering::SeqCst);
    let busy = copy();
    assert_eq!((busy.take(93).await, busy.take(94).await), (1, 0));
    assert!(busy.waits(94).await.unwrap() > before);
    shop.limits.store(true, Ordering::SeqCst);
    // Twins of a message that waits change nothing.
    assert_eq!((knows.take(2).await, other.take(1).await), (0, 0));

    // The turn has come, and the store limits still (another program of the owner's was quicker): not the line's end.
    clock.set(first);
    assert_eq!(knows.take(1).await, 1);
    let again = knows.waits(1).await.unwrap();
    assert!(again.duration_since(first) < SignedDuration::from_secs(25), "{again} after {first}");
    shop.limits.store(false, Ordering::SeqCst);
    clock.set(again);
    assert_eq!((knows.take(1).await, knows.waits(1).await), (1, None));
    let second = knows.waits(2).await.unwrap();
    assert_eq!(knows.take(90).await, 0, "whose turn has not come waits on");
    clock.set(second.max(clock.get()));
    assert_eq!((knows.take(2).await, knows.waits(2).await), (1, None));

    // Who comes back from another line has had its turn: the two lines must not send it to and fro.
    shop.elsewhere.store(true, Ordering::SeqCst);
    assert_eq!(copy().take(95).await, 1);
    shop.elsewhere.store(false, Ordering::SeqCst);
    clock.set(knows.waits(95).await.unwrap());
    assert_eq!(knows.take(94).await, 0, "there is a line still");
    assert_eq!((knows.take(95).await, knows.waits(95).await), (1, None));
    // So has who comes back from a provider that did not answer, whose silence stays its reason to wait.
    *shop.silent.lock().unwrap() = Some("ses");
    assert_eq!(copy().take(96).await, 1);
    // Not so who met an outage of the store itself: it has its turn from then on.
    *shop.silent.lock().unwrap() = Some(STORE);
    assert_eq!(copy().take(97).await, 1);
    *shop.silent.lock().unwrap() = None;
    clock.set(knows.waits(96).await.unwrap().max(knows.waits(97).await.unwrap()));
    assert_eq!(knows.take(94).await, 0, "there is a line still");
    assert_eq!((knows.take(96).await, knows.waits(96).await), (1, None));
    assert_eq!(knows.take(97).await, 0);
    clock.set(knows.waits(97).await.unwrap());
    assert_eq!((knows.take(97).await, knows.waits(97).await), (1, None));

    // Nobody waits any more, and after a while nobody asks for a turn.
    clock.set(clock.get().checked_add(SignedDuration::from_mins(10)).unwrap());
    assert_eq!((knows.take(92).await, knows.waits(92).await), (1, None));
}
