//! A shop of its own: the headless store over some table, with the sandbox for Stripe.

use std::sync::Arc;

use domain::event::Fact;
use domain::order::Order;
use domain::subject::OrderId;
use jiff::SignedDuration;
use lambda::Secrets;
use lambda::config::{CheckoutSection, StripeSection};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use store::headless::row::OrderRow;
use store::headless::table::{Memory, OrderTable};
use store::headless::{Headless, Parts};
use store::{ReadOrder, ResolvePayment, Resolved};
use storefront::{Reply, Request, Storefront};

use crate::support::{control, specs};
use crate::world::SimClock;

pub const SITE: &str = "https://www.example.com";

/// A shop of its own: a table, a Stripe account, a storefront.
pub struct Shop<T = Arc<Memory>> {
    pub sandbox: Sandbox,
    pub clock: SimClock,
    pub store: Headless<T>,
    pub table: T,
    pub key: String,
}

pub fn section() -> CheckoutSection {
    serde_json::from_value(json!({
        "origin": SITE,
        "success_url": format!("{SITE}/thanks?session={{CHECKOUT_SESSION_ID}}"),
        "cancel_url": format!("{SITE}/cart"),
        "currency": "USD",
        "countries": ["US", "DE", "JP"],
        "automatic_tax": true,
        "recovery": true,
        "promotion_codes": true,
        "ask_consent": true,
        "phone": true,
        "shipping": [
            { "name": "Standard", "prices": { "USD": "4.90", "EUR": "4.50", "JPY": "700" }, "days": [3, 7] },
            { "name": "Express", "prices": { "USD": "14.90" } },
        ],
        "products": [
            { "sku": "LIGHTHOUSE-A", "title": "Lighthouse", "variant_title": "30 x 40 cm", "tax_code": "txcd_99999999",
              "image": format!("{SITE}/lighthouse.jpg"), "prices": { "USD": "25.00", "EUR": "23.00", "JPY": "3600" } },
            { "sku": "CARD-A", "title": "Postcard", "prices": { "USD": "1.95" }, "most_pieces": 10 },
        ],
    }))
    .unwrap()
}

pub fn headless<T: OrderTable>(
    sandbox: &Sandbox,
    table: T,
    key: &str,
    checkout: &CheckoutSection,
    clock: &SimClock,
) -> Headless<T> {
    let stripe = StripeSection { base_url: format!("{}/stripe", sandbox.url()) };
    let secrets = Secrets::from_pairs([("call/stripe/secret-key", key)]);
    let http = lambda::http::client(2).unwrap();
    let clock = Arc::new(clock.clone());
    let parts = Parts { shop: "example-prints", stripe: &stripe, checkout, secrets: &secrets, http, clock };
    Headless::new(table, parts).unwrap()
}

impl Shop {
    pub async fn new() -> Self {
        Self::over(Arc::new(Memory::default())).await
    }
}

impl<T: OrderTable + Clone> Shop<T> {
    pub async fn over(table: T) -> Self {
        let mut config = Config { specs: specs(), retry_ms: vec![10], ..Config::default() };
        config.stripe.rate_limit = 1_000_000;
        let key = config.stripe.secret_key.clone();
        let sandbox = Sandbox::start(config).await.unwrap();
        let clock = SimClock::starting_at("2026-11-22T02:13:00Z");
        let providers = clock.clone();
        sandbox.live_by(move || providers.get());
        let store = headless(&sandbox, table.clone(), &key, &section(), &clock);
        Self { sandbox, clock, store, table, key }
    }

    /// The same shop after its owner changed store.toml.
    pub fn with(&self, checkout: &CheckoutSection) -> Headless<T> {
        headless(&self.sandbox, self.table.clone(), &self.key, checkout, &self.clock)
    }

    pub async fn post(&self, cart: &Value) -> Reply {
        let front = Storefront::new(Some(self.store.clone())).unwrap();
        front.answer(&request("POST", cart.to_string())).await
    }

    /// A checkout that is open: its session at Stripe.
    pub async fn begun(&self, cart: &str) -> String {
        let reply = self.post(&json!({ "cart": cart, "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 2 }] })).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let sessions = self.stripe("sessions").await;
        sessions.last().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Everything of a kind that Stripe has.
    pub async fn stripe(&self, kind: &str) -> Vec<Value> {
        let (status, list) = control(&self.sandbox, "GET", &format!("/_sandbox/stripe/{kind}"), "").await;
        assert_eq!(status, 200, "{list}");
        list.as_array().unwrap().clone()
    }

    /// Something happens at Stripe.
    pub async fn at_stripe(&self, path: &str, details: Value) -> Value {
        let (status, object) =
            control(&self.sandbox, "POST", &format!("/_sandbox/stripe/{path}"), details.to_string()).await;
        assert_eq!(status, 200, "{path}: {object}");
        object
    }

    pub async fn resolve(&self, object: &str) -> (OrderId, Vec<Fact>) {
        match self.store.resolve("told", object).await.unwrap() {
            Resolved::Order { order, facts, .. } => (order, facts),
            other => panic!("{other:?}"),
        }
    }

    pub async fn order(&self, id: OrderId) -> Order {
        self.store.order(id).await.unwrap().unwrap()
    }

    pub async fn row(&self, number: u64) -> OrderRow {
        self.table.get(number).await.unwrap().unwrap()
    }

    /// A paid order of two lighthouses.
    pub async fn paid(&self, cart: &str) -> OrderId {
        let session = self.begun(cart).await;
        self.at_stripe(&format!("sessions/{session}/pay"), json!({})).await;
        self.resolve(&session).await.0
    }

    pub fn pass(&self, time: SignedDuration) {
        self.clock.set(self.clock.get().checked_add(time).unwrap());
    }

    /// No request that Stripe would not take.
    pub fn assert_expected(&self) {
        let unexpected = self.sandbox.ctx.unexpected.list();
        assert!(unexpected.is_empty(), "{}", serde_json::to_string_pretty(&unexpected).unwrap());
    }
}

pub fn request(method: &str, body: impl Into<String>) -> Request {
    Request {
        method: method.into(),
        path: "checkout".into(),
        headers: vec![("content-type".into(), "application/json".into()), ("origin".into(), SITE.into())],
        body: body.into().into_bytes(),
        ip: Some("198.51.100.7".into()),
    }
}

pub fn cart(json: Value) -> Value {
    let mut cart = json!({ "cart": "cart-0001", "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 2 }] });
    cart.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
    cart
}
