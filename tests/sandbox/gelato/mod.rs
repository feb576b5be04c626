//! Gelato, a production partner: orders of its API version 4, products, prices and stock, all below `/gelato` though
//! Gelato has a host for each.
//!
//! Written from its documentation; there is no published description to check by. Its trap is played as it is: an
//! `orderReferenceId` is not unique, so a second `POST` makes a second order, and a search may not find an order yet
//! that was just made (`search_lag_ms`). Where the documentation is silent: the body of an error (`{"code","message",
//! "details"}`), 409 for changing what is no draft, what a cancelled order answers to another cancellation (200).

mod answer;
mod api;
pub mod config;
mod paths;
mod products;
mod rules;
mod search;
mod view;
mod webhooks;

use crate::Ctx;
use crate::config::GelatoConfig;
use crate::partners::http::{self, Api};
use crate::partners::{Desk, Played};
use std::sync::Arc;

pub use paths::OPERATIONS;

/// As control routes, faults and webhooks name it.
pub const NAME: &str = "gelato";

/// The partner's whole state. Cloning is cheap.
#[derive(Clone)]
pub struct Gelato {
    desk: Arc<Desk>,
}

impl Gelato {
    /// Must be called on a tokio runtime. Errors: none here; every stand-in is opened alike.
    pub fn new(ctx: &Ctx) -> anyhow::Result<Self> {
        let voice = Arc::new(webhooks::Webhooks::new(ctx.clone()));
        Ok(Self { desk: Desk::open(ctx.clone(), write_id, ctx.config.gelato.products.clone(), voice) })
    }

    /// The provider's API, nested below `/gelato`.
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// As the control routes see it.
    pub fn played(&self) -> Arc<dyn Played> {
        self.desk.clone()
    }

    fn config(&self) -> &GelatoConfig {
        &self.desk().ctx.config.gelato
    }
}

/// Ids are UUIDs.
fn write_id(number: u64) -> String {
    format!("9e1a7000-0000-4000-8000-{number:012x}")
}
