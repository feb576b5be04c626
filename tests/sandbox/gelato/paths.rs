//! Which request asks for what.

use super::answer;
use crate::partners::http::Refusal;
use axum::http::Method;

/// Operations for `GET /_sandbox/operations`.
pub const OPERATIONS: &[&str] = &[
    "create_order",
    "search_orders",
    "get_order",
    "patch_order",
    "delete_order",
    "cancel_order",
    "stock_availability",
    "get_product",
    "get_prices",
];

/// What a request asks for; texts are ids.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Create,
    Search,
    Get(String),
    Patch(String),
    Delete(String),
    Cancel(String),
    Stock,
    Product(String),
    Prices(String),
}

impl Action {
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Create => "create_order",
            Self::Search => "search_orders",
            Self::Get(_) => "get_order",
            Self::Patch(_) => "patch_order",
            Self::Delete(_) => "delete_order",
            Self::Cancel(_) => "cancel_order",
            Self::Stock => "stock_availability",
            Self::Product(_) => "get_product",
            Self::Prices(_) => "get_prices",
        }
    }
}

pub(crate) fn find(method: &Method, path: &str) -> Result<Action, Refusal> {
    let path = path.replace("%3A", ":").replace("%3a", ":");
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let id = |text: &str| text.to_owned();
    match (method, segments.as_slice()) {
        (&Method::POST, ["v4", "orders"]) => Ok(Action::Create),
        (&Method::POST, ["v4", "orders:search"]) => Ok(Action::Search),
        (&Method::POST, ["v4", "orders", order]) => match order.split_once(':') {
            Some((order, "cancel")) => Ok(Action::Cancel(id(order))),
            _ => Err(answer::not_found("this path")),
        },
        (&Method::GET, ["v4", "orders", order]) => Ok(Action::Get(id(order))),
        (&Method::PATCH, ["v4", "orders", order]) => Ok(Action::Patch(id(order))),
        (&Method::DELETE, ["v4", "orders", order]) => Ok(Action::Delete(id(order))),
        (&Method::POST, ["v3", "stock", "region-availability"]) => Ok(Action::Stock),
        (&Method::GET, ["v3", "products", product]) => Ok(Action::Product(id(product))),
        (&Method::GET, ["v3", "products", product, "prices"]) => Ok(Action::Prices(id(product))),
        _ => Err(answer::not_found("this path")),
    }
}
