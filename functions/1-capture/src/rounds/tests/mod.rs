//! Rounds over a store of paper: what is told, how often, and what comes of a crash.

mod crashes;
mod health;
mod subscriptions;
mod sweep;

use std::collections::BTreeSet;
use std::sync::Mutex;

use domain::exception::{Exception, Life};
use domain::order::{AttemptOutcome, Order, PaymentAttempt};
use domain::subject::OrderId;
use lambda::queue::QueueError;
use lambda::{Key, StoreConfig};
use ledger::{Ledger, Memory};
use serde_json::{Value, json};
use store::{Change, Page, PlacedOrder, ReadOrder, StalledCheckout, Subscription, TestOrder};

use super::*;
use crate::incoming::Request;

struct SetClock(Mutex<Timestamp>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct NoQueue;

impl Queue for NoQueue {
    async fn send(&self, _: Layer, _: &Key, _: SignedDuration) -> Result<(), QueueError> {
        Ok(())
    }
}

/// A store whose answers are set.
#[derive(Default)]
struct Paper {
    subscribed: Mutex<BTreeSet<String>>,
    /// How often each topic was asked for.
    asked: Mutex<Vec<String>>,
    /// What subscribing a topic answers, instead of doing it.
    trouble: Mutex<Option<Trouble>>,
    changes: Mutex<Vec<Change>>,
    placed: Mutex<Vec<PlacedOrder>>,
    stalled: Mutex<Vec<StalledCheckout>>,
    newest: Mutex<Option<Timestamp>>,
    orders: Mutex<Vec<Order>>,
}

const DOOR: &str = "https://door.example.com/webhooks/shopify";

impl Subscriptions for &Paper {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, Trouble> {
        let topics = self.subscribed.lock().unwrap().clone();
        let one = |topic| Subscription { id: "1".into(), topic, address: DOOR.into() };
        Ok(topics.into_iter().map(one).collect())
    }

    async fn subscribe(&self, topic: &str, address: &str) -> Result<(), Trouble> {
        assert_eq!(address, DOOR);
        self.asked.lock().unwrap().push(topic.to_owned());
        match &*self.trouble.lock().unwrap() {
            Some(trouble) if topic == "orders/paid" => Err(trouble.clone()),
            _ => {
                self.subscribed.lock().unwrap().insert(topic.to_owned());
                Ok(())
            }
        }
    }
}

impl ChangedOrders for &Paper {
    /// Pages of one; the cursor is the number of those before.
    async fn changed(&self, since: Timestamp, after: Option<&str>) -> Result<Page<Change>, Trouble> {
        let changes = self.changes.lock().unwrap();
        let first: usize = match after {
            Some("gone") => return Err(Trouble::Broken { why: "no such cursor".into() }),
            Some(after) => after.parse().unwrap(),
            None => 0,
        };
        let found: Vec<&Change> = changes.iter().filter(|change| change.at >= since).collect();
        let next = (first + 1 < found.len()).then(|| (first + 1).to_string());
        Ok(Page { items: found.into_iter().skip(first).take(1).cloned().collect(), next })
    }
}

impl Checkouts for &Paper {
    async fn stalled(&self, _: Timestamp, _: Timestamp, _: Option<&str>) -> Result<Page<StalledCheckout>, Trouble> {
        Ok(Page { items: self.stalled.lock().unwrap().clone(), next: None })
    }
}

impl PlacedOrders for &Paper {
    async fn placed(&self, from: Timestamp, until: Timestamp, _: Option<&str>) -> Result<Page<PlacedOrder>, Trouble> {
        let placed = self.placed.lock().unwrap();
        let items = placed.iter().filter(|order| order.placed >= from && order.placed <= until).cloned().collect();
        Ok(Page { items, next: None })
    }

    async fn newest_order(&self) -> Result<Option<Timestamp>, Trouble> {
        Ok(*self.newest.lock().unwrap())
    }
}

impl ReadOrder for &Paper {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        Ok(self.orders.lock().unwrap().iter().find(|order| order.id == id).cloned())
    }
}

impl TestOrder for &Paper {
    async fn place_test_order(&self, tag: &str, _: &str, email: &str) -> Result<OrderId, Trouble> {
        let mut orders = self.orders.lock().unwrap();
        if let Some(known) = orders.iter().find(|order| order.tags.iter().any(|known| known == tag)) {
            return Ok(known.id);
        }
        let id = OrderId(orders.len() as u64 + 1);
        let order = domain::fixture::order().unwrap();
        let order = Order { id, test: true, tags: vec![tag.into()], email: Some(email.into()), ..order };
        orders.push(order);
        Ok(id)
    }

    async fn clean_up(&self, order: &Order, _: &str) -> Result<(), Trouble> {
        self.orders.lock().unwrap().retain(|known| known.id != order.id);
        Ok(())
    }
}

type Desk = Station<Memory, NoQueue, SetClock>;

fn config() -> StoreConfig {
    let config = json!({
        "store": {"name": "Example Prints", "mode": "test", "shop": "example-prints.myshopify.com", "base_url": "http://store.example.com"},
        "mail": {"from": "orders@example.com"},
        "brand": {"name": "Example Prints", "address": "1 Example Street", "support": "help@example.com"},
        "alerts": {"to": "owner@example.com"},
        "sweep": {"expect_order_hours": 72},
    });
    StoreConfig::parse(&config.to_string()).unwrap()
}

fn start() -> Timestamp {
    "2026-11-22T02:13:00Z".parse().unwrap()
}

fn desk() -> Desk {
    let (clock, lease) = (SetClock(Mutex::new(start())), SignedDuration::from_secs(45));
    Station::new(Ledger::new(Memory::default()), NoQueue, clock, lease, &config())
}

fn rounds<'s>(desk: &'s Desk, paper: &'s Paper) -> Rounds<'s, Memory, NoQueue, SetClock, &'s Paper> {
    let topics = store::shopify::topics::TOPICS;
    let settings = Settings::new(&config(), topics, "https://door.example.com/", "webhooks/shopify");
    Rounds { station: desk, store: paper, settings }
}

fn pass(desk: &Desk, minutes: i64) -> Timestamp {
    let mut clock = desk.clock.0.lock().unwrap();
    *clock = clock.checked_add(SignedDuration::from_mins(minutes)).unwrap();
    *clock
}

async fn open(desk: &Desk) -> Vec<Exception> {
    desk.ledger.open_exceptions().await.unwrap()
}

impl Rounds<'_, Memory, NoQueue, SetClock, &Paper> {
    async fn now(&self) -> Report {
        self.round(self.station.now(), Timestamp::MAX).await.unwrap()
    }

    async fn asks(&self, request: Request) -> Value {
        match request.operator.as_str() {
            "test-order" => self.place_trial(&request, self.station.now()).await,
            _ => self.clean_up_trial(&request).await.unwrap(),
        }
    }
}

fn change(id: u64, minutes: i64) -> Change {
    let at = start().checked_add(SignedDuration::from_mins(minutes)).unwrap();
    let order = domain::fixture::order().unwrap();
    Change { order: Order { id: OrderId(id), name: format!("#{id}"), created: at, updated: at, ..order }, at }
}
