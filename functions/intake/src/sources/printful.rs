//! Printful's webhooks, v2 (signed) and v1 shapes. v2 signs with hex HMAC-SHA256 over the raw body; the key is hex itself.
//!
//! Ids and tracking numbers come as numbers or as text, whatever the schema says; nothing here is rejected for that.

use domain::Timestamp;
use domain::event::{Fact, ParcelRef, PartnerStop};
use domain::external_id;
use domain::parcel::{ParcelKey, Tracking};
use domain::subject::Subject;
use lambda::{Secrets, secrets::SecretsError};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{AnyId, Told, Translated, Unreadable, read};
use crate::http::Request;
use crate::signature;

/// The hex key Printful gave when the webhook was set up; two lines during a rotation.
pub(super) const WEBHOOK_SECRET: &str = "door/printful/webhook-secret";
/// The secret part of the webhook's path.
pub(super) const PATH_SECRET: &str = "door/printful/path-secret";

const NAME: &str = "printful";

#[derive(Debug)]
pub(crate) struct Printful {
    shop: String,
    keys: Vec<SecretString>,
    path: SecretString,
}

impl Printful {
    pub(super) fn new(shop: &str, secrets: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self { shop: shop.to_owned(), keys: secrets.all(WEBHOOK_SECRET)?, path: secrets.get(PATH_SECRET)? })
    }

    pub(super) fn path_fits(&self, given: &str) -> bool {
        signature::same(&self.path, given)
    }

    pub(super) fn signed(&self, request: &Request) -> bool {
        let Some(Ok(given)) = request.header("x-pf-webhook-signature").map(|header| hex::decode(header.trim())) else {
            return false;
        };
        // A key that is not hex fits nothing; `make doctor` says so.
        let keys: Vec<Vec<u8>> = self.keys.iter().filter_map(|key| hex::decode(key.expose_secret()).ok()).collect();
        signature::hmac_fits(&keys, &request.body, &given)
    }

    pub(super) fn translate(&self, request: &Request) -> Result<Translated, Unreadable> {
        let webhook: Webhook = read(&request.body)?;
        let Some(order) = webhook.data.order else { return Ok(Translated::Unfollowed(None)) };
        let external = order.external_id.as_ref().map_or("", |id| id.0.as_str());
        // The owner's own orders at the partner are none of our business.
        let Some((id, _split)) = external_id::parse(&self.shop, external) else {
            return Ok(Translated::Unfollowed(None));
        };
        let subject = Subject::Order(id);
        let at = webhook.occurred_at.or_else(|| webhook.created.map(|seconds| seconds.0)).unwrap_or_default();
        let facts = Facts { kind: &webhook.kind, order, reason: webhook.data.reason, at: at.clone() };
        let fact = match webhook.data.shipment {
            Some(shipment) => facts.of_shipment(shipment)?,
            None => facts.of_order(),
        };
        let seconds = || Timestamp::from_second(at.parse().ok()?).ok();
        let time = at.parse().ok().or_else(seconds);
        Ok(match fact {
            Some(fact) => Translated::Fact(Box::new(Told { subject: Some(subject), fact, time, order_name: None })),
            None => Translated::Unfollowed(Some(subject)),
        })
    }
}

pub(super) fn topic(request: &Request) -> String {
    #[derive(Deserialize)]
    struct Topic {
        #[serde(rename = "type")]
        kind: String,
    }
    read::<Topic>(&request.body).map_or_else(|_| "without a type".to_owned(), |topic| topic.kind)
}

struct Facts<'w> {
    kind: &'w str,
    order: Order,
    reason: Option<String>,
    at: String,
}

impl Facts<'_> {
    fn of_order(self) -> Option<Fact> {
        let partner = NAME.to_owned();
        let partner_order = self.order.id.0;
        let stopped = |how| Fact::PartnerStopped {
            partner: NAME.to_owned(),
            partner_order: partner_order.clone(),
            how,
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

    fn of_shipment(self, shipment: Shipment) -> Result<Option<Fact>, Unreadable> {
        let number = shipment.tracking_number.as_ref().map(|number| number.0.as_str());
        let tracking = Tracking::new(number, shipment.carrier.as_deref(), shipment.tracking_url.as_deref());
        let partner = NAME.to_owned();
        Ok(match self.kind {
            "shipment_sent" | "package_shipped" => Some(Fact::ParcelShipped {
                partner,
                partner_order: self.order.id.0,
                shipment: shipment.id.0,
                reshipment: shipment.reshipment.unwrap_or(false),
                tracking,
            }),
            "shipment_delivered" => Some(Fact::ParcelDelivered {
                source: partner,
                parcel: ParcelRef::Shipment {
                    by_shipment: ParcelKey::of(NAME, &shipment.id.0, None),
                    by_number: tracking.as_ref().map(|_| ParcelKey::of(NAME, &shipment.id.0, tracking.as_ref())),
                },
            }),
            "shipment_returned" | "package_returned" => {
                Some(Fact::ParcelReturned { source: partner, tracking_event: shipment.id.0, reason: self.reason })
            }
            _ => None,
        })
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
    created: Option<AnyId>,
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
    id: AnyId,
    #[serde(default)]
    external_id: Option<AnyId>,
    #[serde(default)]
    status: Option<String>,
}

#[derive(Deserialize)]
struct Shipment {
    id: AnyId,
    #[serde(default)]
    tracking_number: Option<AnyId>,
    #[serde(default)]
    tracking_url: Option<String>,
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    reshipment: Option<bool>,
}
