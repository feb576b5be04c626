//! What the owner chooses about Klaviyo.

use serde::Deserialize;

/// The Klaviyo account (`[klaviyo]`) that sends the flows left to it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct KlaviyoSection {
    /// Where its API is; ends without a slash. Its own address where nothing is said.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The list that whoever signs up is added to: Klaviyo's welcome flow begins there.
    #[serde(default)]
    pub list: Option<String>,
}
