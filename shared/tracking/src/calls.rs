//! One call to a feed: sent, sorted, read.

use domain::provider::Trouble;
use lambda::Secrets;
use lambda::config::FeedSection;
use lambda::http::{common_trouble, no_answer};
use lambda::secrets::SecretsError;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::Manifest;
use crate::manifest::secret_name;
use crate::text::words;

/// What a client is made of.
pub(crate) struct Setup<'s> {
    pub section: &'s FeedSection,
    pub secrets: &'s Secrets,
    pub http: &'s reqwest::Client,
}

impl Setup<'_> {
    /// The address without a slash at its end.
    pub fn base(&self, manifest: &Manifest) -> String {
        let given = self.section.base_url.as_deref().unwrap_or(manifest.base_url);
        given.trim_end_matches('/').to_owned()
    }

    /// The key that opens the feed to us.
    pub fn token(&self, manifest: &Manifest) -> Result<SecretString, SecretsError> {
        self.secrets.get(&secret_name("call", manifest.name, "token"))
    }
}

/// A number as feeds take it: some refuse the blanks and dashes that carriers print between the digits.
pub(crate) fn plain(number: &str) -> Result<String, Trouble> {
    let parcel = crate::seen::parcel(number).map(|parcel| parcel.0);
    parcel.ok_or_else(|| Trouble::Refused { why: "this is no tracking number".to_owned() })
}

/// What a feed said, once it is neither silence nor "later" nor "who are you".
pub(crate) struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// Sends a request and sorts what means the same at every feed.
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

    /// A clear no, with the words that `reason` finds in it.
    pub fn refused(&self, reason: fn(&[u8]) -> Option<String>) -> Trouble {
        if self.status == StatusCode::NOT_FOUND {
            return Trouble::Broken { why: "its address is not found; check base_url in store.toml".to_owned() };
        }
        let why = reason(&self.body).map(|why| words(&why)).filter(|why| !why.is_empty());
        Trouble::Refused { why: why.unwrap_or_else(|| format!("it answers {}", self.status.as_u16())) }
    }
}
