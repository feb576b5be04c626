//! Amounts of money as decimal strings, exact, without floating point.

use iso_currency::Currency;
use serde_json::{Map, Value, json};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul, Sub};

/// An amount with up to six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

/// One unit.
const ONE: i128 = 1_000_000;

impl Amount {
    pub const ZERO: Self = Self(0);

    /// From `"598.94"`, `"-4"`; none for anything else (`"1e3"`, `"example string"`, seven decimals).
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 18 || part.len() > 6 || !is_digits(whole) || !is_digits(part) {
            return None;
        }
        if digits.contains('.') && part.is_empty() {
            return None;
        }
        let amount = whole.parse::<i128>().ok()? * ONE + format!("{part:0<6}").parse::<i128>().ok()?;
        Some(Self(if negative { -amount } else { amount }))
    }

    /// From a JSON string or number.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// As REST prints it: with the currency's decimals, `"600.00"`.
    pub fn rest(self, currency: &str) -> String {
        let decimals = Currency::from_code(currency).and_then(|currency| currency.exponent()).unwrap_or(2);
        let (sign, whole, part) = self.parts();
        if decimals == 0 {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}.{}", part.get(..usize::from(decimals)).unwrap_or(&part))
    }

    fn parts(self) -> (&'static str, i128, String) {
        let sign = if self.0 < 0 { "-" } else { "" };
        (sign, self.0.abs() / ONE, format!("{:06}", self.0.abs() % ONE))
    }
}

/// As GraphQL prints it: without trailing zeros, but with one decimal at least, `"100.0"`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, whole, part) = self.parts();
        let part = part.trim_end_matches('0');
        write!(f, "{sign}{whole}.{}", if part.is_empty() { "0" } else { part })
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<u64> for Amount {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0 * i128::from(times))
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// An amount in the shop's currency and in the customer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bag {
    pub shop: Amount,
    pub shop_currency: String,
    pub presentment: Amount,
    pub presentment_currency: String,
}

impl Bag {
    /// GraphQL's `MoneyBag`.
    pub fn graphql(&self) -> Value {
        json!({
            "shopMoney": {"amount": self.shop.to_string(), "currencyCode": self.shop_currency},
            "presentmentMoney": {"amount": self.presentment.to_string(), "currencyCode": self.presentment_currency},
        })
    }

    /// REST's `…_set`.
    pub fn rest(&self) -> Value {
        json!({
            "shop_money": {"amount": self.shop.rest(&self.shop_currency), "currency_code": self.shop_currency},
            "presentment_money": {
                "amount": self.presentment.rest(&self.presentment_currency),
                "currency_code": self.presentment_currency,
            },
        })
    }

    fn with(&self, shop: Amount, presentment: Amount) -> Self {
        Self { shop, presentment, ..self.clone() }
    }

    pub fn plus(&self, other: &Self) -> Self {
        self.with(self.shop + other.shop, self.presentment + other.presentment)
    }

    pub fn minus(&self, other: &Self) -> Self {
        self.with(self.shop - other.shop, self.presentment - other.presentment)
    }

    pub fn times(&self, times: u64) -> Self {
        self.with(self.shop * times, self.presentment * times)
    }
}

/// An order's two currencies; what amounts are read in.
#[derive(Clone, Debug)]
pub struct Currencies {
    pub shop: String,
    pub presentment: String,
}

impl Currencies {
    pub fn of(order: &Map<String, Value>) -> Self {
        let text = |key: &str| order.get(key).and_then(Value::as_str).map(str::to_owned);
        let shop = text("currency").unwrap_or_default();
        Self { presentment: text("presentment_currency").unwrap_or_else(|| shop.clone()), shop }
    }

    pub fn zero(&self) -> Bag {
        self.bag(Amount::ZERO)
    }

    /// The same figure in both currencies: right where they are one, and for zero.
    pub fn bag(&self, amount: Amount) -> Bag {
        Bag {
            shop: amount,
            shop_currency: self.shop.clone(),
            presentment: amount,
            presentment_currency: self.presentment.clone(),
        }
    }

    /// What `object` says under `<key>_set`, else under `<key>` in the shop's currency (REST's plain prices), else
    /// nothing.
    pub fn read(&self, object: &Map<String, Value>, key: &str) -> Option<Bag> {
        if let Some(set) = object.get(&format!("{key}_set")).and_then(Value::as_object) {
            return self.read_set(set);
        }
        let amount = Amount::from_json(object.get(key)?)?;
        let presentment_currency = if amount == Amount::ZERO { self.presentment.clone() } else { self.shop.clone() };
        Some(Bag { presentment_currency, ..self.bag(amount) })
    }

    /// A `{shop_money, presentment_money}` object.
    pub fn read_set(&self, set: &Map<String, Value>) -> Option<Bag> {
        let money = |key: &str| {
            let money = set.get(key)?.as_object()?;
            let currency = money.get("currency_code")?.as_str()?.to_owned();
            Some((Amount::from_json(money.get("amount")?)?, currency))
        };
        let (shop, shop_currency) = money("shop_money")?;
        let (presentment, presentment_currency) =
            money("presentment_money").unwrap_or_else(|| (shop, shop_currency.clone()));
        Some(Bag { shop, shop_currency, presentment, presentment_currency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, graphql, rest) in
            [("598.94", "598.94", "598.94"), ("100", "100.0", "100.00"), ("-0.5", "-0.5", "-0.50")]
        {
            let amount = Amount::parse(text).unwrap();
            assert_eq!((amount.to_string().as_str(), amount.rest("USD").as_str()), (graphql, rest));
        }
        assert_eq!(Amount::parse("1200").unwrap().rest("JPY"), "1200");
        for wrong in ["example string", "", "1e3", "1.", ".5", "1,00", "0.1234567"] {
            assert_eq!(Amount::parse(wrong), None, "{wrong}");
        }
    }
}
