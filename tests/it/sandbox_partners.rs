//! What the tests of Printify, Gelato and the workshop share, and what the control routes promise of every partner.

use crate::support::{self, Door, Received};
use reqwest::{Method, RequestBuilder};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use std::time::Duration;

/// A sandbox with a door that keeps what partners send.
pub struct Rig {
    pub sandbox: Sandbox,
    pub door: Door,
}

impl Rig {
    pub async fn start(config: Config) -> Self {
        let door = Door::default();
        let sandbox = Sandbox::start(config).await.unwrap();
        sandbox.set_intake_url(&door.start().await);
        Self { sandbox, door }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        support::client().request(method, format!("{}{path}", self.sandbox.url()))
    }

    pub async fn control(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let response = self.request(method, &format!("/_sandbox/{path}")).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// One act on an order of a partner; it must be possible.
    pub async fn act(&self, partner: &str, id: &str, act: &str, body: Value) -> Value {
        let (status, order) = self.control(Method::POST, &format!("partner/{partner}/orders/{id}/{act}"), &body).await;
        assert_eq!(status, 200, "{act}: {order}");
        order
    }

    pub async fn orders(&self, partner: &str) -> Vec<Value> {
        let (_, orders) = self.control(Method::GET, &format!("partner/{partner}/orders"), &json!({})).await;
        orders.as_array().unwrap().clone()
    }

    pub async fn arm(&self, partner: &str, operation: &str, fault: &str) {
        let arm = json!([{"provider": partner, "operation": operation, "fault": fault, "times": 1}]);
        assert_eq!(self.control(Method::POST, "faults", &arm).await.0, 201);
    }

    /// Reasons of the unexpected requests.
    pub fn findings(&self) -> Vec<String> {
        self.sandbox.ctx.unexpected.list().into_iter().map(|finding| finding.reason).collect()
    }

    /// Everything the door received, once nothing is on its way any more.
    pub async fn received(&self) -> Vec<Received> {
        for _ in 0..500 {
            if self.sandbox.ctx.deliveries.pending() == 0 {
                return self.door.received.lock().unwrap().clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("deliveries are still on their way");
    }
}

pub async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// `value` with one place changed; null removes it.
pub fn changed(mut value: Value, pointer: &str, to: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if to.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), to);
    }
    value
}

/// Every partner and where its webhooks arrive.
const PARTNERS: &[(&str, &str)] = &[
    ("printful", "/webhooks/printful/sandbox-path"),
    ("printify", "/webhooks/printify"),
    ("gelato", "/webhooks/gelato/sandbox-gelato-path"),
    ("workshop", "/webhooks/partner/workshop"),
];

#[tokio::test]
async fn the_control_routes_reach_every_partner() {
    let rig = Rig::start(Config::default()).await;
    let played: Vec<&str> = sandbox::partners::OPERATIONS.iter().map(|(partner, _)| *partner).collect();
    assert_eq!(PARTNERS.iter().map(|(partner, _)| *partner).collect::<Vec<_>>(), played);
    for &(partner, _) in PARTNERS {
        assert_eq!(rig.orders(partner).await, Vec::<Value>::new());
        for (path, good, bad) in [
            ("cost", json!({"per_item": "12.40", "currency": "USD"}), json!({"per_item": "12.405", "currency": "USD"})),
            ("variants/4012", json!({"available": "out_of_stock"}), json!({"available": "perhaps"})),
            ("webhooks", json!({"on": false}), json!({"off": true})),
        ] {
            let path = format!("partner/{partner}/{path}");
            assert_eq!(rig.control(Method::PUT, &path, &good).await.0, 200, "{path}");
            let (status, answer) = rig.control(Method::PUT, &path, &bad).await;
            assert!(status == 400 && answer["error"].is_string(), "{path}: {answer}");
        }
        let path = format!("partner/{partner}/orders/none/produce");
        assert_eq!(rig.control(Method::POST, &path, &json!({})).await.0, 404);
        let path = format!("partner/{partner}/orders/none/juggle");
        assert_eq!(rig.control(Method::POST, &path, &json!({})).await.0, 400);
        let (_, operations) = rig.control(Method::GET, "operations", &json!({})).await;
        let named = |one: &&Value| one["provider"] == partner && one["operation"] == "create_order";
        assert!(operations.as_array().unwrap().iter().any(|one| named(&one)), "{partner}");
        let deliver = json!({"source": partner, "topic": "any", "payload": {"any": 1}, "times": 2});
        let (status, answer) = rig.control(Method::POST, "deliver", &deliver).await;
        assert_eq!((status, answer), (200, json!({"statuses": [200, 200]})), "{partner}");
    }
    assert_eq!(rig.control(Method::GET, "partner/nobody/orders", &json!({})).await.0, 404);
    assert_eq!(rig.control(Method::PUT, "partner/nobody/webhooks", &json!({"on": true})).await.0, 404);
    let paths: Vec<String> = rig.received().await.into_iter().map(|one| one.path).collect();
    for (_, path) in PARTNERS {
        assert_eq!(paths.iter().filter(|given| given == path).count(), 2, "{path}");
    }
    assert_eq!(rig.findings(), Vec::<String>::new());
}
