//! What Gelato is told at its start.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GelatoConfig {
    #[serde(alias = "token")]
    pub api_key: String,
    /// The last part of the webhook's path on the door.
    pub path_secret: String,
    /// `productUid`s that exist.
    #[serde(alias = "variants")]
    pub products: Vec<String>,
    /// Requests a second before 429.
    pub rate_limit: u32,
    /// Events that are subscribed to.
    pub webhooks: Vec<String>,
    /// How long a search does not find an order that was just made, in milliseconds.
    pub search_lag_ms: u64,
}

impl Default for GelatoConfig {
    fn default() -> Self {
        Self {
            api_key: "sandbox-gelato-key".to_owned(),
            path_secret: "sandbox-gelato-path".to_owned(),
            products: vec!["sandbox_product_poster_30x40-cm_ver".to_owned()],
            rate_limit: 100,
            webhooks: ["order_status_updated", "order_item_status_updated", "order_item_tracking_code_updated"]
                .map(str::to_owned)
                .to_vec(),
            search_lag_ms: 0,
        }
    }
}
