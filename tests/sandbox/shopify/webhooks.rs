//! Shopify's webhooks: how topics are named, how deliveries are signed.

use super::Shopify;
use crate::deliver::{Delivery, hmac_sha256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

/// The door's path for this store, below the door's base URL, which may be told after the store opened.
pub const DOOR: &str = "webhooks/shopify";

/// `orders/paid` as GraphQL's enum names it.
pub fn enum_of(topic: &str) -> String {
    topic.to_uppercase().replace('/', "_")
}

/// The header's name for one of GraphQL's topics: `FULFILLMENT_EVENTS_CREATE` is `fulfillment_events/create`. The last
/// underscore is the slash, except in the few names whose verb has two words.
pub fn topic_of(name: &str) -> String {
    let name = name.to_lowercase();
    let verb = ["risk_assessment_changed", "partially_fulfilled", "scopes_update", "hold_released", "placed_on_hold"]
        .into_iter()
        .find(|verb| name.ends_with(verb))
        .or_else(|| name.rsplit('_').next())
        .unwrap_or_default();
    let resource = name.strip_suffix(verb).unwrap_or_default().trim_end_matches('_');
    format!("{resource}/{verb}")
}

/// `base64(HMAC-SHA256(body, secret))`, the value of `X-Shopify-Hmac-Sha256`.
pub fn signature(secret: &str, body: &[u8]) -> String {
    BASE64.encode(hmac_sha256(secret.as_bytes(), body))
}

/// The classic header set of one delivery.
pub fn headers(
    shopify: &Shopify,
    topic: &str,
    body: &[u8],
    event_id: &str,
    webhook_id: &str,
    triggered_at: &str,
) -> Vec<(String, String)> {
    let config = &shopify.ctx.config.shopify;
    [
        ("Content-Type", "application/json"),
        ("User-Agent", "Shopify-Captain-Hook"),
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Hmac-Sha256", &signature(&config.webhook_secret, body)),
        ("X-Shopify-Shop-Domain", &config.shop),
        ("X-Shopify-API-Version", &config.api_version),
        ("X-Shopify-Webhook-Id", webhook_id),
        ("X-Shopify-Event-Id", event_id),
        ("X-Shopify-Triggered-At", triggered_at),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

impl Shopify {
    /// An id of the form Shopify gives events and webhooks.
    pub(super) fn uuid(&self, kind: u16) -> String {
        format!("5b0d0000-{kind:04x}-4000-8000-{:012x}", self.ctx.next_id())
    }

    /// One signed delivery of anything to the door, an event of its own, whoever subscribed.
    pub fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        copies(self, topic, &body, 1, &self.uuid(1), DOOR).remove(0)
    }
}

/// `times` deliveries of one event to one address: the same `X-Shopify-Event-Id` and body; the first half share one
/// `X-Shopify-Webhook-Id`, as retries do, the rest another, as a second subscription's do.
pub(super) fn copies(
    shopify: &Shopify,
    topic: &str,
    body: &Bytes,
    times: usize,
    event: &str,
    address: &str,
) -> Vec<Delivery> {
    let webhooks = [shopify.uuid(2), shopify.uuid(2)];
    let triggered_at = shopify.ctx.now().to_string();
    (0..times)
        .map(|index| {
            let webhook = if index * 2 < times { &webhooks[0] } else { &webhooks[1] };
            Delivery {
                source: "shopify".to_owned(),
                topic: topic.to_owned(),
                path: address.to_owned(),
                headers: headers(shopify, topic, body, event, webhook, &triggered_at),
                body: body.clone(),
            }
        })
        .collect()
}
