//! A partner's shipment: written to the store as a fulfilment, then announced.
//!
//! The store is told first and knows no idempotency key, so it is asked before it is told: a fulfilment with the parcel's
//! tracking number is the parcel. The store's answer to a second one is that nothing remains to be fulfilled.
//!
//! A shipment is one effect, whatever numbers it has: what the parcel is called is noted with it, so that every report of the
//! shipment, with a corrected number or without, announces the same parcel.

use std::collections::BTreeMap;

use domain::effect::{Effect, EffectKey, State};
use domain::event::Fact;
use domain::exception::What;
use domain::external_id::external_id;
use domain::order::{Fulfilment, Order};
use domain::parcel::{ParcelKey, Pieces, Tracking, contents};
use domain::plan::{NOTED_LINES, note_pieces, noted_pieces};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::store_line::STORE;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Lease, Stored, Table};
use partner::{OrderRef, Shipment};

use crate::numbers::{recognised, with};
use crate::part::part;
use crate::{LAYER, Maker, Report, ShipTo, Shipping};

/// The reference of a parcel for which the store had nothing left to fulfil, and no fulfilment either.
const NOTHING_REMAINS: &str = "nothing remains";

/// The parcel, as the store has it now.
pub(crate) struct Parcel {
    pub key: ParcelKey,
    /// The store's id of its fulfilment.
    pub fulfilment: String,
    pub tracking: Option<Tracking>,
    pub country: Option<String>,
    /// What is in it, where that is known.
    pub pieces: Vec<Pieces>,
}

/// What became of the fulfilment.
enum Written {
    Parcel(Parcel),
    Stopped(Outcome),
}

impl Report<'_> {
    /// The shipment's id; its reshipment is another parcel.
    fn named(&self) -> String {
        format!("{}{}", self.shipment, if self.reshipment { "-again" } else { "" })
    }
}

impl Parcel {
    /// What is noted with the effect, so that a later report of the shipment means the same parcel.
    fn note(&self) -> BTreeMap<String, String> {
        let of = |part: fn(&Tracking) -> Option<String>| self.tracking.as_ref().and_then(part);
        let words = [
            ("parcel", Some(self.key.to_string())),
            ("number", of(|tracking| Some(tracking.number.clone()))),
            ("carrier", of(|tracking| tracking.carrier.clone())),
            ("url", of(|tracking| tracking.url.clone())),
            ("country", self.country.clone()),
            (NOTED_LINES, Some(note_pieces(&self.pieces)).filter(|pieces| !pieces.is_empty())),
        ];
        words.into_iter().filter_map(|(name, word)| Some((name.to_owned(), word?))).collect()
    }

    fn noted(fulfilment: String, note: &BTreeMap<String, String>) -> Option<Self> {
        let word = |name: &str| note.get(name).map(String::as_str);
        Some(Self {
            key: ParcelKey(word("parcel")?.to_owned()),
            fulfilment,
            tracking: Tracking::new(word("number"), word("carrier"), word("url")),
            country: word("country").map(str::to_owned),
            pieces: noted_pieces(word(NOTED_LINES).unwrap_or_default()),
        })
    }
}

