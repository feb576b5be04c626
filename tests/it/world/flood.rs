//! Many orders at once: the same door, relay, layers and ledger, with so many processes side by side. A process may die at any
//! moment (its work is dropped in the middle of a call); a message may come more than once, and messages come in any order.
//!
//! Simulated time stands still while anybody is at work except for a millisecond per look at the clock, and jumps to the next message
//! when nobody is. The sandbox's limits run in the same time.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use capture::Capture;
use domain::Timestamp;
use domain::handoff::Layer;
use email::Email;
use jiff::SignedDuration;
use lambda::queue::QueueError;
use lambda::{Key, Queue, Station};
use ledger::{Ledger, Memory, Row};
use partner::Partner;
use routing::Routing;
use shipping::Shipping;
use store::Shopify;
use tokio::task::JoinSet;

use super::ses::Ses;
use super::{LEASE, MAX_RECEIVE, SimClock, VISIBILITY, World};

/// A standard queue for many messages: what is visible first is found first.
#[derive(Clone)]
pub struct FloodQueue {
    clock: SimClock,
    /// Whose messages are worked on; what goes to others has tests of its own.
    layers: &'static [Layer],
    inner: Arc<Mutex<Lines>>,
}

/// The way to the partner, and the whole relay.
const TO_THE_PARTNER: &[Layer] = &[Layer::Capture, Layer::Routing];
const TO_THE_DOORSTEP: &[Layer] = &[Layer::Capture, Layer::Routing, Layer::Shipping, Layer::Email];

#[derive(Default)]
struct Lines {
    /// By the moment from which it is visible, in milliseconds.
    messages: BTreeMap<(i64, u64), (Layer, Key, u32)>,
    last: u64,
}

impl FloodQueue {
    fn new(clock: SimClock, layers: &'static [Layer]) -> Self {
        Self { clock, layers, inner: Arc::default() }
    }

    fn put(&self, visible: Timestamp, layer: Layer, key: Key, received: u32) -> (i64, u64) {
        let mut lines = self.inner.lock().unwrap();
        lines.last += 1;
        let place = (visible.as_millisecond(), lines.last);
        lines.messages.insert(place, (layer, key, received));
        place
    }

    /// One of the next visible messages, by chance, hidden from now on for the visibility time-out; and where it is hidden.
    fn receive(&self, now: Timestamp, random: &mut fastrand::Rng) -> Option<((i64, u64), Layer, Key, u32)> {
        const NEXT: usize = 64;
        let (layer, key, received) = {
            let mut lines = self.inner.lock().unwrap();
            let visible: Vec<_> = lines.messages.range(..=(now.as_millisecond(), u64::MAX)).take(NEXT).collect();
            let place = *random.choice(&visible)?.0;
            lines.messages.remove(&place)?
        };
        let hidden = self.put(now.checked_add(VISIBILITY).unwrap(), layer, key.clone(), received + 1);
        Some((hidden, layer, key, received + 1))
    }

    fn delete(&self, place: (i64, u64)) {
        self.inner.lock().unwrap().messages.remove(&place);
    }

    fn next_visible(&self) -> Option<Timestamp> {
        let lines = self.inner.lock().unwrap();
        lines.messages.keys().next().map(|(ms, _)| Timestamp::from_millisecond(*ms).unwrap())
    }
}

