//! How Gelato says no. Only the statuses are documented; the body `{"code","message","details"}` is made up.

use crate::faults::Refusal as Armed;
use crate::partners::http::Refusal;
use serde_json::json;

fn error(status: u16, code: &str, why: String) -> Refusal {
    let body = json!({"code": code, "message": why, "details": []});
    Refusal { status, body, why, business: false, retry_after: None }
}

/// 400: the request is wrong.
pub(super) fn invalid(why: impl Into<String>) -> Refusal {
    error(400, "invalid_request", why.into())
}

/// 409: the request is right, the order is not in a state for it.
pub(super) fn conflict(why: impl Into<String>) -> Refusal {
    Refusal { business: true, ..error(409, "conflict", why.into()) }
}

/// 404. `what` is for the list of findings too.
pub(super) fn not_found(what: &str) -> Refusal {
    error(404, "not_found", format!("{what} is not found"))
}

pub(super) fn unauthorized(why: &str) -> Refusal {
    error(401, "unauthorized", why.to_owned())
}

pub(super) fn too_many() -> Refusal {
    Refusal { business: true, ..error(429, "too_many_requests", "too many requests a second".to_owned()) }
}

/// How an armed fault is worded.
pub(super) fn armed(kind: Armed) -> Refusal {
    match kind {
        Armed::Refuse => Refusal { business: true, ..invalid("this order cannot be accepted") },
        Armed::TooMany => too_many(),
        Armed::ServerError => Refusal { business: true, ..error(500, "internal_error", "internal error".to_owned()) },
    }
}
