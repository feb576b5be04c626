//! Stripe as the sandbox plays it.

mod api;
mod money;
mod shapes;

use reqwest::Method;
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

use crate::support::{self, Door};

const KEY: &str = "sk_test_sandbox";
const VERSION: &str = "2026-10-28.endive";

struct Account {
    sandbox: Sandbox,
    door: Door,
}

impl Account {
    async fn new() -> Self {
        let door = Door::default();
        Self { sandbox: support::sandbox(&door).await, door }
    }

    async fn of(config: Config) -> Self {
        let door = Door::default();
        let sandbox = Sandbox::start(Config { specs: support::specs(), retry_ms: vec![10], ..config }).await.unwrap();
        sandbox.set_intake_url(&door.start().await);
        Self { sandbox, door }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        support::client()
            .request(method, format!("{}/stripe/v1/{path}", self.sandbox.url()))
            .bearer_auth(KEY)
            .header("stripe-version", VERSION)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        answer(self.request(Method::POST, path).body(encoded(form)).header("content-type", FORM)).await
    }

    async fn post_with_key(&self, key: &str, path: &str, form: &[(&str, &str)]) -> (u16, Value, bool) {
        let request = self.request(Method::POST, path).header("idempotency-key", key);
        let response = request.body(encoded(form)).header("content-type", FORM).send().await.unwrap();
        let again = response.headers().get("idempotent-replayed").is_some();
        (response.status().as_u16(), response.json().await.unwrap(), again)
    }

    /// A session of one poster for 25 dollars, twice.
    async fn session(&self, more: &[(&str, &str)]) -> Value {
        let (status, session) = self.post("checkout/sessions", &[SESSION, more].concat()).await;
        assert_eq!(status, 200, "{session}");
        session
    }

    async fn act(&self, path: &str, body: Value) -> (u16, Value) {
        support::control(&self.sandbox, "POST", &format!("/_sandbox/stripe/{path}"), body.to_string()).await
    }

    async fn done(&self, path: &str, body: Value) -> Value {
        let (status, object) = self.act(path, body).await;
        assert_eq!(status, 200, "{path}: {object}");
        object
    }

    /// The types of all events, oldest first.
    async fn events(&self) -> Vec<String> {
        let listed = support::control(&self.sandbox, "GET", "/_sandbox/stripe/events", "").await.1;
        listed.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    fn findings(&self) -> Vec<String> {
        self.sandbox.ctx.unexpected.list().into_iter().map(|finding| finding.reason).collect()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

const SESSION: &[(&str, &str)] = &[
    ("mode", "payment"),
    ("success_url", "https://shop.example.com/thanks"),
    ("client_reference_id", "1001"),
    ("metadata[baton_order]", "1001"),
    ("payment_intent_data[metadata][baton_order]", "1001"),
    ("line_items[0][quantity]", "2"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "2500"),
    ("line_items[0][price_data][product_data][name]", "Lighthouse, 30 x 40 cm"),
];

fn encoded(form: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://form.example.com").unwrap();
    url.query_pairs_mut().extend_pairs(form);
    url.query().unwrap_or_default().to_owned()
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn error(answer: &(u16, Value)) -> (u16, &str, &str) {
    let error = &answer.1["error"];
    (answer.0, error["code"].as_str().or(error["type"].as_str()).unwrap(), error["param"].as_str().unwrap_or(""))
}

/// Invented details that a customer gives on the payment page.
fn customer() -> Value {
    json!({
        "email": "ada@example.com", "risk": "elevated", "card": { "brand": "mastercard", "country": "DE", "fingerprint": "F1" },
        "shipping": { "name": "Ada Example", "address": {
            "line1": "1 Example Street", "line2": null, "city": "Exampletown", "state": "KY", "postal_code": "40202", "country": "US",
        } },
    })
}
