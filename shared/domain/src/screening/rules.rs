//! The owner's own fraud rules (`[screening]` in `store.toml`): each that an order trips adds its weight, and at `hold_at` a
//! person decides. A weight of 0 turns a rule off; a window of 0 hours turns a velocity rule off, and nothing is counted for it.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::money::Money;

/// All rules with their weights.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// From this sum of weights on, the order is held; 0: our own rules hold nothing.
    pub hold_at: u32,
    /// A MEDIUM assessment of the platform's that does not hold by itself (`[rules] hold_at_risk`).
    pub medium_risk: u32,
    /// Many orders with one mail address.
    pub same_mail: Often,
    /// Many orders to one street.
    pub same_address: Often,
    /// Many orders paid with one card.
    pub same_card: Often,
    /// Many orders from one network address.
    pub same_ip: Often,
    /// The bill goes to another country than the parcel.
    pub countries_differ: u32,
    /// The card comes from another country than the bill goes to.
    pub card_country_differs: u32,
    /// A customer's first order above an amount.
    pub first_order: FirstOrder,
    /// A mail address that lives for minutes.
    pub disposable_mail: u32,
    /// Domains that count as disposable beside the built-in list.
    pub disposable_domains: Vec<String>,
    /// Domains that never do, whatever the list says.
    pub trusted_domains: Vec<String>,
    /// Payments that failed before one worked.
    pub failed_payments: FailedPayments,
    /// The address looks like a freight forwarder's. Most such orders are honest: small.
    pub forwarder: u32,
    /// The address is one of `forwarders`.
    pub listed_forwarder: u32,
    /// Addresses of freight forwarders, as the owner knows them.
    pub forwarders: Vec<Forwarder>,
    /// Many pieces of one thing.
    pub many_of_one: ManyOfOne,
}

/// So many different orders within so many hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Often {
    pub hours: u32,
    /// From this count on, the order itself included.
    pub orders: u32,
    pub weight: u32,
}

impl Often {
    /// Whether anything is counted.
    #[must_use]
    pub fn on(self) -> bool {
        self.hours > 0 && self.weight > 0
    }
}

/// A customer's first order above `over`, in the shop's currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstOrder {
    pub over: Amount,
    pub weight: u32,
}

/// At least so many attempts that failed before one that worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedPayments {
    pub attempts: u32,
    pub weight: u32,
}

/// At least so many pieces of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManyOfOne {
    pub pieces: u32,
    pub weight: u32,
}

/// One forwarder's warehouse. `street` is the beginning of the first or second address line; `zip` the beginning of the code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forwarder {
    pub zip: String,
    pub street: String,
}

/// A plain decimal number of the shop's currency, e.g. `300.00`; checked when the configuration is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Amount(String);

impl Amount {
    /// The text is digits, with a point and more digits at most.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (digits(whole) && digits(fraction) && whole.len() <= 12).then(|| Self(text.to_owned()))
    }

    /// So much of the currency of `like`; digits finer than its minor unit do not count.
    #[must_use]
    pub fn in_currency_of(&self, like: Money) -> Option<Money> {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        (0..=fraction.len()).rev().find_map(|digits| {
            let text = if digits == 0 { whole.to_owned() } else { format!("{whole}.{}", &fraction[..digits]) };
            Money::parse(&text, like.code()).ok()
        })
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is not an amount like \"300.00\"")))
    }
}

impl Default for Rules {
    /// No rule but the platform's own HIGH holds alone. Mail, street and network together do not either: that is also what a
    /// faithful customer or an office looks like. A card that pays for many orders is the strongest sign of our own.
    fn default() -> Self {
        Self {
            hold_at: 100,
            medium_risk: 40,
            same_mail: Often { hours: 24, orders: 3, weight: 30 },
            same_address: Often { hours: 24, orders: 3, weight: 30 },
            same_card: Often { hours: 24, orders: 3, weight: 60 },
            same_ip: Often { hours: 1, orders: 4, weight: 30 },
            countries_differ: 35,
            card_country_differs: 35,
            first_order: FirstOrder { over: Amount("300.00".to_owned()), weight: 35 },
            disposable_mail: 45,
            disposable_domains: Vec::new(),
            trusted_domains: Vec::new(),
            failed_payments: FailedPayments { attempts: 3, weight: 45 },
            forwarder: 15,
            listed_forwarder: 40,
            forwarders: Vec::new(),
            many_of_one: ManyOfOne { pieces: 10, weight: 35 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_checked_when_they_are_read_and_fit_every_currency() {
        for text in ["300", "300.00", "0.5"] {
            assert!(Amount::parse(text).is_some(), "{text}");
        }
        for text in ["", "-1", "1,00", "1e3", ".5", "1.", "1.2.3", "many"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        let of = |text: &str, code: &str| {
            Amount::parse(text).unwrap().in_currency_of(Money::from_minor(0, code).unwrap()).unwrap().to_string()
        };
        assert_eq!(of("300.50", "USD"), "300.50 USD");
        assert_eq!(of("300.50", "JPY"), "300 JPY");
        assert_eq!(of("300.5", "KWD"), "300.500 KWD");
    }

    #[test]
    fn the_owners_rules_are_read_by_name() {
        let rules: Rules = serde_json::from_str(
            r#"{ "hold_at": 50, "same_card": { "hours": 0, "orders": 3, "weight": 60 }, "first_order": { "over": "99.90", "weight": 5 } }"#,
        )
        .unwrap();
        assert_eq!((rules.hold_at, rules.same_card.on(), rules.same_mail.on()), (50, false, true));
        let wrong = serde_json::from_str::<Rules>(r#"{ "first_order": { "over": "much", "weight": 5 } }"#);
        assert!(wrong.unwrap_err().to_string().contains("is not an amount"));
        assert!(serde_json::from_str::<Rules>(r#"{ "same_mall": 1 }"#).unwrap_err().to_string().contains("same_mall"));
    }
}