impl Queue for FloodQueue {
    async fn send(&self, layer: Layer, key: &Key, delay: SignedDuration) -> Result<(), QueueError> {
        if self.layers.contains(&layer) {
            let delay = delay.clamp(SignedDuration::ZERO, SignedDuration::from_mins(15));
            self.put(self.clock.get().checked_add(delay).unwrap(), layer, key.clone(), 0);
        }
        Ok(())
    }
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Flooded {
    /// Messages that were received too often.
    pub dead: u32,
    /// How often a process died.
    pub deaths: u32,
    /// Messages that were worked on.
    pub taken: u32,
    pub lasted: SignedDuration,
    /// The longest line before the partner that the ledger ever told, as the watchdog publishes it.
    pub longest_line: SignedDuration,
    /// The hashes of mails' effects that were in doubt at some time: an answer was lost, or a claim outlived its process.
    pub doubted: BTreeSet<String>,
}

/// Who gets so many orders at once has Shopify's plan Plus: 1,000 points a second.
pub fn plus(play: &mut sandbox::Config) {
    (play.shopify.cost_maximum, play.shopify.cost_restore_per_second) = (20_000, 1_000);
}

/// How it goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Processes side by side.
    pub processes: usize,
    /// Of a thousand messages, how many meet a process that dies over them.
    pub deaths: u32,
    /// Of a thousand messages, how many come twice.
    pub twins: u32,
}

type FloodStation = Station<Arc<Memory>, FloodQueue, SimClock>;

/// A copy of each function, and what it remembers from one message to the next. Whoever dies is followed by one that knows nothing.
struct Copies {
    stations: [FloodStation; 4],
    store: Shopify,
}

/// What a process was at when it ended or died.
enum At {
    Message((i64, u64)),
    Notice(String),
}

impl World {
    /// Runs until no message is left, on the way to the partner only.
    pub async fn flood(self: Rc<Self>, weather: Weather, seed: u64) -> Flooded {
        self.flooded(weather, None, seed).await
    }

    /// The same for the whole relay, with mails through this SES, until it has said all that it has to say.
    pub async fn flood_with_mail(self: Rc<Self>, weather: Weather, ses: &Ses, seed: u64) -> Flooded {
        self.flooded(weather, Some(ses), seed).await
    }

    async fn flooded(self: Rc<Self>, weather: Weather, ses: Option<&Ses>, seed: u64) -> Flooded {
        let layers = if ses.is_some() { TO_THE_DOORSTEP } else { TO_THE_PARTNER };
        let queue = FloodQueue::new(self.clock.clone(), layers);
        let station =
            || Station::new(Ledger::new(self.table.clone()), queue.clone(), self.clock.clone(), LEASE, &self.config);
        let fresh = || Copies { stations: [station(), station(), station(), station()], store: self.store() };
        let watchdog = station();
        let mut idle: Vec<Copies> = Vec::new();
        let random = RefCell::new(fastrand::Rng::with_seed(seed));
        let mut flooded = Flooded::default();
        let start = self.clock.get();
        let mut at_work = JoinSet::new();
        loop {
            for row in self.table.drain_stream() {
                relay::pass_on_row(&queue, &row).await.unwrap();
                flooded.doubted.extend(in_doubt(&row));
            }
            let free = at_work.len() < weather.processes;
            if let Some(record) = ses.filter(|_| free).and_then(|ses| ses.due(self.clock.get())) {
                let (dies, after) = drawn(&random, weather);
                let (world, copies, ses) = (self.clone(), idle.pop().unwrap_or_else(fresh), ses.cloned());
                at_work.spawn_local(async move {
                    let done = or_dies(world.flood_notice(&copies, ses, &record), dies, after).await;
                    (At::Notice(record), done.map(|done| (done, copies)))
                });
                continue;
            }
            let next = if free { queue.receive(self.clock.get(), &mut random.borrow_mut()) } else { None };
            if let Some((place, layer, key, received)) = next {
                if received > MAX_RECEIVE {
                    queue.delete(place);
                    flooded.dead += 1;
                    continue;
                }
                let (dies, after) = drawn(&random, weather);
                if random.borrow_mut().u32(0..1_000) < weather.twins {
                    queue.put(self.clock.get(), layer, key.clone(), 0);
                }
                flooded.taken += 1;
                if flooded.taken.is_multiple_of(10_000) {
                    let simulated = self.clock.get().duration_since(start);
                    eprintln!("{} messages, {} deaths, {simulated:#} of simulated time", flooded.taken, flooded.deaths);
                }
                let (world, copies, ses) = (self.clone(), idle.pop().unwrap_or_else(fresh), ses.cloned());
                at_work.spawn_local(async move {
                    let work = Box::pin(world.flood_work(&copies, ses, layer, &key));
                    let done = or_dies(work, dies, after).await;
                    (At::Message(place), done.map(|done| (done, copies)))
                });
                continue;
            }
            if let Some(ended) = at_work.join_next().await {
                let (at, lived) = ended.unwrap();
                let finished = lived.as_ref().is_some_and(|(finished, _)| *finished);
                match at {
                    At::Message(place) if finished => queue.delete(place),
                    At::Notice(record) if !finished => ses.unwrap().again(record),
                    At::Message(_) | At::Notice(_) => {}
                }
                match lived {
                    Some((_, copies)) => idle.push(copies),
                    None => flooded.deaths += 1,
                }
                continue;
            }
            self.delivered().await;
            let line = watchdog.ledger.longest_line(&watchdog.store, self.clock.get()).await.unwrap();
            flooded.longest_line = flooded.longest_line.max(line);
            match queue.next_visible().into_iter().chain(ses.and_then(Ses::next)).min() {
                Some(next) => self.clock.set(next.max(self.clock.get())),
                None => break,
            }
        }
        flooded.lasted = self.clock.get().duration_since(start);
        flooded
    }

