//! Why an order is held, in the owner's words.

use std::fmt;

use crate::order::Payment;
use crate::screening::Reason;

/// Why a person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The store does not call it paid. After an edit: a balance is due.
    NotPaid(Payment),
    /// All of the money went back.
    Refunded,
    /// A test payment in a live store.
    TestOrder,
    /// The parts do not add up to the total.
    AmountsDiffer { expected: String, total: String },
    /// Something physical has to be made and there is nowhere to send it.
    NoAddress,
    /// The customer or the bank disputes the payment.
    Disputed { dispute: String, chargeback: bool },
    /// The card's network warns of fraud.
    FraudWarned { warning: String },
    /// Too much speaks against it, the heaviest first.
    Screening { reasons: Vec<Reason> },
    /// More than one of these.
    Several(Vec<Hold>),
}

impl Hold {
    /// One of it, or all of them together; `None` of nothing.
    #[must_use]
    pub fn all(mut holds: Vec<Self>) -> Option<Self> {
        match holds.len() {
            0 => None,
            1 => holds.pop(),
            _ => Some(Self::Several(holds)),
        }
    }

    /// What tells this reason from others. A person who releases the order has accepted these causes, and no others.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        match self {
            Self::NotPaid(payment) => vec![format!("not-paid-{}", paid_words(payment).replace(' ', "-"))],
            Self::Refunded => vec!["refunded".to_owned()],
            Self::TestOrder => vec!["test".to_owned()],
            Self::AmountsDiffer { .. } => vec!["amounts".to_owned()],
            Self::NoAddress => vec!["no-address".to_owned()],
            Self::Disputed { dispute, .. } => vec![format!("dispute#{dispute}")],
            Self::FraudWarned { warning } => vec![format!("fraud-warning#{warning}")],
            Self::Screening { reasons } => reasons.iter().map(Reason::cause).collect(),
            Self::Several(holds) => holds.iter().flat_map(Self::causes).collect(),
        }
    }

    /// What the owner does next.
    #[must_use]
    pub fn next_step(&self) -> String {
        const REPLAY: &str = "then run `make replay EXCEPTION=<id>`";
        match self {
            Self::NotPaid(_) => {
                format!("Look at the payment in the store; when it is paid, {}. To make it all the same, decide by the link in the alert.", &REPLAY[5..])
            }
            Self::Refunded => {
                "Nothing is made. Cancel the order in the store, or close this if the refund was meant.".into()
            }
            Self::TestOrder => {
                "Cancel it in the store. If the store is not live yet, set mode = \"test\" in store.toml.".into()
            }
            Self::AmountsDiffer { .. } => {
                format!("Compare the order's totals in the store; correct it there, {REPLAY}.")
            }
            Self::NoAddress => format!("Ask the customer for the address and enter it in the store, {REPLAY}."),
            Self::Disputed { .. } | Self::FraudWarned { .. } | Self::Screening { .. } | Self::Several(_) => {
                "Look at the order's payment and fraud analysis in the store, then decide by the link in the alert: make it, or cancel and refund it. Cancelling it in the store is a decision too.".into()
            }
        }
    }
}

/// A sentence or two.
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPaid(payment) => write!(f, "The store says this order is {}, not paid.", paid_words(payment)),
            Self::Refunded => f.write_str("All of the money was refunded before the order was made."),
            Self::TestOrder => f.write_str("This order was made with a test payment, and the store is live."),
            Self::AmountsDiffer { expected, total } => write!(
                f,
                "The amounts do not add up: lines, discounts, shipping and tax make {expected}, the total says {total}."
            ),
            Self::NoAddress => {
                f.write_str("Something has to be made and shipped, and the order has no shipping address.")
            }
            Self::Disputed { chargeback: true, .. } => {
                f.write_str("The customer's bank has taken the money back (chargeback).")
            }
            Self::Disputed { chargeback: false, .. } => f.write_str("The customer's bank asks about the payment."),
            Self::FraudWarned { .. } => f.write_str("The card's network warns that the payment is fraud."),
            Self::Screening { reasons } => sentences(f, reasons),
            Self::Several(holds) => sentences(f, holds),
        }
    }
}

fn sentences<T: fmt::Display>(f: &mut fmt::Formatter<'_>, all: &[T]) -> fmt::Result {
    for (n, one) in all.iter().enumerate() {
        if n > 0 {
            f.write_str(" ")?;
        }
        one.fmt(f)?;
    }
    Ok(())
}

fn paid_words(payment: &Payment) -> String {
    match payment {
        Payment::Pending => "pending".to_owned(),
        Payment::Authorized => "only authorized".to_owned(),
        Payment::PartiallyPaid => "partially paid".to_owned(),
        Payment::Paid => "paid".to_owned(),
        Payment::PartiallyRefunded => "partially refunded".to_owned(),
        Payment::Refunded => "refunded".to_owned(),
        Payment::Voided => "voided".to_owned(),
        Payment::Expired => "expired".to_owned(),
        Payment::Other(word) => word.to_lowercase(),
    }
}
