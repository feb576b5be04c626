//! Every hand-off of the table is broken, and the owner has the alert with that order's name within the deadline and one round of
//! the watchdog; then it is healed, the order completes, and the next digest says so. The table itself is walked: a new row is a
//! case, and a new kind of event does not compile until somebody has said how an order comes to it.

pub mod story;
mod waits;

use domain::event::{Event, EventKey, EventType};
use domain::exception::{Exception, Life};
use domain::handoff::{Layer, Owed, RELAY};
use serde_json::Value;

use self::story::{Comes, acts, comes, in_store};
use crate::watch::later;
use crate::world::{Seen, World, payload};

const ORDER: u64 = 5_550_001_469;
const NAME: &str = "#1469";
const TRACKING: &str = "1Z999AA10123456784";

/// An order on its way to its end.
struct Way {
    world: World,
    /// What is still to happen at the partner.
    left: Vec<(&'static str, Value)>,
}

impl Way {
    async fn begun(broken: (Layer, EventType)) -> Self {
        let mut world = World::new(1).await.watched();
        world.broken = Some(broken);
        world.round().await.unwrap();
        world.order(&payload(ORDER), 1).await;
        let mut way = Self { world, left: acts(TRACKING, "UPS").into_iter().rev().collect() };
        way.settle().await;
        way
    }

    /// What is in flight arrives.
    async fn settle(&mut self) {
        let soon = later(self.world.clock.get(), 30);
        self.world.run_until(soon).await;
    }

    /// The next thing happens at the partner. `false`: it was the last.
    async fn next(&mut self) -> bool {
        let Some((act, body)) = self.left.pop() else { return false };
        self.world.at_partner(act, body).await;
        self.settle().await;
        true
    }

    async fn find(&self, kind: EventType) -> Option<EventKey> {
        let events = self.world.journey(ORDER).await.events;
        events.iter().find(|event| event.fact.event_type() == kind).map(Event::key)
    }

    /// The order has come to the event, which its layer does not take.
    async fn come_to(&mut self, kind: EventType) -> EventKey {
        let wanted = match comes(kind) {
            Comes::OfItself => loop {
                if let Some(key) = self.find(kind).await {
                    return key;
                }
                assert!(self.next().await, "no order comes to {kind}");
            },
            Comes::InProduction | Comes::ItIsOver => 1,
            Comes::OnTheWay => 2,
        };
        for _ in 0..wanted {
            self.next().await;
        }
        if let Some(what) = in_store(kind) {
            self.world.in_store(ORDER, what).await;
            self.settle().await;
            return self.find(kind).await.unwrap_or_else(|| panic!("the store does not tell of {kind}"));
        }
        let event = story::told(kind, ORDER, NAME, TRACKING, self.world.clock.get()).await;
        self.world.station().append_event(&event, None).await.unwrap();
        self.settle().await;
        event.key()
    }

    async fn not_taken(&self, key: &EventKey, layer: Layer) -> Option<Exception> {
        let all = self.world.ledger().journey(&key.subject).await.unwrap().exceptions;
        all.into_iter().find(|e| e.what == "not-taken" && e.layer == layer && e.event.as_ref() == Some(&key.id.0))
    }
}

/// The order's name, which not every event of an order carries; empty for what is about no order.
fn name(exception: &Exception) -> &'static str {
    if exception.subject.order().is_some() { NAME } else { "" }
}

/// One letter to the owner names it.
fn told(world: &World, exception: &Exception) -> bool {
    let name = name(exception);
    let reason = exception.reason.split('.').next().unwrap();
    let letters = world.owners.sent();
    let names = letters.iter().filter(|(_, letter)| letter.subject.contains(name) && letter.text.contains(reason));
    names.count() == 1
}

/// The digest of the next day says that it has healed.
async fn digest_says_healed(world: &mut World, exception: &Exception) -> bool {
    let before = world.owners.sent().len();
    let now = world.clock.get();
    world.run_until(later(now, 86_400)).await;
    world.clock.set(later(now, 86_400));
    world.round().await.unwrap();
    let letters = world.owners.sent().split_off(before);
    // By its name, or by its number where the event did not carry the name.
    let name = exception.order_name.clone().or_else(|| exception.subject.order().map(|order| order.to_string()));
    let name = name.unwrap_or_default();
    let reason = exception.reason.split('.').next().unwrap();
    letters.iter().any(|(_, letter)| {
        letter.subject.contains(" healed") && letter.text.contains(&name) && letter.text.contains(reason)
    })
}

