//! Webhooks in the form of Printful's API version 2, the signed one: `{"type","occurred_at","retries","store_id",
//! "data"}`. The order in them is abridged; a receiver fetches the rest.

use super::order::{Order, Shipment};
use crate::clock;
use crate::config::PrintfulConfig;
use crate::deliver::{Delivery, hmac_sha256};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What a webhook tells, beside the order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About<'a> {
    Order,
    /// Why it was held, cancelled, released or failed.
    Reason(&'a str),
    Shipment(&'a Shipment),
    Returned(&'a Shipment, &'a str),
}

/// The body of one webhook.
pub(crate) fn body(kind: &str, order: &Order, about: About<'_>) -> Value {
    let told = json!({
        "id": order.id,
        "external_id": order.external_id,
        "status": order.status.name(),
        "store_id": order.store,
        "dashboard_url": format!("https://printful.example.com/dashboard?order_id={}", order.id),
        "created_at": rfc3339(order.created),
        "updated_at": rfc3339(order.updated),
    });
    let data = match about {
        About::Order => json!({"order": told}),
        About::Reason(reason) => json!({"reason": reason, "order": told}),
        About::Shipment(shipment) => json!({"shipment": shipment_v2(shipment, order.store), "order": told}),
        About::Returned(shipment, reason) => {
            json!({"reason": reason, "shipment": shipment_v2(shipment, order.store), "order": told})
        }
    };
    json!({
        "type": kind,
        "occurred_at": rfc3339(order.updated),
        "retries": 0,
        "store_id": order.store,
        "data": data,
    })
}

fn shipment_v2(shipment: &Shipment, store: u64) -> Value {
    json!({
        "id": shipment.id,
        "status": if shipment.returned { "returned" } else { "shipped" },
        "store_id": store,
        "tracking_number": shipment.tracking_number,
        "tracking_url": shipment.tracking_url,
        "created_at": rfc3339(shipment.shipped),
        "ship_date": date(shipment.shipped),
        "shipped_at": rfc3339(shipment.shipped),
        "delivered_at": shipment.delivered.map(rfc3339),
        "reshipment": shipment.reshipment,
    })
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

fn rfc3339(seconds: i64) -> String {
    clock::rfc3339(moment(seconds))
}

/// The day in UTC, `2026-11-21`.
pub(crate) fn date(seconds: i64) -> String {
    rfc3339(seconds).chars().take(10).collect()
}

/// The name of the key, as `x-pf-webhook-public-key` carries it: Printful calls it public, it only says which key.
const PUBLIC_KEY: &str = "sandbox-public-key";

/// Signs a body: hex HMAC-SHA256 with the decoded bytes of the hex secret.
pub(crate) fn signed(config: &PrintfulConfig, topic: &str, body: Bytes) -> Delivery {
    let key = hex::decode(&config.webhook_secret).unwrap_or_default();
    Delivery {
        source: "printful".to_owned(),
        topic: topic.to_owned(),
        path: format!("webhooks/printful/{}", config.path_secret),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "Printful".to_owned()),
            ("x-pf-webhook-public-key".to_owned(), PUBLIC_KEY.to_owned()),
            ("x-pf-webhook-signature".to_owned(), hex::encode(hmac_sha256(&key, &body))),
        ],
        body,
    }
}
