//! Routing's decision: who makes which line, from which variant and which print files?
//!
//! An order is split into one [`Part`] per partner. What concerns the whole order (its address) stops all of them, and so does a
//! line of which nobody knows who makes it: it may belong to any of the parts. What concerns a line whose maker is known stops
//! only that maker's part.

mod catalog;
mod personal;
mod problem;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::address;
use crate::order::{Line, Order, Property};
use crate::parcel::Pieces;
use crate::subject::short_hash;

pub use catalog::{AnyVariant, Catalog, CatalogVariant, HAND, Otherwise, PrintFile, PropertyRule, Usage};
pub use problem::Problem;

/// The owner's choices that planning follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRules {
    /// Where the owner sends to (ISO 3166-1 alpha-2); empty: everywhere.
    pub countries: Vec<String>,
    /// More pieces of one line are not ordered unseen.
    pub largest_quantity: u32,
    /// Hosts where the store keeps what customers upload.
    pub upload_hosts: Vec<String>,
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

/// The outcome of planning: several parts, of which each stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// One per partner, in the order of their names.
    pub parts: Vec<Part>,
    /// Titles of the lines that the owner makes by hand.
    pub by_hand: Vec<String>,
    /// By partner: titles of the lines that its own app in the store makes already.
    pub app_has: BTreeMap<String, Vec<String>>,
    /// What keeps the whole order from being ordered.
    pub problems: Vec<Problem>,
}

/// What one partner makes of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub partner: String,
    pub items: Vec<Item>,
    /// What keeps this part from being ordered; its items are not complete then.
    pub problems: Vec<Problem>,
}

impl Plan {
    /// Nothing in it is ours to make: digital, gift cards, or another service's lines.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.by_hand.is_empty() && self.app_has.is_empty() && self.problems.is_empty()
    }

    /// The part of this partner.
    #[must_use]
    pub fn part(&self, partner: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.partner == partner)
    }

    fn part_of(&mut self, partner: &str) -> Option<&mut Part> {
        if self.part(partner).is_none() {
            self.parts.push(Part { partner: partner.to_owned(), items: Vec::new(), problems: Vec::new() });
            self.parts.sort_by(|a, b| a.partner.cmp(&b.partner));
        }
        self.parts.iter_mut().find(|part| part.partner == partner)
    }
}

impl Part {
    /// A hash of all that is to be made, 16 hex digits: two parts with the same hash are the same work. The address is not in it.
    #[must_use]
    pub fn work(&self) -> String {
        let mut words = Vec::new();
        for item in &self.items {
            words.extend([item.line.to_string(), item.quantity.to_string()]);
            match &item.make {
                Make::StoreVariant(number) => words.extend(["store".to_owned(), number.clone()]),
                Make::Variant { variant_id, files } => {
                    words.push(variant_id.clone());
                    words.extend(files.iter().flat_map(|file| [file.placement.clone(), file.url.clone()]));
                }
            }
            words.extend(item.texts.iter().flat_map(|text| [text.name.clone(), text.value.clone()]));
        }
        short_hash(&words.iter().map(String::as_str).collect::<Vec<_>>(), 16)
    }

    /// Its pieces, as the ledger notes them: `11x2 12x1`.
    #[must_use]
    pub fn lines(&self) -> String {
        let pieces = self.items.iter().map(|item| format!("{}x{}", item.line, item.quantity));
        pieces.collect::<Vec<_>>().join(" ")
    }
}

/// The name under which [`Part::lines`] are noted with the effect `partner-order`.
pub const NOTED_LINES: &str = "lines";

/// Pieces as [`Part::lines`] writes them: `11x2 12x1`.
#[must_use]
pub fn note_pieces(pieces: &[Pieces]) -> String {
    pieces.iter().map(|piece| format!("{}x{}", piece.line, piece.quantity)).collect::<Vec<_>>().join(" ")
}

/// Reads back what [`Part::lines`] wrote; anything else in it is left out.
#[must_use]
pub fn noted_pieces(note: &str) -> Vec<Pieces> {
    let pieces = note.split_whitespace().filter_map(|piece| {
        let (line, quantity) = piece.split_once('x')?;
        Some(Pieces { line: line.parse().ok()?, quantity: quantity.parse().ok()? })
    });
    pieces.collect()
}

/// Whether this line is ours to make.
#[must_use]
pub fn ours(order: &Order, line: &Line) -> bool {
    physical(line) && order.made_by_other(line).is_none()
}

fn physical(line: &Line) -> bool {
    line.quantity > 0 && line.requires_shipping && !line.gift_card
}

