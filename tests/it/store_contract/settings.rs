//! The two stores with their providers.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Timestamp;
use domain::event::Fact;
use domain::subject::OrderId;
use jiff::SignedDuration;
use lambda::Secrets;
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use store::headless::table::OrderTable;
use store::{Shopify, Topic};

use super::{Setting, Verbs};
use crate::storefront::Shop;
use crate::{support, world};

pub struct OnShopify {
    sandbox: Sandbox,
    store: Shopify,
    door: String,
    number: AtomicU64,
}

impl OnShopify {
    pub async fn new() -> Self {
        let config = Config {
            specs: support::specs(),
            retry_ms: vec![10],
            shopify: sandbox::config::ShopifyConfig { cost_maximum: 1_000_000, ..Default::default() },
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).await.unwrap();
        let door = support::Door::default().start().await;
        sandbox.set_intake_url(&door);
        let secrets =
            Secrets::from_pairs([("call/shopify/admin-token", sandbox.ctx.config.shopify.admin_token.as_str())]);
        let http = lambda::http::client(2).unwrap();
        let store = Shopify::new(&world::config(&sandbox).store, &secrets, http).unwrap();
        Self { sandbox, store, door, number: 450_789_469.into() }
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let path = format!("/_sandbox/shopify/{path}");
        let (status, answer) = support::control(&self.sandbox, method, &path, body.to_string()).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }
}

impl Setting for OnShopify {
    fn store(&self) -> &impl Verbs {
        &self.store
    }

    fn beginning(&self) -> Timestamp {
        "2020-01-01T00:00:00Z".parse().unwrap()
    }

    fn end(&self) -> Timestamp {
        "2100-01-01T00:00:00Z".parse().unwrap()
    }

    async fn paid(&self) -> OrderId {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        self.control("POST", "orders?deliver=0", world::payload(number)).await;
        OrderId(number)
    }

    async fn refund_some(&self, order: OrderId) {
        self.control("PUT", &format!("orders/{order}?deliver=0"), json!({ "do": "refund", "amount": "1.00" })).await;
    }

    async fn stall(&self) {
        let checkout = json!({
            "id": 8_101, "token": "stalled-1", "created_at": "2026-11-22T02:00:00Z", "updated_at": "2026-11-22T02:00:00Z",
            "currency": "EUR", "total_price": "58.45", "subtotal_price": "45.00", "completed_at": null, "line_items": [],
        });
        self.control("POST", "checkouts?deliver=0", checkout).await;
    }

    async fn leave(&self, mail: &str, street: &str) -> String {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let consent = json!({ "state": "subscribed", "opt_in_level": "single_opt_in" });
        self.control("POST", "customers?deliver=0", json!({ "email": mail, "email_marketing_consent": consent })).await;
        let mut checkout = world::payload(number);
        for gone in ["name", "customer", "financial_status", "admin_graphql_api_id"] {
            checkout.as_object_mut().unwrap().remove(gone);
        }
        checkout["token"] = json!(format!("left-{number}"));
        checkout["email"] = json!(mail);
        checkout["customer_locale"] = json!("de");
        checkout["created_at"] = json!("2026-11-22T03:00:00Z");
        checkout["updated_at"] = json!("2026-11-22T03:05:00Z");
        checkout["shipping_address"]["address1"] = json!(street);
        let answer = self.control("POST", "checkouts?deliver=0", checkout).await;
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn buy(&self, checkout: Option<&str>, mail: &str, street: &str) -> OrderId {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let customer = self.control("POST", "customers?deliver=0", json!({ "email": mail })).await;
        let mut order = world::payload(number);
        order["created_at"] = json!("2026-11-22T04:00:00Z");
        order["email"] = json!(mail);
        order["customer"] = json!({ "id": customer["id"].as_str().unwrap().parse::<u64>().unwrap(), "email": mail });
        order["shipping_address"]["address1"] = json!(street);
        if let Some(checkout) = checkout {
            order["checkout_id"] = json!(checkout.parse::<u64>().unwrap());
        }
        self.control("POST", "orders?deliver=0", order).await;
        OrderId(number)
    }

    fn door(&self) -> (String, &'static [Topic]) {
        (format!("{}webhooks/shopify", self.door), store::shopify::topics::TOPICS)
    }

    async fn lose(&self, topic: &str) {
        self.control("DELETE", &format!("subscriptions/{topic}"), Value::Null).await;
    }

    fn assert_expected(&self) {
        let unexpected = self.sandbox.ctx.unexpected.list();
        assert!(unexpected.is_empty(), "{}", serde_json::to_string_pretty(&unexpected).unwrap());
    }
}

pub struct OnOurOwn<T> {
    pub shop: Shop<T>,
    door: String,
    carts: AtomicU64,
    /// The cart of each checkout that was left.
    left: Mutex<BTreeMap<String, String>>,
}

fn details(mail: &str, street: &str) -> Value {
    let address = json!({ "line1": street, "city": "Exampleton", "postal_code": "10115", "country": "DE" });
    json!({ "email": mail, "promotions": "opt_in", "shipping": { "name": "Bo Example", "address": address } })
}

impl<T: OrderTable + Clone> OnOurOwn<T> {
    pub async fn over(table: T) -> Self {
        let shop = Shop::over(table).await;
        let door = support::Door::default().start().await;
        shop.sandbox.set_intake_url(&door);
        Self { shop, door, carts: 1.into(), left: Mutex::default() }
    }

