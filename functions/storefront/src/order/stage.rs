//! Where an order stands, in the one way its page tells it: from the order as the store has it, its events, and its parcels.

use domain::Timestamp;
use domain::event::{Event, Fact};
use domain::order::{Order, Payment};
use domain::parcel::{ParcelKey, Progress, Standing};
use domain::{plan, verdict};

/// Where the whole order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The money is not there yet.
    Unpaid,
    /// The money will not come.
    PaymentFailed,
    /// A person decides about it.
    Checking,
    /// Paid, and nobody has begun.
    Received,
    /// A partner makes it.
    Making,
    /// Nothing in it is ours to make; whoever sends it has not yet.
    Sending,
    /// Some of it is with a carrier, and some is not yet.
    PartlySent,
    /// Everything that is to come is in parcels, and all of them stand there.
    Parcels(Progress),
    /// The same, and some are further than others.
    Several,
    /// It was sent, and nobody can follow it.
    Untracked,
    /// One of several parcels is in trouble.
    SomeTrouble,
    Cancelled,
    /// Cancelled, and a parcel had left.
    CancelledLate,
    /// All of the money went back, and nothing was sent.
    Refunded,
    /// Gift cards and downloads.
    NothingToShip,
}

/// A step on the way, as the page lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Received,
    Making,
    Shipping,
    Delivered,
}

impl Stage {
    /// `parcels` are all of the order's.
    #[must_use]
    pub fn of(order: &Order, events: &[Event], parcels: &[Standing]) -> Self {
        let parcels = still_counting(events, parcels);
        if order.cancelled {
            return if parcels.is_empty() { Self::Cancelled } else { Self::CancelledLate };
        }
        if !parcels.is_empty() {
            return of_parcels(order, &parcels);
        }
        match order.payment {
            Payment::Pending | Payment::Authorized | Payment::PartiallyPaid => return Self::Unpaid,
            Payment::Voided | Payment::Expired => return Self::PaymentFailed,
            Payment::Refunded => return Self::Refunded,
            Payment::Paid | Payment::PartiallyRefunded | Payment::Other(_) => {}
        }
        if verdict::Standing::of(events).held().is_some() {
            return Self::Checking;
        }
        let shipped = |line: &domain::order::Line| line.requires_shipping && !line.gift_card && line.quantity > 0;
        if !order.lines.iter().any(shipped) {
            return Self::NothingToShip;
        }
        if !is_made(order) {
            return Self::Sending;
        }
        if making_since(events).is_some() { Self::Making } else { Self::Received }
    }

    /// The step that it is at, and whether that is over; nothing where an order takes no steps.
    #[must_use]
    pub fn step(self) -> Option<(Step, bool)> {
        match self {
            Self::Unpaid | Self::Checking | Self::Received | Self::Sending => Some((Step::Received, false)),
            Self::Making | Self::PartlySent => Some((Step::Making, false)),
            Self::Parcels(Progress::Delivered) => Some((Step::Delivered, true)),
            Self::Parcels(_) | Self::Several | Self::SomeTrouble | Self::Untracked => Some((Step::Shipping, false)),
            Self::PaymentFailed | Self::Cancelled | Self::CancelledLate | Self::Refunded | Self::NothingToShip => None,
        }
    }

    /// Nothing of it is on its way or will be.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::PaymentFailed
                | Self::Cancelled
                | Self::CancelledLate
                | Self::Refunded
                | Self::Parcels(Progress::Delivered | Progress::Returned)
        )
    }
}

/// Whether anything in the order is made by us, or was: a line that has left is still one of ours.
#[must_use]
pub fn is_made(order: &Order) -> bool {
    order.lines.iter().any(|line| plan::ours(order, line))
}

/// Since when a partner makes it: its own word, else our release.
#[must_use]
pub fn making_since(events: &[Event]) -> Option<Timestamp> {
    let first = |wanted: fn(&Fact) -> bool| events.iter().filter(|e| wanted(&e.fact)).map(|e| e.time).min();
    let accepted = first(|fact| matches!(fact, Fact::PartnerAccepted { .. }));
    accepted.or_else(|| first(|fact| matches!(fact, Fact::OrderRouted { .. })))
}

/// Parcels that are still to be looked at: one that was lost or came back no longer counts once the partner has sent it again.
fn still_counting<'p>(events: &[Event], parcels: &'p [Standing]) -> Vec<&'p Standing> {
    let again: Vec<&Standing> = parcels.iter().filter(|parcel| was_sent_again(events, parcel)).collect();
    let replaced = |parcel: &Standing| {
        let failed = matches!(parcel.progress, Progress::Lost | Progress::Returning | Progress::Returned);
        failed && again.iter().any(|other| other.parcel != parcel.parcel && other.announced > parcel.announced)
    };
    parcels.iter().filter(|parcel| !replaced(parcel)).collect()
}

/// Whether the partner called this parcel a reshipment.
fn was_sent_again(events: &[Event], parcel: &Standing) -> bool {
    events.iter().any(|event| match &event.fact {
        Fact::ParcelShipped { partner, shipment, reshipment: true, tracking, .. } => {
            let keys = [ParcelKey::of(partner, shipment, None), ParcelKey::of(partner, shipment, tracking.as_ref())];
            keys.contains(&parcel.parcel)
        }
        _ => false,
    })
}

fn of_parcels(order: &Order, parcels: &[&Standing]) -> Stage {
    let trouble = |parcel: &&&Standing| {
        parcel.progress.is_trouble() || matches!(parcel.progress, Progress::Returning | Progress::Returned)
    };
    let rest = something_to_send(order);
    match (parcels.iter().find(trouble), parcels.len(), rest) {
        (Some(parcel), 1, false) => Stage::Parcels(parcel.progress),
        (Some(_), _, _) => Stage::SomeTrouble,
        (None, _, true) => Stage::PartlySent,
        (None, _, false) => {
            if parcels.iter().all(|parcel| is_untracked(parcel)) {
                return Stage::Untracked;
            }
            // A word that nobody can read says nothing.
            let mut told = parcels.iter().map(|parcel| parcel.progress.max(Progress::LabelCreated));
            let first = told.next().unwrap_or(Progress::LabelCreated);
            if told.all(|other| other == first) { Stage::Parcels(first) } else { Stage::Several }
        }
    }
}

/// It goes without a number, and nobody has said anything of it since.
#[must_use]
pub fn is_untracked(parcel: &Standing) -> bool {
    parcel.numbers.is_empty() && parcel.progress <= Progress::LabelCreated
}

/// Something of it still waits for a parcel.
fn something_to_send(order: &Order) -> bool {
    let waiting = order.fulfilment_orders.iter().filter(|group| group.open || !group.holds.is_empty());
    waiting.flat_map(|group| &group.lines).any(|line| {
        line.remaining > 0
            && order.lines.iter().any(|known| known.id == line.line && known.quantity > 0 && !known.gift_card)
    })
}
