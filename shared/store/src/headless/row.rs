//! The order as our own table holds it, and how what Stripe says enters it.
//!
//! [`OrderRow::absorb`] joins: its result is the same in whatever order, and however often, the same observations come. Only
//! [`OrderRow::payment`] is first come, first served: one order is paid once, and a second payment for it is money without an
//! order.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::money::Money;
use domain::parcel::Tracking;
use serde::{Deserialize, Deserializer, Serialize};

use super::status::{AttemptStatus, DisputeStatus, RefundStatus, Status};

/// One order of the headless store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// From 1001 on; the order's id, and with `#` before it its name.
    pub number: u64,
    /// Rises with each change; a change names the one it was decided on.
    pub rev: u64,
    /// The hash of the cart it came from.
    pub cart: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Made with a test key.
    pub test: bool,
    #[serde(default)]
    pub tags: Vec<String>,
    /// The address the checkout was begun from.
    #[serde(default)]
    pub ip: Option<String>,
    /// ISO 4217.
    pub currency: String,
    pub tax_included: bool,
    pub lines: Vec<RowLine>,
    pub status: Status,
    /// Every checkout session of this order, and how far each got.
    #[serde(default)]
    pub sessions: BTreeMap<String, Status>,
    /// The session a customer is sent to.
    #[serde(default)]
    pub link: Option<Link>,
    /// The payment intent that paid it: the first.
    #[serde(default)]
    pub payment: Option<String>,
    /// What was charged and to whom, from the completed checkout.
    #[serde(default)]
    pub bill: Option<Bill>,
    /// The buyer left, and agreed to hear of it.
    #[serde(default)]
    pub left: Option<Left>,
    /// By charge.
    #[serde(default)]
    pub attempts: BTreeMap<String, Attempt>,
    #[serde(default)]
    pub refunds: BTreeMap<String, RowRefund>,
    #[serde(default)]
    pub disputes: BTreeMap<String, RowDispute>,
    /// Early fraud warnings: the network's word for the kind, by id.
    #[serde(default)]
    pub warnings: BTreeMap<String, String>,
    /// Notes by handle.
    #[serde(default)]
    pub holds: BTreeMap<String, String>,
    #[serde(default)]
    pub fulfilments: Vec<RowFulfilment>,
    #[serde(default)]
    pub refusal: Option<RowRefusal>,
}

/// So many pieces of one product, at the price it had when the checkout was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowLine {
    pub sku: String,
    pub title: String,
    #[serde(default)]
    pub variant_title: Option<String>,
    #[serde(default)]
    pub image: Option<String>,
    #[serde(default)]
    pub tax_code: Option<String>,
    pub quantity: u32,
    pub unit_price: Money,
    pub requires_shipping: bool,
}

/// A checkout page that is open until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub session: String,
    pub url: String,
    pub expires: Timestamp,
}

/// What was charged, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// How far the checkout was when this was read: a later look counts.
    pub status: Status,
    pub placed: Timestamp,
    pub discounts: Money,
    pub shipping: Money,
    pub tax: Money,
    pub total: Money,
    pub email: Option<String>,
    pub ship_to: Option<RowAddress>,
    pub bill_to: Option<RowAddress>,
    /// Stripe's customer; guests have none.
    pub customer: Option<String>,
    pub tax_exempt: bool,
    /// The buyer ticked the box of Stripe's page that asks for news and offers.
    #[serde(default)]
    pub agreed: bool,
}

/// A checkout that ran out, by a buyer who gave an address and ticked the box that asks for news and offers. Whoever did not is not
/// kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// When that checkout was begun: the last one begun counts.
    pub at: Timestamp,
    pub session: String,
    pub email: String,
    /// Stripe's page that brings it back, and until when.
    pub recover: Option<(String, Timestamp)>,
    /// Where it was to go, as far as they had said.
    pub address: Option<RowAddress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowAddress {
    pub name: String,
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country: String,
    pub phone: Option<String>,
}

/// One attempt to pay: a charge at Stripe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attempt {
    pub status: AttemptStatus,
    pub at: Timestamp,
    /// `card`, `sepa_debit`, `link`, …
    pub method: Option<String>,
    pub error: Option<String>,
    pub brand: Option<String>,
    pub fingerprint: Option<String>,
    pub country: Option<String>,
    /// Radar's `normal`, `elevated` or `highest`; absent where it says nothing.
    pub risk: Option<String>,
    /// Radar's reasons, in its words.
    pub risk_facts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRefund {
    pub status: RefundStatus,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDispute {
    pub status: DisputeStatus,
    /// Until when an answer is due, where Stripe tells.
    pub due: Option<Timestamp>,
}

/// A parcel we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFulfilment {
    pub id: String,
    /// Its numbers, a set.
    #[serde(deserialize_with = "numbers")]
    pub tracking: Vec<Tracking>,
    /// Pieces by line, counted from 1.
    pub pieces: BTreeMap<String, u32>,
}

