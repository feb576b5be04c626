//! Control routes of the store.
//!
//! * `POST /_sandbox/shopify/orders?deliver=N&risk=LOW|MEDIUM|HIGH|PENDING` (risk: LOW when not said): body an order
//!   payload; 201 `{"id","gid","name","delivered"}`, or 400 `{"error"}` naming the field no store could hold.
//! * `PUT /_sandbox/shopify/orders/<id>?deliver=N`: 200 with the order, or 400, 404, 409 `{"error"}`. `deliver=0` changes
//!   the store and tells nobody. Bodies (`?` optional):
//!   - `{"do":"cancel","reason"?:"customer","refund"?:false}` → `orders/cancelled` (+ `refunds/create`)
//!   - `{"do":"edit","line_items"?:[{"id","quantity"}],"shipping_address"?:{…},"email"?,"note"?,"tags"?}` → `orders/edited`,
//!     `orders/updated`
//!   - `{"do":"refund","line_items"?:[{"id","quantity"}],"amount"?:"12.00","restock"?:false,"note"?}`; neither lines nor
//!     amount: everything → `refunds/create`
//!   - `{"do":"fulfil","tracking_number"?,"carrier"?,"tracking_url"?,"event"?:"delivered"}` → `fulfillments/create`
//!     (+ `fulfillment_events/create`)
//!   - `{"do":"risk","level":"HIGH"}` → `orders/risk_assessment_changed`
//!   - `{"do":"deliver_parcel","tracking_number"}` → `fulfillment_events/create`
//! * `GET /_sandbox/shopify/orders/<id>`: see [`super::rest::control`]. `GET /_sandbox/shopify/orders`: all of them.
//!
//! `<id>` is the order's number, the number of its gid, or its name (`#1001` as `%231001`).

use super::changes::{self, Webhook};
use super::money::Amount;
use super::order::{Order, RiskLevel, Tracking, gid};
use super::{Shopify, payload, rest};
use crate::control::refuse;
use crate::{clock, lock};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, body::Bytes};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(crate) fn router(shopify: Shopify) -> Router {
    Router::new()
        .route("/_sandbox/shopify/orders", post(place).get(list))
        .route("/_sandbox/shopify/orders/{id}", get(show).put(change))
        .with_state(shopify)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    deliver: Option<usize>,
    risk: Option<String>,
}

async fn place(State(shopify): State<Shopify>, Query(options): Query<Options>, body: Bytes) -> Response {
    let risk = options.risk.as_deref().unwrap_or("LOW");
    let Some(risk) = RiskLevel::parse(risk) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            format!("risk is {risk:?}, which is none of LOW, MEDIUM, HIGH, PENDING, NONE"),
        );
    };
    let order = match payload::accept(&shopify.ctx, &body, risk) {
        Ok(order) => order,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why),
    };
    let times = options.deliver.unwrap_or(1);
    let answer =
        json!({"id": order.id.to_string(), "gid": gid("Order", order.id), "name": order.name(), "delivered": times});
    lock(&shopify.store).orders.insert(order.id, order);
    for delivery in shopify.deliveries("orders/paid", body, times) {
        shopify.ctx.deliveries.send(&shopify.ctx, delivery);
    }
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn list(State(shopify): State<Shopify>) -> Response {
    Json(lock(&shopify.store).orders.values().map(rest::control).collect::<Vec<_>>()).into_response()
}

impl super::Store {
    /// An order by number, gid or name.
    fn find(&mut self, id: &str) -> Option<&mut Order> {
        let number = id.parse().ok().or_else(|| super::order::gid_number(id, "Order"));
        self.orders.values_mut().find(|order| {
            number.is_some_and(|number| order.id == number || order.alias == Some(number)) || order.name() == id
        })
    }
}

fn missing(id: &str) -> Response {
    refuse(StatusCode::NOT_FOUND, format!("the store has no order {id}"))
}

