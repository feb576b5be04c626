//! The one place of the sandbox that reads real time.

use jiff::Timestamp;
use std::time::Duration;

/// Now, as providers stamp it into their answers.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for servers that live in real time; all of it asks here"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Now in the form Shopify and Printful print: RFC 3339 in UTC, whole seconds, `2026-11-21T10:00:00Z`.
pub fn now_rfc3339() -> String {
    rfc3339(now())
}

/// A moment in RFC 3339, UTC, whole seconds.
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Seconds since 1970.
pub fn epoch_seconds() -> i64 {
    now().as_second()
}

/// Milliseconds since 1970; what fault windows and rate limits count in.
pub fn epoch_millis() -> i64 {
    now().as_millisecond()
}

/// Waits without blocking a thread.
pub async fn sleep_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
