//! The closed set of partners, as senders of webhooks: how each signs, and what it says in our words. Nothing here can call.

use domain::Timestamp;
use domain::event::Fact;
use domain::subject::{Subject, short_hash};
use lambda::config::PartnerSection;
use lambda::secrets::SecretsError;
use lambda::{Secrets, StoreConfig};
use secrecy::SecretString;
use serde::Deserialize;

use crate::manifest::{Manifest, Path, secret_name, unknown};
use crate::{PartnerError, with_partners};

/// One delivery, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'d> {
    /// What follows the partner's own part of the path; empty, or the path secret.
    pub path_rest: &'d str,
    /// Names in lower case.
    pub headers: &'d [(String, String)],
    /// The raw bytes as they were signed.
    pub body: &'d [u8],
    pub now: Timestamp,
}

impl<'d> Delivery<'d> {
    /// The first header of that name (lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&'d str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// What a delivery says.
#[derive(Debug)]
pub enum Heard {
    Fact(Box<Told>),
    /// Nothing any layer follows; about this subject, if one can be told.
    Unfollowed(Option<Subject>),
}

/// A fact as a partner tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// `None`: which order it is about is not said; it is kept under the store.
    pub subject: Option<Subject>,
    pub fact: Fact,
    /// When it happened, where the partner tells.
    pub time: Option<Timestamp>,
}

/// The body is not readable as its topic; it names the field, never its value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Who is let in: a section of `store.toml` with its secrets.
pub(crate) struct Visitor<'v> {
    pub name: &'v str,
    pub section: &'v PartnerSection,
    pub secrets: &'v Secrets,
    /// The shop's name, part of every external id.
    pub shop: &'v str,
}

impl Visitor<'_> {
    /// What signs its webhooks: during a rotation two.
    pub fn keys(&self) -> Result<Vec<SecretString>, SecretsError> {
        self.secrets.all(&secret_name("door", self.name, "webhook-secret"))
    }

    /// The secret part of its webhooks' path.
    pub fn path_secret(&self) -> Result<SecretString, SecretsError> {
        self.secrets.get(&secret_name("door", self.name, "path-secret"))
    }
}

macro_rules! define {
    ($($module:ident => $Type:ident,)*) => {
        #[derive(Debug)]
        enum Kind {
            $($Type(crate::$module::door::Door),)*
        }

        impl Door {
            fn open(visitor: &Visitor<'_>) -> Result<Self, PartnerError> {
                $(if visitor.section.kind(visitor.name) == crate::$module::MANIFEST.kind {
                    let kind = Kind::$Type(crate::$module::door::Door::new(visitor)?);
                    return Ok(Self { kind, path: crate::$module::MANIFEST.path });
                })*
                Err(unknown(visitor.name, visitor.section))
            }

            /// The partner's name in `store.toml`, which is the source of its events.
            #[must_use]
            pub fn name(&self) -> &str {
                match &self.kind { $(Kind::$Type(door) => door.name(),)* }
            }

            fn path_fits(&self, rest: &str) -> bool {
                match &self.kind { $(Kind::$Type(door) => door.path_fits(rest),)* }
            }

            /// Whether the delivery is rightly signed. A partner that does not sign is known by its secret path alone.
            #[must_use]
            pub fn signed(&self, delivery: &Delivery<'_>) -> bool {
                self.path_fits(delivery.path_rest)
                    && match &self.kind { $(Kind::$Type(door) => door.signed(delivery),)* }
            }

            /// The topic as the partner names it; for the owner's eyes, not for decisions.
            #[must_use]
            pub fn topic(&self, delivery: &Delivery<'_>) -> String {
                let topic = match &self.kind { $(Kind::$Type(door) => door.topic(delivery),)* };
                topic.unwrap_or_else(|| "without a type".to_owned())
            }

            /// What it says.
            pub fn hear(&self, delivery: &Delivery<'_>) -> Result<Heard, Unreadable> {
                match &self.kind { $(Kind::$Type(door) => door.hear(delivery),)* }
            }
        }
    };
}

/// One partner's deliveries.
#[derive(Debug)]
pub struct Door {
    kind: Kind,
    path: Path,
}
with_partners!(define);

impl Door {
    /// The doors of every partner that `store.toml` sets up.
    pub fn all(config: &StoreConfig, secrets: &Secrets) -> Result<Vec<Self>, PartnerError> {
        let shop = &config.store.shop;
        config.partners.iter().map(|(name, section)| Self::open(&Visitor { name, section, secrets, shop })).collect()
    }

    /// The names of the secrets that [`Self::all`] needs: those of the partners that are set up.
    pub fn secrets(config: &StoreConfig) -> Result<Vec<String>, PartnerError> {
        Manifest::secrets(config, "door", |manifest| manifest.door_secrets)
    }

    /// What follows this door's part of `rest`; `None`: it is not this door's path.
    fn rest<'p>(&self, rest: &'p str) -> Option<&'p str> {
        let own = match self.path {
            Path::Partner => rest.strip_prefix("partner/")?,
            Path::Name | Path::NameAndSecret => rest,
        };
        let after = own.strip_prefix(self.name())?;
        if after.is_empty() { Some("") } else { after.strip_prefix('/') }
    }
}

/// The partner that lives at `webhooks/<rest>`, and what follows its own part of the path. A wrong path secret is an unknown path.
#[must_use]
pub fn at<'d, 'p>(doors: &'d [Door], rest: &'p str) -> Option<(&'d Door, &'p str)> {
    doors.iter().find_map(|door| {
        let after = door.rest(rest)?;
        door.path_fits(after).then_some((door, after))
    })
}

/// What tells two pieces of news apart that name neither an id nor a moment.
pub(crate) fn body_hash(body: &[u8]) -> String {
    short_hash(&[&String::from_utf8_lossy(body)], 16)
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
