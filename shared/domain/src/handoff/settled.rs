//! Whether a longer wait is over: a pure function of the order's events.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Wait;
use crate::deadlines::promise_broken;
use crate::event::{Event, EventId, Fact};
use crate::parcel::Progress;
use crate::quiet::{Names, word};

/// Whether the wait that `armed` opened is over, given all events of the order, in any order and with duplicates. What concerns
/// a parcel is over by words about that parcel: another one's arrival says nothing of it.
#[must_use]
pub fn settled(wait: Wait, armed: &Event, events: &[Event]) -> bool {
    let any = |test: &dyn Fn(&Event) -> bool| events.iter().any(test);
    let cancelled = || any(&|e| matches!(e.fact, Fact::OrderCancelled { .. }));
    // Some sources tell whole seconds: of two facts of one moment one is the later for all who ask.
    let later = |e: &Event| moment(e) > moment(armed);
    match wait {
        Wait::PaymentArrives => any(&|e| matches!(e.fact, Fact::OrderPaid { .. })) || cancelled(),
        Wait::RiskVerdict => any(&|e| matches!(e.fact, Fact::OrderCleared {} | Fact::OrderHeld { .. })) || cancelled(),
        Wait::PartnerAccepts => {
            let taken = |fact: &Fact| matches!(fact, Fact::PartnerAccepted { .. } | Fact::PartnerStopped { .. });
            any(&|e| taken(&e.fact) && of_partner(&armed.fact, &e.fact)) || shipped(armed, events) || cancelled()
        }
        Wait::PartnerShips => shipped(armed, events) || cancelled(),
        Wait::FirstScan => any(&|e| is_scan(&e.fact) && about(armed, e, events)) || ended(armed, events),
        Wait::TrackingAlive => {
            ended(armed, events) || any(&|e| is_scan(&e.fact) && later(e) && about(armed, e, events))
        }
        // A promise carries it from then on, and a later promise an earlier one.
        Wait::Delivered => {
            let first = matches!(armed.fact, Fact::ParcelAnnounced { .. });
            let promises =
                |e: &Event| word(&e.fact).is_some_and(|w| w.promised.is_some_and(|p| promise_broken(p).is_some()));
            ended(armed, events) || any(&|e| promises(e) && (first || later(e)) && about(armed, e, events))
        }
        // Any other end only the store knows; see [`super::silence`].
        Wait::CustomerInformed => cancelled(),
        Wait::HeldOrder => {
            let round = if let Fact::OrderHeld { round, .. } = armed.fact { round } else { 1 };
            any(&|e| matches!(e.fact, Fact::OrderDecided { round: decided, .. } if decided >= round))
                || any(&|e| matches!(e.fact, Fact::OrderCleared {}) && later(e))
                || cancelled()
        }
    }
}

/// The parcel that `armed` is about has arrived.
#[must_use]
pub fn arrived(armed: &Event, events: &[Event]) -> bool {
    events.iter().any(|e| matches!(e.fact, Fact::ParcelDelivered { .. }) && about(armed, e, events))
}

/// Nothing more is expected of the carrier. A loss is told as such, and a parcel found again begins anew.
fn ended(armed: &Event, events: &[Event]) -> bool {
    events.iter().any(|e| match word(&e.fact) {
        Some(word) if word.progress.is_over() => about(armed, e, events),
        Some(word) if word.progress == Progress::Lost => e.time >= armed.time && about(armed, e, events),
        _ => false,
    })
}

/// Whether `said` speaks of the parcel that `armed` is about. Where one of the two names none, it counts for all.
fn about(armed: &Event, said: &Event, events: &[Event]) -> bool {
    let named = word(&said.fact).and_then(|word| word.named);
    Names::of(armed, events).is_none_or(|names| names.hear(named))
}

/// A carrier had it in its hands.
fn is_scan(fact: &Fact) -> bool {
    matches!(fact, Fact::ParcelMoved { .. } | Fact::ParcelOutForDelivery { .. } | Fact::ParcelTroubled { .. })
}

/// The partner that `armed` waits for has shipped. A word that names no partner counts where there is only one.
fn shipped(armed: &Event, events: &[Event]) -> bool {
    let routed = |e: &Event| match &e.fact {
        Fact::OrderRouted { partner, .. } => Some(partner.clone()),
        _ => None,
    };
    let only = events.iter().filter_map(routed).collect::<BTreeSet<_>>().len() < 2;
    events.iter().any(|e| match &e.fact {
        Fact::ParcelShipped { .. } => of_partner(&armed.fact, &e.fact),
        Fact::ParcelDelivered { .. } | Fact::ParcelReturned { .. } => only,
        _ => false,
    })
}

fn of_partner(routed: &Fact, said: &Fact) -> bool {
    let Fact::OrderRouted { partner: waits_for, .. } = routed else { return true };
    match said {
        Fact::PartnerAccepted { partner, .. }
        | Fact::PartnerStopped { partner, .. }
        | Fact::ParcelShipped { partner, .. } => partner == waits_for,
        _ => false,
    }
}

fn moment(event: &Event) -> (Timestamp, EventId) {
    (event.time, event.fact.id())
}

#[cfg(test)]
#[path = "settled/tests.rs"]
mod tests;
