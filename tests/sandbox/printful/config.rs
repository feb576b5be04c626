//! What Printful is told at its start.

use crate::partners::config::{numbers, perhaps_number};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrintfulConfig {
    pub token: String,
    /// Hex, as Printful hands it out; the HMAC key is the decoded bytes.
    pub webhook_secret: String,
    /// The last part of the webhook's path on the door.
    pub path_secret: String,
    /// Catalog variants that exist.
    #[serde(deserialize_with = "numbers")]
    pub variants: Vec<u64>,
    #[serde(deserialize_with = "perhaps_number")]
    pub store_id: Option<u64>,
    /// Requests a minute before 429.
    pub rate_limit: u32,
    /// Webhook types that are subscribed to.
    pub webhooks: Vec<String>,
}

impl Default for PrintfulConfig {
    fn default() -> Self {
        Self {
            token: "sandbox-printful-token".to_owned(),
            webhook_secret: "73616e64626f78".to_owned(),
            path_secret: "sandbox-path".to_owned(),
            variants: vec![4012],
            store_id: None,
            rate_limit: 120,
            webhooks: [
                "order_updated",
                "order_failed",
                "order_canceled",
                "order_put_hold",
                "order_put_hold_approval",
                "order_remove_hold",
                "shipment_sent",
                "shipment_delivered",
                "shipment_returned",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}
