//! Each parcel as the page shows it.

use brand::text::{shown, web_address};
use domain::Timestamp;
use domain::parcel::Standing;
use jiff::civil::Date;

use super::stage::is_untracked;
use crate::words::{Dates, Words, day_of, fill};

/// One parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParcelView {
    pub heading: String,
    pub status: String,
    /// `Since November 24, 2026`
    pub since: Option<String>,
    pub carrier: Option<String>,
    pub numbers: Vec<NumberView>,
    /// What the carrier promised, or that the day has passed; only where there are several parcels.
    pub promise: Option<String>,
}

/// A tracking number, and where it can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberView {
    pub number: String,
    pub link: Option<LinkView>,
}

/// A link whose words make sense alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    pub words: String,
    pub href: String,
}

/// What a carrier promised, as far as it still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    On(Date),
    Passed(Date),
}

impl Promise {
    /// The carrier's promise for this parcel, until it is over.
    pub fn of(parcel: &Standing, today: Date) -> Option<Self> {
        if parcel.progress.is_over()
            || matches!(parcel.progress, domain::parcel::Progress::Lost | domain::parcel::Progress::Returning)
        {
            return None;
        }
        // Some carriers add a time of day.
        let day: Date = parcel.promised.as_deref()?.get(..10)?.parse().ok()?;
        Some(if day < today { Self::Passed(day) } else { Self::On(day) })
    }

    /// It with one of two sentences about `{date}`.
    pub fn words(self, words: &Words, on: &str, passed: &str) -> String {
        let (sentence, date) = match self {
            Self::On(date) => (on, date),
            Self::Passed(date) => (passed, date),
        };
        fill(sentence, &[("date", &day_of(words, date).words)])
    }
}

/// All parcels, in the order in which they left.
pub fn views(parcels: &[Standing], words: &Words, dates: &Dates, now: Timestamp) -> Vec<ParcelView> {
    let count = parcels.len();
    (1..).zip(parcels).map(|(n, parcel)| view(n, count, parcel, words, dates, now)).collect()
}

fn view(n: usize, count: usize, parcel: &Standing, words: &Words, dates: &Dates, now: Timestamp) -> ParcelView {
    let heading = if count == 1 {
        words.parcel.heading_one.clone()
    } else {
        fill(&words.parcel.heading_many, &[("number", &n.to_string()), ("count", &count.to_string())])
    };
    // A parcel that only the store knows may have no day.
    let known = parcel.since > Timestamp::UNIX_EPOCH;
    let since = known.then(|| fill(&words.parcel.since, &[("date", &dates.day(words, parcel.since).words)]));
    let carrier = parcel.numbers.iter().rev().find_map(|tracking| tracking.carrier.as_deref()).map(shown);
    let numbers = parcel.numbers.iter().map(|tracking| {
        let number = shown(&tracking.number);
        let href = tracking.url.as_deref().and_then(web_address);
        let link = href.map(|href| LinkView { words: fill(&words.parcel.follow, &[("number", &number)]), href });
        NumberView { number, link }
    });
    // Of a single parcel the page says it further down.
    let promise = Promise::of(parcel, dates.date(now)).filter(|_| count > 1);
    ParcelView {
        heading,
        status: if is_untracked(parcel) { &words.status.untracked } else { words.status.of(parcel.progress) }
            .to_owned(),
        since,
        carrier: carrier.filter(|carrier| !carrier.is_empty()),
        numbers: numbers.collect(),
        promise: promise.map(|promise| promise.words(words, &words.parcel.expected, &words.parcel.overdue)),
    }
}
