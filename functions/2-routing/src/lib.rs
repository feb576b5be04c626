//! Layer 2, routing: a cleared order goes to its production partner.
//!
//! Two effects, each under its own claim: `partner-order` (a draft exists at the partner) and `partner-release` (the partner will
//! make it). A cancellation writes `refused` on both keys: whoever writes first wins. What happens when nothing is known is in
//! [`place`]: the partner is asked by our external id before anything is sent again.
//!
//! | file | event |
//! |---|---|
//! | [`place`] | `order.cleared` |
//! | [`cancel`] | `order.cancelled`, `order.refunded` |
//! | [`resume`] | `partner.resumed` |

mod cancel;
mod place;
mod resume;

use domain::effect::EffectKey;
use domain::event::Fact;
use domain::external_id::external_id;
use domain::handoff::Layer;
use domain::order::Order;
use domain::plan::Catalog;
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::{Clock, Failure, Outcome, Queue, Station, Work};
use ledger::{LedgerError, Stored, Table};
use partner::{OrderRef, Partner};
use store::ReadOrder;

const LAYER: Layer = Layer::Routing;
/// What the store is called in exceptions.
const STORE: &str = "The store";
/// Orders are not split over partners yet.
const SPLIT: u8 = 1;

/// The layer, standing on a station, reading a store, speaking to partners.
#[derive(Debug)]
pub struct Routing<'s, T, Q, C, S> {
    station: &'s Station<T, Q, C>,
    store: S,
    partners: Vec<Partner>,
    catalog: Catalog,
    /// The shop's name, part of every external id.
    shop: String,
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

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

impl<'s, T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'s, T, Q, C, S> {
    /// Routing by the owner's catalog.
    pub fn new(
        station: &'s Station<T, Q, C>,
        store: S,
        partners: Vec<Partner>,
        catalog: Catalog,
        shop: String,
    ) -> Self {
        Self { station, store, partners, catalog, shop }
    }

    fn partner(&self, name: &str) -> Option<&Partner> {
        self.partners.iter().find(|partner| partner.name() == name)
    }

    fn order_ref(&self, order: OrderId) -> OrderRef {
        OrderRef { external_id: external_id(&self.shop, order, SPLIT), id: None }
    }

    async fn read_store(&self, stored: &Stored, id: OrderId) -> Result<Order, Stop> {
        let trouble = match self.store.order(id).await {
            Ok(Some(order)) => return Ok(order),
            Ok(None) => Trouble::Broken { why: format!("it no longer knows the order {id}") },
            Err(trouble) => trouble,
        };
        Err(self.station.wait_or_raise(stored, LAYER, STORE, trouble).into())
    }
}

fn order_key(partner: &str) -> EffectKey {
    EffectKey::PartnerOrder { partner: partner.to_owned(), split: SPLIT }
}

fn release_key(partner: &str) -> EffectKey {
    EffectKey::PartnerRelease { partner: partner.to_owned(), split: SPLIT }
}

fn cancel_key(partner: &str) -> EffectKey {
    EffectKey::PartnerCancel { partner: partner.to_owned(), split: SPLIT }
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Work for Routing<'_, T, Q, C, S> {
    const LAYER: Layer = LAYER;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let Some(order) = stored.event.subject.order() else { return Ok(Outcome::done()) };
        let done = match &stored.event.fact {
            Fact::OrderCleared {} => self.route(stored, order).await,
            Fact::OrderCancelled { .. } => self.cancelled(stored, order).await,
            Fact::OrderRefunded { .. } => self.refunded(stored, order).await,
            Fact::PartnerResumed { partner, at, .. } => self.resumed(stored, order, partner, at).await,
            _ => Ok(Outcome::done()),
        };
        match done {
            Ok(outcome) | Err(Stop::Outcome(outcome)) => Ok(outcome),
            Err(Stop::Failure(failure)) => Err(failure),
        }
    }
}
