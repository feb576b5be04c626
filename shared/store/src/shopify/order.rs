//! From Shopify's order to ours.

use domain::money::{CustomerMoney, Money, ShopMoney};
use domain::order::{
    Address, Amounts, Buyer, Fulfilment, FulfilmentOrder, FulfilmentOrderLine, Line, Order, Parts, Payment, Risk,
};
use domain::parcel::Tracking;
use domain::provider::Trouble;
use domain::subject::OrderId;

use super::wire;

/// The number at the end of a global id: `gid://shopify/Fulfillment/5553334445` → `5553334445`.
pub(super) fn number_of(gid: &str) -> String {
    let path = gid.split('?').next().unwrap_or(gid);
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn broken(why: impl ToString) -> Trouble {
    Trouble::Broken { why: format!("its order is not readable: {}", why.to_string()) }
}

fn number(gid: &str) -> Result<u64, Trouble> {
    number_of(gid).parse().map_err(|_| broken(format!("{gid:?} has no number")))
}

fn shop(bag: &wire::MoneyBag) -> Result<ShopMoney, Trouble> {
    money(&bag.shop_money).map(ShopMoney)
}

fn customer(bag: &wire::MoneyBag) -> Result<CustomerMoney, Trouble> {
    money(&bag.presentment_money).map(CustomerMoney)
}

fn money(amount: &wire::Amount) -> Result<Money, Trouble> {
    Money::parse(&amount.amount, &amount.currency_code).map_err(broken)
}

/// The parts of the total, in one of the two currencies.
fn parts<M: Copy>(
    order: &wire::Order,
    lines: &[Line],
    read: impl Fn(&wire::MoneyBag) -> Result<M, Trouble>,
    unit_price: impl Fn(&Line) -> Money,
    wrap: impl Fn(Money) -> M,
) -> Result<Parts<M>, Trouble>
where
    M: Into<Money>,
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

pub(super) fn translate(id: OrderId, mut order: wire::Order) -> Result<Order, Trouble> {
    let nodes = std::mem::take(&mut order.line_items.nodes);
    let lines: Vec<Line> = nodes.into_iter().map(line).collect::<Result<_, _>>()?;
    let amounts = Amounts {
        shop: parts(&order, &lines, shop, |line| line.unit_price.0, ShopMoney)?,
        customer: parts(&order, &lines, customer, |line| line.customer_unit_price.0, CustomerMoney)?,
        tax_included: order.taxes_included,
    };
    Ok(Order {
        id,
        gid: order.id,
        name: order.name,
        email: order.email.filter(|email| !email.trim().is_empty()),
        test: order.test,
        created: order.created_at.parse().map_err(broken)?,
        updated: order.created_at.parse().map_err(broken)?,
        cancelled: order.cancelled_at.is_some(),
        payment: payment(order.display_financial_status.as_deref()),
        amounts,
        risk: risk(&order.risk),
        assessments: Vec::new(),
        bill_to: None,
        buyer: Buyer::default(),
        attempts: Vec::new(),
        refunds: Vec::new(),
        disputes: Vec::new(),
        tags: Vec::new(),
        tax_exempt: false,
        ship_to: order.shipping_address.and_then(address),
        lines,
        fulfilment_orders: order
            .fulfillment_orders
            .nodes
            .into_iter()
            .map(fulfilment_order)
            .collect::<Result<_, _>>()?,
        fulfilments: order.fulfillments.into_iter().map(fulfilment).collect(),
    })
}

fn payment(word: Option<&str>) -> Payment {
    match word {
        Some("PENDING") => Payment::Pending,
        Some("AUTHORIZED") => Payment::Authorized,
        Some("PARTIALLY_PAID") => Payment::PartiallyPaid,
        Some("PAID") => Payment::Paid,
        Some("PARTIALLY_REFUNDED") => Payment::PartiallyRefunded,
        Some("REFUNDED") => Payment::Refunded,
        Some("VOIDED") => Payment::Voided,
        Some("EXPIRED") => Payment::Expired,
        other => Payment::Other(other.unwrap_or("without a payment status").to_owned()),
    }
}

/// The strictest of all assessments, and of the recommendation. An assessment that is pending is waited for.
fn risk(risk: &wire::Risk) -> Risk {
    let levels = risk.assessments.iter().map(|assessment| match assessment.risk_level.as_str() {
        "PENDING" => Risk::Pending,
        "LOW" => Risk::Low,
        "MEDIUM" => Risk::Medium,
        "HIGH" => Risk::High,
        _ => Risk::None,
    });
    let recommended = match risk.recommendation.as_str() {
        "CANCEL" => Risk::High,
        "INVESTIGATE" => Risk::Medium,
        "ACCEPT" => Risk::Low,
        _ => Risk::None,
    };
    let all: Vec<Risk> = levels.chain([recommended]).collect();
    let worst = all.iter().copied().max().unwrap_or(Risk::None);
    // High is high whatever else is still being looked at.
    if worst != Risk::High && all.contains(&Risk::Pending) { Risk::Pending } else { worst }
}

/// An address of which nothing says where it is counts as none.
fn address(address: wire::Address) -> Option<Address> {
    let text = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
    Some(Address {
        name: text(address.name).unwrap_or_default(),
        company: text(address.company),
        address1: text(address.address1)?,
        address2: text(address.address2),
        city: text(address.city).unwrap_or_default(),
        province_code: text(address.province_code),
        zip: text(address.zip),
        country_code: text(address.country_code_v2)?,
        phone: text(address.phone),
    })
}

fn line(line: wire::Line) -> Result<Line, Trouble> {
    Ok(Line {
        id: number(&line.id)?,
        title: line.title,
        variant_title: line.variant_title,
        sku: line.sku.filter(|sku| !sku.is_empty()),
        variant: line.variant.map(|variant| number(&variant.id)).transpose()?,
        quantity: line.current_quantity,
        ordered: line.quantity,
        unit_price: shop(&line.original_unit_price_set)?,
        customer_unit_price: customer(&line.original_unit_price_set)?,
        requires_shipping: line.requires_shipping,
        gift_card: line.is_gift_card,
        properties: Vec::new(),
    })
}

fn fulfilment_order(order: wire::FulfilmentOrder) -> Result<FulfilmentOrder, Trouble> {
    let service = order.assigned_location.location.and_then(|location| location.fulfillment_service);
    let lines = order.line_items.nodes.into_iter().map(|line| {
        Ok(FulfilmentOrderLine { id: line.id, line: number(&line.line_item.id)?, remaining: line.remaining_quantity })
    });
    Ok(FulfilmentOrder {
        id: order.id,
        open: matches!(order.status.as_str(), "OPEN" | "IN_PROGRESS"),
        // Shopify's own word for "nobody's service" is a service called manual.
        service: service.map(|service| service.handle).filter(|handle| handle != "manual"),
        holds: Vec::new(),
        lines: lines.collect::<Result<_, Trouble>>()?,
    })
}

fn fulfilment(fulfilment: wire::Fulfilment) -> Fulfilment {
    let tracking = fulfilment
        .tracking_info
        .iter()
        .filter_map(|info| Tracking::new(info.number.as_deref(), info.company.as_deref(), info.url.as_deref()));
    Fulfilment {
        id: number_of(&fulfilment.id),
        cancelled: matches!(fulfilment.status.as_str(), "CANCELLED" | "ERROR" | "FAILURE"),
        tracking: tracking.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_assessment_counts_and_pending_is_waited_for() {
        let judged = |recommendation: &str, levels: &[&str]| {
            let assessments = levels.iter().map(|level| wire::Assessment { risk_level: (*level).to_owned() }).collect();
            risk(&wire::Risk { recommendation: recommendation.to_owned(), assessments })
        };
        assert_eq!(judged("ACCEPT", &["LOW"]), Risk::Low);
        assert_eq!(judged("NONE", &[]), Risk::None);
        assert_eq!(judged("NONE", &["PENDING"]), Risk::Pending);
        assert_eq!(judged("ACCEPT", &["LOW", "PENDING"]), Risk::Pending);
        assert_eq!(judged("ACCEPT", &["HIGH", "PENDING"]), Risk::High);
        assert_eq!(judged("CANCEL", &["MEDIUM"]), Risk::High);
        assert_eq!(judged("A_NEW_WORD", &["ANOTHER"]), Risk::None);
    }

    #[test]
    fn the_number_of_a_gid() {
        assert_eq!(number_of("gid://shopify/Fulfillment/5553334445?a=b"), "5553334445");
        assert!(number("gid://shopify/LineItem/x").is_err());
    }
}
