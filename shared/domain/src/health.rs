//! Payment health: do payments fail, or checkouts stall, more than they should?
//!
//! A store with three thousand orders a week is judged by figures: what happened in the last hours against what was usual in
//! the hours before, by gateway, region and card. A store with three orders a week has no figures worth a judgement; there a
//! deadline speaks ([`overdue`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::exception::What;
use crate::order::{AttemptOutcome, PaymentAttempt};

/// The bookmark of the sweep, which says when it last came to its end.
pub const SWEEP: &str = "sweep";

/// What is judged.
const RECENT: SignedDuration = SignedDuration::from_hours(4);
/// What it is judged against, with the recent hours.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(24);
/// A checkout may take so long before it counts as not finished.
const FINISHED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// When something is worth telling.
struct Rule {
    /// Fewer than so many are an accident, whatever their share.
    failed: u32,
    /// Fewer than so many cases are no figures.
    of: u32,
    /// A smaller share, in percent, is not worth the owner's time.
    share: u64,
    /// At least this share, in percent, counts as usual, however well the hours before went.
    usual: u64,
}

/// Cards are declined every day; one in ten is nothing.
const PAYMENTS: Rule = Rule { failed: 6, of: 12, share: 25, usual: 10 };
/// Most shops see half of their checkouts given up.
const CHECKOUTS: Rule = Rule { failed: 15, of: 25, share: 70, usual: 50 };

/// Deviations from the usual that count as more than chance, squared: three standard deviations.
const DEVIATIONS_SQUARED: u128 = 9;

/// Where something is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// As the store names it: `shopify_payments`.
    Gateway(String),
    /// ISO 3166-1 alpha-2.
    Region(String),
    /// A card's brand: `visa`.
    Card(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(name) => write!(f, "gateway {name}"),
            Self::Region(country) => write!(f, "region {country}"),
            Self::Card(brand) => write!(f, "card {brand}"),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    failed: u32,
    of: u32,
}

impl Tally {
    fn count(&mut self, failed: bool) {
        self.of += 1;
        self.failed += u32::from(failed);
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Hours {
    before: Tally,
    recent: Tally,
}

/// What was found about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In the owner's words; the same for the same place.
    pub what: What,
    /// What it is about, apart from the figures: `payments-fail gateway paypal`.
    pub about: String,
    /// Worse than it should be.
    pub ill: bool,
}

/// The figures of one look.
#[derive(Debug)]
pub struct Figures {
    now: Timestamp,
    payments: BTreeMap<Place, Hours>,
    checkouts: BTreeMap<Place, Hours>,
}

impl Figures {
    /// No figures yet, as of `now`.
    #[must_use]
    pub fn as_of(now: Timestamp) -> Self {
        Self { now, payments: BTreeMap::new(), checkouts: BTreeMap::new() }
    }

    /// From when on orders and checkouts are looked at.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.before(LOOKED_AT)
    }

    fn before(&self, span: SignedDuration) -> Timestamp {
        self.now.checked_sub(span).unwrap_or(Timestamp::MIN)
    }

    /// An order, with every attempt to pay for it. Somebody who tries one card eight times is one failure, not eight; payments
    /// outside the store, and those not decided, are none.
    pub fn order(&mut self, placed: Timestamp, country: Option<&str>, attempts: &[PaymentAttempt]) {
        let mut outcomes = BTreeSet::new();
        for attempt in attempts.iter().filter(|attempt| !attempt.manual) {
            let failed = match attempt.outcome {
                AttemptOutcome::Succeeded => false,
                AttemptOutcome::Failed => true,
                AttemptOutcome::Pending => continue,
            };
            let brand = attempt.card.as_ref().and_then(|card| card.brand.clone());
            outcomes.insert((Place::Gateway(attempt.gateway.clone()), failed));
            outcomes.extend(country.map(|country| (Place::Region(country.to_owned()), failed)));
            outcomes.extend(brand.map(|brand| (Place::Card(brand), failed)));
        }
        let recent = placed >= self.before(RECENT);
        for (place, failed) in outcomes {
            tally(&mut self.payments, place, recent).count(failed);
        }
        self.checkout(placed, country, false);
    }

    /// A checkout that was not finished. One that was finished later is an order, and counted as that.
    pub fn stalled(&mut self, begun: Timestamp, country: Option<&str>) {
        self.checkout(begun, country, true);
    }

    fn checkout(&mut self, at: Timestamp, country: Option<&str>, stalled: bool) {
        if at > self.before(FINISHED_WITHIN) {
            return;
        }
        let recent = at >= self.before(RECENT);
        if let Some(country) = country {
            tally(&mut self.checkouts, Place::Region(country.to_owned()), recent).count(stalled);
        }
    }

    /// What the figures say of each place where anything happened in the last hours.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let payments = self.payments.iter().map(|(place, hours)| {
            let Tally { failed, of } = hours.recent;
            (What::PaymentsFail { place: place.to_string(), failed, of }, place, hours, &PAYMENTS)
        });
        let checkouts = self.checkouts.iter().map(|(place, hours)| {
            let Tally { failed, of } = hours.recent;
            (What::CheckoutsStall { place: place.to_string(), stalled: failed, of }, place, hours, &CHECKOUTS)
        });
        let happened = payments.chain(checkouts).filter(|(_, _, hours, _)| hours.recent.of > 0);
        happened
            .map(|(what, place, hours, rule)| Finding {
                about: format!("{} {place}", what.slug()),
                what,
                ill: worse(hours, rule),
            })
            .collect()
    }
}

