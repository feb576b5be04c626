//! What Printify is told at its start.

use crate::partners::config::number;
use serde::{Deserialize, Deserializer, de::Error as _};

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrintifyConfig {
    pub token: String,
    #[serde(deserialize_with = "number")]
    pub shop_id: u64,
    /// Signs the standing topics.
    pub webhook_secret: String,
    /// Products of the shop; as `variants` also in the catalog's words, `<product>:<variant>`.
    #[serde(alias = "variants", deserialize_with = "products")]
    pub products: Vec<PrintifyProduct>,
    /// Requests a minute before 429.
    pub rate_limit: u32,
    /// Topics that are subscribed to from the start.
    pub webhooks: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintifyProduct {
    pub id: String,
    pub variants: Vec<u64>,
}

impl Default for PrintifyConfig {
    fn default() -> Self {
        Self {
            token: "sandbox-printify-token".to_owned(),
            shop_id: 101,
            webhook_secret: "sandbox-printify-secret".to_owned(),
            products: vec![PrintifyProduct { id: "65aa00000000000000000001".to_owned(), variants: vec![4012, 4013] }],
            rate_limit: 600,
            webhooks: [
                "order:created",
                "order:updated",
                "order:sent-to-production",
                "order:shipment:created",
                "order:shipment:delivered",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Product(PrintifyProduct),
    Variant(String),
}

fn products<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PrintifyProduct>, D::Error> {
    let mut products: Vec<PrintifyProduct> = Vec::new();
    for entry in Vec::<Entry>::deserialize(deserializer)? {
        let (id, variants) = match entry {
            Entry::Product(product) => (product.id, product.variants),
            Entry::Variant(text) => {
                let parts = text.split_once(':').and_then(|(id, variant)| Some((id.to_owned(), variant.parse().ok()?)));
                let (id, variant) =
                    parts.ok_or_else(|| D::Error::custom(format!("{text:?} is not <product>:<variant>")))?;
                (id, vec![variant])
            }
        };
        match products.iter_mut().find(|product| product.id == id) {
            Some(product) => product.variants.extend(variants),
            None => products.push(PrintifyProduct { id, variants }),
        }
    }
    Ok(products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogs_words_name_products() {
        let told = r#"{ "variants": ["a1:7", "b2:7", "a1:9"], "shop_id": "12", "token": "t" }"#;
        let config: PrintifyConfig = serde_json::from_str(told).unwrap();
        let products: Vec<_> = config.products.into_iter().map(|product| (product.id, product.variants)).collect();
        assert_eq!(products, [("a1".to_owned(), vec![7, 9]), ("b2".to_owned(), vec![7])]);
        assert_eq!(config.shop_id, 12);
        assert!(serde_json::from_str::<PrintifyConfig>(r#"{ "variants": ["a1"] }"#).is_err());
    }
}
