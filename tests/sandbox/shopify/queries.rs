//! Fields of `QueryRoot`.

use super::catalog::Variant;
use super::checkouts::Checkout;
use super::customers;
use super::graphql::{World, field_error};
use super::order::{Order, gid, gid_number};
use super::page::keyed;
use super::rest::SHOP;
use super::search::{self, Term};
use super::view::reference;
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
        "customer" => by_id(world, field, arguments, "Customer"),
        "customerByIdentifier" => {
            customers::by_identifier(world, arguments).map_err(|why| world.unexpected(field, &why))
        }
        "node" => node(world, id_argument(world, field, arguments, "id")?),
        "nodes" => {
            let ids = arguments.get("ids").and_then(Value::as_array).into_iter().flatten();
            ids.map(|id| node(world, check_id(world, field, id.as_str().unwrap_or_default())?)).collect()
        }
        "orders" => orders(world, arguments),
        "abandonedCheckouts" => checkouts(world, arguments),
        "productVariants" => variants(world, arguments),
        "productVariant" => by_id(world, field, arguments, "ProductVariant"),
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
        || gid_number(id, "LineItem").or(gid_number(id, "ProductVariant")).is_some()
    {
        return Ok(world.lookup(id).unwrap_or_default());
    }
    if let Some(number) = gid_number(id, "AbandonedCheckout") {
        let shop = &world.shopify.ctx.config.shopify.shop;
        let store = lock(&world.shopify.store);
        return Ok(store.checkouts.get(&number).map(|checkout| checkout.graphql(shop, false)).unwrap_or_default());
    }
    Err(world.unexpected("node", &format!("the sandbox does not play node(id: \"{id}\")")))
}

/// `Job`; an unknown one is done, as Shopify forgets finished jobs.
pub fn job(world: &World, id: &str) -> Value {
    let done = !lock(&world.shopify.store).jobs.contains(id);
    json!({"id": id, "done": done})
}

fn subscriptions(world: &World, arguments: &Arguments) -> Result<Value, FieldError> {
    refuse_unplayed(world, "webhookSubscriptions", arguments, &["format", "query"])?;
    if !matches!(text(arguments, "sortKey"), None | Some("CREATED_AT" | "ID")) {
        return Err(
            world.unexpected("webhookSubscriptions", "the sandbox does not play webhookSubscriptions(sortKey:)")
        );
    }
    let topics = arguments.get("topics").and_then(Value::as_array);
    let topics: Option<Vec<&str>> = topics.map(|topics| topics.iter().filter_map(Value::as_str).collect());
    let uri = text(arguments, "uri").or(text(arguments, "callbackUrl"));
    Ok(Value::Array(world.shopify.listed(topics.as_deref(), uri)))
}

fn text<'a>(arguments: &'a Arguments, key: &str) -> Option<&'a str> {
    arguments.get(key).and_then(Value::as_str)
}

fn refuse_unplayed(world: &World, field: &str, arguments: &Arguments, names: &[&str]) -> Result<(), FieldError> {
    match names.iter().find(|name| arguments.get(**name).is_some_and(|value| !value.is_null())) {
        Some(name) => Err(world.unexpected(field, &format!("the sandbox does not play {field}({name}:)"))),
        None => Ok(()),
    }
}

/// The terms of `query:`, where all is played.
fn terms(world: &World, field: &str, arguments: &Arguments, known: &[&str]) -> Result<Vec<Term>, FieldError> {
    refuse_unplayed(world, field, arguments, &["savedSearchId"])?;
    let query = text(arguments, "query").unwrap_or_default();
    search::terms(field, query, known).map_err(|why| world.unexpected(field, &why))
}

fn orders(world: &World, arguments: &Arguments) -> Result<Value, FieldError> {
    let terms = terms(world, "orders", arguments, search::ORDERS)?;
    let sorted = match text(arguments, "sortKey").unwrap_or("PROCESSED_AT") {
        "PROCESSED_AT" => "processed_at",
        "CREATED_AT" => "created_at",
        "UPDATED_AT" => "updated_at",
        "ID" | "ORDER_NUMBER" => "",
        other => {
            return Err(world.unexpected("orders", &format!("the sandbox does not play orders(sortKey: {other})")));
        }
    };
    let value = |order: &Order| {
        let at = order.text(sorted).and_then(|text| text.parse::<Timestamp>().ok());
        at.map_or(0, Timestamp::as_millisecond)
    };
    let store = lock(&world.shopify.store);
    let mut found: Vec<&Order> =
        store.orders.values().filter(|order| terms.iter().all(|term| term.fits_order(order))).collect();
    found.sort_by_key(|order| (value(order), order.id));
    Ok(found.into_iter().map(|order| keyed(reference(gid("Order", order.id)), value(order), order.id)).collect())
}

fn checkouts(world: &World, arguments: &Arguments) -> Result<Value, FieldError> {
    let terms = terms(world, "abandonedCheckouts", arguments, search::CHECKOUTS)?;
    let by_creation = match text(arguments, "sortKey").unwrap_or("ID") {
        "CREATED_AT" => true,
        "ID" | "CHECKOUT_ID" => false,
        other => {
            let reason = format!("the sandbox does not play abandonedCheckouts(sortKey: {other})");
            return Err(world.unexpected("abandonedCheckouts", &reason));
        }
    };
    let shop = &world.shopify.ctx.config.shopify.shop;
    let store = lock(&world.shopify.store);
    let mut found: Vec<&Checkout> = store
        .checkouts
        .values()
        .filter(|checkout| terms.iter().all(|term| term.fits_checkout(checkout.id, |key| checkout.moment(key))))
        .collect();
    if by_creation {
        let created = |checkout: &Checkout| checkout.moment("created_at").and_then(|at| at.parse::<Timestamp>().ok());
        found.sort_by_key(|checkout| (created(checkout), checkout.id));
    }
    Ok(found.into_iter().map(|checkout| checkout.graphql(shop, by_creation)).collect())
}

fn variants(world: &World, arguments: &Arguments) -> Result<Value, FieldError> {
    refuse_unplayed(world, "productVariants", arguments, &["query", "savedSearchId"])?;
    if !matches!(text(arguments, "sortKey"), None | Some("ID")) {
        return Err(world.unexpected("productVariants", "the sandbox does not play productVariants(sortKey:)"));
    }
    Ok(lock(&world.shopify.store).variants().values().map(Variant::graphql).collect())
}
