//! Who delivers here. One file per provider: how it signs, and what its topics mean in our words.

mod printful;
mod shopify;

use domain::Timestamp;
use domain::event::Fact;
use domain::subject::{OrderId, Subject};
use lambda::{Secrets, StoreConfig, secrets::SecretsError};
use serde::{Deserialize, Deserializer};

use crate::http::Request;

/// The secrets of all sources, as they are named in SSM.
pub const SECRETS: &[&str] = &[shopify::WEBHOOK_SECRET, printful::WEBHOOK_SECRET, printful::PATH_SECRET];

/// A fact as a source tells it.
#[derive(Debug)]
pub(crate) struct Told {
    /// `None`: it is about the store.
    pub subject: Option<Subject>,
    pub fact: Fact,
    /// When it happened, where the source tells.
    pub time: Option<Timestamp>,
    pub order_name: Option<String>,
}

/// What a body says.
#[derive(Debug)]
pub(crate) enum Translated {
    Fact(Box<Told>),
    /// Nothing any layer follows; about this subject, if one can be told.
    Unfollowed(Option<Subject>),
}

/// The body is not readable as its topic; the path names the field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One provider's deliveries. The closed set of providers: one line each here and in [`Sources`].
#[derive(Debug)]
pub(crate) enum Source {
    Shopify(shopify::Shopify),
    Printful(printful::Printful),
}

impl Source {
    /// The CloudEvents source.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Shopify(_) => "shopify",
            Self::Printful(_) => "printful",
        }
    }

    /// Whether the delivery is rightly signed.
    pub(crate) fn signed(&self, request: &Request) -> bool {
        match self {
            Self::Shopify(source) => source.signed(request),
            Self::Printful(source) => source.signed(request),
        }
    }

    /// The topic as the provider names it; for the owner's eyes, not for decisions.
    pub(crate) fn topic(&self, request: &Request) -> String {
        let topic = match self {
            Self::Shopify(_) => shopify::topic(request),
            Self::Printful(_) => printful::topic(request),
        };
        let plain = topic.chars().filter(|c| c.is_ascii_alphanumeric() || "/_.-".contains(*c));
        plain.take(64).collect()
    }

    /// What the body says.
    pub(crate) fn translate(&self, request: &Request) -> Result<Translated, Unreadable> {
        match self {
            Self::Shopify(_) => shopify::translate(request),
            Self::Printful(source) => source.translate(request),
        }
    }
}

/// All sources of a store, by path.
#[derive(Debug)]
pub(crate) struct Sources {
    shopify: Source,
    printful: Source,
}

impl Sources {
    pub(crate) fn new(config: &StoreConfig, secrets: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            shopify: Source::Shopify(shopify::Shopify::new(secrets)?),
            printful: Source::Printful(printful::Printful::new(&config.store.shop, secrets)?),
        })
    }

    /// The source behind a path. A wrong path secret is an unknown path.
    pub(crate) fn at(&self, path: &str) -> Option<&Source> {
        let rest = path.trim_end_matches('/').strip_prefix("webhooks/")?;
        match rest.split_once('/') {
            None if rest == "shopify" => Some(&self.shopify),
            Some(("printful", secret)) => match &self.printful {
                Source::Printful(source) if source.path_fits(secret) => Some(&self.printful),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Reads a body into the few fields we use; the error names the field.
fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Unreadable> {
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

/// An id that some senders write as a number and some as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnyId(pub String);

impl<'de> Deserialize<'de> for AnyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Number(number) => number.to_string(),
            Either::Text(text) => text,
        }))
    }
}

impl AnyId {
    fn order(&self, field: &str) -> Result<OrderId, Unreadable> {
        OrderId::parse(&self.0).ok_or_else(|| Unreadable(format!("the field {field} is not an order number")))
    }
}
