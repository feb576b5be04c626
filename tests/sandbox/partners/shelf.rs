//! What a partner can make and what it charges.

use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a variant can be made, in the words of `PUT /_sandbox/partner/<name>/variants/<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Available {
    Yes,
    OutOfStock,
    Discontinued,
}

/// An amount of one piece, in the minor unit of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub minor: u64,
    pub currency: Currency,
}

impl Cost {
    /// From `12.40` and `USD`. Errors: a sentence saying what does not fit.
    pub fn read(amount: &str, currency: &str) -> Result<Self, String> {
        let currency = Currency::from_code(currency).ok_or_else(|| format!("{currency:?} is no currency"))?;
        let decimals = decimals(currency);
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let digits = format!("{whole}{fraction:0<decimals$}");
        let fits = !whole.is_empty() && fraction.len() <= decimals && !amount.ends_with('.');
        match digits.parse().ok().filter(|_| fits && digits.bytes().all(|sign| sign.is_ascii_digit())) {
            Some(minor) => Ok(Self { minor, currency }),
            None => Err(format!("{amount:?} is no amount of {} like \"12.40\"", currency.code())),
        }
    }

    /// The same currency with another amount.
    pub fn of(self, minor: u64) -> Self {
        Self { minor, ..self }
    }

    /// `12.40`.
    pub fn text(self) -> String {
        let decimals = decimals(self.currency);
        let digits = format!("{:0>width$}", self.minor, width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
    }
}

fn decimals(currency: Currency) -> usize {
    currency.exponent().map_or(0, usize::from)
}

/// The shelf of one partner.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Variants of the configuration, in the partner's own words.
    stocked: BTreeSet<String>,
    /// What the control routes said of a variant; it need not be stocked before.
    said: BTreeMap<String, Available>,
    /// Every variant can be made.
    pub any: bool,
    /// What one piece of anything costs.
    pub cost: Cost,
}

/// What one piece costs where nobody said otherwise, in cents.
const PRICE: u64 = 1_250;

impl Shelf {
    pub fn new(stocked: impl IntoIterator<Item = String>) -> Self {
        let cost = Cost { minor: PRICE, currency: Currency::USD };
        Self { stocked: stocked.into_iter().collect(), said: BTreeMap::new(), any: false, cost }
    }

    /// `None`: there is no such variant.
    pub fn state(&self, variant: &str) -> Option<Available> {
        let stocked = self.any || self.stocked.contains(variant);
        self.said.get(variant).copied().or_else(|| stocked.then_some(Available::Yes))
    }

    /// What the control routes said of exactly this variant.
    pub fn said(&self, variant: &str) -> Option<Available> {
        self.said.get(variant).copied()
    }

    pub fn say(&mut self, variant: String, available: Available) {
        self.said.insert(variant, available);
    }

    /// Every variant known by name, with its state, in order.
    pub fn known(&self) -> Vec<(String, Available)> {
        let names: BTreeSet<&String> = self.stocked.iter().chain(self.said.keys()).collect();
        names.into_iter().filter_map(|name| Some((name.clone(), self.state(name)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_with_none_two_and_three_decimals() {
        for (amount, currency, minor) in
            [("12.40", "USD", 1_240), ("12.4", "USD", 1_240), ("7", "JPY", 7), ("0.005", "KWD", 5)]
        {
            assert_eq!(Cost::read(amount, currency).unwrap().minor, minor, "{amount} {currency}");
        }
        assert_eq!(Cost::read("0.005", "KWD").unwrap().text(), "0.005");
        assert_eq!(Cost::read("12.4", "USD").unwrap().text(), "12.40");
        assert_eq!(Cost::read("7", "JPY").unwrap().text(), "7");
        for (amount, currency) in [
            ("12.405", "USD"),
            ("1.5", "JPY"),
            ("", "USD"),
            (".5", "USD"),
            ("12,40", "USD"),
            ("-1", "USD"),
            ("5.", "USD"),
            ("1", "dollars"),
        ] {
            assert!(Cost::read(amount, currency).is_err(), "{amount} {currency}");
        }
    }

    #[test]
    fn what_was_said_of_a_variant_wins() {
        let mut shelf = Shelf::new(["mug".to_owned()]);
        assert_eq!((shelf.state("mug"), shelf.state("cap")), (Some(Available::Yes), None));
        shelf.say("mug".to_owned(), Available::OutOfStock);
        shelf.any = true;
        assert_eq!((shelf.state("mug"), shelf.state("cap")), (Some(Available::OutOfStock), Some(Available::Yes)));
    }
}
