//! Who hears of what happens in the store: the standing subscription, those made through the Admin API, and the deliveries
//! that get lost on the way.
//!
//! As Shopify documents: a retry is the same delivery; several subscriptions to one topic are several deliveries of one event;
//! a body cut down by `includeFields` that looks like the last one is not sent; after [`FAILURES`] attempts in a row without a
//! 2xx a subscription made through the API is gone.

use super::page::keyed;
use super::webhooks::{DOOR, copies, enum_of};
use super::{Shopify, Store};
use crate::deliver::Delivery;
use crate::lock;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A subscription as the Admin API keeps it.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub id: u64,
    /// `orders/paid`.
    pub topic: String,
    /// Where it goes.
    pub uri: String,
    pub name: Option<String>,
    /// Keys of the body that are sent; none named: all of it.
    pub include_fields: Vec<String>,
    pub created_at: String,
    /// Attempts without a 2xx since the last one with it.
    pub failures: u32,
    /// The body that was sent last.
    last: Bytes,
}

/// Attempts in a row that end a subscription made through the API.
pub const FAILURES: u32 = 8;

/// The share of deliveries that Shopify loses before they leave, drawn from a seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drop {
    /// 0 to 100.
    percent: u64,
    state: u64,
}

impl Drop {
    /// The next draw of SplitMix64 (Steele, Lea and Flood 2014).
    fn falls(&mut self) -> bool {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % 100 < self.percent
    }
}

impl Subscription {
    pub fn new(id: u64, topic: String, uri: String, created_at: String) -> Self {
        Self { id, topic, uri, name: None, include_fields: Vec::new(), created_at, failures: 0, last: Bytes::new() }
    }

    /// What this subscription gets of a body; none where it gets nothing new.
    fn body(&mut self, whole: &Bytes) -> Option<Bytes> {
        if self.include_fields.is_empty() {
            return Some(whole.clone());
        }
        let all: Map<String, Value> = serde_json::from_slice(whole).ok()?;
        let kept: Map<String, Value> =
            all.into_iter().filter(|(key, _)| self.include_fields.iter().any(|field| field == key)).collect();
        let body = Bytes::from(Value::Object(kept).to_string());
        let new = body != self.last;
        self.last = body.clone();
        new.then_some(body)
    }

    /// `GET /_sandbox/shopify/subscriptions`.
    pub fn control(&self) -> Value {
        json!({"id": self.id, "topic": self.topic, "uri": self.uri, "standing": false, "failures": self.failures})
    }

    /// `WebhookSubscription`.
    pub fn graphql(&self, api_version: &str) -> Value {
        json!({
            "__typename": "WebhookSubscription",
            "id": super::order::gid("WebhookSubscription", self.id),
            "legacyResourceId": self.id.to_string(),
            "topic": enum_of(&self.topic),
            "uri": self.uri,
            "callbackUrl": self.uri,
            "format": "JSON",
            "filter": null,
            "name": self.name,
            "includeFields": self.include_fields,
            "metafieldNamespaces": [],
            "createdAt": self.created_at,
            "updatedAt": self.created_at,
            "apiVersion": {"handle": api_version, "supported": true},
        })
    }
}

impl Store {
    /// Takes away what is subscribed to this topic, or all of it; how many subscriptions that were.
    pub fn unsubscribe(&mut self, topic: Option<&str>) -> usize {
        let gone = |known: &str| topic.is_none_or(|topic| topic == known);
        let before = self.subscriptions.len() + self.standing.len();
        self.subscriptions.retain(|subscription| !gone(&subscription.topic));
        self.standing.retain(|known| !gone(known));
        before - self.subscriptions.len() - self.standing.len()
    }

    /// From now on this share of deliveries is lost.
    pub fn lose(&mut self, percent: u64, seed: u64) {
        self.drop = Drop { percent, state: seed };
    }