    /// One message in one process; whether it was finished.
    async fn flood_work(&self, copies: &Copies, ses: Option<Ses>, layer: Layer, key: &Key) -> bool {
        let shopify = copies.store.clone();
        let clock = Arc::new(lambda::SystemClock);
        let partners = || Partner::all(&self.config, &self.secrets, &self.http, clock).unwrap();
        let [capture, routing, shipping, email] = &copies.stations;
        let done = match layer {
            Layer::Capture => {
                let work = Capture::new(capture, shopify, self.config.verdict_rules());
                capture.take(&work, key).await
            }
            Layer::Routing => {
                let work = Routing::new(routing, shopify, partners(), &self.config, self.files.clone());
                routing.take(&work, key).await
            }
            Layer::Shipping => {
                let shop = self.config.store.shop.clone();
                let work = Shipping::new(shipping, shopify, partners(), Vec::new(), shop);
                shipping.take(&work, key).await
            }
            Layer::Email => {
                let work = Email { store: shopify, ..self.email(email, ses.unwrap(), &self.secrets) };
                Box::pin(email.take(&work, key)).await
            }
            Layer::Monitoring => unreachable!("no queue leads there"),
        };
        done.is_ok()
    }

    /// One of SES's events in one process; whether it was finished.
    async fn flood_notice(&self, copies: &Copies, ses: Option<Ses>, record: &str) -> bool {
        let ses = ses.unwrap();
        let work = self.email(&copies.stations[3], ses.clone(), &self.secrets);
        let done = email::notices::take(&work, &email::notices::Notice::read(record)).await.is_ok();
        if done {
            ses.told(record);
        }
        done
    }
}

/// Whether the next process dies, and after how many milliseconds of work.
fn drawn(random: &RefCell<fastrand::Rng>, weather: Weather) -> (bool, u64) {
    let mut random = random.borrow_mut();
    (random.u32(0..1_000) < weather.deaths, random.u64(0..12))
}

/// The work's end; `None`: its process died in the middle of it.
async fn or_dies(work: impl Future<Output = bool>, dies: bool, after: u64) -> Option<bool> {
    if !dies {
        return Some(work.await);
    }
    tokio::select! {
        done = work => Some(done),
        () = tokio::time::sleep(Duration::from_millis(after)) => None,
    }
}

/// The hash of a mail's effect that is in doubt by this row.
fn in_doubt(row: &Row) -> Option<String> {
    let Row::Effect(row) = row else { return None };
    let doubt = row.state == "unknown" || (row.state == "claimed" && row.doubt_since.is_some());
    (doubt && row.key.starts_with("email#")).then(|| row.hash.clone())
}
