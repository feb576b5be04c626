//! Routing's decision: which lines does the partner make, from which variant and which print files?

use serde::{Deserialize, Serialize};

use crate::order::{Line, Order};
use crate::parcel::Pieces;

/// What the owner's catalog says: which store variant is made by whom, from what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    pub variants: Vec<CatalogVariant>,
    /// The catch-all: a variant without a row of its own is ordered by the store's variant id, which the partner must know.
    pub any_variant: Option<AnyVariant>,
}

/// One row of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogVariant {
    /// The store's variant number; this or `sku`.
    #[serde(default)]
    pub store_variant: Option<String>,
    #[serde(default)]
    pub sku: Option<String>,
    pub partner: String,
    /// The partner's own variant.
    pub variant_id: u64,
    /// What is printed on it. A product that is printed needs at least one file.
    #[serde(default)]
    pub files: Vec<PrintFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnyVariant {
    pub partner: String,
}

/// A print file and where on the product it goes (`default`, `back`, …, the partner's words).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintFile {
    #[serde(rename = "type", default = "front")]
    pub placement: String,
    pub url: String,
}

fn front() -> String {
    "default".to_owned()
}

/// What the partner is to make, in the partner's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub line: u64,
    pub title: String,
    pub quantity: u32,
    pub make: Make,
    /// What the customer paid for one, as a plain decimal in the customer's currency: for the packing slip and customs.
    pub retail_price: String,
}

/// Which of the partner's variants it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Make {
    /// The partner's variant with our files.
    Variant { variant_id: u64, files: Vec<PrintFile> },
    /// The variant the partner knows by the store's own number.
    StoreVariant(String),
}

/// The outcome of planning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing in it is ours to make: digital, gift cards, or another service's lines.
    Nothing,
    /// One partner order.
    One { partner: String, items: Vec<Item> },
    /// It cannot be ordered as it is; each problem says what to fix.
    Impossible(Vec<Problem>),
}

/// Why a line or an order cannot be routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    NoAddress,
    /// The line has no variant: a custom line, or a deleted product.
    NoVariant {
        line: String,
    },
    Unmapped {
        line: String,
        variant: u64,
        sku: Option<String>,
    },
    /// The catalog row has nothing to print.
    NoPrintFile {
        line: String,
    },
    /// Two partners in one order: not split yet.
    SeveralPartners,
}

/// Whether this line is ours to make.
#[must_use]
pub fn ours(order: &Order, line: &Line) -> bool {
    line.quantity > 0 && line.requires_shipping && !line.gift_card && order.made_by_other(line).is_none()
}

/// Plans the order against the catalog. Pure; a refunded line no longer counts, another service's line never does.
#[must_use]
pub fn plan(order: &Order, catalog: &Catalog) -> Plan {
    let lines: Vec<&Line> = order.lines.iter().filter(|line| ours(order, line)).collect();
    if lines.is_empty() {
        return Plan::Nothing;
    }
    let mut problems = Vec::new();
    if order.ship_to.is_none() {
        problems.push(Problem::NoAddress);
    }
    let mut partner: Option<String> = None;
    let mut items = Vec::new();
    for line in lines {
        match mapped(line, catalog) {
            Ok((by, make)) => {
                if partner.get_or_insert_with(|| by.to_owned()) != by && !problems.contains(&Problem::SeveralPartners) {
                    problems.push(Problem::SeveralPartners);
                }
                items.push(Item {
                    line: line.id,
                    title: line.title.clone(),
                    quantity: line.quantity,
                    make,
                    retail_price: line.customer_unit_price.0.decimal(),
                });
            }
            Err(problem) => problems.push(problem),
        }
    }
    match partner {
        Some(partner) if problems.is_empty() => Plan::One { partner, items },
        _ => Plan::Impossible(problems),
    }
}

fn mapped<'c>(line: &Line, catalog: &'c Catalog) -> Result<(&'c str, Make), Problem> {
    let Some(variant) = line.variant else { return Err(Problem::NoVariant { line: line.title.clone() }) };
    let number = variant.to_string();
    let row = catalog.variants.iter().find(|row| {
        row.store_variant.as_deref() == Some(number.as_str())
            || (row.store_variant.is_none() && row.sku.is_some() && row.sku == line.sku)
    });
    match (row, &catalog.any_variant) {
        (Some(row), _) if row.files.is_empty() => Err(Problem::NoPrintFile { line: line.title.clone() }),
        (Some(row), _) => Ok((&row.partner, Make::Variant { variant_id: row.variant_id, files: row.files.clone() })),
        (None, Some(any)) => Ok((&any.partner, Make::StoreVariant(number))),
        (None, None) => Err(Problem::Unmapped { line: line.title.clone(), variant, sku: line.sku.clone() }),
    }
}

/// The pieces of the order that are ours, by line: what a shipment without an item list is taken to hold.
#[must_use]
pub fn all_ours(order: &Order) -> Vec<Pieces> {
    let ours = order.lines.iter().filter(|line| ours(order, line));
    ours.map(|line| Pieces { line: line.id, quantity: line.quantity }).collect()
}
