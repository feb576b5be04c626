//! An order as GraphQL's `Order`, a tree of JSON that [`super::graphql`] walks. A key that is missing is a field the
//! sandbox does not play; null is null. `{"__ref": gid}` stands for another object, so that cycles need no end.

use super::changes::received;
use super::money::{Amount, Bag, Currencies};
use super::order::{FulfillmentOrder, MANUAL, Order, gid, gid_number, is_third_party, line_gid, service_of};
use super::payload::{count, lines};
use super::payments::{Dispute, transactions};
use super::view_parts::{
    address, customer, discount_applications, fulfillment, instant, line_item, refunds, shipping_lines,
};
use super::{rest, risk};
use serde_json::{Map, Value, json};

/// `{"__ref": gid}`.
pub fn reference(gid: impl Into<String>) -> Value {
    json!({"__ref": gid.into()})
}

/// The same for a part of this order, which is found without going through all the others.
pub fn part(order: &Order, gid: impl Into<String>) -> Value {
    json!({"__ref": gid.into(), "__within": order.id})
}

/// The whole order; `shown` is the number it was asked for, which may be the order's alias; `others` is how many orders of its
/// customer the store holds.
pub fn order(order: &Order, shown: u64, shop: &str, others: u64) -> Value {
    let rest = &order.rest;
    let currencies = Currencies::of(rest);
    let get = |key: &str| rest.get(key).cloned().unwrap_or(Value::Null);
    let upper = |key: &str| order.text(key).map(str::to_uppercase);
    let bag =
        |keys: &[&str]| keys.iter().find_map(|key| currencies.read(rest, key)).unwrap_or_else(|| currencies.zero());
    let flag = |key: &str| rest.get(key).and_then(Value::as_bool).unwrap_or(false);
    let moment = |key: &str| instant(rest.get(key));
    let refunded = rest::refunded(rest);
    let received = received(order);
    let financial = order.text("financial_status").unwrap_or_default();
    let shipping = currencies.read(rest, "total_shipping_price").unwrap_or_else(|| {
        let lines = rest.get("shipping_lines").and_then(Value::as_array).into_iter().flatten();
        lines
            .filter_map(Value::as_object)
            .filter_map(|line| currencies.read(line, "price"))
            .fold(currencies.zero(), |sum, price| sum.plus(&price))
    });
    let units = |key: &str| lines(rest).filter_map(|line| count(line, key)).sum::<u64>();
    let status_page = order.text("order_status_url").map_or_else(
        || format!("https://{shop}/{}/orders/{}/authenticate", rest::SHOP, order.text("token").unwrap_or_default()),
        str::to_owned,
    );
    let mut view = json!({
        "__typename": "Order",
        "id": gid("Order", shown),
        "legacyResourceId": shown.to_string(),
        "name": order.name(),
        "email": get("email"),
        "phone": get("phone"),
        "test": flag("test"),
        "confirmed": rest.get("confirmed").and_then(Value::as_bool).unwrap_or(true),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "processedAt": moment("processed_at"),
        "cancelledAt": moment("cancelled_at"),
        "cancelReason": upper("cancel_reason"),
        "closedAt": moment("closed_at"),
        "closed": !moment("closed_at").is_null(),
        "currencyCode": currencies.shop,
        "presentmentCurrencyCode": currencies.presentment,
        "customerLocale": get("customer_locale"),
        "displayFinancialStatus": financial.to_uppercase(),
        "displayFulfillmentStatus": fulfillment_status(order),
        "fullyPaid": matches!(financial, "paid" | "partially_refunded" | "refunded"),
        "unpaid": matches!(financial, "pending" | "authorized" | "partially_paid" | "expired"),
        "requiresShipping": lines(rest).any(requires_shipping),
        "fulfillable": order.fulfillment_orders.iter().any(|group| matches!(group.status, "OPEN" | "IN_PROGRESS")),
        "edited": lines(rest).any(|line| count(line, "quantity") != count(line, "current_quantity")),
    });
    let more = json!({
        "tags": order.tags,
        "note": get("note"),
        "poNumber": get("po_number"),
        "confirmationNumber": get("confirmation_number"),
        "sourceName": get("source_name"),
        "customAttributes": attributes(rest.get("note_attributes")),
        "paymentGatewayNames": rest.get("payment_gateway_names").cloned().unwrap_or_else(|| json!([])),
        "taxesIncluded": flag("taxes_included"),
        "taxExempt": flag("tax_exempt"),
        "customerAcceptsMarketing": flag("buyer_accepts_marketing"),
        "discountCodes": codes(rest),
        "discountCode": codes(rest).first(),
        "subtotalLineItemsQuantity": units("quantity"),
        "currentSubtotalLineItemsQuantity": units("current_quantity"),
        "statusPageUrl": status_page,
        "risk": risk::summary(order),
        "clientIp": ip(rest),
        "customer": customer(rest, others),
        "disputes": order.disputes.iter().map(Dispute::graphql).collect::<Value>(),
        "billingAddress": address(rest.get("billing_address"), shown, "BillingAddress"),
        "shippingAddress": address(rest.get("shipping_address"), shown, "ShippingAddress"),
        "shippingLines": shipping_lines(rest),
        "shippingLine": shipping_lines(rest).first(),
        "lineItems": lines(rest).map(|line| line_item(order, line)).collect::<Value>(),
        "fulfillmentOrders": order.fulfillment_orders.iter().map(|group| part(order, gid("FulfillmentOrder", group.id))).collect::<Value>(),
        "fulfillments": order.fulfillments.iter().map(|parcel| part(order, gid("Fulfillment", parcel.id))).collect::<Value>(),
        "refunds": refunds(order),
        "transactions": transactions(order),
        "discountApplications": discount_applications(rest),
        "metafields": order.metafields.iter().map(|field| metafield(shown, field)).collect::<Value>(),
    });
    let number = rest.get("order_number").or_else(|| rest.get("number")).and_then(Value::as_u64);
    let bags: [(&str, Bag); 16] = [
        ("totalPriceSet", bag(&["total_price"])),
        ("originalTotalPriceSet", bag(&["total_price"])),
        ("currentTotalPriceSet", bag(&["current_total_price", "total_price"])),
        ("subtotalPriceSet", bag(&["subtotal_price"])),
        ("currentSubtotalPriceSet", bag(&["current_subtotal_price", "subtotal_price"])),
        ("totalTaxSet", bag(&["total_tax"])),
        ("currentTotalTaxSet", bag(&["current_total_tax", "total_tax"])),
        ("totalDiscountsSet", bag(&["total_discounts"])),
        ("currentTotalDiscountsSet", bag(&["current_total_discounts", "total_discounts"])),
        ("totalShippingPriceSet", shipping.clone()),
        ("currentShippingPriceSet", bag(&["current_shipping_price"]).nonzero_or(&shipping)),
        ("totalTipReceivedSet", bag(&["total_tip_received"])),
        ("totalOutstandingSet", bag(&["total_outstanding"])),
        ("totalReceivedSet", received.clone()),
        ("totalRefundedSet", refunded.clone()),
        ("netPaymentSet", received.minus(&refunded)),
    ];
    if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
        view.extend(more);
        view.extend(bags.map(|(key, bag)| (key.to_owned(), bag.graphql())));
        // Null where none were charged.
        let extras = [
            ("originalTotalDutiesSet", "original_total_duties"),
            ("originalTotalAdditionalFeesSet", "original_total_additional_fees"),
        ];
        for (field, key) in extras {
            let charged = currencies.read(rest, key).map_or(Value::Null, |bag| bag.graphql());
            view.insert(field.to_owned(), charged);
        }
        if let Some(number) = number {
            view.insert("number".to_owned(), json!(number));
        }
    }
    view
}

