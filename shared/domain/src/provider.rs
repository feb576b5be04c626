//! How a call to the outside can fail, sorted by what must happen next.

use jiff::{SignedDuration, Timestamp};

use crate::subject::short_hash;
use crate::watch::{LayerWait, WaitReason};

/// A call to a provider did not end with a yes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing was done: the provider could not be reached, or said so. Wait.
    #[error("{why}")]
    Unavailable { why: String },
    /// Nothing was done: too many requests. Wait as long as the provider says; `a_second`: how many such requests it takes in a
    /// second, where it says so.
    #[error("too many requests")]
    RateLimited { retry_after: Option<SignedDuration>, a_second: Option<u32> },
    /// The same, and the next try has a slot of its own by our own count of the provider's limit.
    #[error("too many requests")]
    Slot { at: Timestamp },
    /// The request went out and no answer came back, or one that does not tell (a 5xx): it may have been done. Ask.
    #[error("{why}")]
    NoAnswer { why: String },
    /// A clear no, with the provider's reason.
    #[error("{why}")]
    Refused { why: String },
    /// We cannot work with it as things are: a key that is not accepted, an answer that cannot be read. A person mends it.
    #[error("{why}")]
    Broken { why: String },
}

impl Trouble {
    /// The trouble was met while only asking: nothing was sent, so a lost answer leaves no doubt.
    #[must_use]
    pub fn nothing_sent(self) -> Self {
        match self {
            Self::NoAnswer { why } => Self::Unavailable { why },
            other => other,
        }
    }

    /// The trouble was met while asking about an earlier attempt: whatever it is, that attempt stays in doubt.
    #[must_use]
    pub fn still_in_doubt(self) -> Self {
        Self::NoAnswer { why: self.to_string() }
    }
}

/// How long to wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The first wait; later ones grow with the length of the outage.
    pub first: SignedDuration,
    /// No wait is longer.
    pub longest: SignedDuration,
}

/// A rate limit that lasts longer is told: ten thousand orders at a partner's pace take hours, but after half a day it is no queue
/// any more.
const TOO_LONG: SignedDuration = SignedDuration::from_hours(12);

/// What whoever waits for its slot at `provider` says that it waits for.
#[must_use]
pub fn limits(provider: &str) -> String {
    format!("{provider} limits the rate")
}

impl Pace {
    /// The wait that `trouble` asks for, if it is one that passes by itself. `what` waits (its key), and `before` is what the layer
    /// waited for already.
    ///
    /// An outage is asked about ever more seldom (half its age so far), never more often than `first`. A limit is waited for as
    /// long as the provider says. Whoever meets it again is one of many, and what the provider says is how long one of them
    /// has to wait: they come back ever more seldom too (a quarter of the age so far), and not all in the same second. A slot is kept
    /// to the second.
    #[must_use]
    pub fn wait(
        &self,
        provider: &str,
        trouble: &Trouble,
        what: &str,
        before: Option<&LayerWait>,
        now: Timestamp,
    ) -> Option<LayerWait> {
        let limits = limits(provider);
        let before = before.filter(|wait| match (trouble, &wait.reason) {
            // Hours in a line of our own say nothing about this limit.
            (Trouble::RateLimited { .. }, WaitReason::Pace(other)) => *other == limits || *other == trouble.to_string(),
            _ => true,
        });
        let since = before.map_or(now, |wait| wait.since);
        let age = now.duration_since(since);
        let wait = match trouble {
            Trouble::RateLimited { retry_after, .. } => self.limited(*retry_after, what, before, age),
            Trouble::Slot { at } => at.duration_since(now).max(SignedDuration::from_secs(1)),
            Trouble::Unavailable { .. } | Trouble::NoAnswer { .. } => self.growing(age),
            Trouble::Refused { .. } | Trouble::Broken { .. } => return None,
        };
        let provider = provider.to_owned();
        let reason = match trouble {
            Trouble::RateLimited { .. } | Trouble::Slot { .. } if age > TOO_LONG => {
                WaitReason::Outage { provider, why: limits }
            }
            Trouble::RateLimited { .. } | Trouble::Slot { .. } => WaitReason::Pace(limits),
            _ => WaitReason::Outage { provider, why: trouble.to_string() },
        };
        Some(LayerWait { since, until: now.checked_add(wait).unwrap_or(now), reason })
    }

    fn growing(&self, age: SignedDuration) -> SignedDuration {
        let half = age.as_secs() / 2;
        SignedDuration::from_secs(half.clamp(self.first.as_secs(), self.longest.as_secs().max(self.first.as_secs())))
    }

