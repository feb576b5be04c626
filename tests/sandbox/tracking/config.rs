//! What the tracking feeds' stand-ins are told at their start.

use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackingConfig {
    pub easypost: EasyPostConfig,
    pub aftership: AfterShipConfig,
    #[serde(rename = "17track")]
    pub seventeen_track: SeventeenTrackConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EasyPostConfig {
    pub api_key: String,
    /// Signs webhooks, in Unicode's form NFKD.
    pub webhook_secret: String,
    /// `production`, or `test`: then only the test codes are followed.
    pub mode: String,
    /// Lists a second before 429; everything else is not limited here.
    pub lists_a_second: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AfterShipConfig {
    pub api_key: String,
    pub webhook_secret: String,
    /// New trackings, and lists, a second before 429.
    pub posts_a_second: u32,
    pub lists_a_second: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeventeenTrackConfig {
    /// Opens the API, and signs what 17TRACK sends.
    pub api_key: String,
    /// Requests a second before 429.
    pub requests_a_second: u32,
    /// Registrations that are left.
    pub quota: usize,
}

impl Default for EasyPostConfig {
    fn default() -> Self {
        Self {
            api_key: "sandbox-easypost-key".to_owned(),
            // Not in a normal form on purpose: who signs with the bytes as they are, signs wrongly.
            webhook_secret: "sandbox-easypost-\u{e9}-secret".to_owned(),
            mode: "production".to_owned(),
            lists_a_second: 5,
        }
    }
}

impl Default for AfterShipConfig {
    fn default() -> Self {
        Self {
            api_key: "sandbox-aftership-key".to_owned(),
            webhook_secret: "sandbox-aftership-secret".to_owned(),
            posts_a_second: 20,
            lists_a_second: 6,
        }
    }
}

impl Default for SeventeenTrackConfig {
    fn default() -> Self {
        Self { api_key: "sandbox-17track-key".to_owned(), requests_a_second: 3, quota: 10_000 }
    }
}
