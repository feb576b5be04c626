//! `orderCreate`: an order made through the API, as a payload in REST's shape that the store then takes like any other.

use super::graphql::World;
use super::money::{Amount, Currencies};
use super::moves::UserError;
use super::mutations::{Arguments, Outcome, flag, number, object, text};
use super::order::gid;
use super::payload;
use super::risk::RiskLevel;
use super::view::reference;
use super::{Store, rest};
use crate::lock;
use apollo_compiler::resolvers::FieldError;
use serde_json::{Map, Value, json};

/// Fields of `OrderCreateOrderInput` that are played.
const PLAYED: [&str; 17] = [
    "billingAddress",
    "closedAt",
    "currency",
    "customAttributes",
    "email",
    "financialStatus",
    "lineItems",
    "name",
    "note",
    "phone",
    "processedAt",
    "shippingAddress",
    "shippingLines",
    "tags",
    "taxesIncluded",
    "test",
    "transactions",
];

/// Makes the order. An error of the outer kind is a field that the sandbox does not play.
pub fn run(world: &World, arguments: &Arguments) -> Result<Outcome, FieldError> {
    let empty = Map::new();
    let input = object(arguments, "order").unwrap_or(&empty);
    let given = |key: &&String| input.get(*key).is_some_and(|value| !value.is_null());
    let unplayed = input.keys().filter(given).find(|key| !PLAYED.contains(&key.as_str()));
    if let Some(key) = unplayed {
        return Err(
            world.unexpected("orderCreate", &format!("the sandbox does not play orderCreate(order: {{{key}}})"))
        );
    }
    Ok(create(world, input, flag(object(arguments, "options").unwrap_or(&empty), "sendReceipt")))
}

fn refuse(field: &'static str, message: impl Into<String>) -> UserError {
    UserError::new(&["order", field], message).code("INVALID")
}

fn create(world: &World, input: &Arguments, receipt: bool) -> Outcome {
    let (shopify, ctx) = (&world.shopify, &world.shopify.ctx);
    let currency = text(input, "currency").unwrap_or(&ctx.config.shopify.currency).to_owned();
    let (order, paid) = {
        let mut store = lock(&shopify.store);
        let lines = line_items(world, &store, input)?;
        let shipping = shipping_lines(world, input)?;
        let sum = |rows: &[Value]| -> Amount {
            let amount = |row: &Value| Amount::from_json(&row["price"]).unwrap_or_default();
            rows.iter().map(|row| amount(row) * row["quantity"].as_u64().unwrap_or(1)).sum()
        };
        let (subtotal, postage) = (sum(&lines), sum(&shipping));
        let total = subtotal + postage;
        let transactions = transactions(input, &currency)?;
        let received: Amount = transactions.iter().filter_map(received).sum();
        let status = text(input, "financialStatus").map(str::to_lowercase);
        let status = status.unwrap_or_else(|| {
            let derived = if received >= total {
                "paid"
            } else if received > Amount::ZERO {
                "partially_paid"
            } else {
                "pending"
            };
            derived.to_owned()
        });
        let gateways: Vec<&str> = transactions.iter().filter_map(|one| one["gateway"].as_str()).collect();
        let id = 6_000_000_000_000 + ctx.next_id();
        let order_number = store.next_number();
        let now = ctx.now_rfc3339();
        let tags: Vec<&str> =
            input.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let email = input.get("email").cloned().unwrap_or_default();
        let payload = json!({
            "id": id,
            "admin_graphql_api_id": gid("Order", id),
            "name": text(input, "name").map_or_else(|| format!("#{order_number}"), str::to_owned),
            "order_number": order_number,
            "email": email,
            "contact_email": email,
            "phone": input.get("phone"),
            "note": input.get("note"),
            "note_attributes": pairs(input.get("customAttributes")),
            "test": flag(input, "test"),
            "confirmed": true,
            "created_at": now,
            "processed_at": text(input, "processedAt").unwrap_or(&now),
            "closed_at": input.get("closedAt"),
            "cancelled_at": null,
            "cancel_reason": null,
            "currency": currency,
            "presentment_currency": currency,
            "financial_status": status,
            "taxes_included": flag(input, "taxesIncluded"),
            "total_line_items_price": subtotal.rest(&currency),
            "subtotal_price": subtotal.rest(&currency),
            "total_discounts": Amount::ZERO.rest(&currency),
            "total_tax": Amount::ZERO.rest(&currency),
            "total_price": total.rest(&currency),
            "total_shipping_price_set": Currencies { shop: currency.clone(), presentment: currency.clone() }.bag(postage).rest(),
            "line_items": lines,
            "shipping_lines": shipping,
            "shipping_address": object(input, "shippingAddress").map(address),
            "billing_address": object(input, "billingAddress").map(address),
            "customer": null,
            "payment_gateway_names": gateways,
            "transactions": transactions,
            "refunds": [],
            "discount_codes": [],
            "tags": tags.join(", "),
            "source_name": "baton",
        });
        let Value::Object(payload) = payload else {
            return Err(refuse("lineItems", "the order is not an object"));
        };
        // Shopify analyses what went through its checkout only.
        let mut order = payload::accept_order(ctx, payload, RiskLevel::None).map_err(|why| refuse("lineItems", why))?;
        order.notify(ctx, receipt, "order_confirmation", 0);
        let shown = order.clone();
        store.keep(order);
        (shown, matches!(status.as_str(), "paid" | "partially_refunded" | "refunded"))
    };
    let body = rest::order(&order);
    shopify.emit("orders/create", &body);
    if paid {
        shopify.emit("orders/paid", &body);
    }
    Ok(json!({"order": reference(gid("Order", order.id))}))
}

