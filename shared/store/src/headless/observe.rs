//! From Stripe's objects to what one look showed of an order.

use domain::Timestamp;
use domain::money::Money;
use domain::provider::Trouble;

use super::row::{Attempt, Bill, Left, Observed, RowAddress, RowDispute, RowRefund};
use super::status::{AttemptStatus, DisputeStatus, RefundStatus, Status};
use super::stripe::minor::from_stripe;
use super::stripe::wire;

fn broken(what: impl ToString) -> Trouble {
    Trouble::Broken { why: format!("its answer is not readable: {}", what.to_string()) }
}

pub(super) fn money(amount: Option<i64>, currency: Option<&str>) -> Result<Money, Trouble> {
    let currency = currency.ok_or_else(|| broken("an amount without a currency"))?;
    from_stripe(amount.ok_or_else(|| broken("an amount is missing"))?, currency).map_err(broken)
}

pub(super) fn moment(second: Option<i64>) -> Result<Timestamp, Trouble> {
    let second = second.ok_or_else(|| broken("a time is missing"))?;
    Timestamp::from_second(second).map_err(broken)
}

/// A checkout session and, where money is due, its payment intent.
pub(super) fn session(session: &wire::Session, intent: Option<&wire::Intent>) -> Result<Observed, Trouble> {
    let status = progress(session, intent.and_then(|intent| intent.status.as_deref()));
    Ok(Observed {
        session: Some((session.id.clone(), status)),
        payment: intent.map(|intent| intent.id.clone()),
        status: Some(status),
        bill: if status.is_order() { Some(bill(session, status)?) } else { None },
        left: if status == Status::Expired { left(session)? } else { None },
        ..Observed::default()
    })
}

/// How far a checkout got. A delayed payment completes the session first; whether its money came, the intent says.
pub(super) fn progress(session: &wire::Session, intent: Option<&str>) -> Status {
    match (session.status.as_deref(), session.payment_status.as_deref()) {
        (Some("expired"), _) => Status::Expired,
        (Some("complete"), Some("paid" | "no_payment_required")) => Status::Paid,
        (Some("complete"), _) => match intent {
            Some("succeeded") => Status::Paid,
            Some("requires_payment_method" | "canceled") => Status::Failed,
            _ => Status::Awaiting,
        },
        _ => Status::Open,
    }
}

/// Whether the buyer agreed to news and offers.
fn agreed(session: &wire::Session) -> bool {
    session.consent.as_ref().is_some_and(|consent| consent.promotions.as_deref() == Some("opt_in"))
}

/// A buyer who left, gave an address, and agreed to be written to.
fn left(session: &wire::Session) -> Result<Option<Left>, Trouble> {
    let customer = session.customer_details.as_ref().and_then(|customer| customer.email.clone());
    let email = customer.or_else(|| session.customer_email.clone()).filter(|email| email.contains('@'));
    let Some(email) = email.filter(|_| agreed(session)) else { return Ok(None) };
    let recovery = session.after_expiration.as_ref().and_then(|after| after.recovery.as_ref());
    let recover = match recovery.and_then(|recovery| recovery.url.clone().zip(recovery.expires_at)) {
        Some((url, until)) => Some((url, moment(Some(until))?)),
        None => None,
    };
    Ok(Some(Left {
        at: moment(session.created)?,
        session: session.id.clone(),
        email,
        recover,
        address: ship_to(session),
    }))
}

fn bill(session: &wire::Session, status: Status) -> Result<Bill, Trouble> {
    let currency = session.currency.as_deref();
    let part = |amount: Option<i64>| money(Some(amount.unwrap_or(0)), currency);
    let details = session.total_details.as_ref();
    let shipping = session.shipping_cost.as_ref().and_then(|cost| cost.amount_subtotal);
    let customer = session.customer_details.as_ref();
    let email = customer.and_then(|customer| customer.email.clone());
    Ok(Bill {
        status,
        placed: moment(session.created)?,
        discounts: part(details.and_then(|details| details.amount_discount))?,
        shipping: part(shipping.or_else(|| details.and_then(|details| details.amount_shipping)))?,
        tax: part(details.and_then(|details| details.amount_tax))?,
        total: money(session.amount_total, currency)?,
        email: email.or_else(|| session.customer_email.clone()),
        ship_to: ship_to(session),
        bill_to: customer.and_then(|customer| {
            address(customer.name.as_deref(), customer.address.as_ref()?, customer.phone.as_deref())
        }),
        customer: session.customer.clone(),
        agreed: agreed(session),
        tax_exempt: matches!(customer.and_then(|c| c.tax_exempt.as_deref()), Some("exempt" | "reverse")),
    })
}

/// Where a parcel goes: Stripe moved it from one field to another.
fn ship_to(session: &wire::Session) -> Option<RowAddress> {
    let collected = session.collected_information.as_ref().and_then(|info| info.shipping_details.as_ref());
    let phone = session.customer_details.as_ref().and_then(|customer| customer.phone.as_deref());
    recipient(collected.or(session.shipping_details.as_ref())?, phone)
}

