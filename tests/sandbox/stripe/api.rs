//! Stripe's HTTP side: finds the call, passes the faults' gate, then key, version, rate, parameters, idempotency and the action.

use std::net::SocketAddr;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::book::{Book, Remembered};
use super::form::{self, Node};
use super::routes::{self, Route};
use super::{Stripe, actions};
use crate::{clock, lock};

const LONGEST_BODY: usize = 1 << 20;
/// Stripe's limit on an idempotency key, in characters.
const LONGEST_KEY: usize = 255;

/// One request, read whole.
struct Call {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// Status, body, and whether it is the answer of an earlier request with the same key.
struct Answered(u16, Value, bool);

pub(super) async fn handle(
    State(stripe): State<Stripe>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return Refusal::bad("The body could not be read").into_response();
    };
    let call = Call { method: parts.method, uri: parts.uri, headers: parts.headers, body };
    let summary = format!("{} {} {}", call.method, call.uri, String::from_utf8_lossy(&call.body));
    let ctx = stripe.0.ctx.clone();
    let Some((route, id)) = routes::find(call.method.as_str(), call.uri.path()) else {
        let refusal = Refusal::unknown_url(call.method.as_str(), call.uri.path());
        let operation = format!("{} {}", call.method, call.uri.path());
        ctx.unexpected.record("stripe", &operation, refusal.message.clone(), &summary);
        return refusal.into_response();
    };
    let armed = |kind| Refusal::armed(kind).into_response();
    ctx.faults
        .run(&ctx, "stripe", &[route.operation], peer, armed, move || async move {
            let answer = stripe.answer(route, &id, &call);
            stripe.send();
            match answer {
                Ok(Answered(status, body, again)) => {
                    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                    let mut response = (status, Json(body)).into_response();
                    if again {
                        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
                    }
                    response
                }
                Err(refusal) => {
                    if !refusal.business {
                        let finding = refusal.message.clone();
                        stripe.0.ctx.unexpected.record("stripe", route.operation, finding, &summary);
                    }
                    refusal.into_response()
                }
            }
        })
        .await
}

impl Call {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The parameters: of the query or of the form in the body.
    fn form(&self) -> Result<Node, Refusal> {
        if self.method != Method::POST {
            return form::decode(self.uri.query().unwrap_or_default());
        }
        if self.uri.query().is_some() {
            return Err(Refusal::bad("A POST has its parameters in the body."));
        }
        if self.body.is_empty() {
            return Ok(Node::empty());
        }
        let kind = self.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            let message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded).";
            return Err(Refusal::bad(message));
        }
        let text = std::str::from_utf8(&self.body).map_err(|_| Refusal::bad("The form could not be read."))?;
        form::decode(text)
    }
}

impl Stripe {
    fn answer(&self, route: Route, id: &str, call: &Call) -> Result<Answered, Refusal> {
        let config = &self.0.ctx.config.stripe;
        self.authorize(call)?;
        match call.header("stripe-version") {
            Some(version) if version == config.api_version => {}
            Some(version) => {
                return Err(Refusal::bad(format!(
                    "Invalid Stripe API version: {version}; here it is {}",
                    config.api_version
                )));
            }
            // Stripe would take the account's default, which changes under a client's feet.
            None => return Err(Refusal::bad("The request says no Stripe-Version.")),
        }
        lock(&self.0.rate).admit(clock::epoch_millis(), config.rate_limit)?;
        let form = call.form()?;
        let mut book = lock(&self.0.book);
        let asked = format!("{} {} {form:?}", call.method, call.uri.path());
        let key = call.header("idempotency-key").filter(|_| call.method == Method::POST);
        if let Some(key) = key {
            if key.is_empty() || key.chars().count() > LONGEST_KEY {
                return Err(Refusal::bad("Idempotency-Key must have 1 to 255 characters."));
            }
            if let Some(earlier) = book.keys.get(key) {
                if earlier.asked != asked {
                    return Err(Refusal::other_parameters(key));
                }
                return Ok(Answered(earlier.status, earlier.body.clone(), true));
            }
        }
        let params = self.0.spec.read(&format!("{} {}", route.method, route.path), &form)?;
        let done = actions::act(self, &mut book, route, id, &params).and_then(|found| expanded(&book, found, &params));
        let (status, body) = match done {
            Ok(body) => (200, body),
            // A declined card is a result like any other; a wrong request never began.
            Err(refusal) if refusal.status == 402 => (402, refusal.body()),
            Err(refusal) => return Err(refusal),
        };
        if let Some(key) = key {
            book.keys.insert(key.to_owned(), Remembered { asked, status, body: body.clone() });
        }
        Ok(Answered(status, body, false))
    }

