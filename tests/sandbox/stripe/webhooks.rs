//! Who hears of events, and how they are signed: `t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Stripe;
use super::answer::Refusal;
use super::book::{self, Book};
use super::objects;
use crate::deliver::{Delivery, hmac_sha256};
use crate::lock;

/// The door's path, below the door's base URL, which may be told after the account was opened.
pub const DOOR: &str = "webhooks/stripe";
/// Endpoints one account may have.
const ENDPOINTS: usize = 16;

/// The value of `Stripe-Signature`.
pub fn signature(secret: &str, at: i64, body: &[u8]) -> String {
    let signed = [format!("{at}.").as_bytes(), body].concat();
    format!("t={at},v1={}", hex::encode(hmac_sha256(secret.as_bytes(), &signed)))
}

/// Whether an endpoint's pattern (`charge.failed`, `*`, `charge.*`) names this type.
pub(super) fn fits(pattern: &Value, kind: &Value) -> bool {
    let (Some(pattern), Some(kind)) = (pattern.as_str(), kind.as_str()) else { return false };
    pattern == kind || pattern.strip_suffix('*').is_some_and(|start| kind.starts_with(start))
}

impl Stripe {
    /// Any body signed as Stripe signs for our door; used by `POST /_sandbox/deliver`.
    pub fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        self.delivery(topic, body, DOOR, &self.0.ctx.config.stripe.webhook_secret)
    }

    fn delivery(&self, topic: &str, body: Bytes, path: &str, secret: &str) -> Delivery {
        let headers = [
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)".to_owned()),
            ("stripe-signature", signature(secret, self.now(), &body)),
        ];
        Delivery {
            source: "stripe".to_owned(),
            topic: topic.to_owned(),
            path: path.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body,
        }
    }

    /// Sends what the last change left in the outbox to the endpoints that want it.
    pub(super) fn send(&self) {
        let mut book = lock(&self.0.book);
        let events = std::mem::take(&mut book.outbox);
        for event in events {
            let body = Bytes::from(event.to_string());
            for endpoint in book.all(book::ENDPOINT).iter().filter(|endpoint| endpoint["status"] == "enabled") {
                let wanted = endpoint["enabled_events"].as_array();
                if !wanted.is_some_and(|wanted| wanted.iter().any(|pattern| fits(pattern, &event["type"]))) {
                    continue;
                }
                let id = endpoint["id"].as_str().unwrap_or_default();
                let own = book.secrets.get(id).unwrap_or(&self.0.ctx.config.stripe.webhook_secret);
                // An address that is not below the door's is somebody else's server, which the sandbox never calls.
                if let Some(path) = self.path_at_the_door(endpoint["url"].as_str().unwrap_or_default()) {
                    let topic = event["type"].as_str().unwrap_or_default();
                    let delivery = self.delivery(topic, body.clone(), &path, own);
                    self.0.ctx.deliveries.send(&self.0.ctx, delivery);
                }
            }
        }
    }

    fn path_at_the_door(&self, url: &str) -> Option<String> {
        if url == DOOR {
            return Some(DOOR.to_owned());
        }
        let live = self.0.ctx.live();
        let doors = [live.public_url, live.intake_url].into_iter().flatten();
        doors.filter_map(|door| url.strip_prefix(&door).map(str::to_owned)).next()
    }

    /// The endpoint an account begins with: ours.
    pub(super) fn standing(&self) -> Book {
        let mut book = Book::default();
        let events = json!(self.0.ctx.config.stripe.webhooks);
        let asked = json!({"api_version": self.0.ctx.config.stripe.api_version});
        let id = Book::fresh(&self.0.ctx, "we");
        book.add(book::ENDPOINT, objects::endpoint(self.stamp(), &id, DOOR, events, &asked));
        book
    }

    /// An endpoint with its address in full.
    pub(super) fn shown_endpoint(&self, endpoint: &Value) -> Value {
        let mut shown = endpoint.clone();
        if shown["url"] == DOOR {
            let live = self.0.ctx.live();
            shown["url"] = json!(format!("{}{DOOR}", live.public_url.or(live.intake_url).unwrap_or_default()));
        }
        shown
    }

    pub(super) fn create_endpoint(&self, book: &mut Book, params: &Value) -> Result<Value, Refusal> {
        if book.all(book::ENDPOINT).iter().filter(|endpoint| !endpoint.is_null()).count() >= ENDPOINTS {
            return Err(Refusal::bad("You have reached the maximum of 16 webhook endpoints."));
        }
        let url = self.checked_url(params)?;
        let id = Book::fresh(&self.0.ctx, "we");
        let events = params["enabled_events"].clone();
        book.add(book::ENDPOINT, objects::endpoint(self.stamp(), &id, &url, events, params));
        let secret = format!("whsec_{:032}", self.0.ctx.next_id());
        let mut shown = book.any(&id).cloned().unwrap_or_default();
        // Only now, and never again.
        shown["secret"] = json!(secret);
        book.secrets.insert(id, secret);
        Ok(shown)
    }

    pub(super) fn update_endpoint(&self, book: &mut Book, id: &str, params: &Value) -> Result<(), Refusal> {
        let mut fields = serde_json::Map::new();
        if params["url"].is_string() {
            fields.insert("url".to_owned(), json!(self.checked_url(params)?));
        }
        for name in ["enabled_events", "description", "metadata"] {
            if !params[name].is_null() {
                fields.insert(name.to_owned(), params[name].clone());
            }
        }
        if let Some(disabled) = params["disabled"].as_bool() {
            fields.insert("status".to_owned(), json!(if disabled { "disabled" } else { "enabled" }));
        }
        book.set(id, Value::Object(fields));
        Ok(())
    }

    fn checked_url(&self, params: &Value) -> Result<String, Refusal> {
        let url = params["url"].as_str().unwrap_or_default();
        let secure = url.starts_with("https://");
        if !(secure || url.starts_with("http://") && !self.live()) {
            return Err(Refusal::param("url_invalid", "url", "Invalid URL: it must be https, or http in test mode"));
        }
        Ok(url.to_owned())
    }
}
