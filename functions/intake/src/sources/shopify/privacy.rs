//! The topics every app must answer (who asks what is held, who is to be forgotten), and the end of our own installation.

use domain::event::Fact;
use serde::Deserialize;

use super::super::{AnyId, Translated, Unreadable, read};
use super::{Delivery, contacts, numbers, of_store};

pub(super) fn asked(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let request: DataRequest = read(delivery.body)?;
    let orders = numbers(&request.orders_requested, "orders_requested")?;
    let customer = request.customer.and_then(|customer| customer.id).map(|id| id.0);
    Ok(of_store(Fact::DataRequested { request: request.data_request.id.0, customer, orders }))
}

pub(super) fn customer(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let redact: Redact = read(delivery.body)?;
    let orders = numbers(&redact.orders_to_redact, "orders_to_redact")?;
    let contact = redact.customer.as_ref().and_then(|customer| contacts::hash_of(customer.email.as_deref()));
    let customer = redact.customer.and_then(|customer| customer.id).map(|id| id.0);
    Ok(of_store(Fact::CustomerRedacted { customer, orders, contact }))
}

pub(super) fn shop(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let redact: ShopRedact = read(delivery.body)?;
    Ok(of_store(Fact::ShopRedacted { shop: redact.shop_domain }))
}

pub(super) fn uninstalled(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let shop: Shop = read(delivery.body)?;
    Ok(of_store(Fact::AppUninstalled { at: delivery.moment(shop.updated_at) }))
}

#[derive(Deserialize)]
struct Customer {
    id: Option<AnyId>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize)]
struct DataRequest {
    customer: Option<Customer>,
    orders_requested: Option<Vec<AnyId>>,
    data_request: DataRequestId,
}

#[derive(Deserialize)]
struct DataRequestId {
    id: AnyId,
}

#[derive(Deserialize)]
struct Redact {
    customer: Option<Customer>,
    orders_to_redact: Option<Vec<AnyId>>,
}

#[derive(Deserialize)]
struct ShopRedact {
    shop_domain: String,
}

#[derive(Deserialize)]
struct Shop {
    #[serde(default)]
    updated_at: Option<String>,
}
