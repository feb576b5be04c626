//! The headless store's checkout, from a browser's request to an order that is paid, with the sandbox for Stripe.

use std::sync::Arc;

use domain::event::{CheckoutEnd, Fact};
use domain::money::Money;
use domain::order::{Order, Payment, Risk};
use domain::subject::OrderId;
use jiff::SignedDuration;
use lambda::Secrets;
use lambda::config::{CheckoutSection, StripeSection};
use sandbox::faults::{Arm, Fault};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use store::headless::row::OrderRow;
use store::headless::table::{Memory, OrderTable};
use store::headless::{Headless, Parts};
use store::{ReadOrder, ResolvePayment, Resolved};
use storefront::{Reply, Request, Storefront};

use crate::support::{client, control, specs};
use crate::world::SimClock;

pub const SITE: &str = "https://www.example.com";

/// A shop of its own: a table, a Stripe account, a storefront.
pub struct Shop<T = Arc<Memory>> {
    pub sandbox: Sandbox,
    pub clock: SimClock,
    pub store: Headless<T>,
    pub table: T,
    key: String,
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
        let stripes = clock.clone();
        sandbox.stripe.live_by(move || stripes.get().as_second());
        let store = headless(&sandbox, table.clone(), &key, &section(), &clock);
        Self { sandbox, clock, store, table, key }
    }

    /// The same shop after its owner changed store.toml.
    fn with(&self, checkout: &CheckoutSection) -> Headless<T> {
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

fn request(method: &str, body: impl Into<String>) -> Request {
    Request {
        method: method.into(),
        path: "checkout".into(),
        headers: vec![("content-type".into(), "application/json".into()), ("origin".into(), SITE.into())],
        body: body.into().into_bytes(),
        ip: Some("198.51.100.7".into()),
    }
}

fn cart(json: Value) -> Value {
    let mut cart = json!({ "cart": "cart-0001", "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 2 }] });
    cart.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
    cart
}

fn dollars(amount: &str) -> Money {
    Money::parse(amount, "USD").unwrap()
}

/// Our own prices and what Stripe added are what Stripe charged.
fn assert_adds_up(order: &Order) {
    let parts = &order.amounts.shop;
    let sum = parts.lines.0.minus(parts.discounts.0).unwrap().plus(parts.shipping.0).unwrap();
    assert_eq!(sum.plus(parts.tax.0).unwrap(), parts.total.0);
}

#[tokio::test]
async fn a_cart_becomes_an_order_at_our_own_prices_and_then_a_paid_one() {
    let shop = Shop::new().await;
    let with_prices = cart(json!({
        "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 2, "price": "0.01" }, { "sku": "CARD-A", "quantity": 3 }],
        "email": "ada@example.com",
    }));
    let reply = shop.post(&with_prices).await;
    let answer: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((reply.status, answer["order"].as_str()), (200, Some("#1001")), "{answer}");
    let session = shop.stripe("sessions").await.remove(0);
    assert_eq!(answer["url"], session["url"]);
    assert_eq!(session["amount_subtotal"], 2 * 2_500 + 3 * 195);
    assert_eq!(
        (&session["client_reference_id"], &session["metadata"]["baton_order"]),
        (&json!("1001"), &json!("1001"))
    );
    assert_eq!(session["customer_email"], "ada@example.com");
    assert_eq!(session["shipping_options"].as_array().unwrap().len(), 2);

    let before = shop.order(OrderId(1001)).await;
    assert_eq!((before.payment, before.fulfilment_orders.len()), (Payment::Pending, 0), "nobody makes it");
    let id = session["id"].as_str().unwrap();
    shop.at_stripe(&format!("sessions/{id}/pay"), json!({ "risk": "elevated" })).await;
    let (order, facts) = shop.resolve(id).await;
    let ids: Vec<String> = facts.iter().map(|fact| fact.id().0).collect();
    assert_eq!((order, &ids[..2]), (OrderId(1001), &["created".to_owned(), "paid".to_owned()][..]));
    let order = shop.order(order).await;
    assert_eq!((order.name.as_str(), &order.payment), ("#1001", &Payment::Paid));
    assert_eq!(order.amounts.shop.lines.0, dollars("55.85"));
    assert_eq!(order.amounts.shop.shipping.0, dollars("4.90"));
    assert_eq!(order.amounts.shop.tax.0, dollars("6.07"));
    assert_eq!(order.amounts.customer.total.0, dollars("66.82"));
    assert_eq!((order.risk, order.buyer.ip.as_deref()), (Risk::Medium, Some("198.51.100.7")));
    assert!(order.ship_to.is_some() && order.bill_to.is_some());
    assert!(order.test, "the sandbox's key is a test key");
    let card = order.attempts[0].card.as_ref().unwrap();
    assert!(card.brand.as_deref() == Some("visa") && card.fingerprint.is_some(), "{card:?}");
    assert_adds_up(&order);
    shop.assert_expected();
}

#[tokio::test]
async fn yen_have_no_cents_and_a_currency_has_its_own_shipping() {
    let shop = Shop::new().await;
    assert_eq!(shop.post(&cart(json!({ "currency": "jpy" }))).await.status, 200);
    let session = shop.stripe("sessions").await.remove(0);
    assert_eq!((&session["currency"], &session["amount_subtotal"]), (&json!("jpy"), &json!(7_200)));
    assert_eq!(session["shipping_options"].as_array().unwrap().len(), 1, "express has no price in yen");
    let id = session["id"].as_str().unwrap();
    shop.at_stripe(&format!("sessions/{id}/pay"), json!({})).await;
    let order = shop.order(shop.resolve(id).await.0).await;
    assert_eq!(order.amounts.shop.total.0, Money::parse("8690", "JPY").unwrap());
    assert_adds_up(&order);
    shop.assert_expected();
}

#[tokio::test]
async fn the_same_cart_is_one_order_and_one_session_however_often_and_at_once() {
    let shop = Shop::new().await;
    let body = cart(json!({}));
    let replies = futures(16, || shop.post(&body)).await;
    assert!(replies.iter().all(|reply| reply == &replies[0] && reply.status == 200), "{replies:?}");
    assert_eq!(shop.post(&body).await, replies[0]);
    assert_eq!(shop.stripe("sessions").await.len(), 1);
    let answer: Value = serde_json::from_str(&replies[0].body).unwrap();
    let number = answer["order"].as_str().unwrap().trim_start_matches('#').parse::<u64>().unwrap();
    assert!(shop.row(number).await.link.is_some());
    let other = shop.post(&cart(json!({ "cart": "cart-0002" }))).await;
    assert_ne!(other.body, replies[0].body);
    assert_eq!(shop.stripe("sessions").await.len(), 2);
    shop.assert_expected();
}

/// So many of them under way at once.
async fn futures<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    let mut running: Vec<_> = (0..count).map(|_| Box::pin(make())).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}

#[tokio::test]
async fn whatever_happens_to_the_answer_the_next_try_is_the_same_session() {
    for (fault, status) in [
        (Fault::LostAnswer, 503),
        (Fault::ServerError, 503),
        (Fault::TooMany, 503),
        (Fault::Reset, 503),
        (Fault::Refuse, 502),
    ] {
        let shop = Shop::new().await;
        let (provider, operation) = ("stripe".to_owned(), "create_session".to_owned());
        let arm = Arm { provider, operation, fault, times: Some(1), skip: 0, seconds: None };
        shop.sandbox.ctx.faults.arm(vec![arm]);
        let body = cart(json!({}));
        let first = shop.post(&body).await;
        assert_eq!(first.status, status, "{fault:?} {}", first.body);
        assert!(first.body.contains("Nothing was charged"), "{}", first.body);
        assert_eq!(first.header("retry-after").is_some(), status == 503);
        let second = shop.post(&body).await;
        assert_eq!(second.status, 200, "{fault:?} {}", second.body);
        assert_eq!(shop.stripe("sessions").await.len(), 1, "{fault:?}");
        assert!(second.body.contains("#1001"), "{fault:?}: the order is the same");
    }
}

#[tokio::test]
async fn an_expired_checkout_is_told_and_the_same_cart_opens_a_new_one_for_the_same_order() {
    let shop = Shop::new().await;
    let first = shop.begun("cart-0001").await;
    shop.at_stripe(&format!("sessions/{first}/expire"), json!({})).await;
    let (order, facts) = shop.resolve(&first).await;
    assert_eq!(facts, [Fact::CheckoutEnded { how: CheckoutEnd::Expired }]);
    let second = shop.begun("cart-0001").await;
    assert_ne!(first, second);
    assert_eq!(shop.begun("cart-0001").await, second, "and that one again");
    shop.at_stripe(&format!("sessions/{second}/pay"), json!({})).await;
    // The late word about the first session comes after the payment.
    assert_eq!(shop.resolve(&second).await.0, order);
    let (_, facts) = shop.resolve(&first).await;
    assert!(facts.contains(&Fact::OrderPaid {}) && !facts.iter().any(|f| matches!(f, Fact::CheckoutEnded { .. })));
    let reply = shop.post(&cart(json!({}))).await;
    assert_eq!(reply.status, 409);
    assert!(reply.body.contains("#1001") && reply.body.contains("Begin a new one"), "{}", reply.body);
    shop.assert_expected();
}

#[tokio::test]
async fn a_checkout_whose_end_nobody_heard_is_looked_at_before_it_is_offered_again() {
    let shop = Shop::new().await;
    let first = shop.begun("cart-0001").await;
    shop.pass(SignedDuration::from_hours(25));
    shop.at_stripe(&format!("sessions/{first}/expire"), json!({})).await;
    assert_ne!(shop.begun("cart-0001").await, first);
    // Paid, and the door did not hear it: no second time.
    let shop = Shop::new().await;
    let first = shop.begun("cart-0001").await;
    shop.at_stripe(&format!("sessions/{first}/pay"), json!({})).await;
    shop.pass(SignedDuration::from_hours(25));
    assert_eq!(shop.post(&cart(json!({}))).await.status, 409);
    assert_eq!(shop.order(OrderId(1001)).await.payment, Payment::Paid);
    shop.assert_expected();
}

#[tokio::test]
async fn a_new_price_is_a_new_order_and_new_shipping_is_not() {
    let shop = Shop::new().await;
    let cart: store::headless::cart::Cart = serde_json::from_value(cart(json!({}))).unwrap();
    let begin = async |checkout: &CheckoutSection| {
        let store = shop.with(checkout);
        store.begin(&cart.price(checkout, store.shop()).unwrap(), None).await.unwrap()
    };
    let first = begin(&section()).await;
    let mut dearer = section();
    dearer.products = serde_json::from_value::<CheckoutSection>(json!({
        "products": [{ "sku": "LIGHTHOUSE-A", "title": "Lighthouse", "prices": { "USD": "30.00" } }],
    }))
    .unwrap()
    .products;
    assert_ne!(begin(&dearer).await, first);
    let mut slower = section();
    slower.shipping.truncate(1);
    assert_eq!(begin(&slower).await, first, "who has the page keeps it");
    // The answer was lost, the owner changed the shipping, the customer tried again: the order gets a session all the same.
    let shop = Shop::new().await;
    let lost = Arm {
        provider: "stripe".into(),
        operation: "create_session".into(),
        fault: Fault::LostAnswer,
        times: Some(1),
        skip: 0,
        seconds: None,
    };
    shop.sandbox.ctx.faults.arm(vec![lost]);
    let priced = cart.price(&section(), "example-prints").unwrap();
    assert!(shop.store.begin(&priced, None).await.is_err());
    assert!(shop.with(&slower).begin(&priced, None).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_with_words_and_stripe_hears_nothing() {
    let shop = Shop::new().await;
    let front = Storefront::new(Some(shop.store.clone())).unwrap();
    let many = vec![json!({ "sku": "LIGHTHOUSE-A", "quantity": 1 }); 2_000];
    for (body, status, word) in [
        (String::new(), 400, "items"),
        ("{".to_owned(), 400, "items"),
        (json!({ "cart": "cart-0001" }).to_string(), 400, "items"),
        (cart(json!({ "items": [{ "sku": "LIGHTHOUSE-A", "quantity": -1 }] })).to_string(), 400, "items[0].quantity"),
        (cart(json!({ "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 1.5 }] })).to_string(), 400, "items[0].quantity"),
        (cart(json!({ "items": [] })).to_string(), 422, "Put something into it"),
        (cart(json!({ "items": [{ "sku": "GONE", "quantity": 1 }] })).to_string(), 422, "Take it out"),
        (cart(json!({ "items": [{ "sku": "CARD-A", "quantity": 11 }] })).to_string(), 422, "At most 10"),
        (
            cart(json!({ "items": [{ "sku": "CARD-A", "quantity": 1 }], "currency": "EUR" })).to_string(),
            422,
            "another currency",
        ),
        (cart(json!({ "email": "nobody" })).to_string(), 422, "not a mail address"),
        (cart(json!({ "cart": "../etc" })).to_string(), 422, "Reload"),
        (cart(json!({ "items": many })).to_string(), 413, "too large"),
    ] {
        let reply = front.answer(&request("POST", body.clone())).await;
        assert_eq!(reply.status, status, "{:.80} {}", body, reply.body);
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let words = answer["error"]["message"].as_str().unwrap();
        assert!(words.contains(word), "{words}");
    }
    assert_eq!(shop.stripe("sessions").await, Vec::<Value>::new());
    assert_eq!(shop.table.last_number().await.unwrap(), 1_000, "no number was taken");
    shop.assert_expected();
}

#[tokio::test]
async fn only_the_shops_own_site_may_begin_a_checkout() {
    let shop = Shop::new().await;
    let front = Storefront::new(Some(shop.store.clone())).unwrap();
    let from = |method: &str, origin: Option<&str>| {
        let mut request = request(method, cart(json!({})).to_string());
        request.headers.retain(|(name, _)| name != "origin");
        request.headers.extend(origin.map(|origin| ("origin".to_owned(), origin.to_owned())));
        request
    };
    let allowed = "access-control-allow-origin";
    let preflight = front.answer(&from("OPTIONS", Some(SITE))).await;
    assert_eq!((preflight.status, preflight.header(allowed)), (204, Some(SITE)));
    assert_eq!(preflight.header("access-control-allow-methods"), Some("POST"));
    for foreign in
        ["https://evil.example.com", "https://www.example.com.evil.example", "http://www.example.com", "null"]
    {
        let preflight = front.answer(&from("OPTIONS", Some(foreign))).await;
        assert_eq!(preflight.header(allowed), None, "{foreign}");
        let reply = front.answer(&from("POST", Some(foreign))).await;
        assert_eq!((reply.status, reply.header(allowed)), (403, None), "{foreign}");
    }
    assert_eq!(shop.stripe("sessions").await.len(), 0);
    assert_eq!(front.answer(&from("POST", None)).await.status, 200, "no browser, no origin");
    assert_eq!(front.answer(&from("POST", Some(SITE))).await.header(allowed), Some(SITE));
    assert_eq!(front.answer(&from("GET", Some(SITE))).await.status, 405);
    let elsewhere = Request { path: "basket".into(), ..from("POST", Some(SITE)) };
    assert_eq!(front.answer(&elsewhere).await.status, 404);
    let shopify = Storefront::<Arc<Memory>>::new(None).unwrap();
    assert_eq!(shopify.answer(&from("POST", Some(SITE))).await.status, 404, "a shop on Shopify has its checkout there");
}

#[tokio::test]
async fn a_plain_form_is_sent_on_to_stripe() {
    let shop = Shop::new().await;
    let front = Storefront::new(Some(shop.store.clone())).unwrap();
    let mut form = request("POST", "cart=cart-0001&sku=LIGHTHOUSE-A&quantity=2");
    form.headers = vec![
        ("content-type".into(), "application/x-www-form-urlencoded; charset=UTF-8".into()),
        ("accept".into(), "text/html,application/xhtml+xml".into()),
        ("origin".into(), SITE.into()),
    ];
    let reply = front.answer(&form).await;
    let session = shop.stripe("sessions").await.remove(0);
    assert_eq!((reply.status, reply.header("location")), (303, session["url"].as_str()));
    form.body = b"cart=cart-0001&sku=%3Cscript%3E&quantity=2".to_vec();
    let reply = front.answer(&form).await;
    assert_eq!(reply.status, 422);
    assert!(reply.body.contains("&lt;script&gt;") && reply.body.starts_with("<!doctype html>"), "{}", reply.body);
}

#[tokio::test]
async fn a_checkout_that_is_not_set_up_does_not_start() {
    let shop = Shop::new().await;
    let mut half = section();
    half.countries.clear();
    half.success_url.clear();
    let Err(error) = Storefront::new(Some(shop.with(&half))) else { panic!("it started") };
    let words = error.to_string();
    assert!(words.contains("checkout.countries") && words.contains("checkout.success_url"), "{words}");
}

#[tokio::test]
async fn delayed_money_is_awaited_and_comes_or_does_not() {
    for (act, payment, cancelled) in [("async_succeed", Payment::Paid, false), ("async_fail", Payment::Voided, true)] {
        let shop = Shop::new().await;
        let session = shop.begun("cart-0001").await;
        shop.at_stripe(&format!("sessions/{session}/pay_async"), json!({})).await;
        let (order, facts) = shop.resolve(&session).await;
        assert!(facts.contains(&Fact::OrderCreated {}) && !facts.contains(&Fact::OrderPaid {}), "{facts:?}");
        assert_eq!(shop.order(order).await.payment, Payment::Pending);
        shop.at_stripe(&format!("sessions/{session}/{act}"), json!({})).await;
        let (_, facts) = shop.resolve(&session).await;
        assert_eq!(facts.contains(&Fact::OrderPaid {}), !cancelled, "{facts:?}");
        let order = shop.order(order).await;
        assert_eq!((order.payment, order.cancelled), (payment, cancelled));
        shop.assert_expected();
    }
}

#[tokio::test]
async fn a_declined_attempt_is_seen_and_is_no_order_yet() {
    let shop = Shop::new().await;
    let session = shop.begun("cart-0001").await;
    shop.at_stripe(&format!("sessions/{session}/fail"), json!({ "decline": "insufficient_funds" })).await;
    let intent = shop.stripe("payment_intents").await.remove(0)["id"].as_str().unwrap().to_owned();
    let (order, facts) = shop.resolve(&intent).await;
    assert_eq!(facts, []);
    let failed = shop.order(order).await.attempts.remove(0);
    assert_eq!(failed.outcome, domain::order::AttemptOutcome::Failed);
    assert!(failed.error.is_some(), "{failed:?}");
    shop.at_stripe(&format!("sessions/{session}/pay"), json!({})).await;
    shop.resolve(&intent).await;
    assert_eq!(shop.order(order).await.attempts.len(), 2);
    shop.assert_expected();
}

/// Everything Stripe has to say of one order, told in many orders and twice: the same row every time.
#[tokio::test]
async fn every_order_of_the_same_messages_ends_in_the_same_row() {
    let shop = Shop::new().await;
    let session = shop.begun("cart-0001").await;
    let fresh = shop.row(1001).await;
    shop.at_stripe(&format!("sessions/{session}/fail"), json!({})).await;
    shop.at_stripe(&format!("sessions/{session}/pay"), json!({ "risk": "elevated" })).await;
    shop.at_stripe(&format!("charges/{session}/refund"), json!({ "amount": 1_000 })).await;
    shop.at_stripe(&format!("charges/{session}/warn"), json!({})).await;
    shop.at_stripe(&format!("charges/{session}/dispute"), json!({ "kind": "inquiry" })).await;
    let events = shop.stripe("events").await;
    let objects: Vec<String> =
        events.iter().map(|event| event["data"]["object"]["id"].as_str().unwrap().to_owned()).collect();
    assert!(objects.len() >= 7, "{objects:?}");
    let mut rows: Vec<OrderRow> = Vec::new();
    for seed in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut told: Vec<&String> = objects.iter().chain(&objects).collect();
        random.shuffle(&mut told);
        let table = Arc::new(Memory::default());
        table.put_new(&fresh).await.unwrap();
        let store = headless(&shop.sandbox, table.clone(), &shop.key, &section(), &shop.clock);
        for object in told {
            assert!(matches!(store.resolve("told", object).await.unwrap(), Resolved::Order { .. }), "{object}");
        }
        let row = table.get(1001).await.unwrap().unwrap();
        rows.push(OrderRow { rev: 0, updated: fresh.updated, ..row });
    }
    assert!(rows.iter().all(|row| *row == rows[0]));
    let row = &rows[0];
    assert_eq!((row.attempts.len(), row.refunds.len(), row.warnings.len(), row.disputes.len()), (2, 1, 1, 1));
    shop.assert_expected();
}

#[tokio::test]
async fn money_that_belongs_to_no_order_is_said_to_be_so() {
    let shop = Shop::new().await;
    let by_hand = async |form: &str, key: &str| {
        let request = client().post(format!("{}/stripe/v1/payment_intents", shop.sandbox.url()));
        let request = request.bearer_auth(&shop.key).header("Stripe-Version", store::headless::VERSION);
        let request =
            request.header("Idempotency-Key", key).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(form.to_owned()).send().await.unwrap();
        let intent: Value = response.json().await.unwrap();
        intent["id"].as_str().unwrap_or_else(|| panic!("{intent}")).to_owned()
    };
    let paid = "amount=1240&currency=usd&confirm=true&payment_method=pm_card_visa&automatic_payment_methods[enabled]=true\
                &automatic_payment_methods[allow_redirects]=never";
    let intent = by_hand(paid, "one").await;
    let told = shop.store.resolve("payment_intent.succeeded", &intent).await.unwrap();
    assert_eq!(told, Resolved::MoneyWithoutOrder { payment: intent, amount: "12.40 USD".into() });
    let lost = by_hand(&format!("{paid}&metadata[baton_order]=4711&metadata[baton_shop]=example-prints"), "two").await;
    let told = shop.store.resolve("payment_intent.succeeded", &lost).await.unwrap();
    assert!(matches!(told, Resolved::MoneyWithoutOrder { .. }), "an order we do not have: {told:?}");
    let other = by_hand(&format!("{paid}&metadata[baton_order]=4711&metadata[baton_shop]=another-shop"), "three").await;
    assert_eq!(shop.store.resolve("payment_intent.succeeded", &other).await.unwrap(), Resolved::Nothing);
    let unpaid = by_hand("amount=1240&currency=usd", "four").await;
    assert_eq!(shop.store.resolve("payment_intent.payment_failed", &unpaid).await.unwrap(), Resolved::Nothing);
    let Err(trouble) = shop.store.resolve("charge.refunded", "ch_1000000000000000000000000").await else { panic!() };
    assert!(trouble.to_string().contains("check that the secret key"), "{trouble}");
    shop.assert_expected();
}

#[tokio::test]
async fn a_second_payment_for_one_order_is_money_without_an_order() {
    let shop = Shop::new().await;
    let order = shop.paid("cart-0001").await;
    let form = "amount=6039&currency=usd&confirm=true&payment_method=pm_card_visa&automatic_payment_methods[enabled]=true\
                &automatic_payment_methods[allow_redirects]=never&metadata[baton_order]=1001\
                &metadata[baton_shop]=example-prints";
    let request = client().post(format!("{}/stripe/v1/payment_intents", shop.sandbox.url()));
    let request = request.bearer_auth(&shop.key).header("Stripe-Version", store::headless::VERSION);
    let request = request.header("Idempotency-Key", "k").header("content-type", "application/x-www-form-urlencoded");
    let intent: Value = request.body(form).send().await.unwrap().json().await.unwrap();
    let intent = intent["id"].as_str().unwrap();
    let before = shop.order(order).await;
    let told = shop.store.resolve("payment_intent.succeeded", intent).await.unwrap();
    assert_eq!(told, Resolved::MoneyWithoutOrder { payment: intent.into(), amount: "60.39 USD".into() });
    let after = shop.order(order).await;
    assert_eq!((after.amounts, after.payment), (before.amounts, Payment::Paid));
}
