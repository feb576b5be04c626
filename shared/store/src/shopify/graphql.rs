//! One GraphQL request: Shopify answers 200 for most errors, so the body decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::provider::Trouble;
use jiff::SignedDuration;
use lambda::http;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(super) struct Graphql {
    url: String,
    token: SecretString,
    http: reqwest::Client,
    /// What the last answered request cost after all, in points; 0: none yet. A request that is turned away says only what it may
    /// cost at most, and that is far more.
    last_cost: Arc<AtomicI64>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    errors: Option<Value>,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    cost: Option<Cost>,
}

/// Points of Shopify's bucket. Integers on the wire, sometimes written with a fraction: only the whole part matters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    requested_query_cost: Option<Value>,
    actual_query_cost: Option<Value>,
    throttle_status: Option<ThrottleStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleStatus {
    currently_available: Option<Value>,
    restore_rate: Option<Value>,
}

impl Graphql {
    pub(super) fn new(url: String, token: SecretString, http: reqwest::Client) -> Self {
        Self { url, token, http, last_cost: Arc::default() }
    }

    /// Sends a document and reads `data`. Any entry in `errors` is trouble, even beside data: a field that is missing because
    /// a permission is missing must not be read as "there is none".
    pub(super) async fn ask<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, Trouble> {
        let request = self
            .http
            .post(&self.url)
            .header("X-Shopify-Access-Token", self.token.expose_secret())
            .json(&json!({ "query": query, "variables": variables }));
        let response = request.send().await.map_err(|error| http::no_answer(&error))?;
        if let Some(trouble) = http::common_trouble(&response) {
            return Err(trouble);
        }
        let status = response.status();
        let body = response.bytes().await.map_err(|error| http::no_answer(&error))?;
        if !status.is_success() {
            return Err(Trouble::Broken { why: format!("it answers {}", status.as_u16()) });
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(unreadable)?;
        let cost = answer.extensions.as_ref().and_then(|extensions| extensions.cost.as_ref());
        if let Some(actual) = cost.and_then(|cost| whole(cost.actual_query_cost.as_ref())) {
            self.last_cost.store(actual, Ordering::Relaxed);
        }
        let usual = self.last_cost.load(Ordering::Relaxed);
        if let Some(trouble) = answer.errors.as_ref().and_then(|errors| errors_trouble(errors, cost, usual)) {
            return Err(trouble);
        }
        let data = answer.data.unwrap_or(Value::Null);
        serde_path_to_error::deserialize(data)
            .map_err(|error| Trouble::Broken { why: format!("its answer is not readable at {}", error.path()) })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unreadable(error: serde_json::Error) -> Trouble {
    Trouble::NoAnswer { why: format!("its answer is not JSON ({error})") }
}

/// `usual`: what a request cost lately, 0 where nothing is known.
fn errors_trouble(errors: &Value, cost: Option<&Cost>, usual: i64) -> Option<Trouble> {
    let messages: Vec<&Value> = match errors {
        Value::Array(list) if list.is_empty() => return None,
        Value::Array(list) => list.iter().collect(),
        Value::Null => return None,
        // Shopify's REST heritage: `"errors": "[API] Invalid API key or access token"`.
        other => vec![other],
    };
    let code = |error: &Value| error["extensions"]["code"].as_str().map(str::to_owned);
    if messages.iter().any(|error| code(error).as_deref() == Some("THROTTLED")) {
        return Some(Trouble::RateLimited {
            retry_after: cost.and_then(restored_after),
            a_second: cost.and_then(|cost| a_second(cost, usual)),
        });
    }
    if messages.iter().any(|error| code(error).as_deref() == Some("INTERNAL_SERVER_ERROR")) {
        return Some(Trouble::NoAnswer { why: "it reports an internal error".to_owned() });
    }
    let words: Vec<String> = messages
        .iter()
        .map(|error| error["message"].as_str().or(error.as_str()).unwrap_or("an error without words").to_owned())
        .collect();
    Some(Trouble::Broken { why: words.join("; ") })
}

/// When the bucket holds enough for the query again: (requested − available) / restore rate.
fn restored_after(cost: &Cost) -> Option<SignedDuration> {
    let status = cost.throttle_status.as_ref()?;
    let missing =
        whole(cost.requested_query_cost.as_ref())?.saturating_sub(whole(status.currently_available.as_ref())?);
    let rate = whole(status.restore_rate.as_ref())?.max(1);
    Some(SignedDuration::from_secs((missing.max(0) + rate - 1) / rate))
}

/// How many requests like the last ones half of the bucket's restore rate pays for in a second. A request is turned away while the
/// bucket holds less than it may cost at most: at the whole rate an empty bucket would never hold that much again.
fn a_second(cost: &Cost, usual: i64) -> Option<u32> {
    let each = if usual > 0 { usual } else { whole(cost.requested_query_cost.as_ref())? };
    let rate = whole(cost.throttle_status.as_ref()?.restore_rate.as_ref())?;
    u32::try_from((rate / (2 * each.max(1))).max(1)).ok()
}

fn whole(value: Option<&Value>) -> Option<i64> {
    value?.to_string().split('.').next()?.parse().ok()
}
