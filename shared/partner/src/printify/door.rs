//! Printify's webhooks, signed with `X-Pfy-Signature: sha256=<hex HMAC-SHA256 of the raw body>` where the owner gave each a secret.
//!
//! They name Printify's own order and nothing of ours: what is true of it has to be asked. Until then it is news for the store.

use domain::Timestamp;
use domain::event::Fact;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::door::{Delivery, Heard, Told, Unreadable, Visitor, body_hash, read};
use crate::text::Text;
use crate::{PartnerError, signature};

#[derive(Debug)]
pub(crate) struct Door {
    name: String,
    shop: Option<String>,
    keys: Vec<SecretString>,
}

impl Door {
    pub(crate) fn new(visitor: &Visitor<'_>) -> Result<Self, PartnerError> {
        let shop = visitor.section.text("shop_id");
        Ok(Self { name: visitor.name.to_owned(), shop, keys: visitor.keys()? })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn path_fits(&self, rest: &str) -> bool {
        rest.is_empty()
    }

    pub(crate) fn signed(&self, delivery: &Delivery<'_>) -> bool {
        let header = delivery.header("x-pfy-signature").and_then(|header| header.trim().strip_prefix("sha256="));
        let Some(Ok(given)) = header.map(hex::decode) else { return false };
        let keys: Vec<Vec<u8>> = self.keys.iter().map(|key| key.expose_secret().as_bytes().to_vec()).collect();
        signature::fits(&keys, &[delivery.body], &given)
    }

    pub(crate) fn topic(&self, delivery: &Delivery<'_>) -> Option<String> {
        #[derive(Deserialize)]
        struct Topic {
            #[serde(rename = "type")]
            kind: String,
        }
        read::<Topic>(delivery.body).ok().map(|topic| topic.kind)
    }

    pub(crate) fn hear(&self, delivery: &Delivery<'_>) -> Result<Heard, Unreadable> {
        let webhook: Webhook = read(delivery.body)?;
        let data = webhook.resource.data.unwrap_or_default();
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        if self.shop.is_some() && text(&data["shop_id"]).is_some_and(|shop| Some(shop) != self.shop) {
            return Ok(Heard::Unfollowed(None));
        }
        let order = match webhook.kind.as_str() {
            "order:updated" | "order:sent-to-production" | "order:shipment:created" | "order:shipment:delivered" => {
                Some(webhook.resource.id.0)
            }
            // An answer to a new address, a refund or a reprint.
            "support-request:updated" => text(&data["order_id"]),
            // An order that was just created is our own doing, and products are not followed.
            _ => None,
        };
        let Some(partner_order) = order.filter(|id| !id.is_empty()) else { return Ok(Heard::Unfollowed(None)) };
        // It says what is no RFC 3339: a blank instead of the T.
        let time = webhook.created_at.as_deref().and_then(|at| at.replacen(' ', "T", 1).parse::<Timestamp>().ok());
        // Deliveries repeat, and their id is what tells two apart.
        let at = webhook.id.map(|id| id.0).or(webhook.created_at).unwrap_or_else(|| body_hash(delivery.body));
        let fact = Fact::PartnerTold { partner: self.name.clone(), partner_order, topic: webhook.kind, at };
        Ok(Heard::Fact(Box::new(Told { subject: None, fact, time })))
    }
}

#[derive(Deserialize)]
struct Webhook {
    #[serde(default)]
    id: Option<Text>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    created_at: Option<String>,
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    id: Text,
    #[serde(default)]
    data: Option<Value>,
}
