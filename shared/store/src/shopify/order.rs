//! From Shopify's order to ours.

use domain::money::{CustomerMoney, ShopMoney};
use domain::order::{
    Address, Amounts, Buyer, Fulfilment, FulfilmentOrder, FulfilmentOrderLine, Line, Order, Payment, PlatformHold,
    Property,
};
use domain::parcel::Tracking;
use domain::provider::Trouble;
use domain::subject::OrderId;

use super::money::{customer, parts, shop};
use super::{number_of, payment, risk, wire};

/// Shopify said something that this version cannot read.
pub(super) fn broken(why: impl ToString) -> Trouble {
    Trouble::Broken { why: format!("its answer is not readable: {}", why.to_string()) }
}

fn number(gid: &str) -> Result<u64, Trouble> {
    number_of(gid).parse().map_err(|_| broken(format!("{gid:?} has no number")))
}

pub(super) fn translate(id: OrderId, mut order: wire::Order) -> Result<Order, Trouble> {
    let nodes = std::mem::take(&mut order.line_items.nodes);
    let lines: Vec<Line> = nodes.into_iter().map(line).collect::<Result<_, _>>()?;
    let amounts = Amounts {
        shop: parts(&order, &lines, shop, |line| line.unit_price.0, ShopMoney)?,
        customer: parts(&order, &lines, customer, |line| line.customer_unit_price.0, CustomerMoney)?,
        tax_included: order.taxes_included,
    };
    let fulfilment_orders = order.fulfillment_orders.nodes.into_iter().map(fulfilment_order);
    Ok(Order {
        id,
        gid: order.id,
        name: order.name,
        email: order.email.filter(|email| !email.trim().is_empty()),
        test: order.test,
        created: order.created_at.parse().map_err(broken)?,
        updated: order.updated_at.parse().map_err(broken)?,
        cancelled: order.cancelled_at.is_some(),
        payment: paid(order.display_financial_status.as_deref()),
        amounts,
        risk: risk::strictest(&order.risk),
        assessments: risk::assessments(order.risk),
        ship_to: order.shipping_address.and_then(address),
        bill_to: order.billing_address.and_then(address),
        buyer: buyer(order.customer, order.client_ip),
        locale: text(order.customer_locale),
        attempts: payment::attempts(order.transactions)?,
        refunds: order.refunds.iter().map(|refund| number_of(&refund.id)).collect(),
        refunded: customer(&order.total_refunded_set)?,
        disputes: order.disputes.into_iter().map(payment::dispute).collect(),
        tags: order.tags,
        tax_exempt: order.tax_exempt,
        lines,
        fulfilment_orders: fulfilment_orders.collect::<Result<_, _>>()?,
        fulfilments: order.fulfillments.into_iter().map(fulfilment).collect(),
    })
}

fn paid(word: Option<&str>) -> Payment {
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

fn text(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

/// An address of which nothing says where it is counts as none.
pub(super) fn address(address: wire::Address) -> Option<Address> {
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

fn buyer(customer: Option<wire::Customer>, ip: Option<String>) -> Buyer {
    let orders = customer.as_ref().and_then(|customer| customer.number_of_orders.parse().ok());
    Buyer { customer: customer.map(|customer| number_of(&customer.id)), orders, ip: text(ip) }
}

fn line(line: wire::Line) -> Result<Line, Trouble> {
    let property = |pair: wire::Attribute| Property { name: pair.key, value: pair.value.unwrap_or_default() };
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
        image: line.image.map(|image| image.url),
        properties: line.custom_attributes.into_iter().map(property).collect(),
    })
}

fn fulfilment_order(order: wire::FulfilmentOrder) -> Result<FulfilmentOrder, Trouble> {
    let service = order.assigned_location.location.and_then(|location| location.fulfillment_service);
    let lines = order.line_items.nodes.into_iter().map(|line| {
        Ok(FulfilmentOrderLine { id: line.id, line: number(&line.line_item.id)?, remaining: line.remaining_quantity })
    });
    let hold = |hold: wire::Hold| PlatformHold { id: hold.id, handle: text(hold.handle) };
    Ok(FulfilmentOrder {
        id: order.id,
        open: matches!(order.status.as_str(), "OPEN" | "IN_PROGRESS"),
        service: service.and_then(others),
        holds: order.fulfillment_holds.into_iter().map(hold).collect(),
        lines: lines.collect::<Result<_, Trouble>>()?,
    })
}

/// The handle of somebody else's service. Shopify's own word for "nobody's" is a service called manual.
pub(super) fn others(service: wire::FulfilmentService) -> Option<String> {
    Some(service.handle).filter(|handle| handle != "manual")
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
    fn a_gid_without_a_number_is_not_readable() {
        assert!(number("gid://shopify/LineItem/x").is_err());
        assert_eq!(number("gid://shopify/LineItem/17").unwrap(), 17);
    }

    #[test]
    fn a_guest_has_no_customer_and_a_count_that_is_no_number_is_none() {
        assert_eq!(buyer(None, Some(" ".into())), Buyer::default());
        let customer = wire::Customer { id: "gid://shopify/Customer/5".into(), number_of_orders: "3".into() };
        let known = buyer(Some(customer), Some("192.0.2.7".into()));
        assert_eq!((known.customer.as_deref(), known.orders), (Some("5"), Some(3)));
    }
}
