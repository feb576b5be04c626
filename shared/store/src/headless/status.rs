//! How far things got at Stripe, as ranks that only rise. Stripe's messages come late, twice and in any order, and two of our
//! looks at Stripe may be written in the other order than they were made; whatever the order, the furthest one stands.

use serde::{Deserialize, Serialize};

/// How far an order got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A checkout was begun.
    Open,
    /// Nobody paid in time. Stripe's recovery link may still bring it back.
    Expired,
    /// The checkout is complete and the money is under way (a bank debit, a voucher).
    Awaiting,
    /// That money did not come.
    Failed,
    /// The money is there, or none was due.
    Paid,
}

impl Status {
    /// The customer finished the checkout: it is an order, and no mere intention.
    #[must_use]
    pub fn is_order(self) -> bool {
        self >= Self::Awaiting
    }
}

/// How far one attempt to pay got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptStatus {
    Pending,
    Failed,
    Succeeded,
}

/// How far a refund got. One that succeeded can still fail (the customer's bank sends it back), never the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

impl RefundStatus {
    /// Stripe's word: `pending`, `requires_action`, `succeeded`, `failed`, `canceled`. A word that is new is one under way.
    #[must_use]
    pub fn of(word: Option<&str>) -> Self {
        match word {
            Some("succeeded") => Self::Succeeded,
            Some("failed" | "canceled") => Self::Failed,
            _ => Self::Pending,
        }
    }
}

/// How far a dispute got: an inquiry (`warning_…`) may become a chargeback, and never the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    InquiryOpen,
    InquiryAnswered,
    InquiryClosed,
    ChargebackOpen,
    ChargebackAnswered,
    Lost,
    Won,
}

impl DisputeStatus {
    /// Stripe's word. One that is new is taken for a chargeback that wants an answer: that is heard of, and nothing worse.
    #[must_use]
    pub fn of(word: Option<&str>) -> Self {
        match word {
            Some("warning_needs_response") => Self::InquiryOpen,
            Some("warning_under_review") => Self::InquiryAnswered,
            Some("warning_closed" | "prevented") => Self::InquiryClosed,
            Some("under_review") => Self::ChargebackAnswered,
            Some("lost" | "charge_refunded") => Self::Lost,
            Some("won") => Self::Won,
            _ => Self::ChargebackOpen,
        }
    }

    /// Money was taken back already.
    #[must_use]
    pub fn is_chargeback(self) -> bool {
        self >= Self::ChargebackOpen
    }

    /// It still wants an answer.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::InquiryOpen | Self::ChargebackOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_are_the_order_in_which_things_happen() {
        assert!(Status::Open < Status::Expired && Status::Expired < Status::Awaiting);
        assert!(Status::Awaiting < Status::Failed && Status::Failed < Status::Paid);
        assert!(!Status::Expired.is_order() && Status::Awaiting.is_order());
        let words = ["warning_needs_response", "warning_closed", "needs_response", "under_review", "lost", "won"];
        let ranks = words.map(|word| DisputeStatus::of(Some(word)));
        assert!(ranks.is_sorted() && ranks[1] < ranks[2]);
        assert!(DisputeStatus::of(Some("a_word_of_next_year")).is_open());
        assert!(RefundStatus::of(Some("canceled")) > RefundStatus::of(Some("succeeded")));
    }
}
