//! Flows that are left to Klaviyo: what it hears of, so that its own flows can begin and end.
//!
//! | our fact | Klaviyo hears | if |
//! |---|---|---|
//! | the first `checkout.started` of a checkout | that a checkout was started | a flow that starts there is left to it |
//! | `order.cleared` | that an order was placed, and of what | any flow is left to it: a purchase ends reminders |
//! | `parcel.announced`, the last of its order | that the order is on its way | a flow that starts at `parcel.delivered` is left to it |
//! | `parcel.delivered`, the last of its order | that it has arrived | the same |
//! | a yes to marketing mail | to subscribe that address | any flow is left to it |
//! | a no | to unsubscribe it | always |
//!
//! Where `if` does not hold nothing is said, so that a flow which Klaviyo has and we send cannot begin there. Who sends a flow is
//! decided once for each entry: by the fact `klaviyo.due`, or by a mail that went out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{By, Flow, Flows, Trigger};
use crate::contact::Consent;
use crate::event::{Event, Fact};

/// What Klaviyo is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Telling {
    StartedCheckout,
    PlacedOrder,
    FulfilledOrder,
    DeliveredOrder,
    Subscribed,
    Unsubscribed,
}

impl Telling {
    /// The word in fact-ids and effects.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartedCheckout => "started-checkout",
            Self::PlacedOrder => "placed-order",
            Self::FulfilledOrder => "fulfilled-order",
            Self::DeliveredOrder => "delivered-order",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

impl Flows {
    /// Whether any flow is left to Klaviyo.
    #[must_use]
    pub fn any_left(&self) -> bool {
        self.flow.iter().any(is_left)
    }