fn tally(all: &mut BTreeMap<Place, Hours>, place: Place, recent: bool) -> &mut Tally {
    let hours = all.entry(place).or_default();
    if recent { &mut hours.recent } else { &mut hours.before }
}

/// Enough of them, a share that matters, and more than chance would make of the usual share (a one-sided test of a
/// proportion, in whole numbers).
fn worse(hours: &Hours, rule: &Rule) -> bool {
    let Tally { failed, of } = hours.recent;
    let (failed, of) = (u128::from(failed), u128::from(of));
    if failed < u128::from(rule.failed) || of < u128::from(rule.of) || failed * 100 < of * u128::from(rule.share) {
        return false;
    }
    // One failure more than there was, in two cases more: a place without a past is not a place without failures.
    let (before, cases) = (u128::from(hours.before.failed) + 1, u128::from(hours.before.of) + 2);
    let floor = (u128::from(rule.usual), 100);
    let (usual, out_of) = if before * floor.1 > floor.0 * cases { (before, cases) } else { floor };
    let Some(above) = (failed * out_of).checked_sub(of * usual) else { return false };
    above * above > DEVIATIONS_SQUARED * of * usual * (out_of - usual)
}

/// How many hours it has been, if that is longer than allowed; 0 hours allowed is no expectation.
#[must_use]
pub fn overdue(since: Timestamp, now: Timestamp, allowed_hours: i64) -> Option<i64> {
    let hours = now.duration_since(since).as_hours();
    (allowed_hours > 0 && hours >= allowed_hours).then_some(hours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Card;

    fn now() -> Timestamp {
        "2026-11-22T14:00:00Z".parse().unwrap()
    }

    fn ago(minutes: i64) -> Timestamp {
        now().checked_sub(SignedDuration::from_mins(minutes)).unwrap()
    }

    fn attempt(gateway: &str, brand: &str, outcome: AttemptOutcome) -> PaymentAttempt {
        let card = Some(Card { brand: Some(brand.into()), fingerprint: None, country: None });
        PaymentAttempt { gateway: gateway.into(), outcome, manual: false, card, error: None, at: now() }
    }

    /// A day of three thousand orders a week (eighteen an hour); every `bad`-th payment by visa fails first, and in the last
    /// two hours every `recently`-th.
    fn day(bad: i64, recently: i64) -> Figures {
        let mut figures = Figures::as_of(now());
        for n in 0..432 {
            let minutes = n * 10 / 3;
            let brand = if n % 3 == 0 { "mastercard" } else { "visa" };
            let every = if minutes < 120 { recently } else { bad };
            let mut attempts = vec![attempt("shopify_payments", brand, AttemptOutcome::Succeeded)];
            if brand == "visa" && n % every == 0 {
                attempts.insert(0, attempt("shopify_payments", brand, AttemptOutcome::Failed));
            }
            figures.order(ago(minutes), Some(if n % 4 == 0 { "DE" } else { "US" }), &attempts);
        }
        figures
    }

    fn ill(figures: &Figures) -> Vec<String> {
        figures.findings().into_iter().filter(|finding| finding.ill).map(|finding| finding.about).collect()
    }

    #[test]
    fn an_ordinary_day_is_silent_and_a_failing_card_is_named() {
        assert_eq!(ill(&day(11, 11)), [""; 0]);
        let found = ill(&day(11, 1));
        assert!(found.contains(&"payments-fail card visa".to_owned()), "{found:?}");
        assert!(!found.iter().any(|about| about.contains("mastercard")), "{found:?}");
    }

    #[test]
    fn what_is_usual_at_a_place_is_not_told() {
        // Every second visa payment fails, today as ever: bad, but nothing new in the last hours.
        assert_eq!(ill(&day(2, 2)), [""; 0]);
    }

    #[test]
    fn three_orders_a_week_are_no_figures_and_one_person_who_tries_again_and_again_is_one() {
        let mut few = Figures::as_of(now());
        for n in 0..3 {
            few.order(ago(n * 30), Some("US"), &[attempt("paypal", "visa", AttemptOutcome::Failed)]);
        }
        assert_eq!(ill(&few), [""; 0]);
        let mut stubborn = Figures::as_of(now());
        stubborn.order(ago(5), Some("US"), &vec![attempt("paypal", "visa", AttemptOutcome::Failed); 40]);
        assert_eq!(ill(&stubborn), [""; 0]);
        assert!(stubborn.findings().iter().any(|finding| {
            finding.what == What::PaymentsFail { place: "gateway paypal".into(), failed: 1, of: 1 }
        }));
    }

    #[test]
    fn checkouts_stall_in_one_region() {
        let mut figures = day(11, 11);
        for n in 0..40 {
            figures.stalled(ago(70 + n), Some("DE"));
            figures.stalled(ago(300 + n * 25), Some("US"));
        }
        assert_eq!(ill(&figures), ["checkouts-stall region DE"]);
        let mut fresh = day(11, 11);
        for n in 0..40 {
            fresh.stalled(ago(n), Some("DE"));
        }
        assert_eq!(ill(&fresh), [""; 0], "they may still be finished");
    }

    #[test]
    fn a_deadline_speaks_for_a_small_store() {
        assert_eq!(overdue(ago(60 * 71), now(), 72), None);
        assert_eq!(overdue(ago(60 * 72), now(), 72), Some(72));
        assert_eq!(overdue(ago(60 * 720), now(), 0), None);
    }
}