async fn break_and_heal(kind: EventType, layer: Layer) {
    let what = format!("{kind} to {layer}");
    let mut way = Way::begun((layer, kind)).await;
    let key = way.come_to(kind).await;
    let stored = way.world.ledger().event(&key).await.unwrap().unwrap();
    let due = stored.owes[&Owed::Layer(layer)];

    way.world.minutes_until(later(due, -1)).await;
    assert_eq!(way.not_taken(&key, layer).await, None, "{what}: before it is late");
    way.world.minutes_until(later(due, 60)).await;
    let raised = way.not_taken(&key, layer).await.unwrap_or_else(|| panic!("{what}: nothing is raised"));
    assert!(raised.told && told(&way.world, &raised), "{what}: {raised:?}");

    way.world.broken = None;
    let healed_by = later(way.world.clock.get(), 600);
    way.world.minutes_until(healed_by).await;
    let healed = way.not_taken(&key, layer).await.unwrap();
    assert!(healed.state == Life::Resolved && healed.healed.is_some(), "{what}: {healed:?}");
    if comes(kind) != Comes::ItIsOver {
        while way.next().await {}
    }
    assert!(digest_says_healed(&mut way.world, &healed).await, "{what}: the digest does not say so");
    way.world.assert_at_rest(ORDER).await;
    if comes(kind) == Comes::OfItself {
        assert_eq!(way.world.seen(ORDER).await, Seen::all_once(), "{what}");
    }
}

/// What the stream never told monitoring, its own round takes: once it is late, the owner has the alert about the matter itself, and
/// the next digest says that it was late.
async fn lose_and_make_good(kind: EventType) {
    let (layer, what) = (Layer::Monitoring, format!("{kind} to monitoring"));
    let mut way = Way::begun((layer, kind)).await;
    let key = way.come_to(kind).await;
    let stored = way.world.ledger().event(&key).await.unwrap().unwrap();
    let due = stored.owes[&Owed::Layer(layer)];
    let raised =
        |all: Vec<Exception>| all.into_iter().filter(|e| e.layer == layer && e.event.as_ref() == Some(&key.id.0));
    let all = async |world: &World| {
        raised(world.ledger().journey(&key.subject).await.unwrap().exceptions).collect::<Vec<_>>()
    };

    way.world.minutes_until(later(due, -1)).await;
    assert_eq!(all(&way.world).await, [], "{what}: before it is late");
    way.world.minutes_until(later(due, 60)).await;
    let stored = way.world.ledger().event(&key).await.unwrap().unwrap();
    assert!(!stored.owed_by(layer), "{what}: its own round takes it");
    for exception in all(&way.world).await.iter().filter(|exception| exception.what != "not-taken") {
        assert!(exception.told && told(&way.world, exception), "{what}: {exception:?}");
    }
    let healed = way.not_taken(&key, layer).await.unwrap_or_else(|| panic!("{what}: nobody says that it was late"));
    assert!(healed.state == Life::Resolved && healed.healed.is_some(), "{what}: {healed:?}");

    way.world.broken = None;
    while way.next().await {}
    assert!(digest_says_healed(&mut way.world, &healed).await, "{what}: the digest does not say so");
    way.world.assert_at_rest(ORDER).await;
}

async fn every_hand_off_to(layer: Layer) {
    let mut cases = 0;
    for leg in RELAY.iter().filter(|leg| leg.goes_to.contains(&layer)) {
        match layer.has_queue() {
            true => Box::pin(break_and_heal(leg.event, layer)).await,
            false => Box::pin(lose_and_make_good(leg.event)).await,
        }
        cases += 1;
    }
    eprintln!("{cases} hand-offs to {layer} were broken, told and healed");
    assert!(cases > 0, "nothing goes to {layer}");
}

#[tokio::test]
async fn to_capture() {
    every_hand_off_to(Layer::Capture).await;
}

#[tokio::test]
async fn to_routing() {
    every_hand_off_to(Layer::Routing).await;
}

#[tokio::test]
async fn to_shipping() {
    every_hand_off_to(Layer::Shipping).await;
}

#[tokio::test]
async fn to_email() {
    every_hand_off_to(Layer::Email).await;
}

#[tokio::test]
async fn to_monitoring() {
    every_hand_off_to(Layer::Monitoring).await;
}
