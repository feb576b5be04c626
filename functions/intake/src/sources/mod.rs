//! Who delivers here: the store platform, the payment provider, the production partners, the tracking feeds. One file or folder per
//! provider of the first two: how it signs, and what its topics mean in our words. A partner's is in its own folder of
//! `shared/partner`, a feed's in its own of `shared/tracking`.

mod shopify;
mod stripe;
mod tracking;

use ::tracking::FeedError;
use ::tracking::door as feeds;
use domain::Timestamp;
use domain::event::Fact;
use domain::subject::{OrderId, Subject};
use lambda::config::Platform;
use lambda::{Secrets, StoreConfig, secrets::SecretsError};
use partner::PartnerError;
use partner::door as partners;
use serde::{Deserialize, Deserializer};

use crate::http::Request;

/// The door cannot open: a secret is missing, or `store.toml` names a partner or a feed nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    Partner(#[from] PartnerError),
    #[error(transparent)]
    Feed(#[from] FeedError),
}

/// The secrets of the sources this store has, as they are named in SSM.
pub fn secrets(config: &StoreConfig) -> Result<Vec<String>, DoorError> {
    let mut names = partners::Door::secrets(config)?;
    names.extend(feeds::Door::secrets(config)?);
    names.extend(has_shopify(config).then(|| shopify::WEBHOOK_SECRET.to_owned()));
    names.extend(has_stripe(config).then(|| stripe::WEBHOOK_SECRET.to_owned()));
    Ok(names)
}

fn has_shopify(config: &StoreConfig) -> bool {
    config.store.platform == Platform::Shopify
}

/// The headless store's money is Stripe's; a store on a platform of its own may have Stripe beside it.
fn has_stripe(config: &StoreConfig) -> bool {
    config.store.platform == Platform::Headless || config.stripe.is_some()
}

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

/// One provider's deliveries at one path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'s> {
    Shopify(&'s shopify::Shopify),
    Stripe(&'s stripe::Stripe),
    /// A partner, and what follows its own part of the path.
    Partner(&'s partners::Door, &'s str),
    /// A tracking feed.
    Feed(&'s feeds::Door),
}

impl Source<'_> {
    /// The CloudEvents source.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Shopify(_) => "shopify",
            Self::Stripe(_) => "stripe",
            Self::Partner(door, _) => door.name(),
            Self::Feed(door) => door.name(),
        }
    }

    /// Whether the delivery is rightly signed, as of now where the signature says when it was made.
    pub(crate) fn signed(&self, request: &Request, now: Timestamp) -> bool {
        match self {
            Self::Shopify(source) => source.signed(request),
            Self::Stripe(source) => source.signed(request, now),
            Self::Partner(door, rest) => door.signed(&delivery(request, rest, now)),
            Self::Feed(door) => door.signed(&tracking::delivery(request)),
        }
    }

    /// The topic as the provider names it; for the owner's eyes, not for decisions.
    pub(crate) fn topic(&self, request: &Request, now: Timestamp) -> String {
        let topic = match self {
            Self::Shopify(_) => shopify::topic(request).to_owned(),
            Self::Stripe(source) => source.topic(request),
            Self::Partner(door, rest) => door.topic(&delivery(request, rest, now)),
            Self::Feed(door) => door.topic(&tracking::delivery(request)),
        };
        let plain = topic.chars().filter(|c| c.is_ascii_alphanumeric() || "/_.-".contains(*c));
        plain.take(64).collect()
    }

    /// What the body says.
    pub(crate) fn translate(&self, request: &Request, now: Timestamp) -> Result<Translated, Unreadable> {
        match self {
            Self::Shopify(_) => shopify::translate(request),
            Self::Stripe(source) => source.translate(request),
            Self::Partner(door, rest) => heard(door.hear(&delivery(request, rest, now))),
            Self::Feed(door) => tracking::translate(door, request, now),
        }
    }
}

fn delivery<'d>(request: &'d Request, rest: &'d str, now: Timestamp) -> partners::Delivery<'d> {
    partners::Delivery { path_rest: rest, headers: &request.headers, body: &request.body, now }
}

fn heard(heard: Result<partners::Heard, partners::Unreadable>) -> Result<Translated, Unreadable> {
    match heard {
        Ok(partners::Heard::Fact(told)) => {
            let partners::Told { subject, fact, time } = *told;
            Ok(Translated::Fact(Box::new(Told { subject, fact, time, order_name: None })))
        }
        Ok(partners::Heard::Unfollowed(subject)) => Ok(Translated::Unfollowed(subject)),
        Err(partners::Unreadable(why)) => Err(Unreadable(why)),
    }
}

/// The sources a store has, by path. What it does not have is an unknown path.
#[derive(Debug)]
pub(crate) struct Sources {
    shopify: Option<shopify::Shopify>,
    stripe: Option<stripe::Stripe>,
    partners: Vec<partners::Door>,
    feeds: Vec<feeds::Door>,
}

impl Sources {
    pub(crate) fn new(config: &StoreConfig, secrets: &Secrets) -> Result<Self, DoorError> {
        let shopify = || shopify::Shopify::new(secrets);
        let stripe = || stripe::Stripe::new(config.store.mode, secrets);
        Ok(Self {
            shopify: has_shopify(config).then(shopify).transpose()?,
            stripe: has_stripe(config).then(stripe).transpose()?,
            partners: partners::Door::all(config, secrets)?,
            feeds: feeds::Door::all(config, secrets)?,
        })
    }

    /// The source behind a path. A wrong path secret is an unknown path.
    pub(crate) fn at<'s>(&'s self, path: &'s str) -> Option<Source<'s>> {
        let path = path.trim_end_matches('/').strip_prefix("webhooks/")?;
        if let Some(feed) = path.strip_prefix("tracking/") {
            return feeds::at(&self.feeds, feed).map(Source::Feed);
        }
        match path {
            "shopify" => self.shopify.as_ref().map(Source::Shopify),
            "stripe" => self.stripe.as_ref().map(Source::Stripe),
            rest => partners::at(&self.partners, rest).map(|(door, rest)| Source::Partner(door, rest)),
        }
    }
}

/// Reads a body into the few fields we use; the error names the field.
fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Unreadable> {
    // Keeping track of the path costs more than reading: only where something is wrong it is worth knowing.
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(_) => read_with_path(body),
    }
}

fn read_with_path<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Unreadable> {
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
