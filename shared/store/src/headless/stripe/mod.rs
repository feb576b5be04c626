//! Stripe's API: form-encoded requests, JSON answers, a pinned version, an idempotency key on everything that does something.
//!
//! Stripe keeps the result of a key for at least a day and answers the same again; another request under the same key is refused.

mod form;
pub(super) mod minor;
pub(super) mod wire;

use domain::provider::Trouble;
use lambda::http;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

pub(super) use form::Form;

/// The secret or restricted key, as it is named in SSM.
pub const SECRET_KEY: &str = "call/stripe/secret-key";

/// The API version whose shapes we read. The webhook endpoint is made with the same.
pub const VERSION: &str = "2026-10-28.endive";

/// The most entries Stripe puts on one page.
pub(super) const PAGE: &str = "100";

/// One Stripe account.
#[derive(Debug, Clone)]
pub(super) struct Stripe {
    base: String,
    key: SecretString,
    http: reqwest::Client,
}

impl Stripe {
    pub(super) fn new(base_url: &str, key: SecretString, http: reqwest::Client) -> Self {
        Self { base: base_url.trim_end_matches('/').to_owned(), key, http }
    }

    /// The key is one of Stripe's test mode, where money is play money.
    pub(super) fn is_test(&self) -> bool {
        let key = self.key.expose_secret();
        key.starts_with("sk_test_") || key.starts_with("rk_test_")
    }

    /// Asks for something. `None`: Stripe has no such thing. Nothing was sent that could be in doubt.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Form) -> Result<Option<T>, Trouble> {
        let url = match query.encoded() {
            query if query.is_empty() => format!("{}{path}", self.base),
            query => format!("{}{path}?{query}", self.base),
        };
        self.answer(self.http.request(Method::GET, url)).await.map_err(Trouble::nothing_sent)
    }

    /// Does something, at most once per `key`.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, form: &Form, key: &str) -> Result<T, Trouble> {
        let request = self
            .http
            .request(Method::POST, format!("{}{path}", self.base))
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.encoded());
        match self.answer(request).await? {
            Some(answer) => Ok(answer),
            None => Err(Trouble::Refused { why: "it does not have what this is about".to_owned() }),
        }
    }

    async fn answer<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<Option<T>, Trouble> {
        let request = request.bearer_auth(self.key.expose_secret()).header("Stripe-Version", VERSION);
        let response = request.send().await.map_err(|error| http::no_answer(&error))?;
        if let Some(trouble) = http::common_trouble(&response) {
            return Err(trouble);
        }
        let status = response.status();
        let body = response.bytes().await.map_err(|error| http::no_answer(&error))?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(refusal(status, &body));
        }
        let json = &mut serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(json);
        read.map(Some)
            .map_err(|error| Trouble::NoAnswer { why: format!("its answer is not readable at {}", error.path()) })
    }
}

/// What Stripe says when it says no. Its code stands before its words, so that a caller can tell a no that is a yes.
fn refusal(status: StatusCode, body: &[u8]) -> Trouble {
    let error = serde_json::from_slice::<wire::ErrorAnswer>(body).ok().and_then(|answer| answer.error);
    let error = error.unwrap_or_default();
    let words = error.message.unwrap_or_else(|| format!("it answers {}", status.as_u16()));
    let why = match error.code.or(error.kind) {
        Some(code) => format!("{code}: {words}"),
        None => words,
    };
    match status {
        // Another request with the same key is under way; this one did nothing, and its twin's result will be ours.
        StatusCode::CONFLICT => Trouble::Unavailable { why },
        _ => Trouble::Refused { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_keeps_its_code_and_a_twin_under_way_is_waited_for() {
        let body = br#"{"error":{"type":"invalid_request_error","code":"charge_already_refunded","message":"Done."}}"#;
        let Trouble::Refused { why } = refusal(StatusCode::BAD_REQUEST, body) else { panic!() };
        assert_eq!(why, "charge_already_refunded: Done.");
        let twin = br#"{"error":{"type":"idempotency_error","message":"Under way."}}"#;
        assert!(matches!(refusal(StatusCode::CONFLICT, twin), Trouble::Unavailable { .. }));
        let Trouble::Refused { why } = refusal(StatusCode::BAD_REQUEST, b"<html>") else { panic!() };
        assert_eq!(why, "it answers 400");
    }

    #[test]
    fn only_a_test_key_is_one() {
        let stripe = |key: &str| Stripe::new("http://example.com/", SecretString::from(key), reqwest::Client::new());
        assert!(stripe("sk_test_1").is_test() && stripe("rk_test_1").is_test());
        assert!(!stripe("sk_live_test_1").is_test());
        assert_eq!(stripe("").base, "http://example.com");
    }
}
