//! Customers and their consent to marketing mail.
//!
//! * `POST /_sandbox/shopify/customers?deliver=N`: body (some of) a customer in REST's shape, known by its `id` or its `email`; 201
//!   `{"id"}`. It delivers `customers/create` or `customers/update`, and where the consent changed
//!   `customers_email_marketing_consent/update`, N times each (default 1). `{"email_marketing_consent": {"state": "subscribed"}}`
//!   is how somebody subscribes or unsubscribes in the store itself.
//! * `GET /_sandbox/shopify/customers`: all of them.
//!
//! A customer that an order or a checkout brings along is known from then on, and so is whoever gave an address to a checkout.

use super::graphql::World;
use super::moves::UserError;
use super::mutations::{Arguments, Outcome, number, object, text};
use super::order::gid;
use super::view::reference;
use super::view_parts;
use super::{Shopify, Store};
use crate::control::refuse;
use crate::lock;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, body::Bytes};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// REST's words for a consent that somebody can say.
const SAYABLE: [&str; 3] = ["subscribed", "unsubscribed", "pending"];

/// One customer, as the store has them now: the body of `customers/update`.
#[derive(Clone, Debug)]
pub struct Customer {
    pub id: u64,
    pub rest: Map<String, Value>,
}

pub(super) fn router() -> Router<Shopify> {
    Router::new().route("/_sandbox/shopify/customers", post(keep).get(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    deliver: Option<usize>,
}

async fn keep(State(shopify): State<Shopify>, Query(options): Query<Options>, body: Bytes) -> Response {
    let Ok(Value::Object(given)) = serde_json::from_slice(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "the body is not a JSON object");
    };
    if given.get("id").is_none() && given.get("email").and_then(Value::as_str).is_none_or(str::is_empty) {
        return refuse(StatusCode::BAD_REQUEST, "a customer has an id or an email");
    }
    let now = shopify.ctx.now_rfc3339();
    let (known, customer, consented) = {
        let mut store = lock(&shopify.store);
        let known = view_parts::number(given.get("id")).filter(|id| store.customers.contains_key(id));
        let known = known.or_else(|| store.customer_by_mail(given.get("email")?.as_str()?));
        let id = known.or_else(|| view_parts::number(given.get("id"))).unwrap_or_else(|| shopify.ctx.next_id());
        let consented = given.contains_key("email_marketing_consent");
        (known.is_some(), store.take_customer(id, given, &now), consented)
    };
    let times = options.deliver.unwrap_or(1);
    shopify.tell_customer(if known { "customers/update" } else { "customers/create" }, &customer, times);
    if consented {
        shopify.tell_consent(&customer, times);
    }
    (StatusCode::CREATED, Json(json!({"id": customer.id.to_string()}))).into_response()
}

async fn list(State(shopify): State<Shopify>) -> Response {
    Json(lock(&shopify.store).customers.values().map(|customer| customer.rest.clone()).collect::<Vec<_>>())
        .into_response()
}

impl Shopify {
    fn tell_customer(&self, topic: &str, customer: &Customer, times: usize) {
        self.tell(topic, &Bytes::from(Value::Object(customer.rest.clone()).to_string()), times);
    }

    fn tell_consent(&self, customer: &Customer, times: usize) {
        let body = json!({
            "customer_id": customer.id,
            "email_address": customer.rest.get("email"),
            "email_marketing_consent": customer.rest.get("email_marketing_consent"),
        });
        self.tell("customers_email_marketing_consent/update", &Bytes::from(body.to_string()), times);
    }
}

impl Store {
    pub fn customer_by_mail(&self, mail: &str) -> Option<u64> {
        let same = |customer: &&Customer| customer.mail().is_some_and(|known| known.eq_ignore_ascii_case(mail.trim()));
        self.customers.values().find(same).map(|customer| customer.id)
    }

    /// Takes over what is given of a customer; the customer as they are then.
    fn take_customer(&mut self, id: u64, given: Map<String, Value>, now: &str) -> Customer {
        let customer = self.customers.entry(id).or_insert_with(|| Customer::new(id, now));
        for (key, value) in given {
            if key != "id" {
                customer.rest.insert(key, value);
            }
        }
        customer.rest.insert("updated_at".to_owned(), json!(now));
        if let Some(Value::Object(consent)) = customer.rest.get_mut("email_marketing_consent") {
            consent.entry("consent_updated_at").or_insert_with(|| json!(now));
        }
        customer.clone()
    }

    /// The customer that an order or a checkout brings along, or whoever gave an address to it; their number.
    pub fn meet(&mut self, brought: &Map<String, Value>, next_id: impl FnOnce() -> u64, now: &str) -> Option<u64> {
        if let Some(Value::Object(customer)) = brought.get("customer")
            && let Some(id) = view_parts::number(customer.get("id"))
        {
            if !self.customers.contains_key(&id) {
                self.take_customer(id, customer.clone(), now);
            }
            return Some(id);
        }
        let mail = brought.get("email").and_then(Value::as_str).filter(|mail| mail.contains('@'))?;
        Some(self.customer_by_mail(mail).unwrap_or_else(|| {
            let given =
                [("email", json!(mail)), ("locale", brought.get("customer_locale").cloned().unwrap_or_default())];
            let given = given.into_iter().filter(|(_, value)| !value.is_null());
            let given = given.map(|(key, value)| (key.to_owned(), value)).collect();
            self.take_customer(next_id(), given, now).id
        }))
    }

    /// `Customer`; null where there is none.
    pub fn customer_view(&self, id: u64) -> Option<Value> {
        let customer = self.customers.get(&id)?;
        let mut orders: Vec<_> = self.orders.values().filter(|order| order.customer() == Some(id)).collect();
        orders.sort_by_key(|order| {
            (order.text("created_at").and_then(|at| at.parse::<jiff::Timestamp>().ok()), order.id)
        });
        let known = u64::try_from(orders.len()).unwrap_or(u64::MAX);
        let locale = customer.rest.get("locale").cloned().filter(Value::is_string).unwrap_or_else(|| json!("en"));
        let holder = [("customer", Value::Object(customer.rest.clone())), ("customer_locale", locale)];
        let mut view =
            view_parts::customer(&holder.map(|(key, value)| (key.to_owned(), value)).into_iter().collect(), known);
        view["orders"] = orders.into_iter().map(|order| reference(gid("Order", order.id))).collect();
        Some(view)
    }
}

impl Customer {
    fn new(id: u64, now: &str) -> Self {
        let rest = json!({
            "id": id, "admin_graphql_api_id": gid("Customer", id), "created_at": now, "updated_at": now, "email": null,
            "first_name": null, "last_name": null, "state": "disabled", "verified_email": true, "tags": "",
            "email_marketing_consent": { "state": "not_subscribed", "opt_in_level": null, "consent_updated_at": null },
        });
        let Value::Object(rest) = rest else { return Self { id, rest: Map::new() } };
        Self { id, rest }
    }

    fn mail(&self) -> Option<&str> {
        self.rest.get("email").and_then(Value::as_str).filter(|mail| !mail.is_empty())
    }
}

/// `customerByIdentifier`, by address or id.
pub(super) fn by_identifier(world: &World, arguments: &Arguments) -> Result<Value, String> {
    let identifier = object(arguments, "identifier").ok_or("no identifier")?;
    let store = lock(&world.shopify.store);
    let id = match (text(identifier, "emailAddress"), text(identifier, "id")) {
        (Some(mail), None) => store.customer_by_mail(mail),
        (None, Some(_)) => Some(number(identifier, "id", "Customer")),
        _ => return Err("the sandbox plays customerByIdentifier by emailAddress or id".to_owned()),
    };
    Ok(id.and_then(|id| store.customer_view(id)).unwrap_or_default())
}

/// What `EmailMarketingConsentInput` asks for, in REST's shape.
fn consent(input: &Arguments, now: &str) -> Result<Value, UserError> {
    let refuse = |field: &'static str, message: &str| {
        UserError::new(&["input", "emailMarketingConsent", field], message).code("INVALID")
    };
    let state = text(input, "marketingState").unwrap_or_default().to_lowercase();
    if !SAYABLE.contains(&state.as_str()) {
        return Err(refuse("marketingState", &format!("Marketing state cannot be set to {state}")));
    }
    let at = text(input, "consentUpdatedAt").unwrap_or(now);
    if at.parse::<jiff::Timestamp>().is_err() {
        return Err(refuse("consentUpdatedAt", "Consent updated at is invalid"));
    }
    let level = text(input, "marketingOptInLevel").map(str::to_lowercase);
    Ok(json!({"state": state, "opt_in_level": level, "consent_updated_at": at}))
}

