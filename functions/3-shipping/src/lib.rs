//! Layer 3, shipping: a shipped parcel is written to the store, then announced to the customer.
//!
//! The store is told first and knows no idempotency key, so it is asked before it is told: a fulfilment with the parcel's
//! tracking number is the parcel. The store's answer to a second one is that nothing remains to be fulfilled.

use std::collections::BTreeMap;

use domain::effect::{Effect, EffectKey, State};
use domain::event::Fact;
use domain::exception::What;
use domain::external_id::external_id;
use domain::handoff::Layer;
use domain::order::Order;
use domain::parcel::{ParcelKey, Pieces, Tracking, contents};
use domain::plan::{NOTED_LINES, all_ours, noted_pieces};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::{Clock, Failure, Outcome, Queue, Station, Work};
use ledger::{Claim, Lease, Stored, Table};
use partner::{FindOrder, OrderRef, Partner, Shipment};
use store::{ReadOrder, WriteFulfilment};

const LAYER: Layer = Layer::Shipping;
/// What the store is called in exceptions.
const STORE: &str = "The store";
/// The layer, standing on a station, writing to a store, asking partners.
#[derive(Debug)]
pub struct Shipping<'s, T, Q, C, S> {
    station: &'s Station<T, Q, C>,
    store: S,
    partners: Vec<Partner>,
    shop: String,
}

/// What the event says of the parcel.
struct Report<'e> {
    partner: &'e str,
    partner_order: &'e str,
    shipment: &'e str,
    tracking: Option<&'e Tracking>,
}

/// What became of the fulfilment.
enum Written {
    /// The store has it, under this id.
    Fulfilment(String, Option<Tracking>),
    Stopped(Outcome),
}

impl<'s, T: Table, Q: Queue, C: Clock, S: ReadOrder + WriteFulfilment> Shipping<'s, T, Q, C, S> {
    /// Shipping for one shop.
    pub fn new(station: &'s Station<T, Q, C>, store: S, partners: Vec<Partner>, shop: String) -> Self {
        Self { station, store, partners, shop }
    }