impl<T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Shipping<'_, T, Q, C, S, P> {
    pub(crate) async fn shipped(&self, stored: &Stored, id: OrderId, report: &Report<'_>) -> Result<Outcome, Failure> {
        let station = self.station;
        let shipment = ParcelKey::of_shipment(report.partner, report.shipment, report.reshipment);
        let key = EffectKey::Fulfilment(shipment.clone());
        let written = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => self.write(stored, lease, id, report).await?,
            Claim::Done { reference } => Written::Parcel(self.known(stored, &key, reference, report).await?),
            Claim::Refused { reason } => Written::Stopped(Outcome::raise(What::FulfilmentRefused { why: reason })),
            Claim::Busy { until } => {
                Written::Stopped(station.come_back(stored, LAYER, until, "another attempt is at it"))
            }
            Claim::Waiting { not_before, reason } => {
                Written::Stopped(station.come_back(stored, LAYER, not_before, &reason))
            }
        };
        let parcel = match written {
            Written::Stopped(outcome) => return Ok(outcome),
            Written::Parcel(parcel) => parcel,
        };
        let announced = Fact::ParcelAnnounced {
            parcel: parcel.key.clone(),
            fulfilment: parcel.fulfilment.clone(),
            tracking: parcel.tracking.clone(),
            shipment: Some(shipment),
            partner: Some(report.partner.to_owned()),
            country: parcel.country.clone(),
        };
        station.append(LAYER, &stored.event, announced).await?;
        if let Some(outcome) = self.also_numbered(stored, id, &parcel, report.tracking).await? {
            return Ok(outcome);
        }
        self.follow(stored, id, &parcel, report.tracking).await
    }

    /// The parcel as an earlier report of the shipment left it.
    async fn known(
        &self,
        stored: &Stored,
        key: &EffectKey,
        fulfilment: String,
        report: &Report<'_>,
    ) -> Result<Parcel, Failure> {
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let noted = effects.iter().find(|effect| effect.key == *key);
        let noted = noted.and_then(|effect| Parcel::noted(fulfilment.clone(), &effect.note));
        Ok(noted.unwrap_or_else(|| Parcel {
            key: ParcelKey::of(report.partner, &report.named(), report.tracking),
            fulfilment,
            tracking: report.tracking.cloned(),
            country: None,
            pieces: Vec::new(),
        }))
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
        let to = order.ship_to.as_ref().map(|to| to.country_code.as_str());
        let reported = report.tracking.cloned().map(|tracking| recognised(tracking, to));
        let there = reported.as_ref().and_then(|tracking| order.fulfilment_with(&tracking.number));
        if let Some(fulfilment) = there {
            return self.done(stored, lease, report, &order, fulfilment.id.clone(), (reported, Vec::new())).await;
        }
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let part = part(&effects, report);
        let (pieces, tracking) = match self.shipment(&order, report, part.split).await {
            Ok(Some(shipment)) => {
                let pieces = if shipment.pieces.is_empty() { part.pieces(&order) } else { shipment.pieces };
                (pieces, shipment.tracking.map(|tracking| recognised(tracking, to)).or(reported))
            }
            // A partner's API may be behind its own webhook.
            Ok(None) => {
                let why = "it announced a shipment and does not list it yet".to_owned();
                return self.trouble(stored, lease, report.partner, Trouble::Unavailable { why }).await;
            }
            Err(trouble) => return self.trouble(stored, lease, report.partner, trouble.nothing_sent()).await,
        };
        if let Some(id) = self.known_to_store(stored, &lease, &order, tracking.as_ref()).await? {
            return self.done(stored, lease, report, &order, id, (tracking, pieces)).await;
        }
        let contents = contents(&order, &pieces);
        if contents.is_empty() {
            // Somebody else has fulfilled these pieces, or it is a reshipment of them: the store learns the new number, if it is one.
            let Some(known) = fulfilment_of(&pieces, &effects, &order) else {
                let nothing = NOTHING_REMAINS.to_owned();
                return self.done(stored, lease, report, &order, nothing, (tracking, pieces)).await;
            };
            if let Some(tracking) = &tracking {
                let numbers = with(&known.tracking, tracking);
                if let Err(trouble) = self.store.track(&known.id, &numbers).await {
                    return self.trouble(stored, lease, STORE, trouble).await;
                }
            }
            return self.done(stored, lease, report, &order, known.id.clone(), (tracking, pieces)).await;
        }
        match self.store.fulfil(&contents, tracking.as_ref()).await {
            Ok(fulfilment) => self.done(stored, lease, report, &order, fulfilment, (tracking, pieces)).await,
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
        report: &Report<'_>,
        order: &Order,
        fulfilment: String,
        (tracking, pieces): (Option<Tracking>, Vec<Pieces>),
    ) -> Result<Written, Failure> {
        let parcel = Parcel {
            key: ParcelKey::of(report.partner, &report.named(), tracking.as_ref()),
            fulfilment: fulfilment.clone(),
            tracking,
            country: order.ship_to.as_ref().map(|to| to.country_code.clone()),
            pieces,
        };
        let state = State::Done { reference: fulfilment };
        let ours = self.station.ledger.settle(lease, state, parcel.note(), None, self.station.now()).await?;
        Ok(if ours { Written::Parcel(parcel) } else { Written::Stopped(self.station.overtaken(stored, LAYER)) })
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

/// The store's fulfilment that has these pieces: the one of an earlier parcel of ours with the same, else the latest there is.
fn fulfilment_of<'o>(pieces: &[Pieces], effects: &[Effect], order: &'o Order) -> Option<&'o Fulfilment> {
    let mut standing = order.fulfilments.iter().filter(|fulfilment| !fulfilment.cancelled);
    let has = |note: &str| noted_pieces(note).iter().any(|noted| pieces.iter().any(|piece| piece.line == noted.line));
    let ours = effects.iter().filter_map(|effect| match (&effect.key, &effect.state) {
        (EffectKey::Fulfilment(_), State::Done { reference }) => {
            effect.note.get(NOTED_LINES).filter(|note| has(note)).map(|_| reference)
        }
        _ => None,
    });
    let mut same = ours.filter_map(|reference| standing.clone().find(|fulfilment| fulfilment.id == *reference));
    same.next().or_else(|| standing.next_back())
}
