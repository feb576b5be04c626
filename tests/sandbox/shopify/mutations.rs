//! Fields of `Mutation`: each changes the store or answers with `userErrors`. A business refusal ("nothing remains",
//! "already held") is an answer; what no client should ever send goes to the list of unexpected requests as well.

use super::graphql::{World, field_error};
use super::moves::UserError;
use super::order::{Metafield, Order, gid, gid_number};
use super::subscriptions::Subscription;
use super::view::{self, reference};
use super::webhooks::enum_of;
use super::{changes, customers, mutations_fulfillment, order_create};
use crate::{clock, lock};
use apollo_compiler::resolvers::FieldError;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

pub(super) type Arguments = Map<String, Value>;
pub(super) type Outcome = Result<Value, UserError>;

/// The namespace of a metafield that names none: the app's own.
pub const OWN_NAMESPACE: &str = "$app";
/// How long `orderCancel`'s job takes.
const JOB_MS: u64 = 300;

/// Runs one mutation and answers its payload.
pub fn run(world: &World, field: &str, arguments: &Arguments) -> Result<Value, FieldError> {
    let errors_key = if field == "orderCancel" { "orderCancelUserErrors" } else { "userErrors" };
    let outcome = if world.refuse {
        Err(UserError::new(&[], "refused by an armed fault"))
    } else {
        match field {
            "fulfillmentCreate" => mutations_fulfillment::fulfillment_create(world, arguments)?,
            "fulfillmentTrackingInfoUpdate" => mutations_fulfillment::tracking_update(world, arguments)?,
            "fulfillmentEventCreate" => mutations_fulfillment::event_create(world, arguments),
            "fulfillmentOrderHold" => mutations_fulfillment::hold(world, arguments)?,
            "fulfillmentOrderReleaseHold" => mutations_fulfillment::release(world, arguments),
            "orderCancel" => order_cancel(world, arguments),
            "orderCreate" => order_create::run(world, arguments)?,
            "tagsAdd" => tags(world, arguments, true),
            "tagsRemove" => tags(world, arguments, false),
            "metafieldsSet" => metafields_set(world, arguments),
            "webhookSubscriptionCreate" => subscription_create(world, arguments)?,
            "webhookSubscriptionDelete" => subscription_delete(world, arguments),
            "customerCreate" => customers::create(world, arguments),
            "customerEmailMarketingConsentUpdate" => customers::consent_update(world, arguments),
            other => return Err(world.unexpected(other, &format!("the sandbox does not play Mutation.{other}"))),
        }
    };
    let mut payload = match outcome {
        Ok(Value::Object(payload)) => with_errors(payload, errors_key, json!([])),
        Ok(_) => return Err(field_error(format!("{field} has no payload"))),
        Err(error) => with_errors(empty(field), errors_key, json!([error.graphql()])),
    };
    if field == "orderCancel" {
        payload.insert("userErrors".to_owned(), json!([]));
    }
    Ok(Value::Object(payload))
}

fn with_errors(mut payload: Arguments, key: &str, errors: Value) -> Arguments {
    payload.insert(key.to_owned(), errors);
    payload
}

/// A payload in which nothing happened.
fn empty(field: &str) -> Arguments {
    let keys: &[&str] = match field {
        "fulfillmentOrderHold" => &["fulfillmentHold", "fulfillmentOrder", "remainingFulfillmentOrder"],
        "fulfillmentOrderReleaseHold" => &["fulfillmentOrder"],
        "fulfillmentEventCreate" => &["fulfillmentEvent"],
        "fulfillmentCreate" | "fulfillmentTrackingInfoUpdate" => &["fulfillment"],
        "orderCancel" => &["job"],
        "orderCreate" => &["order"],
        "customerCreate" | "customerEmailMarketingConsentUpdate" => &["customer"],
        "tagsAdd" | "tagsRemove" => &["node"],
        "metafieldsSet" => &["metafields"],
        "webhookSubscriptionCreate" => &["webhookSubscription"],
        _ => &["deletedWebhookSubscriptionId"],
    };
    keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect()
}

pub(super) fn text<'a>(arguments: &'a Arguments, key: &str) -> Option<&'a str> {
    arguments.get(key).and_then(Value::as_str)
}

pub(super) fn object<'a>(arguments: &'a Arguments, key: &str) -> Option<&'a Arguments> {
    arguments.get(key).and_then(Value::as_object)
}

