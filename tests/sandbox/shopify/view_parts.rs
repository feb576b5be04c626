//! Parts of [`super::view`]: lines, parcels, people, money moved.

use super::money::Currencies;
use super::order::{Fulfillment, Order, gid, line_gid};
use super::payload::{count, lines};
use super::rest;
use super::view::{attributes, line_service, part, reference, requires_shipping, service};
use crate::clock;
use serde_json::{Map, Value, json};

/// A REST moment (with any offset) as GraphQL's `DateTime` in UTC; null stays null.
pub fn instant(value: Option<&Value>) -> Value {
    let parsed = value.and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    parsed.map_or(Value::Null, |at| json!(clock::rfc3339(at)))
}

/// An id that some captures print as a string.
pub fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// `LineItem`.
pub fn line_item(order: &Order, line: &Map<String, Value>) -> Value {
    let currencies = Currencies::of(&order.rest);
    let get = |key: &str| line.get(key).cloned().unwrap_or(Value::Null);
    let id = count(line, "id").unwrap_or(0);
    let (quantity, current) = (count(line, "quantity").unwrap_or(0), count(line, "current_quantity").unwrap_or(0));
    let unit = rest::unit_price(&order.rest, line);
    let original = unit.times(quantity);
    let discount = currencies.read(line, "total_discount").unwrap_or_else(|| currencies.zero());
    let open = order.unfulfilled(id);
    let product = number(line.get("product_id"))
        .filter(|_| line.get("product_exists").and_then(Value::as_bool).unwrap_or(true))
        .map(|id| json!({"id": gid("Product", id), "legacyResourceId": id.to_string(), "title": get("title"), "vendor": get("vendor")}));
    let variant = number(line.get("variant_id")).map(|id| {
        json!({
            "id": gid("ProductVariant", id),
            "legacyResourceId": id.to_string(),
            "sku": get("sku"),
            "title": line.get("variant_title").and_then(Value::as_str).unwrap_or("Default Title"),
            "image": null,
            "product": product,
        })
    });
    let name = line.get("name").and_then(Value::as_str).unwrap_or_default();
    json!({
        "__typename": "LineItem",
        "id": line_gid(line),
        "name": if name.is_empty() { get("title") } else { json!(name) },
        "title": get("title"),
        "sku": get("sku"),
        "variantTitle": get("variant_title"),
        "vendor": get("vendor"),
        "quantity": quantity,
        "currentQuantity": current,
        "unfulfilledQuantity": open,
        "fulfillableQuantity": open,
        "nonFulfillableQuantity": quantity.saturating_sub(open),
        "refundableQuantity": current,
        "fulfillmentStatus": if open == 0 { "fulfilled" } else { "unfulfilled" },
        "requiresShipping": requires_shipping(line),
        "isGiftCard": line.get("gift_card").and_then(Value::as_bool).unwrap_or(false),
        "taxable": line.get("taxable").and_then(Value::as_bool).unwrap_or(true),
        "customAttributes": attributes(line.get("properties")),
        "originalUnitPriceSet": unit.graphql(),
        "originalTotalSet": original.graphql(),
        "totalDiscountSet": discount.graphql(),
        "discountedTotalSet": original.minus(&discount).graphql(),
        "discountAllocations": discount_allocations(&order.rest, line),
        "taxLines": tax_lines(&currencies, line),
        "fulfillmentService": line_service(line),
        "product": product,
        "variant": variant,
        "image": null,
    })
}

fn list<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    object.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn tax_lines(currencies: &Currencies, object: &Map<String, Value>) -> Value {
    list(object, "tax_lines")
        .filter_map(|tax| {
            let price = currencies.read(tax, "price")?;
            Some(json!({"title": tax.get("title"), "rate": tax.get("rate").and_then(Value::as_f64), "priceSet": price.graphql()}))
        })
        .collect()
}

fn discount_allocations(order: &Map<String, Value>, object: &Map<String, Value>) -> Value {
    let currencies = Currencies::of(order);
    let applications = discount_applications(order);
    list(object, "discount_allocations")
        .filter_map(|allocation| {
            let index = usize::try_from(count(allocation, "discount_application_index")?).ok()?;
            let amount = currencies.read(allocation, "amount")?;
            Some(json!({"allocatedAmountSet": amount.graphql(), "discountApplication": applications.get(index)?}))
        })
        .collect()
}

/// `DiscountApplication`s in REST's order, to which allocations point.
pub fn discount_applications(order: &Map<String, Value>) -> Vec<Value> {
    let currency = Currencies::of(order).shop;
    list(order, "discount_applications")
        .enumerate()
        .map(|(index, discount)| {
            let text = |key: &str| discount.get(key).and_then(Value::as_str).unwrap_or_default();
            let kind = match text("type") {
                "discount_code" => "DiscountCodeApplication",
                "automatic" => "AutomaticDiscountApplication",
                "script" => "ScriptDiscountApplication",
                _ => "ManualDiscountApplication",
            };
            let value = if text("value_type") == "percentage" {
                let percentage = text("value").parse::<f64>().unwrap_or_default();
                json!({"__typename": "PricingPercentageValue", "percentage": percentage})
            } else {
                json!({"__typename": "MoneyV2", "amount": text("value"), "currencyCode": currency})
            };
            json!({
                "__typename": kind,
                "index": index,
                "allocationMethod": text("allocation_method").to_uppercase(),
                "targetSelection": text("target_selection").to_uppercase(),
                "targetType": text("target_type").to_uppercase(),
                "title": discount.get("title"),
                "code": discount.get("code"),
                "description": discount.get("description"),
                "value": value,
            })
        })
        .collect()
}

