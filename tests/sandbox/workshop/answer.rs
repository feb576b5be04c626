//! How the workshop says no: `{"reason": "<sentence>"}`.

use crate::faults::Refusal as Armed;
use crate::partners::http::Refusal;
use serde_json::json;

fn error(status: u16, why: String) -> Refusal {
    Refusal { status, body: json!({"reason": why}), why, business: false, retry_after: None }
}

/// 400: the request is not as the page says.
pub(super) fn invalid(why: impl Into<String>) -> Refusal {
    error(400, why.into())
}

/// 422: the order cannot be made.
pub(super) fn cannot_make(why: impl Into<String>) -> Refusal {
    error(422, why.into())
}

/// 409: the order is not in a state for it.
pub(super) fn too_late(why: impl Into<String>) -> Refusal {
    Refusal { business: true, ..error(409, why.into()) }
}

pub(super) fn not_found(what: &str) -> Refusal {
    error(404, format!("{what} is not found"))
}

/// 405: this workshop does not offer it.
pub(super) fn not_offered() -> Refusal {
    Refusal { business: true, ..error(405, "this workshop does not offer it".to_owned()) }
}

pub(super) fn unauthorized(why: String) -> Refusal {
    error(401, why)
}

/// 429, with the seconds to wait.
pub(super) fn too_many(seconds: u64) -> Refusal {
    Refusal { business: true, retry_after: Some(seconds), ..error(429, "too many requests".to_owned()) }
}

/// How an armed fault is worded.
pub(super) fn armed(kind: Armed) -> Refusal {
    match kind {
        Armed::Refuse => Refusal { business: true, ..cannot_make("this order cannot be accepted; ask the workshop") },
        Armed::TooMany => too_many(60),
        Armed::ServerError => Refusal { business: true, ..error(500, "something broke".to_owned()) },
    }
}
