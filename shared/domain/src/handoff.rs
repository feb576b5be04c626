//! Hand-offs: which event goes to which layer, and what it owes by when.
//!
//! [`RELAY`] is the table a shop owner can read. The write that appends an event stores what it owes; a layer's last act
//! on the event strikes its own name off; the watchdog looks at whatever is still owed when it is due. Whether a longer
//! wait is still open is [`settled`], a pure function of the order's events.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{Event, EventType, Fact};

/// The five layers, each one function behind one queue.
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
}

impl Wait {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PaymentArrives,
        Self::RiskVerdict,
        Self::PartnerAccepts,
        Self::PartnerShips,
        Self::FirstScan,
        Self::TrackingAlive,
        Self::CustomerInformed,
        Self::HeldOrder,
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

/// Seconds until a hand-off is late. All of them are the owner's to change (`[deadlines]` in `store.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// A layer takes an event. At least twice the queue's visibility time-out.
    pub layer: i64,
    /// Long enough for a bank transfer.
    pub payment_arrives: i64,
    pub risk_verdict: i64,
    pub partner_accepts: i64,
    /// Five business days, as seven days of the calendar.
    pub partner_ships: i64,
    pub first_scan: i64,
    pub tracking_alive: i64,
    pub customer_informed: i64,
    pub held_order: i64,
}

impl Default for Deadlines {
    fn default() -> Self {
        const HOUR: i64 = 3_600;
        const DAY: i64 = 24 * HOUR;
        Self {
            layer: 300,
            payment_arrives: 5 * DAY,
            risk_verdict: HOUR,
            partner_accepts: DAY,
            partner_ships: 7 * DAY,
            first_scan: 3 * DAY,
            tracking_alive: 7 * DAY,
            customer_informed: 7 * DAY,
            held_order: DAY,
        }
    }
}

impl Deadlines {
    fn after(&self, owed: Owed) -> SignedDuration {
        SignedDuration::from_secs(match owed {
            Owed::Layer(_) => self.layer,
            Owed::Wait(Wait::PaymentArrives) => self.payment_arrives,
            Owed::Wait(Wait::RiskVerdict) => self.risk_verdict,
            Owed::Wait(Wait::PartnerAccepts) => self.partner_accepts,
            Owed::Wait(Wait::PartnerShips) => self.partner_ships,
            Owed::Wait(Wait::FirstScan) => self.first_scan,
            Owed::Wait(Wait::TrackingAlive) => self.tracking_alive,
            Owed::Wait(Wait::CustomerInformed) => self.customer_informed,
            Owed::Wait(Wait::HeldOrder) => self.held_order,
        })
    }

