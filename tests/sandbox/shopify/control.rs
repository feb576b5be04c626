//! Control routes of the store.
//!
//! * `POST /_sandbox/shopify/orders?deliver=N&risk=LOW|MEDIUM|HIGH|PENDING|NONE&created=1` (risk: LOW when not said): body an order
//!   payload; 201 `{"id","gid","name","delivered"}`, or 400 `{"error"}` naming the field no store could hold. It delivers
//!   `orders/paid`, whatever the payload says; with `created=1` as Shopify would: `orders/create`, then `orders/paid` if it is.
//!   The payload may hold `transactions` in REST's shape, with `payment_details`.
//! * `PUT /_sandbox/shopify/orders/<id>?deliver=N`: 200 with the order, or 400, 404, 409 `{"error"}`. `deliver=0` changes
//!   the store and tells nobody. What can be done: [`super::happen`].
//! * `GET /_sandbox/shopify/orders/<id>`: see [`super::rest::control`]. `GET /_sandbox/shopify/orders`: all of them.
//! * `GET /_sandbox/shopify/subscriptions[/<topic>]`: `[{"id","topic","uri","standing","failures"}]`; `DELETE`: they are gone, as
//!   when Shopify ends them; 404 where there was none.
//! * `POST /_sandbox/shopify/drop`: `{"percent","seed"?}`, the share of deliveries that never leave.
//! * `/_sandbox/shopify/checkouts`: [`super::checkouts`]. `/_sandbox/shopify/customers`: [`super::customers`].
//! * An order with the number or token of a checkout that was begun finishes it: `checkouts/delete` goes out as well.
//!
//! `<id>` is the order's number, the number of its gid, or its name (`#1001` as `%231001`).

use super::happen::{Change, apply};
use super::order::{Order, gid};
use super::risk::RiskLevel;
use super::webhooks::DOOR;
use super::{Shopify, checkouts, customers, payload, rest};
use crate::control::refuse;
use crate::lock;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, body::Bytes};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) fn router(shopify: Shopify) -> Router {
    Router::new()
        .route("/_sandbox/shopify/orders", post(place).get(list))
        .route("/_sandbox/shopify/orders/{id}", get(show).put(change))
        .route("/_sandbox/shopify/subscriptions", get(subscriptions).delete(unsubscribe_all))
        .route("/_sandbox/shopify/subscriptions/{*topic}", get(subscription).delete(unsubscribe))
        .route("/_sandbox/shopify/drop", post(drop_some))
        .merge(checkouts::router())
        .merge(customers::router())
        .with_state(shopify)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    deliver: Option<usize>,
    risk: Option<String>,
    created: Option<u8>,
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
    let paid = matches!(order.text("financial_status"), Some("paid" | "partially_refunded" | "refunded"));
    let finished = {
        let mut store = lock(&shopify.store);
        let now = shopify.ctx.now_rfc3339();
        let finished = store.finish_checkout(&order, &now);
        // A guest's order has no customer, and brings none along.
        if order.customer().is_some() {
            store.meet(&order.rest, || shopify.ctx.next_id(), &now);
        }
        store.keep(order);
        finished
    };
    if options.created.unwrap_or(0) == 0 {
        shopify.tell("orders/paid", &body, times);
    } else {
        create_then_pay(shopify.clone(), body, times, paid);
    }
    if let Some(id) = finished {
        shopify.tell("checkouts/delete", &Bytes::from(json!({"id": id}).to_string()), times);
    }
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// `orders/create`, and when that is over `orders/paid` for an order that is paid.
fn create_then_pay(shopify: Shopify, body: Bytes, times: usize, paid: bool) {
    // Counts as a job, so that nobody takes the pause between the two for the end.
    let job = format!("gid://shopify/Job/{}", shopify.ctx.next_id());
    lock(&shopify.store).jobs.insert(job.clone());
    tokio::spawn(async move {
        shopify.tell_and_wait("orders/create", &body, times).await;
        if paid {
            shopify.tell("orders/paid", &body, times);
        }
        lock(&shopify.store).jobs.remove(&job);
    });
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
        shopify.tell(topic, &Bytes::from(body.to_string()), options.deliver.unwrap_or(1));
    }
    Json(shown).into_response()
}

/// Subscriptions as control shows them; the standing ones have no number.
fn shown(shopify: &Shopify, topic: Option<&str>) -> Vec<Value> {
    let store = lock(&shopify.store);
    let standing = |topic: &String| json!({"id": null, "topic": topic, "uri": DOOR, "standing": true, "failures": 0});
    let all = store.standing.iter().map(standing).chain(store.subscriptions.iter().map(|known| known.control()));
    all.filter(|known| topic.is_none_or(|topic| known["topic"] == topic)).collect()
}

async fn subscriptions(State(shopify): State<Shopify>) -> Response {
    Json(shown(&shopify, None)).into_response()
}

async fn subscription(State(shopify): State<Shopify>, Path(topic): Path<String>) -> Response {
    Json(shown(&shopify, Some(&topic))).into_response()
}

async fn unsubscribe_all(State(shopify): State<Shopify>) -> StatusCode {
    lock(&shopify.store).unsubscribe(None);
    StatusCode::NO_CONTENT
}

async fn unsubscribe(State(shopify): State<Shopify>, Path(topic): Path<String>) -> Response {
    match lock(&shopify.store).unsubscribe(Some(&topic)) {
        0 => refuse(StatusCode::NOT_FOUND, format!("nobody is subscribed to {topic:?}")),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    percent: u64,
    #[serde(default)]
    seed: u64,
}

async fn drop_some(State(shopify): State<Shopify>, body: Bytes) -> Response {
    match serde_json::from_slice::<Share>(&body) {
        Ok(Share { percent, seed }) if percent <= 100 => {
            lock(&shopify.store).lose(percent, seed);
            Json(json!({"percent": percent, "seed": seed})).into_response()
        }
        Ok(Share { percent, .. }) => refuse(StatusCode::BAD_REQUEST, format!("percent is {percent}, above 100")),
        Err(error) => refuse(StatusCode::BAD_REQUEST, format!("the body does not fit: {error}")),
    }
}
