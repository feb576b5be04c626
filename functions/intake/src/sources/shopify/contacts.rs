//! Customers: their records and their consent to marketing mail.

use domain::event::Fact;
use domain::subject::{Subject, address_hash, short_hash};
use serde::Deserialize;

use super::super::{AnyId, Translated, Unreadable, read};
use super::{Delivery, about, word};

pub(super) fn changed(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let customer: Customer = read(delivery.body)?;
    let at = delivery.moment(customer.updated_at);
    let subject = contact(customer.email.as_deref(), &customer.id);
    Ok(about(subject, Fact::ContactChanged { at, customer: Some(customer.id.0) }))
}

pub(super) fn consented(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let body: Consented = read(delivery.body)?;
    let (state, updated) = body.email_marketing_consent.map_or((None, None), |it| (it.state, it.consent_updated_at));
    let state = word(state.unwrap_or_else(|| "unknown".to_owned()).to_lowercase());
    let subject = contact(body.email_address.as_deref(), &body.customer_id);
    let fact = Fact::ConsentChanged { state, at: delivery.moment(updated), customer: Some(body.customer_id.0) };
    Ok(about(subject, fact))
}

/// The one place that says which contact a customer is: the hash of the address, under which mails and the headless store know
/// the same person too. A customer without an address cannot be written to; their number, hashed, keeps their facts apart.
fn contact(address: Option<&str>, customer: &AnyId) -> Subject {
    let hash = hash_of(address).unwrap_or_else(|| short_hash(&["shopify-customer", &customer.0], 16));
    Subject::Contact(hash)
}

/// The hash of an address that is there.
pub(super) fn hash_of(address: Option<&str>) -> Option<String> {
    address.map(str::trim).filter(|address| !address.is_empty()).map(address_hash)
}

#[derive(Deserialize)]
struct Customer {
    id: AnyId,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct Consented {
    customer_id: AnyId,
    #[serde(default)]
    email_address: Option<String>,
    #[serde(default)]
    email_marketing_consent: Option<Consent>,
}

#[derive(Deserialize)]
struct Consent {
    state: Option<String>,
    consent_updated_at: Option<String>,
}