/// Rows of before parcels had several numbers hold the one they had, or null.
fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Tracking>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Numbers {
        All(Vec<Tracking>),
        One(Option<Tracking>),
    }
    Ok(match Numbers::deserialize(from)? {
        Numbers::All(all) => all,
        Numbers::One(one) => one.into_iter().collect(),
    })
}

/// A person's decision to cancel it, and how far its execution got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRefusal {
    pub decision: String,
    /// The refund, or why there is none; absent until it is done.
    pub reference: Option<String>,
}

/// What one look at Stripe showed of one order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// The checkout session that was looked at, and how far it was.
    pub session: Option<(String, Status)>,
    /// The payment intent that was looked at.
    pub payment: Option<String>,
    pub status: Option<Status>,
    pub bill: Option<Bill>,
    pub left: Option<Left>,
    pub attempts: Vec<(String, Attempt)>,
    pub refunds: Vec<(String, RowRefund)>,
    pub disputes: Vec<(String, RowDispute)>,
    pub warnings: Vec<(String, String)>,
}

impl OrderRow {
    /// `#1001`
    #[must_use]
    pub fn name(&self) -> String {
        format!("#{}", self.number)
    }

    /// Another payment than the one that paid this order.
    #[must_use]
    pub fn is_paid_otherwise(&self, payment: Option<&str>) -> bool {
        self.status == Status::Paid && payment.is_some() && self.payment.as_deref() != payment
    }

    /// Takes over what Stripe says. Nothing moves back.
    pub fn absorb(&mut self, seen: &Observed) {
        if let Some((session, status)) = &seen.session {
            let known = self.sessions.entry(session.clone()).or_insert(*status);
            *known = (*known).max(*status);
        }
        for (charge, attempt) in &seen.attempts {
            let known = self.attempts.entry(charge.clone()).or_insert_with(|| attempt.clone());
            if attempt > known {
                known.clone_from(attempt);
            }
        }
        let newness = |left: &Option<Left>| left.as_ref().map(|left| (left.at, left.session.clone()));
        if newness(&seen.left) > newness(&self.left) {
            self.left.clone_from(&seen.left);
        }
        if self.is_paid_otherwise(seen.payment.as_deref()) {
            return;
        }
        for (refund, seen) in &seen.refunds {
            let known = self.refunds.entry(refund.clone()).or_insert_with(|| seen.clone());
            known.status = known.status.max(seen.status);
        }
        for (dispute, seen) in &seen.disputes {
            let known = self.disputes.entry(dispute.clone()).or_insert_with(|| seen.clone());
            let due = known.due.max(seen.due);
            *known = RowDispute { status: known.status.max(seen.status), due };
        }
        for (warning, kind) in &seen.warnings {
            self.warnings.entry(warning.clone()).or_insert_with(|| kind.clone());
        }
        let Some(status) = seen.status else { return };
        if let Some(bill) = &seen.bill
            && self.bill.as_ref().is_none_or(|known| known.status < bill.status)
        {
            self.bill = Some(bill.clone());
        }
        if status == Status::Paid && self.payment.is_none() {
            self.payment.clone_from(&seen.payment);
        }
        self.status = self.status.max(status);
    }

    /// Nothing will be made of it: a person refused it, or its money did not come.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.refusal.is_some() || self.status == Status::Failed
    }

    /// When it was bought: the last attempt to pay that did not fail, since a checkout may be begun days before it is finished.
    #[must_use]
    pub fn bought_at(&self) -> Option<Timestamp> {
        let bill = self.bill.as_ref().filter(|_| self.status.is_order())?;
        let paid = self.attempts.values().filter(|attempt| attempt.status != AttemptStatus::Failed);
        Some(paid.map(|attempt| attempt.at).fold(bill.placed, Timestamp::max))
    }

    /// Pieces of this line (counted from 1) that no parcel holds yet.
    #[must_use]
    pub fn remaining(&self, line: usize) -> u32 {
        let ordered = line.checked_sub(1).and_then(|at| self.lines.get(at)).map_or(0, |line| line.quantity);
        let sent: u32 = self.fulfilments.iter().filter_map(|parcel| parcel.pieces.get(&line.to_string())).sum();
        ordered.saturating_sub(sent)
    }

    /// Something that goes by parcel is still to be sent.
    #[must_use]
    pub fn has_something_to_send(&self) -> bool {
        let mut lines = self.lines.iter().enumerate();
        lines.any(|(at, line)| line.requires_shipping && self.remaining(at + 1) > 0)
    }
}
