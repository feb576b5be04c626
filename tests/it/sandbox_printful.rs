//! The partner as the sandbox plays it.

mod catalog;
mod moves;
mod requests;

use crate::support;
use reqwest::Method;
use sandbox::config::PrintfulConfig;
use sandbox::partners::Played as _;
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

const TOKEN: &str = "token-of-the-test";
/// Hex of what signs.
const SECRET: &str = "00ff10a5";

fn config() -> Config {
    Config {
        specs: support::specs(),
        printful: PrintfulConfig {
            token: TOKEN.to_owned(),
            webhook_secret: SECRET.to_owned(),
            path_secret: "path-of-the-test".to_owned(),
            variants: vec![4012, 1],
            rate_limit: 10_000,
            ..PrintfulConfig::default()
        },
        ..Config::default()
    }
}

struct Partner {
    sandbox: Sandbox,
    client: reqwest::Client,
}

impl Partner {
    async fn start(config: Config) -> Self {
        Self { sandbox: Sandbox::start(config).await.unwrap(), client: reqwest::Client::new() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request =
            self.client.request(method, format!("{}/printful{path}", self.sandbox.url())).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn create(&self, query: &str, order: &Value) -> (u16, Value) {
        self.send(Method::POST, &format!("/orders{query}"), Some(order)).await
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        let response = self.client.request(method, url).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn act(&self, id: &str, act: &str, body: Value) -> (u16, Value) {
        self.control(Method::POST, &format!("partner/printful/orders/{id}/{act}"), &body).await
    }

    fn findings(&self) -> Vec<String> {
        self.sandbox.ctx.unexpected.list().into_iter().map(|finding| finding.reason).collect()
    }
}

fn order(external_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "shipping": "STANDARD",
        "recipient": {
            "name": "Ada Example", "address1": "1 Example Street", "city": "Springfield", "state_code": "IL",
            "country_code": "US", "zip": "62701", "email": "ada@example.com",
        },
        "items": [
            {"external_id": "11", "variant_id": 4012, "quantity": 2, "retail_price": "20.00",
             "files": [{"type": "default", "url": "https://files.example.com/print.png"}]},
            {"external_id": "12", "variant_id": 1, "quantity": 1,
             "files": [{"url": "https://files.example.com/poster.png"}]},
        ],
        "retail_costs": {"currency": "USD", "shipping": "5.00"},
    })
}

/// The order with one place changed; null removes it.
fn changed(pointer: &str, value: Value) -> Value {
    let mut order = order("1001");
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = order.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    order
}

#[tokio::test]
async fn an_order_in_the_documented_envelope() {
    let partner = Partner::start(config()).await;
    let (status, created) = partner.create("", &order("1001")).await;
    assert_eq!((status, &created["code"]), (200, &json!(200)));
    let result = &created["result"];
    assert_eq!(result["status"], "draft");
    assert_eq!(result["external_id"], "1001");
    assert_eq!(result["items"][0]["quantity"], 2);
    assert_eq!(result["items"][0]["files"][0]["type"], "default");
    assert_eq!(result["costs"]["total"], "46.25", "3 x 12.50 + 4.75 + 2 x 2.00");
    assert_eq!(result["shipments"], json!([]));
    assert!(result["created"].is_i64() && result["id"].is_u64());

    let (_, by_id) = partner.send(Method::GET, &format!("/orders/{}", result["id"]), None).await;
    let (_, by_external_id) = partner.send(Method::GET, "/orders/@1001", None).await;
    assert_eq!(by_id["result"], by_external_id["result"]);
    let (_, page) = partner.send(Method::GET, "/orders?limit=1&status=draft", None).await;
    assert_eq!(page["paging"], json!({"total": 1, "offset": 0, "limit": 1}));
    assert_eq!(page["result"][0]["id"], result["id"]);

    let (status, confirmed) = partner.send(Method::POST, "/orders/@1001/confirm", None).await;
    assert_eq!((status, &confirmed["result"]["status"]), (200, &json!("pending")));
    assert_eq!(partner.findings(), Vec::<String>::new());
}

/// Answers of the documentation, key for key, except that ours has every key and may have null.
#[tokio::test]
async fn an_order_has_the_keys_of_the_published_answer() {
    let Some(samples) = support::samples() else { return };
    let text = std::fs::read(samples.join("printful/v1_spec_create_order_response_200.json")).unwrap();
    let published: Value = serde_json::from_slice(&text).unwrap();
    let partner = Partner::start(config()).await;
    let (_, created) = partner.create("?confirm=true", &order("1001")).await;
    let id = created["result"]["id"].to_string();
    partner.act(&id, "ship", json!({"tracking_number": "1Z", "carrier": "UPS"})).await;
    let (_, ours) = partner.send(Method::GET, &format!("/orders/{id}"), None).await;
    for pointer in [
        "",
        "/recipient",
        "/items/0",
        "/items/0/files/0",
        "/items/0/product",
        "/costs",
        "/retail_costs",
        "/shipments/0",
        "/shipments/0/items/0",
    ] {
        let keys = |value: &Value| -> Vec<String> {
            let object = value["result"].pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).as_object().unwrap();
            let mut keys: Vec<String> = object.keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&ours), keys(&published), "{pointer}");
    }
}

