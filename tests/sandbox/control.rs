//! The contract's routes below `/_sandbox/`.
//!
//! | route | body → answer |
//! |---|---|
//! | `GET /_sandbox/health` | `{"ready":true}` |
//! | `PUT /_sandbox/config` | `{"intake_url"?, "public_url"?, "ses_events"?, "shopify_subscriptions"?: "standing"\|"api"}` → the settings now |
//! | `POST /_sandbox/reset` | empties state, faults, counts, lists; 204 |
//! | `GET /_sandbox/pending` | `{"deliveries":n,"autopilot":n,"ses_events":n}`: what the sandbox itself still has in flight (the store's jobs count as deliveries) |
//! | `GET /_sandbox/operations` | `[{"provider","operation","fault":[…]}]` |
//! | `POST`, `GET`, `DELETE /_sandbox/faults` | arm, list, clear; see [`crate::faults::Arm`] |
//! | `GET`, `DELETE /_sandbox/unexpected` | see [`crate::unexpected::Unexpected`] |
//! | `GET /_sandbox/deliveries` | what was delivered to the door, with the status of each attempt |
//! | `GET /_sandbox/mails` | every mail, in the shape of the emulator's list, with its headers and tags |
//! | `GET`, `DELETE /_sandbox/counts` | AWS calls, write units, mails |
//! | `POST /_sandbox/deliver` | `{"source","topic","payload","times","headers"?}` → `{"statuses":[…]}` |
//! | `/_sandbox/partner/<name>/…`, `POST /_sandbox/catalog`, `POST /_sandbox/autopilot` | see [`crate::partners::control`] |
//! | `/_sandbox/shopify/…` | orders, checkouts, subscriptions, lost deliveries: see [`crate::shopify::control`] |
//! | `/_sandbox/stripe/…` | see [`crate::stripe::control`] |
//! | `/_sandbox/tracking/<feed>/…` | see [`crate::tracking::control`] |
//! | `/_sandbox/klaviyo…` | see [`crate::klaviyo`] |
//! | `GET /_sandbox/alerts` | what the receivers of alerts have taken |

use crate::alerts;
use crate::aws::Aws;
use crate::deliver::Delivery;
use crate::faults::{Arm, Fault};
use crate::klaviyo;
use crate::partners::OPERATIONS;
use crate::partners::control::{self as partners, Partners};
use crate::shopify::{self, Shopify};
use crate::stripe::{self, Stripe};
use crate::tracking::{self, Tracking};
use crate::{Ctx, lock, with_slash};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, body::Bytes};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the routes reach.
#[derive(Clone)]
pub(crate) struct Parts {
    pub ctx: Ctx,
    pub shopify: Shopify,
    pub stripe: Stripe,
    pub partners: Partners,
    pub tracking: Tracking,
    pub alerts: alerts::Alerts,
    pub klaviyo: klaviyo::Klaviyo,
    pub aws: Aws,
}

/// An error answer: `{"error": "<sentence>"}`.
pub(crate) fn refuse(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(json!({"error": why.into()}))).into_response()
}

/// A JSON body, or the sentence saying what is wrong with it.
fn body<T: for<'a> Deserialize<'a>>(bytes: &Bytes) -> Result<T, Box<Response>> {
    serde_json::from_slice(bytes)
        .map_err(|error| Box::new(refuse(StatusCode::BAD_REQUEST, format!("the body does not fit: {error}"))))
}

macro_rules! body {
    ($bytes:expr) => {
        match body(&$bytes) {
            Ok(value) => value,
            Err(refusal) => return *refusal,
        }
    };
}

