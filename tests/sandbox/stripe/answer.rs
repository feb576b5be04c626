//! Stripe's error envelope: `{"error": {"type", "code", "message", "param"}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::faults::Refusal as Armed;

/// Why Stripe does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: u16,
    pub kind: &'static str,
    pub code: Option<&'static str>,
    pub message: String,
    pub param: Option<String>,
    /// A client that does everything right can meet it, so it is no finding.
    pub business: bool,
    /// The charge that failed, and the issuer's word for it.
    pub charge: Option<(String, &'static str)>,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind, code: None, message, param: None, business: false, charge: None }
    }

    /// 400: the request is wrong.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// 400 about one parameter.
    pub fn param(code: &'static str, param: &str, message: &str) -> Self {
        let message = format!("{message}: {param}");
        Self { code: Some(code), param: Some(param.to_owned()), ..Self::bad(message) }
    }

    /// 400: the request is right, the object is not in a state for it.
    pub fn state(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Some(code), business: true, ..Self::bad(message) }
    }

    /// 404 of an object; asking for one that is not there is how a careful client finds out.
    pub fn missing(what: &str, id: &str, param: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        let code = Some("resource_missing");
        Self { code, param: Some(param.to_owned()), business: true, ..Self::new(404, "invalid_request_error", message) }
    }

    pub fn unknown_url(method: &str, path: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("Unrecognized request URL ({method}: {path})."))
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "invalid_request_error", message)
    }

    /// 402: the card was declined.
    pub fn declined(charge: &str, decline: &'static str) -> Self {
        Self {
            code: Some("card_declined"),
            business: true,
            charge: Some((charge.to_owned(), decline)),
            ..Self::new(402, "card_error", "Your card was declined.")
        }
    }

    /// 400: an idempotency key came back with other parameters.
    pub fn other_parameters(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try \
             using a key other than '{key}' if you meant to execute a different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    pub fn too_many() -> Self {
        let message = "Request rate limit exceeded. Slow down and try again.";
        Self { code: Some("rate_limit"), business: true, ..Self::new(429, "invalid_request_error", message) }
    }

    /// How an armed fault is worded.
    pub fn armed(kind: Armed) -> Self {
        match kind {
            Armed::Refuse => Self { business: true, ..Self::bad("This request cannot be accepted for this account.") },
            Armed::ServerError => Self::new(500, "api_error", "An unknown error occurred"),
            Armed::TooMany => Self::too_many(),
        }
    }

    pub fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("message".to_owned(), json!(self.message));
        error.extend(self.code.map(|code| ("code".to_owned(), json!(code))));
        error.extend(self.param.as_ref().map(|param| ("param".to_owned(), json!(param))));
        if let Some((charge, decline)) = &self.charge {
            error.insert("charge".to_owned(), json!(charge));
            error.insert("decline_code".to_owned(), json!(decline));
        }
        json!({"error": error})
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(self.body())).into_response();
        if self.status == 429 {
            response.headers_mut().insert("stripe-rate-limited-reason", HeaderValue::from_static("global-rate"));
        }
        response
    }
}
