//! From our own row to the order as every layer reads it.

use domain::event::{CheckoutEnd, Fact};
use domain::facts;
use domain::money::{CustomerMoney, Money, MoneyError, ShopMoney};
use domain::order::{
    Address, Amounts, Assessment, AttemptOutcome, Buyer, Card, Dispute, Fulfilment, FulfilmentOrder,
    FulfilmentOrderLine, Line, Order, Parts, Payment, PaymentAttempt, PlatformHold, Risk,
};
use domain::provider::Trouble;
use domain::subject::OrderId;

use super::person::id_of;
use super::row::{Attempt, OrderRow, RowAddress, RowLine};
use super::status::{AttemptStatus, RefundStatus, Status};

/// Radar's name among the assessments.
const RADAR: &str = "stripe-radar";

/// The id of an order's one fulfilment order.
pub(super) fn fulfilment_order_id(number: u64) -> String {
    format!("{number}-all")
}

/// The id of its line (counted from 1) there.
pub(super) fn fulfilment_line_id(number: u64, line: usize) -> String {
    format!("{number}-{line}")
}

/// The line's number, unique in the store: 1001001 is the first of order #1001.
fn line_id(number: u64, line: usize) -> u64 {
    number.saturating_mul(1_000).saturating_add(u64::try_from(line).unwrap_or(u64::MAX))
}

/// The order. Trouble: its amounts cannot be added up, which no row we wrote has.
///
/// Money is what the customer was charged in: we sell at prices of our own in each currency and let Stripe convert nothing, so
/// shop money and customer money are the same amounts.
pub(super) fn order(row: &OrderRow) -> Result<Order, Trouble> {
    let lines: Vec<Line> = row.lines.iter().enumerate().map(|(at, line)| one_line(row.number, at + 1, line)).collect();
    let bill = row.bill.as_ref();
    Ok(Order {
        id: OrderId(row.number),
        gid: format!("order/{}", row.number),
        name: row.name(),
        email: bill.and_then(|bill| bill.email.clone()).filter(|email| !email.trim().is_empty()),
        test: row.test,
        created: row.created,
        updated: row.updated,
        cancelled: row.is_cancelled(),
        payment: payment(row).map_err(broken)?,
        amounts: Amounts {
            shop: parts(row, ShopMoney).map_err(broken)?,
            customer: parts(row, CustomerMoney).map_err(broken)?,
            tax_included: row.tax_included,
        },
        risk: assessments(row).iter().map(|assessment| assessment.risk).max().unwrap_or(Risk::None),
        assessments: assessments(row),
        ship_to: bill.and_then(|bill| bill.ship_to.as_ref()).map(address),
        bill_to: bill.and_then(|bill| bill.bill_to.as_ref()).map(address),
        buyer: Buyer { customer: bill.and_then(|bill| bill.customer.clone()), orders: None, ip: row.ip.clone() },
        // Our own checkout asks for no language, and Stripe's page chooses one for itself.
        locale: None,
        attempts: attempts(row),
        refunds: standing_refunds(row).map(|(id, _)| id.clone()).collect(),
        refunded: CustomerMoney(sent_back(row).map_err(broken)?),
        disputes: row.disputes.iter().map(dispute).collect(),
        tags: row.tags.clone(),
        tax_exempt: bill.is_some_and(|bill| bill.tax_exempt),
        lines,
        fulfilment_orders: fulfilment_order(row).into_iter().collect(),
        fulfilments: row.fulfilments.iter().map(fulfilment).collect(),
    })
}

fn dispute((id, dispute): (&String, &super::row::RowDispute)) -> Dispute {
    Dispute { id: id.clone(), chargeback: dispute.status.is_chargeback(), open: dispute.status.is_open() }
}

fn fulfilment(parcel: &super::row::RowFulfilment) -> Fulfilment {
    Fulfilment { id: parcel.id.clone(), cancelled: false, tracking: parcel.tracking.clone() }
}

pub(super) fn broken(error: impl std::fmt::Display) -> Trouble {
    Trouble::Broken { why: format!("its order does not add up: {error}") }
}

fn one_line(number: u64, at: usize, line: &RowLine) -> Line {
    Line {
        id: line_id(number, at),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        sku: Some(line.sku.clone()),
        variant: None,
        // Stripe refunds amounts and no pieces: what was ordered stays wanted.
        quantity: line.quantity,
        ordered: line.quantity,
        unit_price: ShopMoney(line.unit_price),
        customer_unit_price: CustomerMoney(line.unit_price),
        requires_shipping: line.requires_shipping,
        gift_card: false,
        image: line.image.clone(),
        properties: Vec::new(),
    }
}

/// The lines are our own prices and the rest is what Stripe charged, so that a total that does not fit them is seen.
fn parts<M>(row: &OrderRow, wrap: impl Fn(Money) -> M) -> Result<Parts<M>, MoneyError> {
    let zero = Money::from_minor(0, &row.currency)?;
    let lines = row.lines.iter().try_fold(zero, |sum, line| sum.plus(line.unit_price.times(line.quantity)?))?;
    let bill = row.bill.as_ref();
    Ok(Parts {
        lines: wrap(lines),
        discounts: wrap(bill.map_or(zero, |bill| bill.discounts)),
        shipping: wrap(bill.map_or(zero, |bill| bill.shipping)),
        tax: wrap(bill.map_or(zero, |bill| bill.tax)),
        tips: wrap(zero),
        duties_and_fees: wrap(zero),
        total: wrap(bill.map_or(lines, |bill| bill.total)),
    })
}

