//! Printify, a production partner: shops, orders, products, a blueprint's variants, address changes and webhooks of its
//! API version 1, below `/printify/v1`.
//!
//! Written from its published OpenAPI description (2026) and its documentation. An order waits (`on-hold`) until
//! `send_to_production.json`; its external id is taken once, and the second attempt is answered 409 with the first
//! order's id. Where the documentation is silent: error codes other than 8203 and 8503 and the body of a 401 are made
//! up; a released order is `sending-to-production` at once; a reprint is a further parcel of the same order, while
//! Printify makes a further order. Not played: express orders, publishing, uploads, personalisation previews.

mod answer;
mod api;
pub mod config;
mod paths;
mod products;
mod rules;
mod support;
mod view;
mod webhooks;

use crate::Ctx;
use crate::config::PrintifyConfig;
use crate::partners::http::{self, Api};
use crate::partners::{Desk, Played};
use std::sync::{Arc, Mutex};

pub use paths::OPERATIONS;

/// As control routes, faults and webhooks name it.
pub const NAME: &str = "printify";

/// The partner's whole state. Cloning is cheap.
#[derive(Clone)]
pub struct Printify {
    desk: Arc<Desk>,
    voice: Arc<webhooks::Webhooks>,
    support: Arc<Mutex<Vec<support::Request>>>,
}

impl Printify {
    /// Must be called on a tokio runtime. Errors: none here; every stand-in is opened alike.
    pub fn new(ctx: &Ctx) -> anyhow::Result<Self> {
        let support = Arc::default();
        let voice = Arc::new(webhooks::Webhooks::new(ctx.clone(), Arc::clone(&support)));
        let products = &ctx.config.printify.products;
        let stocked =
            products.iter().flat_map(|product| product.variants.iter().map(|id| format!("{}/{id}", product.id)));
        let desk = Desk::open(ctx.clone(), write_id, stocked.collect(), voice.clone());
        Ok(Self { desk, voice, support })
    }

    /// The provider's API, nested below `/printify`.
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// As the control routes see it.
    pub fn played(&self) -> Arc<dyn Played> {
        self.desk.clone()
    }

    fn config(&self) -> &PrintifyConfig {
        &self.desk().ctx.config.printify
    }
}

/// Ids are 24 hex digits.
fn write_id(number: u64) -> String {
    format!("{number:024x}")
}

/// Ids of webhooks' events and of support requests.
fn write_uuid(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}
