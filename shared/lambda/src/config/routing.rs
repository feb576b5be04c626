//! What the owner chooses about production.

use serde::{Deserialize, Deserializer};

/// One production partner.
#[derive(Debug, Clone, Deserialize)]
pub struct PartnerSection {
    pub base_url: String,
    /// The partner's number of our store, where its key covers several.
    #[serde(default, deserialize_with = "number_or_text")]
    pub store_id: Option<String>,
    /// The partner's shipping method.
    #[serde(default)]
    pub shipping: Option<String>,
}

/// How orders go to partners.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RoutingSection {
    /// Seconds between payment and partner in which customer and owner may still change or cancel the order.
    pub window: i64,
    /// What must be left of the order's money after the partner's price, in percent; below it, the owner decides.
    pub margin_floor_percent: u32,
}

fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    Ok(Option::<Either>::deserialize(deserializer)?.map(|either| match either {
        Either::Number(number) => number.to_string(),
        Either::Text(text) => text,
    }))
}
