//! What the mails about parcels may say: where each stands now, and how to follow it.

use brand::text::{shown, web_address};
use domain::event::{Event, Fact};
use domain::order::Order;
use domain::parcel::{ParcelKey, Progress, Tracking, standing};

use super::views::{LineView, name};

/// A parcel is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    pub order: String,
    pub tracking: Option<TrackingView>,
    /// What is in the parcel, where that is known: in an order of one single piece.
    pub piece: Option<String>,
}

/// A parcel is at its door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub order: String,
    pub tracking: Option<TrackingView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingView {
    pub number: String,
    pub carrier: Option<String>,
    pub url: Option<String>,
}

/// The carrier brings a parcel today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutForDelivery {
    pub order: String,
    pub tracking: Option<TrackingView>,
}

/// Something keeps a parcel from its door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub order: String,
    pub tracking: Option<TrackingView>,
    pub trouble: Trouble,
}

/// What it is. Each has its own words for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    AttemptFailed,
    ReadyForPickup,
    HeldAtCustoms,
    Problem,
    Lost,
    Returned,
}

/// How things stand, after a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still {
    pub order: String,
    pub step: Step,
    /// Those that are not there yet.
    pub parcels: Vec<TrackingView>,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Checked,
    Prepared,
    Made,
    OnItsWay,
}

impl Shipped {
    pub(super) fn of(order: &Order, events: &[Event], parcel: &ParcelKey) -> Self {
        Self { order: name(order), tracking: tracking(events, parcel), piece: single_piece(order) }
    }
}

impl Delivered {
    pub(super) fn of(order: &Order, events: &[Event], parcel: &ParcelKey) -> Self {
        Self { order: name(order), tracking: tracking(events, parcel) }
    }
}

impl TrackingView {
    fn of(tracking: &Tracking) -> Self {
        Self {
            number: shown(&tracking.number),
            carrier: tracking.carrier.as_deref().map(shown).filter(|carrier| !carrier.is_empty()),
            url: tracking.url.as_deref().and_then(web_address),
        }
    }
}

impl OutForDelivery {
    pub(super) fn of(order: &Order, events: &[Event], parcel: &ParcelKey) -> Self {
        Self { order: name(order), tracking: tracking(events, parcel) }
    }
}

impl Problem {
    pub(super) fn of(order: &Order, events: &[Event], progress: Progress, parcel: &ParcelKey) -> Self {
        let trouble = match progress {
            Progress::AttemptFailed => Trouble::AttemptFailed,
            Progress::ReadyForPickup => Trouble::ReadyForPickup,
            Progress::HeldAtCustoms => Trouble::HeldAtCustoms,
            Progress::Lost => Trouble::Lost,
            Progress::Returning | Progress::Returned => Trouble::Returned,
            _ => Trouble::Problem,
        };
        Self { order: name(order), tracking: tracking(events, parcel), trouble }
    }
}

impl Still {
    pub(super) fn of(order: &Order, events: &[Event]) -> Self {
        let any = |test: fn(&Fact) -> bool| events.iter().any(|event| test(&event.fact));
        let parcels = standing(events, order);
        let step = if !parcels.is_empty() {
            Step::OnItsWay
        } else if any(|fact| matches!(fact, Fact::PartnerAccepted { .. })) {
            Step::Made
        } else if any(|fact| matches!(fact, Fact::OrderCleared {})) {
            Step::Prepared
        } else {
            Step::Checked
        };
        let open = parcels.iter().filter(|parcel| !parcel.progress.is_over());
        let parcels = open.filter_map(|parcel| parcel.numbers.last().map(TrackingView::of)).collect();
        Self { order: name(order), step, parcels }
    }
}

fn tracking(events: &[Event], parcel: &ParcelKey) -> Option<TrackingView> {
    events.iter().find_map(|event| match &event.fact {
        Fact::ParcelAnnounced { parcel: announced, tracking, .. } if announced == parcel => {
            tracking.as_ref().map(TrackingView::of)
        }
        _ => None,
    })
}

fn single_piece(order: &Order) -> Option<String> {
    let mut shipped = order.lines.iter().filter(|line| line.requires_shipping && !line.gift_card && line.quantity > 0);
    let line = shipped.next().filter(|line| line.quantity == 1)?;
    let only = shipped.next().is_none();
    only.then(|| LineView::of(line)).map(|line| match line.variant {
        Some(variant) => format!("{} ({variant})", line.title),
        None => line.title,
    })
}
