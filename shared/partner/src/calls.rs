//! One call to a partner: sent, sorted, read.

use std::sync::Arc;

use domain::Timestamp;
use domain::provider::Trouble;
use lambda::config::PartnerSection;
use lambda::http::{common_trouble, no_answer};
use lambda::secrets::SecretsError;
use lambda::{Clock, Secrets};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::PartnerError;
use crate::manifest::secret_name;
use crate::text::words;

/// What a client is made of.
pub(crate) struct Setup<'s> {
    /// As it stands in effect keys, in the catalog and in `store.toml`.
    pub name: &'s str,
    pub section: &'s PartnerSection,
    pub secrets: &'s Secrets,
    pub http: &'s reqwest::Client,
    pub clock: &'s Arc<dyn Clock>,
}

impl Setup<'_> {
    /// The address without a slash at its end.
    pub fn base(&self) -> String {
        self.section.base_url.trim_end_matches('/').to_owned()
    }

    /// The key that opens the partner to us.
    pub fn token(&self) -> Result<SecretString, SecretsError> {
        self.secrets.get(&secret_name("call", self.name, "token"))
    }

    /// An option without which nothing works.
    pub fn required(&self, option: &'static str) -> Result<String, PartnerError> {
        let found = self.section.text(option).filter(|text| !text.is_empty());
        found.ok_or_else(|| PartnerError::Option { name: self.name.to_owned(), option })
    }
}

/// The time, for what must be signed with it.
#[derive(Clone)]
pub(crate) struct Time(pub Arc<dyn Clock>);

impl Time {
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time")
    }
}

/// What a partner said, once it is neither silence nor "later" nor "who are you".
pub(crate) struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// Sends a request and sorts what means the same at every partner.
pub(crate) async fn send(request: RequestBuilder) -> Result<Answer, Trouble> {
    let response = request.send().await.map_err(|error| no_answer(&error))?;
    if let Some(trouble) = common_trouble(&response) {
        return Err(trouble);
    }
    let status = response.status();
    let body = response.bytes().await.map_err(|error| no_answer(&error))?;
    Ok(Answer { status, body: body.to_vec() })
}

impl Answer {
    /// The body, understood. The error names the field.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        let json = &mut serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(json)
            .map_err(|error| Trouble::NoAnswer { why: format!("its answer is not readable at {}", error.path()) })
    }

    /// The body of a yes; `None` for "not found"; a refusal with the words that `reason` finds.
    pub fn yes<T: DeserializeOwned>(&self, reason: fn(&[u8]) -> Option<String>) -> Result<Option<T>, Trouble> {
        if self.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if self.status.is_success() { self.read().map(Some) } else { Err(self.refused(reason)) }
    }

    /// A clear no.
    pub fn refused(&self, reason: fn(&[u8]) -> Option<String>) -> Trouble {
        let why = reason(&self.body).map(|why| words(&why)).filter(|why| !why.is_empty());
        Trouble::Refused { why: why.unwrap_or_else(|| format!("it answers {}", self.status.as_u16())) }
    }
}

/// The partner no longer has what it had.
pub(crate) fn gone() -> Trouble {
    Trouble::Refused { why: "it does not have the order".to_owned() }
}

/// Orders are taken at an address that is not there.
pub(crate) fn misplaced() -> Trouble {
    Trouble::Broken { why: "its address for orders is not found; check base_url in store.toml".to_owned() }
}
