//! What an order's journey lacks: the facts that its webhooks should have told.
//!
//! Pure: the order as the store has it, and the journey as the ledger has it.

use domain::Timestamp;
use domain::event::{EventId, Fact};
use domain::facts::of_order;
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
    let paid = has(&|fact| matches!(fact, Fact::OrderPaid {}));
    let ours = paid || has(&|fact| matches!(fact, Fact::OrderCreated {}));
    if beginning.is_some_and(|beginning| order.created < beginning) && !ours {
        return Vec::new();
    }
    let known: BTreeSet<EventId> = journey.events.iter().map(|event| event.fact.id()).collect();
    let unknown =
        of_order(order).into_iter().chain(verdict_due(order, journey)).filter(|fact| !known.contains(&fact.id()));
    let placed_with_partner = has(&|fact| matches!(fact, Fact::OrderRouted { .. }));
    let changes_are_told = has(&|fact| matches!(fact, Fact::OrderChanged { .. }));
    unknown
        .filter_map(|fact| {
            let (since, lost) = match fact {
                // All that its placing opens is the wait for its money, which is over.
                Fact::OrderCreated {} if paid => return None,
                Fact::OrderCreated {} => (order.created, true),
                Fact::OrderPaid {} => (paid_at(order), true),
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
    let paid = any(&|fact| matches!(fact, Fact::OrderPaid {}));
    (paid && !decided && !told && !order.cancelled).then(|| Fact::RiskAssessed {
        provider: order.assessments.first().map_or_else(|| "store".to_owned(), |one| one.provider.clone()),
        level: level.to_owned(),
        at: "swept".to_owned(),
    })
}