async fn show(State(shopify): State<Shopify>, Path(id): Path<String>) -> Response {
    match lock(&shopify.store).find(&id) {
        Some(order) => Json(rest::control(order)).into_response(),
        None => missing(&id),
    }
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Change {
    Cancel {
        #[serde(default = "customer")]
        reason: String,
        #[serde(default)]
        refund: bool,
    },
    Edit {
        #[serde(default, alias = "lines")]
        line_items: Vec<LineQuantity>,
        shipping_address: Option<Map<String, Value>>,
        email: Option<String>,
        note: Option<String>,
        tags: Option<String>,
    },
    Refund {
        #[serde(alias = "lines")]
        line_items: Option<Vec<LineQuantity>>,
        amount: Option<Value>,
        #[serde(default)]
        restock: bool,
        note: Option<String>,
    },
    Fulfil {
        tracking_number: Option<String>,
        carrier: Option<String>,
        tracking_url: Option<String>,
        event: Option<String>,
    },
    Risk {
        level: String,
    },
    DeliverParcel {
        tracking_number: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineQuantity {
    id: u64,
    quantity: u64,
}

fn customer() -> String {
    "customer".to_owned()
}

/// Why a change did not happen.
type Refused = (StatusCode, String);

async fn change(
    State(shopify): State<Shopify>,
    Path(id): Path<String>,
    Query(options): Query<Options>,
    body: Bytes,
) -> Response {
    let change: Change = match serde_json::from_slice(&body) {
        Ok(change) => change,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, format!("the body does not fit: {error}")),
    };
    let (shown, webhooks) = {
        let mut store = lock(&shopify.store);
        let Some(order) = store.find(&id) else {
            return missing(&id);
        };
        match apply(&shopify, order, change) {
            Ok(webhooks) => (rest::control(order), webhooks),
            Err((status, why)) => return refuse(status, why),
        }
    };
    for (topic, body) in webhooks {
        for delivery in shopify.deliveries(topic, Bytes::from(body.to_string()), options.deliver.unwrap_or(1)) {
            shopify.ctx.deliveries.send(&shopify.ctx, delivery);
        }
    }
    Json(shown).into_response()
}

fn apply(shopify: &Shopify, order: &mut Order, change: Change) -> Result<Vec<Webhook>, Refused> {
    let ctx = &shopify.ctx;
    let bad = |why: String| (StatusCode::BAD_REQUEST, why);
    let conflict = |why: String| (StatusCode::CONFLICT, why);
    let pairs = |lines: Vec<LineQuantity>| lines.into_iter().map(|line| (line.id, line.quantity)).collect::<Vec<_>>();
    match change {
        Change::Cancel { reason, refund } => {
            if order.is_cancelled() {
                return Err(conflict("the order is cancelled already".to_owned()));
            }
            Ok(changes::cancel(ctx, order, &reason, refund))
        }
        Change::Edit { line_items, shipping_address, email, note, tags } => {
            if let Some(line) = line_items.iter().find(|line| order.line(line.id).is_none()) {
                return Err(bad(format!("line_items: the order has no line {}", line.id)));
            }
            for (key, value) in [("email", email), ("note", note)] {
                if let Some(value) = value {
                    order.rest.insert(key.to_owned(), json!(value));
                }
            }
            if let Some(tags) = tags {
                order.tags = tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
            }
            if let Some(changed) = shipping_address {
                match order.rest.get_mut("shipping_address").and_then(Value::as_object_mut) {
                    Some(address) => address.extend(changed),
                    None => {
                        order.rest.insert("shipping_address".to_owned(), Value::Object(changed));
                    }
                }
            }
            Ok(changes::edit(ctx, order, &pairs(line_items)))
        }
        Change::Refund { line_items, amount, restock, note } => {
            let amount = match amount {
                None => None,
                Some(value) => {
                    let amount = Amount::from_json(&value);
                    Some(amount.ok_or_else(|| bad(format!("amount is not a decimal amount: {value}")))?)
                }
            };
            changes::refund(ctx, order, line_items.map(pairs), amount, restock, note.as_deref()).map_err(conflict)
        }
        Change::Fulfil { tracking_number, carrier, tracking_url, event } => {
            let tracking = Tracking {
                company: carrier,
                numbers: tracking_number.into_iter().collect(),
                urls: tracking_url.into_iter().collect(),
            };
            let wanted = order.open_wanted();
            let parcel = order.fulfil(ctx, &wanted, tracking, false).map_err(|error| conflict(error.message))?;
            let made = order.fulfillments.last().map(|made| rest::fulfillment(order, made)).unwrap_or_default();
            let mut webhooks = vec![("fulfillments/create", made)];
            if let Some(event) = event {
                webhooks.extend(parcel_event(shopify, order, parcel, &event).map_err(bad)?);
            }
            Ok(webhooks)
        }
        Change::Risk { level } => {
            order.risk = RiskLevel::parse(&level).ok_or_else(|| bad(format!("level {level:?} is no risk level")))?;
            Ok(vec![("orders/risk_assessment_changed", rest::risk(order, &clock::now_rfc3339()))])
        }
        Change::DeliverParcel { tracking_number } => {
            let parcel = order.fulfillments.iter().find(|parcel| parcel.tracking.numbers.contains(&tracking_number));
            let parcel =
                parcel.ok_or_else(|| conflict(format!("no parcel has the tracking number {tracking_number}")))?.id;
            Ok(parcel_event(shopify, order, parcel, "delivered").map_err(bad)?.into_iter().collect())
        }
    }
}

/// A carrier's event on one parcel. An error names the status that does not exist.
fn parcel_event(shopify: &Shopify, order: &mut Order, parcel: u64, status: &str) -> Result<Option<Webhook>, String> {
    const STATUSES: [&str; 11] = [
        "attempted_delivery",
        "carrier_picked_up",
        "confirmed",
        "delayed",
        "delivered",
        "failure",
        "in_transit",
        "label_printed",
        "label_purchased",
        "out_for_delivery",
        "ready_for_pickup",
    ];
    if !STATUSES.contains(&status) {
        return Err(format!("event {status:?} is none of {}", STATUSES.join(", ")));
    }
    order.add_event(&shopify.ctx, parcel, &status.to_uppercase(), &Map::new());
    let known = order.fulfillments.iter().find(|known| known.id == parcel);
    Ok(known.and_then(|known| Some(("fulfillment_events/create", rest::event(order, known, known.events.last()?)))))
}
