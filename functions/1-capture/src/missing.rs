//! What an order's journey lacks: the facts that its webhooks should have told.
//!
//! Pure: the order as the store has it, and the journey as the ledger has it.

use domain::Timestamp;
use domain::event::{EventId, Fact};
use domain::facts::{self, of_order};
use domain::order::{AttemptOutcome, Order, Risk};
use ledger::Journey;
use std::collections::BTreeSet;

/// A fact that is not in the journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub fact: Fact,
    /// Since when its webhook has had time to arrive.
    pub since: Timestamp,
    /// It shows that a webhook was lost; otherwise the store may never have sent one.
    pub lost: bool,
}

/// Which facts the journey lacks. `changed` is when the store last changed the order. Orders placed before `beginning` were the
/// owner's before they were ours: unless their placing or paying was told to us, they are left alone.
#[must_use]
pub fn missing(order: &Order, changed: Timestamp, journey: &Journey, beginning: Option<Timestamp>) -> Vec<Missing> {
    let has = |test: &dyn Fn(&Fact) -> bool| journey.events.iter().any(|event| test(&event.fact));
    let paid = has(&|fact| matches!(fact, Fact::OrderPaid { .. }));
    let ours = paid || has(&|fact| matches!(fact, Fact::OrderCreated {}));
    if beginning.is_some_and(|beginning| order.created < beginning) && !ours {
        return Vec::new();
    }
    let known: BTreeSet<EventId> = journey.events.iter().map(|event| event.fact.id()).collect();
    let implied = of_order(order).into_iter().filter_map(|fact| match &fact {
        Fact::OrderChanged { what, .. } => facts::changed(what, Some(changed), &journey.events),
        _ => Some(fact),
    });
    let unknown = implied.chain(verdict_due(order, journey)).filter(|fact| !known.contains(&fact.id()));
    let placed_with_partner = has(&|fact| matches!(fact, Fact::OrderRouted { .. }));
    let changes_are_told = has(&|fact| matches!(fact, Fact::OrderChanged { .. }));
    unknown
        .filter_map(|fact| {
            let (since, lost) = match fact {
                // All that its placing opens is the wait for its money, which is over.
                Fact::OrderCreated {} if paid => return None,
                Fact::OrderCreated {} => (order.created, true),
                Fact::OrderPaid { .. } => (paid_at(order), true),
                // Before a partner has it, every layer reads the store anyway.
                Fact::OrderChanged { .. } if !placed_with_partner && !changes_are_told => return None,
                Fact::OrderChanged { .. } => (changed, changes_are_told),
                _ => (changed, true),
            };
            Some(Missing { fact, since, lost })
        })
        .collect()
}

fn paid_at(order: &Order) -> Timestamp {
    let paid = order.attempts.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Succeeded && !attempt.manual);
    paid.map(|attempt| attempt.at).max().unwrap_or(order.updated).max(order.created)
}

