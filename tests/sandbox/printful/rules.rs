//! What Printful's documentation says in prose about an order, beyond its schema. The first broken rule is answered.
//!
//! Taken from the documentation: external ids (32 characters of a fixed alphabet, unique per order for items), states
//! mandatory for the USA, Canada and Australia, a tax number for Brazil, at most 1000 of one item, one file per
//! placement. Ours, because an order without them cannot be made or sent: name, street, city, country, a postal code
//! where the country has them, a quantity, a print file for a catalog variant without a template.

use super::answer::Refusal;
use crate::partners::Available;
use crate::partners::places;
use crate::partners::shelf::Shelf;
use serde_json::{Map, Value};

/// Shipping methods an order may ask for.
const SHIPPING: [&str; 4] = ["STANDARD", "PRINTFUL_FAST", "PRINTFUL_MEDIUM", "PRINTFUL_SLOW"];
const MOST_OF_ONE_ITEM: u64 = 1_000;
/// File types that are printed on nothing.
const NOT_PRINTED: [&str; 3] = ["preview", "label_inside", "label_outside"];

/// Checks a whole order, or with `partial` only the parts that are given. The body has passed the schema.
pub(crate) fn check(order: &Value, partial: bool, shelf: &Shelf) -> Result<(), Refusal> {
    if let Some(id) = order["external_id"].as_str() {
        external_id("external_id", id)?;
    }
    if let Some(method) = order["shipping"].as_str().filter(|method| !SHIPPING.contains(method)) {
        return Err(Refusal::coded("OR-4", format!("The shipping method {method:?} is invalid or not supported")));
    }
    if !partial {
        recipient(&order["recipient"])?;
    }
    if !partial || order.get("items").is_some() {
        items(order["items"].as_array().map_or(&[], Vec::as_slice), shelf)?;
    }
    money(&order["retail_costs"], "retail_costs", &["subtotal", "discount", "shipping", "tax"])?;
    if let Some(currency) = order["retail_costs"]["currency"].as_str()
        && !(currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        return Err(Refusal::bad(format!("retail_costs.currency {currency:?} is no currency code")));
    }
    Ok(())
}

fn external_id(place: &str, id: &str) -> Result<(), Refusal> {
    let fits = (1..=32).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if fits {
        Ok(())
    } else {
        Err(Refusal::bad(format!("{place} {id:?} must be 1 to 32 characters of A-Z, a-z, 0-9, - and _")))
    }
}

/// The address parcels go to.
pub(crate) fn recipient(recipient: &Value) -> Result<(), Refusal> {
    let given = |field: &str| recipient[field].as_str().map(str::trim).filter(|text| !text.is_empty());
    for field in ["name", "address1", "city", "country_code"] {
        given(field).ok_or_else(|| Refusal::bad(format!("Recipient: {field} is missing")))?;
    }
    let country = given("country_code").unwrap_or_default();
    if !places::is_country(country) {
        return Err(Refusal::bad(format!("Recipient: country code {country:?} is invalid")));
    }
    match given("state_code").map(|state| (state, places::state_exists(country, state))) {
        None if places::state_exists(country, "").is_some() => {
            return Err(Refusal::bad(format!("Recipient: state_code is missing, which {country} needs")));
        }
        Some((state, Some(false))) => {
            return Err(Refusal::bad(format!("Recipient: {country} has no state {state:?}")));
        }
        _ => {}
    }
    let zip = given("zip");
    if places::needs_zip(country) && zip.is_none() {
        return Err(Refusal::bad(format!("Recipient: zip is missing, which {country} needs")));
    }
    if country == "US" && !zip.is_some_and(is_us_zip) {
        return Err(Refusal::bad(format!("Recipient: zip {:?} is no ZIP code", zip.unwrap_or_default())));
    }
    if country == "BR" && given("tax_number").is_none() {
        return Err(Refusal::bad("Recipient: tax_number is missing, which BR needs"));
    }
    if let Some(email) = given("email").filter(|email| !email.contains('@')) {
        return Err(Refusal::bad(format!("Recipient: email {email:?} is no address")));
    }
    Ok(())
}

