//! What the sandbox is told at its start: `.local/sandbox.json`, or built in code by a test.

pub use crate::alerts::AlertsConfig;
pub use crate::klaviyo::config::KlaviyoConfig;
pub use crate::printify::config::PrintifyProduct;
pub use crate::tracking::config::{AfterShipConfig, EasyPostConfig, SeventeenTrackConfig, TrackingConfig};
pub use crate::workshop::config::Funds;

use crate::with_partners;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

macro_rules! define {
    ($($module:ident => $Type:ident, $Config:ident;)*) => {
        $(pub use crate::$module::config::$Config;)*

        /// The whole configuration. Every key has a default that suits an in-process test: ports 0 (any free port).
        #[derive(Clone, Debug, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Config {
            /// Control routes and providers listen here; 0 takes any free port.
            pub port: u16,
            /// The proxy in front of AWS calls; 0 takes any free port.
            pub aws_proxy_port: u16,
            /// The emulator behind that proxy.
            pub emulator: String,
            /// The door's base URL, ending in `/`. May come later: `PUT /_sandbox/config {"intake_url": …}`.
            pub intake_url: Option<String>,
            /// Folder of the providers' published specifications; where absent, hand-written subsets stand in.
            pub specs: Option<PathBuf>,
            pub aws_region: String,
            pub shopify: ShopifyConfig,
            pub stripe: StripeConfig,
            $(pub $module: $Config,)*
            pub tracking: TrackingConfig,
            pub alerts: AlertsConfig,
            pub klaviyo: KlaviyoConfig,
            pub ses: SesConfig,
            pub autopilot: AutopilotConfig,
            /// Pauses before the second, third, … attempt of a delivery that was not answered with 2xx, in milliseconds.
            /// Real providers take hours; eight attempts in all is Shopify's number.
            pub retry_ms: Vec<u64>,
            /// Where the counter behind every id the sandbox hands out begins. The same seed gives the same ids; the binary
            /// takes the time of its start where the file says nothing, so that a restarted sandbox never repeats an id.
            pub seed: u64,
        }

        impl Default for Config {
            fn default() -> Self {
                Self {
                    port: 0,
                    aws_proxy_port: 0,
                    emulator: "http://127.0.0.1:4566".to_owned(),
                    intake_url: None,
                    specs: None,
                    aws_region: "us-east-1".to_owned(),
                    shopify: ShopifyConfig::default(),
                    stripe: StripeConfig::default(),
                    $($module: $Config::default(),)*
                    tracking: TrackingConfig::default(),
                    alerts: AlertsConfig::default(),
                    klaviyo: KlaviyoConfig::default(),
                    ses: SesConfig::default(),
                    autopilot: AutopilotConfig::default(),
                    retry_ms: vec![200, 500, 1_000, 2_000, 4_000, 8_000, 8_000],
                    seed: 0,
                }
            }
        }
    };
}
with_partners!(define);

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShopifyConfig {
    /// `x.myshopify.com`.
    pub shop: String,
    pub webhook_secret: String,
    pub admin_token: String,
    /// The version GraphQL is served under and webhooks say they have.
    pub api_version: String,
    /// The throttle's bucket, in cost points (Shopify's standard plan: 2000, refilled with 100 a second).
    pub cost_maximum: u32,
    pub cost_restore_per_second: u32,
    /// The shop's own currency, for `shop { currencyCode }`.
    pub currency: String,
    /// Topics of the standing subscription, `orders/paid`.
    pub topics: Vec<String>,
    pub subscriptions: Subscriptions,
}

/// Who hears of what happens in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subscriptions {
    /// The door hears each of the topics once, as from an app whose configuration file subscribes to them: the Admin API does
    /// not list such subscriptions, and failures do not end them. What is subscribed through the API adds other topics.
    #[default]
    Standing,
    /// Only what was subscribed through the Admin API, to the address given there.
    Api,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StripeConfig {
    /// `sk_test_…`, or `sk_live_…` for an account whose events say `livemode`.
    pub secret_key: String,
    /// `whsec_…` of the endpoint the account begins with: the door.
    pub webhook_secret: String,
    /// The version requests have to name and events are written in.
    pub api_version: String,
    /// Requests a second before 429.
    pub rate_limit: u32,
    /// Event types that endpoint wants; `charge.*` and `*` stand for many.
    pub webhooks: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SesConfig {
    /// Where SES's events go; absent: found through the configuration set.
    pub topic_arn: Option<String>,
}

/// How fast partners move orders by themselves, each from the step before, in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutopilotConfig {
    pub on: bool,
    pub accept_after_ms: u64,
    pub ship_after_ms: u64,
    pub deliver_after_ms: u64,
}

impl Default for ShopifyConfig {
    fn default() -> Self {
        Self {
            shop: "example.myshopify.com".to_owned(),
            webhook_secret: "sandbox-webhook-secret".to_owned(),
            admin_token: "sandbox-admin-token".to_owned(),
            api_version: "2026-10".to_owned(),
            cost_maximum: 2_000,
            cost_restore_per_second: 100,
            currency: "USD".to_owned(),
            subscriptions: Subscriptions::default(),
            topics: [
                "orders/create",
                "orders/paid",
                "orders/updated",
                "orders/cancelled",
                "orders/edited",
                "orders/risk_assessment_changed",
                "refunds/create",
                "disputes/create",
                "disputes/update",
                "checkouts/create",
                "checkouts/update",
                "checkouts/delete",
                "customers/create",
                "customers/update",
                "customers_email_marketing_consent/update",
                "fulfillments/create",
                "fulfillments/update",
                "fulfillment_events/create",
                "app/uninstalled",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

impl Default for StripeConfig {
    fn default() -> Self {
        Self {
            secret_key: "sk_test_sandbox".to_owned(),
            webhook_secret: "whsec_sandbox".to_owned(),
            api_version: "2026-10-28.endive".to_owned(),
            rate_limit: 100,
            webhooks: vec!["*".to_owned()],
        }
    }
}

impl Default for AutopilotConfig {
    fn default() -> Self {
        Self { on: false, accept_after_ms: 300, ship_after_ms: 600, deliver_after_ms: 900 }
    }
}
