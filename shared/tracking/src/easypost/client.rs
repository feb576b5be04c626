//! One EasyPost account.

use domain::provider::Trouble;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::MANIFEST;
use super::wire::Tracker;
use crate::calls::{Setup, plain, send};
use crate::ports::{Follow, Following, Look};
use crate::text::value;
use crate::{FeedError, Seen, carrier};

/// One EasyPost account.
#[derive(Debug, Clone)]
pub struct EasyPost {
    base: String,
    token: SecretString,
    http: reqwest::Client,
}

impl EasyPost {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, FeedError> {
        Ok(Self { base: setup.base(&MANIFEST), token: setup.token(&MANIFEST)?, http: setup.http.clone() })
    }

    /// The key is the user, and the password is empty.
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).basic_auth(self.token.expose_secret(), Some(""))
    }
}

/// Its word for the carrier that somebody names; without one it finds the carrier by itself.
fn name_of(number: &str, word: Option<&str>) -> Option<&'static str> {
    word.and_then(|word| carrier::known(number, Some(word), &[])).and_then(|carrier| carrier.easypost)
}

impl Follow for EasyPost {
    /// It has no place for an order's name.
    async fn follow(&self, parcel: &Following<'_>) -> Result<String, Trouble> {
        let number = plain(parcel.number)?;
        let mut tracker = json!({ "tracking_code": number });
        if let Some(name) = name_of(&number, parcel.carrier) {
            tracker["carrier"] = json!(name);
        }
        let answer = send(self.ask(Method::POST, "/trackers").json(&json!({ "tracker": tracker }))).await?;
        if !answer.status.is_success() {
            return Err(answer.refused(reason));
        }
        Ok(answer.read::<Tracker>()?.id)
    }
}

impl Look for EasyPost {
    /// In the list, which without further words begins a month ago: what has not been followed for so long is not found.
    async fn look(&self, number: &str, word: Option<&str>) -> Result<Option<Seen>, Trouble> {
        let number = plain(number)?;
        let mut path = format!("/trackers?tracking_code={number}");
        if let Some(name) = name_of(&number, word) {
            path.push_str(&format!("&carrier={}", value(name)));
        }
        let answer = send(self.ask(Method::GET, &path)).await.map_err(Trouble::nothing_sent)?;
        if !answer.status.is_success() {
            return Err(answer.refused(reason));
        }
        let found: List = answer.read().map_err(Trouble::nothing_sent)?;
        // A number that is used again has several; the newest is ours.
        let newest = found.trackers.into_iter().max_by_key(Tracker::created);
        Ok(newest.filter(Tracker::says_something).and_then(Tracker::seen))
    }
}

#[derive(Deserialize)]
struct List {
    trackers: Vec<Tracker>,
}

/// The reason of a refusal: `{error: {code, message, errors}}`.
fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let words = error["message"].as_str().or_else(|| error.as_str())?;
    Some(error["code"].as_str().map_or_else(|| words.to_owned(), |code| format!("{words} ({code})")))
}
