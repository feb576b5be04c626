//! Amounts, from Shopify's decimal texts.

use domain::money::{CustomerMoney, Money, ShopMoney};
use domain::order::{Line, Parts};
use domain::provider::Trouble;

use super::order::broken;
use super::wire;

pub(super) fn shop(bag: &wire::MoneyBag) -> Result<ShopMoney, Trouble> {
    money(&bag.shop_money).map(ShopMoney)
}

pub(super) fn customer(bag: &wire::MoneyBag) -> Result<CustomerMoney, Trouble> {
    money(&bag.presentment_money).map(CustomerMoney)
}

fn money(amount: &wire::Amount) -> Result<Money, Trouble> {
    Money::parse(&amount.amount, &amount.currency_code).map_err(broken)
}

/// The parts of the total, in one of the two currencies.
pub(super) fn parts<M>(
    order: &wire::Order,
    lines: &[Line],
    read: impl Fn(&wire::MoneyBag) -> Result<M, Trouble>,
    unit_price: impl Fn(&Line) -> Money,
    wrap: impl Fn(Money) -> M,
) -> Result<Parts<M>, Trouble>
where
    M: Copy + Into<Money>,
{
    let total = read(&order.total_price_set)?;
    let zero = total.into().zero();
    let or_none = |bag: Option<&wire::MoneyBag>| bag.map_or_else(|| Ok(wrap(zero)), &read);
    let of_lines = lines.iter().try_fold(zero, |sum, line| sum.plus(unit_price(line).times(line.ordered)?));
    let extra = [&order.original_total_duties_set, &order.original_total_additional_fees_set];
    let mut duties_and_fees = zero;
    for bag in extra.into_iter().flatten() {
        duties_and_fees = duties_and_fees.plus(read(bag)?.into()).map_err(broken)?;
    }
    Ok(Parts {
        lines: wrap(of_lines.map_err(broken)?),
        discounts: or_none(order.total_discounts_set.as_ref())?,
        shipping: read(&order.total_shipping_price_set)?,
        tax: or_none(order.total_tax_set.as_ref())?,
        tips: read(&order.total_tip_received_set)?,
        duties_and_fees: wrap(duties_and_fees),
        total,
    })
}
