//! What Printify, Gelato and the workshop are told at their start.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrintifyConfig {
    pub token: String,
    pub shop_id: u64,
    /// Signs the standing topics.
    pub webhook_secret: String,
    /// Products of the shop.
    pub products: Vec<PrintifyProduct>,
    /// Requests a minute before 429.
    pub rate_limit: u32,
    /// Topics that are subscribed to from the start.
    pub webhooks: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintifyProduct {
    pub id: String,
    pub variants: Vec<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GelatoConfig {
    pub api_key: String,
    /// The last part of the webhook's path on the door.
    pub path_secret: String,
    /// `productUid`s that exist.
    pub products: Vec<String>,
    /// Requests a second before 429.
    pub rate_limit: u32,
    /// Events that are subscribed to.
    pub webhooks: Vec<String>,
    /// How long a search does not find an order that was just made, in milliseconds.
    pub search_lag_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkshopConfig {
    /// What the owner calls it: the last part of the path on the door.
    pub name: String,
    /// Keys that what is sent to the workshop may be signed with; two during a rotation.
    pub tokens: Vec<String>,
    /// Signs what the workshop sends.
    pub webhook_secret: String,
    /// Variants that it makes.
    pub variants: Vec<String>,
    /// Requests a minute before 429.
    pub rate_limit: u32,
    /// Operations that it answers 405 to.
    pub not_offered: Vec<String>,
    /// What the owner has there.
    pub funds: Funds,
}

/// A decimal amount, `250.00`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Funds {
    pub amount: String,
    pub currency: String,
}

impl Default for PrintifyConfig {
    fn default() -> Self {
        Self {
            token: "sandbox-printify-token".to_owned(),
            shop_id: 101,
            webhook_secret: "sandbox-printify-secret".to_owned(),
            products: vec![PrintifyProduct { id: "65aa00000000000000000001".to_owned(), variants: vec![4012, 4013] }],
            rate_limit: 600,
            webhooks: [
                "order:created",
                "order:updated",
                "order:sent-to-production",
                "order:shipment:created",
                "order:shipment:delivered",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
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

impl Default for WorkshopConfig {
    fn default() -> Self {
        Self {
            name: "workshop".to_owned(),
            tokens: vec!["sandbox-workshop-token".to_owned()],
            webhook_secret: "sandbox-workshop-secret".to_owned(),
            variants: vec!["oak-30x40".to_owned()],
            rate_limit: 600,
            not_offered: Vec::new(),
            funds: Funds { amount: "250.00".to_owned(), currency: "EUR".to_owned() },
        }
    }
}
