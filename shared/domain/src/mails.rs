//! Email's decision: which mails does the customer get because of this event?
//!
//! The answer is the same for every order in which the events arrive. A delivered parcel that was not announced yet gets
//! no mail of its own now; the announcement, when it comes, brings both, in the order a person expects them.

use crate::effect::MailKind;
use crate::event::{Event, Fact, ParcelRef};
use crate::order::Order;
use crate::parcel::{ParcelKey, normalised};

/// The mails that are due because of `event`, first things first. `events` are all events of the order so far.
#[must_use]
pub fn due(event: &Event, events: &[Event], order: &Order) -> Vec<MailKind> {
    match &event.fact {
        Fact::OrderCleared {} if !order.cancelled => vec![MailKind::Confirmation],
        Fact::ParcelAnnounced { parcel, .. } => both(parcel, delivered(parcel, events, order)),
        Fact::ParcelDelivered { .. } => {
            announced_by(event, events, order).map_or_else(Vec::new, |parcel| both(&parcel, true))
        }
        _ => Vec::new(),
    }
}

fn both(parcel: &ParcelKey, delivered: bool) -> Vec<MailKind> {
    let mut mails = vec![MailKind::Shipped(parcel.clone())];
    if delivered {
        mails.push(MailKind::Delivered(parcel.clone()));
    }
    mails
}

fn delivered(parcel: &ParcelKey, events: &[Event], order: &Order) -> bool {
    events.iter().any(|event| announced_by(event, events, order).as_ref() == Some(parcel))
}

/// The announced parcel that a delivery is about.
fn announced_by(delivery: &Event, events: &[Event], order: &Order) -> Option<ParcelKey> {
    let Fact::ParcelDelivered { parcel: reference, .. } = &delivery.fact else { return None };
    events.iter().find_map(|event| {
        let Fact::ParcelAnnounced { parcel, fulfilment, tracking } = &event.fact else { return None };
        let same = match reference {
            ParcelRef::Shipment { by_shipment, by_number } => {
                let announced = tracking.as_ref().and_then(|tracking| normalised(&tracking.number));
                let same_number = |number: &ParcelKey| number == parcel || announced.as_ref() == Some(&number.0);
                by_shipment == parcel || by_number.as_ref().is_some_and(same_number)
            }
            ParcelRef::Fulfilment(id) => id == fulfilment || carries(order, id, parcel),
        };
        same.then(|| parcel.clone())
    })
}

/// Whether the store's fulfilment carries the parcel's tracking number: the store may have written its own fulfilment.
fn carries(order: &Order, fulfilment: &str, parcel: &ParcelKey) -> bool {
    let mut known = order.fulfilments.iter().filter(|f| f.id == fulfilment);
    known.any(|f| f.tracking.iter().any(|t| normalised(&t.number).is_some_and(|number| number == parcel.0)))
}
