//! Orders and variants in the workshop's answers and webhooks.

use crate::partners::book::{Order, Parcel, Stage};
use crate::partners::{Available, Cost};
use serde_json::{Value, json};

/// What the page knows of a stop; everything else is `other`.
const STOPS: [&str; 4] = ["payment", "out_of_stock", "file", "address"];

pub(super) fn status(order: &Order) -> String {
    let of = |stage: Stage| match stage {
        Stage::Draft => "draft",
        Stage::Accepted | Stage::Held => "released",
        Stage::Failed => "failed",
        Stage::Cancelled => "cancelled",
        Stage::Making | Stage::Partial | Stage::Fulfilled => "producing",
    };
    of(if order.stage == Stage::Held { order.before_hold } else { order.stage }).to_owned()
}

/// What the order waits for.
pub(super) fn stopped(order: &Order) -> Option<Value> {
    let why = match order.stage {
        Stage::Held => order.word.as_deref().filter(|word| STOPS.contains(word)).unwrap_or("other"),
        Stage::Failed => "failed",
        Stage::Cancelled => "cancelled",
        _ => return None,
    };
    Some(json!({"why": why, "reason": order.reason}))
}

pub(super) fn amount(cost: Cost) -> Value {
    json!({"amount": cost.text(), "currency": cost.currency.code()})
}

pub(super) fn order(order: &Order) -> Value {
    json!({
        "id": order.id,
        "external_id": order.external_id,
        "status": status(order),
        // That it failed or is cancelled says its status.
        "stopped": stopped(order).filter(|_| order.stage == Stage::Held),
        "cost": amount(order.total()),
        "shipments": order.parcels.iter().map(|parcel| shipment(order, parcel)).collect::<Vec<_>>(),
        "changed": order.updated.to_string(),
    })
}

pub(super) fn shipment(order: &Order, parcel: &Parcel) -> Value {
    let items = parcel.items.iter().map(|(id, quantity)| {
        let line = order.items.iter().find(|item| item.id == *id).and_then(|item| item.external_id.clone());
        json!({"line": line, "quantity": quantity})
    });
    json!({
        "id": parcel.id,
        "tracking_number": parcel.tracking_number,
        "carrier": parcel.carrier,
        "tracking_url": parcel.tracking_url,
        "reshipment": parcel.reshipment,
        "delivered": parcel.delivered.is_some(),
        "items": items.collect::<Vec<_>>(),
    })
}

pub(super) fn variant(id: &str, available: Available, price: Cost) -> Value {
    json!({
        "id": id,
        "title": format!("Sandbox product {id}"),
        "sku": id.to_uppercase(),
        "available": available,
        "price": amount(price),
        "countries": [],
    })
}
