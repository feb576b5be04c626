//! Layer 1, capture: reads the order from the store and decides whether it may be made.
//!
//! It has no effect on the outside world: its decision is an event (`order.cleared` or `order.held`) whose id comes from the
//! fact, so a crash, a duplicate or a second look appends nothing twice.

use domain::event::{Event, Fact};
use domain::exception::What;
use domain::handoff::{Layer, Wait};
use domain::provider::Trouble;
use domain::verdict::{Rules, Verdict, verdict};
use lambda::{Clock, Failure, Outcome, Queue, Station, Work};
use ledger::{Stored, Table};
use store::ReadOrder;

/// What the store is called in exceptions.
const STORE: &str = "The store";

/// The layer, standing on a station and reading a store.
#[derive(Debug)]
pub struct Capture<'s, T, Q, C, S> {
    station: &'s Station<T, Q, C>,
    store: S,
    rules: Rules,
}

impl<'s, T: Table, Q: Queue, C: Clock, S: ReadOrder> Capture<'s, T, Q, C, S> {
    /// Capture by the owner's rules.
    pub fn new(station: &'s Station<T, Q, C>, store: S, rules: Rules) -> Self {
        Self { station, store, rules }
    }

    /// A new assessment only matters for an order whose payment has reached us: before that, the payment will look itself.
    async fn paid(&self, event: &Event) -> Result<bool, Failure> {
        if matches!(event.fact, Fact::OrderPaid {}) {
            return Ok(true);
        }
        let journey = self.station.ledger.journey(&event.subject).await?;
        Ok(journey.events.iter().any(|event| matches!(event.fact, Fact::OrderPaid {})))
    }

    async fn decide(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let event = &stored.event;
        let Some(id) = event.subject.order() else { return Ok(Outcome::done()) };
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            // The store announced it a moment ago: it is behind, or the key is another store's. Both are worth a second look.
            Ok(None) => {
                let why = "it announced this order and does not know it".to_owned();
                return Ok(self.station.wait_or_raise(stored, Layer::Capture, STORE, Trouble::Unavailable { why }));
            }
            Err(trouble) => return Ok(self.station.wait_or_raise(stored, Layer::Capture, STORE, trouble)),
        };
        let named = Event { order_name: Some(order.name.clone()), ..event.clone() };
        let settled = Outcome::Done { settled: vec![Wait::RiskVerdict] };
        Ok(match verdict(&order, &self.rules) {
            Verdict::Clear => {
                self.station.append(Layer::Capture, &named, Fact::OrderCleared {}).await?;
                settled
            }
            // The wait for the verdict stays open; the assessment's own event looks again.
            Verdict::Wait => Outcome::done(),
            Verdict::Cancelled => settled,
            Verdict::Hold(hold) => {
                let what = What::Held(hold);
                let fact = Fact::OrderHeld { reason: what.to_string(), round: 1 };
                self.station.append(Layer::Capture, &named, fact).await?;
                Outcome::raise(what)
            }
        })
    }
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Work for Capture<'_, T, Q, C, S> {
    const LAYER: Layer = Layer::Capture;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        if self.paid(&stored.event).await? { self.decide(stored).await } else { Ok(Outcome::done()) }
    }
}
