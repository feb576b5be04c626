//! Products, their prices and their stock in each region of the world.

use super::view;
use crate::partners::Available;
use crate::partners::fields::{Fields, Wrong};
use crate::partners::shelf::Shelf;
use serde_json::{Value, json};

/// Where Gelato keeps stock.
const REGIONS: [&str; 7] = ["US-CA", "EU", "OC", "AS", "SA", "UK", "ROW"];
const MOST_PRODUCTS: usize = 250;
/// Where everything is delivered.
const COUNTRIES: [&str; 8] = ["AU", "CA", "DE", "FR", "GB", "JP", "NO", "US"];
/// Quantities that prices are told for.
const QUANTITIES: [u64; 3] = [1, 5, 10];

/// The products a request asks the stock of.
pub(super) fn wanted(body: &Fields<'_>) -> Result<Vec<String>, Wrong> {
    body.only(&["products"])?;
    let products = body.texts("products")?.unwrap_or_default();
    if !(1..=MOST_PRODUCTS).contains(&products.len()) {
        return Err(body.wrong("products", &format!("must name 1 to {MOST_PRODUCTS} products")));
    }
    Ok(products.into_iter().map(str::to_owned).collect())
}

pub(super) fn stock(shelf: &Shelf, products: &[String]) -> Value {
    let availability = products.iter().map(|product| {
        let status = match shelf.state(product) {
            Some(Available::Yes) => "in-stock",
            Some(Available::OutOfStock) => "out-of-stock-replenishable",
            Some(Available::Discontinued) => "out-of-stock",
            None => "non-existing",
        };
        let regions =
            REGIONS.iter().map(|region| json!({"stockRegionUid": region, "status": status, "replenishmentDate": null}));
        json!({"productUid": product, "availability": regions.collect::<Vec<_>>()})
    });
    json!({"productsAvailability": availability.collect::<Vec<_>>()})
}

/// `None`: there is no such product.
pub(super) fn product(shelf: &Shelf, uid: &str) -> Option<Value> {
    let discontinued = shelf.state(uid)? == Available::Discontinued;
    Some(json!({
        "productUid": uid,
        "attributes": {"ProductStatus": if discontinued { "deactivated" } else { "activated" }},
        "weight": {"value": 200, "measureUnit": "grams"},
        "supportedCountries": if discontinued { json!([]) } else { json!(COUNTRIES) },
        "notSupportedCountries": [],
        "isStockable": true,
        "isPrintable": true,
    }))
}

/// One price for each quantity; none for a product that does not exist, or in a currency that it has no price in.
pub(super) fn prices(shelf: &Shelf, uid: &str, country: Option<&str>, currency: Option<&str>) -> Value {
    let cost = shelf.cost;
    if shelf.state(uid).is_none() || currency.is_some_and(|wanted| wanted != cost.currency.code()) {
        return json!([]);
    }
    let prices = QUANTITIES.iter().map(|quantity| {
        json!({
            "productUid": uid,
            "country": country.unwrap_or("US"),
            "quantity": quantity,
            "price": view::number(cost.of(cost.minor.saturating_mul(*quantity))),
            "currency": cost.currency.code(),
            "pageCount": null,
        })
    });
    prices.collect()
}
