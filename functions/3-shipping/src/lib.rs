//! Layer 3, shipping: the store is told of each parcel first, then the customer; what carriers say of it finds its order.
//!
//! | module | job |
//! |---|---|
//! | [`shipped`] | a partner's shipment becomes the store's fulfilment, then an announced parcel |
//! | [`numbers`] | a number that came later or was corrected: the store's fulfilment gets it, too |
//! | [`follow`] | a tracking feed follows the parcel's numbers |
//! | [`drift`], [`drift_walk`] | nightly: store, partner, carrier and our own events held against each other |
//! | [`scan`] | what a feed says of a number becomes a fact about the order that it belongs to |

pub mod drift;
mod drift_walk;
mod follow;
pub mod incoming;
mod numbers;
mod part;
mod scan;
mod shipped;

use domain::event::Fact;
use domain::handoff::Layer;
use domain::parcel::Tracking;
use lambda::{Clock, Failure, Outcome, Queue, Station, Work};
use ledger::{Stored, Table};
use partner::{FindOrder, Partner};
use store::{ReadOrder, TrackFulfilment, WriteFulfilment};
use tracking::Feed;

pub use drift_walk::Stretch;

const LAYER: Layer = Layer::Shipping;

/// The store as shipping needs it.
pub trait ShipTo: ReadOrder + WriteFulfilment + TrackFulfilment {}
impl<S: ReadOrder + WriteFulfilment + TrackFulfilment> ShipTo for S {}

/// A partner as shipping needs it.
pub trait Maker: FindOrder {
    /// As it stands in events.
    fn name(&self) -> &str;
}

impl Maker for Partner {
    fn name(&self) -> &str {
        Partner::name(self)
    }
}

/// The layer, standing on a station, writing to a store, asking partners and feeds.
#[derive(Debug)]
pub struct Shipping<'s, T, Q, C, S, P> {
    station: &'s Station<T, Q, C>,
    store: S,
    partners: Vec<P>,
    feeds: Vec<Feed>,
    shop: String,
}

/// What the event says of the parcel.
struct Report<'e> {
    partner: &'e str,
    partner_order: &'e str,
    shipment: &'e str,
    reshipment: bool,
    tracking: Option<&'e Tracking>,
}

impl<'s, T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Shipping<'s, T, Q, C, S, P> {
    /// Shipping for one shop.
    pub fn new(station: &'s Station<T, Q, C>, store: S, partners: Vec<P>, feeds: Vec<Feed>, shop: String) -> Self {
        Self { station, store, partners, feeds, shop }
    }
}

impl<T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Work for Shipping<'_, T, Q, C, S, P> {
    const LAYER: Layer = LAYER;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        match (stored.event.subject.order(), &stored.event.fact) {
            (Some(order), Fact::ParcelShipped { partner, partner_order, shipment, reshipment, tracking }) => {
                let tracking = tracking.as_ref();
                let report = Report { partner, partner_order, shipment, reshipment: *reshipment, tracking };
                self.shipped(stored, order, &report).await
            }
            (None, Fact::CarrierTold { .. }) => self.told(&stored.event).await,
            _ => Ok(Outcome::done()),
        }
    }
}
