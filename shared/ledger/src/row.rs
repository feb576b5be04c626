//! The shapes that are stored: one struct per kind of item, and its way to and from the domain's words.
//!
//! A field that came later has a default, so that rows written by an earlier version stay readable.

mod exception;

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, State};
use domain::event::{Event, Fact};
use domain::handoff::{Layer, Owed, Owes};
use domain::subject::{Subject, short_hash};
use domain::watch::{LayerWait, WaitReason};
use serde::{Deserialize, Serialize};

pub use exception::ExceptionRow;

use crate::LedgerError;

/// Shards of the sparse indexes: a hash of the subject, so that no date and no state is one hot partition.
pub(crate) const SHARDS: [&str; 4] = ["0", "1", "2", "3"];

fn shard(subject: &Subject) -> String {
    let digit = short_hash(&[&subject.to_string()], 1);
    let number = u32::from_str_radix(&digit, 16).unwrap_or(0) % 4;
    number.to_string()
}

/// One stored item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Row {
    Payload(PayloadRow),
    Event(EventRow),
    Effect(EffectRow),
    Exception(ExceptionRow),
    Pause(PauseRow),
    Mark(MarkRow),
    Bookmark(BookmarkRow),
    Pace(PaceRow),
}

impl Row {
    /// Partition and sort key.
    #[must_use]
    pub fn key(&self) -> (&str, &str) {
        match self {
            Self::Payload(row) => (&row.pk, &row.sk),
            Self::Event(row) => (&row.pk, &row.sk),
            Self::Effect(row) => (&row.pk, &row.sk),
            Self::Exception(row) => (&row.pk, &row.sk),
            Self::Pause(row) => (&row.pk, &row.sk),
            Self::Mark(row) => (&row.pk, &row.sk),
            Self::Bookmark(row) => (&row.pk, &row.sk),
            Self::Pace(row) => (&row.pk, &row.sk),
        }
    }

    /// The revision a change must name.
    #[must_use]
    pub fn rev(&self) -> u64 {
        match self {
            Self::Event(row) => row.rev,
            Self::Effect(row) => row.rev,
            Self::Exception(row) => row.rev,
            Self::Bookmark(row) => row.rev,
            Self::Pace(row) => row.rev,
            Self::Payload(_) | Self::Pause(_) | Self::Mark(_) => 0,
        }
    }

    /// Shard and time in the `due` index, if it stands there.
    #[must_use]
    pub fn due(&self) -> Option<(&str, i64)> {
        match self {
            Self::Event(row) => Some((row.due_shard.as_deref()?, row.due?)),
            _ => None,
        }
    }

    /// Whether it stands in the `open` index.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Exception(row) if row.open_shard.is_some())
    }
}

/// A signed body as it came, deflated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadRow {
    pub pk: String,
    pub sk: String,
    pub body: serde_bytes::ByteBuf,
    pub expires: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    pub pk: String,
    pub sk: String,
    pub id: String,
    #[serde(rename = "type")]
    pub event_type: String,
    pub source: String,
    /// RFC 3339.
    pub time: String,
    /// The fact's content as JSON.
    pub data: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_name: Option<String>,
    /// What is owed → from when it is late, epoch seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owes: BTreeMap<String, i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waits: BTreeMap<String, WaitRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_shard: Option<String>,
    /// Nothing more is to come for the customer, as email found when it took the event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last_word: bool,
    /// An exception was raised about it: whoever finishes it resolves that one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flagged: bool,
    /// A small body, deflated, so that it costs no item of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_bytes::ByteBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    pub rev: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRow {
    #[serde(default)]
    pub since: i64,
    pub until: i64,
    pub reason: String,
    /// The provider that is out of reach; absent when it is our own pace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectRow {
    pub pk: String,
    pub sk: String,
    pub key: String,
    pub hash: String,
    pub state: String,
    pub attempts: u32,
    pub lease_until: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt_since: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub note: BTreeMap<String, String>,
    /// RFC 3339.
    pub updated: String,
    pub rev: u64,
}

/// The owner has paused a layer: `pk` is the store's subject, `sk` is `pause#<layer>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRow {
    pub pk: String,
    pub sk: String,
    pub layer: String,
    /// Epoch seconds.
    pub since: i64,
}

/// Something was seen that is only counted: `pk` is `mark#<kind>#<hash>`, `sk` is `order#<number>` where it is an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRow {
    pub pk: String,
    pub sk: String,
    /// Epoch seconds.
    pub at: i64,
    pub expires: i64,
    /// Words of whoever made it: keys, hashes, amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How far a walk has come: `pk` is the store's subject, `sk` is `bookmark#<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookmarkRow {
    pub pk: String,
    pub sk: String,
    pub place: String,
    /// When the walk last came to its end, epoch seconds.
    pub at: i64,
    pub rev: u64,
}

/// A provider's pace: `pk` is the store's subject, `sk` is `pace#<provider>`. All times in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaceRow {
    pub pk: String,
    pub sk: String,
    /// The next slot that nobody has reserved.
    pub next: i64,
    /// Until then everybody reserves.
    pub pressed_until: i64,
    /// Until then the provider answers nobody.
    pub blocked_until: i64,
    /// When the counting below began.
    pub window: i64,
    /// Calls counted since.
    pub counted: i64,
    /// How far a slot lies behind the one before it, by whoever reserved last; 0: nobody has.
    #[serde(default)]
    pub each: i64,
    pub rev: u64,
}

