//! The v1 API below `/printful`: finds the operation, passes the faults' gate, then token, rate limit and the action.

use super::answer::{Answer, Refusal};
use super::book::Key;
use super::{Printful, catalog, order::Order, rules};
use crate::lock;
use crate::partners::http::same;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, Method, Request, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// What a request asks for.
#[derive(Clone, Debug)]
enum Action {
    List,
    Create,
    Get(Key),
    Update(Key),
    Confirm(Key),
    Cancel(Key),
    Variant(u64),
    StoreProducts,
    StoreProduct(u64),
    StoreVariant(u64),
    ShowWebhooks,
    SetWebhooks,
    DropWebhooks,
}

impl Action {
    /// Its name for faults and findings.
    fn operation(&self) -> &'static str {
        match self {
            Self::List => "list_orders",
            Self::Create => "create_order",
            Self::Get(Key::Id(_)) => "get_order",
            Self::Get(Key::External(_)) => "find_order",
            Self::Update(_) => "update_order",
            Self::Confirm(_) => "confirm_order",
            Self::Cancel(_) => "cancel_order",
            Self::Variant(_) => "get_variant",
            Self::StoreProducts => "list_products",
            Self::StoreProduct(_) => "get_product",
            Self::StoreVariant(_) => "get_store_variant",
            Self::ShowWebhooks => "get_webhooks",
            Self::SetWebhooks => "set_webhooks",
            Self::DropWebhooks => "delete_webhooks",
        }
    }
}

/// One request, read whole.
struct Call {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

const LONGEST_BODY: usize = 8 << 20;
/// Page sizes of lists.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 100;
/// Event types the v1 webhook API knows.
const TYPES_V1: [&str; 14] = [
    "package_shipped",
    "package_returned",
    "order_created",
    "order_updated",
    "order_failed",
    "order_canceled",
    "product_synced",
    "product_updated",
    "product_deleted",
    "stock_updated",
    "order_put_hold",
    "order_put_hold_approval",
    "order_remove_hold",
    "order_refunded",
];

pub(super) async fn handle(
    State(printful): State<Printful>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return Refusal::bad("The body could not be read").into_response();
    };
    let summary = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    let call = Call { uri: parts.uri, headers: parts.headers, body };
    let action = match find(&parts.method, call.uri.path()) {
        Ok(action) => action,
        Err(refusal) => {
            let operation = format!("{} {}", parts.method, call.uri.path());
            printful.0.ctx.unexpected.record("printful", &operation, refusal.message.clone(), &summary);
            return refusal.into_response();
        }
    };
    let operation = action.operation();
    let ctx = printful.0.ctx.clone();
    let refusal = |kind| Refusal::armed(kind).into_response();
    ctx.faults
        .run(&ctx, "printful", &[operation], peer, refusal, move || async move {
            let answer = printful.answer(&action, &call);
            printful.send();
            match answer {
                Ok(answer) => answer.into_response(),
                Err(refusal) => {
                    if !refusal.business {
                        printful.0.ctx.unexpected.record("printful", operation, refusal.message.clone(), &summary);
                    }
                    refusal.into_response()
                }
            }
        })
        .await
}

fn find(method: &Method, path: &str) -> Result<Action, Refusal> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        (&Method::GET, ["orders"]) => Ok(Action::List),
        (&Method::POST, ["orders"]) => Ok(Action::Create),
        (&Method::GET, ["orders", id]) => Ok(Action::Get(key(id)?)),
        (&Method::PUT, ["orders", id]) => Ok(Action::Update(key(id)?)),
        (&Method::DELETE, ["orders", id]) => Ok(Action::Cancel(key(id)?)),
        (&Method::POST, ["orders", id, "confirm"]) => Ok(Action::Confirm(key(id)?)),
        (&Method::GET, ["products", "variant", id]) => Ok(Action::Variant(number(id)?)),
        (&Method::GET, ["store", "products"]) => Ok(Action::StoreProducts),
        (&Method::GET, ["store", "products", id]) => Ok(Action::StoreProduct(number(id)?)),
        (&Method::GET, ["store", "variants", id]) => Ok(Action::StoreVariant(number(id)?)),
        (&Method::GET, ["webhooks"]) => Ok(Action::ShowWebhooks),
        (&Method::POST, ["webhooks"]) => Ok(Action::SetWebhooks),
        (&Method::DELETE, ["webhooks"]) => Ok(Action::DropWebhooks),
        (_, ["orders" | "webhooks"] | ["orders", _] | ["orders", _, "confirm"]) => Err(Refusal::no_such_method()),
        _ => Err(Refusal::not_found(false)),
    }
}

