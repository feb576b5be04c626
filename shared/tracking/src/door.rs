//! The closed set of feeds, as senders of webhooks: how each signs, and what it says in our words. Nothing here can call.

use domain::Timestamp;
use domain::parcel::ParcelKey;
use lambda::config::Mode;
use lambda::secrets::SecretsError;
use lambda::{Secrets, StoreConfig};
use secrecy::SecretString;
use serde::Deserialize;

use crate::manifest::{Manifest, secret_name, unknown};
use crate::{FeedError, Seen, with_feeds};

/// One delivery, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'d> {
    /// Names in lower case.
    pub headers: &'d [(String, String)],
    /// The raw bytes as they were signed.
    pub body: &'d [u8],
}

impl<'d> Delivery<'d> {
    /// The first header of that name (lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&'d str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// What a delivery says.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Where a parcel stands.
    Seen(Box<Seen>),
    /// Nothing about where a parcel stands; about this parcel, if one can be told.
    OfNoInterest(Option<ParcelKey>),
}

/// The body is not readable as its topic; it names the field, never its value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Who is let in.
pub(crate) struct Visitor<'v> {
    pub name: &'static str,
    pub secrets: &'v Secrets,
    /// The store sells in earnest: what a feed sends in its own test mode is about nobody's parcel.
    pub live: bool,
}

impl Visitor<'_> {
    /// What signs its webhooks: during a rotation two.
    pub fn keys(&self) -> Result<Vec<SecretString>, SecretsError> {
        let keys = self.secrets.all(&secret_name("door", self.name, "webhook-secret"))?;
        // An empty key would let everybody in.
        Ok(keys.into_iter().filter(|key| !secrecy::ExposeSecret::expose_secret(key).is_empty()).collect())
    }
}

macro_rules! define {
    ($($module:ident => $Type:ident,)*) => {
        /// One feed's deliveries.
        #[derive(Debug)]
        pub enum Door {
            $($Type(crate::$module::door::Door),)*
        }

        impl Door {
            fn open(name: &str, secrets: &Secrets, live: bool) -> Result<Self, FeedError> {
                $(if name == crate::$module::MANIFEST.name {
                    let visitor = Visitor { name: crate::$module::MANIFEST.name, secrets, live };
                    return Ok(Self::$Type(crate::$module::door::Door::new(&visitor)?));
                })*
                Err(unknown(name))
            }

            /// The feed's name in `store.toml`, which is the source of its events.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$Type(_) => crate::$module::MANIFEST.name,)* }
            }

            /// Whether the delivery is rightly signed.
            #[must_use]
            pub fn signed(&self, delivery: &Delivery<'_>) -> bool {
                match self { $(Self::$Type(door) => door.signed(delivery),)* }
            }

            /// The topic as the feed names it; for the owner's eyes, not for decisions.
            #[must_use]
            pub fn topic(&self, delivery: &Delivery<'_>) -> String {
                let topic = match self { $(Self::$Type(door) => door.topic(delivery),)* };
                topic.unwrap_or_else(|| "without a type".to_owned())
            }

            /// What it says. None of them signs the time, so an old delivery can be sent again by whoever has seen it: it is
            /// the same fact as the first time, and a late word never moves a parcel back.
            pub fn hear(&self, delivery: &Delivery<'_>) -> Result<Heard, Unreadable> {
                match self { $(Self::$Type(door) => door.hear(delivery),)* }
            }
        }
    };
}
with_feeds!(define);

impl Door {
    /// The doors of every feed that `store.toml` sets up.
    pub fn all(config: &StoreConfig, secrets: &Secrets) -> Result<Vec<Self>, FeedError> {
        let live = config.store.mode == Mode::Live;
        config.tracking.keys().map(|name| Self::open(name, secrets, live)).collect()
    }

    /// The names of the secrets that [`Self::all`] needs: those of the feeds that are set up.
    pub fn secrets(config: &StoreConfig) -> Result<Vec<String>, FeedError> {
        Manifest::secrets(config, "door", |manifest| manifest.door_secrets)
    }
}

/// The feed that lives at `webhooks/tracking/<rest>`.
#[must_use]
pub fn at<'d>(doors: &'d [Door], rest: &str) -> Option<&'d Door> {
    doors.iter().find(|door| door.name() == rest)
}

/// When it happened, as far as the feed tells; a clock that is ahead of ours does not make a parcel arrive tomorrow.
#[must_use]
pub fn time(seen: &Seen, now: Timestamp) -> Timestamp {
    seen.at.map_or(now, |at| at.min(now))
}

/// Reads a body into the few fields we use; the error names the field.
pub(crate) fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Unreadable> {
    let json = &mut serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
        let path = error.path().to_string();
        // serde_json's own words quote the offending value, which may be a person's data.
        let kind = match error.inner().classify() {
            serde_json::error::Category::Data => "is not what we expect",
            serde_json::error::Category::Eof => "breaks off",
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => "is not JSON",
        };
        if path == "." {
            Unreadable(format!("the body {kind}"))
        } else {
            Unreadable(format!("the field {path} {kind}"))
        }
    })?;
    json.end().map_err(|_| Unreadable("the body goes on after its JSON".to_owned()))?;
    Ok(value)
}

/// A number that is none.
pub(crate) fn no_number(field: &str) -> Unreadable {
    Unreadable(format!("the field {field} is no tracking number"))
}
