//! Whether a part is worth making: what the partner charges against what its lines bring. Whole minor units, no rounding up.

use domain::exception::What;
use domain::money::Money;
use domain::order::{Amounts, Order, Parts};
use domain::plan::Part;

/// What keeps the part from being made, if less than `floor` percent of its money would be left. `None` also where it cannot be
/// judged: the partner names no price, or names it in a currency in which the order was not paid.
pub(crate) fn too_thin(order: &Order, part: &Part, cost: Option<Money>, floor: Option<u32>) -> Option<What> {
    let (cost, floor) = (cost?, floor?);
    let brings = brings(order, part, cost.code())?;
    let left = i128::from(brings.minor()) - i128::from(cost.minor());
    let enough = left * 100 >= i128::from(brings.minor()) * i128::from(floor);
    (!enough).then(|| What::MarginTooThin {
        partner: part.partner.clone(),
        cost: cost.to_string(),
        paid: brings.to_string(),
        floor_percent: floor,
    })
}

/// The part's share of the money for goods and shipping, after discounts and without tax, in that currency: its lines' share of all
/// lines as ordered. Tips, duties and tax are not the owner's to keep.
fn brings(order: &Order, part: &Part, currency: &str) -> Option<Money> {
    let Amounts { shop, customer, tax_included } = &order.amounts;
    let (parts, unit): (Parts<Money>, fn(&domain::order::Line) -> Money) = if shop.total.0.code() == currency {
        (plain(shop), |line| line.unit_price.0)
    } else if customer.total.0.code() == currency {
        (plain(customer), |line| line.customer_unit_price.0)
    } else {
        return None;
    };
    let tax = if *tax_included { parts.tax } else { parts.tax.zero() };
    let all =
        parts.lines.minus(parts.discounts).and_then(|m| m.plus(parts.shipping)).and_then(|m| m.minus(tax)).ok()?;
    let mut ours: i128 = 0;
    for item in &part.items {
        let line = order.lines.iter().find(|line| line.id == item.line)?;
        ours += i128::from(unit(line).minor()) * i128::from(item.quantity);
    }
    let lines = i128::from(parts.lines.minor());
    // An order of free lines brings what its shipping brings; nothing is divided by nothing.
    let share = if lines == 0 { i128::from(all.minor()) } else { i128::from(all.minor()) * ours / lines };
    Money::from_minor(i64::try_from(share).ok()?, currency).ok()
}

fn plain<M: Copy + Into<Money>>(parts: &Parts<M>) -> Parts<Money> {
    Parts {
        lines: parts.lines.into(),
        discounts: parts.discounts.into(),
        shipping: parts.shipping.into(),
        tax: parts.tax.into(),
        tips: parts.tips.into(),
        duties_and_fees: parts.duties_and_fees.into(),
        total: parts.total.into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::fixture;
    use domain::plan::{Item, Make};

    use super::*;

    fn part(lines: &[(u64, u32)]) -> Part {
        let item = |(line, quantity): &(u64, u32)| Item {
            line: *line,
            title: "Poster".into(),
            quantity: *quantity,
            make: Make::StoreVariant("111".into()),
            texts: vec![],
            retail_price: "25.00".into(),
        };
        Part { partner: "printful".into(), items: lines.iter().map(item).collect(), problems: vec![] }
    }

    fn cost(amount: &str) -> Option<Money> {
        Some(Money::parse(amount, "USD").unwrap())
    }

    #[test]
    fn the_floor_and_one_cent_below_it() {
        // Lines 50.00, less 5.00, plus 4.90 shipping: 49.90, of which 30 % are 14.97.
        let order = fixture::order().unwrap();
        let part = part(&[(11, 2)]);
        assert_eq!(too_thin(&order, &part, cost("34.93"), Some(30)), None);
        let Some(What::MarginTooThin { paid, cost, .. }) = too_thin(&order, &part, cost("34.94"), Some(30)) else {
            panic!()
        };
        assert_eq!((paid.as_str(), cost.as_str()), ("49.90 USD", "34.94 USD"));
    }

    #[test]
    fn half_of_the_pieces_bring_half_and_included_tax_is_nobodys() {
        let mut order = fixture::order().unwrap();
        assert_eq!(brings(&order, &part(&[(11, 1)]), "USD").unwrap().to_string(), "24.95 USD");
        order.amounts.tax_included = true;
        assert_eq!(brings(&order, &part(&[(11, 2)]), "USD").unwrap().to_string(), "46.30 USD");
    }

    #[test]
    fn another_currency_no_price_and_no_floor_are_not_judged() {
        let order = fixture::order().unwrap();
        let part = part(&[(11, 2)]);
        let euros = Some(Money::parse("900.00", "EUR").unwrap());
        assert_eq!(too_thin(&order, &part, euros, Some(30)), None);
        assert_eq!(too_thin(&order, &part, None, Some(30)), None);
        assert_eq!(too_thin(&order, &part, cost("900.00"), None), None);
        assert!(too_thin(&order, &part, cost("900.00"), Some(0)).is_some(), "0: never at a loss");
    }
}
