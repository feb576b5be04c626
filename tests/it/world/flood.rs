//! Many orders at once: the same door, relay, layers and ledger, with so many processes side by side. A process may die at any
//! moment (its work is dropped in the middle of a call); a message may come more than once, and messages come in any order.
//!
//! Simulated time stands still while anybody is at work except for a millisecond per look at the clock, and jumps to the next message
//! when nobody is. The sandbox's limits run in the same time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use capture::Capture;
use domain::Timestamp;
use domain::handoff::Layer;
use jiff::SignedDuration;
use lambda::queue::QueueError;
use lambda::{Key, Queue, Station};
use ledger::{Ledger, Memory};
use partner::Partner;
use routing::Routing;
use store::Shopify;
use tokio::task::JoinSet;

use super::{LEASE, MAX_RECEIVE, SimClock, VISIBILITY, World};

/// A standard queue for many messages: what is visible first is found first.
#[derive(Clone)]
pub struct FloodQueue {
    clock: SimClock,
    inner: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    /// By the moment from which it is visible, in milliseconds.
    messages: BTreeMap<(i64, u64), (Layer, Key, u32)>,
    last: u64,
}

impl FloodQueue {
    fn new(clock: SimClock) -> Self {
        Self { clock, inner: Arc::default() }
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
        // Only the way to the partner is flooded here; what follows has tests of its own.
        if matches!(layer, Layer::Capture | Layer::Routing) {
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

impl World {
    /// Runs until no message is left.
    pub async fn flood(self: Rc<Self>, weather: Weather, seed: u64) -> Flooded {
        let queue = FloodQueue::new(self.clock.clone());
        let station =
            || Station::new(Ledger::new(self.table.clone()), queue.clone(), self.clock.clone(), LEASE, &self.config);
        let stations: Rc<[FloodStation; 2]> = Rc::new([station(), station()]);
        let random = RefCell::new(fastrand::Rng::with_seed(seed));
        let mut flooded = Flooded::default();
        let start = self.clock.get();
        let mut at_work = JoinSet::new();
        loop {
            self.sandbox.set_store_time(Some(self.clock.get()));
            for row in self.table.drain_stream() {
                relay::pass_on_row(&queue, &row).await.unwrap();
            }
            let next = if at_work.len() < weather.processes {
                queue.receive(self.clock.get(), &mut random.borrow_mut())
            } else {
                None
            };
            if let Some((place, layer, key, received)) = next {
                if received > MAX_RECEIVE {
                    queue.delete(place);
                    flooded.dead += 1;
                    continue;
                }
                let (dies, twin, after) = {
                    let mut random = random.borrow_mut();
                    (random.u32(0..1_000) < weather.deaths, random.u32(0..1_000) < weather.twins, random.u64(0..12))
                };
                if twin {
                    queue.put(self.clock.get(), layer, key.clone(), 0);
                }
                flooded.taken += 1;
                let (world, stations) = (self.clone(), stations.clone());
                at_work.spawn_local(async move {
                    let work = world.flood_work(&stations, layer, &key);
                    if !dies {
                        return (place, Some(work.await));
                    }
                    tokio::select! {
                        done = work => (place, Some(done)),
                        () = tokio::time::sleep(Duration::from_millis(after)) => (place, None),
                    }
                });
                continue;
            }
            if let Some(ended) = at_work.join_next().await {
                match ended.unwrap() {
                    (place, Some(true)) => queue.delete(place),
                    (_, Some(false)) => {}
                    (_, None) => flooded.deaths += 1,
                }
                continue;
            }
            self.delivered().await;
            let line = stations[1].ledger.longest_line(&stations[1].store, self.clock.get()).await.unwrap();
            flooded.longest_line = flooded.longest_line.max(line);
            match queue.next_visible() {
                Some(next) => self.clock.set(next.max(self.clock.get())),
                None => break,
            }
        }
        flooded.lasted = self.clock.get().duration_since(start);
        flooded
    }

    /// One message in one process; whether it was finished.
    async fn flood_work(&self, stations: &[FloodStation; 2], layer: Layer, key: &Key) -> bool {
        let shopify = Shopify::new(&self.config.store, &self.secrets, self.http.clone()).unwrap();
        let [capture, routing] = stations;
        if layer == Layer::Capture {
            let work = Capture::new(capture, shopify, self.config.verdict_rules());
            return capture.take(&work, key).await.is_ok();
        }
        let clock = Arc::new(lambda::SystemClock);
        let partners = Partner::all(&self.config, &self.secrets, &self.http, clock).unwrap();
        let work = Routing::new(routing, shopify, partners, &self.config, self.files.clone());
        routing.take(&work, key).await.is_ok()
    }
}
