//! What the owner's catalog says: which store variant is made by whom, from what, and what the customer may add to it.

use serde::{Deserialize, Serialize};

use crate::order::Line;

/// The partner's name of what the owner makes with their own hands.
pub const HAND: &str = "hand";

/// The catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    pub variants: Vec<CatalogVariant>,
    /// The catch-all: a variant without a row of its own is ordered by the store's variant id, which the partner must know.
    pub any_variant: Option<AnyVariant>,
}

/// One row of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogVariant {
    /// The store's variant number; this or `sku`.
    #[serde(default)]
    pub store_variant: Option<String>,
    #[serde(default)]
    pub sku: Option<String>,
    /// A partner of `[partners.…]`, or [`HAND`].
    pub partner: String,
    /// The partner's own variant: a number or a text, as the partner has it. Nothing where it is made by hand.
    #[serde(default, deserialize_with = "number_or_text")]
    pub variant_id: String,
    /// What is printed on it. A product that is printed needs at least one file.
    #[serde(default)]
    pub files: Vec<PrintFile>,
    /// The product is designed at the partner: it needs no file of ours.
    #[serde(default)]
    pub designed_at_partner: bool,
    /// What the customer may choose or write for it, and what becomes of that.
    #[serde(default)]
    pub properties: Vec<PropertyRule>,
    /// What becomes of anything else the customer wrote.
    #[serde(default)]
    pub other_properties: Otherwise,
}

/// Variants that have no row of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnyVariant {
    pub partner: String,
    /// What becomes of what the customer wrote.
    #[serde(default)]
    pub other_properties: Otherwise,
}

/// A property of a line that the catalog names, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyRule {
    /// As the customer sees it: `Your photo`.
    pub name: String,
    #[serde(rename = "use")]
    pub usage: Usage,
    /// Where an uploaded picture is printed, in the partner's words.
    #[serde(rename = "type", default = "front")]
    pub placement: String,
    /// Without it the line is not made.
    #[serde(default)]
    pub required: bool,
}

/// What becomes of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// Its value is the address of a picture the customer uploaded: it is printed.
    File,
    /// Its value goes to the partner as words.
    Text,
    /// It says nothing about how the line is made.
    Ignore,
}

/// What becomes of a property that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// The line is refused by name: an engraving that nobody passes on would be missing.
    #[default]
    Refuse,
    Ignore,
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

fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Number(number) => number.to_string(),
        Either::Text(text) => text,
    })
}

impl Catalog {
    /// The row of this variant: by the store's number, which a headless store has none of, else by SKU where the row names no
    /// number.
    #[must_use]
    pub fn row(&self, number: Option<&str>, sku: Option<&str>) -> Option<&CatalogVariant> {
        self.variants.iter().find(|row| match row.store_variant.as_deref() {
            Some(named) => Some(named) == number,
            None => row.sku.is_some() && row.sku.as_deref() == sku,
        })
    }

    /// Who makes this line, if the catalog says so.
    #[must_use]
    pub fn maker(&self, line: &Line) -> Option<&str> {
        let number = line.variant.map(|variant| variant.to_string());
        let row = self.row(number.as_deref(), line.sku.as_deref()).map(|row| row.partner.as_str());
        // The catch-all goes by the number.
        row.or_else(|| self.any_variant.as_ref().filter(|_| number.is_some()).map(|any| any.partner.as_str()))
    }
}
