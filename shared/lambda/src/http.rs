//! One HTTP client per function, whose requests end before the function does.

use std::time::Duration;

use domain::provider::Trouble;
use jiff::SignedDuration;
use reqwest::{Response, StatusCode};

/// A client whose requests take at most `timeout` seconds in all. It follows no redirects: a provider's address comes from the
/// configuration, never from an answer.
pub fn client(timeout: u64) -> Result<reqwest::Client, reqwest::Error> {
    let timeout = Duration::from_secs(timeout);
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(2)))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("Baton/0.1")
        .build()
}

/// Sorts a request that got no answer. Nothing was done only if no connection came about.
#[must_use]
pub fn no_answer(error: &reqwest::Error) -> Trouble {
    if error.is_connect() || error.is_builder() {
        Trouble::Unavailable { why: "no connection".to_owned() }
    } else if error.is_timeout() {
        Trouble::NoAnswer { why: "no answer in time".to_owned() }
    } else {
        Trouble::NoAnswer { why: "the connection broke before an answer came".to_owned() }
    }
}

/// Sorts the statuses that mean the same at every provider; `None` is for the provider's own file to read.
#[must_use]
pub fn common_trouble(response: &Response) -> Option<Trouble> {
    let status = response.status();
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            Some(Trouble::RateLimited { retry_after: retry_after(response), a_second: None })
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Some(Trouble::Broken { why: format!("it answers {} to our key", status.as_u16()) })
        }
        _ if status.is_server_error() => Some(Trouble::NoAnswer { why: format!("it answers {}", status.as_u16()) }),
        _ => None,
    }
}

/// `Retry-After` in seconds, whole or with a fraction (rounded up).
fn retry_after(response: &Response) -> Option<SignedDuration> {
    let text = response.headers().get("retry-after")?.to_str().ok()?.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    Some(SignedDuration::from_secs(seconds + i64::from(fraction.bytes().any(|b| b != b'0'))))
}