    async fn shipped(&self, stored: &Stored, id: OrderId, report: &Report<'_>) -> Result<Outcome, Failure> {
        let station = self.station;
        let parcel = ParcelKey::of(report.partner, report.shipment, report.tracking);
        let key = EffectKey::Fulfilment(parcel.clone());
        let written = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => self.write(stored, lease, id, report).await?,
            Claim::Done { reference } => Written::Fulfilment(reference, report.tracking.cloned()),
            Claim::Refused { reason } => Written::Stopped(Outcome::raise(What::FulfilmentRefused { why: reason })),
            Claim::Busy { until } => {
                Written::Stopped(station.come_back(stored, LAYER, until, "another attempt is at it"))
            }
            Claim::Waiting { not_before, reason } => {
                Written::Stopped(station.come_back(stored, LAYER, not_before, &reason))
            }
        };
        match written {
            Written::Stopped(outcome) => Ok(outcome),
            Written::Fulfilment(fulfilment, tracking) => {
                let fact = Fact::ParcelAnnounced { parcel, fulfilment, tracking };
                station.append(LAYER, &stored.event, fact).await?;
                Ok(Outcome::done())
            }
        }
    }

    async fn write(&self, stored: &Stored, lease: Lease, id: OrderId, report: &Report<'_>) -> Result<Written, Failure> {
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            Ok(None) => {
                let trouble = Trouble::Broken { why: format!("it does not know the order {id}") };
                return self.trouble(stored, lease, STORE, trouble).await;
            }
            Err(trouble) => return self.trouble(stored, lease, STORE, trouble.nothing_sent()).await,
        };
        let there = report.tracking.and_then(|tracking| order.fulfilment_with(&tracking.number));
        if let Some(fulfilment) = there {
            return self.done(stored, lease, fulfilment.id.clone(), report.tracking.cloned()).await;
        }
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let part = part(&effects, report);
        let (pieces, tracking) = match self.shipment(&order, report, part.split).await {
            Ok(Some(shipment)) => {
                let pieces = if shipment.pieces.is_empty() { part.pieces(&order) } else { shipment.pieces };
                (pieces, shipment.tracking.or_else(|| report.tracking.cloned()))
            }
            // A partner's API may be behind its own webhook.
            Ok(None) => {
                let why = "it announced a shipment and does not list it yet".to_owned();
                return self.trouble(stored, lease, report.partner, Trouble::Unavailable { why }).await;
            }
            Err(trouble) => return self.trouble(stored, lease, report.partner, trouble.nothing_sent()).await,
        };
        if let Some(id) = self.known_to_store(stored, &lease, &order, tracking.as_ref()).await? {
            return self.done(stored, lease, id, tracking).await;
        }
        let contents = contents(&order, &pieces);
        if contents.is_empty() {
            // Somebody else has fulfilled these pieces, or it is a reshipment of them: the store has nothing to be told.
            let known = order.fulfilments.iter().rfind(|fulfilment| !fulfilment.cancelled);
            let reference = known.map_or_else(|| "nothing remains".to_owned(), |fulfilment| fulfilment.id.clone());
            return self.done(stored, lease, reference, tracking).await;
        }
        match self.store.fulfil(&contents, tracking.as_ref()).await {
            Ok(fulfilment) => self.done(stored, lease, fulfilment, tracking).await,
            Err(trouble) => self.trouble(stored, lease, STORE, trouble).await,
        }
    }

    /// The store's fulfilment of this parcel, if an earlier attempt or somebody else has written it: by tracking number, or, for a
    /// parcel without one, the fulfilment that belongs to none of our other parcels.
    async fn known_to_store(
        &self,
        stored: &Stored,
        lease: &Lease,
        order: &Order,
        tracking: Option<&Tracking>,
    ) -> Result<Option<String>, Failure> {
        if let Some(tracking) = tracking {
            return Ok(order.fulfilment_with(&tracking.number).map(|fulfilment| fulfilment.id.clone()));
        }
        if lease.doubt_since().is_none() {
            return Ok(None);
        }
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let taken = |id: &str| {
            let of_another = |key: &EffectKey| matches!(key, EffectKey::Fulfilment(_)) && *key != lease.effect.key;
            effects.iter().any(|effect| {
                of_another(&effect.key) && matches!(&effect.state, State::Done { reference } if reference == id)
            })
        };
        let mut standing = order.fulfilments.iter().filter(|fulfilment| !fulfilment.cancelled);
        Ok(standing.find(|fulfilment| !taken(&fulfilment.id)).map(|fulfilment| fulfilment.id.clone()))
    }

    /// The shipment as the partner's API has it: which pieces, which carrier. The webhook alone tells neither reliably.
    async fn shipment(&self, order: &Order, report: &Report<'_>, split: u8) -> Result<Option<Shipment>, Trouble> {
        let Some(partner) = self.partners.iter().find(|partner| partner.name() == report.partner) else {
            let why = format!("store.toml does not set up [partners.{}]", report.partner);
            return Err(Trouble::Broken { why });
        };
        let known = OrderRef {
            external_id: external_id(&self.shop, order.id, split),
            id: Some(report.partner_order.to_owned()),
        };
        let found = partner.find(&known).await?;
        Ok(found.and_then(|found| found.shipments.into_iter().find(|shipment| shipment.id == report.shipment)))
    }

    async fn done(
        &self,
        stored: &Stored,
        lease: Lease,
        id: String,
        tracking: Option<Tracking>,
    ) -> Result<Written, Failure> {
        let state = State::Done { reference: id.clone() };
        let ours = self.station.ledger.settle(lease, state, BTreeMap::new(), None, self.station.now()).await?;
        Ok(if ours {
            Written::Fulfilment(id, tracking)
        } else {
            Written::Stopped(self.station.overtaken(stored, LAYER))
        })
    }

    async fn trouble(
        &self,
        stored: &Stored,
        lease: Lease,
        provider: &str,
        trouble: Trouble,
    ) -> Result<Written, Failure> {
        let refused = |why| What::FulfilmentRefused { why };
        let outcome = self.station.settle_trouble(stored, lease, LAYER, provider, trouble, refused).await?;
        Ok(Written::Stopped(outcome))
    }
}

/// Which part of the order the partner's order is, as routing noted it.
struct Part {
    split: u8,
    lines: Vec<Pieces>,
}

impl Part {
    /// What a parcel without a list of its pieces is taken to hold: all of the part, and where nothing was noted all that is ours.
    fn pieces(&self, order: &Order) -> Vec<Pieces> {
        if self.lines.is_empty() { all_ours(order) } else { self.lines.clone() }
    }
}

fn part(effects: &[Effect], report: &Report<'_>) -> Part {
    let found = effects.iter().find_map(|effect| match (&effect.key, &effect.state) {
        (EffectKey::PartnerOrder { partner, split }, State::Done { reference }) => {
            let this = partner == report.partner && reference == report.partner_order;
            let lines = effect.note.get(NOTED_LINES).map(String::as_str).unwrap_or_default();
            this.then(|| Part { split: *split, lines: noted_pieces(lines) })
        }
        _ => None,
    });
    found.unwrap_or(Part { split: 1, lines: Vec::new() })
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder + WriteFulfilment> Work for Shipping<'_, T, Q, C, S> {
    const LAYER: Layer = LAYER;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        match (stored.event.subject.order(), &stored.event.fact) {
            (Some(order), Fact::ParcelShipped { partner, partner_order, shipment, tracking, .. }) => {
                let report = Report { partner, partner_order, shipment, tracking: tracking.as_ref() };
                self.shipped(stored, order, &report).await
            }
            _ => Ok(Outcome::done()),
        }
    }
}
