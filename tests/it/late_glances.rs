//! A cheap read of the table may tell what was a moment ago. Here each does, and a layer loses nothing by it.

use std::sync::Arc;

use domain::event::{Event, EventKey, Fact};
use domain::exception::{Life, What};
use domain::handoff::{Layer, Owed};
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::queue::Key;
use lambda::{Clock, Failure, Outcome, Station, Work};
use ledger::{Ledger, Memory, Stored};
use sandbox::Sandbox;

use crate::world::{SimClock, SimQueue, config};

const LAYER: Layer = Layer::Capture;

type AStation = Station<Arc<Memory>, SimQueue, SimClock>;

/// Every glance shows its row as it was before it was last written.
async fn station() -> AStation {
    let config = config(&Sandbox::start(sandbox::Config::default()).await.unwrap());
    let clock = SimClock::starting_at("2026-11-27T08:00:00Z");
    let (table, queue) = (Arc::new(Memory::with_late_glances(1)), SimQueue::new(clock.clone()));
    Station::new(Ledger::new(table), queue, clock, SignedDuration::from_secs(40), &config)
}

async fn paid(station: &AStation) -> EventKey {
    let event = Event {
        subject: Subject::Order(OrderId(1)),
        fact: Fact::OrderPaid { what: None },
        source: "test".to_owned(),
        time: station.clock.now(),
        order_name: None,
    };
    station.append_event(&event, None).await.unwrap();
    event.key()
}

/// A layer that has the event for so long that the watchdog tells the owner of it.
struct Slow<'s>(&'s AStation, bool);

impl Work for Slow<'_> {
    const LAYER: Layer = LAYER;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        if self.1 {
            let event = stored.event.fact.id().to_string();
            self.0.raise(stored, &What::NotTaken { layer: LAYER, event }).await?;
        }
        Ok(Outcome::done())
    }
}

#[tokio::test]
async fn an_event_that_is_owed_again_is_taken_though_it_seems_to_be_done() {
    let station = station().await;
    let key = paid(&station).await;
    let taken = async || station.take(&Slow(&station, false), &Key::from(&key)).await;
    taken().await.unwrap();
    let stored = station.ledger.event(&key).await.unwrap().unwrap();
    assert!(!stored.owed_by(LAYER));
    station.ledger.owe_again(&stored, LAYER, station.clock.now()).await.unwrap();
    taken().await.unwrap();
    assert!(!station.ledger.event(&key).await.unwrap().unwrap().owed_by(LAYER));
    // What is owed no more, and seems to be, is done again, and nothing is owed for it.
    taken().await.unwrap();
    assert!(station.ledger.event(&key).await.unwrap().unwrap().owes_nothing());
}

#[tokio::test]
async fn what_was_raised_while_the_layer_was_at_work_heals_with_its_last_write() {
    let station = station().await;
    let key = paid(&station).await;
    station.take(&Slow(&station, true), &Key::from(&key)).await.unwrap();
    let journey = station.ledger.journey(&key.subject).await.unwrap();
    let lives: Vec<_> =
        journey.exceptions.iter().map(|exception| (exception.state, exception.healed.is_some())).collect();
    assert_eq!(lives, [(Life::Resolved, true)]);
    assert!(journey.owing.values().all(|owes| !owes.contains_key(&Owed::Layer(LAYER))));
}

#[tokio::test]
async fn an_event_that_came_a_moment_ago_is_not_known_yet_and_appended_once() {
    let station = station().await;
    let key = paid(&station).await;
    assert!(!station.ledger.is_known(&key).await.unwrap());
    paid(&station).await;
    assert_eq!(station.ledger.journey(&key.subject).await.unwrap().events.len(), 1);
}
