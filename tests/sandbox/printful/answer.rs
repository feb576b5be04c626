//! Printful's envelope: `{"code": 200, "result": …}`, or `{"code", "result": "<sentence>", "error": {"reason",
//! "message"}}`. The HTTP status equals `code`.

use crate::faults::Refusal as Armed;
use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Why Printful does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP status and `code`.
    pub status: u16,
    /// `error.reason`: a word (`BadRequest`), or one of the documented codes (`OR-13`).
    pub reason: &'static str,
    pub message: String,
    /// A client that does everything right can meet it, so it is no finding.
    pub business: bool,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into(), business: false, retry_after: None }
    }

    /// 400: the request is wrong.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 400 with one of the documented codes; the request is wrong.
    pub fn coded(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// 400: the request is right, the order is not in a state for it.
    pub fn business(code: &'static str, message: impl Into<String>) -> Self {
        Self { business: true, ..Self::new(400, code, message) }
    }

    /// 430, the documentation's own status for a body that is no JSON.
    pub fn no_json(message: impl Into<String>) -> Self {
        Self::new(430, "InvalidJson", message)
    }

    /// 431, the documentation's own status for a parameter of the wrong type.
    pub fn wrong_type(message: impl Into<String>) -> Self {
        Self::new(431, "InvalidParameter", message)
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "BadRequest", message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "Forbidden", message)
    }

    pub fn not_found(business: bool) -> Self {
        Self { business, ..Self::new(404, "NotFound", "Not Found") }
    }

    pub fn no_such_method() -> Self {
        Self::new(405, "MethodNotAllowed", "Method Not Allowed")
    }

    /// 429: over the limit; `seconds` until requests are let through again.
    pub fn too_many(seconds: u64) -> Self {
        let message = format!("You have made too many API requests recently. Please try again in {seconds} seconds.");
        Self { business: true, retry_after: Some(seconds), ..Self::new(429, "TooManyRequests", message) }
    }

    /// How an armed fault is worded.
    pub fn armed(kind: Armed) -> Self {
        match kind {
            Armed::Refuse => Self::business("BadRequest", "This order cannot be accepted."),
            Armed::ServerError => Self::new(500, "InternalServerError", "Internal Server Error"),
            Armed::TooMany => Self::too_many(60),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "code": self.status,
            "result": self.message,
            "error": {"reason": self.reason, "message": self.message},
        });
        // 430 and 431 have no name in HTTP; any number from 100 to 999 is a status all the same.
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
        }
        response
    }
}

/// What Printful answers when it does as it was asked.
#[derive(Debug)]
pub(crate) enum Answer {
    One(Value),
    /// A page of a list, with `paging`.
    Page {
        result: Vec<Value>,
        total: usize,
        offset: usize,
        limit: usize,
    },
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(match self {
            Self::One(result) => json!({"code": 200, "result": result}),
            Self::Page { result, total, offset, limit } => json!({
                "code": 200, "result": result, "paging": {"total": total, "offset": offset, "limit": limit},
            }),
        })
        .into_response()
    }
}
