//! Printify's webhooks: one subscription a topic, `{"id","type","created_at","resource":{"id","type","data"}}`, signed
//! only where the subscription has a secret: `X-Pfy-Signature: sha256=<hex HMAC-SHA256 of the body>`.
//!
//! Topics of the configuration stand from the beginning, signed with its secret. A subscription made through the API is
//! delivered to its own URL.

use super::{answer, products, support, view};
use crate::config::PrintifyConfig;
use crate::deliver::{Delivery, hmac_sha256};
use crate::partners::book::{Happened, Order, Parcel};
use crate::partners::fields::Fields;
use crate::partners::http::No;
use crate::partners::{ActError, Cost, Voice};
use crate::{Ctx, lock};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Topics that can be subscribed to.
const TOPICS: [&str; 12] = [
    "shop:disconnected",
    "product:created",
    "product:updated",
    "product:deleted",
    "product:publish:started",
    "order:created",
    "order:updated",
    "order:sent-to-production",
    "order:shipment:created",
    "order:shipment:delivered",
    "personalization-preview-task:processed",
    "support-request:updated",
];
/// Where standing topics go, below the door.
const PATH: &str = "webhooks/printify";

struct Subscription {
    id: String,
    topic: String,
    url: String,
    secret: Option<String>,
}

pub(crate) struct Webhooks {
    ctx: Ctx,
    made: Mutex<Vec<Subscription>>,
    /// Forgotten with the rest.
    support: Arc<Mutex<Vec<support::Request>>>,
}

impl Webhooks {
    pub fn new(ctx: Ctx, support: Arc<Mutex<Vec<support::Request>>>) -> Self {
        Self { ctx, made: Mutex::default(), support }
    }

    fn config(&self) -> &PrintifyConfig {
        &self.ctx.config.printify
    }

    fn shown(&self, made: &Subscription) -> Value {
        // A text here, a number in the events.
        json!({"topic": made.topic, "url": made.url, "shop_id": self.config().shop_id.to_string(), "id": made.id})
    }

    pub fn list(&self) -> Value {
        lock(&self.made).iter().map(|made| self.shown(made)).collect()
    }

    pub fn subscribe(&self, body: &Value) -> Result<Value, No> {
        let body = Fields::of_body(body)?;
        body.only(&["topic", "url", "secret"])?;
        let (topic, url) = (body.text("topic")?, body.url("url")?);
        let secret = body.nullable_text("secret")?.map(str::to_owned);
        if !TOPICS.contains(&topic) {
            return Err(answer::invalid(format!("topic {topic:?} does not exist")).into());
        }
        let mut made = lock(&self.made);
        if made.iter().any(|made| made.topic == topic) {
            return Err(answer::not_now(format!("A webhook for {topic} exists already.")).into());
        }
        let id = super::write_id(self.ctx.next_id());
        let subscription = Subscription { id, topic: topic.to_owned(), url: url.to_owned(), secret };
        let shown = self.shown(&subscription);
        made.push(subscription);
        Ok(shown)
    }

    pub fn resubscribe(&self, id: &str, body: &Value) -> Result<Value, No> {
        let body = Fields::of_body(body)?;
        body.only(&["url"])?;
        let url = body.url("url")?;
        let mut made = lock(&self.made);
        let found = made.iter_mut().find(|made| made.id == id).ok_or_else(|| answer::not_found("this webhook"))?;
        url.clone_into(&mut found.url);
        Ok(self.shown(found))
    }

    /// `host` must be the webhook's own.
    pub fn unsubscribe(&self, id: &str, host: Option<&str>) -> Result<Value, No> {
        let mut made = lock(&self.made);
        let found = made.iter().position(|made| made.id == id).ok_or_else(|| answer::not_found("this webhook"))?;
        let Some(host) = host else {
            return Err(answer::invalid("the query parameter host is missing").into());
        };
        let of = |url: &str| url.split("//").nth(1).and_then(|rest| rest.split('/').next()).map(str::to_owned);
        if made.get(found).and_then(|made| of(&made.url)).as_deref() != Some(host) {
            return Err(answer::invalid(format!("host {host:?} is not the host of this webhook")).into());
        }
        made.remove(found);
        Ok(json!({"id": id}))
    }