#[tokio::test]
async fn an_external_id_is_used_once() {
    let partner = Partner::start(config()).await;
    assert_eq!(partner.send(Method::GET, "/orders/@1001", None).await.0, 404);
    assert_eq!(partner.create("", &order("1001")).await.0, 200);
    let (status, again) = partner.create("?confirm=true", &order("1001")).await;
    assert_eq!((status, &again["error"]["reason"]), (400, &json!("OR-13")));
    assert!(again["result"].as_str().unwrap().contains("EXTERNAL_ID_IN_USE"));
    let (status, updated) =
        partner.create("?confirm=true&update_existing=true", &changed("/recipient/city", json!("Chicago"))).await;
    assert_eq!((status, &updated["result"]["recipient"]["city"]), (200, &json!("Chicago")));
    let (status, late) = partner.create("?update_existing=true", &order("1001")).await;
    assert_eq!((status, &late["error"]["reason"]), (400, &json!("OR-1")));
    assert_eq!(partner.sandbox.printful.list().len(), 1);
    assert_eq!(partner.findings(), Vec::<String>::new(), "all of it is ordinary business");
}

#[tokio::test]
async fn a_draft_is_changed_in_place() {
    let partner = Partner::start(config()).await;
    let (_, created) = partner.create("", &order("1001")).await;
    let change = json!({"recipient": {"city": "Chicago"}, "items": [{"external_id": "12", "quantity": 3}]});
    let (status, answer) = partner.send(Method::PUT, "/orders/@1001", Some(&change)).await;
    // The item is matched by its external id and keeps what is not given, but our strict sandbox wants to see which
    // variant it is, as the published schema does.
    assert_eq!(status, 400, "{answer}");
    let change = json!({"recipient": {"city": "Chicago"}, "items": [
        {"external_id": "12", "variant_id": 1, "quantity": 3, "files": [{"url": "https://files.example.com/poster.png"}]}]});
    let (status, answer) = partner.send(Method::PUT, "/orders/@1001?confirm=true", Some(&change)).await;
    assert_eq!((status, &answer["result"]["status"]), (200, &json!("pending")), "{answer}");
    assert_eq!(answer["result"]["recipient"]["name"], "Ada Example");
    assert_eq!(answer["result"]["items"].as_array().unwrap().len(), 1);
    assert_eq!(answer["result"]["items"][0]["id"], created["result"]["items"][1]["id"]);
    assert_eq!(partner.send(Method::PUT, "/orders/@1001", Some(&change)).await.1["error"]["reason"], "OR-1");
}

#[tokio::test]
async fn over_the_limit_is_a_minute_of_429() {
    let mut config = config();
    config.printful.rate_limit = 3;
    let partner = Partner::start(config).await;
    for id in 0..3 {
        assert_eq!(partner.create("", &order(&format!("{id}"))).await.0, 200);
    }
    let url = format!("{}/printful/orders/@1", partner.sandbox.url());
    let response = partner.client.get(url).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "60");
    assert_eq!(response.json::<Value>().await.unwrap()["code"], 429);
    assert_eq!(partner.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn faults_of_the_partner() {
    let partner = Partner::start(config()).await;
    let arm = |operation: &str, fault: &str| json!([{"provider": "printful", "operation": operation, "fault": fault, "times": 1}]);
    for (fault, wanted) in [("refuse", 400), ("5xx", 500), ("429", 429)] {
        assert_eq!(partner.control(Method::POST, "faults", &arm("create_order", fault)).await.0, 201);
        let (status, answer) = partner.create("", &order("1001")).await;
        assert_eq!((status, &answer["code"]), (wanted, &json!(wanted)), "{answer}");
    }
    assert!(partner.sandbox.printful.list().is_empty(), "nothing happened");
    partner.control(Method::POST, "faults", &arm("create_order", "lost_answer")).await;
    let url = format!("{}/printful/orders", partner.sandbox.url());
    assert!(partner.client.post(url).bearer_auth(TOKEN).json(&order("1001")).send().await.is_err());
    assert_eq!(partner.sandbox.printful.list().len(), 1, "it happened");
    partner.control(Method::POST, "faults", &arm("find_order", "5xx")).await;
    assert_eq!(partner.send(Method::GET, "/orders/@1001", None).await.0, 500);
    assert_eq!(partner.send(Method::GET, "/orders/@1001", None).await.0, 200);
    assert_eq!(partner.control(Method::POST, "faults", &arm("juggle", "5xx")).await.0, 400);
    assert_eq!(partner.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn webhook_settings_are_kept() {
    let partner = Partner::start(config()).await;
    let settings = json!({"url": "https://door.example.com/printful", "types": ["package_shipped"]});
    assert_eq!(partner.send(Method::POST, "/webhooks", Some(&settings)).await.0, 200);
    assert_eq!(partner.send(Method::GET, "/webhooks", None).await.1["result"]["types"], json!(["package_shipped"]));
    assert_eq!(partner.send(Method::DELETE, "/webhooks", None).await.1["result"]["url"], Value::Null);
    let unknown = json!({"url": "https://door.example.com", "types": ["shipment_sent"]});
    assert_eq!(partner.send(Method::POST, "/webhooks", Some(&unknown)).await.0, 400);
}
