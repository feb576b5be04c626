//! How Printify says no: `{"status":"error","code","message","errors":{"reason","code"}}`, but `{"error",
//! "request_id"}` for what is not found.

use crate::faults::Refusal as Armed;
use crate::partners::http::Refusal;
use serde_json::{Value, json};

/// The request is not valid.
const INVALID: u32 = 8_203;
/// The external id is taken.
const TAKEN: u32 = 8_503;
/// The order is not in a state for it. Made up: no such code is published.
const NOT_NOW: u32 = 8_502;

fn error(status: u16, code: u32, message: &str, why: String) -> Refusal {
    let body = json!({"status": "error", "code": code, "message": message, "errors": {"reason": why, "code": code}});
    Refusal { status, body, why, business: false, retry_after: None }
}

/// 400: the request is wrong.
pub(super) fn invalid(why: impl Into<String>) -> Refusal {
    error(400, INVALID, "Validation failed.", why.into())
}

/// 400: the request is right, and what it asks for cannot be had now.
pub(super) fn not_now(why: impl Into<String>) -> Refusal {
    Refusal { business: true, ..error(400, NOT_NOW, "Operation failed.", why.into()) }
}

/// 409: an order with this external id is there; its id stands in the answer.
pub(super) fn taken(id: &str, external_id: &str) -> Refusal {
    let mut refusal =
        error(409, TAKEN, "Operation failed.", "Order already exists for the given external_id.".to_owned());
    refusal.body["order"] = json!({"id": id, "external_id": external_id});
    Refusal { business: true, ..refusal }
}

/// 404. `what` is for the list of findings only.
pub(super) fn not_found(what: &str) -> Refusal {
    let request = format!("{}@00000000-0000-4000-8000-000000000000", crate::clock::epoch_seconds());
    let body = json!({"error": "Not found", "request_id": request});
    Refusal { status: 404, body, why: format!("{what} is not found"), business: false, retry_after: None }
}

pub(super) fn unauthorized(why: &str) -> Refusal {
    let body = json!({"message": "Unauthenticated."});
    Refusal { status: 401, body, why: why.to_owned(), business: false, retry_after: None }
}

/// 429, without a `Retry-After`: none is documented.
pub(super) fn too_many() -> Refusal {
    let body = json!({"message": "Too Many Attempts."});
    Refusal { status: 429, body, why: "too many requests a minute".to_owned(), business: true, retry_after: None }
}

/// How an armed fault is worded.
pub(super) fn armed(kind: Armed) -> Refusal {
    match kind {
        Armed::Refuse => not_now("This order cannot be accepted."),
        Armed::TooMany => too_many(),
        Armed::ServerError => {
            let body: Value = json!({"message": "Server Error"});
            Refusal { status: 500, body, why: "server error".to_owned(), business: true, retry_after: None }
        }
    }
}
