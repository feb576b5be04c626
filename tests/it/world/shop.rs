//! A shop with several partners: its catalog, its orders, and what each partner holds.

use std::sync::Arc;

use sandbox::partners::Played;
use serde_json::{Value, json};

use super::{World, payload};

/// Every partner of the sandbox that speaks to a door in simulated time: name, store variant, and the partner's own.
pub const MAKERS: [(&str, u64, &str); 3] = [
    ("printful", 4401, "4012"),
    ("printify", 4402, "65aa00000000000000000001:4012"),
    ("gelato", 4403, "sandbox_product_poster_30x40-cm_ver"),
];
/// The variant that the owner makes.
pub const BY_HAND: u64 = 4404;

/// The owner's choices: one variant at each partner, one by hand, no catch-all.
pub fn several(choices: &mut Value) {
    let printful = choices["partners"]["printful"]["base_url"].as_str().unwrap().to_owned();
    let base = printful.trim_end_matches("/printful");
    choices["partners"]["printify"] = json!({ "base_url": format!("{base}/printify/v1"), "shop_id": 101 });
    choices["partners"]["gelato"] = json!({ "base_url": format!("{base}/gelato") });
    let file = json!({ "type": "default", "url": "https://example.com/prints/island.png" });
    let mut rows: Vec<Value> = MAKERS
        .iter()
        .map(|(partner, variant, theirs)| {
            let files = if *partner == "printify" { json!([]) } else { json!([file]) };
            json!({
                "store_variant": variant.to_string(), "partner": partner, "variant_id": theirs,
                "files": files, "designed_at_partner": *partner == "printify",
            })
        })
        .collect();
    rows.push(json!({ "store_variant": BY_HAND.to_string(), "partner": "hand" }));
    choices["catalog"] = json!({ "variants": rows });
}

/// A paid order of two pieces of each variant; its amounts add up.
pub fn order_of(id: u64, variants: &[u64]) -> Value {
    let mut order = payload(id);
    let first = order["line_items"][0].clone();
    let lines = (1..).zip(variants).map(|(n, variant)| {
        let mut line = first.clone();
        line["id"] = json!(id * 10 + n);
        line["variant_id"] = json!(variant);
        line["sku"] = json!(format!("SKU-{variant}"));
        line["title"] = json!(format!("Poster {variant}"));
        line
    });
    order["line_items"] = lines.collect();
    order["shipping_lines"][0]["id"] = json!(id * 10 + 9);
    let goods = 4_980 * variants.len();
    let money = |cents: usize| json!(format!("{}.{:02}", cents / 100, cents % 100));
    order["total_line_items_price"] = money(goods);
    order["subtotal_price"] = money(goods - 480);
    order["total_price"] = money(goods - 480 + 945 + 400);
    order
}

/// How far an order is at a partner, whatever the partner calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Draft,
    Released,
    Cancelled,
}

impl World {
    /// What a partner holds, in order of arrival.
    pub fn held_by(&self, partner: &str) -> Vec<At> {
        let how = |order: &Value| match order["status"].as_str().unwrap() {
            // Printify's word for what was not sent to production.
            "draft" | "on-hold" => At::Draft,
            "canceled" => At::Cancelled,
            _ => At::Released,
        };
        self.partner(partner).list().iter().map(how).collect()
    }

    /// A partner's side, to look at and to move.
    pub fn partner(&self, name: &str) -> Arc<dyn Played> {
        match name {
            "printify" => self.sandbox.printify.played(),
            "gelato" => self.sandbox.gelato.played(),
            "workshop" => self.sandbox.workshop.played(),
            _ => self.sandbox.printful.played(),
        }
    }

    /// How many open exceptions of the order are of this kind.
    pub async fn told(&self, order: u64, what: &str) -> usize {
        self.open(order).await.iter().filter(|exception| exception.what == what).count()
    }
}
