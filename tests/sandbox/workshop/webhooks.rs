//! What the workshop tells the door: one signed request for each piece of news.

use super::{NAME, signature, view};
use crate::Ctx;
use crate::config::WorkshopConfig;
use crate::deliver::Delivery;
use crate::partners::Voice;
use crate::partners::book::{Happened, Order};
use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) struct Webhooks {
    ctx: Ctx,
}

impl Webhooks {
    pub fn new(ctx: Ctx) -> Self {
        Self { ctx }
    }

    fn config(&self) -> &WorkshopConfig {
        &self.ctx.config.workshop
    }
}

impl Voice for Webhooks {
    fn status(&self, order: &Order) -> String {
        view::status(order)
    }

    fn tell(&self, order: &Order, happened: &Happened) -> Vec<Delivery> {
        let (kind, about) = match happened {
            Happened::Making if order.word.is_none() => ("order.accepted", json!({})),
            Happened::Held | Happened::Failed | Happened::Cancelled => {
                ("order.stopped", json!({"stopped": view::stopped(order)}))
            }
            Happened::Unheld => ("order.resumed", json!({})),
            Happened::Shipped(parcel) => ("shipment.sent", json!({"shipment": view::shipment(order, parcel)})),
            Happened::Delivered(parcel) => ("shipment.delivered", json!({"shipment": view::shipment(order, parcel)})),
            Happened::Returned(parcel) => {
                ("shipment.returned", json!({"shipment": view::shipment(order, parcel), "reason": order.reason}))
            }
            Happened::Created | Happened::Released | Happened::Making | Happened::Changed => return Vec::new(),
        };
        let mut body = json!({
            "type": kind,
            "at": order.updated.to_string(),
            "order": {"id": order.id, "external_id": order.external_id},
        });
        if let (Some(body), Value::Object(about)) = (body.as_object_mut(), about) {
            body.extend(about);
        }
        vec![self.signed(kind, Bytes::from(body.to_string()))]
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        let path = format!("webhooks/partner/{}", self.config().name);
        let now = self.ctx.now().as_second();
        let signature = signature::sign(&self.config().webhook_secret, now, "POST", &format!("/{path}"), &body);
        Delivery {
            source: NAME.to_owned(),
            topic: topic.to_owned(),
            path,
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("Baton-Timestamp".to_owned(), now.to_string()),
                ("Baton-Signature".to_owned(), signature),
            ],
            body,
        }
    }
}