/// The order is paid, its risk assessment is there, and capture has not decided: it waits for a webhook that never came. The
/// assessment found so is a fact of its own, once per level.
fn verdict_due(order: &Order, journey: &Journey) -> Option<Fact> {
    let level = match order.risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
        Risk::None => "none",
        Risk::Pending => return None,
    };
    let any = |test: &dyn Fn(&Fact) -> bool| journey.events.iter().any(|event| test(&event.fact));
    let decided =
        any(&|fact| matches!(fact, Fact::OrderCleared {} | Fact::OrderHeld { .. } | Fact::OrderCancelled { .. }));
    // An assessment that was told is capture's to act on, and the watchdog's where capture does not.
    let told = any(&|fact| matches!(fact, Fact::RiskAssessed { level: known, .. } if known == level));
    let paid = any(&|fact| matches!(fact, Fact::OrderPaid { .. }));
    (paid && !decided && !told && !order.cancelled).then(|| Fact::RiskAssessed {
        provider: order.assessments.first().map_or_else(|| "store".to_owned(), |one| one.provider.clone()),
        level: level.to_owned(),
        at: "swept".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::Event;
    use domain::order::{Assessment, Payment, PaymentAttempt};
    use domain::subject::Subject;

    const DAY: &str = "2026-11-22T02:13:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn order() -> Order {
        domain::fixture::order().unwrap()
    }

    fn journey(facts: &[Fact]) -> Journey {
        let event = |fact: &Fact| Event {
            subject: Subject::Order(order().id),
            fact: fact.clone(),
            source: "shopify".into(),
            time: at(DAY),
            order_name: None,
        };
        Journey { events: facts.iter().map(event).collect(), ..Journey::default() }
    }

    fn ids(order: &Order, facts: &[Fact]) -> Vec<String> {
        let found = missing(order, at("2026-11-22T03:00:00Z"), &journey(facts), None);
        found.into_iter().map(|missing| missing.fact.id().0).collect()
    }

    fn routed() -> Fact {
        Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None }
    }

    #[test]
    fn all_lost_is_all_found_and_all_told_is_nothing() {
        assert_eq!(ids(&order(), &[]), ["created", "paid"]);
        assert_eq!(
            ids(&order(), &[Fact::OrderCreated {}, Fact::OrderPaid { what: None }, Fact::OrderCleared {}]),
            [""; 0]
        );
        let paid_only = [Fact::OrderPaid { what: None }, Fact::OrderCleared {}];
        assert_eq!(ids(&order(), &paid_only), [""; 0], "that it was placed is of no use any more");
        let refunded = Order { refunds: vec!["9".into()], payment: Payment::Refunded, cancelled: true, ..order() };
        assert_eq!(ids(&refunded, &paid_only), ["refund#9", "cancelled"]);
    }

    #[test]
    fn an_order_from_before_is_left_alone_unless_it_was_told_to_us() {
        let beginning = Some(at("2026-11-22T02:14:00Z"));
        let lacks = |facts: &[Fact]| missing(&order(), at(DAY), &journey(facts), beginning).len();
        assert_eq!(lacks(&[]), 0);
        assert_eq!(lacks(&[Fact::OrderRefunded { refund: "9".into() }]), 0, "a refund of it does not make it ours");
        assert_eq!(lacks(&[Fact::OrderCreated {}]), 1);
        let after = Some(at("2026-11-22T02:12:00Z"));
        assert_eq!(missing(&order(), at(DAY), &journey(&[]), after).len(), 2);
    }

    #[test]
    fn a_change_matters_once_a_partner_has_the_order() {
        let told = [Fact::OrderPaid { what: None }, Fact::OrderCleared {}];
        assert_eq!(ids(&order(), &told), [""; 0]);
        let with_partner = [Fact::OrderPaid { what: None }, Fact::OrderCleared {}, routed()];
        let found = missing(&order(), at(DAY), &journey(&with_partner), None);
        assert!(matches!(&found[..], [Missing { fact: Fact::OrderChanged { .. }, lost: false, .. }]), "{found:?}");
        let earlier = Fact::OrderChanged { what: "another".into(), again: None };
        let found = missing(
            &order(),
            at(DAY),
            &journey(&[Fact::OrderPaid { what: None }, Fact::OrderCleared {}, earlier]),
            None,
        );
        assert!(matches!(&found[..], [Missing { fact: Fact::OrderChanged { .. }, lost: true, .. }]), "{found:?}");
    }

    #[test]
    fn an_assessment_that_nobody_told_ends_the_wait_for_it() {
        let waiting = [Fact::OrderPaid { what: None }];
        let pending = Order { risk: Risk::Pending, ..order() };
        assert_eq!(ids(&pending, &waiting), [""; 0]);
        let assessments = vec![Assessment { provider: "shopify".into(), risk: Risk::High, facts: vec![] }];
        let high = Order { risk: Risk::High, assessments, ..order() };
        assert_eq!(ids(&high, &waiting), ["risk#shopify#high#swept"]);
        assert_eq!(ids(&high, &[Fact::OrderPaid { what: None }, Fact::OrderCleared {}]), [""; 0], "decided already");
    }

    #[test]
    fn a_payment_counts_from_when_it_was_made() {
        let card = PaymentAttempt {
            gateway: "shopify_payments".into(),
            outcome: AttemptOutcome::Succeeded,
            manual: false,
            card: None,
            error: None,
            at: at("2026-11-22T02:20:00Z"),
        };
        let since = |attempts| {
            let order = Order { attempts, updated: at("2026-11-22T05:00:00Z"), ..order() };
            let found = missing(&order, at("2026-11-22T05:00:00Z"), &journey(&[Fact::OrderCreated {}]), None);
            found[0].since.to_string()
        };
        assert_eq!(since(vec![card.clone()]), "2026-11-22T02:20:00Z");
        let by_hand = PaymentAttempt { manual: true, ..card };
        assert_eq!(since(vec![by_hand]), "2026-11-22T05:00:00Z", "marked as paid later, by hand");
    }
}
