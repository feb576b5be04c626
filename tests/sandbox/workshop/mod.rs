//! A workshop that makes orders itself: the other side of the generic partner, below `/workshop`, as
//! `shared/partner/src/http/README.md` describes it. Strict where that page says what Baton sends, and a model for
//! whoever writes a workshop's software.
//!
//! Every request is signed, in both directions. An external id is taken once: the same order again is answered with
//! the first one. Operations named in `not_offered` answer 405, as the page allows for the optional ones.

mod answer;
mod api;
pub mod config;
mod paths;
mod rules;
mod signature;
mod view;
mod webhooks;

use crate::Ctx;
use crate::config::WorkshopConfig;
use crate::partners::http::{self, Api};
use crate::partners::{Desk, Played};
use std::sync::Arc;

pub use paths::{OPEN, OPERATIONS};

/// As control routes, faults and webhooks name it.
pub const NAME: &str = "workshop";

/// The partner's whole state. Cloning is cheap.
#[derive(Clone)]
pub struct Workshop {
    desk: Arc<Desk>,
}

impl Workshop {
    /// Must be called on a tokio runtime. Errors: none here; every stand-in is opened alike.
    pub fn new(ctx: &Ctx) -> anyhow::Result<Self> {
        let voice = Arc::new(webhooks::Webhooks::new(ctx.clone()));
        Ok(Self { desk: Desk::open(ctx.clone(), write_id, ctx.config.workshop.variants.clone(), voice) })
    }

    /// The workshop's API, nested below `/workshop`.
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// As the control routes see it.
    pub fn played(&self) -> Arc<dyn Played> {
        self.desk.clone()
    }

    fn config(&self) -> &WorkshopConfig {
        &self.desk().ctx.config.workshop
    }
}

fn write_id(number: u64) -> String {
    format!("W-{number}")
}