    /// The names of the flows left to Klaviyo that begin with `trigger`. A paused one is nobody's.
    fn left(&self, trigger: Trigger) -> Vec<String> {
        let names = self.flow.iter().filter(|flow| is_left(flow) && !flow.paused && flow.trigger == trigger);
        names.map(|flow| flow.name.clone()).collect()
    }
}

fn is_left(flow: &Flow) -> bool {
    flow.by == By::Klaviyo && flow.is_marketing()
}

/// The fact `klaviyo.due` that this event brings; `None`: Klaviyo hears nothing of it. Of several changes of one checkout all bring
/// the same: that only the first may is the caller's to see to, who knows the others.
#[must_use]
pub fn telling(event: &Event, flows: &Flows) -> Option<Fact> {
    let due = |what, about, flows| Some(Fact::KlaviyoDue { what, about, flows, since: event.time });
    let starts = |trigger| Some(flows.left(trigger)).filter(|flows| !flows.is_empty());
    match &event.fact {
        Fact::CheckoutStarted { .. } => due(Telling::StartedCheckout, None, starts(Trigger::CheckoutStarted)?),
        Fact::OrderCleared {} if flows.any_left() => due(Telling::PlacedOrder, None, Vec::new()),
        Fact::ParcelAnnounced { parcel, .. } => {
            due(Telling::FulfilledOrder, Some(parcel.0.clone()), starts(Trigger::Delivered)?)
        }
        Fact::ParcelDelivered { .. } => {
            due(Telling::DeliveredOrder, Some(event.fact.id().0), starts(Trigger::Delivered)?)
        }
        Fact::ContactUnsubscribed { at, .. } => due(Telling::Unsubscribed, Some(second(at)), Vec::new()),
        Fact::ContactSubscribed { at, .. } if flows.any_left() => {
            due(Telling::Subscribed, Some(second(at)), flows.left(Trigger::Subscribed))
        }
        Fact::ConsentChanged { state, at, .. } => match Consent::of_word(state) {
            Consent::Subscribed if flows.any_left() => {
                due(Telling::Subscribed, Some(second(at)), flows.left(Trigger::Subscribed))
            }
            Consent::Unsubscribed => due(Telling::Unsubscribed, Some(second(at)), Vec::new()),
            _ => None,
        },
        _ => None,
    }
}

/// The moment of a yes or a no, written in one way: our page and the store's webhook tell of the same one.
fn second(at: &str) -> String {
    let whole = at.parse::<Timestamp>().ok().and_then(|at| Timestamp::from_second(at.as_second()).ok());
    whole.map_or_else(|| at.to_owned(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{OptIn, OptOut, ParcelRef};
    use crate::parcel::ParcelKey;
    use crate::subject::Subject;

    const AT: &str = "2026-11-22T02:13:00Z";

    fn flows(left: &[(&str, &str)]) -> Flows {
        let flow = left.iter().map(|(name, trigger)| {
            serde_json::json!({ "name": name, "trigger": trigger, "by": "klaviyo", "steps": [{ "delay": "0", "mail": "review" }] })
        });
        serde_json::from_value(serde_json::json!({ "flow": flow.collect::<Vec<_>>() })).unwrap()
    }

    fn told(fact: Fact, flows: &Flows) -> Option<(Telling, Vec<String>)> {
        let subject = Subject::Contact("00ff".into());
        let event = Event { subject, fact, source: "test".into(), time: AT.parse().unwrap(), order_name: None };
        match telling(&event, flows) {
            Some(Fact::KlaviyoDue { what, flows, since, .. }) => {
                assert_eq!(since, event.time);
                Some((what, flows))
            }
            other => other.map(|fact| panic!("{fact:?}")),
        }
    }

    #[test]
    fn nothing_is_told_that_begins_a_flow_which_is_not_left() {
        let started = || Fact::CheckoutStarted { at: AT.into(), customer: None };
        let delivered =
            || Fact::ParcelDelivered { source: "test".into(), parcel: ParcelRef::Number(ParcelKey("1Z999".into())) };
        let yes = || Fact::ContactSubscribed { how: OptIn::Form, customer: "7".into(), at: AT.into() };
        let no = || Fact::ContactUnsubscribed { how: OptOut::Page, customer: None, mail: None, at: AT.into() };
        let changed = |state: &str| Fact::ConsentChanged { state: state.into(), at: AT.into(), customer: None };
        let cart = flows(&[("cart", "checkout.started")]);
        assert_eq!(told(started(), &cart), Some((Telling::StartedCheckout, vec!["cart".into()])));
        assert_eq!(told(Fact::OrderCleared {}, &cart), Some((Telling::PlacedOrder, vec![])));
        assert_eq!(told(delivered(), &cart), None);
        assert_eq!(
            told(yes(), &cart),
            Some((Telling::Subscribed, vec![])),
            "it may write to them, and does not welcome them"
        );
        let review = flows(&[("review", "parcel.delivered"), ("welcome", "contact.subscribed")]);
        assert_eq!(told(started(), &review), None);
        assert_eq!(told(delivered(), &review), Some((Telling::DeliveredOrder, vec!["review".into()])));
        assert_eq!(told(changed("SUBSCRIBED"), &review), Some((Telling::Subscribed, vec!["welcome".into()])));
        assert_eq!(told(changed("pending"), &review), None);
        let none = Flows::default();
        for fact in [started(), Fact::OrderCleared {}, delivered(), yes(), changed("subscribed")] {
            assert_eq!(told(fact, &none), None);
        }
        for fact in [no(), changed("unsubscribed")] {
            assert_eq!(told(fact, &none), Some((Telling::Unsubscribed, vec![])), "a no reaches it in any case");
        }
    }

    #[test]
    fn a_paused_flow_is_nobodys_and_the_same_yes_told_twice_is_one() {
        let mut paused = flows(&[("cart", "checkout.started")]);
        paused.flow[0].paused = true;
        assert_eq!(told(Fact::CheckoutStarted { at: AT.into(), customer: None }, &paused), None);
        let ids = ["2026-11-22T02:13:00Z", "2026-11-22T03:13:00.250+01:00"].map(second);
        assert_eq!(ids[0], ids[1]);
    }
}