impl Bag {
    fn nonzero_or(self, other: &Self) -> Self {
        if self.shop == Amount::ZERO { other.clone() } else { self }
    }
}

/// Where the order was placed from.
fn ip(rest: &Map<String, Value>) -> Option<&str> {
    let client = rest.get("client_details").and_then(|client| client.get("browser_ip"));
    rest.get("browser_ip").and_then(Value::as_str).or(client.and_then(Value::as_str))
}

fn codes(rest: &Map<String, Value>) -> Vec<Value> {
    let codes = rest.get("discount_codes").and_then(Value::as_array).into_iter().flatten();
    codes.filter_map(|code| code.get("code").cloned()).collect()
}

pub fn requires_shipping(line: &Map<String, Value>) -> bool {
    line.get("requires_shipping").and_then(Value::as_bool).unwrap_or(true)
}

/// `[{name, value}]` (or, from some checkouts, an object) as `[{key, value}]`.
pub fn attributes(list: Option<&Value>) -> Value {
    match list {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|pair| {
                let value = match pair.get("value") {
                    None | Some(Value::Null) => Value::Null,
                    Some(Value::String(text)) => json!(text),
                    Some(other) => json!(other.to_string()),
                };
                Some(json!({"key": pair.get("name")?.as_str()?, "value": value}))
            })
            .collect(),
        Some(Value::Object(map)) => {
            map.iter().map(|(key, value)| json!({"key": key, "value": value.as_str()})).collect()
        }
        _ => json!([]),
    }
}

fn fulfillment_status(order: &Order) -> &'static str {
    let groups = &order.fulfillment_orders;
    match order.fulfillment_status() {
        Some("fulfilled") => "FULFILLED",
        Some(_) => "PARTIALLY_FULFILLED",
        None if groups.iter().any(|group| group.status == "ON_HOLD") => "ON_HOLD",
        None if groups.iter().all(|group| group.lines.iter().all(|line| line.total == 0)) => "FULFILLMENT_NOT_REQUIRED",
        None => "UNFULFILLED",
    }
}

