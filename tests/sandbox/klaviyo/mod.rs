//! Klaviyo: events, and who is subscribed. It keeps profiles by their address with consent and suppressions, and the first event of
//! a `unique_id` for a profile and a metric.
//!
//! Bodies are checked by Klaviyo's published OpenAPI document ([`spec`]); the rest follows its prose: both rate limits with
//! `Retry-After`, 1,000 profiles to subscribe and 100 to unsubscribe at a time, properties of at most 400 keys, subscribing takes
//! suppressions away but not those of bounces, a list with double opt-in only asks. Made up, since it is silent there: the words of
//! its errors, and 400 for a request without `revision`. Not played: everything else; flows, since what Klaviyo sends is its own.
//!
//! | control route | body → answer |
//! |---|---|
//! | `GET /_sandbox/klaviyo` | `{"profiles":[…], "events":[…], "repeated": n}` |
//! | `POST /_sandbox/klaviyo/profiles/<address>/<act>` | what somebody does there: `unsubscribe`, `spam`, `bounce`; 204 |

mod api;
mod book;
pub mod config;
mod spec;

use crate::Ctx;
use crate::control::refuse;
use crate::partners::limit::Window;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub use api::OPERATIONS;
pub use book::{Profile, Taken};

/// The provider's name for faults and findings.
pub const NAME: &str = "klaviyo";

/// The account's whole state. Cloning is cheap.
#[derive(Clone)]
pub struct Klaviyo(Arc<Inner>);

struct Inner {
    ctx: Ctx,
    spec: spec::Spec,
    book: Mutex<book::Book>,
    windows: Mutex<BTreeMap<(&'static str, i64), Window>>,
    revoked: AtomicBool,
}

impl Klaviyo {
    /// Errors: a specification that is there but cannot be read.
    pub(crate) fn new(ctx: Ctx) -> anyhow::Result<Self> {
        let spec = spec::Spec::load(ctx.config.specs.as_deref())?;
        Ok(Self(Arc::new(Inner {
            ctx,
            spec,
            book: Mutex::default(),
            windows: Mutex::default(),
            revoked: AtomicBool::default(),
        })))
    }

    /// Its API, to be nested below its name.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(api::handle).with_state(self.clone())
    }

    pub(crate) fn control(&self) -> Router {
        Router::new()
            .route("/_sandbox/klaviyo", get(shown))
            .route("/_sandbox/klaviyo/profiles/{address}/{act}", post(act))
            .with_state(self.clone())
    }

    pub(crate) fn reset(&self) {
        *crate::lock(&self.0.book) = book::Book::default();
        crate::lock(&self.0.windows).clear();
        self.0.revoked.store(false, Ordering::SeqCst);
    }

    /// The events it keeps, in the order in which they came.
    #[must_use]
    pub fn events(&self) -> Vec<Taken> {
        crate::lock(&self.0.book).events.clone()
    }

    /// How many events came again under the same id.
    #[must_use]
    pub fn repeated(&self) -> usize {
        crate::lock(&self.0.book).repeated
    }

    /// The profile of this address.
    #[must_use]
    pub fn profile(&self, address: &str) -> Option<Profile> {
        crate::lock(&self.0.book).profiles.get(&address.to_lowercase()).cloned()
    }

    /// The owner of the account takes the key away: no request is let in until a reset.
    pub fn revoke(&self) {
        self.0.revoked.store(true, Ordering::SeqCst);
    }

    /// Somebody does something there: see the control routes.
    pub fn act(&self, address: &str, act: &str) -> bool {
        crate::lock(&self.0.book).act(address, act)
    }
}

async fn shown(State(klaviyo): State<Klaviyo>) -> Response {
    Json(crate::lock(&klaviyo.0.book).shown()).into_response()
}

async fn act(State(klaviyo): State<Klaviyo>, Path((address, act)): Path<(String, String)>) -> Response {
    if klaviyo.act(&address, &act) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refuse(StatusCode::NOT_FOUND, format!("{address} has no profile, or nobody can {act:?}"))
    }
}
