//! Printful, the production partner: API version 1 for orders, version 2's signed webhooks for what happens to them.
//!
//! `POST /orders` (`?confirm`, `?update_existing`), `GET /orders` (`offset`, `limit`, `status`), `GET`, `PUT` and
//! `DELETE /orders/{id|@external_id}`, `POST /orders/{id|@external_id}/confirm`, `GET /products/variant/{id}`, the store's own
//! products (`GET /store/products`, `/store/products/{id}`, `/store/variants/{id}`), and the v1 webhook settings, which
//! are kept and never used. Requests are checked by [`spec`] and [`rules`]; the partner's own moves are in [`moves`].
//!
//! Where the documentation is silent: error codes such as OR-13 stand in `error.reason`; confirming an order that is
//! neither draft nor failed is OR-1; an answer's prices are made up.

mod answer;
mod api;
mod book;
mod catalog;
pub mod config;
mod limit;
mod moves;
mod order;
mod rules;
mod spec;
mod webhooks;

use crate::deliver::Delivery;
use crate::partners::{ActError, Available, Cost, Played};
use crate::{Ctx, clock, lock};
use anyhow::Context as _;
use bytes::Bytes;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// Operations for `GET /_sandbox/operations`. `find_order` is the look-up by `@external_id`.
pub const OPERATIONS: &[&str] = &[
    "create_order",
    "get_order",
    "find_order",
    "confirm_order",
    "cancel_order",
    "update_order",
    "list_orders",
    "get_variant",
    "list_products",
    "get_product",
    "get_store_variant",
    "get_webhooks",
    "set_webhooks",
    "delete_webhooks",
];

/// The partner's whole state. Cloning is cheap.
#[derive(Clone)]
pub struct Printful(Arc<Inner>);

struct Inner {
    ctx: Ctx,
    spec: spec::Spec,
    book: Mutex<book::Book>,
    window: Mutex<limit::Window>,
}

/// As control routes, faults and webhooks name it.
pub const NAME: &str = "printful";

/// The store's id where none is configured.
const STORE: u64 = 10;
/// How often the autopilot looks, in milliseconds.
const TICK: u64 = 20;

impl Printful {
    /// Starts the autopilot's watch too, so it must be called on a tokio runtime. Errors: a specification that is there
    /// but cannot be read, a webhook secret that is not hex.
    pub fn new(ctx: &Ctx) -> anyhow::Result<Self> {
        let config = &ctx.config.printful;
        hex::decode(&config.webhook_secret).context("failed to read printful.webhook_secret, which must be hex")?;
        let printful = Self(Arc::new(Inner {
            spec: spec::Spec::load(ctx.config.specs.as_deref())?,
            book: Mutex::new(empty(ctx)),
            window: Mutex::default(),
            ctx: ctx.clone(),
        }));
        let watched = Arc::downgrade(&printful.0);
        tokio::spawn(async move {
            // Ends with the last owner of the state.
            while let Some(inner) = watched.upgrade() {
                let printful = Self(inner);
                lock(&printful.0.book).tick(clock::epoch_millis(), &printful.0.ctx.config.autopilot);
                printful.send();
                drop(printful);
                clock::sleep_ms(TICK).await;
            }
        });
        Ok(printful)
    }

    /// The provider's API, nested below `/printful`.
    pub fn router(&self) -> axum::Router {
        axum::Router::new().fallback(api::handle).with_state(self.clone())
    }

    /// As the control routes see it.
    pub fn played(&self) -> Arc<dyn Played> {
        Arc::new(self.clone())
    }

    /// How many requests were over the rate limit since the last reset.
    pub fn over_limit(&self) -> u32 {
        lock(&self.0.window).refused
    }

    /// Sends what the last change left in the outbox, as far as it is subscribed to.
    fn send(&self) {
        let (outbox, speaks) = {
            let mut book = lock(&self.0.book);
            (std::mem::take(&mut book.outbox), book.speaks)
        };
        let config = &self.0.ctx.config.printful;
        for (kind, body) in outbox.into_iter().filter(|_| speaks) {
            if config.webhooks.iter().any(|subscribed| subscribed == kind) {
                let delivery = webhooks::signed(config, kind, Bytes::from(body.to_string()));
                self.0.ctx.deliveries.send(&self.0.ctx, delivery);
            }
        }
    }
}

fn empty(ctx: &Ctx) -> book::Book {
    book::Book::new(ctx.clone(), ctx.config.printful.store_id.unwrap_or(STORE))
}

/// A list shows `[{"id","external_id","status","items","received_at","shipments","recipient"}]`; ids are strings, items
/// are `{"id","quantity"}` with the variant keys, `external_id`, `name` and `sku` they came with. Acts are those of
/// [`moves`].
impl Played for Printful {
    fn list(&self) -> Vec<Value> {
        lock(&self.0.book).orders.iter().map(order::Order::listed).collect()
    }

    fn act(&self, id: &str, act: &str, body: Value) -> Result<Value, ActError> {
        let done = lock(&self.0.book).act(id, act, &body);
        self.send();
        done
    }

    /// Catalog variants only: their numbers.
    fn set_variant(&self, id: &str, available: Available) -> Result<(), ActError> {
        let number: u64 = id.parse().map_err(|_| (400, format!("{id:?} is no catalog variant's number")))?;
        lock(&self.0.book).shelf.say(number.to_string(), available);
        Ok(())
    }

    fn set_cost(&self, cost: Cost) -> Result<(), ActError> {
        lock(&self.0.book).shelf.cost = cost;
        Ok(())
    }

    fn set_webhooks(&self, on: bool) {
        lock(&self.0.book).speaks = on;
    }

    fn any_variant(&self, on: bool) {
        lock(&self.0.book).shelf.any = on;
    }

    fn autopilot(&self, on: bool) {
        lock(&self.0.book).autopilot = on;
    }

    fn pending(&self) -> usize {
        lock(&self.0.book).in_flight(&self.0.ctx.config.autopilot)
    }

    fn reset(&self) {
        *lock(&self.0.book) = empty(&self.0.ctx);
        *lock(&self.0.window) = limit::Window::default();
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        webhooks::signed(&self.0.ctx.config.printful, topic, body)
    }
}
