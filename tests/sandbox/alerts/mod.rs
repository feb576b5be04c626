//! The owner's receivers of alerts: Slack's incoming webhook, Discord's, PagerDuty's Events API v2, and a receiver of the owner's
//! own that checks the signature.
//!
//! Written from the receivers' own pages: Slack answers `ok` and words its refusals in one word of plain text; Discord answers
//! 204 with nothing, and refuses a `content` that is empty or over 2,000 characters with code 50035; PagerDuty answers 202 and
//! wants `routing_key`, `event_action` and a payload with summary, source and severity. Each is served below its name
//! (`/alerts/slack/<anything>`); `/alerts/<anything else>` is the owner's own. All check the signature where there is one, since
//! every request of ours has one. `GET /_sandbox/alerts` shows what was taken.

use crate::Ctx;
use crate::deliver::hmac_sha256;
use crate::faults::Refusal as Armed;
use crate::{clock, lock};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// The provider's name for faults and findings.
pub const NAME: &str = "alerts";
/// Operations that faults can be armed for.
pub const OPERATIONS: &[&str] = &["post"];

const LONGEST_BODY: usize = 1 << 20;
/// How far a timestamp may be from our clock, in seconds.
const TOLERANCE: u64 = 300;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// What requests are signed with.
    pub key: String,
    /// PagerDuty's integration key.
    pub routing_key: String,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self { key: "sandbox-alerts-key".to_owned(), routing_key: "0123456789abcdef0123456789abcdef".to_owned() }
    }
}

/// An alert that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// What stands behind `/alerts/`.
    pub path: String,
    /// `Baton-Alert`.
    pub alert: String,
    pub body: Value,
}

/// All receivers. Cloning is cheap.
#[derive(Clone)]
pub struct Alerts {
    ctx: Ctx,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Alerts {
    pub(crate) fn new(ctx: Ctx) -> Self {
        Self { ctx, taken: Arc::default() }
    }

    /// What was taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.taken).clone()
    }

    pub(crate) fn reset(&self) {
        lock(&self.taken).clear();
    }

    /// The receivers, to be nested below `/alerts`.
    pub(crate) fn router(&self) -> axum::Router {
        axum::Router::new().fallback(receive).with_state(self.clone())
    }

    /// `GET /_sandbox/alerts`.
    pub(crate) fn control(&self) -> axum::Router {
        let shown = async |State(alerts): State<Self>| Json(alerts.taken()).into_response();
        axum::Router::new().route("/_sandbox/alerts", get(shown)).with_state(self.clone())
    }
}

async fn receive(
    State(alerts): State<Alerts>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let ctx = alerts.ctx.clone();
    let armed = |kind| match kind {
        Armed::Refuse => (StatusCode::NOT_FOUND, "no_service").into_response(),
        Armed::ServerError => (StatusCode::BAD_GATEWAY, "bad gateway").into_response(),
        Armed::TooMany => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3")], "rate_limited").into_response(),
    };
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    ctx.faults
        .run(&ctx, NAME, OPERATIONS, peer, armed, move || async move { alerts.take(path, &parts.headers, &body) })
        .await
}

impl Alerts {
    fn take(&self, path: String, headers: &HeaderMap, body: &Bytes) -> Response {
        let config = &self.ctx.config.alerts;
        let receiver = path.split('/').next().unwrap_or_default().to_owned();
        let checked = signed(&config.key, headers, body).and_then(|()| {
            let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
            fits(&receiver, &body, &config.routing_key).map(|()| body)
        });
        let body = match checked {
            Ok(body) => body,
            Err(why) => {
                let summary = format!("POST /alerts/{receiver} {}", String::from_utf8_lossy(body));
                self.ctx.unexpected.record(NAME, "post", why.clone(), &summary);
                return refusal(&receiver, &why);
            }
        };
        let answer = answer(&receiver, &body);
        let alert = header(headers, "baton-alert").to_owned();
        lock(&self.taken).push(Taken { path, alert, body });
        answer
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// As the owner's own receiver checks it, over the raw body.
fn signed(key: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let timestamp = header(headers, "baton-timestamp");
    let seconds: i64 = timestamp.parse().map_err(|_| format!("Baton-Timestamp is {timestamp:?}"))?;
    // Tests live in a time of their own; a receiver compares with its own clock.
    let age = clock::epoch_seconds().abs_diff(seconds);
    if age > TOLERANCE {
        return Err(format!("Baton-Timestamp is {age} seconds away"));
    }
    let text = [timestamp.as_bytes(), b".", body].concat();
    let expected = format!("v1={}", hex::encode(hmac_sha256(key.as_bytes(), &text)));
    if header(headers, "baton-signature") == expected { Ok(()) } else { Err("Baton-Signature does not fit".to_owned()) }
}

/// Whether the receiver takes such a body. Errors: what it would say.
fn fits(receiver: &str, body: &Value, routing_key: &str) -> Result<(), String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match receiver {
        "slack" if text(&body["text"]).is_empty() => Err("no_text".to_owned()),
        "discord" if !(1..=2_000).contains(&text(&body["content"]).chars().count()) => {
            Err("content must be 1 to 2000 characters".to_owned())
        }
        "pagerduty" => {
            let payload = &body["payload"];
            let severity = text(&payload["severity"]);
            if body["routing_key"] != routing_key {
                Err("routing_key is invalid".to_owned())
            } else if !["trigger", "acknowledge", "resolve"].contains(&text(&body["event_action"]).as_str()) {
                Err("event_action is invalid".to_owned())
            } else if body["event_action"] != "trigger" {
                // What happened to an incident is about that incident, and needs no payload. One that nobody opened is nothing.
                if text(&body["dedup_key"]).is_empty() { Err("dedup_key is missing".to_owned()) } else { Ok(()) }
            } else if !(1..=1_024).contains(&text(&payload["summary"]).chars().count()) {
                Err("payload.summary must be 1 to 1024 characters".to_owned())
            } else if text(&payload["source"]).is_empty() {
                Err("payload.source is missing".to_owned())
            } else if !["critical", "error", "warning", "info"].contains(&severity.as_str()) {
                Err("payload.severity is invalid".to_owned())
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    }
}

fn refusal(receiver: &str, why: &str) -> Response {
    let status = StatusCode::BAD_REQUEST;
    match receiver {
        "slack" => (status, why.to_owned()).into_response(),
        "discord" => (status, Json(json!({ "code": 50035, "message": why }))).into_response(),
        "pagerduty" => {
            let body = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": [why] });
            (status, Json(body)).into_response()
        }
        _ => (status, why.to_owned()).into_response(),
    }
}

fn answer(receiver: &str, body: &Value) -> Response {
    match receiver {
        "slack" => "ok".into_response(),
        "discord" => StatusCode::NO_CONTENT.into_response(),
        "pagerduty" => {
            let said = json!({ "status": "success", "message": "Event processed", "dedup_key": body["dedup_key"] });
            (StatusCode::ACCEPTED, Json(said)).into_response()
        }
        _ => StatusCode::OK.into_response(),
    }
}