/// `ShippingLine`s.
pub fn shipping_lines(order: &Map<String, Value>) -> Vec<Value> {
    let currencies = Currencies::of(order);
    list(order, "shipping_lines")
        .map(|line| {
            let get = |key: &str| line.get(key).cloned().unwrap_or(Value::Null);
            let price = currencies.read(line, "price").unwrap_or_else(|| currencies.zero());
            let discounted = currencies.read(line, "discounted_price").unwrap_or_else(|| price.clone());
            json!({
                "id": number(line.get("id")).map(|id| gid("ShippingLine", id)),
                "title": line.get("title").and_then(Value::as_str).unwrap_or("Shipping"),
                "code": get("code"),
                "source": get("source"),
                "carrierIdentifier": get("carrier_identifier"),
                "phone": get("phone"),
                "isRemoved": line.get("is_removed").and_then(Value::as_bool).unwrap_or(false),
                "originalPriceSet": price.graphql(),
                "discountedPriceSet": discounted.graphql(),
                "currentDiscountedPriceSet": discounted.graphql(),
                "taxLines": tax_lines(&currencies, line),
                "discountAllocations": discount_allocations(order, line),
            })
        })
        .collect()
}

/// `MailingAddress`, null where the order has none.
pub fn address(value: Option<&Value>, order: u64, model: &str) -> Value {
    let Some(address) = value.and_then(Value::as_object) else {
        return Value::Null;
    };
    let get = |key: &str| address.get(key).cloned().unwrap_or(Value::Null);
    let text = |key: &str| address.get(key).and_then(Value::as_str);
    let name = match text("name") {
        Some(name) => Some(name.to_owned()),
        None => Some([text("first_name"), text("last_name")].into_iter().flatten().collect::<Vec<_>>().join(" "))
            .filter(|name| !name.is_empty()),
    };
    json!({
        "__typename": "MailingAddress",
        "id": format!("gid://shopify/MailingAddress/{order}?model_name={model}"),
        "name": name,
        "firstName": get("first_name"),
        "lastName": get("last_name"),
        "company": get("company"),
        "address1": get("address1"),
        "address2": get("address2"),
        "city": get("city"),
        "province": get("province"),
        "provinceCode": get("province_code"),
        "zip": get("zip"),
        "country": get("country"),
        "countryCode": get("country_code"),
        "countryCodeV2": get("country_code"),
        "phone": get("phone"),
        "latitude": address.get("latitude").and_then(Value::as_f64),
        "longitude": address.get("longitude").and_then(Value::as_f64),
    })
}

/// `Customer`, null where the order has none. `known` is how many of their orders the store holds; a payload may know of more.
pub fn customer(order: &Map<String, Value>, known: u64) -> Value {
    let Some(customer) = order.get("customer").and_then(Value::as_object) else {
        return Value::Null;
    };
    let Some(id) = number(customer.get("id")) else {
        return Value::Null;
    };
    let get = |key: &str| customer.get(key).cloned().unwrap_or(Value::Null);
    let text = |key: &str| customer.get(key).and_then(Value::as_str);
    let consent = customer.get("email_marketing_consent").and_then(Value::as_object);
    let upper = |key: &str| consent.and_then(|consent| consent.get(key)).and_then(Value::as_str).map(str::to_uppercase);
    let email = text("email").filter(|email| !email.is_empty()).map(|email| {
        json!({
            "emailAddress": email,
            "marketingState": upper("state").unwrap_or_else(|| "NOT_SUBSCRIBED".to_owned()),
            "marketingOptInLevel": upper("opt_in_level"),
            "marketingUpdatedAt": instant(consent.and_then(|consent| consent.get("consent_updated_at"))),
            "validFormat": true,
        })
    });
    let name = [text("first_name"), text("last_name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let mut view = json!({
        "__typename": "Customer",
        "id": gid("Customer", id),
        "legacyResourceId": id.to_string(),
        "firstName": get("first_name"),
        "lastName": get("last_name"),
        "displayName": if name.is_empty() { text("email").unwrap_or_default() } else { &name },
        "email": get("email"),
        "phone": get("phone"),
        "note": get("note"),
        "tags": text("tags").unwrap_or_default().split(", ").filter(|tag| !tag.is_empty()).collect::<Vec<_>>(),
        "numberOfOrders": count(customer, "orders_count").unwrap_or(0).max(known).to_string(),
        "verifiedEmail": customer.get("verified_email").and_then(Value::as_bool).unwrap_or(false),
        "taxExempt": customer.get("tax_exempt").and_then(Value::as_bool).unwrap_or(false),
        "defaultEmailAddress": email,
        "defaultAddress": address(customer.get("default_address"), id, "CustomerAddress"),
    });
    let locale = order.get("customer_locale").and_then(Value::as_str);
    if let (Some(view), Some(locale)) = (view.as_object_mut(), locale) {
        view.insert("locale".to_owned(), json!(locale));
    }
    view
}

