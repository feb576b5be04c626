//! The store's objects in REST's shape: bodies of webhooks, and the answer of the control routes.

use super::money::{Bag, Currencies};
use super::order::{Event, Fulfillment, FulfillmentOrder, Order, gid};
use serde_json::{Map, Value, json};

/// The body of `orders/*`.
pub fn order(order: &Order) -> Value {
    let mut body = order.rest.clone();
    let fulfillments = order.fulfillments.iter().map(|parcel| fulfillment(order, parcel)).collect();
    body.insert("fulfillments".to_owned(), Value::Array(fulfillments));
    Value::Object(body)
}

/// The body of `fulfillments/create` and `fulfillments/update`.
pub fn fulfillment(order: &Order, parcel: &Fulfillment) -> Value {
    let items: Vec<Value> = parcel
        .lines
        .iter()
        .filter_map(|sent| {
            let mut line = order.line(sent.line)?.clone();
            line.insert("quantity".to_owned(), json!(sent.quantity));
            Some(Value::Object(line))
        })
        .collect();
    let text = |key: &str| order.rest.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "id": parcel.id,
        "order_id": order.id,
        "status": "success",
        "created_at": parcel.created_at,
        "service": parcel.service,
        "updated_at": parcel.updated_at,
        "tracking_company": parcel.tracking.company,
        "shipment_status": parcel.events.last().map(|event| event.status.to_lowercase()),
        "location_id": null,
        "origin_address": null,
        "email": text("email"),
        "destination": text("shipping_address"),
        "line_items": items,
        "tracking_number": parcel.tracking.numbers.first(),
        "tracking_numbers": parcel.tracking.numbers,
        "tracking_url": parcel.tracking.urls.first(),
        "tracking_urls": parcel.tracking.urls,
        "receipt": {},
        "name": parcel.name,
        "admin_graphql_api_id": gid("Fulfillment", parcel.id),
    })
}

/// The body of `fulfillment_events/create`.
pub fn event(order: &Order, parcel: &Fulfillment, event: &Event) -> Value {
    let place = |key: &str| event.place.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "id": event.id,
        "fulfillment_id": parcel.id,
        "status": event.status.to_lowercase(),
        "message": event.message,
        "happened_at": event.happened_at,
        "city": place("city"),
        "province": place("province"),
        "country": place("country"),
        "zip": place("zip"),
        "address1": place("address1"),
        "latitude": null,
        "longitude": null,
        "shop_id": SHOP,
        "created_at": event.created_at,
        "updated_at": event.created_at,
        "estimated_delivery_at": place("estimatedDeliveryAt"),
        "order_id": order.id,
        "admin_graphql_api_id": gid("FulfillmentEvent", event.id),
    })
}

/// The shop's number.
pub const SHOP: u64 = 1;

/// The body of `orders/edited`; `changes` is `(line, before, after)`.
pub fn edit(order: &Order, id: u64, now: &str, changes: &[(u64, u64, u64)]) -> Value {
    let delta = |line: u64, more: u64| json!({"id": line, "delta": more});
    let additions: Vec<Value> =
        changes.iter().filter(|(_, old, new)| new > old).map(|(line, old, new)| delta(*line, new - old)).collect();
    let removals: Vec<Value> =
        changes.iter().filter(|(_, old, new)| new < old).map(|(line, old, new)| delta(*line, old - new)).collect();
    json!({"order_edit": {
        "id": id,
        "app_id": null,
        "created_at": now,
        "committed_at": now,
        "notify_customer": false,
        "order_id": order.id,
        "staff_note": "",
        "user_id": null,
        "line_items": {"additions": additions, "removals": removals},
        "discounts": {"line_item": {"additions": [], "removals": []}},
        "shipping_lines": {"additions": [], "removals": []},
    }})
}

/// A refund that is about to be made.
pub struct Refund<'a> {
    pub id: u64,
    pub now: &'a str,
    pub note: Option<&'a str>,
    /// `cancel`, `return` or `no_restock`.
    pub restock_type: &'a str,
    /// `(line, quantity, subtotal)`.
    pub lines: &'a [(u64, u64, Bag)],
    /// All of it.
    pub amount: &'a Bag,
    /// What no line explains, as in a refund of an amount only.
    pub adjustment: Option<&'a Bag>,
    pub transaction: u64,
    pub gateway: &'a str,
}

