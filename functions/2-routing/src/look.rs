//! The daily look at the catalog: what would keep an order from being made is told before an order finds out.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::exception::What;
use domain::plan::{CatalogVariant, HAND, Problem};
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::Table;
use serde::{Deserialize, Serialize};
use store::ReadOrder;

use crate::preflight::{shown, variant_problem};
use crate::sweep::Round;
use crate::{Routing, Stop};

const BOOKMARK: &str = "catalog-look";
const DAILY: SignedDuration = SignedDuration::from_hours(24);
/// More problems of one partner are not listed; `make catalog` lists all.
const MOST: usize = 20;

/// Where a look stands that did not come to its end in one round.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    row: usize,
    problems: BTreeMap<String, Vec<String>>,
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// Goes on with today's look, or begins it when the last one is a day old.
    pub(crate) async fn daily_look(&self, now: Timestamp, until: Timestamp, round: &mut Round) -> Result<(), Stop> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let bookmark = ledger.bookmark(store, BOOKMARK).await?;
        let begun = bookmark.as_ref().is_some_and(|bookmark| !bookmark.place.is_empty());
        if !begun && bookmark.as_ref().is_some_and(|bookmark| now.duration_since(bookmark.at) < DAILY) {
            return Ok(());
        }
        let text = bookmark.as_ref().map(|bookmark| bookmark.place.as_str()).unwrap_or_default();
        let mut place: Place = serde_json::from_str(text).unwrap_or_default();
        while let Some(row) = self.catalog.variants.get(place.row) {
            if self.station.now() >= until {
                break;
            }
            round.rows += 1;
            let found = self.row_problems(row).await;
            let problems = place.problems.entry(row.partner.clone()).or_default();
            problems.extend(found.iter().map(|problem| problem.to_string().trim_end_matches('.').to_owned()));
            problems.truncate(MOST);
            place.row += 1;
        }
        let ended = place.row >= self.catalog.variants.len();
        if ended {
            for partner in &self.partners {
                let problems = place.problems.remove(partner.name()).unwrap_or_default();
                let stands = !problems.is_empty();
                let what = What::CatalogProblem { partner: partner.name().to_owned(), problems };
                self.tell_store(&what, partner.name(), stands).await?;
            }
        }
        let at = if ended { now } else { bookmark.as_ref().map_or(Timestamp::UNIX_EPOCH, |bookmark| bookmark.at) };
        let text = if ended { String::new() } else { serde_json::to_string(&place).unwrap_or_default() };
        ledger.move_bookmark(store, BOOKMARK, bookmark.as_ref(), &text, at).await?;
        Ok(())
    }

    /// What would keep a row from being made, as far as its partner and its files' hosts can be asked now.
    pub(crate) async fn row_problems(&self, row: &CatalogVariant) -> Vec<Problem> {
        let mut problems = Vec::new();
        let Some(partner) = self.partner(&row.partner).filter(|_| row.partner != HAND) else { return problems };
        let line = label(row);
        let now = self.station.now();
        let (known, _) = self.looks.variant(partner, &row.variant_id, now).await;
        problems.extend(
            known.and_then(|known| variant_problem(&line, &row.partner, &row.variant_id, known.as_ref(), None)),
        );
        for file in &row.files {
            if let Ok(Some(why)) = self.looks.file(&file.url, now).await {
                problems.push(Problem::BadFile { line: line.clone(), url: shown(&file.url), why });
            }
        }
        problems
    }
}

/// What the owner calls a row: its SKU, or the store's variant.
pub(crate) fn label(row: &CatalogVariant) -> String {
    row.sku.clone().or_else(|| row.store_variant.clone()).unwrap_or_default()
}
