//! Orders: placed, paid, changed, edited, cancelled, assessed, refunded, disputed.

use domain::event::Fact;
use domain::facts::what_matters;
use domain::order::{Address, Payment};
use serde::{Deserialize, Deserializer};

use super::super::{AnyId, Told, Translated, Unreadable, read};
use super::{Delivery, of_order, word};

pub(super) fn created(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    read::<Order>(delivery.body)?.told(Fact::OrderCreated {})
}

pub(super) fn paid(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    // A payment counts, whatever else in the body cannot be read.
    let what = read::<OrderState>(delivery.body).ok().map(|state| state.what());
    read::<Order>(delivery.body)?.told(Fact::OrderPaid { what })
}

pub(super) fn cancelled(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let mut order: Order = read(delivery.body)?;
    let reason = order.cancel_reason.take().map(word);
    order.told(Fact::OrderCancelled { reason })
}

/// Shopify says "updated" for every tag and every parcel. The fact's id is a hash of what matters to us, so that the many
/// updates that change none of it are one fact; and it is the hash that the sweep computes from the order it reads.
pub(super) fn updated(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let mut state: OrderState = read(delivery.body)?;
    let (id, name) = (std::mem::replace(&mut state.id, AnyId(String::new())), state.name.take());
    // Whether it came back to what it was, the door knows once it has looked at what was told before.
    let again = state.updated_at.take();
    Order { id, name, cancel_reason: None }.told(Fact::OrderChanged { what: state.what(), again })
}

pub(super) fn edited(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let Edited { order_edit: edit } = read(delivery.body)?;
    Ok(of_order(edit.order_id.order("order_edit.order_id")?, Fact::OrderEdited { edit: edit.id.0 }))
}

pub(super) fn refunded(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let refund: Refund = read(delivery.body)?;
    Ok(of_order(refund.order_id.order("order_id")?, Fact::OrderRefunded { refund: refund.id.0 }))
}

/// A dispute about a payment that belongs to no order is nothing a layer can work on, and is money all the same: it is kept as
/// unreadable, so that the owner hears of it.
pub(super) fn disputed(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let dispute: Dispute = read(delivery.body)?;
    let Some(order) = dispute.order_id else {
        let why = "the dispute names no order; answer it in the store's admin, under its payments";
        return Err(Unreadable(why.to_owned()));
    };
    let fact = Fact::OrderDisputed {
        dispute: dispute.id.0,
        // Whoever does not say that it only asks has taken the money.
        kind: word(dispute.kind.unwrap_or_else(|| "chargeback".to_owned()).to_lowercase()),
        due: dispute.evidence_due_by.map(word),
    };
    Ok(of_order(order.order("order_id")?, fact))
}

/// Shopify sends the order's number, or only its global id.
pub(super) fn assessed(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let risk: Risk = read(delivery.body)?;
    let order = match (&risk.order_id, &risk.admin_graphql_api_order_id) {
        (Some(number), _) => number.order("order_id")?,
        (None, Some(gid)) => gid.order("admin_graphql_api_order_id")?,
        (None, None) => return Err(Unreadable("neither order_id nor admin_graphql_api_order_id is there".to_owned())),
    };
    let provider = risk.provider_id.map_or_else(|| "shopify".to_owned(), |id| id.0);
    let level = risk.risk_level.unwrap_or_else(|| "unknown".to_owned()).to_lowercase();
    let at = delivery.moment(risk.created_at);
    Ok(of_order(order, Fact::RiskAssessed { provider, level, at }))
}

fn payment(word: Option<&str>) -> Payment {
    match word {
        Some("pending") => Payment::Pending,
        Some("authorized") => Payment::Authorized,
        Some("partially_paid") => Payment::PartiallyPaid,
        Some("paid") => Payment::Paid,
        Some("partially_refunded") => Payment::PartiallyRefunded,
        Some("refunded") => Payment::Refunded,
        Some("voided") => Payment::Voided,
        Some("expired") => Payment::Expired,
        other => Payment::Other(other.unwrap_or("without a payment status").to_owned()),
    }
}

#[derive(Deserialize)]
struct Order {
    id: AnyId,
    name: Option<String>,
    #[serde(default)]
    cancel_reason: Option<String>,
}

impl Order {
    fn told(self, fact: Fact) -> Result<Translated, Unreadable> {
        let order = self.id.order("id")?;
        Ok(match of_order(order, fact) {
            Translated::Fact(told) => Translated::Fact(Box::new(Told { order_name: self.name, ..*told })),
            unfollowed @ Translated::Unfollowed(_) => unfollowed,
        })
    }
}

#[derive(Deserialize)]
struct OrderState {
    id: AnyId,
    name: Option<String>,
    #[serde(default)]
    cancelled_at: Option<String>,
    #[serde(default)]
    financial_status: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    shipping_address: Option<AnyAddress>,
}

impl OrderState {
    fn what(self) -> String {
        let ship_to = self.shipping_address.and_then(AnyAddress::address);
        what_matters(ship_to.as_ref(), self.cancelled_at.is_some(), &payment(self.financial_status.as_deref()))
    }
}

/// An address, or whatever stands there instead: some senders write an empty list where there is none.
struct AnyAddress(Option<BodyAddress>);

impl<'de> Deserialize<'de> for AnyAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Address(Box<BodyAddress>),
            Other(serde::de::IgnoredAny),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Address(address) => Self(Some(*address)),
            Either::Other(_) => Self(None),
        })
    }
}

#[derive(Deserialize)]
struct BodyAddress {
    name: Option<String>,
    company: Option<String>,
    address1: Option<String>,
    address2: Option<String>,
    city: Option<String>,
    province_code: Option<String>,
    zip: Option<String>,
    country_code: Option<String>,
    phone: Option<String>,
}

impl AnyAddress {
    /// In our words, as the store's own answer is read: an address of which nothing says where it is counts as none.
    fn address(self) -> Option<Address> {
        let text = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
        let body = self.0?;
        Some(Address {
            name: text(body.name).unwrap_or_default(),
            company: text(body.company),
            address1: text(body.address1)?,
            address2: text(body.address2),
            city: text(body.city).unwrap_or_default(),
            province_code: text(body.province_code),
            zip: text(body.zip),
            country_code: text(body.country_code)?,
            phone: text(body.phone),
        })
    }
}

#[derive(Deserialize)]
struct Edited {
    order_edit: Edit,
}

#[derive(Deserialize)]
struct Edit {
    id: AnyId,
    order_id: AnyId,
}

#[derive(Deserialize)]
struct Refund {
    id: AnyId,
    order_id: AnyId,
}

#[derive(Deserialize)]
struct Dispute {
    id: AnyId,
    order_id: Option<AnyId>,
    #[serde(rename = "type")]
    kind: Option<String>,
    evidence_due_by: Option<String>,
}

#[derive(Deserialize)]
struct Risk {
    order_id: Option<AnyId>,
    admin_graphql_api_order_id: Option<AnyId>,
    provider_id: Option<AnyId>,
    risk_level: Option<String>,
    created_at: Option<String>,
}
