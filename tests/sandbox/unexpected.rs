//! Requests that no provider would accept: the list behind `GET /_sandbox/unexpected`, empty after a clean run.

use crate::{clock, lock};
use serde::Serialize;
use std::sync::Mutex;

/// One request that the real provider would have refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unexpected {
    /// When it came, RFC 3339.
    pub time: String,
    /// `shopify`, `printful`, `ses`, …
    pub provider: String,
    /// What was asked, in the words of `GET /_sandbox/operations`; for an unknown path, method and path.
    pub operation: String,
    /// A sentence naming the field or rule.
    pub reason: String,
    /// Enough of the request to find it in our code; never a secret.
    pub request: String,
}

/// The list itself.
#[derive(Debug, Default)]
pub struct UnexpectedRequests(Mutex<Vec<Unexpected>>);

/// Longest request summary kept, in characters.
const SUMMARY: usize = 2_000;

impl UnexpectedRequests {
    /// Adds one; `request` is cut to a readable length.
    pub fn record(&self, provider: &str, operation: &str, reason: impl Into<String>, request: &str) {
        let reason = reason.into();
        eprintln!("sandbox: unexpected {provider} {operation}: {reason}");
        lock(&self.0).push(Unexpected {
            time: clock::now_rfc3339(),
            provider: provider.to_owned(),
            operation: operation.to_owned(),
            reason,
            request: request.chars().take(SUMMARY).collect(),
        });
    }

    /// All of them, oldest first.
    pub fn list(&self) -> Vec<Unexpected> {
        lock(&self.0).clone()
    }

    /// Forgets them.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}