/// `Fulfillment`.
pub fn fulfillment(order: &Order, parcel: &Fulfillment) -> Value {
    let tracking = &parcel.tracking;
    let count_of = tracking.numbers.len().max(tracking.urls.len());
    let infos: Vec<Value> = (0..count_of)
        .map(|index| json!({"company": tracking.company, "number": tracking.numbers.get(index), "url": tracking.urls.get(index)}))
        .collect();
    let happened =
        |status: &str| parcel.events.iter().find(|event| event.status == status).map(|event| event.happened_at.clone());
    let events: Vec<Value> = parcel.events.iter().map(event).collect();
    let items: Vec<Value> = parcel
        .lines
        .iter()
        .filter_map(|sent| {
            let line = order.line(sent.line)?;
            let total = rest::unit_price(&order.rest, line).times(sent.quantity);
            Some(json!({
                "__typename": "FulfillmentLineItem",
                "id": gid("FulfillmentLineItem", sent.id),
                "quantity": sent.quantity,
                "lineItem": line_item(order, line),
                "originalTotalSet": total.graphql(),
            }))
        })
        .collect();
    json!({
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", parcel.id),
        "legacyResourceId": parcel.id.to_string(),
        "name": parcel.name,
        "status": "SUCCESS",
        "displayStatus": parcel.events.last().map_or("FULFILLED", |event| event.status.as_str()),
        "createdAt": parcel.created_at,
        "updatedAt": parcel.updated_at,
        "inTransitAt": happened("IN_TRANSIT"),
        "deliveredAt": happened("DELIVERED"),
        "estimatedDeliveryAt": parcel.events.iter().rev().find_map(|event| event.place.get("estimatedDeliveryAt")),
        "totalQuantity": parcel.lines.iter().map(|line| line.quantity).sum::<u64>(),
        "requiresShipping": parcel.lines.iter().filter_map(|sent| order.line(sent.line)).any(requires_shipping),
        "trackingInfo": infos,
        "service": service(&parcel.service),
        "order": reference(gid("Order", order.id)),
        "fulfillmentOrders": parcel.fulfillment_orders.iter().map(|id| part(order, gid("FulfillmentOrder", *id))).collect::<Value>(),
        "fulfillmentLineItems": items,
        "events": events,
    })
}

/// `FulfillmentEvent`.
pub fn event(event: &super::order::Event) -> Value {
    let place = |key: &str| event.place.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "__typename": "FulfillmentEvent",
        "id": gid("FulfillmentEvent", event.id),
        "status": event.status,
        "message": event.message,
        "happenedAt": event.happened_at,
        "createdAt": event.created_at,
        "address1": place("address1"),
        "city": place("city"),
        "province": place("province"),
        "country": place("country"),
        "zip": place("zip"),
        "latitude": null,
        "longitude": null,
        "estimatedDeliveryAt": place("estimatedDeliveryAt"),
    })
}

/// `Refund`s.
pub fn refunds(order: &Order) -> Value {
    let currencies = Currencies::of(&order.rest);
    list(&order.rest, "refunds")
        .map(|refund| {
            let id = number(refund.get("id")).unwrap_or(0);
            let zero = || currencies.zero();
            let total = list(refund, "transactions")
                .filter_map(|transaction| currencies.read(transaction, "amount"))
                .fold(zero(), |sum, amount| sum.plus(&amount));
            let items: Vec<Value> = list(refund, "refund_line_items")
                .filter_map(|item| {
                    let line = lines(&order.rest).find(|line| count(line, "id") == number(item.get("line_item_id")))?;
                    let restock = item.get("restock_type").and_then(Value::as_str).unwrap_or("no_restock");
                    Some(json!({
                        "id": number(item.get("id")).map(|id| gid("RefundLineItem", id)),
                        "quantity": item.get("quantity"),
                        "restockType": restock.to_uppercase(),
                        "restocked": restock != "no_restock",
                        "lineItem": line_item(order, line),
                        "subtotalSet": currencies.read(item, "subtotal").unwrap_or_else(zero).graphql(),
                        "totalTaxSet": currencies.read(item, "total_tax").unwrap_or_else(zero).graphql(),
                    }))
                })
                .collect();
            json!({
                "__typename": "Refund",
                "id": gid("Refund", id),
                "legacyResourceId": id.to_string(),
                "createdAt": instant(refund.get("created_at")),
                "note": refund.get("note"),
                "totalRefundedSet": total.graphql(),
                "refundLineItems": items,
                "order": reference(gid("Order", order.id)),
            })
        })
        .collect()
}
