//! 17TRACK's webhooks, signed with `sign: <hex SHA-256 of the raw body, a slash and the API key>`: a plain hash, not a keyed one.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::wire::Item;
use crate::FeedError;
use crate::door::{Delivery, Heard, Unreadable, Visitor, no_number, read};

#[derive(Debug)]
pub struct Door {
    keys: Vec<SecretString>,
}

impl Door {
    pub(crate) fn new(visitor: &Visitor<'_>) -> Result<Self, FeedError> {
        Ok(Self { keys: visitor.keys()? })
    }

    pub(crate) fn signed(&self, delivery: &Delivery<'_>) -> bool {
        let Some(Ok(given)) = delivery.header("sign").map(|header| hex::decode(header.trim())) else { return false };
        let of_body = Sha256::new().chain_update(delivery.body).chain_update(b"/");
        // Every key is tried, so that a rotation takes no time off.
        self.keys.iter().fold(false, |fits, key| {
            let wanted = of_body.clone().chain_update(key.expose_secret().as_bytes()).finalize();
            fits | bool::from(wanted.as_slice().ct_eq(&given))
        })
    }

    pub(crate) fn topic(&self, delivery: &Delivery<'_>) -> Option<String> {
        read::<Event>(delivery.body).ok().map(|event| event.event)
    }

    /// `TRACKING_STOPPED` says that 17TRACK looks no longer, weeks after the last word on the parcel, and nothing about the parcel:
    /// who waits for it hears of the silence from our own deadlines.
    pub(crate) fn hear(&self, delivery: &Delivery<'_>) -> Result<Heard, Unreadable> {
        let event: Event = read(delivery.body)?;
        if !matches!(event.event.as_str(), "TRACKING_UPDATED" | "TRACKING_STOPPED") {
            return Ok(Heard::OfNoInterest(None));
        }
        let item: Item = serde_path_to_error::deserialize(event.data)
            .map_err(|error| Unreadable(format!("the field data.{} is not what we expect", error.path())))?;
        let parcel = crate::seen::parcel(&item.number).ok_or_else(|| no_number("data.number"))?;
        if event.event == "TRACKING_STOPPED" {
            return Ok(Heard::OfNoInterest(Some(parcel)));
        }
        let Some(info) = &item.track_info else {
            return Err(Unreadable("the field data.track_info is missing".to_owned()));
        };
        match info.seen(&item.number, item.carrier.as_ref()).filter(|_| info.says_something()) {
            Some(seen) => Ok(Heard::Seen(Box::new(seen))),
            None => Ok(Heard::OfNoInterest(Some(parcel))),
        }
    }
}

#[derive(Deserialize)]
struct Event {
    event: String,
    #[serde(default)]
    data: Value,
}
