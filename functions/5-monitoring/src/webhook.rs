//! Alerts as signed HTTP requests, in the shape that Slack, Discord, PagerDuty or a receiver of your own takes.
//!
//! Every request is signed: `Baton-Timestamp` has the seconds since 1970, and `Baton-Signature` is `v1=` and the hex
//! HMAC-SHA256 (RFC 2104) of `<timestamp>.<body>` under the key in the file that `key_file` names. A receiver of your own
//! checks both over the raw body and refuses a timestamp more than five minutes away. `Baton-Alert` is the effect's hash: the
//! same alert sent twice has the same one.
//!
//! | format | body | documented |
//! |---|---|---|
//! | `slack` | `{"text"}` | "Sending messages using incoming webhooks" |
//! | `discord` | `{"content"}`, at most 2,000 characters; pings nobody | "Execute Webhook" |
//! | `pagerduty` | `{"routing_key", "event_action": "trigger", "dedup_key", "payload": {"summary", "source", "severity"}}` | "Events API v2", "Send an Alert Event" |
//! | `plain` | `{"id", "subject", "text", "about", "severity"}` | here |
//!
//! PagerDuty keeps an incident for each alert, and is sent `{"routing_key", "event_action": "resolve", "dedup_key"}` once it is over.
//!
//! The receiver has it once it has answered 2xx, and not before.

use std::fmt;

use domain::Timestamp;
use domain::provider::Trouble;
use hmac::{Hmac, KeyInit, Mac};
use lambda::config::{WebhookFormat, WebhookSection};
use lambda::secrets::SecretsError;
use lambda::{Secrets, http};
use mailer::Letter;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;

/// The receiver's address, or what stands behind `base_url`.
pub const URL: &str = "call/alerts/url";
/// What requests are signed with.
pub const KEY: &str = "call/alerts/key";
/// PagerDuty's integration key (of the service's "Events API v2" integration).
pub const ROUTING_KEY: &str = "call/alerts/routing-key";

/// Discord refuses a longer `content`.
const DISCORD_LONGEST: usize = 2_000;
/// Slack cuts a text that is longer; PagerDuty takes a summary of 1,024.
const SLACK_LONGEST: usize = 4_000;
const SUMMARY_LONGEST: usize = 1_024;

/// How much of a person's attention it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Something needs the owner.
    Alert,
    /// A digest, a test.
    Notice,
}

/// The owner's receiver.
#[derive(Clone)]
pub struct Webhook {
    http: reqwest::Client,
    format: WebhookFormat,
    url: SecretString,
    key: SecretString,
    routing_key: Option<SecretString>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("format", &self.format).finish_non_exhaustive()
    }
}

/// The receiver cannot be used as it is set up.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(transparent)]
    Secret(#[from] SecretsError),
    #[error(
        "the file that [alerts.webhook] url_file names holds no address: write the whole https://… address into it, or set base_url"
    )]
    NoAddress,
}

