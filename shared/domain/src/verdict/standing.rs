//! Where an order stands by its own events: paid, cleared, held and decided. The same for every order in which they came.

use std::collections::BTreeSet;

use crate::decision::{Choice, Decision, OWNER, Refusal};
use crate::event::{Event, Fact};

/// The source of a release that somebody made in the store by lifting our hold there.
pub const STORE: &str = "store";

/// What an order's events say about clearing and holding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The store has said that it is paid.
    pub paid: bool,
    pub cleared: bool,
    /// A parcel of it is on its way: holding it changes nothing any more.
    pub shipped: bool,
    /// The latest hold; 0: none.
    pub round: u32,
    /// The latest decision, by the round it is about.
    pub decided: Option<(u32, Choice)>,
    /// Set by the latest decision, if it is a person's refusal.
    pub refusal: Option<Refusal>,
    /// Causes a person has accepted by releasing the order.
    pub accepted: BTreeSet<String>,
    /// Causes of the holds that nobody has decided about yet: the owner has been told of them.
    pub told: BTreeSet<String>,
    /// Disputes, with whether money was taken back.
    pub disputes: Vec<(String, bool)>,
    /// Warnings of the card's network.
    pub warnings: Vec<String>,
}

impl Standing {
    /// Reads the events of one order. A decision counts only from a person: the owner, or whoever lifted our hold in the store.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut standing = Self::default();
        for event in events {
            match &event.fact {
                Fact::OrderPaid { .. } => standing.paid = true,
                Fact::OrderCleared {} => standing.cleared = true,
                Fact::ParcelShipped { .. } | Fact::ParcelAnnounced { .. } => standing.shipped = true,
                Fact::OrderHeld { round, .. } => standing.round = standing.round.max(*round),
                Fact::OrderDisputed { dispute, kind, .. } => {
                    standing.disputes.push((dispute.clone(), kind == "chargeback"));
                }
                Fact::FraudWarned { warning } => standing.warnings.push(warning.clone()),
                _ => {}
            }
            standing.hear_decision(event);
        }
        let released = match standing.decided {
            Some((round, Choice::Release)) => round,
            _ => 0,
        };
        for event in events {
            let Fact::OrderHeld { round, causes, .. } = &event.fact else { continue };
            if *round <= released {
                standing.accepted.extend(causes.iter().cloned());
            } else {
                standing.told.extend(causes.iter().cloned());
            }
        }
        standing.disputes.sort();
        standing.warnings.sort();
        standing
    }

    fn hear_decision(&mut self, event: &Event) {
        let Fact::OrderDecided { choice, round, .. } = &event.fact else { return };
        let valid = event.source == OWNER || (event.source == STORE && *choice == Choice::Release);
        if !valid || self.decided.is_some_and(|(latest, _)| latest >= *round) {
            return;
        }
        self.decided = Some((*round, *choice));
        self.refusal = match Decision::of(event) {
            Some(Decision::Refuse(refusal)) => Some(refusal),
            _ => None,
        };
    }

    /// The hold that nobody has decided about yet.
    #[must_use]
    pub fn held(&self) -> Option<u32> {
        let decided = self.decided.map_or(0, |(round, _)| round);
        (self.round > decided).then_some(self.round)
    }

    /// A person has released it at least once.
    #[must_use]
    pub fn released(&self) -> bool {
        matches!(self.decided, Some((_, Choice::Release)))
    }

    /// The number of the next hold.
    #[must_use]
    pub fn next_round(&self) -> u32 {
        self.round.max(self.decided.map_or(0, |(round, _)| round)).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::{OrderId, Subject};

    fn event(fact: Fact, source: &str) -> Event {
        let time = "2026-11-22T02:13:00Z".parse().unwrap();
        Event { subject: Subject::Order(OrderId(1)), fact, source: source.into(), time, order_name: None }
    }

    fn held(round: u32, causes: &[&str]) -> Event {
        let causes = causes.iter().map(|cause| (*cause).to_owned()).collect();
        event(Fact::OrderHeld { reason: "a reason".into(), round, causes }, "capture")
    }

    fn decided(choice: Choice, round: u32, source: &str) -> Event {
        event(Fact::OrderDecided { choice, decision: format!("d-{round}"), round }, source)
    }

    #[test]
    fn a_release_accepts_what_was_told_and_not_what_comes_later() {
        let events = [held(1, &["dispute#9"]), decided(Choice::Release, 1, OWNER), held(2, &["risk-high"])];
        let standing = Standing::of(&events);
        assert_eq!(standing.accepted, BTreeSet::from(["dispute#9".to_owned()]));
        assert_eq!((standing.held(), standing.next_round()), (Some(2), 3));
        assert!(Standing::of(&events[..2]).held().is_none());
    }

    #[test]
    fn only_a_person_refuses() {
        let refused = |source| Standing::of(&[held(1, &["test"]), decided(Choice::Refuse, 1, source)]).refusal;
        assert_eq!(refused(OWNER).unwrap().id(), "d-1");
        for source in [STORE, "capture", "shopify"] {
            assert_eq!(refused(source), None, "{source}");
        }
        let lifted = Standing::of(&[held(1, &["test"]), decided(Choice::Release, 1, STORE)]);
        assert!(lifted.released() && lifted.accepted.contains("test"));
    }

    #[test]
    fn the_same_for_every_order_of_events() {
        let events = [
            event(Fact::OrderPaid { what: None }, "shopify"),
            held(1, &["dispute#9"]),
            decided(Choice::Release, 1, OWNER),
            event(Fact::OrderCleared {}, "capture"),
            event(Fact::OrderDisputed { dispute: "9".into(), kind: "inquiry".into(), due: None }, "shopify"),
            event(Fact::FraudWarned { warning: "4".into() }, "stripe"),
        ];
        let expected = Standing::of(&events);
        let mut order: Vec<usize> = (0..events.len()).collect();
        let mut seen = 0;
        permute(&mut order, 0, &mut |order| {
            let events: Vec<Event> = order.iter().map(|n| events[*n].clone()).collect();
            assert_eq!(Standing::of(&events), expected, "{order:?}");
            seen += 1;
        });
        assert_eq!(seen, 720);
    }

    fn permute(order: &mut [usize], from: usize, each: &mut impl FnMut(&[usize])) {
        if from == order.len() {
            return each(order);
        }
        for n in from..order.len() {
            order.swap(from, n);
            permute(order, from + 1, each);
            order.swap(from, n);
        }
    }
}
