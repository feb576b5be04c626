//! The owner's choices (`store.toml`), rendered to `store.json` and deployed beside the binary.
//!
//! Every key is described in `infra/store.toml`. Secrets are not in it.

mod alerts;
mod capture;
mod headless;
mod klaviyo;
mod quiet;
mod routing;
mod tracking;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::flow::Flows;
use domain::handoff::Deadlines;
use domain::plan::Catalog;
use domain::provider::Pace;
use domain::subject::Subject;
use domain::verdict::Rules;
use jiff::SignedDuration;
use serde::Deserialize;

pub use alerts::{AlertsSection, WebhookFormat, WebhookSection};
pub use capture::{RulesSection, ScreeningSection, SweepSection, TaxSection};
pub use headless::{CheckoutSection, Pieces, Prices, Product, ShippingOption, StripeSection, TaxBehavior};
pub use klaviyo::KlaviyoSection;
pub use quiet::QuietSection;
pub use routing::{PartnerSection, RoutingSection};
pub use tracking::FeedSection;

/// The configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("failed to read {path}: deploy again with `make up` or `make deploy`, which put it beside the binary")]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("failed to understand store.toml at {key}")]
    Key {
        key: String,
        #[source]
        source: serde_json::Error,
    },
}

/// Everything the owner chooses.
#[derive(Debug, Clone, Deserialize)]
pub struct StoreConfig {
    pub store: StoreSection,
    #[serde(default)]
    pub partners: BTreeMap<String, PartnerSection>,
    /// The tracking feeds that follow parcels, by name.
    #[serde(default)]
    pub tracking: BTreeMap<String, FeedSection>,
    #[serde(default)]
    pub catalog: Catalog,
    pub mail: MailSection,
    pub brand: BrandSection,
    pub alerts: AlertsSection,
    #[serde(default)]
    pub drill: DrillSection,
    #[serde(default)]
    pub rules: RulesSection,
    #[serde(default)]
    pub screening: ScreeningSection,
    #[serde(default)]
    pub tax: TaxSection,
    #[serde(default)]
    pub sweep: SweepSection,
    #[serde(default)]
    pub routing: RoutingSection,
    /// The headless store's money; absent where the platform takes it.
    #[serde(default)]
    pub stripe: Option<StripeSection>,
    /// The headless store's checkout and what it sells.
    #[serde(default)]
    pub checkout: CheckoutSection,
    #[serde(default)]
    pub deadlines: Deadlines,
    #[serde(default)]
    pub quiet: QuietSection,
    #[serde(default)]
    pub timing: TimingSection,
    #[serde(default)]
    pub retention: RetentionSection,
    /// Who sends the flows that are left to Klaviyo; absent: nobody does, and none is.
    #[serde(default)]
    pub klaviyo: Option<KlaviyoSection>,
    /// The owner's flows (`flows.toml`), each with who sends it; none: no marketing.
    #[serde(default)]
    pub flows: Flows,
}

/// The store platform.
#[derive(Debug, Clone, Deserialize)]
pub struct StoreSection {
    #[serde(default)]
    pub platform: Platform,
    /// The store's name as customers read it.
    pub name: String,
    /// `live`, or `test`: a live store refuses orders made with a test payment.
    pub mode: Mode,
    /// `example-prints.myshopify.com`; for the headless store a short name of the owner's own. Part of external ids: never changed.
    pub shop: String,
    /// Where the platform's API is; ends without a slash. Empty for the headless store, which has none.
    #[serde(default)]
    pub base_url: String,
    #[serde(default = "api_version")]
    pub api_version: String,
    /// The zone of the dates that customers read: an IANA name, as in `Europe/Berlin`.
    #[serde(default = "time_zone")]
    pub time_zone: String,
    /// What a customer reads whose own language is not known: `en` or `de`.
    #[serde(default = "language")]
    pub language: String,
}

/// Who holds the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    #[default]
    Shopify,
    /// Our own order table, with Stripe for the money.
    Headless,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Live,
    Test,
}

/// Who mails come from.
#[derive(Debug, Clone, Deserialize)]
pub struct MailSection {
    pub from: String,
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Whoever signs up for the store's news confirms it by a link in a mail first.
    #[serde(default)]
    pub double_opt_in: bool,
}

/// The drill: an order placed to see one go all the way.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct DrillSection {
    /// Where its mails go; the owner's own address where nothing is said.
    #[serde(default)]
    pub inbox: Option<String>,
}

/// The owner's brand (`[brand]`). The keys and their defaults stand with what is made of them.
pub use brand::BrandSection;

/// Seconds within one call and between calls.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TimingSection {
    /// A provider has to answer within this; shorter than the function's own time-out.
    pub http_timeout: u64,
    /// How long an unanswered request may still turn up at its provider.
    pub settle_window: i64,
    /// The first wait for a provider that is out of reach; later ones grow up to `longest_wait`.
    pub first_wait: i64,
    pub longest_wait: i64,
}

impl Default for TimingSection {
    fn default() -> Self {
        Self { http_timeout: 5, settle_window: 60, first_wait: 20, longest_wait: 600 }
    }
}

/// How long what was received is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct RetentionSection {
    /// Bodies of deliveries, for replay: at least the refund window.
    pub payload_days: i64,
}

impl Default for RetentionSection {
    fn default() -> Self {
        Self { payload_days: 180 }
    }
}

fn api_version() -> String {
    "2026-10".to_owned()
}

fn time_zone() -> String {
    "UTC".to_owned()
}

fn language() -> String {
    "en".to_owned()
}

impl StoreConfig {
    /// Reads `store.json` beside the running binary.
    pub fn load() -> Result<Self, ConfigError> {
        let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
        let path = beside.unwrap_or_default().join("store.json");
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::File { path, source })?;
        Self::parse(&text)
    }

    /// Understands the JSON form. An error names the key.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let json = &mut serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(json)
            .map_err(|error| ConfigError::Key { key: error.path().to_string(), source: error.into_inner() })
    }

    /// The subject of what concerns no single order.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::Store(self.store.shop.clone())
    }

    /// Capture's rules.
    #[must_use]
    pub fn verdict_rules(&self) -> Rules {
        Rules {
            live: self.store.mode == Mode::Live,
            hold_at: self.rules.hold_at_risk,
            screening: self.screening.clone(),
            tax_due: self.tax.due.clone(),
        }
    }

    /// How waits for providers grow.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace {
            first: SignedDuration::from_secs(self.timing.first_wait),
            longest: SignedDuration::from_secs(self.timing.longest_wait),
        }
    }

    /// How long an unanswered request may still turn up.
    #[must_use]
    pub fn settle_window(&self) -> SignedDuration {
        SignedDuration::from_secs(self.timing.settle_window)
    }

    /// How long bodies are kept.
    #[must_use]
    pub fn payload_retention(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * self.retention.payload_days)
    }
}