/// Plans the order against the catalog. Pure; a refunded line no longer counts, another service's line never does.
///
/// `begun` says which lines a partner has already, whatever the catalog says by now: nothing is made twice.
#[must_use]
pub fn plan(order: &Order, catalog: &Catalog, rules: &PlanRules, begun: &BTreeMap<u64, String>) -> Plan {
    let mut plan = Plan::default();
    for line in order.lines.iter().filter(|line| physical(line)) {
        match order.made_by_other(line) {
            Some(service) => {
                if let Some(partner) = catalog.maker(line).filter(|partner| same_service(service, partner)) {
                    plan.app_has.entry(partner.to_owned()).or_default().push(line.title.clone());
                }
            }
            None => plan_line(&mut plan, line, catalog, rules, begun),
        }
    }
    if plan.parts.is_empty() {
        return plan;
    }
    match &order.ship_to {
        None => plan.problems.insert(0, Problem::NoAddress),
        Some(to) => {
            let flaws = address::flaws(to).into_iter().map(Problem::Address);
            plan.problems.splice(0..0, flaws);
            let country = to.country_code.trim();
            let served = |served: &String| served.eq_ignore_ascii_case(country);
            if !rules.countries.is_empty() && !rules.countries.iter().any(served) {
                plan.problems.push(Problem::NotServed { country: country.to_owned(), by: None });
            }
        }
    }
    plan
}

fn plan_line(plan: &mut Plan, line: &Line, catalog: &Catalog, rules: &PlanRules, begun: &BTreeMap<u64, String>) {
    let title = || line.title.clone();
    // A headless store has no numbers: its SKU is the variant's name.
    let number = line.variant.map(|variant| variant.to_string());
    let row = catalog.row(number.as_deref(), line.sku.as_deref());
    let any = catalog.any_variant.as_ref().zip(number.as_deref());
    let maker = match (row, any) {
        (Some(row), _) => row.partner.as_str(),
        (None, Some((any, _))) => any.partner.as_str(),
        (None, None) if number.is_none() && line.sku.is_none() => {
            plan.problems.push(Problem::NoVariant { line: title() });
            return;
        }
        (None, None) => {
            plan.problems.push(Problem::Unmapped { line: title(), variant: line.variant, sku: line.sku.clone() });
            return;
        }
    };
    let maker = match begun.get(&line.id) {
        // It stays where it was begun; how it is made is no question any more.
        Some(begun) if begun != maker => begun.as_str(),
        _ if maker == HAND => {
            plan.by_hand.push(title());
            return;
        }
        _ => maker,
    };
    let made = match (row, any) {
        (Some(row), _) => of_row(line, row, rules),
        (None, Some((any, number))) => personal::personal(line, &[], any.other_properties, &[])
            .map(|_| (Make::StoreVariant(number.to_owned()), Vec::new())),
        (None, None) => return,
    };
    let Some(part) = plan.part_of(maker) else { return };
    if line.quantity > rules.largest_quantity {
        let (quantity, largest) = (line.quantity, rules.largest_quantity);
        part.problems.push(Problem::TooMany { line: title(), quantity, largest });
    }
    match made {
        Ok((make, texts)) => part.items.push(Item {
            line: line.id,
            title: title(),
            quantity: line.quantity,
            make,
            texts,
            retail_price: line.customer_unit_price.0.decimal(),
        }),
        Err(problems) => part.problems.extend(problems),
    }
}

/// How a row of the catalog says that the line is made.
fn of_row(line: &Line, row: &CatalogVariant, rules: &PlanRules) -> Result<(Make, Vec<Property>), Vec<Problem>> {
    let personal = personal::personal(line, &row.properties, row.other_properties, &rules.upload_hosts)?;
    // The customer's picture takes the place of the one that is printed there otherwise.
    let replaced = |file: &&PrintFile| personal.files.iter().all(|own| own.placement != file.placement);
    let mut files: Vec<PrintFile> = row.files.iter().filter(replaced).cloned().collect();
    files.extend(personal.files.iter().cloned());
    if row.variant_id.is_empty() {
        return Err(vec![Problem::NoPartnerVariant { line: line.title.clone() }]);
    }
    if files.is_empty() && !row.designed_at_partner {
        return Err(vec![Problem::NoPrintFile { line: line.title.clone() }]);
    }
    Ok((Make::Variant { variant_id: row.variant_id.clone(), files }, personal.texts))
}

/// Whether a fulfilment service of the store is this partner's own app: `printful`, `Printful, Inc.`, `printify-api`.
fn same_service(service: &str, partner: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let (service, partner) = (plain(service), plain(partner));
    !partner.is_empty() && service.starts_with(&partner)
}

/// The pieces of the order that are ours, by line: what a shipment without an item list is taken to hold.
#[must_use]
pub fn all_ours(order: &Order) -> Vec<Pieces> {
    let ours = order.lines.iter().filter(|line| ours(order, line));
    ours.map(|line| Pieces { line: line.id, quantity: line.quantity }).collect()
}