fn number(id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal::bad(format!("{id:?} is no id")))
}

fn key(id: &str) -> Result<Key, Refusal> {
    let id = id.replace("%40", "@");
    match id.strip_prefix('@') {
        Some(external) => Ok(Key::External(external.to_owned())),
        None => id
            .parse()
            .map(Key::Id)
            .map_err(|_| Refusal::bad(format!("{id:?} is no order id; an external id begins with @"))),
    }
}

impl Call {
    fn query(&self) -> Result<Vec<(String, String)>, Refusal> {
        Query::try_from_uri(&self.uri).map(|Query(pairs)| pairs).map_err(|_| Refusal::bad("The query cannot be read"))
    }

    /// A boolean of the query. The schema says `true` and `false`; the prose also writes 1.
    fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.query()?.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(Refusal::wrong_type(format!("{name} must be a boolean, not {other:?}"))),
        }
    }

    fn number(&self, name: &str, default: usize) -> Result<usize, Refusal> {
        match self.query()?.iter().find(|(key, _)| key == name) {
            None => Ok(default),
            Some((_, value)) => {
                value.parse().map_err(|_| Refusal::wrong_type(format!("{name} must be an integer, not {value:?}")))
            }
        }
    }

    fn json(&self) -> Result<Value, Refusal> {
        let kind = self.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(Refusal::bad(format!("Content-Type must be application/json, not {kind:?}")));
        }
        serde_json::from_slice(&self.body).map_err(|error| Refusal::no_json(format!("Invalid JSON: {error}")))
    }
}

impl Printful {
    fn answer(&self, action: &Action, call: &Call) -> Result<Answer, Refusal> {
        let config = &self.0.ctx.config.printful;
        // A test in simulated time has its limits in that time too.
        let now = self.0.ctx.now().as_millisecond();
        lock(&self.0.window).admit(now, config.rate_limit).map_err(Refusal::too_many)?;
        self.authorize(&call.headers)?;
        match action {
            Action::List => self.list_orders(call),
            Action::Create => self.create(call),
            Action::Get(key) => self.with(key, |_, _| Ok(())),
            Action::Confirm(key) => self.with(key, |book, index| book.confirm(index)),
            Action::Cancel(key) => self.with(key, |book, index| book.cancel(index)),
            Action::Update(key) => {
                let (body, confirm) = (call.json()?, call.flag("confirm")?);
                self.0.spec.check(&body, true)?;
                self.with(key, |book, index| {
                    rules::check(&body, true, &book.shelf)?;
                    book.update(index, &body, confirm)
                })
            }
            Action::Variant(id) => catalog::variant(&lock(&self.0.book).shelf, *id).map(Answer::One),
            Action::StoreProducts => {
                let (offset, limit) = page_of(call)?;
                let all = catalog::products(&lock(&self.0.book).shelf);
                let result = all.iter().skip(offset).take(limit).cloned().collect();
                Ok(Answer::Page { result, total: all.len(), offset, limit })
            }
            Action::StoreProduct(id) => catalog::product(&lock(&self.0.book).shelf, *id).map(Answer::One),
            Action::StoreVariant(id) => catalog::store_variant(&lock(&self.0.book).shelf, *id).map(Answer::One),
            Action::ShowWebhooks => Ok(Answer::One(lock(&self.0.book).webhooks_v1.clone())),
            Action::SetWebhooks => self.set_webhooks(call),
            Action::DropWebhooks => {
                let none = json!({"url": null, "types": [], "params": {}});
                lock(&self.0.book).webhooks_v1 = none.clone();
                Ok(Answer::One(none))
            }
        }
    }

