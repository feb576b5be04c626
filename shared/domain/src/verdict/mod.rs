//! Capture's decision: is this order paid, real and safe to make?
//!
//! | file | question |
//! |---|---|
//! | [`amounts`] | do the parts make the total, in both moneys? |
//! | [`tax`] | was tax charged where it is due? |
//! | [`hold`] | why a person decides, in words |
//! | [`standing`] | where the order stands by its own events |

pub mod amounts;
pub mod hold;
pub mod standing;
pub mod tax;

pub use hold::Hold;
pub use standing::Standing;
pub use tax::Place;

use crate::order::{Order, Payment, Risk};
use crate::screening::{self, Velocity, enough, screen};

/// The owner's choices that the verdict follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// A live store refuses orders made with a test payment.
    pub live: bool,
    /// From this assessment on, a person decides.
    pub hold_at: Risk,
    /// Our own fraud rules.
    pub screening: screening::Rules,
    /// Where the owner has to charge tax.
    pub tax_due: Vec<Place>,
}

/// What capture decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made.
    Clear,
    /// The risk assessment has not arrived yet.
    Wait,
    /// Cancelled in the store: nothing is to be done.
    Cancelled,
    /// A person decides, and these are all the reasons.
    Hold(Vec<Hold>),
}

/// Decides. The same for every order in which the events may have arrived: it looks at the store's order as it is now, and at the
/// set of the order's own events.
///
/// What is decided about the less usual orders:
///
/// | order | verdict |
/// |---|---|
/// | of nothing (a full discount), of gift cards, of downloads, without a mail address | cleared like any other |
/// | paid by hand (bank transfer, cash), and marked as paid by the owner | cleared: the mark is a person's word |
/// | paid in part, or with a balance due after an edit | held |
/// | with a test payment in a live store | held, unless `make test-order` placed it |
/// | placed by `make test-order` | verified like any other, but not screened: it is never made |
/// | something physical without an address | held |
/// | cleared already | held again only by what is new about its money: a balance, a dispute, a warning, a HIGH risk |
/// | on its way already | never held: nothing can be kept back |
/// | released by a person | held again only by what that person had not been told |
#[must_use]
pub fn verdict(order: &Order, rules: &Rules, standing: &Standing, velocity: &Velocity) -> Verdict {
    if order.cancelled {
        return Verdict::Cancelled;
    }
    if standing.shipped {
        return Verdict::Clear;
    }
    let trial = order.is_trial();
    let mut holds: Vec<Hold> = Vec::new();
    match &order.payment {
        Payment::Paid | Payment::PartiallyRefunded => {}
        // Routing takes back what was cleared before the money went back.
        Payment::Refunded if standing.cleared => {}
        Payment::Refunded => holds.push(Hold::Refunded),
        other => holds.push(Hold::NotPaid(other.clone())),
    }
    if !standing.cleared {
        if order.test && rules.live && !trial {
            holds.push(Hold::TestOrder);
        }
        holds.extend(amounts::differ(order));
        if needs_parcel(order) && order.ship_to.is_none() {
            holds.push(Hold::NoAddress);
        }
    }
    holds.extend(disputes(order, standing));
    holds.extend(standing.warnings.iter().map(|warning| Hold::FraudWarned { warning: warning.clone() }));
    if !trial {
        holds.extend(screened(order, rules, standing, velocity));
    }
    holds.retain(|hold| !hold.causes().iter().all(|cause| standing.accepted.contains(cause)));
    if !holds.is_empty() {
        return Verdict::Hold(holds);
    }
    if order.risk == Risk::Pending && !trial && !standing.cleared && !standing.released() {
        return Verdict::Wait;
    }
    Verdict::Clear
}

/// Whether our own rules still have a say: they look at an order once, before it is cleared, and not after a person has released
/// it. Only then is anything counted.
#[must_use]
pub fn to_be_screened(order: &Order, standing: &Standing) -> bool {
    !(order.cancelled || order.is_trial() || standing.cleared || standing.shipped || standing.released())
}

/// The platform's own word counts at any time; our rules only while the order is new.
fn screened(order: &Order, rules: &Rules, standing: &Standing, velocity: &Velocity) -> Option<Hold> {
    let own_rules = to_be_screened(order, standing);
    if own_rules && order.risk == Risk::Pending {
        // All of it is judged together, once the assessment is there.
        return None;
    }
    let tripped: Vec<_> = if own_rules {
        screen(order, velocity, &rules.screening, rules.hold_at)
    } else {
        let assessed = |one: &screening::Tripped| matches!(one.reason, screening::Reason::Assessed { .. });
        let all = screen(order, &Velocity::default(), &rules.screening, rules.hold_at);
        all.into_iter().filter(assessed).collect()
    };
    let held = order.risk >= rules.hold_at || (own_rules && enough(&tripped, &rules.screening));
    (held && !tripped.is_empty())
        .then(|| Hold::Screening { reasons: tripped.into_iter().map(|tripped| tripped.reason).collect() })
}

/// Open disputes, from the store and from what was told; one that the store shows as closed is over.
fn disputes(order: &Order, standing: &Standing) -> Vec<Hold> {
    let in_store = order.disputes.iter().filter(|dispute| dispute.open);
    let mut open: Vec<(String, bool)> = in_store.map(|dispute| (dispute.id.clone(), dispute.chargeback)).collect();
    for (id, chargeback) in &standing.disputes {
        if !order.disputes.iter().any(|dispute| dispute.id == *id) {
            open.push((id.clone(), *chargeback));
        }
    }
    open.sort();
    open.into_iter().map(|(dispute, chargeback)| Hold::Disputed { dispute, chargeback }).collect()
}

/// Something in it has to be made and sent by us.
fn needs_parcel(order: &Order) -> bool {
    order.lines.iter().any(|line| {
        line.quantity > 0 && line.requires_shipping && !line.gift_card && order.made_by_other(line).is_none()
    })
}

#[cfg(test)]
mod tests;
