//! `make catalog`: what the store sells, who makes it, and what is wrong with that.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::plan::{CatalogVariant, HAND};
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::Table;
use partner::{Partner, PartnerVariant, ReadCatalog};
use serde::Serialize;
use store::{ListVariants, ReadOrder, StoreVariant};

use crate::Routing;
use crate::look::label;

/// The report ends so long before its function does.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// The catalog, held against the store and the partners.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Variants the store sells and ships.
    pub variants: u32,
    /// Of these, how many the catalog gives to somebody.
    pub mapped: u32,
    /// Of these, how many only the catch-all does.
    pub by_any_variant: u32,
    pub by_hand: u32,
    /// Of these, how many another fulfilment service of the store has.
    pub by_other_service: u32,
    /// Rows to copy into store.toml: a partner has a product of the same SKU.
    pub proposed: Vec<Proposal>,
    /// Variants of which nobody knows who makes them.
    pub unmapped: Vec<Unmapped>,
    pub problems: Vec<Finding>,
    /// What could not be asked; what is missing for that reason is not in the report.
    pub not_asked: Vec<String>,
    /// The time ended before the report did.
    pub cut: bool,
}

/// A row that would map a variant.
#[derive(Debug, Serialize)]
pub struct Proposal {
    pub store_variant: String,
    pub title: String,
    pub sku: String,
    pub partner: String,
    pub variant_id: String,
    pub title_at_partner: String,
}

#[derive(Debug, Serialize)]
pub struct Unmapped {
    pub store_variant: String,
    pub title: String,
    pub sku: Option<String>,
}

/// A row of the catalog with which something is wrong.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The row's SKU, or its store variant.
    pub row: String,
    pub partner: String,
    pub problem: String,
    pub next_step: String,
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder + ListVariants> Routing<'_, T, Q, C, S> {
    /// The whole report, as far as there is time for it.
    pub async fn report(&self, deadline: Timestamp) -> Report {
        let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        let mut report = Report::default();
        let unmapped = self.store_side(&mut report, until).await;
        if !unmapped.is_empty() {
            let products = self.products(&mut report, until).await;
            for variant in unmapped {
                propose(&mut report, variant, &products);
            }
        }
        for row in &self.catalog.variants {
            if self.station.now() >= until {
                report.cut = true;
                break;
            }
            self.row(&mut report, row).await;
        }
        report
    }

    /// Counts what the store sells; what nobody makes yet.
    async fn store_side(&self, report: &mut Report, until: Timestamp) -> Vec<StoreVariant> {
        let mut unmapped = Vec::new();
        let mut after: Option<String> = None;
        loop {
            if self.station.now() >= until {
                report.cut = true;
                return unmapped;
            }
            let page = match self.store.variants(after.as_deref()).await {
                Ok(page) => page,
                Err(trouble) => {
                    report.not_asked.push(format!("the store: {trouble}"));
                    return unmapped;
                }
            };
            for variant in page.items.into_iter().filter(|variant| variant.requires_shipping) {
                report.variants += 1;
                let row = self.catalog.row(Some(&variant.id), variant.sku.as_deref());
                match (row, &variant.service) {
                    (Some(row), _) if row.partner == HAND => {
                        report.mapped += 1;
                        report.by_hand += 1;
                    }
                    (Some(_), _) => report.mapped += 1,
                    (None, Some(_)) => report.by_other_service += 1,
                    (None, None) if self.catalog.any_variant.is_some() => {
                        report.mapped += 1;
                        report.by_any_variant += 1;
                    }
                    (None, None) => unmapped.push(variant),
                }
            }
            after = page.next;
            if after.is_none() {
                return unmapped;
            }
        }
    }

    /// The owner's products at all partners, by SKU.
    async fn products(
        &self,
        report: &mut Report,
        until: Timestamp,
    ) -> BTreeMap<String, Vec<(&Partner, PartnerVariant)>> {
        let mut products: BTreeMap<String, Vec<(&Partner, PartnerVariant)>> = BTreeMap::new();
        for partner in &self.partners {
            let mut after: Option<String> = None;
            loop {
                if self.station.now() >= until {
                    report.cut = true;
                    return products;
                }
                let page = match partner.products(after.as_deref()).await {
                    Ok(page) => page,
                    Err(trouble) => {
                        report.not_asked.push(format!("{}: {trouble}", partner.name()));
                        break;
                    }
                };
                for variant in page.items {
                    if let Some(sku) = variant.sku.clone().filter(|sku| !sku.is_empty()) {
                        products.entry(sku).or_default().push((partner, variant));
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        products
    }

    async fn row(&self, report: &mut Report, row: &CatalogVariant) {
        if row.partner != HAND && self.partner(&row.partner).is_none() {
            report.problems.push(Finding {
                row: label(row),
                partner: row.partner.clone(),
                problem: format!("store.toml does not set up [partners.{}].", row.partner),
                next_step: "Add the partner to store.toml and deploy, or correct the row.".to_owned(),
            });
            return;
        }
        for problem in self.row_problems(row).await {
            report.problems.push(Finding {
                row: label(row),
                partner: row.partner.clone(),
                problem: problem.to_string(),
                next_step: problem.step().to_owned(),
            });
        }
    }
}

fn propose(report: &mut Report, variant: StoreVariant, products: &BTreeMap<String, Vec<(&Partner, PartnerVariant)>>) {
    let found = variant.sku.as_ref().and_then(|sku| products.get(sku)).map(Vec::as_slice).unwrap_or_default();
    for (partner, product) in found {
        report.proposed.push(Proposal {
            store_variant: variant.id.clone(),
            title: variant.title.clone(),
            sku: variant.sku.clone().unwrap_or_default(),
            partner: partner.name().to_owned(),
            variant_id: product.id.clone(),
            title_at_partner: product.title.clone(),
        });
    }
    if found.is_empty() {
        report.unmapped.push(Unmapped { store_variant: variant.id, title: variant.title, sku: variant.sku });
    }
}
