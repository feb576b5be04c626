//! Mutations about parcels and holds; see [`super::mutations`].

use super::graphql::World;
use super::moves::{UserError, Wanted};
use super::mutations::{Arguments, Outcome, change, flag, number, object, text};
use super::order::{Hold, Order, Tracking, gid, gid_number};
use super::view::{self, reference};
use super::{changes, rest, view_parts};
use apollo_compiler::resolvers::FieldError;
use serde_json::{Map, Value, json};

fn has_parcel(id: u64) -> impl Fn(&Order) -> bool {
    move |order| order.fulfillments.iter().any(|parcel| parcel.id == id)
}

fn has_group(id: u64) -> impl Fn(&Order) -> bool {
    move |order| order.fulfillment_orders.iter().any(|group| group.id == id)
}

/// `FulfillmentTrackingInput`. Its documentation says what belongs together: one number with one URL or lists of both, never a URL
/// without its number; and a URL has a scheme and a host.
/// <https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/FulfillmentTrackingInput>
fn tracking(world: &World, field: &str, input: Option<&Arguments>) -> Result<Tracking, FieldError> {
    let Some(input) = input else { return Ok(Tracking::default()) };
    let given = |key: &str| input.get(key).is_some_and(|value| !value.is_null());
    let refuse = |why: &str| Err(world.unexpected(field, why));
    for (one, many) in [("number", "numbers"), ("url", "urls")] {
        if given(one) && given(many) {
            return refuse(&format!("`{one}` and `{many}` of tracking information exclude each other"));
        }
    }
    let list = |one: &str, many: &str| -> Vec<String> {
        let many = input.get(many).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let many: Vec<String> = many.map(str::to_owned).collect();
        if many.is_empty() { text(input, one).map(str::to_owned).into_iter().collect() } else { many }
    };
    let (numbers, urls) = (list("number", "numbers"), list("url", "urls"));
    if urls.len() > numbers.len() {
        return refuse("a tracking URL without its number");
    }
    let is_web = |url: &&String| {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
    };
    if let Some(url) = urls.iter().find(|url| !is_web(url)) {
        return refuse(&format!("Invalid url '{url}'"));
    }
    Ok(Tracking { company: text(input, "company").map(str::to_owned), numbers, urls })
}

pub fn fulfillment_create(world: &World, arguments: &Arguments) -> Result<Outcome, FieldError> {
    let empty = Map::new();
    let input = object(arguments, "fulfillment").unwrap_or(&empty);
    let groups = input.get("lineItemsByFulfillmentOrder").and_then(Value::as_array).into_iter().flatten();
    let wanted: Vec<Wanted> = groups
        .filter_map(Value::as_object)
        .map(|group| {
            let lines =
                group.get("fulfillmentOrderLineItems").and_then(Value::as_array).filter(|lines| !lines.is_empty());
            let lines = lines.map(|lines| {
                let lines = lines.iter().filter_map(Value::as_object);
                let quantity = |line: &Arguments| line.get("quantity").and_then(Value::as_u64).unwrap_or(0);
                lines.map(|line| (number(line, "id", "FulfillmentOrderLineItem"), quantity(line))).collect()
            });
            (number(group, "fulfillmentOrderId", "FulfillmentOrder"), lines)
        })
        .collect();
    let first = wanted.first().map_or(0, |(id, _)| *id);
    let missing = UserError::new(&["fulfillment"], "Fulfillment order does not exist.");
    let ctx = &world.shopify.ctx;
    let notify = flag(input, "notifyCustomer");
    let tracking = tracking(world, "fulfillmentCreate", object(input, "trackingInfo"))?;
    let made = change(world, has_group(first), missing, |order| {
        let id = order.fulfil(ctx, &wanted, tracking, notify)?;
        let parcel = order.fulfillments.last().map(|parcel| rest::fulfillment(order, parcel)).unwrap_or_default();
        let how = if order.fulfillment_status() == Some("fulfilled") {
            "orders/fulfilled"
        } else {
            "orders/partially_fulfilled"
        };
        Ok((id, vec![("fulfillments/create", parcel), changes::updated(order), (how, rest::order(order))]))
    });
    Ok(made.map(|id| json!({"fulfillment": reference(gid("Fulfillment", id))})))
}

