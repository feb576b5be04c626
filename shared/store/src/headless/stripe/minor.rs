//! Stripe's amounts: whole numbers of a currency's smallest unit, with exceptions that `docs.stripe.com/currencies` lists.

use domain::money::{Money, MoneyError};
use domain::provider::Trouble;

/// How Stripe counts a currency, next to ISO 4217's minor units.
enum Unit {
    /// The same.
    Iso,
    /// A hundred for each of ISO's: króna and Ugandan shilling lost their decimals, and Stripe kept them.
    Finer,
    /// A hundred of ISO's make one: the ariary has no decimals at Stripe.
    Coarser,
}

fn unit(currency: &str) -> Unit {
    match currency {
        "ISK" | "UGX" => Unit::Finer,
        "MGA" => Unit::Coarser,
        _ => Unit::Iso,
    }
}

/// As Stripe wants it. Trouble: the amount is finer than Stripe charges in this currency.
pub(crate) fn to_stripe(money: Money) -> Result<i64, Trouble> {
    let minor = money.minor();
    let refused = || Trouble::Refused { why: format!("Stripe cannot charge {money}: change the price in store.toml") };
    match unit(money.code()) {
        Unit::Iso if matches!(money.code(), "BHD" | "JOD" | "KWD" | "OMR" | "TND") && minor % 10 != 0 => Err(refused()),
        Unit::Iso => Ok(minor),
        Unit::Finer => minor.checked_mul(100).ok_or_else(refused),
        Unit::Coarser if minor % 100 != 0 => Err(refused()),
        Unit::Coarser => Ok(minor / 100),
    }
}

/// As Stripe says it; `currency` in any letter case.
pub(crate) fn from_stripe(amount: i64, currency: &str) -> Result<Money, MoneyError> {
    let currency = currency.to_ascii_uppercase();
    let minor = match unit(&currency) {
        Unit::Iso => amount,
        Unit::Finer if amount % 100 != 0 => {
            return Err(MoneyError::Amount { amount: amount.to_string(), currency });
        }
        Unit::Finer => amount / 100,
        Unit::Coarser => amount.checked_mul(100).ok_or(MoneyError::Overflow)?,
    };
    Money::from_minor(minor, &currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(amount: &str, currency: &str) -> Money {
        Money::parse(amount, currency).unwrap()
    }

    #[test]
    fn each_kind_of_currency() {
        for (amount, currency, stripe) in [
            ("25.00", "USD", 2500),
            ("3600", "JPY", 3600),
            ("1.250", "KWD", 1250),
            ("1500", "ISK", 150_000),
            ("9000", "UGX", 900_000),
            ("4000", "MGA", 4000),
        ] {
            assert_eq!(to_stripe(money(amount, currency)).unwrap(), stripe, "{currency}");
            assert_eq!(from_stripe(stripe, &currency.to_lowercase()).unwrap(), money(amount, currency));
        }
        assert!(to_stripe(money("1.255", "KWD")).is_err(), "the last digit must be 0");
        assert!(to_stripe(money("1.50", "MGA")).is_err());
        assert!(from_stripe(150_001, "isk").is_err());
        assert!(from_stripe(1, "xxq").is_err());
    }

    proptest! {
        #[test]
        fn what_stripe_can_charge_comes_back_as_it_was(minor in 0_i64..1_000_000_000, at in 0_usize..7) {
            let currency = ["USD", "EUR", "JPY", "KWD", "ISK", "UGX", "MGA"][at];
            let money = Money::from_minor(minor, currency).unwrap();
            if let Ok(amount) = to_stripe(money) {
                prop_assert_eq!(from_stripe(amount, currency).unwrap(), money);
            }
        }
    }
}
