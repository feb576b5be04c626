//! What the store sells: a few invented products, and every variant of the orders it holds.

use super::order::{Order, gid, is_third_party, service_of};
use super::page::keyed;
use super::payload::{count, lines};
use super::view::service;
use super::{Store, rest};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One variant.
#[derive(Clone, Debug)]
pub struct Variant {
    pub id: u64,
    pub product: u64,
    pub product_title: String,
    /// `Default Title` where the product has one variant only.
    pub title: String,
    pub sku: Option<String>,
    /// In the shop's currency, `24.90`.
    pub price: String,
    pub requires_shipping: bool,
    /// Handle of the fulfilment service that has it.
    pub service: String,
}

/// `(variant, product, product's title, title, SKU, price, ships, service)`.
type Row = (u64, u64, &'static str, &'static str, &'static str, &'static str, bool, &'static str);

#[rustfmt::skip]
const SOLD: &[Row] = &[
    (4401, 44, "Poster of an invented island", "A3",            "ISLAND-A3",  "24.90", true,  "manual"),
    (4402, 44, "Poster of an invented island", "A2",            "ISLAND-A2",  "34.90", true,  "manual"),
    (4501, 45, "Mug with a lighthouse",        "Default Title", "LIGHT-MUG",  "14.50", true,  "manual"),
    (4601, 46, "Shirt from another workshop",  "M / Black",     "SHIRT-M-BK", "29.00", true,  "another-workshop"),
    // In infra/local/store.toml, so that a test order finds it.
    (43_720_176, 437, "Lighthouse",                "30 x 40 cm",    "LIGHTHOUSE-30x40", "25.00", true, "manual"),
    (4701, 47, "Wallpaper to download",        "Default Title", "ISLAND-PNG", "5.00",  false, "manual"),
];

impl Store {
    /// All variants by number. What is for sale is said by the catalog, what only an order names by its line.
    pub fn variants(&self) -> BTreeMap<u64, Variant> {
        let sold = SOLD.iter().map(|row| {
            let (id, product, product_title, title, sku, price, requires_shipping, service) = *row;
            let variant = Variant {
                id,
                product,
                product_title: product_title.to_owned(),
                title: title.to_owned(),
                sku: Some(sku.to_owned()),
                price: price.to_owned(),
                requires_shipping,
                service: service.to_owned(),
            };
            (id, variant)
        });
        self.orders.values().flat_map(of_lines).chain(sold).collect()
    }
}

fn of_lines(order: &Order) -> impl Iterator<Item = (u64, Variant)> {
    lines(&order.rest).filter_map(|line| {
        let text = |key: &str| line.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let id = count(line, "variant_id")?;
        let price = rest::unit_price(&order.rest, line);
        let variant = Variant {
            id,
            product: count(line, "product_id").unwrap_or(id),
            product_title: text("title").unwrap_or_default(),
            title: text("variant_title").unwrap_or_else(|| "Default Title".to_owned()),
            sku: text("sku"),
            price: price.shop.rest(&price.shop_currency),
            requires_shipping: super::view::requires_shipping(line),
            service: service_of(line),
        };
        Some((id, variant))
    })
}

impl Variant {
    /// `ProductVariant`.
    pub fn graphql(&self) -> Value {
        let other = is_third_party(&self.service);
        let location = if other { rest::SHOP + 1 } else { rest::SHOP };
        let level = json!({
            "__typename": "InventoryLevel",
            "id": format!("gid://shopify/InventoryLevel/{location}?inventory_item_id={}", self.id),
            "location": {
                "__typename": "Location", "id": gid("Location", location), "legacyResourceId": location.to_string(),
                "name": self.service, "isActive": true, "isFulfillmentService": other,
                "fulfillmentService": if other { service(&self.service) } else { Value::Null },
            },
        });
        let display = match self.title.as_str() {
            "Default Title" => self.product_title.clone(),
            title => format!("{} - {title}", self.product_title),
        };
        let view = json!({
            "__typename": "ProductVariant",
            "id": gid("ProductVariant", self.id),
            "legacyResourceId": self.id.to_string(),
            "title": self.title,
            "displayName": display,
            "sku": self.sku,
            "price": self.price,
            "image": null,
            "availableForSale": true,
            "product": {
                "__typename": "Product", "id": gid("Product", self.product), "legacyResourceId": self.product.to_string(),
                "title": self.product_title, "vendor": "Example Prints",
            },
            "inventoryItem": {
                "__typename": "InventoryItem", "id": gid("InventoryItem", self.id), "legacyResourceId": self.id.to_string(),
                "sku": self.sku, "requiresShipping": self.requires_shipping, "tracked": false,
                "inventoryLevels": [level],
            },
        });
        keyed(view, 0, self.id)
    }
}
