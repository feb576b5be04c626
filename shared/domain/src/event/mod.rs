//! What happened: one immutable fact each, with CloudEvents 1.0 attributes.
//!
//! An event's **id comes from the fact** and never from the delivery: a webhook, its retries, its twin from another
//! subscription and the sweep's finding are one event. The id is unique within the subject; subject and id together are the
//! key under which it is stored at most once.

mod fact;
mod identity;
mod kind;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::subject::Subject;

pub use fact::{CheckoutEnd, Fact, OptIn, OptOut, ParcelRef, PartnerStop, Suppression};
pub use kind::EventType;

/// An event's id within its subject, e.g. `paid` or `refund#5556667778`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(pub String);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A fact about a subject, from a source, at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub subject: Subject,
    /// What happened.
    pub fact: Fact,
    /// Who says so: `shopify`, `printful`, or one of our layers.
    pub source: String,
    /// When it happened, by the source's own clock where the source tells; never part of the id.
    pub time: Timestamp,
    /// The order's name as the owner knows it (`#1001`), where the source tells.
    pub order_name: Option<String>,
}

impl Event {
    /// The key under which it is stored at most once.
    #[must_use]
    pub fn key(&self) -> EventKey {
        EventKey { subject: self.subject.clone(), id: self.fact.id() }
    }
}

/// What a queue message carries: the key of an event, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    pub subject: Subject,
    pub id: EventId,
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::Tracking;

    #[test]
    fn the_stored_type_is_the_cloudevents_type() {
        let fact = Fact::OrderRefunded { refund: "5556667778".into() };
        let stored = serde_json::to_value(&fact).unwrap();
        assert_eq!(stored["type"], fact.event_type().as_str());
        assert_eq!(serde_json::from_value::<Fact>(stored).unwrap(), fact);
    }

    #[test]
    fn events_of_before_they_named_a_customer_stay_readable() {
        for (stored, id) in [
            (r#"{"type":"checkout.started","data":{"at":"t"}}"#, "checkout#t"),
            (r#"{"type":"contact.changed","data":{"at":"t"}}"#, "changed#t"),
            (r#"{"type":"contact.consent_changed","data":{"state":"subscribed","at":"t"}}"#, "consent#subscribed#t"),
        ] {
            let fact: Fact = serde_json::from_str(stored).unwrap();
            assert_eq!(fact.id().0, id);
            assert_eq!(serde_json::to_string(&fact).unwrap(), stored, "and are written as they were");
        }
    }

    #[test]
    fn a_reshipment_and_a_further_number_are_facts_of_their_own() {
        let shipped = |reshipment, tracking: &str| Fact::ParcelShipped {
            partner: "printful".into(),
            partner_order: "13".into(),
            shipment: "10".into(),
            reshipment,
            tracking: Tracking::new(Some(tracking), None, None),
        };
        assert_eq!(shipped(false, "A1").id(), shipped(false, "a 1").id(), "however it is written");
        assert_ne!(shipped(false, "A1").id(), shipped(false, "B2").id());
        assert_ne!(shipped(false, "A1").id(), shipped(true, "A1").id());
    }
}
