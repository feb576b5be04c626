//! The way every request to a feed takes: it is read whole, its operation is found, it passes the faults' gate and is answered.
//! What the feed refuses is kept as a finding, unless a client that does everything right can meet it.

use super::book::{Desk, Parcel};
use crate::Ctx;
use crate::deliver::Delivery;
use crate::faults::Refusal as Armed;
use crate::partners::http::{Answer, Call, Refusal};
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// A feed in its own words.
pub(crate) trait Feed: Send + Sync + 'static {
    fn new(ctx: &Ctx) -> Self
    where
        Self: Sized;
    fn name(&self) -> &'static str;
    /// What a request asks for, and the id in its path.
    fn find(&self, method: &Method, path: &str) -> Result<(&'static str, Option<String>), Refusal>;
    fn answer(&self, desk: &Desk, operation: &str, id: Option<&str>, call: &Call) -> Result<Answer, Refusal>;
    /// How an armed fault is worded.
    fn armed(&self, kind: Armed) -> Refusal;
    /// Its words for what the control routes let happen: the state and the finer one. `None`: it has none.
    fn words(&self, act: &str) -> Option<(&'static str, Option<&'static str>)>;
    /// Whether it can tell a moment that does not say where its clock stands.
    fn tells_local_times(&self) -> bool;
    /// The webhooks of one change.
    fn tell(&self, parcel: &Parcel, happened: Happened) -> Vec<Delivery>;
    /// Any body as a webhook of its own.
    fn signed(&self, topic: &str, body: Bytes) -> Delivery;
}

/// What a feed tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// The number was registered.
    Made,
    /// A scan.
    Scanned,
    /// Another promise.
    Promised,
    /// The feed looks no longer.
    Stopped,
}

/// A feed with what it keeps. Cloning is cheap.
pub(crate) struct Stand<F> {
    pub desk: Arc<Desk>,
    pub feed: Arc<F>,
}

impl<F> Clone for Stand<F> {
    fn clone(&self) -> Self {
        Self { desk: self.desk.clone(), feed: self.feed.clone() }
    }
}

impl<F: Feed> Stand<F> {
    pub fn new(ctx: &Ctx) -> Self {
        Self { desk: Arc::new(Desk::new(ctx.clone())), feed: Arc::new(F::new(ctx)) }
    }
}

const LONGEST_BODY: usize = 1 << 20;

/// The API of one feed, to be nested below its name.
pub(crate) fn router<F: Feed>(stand: Stand<F>) -> axum::Router {
    axum::Router::new().fallback(handle::<F>).with_state(stand)
}

async fn handle<F: Feed>(
    State(stand): State<Stand<F>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let summary = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    let call = Call { method: parts.method, uri: parts.uri, headers: parts.headers, body };
    let ctx = stand.desk.ctx.clone();
    let name = stand.feed.name();
    let (operation, id) = match stand.feed.find(&call.method, call.uri.path()) {
        Ok(found) => found,
        Err(refusal) => {
            let operation = format!("{} {}", call.method, call.uri.path());
            ctx.unexpected.record(name, &operation, refusal.why.clone(), &summary);
            return refusal.into_response();
        }
    };
    let feed = stand.feed.clone();
    let armed = move |kind| feed.armed(kind).into_response();
    ctx.faults
        .run(&ctx, name, &[operation], peer, armed, move || async move {
            match stand.feed.answer(&stand.desk, operation, id.as_deref(), &call) {
                Ok(answer) => answer.into_response(),
                Err(refusal) => {
                    if !refusal.business {
                        stand.desk.ctx.unexpected.record(name, operation, refusal.why.clone(), &summary);
                    }
                    refusal.into_response()
                }
            }
        })
        .await
}
