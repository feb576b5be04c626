//! Days and times of day as a customer writes them, in the shop's time zone.

use domain::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::{WordsError, fill};

/// How a language writes a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateWords {
    /// Of `{day}`, `{month}` and `{year}`.
    pub pattern: String,
    /// Of `{date}` and `{time}`.
    pub with_time: String,
    pub months: [String; 12],
}

/// The shop's time zone.
#[derive(Debug, Clone)]
pub struct Dates {
    zone: TimeZone,
}

/// A day for people and for machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `November 22, 2026`
    pub words: String,
    /// `2026-11-22`, for the `datetime` of a `time` element.
    pub date: String,
}

impl Dates {
    /// The dates of this zone, an IANA name.
    pub fn new(zone: &str) -> Result<Self, WordsError> {
        TimeZone::get(zone).map(|zone| Self { zone }).map_err(|_| WordsError::Zone(zone.to_owned()))
    }

    /// The day of a moment in the shop's zone.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// The same in words.
    #[must_use]
    pub fn day(&self, words: &impl AsRef<DateWords>, at: Timestamp) -> Day {
        day_of(words, self.date(at))
    }

    /// `November 22, 2026, 02:13 (UTC)`: a time of day says its zone.
    #[must_use]
    pub fn moment(&self, words: &impl AsRef<DateWords>, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let time = format!("{:02}:{:02}", zoned.hour(), zoned.minute());
        let date = day_of(words, zoned.date()).words;
        let abbreviation = zoned.strftime("%Z").to_string();
        format!("{} ({abbreviation})", fill(&words.as_ref().with_time, &[("date", &date), ("time", &time)]))
    }
}

/// A day of the calendar in words.
#[must_use]
pub fn day_of(words: &impl AsRef<DateWords>, date: Date) -> Day {
    let words = words.as_ref();
    let month = usize::try_from(date.month()).ok().and_then(|month| words.months.get(month.checked_sub(1)?));
    let (day, year) = (date.day().to_string(), date.year().to_string());
    let month = month.map(String::as_str).unwrap_or_default();
    let pattern = &words.pattern;
    Day { words: fill(pattern, &[("day", &day), ("month", month), ("year", &year)]), date: date.to_string() }
}