/// The body of `refunds/create`, which the order's `refunds` then hold.
pub fn refund(order: &Order, refund: &Refund<'_>) -> Value {
    let currencies = Currencies::of(&order.rest);
    let lines: Vec<Value> = refund
        .lines
        .iter()
        .enumerate()
        .map(|(index, (line, quantity, subtotal))| {
            json!({
                "id": refund.id + index as u64 + 1,
                "quantity": quantity,
                "line_item_id": line,
                "location_id": null,
                "restock_type": refund.restock_type,
                "subtotal": subtotal.shop.rest(&currencies.shop),
                "total_tax": "0.00",
                "subtotal_set": subtotal.rest(),
                "total_tax_set": currencies.zero().rest(),
                "line_item": order.line(*line),
            })
        })
        .collect();
    let adjustments: Vec<Value> = refund
        .adjustment
        .map(|amount| {
            let less = currencies.zero().minus(amount);
            json!({
                "id": refund.transaction + 1,
                "order_id": order.id,
                "refund_id": refund.id,
                "amount": less.shop.rest(&currencies.shop),
                "tax_amount": "0.00",
                "kind": "refund_discrepancy",
                "reason": "Refund discrepancy",
                "amount_set": less.rest(),
                "tax_amount_set": currencies.zero().rest(),
            })
        })
        .into_iter()
        .collect();
    json!({
        "id": refund.id,
        "order_id": order.id,
        "created_at": refund.now,
        "note": refund.note,
        "user_id": null,
        "processed_at": refund.now,
        "duties": [],
        "total_duties_set": currencies.zero().rest(),
        "return": null,
        "refund_shipping_lines": [],
        "restock": refund.restock_type != "no_restock",
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_adjustments": adjustments,
        "refund_line_items": lines,
        "transactions": [{
            "id": refund.transaction,
            "order_id": order.id,
            "kind": "refund",
            "gateway": refund.gateway,
            "status": "success",
            "message": null,
            "created_at": refund.now,
            "processed_at": refund.now,
            "test": order.rest.get("test").and_then(Value::as_bool).unwrap_or(false),
            "amount": refund.amount.shop.rest(&currencies.shop),
            "currency": currencies.shop,
            "amount_set": refund.amount.rest(),
            "admin_graphql_api_id": gid("OrderTransaction", refund.transaction),
        }],
    })
}

/// The answer of `GET /_sandbox/shopify/orders/<id>`: the payload as the store has it now (`cancelled_at`,
/// `financial_status`, `fulfillment_status`, `refunds`, `fulfillments` in REST's shape, …), and beside it
///
/// * `tags`: a list,
/// * `risk`: `{"level", "recommendation"}`,
/// * `transactions`: as GraphQL has them, `disputes`: as webhooks have them,
/// * `fulfillment_orders`: `[{"id", "status", "request_status", "service", "requires_shipping", "holds", "line_items":
///   [{"id", "line_item_id", "quantity", "remaining"}]}]`,
/// * `holds`: all of them, `[{"id", "fulfillment_order_id", "reason", "reason_notes", "handle"}]`,
/// * `fulfillments[].events`: `[{"id", "status", "happened_at"}]`,
/// * `metafields`: `[{"namespace", "key", "type", "value"}]`,
/// * `notifications`: mails the store would have sent because `notifyCustomer` was true.
pub fn control(order: &Order) -> Value {
    let Value::Object(mut view) = self::order(order) else {
        return Value::Null;
    };
    let holds = |group: &FulfillmentOrder| -> Vec<Value> {
        group
            .holds
            .iter()
            .map(|hold| {
                json!({
                    "id": hold.id,
                    "fulfillment_order_id": group.id,
                    "reason": hold.reason,
                    "reason_notes": hold.notes,
                    "handle": hold.handle,
                    "external_id": hold.external_id,
                })
            })
            .collect()
    };
    let groups: Vec<Value> = order
        .fulfillment_orders
        .iter()
        .map(|group| {
            let lines: Vec<Value> = group
                .lines
                .iter()
                .map(|line| {
                    json!({"id": line.id, "line_item_id": line.line, "quantity": line.total, "remaining": line.remaining})
                })
                .collect();
            json!({
                "id": group.id,
                "status": group.status,
                "request_status": group.request_status,
                "service": group.service,
                "requires_shipping": group.requires_shipping,
                "holds": holds(group),
                "line_items": lines,
            })
        })
        .collect();
    if let Some(Value::Array(parcels)) = view.get_mut("fulfillments") {
        for (parcel, known) in parcels.iter_mut().zip(&order.fulfillments) {
            let events: Vec<Value> = known
                .events
                .iter()
                .map(|event| json!({"id": event.id, "status": event.status, "happened_at": event.happened_at}))
                .collect();
            parcel["events"] = json!(events);
        }
    }
    let metafields: Vec<Value> = order
        .metafields
        .iter()
        .map(|field| json!({"namespace": field.namespace, "key": field.key, "type": field.kind, "value": field.value}))
        .collect();
    let added = [
        ("tags", json!(order.tags)),
        ("risk", json!({"level": order.risk().name(), "recommendation": order.risk().recommendation()})),
        ("transactions", super::payments::transactions(order)),
        ("disputes", order.disputes.iter().map(|dispute| dispute.body(order)).collect()),
        ("fulfillment_orders", json!(groups)),
        ("holds", order.fulfillment_orders.iter().flat_map(holds).collect()),
        ("metafields", json!(metafields)),
        ("notifications", json!(order.notifications)),
    ];
    view.extend(added.map(|(key, value)| (key.to_owned(), value)));
    Value::Object(view)
}

/// What one unit of a line costs.
pub fn unit_price(order: &Map<String, Value>, line: &Map<String, Value>) -> Bag {
    let currencies = Currencies::of(order);
    currencies.read(line, "price").unwrap_or_else(|| currencies.zero())
}

/// What was paid back so far.
pub fn refunded(order: &Map<String, Value>) -> Bag {
    let currencies = Currencies::of(order);
    let refunds = order.get("refunds").and_then(Value::as_array).into_iter().flatten();
    refunds
        .filter_map(|refund| refund.get("transactions").and_then(Value::as_array))
        .flatten()
        .filter_map(Value::as_object)
        .filter(|transaction| transaction.get("status").is_none_or(|status| status == "success"))
        .filter_map(|transaction| currencies.read(transaction, "amount"))
        .fold(currencies.zero(), |sum, amount| sum.plus(&amount))
}
