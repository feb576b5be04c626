//! Hand-offs: which event goes to which layer, and what it owes by when.
//!
//! [`RELAY`] is the table a shop owner can read. The write that appends an event stores what it owes; a layer's last act
//! on the event strikes its own name off; the watchdog looks at whatever is still owed when it is due. Whether a longer
//! wait is still open is [`settled`], a pure function of the order's events.

mod settled;
mod silence;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deadlines::promise_broken;
use crate::event::{EventType, Fact};

pub use crate::deadlines::Deadlines;
pub use settled::{arrived, settled};
pub use silence::{Silence, silence};

/// The five layers, each one function: four behind a queue of their own, and monitoring, which hears the table's stream itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// 1: paid? real? safe?
    Capture,
    /// 2: the order to its production partner.
    Routing,
    /// 3: the parcel to the store and to the customer.
    Shipping,
    /// 4: lifecycle mail.
    Email,
    /// 5: what the owner must know.
    Monitoring,
}

impl Layer {
    /// All five, in stack order.
    pub const ALL: [Self; 5] = [Self::Capture, Self::Routing, Self::Shipping, Self::Email, Self::Monitoring];
    /// Those that a queue feeds, in stack order.
    pub const QUEUED: [Self; 4] = [Self::Capture, Self::Routing, Self::Shipping, Self::Email];

    /// `capture`, `routing`, `shipping`, `email`, `monitoring`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Routing => "routing",
            Self::Shipping => "shipping",
            Self::Email => "email",
            Self::Monitoring => "monitoring",
        }
    }

    /// Whether a queue feeds it. What monitoring could not do at once its own rounds do, so that no queue is polled for it.
    #[must_use]
    pub fn has_queue(self) -> bool {
        Self::QUEUED.contains(&self)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A hand-off that takes longer than a layer's work: it is owed by somebody outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wait {
    /// The money for an order has to arrive.
    PaymentArrives,
    /// The risk assessment has to arrive.
    RiskVerdict,
    /// The partner has to take the order into production.
    PartnerAccepts,
    /// The partner has to ship.
    PartnerShips,
    /// The carrier has to scan the parcel once.
    FirstScan,
    /// The parcel has to move again, or arrive.
    TrackingAlive,
    /// The customer has to hear from the store again, or have the parcel.
    CustomerInformed,
    /// The owner has to decide about a held order.
    HeldOrder,
    /// The parcel has to arrive: within the usual time, or by the day that its carrier promised.
    Delivered,
}

impl Wait {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::PaymentArrives,
        Self::RiskVerdict,
        Self::PartnerAccepts,
        Self::PartnerShips,
        Self::FirstScan,
        Self::TrackingAlive,
        Self::CustomerInformed,
        Self::HeldOrder,
        Self::Delivered,
    ];

    /// The name in the table, in `store.toml` and in a trace.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaymentArrives => "payment_arrives",
            Self::RiskVerdict => "risk_verdict",
            Self::PartnerAccepts => "partner_accepts",
            Self::PartnerShips => "partner_ships",
            Self::FirstScan => "first_scan",
            Self::TrackingAlive => "tracking_alive",
            Self::CustomerInformed => "customer_informed",
            Self::HeldOrder => "held_order",
            Self::Delivered => "delivered",
        }
    }
}

/// Something an event owes: a layer's acknowledgement, or the end of a longer wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owed {
    Layer(Layer),
    Wait(Wait),
}

impl Owed {
    /// The name in the table and in a trace.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Layer(layer) => layer.as_str(),
            Self::Wait(wait) => wait.as_str(),
        }
    }
}

impl fmt::Display for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is neither a layer nor a wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a layer nor a hand-off")]
pub struct NotOwed(pub String);

impl FromStr for Layer {
    type Err = NotOwed;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|layer| layer.as_str() == name).ok_or_else(|| NotOwed(name.to_owned()))
    }
}

impl FromStr for Owed {
    type Err = NotOwed;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Ok(layer) = name.parse() {
            return Ok(Self::Layer(layer));
        }
        let wait = Wait::ALL.into_iter().find(|wait| wait.as_str() == name);
        wait.map(Self::Wait).ok_or_else(|| NotOwed(name.to_owned()))
    }
}

/// One row of the relay's table.
#[derive(Debug)]
pub struct Leg {
    pub event: EventType,
    /// The layers that get it.
    pub goes_to: &'static [Layer],
    /// The longer waits it opens.
    pub opens: &'static [Wait],
    /// What it opens only where the order gets no further by it: a verdict is missing, a layer refuses, or nobody takes it.
    pub stuck: &'static [Wait],
}

const fn leg(event: EventType, goes_to: &'static [Layer], opens: &'static [Wait]) -> Leg {
    Leg { event, goes_to, opens, stuck: &[] }
}

impl Leg {
    const fn stuck(self, stuck: &'static [Wait]) -> Self {
        Self { stuck, ..self }
    }
}

