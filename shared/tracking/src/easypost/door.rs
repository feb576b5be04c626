//! EasyPost's webhooks: every object's events come to every address, so the topic is read before anything else. Signed with
//! `X-Hmac-Signature: hmac-sha256-hex=<hex HMAC-SHA256 of the raw body>`; the key is the secret in Unicode's form NFKD. One that
//! was set up without a secret is not signed, and is not let in.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;

use super::wire::Tracker;
use crate::FeedError;
use crate::door::{Delivery, Heard, Unreadable, Visitor, no_number, read};

pub struct Door {
    keys: Vec<Hmac<Sha256>>,
    live: bool,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EasyPost with {} keys", self.keys.len())
    }
}

impl Door {
    pub(crate) fn new(visitor: &Visitor<'_>) -> Result<Self, FeedError> {
        let decomposed = |key: &str| key.nfkd().collect::<String>();
        let keys = visitor.keys()?.into_iter().map(|key| decomposed(key.expose_secret()));
        let keys = keys.filter_map(|key| Hmac::new_from_slice(key.as_bytes()).ok()).collect();
        Ok(Self { keys, live: visitor.live })
    }

    pub(crate) fn signed(&self, delivery: &Delivery<'_>) -> bool {
        let header =
            delivery.header("x-hmac-signature").and_then(|header| header.trim().strip_prefix("hmac-sha256-hex="));
        let Some(Ok(given)) = header.map(hex::decode) else { return false };
        // Every key is tried, so that a rotation takes no time off.
        self.keys
            .iter()
            .fold(false, |fits, key| fits | key.clone().chain_update(delivery.body).verify_slice(&given).is_ok())
    }

    pub(crate) fn topic(&self, delivery: &Delivery<'_>) -> Option<String> {
        let event = read::<Event>(delivery.body).ok()?;
        let test = event.mode.as_deref() == Some("test") && self.live;
        Some(if test { format!("{}.in-test-mode", event.description) } else { event.description })
    }

    pub(crate) fn hear(&self, delivery: &Delivery<'_>) -> Result<Heard, Unreadable> {
        let event: Event = read(delivery.body)?;
        if !matches!(event.description.as_str(), "tracker.created" | "tracker.updated") {
            return Ok(Heard::OfNoInterest(None));
        }
        // Its test trackers move by themselves, with numbers that everybody uses.
        if self.live && event.mode.as_deref() == Some("test") {
            return Ok(Heard::OfNoInterest(None));
        }
        let Some(result) = event.result else {
            return Err(Unreadable("the field result is missing".to_owned()));
        };
        let tracker: Tracker = serde_path_to_error::deserialize(result)
            .map_err(|error| Unreadable(format!("the field result.{} is not what we expect", error.path())))?;
        let says_something = tracker.says_something();
        let seen = tracker.seen().ok_or_else(|| no_number("result.tracking_code"))?;
        if says_something { Ok(Heard::Seen(Box::new(seen))) } else { Ok(Heard::OfNoInterest(Some(seen.parcel))) }
    }
}

#[derive(Deserialize)]
struct Event {
    description: String,
    #[serde(default)]
    mode: Option<String>,
    /// Of another object it may have any shape: a batch's `status` is an object.
    #[serde(default)]
    result: Option<Value>,
}