/// `12345`, `12345-6789` or `123456789`.
fn is_us_zip(zip: &str) -> bool {
    let digits: String = zip.chars().filter(|&sign| sign != '-' && sign != ' ').collect();
    matches!(digits.len(), 5 | 9) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn items(items: &[Value], shelf: &Shelf) -> Result<(), Refusal> {
    if items.is_empty() {
        return Err(Refusal::bad("Order must have at least one item"));
    }
    let mut external_ids = Vec::new();
    for (index, entry) in items.iter().enumerate() {
        let Some(item) = entry.as_object() else {
            return Err(Refusal::coded("OR-5", format!("Item {index} is invalid")));
        };
        one_item(index, item, shelf)?;
        if let Some(id) = item.get("external_id").and_then(Value::as_str) {
            external_id(&format!("items.{index}.external_id"), id)?;
            if external_ids.contains(&id) {
                return Err(Refusal::bad(format!("Item {index}: external_id {id:?} is not unique in this order")));
            }
            external_ids.push(id);
        }
    }
    Ok(())
}

fn one_item(index: usize, item: &Map<String, Value>, shelf: &Shelf) -> Result<(), Refusal> {
    let refuse = |why: String| Err(Refusal::bad(format!("Item {index}: {why}")));
    match item.get("quantity").and_then(Value::as_i64).map(u64::try_from) {
        Some(Ok(1..=MOST_OF_ONE_ITEM)) => {}
        Some(_) => return refuse(format!("quantity must be 1 to {MOST_OF_ONE_ITEM}")),
        None => return refuse("quantity is missing".into()),
    }
    let template = item.contains_key("product_template_id") || item.contains_key("external_product_id");
    let of_the_store = ["sync_variant_id", "external_variant_id", "warehouse_product_variant_id"]
        .iter()
        .find_map(|key| item.get(*key).map(|value| (key, value)));
    match (of_the_store, item.get("variant_id")) {
        (Some((key, value)), _) if !shelf.any => return refuse(format!("{key} {value} was not found in this store")),
        (None, Some(variant)) => {
            match shelf.state(&variant.to_string()) {
                Some(Available::Yes) => {}
                // No client can know it: no finding.
                Some(Available::OutOfStock) => return unavailable(index, variant, "out of stock"),
                Some(Available::Discontinued) => return unavailable(index, variant, "discontinued"),
                None => return refuse(format!("variant_id {variant} was not found")),
            }
            if !template {
                files(index, item.get("files"))?;
            }
        }
        _ => {}
    }
    money(&Value::Object(item.clone()), &format!("items.{index}"), &["retail_price"])
}

fn unavailable(index: usize, variant: &Value, why: &str) -> Result<(), Refusal> {
    Err(Refusal::business("BadRequest", format!("Item {index}: variant {variant} is {why}")))
}

fn files(index: usize, files: Option<&Value>) -> Result<(), Refusal> {
    let files = files.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let kind = |file: &Value| file["type"].as_str().unwrap_or("default").to_owned();
    if !files.iter().any(|file| !NOT_PRINTED.contains(&kind(file).as_str())) {
        return Err(Refusal::bad(format!("Item {index}: print files are missing")));
    }
    let mut kinds = Vec::new();
    for file in files {
        if let Some(url) = file["url"].as_str()
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return Err(Refusal::coded("FL-2", format!("Item {index}: the file URL {url:?} is invalid")));
        }
        let kind = kind(file);
        if kinds.contains(&kind) {
            return Err(Refusal::coded("OR-12", format!("Item {index}: several files for placement {kind:?}")));
        }
        kinds.push(kind);
    }
    Ok(())
}

/// Amounts are decimal strings, `12.50`.
fn money(object: &Value, place: &str, fields: &[&str]) -> Result<(), Refusal> {
    for field in fields {
        let Some(amount) = object[*field].as_str() else {
            continue;
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = match amount.split_once('.') {
            Some((whole, fraction)) => digits(whole) && digits(fraction) && fraction.len() <= 3,
            None => digits(amount),
        };
        if !fits {
            return Err(Refusal::bad(format!("{place}.{field} {amount:?} is no amount of money")));
        }
    }
    Ok(())
}
