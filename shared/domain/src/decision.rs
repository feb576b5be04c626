//! A person's decision about a held order. Code can only propose; refusing and refunding need one of these in hand.

use serde::{Deserialize, Serialize};

use crate::event::{Event, Fact};

/// What a person may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Make it.
    Release,
    /// Cancel it and give the money back.
    Refuse,
}

impl Choice {
    /// `release` or `refuse`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Refuse => "refuse",
        }
    }
}

/// The source of events that a person caused.
pub const OWNER: &str = "owner";

/// A person's decision to make the order. Only [`Decision::of`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    id: String,
}

/// A person's decision to cancel the order and give the money back. Only [`Decision::of`] makes one, so that no function that
/// takes it can be called without a person having decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    id: String,
}

impl Release {
    /// The decision's id, as it stands in the owner's log.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Refusal {
    /// The decision's id, as it stands in the owner's log.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Release(Release),
    Refuse(Refusal),
}

impl Decision {
    /// The decision that a stored event records; `None` unless a person caused it.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        match &event.fact {
            Fact::OrderDecided { choice, decision, .. } if event.source == OWNER => Some(match choice {
                Choice::Release => Self::Release(Release { id: decision.clone() }),
                Choice::Refuse => Self::Refuse(Refusal { id: decision.clone() }),
            }),
            _ => None,
        }
    }
}
