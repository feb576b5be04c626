//! Capture's decision: is this order paid, real and safe to make?

use crate::money::MoneyError;
use crate::order::{Amounts, Order, Payment, Risk};

/// The owner's choices that the verdict follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// A live store refuses orders made with a test payment.
    pub live: bool,
    /// From this assessment on, a person decides.
    pub hold_at: Risk,
}

/// What capture decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made.
    Clear,
    /// The risk assessment has not arrived yet.
    Wait,
    /// Cancelled in the store: nothing is to be done.
    Cancelled,
    /// A person decides, and this is why.
    Hold(Hold),
}

/// Why an order is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The store does not call it paid.
    NotPaid(Payment),
    /// All of the money went back.
    Refunded,
    /// A test payment in a live store.
    TestOrder,
    /// The parts do not add up to the total.
    AmountsDiffer { expected: String, total: String },
    /// Too risky by the owner's rule.
    Risk(Risk),
    /// Something physical has to be made and there is nowhere to send it.
    NoAddress,
}

/// Decides. The same for every order in which the events may have arrived: it looks at the store's order only.
#[must_use]
pub fn verdict(order: &Order, rules: &Rules) -> Verdict {
    if order.cancelled {
        return Verdict::Cancelled;
    }
    match &order.payment {
        Payment::Paid | Payment::PartiallyRefunded => {}
        Payment::Refunded => return Verdict::Hold(Hold::Refunded),
        other => return Verdict::Hold(Hold::NotPaid(other.clone())),
    }
    if order.test && rules.live {
        return Verdict::Hold(Hold::TestOrder);
    }
    match adds_up(&order.amounts) {
        Ok(None) => {}
        Ok(Some(expected)) => {
            let total = order.amounts.shop.total.0.to_string();
            return Verdict::Hold(Hold::AmountsDiffer { expected, total });
        }
        Err(why) => {
            let total = order.amounts.shop.total.0.to_string();
            return Verdict::Hold(Hold::AmountsDiffer { expected: why.to_string(), total });
        }
    }
    if order.risk == Risk::Pending {
        return Verdict::Wait;
    }
    if order.risk >= rules.hold_at {
        return Verdict::Hold(Hold::Risk(order.risk));
    }
    let ours = order.lines.iter().any(|line| {
        line.quantity > 0 && line.requires_shipping && !line.gift_card && order.made_by_other(line).is_none()
    });
    if ours && order.ship_to.is_none() {
        return Verdict::Hold(Hold::NoAddress);
    }
    Verdict::Clear
}

/// `None` when the parts are the total; else what they add up to.
fn adds_up(amounts: &Amounts) -> Result<Option<String>, MoneyError> {
    let parts = &amounts.shop;
    let tax = if amounts.tax_included { parts.tax.0.zero() } else { parts.tax.0 };
    let sum = parts.lines.0.minus(parts.discounts.0)?.plus(parts.shipping.0)?.plus(tax)?.plus(parts.tips.0)?;
    let sum = sum.plus(parts.duties_and_fees.0)?;
    Ok((sum != parts.total.0).then(|| sum.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::money::{Money, ShopMoney};
    use crate::order::{FulfilmentOrder, FulfilmentOrderLine};

    fn money(amount: &str) -> ShopMoney {
        ShopMoney(Money::parse(amount, "USD").unwrap())
    }

    fn order() -> Order {
        fixture::order().unwrap()
    }

    const RULES: Rules = Rules { live: true, hold_at: Risk::High };

    #[test]
    fn a_paid_safe_order_with_an_address_is_cleared() {
        assert_eq!(verdict(&order(), &RULES), Verdict::Clear);
        let refunded_in_part = Order { payment: Payment::PartiallyRefunded, ..order() };
        assert_eq!(verdict(&refunded_in_part, &RULES), Verdict::Clear);
    }

    #[test]
    fn each_reason_to_hold_and_its_nearest_neighbour() {
        let held = |order: Order| match verdict(&order, &RULES) {
            Verdict::Hold(hold) => hold,
            other => panic!("{other:?}"),
        };
        for payment in [Payment::Pending, Payment::PartiallyPaid, Payment::Voided, Payment::Other("LATER".into())] {
            assert_eq!(held(Order { payment: payment.clone(), ..order() }), Hold::NotPaid(payment));
        }
        assert_eq!(held(Order { payment: Payment::Refunded, ..order() }), Hold::Refunded);
        assert_eq!(held(Order { test: true, ..order() }), Hold::TestOrder);
        assert_eq!(verdict(&Order { test: true, ..order() }, &Rules { live: false, ..RULES }), Verdict::Clear);
        assert_eq!(held(Order { risk: Risk::High, ..order() }), Hold::Risk(Risk::High));
        assert_eq!(verdict(&Order { risk: Risk::Medium, ..order() }, &RULES), Verdict::Clear);
        assert_eq!(verdict(&Order { risk: Risk::Pending, ..order() }, &RULES), Verdict::Wait);
        assert_eq!(verdict(&Order { cancelled: true, risk: Risk::Pending, ..order() }, &RULES), Verdict::Cancelled);
        assert_eq!(held(Order { ship_to: None, ..order() }), Hold::NoAddress);
    }

    #[test]
    fn one_cent_too_much_is_held() {
        let mut order = order();
        order.amounts.shop.total = money("53.51");
        let Verdict::Hold(Hold::AmountsDiffer { expected, total }) = verdict(&order, &RULES) else { panic!() };
        assert_eq!((expected.as_str(), total.as_str()), ("53.50 USD", "53.51 USD"));
        order.amounts.shop.total = money("49.90");
        order.amounts.tax_included = true;
        assert_eq!(verdict(&order, &RULES), Verdict::Clear);
    }

    #[test]
    fn what_needs_no_parcel_from_us_needs_no_address() {
        let mut digital = Order { ship_to: None, ..order() };
        digital.lines[0].requires_shipping = false;
        assert_eq!(verdict(&digital, &RULES), Verdict::Clear);
        let other = FulfilmentOrder {
            id: "fo".into(),
            open: true,
            service: Some("another-workshop".into()),
            holds: vec![],
            lines: vec![FulfilmentOrderLine { id: "l".into(), line: 11, remaining: 2 }],
        };
        let elsewhere = Order { ship_to: None, fulfilment_orders: vec![other], ..order() };
        assert_eq!(verdict(&elsewhere, &RULES), Verdict::Clear);
    }
}