    fn limited(
        &self,
        said: Option<SignedDuration>,
        what: &str,
        before: Option<&LayerWait>,
        age: SignedDuration,
    ) -> SignedDuration {
        let (second, longest) = (SignedDuration::from_secs(1), SignedDuration::from_hours(6));
        let said = said.unwrap_or_else(|| self.growing(age)).clamp(second, longest);
        let Some(before) = before else { return said };
        let quarter = SignedDuration::from_secs(age.as_secs() / 4).min(self.longest);
        let least = said.max(quarter);
        // Twins of a message that was limited once come to the same second; each further time to another one, so that nobody is last
        // for ever.
        let place = short_hash(&[what, &before.until.to_string()], 8);
        let place = i64::from_str_radix(&place, 16).unwrap_or_default();
        least + SignedDuration::from_secs(place % least.max(self.first).as_secs().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_asked_about_ever_more_seldom_and_a_rate_limit_when_it_says() {
        let pace = Pace { first: SignedDuration::from_secs(20), longest: SignedDuration::from_secs(600) };
        let start: Timestamp = "2026-11-22T02:13:00Z".parse().unwrap();
        let down = Trouble::Unavailable { why: "connection refused".into() };
        let mut before = None;
        let mut now = start;
        let mut waits = Vec::new();
        for _ in 0..12 {
            let wait = pace.wait("printful", &down, "order#1", before.as_ref(), now).unwrap();
            waits.push(wait.until.duration_since(now).as_secs());
            now = wait.until;
            before = Some(wait);
        }
        assert_eq!(waits, [20, 20, 20, 30, 45, 67, 101, 151, 227, 340, 510, 600]);
        let limited = Trouble::RateLimited { retry_after: Some(SignedDuration::from_secs(7)), a_second: None };
        assert_eq!(
            pace.wait("printful", &limited, "order#1", None, start).unwrap().until.duration_since(start).as_secs(),
            7
        );
        assert_eq!(pace.wait("printful", &Trouble::Refused { why: "no".into() }, "order#1", None, start), None);
    }

    /// A provider that serves `serves` a second, and so many that want to be served from the same second on. How many came in each
    /// second, and how often the most patient came.
    fn herd(size: u32, serves: u32) -> (Vec<u32>, u32) {
        let pace = Pace { first: SignedDuration::from_secs(20), longest: SignedDuration::from_secs(600) };
        let start: Timestamp = "2026-11-22T02:13:00Z".parse().unwrap();
        let limited = Trouble::RateLimited { retry_after: Some(SignedDuration::from_secs(1)), a_second: None };
        let mut waiting: Vec<(String, Option<LayerWait>, u32)> =
            (0..size).map(|n| (format!("order#{n}/paid"), None, 0)).collect();
        let (mut came, mut most, mut now) = (Vec::new(), 0, start);
        while !waiting.is_empty() {
            let (mut here, mut served) = (0, 0);
            waiting.retain_mut(|(key, wait, tries)| {
                if wait.as_ref().is_some_and(|wait| wait.until > now) {
                    return true;
                }
                (here, *tries) = (here + 1, *tries + 1);
                most = most.max(*tries);
                if served < serves {
                    served += 1;
                    return false;
                }
                *wait = pace.wait("shopify", &limited, key, wait.as_ref(), now);
                true
            });
            came.push(here);
            now = now.checked_add(SignedDuration::from_secs(1)).unwrap();
            assert!(came.len() < 100_000, "they are never all served");
        }
        (came, most)
    }

    #[test]
    fn a_herd_that_meets_a_limit_does_not_come_back_at_once() {
        let (came, most) = herd(1_000, 2);
        // The first time each is told a second, and all come in it; from then on each waits up to twenty seconds, eleven on
        // average, and later longer.
        assert_eq!(came[..2], [1_000, 998]);
        let fair = 998 / 11;
        assert!(came[2..].iter().all(|here| *here <= fair * 5 / 4), "{:?}", came.iter().skip(2).max());
        assert!(came[60..].iter().all(|here| *here <= fair * 2 / 3), "{:?}", came.iter().skip(60).max());
        // Serving them takes 500 seconds at best.
        let tries = came.iter().sum::<u32>();
        assert!(came.len() < 1_000 && tries < 12_000 && most <= 20, "{} s, {tries} tries, {most}", came.len());
    }

    #[test]
    fn a_limit_is_never_asked_about_earlier_than_it_says_and_a_line_of_our_own_does_not_count() {
        let pace = Pace { first: SignedDuration::from_secs(20), longest: SignedDuration::from_secs(600) };
        let start: Timestamp = "2026-11-22T02:13:00Z".parse().unwrap();
        let later = |seconds: i64| start.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let limited =
            |seconds| Trouble::RateLimited { retry_after: Some(SignedDuration::from_secs(seconds)), a_second: None };
        let lasting = |trouble: &Trouble, reason: &str, seconds: i64| {
            let before = LayerWait { since: start, until: later(seconds), reason: WaitReason::Pace(reason.into()) };
            let wait = pace.wait("shopify", trouble, "order#1", Some(&before), later(seconds)).unwrap();
            (wait.until.duration_since(later(seconds)).as_secs(), wait.since)
        };
        let ours = "shopify limits the rate";
        assert!((3_000..6_000).contains(&lasting(&limited(3_000), ours, 60).0));
        assert!((100..200).contains(&lasting(&limited(1), ours, 400).0));
        assert!((600..1_200).contains(&lasting(&limited(1), ours, 40_000).0));
        assert_eq!(lasting(&limited(1), "its turn", 40_000), (1, later(40_000)));
        assert_eq!(lasting(&Trouble::Slot { at: later(4_321) }, "its turn", 4_000), (321, start));
    }

    #[test]
    fn half_a_day_of_a_limit_is_told() {
        let pace = Pace { first: SignedDuration::from_secs(20), longest: SignedDuration::from_secs(600) };
        let start: Timestamp = "2026-11-22T02:13:00Z".parse().unwrap();
        let late = start.checked_add(SignedDuration::from_hours(13)).unwrap();
        let limits = WaitReason::Pace("printful limits the rate".into());
        let before = LayerWait { since: start, until: late, reason: limits };
        for trouble in [Trouble::RateLimited { retry_after: None, a_second: None }, Trouble::Slot { at: late }] {
            let wait = pace.wait("printful", &trouble, "order#1", Some(&before), late).unwrap();
            assert!(matches!(wait.reason, WaitReason::Outage { .. }), "{wait:?}");
        }
    }
}
