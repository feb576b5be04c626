//! The control routes of all partners, below `/_sandbox/`.
//!
//! | route | body → answer |
//! |---|---|
//! | `GET partner/<name>/orders` | `[{"id","external_id","status","items","received_at", …}]`, duplicates included |
//! | `POST partner/<name>/orders/<id>/<act>` | see [`super::acts`] and, for Printful, [`crate::printful`] |
//! | `PUT partner/<name>/variants/<id>` | `{"available": "yes" \| "out_of_stock" \| "discontinued"}` |
//! | `PUT partner/<name>/cost` | `{"per_item": "12.40", "currency": "USD"}`: of orders placed from now on |
//! | `PUT partner/<name>/webhooks` | `{"on": bool}`: what happens while they are off is never told |
//! | `POST catalog` | `{"any_variant": bool}`: every partner can make every variant |
//! | `POST autopilot` | `{"on": bool}`: orders move by themselves at every partner |

use super::{Available, Cost, Played};
use crate::control::refuse;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router, body::Bytes};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every partner by its name. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Partners(Arc<BTreeMap<&'static str, Arc<dyn Played>>>);

impl Partners {
    pub fn new(partners: impl IntoIterator<Item = (&'static str, Arc<dyn Played>)>) -> Self {
        Self(Arc::new(partners.into_iter().collect()))
    }

    pub fn get(&self, name: &str) -> Option<&dyn Played> {
        self.0.get(name).map(AsRef::as_ref)
    }

    pub fn reset(&self) {
        self.0.values().for_each(|partner| partner.reset());
    }

    /// Moves that the autopilots still have to make.
    pub fn pending(&self) -> usize {
        self.0.values().map(|partner| partner.pending()).sum()
    }

    fn named(&self, name: &str) -> Result<&dyn Played, Box<Response>> {
        let why = || refuse(StatusCode::NOT_FOUND, format!("the sandbox plays no partner called {name:?}"));
        self.get(name).ok_or_else(|| Box::new(why()))
    }
}

pub(crate) fn router(partners: Partners) -> Router {
    Router::new()
        .route("/_sandbox/catalog", post(catalog))
        .route("/_sandbox/autopilot", post(autopilot))
        .route("/_sandbox/partner/{name}/orders", get(orders))
        .route("/_sandbox/partner/{name}/orders/{id}/{act}", post(act))
        .route("/_sandbox/partner/{name}/variants/{id}", put(variant))
        .route("/_sandbox/partner/{name}/cost", put(cost))
        .route("/_sandbox/partner/{name}/webhooks", put(webhooks))
        .with_state(partners)
}

/// What a route answers, or why it does not do what it was asked.
type Outcome = Result<Response, Box<Response>>;

fn answer(outcome: Outcome) -> Response {
    outcome.unwrap_or_else(|refusal| *refusal)
}

fn body<T: for<'a> Deserialize<'a>>(bytes: &Bytes) -> Result<T, Box<Response>> {
    serde_json::from_slice(bytes)
        .map_err(|error| Box::new(refuse(StatusCode::BAD_REQUEST, format!("the body does not fit: {error}"))))
}

fn refused((status, why): super::ActError) -> Box<Response> {
    Box::new(refuse(StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT), why))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalog {
    any_variant: bool,
}

async fn catalog(State(partners): State<Partners>, bytes: Bytes) -> Response {
    let set = |catalog: Catalog| {
        partners.0.values().for_each(|partner| partner.any_variant(catalog.any_variant));
        Json(json!({"any_variant": catalog.any_variant})).into_response()
    };
    answer(body(&bytes).map(set))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

async fn autopilot(State(partners): State<Partners>, bytes: Bytes) -> Response {
    let set = |switch: Switch| {
        partners.0.values().for_each(|partner| partner.autopilot(switch.on));
        Json(json!({"on": switch.on})).into_response()
    };
    answer(body(&bytes).map(set))
}

async fn orders(State(partners): State<Partners>, Path(name): Path<String>) -> Response {
    answer(partners.named(&name).map(|partner| Json(partner.list()).into_response()))
}

async fn act(
    State(partners): State<Partners>,
    Path((name, id, act)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Response {
    let act = || {
        let request: Value = if bytes.is_empty() { json!({}) } else { body(&bytes)? };
        let order = partners.named(&name)?.act(&id, &act, request).map_err(refused)?;
        Ok(Json(order).into_response())
    };
    answer(act())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    available: Available,
}

async fn variant(State(partners): State<Partners>, Path((name, id)): Path<(String, String)>, bytes: Bytes) -> Response {
    let set = || {
        let Variant { available } = body(&bytes)?;
        partners.named(&name)?.set_variant(&id, available).map_err(refused)?;
        Ok(Json(json!({"id": id, "available": available})).into_response())
    };
    answer(set())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerItem {
    per_item: String,
    currency: String,
}

async fn cost(State(partners): State<Partners>, Path(name): Path<String>, bytes: Bytes) -> Response {
    let set = || {
        let wanted: PerItem = body(&bytes)?;
        let cost = Cost::read(&wanted.per_item, &wanted.currency).map_err(|why| refused((400, why)))?;
        partners.named(&name)?.set_cost(cost).map_err(refused)?;
        Ok(Json(json!({"per_item": cost.text(), "currency": cost.currency.code()})).into_response())
    };
    answer(set())
}

async fn webhooks(State(partners): State<Partners>, Path(name): Path<String>, bytes: Bytes) -> Response {
    let set = || {
        let Switch { on } = body(&bytes)?;
        partners.named(&name)?.set_webhooks(on);
        Ok(Json(json!({"on": on})).into_response())
    };
    answer(set())
}
