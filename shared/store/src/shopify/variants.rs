//! What the store sells.

use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::json;

use super::graphql::Graphql;
use super::order::others;
use super::wire::{AssignedLocation, Page as WirePage};
use super::{documents, number_of};
use crate::{Page, StoreVariant};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    product_variants: WirePage<Variant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    id: String,
    display_name: String,
    sku: Option<String>,
    inventory_item: InventoryItem,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventoryItem {
    requires_shipping: bool,
    inventory_levels: Option<Levels>,
}

#[derive(Deserialize)]
struct Levels {
    nodes: Vec<AssignedLocation>,
}

/// One page of the variants, by number.
pub(super) async fn variants(graphql: &Graphql, after: Option<&str>) -> Result<Page<StoreVariant>, Trouble> {
    let asked = graphql.ask(documents::VARIANTS, json!({ "after": after })).await;
    let page = asked.map_err(Trouble::nothing_sent).map(|answer: Answer| answer.product_variants)?;
    let next = page.next();
    let items = page.nodes.into_iter().map(|variant| {
        let levels = variant.inventory_item.inventory_levels.map(|levels| levels.nodes).unwrap_or_default();
        let services = levels.into_iter().filter_map(|level| level.location?.fulfillment_service);
        StoreVariant {
            id: number_of(&variant.id),
            title: variant.display_name,
            sku: variant.sku.filter(|sku| !sku.is_empty()),
            requires_shipping: variant.inventory_item.requires_shipping,
            service: services.filter_map(others).next(),
        }
    });
    Ok(Page { items: items.collect(), next })
}
