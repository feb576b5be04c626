//! Printful's webhooks, v2 (signed) and v1 shapes. v2 signs with hex HMAC-SHA256 over the raw body; the key is hex itself. A v1
//! webhook carries no signature and is refused.
//!
//! Ids and tracking numbers come as numbers or as text, whatever the schema says; nothing here is rejected for that.

use domain::Timestamp;
use domain::event::{Fact, ParcelRef, PartnerStop};
use domain::parcel::Tracking;
use domain::subject::Subject;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::door::{Delivery, Heard, Told, Unreadable, Visitor, read};
use crate::text::Text;
use crate::{PartnerError, signature, stops};

#[derive(Debug)]
pub(crate) struct Door {
    name: String,
    shop: String,
    keys: Vec<SecretString>,
    path: SecretString,
}

impl Door {
    pub(crate) fn new(visitor: &Visitor<'_>) -> Result<Self, PartnerError> {
        Ok(Self {
            name: visitor.name.to_owned(),
            shop: visitor.shop.to_owned(),
            keys: visitor.keys()?,
            path: visitor.path_secret()?,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn path_fits(&self, rest: &str) -> bool {
        signature::same(&self.path, rest)
    }

    pub(crate) fn signed(&self, delivery: &Delivery<'_>) -> bool {
        let header = delivery.header("x-pf-webhook-signature");
        let Some(Ok(given)) = header.map(|header| hex::decode(header.trim())) else { return false };
        // A key that is not hex fits nothing; `make doctor` says so.
        let keys: Vec<Vec<u8>> = self.keys.iter().filter_map(|key| hex::decode(key.expose_secret()).ok()).collect();
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
        let Some(order) = webhook.data.order else { return Ok(Heard::Unfollowed(None)) };
        let external = order.external_id.as_ref().map_or("", |id| id.0.as_str());
        // The owner's own orders at the partner are none of our business.
        let Some((id, _split)) = domain::external_id::parse(&self.shop, external) else {
            return Ok(Heard::Unfollowed(None));
        };
        let subject = Subject::Order(id);
        let at = webhook.occurred_at.or_else(|| webhook.created.map(|seconds| seconds.0)).unwrap_or_default();
        let facts =
            Facts { partner: &self.name, kind: &webhook.kind, order, reason: webhook.data.reason, at: at.clone() };
        let fact = match webhook.data.shipment {
            Some(shipment) => facts.of_shipment(shipment),
            None => facts.of_order(),
        };
        let seconds = || Timestamp::from_second(at.parse().ok()?).ok();
        let time = at.parse().ok().or_else(seconds);
        Ok(match fact {
            Some(fact) => Heard::Fact(Box::new(Told { subject: Some(subject), fact, time })),
            None => Heard::Unfollowed(Some(subject)),
        })
    }
}

struct Facts<'w> {
    partner: &'w str,
    kind: &'w str,
    order: Order,
    reason: Option<String>,
    at: String,
}

impl Facts<'_> {
    fn of_order(self) -> Option<Fact> {
        let partner = self.partner.to_owned();
        let partner_order = self.order.id.0;
        let stopped = |how| Fact::PartnerStopped {
            partner: self.partner.to_owned(),
            partner_order: partner_order.clone(),
            how: stops::told(how, self.reason.as_deref()),
            reason: self.reason.clone(),
            at: self.at.clone(),
        };
        match self.kind {
            "order_failed" => Some(stopped(PartnerStop::Failed)),
            "order_canceled" => Some(stopped(PartnerStop::Cancelled)),
            "order_put_hold" | "order_put_hold_approval" => Some(stopped(PartnerStop::OnHold)),
            "order_remove_hold" => Some(Fact::PartnerResumed { partner, partner_order, at: self.at }),
            // It "also fires for things that have events of their own": only production is ours to hear here.
            "order_updated" => match self.order.status.as_deref() {
                Some("inprocess" | "fulfilled" | "partial") => Some(Fact::PartnerAccepted { partner, partner_order }),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_shipment(self, shipment: Shipment) -> Option<Fact> {
        let number = shipment.tracking_number.as_ref().map(|number| number.0.as_str());
        let tracking = Tracking::new(number, shipment.carrier.as_deref(), shipment.tracking_url.as_deref());
        let partner = self.partner.to_owned();
        match self.kind {
            "shipment_sent" | "package_shipped" => Some(Fact::ParcelShipped {
                partner,
                partner_order: self.order.id.0,
                shipment: shipment.id.0,
                reshipment: shipment.reshipment.unwrap_or(false),
                tracking,
            }),
            "shipment_delivered" => {
                let parcel = ParcelRef::shipment(self.partner, &shipment.id.0, tracking.as_ref());
                Some(Fact::ParcelDelivered { source: partner, parcel })
            }
            "shipment_returned" | "package_returned" => {
                let parcel = Some(ParcelRef::shipment(self.partner, &shipment.id.0, tracking.as_ref()));
                Some(Fact::ParcelReturned {
                    source: partner,
                    tracking_event: shipment.id.0,
                    reason: self.reason,
                    parcel,
                })
            }
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Webhook {
    #[serde(rename = "type")]
    kind: String,
    /// v2: RFC 3339.
    #[serde(default)]
    occurred_at: Option<String>,
    /// v1: epoch seconds.
    #[serde(default)]
    created: Option<Text>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    order: Option<Order>,
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
    #[serde(default)]
    status: Option<String>,
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
