//! What can be known to go wrong before anything is sent: the partner's variants, the countries it delivers to, the print files, the
//! customer's words. What was looked at is remembered for some minutes, so that ten thousand orders do not ask ten thousand times.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;
use domain::order::Order;
use domain::plan::{Make, Part, Problem};
use domain::provider::Trouble;
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::{Stored, Table};
use partner::{Availability, Partner, PartnerVariant, ReadCatalog};
use store::ReadOrder;

use crate::files::Files;
use crate::{LAYER, Routing, Stop};

/// How long a look counts.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// The same for a partner that could not be asked, and for what was not as it should be: it is being mended, and whoever replays must
/// not be shown the old answer for long.
const FRESH_FLAW: SignedDuration = SignedDuration::from_mins(1);
/// More are not remembered; a warm function that has seen so many begins anew.
const MOST: usize = 2_000;

/// What was looked at lately, as long as this copy of the function lives.
pub(crate) struct Looks {
    /// `None`: the owner does not want files to be looked at.
    files: Option<Files>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// By partner and variant; the inner `None`: the partner could not be asked.
    variants: BTreeMap<(String, String), (Timestamp, Option<Known>)>,
    /// By address; what is wrong with the file.
    files: BTreeMap<String, (Timestamp, Option<String>)>,
}

/// What the partner says of a variant; `None`: it has none.
type Known = Option<PartnerVariant>;

impl fmt::Debug for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looks").field("files", &self.files.is_some()).finish_non_exhaustive()
    }
}

impl Looks {
    pub fn new(files: Option<Files>) -> Self {
        Self { files, seen: Mutex::default() }
    }

    fn seen<R>(&self, with: impl FnOnce(&mut Seen) -> R) -> R {
        with(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the partner says of its variant. `None`: it cannot be asked now, which stops nothing.
    pub async fn variant(&self, partner: &Partner, id: &str, now: Timestamp) -> (Option<Known>, Option<Trouble>) {
        let key = (partner.name().to_owned(), id.to_owned());
        let fresh = |(at, known): &(Timestamp, Option<Known>)| {
            let good = known.as_ref().is_some_and(|known| known.as_ref().is_some_and(can_be_made));
            let counts = if good { FRESH } else { FRESH_FLAW };
            now.duration_since(*at) < counts
        };
        let remembered = self.seen(|seen| seen.variants.get(&key).filter(|look| fresh(look)).cloned());
        if let Some((_, known)) = remembered {
            return (known, None);
        }
        let (known, trouble) = match partner.variant(id).await {
            Ok(variant) => (Some(variant), None),
            Err(trouble) => (None, Some(trouble)),
        };
        self.seen(|seen| {
            if seen.variants.len() >= MOST {
                seen.variants.clear();
            }
            seen.variants.insert(key, (now, known.clone()));
        });
        (known, trouble)
    }

    /// What is wrong with the file; an outage of its host is none of it.
    pub async fn file(&self, url: &str, now: Timestamp) -> Result<Option<String>, Trouble> {
        let Some(files) = &self.files else { return Ok(None) };
        let fresh = |(at, flaw): &&(Timestamp, Option<String>)| {
            now.duration_since(*at) < if flaw.is_none() { FRESH } else { FRESH_FLAW }
        };
        if let Some((_, flaw)) = self.seen(|seen| seen.files.get(url).filter(fresh).cloned()) {
            return Ok(flaw);
        }
        let flaw = match files.flaw(url).await {
            Ok(flaw) => flaw,
            Err(Trouble::Refused { why }) => Some(why),
            Err(trouble) => return Err(trouble),
        };
        self.seen(|seen| {
            if seen.files.len() >= MOST {
                seen.files.clear();
            }
            seen.files.insert(url.to_owned(), (now, flaw.clone()));
        });
        Ok(flaw)
    }
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// Everything that would keep this part from being made. Stops where a file's host is out of reach: it waits for that.
    pub(crate) async fn preflight(&self, stored: &Stored, order: &Order, part: &Part) -> Result<Vec<Problem>, Stop> {
        let partner = self.set_up(&part.partner)?;
        let country = order.ship_to.as_ref().map(|to| to.country_code.trim().to_ascii_uppercase()).unwrap_or_default();
        let mut problems = Vec::new();
        for item in &part.items {
            if let (false, Some(text)) = (partner.takes_texts(), item.texts.first()) {
                let (line, property) = (item.title.clone(), text.name.clone());
                problems.push(Problem::TextNotTaken { line, property, partner: part.partner.clone() });
            }
            // What the partner knows by the store's own number can only be asked for by ordering it.
            let Make::Variant { variant_id, files } = &item.make else { continue };
            let (known, trouble) = self.looks.variant(partner, variant_id, self.station.now()).await;
            if let Some(trouble) = trouble {
                self.press(partner, &trouble).await?;
            }
            if let Some(known) = known {
                problems.extend(variant_problem(
                    &item.title,
                    &part.partner,
                    variant_id,
                    known.as_ref(),
                    Some(&country),
                ));
            }
            for file in files {
                match self.looks.file(&file.url, self.station.now()).await {
                    Ok(None) => {}
                    Ok(Some(why)) => {
                        let (line, url) = (item.title.clone(), shown(&file.url));
                        problems.push(Problem::BadFile { line, url, why });
                    }
                    Err(trouble) => return Err(self.file_host_silent(stored, &file.url, trouble)),
                }
            }
        }
        Ok(problems)
    }

    fn file_host_silent(&self, stored: &Stored, url: &str, trouble: Trouble) -> Stop {
        let host = url.split('/').nth(2).unwrap_or("of a print file");
        self.station.wait_or_raise(stored, LAYER, &format!("The file host {host}"), trouble).into()
    }
}

fn can_be_made(variant: &PartnerVariant) -> bool {
    matches!(variant.available, Availability::Available | Availability::Unknown)
}

/// What is wrong with a variant, as the partner has it.
pub(crate) fn variant_problem(
    line: &str,
    partner: &str,
    variant_id: &str,
    known: Option<&PartnerVariant>,
    country: Option<&str>,
) -> Option<Problem> {
    let (line, partner, variant_id) = (line.to_owned(), partner.to_owned(), variant_id.to_owned());
    let Some(known) = known else { return Some(Problem::UnknownAtPartner { line, partner, variant_id }) };
    match known.available {
        Availability::Discontinued => Some(Problem::NotAvailable { line, partner, variant_id, discontinued: true }),
        Availability::OutOfStock => Some(Problem::NotAvailable { line, partner, variant_id, discontinued: false }),
        Availability::Available | Availability::Unknown => {
            let country = country.filter(|_| !known.countries.is_empty())?;
            let served = known.countries.iter().any(|served| served.eq_ignore_ascii_case(country));
            (!served).then(|| Problem::NotServed { country: country.to_owned(), by: Some(partner) })
        }
    }
}

/// A file's address without what may be secret in it: signatures stand behind the question mark.
pub(crate) fn shown(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or(url).chars().take(300).collect()
}
