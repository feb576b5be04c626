//! Printful's JSON. Numbers may come as text and text as numbers, whatever its schema says.

use std::collections::BTreeMap;

use domain::event::PartnerStop;
use domain::money::Money;
use domain::order::Address;
use domain::parcel::{Pieces, Tracking};
use domain::plan::{Item, Make};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ports::{Availability, NewOrder, PartnerOrder, PartnerVariant, Shipment, Stage};
use crate::stops;
use crate::text::Text;

#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub result: T,
}

/// What the codes in its documentation mean for the owner.
const CODES: [(&str, &str); 10] = [
    ("OR-1", "the order can no longer be changed there"),
    ("OR-2", "your Printful store is closed"),
    ("OR-4", "the shipping method in store.toml is not one of Printful's"),
    ("OR-6", "one of the variants may not be ordered now; give it another variant_id in the catalog"),
    ("OR-8", "one of the products cannot be made from its template; look at it in Printful"),
    ("OR-9", "one of the products is delivered only within the USA"),
    ("OR-10", "the catalog gives a file of a type that Printful does not print"),
    ("OR-11", "a label cannot be inside and outside of the same product; correct the files in the catalog"),
    ("OR-12", "the catalog gives two files for one place of the product"),
    ("FL-2", "the address of a print file in the catalog is not one Printful can open"),
];

/// The reason in an error's envelope: `{code, result: "text", error: {reason, message}}`, or a v2 problem's detail. A documented
/// code is told in words and named.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let code = error["reason"].as_str().unwrap_or_default();
    if let Some((_, words)) = CODES.iter().find(|(known, _)| *known == code) {
        return Some(format!("{words} ({code})"));
    }
    let parts = [&error["reason"], &error["message"], &body["detail"]];
    let words: Vec<&str> = parts.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect();
    if words.is_empty() { body["result"].as_str().map(str::to_owned) } else { Some(words.join(": ")) }
}

/// Where it goes. Absent fields are left out: Printful refuses `null` where it documents text.
pub(super) fn recipient(to: &Address, email: Option<&String>) -> Value {
    let mut recipient = json!({
        "name": to.name,
        "address1": to.address1,
        "city": to.city,
        "country_code": to.country_code,
    });
    let optional = [
        ("company", to.company.as_ref()),
        ("address2", to.address2.as_ref()),
        ("state_code", to.province_code.as_ref()),
        ("zip", to.zip.as_ref()),
        ("phone", to.phone.as_ref()),
        ("email", email),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            recipient[name] = json!(value);
        }
    }
    recipient
}

/// The request for a draft.
pub(super) fn new_order(order: &NewOrder, shipping: Option<&str>) -> Value {
    let mut body = json!({
        "external_id": order.external_id,
        "recipient": recipient(&order.ship_to, order.email.as_ref()),
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
        "retail_costs": { "currency": order.currency },
    });
    if let Some(shipping) = shipping {
        body["shipping"] = json!(shipping);
    }
    body
}

fn item(item: &Item) -> Value {
    let mut wanted = json!({
        "external_id": item.line.to_string(),
        "quantity": item.quantity,
        "name": item.title,
        "retail_price": item.retail_price,
    });
    match &item.make {
        Make::Variant { variant_id, files } => {
            wanted["variant_id"] = variant_id.parse::<u64>().map_or_else(|_| json!(variant_id), |number| json!(number));
            let files: Vec<_> = files.iter().map(|file| json!({ "type": file.placement, "url": file.url })).collect();
            wanted["files"] = json!(files);
        }
        Make::StoreVariant(number) => wanted["external_variant_id"] = json!(number),
    }
    wanted
}

#[derive(Deserialize)]
pub(super) struct Order {
    id: Text,
    #[serde(default)]
    external_id: Option<Text>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    updated: Option<Text>,
    #[serde(default)]
    items: Vec<OrderItem>,
    #[serde(default)]
    costs: Option<Costs>,
    #[serde(default)]
    shipments: Vec<WireShipment>,
}

#[derive(Deserialize)]
struct OrderItem {
    id: Text,
    #[serde(default)]
    external_id: Option<Text>,
    #[serde(default)]
    out_of_stock: Option<bool>,
    #[serde(default)]
    discontinued: Option<bool>,
}

/// Its own prices. Older answers name no currency: then nothing is told.
#[derive(Deserialize)]
struct Costs {
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    total: Option<Text>,
}

#[derive(Deserialize)]
struct WireShipment {
    id: Text,
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    tracking_number: Option<Text>,
    #[serde(default)]
    tracking_url: Option<String>,
    #[serde(default)]
    reshipment: Option<bool>,
    #[serde(default)]
    items: Vec<ShipmentItem>,
}

