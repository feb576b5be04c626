//! An exception's life: open, acknowledged, resolved, and open again when its cause returns.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::What;
use crate::handoff::Layer;
use crate::subject::{Subject, short_hash};

/// Where an exception stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    /// The owner is to be told, and reminded every day.
    Open,
    /// The owner has seen it, or has had it replayed. It still stands.
    Acknowledged,
    /// It is over: by itself (then it is [`Healed`]), or because a person says so.
    Resolved,
}

impl Life {
    /// `open`, `acknowledged` or `resolved`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// It ended by itself: what it was about completed after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Healed {
    pub at: Timestamp,
    /// A digest has told the owner.
    pub told: bool,
}

/// An exception as it is stored and told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    pub subject: Subject,
    /// `<subject's slug>-<kind>-<8 hex digits>`; the same cause on the same subject is the same exception.
    pub id: String,
    pub layer: Layer,
    /// The kind's slug.
    pub what: String,
    /// [`What::provider`].
    pub provider: Option<String>,
    pub reason: String,
    pub next_step: String,
    pub state: Life,
    /// A provider's id for the alert is stored.
    pub told: bool,
    /// The channels that have taken the alert, by name. Empty where it was told by a version that knew of one channel.
    pub told_on: BTreeSet<String>,
    /// What its alerts have opened at a receiver that keeps incidents, and nobody has closed there yet.
    pub incidents: BTreeSet<String>,
    /// A replay has run since it was raised: if the cause returns, that is news.
    pub acted: bool,
    /// It ended by itself.
    pub healed: Option<Healed>,
    /// How often it was raised again after being resolved, plus one.
    pub round: u32,
    pub raised: Timestamp,
    /// The event it is about, for a replay.
    pub event: Option<String>,
    pub order_name: Option<String>,
    pub replayable: bool,
}

/// Kinds whose words change while nothing else does: figures that grow, and what an outage says of itself.
const WORDS_CHANGE: [&str; 1] = ["unreachable"];

impl Exception {
    /// Raises one. `cause` keeps two exceptions of one kind on one subject apart, e.g. the event's id.
    #[must_use]
    pub fn raise(subject: &Subject, what: &What, cause: &str, now: Timestamp) -> Self {
        let hash = short_hash(&[what.slug(), cause], 8);
        Self {
            subject: subject.clone(),
            id: format!("{}-{}-{hash}", subject.slug(), what.slug()),
            layer: what.layer(),
            what: what.slug().to_owned(),
            provider: what.provider().map(str::to_owned),
            reason: what.to_string(),
            next_step: what.next_step(),
            state: Life::Open,
            told: false,
            told_on: BTreeSet::new(),
            incidents: BTreeSet::new(),
            acted: false,
            healed: None,
            round: 1,
            raised: now,
            event: None,
            order_name: None,
            replayable: what.replayable(),
        }
    }

    /// The same, about an event.
    #[must_use]
    pub fn about(self, event: &crate::event::Event) -> Self {
        Self { event: Some(event.fact.id().0), order_name: event.order_name.clone().or(self.order_name), ..self }
    }

    /// What many orders may have in common: kind, layer and provider, as a name of 12 hex digits.
    #[must_use]
    pub fn group(&self) -> String {
        short_hash(&[&self.what, self.layer.as_str(), self.provider.as_deref().unwrap_or_default()], 12)
    }

    /// Whether the owner has it on that channel.
    #[must_use]
    pub fn told_on(&self, channel: &str) -> bool {
        self.told_on.contains(channel) || (self.told && self.told_on.is_empty())
    }

    /// Whether raising `again`, which has the same id, is news to an owner who has seen this one: it was over, a replay ran and
    /// did not help, or it says something else now.
    #[must_use]
    pub fn is_news(&self, again: &Self) -> bool {
        match self.state {
            Life::Open => false,
            Life::Resolved => true,
            Life::Acknowledged => {
                // A condition of the store as a whole says how long it has lasted; that is not another cause.
                let words_count = again.event.is_some() && !WORDS_CHANGE.contains(&again.what.as_str());
                self.acted || (words_count && self.reason != again.reason)
            }
        }
    }
}
