//! What a workshop tells us, by our own contract: signed, whole, believed.

use domain::Timestamp;
use domain::event::{Fact, ParcelRef, PartnerStop};
use domain::parcel::Tracking;
use domain::subject::Subject;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::signing::Message;
use crate::PartnerError;
use crate::door::{Delivery, Heard, Told, Unreadable, Visitor, read};
use crate::text::Text;

/// Seconds by which its clock may differ from ours.
const TOLERANCE: i64 = 300;

#[derive(Debug)]
pub(crate) struct Door {
    name: String,
    shop: String,
    tolerance: i64,
    keys: Vec<SecretString>,
}

impl Door {
    pub(crate) fn new(visitor: &Visitor<'_>) -> Result<Self, PartnerError> {
        Ok(Self {
            name: visitor.name.to_owned(),
            shop: visitor.shop.to_owned(),
            tolerance: visitor.section.number("tolerance").unwrap_or(TOLERANCE),
            keys: visitor.keys()?,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn path_fits(&self, rest: &str) -> bool {
        rest.is_empty()
    }

    pub(crate) fn signed(&self, delivery: &Delivery<'_>) -> bool {
        let headers = delivery.header("baton-timestamp").zip(delivery.header("baton-signature"));
        let Some((timestamp, signature)) = headers else { return false };
        let Ok(at) = timestamp.parse::<i64>() else { return false };
        let path = format!("/webhooks/partner/{}", self.name);
        let message = Message { timestamp, method: "POST", path: &path, body: delivery.body };
        let keys: Vec<Vec<u8>> = self.keys.iter().map(|key| key.expose_secret().as_bytes().to_vec()).collect();
        let late = delivery.now.as_second().saturating_sub(at).saturating_abs();
        message.fits(&keys, signature) && late <= self.tolerance
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
        let news: News = read(delivery.body)?;
        let external = news.order.external_id.as_ref().map_or("", |id| id.0.as_str());
        // The workshop has orders of its own.
        let Some((order, _split)) = domain::external_id::parse(&self.shop, external) else {
            return Ok(Heard::Unfollowed(None));
        };
        let subject = Some(Subject::Order(order));
        let time = news.at.parse::<Timestamp>().ok();
        Ok(match self.fact(news)? {
            Some(fact) => Heard::Fact(Box::new(Told { subject, fact, time })),
            None => Heard::Unfollowed(subject),
        })
    }

    fn fact(&self, news: News) -> Result<Option<Fact>, Unreadable> {
        let partner = self.name.clone();
        let partner_order = news.order.id.0;
        let parcel = news.shipment.ok_or_else(|| Unreadable("the field shipment is missing".to_owned()));
        Ok(Some(match news.kind.as_str() {
            "order.accepted" => Fact::PartnerAccepted { partner, partner_order },
            "order.resumed" => Fact::PartnerResumed { partner, partner_order, at: news.at },
            "order.stopped" => {
                let stopped = news.stopped.unwrap_or_default();
                let how = match stopped.why.as_deref() {
                    Some("failed") => PartnerStop::Failed,
                    Some("cancelled") => PartnerStop::Cancelled,
                    why => super::why(why),
                };
                Fact::PartnerStopped { partner, partner_order, how, reason: stopped.reason, at: news.at }
            }
            "shipment.sent" => {
                let parcel = parcel?;
                Fact::ParcelShipped {
                    partner,
                    partner_order,
                    tracking: parcel.tracking(),
                    reshipment: parcel.reshipment.unwrap_or(false),
                    shipment: parcel.id.0,
                }
            }
            "shipment.delivered" => {
                let parcel = parcel?;
                let parcel = ParcelRef::shipment(&self.name, &parcel.id.0, parcel.tracking().as_ref());
                Fact::ParcelDelivered { source: partner, parcel }
            }
            "shipment.returned" => {
                let parcel = parcel?;
                let named = ParcelRef::shipment(&self.name, &parcel.id.0, parcel.tracking().as_ref());
                Fact::ParcelReturned {
                    source: partner,
                    tracking_event: parcel.id.0,
                    reason: news.reason,
                    parcel: Some(named),
                }
            }
            _ => return Ok(None),
        }))
    }
}

#[derive(Deserialize)]
struct News {
    #[serde(rename = "type")]
    kind: String,
    /// Part of a stop's identity: a workshop may stop more than once.
    at: String,
    order: Order,
    #[serde(default)]
    stopped: Option<Stopped>,
    #[serde(default)]
    shipment: Option<Shipment>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Order {
    id: Text,
    #[serde(default)]
    external_id: Option<Text>,
}

#[derive(Deserialize, Default)]
struct Stopped {
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Shipment {
    id: Text,
    #[serde(default)]
    tracking_number: Option<Text>,
    #[serde(default)]
    tracking_url: Option<String>,
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    reshipment: Option<bool>,
}

impl Shipment {
    fn tracking(&self) -> Option<Tracking> {
        let number = self.tracking_number.as_ref().map(|number| number.0.as_str());
        Tracking::new(number, self.carrier.as_deref(), self.tracking_url.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use domain::external_id::external_id;
    use domain::subject::OrderId;
    use serde_json::{Value, json};

    use super::*;

    const SHOP: &str = "example-prints.myshopify.com";
    const KEY: &str = "invented-workshop-key";

    fn door() -> Door {
        Door { name: "oak".into(), shop: SHOP.into(), tolerance: TOLERANCE, keys: vec![KEY.into()] }
    }

    fn news(change: &Value) -> Value {
        let page = include_str!("README.md");
        let example = page.split("```json\n").last().unwrap().split("```").next().unwrap();
        let mut news: Value = serde_json::from_str(example).unwrap();
        news["order"]["external_id"] = json!(external_id(SHOP, OrderId(4242), 1));
        for (key, value) in change.as_object().unwrap() {
            news[key] = value.clone();
        }
        news
    }

    fn heard(change: &Value) -> Result<Heard, Unreadable> {
        let body = news(change).to_string();
        door().hear(&Delivery { path_rest: "", headers: &[], body: body.as_bytes(), now: Timestamp::UNIX_EPOCH })
    }

    fn id(change: &Value) -> String {
        match heard(change).unwrap() {
            Heard::Fact(told) => told.fact.id().0,
            Heard::Unfollowed(_) => "unfollowed".to_owned(),
        }
    }

    #[test]
    fn each_kind_of_news_is_its_fact() {
        let at = "2026-11-22T02:13:00Z";
        assert_eq!(id(&json!({})), "shipped#oak#P-1#00340000161190000001");
        assert_eq!(id(&json!({ "type": "order.accepted" })), "accepted#oak#W-77");
        assert_eq!(id(&json!({ "type": "order.resumed" })), format!("resumed#oak#W-77#{at}"));
        let stopped = |why: &str| id(&json!({ "type": "order.stopped", "stopped": { "why": why } }));
        assert_eq!(stopped("cancelled"), format!("stopped#oak#W-77#cancelled#{at}"));
        assert_eq!(stopped("address"), format!("stopped#oak#W-77#address-rejected#{at}"));
        assert_eq!(stopped("a new word"), format!("stopped#oak#W-77#on-hold#{at}"));
        assert_eq!(id(&json!({ "type": "shipment.delivered" })), "delivered#oak#oak-P-1");
        assert_eq!(id(&json!({ "type": "shipment.returned" })), "returned#oak#P-1");
        assert_eq!(id(&json!({ "type": "order.weighed" })), "unfollowed");
        let another = json!({ "order": { "id": "W-77", "external_id": "their own" } });
        assert!(matches!(heard(&another), Ok(Heard::Unfollowed(None))));
        let missing = heard(&json!({ "shipment": null })).unwrap_err();
        assert_eq!(missing.0, "the field shipment is missing");
    }

    #[test]
    fn a_signature_is_of_this_body_at_this_time_for_this_door() {
        let body = news(&json!({})).to_string();
        let signed = |timestamp: &str, path: &str, now: i64| {
            let key = [KEY.as_bytes().to_vec()];
            let message = Message { timestamp, method: "POST", path, body: body.as_bytes() };
            let signature = hex::encode(signature(&message, &key[0]));
            let headers = [
                ("baton-timestamp".to_owned(), timestamp.to_owned()),
                ("baton-signature".to_owned(), format!("v1={signature}")),
            ];
            let now = Timestamp::from_second(now).unwrap();
            door().signed(&Delivery { path_rest: "", headers: &headers, body: body.as_bytes(), now })
        };
        let own = "/webhooks/partner/oak";
        assert!(signed("1795314780", own, 1_795_314_780));
        assert!(signed("1795314780", own, 1_795_315_080) && signed("1795314780", own, 1_795_314_480));
        assert!(!signed("1795314780", own, 1_795_315_081) && !signed("1795314780", own, 1_795_314_479));
        assert!(!signed("1795314780", "/webhooks/partner/elm", 1_795_314_780));
        assert!(!signed("soon", own, 1_795_314_780));
    }

    fn signature(message: &Message<'_>, key: &[u8]) -> Vec<u8> {
        use hmac::{Hmac, KeyInit, Mac};

        let Message { timestamp, method, path, body } = message;
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{timestamp}.{method}.{path}.").as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().to_vec()
    }
}
