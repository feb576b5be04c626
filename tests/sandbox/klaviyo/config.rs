//! What Klaviyo's stand-in is told at its start.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KlaviyoConfig {
    pub api_key: String,
    /// Lists that exist.
    pub lists: Vec<String>,
    /// Those of them that ask whoever is subscribed to confirm it first.
    pub double_opt_in: Vec<String>,
    /// Events before 429.
    pub events_a_second: u32,
    pub events_a_minute: u32,
    /// Calls about consent before 429.
    pub jobs_a_second: u32,
    pub jobs_a_minute: u32,
}

impl Default for KlaviyoConfig {
    fn default() -> Self {
        Self {
            api_key: "sandbox-klaviyo-key".to_owned(),
            lists: vec!["SbxNws".to_owned(), "SbxAsk".to_owned()],
            double_opt_in: vec!["SbxAsk".to_owned()],
            events_a_second: 350,
            events_a_minute: 3_500,
            jobs_a_second: 75,
            jobs_a_minute: 750,
        }
    }
}
