//! Email's decision: which mails does the customer get because of this event?
//!
//! The answer is the same for every order in which the events arrive: a parcel's mails say where it stands now, and where it
//! stands is a fold over all events. So no mail goes a step backwards: what is no longer true by the time it would be sent is
//! not sent. A parcel that was not announced yet gets no mail; the announcement, when it comes, brings what is due by then.

use crate::effect::MailKind;
use crate::event::{Event, Fact, ParcelRef};
use crate::order::{Order, Payment};
use crate::parcel::{Progress, Standing, standing, which};

/// The mails that are due because of `event`, first things first. `events` are all events of the order so far.
#[must_use]
pub fn due(event: &Event, events: &[Event], order: &Order) -> Vec<MailKind> {
    let parcels = || standing(events, order);
    let of = |named: &ParcelRef| which(named, &parcels(), order).map(of_parcel).unwrap_or_default();
    match &event.fact {
        Fact::OrderCleared {} if !order.cancelled => vec![MailKind::Confirmation],
        Fact::PartnerAccepted { .. } if !shipped(events) && waits(order, &parcels()) => vec![MailKind::InProduction],
        Fact::CustomerWaits { since } if waits(order, &parcels()) => vec![MailKind::Still(since.clone())],
        Fact::ParcelAnnounced { parcel, .. } => {
            parcels().iter().find(|standing| standing.parcel == *parcel).map(of_parcel).unwrap_or_default()
        }
        Fact::ParcelDelivered { parcel, .. }
        | Fact::ParcelOutForDelivery { parcel, .. }
        | Fact::ParcelTroubled { parcel, .. } => of(parcel),
        Fact::ParcelReturned { parcel: Some(parcel), .. } => of(parcel),
        _ => Vec::new(),
    }
}

/// What the customer should have heard of a parcel, given where it stands. A parcel that somebody else announced is theirs to
/// write about.
fn of_parcel(parcel: &Standing) -> Vec<MailKind> {
    if !parcel.ours {
        return Vec::new();
    }
    let key = || parcel.parcel.clone();
    let mut mails = vec![MailKind::Shipped(key())];
    match parcel.progress {
        Progress::OutForDelivery => mails.push(MailKind::OutForDelivery(key())),
        Progress::Delivered => mails.push(MailKind::Delivered(key())),
        Progress::Returning | Progress::Returned => mails.push(MailKind::Problem(Progress::Returned, key())),
        trouble if trouble.is_trouble() => mails.push(MailKind::Problem(trouble, key())),
        _ => {}
    }
    mails
}

fn shipped(events: &[Event]) -> bool {
    events.iter().any(|event| {
        matches!(event.fact, Fact::ParcelShipped { .. } | Fact::ParcelAnnounced { .. } | Fact::ParcelDelivered { .. })
    })
}

/// Whether anything of the order is still to come. As long as it is, the customer is not left in silence.
#[must_use]
pub fn is_open(events: &[Event], order: &Order) -> bool {
    waits(order, &standing(events, order))
}

/// Whether nothing of the order is left to be sent.
#[must_use]
pub fn all_sent(order: &Order) -> bool {
    // What is held accepts no fulfilment now, and is to come all the same.
    !order.fulfilment_orders.iter().any(|one| one.open || !one.holds.is_empty())
}

fn waits(order: &Order, parcels: &[Standing]) -> bool {
    // What somebody else sent is theirs to follow: we never hear that it arrived.
    let all_there = parcels.iter().filter(|parcel| parcel.ours).all(|parcel| parcel.progress.is_over());
    let nothing_left = all_sent(order);
    let known = !(parcels.is_empty() && order.fulfilment_orders.is_empty());
    let called_off = order.cancelled || matches!(order.payment, Payment::Refunded | Payment::Voided);
    let done = known && all_there && nothing_left;
    !(called_off || done)
}
