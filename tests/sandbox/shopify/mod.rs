//! Shopify: a store with its orders, its Admin GraphQL and its webhooks.
//!
//! * [`payload`] judges an order payload, [`order`] is what the store keeps;
//! * [`graphql`] executes against the published schema ([`queries`], [`mutations`]; [`view`] shows objects);
//! * [`moves`] and [`changes`] are what can happen, [`rest`] and [`webhooks`] how the world hears of it;
//! * [`control`] are the contract's routes.
//!
//! Approximated: one location for each fulfilment service; risk is one assessment; a refund without an amount pays the
//! lines' undiscounted prices; `orders/updated` goes out after an edit only; costs are estimated (see
//! [`cost::of`]); access scopes are not played.

mod api;
mod changes;
pub mod control;
mod cost;
pub mod graphql;
mod money;
mod moves;
mod mutations;
mod mutations_fulfillment;
mod order;
mod page;
mod payload;
mod queries;
mod rest;
mod view;
mod view_parts;
pub mod webhooks;

pub use order::RiskLevel;

use crate::{Ctx, clock, lock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use webhooks::Subscription;

/// Operations for `GET /_sandbox/operations`: the fields of GraphQL's roots.
pub const OPERATIONS: &[&str] = &[
    "order",
    "orders",
    "fulfillment",
    "fulfillmentOrder",
    "node",
    "nodes",
    "job",
    "shop",
    "webhookSubscriptions",
    "fulfillmentCreate",
    "fulfillmentTrackingInfoUpdate",
    "fulfillmentEventCreate",
    "fulfillmentOrderHold",
    "fulfillmentOrderReleaseHold",
    "orderCancel",
    "tagsAdd",
    "tagsRemove",
    "metafieldsSet",
    "webhookSubscriptionCreate",
    "webhookSubscriptionDelete",
];

/// The store. Cloning is cheap; all clones are the same store.
#[derive(Clone)]
pub struct Shopify {
    ctx: Ctx,
    schema: graphql::SharedSchema,
    store: Arc<Mutex<Store>>,
}

/// What the store knows.
#[derive(Debug, Default)]
pub(crate) struct Store {
    orders: BTreeMap<u64, order::Order>,
    subscriptions: Vec<Subscription>,
    /// Jobs under way.
    jobs: BTreeSet<String>,
    bucket: api::Bucket,
}

impl Shopify {
    /// Errors: a published schema that is there but cannot be read.
    pub fn new(ctx: Ctx) -> anyhow::Result<Self> {
        let schema = graphql::schema(ctx.config.specs.as_deref(), &ctx.config.shopify.api_version)?;
        let shopify = Self { ctx, schema, store: Arc::default() };
        shopify.reset();
        Ok(shopify)
    }

    /// An empty store with the subscriptions it began with.
    pub fn reset(&self) {
        let config = &self.ctx.config.shopify;
        let subscribe = |topic: &String| Subscription {
            id: self.ctx.next_id(),
            topic: topic.clone(),
            uri: webhooks::DOOR.to_owned(),
            created_at: clock::now_rfc3339(),
        };
        let subscriptions = config.topics.iter().map(subscribe).collect();
        *lock(&self.store) = Store { subscriptions, ..Store::default() };
    }

    /// Jobs the store still has to finish.
    pub fn pending(&self) -> usize {
        lock(&self.store).jobs.len()
    }
}