    /// Where a body of this topic goes now: address, body, subscription. The standing subscription is the only one of its topic.
    fn recipients(&mut self, topic: &str, body: &Bytes) -> Vec<(String, Bytes, Option<u64>)> {
        if self.standing.contains(topic) {
            return vec![(DOOR.to_owned(), body.clone(), None)];
        }
        let subscribed = self.subscriptions.iter_mut().filter(|known| known.topic == topic);
        subscribed.filter_map(|known| Some((known.uri.clone(), known.body(body)?, Some(known.id)))).collect()
    }

    /// An attempt's status for a subscription; whether it still stands.
    fn attempted(&mut self, id: u64, status: u16) -> bool {
        let Some(index) = self.subscriptions.iter().position(|known| known.id == id) else {
            return false;
        };
        let Some(known) = self.subscriptions.get_mut(index) else {
            return false;
        };
        known.failures = if (200..300).contains(&status) { 0 } else { known.failures + 1 };
        if known.failures < FAILURES {
            return true;
        }
        eprintln!("sandbox: Shopify ends the subscription to {}: {FAILURES} failures in a row", known.topic);
        self.subscriptions.remove(index);
        false
    }
}

impl Shopify {
    /// Delivers a webhook in the background, `times` to each that subscribed; how many deliveries that are, the lost ones
    /// included.
    pub fn tell(&self, topic: &str, body: &Bytes, times: usize) -> usize {
        self.start(topic, body, times).len()
    }

    /// The same, and waits until they are over.
    pub async fn tell_and_wait(&self, topic: &str, body: &Bytes, times: usize) {
        for delivery in self.start(topic, body, times).into_iter().flatten() {
            if let Err(error) = delivery.await {
                eprintln!("sandbox: a delivery of {topic} failed: {error}");
            }
        }
    }

    /// One entry a delivery; none in it where it was lost.
    fn start(&self, topic: &str, body: &Bytes, times: usize) -> Vec<Option<tokio::task::JoinHandle<()>>> {
        let recipients = lock(&self.store).recipients(topic, body);
        let event = self.uuid(1);
        let mut started = Vec::new();
        for (address, body, subscription) in recipients {
            for delivery in copies(self, topic, &body, times, &event, &address) {
                started.push(self.leave(delivery, subscription));
            }
        }
        started
    }

    fn leave(&self, delivery: Delivery, subscription: Option<u64>) -> Option<tokio::task::JoinHandle<()>> {
        if lock(&self.store).drop.falls() {
            self.ctx.deliveries.lose(&delivery);
            return None;
        }
        let shopify = self.clone();
        let watch =
            move |status| subscription.is_none_or(|subscription| lock(&shopify.store).attempted(subscription, status));
        Some(self.ctx.deliveries.send_watched(&self.ctx, delivery, watch))
    }

    /// Tells whoever subscribed to the topic.
    pub fn emit(&self, topic: &str, body: &Value) {
        self.tell(topic, &Bytes::from(body.to_string()), 1);
    }

    /// `webhookSubscriptions`: those made through the API only, as Shopify lists no others.
    pub fn listed(&self, topics: Option<&[&str]>, uri: Option<&str>) -> Vec<Value> {
        let store = lock(&self.store);
        let list = store.subscriptions.iter().filter(|known| {
            topics.is_none_or(|topics| topics.contains(&enum_of(&known.topic).as_str()))
                && uri.is_none_or(|uri| uri == known.uri)
        });
        let version = &self.ctx.config.shopify.api_version;
        list.map(|known| keyed(known.graphql(version), 0, known.id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_falls_is_the_share_asked_for() {
        for percent in [0_u64, 5, 50, 100] {
            let mut drop = Drop { percent, state: 7 };
            let fallen = (0..10_000).filter(|_| drop.falls()).count() as u64;
            assert!(fallen.abs_diff(percent * 100) <= 150, "{percent}: {fallen}");
            assert!(fallen > 0 || percent == 0);
        }
        let draws = |seed| {
            let mut drop = Drop { percent: 50, state: seed };
            (0..64).map(|_| drop.falls()).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }
}
