//! Gelato's webhooks: flat objects with an `event`, not signed. What keeps others out is the secret last part of the
//! path.

use super::view;
use crate::Ctx;
use crate::config::GelatoConfig;
use crate::deliver::Delivery;
use crate::partners::Voice;
use crate::partners::book::{Happened, Item, Order, Parcel, Stage};
use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) struct Webhooks {
    ctx: Ctx,
}

impl Webhooks {
    pub fn new(ctx: Ctx) -> Self {
        Self { ctx }
    }

    fn config(&self) -> &GelatoConfig {
        &self.ctx.config.gelato
    }

    fn event(&self, event: &str, prefix: &str, mut body: Value) -> Option<Delivery> {
        let subscribed = self.config().webhooks.iter().any(|subscribed| subscribed == event);
        body["id"] = json!(format!("{prefix}_{:013x}", self.ctx.next_id()));
        body["event"] = json!(event);
        subscribed.then(|| self.signed(event, Bytes::from(body.to_string())))
    }

    fn order_status(&self, order: &Order) -> Option<Delivery> {
        let items = order.items.iter().map(|item| {
            let of_it = order.parcels.iter().filter(|parcel| holds(parcel, item));
            let fulfillments = of_it.map(|parcel| {
                json!({
                    "trackingCode": parcel.tracking_number,
                    "trackingUrl": parcel.tracking_url,
                    "shipmentMethodName": parcel.carrier,
                    "shipmentMethodUid": view::method_uid(&parcel.carrier),
                    "fulfillmentCountry": "US",
                    "fulfillmentStateProvince": "NY",
                    "fulfillmentFacilityId": order.id,
                })
            });
            json!({
                "itemReferenceId": item.external_id,
                "fulfillmentStatus": view::item_status(order, item),
                "fulfillments": fulfillments.collect::<Vec<_>>(),
            })
        });
        let body = json!({
            "orderId": order.id,
            "storeId": null,
            "orderReferenceId": order.external_id,
            "fulfillmentStatus": view::status(order),
            "items": items.collect::<Vec<_>>(),
        });
        self.event("order_status_updated", "os", body)
    }

    fn item_status(&self, order: &Order, item: &Item) -> Option<Delivery> {
        let body = json!({
            "itemReferenceId": item.external_id,
            "orderReferenceId": order.external_id,
            "orderId": order.id,
            "storeId": null,
            "fulfillmentCountry": "US",
            "fulfillmentStateProvince": "NY",
            "fulfillmentFacilityId": order.id,
            "status": view::item_status(order, item),
            "comment": order.reason.as_deref().unwrap_or_default(),
            "created": view::moment(self.ctx.now()),
        });
        self.event("order_item_status_updated", "is", body)
    }

    /// Written with `production…` where the other events have `fulfillment…`, as the documentation does.
    fn tracking_code(&self, order: &Order, item: &Item, parcel: &Parcel) -> Option<Delivery> {
        let body = json!({
            "orderId": order.id,
            "storeId": null,
            "itemReferenceId": item.external_id,
            "orderReferenceId": order.external_id,
            "trackingCode": parcel.tracking_number,
            "trackingUrl": parcel.tracking_url,
            "shipmentMethodName": parcel.carrier,
            "shipmentMethodUid": view::method_uid(&parcel.carrier),
            "productionCountry": "US",
            "productionStateProvince": "NY",
            "productionFacilityId": order.id,
            "created": view::moment(parcel.shipped),
        });
        self.event("order_item_tracking_code_updated", "os", body)
    }
}

fn holds(parcel: &Parcel, item: &Item) -> bool {
    parcel.items.iter().any(|(id, _)| *id == item.id)
}

impl Voice for Webhooks {
    fn status(&self, order: &Order) -> String {
        view::status(order)
    }

    fn tell(&self, order: &Order, happened: &Happened) -> Vec<Delivery> {
        // A draft is nothing's status yet.
        if order.stage == Stage::Draft {
            return Vec::new();
        }
        let mut told = Vec::new();
        if let Happened::Shipped(parcel) = happened {
            let inside = order.items.iter().filter(|item| holds(parcel, item));
            told.extend(inside.filter_map(|item| self.tracking_code(order, item, parcel)));
        }
        told.extend(order.items.iter().filter_map(|item| self.item_status(order, item)));
        told.extend(self.order_status(order));
        told
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        Delivery {
            source: super::NAME.to_owned(),
            topic: topic.to_owned(),
            path: format!("webhooks/gelato/{}", self.config().path_secret),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("user-agent".to_owned(), "Gelato".to_owned()),
            ],
            body,
        }
    }
}