    /// The deliveries of one event, one for each subscription to its topic.
    fn deliver(&self, topic: &str, resource: Value) -> Vec<Delivery> {
        let id = super::write_uuid(self.ctx.next_id());
        let event = json!({
            "id": id, "type": topic, "created_at": view::moment(self.ctx.now()), "resource": resource,
        });
        let body = Bytes::from(event.to_string());
        let config = self.config();
        let standing = config.webhooks.iter().any(|standing| standing == topic);
        let standing = standing.then(|| delivery(topic, PATH, Some(&config.webhook_secret), body.clone()));
        let made = lock(&self.made);
        let made = made.iter().filter(|made| made.topic == topic);
        let made = made.map(|made| delivery(topic, &made.url, made.secret.as_deref(), body.clone()));
        standing.into_iter().chain(made).collect()
    }

    fn order_event(&self, topic: &str, order: &Order, told: Value) -> Vec<Delivery> {
        let mut data = json!({"shop_id": self.config().shop_id});
        if let (Some(data), Value::Object(told)) = (data.as_object_mut(), told) {
            data.extend(told);
        }
        self.deliver(topic, json!({"id": order.id, "type": "order", "data": data}))
    }
}

fn delivery(topic: &str, path: &str, secret: Option<&str>, body: Bytes) -> Delivery {
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("user-agent".to_owned(), "Printify".to_owned()),
    ];
    if let Some(secret) = secret {
        let signature = hex::encode(hmac_sha256(secret.as_bytes(), &body));
        headers.push(("X-Pfy-Signature".to_owned(), format!("sha256={signature}")));
    }
    Delivery { source: super::NAME.to_owned(), topic: topic.to_owned(), path: path.to_owned(), headers, body }
}

/// What both events of a parcel tell of it.
fn parcel_data(order: &Order, parcel: &Parcel) -> Value {
    let skus = order.items.iter().filter(|item| parcel.items.iter().any(|(id, _)| *id == item.id));
    json!({
        "carrier": {
            "code": parcel.carrier.to_uppercase(),
            "tracking_number": parcel.tracking_number,
            "tracking_url": parcel.tracking_url,
        },
        "skus": skus.map(|item| products::sku(&item.variant)).collect::<Vec<_>>(),
    })
}

impl Voice for Webhooks {
    fn status(&self, order: &Order) -> String {
        view::status(order)
    }

    fn tell(&self, order: &Order, happened: &Happened) -> Vec<Delivery> {
        let updated = || self.order_event("order:updated", order, json!({"status": view::status(order)}));
        match happened {
            Happened::Created => self.order_event("order:created", order, json!({})),
            Happened::Making if order.word.is_none() => {
                let sent = self.order_event("order:sent-to-production", order, json!({}));
                sent.into_iter().chain(updated()).collect()
            }
            Happened::Shipped(parcel) => {
                let mut data = parcel_data(order, parcel);
                data["shipped_at"] = json!(view::moment(parcel.shipped));
                let sent = self.order_event("order:shipment:created", order, data);
                sent.into_iter().chain(updated()).collect()
            }
            Happened::Delivered(parcel) => {
                let mut data = parcel_data(order, parcel);
                data["delivered_at"] = json!(parcel.delivered.map(view::moment));
                self.order_event("order:shipment:delivered", order, data)
            }
            // Nothing of Printify's says that a parcel came back.
            Happened::Returned(_) => Vec::new(),
            _ => updated(),
        }
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        delivery(topic, PATH, Some(&self.config().webhook_secret), body)
    }

    fn variant(&self, id: &str) -> Result<String, ActError> {
        let why = || (400, format!("{id:?} is neither <product>/<variant> nor a variant's number"));
        products::key(id).ok_or_else(why)
    }

    fn charges(&self, cost: Cost) -> Result<(), ActError> {
        match cost.currency.code() {
            "USD" => Ok(()),
            other => Err((400, format!("Printify charges in USD here, not in {other}"))),
        }
    }

    fn reset(&self) {
        lock(&self.made).clear();
        lock(&self.support).clear();
    }
}