#[derive(Deserialize)]
struct ShipmentItem {
    item_id: Text,
    quantity: u32,
}

impl Order {
    pub(super) fn translate(self) -> PartnerOrder {
        let status = self.status.as_deref().unwrap_or_default();
        let stage = match status {
            "draft" => Stage::Draft,
            "failed" => Stage::Failed,
            "canceled" => Stage::Cancelled,
            "inprocess" | "partial" | "fulfilled" | "archived" => Stage::Producing,
            _ => Stage::Released,
        };
        let lacking = self.items.iter().any(|item| item.out_of_stock == Some(true) || item.discontinued == Some(true));
        let lack = lacking.then_some("out of stock");
        let stopped = match status {
            "onhold" => Some((stops::told(PartnerStop::OnHold, lack), None)),
            "failed" => Some((stops::told(PartnerStop::Failed, lack), None)),
            "canceled" => Some((PartnerStop::Cancelled, None)),
            _ => None,
        };
        let cost = self.costs.and_then(|costs| Money::parse(&costs.total?.0, &costs.currency?).ok());
        let items = self.items.into_iter();
        // An item's external id is our line number; items that are not ours have none.
        let lines: BTreeMap<Text, u64> =
            items.filter_map(|item| Some((item.id, item.external_id?.0.parse().ok()?))).collect();
        let shipments = self.shipments.into_iter().map(|shipment| {
            let pieces = shipment.items.iter().filter_map(|item| {
                lines.get(&item.item_id).map(|line| Pieces { line: *line, quantity: item.quantity })
            });
            let number = shipment.tracking_number.as_ref().map(|number| number.0.as_str());
            Shipment {
                tracking: Tracking::new(number, shipment.carrier.as_deref(), shipment.tracking_url.as_deref()),
                reshipment: shipment.reshipment.unwrap_or(false),
                // v1 does not tell; v2's webhook does.
                delivered: false,
                pieces: pieces.collect(),
                id: shipment.id.0,
            }
        });
        PartnerOrder {
            id: self.id.0,
            external_id: self.external_id.map(|id| id.0),
            stage,
            stopped,
            cost,
            shipments: shipments.collect(),
            changed: self.updated.unwrap_or_default().0,
        }
    }
}

/// `GET /products/variant/{id}`
#[derive(Deserialize)]
pub(super) struct CatalogVariant {
    variant: VariantInfo,
    #[serde(default)]
    product: ProductInfo,
}

#[derive(Deserialize)]
struct VariantInfo {
    id: Text,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    price: Option<Text>,
    #[serde(default)]
    in_stock: Option<bool>,
    #[serde(default)]
    availability_status: Vec<RegionStatus>,
}

#[derive(Deserialize, Default)]
struct ProductInfo {
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    is_discontinued: Option<bool>,
}

#[derive(Deserialize)]
struct RegionStatus {
    #[serde(default)]
    status: Option<String>,
}

impl CatalogVariant {
    pub(super) fn translate(self) -> PartnerVariant {
        let Self { variant, product } = self;
        let statuses: Vec<&str> =
            variant.availability_status.iter().filter_map(|region| region.status.as_deref()).collect();
        let all = |word: &str| !statuses.is_empty() && statuses.iter().all(|status| *status == word);
        let some = statuses.iter().any(|status| ["in_stock", "stocked_on_demand"].contains(status));
        let available = if product.is_discontinued == Some(true) || all("discontinued") {
            Availability::Discontinued
        } else {
            match (some, statuses.is_empty(), variant.in_stock) {
                (true, ..) | (_, true, Some(true)) => Availability::Available,
                (_, true, None) => Availability::Unknown,
                _ => Availability::OutOfStock,
            }
        };
        PartnerVariant {
            title: variant.name.unwrap_or_else(|| variant.id.0.clone()),
            id: variant.id.0,
            sku: None,
            available,
            price: product
                .currency
                .and_then(|currency| variant.price.and_then(|price| Money::parse(&price.0, &currency).ok())),
            countries: Vec::new(),
        }
    }
}

/// One of `GET /store/products`.
#[derive(Deserialize)]
pub(super) struct SyncProduct {
    pub id: Text,
}

/// `GET /store/products/{id}`
#[derive(Deserialize)]
pub(super) struct SyncProductInfo {
    #[serde(default)]
    sync_variants: Vec<SyncVariant>,
}

#[derive(Deserialize)]
struct SyncVariant {
    #[serde(default)]
    variant_id: Option<Text>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    sku: Option<String>,
    #[serde(default)]
    is_ignored: Option<bool>,
    #[serde(default)]
    availability_status: Option<String>,
}