/// Which event goes to which layer, and which longer waits it opens. Every event has exactly one row.
///
/// The customer's clock (`CustomerInformed`) is opened once: when the order goes to a partner, is held, or is stuck on the way. Each
/// mail puts it off ([`silence`]), and email opens it again for an order that goes on after its end.
#[rustfmt::skip]
pub const RELAY: &[Leg] = {
    use EventType as E;
    use Layer::{Capture, Email, Monitoring, Routing, Shipping};
    use Wait::{
        CustomerInformed, Delivered, FirstScan, HeldOrder, PartnerAccepts, PartnerShips, PaymentArrives, RiskVerdict,
        TrackingAlive,
    };
    &[
        //  what happened             goes to                and from now on somebody owes; or only where it is stuck there
        leg(E::OrderCreated,         &[],                   &[PaymentArrives]),
        leg(E::OrderPaid,            &[Capture],            &[]).stuck(&[RiskVerdict, CustomerInformed]),
        leg(E::PaymentTold,          &[Capture],            &[]),
        leg(E::OrderChanged,         &[Routing],            &[]),
        leg(E::OrderEdited,          &[Capture, Routing],   &[]),
        leg(E::OrderDisputed,        &[Capture],            &[]),
        leg(E::FraudWarned,          &[Capture],            &[]),
        leg(E::RiskAssessed,         &[Capture],            &[]).stuck(&[CustomerInformed]),
        leg(E::OrderCancelled,       &[Routing],            &[]),
        leg(E::OrderRefunded,        &[Routing],            &[]),
        leg(E::OrderCleared,         &[Routing, Email],     &[]).stuck(&[CustomerInformed]),
        leg(E::OrderHeld,            &[Routing],            &[HeldOrder, CustomerInformed]),
        leg(E::OrderDecided,         &[Capture, Routing],   &[]).stuck(&[CustomerInformed]),
        leg(E::OrderRouted,          &[],                   &[PartnerAccepts, PartnerShips, CustomerInformed]),
        leg(E::PartnerTold,          &[Routing],            &[]),
        leg(E::PartnerAccepted,      &[Email],              &[]),
        leg(E::PartnerStopped,       &[Monitoring],         &[]),
        leg(E::PartnerResumed,       &[Routing],            &[]),
        leg(E::ParcelShipped,        &[Shipping],           &[]),
        leg(E::ParcelAnnounced,      &[Email],              &[FirstScan, Delivered]),
        leg(E::ParcelRenumbered,     &[],                   &[]),
        leg(E::ParcelMoved,          &[],                   &[TrackingAlive, Delivered]),
        leg(E::ParcelOutForDelivery, &[Email],              &[TrackingAlive]),
        leg(E::ParcelTroubled,       &[Email, Monitoring],  &[TrackingAlive]),
        leg(E::ParcelDelivered,      &[Email],              &[]),
        leg(E::ParcelReturned,       &[Email, Monitoring],  &[]),
        leg(E::CarrierTold,          &[Shipping],           &[]),
        leg(E::ParcelBelongs,        &[],                   &[]),
        leg(E::CustomerWaits,        &[Email],              &[]),
        leg(E::FulfilmentWritten,    &[],                   &[]),
        leg(E::CheckoutStarted,      &[Email],              &[]),
        leg(E::CheckoutEnded,        &[Email],              &[]),
        leg(E::FlowDue,              &[Email],              &[]),
        leg(E::KlaviyoDue,           &[Email],              &[]),
        leg(E::ContactChanged,       &[],                   &[]),
        leg(E::ConsentChanged,       &[Email],              &[]),
        leg(E::ContactSignedUp,      &[Email],              &[]),
        leg(E::ContactSubscribed,    &[Email],              &[]),
        leg(E::ContactUnsubscribed,  &[Email],              &[]),
        leg(E::ContactWished,        &[],                   &[]),
        leg(E::ContactSuppressed,    &[],                   &[]),
        leg(E::AppUninstalled,       &[Monitoring],         &[]),
        leg(E::DataRequested,        &[Monitoring],         &[]),
        leg(E::CustomerRedacted,     &[Monitoring],         &[]),
        leg(E::ShopRedacted,         &[Monitoring],         &[]),
        leg(E::Unfollowed,           &[],                   &[]),
        leg(E::Unreadable,           &[Monitoring],         &[]),
    ]
};

/// Everything owed by one event, each with the moment from which it is late.
pub type Owes = BTreeMap<Owed, Timestamp>;

/// What an event owes when it is appended at `now`, each from the moment at which it is first looked at.
#[must_use]
pub fn owes(fact: &Fact, now: Timestamp, deadlines: &Deadlines) -> Owes {
    let rows = RELAY.iter().filter(|leg| leg.event == fact.event_type());
    let owed = rows.flat_map(|leg| {
        let layers = leg.goes_to.iter().copied().map(Owed::Layer);
        layers.chain(leg.opens.iter().copied().filter(|wait| opens(*wait, fact)).map(Owed::Wait))
    });
    owed.map(|owed| (owed, deadlines.first_look(owed, fact, now))).collect()
}

/// Whether the customer's clock is opened where the order gets no further by this fact.
#[must_use]
pub fn may_be_stuck(fact: &Fact) -> bool {
    RELAY.iter().any(|leg| leg.event == fact.event_type() && leg.stuck.contains(&Wait::CustomerInformed))
}

/// A movement opens a wait for the arrival only where the carrier promises a day.
fn opens(wait: Wait, fact: &Fact) -> bool {
    match (wait, fact) {
        (Wait::Delivered, Fact::ParcelMoved { promised, .. }) => promised.as_deref().and_then(promise_broken).is_some(),
        _ => true,
    }
}

#[cfg(test)]
#[path = "handoff/tests.rs"]
mod tests;