pub(super) fn flag(arguments: &Arguments, key: &str) -> bool {
    arguments.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The number of an id argument of this kind; 0, which no object has, for anything else.
pub(super) fn number(arguments: &Arguments, key: &str, kind: &str) -> u64 {
    text(arguments, key).and_then(|id| gid_number(id, kind)).unwrap_or(0)
}

/// Runs `change` on the first order for which `is` holds, then sends the webhooks it returns.
pub(super) fn change<T>(
    world: &World,
    is: impl Fn(&Order) -> bool,
    missing: UserError,
    change: impl FnOnce(&mut Order) -> Result<(T, Vec<changes::Webhook>), UserError>,
) -> Result<T, UserError> {
    let (value, webhooks) = {
        let mut store = lock(&world.shopify.store);
        let order = store.orders.values_mut().find(|order| is(order)).ok_or(missing)?;
        change(order)?
    };
    for (topic, body) in webhooks {
        world.shopify.emit(topic, &body);
    }
    Ok(value)
}

fn is_order(id: u64) -> impl Fn(&Order) -> bool {
    move |order| order.id == id || order.alias == Some(id)
}

fn order_cancel(world: &World, arguments: &Arguments) -> Outcome {
    let id = number(arguments, "orderId", "Order");
    let refuse = |message: &str| UserError::new(&["orderId"], message).code("INVALID");
    if text(arguments, "staffNote").is_some_and(|note| note.chars().count() > 255) {
        return Err(
            UserError::new(&["staffNote"], "Staff note is too long (maximum is 255 characters)").code("INVALID")
        );
    }
    let missing = UserError::new(&["orderId"], "Order does not exist").code("NOT_FOUND");
    let id = change(world, is_order(id), missing, |order| {
        if order.is_cancelled() {
            return Err(refuse("Order has already been cancelled"));
        }
        if !order.fulfillments.is_empty() {
            return Err(refuse("Cannot cancel an order that has fulfillments"));
        }
        Ok((order.id, Vec::new()))
    })?;
    let shopify = &world.shopify;
    let job = format!("gid://shopify/Job/{}", shopify.ctx.next_id());
    lock(&shopify.store).jobs.insert(job.clone());
    let method = object(arguments, "refundMethod");
    let refund = flag(arguments, "refund") || method.is_some_and(|method| flag(method, "originalPaymentMethodsRefund"));
    let reason = text(arguments, "reason").unwrap_or("OTHER").to_lowercase();
    let (notify, restock) = (flag(arguments, "notifyCustomer"), flag(arguments, "restock"));
    let (shopify, pending) = (shopify.clone(), job.clone());
    tokio::spawn(async move {
        clock::sleep_ms(JOB_MS).await;
        let webhooks = {
            let mut store = lock(&shopify.store);
            let order = store.orders.get_mut(&id).filter(|order| !order.is_cancelled());
            order.map(|order| {
                if notify {
                    order.notifications.push(json!({"kind": "order_cancelled", "time": shopify.ctx.now_rfc3339()}));
                }
                changes::cancel(&shopify.ctx, order, &reason, refund, restock)
            })
        };
        for (topic, body) in webhooks.into_iter().flatten() {
            shopify.emit(topic, &body);
        }
        // Last, so that the job counts as pending until its webhooks do.
        lock(&shopify.store).jobs.remove(&pending);
    });
    Ok(json!({"job": {"id": job, "done": false}}))
}

fn tags(world: &World, arguments: &Arguments, add: bool) -> Outcome {
    let id = number(arguments, "id", "Order");
    let wanted: Vec<String> = match arguments.get("tags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(|tag| tag.trim().to_owned()).collect(),
        _ => Vec::new(),
    };
    if let Some(tag) = wanted.iter().find(|tag| tag.is_empty() || tag.chars().count() > 40) {
        return Err(UserError::new(&["tags"], format!("Tag {tag:?} must have 1 to 40 characters")));
    }
    let missing = UserError::new(&["id"], "Resource not found");
    let ctx = &world.shopify.ctx;
    let id = change(world, is_order(id), missing, |order| {
        let before = order.tags.clone();
        let is = |known: &str, tag: &String| known.eq_ignore_ascii_case(tag);
        if add {
            for tag in wanted {
                if !order.tags.iter().any(|known| is(known, &tag)) {
                    order.tags.push(tag);
                }
            }
        } else {
            order.tags.retain(|known| !wanted.iter().any(|tag| is(known, tag)));
        }
        if order.tags == before {
            return Ok((order.id, Vec::new()));
        }
        order.touch(ctx);
        Ok((order.id, vec![changes::updated(order)]))
    })?;
    Ok(json!({"node": reference(gid("Order", id))}))
}

/// A metafield's `compareDigest`.
pub fn digest(value: &str) -> String {
    hex::encode(Sha256::digest(value.as_bytes()))
}

fn metafields_set(world: &World, arguments: &Arguments) -> Outcome {
    let inputs = arguments.get("metafields").and_then(Value::as_array).cloned().unwrap_or_default();
    let refuse =
        |key: &'static str, message: &str, code: &'static str| UserError::new(&["metafields", key], message).code(code);
    if inputs.len() > 25 {
        return Err(UserError::new(&["metafields"], "Exceeded the maximum metafields input limit of 25.")
            .code("LESS_THAN_OR_EQUAL_TO"));
    }
    let mut store = lock(&world.shopify.store);
    let mut planned = Vec::new();
    for input in inputs.iter().filter_map(Value::as_object) {
        let owner = number(input, "ownerId", "Order");
        let order = store.orders.values().find(|order| is_order(owner)(order));
        let order = order.ok_or_else(|| refuse("ownerId", "Owner does not exist.", "INVALID"))?;
        let namespace = text(input, "namespace").unwrap_or(OWN_NAMESPACE);
        let (key, value) = (text(input, "key").unwrap_or_default(), text(input, "value").unwrap_or_default());
        if !(3..=255).contains(&namespace.len()) {
            return Err(refuse("namespace", "Namespace must have 3 to 255 characters.", "TOO_SHORT"));
        }
        if !(2..=64).contains(&key.len()) {
            return Err(refuse("key", "Key must have 2 to 64 characters.", "TOO_SHORT"));
        }
        if value.is_empty() {
            return Err(refuse("value", "Value can't be blank.", "BLANK"));
        }
        let known = order.metafields.iter().find(|field| field.namespace == namespace && field.key == key);
        let kind = text(input, "type").map(str::to_owned).or_else(|| known.map(|field| field.kind.clone()));
        let kind = kind.ok_or_else(|| refuse("type", "Type can't be blank.", "BLANK"))?;
        if let Some(compare) = input.get("compareDigest") {
            let now = known.map(|field| digest(&field.value));
            if compare.as_str() != now.as_deref() {
                return Err(refuse(
                    "compareDigest",
                    "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value.",
                    "STALE_OBJECT",
                ));
            }
        }
        let id = known.map_or_else(|| world.shopify.ctx.next_id(), |field| field.id);
        let field = Metafield {
            id,
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            kind,
            value: value.to_owned(),
            updated_at: world.shopify.ctx.now_rfc3339(),
        };
        planned.push((order.id, field));
    }
    let mut shown = Vec::new();
    for (order_id, field) in planned {
        let Some(order) = store.orders.get_mut(&order_id) else {
            continue;
        };
        shown.push(view::metafield(order_id, &field));
        order.metafields.retain(|known| known.id != field.id);
        order.metafields.push(field);
        order.touch(&world.shopify.ctx);
    }
    Ok(json!({"metafields": shown}))
}

fn subscription_create(world: &World, arguments: &Arguments) -> Result<Outcome, FieldError> {
    let empty = Map::new();
    let input = object(arguments, "webhookSubscription").unwrap_or(&empty);
    let filled = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    if let Some(name) =
        ["filter", "metafieldNamespaces", "metafields"].iter().find(|name| input.get(**name).is_some_and(filled))
    {
        let reason = format!("the sandbox does not play webhookSubscriptionCreate(webhookSubscription: {{{name}}})");
        return Err(world.unexpected("webhookSubscriptionCreate", &reason));
    }
    Ok(subscribe(world, text(arguments, "topic").unwrap_or_default(), input))
}

fn subscribe(world: &World, topic: &str, input: &Arguments) -> Outcome {
    let field = &["webhookSubscription", "callbackUrl"];
    let uri = text(input, "uri").or(text(input, "callbackUrl")).unwrap_or_default();
    if !uri.starts_with("https://") && !uri.starts_with("http://127.0.0.1") && !uri.starts_with("arn:") {
        return Err(UserError::new(field, "Address is invalid"));
    }
    if text(input, "format").is_some_and(|format| format != "JSON") {
        return Err(UserError::new(&["webhookSubscription", "format"], "Format is not included in the list"));
    }
    let ctx = &world.shopify.ctx;
    let mut store = lock(&world.shopify.store);
    if store.subscriptions.iter().any(|known| enum_of(&known.topic) == topic && known.uri == uri) {
        return Err(UserError::new(field, "Address for this topic has already been taken"));
    }
    let topic = super::webhooks::topic_of(topic);
    let mut made = Subscription::new(ctx.next_id(), topic, uri.to_owned(), ctx.now_rfc3339());
    made.name = text(input, "name").map(str::to_owned);
    let fields = input.get("includeFields").and_then(Value::as_array).into_iter().flatten();
    made.include_fields = fields.filter_map(Value::as_str).map(str::to_owned).collect();
    let shown = made.graphql(&ctx.config.shopify.api_version);
    store.subscriptions.push(made);
    Ok(json!({"webhookSubscription": shown}))
}

fn subscription_delete(world: &World, arguments: &Arguments) -> Outcome {
    let id = number(arguments, "id", "WebhookSubscription");
    let mut store = lock(&world.shopify.store);
    let before = store.subscriptions.len();
    store.subscriptions.retain(|known| known.id != id);
    if store.subscriptions.len() == before {
        return Err(UserError::new(&["id"], "Webhook subscription does not exist"));
    }
    Ok(json!({"deletedWebhookSubscriptionId": gid("WebhookSubscription", id)}))
}
