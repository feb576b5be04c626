//! Where a feed says one parcel stands: its state, not its history. What of it is one and the same news is decided here.

use domain::Timestamp;
use domain::event::Fact;
#[cfg(any(feature = "door", feature = "calls"))]
use domain::parcel::normalised;
use domain::parcel::{ParcelKey, Progress};
#[cfg(any(feature = "door", feature = "calls"))]
use jiff::civil::Date;

/// The feed's latest word on one parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The number, in capitals and digits.
    pub parcel: ParcelKey,
    /// The carrier, as the feed names it.
    pub carrier: Option<String>,
    pub progress: Progress,
    /// The feed's own status; with its finer one, where it has two.
    pub status: String,
    /// The feed's own id of the parcel, where it has one: numbers are used again after some years, such an id is not.
    pub reference: Option<String>,
    /// The moment of the scan behind the state, as the feed writes it, with or without an offset.
    pub moment: Option<String>,
    /// The same as a point in time; where no offset tells, when the feed last heard of it.
    pub at: Option<Timestamp>,
    /// The day the carrier promises, `2026-11-27`.
    pub promised: Option<String>,
}

impl Seen {
    /// What tells this word of the feed from its others about the parcel: the state, the scan behind it, the promise. A delivery
    /// that comes twice, and an update that changes none of these, is the same word.
    #[must_use]
    pub fn scan(&self) -> String {
        let at = self.moment.clone().or_else(|| self.at.map(|at| at.to_string()));
        let promised = self.promised.as_ref().map(|day| format!("+{day}"));
        format!("{}@{}{}", self.status, at.unwrap_or_default(), promised.unwrap_or_default())
    }

    /// As a fact about the parcel, from the feed of that name.
    #[must_use]
    pub fn fact(&self, feed: &str) -> Fact {
        Fact::CarrierTold {
            feed: feed.to_owned(),
            scan: self.scan(),
            carrier: self.carrier.clone(),
            progress: self.progress,
            status: self.status.clone(),
            promised: self.promised.clone(),
        }
    }
}

/// No number of a carrier is longer; 17TRACK's limit is 50.
#[cfg(any(feature = "door", feature = "calls"))]
const LONGEST_NUMBER: usize = 64;
/// No status of a feed is longer.
#[cfg(any(feature = "door", feature = "calls"))]
const LONGEST_WORD: usize = 80;

/// The key of a number; `None` for what cannot be one.
#[cfg(any(feature = "door", feature = "calls"))]
pub(crate) fn parcel(number: &str) -> Option<ParcelKey> {
    normalised(number).filter(|number| number.len() <= LONGEST_NUMBER).map(ParcelKey)
}

/// A word of a feed's lists, fit for ids: letters, digits and a few signs.
#[cfg(any(feature = "door", feature = "calls"))]
pub(crate) fn word(text: &str) -> String {
    let fits = |sign: &char| sign.is_ascii_alphanumeric() || "_-./:+ ".contains(*sign);
    text.trim().chars().filter(fits).take(LONGEST_WORD).collect()
}

/// What is not there, or is there and empty, which some feeds mean the same by.
#[cfg(any(feature = "door", feature = "calls"))]
pub(crate) fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// A moment that says where on Earth it is meant; `None` where it does not.
#[cfg(any(feature = "door", feature = "calls"))]
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The day in front of a moment, or the day alone, as it is where the parcel goes.
#[cfg(any(feature = "door", feature = "calls"))]
pub(crate) fn day(text: &str) -> Option<String> {
    let date: Date = text.get(..10)?.parse().ok()?;
    Some(date.to_string())
}

#[cfg(all(test, any(feature = "door", feature = "calls")))]
mod tests {
    use super::*;

    fn seen(status: &str, moment: Option<&str>, promised: Option<&str>) -> Seen {
        Seen {
            parcel: ParcelKey("1Z999".to_owned()),
            carrier: None,
            progress: Progress::InTransit,
            status: status.into(),
            reference: None,
            moment: moment.map(str::to_owned),
            at: moment.and_then(instant),
            promised: promised.map(str::to_owned),
        }
    }

    #[test]
    fn the_same_state_of_the_same_scan_is_the_same_word() {
        let first = seen("in_transit", Some("2026-11-22T10:00:00Z"), None);
        assert_eq!(first.scan(), "in_transit@2026-11-22T10:00:00Z");
        assert_eq!(first.scan(), Seen { reference: Some("trk_1".into()), ..first.clone() }.scan());
        let others = [
            seen("delivered", Some("2026-11-22T10:00:00Z"), None),
            seen("in_transit", Some("2026-11-22T10:00:01Z"), None),
            seen("in_transit", Some("2026-11-22T10:00:00Z"), Some("2026-11-27")),
            seen("in_transit", None, None),
        ];
        assert!(others.iter().all(|other| other.scan() != first.scan()));
    }

    #[test]
    fn moments_and_days() {
        assert_eq!(instant("2021-01-14T00:52:00"), None, "no offset, no point in time");
        assert_eq!(instant("2021-01-14T00:52:00-06:00").unwrap().to_string(), "2021-01-14T06:52:00Z");
        assert_eq!(instant("2024-08-02T19:26:52.000Z").unwrap().to_string(), "2024-08-02T19:26:52Z");
        assert_eq!(day("2026-07-12T00:00:00-07:00").as_deref(), Some("2026-07-12"));
        assert_eq!(day("2026-07-12").as_deref(), Some("2026-07-12"));
        assert_eq!(day("tomorrow it is"), None);
        assert_eq!(day("ääääääää"), None);
    }

    #[test]
    fn what_cannot_be_a_number_has_no_key() {
        assert_eq!(parcel("0"), None);
        assert_eq!(parcel(&"9".repeat(65)), None);
        assert_eq!(word("in_transit\u{0}/<b>"), "in_transit/b");
    }
}