    fn authorize(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let config = &self.0.ctx.config.printful;
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        let Some(token) = given.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err(Refusal::unauthorized("Malformed Authorization header."));
        };
        if !same(token.trim(), &config.token) {
            return Err(Refusal::unauthorized("The access token provided is invalid."));
        }
        let Some(store) = config.store_id else { return Ok(()) };
        match headers.get("x-pf-store-id").and_then(|value| value.to_str().ok()) {
            Some(given) if given == store.to_string() => Ok(()),
            Some(given) => Err(Refusal::forbidden(format!("This token has no store {given:?} (X-PF-Store-Id)"))),
            None => Err(Refusal::bad("This endpoint requires store_id (X-PF-Store-Id)")),
        }
    }

    fn create(&self, call: &Call) -> Result<Answer, Refusal> {
        let (confirm, update) = (call.flag("confirm")?, call.flag("update_existing")?);
        let body = call.json()?;
        self.0.spec.check(&body, false)?;
        let mut book = lock(&self.0.book);
        rules::check(&body, false, &book.shelf)?;
        let index = book.create(&body, confirm, update)?;
        Ok(Answer::One(book.orders.get(index).map(Order::v1).unwrap_or_default()))
    }

    /// Does something to an order and answers with it.
    fn with(
        &self,
        key: &Key,
        act: impl FnOnce(&mut super::book::Book, usize) -> Result<(), Refusal>,
    ) -> Result<Answer, Refusal> {
        let mut book = lock(&self.0.book);
        // Looking an external id up is how a careful client finds out whether its order arrived.
        let index = book.find(key).ok_or_else(|| Refusal::not_found(matches!(key, Key::External(_))))?;
        act(&mut book, index)?;
        Ok(Answer::One(book.orders.get(index).map(Order::v1).unwrap_or_default()))
    }

    fn list_orders(&self, call: &Call) -> Result<Answer, Refusal> {
        let (offset, limit) = page_of(call)?;
        let query = call.query()?;
        let status = query.iter().find(|(key, _)| key == "status").map(|(_, value)| value.as_str());
        let book = lock(&self.0.book);
        let found: Vec<&Order> = book
            .orders
            .iter()
            .rev()
            .filter(|order| status.is_none_or(|status| status == order.status.name()))
            .collect();
        let result = found.iter().skip(offset).take(limit).map(|order| order.v1()).collect();
        Ok(Answer::Page { result, total: found.len(), offset, limit })
    }

    fn set_webhooks(&self, call: &Call) -> Result<Answer, Refusal> {
        let body = call.json()?;
        let url = body["url"].as_str().filter(|url| url.starts_with("http://") || url.starts_with("https://"));
        let (Some(url), Some(types)) = (url, body["types"].as_array()) else {
            return Err(Refusal::bad("Missing required parameters: url, types"));
        };
        if let Some(unknown) = types.iter().find(|kind| !kind.as_str().is_some_and(|kind| TYPES_V1.contains(&kind))) {
            return Err(Refusal::bad(format!("Webhook type {unknown} does not exist")));
        }
        let set =
            json!({"url": url, "types": types, "params": body.get("params").cloned().unwrap_or_else(|| json!({}))});
        lock(&self.0.book).webhooks_v1 = set.clone();
        Ok(Answer::One(set))
    }
}

/// Where a list's page begins and how many it holds.
fn page_of(call: &Call) -> Result<(usize, usize), Refusal> {
    let (offset, limit) = (call.number("offset", 0)?, call.number("limit", PAGE)?);
    if (1..=LARGEST_PAGE).contains(&limit) {
        Ok((offset, limit))
    } else {
        Err(Refusal::bad(format!("limit must be 1 to {LARGEST_PAGE}")))
    }
}
