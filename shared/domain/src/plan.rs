//! Routing's decision: which lines does the partner make, from which variant and which print files?

use serde::{Deserialize, Serialize};

use crate::order::{Line, Order, Property};
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
    /// The partner's own variant: a number or a text, as the partner has it.
    #[serde(deserialize_with = "number_or_text")]
    pub variant_id: String,
    /// What is printed on it. A product that is printed needs at least one file.
    #[serde(default)]
    pub files: Vec<PrintFile>,
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
    /// What the customer wrote for it (a name to engrave), for a partner that takes such words. Pictures the customer gave stand
    /// among the files.
    pub texts: Vec<Property>,
    /// What the customer paid for one, as a plain decimal in the customer's currency: for the packing slip and customs.
    pub retail_price: String,
}

/// Which of the partner's variants it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Make {
    /// The partner's variant with our files.
    Variant { variant_id: String, files: Vec<PrintFile> },
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
                    texts: Vec::new(),
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
        (Some(row), _) => {
            Ok((&row.partner, Make::Variant { variant_id: row.variant_id.clone(), files: row.files.clone() }))
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::money::{CustomerMoney, Money};
    use crate::order::{FulfilmentOrder, FulfilmentOrderLine};

    fn line(id: u64, variant: Option<u64>) -> Line {
        let price = Money::parse("12.50", "KWD").unwrap();
        Line { customer_unit_price: CustomerMoney(price), quantity: 1, ..fixture::line(id, variant).unwrap() }
    }

    fn order(lines: Vec<Line>) -> Order {
        Order { lines, ..fixture::order().unwrap() }
    }

    fn row(store_variant: Option<&str>, sku: Option<&str>, partner: &str) -> CatalogVariant {
        CatalogVariant {
            store_variant: store_variant.map(str::to_owned),
            sku: sku.map(str::to_owned),
            partner: partner.to_owned(),
            variant_id: "4012".into(),
            files: vec![PrintFile { placement: "default".into(), url: "https://example.com/a.png".into() }],
        }
    }

    #[test]
    fn by_variant_by_sku_or_by_the_catch_all() {
        let rows = vec![row(Some("11"), None, "printful"), row(None, Some("SKU-2"), "printful")];
        let catalog = Catalog { variants: rows, any_variant: Some(AnyVariant { partner: "printful".into() }) };
        let planned = plan(&order(vec![line(1, Some(11)), line(2, Some(22)), line(3, Some(33))]), &catalog);
        let Plan::One { partner, items } = planned else { panic!("{planned:?}") };
        assert_eq!(partner, "printful");
        assert!(matches!(&items[0].make, Make::Variant { variant_id, .. } if variant_id == "4012"));
        assert!(matches!(&items[1].make, Make::Variant { variant_id, .. } if variant_id == "4012"));
        assert_eq!(items[2].make, Make::StoreVariant("33".into()));
        assert_eq!(items[0].retail_price, "12.500", "three decimals in Kuwait");
    }

    #[test]
    fn each_line_that_cannot_be_made_is_named() {
        let mut bare = row(Some("44"), None, "printful");
        bare.files.clear();
        let catalog = Catalog { variants: vec![bare, row(Some("55"), None, "another")], any_variant: None };
        let lines = vec![line(1, None), line(2, Some(22)), line(4, Some(44))];
        let planned = plan(&Order { ship_to: None, ..order(lines) }, &catalog);
        let Plan::Impossible(problems) = planned else { panic!("{planned:?}") };
        assert_eq!(problems[0], Problem::NoAddress);
        assert_eq!(problems[1], Problem::NoVariant { line: "Line 1".into() });
        assert!(matches!(&problems[2], Problem::Unmapped { variant: 22, .. }));
        assert_eq!(problems[3], Problem::NoPrintFile { line: "Line 4".into() });
    }

    #[test]
    fn digital_refunded_and_other_services_lines_are_not_ours() {
        let digital = Line { requires_shipping: false, ..line(1, Some(11)) };
        let refunded = Line { quantity: 0, ..line(2, Some(11)) };
        let card = Line { gift_card: true, ..line(3, Some(11)) };
        let mut with_other = order(vec![digital, refunded, card, line(4, Some(11))]);
        with_other.fulfilment_orders.push(FulfilmentOrder {
            id: "fo".into(),
            open: true,
            service: Some("another-workshop".into()),
            holds: vec![],
            lines: vec![FulfilmentOrderLine { id: "l".into(), line: 4, remaining: 1 }],
        });
        assert_eq!(plan(&with_other, &Catalog::default()), Plan::Nothing);
    }

    #[test]
    fn two_partners_in_one_order_are_refused_by_name() {
        let rows = vec![row(Some("11"), None, "printful"), row(Some("22"), None, "another")];
        let catalog = Catalog { variants: rows, any_variant: None };
        let planned = plan(&order(vec![line(1, Some(11)), line(2, Some(22))]), &catalog);
        assert_eq!(planned, Plan::Impossible(vec![Problem::SeveralPartners]));
    }
}
