//! Stripe's objects, as far as we read them. Everything may be absent: shapes change from version to version, and what an order
//! cannot do without is missed by name where it is used.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct ErrorAnswer {
    pub(crate) error: Option<Error>,
}

#[derive(Deserialize, Default)]
pub(crate) struct Error {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct List<T> {
    #[serde(default = "Vec::new")]
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) has_more: bool,
}

/// An object that Stripe gives by id, or whole where it was asked to.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Expandable<T> {
    Id(String),
    Whole(Box<T>),
}

impl<T> Expandable<T> {
    pub(crate) fn whole(self) -> Option<T> {
        match self {
            Self::Id(_) => None,
            Self::Whole(object) => Some(*object),
        }
    }
}

/// Something with an id, whole or not.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
}

/// The id of an object that may stand there whole.
fn id_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Expandable<Named>>::deserialize(deserializer)?.map(|object| match object {
        Expandable::Id(id) => id,
        Expandable::Whole(named) => named.id,
    }))
}

/// Our own words on an object. PHP writes an empty one as a list.
#[derive(Deserialize, Default)]
#[serde(transparent)]
pub(crate) struct Metadata(Value);

impl Metadata {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}

#[derive(Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) created: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) url: Option<String>,
    pub(crate) livemode: Option<bool>,
    pub(crate) mode: Option<String>,
    /// `open`, `complete`, `expired`
    pub(crate) status: Option<String>,
    /// `paid`, `unpaid`, `no_payment_required`
    pub(crate) payment_status: Option<String>,
    #[serde(default)]
    pub(crate) payment_intent: Option<Expandable<Intent>>,
    #[serde(default)]
    pub(crate) metadata: Option<Metadata>,
    pub(crate) recovered_from: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) amount_total: Option<i64>,
    pub(crate) total_details: Option<TotalDetails>,
    pub(crate) shipping_cost: Option<ShippingCost>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) customer: Option<String>,
    pub(crate) customer_details: Option<CustomerDetails>,
    pub(crate) customer_email: Option<String>,
    pub(crate) consent: Option<Consent>,
    pub(crate) after_expiration: Option<AfterExpiration>,
    /// Since 2025-03-31.basil.
    pub(crate) collected_information: Option<Collected>,
    /// Before that.
    pub(crate) shipping_details: Option<Recipient>,
}

/// What the buyer ticked on Stripe's page.
#[derive(Deserialize)]
pub(crate) struct Consent {
    /// `opt_in`, `opt_out`
    pub(crate) promotions: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct AfterExpiration {
    pub(crate) recovery: Option<Recovery>,
}

#[derive(Deserialize)]
pub(crate) struct Recovery {
    pub(crate) url: Option<String>,
    pub(crate) expires_at: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct TotalDetails {
    pub(crate) amount_discount: Option<i64>,
    pub(crate) amount_shipping: Option<i64>,
    pub(crate) amount_tax: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct ShippingCost {
    /// Before discounts and taxes.
    pub(crate) amount_subtotal: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct CustomerDetails {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) address: Option<Address>,
    /// `none`, `exempt`, `reverse`
    pub(crate) tax_exempt: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Collected {
    pub(crate) shipping_details: Option<Recipient>,
}

#[derive(Deserialize)]
pub(crate) struct Recipient {
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) address: Option<Address>,
}

#[derive(Deserialize, Default)]
pub(crate) struct Address {
    pub(crate) line1: Option<String>,
    pub(crate) line2: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) country: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) created: Option<i64>,
    pub(crate) status: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) amount_received: Option<i64>,
    #[serde(default)]
    pub(crate) metadata: Option<Metadata>,
    pub(crate) shipping: Option<Recipient>,
    pub(crate) receipt_email: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) created: Option<i64>,
    /// `succeeded`, `pending`, `failed`
    pub(crate) status: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) amount_refunded: Option<i64>,
    pub(crate) disputed: Option<bool>,
    pub(crate) failure_code: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) payment_method_details: Option<Method>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) payment_intent: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Outcome {
    /// `authorized`, `manual_review`, `issuer_declined`, `blocked`, `invalid`
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) risk_level: Option<String>,
    pub(crate) risk_score: Option<i64>,
    pub(crate) seller_message: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Method {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) card: Option<Card>,
}

#[derive(Deserialize)]
pub(crate) struct Card {
    pub(crate) brand: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) country: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) status: Option<String>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) payment_intent: Option<String>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) charge: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) status: Option<String>,
    pub(crate) evidence_details: Option<EvidenceDetails>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) payment_intent: Option<String>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) charge: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct EvidenceDetails {
    pub(crate) due_by: Option<i64>,
}

/// An early fraud warning of a card's network.
#[derive(Deserialize)]
pub(crate) struct Warning {
    pub(crate) id: String,
    pub(crate) fraud_type: Option<String>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) payment_intent: Option<String>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) charge: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) data: EventData,
}

#[derive(Deserialize)]
pub(crate) struct EventData {
    pub(crate) object: EventObject,
}

#[derive(Deserialize)]
pub(crate) struct EventObject {
    pub(crate) id: Option<String>,
    #[serde(default, deserialize_with = "id_of")]
    pub(crate) payment_intent: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) url: Option<String>,
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) enabled_events: Vec<String>,
}