fn bad(pk: &str, sk: &str, why: impl ToString) -> LedgerError {
    LedgerError::Row { key: format!("{pk} {sk}"), why: why.to_string() }
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

impl EventRow {
    pub(crate) fn new(event: &Event, owes: &Owes) -> Self {
        let tagged = serde_json::to_value(&event.fact).unwrap_or_default();
        let mut row = Self {
            pk: event.subject.to_string(),
            sk: format!("event#{}", event.fact.id()),
            id: event.fact.id().0,
            event_type: event.fact.event_type().as_str().to_owned(),
            source: event.source.clone(),
            time: event.time.to_string(),
            data: tagged["data"].to_string(),
            order_name: event.order_name.clone(),
            owes: BTreeMap::new(),
            waits: BTreeMap::new(),
            due: None,
            due_shard: None,
            last_word: false,
            flagged: false,
            payload: None,
            expires: None,
            rev: 1,
        };
        row.set_owes(&event.subject, owes);
        row
    }

    pub(crate) fn set_owes(&mut self, subject: &Subject, owes: &Owes) {
        // Names that a newer version wrote stay: they are not ours to strike off.
        self.owes.retain(|name, _| name.parse::<Owed>().is_err());
        self.owes.extend(owes.iter().map(|(owed, due)| (owed.as_str().to_owned(), due.as_second())));
        // Where nothing is owed any more, the row keeps its place in the index: an acknowledgement does not pay for that write. The
        // watermark passes it.
        if let Some(due) = self.owes.values().min() {
            self.due = Some(*due);
            self.due_shard = Some(shard(subject));
        }
    }

    pub(crate) fn event(&self) -> Result<Event, LedgerError> {
        let bad = |why: String| bad(&self.pk, &self.sk, why);
        let data: serde_json::Value = serde_json::from_str(&self.data).map_err(|e| bad(e.to_string()))?;
        let tagged = serde_json::json!({ "type": self.event_type, "data": data });
        let fact: Fact = serde_json::from_value(tagged).map_err(|e| bad(e.to_string()))?;
        Ok(Event {
            subject: self.pk.parse().map_err(|e: domain::subject::NotASubject| bad(e.to_string()))?,
            fact,
            source: self.source.clone(),
            time: self.time.parse().map_err(|e: jiff::Error| bad(e.to_string()))?,
            order_name: self.order_name.clone(),
        })
    }

    /// Names this version does not know are left out: a newer version's layer will strike them off itself.
    pub(crate) fn owes(&self) -> Owes {
        let known = self.owes.iter().filter_map(|(name, due)| Some((name.parse::<Owed>().ok()?, timestamp(*due))));
        known.collect()
    }

    pub(crate) fn waits(&self) -> BTreeMap<Layer, LayerWait> {
        let known = self.waits.iter().filter_map(|(name, wait)| Some((name.parse::<Layer>().ok()?, wait)));
        known
            .map(|(layer, wait)| {
                let reason = match &wait.provider {
                    Some(provider) => WaitReason::Outage { provider: provider.clone(), why: wait.reason.clone() },
                    None => WaitReason::Pace(wait.reason.clone()),
                };
                (layer, LayerWait { since: timestamp(wait.since), until: timestamp(wait.until), reason })
            })
            .collect()
    }

    pub(crate) fn set_wait(&mut self, layer: Layer, wait: &LayerWait) {
        let (reason, provider) = match &wait.reason {
            WaitReason::Pace(reason) => (reason.clone(), None),
            WaitReason::Outage { provider, why } => (why.clone(), Some(provider.clone())),
        };
        self.waits.insert(
            layer.as_str().to_owned(),
            WaitRow { since: wait.since.as_second(), until: wait.until.as_second(), reason, provider },
        );
    }
}

impl From<&Effect> for EffectRow {
    fn from(effect: &Effect) -> Self {
        let (reference, reason, not_before) = match &effect.state {
            State::Claimed => (None, None, None),
            State::Done { reference } => (Some(reference.clone()), None, None),
            State::Refused { reason } | State::Unknown { reason } => (None, Some(reason.clone()), None),
            State::Waiting { not_before, reason } => (None, Some(reason.clone()), Some(not_before.as_second())),
        };
        Self {
            pk: effect.subject.to_string(),
            sk: format!("effect#{}", effect.key),
            key: effect.key.to_string(),
            hash: effect.key.hash(&effect.subject),
            state: effect.state.name().to_owned(),
            attempts: effect.attempts,
            lease_until: effect.lease_until.as_second(),
            doubt_since: effect.doubt_since.map(Timestamp::as_second),
            not_before,
            reference,
            reason,
            note: effect.note.clone(),
            updated: effect.updated.to_string(),
            rev: 1,
        }
    }
}

impl EffectRow {
    pub(crate) fn effect(&self) -> Result<Effect, LedgerError> {
        let bad = |why: String| bad(&self.pk, &self.sk, why);
        let reason = || self.reason.clone().unwrap_or_default();
        let state = match self.state.as_str() {
            "claimed" => State::Claimed,
            "done" => State::Done { reference: self.reference.clone().unwrap_or_default() },
            "refused" => State::Refused { reason: reason() },
            "unknown" => State::Unknown { reason: reason() },
            "waiting" => State::Waiting { not_before: timestamp(self.not_before.unwrap_or(0)), reason: reason() },
            other => return Err(bad(format!("unknown state {other:?}"))),
        };
        Ok(Effect {
            subject: self.pk.parse().map_err(|e: domain::subject::NotASubject| bad(e.to_string()))?,
            key: EffectKey::parse(&self.key),
            state,
            attempts: self.attempts,
            lease_until: timestamp(self.lease_until),
            doubt_since: self.doubt_since.map(timestamp),
            note: self.note.clone(),
            updated: self.updated.parse().map_err(|e: jiff::Error| bad(e.to_string()))?,
        })
    }
}
