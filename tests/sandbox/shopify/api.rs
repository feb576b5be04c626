//! The Admin API's HTTP side: token, version, throttle, errors in Shopify's shape.

use super::{Shopify, cost, graphql};
use crate::faults::Refusal;
use crate::lock;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;

/// The throttle: points that come back with time.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// Thousandths of a point that are spent.
    spent: u64,
    /// When `spent` was right, milliseconds since 1970.
    at: i64,
    /// Requests that were turned away.
    turned_away: u32,
}

impl Bucket {
    /// Takes `cost` points at `now`, those that are [given back](Self::give_back) after the execution too; `Err` with the points
    /// available where they do not suffice.
    fn take(&mut self, now: i64, cost: u32, maximum: u32, restore: u32) -> Result<u32, u32> {
        let passed = u64::try_from(now - self.at).unwrap_or(0);
        self.spent = self.spent.saturating_sub(passed.saturating_mul(u64::from(restore)));
        self.at = now;
        let left = (u64::from(maximum) * 1_000).saturating_sub(self.spent);
        let available = |left: u64| u32::try_from(left / 1_000).unwrap_or(maximum);
        if left < u64::from(cost) * 1_000 {
            self.turned_away += 1;
            return Err(available(left));
        }
        self.spent += u64::from(cost) * 1_000;
        Ok(available(left - u64::from(cost) * 1_000))
    }

    /// What was requested and not used.
    fn give_back(&mut self, points: u32) {
        self.spent = self.spent.saturating_sub(u64::from(points) * 1_000);
    }
}

impl Shopify {
    /// How many requests came when the bucket held too little for them.
    pub fn over_limit(&self) -> u32 {
        lock(&self.store).bucket.turned_away
    }

    /// `POST /admin/api/<version>/graphql.json`; everything else is refused and remembered.
    pub fn router(&self) -> Router {
        Router::new().route("/admin/api/{version}/graphql.json", post(serve)).fallback(unknown).with_state(self.clone())
    }
}

async fn unknown(State(shopify): State<Shopify>, method: Method, uri: Uri) -> Response {
    let reason = "the store serves POST /admin/api/<version>/graphql.json only";
    shopify.ctx.unexpected.record("shopify", &format!("{method} {}", uri.path()), reason, "");
    (StatusCode::NOT_FOUND, Json(json!({"errors": "Not Found"}))).into_response()
}

async fn serve(
    State(shopify): State<Shopify>,
    Path(version): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let prepared = graphql::prepare(&shopify.schema, &shopify.documents, &body).map(Arc::new);
    let operations: Vec<String> = prepared.as_ref().map(|request| request.root_fields.clone()).unwrap_or_default();
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let act = {
        let (shopify, prepared, body) = (shopify.clone(), prepared.clone(), body.clone());
        move || async move { answer(&shopify, &version, &headers, prepared, &body) }
    };
    let refusal = |refusal| refused(&shopify, prepared.as_ref().ok().map(Arc::as_ref), refusal);
    shopify.ctx.faults.run(&shopify.ctx, "shopify", &operations, peer, refusal, act).await
}

/// An armed refusal: a user error (mutations) or `ACCESS_DENIED` (queries); 503; or 429 with `THROTTLED` and
/// `Retry-After`. The real throttle answers `THROTTLED` with 200: sources differ, so both are played.
fn refused(shopify: &Shopify, request: Option<&graphql::Request>, refusal: Refusal) -> Response {
    match (refusal, request) {
        (Refusal::Refuse, Some(request)) => Json(graphql::execute(shopify, request, true)).into_response(),
        (Refusal::Refuse, None) => {
            (StatusCode::BAD_REQUEST, Json(json!({"errors": {"query": "Required parameter missing or invalid"}})))
                .into_response()
        }
        (Refusal::ServerError, _) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"errors": "Service Unavailable"}))).into_response()
        }
        (Refusal::TooMany, request) => {
            let cost = request.map_or(10, cost::requested);
            let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(throttled(shopify, cost, 0))).into_response();
            response.headers_mut().insert("retry-after", HeaderValue::from_static("2.0"));
            response
        }
    }
}

fn throttled(shopify: &Shopify, cost: u32, available: u32) -> Value {
    json!({
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"}}],
        "extensions": {"cost": cost_report(shopify, cost, None, available)},
    })
}

fn cost_report(shopify: &Shopify, requested: u32, actual: Option<u32>, available: u32) -> Value {
    let config = &shopify.ctx.config.shopify;
    json!({
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": config.cost_maximum,
            "currentlyAvailable": available,
            "restoreRate": config.cost_restore_per_second,
        },
    })
}

/// Compares in time that does not depend on where they differ.
fn same_secret(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |sum, (left, right)| sum | (left ^ right)) == 0
}

fn answer(
    shopify: &Shopify,
    version: &str,
    headers: &HeaderMap,
    prepared: Result<Arc<graphql::Request>, Vec<Value>>,
    body: &Bytes,
) -> Response {
    let config = &shopify.ctx.config.shopify;
    let summary = String::from_utf8_lossy(body);
    let unexpected = |reason: &str| shopify.ctx.unexpected.record("shopify", "graphql", reason, &summary);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !same_secret(header("x-shopify-access-token"), &config.admin_token) {
        unexpected("the access token is missing or not the store's");
        let message = "[API] Invalid API key or access token (unrecognized login or wrong password)";
        return (StatusCode::UNAUTHORIZED, Json(json!({"errors": message}))).into_response();
    }
    if !header("content-type").starts_with("application/json") {
        unexpected("the Content-Type is not application/json");
        return (StatusCode::NOT_ACCEPTABLE, Json(json!({"errors": "Not Acceptable"}))).into_response();
    }
    if version != config.api_version {
        unexpected(&format!("API version {version} is asked for, the store serves {}", config.api_version));
        return (StatusCode::NOT_FOUND, Json(json!({"errors": "Not Found"}))).into_response();
    }
    let answer = match prepared {
        Err(errors) => {
            let reasons: Vec<&str> = errors.iter().filter_map(|error| error["message"].as_str()).collect();
            unexpected(&reasons.join("; "));
            json!({"errors": errors})
        }
        Ok(request) => {
            let cost = cost::requested(&request);
            // A test in simulated time has its limits in that time too.
            let now = shopify.ctx.now().as_millisecond();
            let (maximum, restore) = (config.cost_maximum, config.cost_restore_per_second);
            let taken = lock(&shopify.store).bucket.take(now, cost, maximum, restore);
            match taken {
                Err(available) => throttled(shopify, cost, available),
                Ok(available) => {
                    let mut answer = graphql::execute(shopify, &request, false);
                    let actual = cost::actual(&request, answer.get("data").unwrap_or(&Value::Null));
                    lock(&shopify.store).bucket.give_back(cost - actual);
                    let report = cost_report(shopify, cost, Some(actual), available + cost - actual);
                    answer.insert("extensions".to_owned(), json!({"cost": report}));
                    Value::Object(answer)
                }
            }
        }
    };
    let mut response = Json(answer).into_response();
    if let Ok(version) = HeaderValue::from_str(version) {
        response.headers_mut().insert("x-shopify-api-version", version);
    }
    response
}
