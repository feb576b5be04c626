//! What time it is where the customer lives: no marketing mail arrives in the night.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};

/// From when until when nothing is sent, on the customer's clock; may go past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    pub from: Time,
    pub until: Time,
}

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} must be two times of day, like \"21:00-08:00\"")))
    }
}

impl QuietHours {
    /// Reads `21:00-08:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let quiet = Self { from: time(from)?, until: time(until)? };
        (quiet.from != quiet.until).then_some(quiet)
    }

    fn holds(&self, time: Time) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            time >= self.from || time < self.until
        }
    }

    /// `None`: it may go out now. Else the first moment at which it is no quiet hour in any of the zones; a country of several
    /// zones is spared in all of them. Where there is no such moment within two days, the first zone counts.
    #[must_use]
    pub fn until(&self, now: Timestamp, zones: &[TimeZone]) -> Option<Timestamp> {
        let quiet = |at: Timestamp, zone: &TimeZone| self.holds(at.to_zoned(zone.clone()).time());
        if !zones.iter().any(|zone| quiet(now, zone)) {
            return None;
        }
        let quarter = SignedDuration::from_mins(15);
        let start = Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(quarter.as_secs())).ok()?;
        let moments = || (1..=192).filter_map(|n: i32| start.checked_add(quarter.checked_mul(n)?).ok());
        let free_of = |zones: &[TimeZone]| moments().find(|at| !zones.iter().any(|zone| quiet(*at, zone)));
        free_of(zones).or_else(|| free_of(zones.get(..1)?))
    }
}

/// The customer's day, in the first of the zones: what the frequency cap counts by.
#[must_use]
pub fn day(now: Timestamp, zones: &[TimeZone]) -> Date {
    now.to_zoned(zones.first().cloned().unwrap_or(TimeZone::UTC)).date()
}

/// The zones of a country by their IANA names (zone1970.tab of the time zone database): all of one, the first and the last of a
/// country that spans several. Empty: not listed, and the shop's own zone counts.
#[must_use]
pub fn zones_of(country: &str) -> &'static [&'static str] {
    match country {
        "AT" => &["Europe/Vienna"],
        "AU" => &["Australia/Sydney", "Australia/Perth"],
        "BE" => &["Europe/Brussels"],
        "BR" => &["America/Sao_Paulo", "America/Manaus"],
        "CA" => &["America/Toronto", "America/Halifax", "America/Vancouver"],
        "CH" => &["Europe/Zurich"],
        "CN" => &["Asia/Shanghai"],
        "CZ" => &["Europe/Prague"],
        "DE" => &["Europe/Berlin"],
        "DK" => &["Europe/Copenhagen"],
        "ES" => &["Europe/Madrid", "Atlantic/Canary"],
        "FI" => &["Europe/Helsinki"],
        "FR" => &["Europe/Paris"],
        "GB" => &["Europe/London"],
        "GR" => &["Europe/Athens"],
        "HU" => &["Europe/Budapest"],
        "IE" => &["Europe/Dublin"],
        "IL" => &["Asia/Jerusalem"],
        "IN" => &["Asia/Kolkata"],
        "IT" => &["Europe/Rome"],
        "JP" => &["Asia/Tokyo"],
        "KR" => &["Asia/Seoul"],
        "KW" => &["Asia/Riyadh"],
        "LU" => &["Europe/Luxembourg"],
        "MX" => &["America/Mexico_City", "America/Tijuana"],
        "NL" => &["Europe/Amsterdam"],
        "NO" => &["Europe/Oslo"],
        "NZ" => &["Pacific/Auckland"],
        "PL" => &["Europe/Warsaw"],
        "PT" => &["Europe/Lisbon"],
        "RO" => &["Europe/Bucharest"],
        "SE" => &["Europe/Stockholm"],
        "SG" => &["Asia/Singapore"],
        "US" => &["America/New_York", "America/Los_Angeles"],
        "ZA" => &["Africa/Johannesburg"],
        _ => &[],
    }
}
