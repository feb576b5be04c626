//! One AfterShip account.

use domain::provider::Trouble;
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::MANIFEST;
use super::wire::Tracking;
use crate::calls::{Setup, plain, send};
use crate::ports::{Follow, Following, Look};
use crate::text::value;
use crate::{FeedError, Seen, carrier};

/// One AfterShip account.
#[derive(Debug, Clone)]
pub struct AfterShip {
    base: String,
    token: SecretString,
    http: reqwest::Client,
}

/// It follows the number already.
const EXISTS: i64 = 4003;

impl AfterShip {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, FeedError> {
        Ok(Self { base: setup.base(&MANIFEST), token: setup.token(&MANIFEST)?, http: setup.http.clone() })
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header("as-api-key", self.token.expose_secret()).header("content-type", "application/json")
    }

    /// The tracking of a number, plain; where several carriers use it, the one that changed last.
    async fn find(&self, number: &str, slug: Option<&str>) -> Result<Option<Tracking>, Trouble> {
        let mut path = format!("/trackings?tracking_numbers={number}");
        if let Some(slug) = slug {
            path.push_str(&format!("&slug={}", value(slug)));
        }
        let answer = send(self.ask(Method::GET, &path)).await.map_err(Trouble::nothing_sent)?;
        if !answer.status.is_success() {
            return Err(answer.refused(reason));
        }
        let found: Found<List> = answer.read().map_err(Trouble::nothing_sent)?;
        Ok(found.data.trackings.into_iter().max_by_key(Tracking::changed))
    }
}

/// Its slug of the carrier that somebody names; without one it finds the carrier by itself.
fn slug_of(number: &str, word: Option<&str>) -> Option<&'static str> {
    word.and_then(|word| carrier::known(number, Some(word), &[])).and_then(|carrier| carrier.aftership)
}

impl Follow for AfterShip {
    async fn follow(&self, parcel: &Following<'_>) -> Result<String, Trouble> {
        let number = plain(parcel.number)?;
        let slug = slug_of(&number, parcel.carrier);
        let mut body = json!({ "tracking_number": number, "order_number": parcel.order });
        if let Some(slug) = slug {
            body["slug"] = json!(slug);
        }
        let answer = send(self.ask(Method::POST, "/trackings").body(body.to_string())).await?;
        if answer.status.is_success() {
            return Ok(answer.read::<Found<Id>>()?.data.id);
        }
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status != StatusCode::BAD_REQUEST || refusal.meta.code != EXISTS {
            return Err(answer.refused(reason));
        }
        // The answer names the first one, but not in every version.
        if let Some(id) = refusal.data["id"].as_str() {
            return Ok(id.to_owned());
        }
        let found = self.find(&number, slug).await?;
        Ok(found.and_then(Tracking::id).unwrap_or(number))
    }
}

impl Look for AfterShip {
    async fn look(&self, number: &str, word: Option<&str>) -> Result<Option<Seen>, Trouble> {
        let number = plain(number)?;
        let found = self.find(&number, slug_of(&number, word)).await?;
        Ok(found.filter(Tracking::says_something).and_then(|tracking| tracking.seen(None)))
    }
}

/// Every answer stands in an envelope.
#[derive(Deserialize)]
struct Found<T> {
    data: T,
}

#[derive(Deserialize)]
struct List {
    trackings: Vec<Tracking>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize, Default)]
struct Refusal {
    meta: Meta,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize, Default)]
struct Meta {
    code: i64,
}

/// The reason of a refusal: `{meta: {code, message, type}}`.
fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let words = body["meta"]["message"].as_str()?.trim_end_matches('.').to_owned();
    Some(body["meta"]["code"].as_i64().map_or_else(|| words.clone(), |code| format!("{words} ({code})")))
}
