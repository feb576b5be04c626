//! The facts that an order as the store has it now implies: what its webhooks should have told. The sweep appends those that
//! never arrived; since an event's id comes from the fact, what did arrive is not appended twice.

use jiff::Timestamp;

use crate::event::{Event, Fact};
use crate::order::{Address, Order, Payment};
use crate::subject::short_hash;

/// Every fact of the store's that must be in the journey of `order`, in the order in which they usually happen.
///
/// What cannot be told from the order's present state is left out: an edit has an id of its own that only its webhook names.
#[must_use]
pub fn of_order(order: &Order) -> Vec<Fact> {
    let mut facts = vec![Fact::OrderCreated {}];
    if was_paid(&order.payment) {
        facts.push(Fact::OrderPaid { what: None });
    }
    facts.extend(order.refunds.iter().map(|refund| Fact::OrderRefunded { refund: refund.clone() }));
    facts.extend(order.disputes.iter().map(|dispute| Fact::OrderDisputed {
        dispute: dispute.id.clone(),
        kind: if dispute.chargeback { "chargeback" } else { "inquiry" }.to_owned(),
        due: None,
    }));
    if order.cancelled {
        facts.push(Fact::OrderCancelled { reason: None });
    }
    let what = what_matters(order.ship_to.as_ref(), order.cancelled, &order.payment);
    facts.push(Fact::OrderChanged { what, again: None });
    facts
}

/// The fact that an order is `what` (see [`what_matters`]) since `at`, given the events of its journey; `None` where that is no
/// news: it was told last, or something newer was. Where nobody knows since when (`at`), what was told once is no news.
#[must_use]
pub fn changed(what: &str, at: Option<Timestamp>, events: &[Event]) -> Option<Fact> {
    let told = || {
        events.iter().filter_map(|event| match &event.fact {
            Fact::OrderChanged { what, .. } | Fact::OrderPaid { what: Some(what) } => Some((event.time, what.as_str())),
            _ => None,
        })
    };
    let new = |again| Fact::OrderChanged { what: what.to_owned(), again };
    if !told().any(|(_, known)| known == what) {
        return Some(new(None));
    }
    let (newest, last) = told().max()?;
    let at = at?.as_second();
    (last != what && newest.as_second() <= at).then(|| new(Some(at.to_string())))
}

/// All of the money was there once.
fn was_paid(payment: &Payment) -> bool {
    matches!(payment, Payment::Paid | Payment::PartiallyRefunded | Payment::Refunded)
}

/// The hash of what matters to us in an order that can change without a topic of its own: where it goes, and whether it is
/// paid or cancelled. Sixteen hex digits; from a webhook's body and from the store's answer it is the same.
#[must_use]
pub fn what_matters(ship_to: Option<&Address>, cancelled: bool, payment: &Payment) -> String {
    what_matters_at(&ship_to.map_or_else(String::new, address_hash), cancelled, payment)
}

/// The same where only the hash of the address is known.
#[must_use]
pub fn what_matters_at(address: &str, cancelled: bool, payment: &Payment) -> String {
    let payment = match payment {
        Payment::Paid | Payment::PartiallyRefunded => "paid",
        Payment::Refunded => "refunded",
        _ => "unpaid",
    };
    short_hash(&[address, if cancelled { "cancelled" } else { "" }, payment], 16)
}

/// The hash of an address: white space and letter case do not count. Sixteen hex digits.
#[must_use]
pub fn address_hash(address: &Address) -> String {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let optional = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
    let parts = [
        plain(&address.name),
        optional(&address.company),
        plain(&address.address1),
        optional(&address.address2),
        plain(&address.city),
        optional(&address.province_code),
        optional(&address.zip),
        plain(&address.country_code),
        optional(&address.phone),
    ];
    short_hash(&parts.each_ref().map(String::as_str), 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::order::Dispute;

    #[test]
    fn a_paid_refunded_and_disputed_order_implies_all_of_it() {
        let order = Order {
            payment: Payment::PartiallyRefunded,
            refunds: vec!["5556667778".into()],
            disputes: vec![Dispute { id: "9".into(), chargeback: true, open: true }],
            ..fixture::order().unwrap()
        };
        let ids: Vec<String> = of_order(&order).iter().map(|fact| fact.id().0).collect();
        assert_eq!(ids[..4], ["created", "paid", "refund#5556667778", "dispute#9"]);
        let pending = Order { payment: Payment::Pending, ..fixture::order().unwrap() };
        assert!(!of_order(&pending).contains(&Fact::OrderPaid { what: None }));
    }

    #[test]
    fn a_tag_changes_nothing_that_matters_and_a_street_does() {
        let order = fixture::order().unwrap();
        let before = of_order(&order);
        assert_eq!(of_order(&Order { tags: vec!["vip".into()], ..order.clone() }), before);
        let mut moved = order;
        moved.ship_to.as_mut().unwrap().address1 = "2 Example Street".into();
        assert_ne!(of_order(&moved), before);
        moved.ship_to.as_mut().unwrap().address1 = " 1  EXAMPLE street".into();
        assert_eq!(of_order(&moved), before, "neither white space nor letter case is a move");
    }

    #[test]
    fn there_and_back_again_are_two_changes() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let event = |fact, second| Event {
            subject: crate::subject::Subject::Order(fixture::order().unwrap().id),
            fact,
            source: "shopify".into(),
            time: at(second),
            order_name: None,
        };
        let mut events = vec![event(Fact::OrderPaid { what: Some("a".into()) }, 1)];
        assert_eq!(changed("a", Some(at(2)), &events), None, "a tag");
        let there = changed("b", Some(at(3)), &events).unwrap();
        assert_eq!(there.id().0, "changed#b");
        events.push(event(there, 3));
        assert_eq!(changed("a", Some(at(2)), &events), None, "an old delivery, late");
        assert_eq!(changed("a", None, &events), None, "nobody knows since when");
        let back = changed("a", Some(at(4)), &events).unwrap();
        assert_eq!(back.id().0, "changed#a#4");
        events.push(event(back, 4));
        assert_eq!(changed("a", Some(at(5)), &events), None);
        assert_eq!(changed("b", Some(at(6)), &events).unwrap().id().0, "changed#b#6");
    }
}
