//! AfterShip's webhooks, signed with `aftership-hmac-sha256: <base64 HMAC-SHA256 of the raw body>`. What the parcel's state is
//! stands in `msg.tag`, never in the event's name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use super::wire::Tracking;
use crate::FeedError;
use crate::door::{Delivery, Heard, Unreadable, Visitor, no_number, read};

pub struct Door {
    keys: Vec<Hmac<Sha256>>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AfterShip with {} keys", self.keys.len())
    }
}

impl Door {
    pub(crate) fn new(visitor: &Visitor<'_>) -> Result<Self, FeedError> {
        let keys = visitor.keys()?;
        let keys = keys.iter().filter_map(|key| Hmac::new_from_slice(key.expose_secret().as_bytes()).ok());
        Ok(Self { keys: keys.collect() })
    }

    pub(crate) fn signed(&self, delivery: &Delivery<'_>) -> bool {
        let Some(Ok(given)) = delivery.header("aftership-hmac-sha256").map(|header| STANDARD.decode(header.trim()))
        else {
            return false;
        };
        // Every key is tried, so that a rotation takes no time off.
        self.keys
            .iter()
            .fold(false, |fits, key| fits | key.clone().chain_update(delivery.body).verify_slice(&given).is_ok())
    }

    pub(crate) fn topic(&self, delivery: &Delivery<'_>) -> Option<String> {
        read::<Event>(delivery.body).ok().map(|event| event.event)
    }

    pub(crate) fn hear(&self, delivery: &Delivery<'_>) -> Result<Heard, Unreadable> {
        let event: Event = read(delivery.body)?;
        if !matches!(event.event.as_str(), "tracking_update" | "edd_revise" | "tracking_pending_time") {
            return Ok(Heard::OfNoInterest(None));
        }
        let tracking: Tracking = serde_path_to_error::deserialize(event.msg)
            .map_err(|error| Unreadable(format!("the field msg.{} is not what we expect", error.path())))?;
        let says_something = tracking.says_something();
        let sent = event.ts.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let seen = tracking.seen(sent).ok_or_else(|| no_number("msg.tracking_number"))?;
        if says_something { Ok(Heard::Seen(Box::new(seen))) } else { Ok(Heard::OfNoInterest(Some(seen.parcel))) }
    }
}

#[derive(Deserialize)]
struct Event {
    event: String,
    #[serde(default)]
    msg: Value,
    /// When it was sent, in seconds; not part of what is signed in the header, but of the body that is.
    #[serde(default)]
    ts: Option<i64>,
}
