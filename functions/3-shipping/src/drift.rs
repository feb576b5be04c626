//! Drift: what store, partner, carrier and our own events say of one order, held against each other.
//!
//! Pure, and it corrects nothing. The store is right by definition; a difference is for a person to look at.

use std::collections::BTreeSet;
use std::fmt;

use domain::event::{Event, Fact};
use domain::order::Order;
use domain::parcel::{ParcelKey, Progress, Standing, Tracking, normalised, standing};
use partner::{PartnerOrder, Shipment, Stage};

/// One part of the order as its partner has it.
#[derive(Debug, Clone)]
pub struct AtPartner {
    pub partner: String,
    /// `None`: the partner does not know it.
    pub found: Option<PartnerOrder>,
}

/// One parcel as a feed has it.
#[derive(Debug, Clone)]
pub struct AtCarrier {
    pub feed: String,
    pub number: ParcelKey,
    pub progress: Progress,
}

/// Everything that is said of one order.
#[derive(Debug)]
pub struct Told<'a> {
    pub order: &'a Order,
    pub events: &'a [Event],
    pub partners: &'a [AtPartner],
    pub carriers: &'a [AtCarrier],
}

/// Two that do not agree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The store has cancelled it, and the partner makes it.
    CancelledButMade { partner: String },
    /// The partner has cancelled it or given it up, the store has not, and nobody told us.
    StoppedAtPartner { partner: String },
    /// The partner has no such order.
    UnknownToPartner { partner: String },
    /// The partner has sent a parcel that the store does not show.
    NotInStore { partner: String, parcel: String },
    /// The store has all of it as fulfilled, and the partner has sent nothing.
    NotSent { partner: String },
    /// The store shows a number for the partner's parcel that the partner does not know.
    NumberOfNobody { partner: String, number: String },
    /// The store's fulfilment of a parcel that we announced is gone.
    FulfilmentGone { parcel: String },
    /// It has arrived, by that source, and our events do not say so.
    ArrivalUnheard { source: String, parcel: String },
    /// A feed says that it came back or is lost, and our events do not.
    EndUnheard { source: String, parcel: String, progress: Progress },
    /// Our events say that it arrived, and the feed has it on its way.
    NotThere { source: String, parcel: String },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CancelledButMade { partner } => write!(f, "cancelled in the store, and {partner} makes it"),
            Self::StoppedAtPartner { partner } => write!(f, "open in the store, and {partner} has stopped it"),
            Self::UnknownToPartner { partner } => write!(f, "open in the store, and {partner} does not know it"),
            Self::NotInStore { partner, parcel } => {
                write!(f, "{partner} has sent the parcel {parcel}, and the store does not show it")
            }
            Self::NotSent { partner } => write!(f, "fulfilled in the store, and {partner} has sent nothing"),
            Self::NumberOfNobody { partner, number } => {
                write!(f, "the store shows the number {number}, and {partner} does not know it")
            }
            Self::FulfilmentGone { parcel } => {
                write!(f, "the customer was told of the parcel {parcel}, and the store has it no longer")
            }
            Self::ArrivalUnheard { source, parcel } => {
                write!(f, "{source} has the parcel {parcel} as delivered, and nobody told us")
            }
            Self::EndUnheard { source, parcel, progress } => {
                let end = if *progress == Progress::Lost { "lost" } else { "returned" };
                write!(f, "{source} has the parcel {parcel} as {end}, and nobody told us")
            }
            Self::NotThere { source, parcel } => {
                write!(f, "the parcel {parcel} counts as delivered, and {source} has it on its way")
            }
        }
    }
}

/// What does not agree, sorted, each once.
#[must_use]
pub fn differences(told: &Told<'_>) -> Vec<Difference> {
    let parcels = standing(told.events, told.order);
    let mut found = BTreeSet::new();
    for part in told.partners {
        of_partner(told, part, &parcels, &mut found);
    }
    if !told.order.cancelled {
        of_store(told, &parcels, &mut found);
    }
    for seen in told.carriers {
        found.extend(of_carrier(seen, &parcels));
    }
    found.into_iter().collect()
}

