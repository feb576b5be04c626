//! Do the parts make the total? In both moneys.
//!
//! The customer is charged in one currency, and there every part is exact: the sum must fit to the minor unit. Where the shop
//! accounts in another currency, the platform converts each price, tax and discount and rounds each for itself; so the shop's
//! sum may miss the shop's total by half a minor unit for every number that was rounded, and by no more.

use super::Hold;
use crate::money::{Money, MoneyError};
use crate::order::{Line, Order, Parts};

/// The hold, if they do not.
pub(super) fn differ(order: &Order) -> Option<Hold> {
    let customer = off(order, &order.amounts.customer, |line| line.customer_unit_price.0);
    let shop = off(order, &order.amounts.shop, |line| line.unit_price.0);
    let same = order.amounts.shop.total.0.code() == order.amounts.customer.total.0.code();
    let slack = if same { 0 } else { rounding(order) };
    let fits = |off: &Result<Off, MoneyError>, slack: i64| matches!(off, Ok(off) if off.by() <= slack);
    let wrong = if !fits(&customer, 0) {
        customer.map_err(|why| (why, order.amounts.customer.total.0))
    } else if !fits(&shop, slack) {
        shop.map_err(|why| (why, order.amounts.shop.total.0))
    } else {
        return None;
    };
    Some(match wrong {
        Ok(off) => Hold::AmountsDiffer { expected: off.sum.to_string(), total: off.total.to_string() },
        Err((why, total)) => Hold::AmountsDiffer { expected: why.to_string(), total: total.to_string() },
    })
}

/// How far the shop's sum may be from its total when the customer pays in another currency, in minor units of the shop's: half of
/// one for each piece's price, for each line's tax and discount, and for shipping, tips, duties and the total.
#[must_use]
pub fn rounding(order: &Order) -> i64 {
    let pieces: i64 = order.lines.iter().map(|line| i64::from(line.ordered)).sum();
    let lines = i64::try_from(order.lines.len()).unwrap_or(i64::MAX);
    pieces.saturating_add(lines.saturating_mul(2)).saturating_add(4).saturating_add(1) / 2
}

struct Off {
    sum: Money,
    total: Money,
}

impl Off {
    fn by(&self) -> i64 {
        self.sum.minor().saturating_sub(self.total.minor()).saturating_abs()
    }
}

