//! One Klaviyo account. Source: Klaviyo's OpenAPI document, revision 2026-07-15.

use domain::provider::Trouble;
use jiff::SignedDuration;
use lambda::http::{common_trouble, no_answer};
use lambda::secrets::SecretsError;
use lambda::turn::Line;
use lambda::{Secrets, StoreConfig};
use ledger::Rate;
use mailer::words::without_addresses;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::wire;

/// As it is called in waits, exceptions and the ledger's pace.
pub(crate) const NAME: &str = "klaviyo";
const KEY: &str = "call/klaviyo/api-key";
const BASE: &str = "https://a.klaviyo.com";
/// Klaviyo refuses a request without one.
const REVISION: &str = "2026-07-15";
const JSON_API: &str = "application/vnd.api+json";
/// Longer reasons are cut.
const REASON: usize = 300;

const A_SECOND: SignedDuration = SignedDuration::from_secs(1);
/// Klaviyo takes 350 events a second and 3,500 a minute: whoever keeps to a sixtieth of the second keeps to both.
pub(crate) const EVENTS: Line<'static> = Line { name: NAME, rate: Rate { calls: 3_500 / 60, per: A_SECOND } };
/// The same of calls about consent: 75 a second, 750 a minute.
pub(crate) const CONSENTS: Line<'static> =
    Line { name: "klaviyo-consent", rate: Rate { calls: 750 / 60, per: A_SECOND } };

/// One Klaviyo account.
#[derive(Debug, Clone)]
pub struct Klaviyo {
    base: String,
    key: SecretString,
    /// Where whoever signs up is added.
    pub(crate) list: Option<String>,
    http: reqwest::Client,
}

/// One call.
#[derive(Debug)]
pub(crate) enum Call {
    Event(Box<wire::Event>),
    /// To the list, where it is named.
    Subscribe {
        mail: String,
        list: Option<String>,
    },
    Unsubscribe {
        mail: String,
    },
}

impl Klaviyo {
    /// The secret it needs; `None`: the owner has no account there.
    #[must_use]
    pub fn secret(config: &StoreConfig) -> Option<&'static str> {
        config.klaviyo.as_ref().map(|_| KEY)
    }

    /// As the owner configured it; `None`: not at all.
    pub fn open(config: &StoreConfig, secrets: &Secrets, http: &reqwest::Client) -> Result<Option<Self>, SecretsError> {
        let Some(section) = &config.klaviyo else { return Ok(None) };
        let base = section.base_url.as_deref().unwrap_or(BASE).trim_end_matches('/').to_owned();
        Ok(Some(Self { base, key: secrets.get(KEY)?, list: section.list.clone(), http: http.clone() }))
    }

    /// Makes a call. A yes is that Klaviyo has taken it; what it makes of it comes later.
    pub(crate) async fn make(&self, call: &Call) -> Result<(), Trouble> {
        match call {
            Call::Event(event) => self.post("events", event).await,
            Call::Subscribe { mail, list } => {
                self.post("profile-subscription-bulk-create-jobs", &wire::subscribe(mail, list.as_deref())).await
            }
            Call::Unsubscribe { mail } => {
                self.post("profile-subscription-bulk-delete-jobs", &wire::unsubscribe(mail)).await
            }
        }
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<(), Trouble> {
        let broken = |why: &str| Trouble::Broken { why: why.to_owned() };
        let mut key = HeaderValue::from_str(&format!("Klaviyo-API-Key {}", self.key.expose_secret()))
            .map_err(|_| broken("the key in api_key_file cannot be a key: it holds signs that no header may"))?;
        key.set_sensitive(true);
        let body = serde_json::to_vec(body).map_err(|_| broken("the request could not be written"))?;
        let request = self
            .http
            .post(format!("{}/api/{path}", self.base))
            .header(AUTHORIZATION, key)
            .header("revision", REVISION)
            .header(CONTENT_TYPE, JSON_API)
            .header(ACCEPT, JSON_API)
            .body(body);
        let response = request.send().await.map_err(|error| no_answer(&error))?;
        if let Some(trouble) = common_trouble(&response) {
            return Err(trouble);
        }
        match response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(broken("its address is not found; check base_url below [klaviyo]")),
            status => {
                let body = response.bytes().await.map_err(|error| no_answer(&error))?;
                Err(Trouble::Refused {
                    why: reason(&body).unwrap_or_else(|| format!("it answers {}", status.as_u16())),
                })
            }
        }
    }
}

/// `{"errors": [{"detail", "title", "source": {"pointer"}}]}`: the first one's words and the field they are about. Without
/// addresses, since Klaviyo repeats what it does not like.
fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["errors"][0];
    let words = error["detail"].as_str().or_else(|| error["title"].as_str())?;
    let place = error["source"]["pointer"].as_str().map(|place| format!(" ({place})")).unwrap_or_default();
    Some(without_addresses(&format!("{words}{place}")).chars().take(REASON).collect())
}
