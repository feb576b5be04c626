//! An order payload in the webhook's (REST) shape, judged and made the store's own.

use super::money::{Amount, Currencies};
use super::order::Order;
use super::risk::RiskLevel;
use crate::Ctx;
use iso_currency::Currency;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// `displayFinancialStatus` in lower case, which is what REST prints.
const FINANCIAL: [&str; 8] =
    ["authorized", "expired", "paid", "partially_paid", "partially_refunded", "pending", "refunded", "voided"];
const CANCEL_REASONS: [&str; 6] = ["customer", "declined", "fraud", "inventory", "other", "staff"];
/// Plain prices of an order and of a line.
const ORDER_PRICES: [&str; 8] = [
    "total_price",
    "subtotal_price",
    "total_tax",
    "total_discounts",
    "current_total_price",
    "current_total_tax",
    "total_outstanding",
    "total_tip_received",
];
const LINE_PRICES: [&str; 2] = ["price", "total_discount"];
const MOMENTS: [&str; 5] = ["created_at", "updated_at", "processed_at", "cancelled_at", "closed_at"];

/// Makes a payload the store's order: unfulfilled whatever it says of fulfilments, everything else as it is. Where no
/// `financial_status` is given the order is paid: it comes with `orders/paid`, and trimmed captures leave it out.
/// An error is a sentence that names the field no store could hold.
pub fn accept(ctx: &Ctx, body: &[u8], risk: RiskLevel) -> Result<Order, String> {
    let payload: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let Value::Object(rest) = payload else {
        return Err("the body is not a JSON object".to_owned());
    };
    accept_order(ctx, rest, risk)
}

/// The same for a payload that is read already.
pub fn accept_order(ctx: &Ctx, mut rest: Map<String, Value>, risk: RiskLevel) -> Result<Order, String> {
    let id = id_of(&rest, "id")?;
    check_money("", &Value::Object(rest.clone()))?;
    check_order(&rest)?;
    let now = ctx.now_rfc3339();
    // The store learns of the order now, whenever the payload was written.
    rest.insert("updated_at".to_owned(), json!(now));
    for key in ["created_at", "processed_at"] {
        if rest.get(key).is_none_or(Value::is_null) {
            rest.insert(key.to_owned(), json!(now));
        }
    }
    if rest.get("financial_status").is_none_or(Value::is_null) {
        rest.insert("financial_status".to_owned(), json!("paid"));
    }
    rest.insert("fulfillment_status".to_owned(), Value::Null);
    rest.remove("fulfillments");
    let refunded = refunded_quantities(&rest);
    for line in lines_mut(&mut rest) {
        let quantity = count(line, "quantity").unwrap_or(0);
        let line_id = line.get("id").and_then(Value::as_u64).unwrap_or(0);
        let back: u64 = refunded.iter().filter(|(id, _)| *id == line_id).map(|(_, quantity)| quantity).sum();
        let current = count(line, "current_quantity").unwrap_or(quantity.saturating_sub(back));
        line.insert("current_quantity".to_owned(), json!(current));
        line.insert("fulfillable_quantity".to_owned(), json!(current));
        line.insert("fulfillment_status".to_owned(), Value::Null);
    }
    Ok(Order::new(ctx, id, rest, risk))
}

