//! What is bought, and by whom for the first time.

use super::{FirstOrder, ManyOfOne, Reason};
use crate::order::Order;

/// A first order above the owner's amount. A guest is counted as new; a customer whose orders nobody counts is not.
pub(crate) fn first_order(order: &Order, rule: &FirstOrder) -> Option<Reason> {
    let first = match (&order.buyer.customer, order.buyer.orders) {
        (_, Some(orders)) => orders <= 1,
        (None, None) => true,
        (Some(_), None) => false,
    };
    let total = order.amounts.shop.total.0;
    let over = rule.over.in_currency_of(total)?;
    (first && total.minor() > over.minor())
        .then(|| Reason::FirstOrder { total: total.to_string(), over: over.to_string() })
}

/// Many pieces of one line.
pub(crate) fn many_of_one(order: &Order, rule: ManyOfOne) -> Option<Reason> {
    let pieces = order.lines.iter().filter(|line| !line.gift_card).map(|line| line.quantity).max()?;
    (pieces >= rule.pieces.max(2)).then_some(Reason::ManyOfOne { pieces })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::money::{Money, ShopMoney};
    use crate::order::Buyer;
    use crate::screening::Amount;

    #[test]
    fn a_first_order_above_the_amount_and_not_at_it_nor_a_second_one() {
        let rule = FirstOrder { over: Amount::parse("300.00").unwrap(), weight: 35 };
        let reason = |total: &str, customer: Option<&str>, orders| {
            let buyer = Buyer { customer: customer.map(str::to_owned), orders, ip: None };
            let mut order = Order { buyer, ..fixture::order().unwrap() };
            order.amounts.shop.total = ShopMoney(Money::parse(total, "USD").unwrap());
            first_order(&order, &rule).map(|reason| reason.to_string())
        };
        let words = reason("300.01", Some("7"), Some(1)).unwrap();
        insta::assert_snapshot!(words, @"It is this customer's first order, and 300.01 USD is more than 300.00 USD.");
        assert!(reason("300.01", None, None).is_some(), "a guest");
        assert_eq!(reason("300.00", Some("7"), Some(1)), None);
        assert_eq!(reason("300.01", Some("7"), Some(2)), None);
        assert_eq!(reason("300.01", Some("7"), None), None, "nobody counts: nothing is known");
    }

    #[test]
    fn ten_of_one_thing_and_not_nine_nor_five_of_two() {
        let rule = ManyOfOne { pieces: 10, weight: 35 };
        let reason = |quantities: &[u32]| {
            let mut order = fixture::order().unwrap();
            let line = order.lines.remove(0);
            order.lines =
                quantities.iter().map(|quantity| crate::order::Line { quantity: *quantity, ..line.clone() }).collect();
            many_of_one(&order, rule).map(|reason| reason.to_string())
        };
        insta::assert_snapshot!(reason(&[1, 10]).unwrap(), @"It is for 10 pieces of one thing.");
        assert_eq!(reason(&[9]), None);
        assert_eq!(reason(&[5, 5]), None);
    }
}
