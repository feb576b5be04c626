//! Fields of `QueryRoot`.

use super::graphql::{World, field_error};
use super::order::{Order, gid, gid_number};
use super::rest::SHOP;
use super::view::reference;
use super::webhooks::{Subscription, enum_of};
use crate::lock;
use apollo_compiler::resolvers::FieldError;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

type Arguments = Map<String, Value>;

/// Resolves one field of `QueryRoot` to a tree.
pub fn run(world: &World, field: &str, arguments: &Arguments) -> Result<Value, FieldError> {
    if world.refuse {
        return Err(field_error(format!("Access denied for {field} field (an armed fault).")));
    }
    match field {
        "order" => by_id(world, field, arguments, "Order"),
        "fulfillment" => by_id(world, field, arguments, "Fulfillment"),
        "fulfillmentOrder" => by_id(world, field, arguments, "FulfillmentOrder"),
        "node" => node(world, id_argument(world, field, arguments, "id")?),
        "nodes" => {
            let ids = arguments.get("ids").and_then(Value::as_array).into_iter().flatten();
            ids.map(|id| node(world, check_id(world, field, id.as_str().unwrap_or_default())?)).collect()
        }
        "orders" => orders(world, arguments),
        "job" => Ok(job(world, id_argument(world, field, arguments, "id")?)),
        "shop" => {
            let config = &world.shopify.ctx.config.shopify;
            let name = config.shop.split('.').next().unwrap_or_default();
            Ok(json!({
                "__typename": "Shop",
                "id": gid("Shop", SHOP),
                "name": name,
                "myshopifyDomain": config.shop,
                "currencyCode": config.currency,
                "url": format!("https://{}", config.shop),
                "ianaTimezone": "Etc/UTC",
            }))
        }
        "webhookSubscriptions" => subscriptions(world, arguments),
        other => Err(world.unexpected(other, &format!("the sandbox does not play QueryRoot.{other}"))),
    }
}

/// A gid, as Shopify insists on.
fn check_id<'a>(world: &World, field: &str, id: &'a str) -> Result<&'a str, FieldError> {
    let shape = id.strip_prefix("gid://shopify/").and_then(|rest| rest.split_once('/'));
    if shape.is_some_and(|(kind, number)| !kind.is_empty() && !number.is_empty()) {
        Ok(id)
    } else {
        Err(world.unexpected(field, &format!("Invalid global id '{id}'")))
    }
}

fn id_argument<'a>(world: &World, field: &str, arguments: &'a Arguments, name: &str) -> Result<&'a str, FieldError> {
    // Shopify's ids are strings; GraphQL lets a client write an ID as a number, which is no gid either way.
    check_id(world, field, arguments.get(name).and_then(Value::as_str).unwrap_or_default())
}

fn by_id(world: &World, field: &str, arguments: &Arguments, kind: &str) -> Result<Value, FieldError> {
    let id = id_argument(world, field, arguments, "id")?;
    if gid_number(id, kind).is_none() {
        return Err(world.unexpected(field, &format!("Invalid id: {id} is no {kind}")));
    }
    Ok(world.lookup(id).unwrap_or_default())
}

fn node(world: &World, id: &str) -> Result<Value, FieldError> {
    if gid_number(id, "Order").or(gid_number(id, "Fulfillment")).or(gid_number(id, "FulfillmentOrder")).is_some()
        || gid_number(id, "LineItem").is_some()
    {
        return Ok(world.lookup(id).unwrap_or_default());
    }
    Err(world.unexpected("node", &format!("the sandbox does not play node(id: \"{id}\")")))
}

/// `Job`; an unknown one is done, as Shopify forgets finished jobs.
pub fn job(world: &World, id: &str) -> Value {
    let done = !lock(&world.shopify.store).jobs.contains(id);
    json!({"id": id, "done": done})
}

/// `WebhookSubscription`.
pub fn subscription(world: &World, subscription: &Subscription) -> Value {
    let uri = world.shopify.address(subscription);
    json!({
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", subscription.id),
        "legacyResourceId": subscription.id.to_string(),
        "topic": enum_of(&subscription.topic),
        "uri": uri,
        "callbackUrl": uri,
        "format": "JSON",
        "filter": null,
        "name": null,
        "includeFields": [],
        "metafieldNamespaces": [],
        "createdAt": subscription.created_at,
        "updatedAt": subscription.created_at,
        "apiVersion": {"handle": world.shopify.ctx.config.shopify.api_version, "supported": true},
    })
}

fn subscriptions(world: &World, arguments: &Arguments) -> Result<Value, FieldError> {
    let unplayed = ["format", "query", "uri", "callbackUrl"]
        .iter()
        .find(|name| arguments.get(**name).is_some_and(|value| !value.is_null()));
    if let Some(name) = unplayed {
        return Err(world
            .unexpected("webhookSubscriptions", &format!("the sandbox does not play webhookSubscriptions({name}:)")));
    }
    let topics: Option<Vec<&str>> = arguments
        .get("topics")
        .and_then(Value::as_array)
        .map(|topics| topics.iter().filter_map(Value::as_str).collect());
    let store = lock(&world.shopify.store);
    let list = store
        .subscriptions
        .iter()
        .filter(|known| topics.as_ref().is_none_or(|topics| topics.contains(&enum_of(&known.topic).as_str())));
    Ok(list.map(|known| subscription(world, known)).collect())
}