/// `Metafield`.
pub fn metafield(order: u64, field: &super::order::Metafield) -> Value {
    json!({
        "__typename": "Metafield",
        "id": gid("Metafield", field.id),
        "legacyResourceId": field.id.to_string(),
        "namespace": field.namespace,
        "key": field.key,
        "type": field.kind,
        "value": field.value,
        "jsonValue": serde_json::from_str::<Value>(&field.value).unwrap_or_else(|_| json!(field.value)),
        "compareDigest": super::mutations::digest(&field.value),
        "updatedAt": field.updated_at,
        "createdAt": field.updated_at,
        "ownerType": "ORDER",
        "owner": reference(gid("Order", order)),
    })
}

/// `FulfillmentOrder`.
pub fn fulfillment_order(order: &Order, group: &FulfillmentOrder) -> Value {
    let third_party = is_third_party(&group.service);
    let location = if group.service == MANUAL { "Main warehouse".to_owned() } else { group.service.clone() };
    let number = if third_party { rest::SHOP + 1 } else { rest::SHOP };
    let items: Vec<Value> = group
        .lines
        .iter()
        .map(|line| {
            let known = order.line(line.line).cloned().unwrap_or_default();
            let get = |key: &str| known.get(key).cloned().unwrap_or(Value::Null);
            json!({
                "__typename": "FulfillmentOrderLineItem",
                "id": gid("FulfillmentOrderLineItem", line.id),
                "totalQuantity": line.total,
                "remainingQuantity": line.remaining,
                "requiresShipping": group.requires_shipping,
                "sku": get("sku"),
                "vendor": get("vendor"),
                "variantTitle": get("variant_title"),
                "productTitle": get("title"),
                "lineItem": line_item(order, &known),
            })
        })
        .collect();
    let holds: Vec<Value> = group
        .holds
        .iter()
        .map(|hold| {
            json!({
                "__typename": "FulfillmentHold",
                "id": gid("FulfillmentHold", hold.id),
                "reason": hold.reason,
                "displayReason": hold.reason.to_lowercase().replace('_', " "),
                "reasonNotes": hold.notes,
                "handle": hold.handle,
                "heldByRequestingApp": true,
            })
        })
        .collect();
    json!({
        "__typename": "FulfillmentOrder",
        "id": gid("FulfillmentOrder", group.id),
        "status": group.status,
        "requestStatus": group.request_status,
        "createdAt": group.created_at,
        "updatedAt": group.updated_at,
        "fulfillAt": group.created_at,
        "fulfillBy": null,
        "orderId": gid("Order", order.id),
        "orderName": order.name(),
        "orderProcessedAt": instant(order.rest.get("processed_at")),
        "order": reference(gid("Order", order.id)),
        "assignedLocation": {"name": location, "countryCode": "US", "location": {
            "id": gid("Location", number), "legacyResourceId": number.to_string(), "name": location,
            "isActive": true, "isFulfillmentService": third_party,
            "fulfillmentService": if third_party { service(&group.service) } else { Value::Null },
        }},
        "deliveryMethod": {
            "id": gid("DeliveryMethod", group.id),
            "methodType": if group.requires_shipping { "SHIPPING" } else { "NONE" },
        },
        "fulfillmentHolds": holds,
        "lineItems": items,
        "fulfillments": order
            .fulfillments
            .iter()
            .filter(|parcel| parcel.fulfillment_orders.contains(&group.id))
            .map(|parcel| part(order, gid("Fulfillment", parcel.id)))
            .collect::<Value>(),
    })
}

/// `FulfillmentService` by its handle.
pub fn service(handle: &str) -> Value {
    let (name, kind) = match handle {
        MANUAL => ("Manual".to_owned(), "MANUAL"),
        super::order::GIFT_CARD => ("Gift Card".to_owned(), "GIFT_CARD"),
        other => (other.to_owned(), "THIRD_PARTY"),
    };
    json!({"id": format!("gid://shopify/FulfillmentService/{handle}"), "handle": handle, "serviceName": name, "type": kind})
}

/// A fulfilment, fulfilment order or line of this order by its gid.
pub fn lookup(order: &Order, wanted: &str) -> Option<Value> {
    if let Some(id) = gid_number(wanted, "Fulfillment") {
        let found = order.fulfillments.iter().find(|parcel| parcel.id == id)?;
        return Some(fulfillment(order, found));
    }
    if let Some(id) = gid_number(wanted, "FulfillmentOrder") {
        let found = order.fulfillment_orders.iter().find(|group| group.id == id)?;
        return Some(fulfillment_order(order, found));
    }
    let line = gid_number(wanted, "LineItem").and_then(|_| lines(&order.rest).find(|line| line_gid(line) == wanted))?;
    Some(line_item(order, line))
}

/// `LineItem.fulfillmentService`.
pub fn line_service(line: &Map<String, Value>) -> Value {
    service(&service_of(line))
}