impl SyncProductInfo {
    /// What is linked with a variant of Printful's catalog; what the owner ignores there is ignored here.
    pub(super) fn translate(self) -> impl Iterator<Item = PartnerVariant> {
        let kept = self.sync_variants.into_iter().filter(|variant| variant.is_ignored != Some(true));
        kept.filter_map(|variant| {
            let id = variant.variant_id?.0;
            Some(PartnerVariant {
                title: variant.name.unwrap_or_else(|| id.clone()),
                id,
                sku: variant.sku.filter(|sku| !sku.is_empty()),
                available: match variant.availability_status.as_deref() {
                    Some("active") => Availability::Available,
                    Some("discontinued") => Availability::Discontinued,
                    Some("out_of_stock" | "temporary_out_of_stock") => Availability::OutOfStock,
                    _ => Availability::Unknown,
                },
                // Its retail price is the owner's.
                price: None,
                countries: Vec::new(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_text_and_items_that_are_not_ours() {
        let order: Order = serde_json::from_value(json!({
            "id": 77, "status": "partial", "external_id": 4242, "updated": 1_795_000_000,
            "costs": { "currency": "USD", "total": "22.12" },
            "items": [{ "id": 1, "external_id": "5551112223" }, { "id": "2", "external_id": "item-2" }, { "id": 3, "external_id": null }],
            "shipments": [{ "id": 10, "tracking_number": 0, "items": [{ "item_id": 1, "quantity": 2 }, { "item_id": 2, "quantity": 1 }] }],
        }))
        .unwrap();
        let order = order.translate();
        assert_eq!((order.id.as_str(), order.stage), ("77", Stage::Producing));
        assert_eq!((order.external_id.as_deref(), order.changed.as_str()), (Some("4242"), "1795000000"));
        assert_eq!(order.cost.unwrap().to_string(), "22.12 USD");
        assert_eq!(order.shipments[0].pieces, [Pieces { line: 5_551_112_223, quantity: 2 }]);
        assert_eq!(order.shipments[0].tracking, None);
    }

    #[test]
    fn a_hold_for_want_of_stock_is_told_as_such() {
        let order = |status: &str, lacks: bool| {
            let order = json!({ "id": 1, "status": status, "items": [{ "id": 1, "out_of_stock": lacks }] });
            serde_json::from_value::<Order>(order).unwrap().translate()
        };
        assert_eq!(order("onhold", true).stopped.unwrap().0, PartnerStop::OutOfStock);
        assert_eq!(order("onhold", false).stopped.unwrap().0, PartnerStop::OnHold);
        assert_eq!(order("onhold", false).stage, Stage::Released);
        assert_eq!(order("pending", true).stopped, None);
    }

    #[test]
    fn the_reason_of_a_refusal() {
        let body = |reason: &str| {
            let body = json!({ "code": 400, "result": "Bad request", "error": { "reason": reason, "message": "EXTERNAL_ID_IN_USE." } });
            super::reason(body.to_string().as_bytes()).unwrap()
        };
        assert_eq!(body("OR-13"), "OR-13: EXTERNAL_ID_IN_USE.");
        assert_eq!(body("OR-4"), "the shipping method in store.toml is not one of Printful's (OR-4)");
        assert_eq!(reason(b"<html>"), None);
    }

    #[test]
    fn whether_a_variant_can_be_made() {
        let variant = |statuses: &[&str], in_stock: Option<bool>, gone: bool| {
            let statuses: Vec<_> = statuses.iter().map(|status| json!({ "region": "EU", "status": status })).collect();
            let found = json!({
                "variant": { "id": 4012, "name": "Poster", "price": "9.85", "in_stock": in_stock, "availability_status": statuses },
                "product": { "currency": "EUR", "is_discontinued": gone },
            });
            serde_json::from_value::<CatalogVariant>(found).unwrap().translate()
        };
        assert_eq!(variant(&["out_of_stock", "in_stock"], None, false).available, Availability::Available);
        assert_eq!(variant(&["out_of_stock", "discontinued"], Some(true), false).available, Availability::OutOfStock);
        assert_eq!(variant(&["discontinued"], Some(true), false).available, Availability::Discontinued);
        assert_eq!(variant(&[], Some(false), false).available, Availability::OutOfStock);
        assert_eq!(variant(&[], Some(true), true).available, Availability::Discontinued);
        assert_eq!(variant(&[], None, false).available, Availability::Unknown);
        assert_eq!(variant(&[], None, false).price.unwrap().to_string(), "9.85 EUR");
    }
}