    fn cart(&self) -> String {
        let cart = self.carts.fetch_add(1, Ordering::SeqCst);
        // So that no two things happen in the same second.
        self.shop.pass(SignedDuration::from_secs(60));
        format!("contract-{cart}")
    }
}

impl<T: OrderTable + Clone> Setting for OnOurOwn<T> {
    fn store(&self) -> &impl Verbs {
        &self.shop.store
    }

    fn beginning(&self) -> Timestamp {
        "2026-11-22T02:13:00Z".parse().unwrap()
    }

    fn end(&self) -> Timestamp {
        self.shop.clock.get().checked_add(SignedDuration::from_hours(1)).unwrap()
    }

    async fn paid(&self) -> OrderId {
        self.shop.paid(&self.cart()).await
    }

    async fn refund_some(&self, order: OrderId) {
        let payment = self.shop.row(order.0).await.payment.unwrap();
        let refund = self.shop.at_stripe(&format!("charges/{payment}/refund"), json!({ "amount": 100 })).await;
        self.shop.resolve(refund["id"].as_str().unwrap()).await;
    }

    async fn stall(&self) {
        self.shop.begun(&self.cart()).await;
    }

    async fn leave(&self, mail: &str, street: &str) -> String {
        let cart = self.cart();
        let session = self.shop.begun(&cart).await;
        self.shop.at_stripe(&format!("sessions/{session}/fail"), details(mail, street)).await;
        self.shop.at_stripe(&format!("sessions/{session}/expire"), json!({})).await;
        let (order, facts) = self.shop.resolve(&session).await;
        assert!(facts.iter().any(|fact| matches!(fact, Fact::CheckoutStarted { .. })), "{facts:?}");
        self.left.lock().unwrap().insert(order.to_string(), cart);
        order.to_string()
    }

    async fn buy(&self, checkout: Option<&str>, mail: &str, street: &str) -> OrderId {
        let left = checkout.map(|checkout| self.left.lock().unwrap()[checkout].clone());
        let fresh = self.cart();
        let session = self.shop.begun(&left.unwrap_or(fresh)).await;
        self.shop.at_stripe(&format!("sessions/{session}/pay"), details(mail, street)).await;
        self.shop.resolve(&session).await.0
    }

    fn door(&self) -> (String, &'static [Topic]) {
        (format!("{}webhooks/stripe", self.door), store::headless::TOPICS)
    }

    async fn lose(&self, topic: &str) {
        let endpoint = self.shop.stripe("endpoints").await.remove(0)["id"].as_str().unwrap().to_owned();
        let rest = store::headless::TOPICS.iter().filter(|known| known.name != topic);
        let form: Vec<String> =
            rest.enumerate().map(|(at, known)| format!("enabled_events[{at}]={}", known.name)).collect();
        let url = format!("{}/stripe/v1/webhook_endpoints/{endpoint}", self.shop.sandbox.url());
        let request = support::client().post(url).bearer_auth(&self.shop.sandbox.ctx.config.stripe.secret_key);
        let request = request.header("Stripe-Version", store::headless::VERSION);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.join("&"));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    fn assert_expected(&self) {
        self.shop.assert_expected();
    }
}
