//! Payments that failed before one worked: somebody tries cards.

use super::{FailedPayments, Reason};
use crate::order::{AttemptOutcome, Order};

/// Failed attempts before the first that succeeded. What fails later (a balance after an edit) tries nothing.
pub(crate) fn failed(order: &Order, rule: FailedPayments) -> Option<Reason> {
    let worked = order.attempts.iter().position(|one| one.outcome == AttemptOutcome::Succeeded)?;
    let failed = order.attempts[..worked].iter().filter(|one| one.outcome == AttemptOutcome::Failed && !one.manual);
    let failed = u32::try_from(failed.count()).unwrap_or(u32::MAX);
    (failed >= rule.attempts.max(1)).then_some(Reason::FailedPayments { failed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::order::PaymentAttempt;

    #[test]
    fn three_failures_before_one_that_worked_and_not_two_nor_three_after() {
        use AttemptOutcome::{Failed, Pending, Succeeded};
        let at = fixture::order().unwrap().created;
        let attempt =
            |outcome| PaymentAttempt { gateway: "stripe".into(), outcome, manual: false, card: None, error: None, at };
        let reason = |outcomes: &[AttemptOutcome]| {
            let attempts = outcomes.iter().copied().map(attempt).collect();
            let order = Order { attempts, ..fixture::order().unwrap() };
            failed(&order, FailedPayments { attempts: 3, weight: 45 }).map(|reason| reason.to_string())
        };
        let words = reason(&[Failed, Failed, Pending, Failed, Succeeded]).unwrap();
        insta::assert_snapshot!(words, @"3 payments failed before one worked.");
        assert_eq!(reason(&[Failed, Failed, Succeeded]), None);
        assert_eq!(reason(&[Succeeded, Failed, Failed, Failed]), None);
        assert_eq!(reason(&[Failed, Failed, Failed]), None, "nothing worked: it is not paid");
    }
}
