//! Where the owner hears of exceptions, and how they are gathered.

use serde::Deserialize;

/// Where the owner hears of exceptions.
#[derive(Debug, Clone, Deserialize)]
pub struct AlertsSection {
    pub to: String,
    /// Defaults to the address customers' mails come from.
    #[serde(default)]
    pub from: Option<String>,
    /// The hour of the day (0 to 23, UTC) at which a digest says what is still open.
    #[serde(default = "seven")]
    pub digest_hour: i8,
    /// An alert about an order waits so many seconds for others of the same cause, three times as long while more keep coming.
    #[serde(default = "fifteen")]
    pub gather: i64,
    /// After an alert about several orders, further ones of the same cause are gathered for so many seconds.
    #[serde(default = "a_minute")]
    pub storm: i64,
    /// A second channel beside mail.
    #[serde(default)]
    pub webhook: Option<WebhookSection>,
}

/// Alerts as signed HTTP requests. Its address and its keys are secrets: `call/alerts/…`.
#[derive(Debug, Clone, Deserialize)]
pub struct WebhookSection {
    pub format: WebhookFormat,
    /// What the address in the secret is relative to, where that is no whole address; ends without a slash.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// Whose receiver it is: what the body looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    Slack,
    Discord,
    PagerDuty,
    Plain,
}

fn seven() -> i8 {
    7
}

fn fifteen() -> i64 {
    15
}

fn a_minute() -> i64 {
    60
}
