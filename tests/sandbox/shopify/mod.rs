//! Shopify: a store with its orders, its Admin GraphQL and its webhooks.
//!
//! * [`payload`] judges an order payload, [`order`], [`payments`], [`risk`], [`checkouts`], [`customers`] and [`catalog`] are what the store
//!   keeps;
//! * [`graphql`] executes against the published schema ([`queries`], [`mutations`]; [`view`] shows objects);
//! * [`moves`] and [`changes`] are what can happen, [`rest`] and [`webhooks`] how the world hears of it, [`subscriptions`] who
//!   does;
//! * [`control`] and [`happen`] are the contract's routes.
//!
//! Approximated: one location for each fulfilment service; a refund without an amount pays the lines' undiscounted prices; a
//! payment shows a card only where the payload or control names one; costs are estimated (see [`cost::of`]); access scopes
//! are not played.

mod api;
mod catalog;
mod changes;
mod checkouts;
pub mod control;
mod cost;
mod customers;
mod documents;
pub mod graphql;
mod happen;
mod money;
mod moves;
mod mutations;
mod mutations_fulfillment;
mod order;
mod order_create;
mod page;
mod payload;
mod payments;
mod queries;
mod rest;
mod risk;
mod search;
mod subscriptions;
mod view;
mod view_parts;
pub mod webhooks;

pub use risk::RiskLevel;

use crate::config::Subscriptions;
use crate::{Ctx, lock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

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
    "abandonedCheckouts",
    "customer",
    "customerByIdentifier",
    "productVariant",
    "productVariants",
    "fulfillmentCreate",
    "fulfillmentTrackingInfoUpdate",
    "fulfillmentEventCreate",
    "fulfillmentOrderHold",
    "fulfillmentOrderReleaseHold",
    "orderCancel",
    "orderCreate",
    "tagsAdd",
    "tagsRemove",
    "metafieldsSet",
    "webhookSubscriptionCreate",
    "webhookSubscriptionDelete",
    "customerCreate",
    "customerEmailMarketingConsentUpdate",
];

/// The store. Cloning is cheap; all clones are the same store.
#[derive(Clone)]
pub struct Shopify {
    ctx: Ctx,
    schema: graphql::SharedSchema,
    documents: Arc<documents::Documents>,
    store: Arc<Mutex<Store>>,
}

/// What the store knows.
#[derive(Debug, Default)]
pub(crate) struct Store {
    orders: BTreeMap<u64, order::Order>,
    /// How many orders each customer has.
    orders_of: BTreeMap<u64, u64>,
    checkouts: BTreeMap<u64, checkouts::Checkout>,
    customers: BTreeMap<u64, customers::Customer>,
    /// Topics of the standing subscription.
    standing: BTreeSet<String>,
    /// What was subscribed through the Admin API.
    subscriptions: Vec<subscriptions::Subscription>,
    drop: subscriptions::Drop,
    /// Jobs under way.
    jobs: BTreeSet<String>,
    bucket: api::Bucket,
}

impl Shopify {
    /// Errors: a published schema that is there but cannot be read.
    pub fn new(ctx: Ctx) -> anyhow::Result<Self> {
        let schema = graphql::schema(ctx.config.specs.as_deref(), &ctx.config.shopify.api_version)?;
        let shopify = Self { ctx, schema, documents: Arc::default(), store: Arc::default() };
        shopify.reset();
        Ok(shopify)
    }

    /// An empty store; the mode of its subscriptions stays.
    pub fn reset(&self) {
        let mode = self.ctx.live().shopify_subscriptions;
        *lock(&self.store) = Store::default();
        self.subscriptions_are(mode);
    }

    /// Changes who hears of the store; what was subscribed through the API stays.
    pub fn subscriptions_are(&self, mode: Subscriptions) {
        lock(&self.ctx.live).shopify_subscriptions = mode;
        lock(&self.store).standing = match mode {
            Subscriptions::Standing => self.ctx.config.shopify.topics.iter().cloned().collect(),
            Subscriptions::Api => BTreeSet::new(),
        };
    }

    /// Jobs the store still has to finish.
    pub fn pending(&self) -> usize {
        lock(&self.store).jobs.len()
    }
}

impl Store {
    /// Takes an order in, instead of one with the same number.
    fn keep(&mut self, order: order::Order) {
        if let Some(customer) = order.customer() {
            *self.orders_of.entry(customer).or_default() += 1;
        }
        let before = self.orders.insert(order.id, order);
        if let Some(orders) = before.and_then(|before| before.customer()).and_then(|id| self.orders_of.get_mut(&id)) {
            *orders = orders.saturating_sub(1);
        }
    }
}
