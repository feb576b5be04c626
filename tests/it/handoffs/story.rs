//! How an order comes to each row of the table, and what ends each wait after all: the same in one process and on the stack.

use domain::Timestamp;
use domain::event::{Event, EventType, Fact, ParcelRef};
use domain::handoff::Wait;
use domain::parcel::{ParcelKey, Progress};
use domain::subject::{OrderId, Subject};
use serde_json::{Value, json};

use crate::stored_shapes::event_of;

/// How an order comes to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// On the way of every order.
    OfItself,
    /// It is told of an order in production.
    InProduction,
    /// It is told of an order on its way.
    OnTheWay,
    /// It is told of an order in production, and ends it.
    ItIsOver,
}

pub fn comes(event: EventType) -> Comes {
    use EventType as E;
    match event {
        E::OrderPaid
        | E::OrderCleared
        | E::OrderRouted
        | E::PartnerAccepted
        | E::ParcelShipped
        | E::ParcelAnnounced
        | E::ParcelDelivered => Comes::OfItself,
        E::CarrierTold
        | E::ParcelMoved
        | E::ParcelRenumbered
        | E::ParcelOutForDelivery
        | E::ParcelTroubled
        | E::ParcelReturned
        | E::ParcelBelongs
        | E::FulfilmentWritten => Comes::OnTheWay,
        E::OrderCancelled | E::OrderRefunded => Comes::ItIsOver,
        E::OrderCreated
        | E::OrderChanged
        | E::OrderEdited
        | E::OrderDisputed
        | E::FraudWarned
        | E::OrderDecided
        | E::OrderHeld
        | E::PaymentTold
        | E::RiskAssessed
        | E::PartnerTold
        | E::PartnerStopped
        | E::PartnerResumed
        | E::CustomerWaits
        | E::CheckoutStarted
        | E::CheckoutEnded
        | E::FlowDue
        | E::KlaviyoDue
        | E::ContactChanged
        | E::ConsentChanged
        | E::ContactSignedUp
        | E::ContactSubscribed
        | E::ContactUnsubscribed
        | E::ContactWished
        | E::ContactSuppressed
        | E::AppUninstalled
        | E::DataRequested
        | E::CustomerRedacted
        | E::ShopRedacted
        | E::Unfollowed
        | E::Unreadable => Comes::InProduction,
    }
}

/// What the shop does so that the store itself tells of it. The other events are appended as they were once stored.
pub fn in_store(event: EventType) -> Option<Value> {
    match event {
        EventType::OrderCancelled => Some(json!({ "do": "cancel" })),
        EventType::OrderRefunded => Some(json!({ "do": "refund" })),
        EventType::OrderEdited => Some(json!({ "do": "edit", "note": "an invented note" })),
        EventType::OrderDisputed => Some(json!({ "do": "dispute", "kind": "inquiry" })),
        EventType::OrderChanged => Some(json!({ "do": "address", "address": { "address1": "3 Sample Lane" } })),
        _ => None,
    }
}

/// What happens at the partner, one after the other.
pub fn acts(tracking: &str, carrier: &str) -> [(&'static str, Value); 3] {
    let shipped = json!({ "tracking_number": tracking, "carrier": carrier });
    [("produce", json!({})), ("ship", shipped), ("deliver", json!({}))]
}

/// An event of this kind about that order or that parcel, as it was once stored; one that is about neither keeps its subject.
pub async fn told(kind: EventType, order: u64, name: &str, tracking: &str, time: Timestamp) -> Event {
    let event = event_of(kind).await;
    match &event.subject {
        Subject::Order(_) => about(order, name, event.fact, &event.source, time),
        Subject::Parcel(_) => Event { subject: Subject::Parcel(ParcelKey(tracking.to_owned())), time, ..event },
        _ => Event { time, ..event },
    }
}

/// The fact, said of that order.
pub fn about(order: u64, name: &str, fact: Fact, source: &str, time: Timestamp) -> Event {
    let subject = Subject::Order(OrderId(order));
    Event { subject, fact, source: source.to_owned(), time, order_name: Some(name.to_owned()) }
}

/// What a carrier says of a parcel, so that it is waited for. `promised` is a day.
pub fn carrier_says(kind: EventType, wait: Wait, tracking: &str, promised: &str) -> Option<Fact> {
    let (source, tracking_event) = ("easypost".to_owned(), "scan-1".to_owned());
    let parcel = ParcelRef::Number(ParcelKey(tracking.to_owned()));
    Some(match (kind, wait) {
        (EventType::ParcelMoved, Wait::Delivered) => {
            let (promised, parcel) = (Some(promised.to_owned()), Some(parcel));
            Fact::ParcelMoved { source, tracking_event, status: "in_transit".into(), parcel, promised }
        }
        (EventType::ParcelOutForDelivery, Wait::TrackingAlive) => {
            Fact::ParcelOutForDelivery { source, tracking_event, status: "out_for_delivery".into(), parcel }
        }
        (EventType::ParcelTroubled, Wait::TrackingAlive) => {
            let progress = Progress::AttemptFailed;
            Fact::ParcelTroubled { source, tracking_event, status: "failure".into(), progress, parcel }
        }
        _ => return None,
    })
}

/// Shopify's webhook about a parcel on its way, as the sandbox is asked to deliver it.
pub fn scanned(order: u64, fulfilment: &Value) -> Value {
    let scan =
        json!({ "id": order % 100_000, "order_id": order, "fulfillment_id": fulfilment, "status": "in_transit" });
    json!({ "source": "shopify", "topic": "fulfillment_events/create", "payload": scan, "times": 1 })
}

/// Shopify's webhook about an order that nobody has paid.
pub fn placed(order: &Value) -> Value {
    json!({ "source": "shopify", "topic": "orders/create", "payload": order, "times": 1 })
}

/// What ends a wait, before the order goes on at the partner.
#[derive(Debug, Clone, PartialEq)]
pub enum AfterAll {
    InStore(Value),
    /// The owner lets the order go on.
    Released,
    /// The partner goes on, and that is all.
    AtThePartner,
}

/// What ends this wait, and how many of [`acts`] had happened before.
pub fn after_all(wait: Wait) -> (AfterAll, usize) {
    match wait {
        Wait::PaymentArrives => (AfterAll::InStore(json!({ "do": "pay" })), 0),
        Wait::RiskVerdict => (AfterAll::InStore(json!({ "do": "risk", "level": "LOW" })), 0),
        Wait::HeldOrder => (AfterAll::Released, 0),
        Wait::PartnerAccepts => (AfterAll::AtThePartner, 0),
        Wait::PartnerShips | Wait::CustomerInformed => (AfterAll::AtThePartner, 1),
        Wait::FirstScan | Wait::TrackingAlive | Wait::Delivered => (AfterAll::AtThePartner, 2),
    }
}