pub(crate) fn router(parts: Parts) -> Router {
    Router::new()
        .route("/_sandbox/health", get(async || Json(json!({"ready": true}))))
        .route("/_sandbox/config", put(configure))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/pending", get(pending))
        .route("/_sandbox/operations", get(async || Json(operations())))
        .route("/_sandbox/faults", post(arm).get(armed).delete(disarm))
        .route("/_sandbox/unexpected", get(unexpected).delete(forget_unexpected))
        .route("/_sandbox/deliveries", get(deliveries))
        .route("/_sandbox/counts", get(counts).delete(clear_counts))
        .route("/_sandbox/mails", get(mails))
        .route("/_sandbox/deliver", post(deliver))
        .with_state(parts.clone())
        .merge(shopify::control::router(parts.shopify))
        .merge(stripe::control::router(parts.stripe))
        .merge(partners::router(parts.partners))
        .merge(tracking::control::router(parts.tracking))
        .merge(parts.alerts.control())
        .merge(parts.klaviyo.control())
        .layer(DefaultBodyLimit::max(32 << 20))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    intake_url: Option<String>,
    public_url: Option<String>,
    ses_events: Option<bool>,
    shopify_subscriptions: Option<crate::config::Subscriptions>,
}

async fn configure(State(parts): State<Parts>, bytes: Bytes) -> Response {
    let settings: Settings = body!(bytes);
    if let Some(mode) = settings.shopify_subscriptions {
        parts.shopify.subscriptions_are(mode);
    }
    let mut live = lock(&parts.ctx.live);
    if let Some(url) = settings.intake_url {
        live.intake_url = Some(with_slash(&url));
    }
    if let Some(url) = settings.public_url {
        live.public_url = Some(with_slash(&url));
    }
    if let Some(on) = settings.ses_events {
        live.ses_events = on;
    }
    Json(json!({
        "intake_url": live.intake_url,
        "public_url": live.public_url,
        "ses_events": live.ses_events,
        "shopify_subscriptions": live.shopify_subscriptions,
    }))
    .into_response()
}

async fn reset(State(parts): State<Parts>) -> StatusCode {
    parts.shopify.reset();
    parts.stripe.reset();
    parts.partners.reset();
    parts.tracking.reset();
    parts.alerts.reset();
    parts.klaviyo.reset();
    parts.aws.reset();
    parts.ctx.faults.clear();
    parts.ctx.unexpected.clear();
    parts.ctx.deliveries.clear();
    StatusCode::NO_CONTENT
}

async fn pending(State(parts): State<Parts>) -> Json<Value> {
    Json(json!({
        "deliveries": parts.ctx.deliveries.pending() + parts.shopify.pending(),
        "autopilot": parts.partners.pending(),
        "ses_events": parts.aws.pending(),
    }))
}

