//! Gelato's JSON, but for the order: requests, refusals, amounts, the catalog.

use domain::money::Money;
use domain::plan::{Item, Make};
use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::address::address;
use super::order::Order;
use crate::ports::{Availability, NewOrder, PartnerVariant};

/// The longest value of an order's metadata.
const METADATA: usize = 100;

/// An amount as it was written: Gelato writes decimal numbers, which no float may touch.
pub(super) type Amount = Box<RawValue>;

/// The amount in the currency's minor unit. What is finer (a float's noise, a price per thousand) is rounded to the nearest.
pub(super) fn exact(amount: &Amount, currency: &str) -> Option<Money> {
    let text = amount.get().trim_matches('"');
    let zero = Money::from_minor(0, currency).ok()?;
    let digits = zero.decimal().split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = fraction.get(..digits).unwrap_or(fraction);
    let money =
        Money::parse(&if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") }, currency).ok()?;
    let up = fraction.as_bytes().get(digits).is_some_and(|digit| *digit >= b'5');
    let one = if whole.starts_with('-') { -1 } else { 1 };
    if up { money.plus(Money::from_minor(one, currency).ok()?).ok() } else { Some(money) }
}

/// The reason of a refusal: `{message, details: [{message, reference}]}`.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let details = body["details"].as_array().into_iter().flatten().filter_map(|detail| {
        let words = detail["message"].as_str()?;
        let field = detail["reference"].as_str().filter(|field| !field.is_empty());
        Some(field.map_or_else(|| words.to_owned(), |field| format!("{field}: {words}")))
    });
    let details: Vec<String> = details.collect();
    if details.is_empty() { body["message"].as_str().map(str::to_owned) } else { Some(details.join("; ")) }
}

/// The request for a draft.
pub(super) fn new_order(order: &NewOrder, shipping: &str) -> Result<Value, Trouble> {
    let name: String = order.order_name.chars().take(METADATA).collect();
    Ok(json!({
        "orderType": "draft",
        "orderReferenceId": order.external_id,
        // Gelato wants one; who the customer is, is none of its business.
        "customerReferenceId": order.external_id,
        "currency": order.currency,
        "items": order.items.iter().map(item).collect::<Result<Vec<_>, _>>()?,
        "shipmentMethodUid": shipping,
        "shippingAddress": address(&order.ship_to, order.email.as_deref())?,
        "metadata": [{ "key": "order", "value": name }],
    }))
}

fn item(item: &Item) -> Result<Value, Trouble> {
    match &item.make {
        Make::Variant { variant_id, files } => {
            let files: Vec<_> = files.iter().map(|file| json!({ "type": file.placement, "url": file.url })).collect();
            Ok(json!({
                "itemReferenceId": item.line.to_string(),
                "productUid": variant_id,
                "files": files,
                "quantity": item.quantity,
            }))
        }
        Make::StoreVariant(number) => Err(Trouble::Refused {
            why: format!(
                "it does not know the store's variants; give the variant {number} (\"{}\") a row in the catalog",
                item.title
            ),
        }),
    }
}

#[derive(Deserialize)]
pub(super) struct Found {
    #[serde(default)]
    pub orders: Vec<Order>,
}

/// `GET /v3/products/{uid}`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    product_uid: String,
    #[serde(default)]
    attributes: Value,
    #[serde(default)]
    supported_countries: Vec<String>,
    #[serde(default)]
    is_stockable: Option<bool>,
}

/// `POST /v3/stock/region-availability`; the pages spell the list in two ways.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stock {
    #[serde(default, alias = "productAvailability")]
    products_availability: Vec<ProductStock>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductStock {
    product_uid: String,
    #[serde(default)]
    availability: Vec<RegionStock>,
}

#[derive(Deserialize)]
struct RegionStock {
    #[serde(default)]
    status: String,
}

