//! Reasons in words a person can read.

use std::fmt;

use super::velocity::Trail;
use crate::order::Risk;

/// Something that speaks against an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A provider assessed it. `facts`: how many facts against it the provider gives; they are read in the store, not kept.
    Assessed { provider: String, risk: Risk, facts: usize },
    /// Many orders share something.
    Often { trail: Trail, orders: u32, hours: u32 },
    /// ISO 3166-1 alpha-2.
    CountriesDiffer { billing: String, shipping: String },
    /// ISO 3166-1 alpha-2.
    CardCountryDiffers { card: String, billing: String },
    /// A freight forwarder's address, by this sign.
    Forwarder(Sign),
    /// The mail address lives for minutes.
    DisposableMail { domain: String },
    /// Failed attempts before one that worked.
    FailedPayments { failed: u32 },
    /// `512.00 EUR`, `300.00 EUR`.
    FirstOrder { total: String, over: String },
    /// Pieces of one line.
    ManyOfOne { pieces: u32 },
}

/// What gives a freight forwarder away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// A suite or apartment number of five digits or more.
    LongSuite,
    /// A customer's code of letters and digits in an address line.
    CustomerCode,
    /// It is on the owner's list.
    Listed,
}

impl Reason {
    /// What makes two reasons the same: a person who released the order has accepted it.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Assessed { risk, .. } => format!("risk-{}", word(*risk)),
            Self::Often { trail, .. } => format!("often-{}", trail.as_str()),
            Self::CountriesDiffer { .. } => "countries-differ".to_owned(),
            Self::CardCountryDiffers { .. } => "card-country-differs".to_owned(),
            Self::Forwarder(_) => "forwarder".to_owned(),
            Self::DisposableMail { .. } => "disposable-mail".to_owned(),
            Self::FailedPayments { .. } => "failed-payments".to_owned(),
            Self::FirstOrder { .. } => "first-order".to_owned(),
            Self::ManyOfOne { .. } => "many-of-one".to_owned(),
        }
    }
}

/// One sentence.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assessed { provider, risk, facts: 0 } => {
                write!(f, "{provider}'s fraud analysis calls it {} risk.", word(*risk))
            }
            Self::Assessed { provider, risk, facts } => {
                let facts = if *facts == 1 { "one fact".to_owned() } else { format!("{facts} facts") };
                write!(f, "{provider}'s fraud analysis calls it {} risk ({facts} against it).", word(*risk))
            }
            Self::Often { trail, orders, hours } => {
                let shared = match trail {
                    Trail::Mail => "with the same mail address",
                    Trail::Address => "to the same street",
                    Trail::Card => "paid with the same card",
                    Trail::Ip => "from the same network address",
                };
                let hours = if *hours == 1 { "an hour".to_owned() } else { format!("{hours} hours") };
                write!(f, "It is one of {orders} orders {shared} within {hours}.")
            }
            Self::CountriesDiffer { billing, shipping } => {
                write!(f, "The bill goes to {billing} and the parcel to {shipping}.")
            }
            Self::CardCountryDiffers { card, billing } => {
                write!(f, "The card comes from {card} and the bill goes to {billing}.")
            }
            Self::Forwarder(Sign::LongSuite) => f.write_str(
                "The address looks like a freight forwarder's: its suite number is as long as a customer number.",
            ),
            Self::Forwarder(Sign::CustomerCode) => {
                f.write_str("The address looks like a freight forwarder's: it contains a customer code.")
            }
            Self::Forwarder(Sign::Listed) => f.write_str("The address is a freight forwarder's on your list."),
            Self::DisposableMail { domain } => write!(f, "The mail address is a throw-away one ({domain})."),
            Self::FailedPayments { failed } => write!(f, "{failed} payments failed before one worked."),
            Self::FirstOrder { total, over } => {
                write!(f, "It is this customer's first order, and {total} is more than {over}.")
            }
            Self::ManyOfOne { pieces } => write!(f, "It is for {pieces} pieces of one thing."),
        }
    }
}

/// In the owner's words.
pub(crate) fn word(risk: Risk) -> &'static str {
    match risk {
        Risk::Pending => "unknown",
        Risk::None => "no",
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}