fn recipient(to: &wire::Recipient, phone: Option<&str>) -> Option<RowAddress> {
    address(to.name.as_deref(), to.address.as_ref()?, to.phone.as_deref().or(phone))
}

/// `None`: nothing a parcel could be sent to (Stripe may know the country alone).
fn address(name: Option<&str>, address: &wire::Address, phone: Option<&str>) -> Option<RowAddress> {
    let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(RowAddress {
        name: text(name).unwrap_or_default(),
        line1: text(address.line1.as_deref())?,
        line2: text(address.line2.as_deref()),
        city: text(address.city.as_deref()).unwrap_or_default(),
        state: text(address.state.as_deref()),
        postal_code: text(address.postal_code.as_deref()),
        country: text(address.country.as_deref())?,
        phone: text(phone),
    })
}

/// A payment without a checkout: only our own test orders are paid so.
pub(super) fn payment(intent: &wire::Intent) -> Result<Observed, Trouble> {
    let status = match intent.status.as_deref() {
        Some("succeeded") => Status::Paid,
        Some("canceled") => Status::Failed,
        _ => Status::Open,
    };
    let total = money(intent.amount, intent.currency.as_deref())?;
    let bill = Bill {
        status,
        placed: moment(intent.created)?,
        discounts: total.zero(),
        shipping: total.zero(),
        tax: total.zero(),
        total,
        email: intent.receipt_email.clone(),
        ship_to: intent.shipping.as_ref().and_then(|to| recipient(to, None)),
        bill_to: None,
        customer: None,
        agreed: false,
        tax_exempt: false,
    };
    Ok(Observed {
        payment: Some(intent.id.clone()),
        status: Some(status),
        bill: status.is_order().then_some(bill),
        ..Observed::default()
    })
}

pub(super) fn attempt(charge: &wire::Charge) -> Result<(String, Attempt), Trouble> {
    let status = match charge.status.as_deref() {
        Some("succeeded") => AttemptStatus::Succeeded,
        Some("failed") => AttemptStatus::Failed,
        _ => AttemptStatus::Pending,
    };
    let outcome = charge.outcome.as_ref();
    let method = charge.payment_method_details.as_ref();
    let card = method.and_then(|method| method.card.as_ref());
    let blocked = outcome.filter(|outcome| outcome.kind.as_deref() == Some("blocked")).map(|_| "blocked".to_owned());
    let attempt = Attempt {
        status,
        at: moment(charge.created)?,
        method: method.and_then(|method| method.kind.clone()),
        error: charge.failure_code.clone().or(blocked),
        brand: card.and_then(|card| card.brand.as_deref()).map(str::to_lowercase),
        fingerprint: card.and_then(|card| card.fingerprint.clone()),
        country: card.and_then(|card| card.country.clone()),
        risk: outcome.and_then(risk_level),
        risk_facts: outcome.map(risk_facts).unwrap_or_default(),
    };
    Ok((charge.id.clone(), attempt))
}

/// Radar's level; a payment that it puts up for review is elevated, whatever its score says.
fn risk_level(outcome: &wire::Outcome) -> Option<String> {
    match (outcome.kind.as_deref(), outcome.risk_level.as_deref()) {
        (Some("manual_review"), Some("normal") | None) => Some("elevated".to_owned()),
        (_, level) => level.map(str::to_owned),
    }
}

/// What speaks against a payment, in Radar's words; nothing where it was simply authorized.
fn risk_facts(outcome: &wire::Outcome) -> Vec<String> {
    let authorized = outcome.kind.as_deref() == Some("authorized");
    if authorized && outcome.risk_level.as_deref() == Some("normal") {
        return Vec::new();
    }
    let mut facts = Vec::new();
    // Of a payment that went through the message says only that it did, which speaks against nobody.
    facts.extend(outcome.seller_message.clone().filter(|_| !authorized));
    facts.extend(outcome.reason.as_deref().map(|reason| format!("reason {reason}")));
    facts.extend(outcome.risk_score.map(|score| format!("risk score {score} of 100")));
    if outcome.kind.as_deref() == Some("manual_review") {
        facts.push("Radar put the payment up for review".to_owned());
    }
    facts
}

pub(super) fn refund(refund: &wire::Refund) -> Result<(String, RowRefund), Trouble> {
    let amount = money(refund.amount, refund.currency.as_deref())?;
    Ok((refund.id.clone(), RowRefund { status: RefundStatus::of(refund.status.as_deref()), amount }))
}

pub(super) fn dispute(dispute: &wire::Dispute) -> (String, RowDispute) {
    let due = dispute.evidence_details.as_ref().and_then(|details| details.due_by);
    let due = due.and_then(|second| Timestamp::from_second(second).ok());
    (dispute.id.clone(), RowDispute { status: DisputeStatus::of(dispute.status.as_deref()), due })
}

pub(super) fn warning(warning: &wire::Warning) -> (String, String) {
    (warning.id.clone(), warning.fraud_type.clone().unwrap_or_else(|| "no kind given".to_owned()))
}
