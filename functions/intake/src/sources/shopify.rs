//! Shopify's webhooks: base64 HMAC-SHA256 over the raw body, in either header style (`X-Shopify-…`, and `Shopify-…` without the
//! `X` since the Events preview of 2026; Shopify's own libraries accept both).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::event::{Fact, ParcelRef};
use domain::subject::{OrderId, Subject};
use lambda::{Secrets, secrets::SecretsError};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{AnyId, Told, Translated, Unreadable, read};
use crate::http::Request;
use crate::signature;

/// The app's client secret, or two lines during a rotation (Shopify signs with the old one for up to an hour).
pub(super) const WEBHOOK_SECRET: &str = "door/shopify/webhook-secret";

#[derive(Debug)]
pub(crate) struct Shopify {
    secrets: Vec<SecretString>,
}

impl Shopify {
    pub(super) fn new(secrets: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { secrets: secrets.all(WEBHOOK_SECRET)? })
    }

    pub(super) fn signed(&self, request: &Request) -> bool {
        let Some(header) = header(request, "hmac-sha256") else { return false };
        let Ok(given) = STANDARD.decode(header.trim()) else { return false };
        let keys: Vec<Vec<u8>> = self.secrets.iter().map(|secret| secret.expose_secret().as_bytes().to_vec()).collect();
        signature::hmac_fits(&keys, &request.body, &given)
    }
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.header(&format!("shopify-{name}")).or_else(|| request.header(&format!("x-shopify-{name}")))
}

pub(super) fn topic(request: &Request) -> String {
    header(request, "topic").unwrap_or("without a topic").to_owned()
}

pub(super) fn translate(request: &Request) -> Result<Translated, Unreadable> {
    let triggered = header(request, "triggered-at").and_then(|text| text.parse::<Timestamp>().ok());
    let body = &request.body;
    let told = match topic(request).as_str() {
        "orders/paid" => {
            let order: Order = read(body)?;
            Told { order_name: order.name.clone(), ..about(order.id.order("id")?, Fact::OrderPaid {}) }
        }
        "orders/cancelled" => {
            let order: Order = read(body)?;
            let fact =
                Fact::OrderCancelled { reason: order.cancel_reason.map(|reason| reason.chars().take(64).collect()) };
            Told { order_name: order.name, ..about(order.id.order("id")?, fact) }
        }
        "refunds/create" => {
            let refund: Refund = read(body)?;
            about(refund.order_id.order("order_id")?, Fact::OrderRefunded { refund: refund.id.0 })
        }
        "orders/risk_assessment_changed" => {
            let risk: Risk = read(body)?;
            let provider = risk.provider_id.map_or_else(|| "shopify".to_owned(), |id| id.0);
            let level = risk.risk_level.unwrap_or_else(|| "unknown".to_owned()).to_lowercase();
            let at = risk.created_at.unwrap_or_default();
            about(risk.order_id.order("order_id")?, Fact::RiskAssessed { provider, level, at })
        }
        "fulfillment_events/create" => {
            let event: FulfilmentEvent = read(body)?;
            let order = event.order_id.order("order_id")?;
            match tracked(event) {
                Some(fact) => about(order, fact),
                None => return Ok(Translated::Unfollowed(Some(Subject::Order(order)))),
            }
        }
        "app/uninstalled" => {
            let shop: Shop = read(body)?;
            let at = shop.updated_at.or_else(|| triggered.map(|at| at.to_string())).unwrap_or_default();
            of_store(Fact::AppUninstalled { at })
        }
        "customers/data_request" => {
            let request: DataRequest = read(body)?;
            let orders = numbers(&request.orders_requested, "orders_requested")?;
            let customer = request.customer.and_then(|customer| customer.id).map(|id| id.0);
            of_store(Fact::DataRequested { request: request.data_request.id.0, customer, orders })
        }
        "customers/redact" => {
            let redact: Redact = read(body)?;
            let orders = numbers(&redact.orders_to_redact, "orders_to_redact")?;
            let customer = redact.customer.and_then(|customer| customer.id).map(|id| id.0);
            of_store(Fact::CustomerRedacted { customer, orders })
        }
        "shop/redact" => {
            let redact: ShopRedact = read(body)?;
            of_store(Fact::ShopRedacted { shop: redact.shop_domain })
        }
        _ => return Ok(Translated::Unfollowed(None)),
    };
    Ok(Translated::Fact(Box::new(Told { time: triggered, ..told })))
}

fn about(order: OrderId, fact: Fact) -> Told {
    Told { subject: Some(Subject::Order(order)), fact, time: None, order_name: None }
}

fn of_store(fact: Fact) -> Told {
    Told { subject: None, fact, time: None, order_name: None }
}

fn numbers(ids: &Option<Vec<AnyId>>, field: &str) -> Result<Vec<OrderId>, Unreadable> {
    ids.iter().flatten().map(|id| id.order(field)).collect()
}

/// The statuses of a fulfilment event that mean something to us. A printed or bought label has not met a carrier yet.
fn tracked(event: FulfilmentEvent) -> Option<Fact> {
    let source = "shopify".to_owned();
    let status = event.status.unwrap_or_default().to_lowercase();
    match status.as_str() {
        "delivered" | "picked_up" => {
            Some(Fact::ParcelDelivered { source, parcel: ParcelRef::Fulfilment(event.fulfillment_id.0) })
        }
        "failure" => Some(Fact::ParcelReturned { source, tracking_event: event.id.0, reason: None }),
        "in_transit" | "out_for_delivery" | "attempted_delivery" | "ready_for_pickup" | "carrier_picked_up"
        | "delayed" => Some(Fact::ParcelMoved { source, tracking_event: event.id.0, status }),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Order {
    id: AnyId,
    name: Option<String>,
    #[serde(default)]
    cancel_reason: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    id: AnyId,
    order_id: AnyId,
}

#[derive(Deserialize)]
struct Risk {
    order_id: AnyId,
    provider_id: Option<AnyId>,
    risk_level: Option<String>,
    created_at: Option<String>,
}

#[derive(Deserialize)]
struct FulfilmentEvent {
    id: AnyId,
    order_id: AnyId,
    fulfillment_id: AnyId,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Shop {
    #[serde(default)]
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct Customer {
    id: Option<AnyId>,
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
