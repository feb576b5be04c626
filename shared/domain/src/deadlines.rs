//! When a hand-off is late: the owner's seconds, for all orders and for those of one partner, carrier or country.
//!
//! What an event owes is due by the row that fits where its parcel goes. Not every event says so (a scan names a parcel and no
//! country), and then it is due by the shortest row there is: looked at early, decided with all that is known of the order.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::Fact;
use crate::handoff::{Owed, Wait};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A carrier's promise is a day without a zone, and it ends in the evening there: one day of grace after it.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Seconds until a hand-off is late. All of them are the owner's to change (`[deadlines]` in `store.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// A layer takes an event. At least twice the queue's visibility time-out.
    pub layer: i64,
    /// Long enough for a bank transfer.
    pub payment_arrives: i64,
    pub risk_verdict: i64,
    pub partner_accepts: i64,
    /// Printful and Printify both name two to five business days for most products; five are seven days of the calendar.
    pub partner_ships: i64,
    /// A parcel handed over on a Friday evening is scanned on Monday.
    pub first_scan: i64,
    /// USPS takes a search request from the seventh day without movement on.
    pub tracking_alive: i64,
    pub customer_informed: i64,
    pub held_order: i64,
    /// From the label to the door. Standard delivery of the larger partners takes up to two weeks at home, up to three abroad.
    pub delivered: i64,
    /// The exceptions from these, the first that fits counts: `[[deadlines.for]]`.
    #[serde(rename = "for", skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<DeadlineRow>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            layer: 300,
            payment_arrives: 5 * DAY,
            risk_verdict: HOUR,
            partner_accepts: DAY,
            partner_ships: 7 * DAY,
            first_scan: 3 * DAY,
            tracking_alive: 7 * DAY,
            customer_informed: 7 * DAY,
            held_order: DAY,
            delivered: 21 * DAY,
            rows: Vec::new(),
        }
    }
}

/// Deadlines of some parcels. It fits where everything it names is known and the same; what it leaves out fits all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadlineRow {
    /// The partner's name, as in `[partners.<name>]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The carrier, in any spelling of capitals and blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Where the parcel goes, ISO 3166-1 alpha-2. An order's country is known once a parcel of it is announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_accepts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_ships: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_scan: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_alive: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_informed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<i64>,
}

/// Whose hand-off it is, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lane {
    pub partner: Option<String>,
    pub carrier: Option<String>,
    pub country: Option<String>,
}

impl Lane {
    /// What the fact itself says of it; `None` where the lane is for others of the order's events to say.
    #[must_use]
    pub fn told(fact: &Fact) -> Option<Self> {
        match fact {
            Fact::OrderRouted { partner, .. } => Some(Self { partner: Some(partner.clone()), ..Self::default() }),
            Fact::ParcelAnnounced { partner, tracking, country, .. } => Some(Self {
                partner: partner.clone(),
                carrier: tracking.as_ref().and_then(|tracking| tracking.carrier.clone()),
                country: country.clone(),
            }),
            _ => None,
        }
    }
}

