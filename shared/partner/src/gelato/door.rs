//! Gelato's webhooks carry no signature: whoever knows the secret path may speak, and nothing of what is said is believed. The
//! order they name by our own reference is asked for at Gelato.

use domain::Timestamp;
use domain::event::Fact;
use domain::subject::Subject;
use secrecy::SecretString;
use serde::Deserialize;

use crate::door::{Delivery, Heard, Told, Unreadable, Visitor, body_hash, read};
use crate::text::Text;
use crate::{PartnerError, signature};

#[derive(Debug)]
pub(crate) struct Door {
    name: String,
    shop: String,
    path: SecretString,
}

impl Door {
    pub(crate) fn new(visitor: &Visitor<'_>) -> Result<Self, PartnerError> {
        Ok(Self { name: visitor.name.to_owned(), shop: visitor.shop.to_owned(), path: visitor.path_secret()? })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn path_fits(&self, rest: &str) -> bool {
        signature::same(&self.path, rest)
    }

    /// The path has told already.
    pub(crate) fn signed(&self, _delivery: &Delivery<'_>) -> bool {
        true
    }

    pub(crate) fn topic(&self, delivery: &Delivery<'_>) -> Option<String> {
        #[derive(Deserialize)]
        struct Topic {
            event: String,
        }
        read::<Topic>(delivery.body).ok().map(|topic| topic.event)
    }

    pub(crate) fn hear(&self, delivery: &Delivery<'_>) -> Result<Heard, Unreadable> {
        let webhook: Webhook = read(delivery.body)?;
        let reference = webhook.order_reference_id.map(|id| id.0).unwrap_or_default();
        // The owner's own orders there, and what is about products, are none of our business.
        let Some((order, _split)) = domain::external_id::parse(&self.shop, &reference) else {
            return Ok(Heard::Unfollowed(None));
        };
        let subject = Some(Subject::Order(order));
        let told = match webhook.event.as_str() {
            "order_status_updated" | "order_item_status_updated" | "order_item_tracking_code_updated" => {
                webhook.order_id.map(|id| id.0).filter(|id| !id.is_empty())
            }
            _ => None,
        };
        let Some(partner_order) = told else { return Ok(Heard::Unfollowed(subject)) };
        let time = webhook.created.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        // The examples show one id on two kinds of news; the kind is part of the fact.
        let at = webhook.id.map(|id| id.0).or(webhook.created).unwrap_or_else(|| body_hash(delivery.body));
        let fact = Fact::PartnerTold { partner: self.name.clone(), partner_order, topic: webhook.event, at };
        Ok(Heard::Fact(Box::new(Told { subject, fact, time })))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    #[serde(default)]
    id: Option<Text>,
    event: String,
    #[serde(default)]
    order_id: Option<Text>,
    #[serde(default)]
    order_reference_id: Option<Text>,
    #[serde(default)]
    created: Option<String>,
}
