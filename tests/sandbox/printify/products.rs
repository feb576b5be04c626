//! The products of the shop. A variant stands on the shelf as `<product>/<variant>`, or `<blueprint>/<print
//! provider>/<variant>`; what the control routes say of a bare variant number holds for it wherever it is found.

use crate::config::PrintifyConfig;
use crate::partners::Available;
use crate::partners::shelf::Shelf;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a variant of whatever product is kept on the shelf.
const WHATEVER: &str = "*";

/// A variant as the control routes name it, in the shelf's words.
pub(super) fn key(id: &str) -> Option<String> {
    let (product, variant) = id.rsplit_once([':', '/']).unwrap_or((WHATEVER, id));
    let number = !variant.is_empty() && variant.bytes().all(|sign| sign.is_ascii_digit());
    (number && !product.is_empty()).then(|| format!("{product}/{variant}"))
}

/// Whether a variant can be made. `None`: it does not exist.
pub(super) fn state(shelf: &Shelf, key: &str) -> Option<Available> {
    let variant = key.rsplit_once('/').map_or(key, |(_, variant)| variant);
    shelf.said(&format!("{WHATEVER}/{variant}")).or_else(|| shelf.state(key))
}

/// The SKU of a variant in answers; a line that was ordered by SKU has that.
pub(super) fn sku(variant: &str) -> String {
    variant.replace('/', "-")
}

pub(super) fn all(config: &PrintifyConfig, shelf: &Shelf) -> Vec<Value> {
    let mut products: BTreeMap<String, Vec<(u64, Available)>> = BTreeMap::new();
    for (key, _) in shelf.known() {
        let variant = key.rsplit_once('/').and_then(|(product, variant)| Some((product, variant.parse().ok()?)));
        if let Some((product, number)) = variant.filter(|(product, _)| *product != WHATEVER && !product.contains('/')) {
            let state = state(shelf, &key).unwrap_or(Available::Discontinued);
            products.entry(product.to_owned()).or_default().push((number, state));
        }
    }
    let view = |(product, variants): (String, Vec<(u64, Available)>)| {
        let variants = variants.iter().enumerate().map(|(place, (number, state))| {
            json!({
                "id": number,
                "sku": sku(&format!("{product}/{number}")),
                "cost": shelf.cost.minor,
                "price": shelf.cost.minor.saturating_mul(2),
                "title": format!("Variant {number}"),
                "grams": 200,
                "is_enabled": *state != Available::Discontinued,
                "is_default": place == 0,
                "is_available": *state == Available::Yes,
                "is_printify_express_eligible": false,
                "options": [],
            })
        });
        json!({
            "id": product,
            "title": format!("Sandbox product {product}"),
            "description": null,
            "tags": [],
            "options": [],
            "variants": variants.collect::<Vec<_>>(),
            "images": [],
            "created_at": "2026-01-02 03:04:05+00:00",
            "updated_at": "2026-01-02 03:04:05+00:00",
            "visible": true,
            "is_locked": false,
            "blueprint_id": 1,
            "user_id": 1,
            "shop_id": config.shop_id,
            "print_provider_id": 1,
            "print_areas": [],
            "sales_channel_properties": [],
        })
    };
    products.into_iter().map(view).collect()
}

/// The variants of a blueprint that a print provider makes. Those that are out of stock are only shown when asked for,
/// and nothing in the answer tells them from the others.
pub(super) fn of_blueprint(shelf: &Shelf, blueprint: &str, provider: &str, out_of_stock: bool) -> Vec<Value> {
    let known = shelf.known().into_iter().filter_map(|(key, _)| {
        let number = key.strip_prefix(&format!("{blueprint}/{provider}/"))?.parse::<u64>().ok()?;
        let shown = match state(shelf, &key)? {
            Available::Yes => true,
            Available::OutOfStock => out_of_stock,
            Available::Discontinued => false,
        };
        shown.then(|| json!({"id": number, "title": format!("Variant {number}"), "options": {}, "placeholders": []}))
    });
    known.collect()
}