fn orders(world: &World, arguments: &Arguments) -> Result<Value, FieldError> {
    let query = arguments.get("query").and_then(Value::as_str).unwrap_or_default();
    let filters = filters(query).map_err(|why| world.unexpected("orders", &why))?;
    let store = lock(&world.shopify.store);
    let mut found: Vec<&Order> =
        store.orders.values().filter(|order| filters.iter().all(|filter| filter.fits(order))).collect();
    let moment = |order: &Order, key: &str| order.text(key).and_then(|text| text.parse::<Timestamp>().ok());
    match arguments.get("sortKey").and_then(Value::as_str).unwrap_or("PROCESSED_AT") {
        "PROCESSED_AT" => found.sort_by_key(|order| (moment(order, "processed_at"), order.id)),
        "CREATED_AT" => found.sort_by_key(|order| (moment(order, "created_at"), order.id)),
        "UPDATED_AT" => found.sort_by_key(|order| (moment(order, "updated_at"), order.id)),
        "ID" | "ORDER_NUMBER" => found.sort_by_key(|order| order.id),
        other => {
            drop(store);
            return Err(world.unexpected("orders", &format!("the sandbox does not play orders(sortKey: {other})")));
        }
    }
    Ok(found.into_iter().map(|order| reference(gid("Order", order.id))).collect())
}

/// One term of `orders(query:)`.
struct Filter {
    key: String,
    comparison: &'static str,
    value: String,
}

/// Terms joined by spaces or `AND`: `name:#1001 updated_at:>='2026-11-20T00:00:00Z'`.
fn filters(query: &str) -> Result<Vec<Filter>, String> {
    let mut found = Vec::new();
    let mut rest = query.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':').ok_or_else(|| format!("orders(query:) cannot be read at {rest:?}"))?;
        let comparison = [">=", "<=", ">", "<"].into_iter().find(|sign| after.starts_with(sign)).unwrap_or("");
        let after = after.strip_prefix(comparison).unwrap_or(after);
        let quote = after.chars().next().filter(|first| matches!(first, '\'' | '"'));
        let (value, next) = match quote {
            Some(quote) => after
                .get(1..)
                .and_then(|text| text.split_once(quote))
                .ok_or_else(|| format!("orders(query:) has a quote without end at {after:?}"))?,
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        let key = key.trim().trim_start_matches("AND ").trim();
        if ![
            "name",
            "id",
            "created_at",
            "updated_at",
            "processed_at",
            "financial_status",
            "status",
            "tag",
            "test",
            "email",
        ]
        .contains(&key)
        {
            return Err(format!("the sandbox does not play orders(query: \"{key}:\")"));
        }
        if key.ends_with("_at") && value.parse::<Timestamp>().is_err() && value.parse::<jiff::civil::Date>().is_err() {
            return Err(format!("orders(query:) compares {key} with {value:?}, which is no moment"));
        }
        found.push(Filter { key: key.to_owned(), comparison, value: value.to_owned() });
        rest = next.trim();
    }
    Ok(found)
}

impl Filter {
    fn fits(&self, order: &Order) -> bool {
        let value = self.value.as_str();
        match self.key.as_str() {
            "name" => order.name() == value || order.name().trim_start_matches('#') == value.trim_start_matches('#'),
            "id" => value.parse().is_ok_and(|id| self.compare(order.id, id)),
            "financial_status" => order.text("financial_status") == Some(value),
            "email" => order.text("email").is_some_and(|email| email.eq_ignore_ascii_case(value)),
            "tag" => order.tags.iter().any(|tag| tag.eq_ignore_ascii_case(value)),
            "test" => order.rest.get("test").and_then(Value::as_bool).unwrap_or(false).to_string() == value,
            "status" => match value {
                "open" => order.text("closed_at").is_none() && !order.is_cancelled(),
                "closed" => order.text("closed_at").is_some(),
                "cancelled" => order.is_cancelled(),
                "not_closed" => order.text("closed_at").is_none(),
                _ => true,
            },
            key => {
                let moment = |text: &str| text.parse::<Timestamp>().ok();
                let day = || format!("{value}T00:00:00Z").parse::<Timestamp>().ok();
                let Some((at, wanted)) = order.text(key).and_then(moment).zip(moment(value).or_else(day)) else {
                    return false;
                };
                self.compare(at, wanted)
            }
        }
    }

    fn compare<T: PartialOrd>(&self, left: T, right: T) -> bool {
        match self.comparison {
            ">=" => left >= right,
            "<=" => left <= right,
            ">" => left > right,
            "<" => left < right,
            _ => left == right,
        }
    }
}
