//! How a call to the outside can fail, sorted by what must happen next.

use jiff::{SignedDuration, Timestamp};

use crate::watch::{LayerWait, WaitReason};

/// A call to a provider did not end with a yes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing was done: the provider could not be reached, or said so. Wait.
    #[error("{why}")]
    Unavailable { why: String },
    /// Nothing was done: too many requests. Wait as long as the provider says.
    #[error("too many requests")]
    RateLimited { retry_after: Option<SignedDuration> },
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

impl Pace {
    /// The wait that `trouble` asks for, if it is one that passes by itself. `before` is what the layer waited for already:
    /// an outage is asked about ever more seldom (half its age so far), never more often than `first`.
    #[must_use]
    pub fn wait(
        &self,
        provider: &str,
        trouble: &Trouble,
        before: Option<&LayerWait>,
        now: Timestamp,
    ) -> Option<LayerWait> {
        let since = before.map_or(now, |wait| wait.since);
        let growing = || {
            let half = now.duration_since(since).as_secs() / 2;
            SignedDuration::from_secs(
                half.clamp(self.first.as_secs(), self.longest.as_secs().max(self.first.as_secs())),
            )
        };
        let (wait, reason) = match trouble {
            Trouble::RateLimited { retry_after } => {
                let (second, longest) = (SignedDuration::from_secs(1), SignedDuration::from_hours(6));
                let wait = retry_after.unwrap_or_else(growing).clamp(second, longest);
                let why = format!("{provider} limits the rate");
                // Ten thousand orders at a partner's pace take hours; after half a day it is no queue any more.
                let too_long = now.duration_since(since) > SignedDuration::from_hours(12);
                let provider = provider.to_owned();
                (wait, if too_long { WaitReason::Outage { provider, why } } else { WaitReason::Pace(why) })
            }
            Trouble::Unavailable { why } | Trouble::NoAnswer { why } => {
                (growing(), WaitReason::Outage { provider: provider.to_owned(), why: why.clone() })
            }
            Trouble::Refused { .. } | Trouble::Broken { .. } => return None,
        };
        Some(LayerWait { since, until: now.checked_add(wait).unwrap_or(now), reason })
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
            let wait = pace.wait("printful", &down, before.as_ref(), now).unwrap();
            waits.push(wait.until.duration_since(now).as_secs());
            now = wait.until;
            before = Some(wait);
        }
        assert_eq!(waits, [20, 20, 20, 30, 45, 67, 101, 151, 227, 340, 510, 600]);
        let limited = Trouble::RateLimited { retry_after: Some(SignedDuration::from_secs(7)) };
        assert_eq!(pace.wait("printful", &limited, None, start).unwrap().until.duration_since(start).as_secs(), 7);
        assert_eq!(pace.wait("printful", &Trouble::Refused { why: "no".into() }, None, start), None);
    }
}