impl Store {
    /// The number after the highest in use, from 1001 on.
    fn next_number(&self) -> u64 {
        let numbers = self.orders.values().filter_map(|order| order.name().trim_start_matches('#').parse::<u64>().ok());
        numbers.max().unwrap_or(1_000).max(1_000) + 1
    }
}

fn line_items(world: &World, store: &Store, input: &Arguments) -> Result<Vec<Value>, UserError> {
    let given = input.get("lineItems").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let variants = store.variants();
    let mut lines = Vec::new();
    for line in given {
        let variant = match text(line, "variantId") {
            None => None,
            Some(_) => {
                let id = number(line, "variantId", "ProductVariant");
                Some(variants.get(&id).ok_or_else(|| refuse("lineItems", "Variant does not exist"))?)
            }
        };
        let Some(title) = text(line, "title").or(variant.map(|variant| variant.product_title.as_str())) else {
            return Err(refuse("lineItems", "Title can't be blank"));
        };
        let quantity = line.get("quantity").and_then(Value::as_u64).filter(|quantity| *quantity > 0);
        let quantity = quantity.ok_or_else(|| refuse("lineItems", "Quantity must be greater than 0"))?;
        let price = amount(line, "priceSet").or_else(|| Amount::parse(&variant?.price));
        let price = price.ok_or_else(|| refuse("lineItems", "Price can't be blank"))?;
        let sku = text(line, "sku").or(variant.and_then(|variant| variant.sku.as_deref()));
        let title_of = variant.map(|variant| variant.title.as_str()).filter(|title| *title != "Default Title");
        lines.push(json!({
            "id": world.shopify.ctx.next_id(),
            "variant_id": variant.map(|variant| variant.id),
            "product_id": variant.map(|variant| variant.product),
            "title": title,
            "name": title,
            "variant_title": text(line, "variantTitle").or(title_of),
            "sku": sku,
            "quantity": quantity,
            "price": price.to_string(),
            "total_discount": "0.00",
            "requires_shipping": flag(line, "requiresShipping"),
            "gift_card": flag(line, "giftCard"),
            "taxable": true,
            "fulfillment_service": text(line, "fulfillmentService").or(variant.map(|variant| variant.service.as_str())),
            "properties": pairs(line.get("properties")),
        }));
    }
    if lines.is_empty() {
        return Err(refuse("lineItems", "Line items must have at least one line item"));
    }
    Ok(lines)
}

fn shipping_lines(world: &World, input: &Arguments) -> Result<Vec<Value>, UserError> {
    let given = input.get("shippingLines").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    given
        .map(|line| {
            let price = amount(line, "priceSet").ok_or_else(|| refuse("shippingLines", "Price can't be blank"))?;
            let price = price.to_string();
            Ok(json!({
                "id": world.shopify.ctx.next_id(),
                "title": text(line, "title"), "code": text(line, "code"), "source": text(line, "source"),
                "price": price, "discounted_price": price,
            }))
        })
        .collect()
}

/// The shop's side of a `MoneyBagInput`.
fn amount(object: &Arguments, key: &str) -> Option<Amount> {
    Amount::from_json(object.get(key)?.get("shopMoney")?.get("amount")?)
}

fn transactions(input: &Arguments, currency: &str) -> Result<Vec<Value>, UserError> {
    let given = input.get("transactions").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    given
        .map(|one| {
            let amount = amount(one, "amountSet").ok_or_else(|| refuse("transactions", "Amount can't be blank"))?;
            let money = one.get("amountSet").and_then(|set| set.get("shopMoney"));
            if money.and_then(|money| money.get("currencyCode")).and_then(Value::as_str) != Some(currency) {
                return Err(refuse("transactions", format!("Currency must be the order's, {currency}")));
            }
            Ok(json!({
                "kind": text(one, "kind").unwrap_or("SALE").to_lowercase(),
                "status": text(one, "status").unwrap_or("SUCCESS").to_lowercase(),
                "gateway": text(one, "gateway").unwrap_or("manual"),
                "test": flag(one, "test"),
                "processed_at": text(one, "processedAt"),
                "amount": amount.to_string(),
            }))
        })
        .collect()
}

/// What a transaction brought in.
fn received(one: &Value) -> Option<Amount> {
    let came = one["status"] == "success" && (one["kind"] == "sale" || one["kind"] == "capture");
    came.then(|| Amount::from_json(&one["amount"])).flatten()
}

/// `[{name | key, value}]` as `[{name, value}]`.
fn pairs(list: Option<&Value>) -> Value {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|pair| Some(json!({"name": pair.get("name").or(pair.get("key"))?, "value": pair.get("value")})))
        .collect()
}

/// `MailingAddressInput` in REST's words.
fn address(input: &Arguments) -> Value {
    let get = |key: &str| input.get(key).cloned().unwrap_or_default();
    json!({
        "first_name": get("firstName"), "last_name": get("lastName"), "company": get("company"),
        "address1": get("address1"), "address2": get("address2"), "city": get("city"), "zip": get("zip"),
        "province_code": get("provinceCode"), "country_code": get("countryCode"), "phone": get("phone"),
    })
}