impl Webhook {
    /// The secrets that a receiver of this format needs.
    #[must_use]
    pub fn secrets(section: &WebhookSection) -> Vec<&'static str> {
        let routing = (section.format == WebhookFormat::PagerDuty).then_some(ROUTING_KEY);
        [URL, KEY].into_iter().chain(routing).collect()
    }

    /// As the owner configured it.
    pub fn new(section: &WebhookSection, secrets: &Secrets, http: reqwest::Client) -> Result<Self, WebhookError> {
        let url = secrets.get(URL)?;
        let whole = ["https://", "http://"].iter().any(|scheme| url.expose_secret().starts_with(scheme));
        let url = match (&section.base_url, whole) {
            (_, true) => url,
            (Some(base), false) => SecretString::from(format!("{base}/{}", url.expose_secret())),
            (None, false) => return Err(WebhookError::NoAddress),
        };
        let routing_key = match section.format {
            WebhookFormat::PagerDuty => Some(secrets.get(ROUTING_KEY)?),
            _ => None,
        };
        Ok(Self { http, format: section.format, url, key: secrets.get(KEY)?, routing_key })
    }

    /// Whether a digest belongs there: PagerDuty makes an incident of everything it is sent.
    #[must_use]
    pub fn takes_digests(&self) -> bool {
        self.format != WebhookFormat::PagerDuty
    }

    /// Whether the receiver keeps an incident open until it hears that it is over.
    #[must_use]
    pub fn keeps_incidents(&self) -> bool {
        self.format == WebhookFormat::PagerDuty
    }

    /// Says that an incident is over: the one that the alert with this effect's hash opened.
    pub async fn resolve(&self, incident: &str, now: Timestamp) -> Result<(), Trouble> {
        let body = json!({
            "routing_key": self.routing_key.as_ref().map(ExposeSecret::expose_secret),
            "event_action": "resolve",
            "dedup_key": incident,
        });
        self.post(&body, incident, now).await.map(drop)
    }

    /// Sends it; what the receiver answered stands in for an id, since none of them gives one.
    pub async fn send(&self, letter: &Letter, urgency: Urgency, now: Timestamp) -> Result<String, Trouble> {
        let status = self.post(&self.body(letter, urgency), &letter.effect, now).await?;
        Ok(format!("http {status} {}", letter.effect))
    }

    /// Posts a signed body; the status of a 2xx.
    async fn post(&self, body: &Value, alert: &str, now: Timestamp) -> Result<u16, Trouble> {
        let body = body.to_string();
        let seconds = now.as_second().to_string();
        let signature = sign(&self.key, &seconds, body.as_bytes());
        let request = self.http.post(self.url.expose_secret()).header("content-type", "application/json");
        let request = request.header("baton-timestamp", &seconds).header("baton-signature", signature);
        let request = request.header("baton-alert", alert).body(body);
        // The address is a secret, and an error of the client's would name it.
        let response = request.send().await.map_err(|error| http::no_answer(&error))?;
        let status = response.status().as_u16();
        if response.status().is_success() {
            return Ok(status);
        }
        Err(http::common_trouble(&response)
            .unwrap_or_else(|| Trouble::Refused { why: format!("the alerts' webhook answers {status}") }))
    }

    fn body(&self, letter: &Letter, urgency: Urgency) -> Value {
        let text = || format!("{}\n\n{}", letter.subject, letter.text);
        let severity = match urgency {
            Urgency::Alert => "error",
            Urgency::Notice => "info",
        };
        match self.format {
            // Slack reads `<…>` as links and mentions; its page names these three characters.
            WebhookFormat::Slack => json!({ "text": cut(&slack(&text()), SLACK_LONGEST) }),
            WebhookFormat::Discord => {
                json!({ "content": cut(&text(), DISCORD_LONGEST), "allowed_mentions": { "parse": [] } })
            }
            WebhookFormat::PagerDuty => json!({
                "routing_key": self.routing_key.as_ref().map(ExposeSecret::expose_secret),
                "event_action": "trigger",
                // The same alert twice is one incident.
                "dedup_key": letter.effect,
                "payload": {
                    "summary": cut(&letter.subject, SUMMARY_LONGEST),
                    "source": letter.about.slug(),
                    "severity": severity,
                    "custom_details": { "text": letter.text },
                },
            }),
            WebhookFormat::Plain => json!({
                "id": letter.effect,
                "subject": letter.subject,
                "text": letter.text,
                "about": letter.about.slug(),
                "severity": severity,
            }),
        }
    }
}

/// `v1=<64 hex digits>` over `<timestamp>.<body>`.
fn sign(key: &SecretString, timestamp: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else { return String::new() };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// At most so many characters; a text that is cut says so.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(3)).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out apart from this code, with OpenSSL: `printf '1795314780.{"text":"hello"}' | openssl dgst -sha256 -hmac invented-key`.
    #[test]
    fn the_documented_signature() {
        let signature = sign(&SecretString::from("invented-key"), "1795314780", br#"{"text":"hello"}"#);
        assert_eq!(signature, "v1=506e84745da405616d5b1b95028965a588a5733fc2f02e6489a22d2ba02d4679");
    }

    #[test]
    fn what_is_cut_says_so_and_fits() {
        let cut = cut(&"é".repeat(3_000), DISCORD_LONGEST);
        assert!(cut.chars().count() == DISCORD_LONGEST && cut.ends_with("..."));
        assert_eq!(
            slack("<!channel> & <https://evil.example.com|x>"),
            "&lt;!channel&gt; &amp; &lt;https://evil.example.com|x&gt;"
        );
    }
}