    fn authorize(&self, call: &Call) -> Result<(), Refusal> {
        let given = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let Some(key) = given else {
            return Err(Refusal::unauthorized("You did not provide an API key in the Authorization header."));
        };
        let wanted = &self.0.ctx.config.stripe.secret_key;
        let same = key.len() == wanted.len()
            && key.bytes().zip(wanted.bytes()).fold(0, |sum, (left, right)| sum | (left ^ right)) == 0;
        if same { Ok(()) } else { Err(Refusal::unauthorized("Invalid API Key provided.")) }
    }
}

fn expanded(book: &Book, mut found: Value, params: &Value) -> Result<Value, Refusal> {
    for path in params["expand"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if path.split('.').count() > 4 {
            return Err(Refusal::bad("You cannot expand more than 4 levels of a property."));
        }
        book.expand(&mut found, path).map_err(|path| Refusal {
            param: Some("expand".to_owned()),
            ..Refusal::bad(format!("This property cannot be expanded ({path})."))
        })?;
    }
    Ok(found)
}

/// So many requests in a second, as Stripe counts them for one account.
#[derive(Debug, Default)]
pub(super) struct Rate {
    second: i64,
    seen: u32,
}

impl Rate {
    fn admit(&mut self, now: i64, limit: u32) -> Result<(), Refusal> {
        let second = now / 1_000;
        if second != self.second {
            (self.second, self.seen) = (second, 0);
        }
        self.seen += 1;
        if self.seen > limit { Err(Refusal::too_many()) } else { Ok(()) }
    }
}

/// A page of a list, newest first.
pub(super) fn page<'b>(objects: impl Iterator<Item = &'b Value>, params: &Value, url: &str) -> Result<Value, Refusal> {
    let limit = params["limit"].as_i64().unwrap_or(10);
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
    let limit = limit.ok_or_else(|| Refusal::param("parameter_invalid_integer", "limit", "Invalid integer"))?;
    let created = |object: &&Value| {
        let at = object["created"].as_i64().unwrap_or(0);
        let bound = |name: &str| params["created"][name].as_i64();
        params["created"].as_i64().is_none_or(|wanted| wanted == at)
            && bound("gt").is_none_or(|than| at > than)
            && bound("gte").is_none_or(|than| at >= than)
            && bound("lt").is_none_or(|than| at < than)
            && bound("lte").is_none_or(|than| at <= than)
    };
    let all: Vec<&Value> = objects.filter(|object| !object.is_null()).filter(created).collect();
    let place = |name: &str| -> Result<Option<usize>, Refusal> {
        let Some(id) = params[name].as_str() else { return Ok(None) };
        let found = all.iter().position(|object| object["id"] == id);
        found.map(Some).ok_or_else(|| Refusal::missing("object", id, name))
    };
    let (after, before) = (place("starting_after")?, place("ending_before")?);
    let range = match (after, before) {
        (Some(_), Some(_)) => return Err(Refusal::bad("You can only use one of starting_after and ending_before.")),
        (Some(after), None) => after + 1..all.len().min(after + 1 + limit),
        (None, Some(before)) => before.saturating_sub(limit)..before,
        (None, None) => 0..all.len().min(limit),
    };
    let more = if before.is_some() { range.start > 0 } else { range.end < all.len() };
    let data: Vec<&&Value> = all.get(range).unwrap_or_default().iter().collect();
    Ok(json!({"object": "list", "data": data, "has_more": more, "url": url}))
}