    /// When something owed from `from` on is late; `from` itself if the sum leaves the calendar.
    #[must_use]
    pub fn due(&self, owed: Owed, from: Timestamp) -> Timestamp {
        from.checked_add(self.after(owed)).unwrap_or(from)
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
}

const fn leg(event: EventType, goes_to: &'static [Layer], opens: &'static [Wait]) -> Leg {
    Leg { event, goes_to, opens }
}

/// Which event goes to which layer, and which longer waits it opens. Every event has exactly one row.
#[rustfmt::skip]
pub const RELAY: &[Leg] = {
    use EventType as E;
    use Layer::{Capture, Email, Monitoring, Routing, Shipping};
    use Wait::{
        CustomerInformed, FirstScan, HeldOrder, PartnerAccepts, PartnerShips, PaymentArrives, RiskVerdict, TrackingAlive,
    };
    &[
        //  what happened          goes to              and from now on somebody owes
        leg(E::OrderCreated,       &[],                 &[PaymentArrives]),
        leg(E::OrderPaid,          &[Capture],          &[RiskVerdict]),
        leg(E::PaymentTold,        &[Capture],          &[]),
        leg(E::OrderChanged,       &[Routing],          &[]),
        leg(E::OrderEdited,        &[Capture, Routing], &[]),
        leg(E::OrderDisputed,      &[Capture],          &[]),
        leg(E::FraudWarned,        &[Capture],          &[]),
        leg(E::RiskAssessed,       &[Capture],          &[]),
        leg(E::OrderCancelled,     &[Routing],          &[]),
        leg(E::OrderRefunded,      &[Routing],          &[]),
        leg(E::OrderCleared,       &[Routing, Email],   &[]),
        leg(E::OrderHeld,          &[Routing],          &[HeldOrder]),
        leg(E::OrderDecided,       &[Capture, Routing], &[]),
        leg(E::OrderRouted,        &[],                 &[PartnerAccepts, PartnerShips, CustomerInformed]),
        leg(E::PartnerTold,        &[Routing],          &[]),
        leg(E::PartnerAccepted,    &[],                 &[]),
        leg(E::PartnerStopped,     &[Monitoring],       &[]),
        leg(E::PartnerResumed,     &[Routing],          &[]),
        leg(E::ParcelShipped,      &[Shipping],         &[]),
        leg(E::ParcelAnnounced,    &[Email],            &[FirstScan, CustomerInformed]),
        leg(E::ParcelMoved,        &[],                 &[TrackingAlive]),
        leg(E::ParcelDelivered,    &[Email],            &[]),
        leg(E::ParcelReturned,     &[Monitoring],       &[]),
        leg(E::FulfilmentWritten,  &[],                 &[]),
        leg(E::CheckoutStarted,    &[],                 &[]),
        leg(E::CheckoutEnded,      &[],                 &[]),
        leg(E::ContactChanged,     &[],                 &[]),
        leg(E::ConsentChanged,     &[],                 &[]),
        leg(E::AppUninstalled,     &[Monitoring],       &[]),
        leg(E::DataRequested,      &[Monitoring],       &[]),
        leg(E::CustomerRedacted,   &[Monitoring],       &[]),
        leg(E::ShopRedacted,       &[Monitoring],       &[]),
        leg(E::Unfollowed,         &[],                 &[]),
        leg(E::Unreadable,         &[Monitoring],       &[]),
    ]
};

/// Everything owed by one event, each with the moment from which it is late.
pub type Owes = BTreeMap<Owed, Timestamp>;

/// What an event of this type owes when it is appended at `now`.
#[must_use]
pub fn owes(event: EventType, now: Timestamp, deadlines: &Deadlines) -> Owes {
    let rows = RELAY.iter().filter(|leg| leg.event == event);
    let owed = rows.flat_map(|leg| {
        let layers = leg.goes_to.iter().copied().map(Owed::Layer);
        layers.chain(leg.opens.iter().copied().map(Owed::Wait))
    });
    owed.map(|owed| (owed, deadlines.due(owed, now))).collect()
}

/// Whether the wait that `armed` opened is over, given all events of the order, in any order and with duplicates.
#[must_use]
pub fn settled(wait: Wait, armed: &Event, events: &[Event]) -> bool {
    let any = |test: &dyn Fn(&Event) -> bool| events.iter().any(test);
    let cancelled = || any(&|e| matches!(e.fact, Fact::OrderCancelled { .. }));
    let delivered = || any(&|e| matches!(e.fact, Fact::ParcelDelivered { .. } | Fact::ParcelReturned { .. }));
    let shipped = || any(&|e| matches!(e.fact, Fact::ParcelShipped { .. }));
    let later = |e: &Event| e.time > armed.time;
    match wait {
        Wait::PaymentArrives => any(&|e| matches!(e.fact, Fact::OrderPaid { .. })) || cancelled(),
        Wait::RiskVerdict => any(&|e| matches!(e.fact, Fact::OrderCleared {} | Fact::OrderHeld { .. })) || cancelled(),
        Wait::PartnerAccepts => {
            any(&|e| matches!(e.fact, Fact::PartnerAccepted { .. } | Fact::PartnerStopped { .. }))
                || shipped()
                || cancelled()
        }
        Wait::PartnerShips => shipped() || delivered() || cancelled(),
        Wait::FirstScan => any(&|e| matches!(e.fact, Fact::ParcelMoved { .. })) || delivered(),
        Wait::TrackingAlive => delivered() || any(&|e| matches!(e.fact, Fact::ParcelMoved { .. }) && later(e)),
        Wait::CustomerInformed => {
            delivered() || cancelled() || any(&|e| matches!(e.fact, Fact::ParcelAnnounced { .. }) && later(e))
        }
        Wait::HeldOrder => {
            let round = if let Fact::OrderHeld { round, .. } = armed.fact { round } else { 1 };
            any(&|e| matches!(e.fact, Fact::OrderDecided { round: decided, .. } if decided >= round))
                || any(&|e| matches!(e.fact, Fact::OrderCleared {}) && later(e))
                || cancelled()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_exactly_one_row() {
        let mut rows: Vec<_> = RELAY.iter().map(|leg| leg.event).collect();
        rows.sort();
        rows.dedup();
        assert_eq!(rows.len(), RELAY.len(), "an event stands twice");
        // `Unreadable` is the last variant, so its position counts them all.
        assert_eq!(rows.len(), EventType::Unreadable as usize + 1, "an event has no row");
    }

    #[test]
    fn names_survive_the_table() {
        let layers = Layer::ALL.into_iter().map(Owed::Layer);
        for owed in layers.chain(Wait::ALL.into_iter().map(Owed::Wait)) {
            assert_eq!(owed.as_str().parse::<Owed>().unwrap(), owed);
        }
        assert!("nobody".parse::<Owed>().is_err());
    }

    #[test]
    fn a_paid_order_owes_capture_in_five_minutes_and_a_verdict_in_an_hour() {
        let now: Timestamp = "2026-11-22T02:13:00Z".parse().unwrap();
        let owed = owes(EventType::OrderPaid, now, &Deadlines::default());
        assert_eq!(owed[&Owed::Layer(Layer::Capture)].to_string(), "2026-11-22T02:18:00Z");
        assert_eq!(owed[&Owed::Wait(Wait::RiskVerdict)].to_string(), "2026-11-22T03:13:00Z");
        assert_eq!(owed.len(), 2);
    }
}