impl Product {
    /// Goods are bought in and run out; paper does not.
    pub(super) fn is_stocked(&self) -> bool {
        self.is_stockable == Some(true)
    }

    pub(super) fn translate(self, stock: Option<&Stock>) -> PartnerVariant {
        let active = self.attributes["ProductStatus"].as_str().is_none_or(|status| status == "activated");
        let available = match (active, stock.map(|stock| stock.of(&self.product_uid))) {
            (false, _) => Availability::Discontinued,
            (true, None) => Availability::Available,
            (true, Some(stock)) => stock,
        };
        PartnerVariant {
            title: self.product_uid.clone(),
            id: self.product_uid,
            sku: None,
            available,
            price: None,
            countries: self.supported_countries,
        }
    }
}

impl Stock {
    /// In stock in any region is in stock: Gelato sends an order where its goods are.
    fn of(&self, uid: &str) -> Availability {
        let regions = self.products_availability.iter().find(|product| product.product_uid == uid);
        let statuses: Vec<&str> = regions
            .into_iter()
            .flat_map(|product| &product.availability)
            .map(|region| region.status.as_str())
            .collect();
        if statuses.iter().any(|status| !status.starts_with("out-of-stock") && !status.is_empty()) {
            Availability::Available
        } else if statuses.is_empty() {
            Availability::Unknown
        } else {
            Availability::OutOfStock
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_without_floats() {
        let amount = |text: &str, currency: &str| {
            let raw: Amount = serde_json::from_str(text).unwrap();
            exact(&raw, currency).map(|money| money.to_string())
        };
        assert_eq!(amount("33.45", "USD").as_deref(), Some("33.45 USD"));
        assert_eq!(amount("31.549999999999997", "USD").as_deref(), Some("31.55 USD"));
        assert_eq!(amount("0.1", "USD").as_deref(), Some("0.10 USD"));
        assert_eq!(amount("87", "JPY").as_deref(), Some("87 JPY"));
        assert_eq!(amount("87.5", "JPY").as_deref(), Some("88 JPY"));
        assert_eq!(amount("-0.006", "USD").as_deref(), Some("-0.01 USD"));
        assert_eq!(amount("1.2345", "KWD").as_deref(), Some("1.235 KWD"));
        assert_eq!(amount("\"49.12\"", "EUR").as_deref(), Some("49.12 EUR"));
        for bad in ["1e3", "null", "\"many\"", "[]", "1.5e-3"] {
            assert_eq!(amount(bad, "USD"), None, "{bad}");
        }
        assert_eq!(amount("1.00", "XXXX"), None);
    }

    #[test]
    fn refusals_name_the_field() {
        let body = json!({ "message": "Validation failed", "details": [{ "reference": "items[0].productUid", "message": "is unknown" }] });
        assert_eq!(reason(body.to_string().as_bytes()).as_deref(), Some("items[0].productUid: is unknown"));
        assert_eq!(reason(br#"{"message":"Order not found."}"#).as_deref(), Some("Order not found."));
    }

    #[test]
    fn stock_in_one_region_is_stock() {
        let product = || -> Product {
            serde_json::from_value(json!({ "productUid": "a", "attributes": { "ProductStatus": "activated" } }))
                .unwrap()
        };
        let stock = |statuses: &[&str]| -> Stock {
            let regions: Vec<_> = statuses.iter().map(|status| json!({ "status": status })).collect();
            serde_json::from_value(json!({ "productsAvailability": [{ "productUid": "a", "availability": regions }] }))
                .unwrap()
        };
        let available = |statuses: &[&str]| product().translate(Some(&stock(statuses))).available;
        assert_eq!(available(&["out-of-stock", "in-stock"]), Availability::Available);
        assert_eq!(available(&["out-of-stock", "out-of-stock-replenishable"]), Availability::OutOfStock);
        assert_eq!(available(&[]), Availability::Unknown);
        assert_eq!(product().translate(None).available, Availability::Available);
    }
}
