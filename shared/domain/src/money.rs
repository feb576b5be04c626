//! Money: integers in minor units with their currency. Never floating point.

use std::fmt;

use iso_currency::Currency;
use serde::{Deserialize, Serialize};

/// Why an amount could not be understood or computed with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a three-letter ISO 4217 code in use.
    #[error("{0:?} is not an ISO 4217 currency code")]
    Currency(String),
    /// Not a plain decimal number, or finer than the currency's minor unit.
    #[error("{amount:?} is not an amount of {currency}")]
    Amount {
        /// The text as it came.
        amount: String,
        /// The currency it was to be an amount of.
        currency: String,
    },
    /// Two currencies in one sum.
    #[error("cannot add {0} and {1}")]
    Mixed(String, String),
    /// The sum does not fit an `i64`.
    #[error("the amount is too large")]
    Overflow,
}

/// An exact amount: `minor` units of `currency` (cents for USD, whole yen for JPY, fils for KWD).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount of so many minor units.
    pub fn from_minor(minor: i64, currency: &str) -> Result<Self, MoneyError> {
        let currency = Currency::from_code(currency).ok_or_else(|| MoneyError::Currency(currency.to_owned()))?;
        Ok(Self { minor, currency })
    }

    /// Nothing, in the same currency as `self`.
    #[must_use]
    pub fn zero(self) -> Self {
        Self { minor: 0, ..self }
    }

    /// Parses a decimal string such as `"598.94"`, `"800"` or `"-1.250"`.
    ///
    /// Digits beyond the currency's minor unit must be zeros (Shopify writes yen as `"800.0"`).
    pub fn parse(amount: &str, currency: &str) -> Result<Self, MoneyError> {
        let zero = Self::from_minor(0, currency)?;
        let bad = || MoneyError::Amount { amount: amount.to_owned(), currency: currency.to_owned() };
        let (negative, digits) = match amount.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, amount),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) || (digits.contains('.') && fraction.is_empty()) {
            return Err(bad());
        }
        let exponent = zero.exponent();
        let (kept, rest) = fraction.split_at(fraction.len().min(exponent));
        if rest.bytes().any(|b| b != b'0') {
            return Err(bad());
        }
        let text = format!("{whole}{kept:0<exponent$}");
        let minor: i64 = text.parse().map_err(|_| MoneyError::Overflow)?;
        Ok(Self { minor: if negative { -minor } else { minor }, ..zero })
    }

    /// Minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// ISO 4217 code, e.g. `USD`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.currency.code()
    }

    /// Digits after the decimal point: 2 for USD, 0 for JPY, 3 for KWD.
    fn exponent(self) -> usize {
        usize::from(self.currency.exponent().unwrap_or(0))
    }

    /// The sum; both must be in one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.minor.checked_add(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The difference; both must be in one currency.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.minor.checked_sub(other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// So many of it.
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        self.minor.checked_mul(i64::from(quantity)).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The plain decimal number without the currency, as provider APIs want it: `598.94`, `800`, `1.250`.
    #[must_use]
    pub fn decimal(self) -> String {
        let exponent = self.exponent();
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    fn same(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mixed(self.code().to_owned(), other.code().to_owned()))
        }
    }
}

/// `598.94 USD`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.code())
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    minor: i64,
    currency: String,
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { minor: self.minor, currency: self.code().to_owned() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Self::from_minor(wire.minor, &wire.currency).map_err(serde::de::Error::custom)
    }
}

/// Money as the shop accounts for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopMoney(pub Money);

/// Money as the customer saw and paid it (presentment money). Never added to [`ShopMoney`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerMoney(pub Money);

impl fmt::Display for CustomerMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<ShopMoney> for Money {
    fn from(money: ShopMoney) -> Self {
        money.0
    }
}

impl From<CustomerMoney> for Money {
    fn from(money: CustomerMoney) -> Self {
        money.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_zero_and_three_decimals() {
        assert_eq!(Money::parse("598.94", "USD").unwrap().minor(), 59_894);
        assert_eq!(Money::parse("800", "JPY").unwrap().minor(), 800);
        assert_eq!(Money::parse("800.00", "JPY").unwrap().minor(), 800);
        assert_eq!(Money::parse("1.25", "KWD").unwrap().minor(), 1_250);
        assert_eq!(Money::parse("1.250", "KWD").unwrap().to_string(), "1.250 KWD");
        assert_eq!(Money::parse("-0.05", "EUR").unwrap().decimal(), "-0.05");
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for (amount, currency) in [
            ("some text", "USD"),
            ("", "USD"),
            ("1.", "USD"),
            (".5", "USD"),
            ("1,00", "EUR"),
            ("1e3", "USD"),
            ("0.001", "USD"),
            ("0.5", "JPY"),
            ("--1", "USD"),
            ("99999999999999999999", "USD"),
            ("1.00", "some text"),
        ] {
            assert!(Money::parse(amount, currency).is_err(), "{amount:?} {currency:?}");
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let usd = Money::parse("1.00", "USD").unwrap();
        let jpy = Money::parse("1", "JPY").unwrap();
        assert_eq!(usd.plus(jpy), Err(MoneyError::Mixed("USD".into(), "JPY".into())));
        assert_eq!(usd.times(3).unwrap().minus(usd).unwrap().minor(), 200);
    }

    proptest! {
        #[test]
        fn decimal_and_parse_are_inverse(minor in -1_000_000_000i64..1_000_000_000, currency in prop_oneof!["USD", "JPY", "KWD"]) {
            let money = Money::from_minor(minor, &currency).unwrap();
            prop_assert_eq!(Money::parse(&money.decimal(), &currency).unwrap(), money);
        }
    }
}