pub fn tracking_update(world: &World, arguments: &Arguments) -> Result<Outcome, FieldError> {
    let id = number(arguments, "fulfillmentId", "Fulfillment");
    let missing = UserError::new(&["fulfillmentId"], "Fulfillment does not exist.");
    let info = tracking(world, "fulfillmentTrackingInfoUpdate", object(arguments, "trackingInfoInput"))?;
    let notify = flag(arguments, "notifyCustomer");
    let ctx = &world.shopify.ctx;
    let told = change(world, has_parcel(id), missing, |order| {
        order.track(ctx, id, info, notify);
        let parcel = order.fulfillments.iter().find(|parcel| parcel.id == id);
        let body = parcel.map(|parcel| rest::fulfillment(order, parcel)).unwrap_or_default();
        Ok(((), vec![("fulfillments/update", body), changes::updated(order)]))
    });
    Ok(told.map(|()| json!({"fulfillment": reference(gid("Fulfillment", id))})))
}

pub fn event_create(world: &World, arguments: &Arguments) -> Outcome {
    let empty = Map::new();
    let input = object(arguments, "fulfillmentEvent").unwrap_or(&empty);
    let id = number(input, "fulfillmentId", "Fulfillment");
    let missing = || UserError::new(&["fulfillmentEvent", "fulfillmentId"], "Fulfillment does not exist.");
    let ctx = &world.shopify.ctx;
    let event = change(world, has_parcel(id), missing(), |order| {
        order.add_event(ctx, id, text(input, "status").unwrap_or_default(), input).ok_or_else(missing)?;
        let parcel = order.fulfillments.iter().find(|parcel| parcel.id == id).ok_or_else(missing)?;
        let event = parcel.events.last().ok_or_else(missing)?;
        let body = rest::event(order, parcel, event);
        Ok((view_parts::event(event), vec![("fulfillment_events/create", body)]))
    })?;
    Ok(json!({"fulfillmentEvent": event}))
}

pub fn hold(world: &World, arguments: &Arguments) -> Result<Outcome, FieldError> {
    let empty = Map::new();
    let input = object(arguments, "fulfillmentHold").unwrap_or(&empty);
    if input.get("fulfillmentOrderLineItems").and_then(Value::as_array).is_some_and(|lines| !lines.is_empty()) {
        return Err(world.unexpected("fulfillmentOrderHold", "the sandbox does not play a hold on some lines only"));
    }
    let id = number(arguments, "id", "FulfillmentOrder");
    let missing = UserError::new(&["id"], "Fulfillment order does not exist.").code("FULFILLMENT_ORDER_NOT_FOUND");
    let wanted = Hold {
        id: 0,
        reason: text(input, "reason").unwrap_or("OTHER").to_owned(),
        notes: text(input, "reasonNotes").map(str::to_owned),
        handle: text(input, "handle").unwrap_or_default().to_owned(),
        external_id: text(input, "externalId").map(str::to_owned),
    };
    let ctx = &world.shopify.ctx;
    let held = change(world, has_group(id), missing, |order| {
        let hold = order.hold(ctx, id, wanted)?;
        let group = order.fulfillment_orders.iter().find(|group| group.id == id);
        let group = group.map(|group| view::fulfillment_order(order, group)).unwrap_or_default();
        Ok(((gid("FulfillmentHold", hold), group), Vec::new()))
    });
    Ok(held.map(|(hold, group)| {
        let holds = group["fulfillmentHolds"].as_array().into_iter().flatten();
        let hold = holds.filter(|known| known["id"] == json!(hold)).map(Value::clone).next();
        json!({"fulfillmentHold": hold, "fulfillmentOrder": group, "remainingFulfillmentOrder": null})
    }))
}

pub fn release(world: &World, arguments: &Arguments) -> Outcome {
    let id = number(arguments, "id", "FulfillmentOrder");
    let missing = UserError::new(&["id"], "Fulfillment order does not exist.").code("FULFILLMENT_ORDER_NOT_FOUND");
    let holds: Option<Vec<u64>> = arguments
        .get("holdIds")
        .and_then(Value::as_array)
        .map(|ids| ids.iter().filter_map(|id| gid_number(id.as_str()?, "FulfillmentHold")).collect());
    let ctx = &world.shopify.ctx;
    change(world, has_group(id), missing, |order| {
        order.release(ctx, id, holds.as_deref())?;
        Ok(((), Vec::new()))
    })?;
    Ok(json!({"fulfillmentOrder": reference(gid("FulfillmentOrder", id))}))
}
