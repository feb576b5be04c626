//! Layer 2, routing: a cleared order goes to its production partners, each part of it exactly once.
//!
//! An order has one part per partner. Two effects per part, each under its own claim: `partner-order` (a draft exists at the
//! partner) and `partner-release` (the partner will make it). A cancellation writes `refused` on both keys: whoever writes first
//! wins. What happens when nothing is known is in [`place`]: the partner is asked before anything is sent again.
//!
//! | file | what |
//! |---|---|
//! | [`route`] | `order.cleared`, `order.decided`: the order as a whole |
//! | [`preflight`] | what can be known to go wrong before anything is sent |
//! | [`place`], [`release`] | one part: the draft, then its release |
//! | [`margin`] | whether it is worth making |
//! | [`turn`] | each partner's limit |
//! | [`cancel`] | `order.cancelled`, `order.refunded` |
//! | [`hold`] | `order.held` |
//! | [`change`] | `order.changed`, `order.edited` |
//! | [`resume`] | `partner.resumed` |
//! | [`told`] | `partner.told`: the partner is asked what is true |
//! | [`check`], [`report`] | `make doctor`, `make catalog`: what partners and store say when the owner asks |
//! | [`sweep`], [`unlisted`], [`look`] | on a schedule: what silent webhooks did not tell, funds, the catalog |

mod begun;
mod cancel;
mod change;
mod check;
mod files;
mod hold;
pub mod incoming;
mod life;
mod look;
mod margin;
mod place;
mod preflight;
mod release;
mod report;
mod resume;
mod route;
mod sweep;
mod told;
mod turn;
mod unlisted;

use domain::event::Fact;
use domain::external_id::external_id;
use domain::handoff::Layer;
use domain::order::Order;
use domain::plan::{Catalog, PlanRules};
use domain::provider::Trouble;
use domain::subject::OrderId;
use domain::watch::{LayerWait, WaitReason};
use lambda::config::RoutingSection;
use lambda::{Clock, Failure, Outcome, Queue, Station, StoreConfig, Work};
use ledger::{LedgerError, Stored, Table};
use partner::{OrderRef, Partner};
use store::ReadOrder;

pub use check::{Check, PartnerLine};
pub use files::Files;
pub use report::{Finding, Proposal, Report, Unmapped};
pub use sweep::Round;

const LAYER: Layer = Layer::Routing;

/// The layer, standing on a station, reading a store, speaking to partners.
#[derive(Debug)]
pub struct Routing<'s, T, Q, C, S> {
    station: &'s Station<T, Q, C>,
    store: S,
    partners: Vec<Partner>,
    catalog: Catalog,
    choices: RoutingSection,
    rules: PlanRules,
    looks: preflight::Looks,
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

impl<'s, T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'s, T, Q, C, S> {
    /// Routing by the owner's choices. `files` looks at print files.
    pub fn new(
        station: &'s Station<T, Q, C>,
        store: S,
        partners: Vec<Partner>,
        config: &StoreConfig,
        files: Files,
    ) -> Self {
        Self {
            station,
            store,
            partners,
            catalog: config.catalog.clone(),
            rules: config.routing.plan_rules(),
            looks: preflight::Looks::new(config.routing.check_files.then_some(files)),
            choices: config.routing.clone(),
            shop: config.store.shop.clone(),
        }
    }

    fn partner(&self, name: &str) -> Option<&Partner> {
        self.partners.iter().find(|partner| partner.name() == name)
    }

    /// How the partner knows this part; `id` is its own name of it, once we have heard it.
    fn order_ref(&self, order: OrderId, split: u8, id: Option<&str>) -> OrderRef {
        OrderRef { external_id: external_id(&self.shop, order, split), id: id.map(str::to_owned) }
    }

    async fn read_store(&self, stored: &Stored, id: OrderId) -> Result<Order, Stop> {
        let trouble = match self.store.order(id).await {
            Ok(Some(order)) => return Ok(order),
            Ok(None) => Trouble::Broken { why: format!("it no longer knows the order {id}") },
            Err(trouble) => trouble,
        };
        Err(self.station.wait_for_store(stored, LAYER, trouble).await?.into())
    }

    /// One end for several parts: what each has to tell is told at once, and the event is finished when all of them are. The
    /// earliest wait counts; that a provider is out of reach outweighs our own pace.
    async fn merge(&self, stored: &Stored, ends: Vec<Result<Outcome, Stop>>) -> Result<Outcome, Stop> {
        let mut whats = Vec::new();
        let mut wait: Option<LayerWait> = None;
        for end in ends {
            match end {
                Ok(outcome) | Err(Stop::Outcome(outcome)) => match outcome {
                    Outcome::Done { .. } => {}
                    Outcome::Raise(told) | Outcome::Tell { whats: told, .. } => whats.extend(told),
                    Outcome::Wait(other) => wait = Some(wait.map_or(other.clone(), |wait| earliest(wait, other))),
                },
                Err(Stop::Failure(failure)) => return Err(failure.into()),
            }
        }
        match wait {
            Some(wait) => {
                for what in &whats {
                    self.station.raise(stored, what).await?;
                }
                Ok(Outcome::Wait(wait))
            }
            None if whats.is_empty() => Ok(Outcome::done()),
            None => Ok(Outcome::Raise(whats)),
        }
    }
}

fn earliest(one: LayerWait, other: LayerWait) -> LayerWait {
    let until = one.until.min(other.until);
    let outage = |wait: &LayerWait| matches!(wait.reason, WaitReason::Outage { .. });
    let reason = if outage(&one) { one.reason } else { other.reason };
    LayerWait { since: one.since.min(other.since), until, reason }
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Work for Routing<'_, T, Q, C, S> {
    const LAYER: Layer = LAYER;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let fact = &stored.event.fact;
        let done = match (stored.event.subject.order(), fact) {
            // Some partners name only their own order: then the event is about the store.
            (_, Fact::PartnerTold { partner, partner_order, .. }) => self.told(stored, partner, partner_order).await,
            (Some(order), Fact::OrderCleared {}) => self.route(stored, order).await,
            (Some(order), Fact::OrderDecided { .. }) => self.decided(stored, order).await,
            (Some(order), Fact::OrderHeld { .. }) => self.held(stored, order).await,
            (Some(order), Fact::OrderCancelled { .. }) => self.cancelled(stored, order).await,
            (Some(order), Fact::OrderRefunded { .. }) => self.refunded(stored, order).await,
            (Some(order), Fact::OrderChanged { what, .. }) => self.changed(stored, order, what).await,
            (Some(order), Fact::OrderEdited { .. }) => self.edited(stored, order).await,
            (Some(order), Fact::PartnerResumed { partner, partner_order, at }) => {
                self.resumed(stored, order, partner, partner_order, at).await
            }
            _ => Ok(Outcome::done()),
        };
        match done {
            Ok(outcome) | Err(Stop::Outcome(outcome)) => Ok(outcome),
            Err(Stop::Failure(failure)) => Err(failure),
        }
    }
}