/// A carrier's name without capitals, blanks and signs: `DHL Express` and `dhl_express` are one.
#[must_use]
pub fn plain_carrier(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

impl DeadlineRow {
    fn seconds(&self, wait: Wait) -> Option<i64> {
        match wait {
            Wait::PartnerAccepts => self.partner_accepts,
            Wait::PartnerShips => self.partner_ships,
            Wait::FirstScan => self.first_scan,
            Wait::TrackingAlive => self.tracking_alive,
            Wait::CustomerInformed => self.customer_informed,
            Wait::Delivered => self.delivered,
            Wait::PaymentArrives | Wait::RiskVerdict | Wait::HeldOrder => None,
        }
    }

    fn fits(&self, lane: &Lane) -> bool {
        let same = |row: &Option<String>, lane: &Option<String>, plain: fn(&str) -> String| {
            row.as_ref().is_none_or(|row| lane.as_ref().is_some_and(|lane| plain(row) == plain(lane)))
        };
        same(&self.partner, &lane.partner, str::to_owned)
            && same(&self.carrier, &lane.carrier, plain_carrier)
            && same(&self.country, &lane.country, str::to_ascii_uppercase)
    }
}

impl Deadlines {
    fn seconds(&self, owed: Owed) -> i64 {
        match owed {
            Owed::Layer(_) => self.layer,
            Owed::Wait(Wait::PaymentArrives) => self.payment_arrives,
            Owed::Wait(Wait::RiskVerdict) => self.risk_verdict,
            Owed::Wait(Wait::PartnerAccepts) => self.partner_accepts,
            Owed::Wait(Wait::PartnerShips) => self.partner_ships,
            Owed::Wait(Wait::FirstScan) => self.first_scan,
            Owed::Wait(Wait::TrackingAlive) => self.tracking_alive,
            Owed::Wait(Wait::CustomerInformed) => self.customer_informed,
            Owed::Wait(Wait::Delivered) => self.delivered,
            Owed::Wait(Wait::HeldOrder) => self.held_order,
        }
    }

    /// When something owed from `from` on is late, where no row of its own is known; `from` itself if the sum leaves the calendar.
    #[must_use]
    pub fn due(&self, owed: Owed, from: Timestamp) -> Timestamp {
        after(from, self.seconds(owed))
    }

    /// How long this wait may take on that lane: the first row that fits and names it, or what counts for all.
    #[must_use]
    pub fn on(&self, wait: Wait, lane: &Lane) -> i64 {
        let row = self.rows.iter().filter(|row| row.fits(lane)).find_map(|row| row.seconds(wait));
        row.unwrap_or_else(|| self.seconds(Owed::Wait(wait)))
    }

    /// The shortest that this wait is anywhere.
    #[must_use]
    pub fn shortest(&self, wait: Wait) -> i64 {
        let rows = self.rows.iter().filter_map(|row| row.seconds(wait));
        rows.chain([self.seconds(Owed::Wait(wait))]).min().unwrap_or_default()
    }

    /// When what the fact owes from `from` on is first looked at.
    #[must_use]
    pub fn first_look(&self, owed: Owed, fact: &Fact, from: Timestamp) -> Timestamp {
        match (owed, fact) {
            // The carrier's own word outweighs ours.
            (Owed::Wait(Wait::Delivered), Fact::ParcelMoved { promised: Some(promised), .. }) => {
                promise_broken(promised).unwrap_or(from).max(from)
            }
            // One clock for the whole order, whatever becomes known of its way later.
            (Owed::Wait(wait @ Wait::CustomerInformed), _) => after(from, self.shortest(wait)),
            (Owed::Wait(wait), _) => match Lane::told(fact) {
                Some(lane) => after(from, self.on(wait, &lane)),
                None => after(from, self.shortest(wait)),
            },
            (Owed::Layer(_), _) => self.due(owed, from),
        }
    }
}

/// The moment from which a promised day (`2026-11-27`) has not been kept; `None` where it is no day.
#[must_use]
pub fn promise_broken(promised: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = promised.get(..10)?.parse().ok()?;
    let ends = day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    ends.checked_add(GRACE).ok()
}

fn after(from: Timestamp, seconds: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadlines() -> Deadlines {
        let text = r#"{"first_scan": 300000, "for": [
            {"carrier": "DHL Express", "country": "DE", "first_scan": 100000},
            {"country": "BR", "first_scan": 900000, "delivered": 4000000},
            {"partner": "workshop", "first_scan": 200000, "partner_ships": 50}
        ]}"#;
        serde_json::from_str(text).unwrap()
    }

    fn lane(partner: &str, carrier: &str, country: &str) -> Lane {
        let known = |word: &str| (!word.is_empty()).then(|| word.to_owned());
        Lane { partner: known(partner), carrier: known(carrier), country: known(country) }
    }

    #[test]
    fn the_first_row_that_fits_and_names_the_wait_counts() {
        let deadlines = deadlines();
        for (partner, carrier, country, seconds) in [
            ("", "", "", 300_000),
            ("workshop", "dhl_express", "de", 100_000),
            ("workshop", "DHL", "DE", 200_000),
            ("workshop", "", "BR", 900_000),
            // What is not known does not fit.
            ("printful", "DHL Express", "", 300_000),
        ] {
            assert_eq!(deadlines.on(Wait::FirstScan, &lane(partner, carrier, country)), seconds, "{partner} {country}");
        }
        assert_eq!(
            deadlines.on(Wait::PartnerShips, &lane("workshop", "", "BR")),
            50,
            "rows that do not name it are passed"
        );
        assert_eq!(deadlines.on(Wait::Delivered, &lane("workshop", "", "")), 21 * DAY);
        assert_eq!(deadlines.shortest(Wait::FirstScan), 100_000);
    }

    #[test]
    fn a_row_with_a_key_that_is_none_is_refused() {
        assert!(serde_json::from_str::<Deadlines>(r#"{"for": [{"land": "DE"}]}"#).is_err());
    }

    #[test]
    fn a_promise_is_kept_until_a_day_after_its_evening() {
        assert_eq!(promise_broken("2026-11-27").unwrap().to_string(), "2026-11-29T00:00:00Z");
        assert_eq!(promise_broken("2026-11-27T15:00:00Z").unwrap().to_string(), "2026-11-29T00:00:00Z");
        assert_eq!((promise_broken("soon"), promise_broken("9999-12-31")), (None, None));
    }

    #[test]
    fn a_fact_that_names_no_lane_is_looked_at_early() {
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let moved = |promised: Option<&str>| Fact::ParcelMoved {
            source: "easypost".into(),
            tracking_event: "1".into(),
            status: "in_transit".into(),
            parcel: None,
            promised: promised.map(str::to_owned),
        };
        let deadlines = Deadlines {
            rows: vec![DeadlineRow { country: Some("DE".into()), tracking_alive: Some(DAY), ..DeadlineRow::default() }],
            ..Deadlines::default()
        };
        let look = |wait, promised| deadlines.first_look(Owed::Wait(wait), &moved(promised), now).to_string();
        assert_eq!(look(Wait::TrackingAlive, None), "2026-11-23T00:00:00Z");
        assert_eq!(look(Wait::Delivered, Some("2026-11-25")), "2026-11-27T00:00:00Z");
        assert_eq!(look(Wait::Delivered, Some("2026-11-01")), "2026-11-22T00:00:00Z", "never before it is known");
    }
}
