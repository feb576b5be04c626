//! Shopify's webhooks: base64 HMAC-SHA256 over the raw body, in either header style (`X-Shopify-…`, and `Shopify-…` without the
//! `X` since the Events preview of 2026; Shopify's own libraries accept both). One file per family of topics.

mod checkouts;
mod contacts;
mod fulfilments;
mod orders;
mod privacy;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::event::Fact;
use domain::subject::{OrderId, Subject, short_hash};
use lambda::{Secrets, secrets::SecretsError};

use super::{AnyId, Told, Translated, Unreadable};
use crate::http::Request;
use crate::signature::Keys;

/// The app's client secret, or two lines during a rotation (Shopify signs with the old one for up to an hour).
pub(super) const WEBHOOK_SECRET: &str = "door/shopify/webhook-secret";

#[derive(Debug)]
pub(crate) struct Shopify {
    keys: Keys,
}

impl Shopify {
    pub(super) fn new(secrets: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { keys: Keys::of(&secrets.all(WEBHOOK_SECRET)?) })
    }

    pub(super) fn signed(&self, request: &Request) -> bool {
        let Some(header) = header(request, "hmac-sha256") else { return false };
        let Ok(given) = STANDARD.decode(header.trim()) else { return false };
        self.keys.fit(&[&request.body], &given)
    }
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let named = |known: &str| known.strip_prefix("x-").unwrap_or(known).strip_prefix("shopify-") == Some(name);
    request.headers.iter().find(|(known, _)| named(known)).map(|(_, value)| value.as_str())
}

pub(super) fn topic(request: &Request) -> &str {
    header(request, "topic").unwrap_or("without a topic")
}

pub(super) fn translate(request: &Request) -> Result<Translated, Unreadable> {
    let delivery =
        Delivery { body: &request.body, triggered: header(request, "triggered-at").and_then(|text| text.parse().ok()) };
    let told = match topic(request) {
        "orders/create" => orders::created(&delivery),
        "orders/paid" => orders::paid(&delivery),
        "orders/updated" => orders::updated(&delivery),
        "orders/edited" => orders::edited(&delivery),
        "orders/cancelled" => orders::cancelled(&delivery),
        "orders/risk_assessment_changed" => orders::assessed(&delivery),
        "refunds/create" => orders::refunded(&delivery),
        "disputes/create" => orders::disputed(&delivery),
        "fulfillments/create" | "fulfillments/update" => fulfilments::written(&delivery),
        "fulfillment_events/create" => fulfilments::tracked(&delivery),
        "checkouts/create" | "checkouts/update" => checkouts::started(&delivery),
        "checkouts/delete" => checkouts::ended(&delivery),
        "customers/create" | "customers/update" => contacts::changed(&delivery),
        "customers_email_marketing_consent/update" => contacts::consented(&delivery),
        "customers/data_request" => privacy::asked(&delivery),
        "customers/redact" => privacy::customer(&delivery),
        "shop/redact" => privacy::shop(&delivery),
        "app/uninstalled" => privacy::uninstalled(&delivery),
        _ => Ok(Translated::Unfollowed(None)),
    }?;
    Ok(match told {
        // A carrier's scan has a time of its own; it may reach Shopify late.
        Translated::Fact(told) => Translated::Fact(Box::new(Told { time: told.time.or(delivery.triggered), ..*told })),
        unfollowed @ Translated::Unfollowed(_) => unfollowed,
    })
}

/// A signed body on its way into our words.
struct Delivery<'r> {
    body: &'r [u8],
    /// When Shopify says that it happened: the same for every retry.
    triggered: Option<Timestamp>,
}

impl Delivery<'_> {
    /// What tells one change of a thing from the next: the body's own time, else when it was triggered, else the body itself.
    /// The same for every retry, since Shopify sends the original body again.
    fn moment(&self, in_body: Option<String>) -> String {
        let of_body = || short_hash(&[&String::from_utf8_lossy(self.body)], 16);
        let triggered = || self.triggered.map(|at| at.to_string());
        in_body.filter(|at| !at.is_empty()).or_else(triggered).unwrap_or_else(of_body)
    }
}

fn about(subject: Subject, fact: Fact) -> Translated {
    Translated::Fact(Box::new(Told { subject: Some(subject), fact, time: None, order_name: None }))
}

fn of_order(order: OrderId, fact: Fact) -> Translated {
    about(Subject::Order(order), fact)
}

fn of_store(fact: Fact) -> Translated {
    Translated::Fact(Box::new(Told { subject: None, fact, time: None, order_name: None }))
}

/// A word of the provider's, of a length that fits a mail and a key.
fn word(text: String) -> String {
    text.chars().take(64).collect()
}

fn numbers(ids: &Option<Vec<AnyId>>, field: &str) -> Result<Vec<OrderId>, Unreadable> {
    ids.iter().flatten().map(|id| id.order(field)).collect()
}