fn of_partner(told: &Told<'_>, part: &AtPartner, parcels: &[Standing], found: &mut BTreeSet<Difference>) {
    let partner = part.partner.clone();
    let Some(there) = &part.found else {
        if !told.order.cancelled {
            found.insert(Difference::UnknownToPartner { partner });
        }
        return;
    };
    if told.order.cancelled {
        // What is on its way already cannot be stopped; the customer was told of it, or will be.
        if there.stage.is_released() && there.shipments.is_empty() {
            found.insert(Difference::CancelledButMade { partner });
        }
        return;
    }
    let stopped =
        |event: &Event| matches!(&event.fact, Fact::PartnerStopped { partner, .. } if *partner == part.partner);
    if matches!(there.stage, Stage::Cancelled | Stage::Failed) && !told.events.iter().any(stopped) {
        found.insert(Difference::StoppedAtPartner { partner: partner.clone() });
    }
    let all_fulfilled = told.order.fulfilment_orders.iter().all(|fulfilment_order| !fulfilment_order.open);
    let shown = told.order.fulfilments.iter().any(|fulfilment| !fulfilment.cancelled);
    if there.stage.is_released() && there.shipments.is_empty() && all_fulfilled && shown {
        found.insert(Difference::NotSent { partner: partner.clone() });
    }
    for shipment in &there.shipments {
        let named = named(shipment);
        if !in_store(told.order, shipment, &partner, parcels) {
            found.insert(Difference::NotInStore { partner: partner.clone(), parcel: named.clone() });
        }
        let known = parcel_of(shipment, &partner, parcels);
        if shipment.delivered
            && known.is_some_and(|parcel| !parcel.progress.is_over() && parcel.progress != Progress::Returning)
        {
            found.insert(Difference::ArrivalUnheard { source: partner.clone(), parcel: named });
        }
    }
    let numbers: BTreeSet<String> = there.shipments.iter().filter_map(number).collect();
    for parcel in parcels.iter().filter(|parcel| parcel.partner.as_ref() == Some(&part.partner)) {
        let ours: BTreeSet<String> = parcel.numbers.iter().filter_map(|one| normalised(&one.number)).collect();
        let fulfilment = told.order.fulfilments.iter().find(|fulfilment| fulfilment.id == parcel.fulfilment);
        for tracking in fulfilment.filter(|fulfilment| !fulfilment.cancelled).iter().flat_map(|one| &one.tracking) {
            let strange = |number: &String| !numbers.contains(number) && !ours.contains(number);
            if normalised(&tracking.number).is_some_and(|number| strange(&number)) {
                let number = tracking.number.clone();
                found.insert(Difference::NumberOfNobody { partner: partner.clone(), number });
            }
        }
    }
}

fn of_store(told: &Told<'_>, parcels: &[Standing], found: &mut BTreeSet<Difference>) {
    for parcel in parcels.iter().filter(|parcel| parcel.ours && !parcel.progress.is_over()) {
        let mut of_it = told.order.fulfilments.iter().filter(|fulfilment| fulfilment.id == parcel.fulfilment);
        // A parcel for which the store had nothing left names no fulfilment of its.
        if of_it.next().is_some_and(|fulfilment| fulfilment.cancelled) {
            found.insert(Difference::FulfilmentGone { parcel: parcel.parcel.to_string() });
        }
    }
}

fn of_carrier(seen: &AtCarrier, parcels: &[Standing]) -> Option<Difference> {
    let parcel = parcels.iter().find(|parcel| has(parcel, &seen.number.0))?;
    let (source, number) = (seen.feed.clone(), seen.number.to_string());
    match (seen.progress, parcel.progress) {
        (there, here) if there == here => None,
        (Progress::Delivered, here) => (!here.is_over() && here != Progress::Returning)
            .then_some(Difference::ArrivalUnheard { source, parcel: number }),
        (there @ (Progress::Returned | Progress::Lost), here) => {
            let known = here.is_over() || here == Progress::Returning;
            (!known).then_some(Difference::EndUnheard { source, parcel: number, progress: there })
        }
        (Progress::LabelCreated | Progress::InTransit | Progress::OutForDelivery, Progress::Delivered) => {
            Some(Difference::NotThere { source, parcel: number })
        }
        _ => None,
    }
}

/// Whether the store shows this shipment: by its number; without one, by the fulfilment that we announced it with. A second
/// parcel with pieces that were fulfilled already (a reshipment) has no fulfilment of its own: it is enough that it was announced.
fn in_store(order: &Order, shipment: &Shipment, partner: &str, parcels: &[Standing]) -> bool {
    let mut shown = order.fulfilments.iter().filter(|fulfilment| !fulfilment.cancelled);
    let numbered = |tracking: &Tracking| normalised(&tracking.number);
    match number(shipment) {
        Some(number) if shown.any(|one| one.tracking.iter().filter_map(numbered).any(|shown| shown == number)) => true,
        Some(_) if !shipment.reshipment => false,
        _ => parcel_of(shipment, partner, parcels).is_some_and(|parcel| parcel.ours),
    }
}

/// Our parcel of this shipment.
fn parcel_of<'p>(shipment: &Shipment, partner: &str, parcels: &'p [Standing]) -> Option<&'p Standing> {
    let key = ParcelKey::of_shipment(partner, &shipment.id, shipment.reshipment);
    let number = number(shipment);
    parcels.iter().find(|parcel| parcel.parcel == key || number.as_ref().is_some_and(|number| has(parcel, number)))
}

fn has(parcel: &Standing, number: &str) -> bool {
    let mut numbers = parcel.numbers.iter().filter_map(|one| normalised(&one.number));
    parcel.parcel.0 == number || numbers.any(|known| known == number)
}

fn number(shipment: &Shipment) -> Option<String> {
    shipment.tracking.as_ref().and_then(|tracking| normalised(&tracking.number))
}

fn named(shipment: &Shipment) -> String {
    number(shipment).unwrap_or_else(|| shipment.id.clone())
}

#[cfg(test)]
#[path = "drift/tests.rs"]
mod tests;
