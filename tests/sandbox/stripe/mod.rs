//! Stripe, the headless store's money: Checkout, payments, refunds, disputes, warnings, and their signed events.
//!
//! Requests are checked by Stripe's published OpenAPI document ([`spec`]), objects have the shapes of its fixtures
//! ([`objects`]). [`sessions`] and [`moves`] are what can happen, [`webhooks`] how the world hears of it, [`control`] who makes it
//! happen.
//!
//! Played simply: tax is a tenth of everything where automatic tax is on; no customer objects, no prices or products of the
//! account's own, no promotion codes, no balance transactions; an idempotency key is kept until a reset. Stricter than Stripe:
//! a request has to say its `Stripe-Version`.

#![expect(clippy::result_large_err, reason = "a refusal is an answer on its way out, made at most once a request")]

mod actions;
mod answer;
mod api;
mod book;
pub mod control;
mod form;
mod moves;
mod objects;
mod routes;
mod sessions;
mod spec;
pub mod webhooks;

pub use routes::OPERATIONS;

use std::sync::{Arc, Mutex};

use crate::{Ctx, lock};

/// The account's whole state. Cloning is cheap.
#[derive(Clone)]
pub struct Stripe(Arc<Inner>);

struct Inner {
    ctx: Ctx,
    spec: spec::Spec,
    book: Mutex<book::Book>,
    rate: Mutex<api::Rate>,
}

impl Stripe {
    /// Errors: a specification that is there but cannot be read.
    pub fn new(ctx: Ctx) -> anyhow::Result<Self> {
        let stripe = Self(Arc::new(Inner {
            spec: spec::Spec::load(ctx.config.specs.as_deref())?,
            book: Mutex::default(),
            rate: Mutex::default(),
            ctx,
        }));
        stripe.reset();
        Ok(stripe)
    }

    /// The provider's API, nested below `/stripe`.
    pub fn router(&self) -> axum::Router {
        axum::Router::new().fallback(api::handle).with_state(self.clone())
    }

    /// An account with nothing but the endpoint it began with.
    pub fn reset(&self) {
        let book = self.standing();
        *lock(&self.0.book) = book;
        *lock(&self.0.rate) = api::Rate::default();
    }

    /// Seconds since 1970.
    fn now(&self) -> i64 {
        self.0.ctx.now().as_second()
    }

    /// Whether the account's key is a live one.
    fn live(&self) -> bool {
        self.0.ctx.config.stripe.secret_key.starts_with("sk_live_")
    }

    fn stamp(&self) -> objects::Stamp {
        objects::Stamp { now: self.now(), live: self.live() }
    }
}