/// Refunds that did not fail.
fn standing_refunds(row: &OrderRow) -> impl Iterator<Item = (&String, Money)> {
    let standing = row.refunds.iter().filter(|(_, refund)| refund.status != RefundStatus::Failed);
    standing.map(|(id, refund)| (id, refund.amount))
}

fn sent_back(row: &OrderRow) -> Result<Money, MoneyError> {
    let zero = Money::from_minor(0, &row.currency)?;
    standing_refunds(row).try_fold(zero, |sum, (_, amount)| sum.plus(amount))
}

fn payment(row: &OrderRow) -> Result<Payment, MoneyError> {
    match row.status {
        Status::Open | Status::Awaiting => return Ok(Payment::Pending),
        Status::Expired => return Ok(Payment::Expired),
        Status::Failed => return Ok(Payment::Voided),
        Status::Paid => {}
    }
    let back = sent_back(row)?;
    let total = row.bill.as_ref().map_or(back.zero(), |bill| bill.total);
    Ok(match back.minor() {
        0 => Payment::Paid,
        minor if minor >= total.minor() => Payment::Refunded,
        _ => Payment::PartiallyRefunded,
    })
}

/// Radar's opinion of the attempt that paid, and the networks' warnings.
fn assessments(row: &OrderRow) -> Vec<Assessment> {
    let of = |risk, facts| Assessment { provider: RADAR.to_owned(), risk, facts };
    let paid = row.attempts.values().filter(|attempt| attempt.status == AttemptStatus::Succeeded);
    let opinions = paid.filter_map(|attempt| {
        let risk = match attempt.risk.as_deref()? {
            "highest" => Risk::High,
            "elevated" => Risk::Medium,
            "normal" => Risk::Low,
            _ => Risk::None,
        };
        Some(of(risk, attempt.risk_facts.clone()))
    });
    let warnings = row
        .warnings
        .values()
        .map(|kind| of(Risk::High, vec![format!("the card's network warns of fraud on this payment ({kind})")]));
    opinions.chain(warnings).collect()
}

fn attempts(row: &OrderRow) -> Vec<PaymentAttempt> {
    let mut attempts: Vec<&Attempt> = row.attempts.values().collect();
    attempts.sort_by_key(|attempt| attempt.at);
    attempts
        .into_iter()
        .map(|attempt| PaymentAttempt {
            gateway: match attempt.method.as_deref() {
                None | Some("card") => "stripe".to_owned(),
                Some(method) => format!("stripe {method}"),
            },
            outcome: match attempt.status {
                AttemptStatus::Pending => AttemptOutcome::Pending,
                AttemptStatus::Failed => AttemptOutcome::Failed,
                AttemptStatus::Succeeded => AttemptOutcome::Succeeded,
            },
            manual: false,
            card: (attempt.brand.is_some() || attempt.fingerprint.is_some()).then(|| Card {
                brand: attempt.brand.clone(),
                fingerprint: attempt.fingerprint.clone(),
                country: attempt.country.clone(),
            }),
            error: attempt.error.clone(),
            at: attempt.at,
        })
        .collect()
}

pub(super) fn address(address: &RowAddress) -> Address {
    Address {
        name: address.name.clone(),
        company: None,
        address1: address.line1.clone(),
        address2: address.line2.clone(),
        city: address.city.clone(),
        province_code: address.state.clone(),
        zip: address.postal_code.clone(),
        country_code: address.country.clone(),
        phone: address.phone.clone(),
    }
}

/// The one fulfilment order: everything that goes by parcel. It is there once the checkout is complete.
fn fulfilment_order(row: &OrderRow) -> Option<FulfilmentOrder> {
    let by_parcel = row.lines.iter().enumerate().filter(|(_, line)| line.requires_shipping);
    let lines: Vec<_> = by_parcel
        .map(|(at, _)| FulfilmentOrderLine {
            id: fulfilment_line_id(row.number, at + 1),
            line: line_id(row.number, at + 1),
            remaining: row.remaining(at + 1),
        })
        .collect();
    let holds = row.holds.keys();
    (row.status.is_order() && !lines.is_empty()).then(|| FulfilmentOrder {
        id: fulfilment_order_id(row.number),
        open: row.has_something_to_send() && !row.is_cancelled() && row.holds.is_empty(),
        service: None,
        holds: holds.map(|handle| PlatformHold { id: handle.clone(), handle: Some(handle.clone()) }).collect(),
        lines,
    })
}

/// What the ledger must know of this order. A checkout nobody finished is no order yet: it can only have run out.
pub(super) fn facts(row: &OrderRow, order: &Order) -> Vec<Fact> {
    match row.status {
        Status::Open => return Vec::new(),
        Status::Expired => {
            // Stripe names a buyer only now: whoever left a cart behind is reminded from here on.
            let left = row
                .left
                .as_ref()
                .map(|left| Fact::CheckoutStarted { at: left.at.to_string(), customer: Some(id_of(&left.email).0) });
            return std::iter::once(Fact::CheckoutEnded { how: CheckoutEnd::Expired }).chain(left).collect();
        }
        Status::Awaiting | Status::Failed | Status::Paid => {}
    }
    let mut facts = facts::of_order(order);
    for fact in &mut facts {
        if let Fact::OrderDisputed { dispute, due, .. } = fact {
            *due = row.disputes.get(dispute).and_then(|dispute| dispute.due).map(|due| due.to_string());
        }
    }
    facts.extend(row.warnings.keys().map(|warning| Fact::FraudWarned { warning: warning.clone() }));
    facts
}