/// `customerEmailMarketingConsentUpdate`.
pub(super) fn consent_update(world: &World, arguments: &Arguments) -> Outcome {
    let shopify = &world.shopify;
    let now = shopify.ctx.now_rfc3339();
    let empty = Map::new();
    let input = object(arguments, "input").unwrap_or(&empty);
    let id = number(input, "customerId", "Customer");
    let consent = consent(object(input, "emailMarketingConsent").unwrap_or(&empty), &now)?;
    let customer = {
        let mut store = lock(&shopify.store);
        let refuse = |message: &str| UserError::new(&["input", "customerId"], message).code("INVALID");
        let known = store.customers.get(&id).ok_or_else(|| refuse("Customer does not exist"))?;
        if known.mail().is_none() {
            return Err(refuse("Customer must have a unique email address"));
        }
        store.take_customer(id, Map::from_iter([("email_marketing_consent".to_owned(), consent)]), &now)
    };
    shopify.tell_consent(&customer, 1);
    shopify.tell_customer("customers/update", &customer, 1);
    Ok(json!({"customer": {"__ref": gid("Customer", id)}}))
}

/// `customerCreate`.
pub(super) fn create(world: &World, arguments: &Arguments) -> Outcome {
    let shopify = &world.shopify;
    let now = shopify.ctx.now_rfc3339();
    let empty = Map::new();
    let input = object(arguments, "input").unwrap_or(&empty);
    let mail = text(input, "email").unwrap_or_default().trim();
    let refuse = |message: &str| UserError::new(&["email"], message);
    if !mail.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
        return Err(refuse("Email is invalid"));
    }
    let mut given = Map::from_iter([("email".to_owned(), json!(mail))]);
    if let Some(asked) = object(input, "emailMarketingConsent") {
        given.insert("email_marketing_consent".to_owned(), consent(asked, &now)?);
    }
    for (key, name) in [("locale", "locale"), ("first_name", "firstName"), ("last_name", "lastName")] {
        if let Some(value) = text(input, name) {
            given.insert(key.to_owned(), json!(value));
        }
    }
    let consented = given.contains_key("email_marketing_consent");
    let customer = {
        let mut store = lock(&shopify.store);
        if store.customer_by_mail(mail).is_some() {
            return Err(refuse("Email has already been taken"));
        }
        store.take_customer(shopify.ctx.next_id(), given, &now)
    };
    shopify.tell_customer("customers/create", &customer, 1);
    if consented {
        shopify.tell_consent(&customer, 1);
    }
    Ok(json!({"customer": {"__ref": gid("Customer", customer.id)}}))
}