/// The sum and the total. Pieces that an edit removed count in `lines` or do not, as the platform likes: whichever fits is right.
fn off<M: Copy + Into<Money>>(
    order: &Order,
    parts: &Parts<M>,
    price: impl Fn(&Line) -> Money,
) -> Result<Off, MoneyError> {
    let total: Money = parts.total.into();
    let rest = |lines: Money| {
        let tax = if order.amounts.tax_included { total.zero() } else { parts.tax.into() };
        let sum = lines.minus(parts.discounts.into())?.plus(parts.shipping.into())?.plus(tax)?;
        sum.plus(parts.tips.into())?.plus(parts.duties_and_fees.into())
    };
    let ordered = Off { sum: rest(parts.lines.into())?, total };
    if ordered.by() == 0 || order.lines.iter().all(|line| line.quantity == line.ordered) {
        return Ok(ordered);
    }
    let left = order.lines.iter().try_fold(total.zero(), |sum, line| sum.plus(price(line).times(line.quantity)?))?;
    let left = Off { sum: rest(left)?, total };
    Ok(if left.by() < ordered.by() { left } else { ordered })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture;
    use crate::money::{CustomerMoney, ShopMoney};
    use crate::order::Amounts;

    fn money(minor: i64, code: &str) -> Money {
        Money::from_minor(minor, code).unwrap()
    }

    /// Two posters of 25.00, less 5.00, shipping 4.90, tax 3.60 in the shop's dollars; in yen at 150 to the dollar, each rounded.
    fn in_yen() -> Order {
        let mut order = fixture::order().unwrap();
        let yen = |minor| CustomerMoney(money(minor, "JPY"));
        order.amounts.customer = Parts {
            lines: yen(7_500),
            discounts: yen(750),
            shipping: yen(735),
            tax: yen(540),
            tips: yen(0),
            duties_and_fees: yen(0),
            total: yen(8_025),
        };
        order.lines[0].customer_unit_price = yen(3_750);
        order
    }

    #[test]
    fn one_minor_unit_in_the_currency_charged_is_too_much() {
        assert_eq!(differ(&fixture::order().unwrap()), None);
        assert_eq!(differ(&in_yen()), None);
        let mut order = in_yen();
        order.amounts.customer.total = CustomerMoney(money(8_026, "JPY"));
        let held = differ(&order).unwrap().to_string();
        assert!(held.contains("8025 JPY") && held.contains("8026 JPY"), "{held}");
        let mut order = fixture::order().unwrap();
        order.amounts.shop.total = ShopMoney(money(5_351, "USD"));
        assert!(differ(&order).is_some(), "one currency: the shop's money is exact too");
    }

    #[test]
    fn conversion_may_leave_its_rounding_and_no_more() {
        let mut order = in_yen();
        // Two pieces, one line: four numbers and the total beside.
        assert_eq!(rounding(&order), 4);
        order.amounts.shop.total = ShopMoney(money(5_354, "USD"));
        assert_eq!(differ(&order), None);
        order.amounts.shop.total = ShopMoney(money(5_355, "USD"));
        assert!(differ(&order).is_some());
    }

    #[test]
    fn included_tax_is_not_added_and_other_currencies_never_are() {
        let mut order = fixture::order().unwrap();
        order.amounts.tax_included = true;
        assert!(differ(&order).is_some());
        for total in [&mut order.amounts.shop.total.0, &mut order.amounts.customer.total.0] {
            *total = money(4_990, "USD");
        }
        assert_eq!(differ(&order), None);
        order.amounts.customer.tips = CustomerMoney(money(0, "EUR"));
        assert!(differ(&order).unwrap().to_string().contains("cannot add"), "never converted by us");
    }

    #[test]
    fn pieces_that_an_edit_removed_may_count_or_not() {
        let mut order = fixture::order().unwrap();
        order.lines[0].quantity = 1;
        assert_eq!(differ(&order), None, "the total is still that of both");
        for total in [&mut order.amounts.shop.total.0, &mut order.amounts.customer.total.0] {
            *total = money(2_850, "USD");
        }
        assert_eq!(differ(&order), None, "the total is that of one");
        order.amounts.shop.total = ShopMoney(money(2_851, "USD"));
        assert!(differ(&order).is_some());
    }

    proptest! {
        /// Whatever the amounts are: what adds up is not held, and one minor unit more is.
        #[test]
        fn any_amounts(
            [price, discount, shipping, tax, tips, duties] in prop::array::uniform6(0i64..10_000_000),
            ordered in 1u32..50,
            currency in prop_oneof!["USD", "JPY", "KWD"],
            off_by in prop_oneof![Just(0i64), Just(1), Just(-1)],
        ) {
            let money = |minor| Money::from_minor(minor, &currency).unwrap();
            let lines = price * i64::from(ordered);
            let total = lines - discount + shipping + tax + tips + duties + off_by;
            let mut order = fixture::order().unwrap();
            let line = &mut order.lines[0];
            (line.quantity, line.ordered) = (ordered, ordered);
            (line.unit_price, line.customer_unit_price) = (ShopMoney(money(price)), CustomerMoney(money(price)));
            let parts = Parts {
                lines: money(lines), discounts: money(discount), shipping: money(shipping), tax: money(tax),
                tips: money(tips), duties_and_fees: money(duties), total: money(total),
            };
            order.amounts = Amounts { shop: each(parts, ShopMoney), customer: each(parts, CustomerMoney), tax_included: false };
            prop_assert_eq!(differ(&order).is_none(), off_by == 0);
        }
    }

    fn each<M>(parts: Parts<Money>, wrap: impl Fn(Money) -> M) -> Parts<M> {
        Parts {
            lines: wrap(parts.lines),
            discounts: wrap(parts.discounts),
            shipping: wrap(parts.shipping),
            tax: wrap(parts.tax),
            tips: wrap(parts.tips),
            duties_and_fees: wrap(parts.duties_and_fees),
            total: wrap(parts.total),
        }
    }
}