fn check_order(order: &Map<String, Value>) -> Result<(), String> {
    let currency = order.get("currency").ok_or("currency is missing")?;
    check_currency("currency", currency)?;
    if let Some(currency) = order.get("presentment_currency").filter(|value| !value.is_null()) {
        check_currency("presentment_currency", currency)?;
    }
    match order.get("name") {
        Some(Value::String(name)) if !name.is_empty() => {}
        _ => return Err("name is missing: a store names every order (\"#1001\")".to_owned()),
    }
    if Currencies::of(order).read(order, "total_price").is_none() {
        return Err("total_price is missing or not a decimal amount".to_owned());
    }
    check_prices("", order, &ORDER_PRICES)?;
    check_choice(order, "financial_status", &FINANCIAL)?;
    check_choice(order, "cancel_reason", &CANCEL_REASONS)?;
    for key in MOMENTS {
        match order.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.parse::<Timestamp>().is_ok() => {}
            Some(other) => return Err(format!("{key} is not a moment in RFC 3339: {other}")),
        }
    }
    for key in ["shipping_address", "billing_address"] {
        if let Some(address) = order.get(key).and_then(Value::as_object) {
            check_country(key, address)?;
        }
    }
    let lines = match order.get("line_items") {
        Some(Value::Array(lines)) if !lines.is_empty() => lines,
        Some(Value::Array(_)) => return Err("line_items is empty: no store sells nothing".to_owned()),
        _ => return Err("line_items is missing".to_owned()),
    };
    for (index, line) in lines.iter().enumerate() {
        let path = format!("line_items[{index}].");
        let line = line.as_object().ok_or_else(|| format!("line_items[{index}] is not an object"))?;
        id_of(line, "id").map_err(|why| format!("{path}{why}"))?;
        match count(line, "quantity") {
            Some(1..=1_000_000) => {}
            _ => return Err(format!("{path}quantity is not a whole number of at least 1")),
        }
        if line.get("title").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("{path}title is missing"));
        }
        if Currencies::of(order).read(line, "price").is_none() {
            return Err(format!("{path}price is missing or not a decimal amount"));
        }
        check_prices(&path, line, &LINE_PRICES)?;
    }
    Ok(())
}

/// `key` is the address's name in the error.
pub fn check_country(key: &str, address: &Map<String, Value>) -> Result<(), String> {
    let code = address.get("country_code").and_then(Value::as_str);
    match code.filter(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
        Some(code) => Err(format!("{key}.country_code is not an ISO 3166 code of two letters: {code:?}")),
        None => Ok(()),
    }
}

fn id_of(object: &Map<String, Value>, key: &str) -> Result<u64, String> {
    match object.get(key) {
        None | Some(Value::Null) => Err(format!("{key} is missing")),
        Some(value) => value
            .as_u64()
            .filter(|id| *id > 0)
            .ok_or_else(|| format!("{key} is not a positive whole number of at most 64 bits: {value}")),
    }
}

fn check_choice(order: &Map<String, Value>, key: &str, known: &[&str]) -> Result<(), String> {
    match order.get(key) {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(value)) if known.contains(&value.as_str()) => Ok(()),
        Some(other) => Err(format!("{key} is {other}, which is none of {}", known.join(", "))),
    }
}

fn check_prices(path: &str, object: &Map<String, Value>, keys: &[&str]) -> Result<(), String> {
    for key in keys {
        match object.get(*key) {
            None | Some(Value::Null) => {}
            Some(value) if Amount::from_json(value).is_some() => {}
            Some(value) => return Err(format!("{path}{key} is not a decimal amount: {value}")),
        }
    }
    Ok(())
}

/// Every `{"amount", "currency_code"}` anywhere in the payload.
fn check_money(path: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(object) => {
            if let (Some(amount), Some(currency)) = (object.get("amount"), object.get("currency_code")) {
                check_currency(&format!("{path}currency_code"), currency)?;
                if Amount::from_json(amount).is_none() {
                    return Err(format!("{path}amount is not a decimal amount: {amount}"));
                }
            }
            object.iter().try_for_each(|(key, value)| check_money(&format!("{path}{key}."), value))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_money(&format!("{}[{index}].", path.trim_end_matches('.')), item)),
        _ => Ok(()),
    }
}

fn check_currency(path: &str, value: &Value) -> Result<(), String> {
    match value.as_str().and_then(Currency::from_code) {
        Some(_) => Ok(()),
        None => Err(format!("{path} is not an ISO 4217 currency: {value}")),
    }
}

/// `(line id, quantity)` of every refunded line.
fn refunded_quantities(order: &Map<String, Value>) -> Vec<(u64, u64)> {
    let refunds = order.get("refunds").and_then(Value::as_array).into_iter().flatten();
    refunds
        .filter_map(|refund| refund.get("refund_line_items").and_then(Value::as_array))
        .flatten()
        .filter_map(|line| Some((line.get("line_item_id")?.as_u64()?, line.get("quantity")?.as_u64()?)))
        .collect()
}

/// A quantity.
pub fn count(object: &Map<String, Value>, key: &str) -> Option<u64> {
    object.get(key).and_then(Value::as_u64)
}

/// The order's lines as REST holds them.
pub fn lines_mut(order: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    order.get_mut("line_items").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// The order's lines as REST holds them.
pub fn lines(order: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    order.get("line_items").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