/// Every operation that a fault can be armed for.
fn operations() -> Value {
    let own = |provider: &'static str, names: &'static [&'static str]| names.iter().map(move |name| (provider, *name));
    own("shopify", shopify::OPERATIONS)
        .chain(own("stripe", stripe::OPERATIONS))
        .chain(OPERATIONS.iter().flat_map(|(partner, names)| own(partner, names)))
        .chain(tracking::OPERATIONS.into_iter().flat_map(|(feed, names)| own(feed, names)))
        .chain(own(alerts::NAME, alerts::OPERATIONS))
        .chain(own(klaviyo::NAME, klaviyo::OPERATIONS))
        .chain(crate::aws::OPERATIONS.iter().copied())
        .map(|(provider, operation)| json!({"provider": provider, "operation": operation, "fault": Fault::ALL}))
        .collect()
}

async fn arm(State(parts): State<Parts>, bytes: Bytes) -> Response {
    let arms: Vec<Arm> = body!(bytes);
    for arm in &arms {
        let known = match arm.provider.as_str() {
            "shopify" => shopify::OPERATIONS.contains(&arm.operation.as_str()),
            alerts::NAME => alerts::OPERATIONS.contains(&arm.operation.as_str()),
            klaviyo::NAME => klaviyo::OPERATIONS.contains(&arm.operation.as_str()),
            "stripe" => stripe::OPERATIONS.contains(&arm.operation.as_str()),
            aws if crate::aws::PROVIDERS.contains(&aws) => true,
            feed if tracking::knows(feed, &arm.operation).is_some() => {
                tracking::knows(feed, &arm.operation).unwrap_or_default()
            }
            other => match OPERATIONS.iter().find(|(partner, _)| *partner == other) {
                Some((_, names)) => names.contains(&arm.operation.as_str()),
                None => {
                    return refuse(StatusCode::BAD_REQUEST, format!("provider {other:?} is not one of the sandbox's"));
                }
            },
        };
        if !known && arm.operation != "*" {
            let why = format!("{} has no operation {:?}; see GET /_sandbox/operations", arm.provider, arm.operation);
            return refuse(StatusCode::BAD_REQUEST, why);
        }
    }
    parts.ctx.faults.arm(arms);
    (StatusCode::CREATED, Json(parts.ctx.faults.list())).into_response()
}

async fn armed(State(parts): State<Parts>) -> Response {
    Json(parts.ctx.faults.list()).into_response()
}

async fn disarm(State(parts): State<Parts>) -> StatusCode {
    parts.ctx.faults.clear();
    StatusCode::NO_CONTENT
}

async fn unexpected(State(parts): State<Parts>) -> Response {
    Json(parts.ctx.unexpected.list()).into_response()
}

async fn forget_unexpected(State(parts): State<Parts>) -> StatusCode {
    parts.ctx.unexpected.clear();
    StatusCode::NO_CONTENT
}

async fn deliveries(State(parts): State<Parts>) -> Response {
    Json(parts.ctx.deliveries.list()).into_response()
}

async fn mails(State(parts): State<Parts>) -> Response {
    match parts.aws.mails().await {
        Ok(list) => Json(list).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, Json(json!({"error": format!("{error:#}")}))).into_response(),
    }
}

async fn counts(State(parts): State<Parts>) -> Json<Value> {
    Json(parts.aws.counts())
}

async fn clear_counts(State(parts): State<Parts>) -> StatusCode {
    parts.aws.clear_counts();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deliver {
    source: String,
    topic: String,
    /// JSON to be sent as it is; a string is sent byte for byte, so that malformed JSON can be signed rightly.
    payload: Value,
    #[serde(default = "once")]
    times: usize,
    /// Replace the headers of the same name (case does not matter); null leaves one out.
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
}

fn once() -> usize {
    1
}

async fn deliver(State(parts): State<Parts>, bytes: Bytes) -> Response {
    let request: Deliver = body!(bytes);
    let content = match &request.payload {
        Value::String(text) => Bytes::from(text.clone()),
        json => Bytes::from(json.to_string()),
    };
    let delivery = match request.source.as_str() {
        "shopify" => Some(parts.shopify.signed(&request.topic, content)),
        "stripe" => Some(parts.stripe.signed(&request.topic, content)),
        name => match parts.partners.get(name) {
            Some(partner) => Some(partner.signed(&request.topic, content)),
            None => parts.tracking.signed(name, &request.topic, content),
        },
    };
    let Some(mut delivery) = delivery else {
        return refuse(StatusCode::BAD_REQUEST, format!("source {:?} is not played yet", request.source));
    };
    if parts.ctx.live().intake_url.is_none() {
        return refuse(StatusCode::CONFLICT, "no door is known yet: PUT /_sandbox/config {\"intake_url\": …} first");
    }
    override_headers(&mut delivery, request.headers);
    let attempts = (0..request.times).map(|_| {
        let (ctx, delivery) = (parts.ctx.clone(), delivery.clone());
        tokio::spawn(async move { ctx.deliveries.once(&ctx, &delivery).await })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap_or(0));
    }
    Json(json!({"statuses": statuses})).into_response()
}

fn override_headers(delivery: &mut Delivery, headers: BTreeMap<String, Option<String>>) {
    for (name, value) in headers {
        delivery.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        if let Some(value) = value {
            delivery.headers.push((name, value));
        }
    }
}
