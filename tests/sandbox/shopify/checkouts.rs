//! Checkouts that were begun and not finished there and then, and what control does with them.
//!
//! * `POST /_sandbox/shopify/checkouts?deliver=N`: body a checkout in the webhook's shape → `checkouts/create`, for a token that
//!   is known `checkouts/update`; 201 `{"id","token","delivered"}`, or 400 `{"error"}` naming the field.
//! * `GET /_sandbox/shopify/checkouts`: all of them.
//!
//! An order that names a checkout's token (`checkout_token`) or number (`checkout_id`) finishes it. Whoever gave an address to a checkout is a
//! customer ([`super::customers`]).

use super::money::Currencies;
use super::order::{Order, gid};
use super::page::keyed;
use super::rest::unit_price;
use super::view::attributes;
use super::view_parts::{address, instant, number};
use super::{Shopify, Store};
use crate::control::refuse;
use crate::lock;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One checkout.
#[derive(Clone, Debug)]
pub struct Checkout {
    pub id: u64,
    /// The payload as the store has it now.
    pub rest: Map<String, Value>,
    /// The number of its buyer, once there is an address.
    pub customer: Option<u64>,
}

pub(super) fn router() -> Router<Shopify> {
    Router::new().route("/_sandbox/shopify/checkouts", post(begin).get(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    deliver: Option<usize>,
}

async fn begin(State(shopify): State<Shopify>, Query(options): Query<Options>, body: Bytes) -> Response {
    let checkout = match accept(&shopify, &body) {
        Ok(checkout) => checkout,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why),
    };
    let answer = json!({"id": checkout.id.to_string(), "token": checkout.rest.get("token")});
    let known = lock(&shopify.store).checkouts.insert(checkout.id, checkout).is_some();
    let topic = if known { "checkouts/update" } else { "checkouts/create" };
    let mut answer = answer;
    answer["delivered"] = json!(shopify.tell(topic, &body, options.deliver.unwrap_or(1)));
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn list(State(shopify): State<Shopify>) -> Response {
    Json(lock(&shopify.store).checkouts.values().map(|checkout| checkout.rest.clone()).collect::<Vec<_>>())
        .into_response()
}

/// Published bodies have a number or a token, not always both; one with the token of a known checkout is that checkout.
fn accept(shopify: &Shopify, body: &[u8]) -> Result<Checkout, String> {
    let payload: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let Value::Object(mut rest) = payload else {
        return Err("the body is not a JSON object".to_owned());
    };
    let token = rest.get("token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let id = match (number(rest.get("id")), token) {
        (Some(id), _) => id,
        (None, Some(token)) => lock(&shopify.store).checkout_of(token).unwrap_or_else(|| shopify.ctx.next_id()),
        (None, None) => return Err("a checkout has an id or a token".to_owned()),
    };
    if Currencies::of(&rest).read(&rest, "total_price").is_none() {
        return Err("total_price is missing or not a decimal amount".to_owned());
    }
    if rest.get("currency").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err("currency is missing".to_owned());
    }
    let now = shopify.ctx.now_rfc3339();
    for key in ["created_at", "updated_at", "completed_at"] {
        match rest.get(key) {
            None | Some(Value::Null) if key == "completed_at" => {}
            None | Some(Value::Null) => {
                rest.insert(key.to_owned(), json!(now));
            }
            Some(Value::String(text)) if text.parse::<Timestamp>().is_ok() => {}
            Some(other) => return Err(format!("{key} is not a moment in RFC 3339: {other}")),
        }
    }
    let customer = lock(&shopify.store).meet(&rest, || shopify.ctx.next_id(), &now);
    Ok(Checkout { id, rest, customer })
}

impl Store {
    /// The number of the checkout with this token.
    fn checkout_of(&self, token: &str) -> Option<u64> {
        let is = |checkout: &&Checkout| checkout.rest.get("token").and_then(Value::as_str) == Some(token);
        self.checkouts.values().find(is).map(|checkout| checkout.id)
    }

    /// An order finishes the checkout it came from, whose number this answers.
    pub fn finish_checkout(&mut self, order: &Order, now: &str) -> Option<u64> {
        let by_token = order.text("checkout_token").and_then(|token| self.checkout_of(token));
        let id = by_token.or_else(|| number(order.rest.get("checkout_id")));
        let checkout = self.checkouts.get_mut(&id?)?;
        checkout.rest.insert("completed_at".to_owned(), json!(now));
        checkout.rest.insert("updated_at".to_owned(), json!(now));
        Some(checkout.id)
    }
}

impl Checkout {
    /// One of its moments, in REST's name.
    pub fn moment(&self, key: &str) -> Option<String> {
        self.rest.get(key).and_then(Value::as_str).map(str::to_owned)
    }

    /// `AbandonedCheckout`, for a list sorted by creation (or by number).
    pub fn graphql(&self, shop: &str, by_creation: bool) -> Value {
        let rest = &self.rest;
        let currencies = Currencies::of(rest);
        let bag = |key: &str| currencies.read(rest, key).unwrap_or_else(|| currencies.zero()).graphql();
        let text = |key: &str| rest.get(key).and_then(Value::as_str);
        // Some captures have an empty list where there is no address.
        let place = |key: &str| address(rest.get(key).filter(|value| value.is_object()), self.id, "CheckoutAddress");
        let lines = rest.get("line_items").and_then(Value::as_array).into_iter().flatten();
        let items: Vec<Value> = lines
            .enumerate()
            .map(|(index, line)| {
                let variant = number(line.get("variant_id"));
                json!({
                    "__typename": "AbandonedCheckoutLineItem",
                    "id": format!("gid://shopify/AbandonedCheckoutLineItem/{}-{index}", self.id),
                    "title": line.get("title"),
                    "quantity": line.get("quantity"),
                    "sku": line.get("sku"),
                    "variantTitle": line.get("variant_title"),
                    "discountedUnitPriceSet": line.as_object().map_or_else(|| currencies.zero(), |line| unit_price(rest, line)).graphql(),
                    "image": null,
                    "customAttributes": attributes(line.get("properties")),
                    "variant": variant.map(|id| json!({"__ref": gid("ProductVariant", id)})),
                })
            })
            .collect();
        let url = text("abandoned_checkout_url").map_or_else(
            || format!("https://{shop}/checkouts/{}/recover", text("token").unwrap_or_default()),
            str::to_owned,
        );
        let created =
            text("created_at").and_then(|at| at.parse::<Timestamp>().ok()).map_or(0, Timestamp::as_millisecond);
        let view = json!({
            "__typename": "AbandonedCheckout",
            "id": gid("AbandonedCheckout", self.id),
            "name": text("name").map_or_else(|| format!("#{}", self.id), str::to_owned),
            "note": text("note").unwrap_or_default(),
            "abandonedCheckoutUrl": url,
            "createdAt": instant(rest.get("created_at")),
            "updatedAt": instant(rest.get("updated_at")),
            "completedAt": instant(rest.get("completed_at")),
            "customer": self.customer.map(|id| json!({"__ref": gid("Customer", id)})),
            "billingAddress": place("billing_address"),
            "shippingAddress": place("shipping_address"),
            "customAttributes": attributes(rest.get("note_attributes")),
            "taxesIncluded": rest.get("taxes_included").and_then(Value::as_bool).unwrap_or(false),
            "totalPriceSet": bag("total_price"),
            "subtotalPriceSet": bag("subtotal_price"),
            "totalDiscountSet": bag("total_discounts"),
            "totalTaxSet": bag("total_tax"),
            "lineItems": items,
        });
        keyed(view, if by_creation { created } else { 0 }, self.id)
    }
}
