//! Variants of Printful's catalog, and the products of the store: one for each catalog variant, made of it.

use super::answer::Refusal;
use crate::partners::Available;
use crate::partners::shelf::Shelf;
use serde_json::{Value, json};

/// What is added to a catalog variant's number for the store's product and variant that are made of it.
const PRODUCT: u64 = 2_000_000_000;
const STORE_VARIANT: u64 = 3_000_000_000;
/// Where things are made.
const REGIONS: [(&str, &str); 2] = [("US", "USA"), ("EU", "Europe")];

/// `GET /products/variant/{id}`. It may be gone since the owner chose it, so that it is not found is no finding.
pub(super) fn variant(shelf: &Shelf, id: u64) -> Result<Value, Refusal> {
    let available = shelf.state(&id.to_string()).ok_or_else(|| Refusal::not_found(true))?;
    let status = match available {
        Available::Yes => "in_stock",
        Available::OutOfStock => "out_of_stock",
        Available::Discontinued => "discontinued",
    };
    let regions = REGIONS.iter().map(|(region, _)| json!({"region": region, "status": status}));
    let regions: Vec<Value> = regions.collect();
    let named: Value = REGIONS
        .iter()
        .map(|(region, name)| ((*region).to_owned(), json!(name)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    Ok(json!({
        "variant": {
            "id": id,
            "product_id": 1,
            "name": name(id),
            "size": "M",
            "color": "Black",
            "color_code": "#14191e",
            "color_code2": null,
            "image": "https://files.example.com/products/1.jpg",
            "price": shelf.cost.text(),
            "in_stock": available == Available::Yes,
            "availability_regions": named,
            "availability_status": regions,
            "material": [],
        },
        "product": {
            "id": 1,
            "main_category_id": 24,
            "type": "POSTER",
            "type_name": "Poster",
            "title": "Sandbox product",
            "brand": null,
            "model": "Sandbox",
            "image": "https://files.example.com/products/1.jpg",
            "variant_count": shelf.known().len(),
            "currency": shelf.cost.currency.code(),
            "files": [],
            "options": [],
            "is_discontinued": false,
            "description": "Sandbox product",
        },
    }))
}

fn name(variant: u64) -> String {
    format!("Sandbox product, variant {variant}")
}

/// Catalog variants that the store sells.
fn sold(shelf: &Shelf) -> Vec<u64> {
    shelf.known().iter().filter_map(|(id, _)| id.parse().ok()).collect()
}

/// `GET /store/products`: short forms.
pub(super) fn products(shelf: &Shelf) -> Vec<Value> {
    sold(shelf).into_iter().map(short).collect()
}

fn short(variant: u64) -> Value {
    json!({
        "id": PRODUCT.saturating_add(variant),
        "external_id": format!("product-{variant}"),
        "name": name(variant),
        "variants": 1,
        "synced": 1,
        "thumbnail_url": null,
        "is_ignored": false,
    })
}

/// `GET /store/products/{id}`.
pub(super) fn product(shelf: &Shelf, id: u64) -> Result<Value, Refusal> {
    let found = sold(shelf).into_iter().find(|variant| PRODUCT.saturating_add(*variant) == id);
    let variant = found.ok_or_else(|| Refusal::not_found(true))?;
    Ok(json!({"sync_product": short(variant), "sync_variants": [sync_variant(shelf, variant)]}))
}

/// `GET /store/variants/{id}`.
pub(super) fn store_variant(shelf: &Shelf, id: u64) -> Result<Value, Refusal> {
    let found = sold(shelf).into_iter().find(|variant| STORE_VARIANT.saturating_add(*variant) == id);
    found.map(|variant| sync_variant(shelf, variant)).ok_or_else(|| Refusal::not_found(true))
}

fn sync_variant(shelf: &Shelf, variant: u64) -> Value {
    let status = match shelf.state(&variant.to_string()) {
        Some(Available::Yes) => "active",
        Some(Available::OutOfStock) => "out_of_stock",
        Some(Available::Discontinued) | None => "discontinued",
    };
    json!({
        "id": STORE_VARIANT.saturating_add(variant),
        "external_id": format!("variant-{variant}"),
        "sync_product_id": PRODUCT.saturating_add(variant),
        "name": name(variant),
        "synced": true,
        "variant_id": variant,
        "retail_price": shelf.cost.of(shelf.cost.minor.saturating_mul(2)).text(),
        "currency": shelf.cost.currency.code(),
        "is_ignored": false,
        "sku": format!("SANDBOX-{variant}"),
        "product": {
            "variant_id": variant,
            "product_id": 1,
            "image": "https://files.example.com/products/1.jpg",
            "name": name(variant),
        },
        "files": [],
        "options": [],
        "main_category_id": 24,
        "availability_status": status,
    })
}
