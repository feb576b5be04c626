//! Layer 1, capture: reads the order from the store and decides whether it may be made; holds what may not, and does what a
//! person decides about it.
//!
//! Its decision is an event (`order.cleared` or `order.held`) whose id comes from the fact, so a crash, a duplicate or a second
//! look appends nothing twice. What it does to the outside world, it does under claims: `hold`, `hold-release`, `order-refusal`.
//!
//! | file | event |
//! |---|---|
//! | [`look`] | `order.paid` and all that makes an order worth another look |
//! | [`hold`] | holding an order in the store, and lifting the hold |
//! | [`refuse`] | `order.decided`: cancelling and refunding, on a person's decision |
//! | [`payments`] | `payment.told`: what a payment provider said is true about an order |
//!
//! Beside its queue it has rounds, by a schedule and on the operator's request ([`incoming`], [`handle`], [`rounds`]):
//!
//! | file | round |
//! |---|---|
//! | [`sweep`], [`missing`] | what changed at the store and nobody told us |
//! | [`subscriptions`] | the webhooks that should tell us |
//! | [`health`] | whether payments fail or checkouts stall |
//! | [`trial`] | the test order |

mod handle;
mod health;
mod hold;
pub mod incoming;
mod look;
mod missing;
mod payments;
mod refuse;
mod rounds;
mod subscriptions;
pub mod sweep;
#[cfg(test)]
mod tests;
mod trial;

use domain::event::Fact;
use domain::handoff::Layer;
use domain::verdict::Rules;
use lambda::{Clock, Failure, Outcome, Queue, Station, Work};
use ledger::{LedgerError, Stored, Table};
use store::{HoldOrder, ReadOrder, RefuseOrder, ReleaseHold, ResolvePayment};

pub use handle::Failed;
pub use rounds::{Report, Rounds, Settings};

const LAYER: Layer = Layer::Capture;

/// What capture does to a store.
pub trait Platform: ReadOrder + HoldOrder + ReleaseHold + RefuseOrder + ResolvePayment {}

impl<S: ReadOrder + HoldOrder + ReleaseHold + RefuseOrder + ResolvePayment> Platform for S {}

/// The layer, standing on a station, working on a store.
#[derive(Debug)]
pub struct Capture<'s, T, Q, C, S> {
    station: &'s Station<T, Q, C>,
    store: S,
    rules: Rules,
}

/// Something stopped the work before its end; the outcome says how it goes on.
enum Stop {
    Outcome(Outcome),
    Failure(Failure),
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

impl<'s, T: Table, Q: Queue, C: Clock, S: Platform> Capture<'s, T, Q, C, S> {
    /// Capture by the owner's rules.
    pub fn new(station: &'s Station<T, Q, C>, store: S, rules: Rules) -> Self {
        Self { station, store, rules }
    }
}

impl<T: Table, Q: Queue, C: Clock, S: Platform> Work for Capture<'_, T, Q, C, S> {
    const LAYER: Layer = LAYER;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let done = match &stored.event.fact {
            Fact::PaymentTold { provider, topic, object, .. } => self.told(stored, provider, topic, object).await,
            Fact::OrderPaid { .. }
            | Fact::RiskAssessed { .. }
            | Fact::OrderEdited { .. }
            | Fact::OrderDisputed { .. }
            | Fact::FraudWarned { .. }
            | Fact::OrderDecided { .. } => self.look(stored).await,
            _ => Ok(Outcome::done()),
        };
        match done {
            Ok(outcome) | Err(Stop::Outcome(outcome)) => Ok(outcome),
            Err(Stop::Failure(failure)) => Err(failure),
        }
    }
}
