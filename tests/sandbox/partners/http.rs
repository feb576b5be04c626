//! The way every request to a partner takes: it is read whole, its operation is found, it passes the faults' gate and
//! is answered. What the partner refuses is kept as a finding, unless a client that does everything right can meet it.

use super::Desk;
use super::fields::Wrong;
use crate::faults::Refusal as Armed;
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;

/// A partner's API.
pub(crate) trait Api: Clone + Send + Sync + 'static {
    /// As faults and findings name it.
    const NAME: &'static str;
    /// What a request asks for.
    type Action: Send + 'static;

    fn desk(&self) -> &Arc<Desk>;
    /// What a request asks for; refused where there is no such path or method.
    fn find(&self, method: &Method, path: &str) -> Result<Self::Action, Refusal>;
    /// Its name for faults and findings.
    fn operation(action: &Self::Action) -> &'static str;
    fn answer(&self, action: Self::Action, call: &Call) -> Result<Answer, No>;
    /// How it says that a request is wrong.
    fn invalid(why: String) -> Refusal;
    /// How an armed fault is worded.
    fn armed(kind: Armed) -> Refusal;
}

/// One request, read whole.
pub(crate) struct Call {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// A header's text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The JSON body, which must call itself JSON.
    pub fn json(&self) -> Result<Value, Wrong> {
        let kind = self.header("content-type");
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            return Err(Wrong(format!("Content-Type must be application/json, not {kind:?}")));
        }
        serde_json::from_slice(&self.body).map_err(|error| Wrong(format!("the body is no JSON: {error}")))
    }

    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Result<Option<String>, Wrong> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&self.uri)
            .map_err(|_| Wrong("the query cannot be read".to_owned()))?;
        Ok(pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value))
    }

    /// A whole number of the query, from 1 to `most`.
    pub fn number(&self, name: &str, default: usize, most: usize) -> Result<usize, Wrong> {
        let Some(text) = self.parameter(name)? else { return Ok(default) };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| Wrong(format!("{name} must be a number from 1 to {most}, not {text:?}")))
    }
}

/// Why a partner does not do what it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub body: Value,
    /// The reason in a sentence, for the list of findings.
    pub why: String,
    /// A client that does everything right can meet it, so it is no finding.
    pub business: bool,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

/// Why a partner does not do what it was asked, before it is put in the partner's words.
#[derive(Clone, Debug)]
pub(crate) enum No {
    /// The request is wrong.
    Wrong(Wrong),
    Refused(Refusal),
}

impl From<Wrong> for No {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
        }
        response
    }
}

/// What a partner answers when it does as it was asked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    /// None: an empty body.
    pub body: Option<Value>,
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        match self.body {
            Some(body) => (status, Json(body)).into_response(),
            None => status.into_response(),
        }
    }
}

const LONGEST_BODY: usize = 8 << 20;

/// The API of one partner, to be nested below its name.
pub(crate) fn router<A: Api>(api: A) -> axum::Router {
    axum::Router::new().fallback(handle::<A>).with_state(api)
}

async fn handle<A: Api>(
    State(api): State<A>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let summary = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    let call = Call { method: parts.method, uri: parts.uri, headers: parts.headers, body };
    let ctx = api.desk().ctx.clone();
    let action = match api.find(&call.method, call.uri.path()) {
        Ok(action) => action,
        Err(refusal) => {
            let operation = format!("{} {}", call.method, call.uri.path());
            ctx.unexpected.record(A::NAME, &operation, refusal.why.clone(), &summary);
            return refusal.into_response();
        }
    };
    let operation = A::operation(&action);
    let armed = |kind| A::armed(kind).into_response();
    ctx.faults
        .run(&ctx, A::NAME, &[operation], peer, armed, move || async move {
            let answer = api.answer(action, &call).map_err(|no| match no {
                No::Wrong(Wrong(why)) => A::invalid(why),
                No::Refused(refusal) => refusal,
            });
            api.desk().speak();
            match answer {
                Ok(answer) => answer.into_response(),
                Err(refusal) => {
                    if !refusal.business {
                        api.desk().ctx.unexpected.record(A::NAME, operation, refusal.why.clone(), &summary);
                    }
                    refusal.into_response()
                }
            }
        })
        .await
}

/// Compares without telling by its time where two texts differ.
pub(crate) fn same(given: &str, wanted: &str) -> bool {
    let differs = given.bytes().zip(wanted.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
    given.len() == wanted.len() && differs == 0
}
