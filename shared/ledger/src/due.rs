//! What is due: the walk over the `due` index, and the watermark from which it is read.
//!
//! An event keeps its place in the index when it owes nothing any more: taking it out would cost as much as the acknowledgement
//! itself. So the index is read from a **watermark** on, a bookmark of the store's. What lies behind it has been looked at and owes
//! nothing, or is named beside it, and is never read again. Nothing can come to owe anything behind it: whatever is owed is owed from
//! the moment of its write on at the earliest, and the watermark stays [`MARGIN`] behind the real time.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::event::{EventId, EventKey};
use domain::subject::Subject;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::row::SHARDS;
use crate::{Bookmark, Due, Ledger, LedgerError, Table};

const NAME: &str = "due";
/// Longer than a write takes, clocks differ and the index lags behind its table, all together.
pub const MARGIN: SignedDuration = SignedDuration::from_mins(10);
/// So many events may be left behind by name; one more holds the watermark back.
const MOST_LEFT: usize = 100;
/// Keys read at a time where all of them are wanted.
const PAGE: u16 = 1_000;

/// How far the index has been dealt with.
#[derive(Debug, Clone, Default)]
pub struct Watermark {
    /// Everything due before it is dealt with, epoch seconds.
    pub to: i64,
    /// Except these, which could not be looked at.
    pub left: Vec<EventKey>,
    bookmark: Option<Bookmark>,
}

/// The watermark in its bookmark.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    to: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left: Vec<(String, String)>,
}

/// An event that stands in the index, and since when: epoch seconds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueEvent {
    pub at: i64,
    pub key: EventKey,
}

/// What became of the watermark after a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// It stands where it stood: there was nothing to pass.
    Nothing,
    /// It stands further on.
    Moved,
    /// Another walk has moved it meanwhile, and its place stands.
    Overtaken,
}

/// A walk over what is due from the watermark on, all shards side by side, so that none of them waits for the others.
#[derive(Debug)]
pub struct Walk {
    from: i64,
    to: i64,
    /// The shards that are not at their end, and the last entry read of each.
    open: BTreeMap<&'static str, Option<Due>>,
}

impl Watermark {
    /// A walk over everything that is due by `to`.
    #[must_use]
    pub fn walk(&self, to: Timestamp) -> Walk {
        Walk { from: self.to, to: to.as_second(), open: SHARDS.iter().map(|shard| (*shard, None)).collect() }
    }

    /// Where it may stand after a walk as of `walked`, by the real time `now`: some time before both.
    #[must_use]
    pub fn limit(walked: Timestamp, now: Timestamp) -> i64 {
        walked.min(now).checked_sub(MARGIN).unwrap_or(Timestamp::MIN).as_second()
    }
}

impl Walk {
    /// Nothing before this is still to be read.
    #[must_use]
    pub fn reached(&self) -> i64 {
        let last = self.open.values().map(|last| last.as_ref().map_or(self.from, |last| last.at));
        last.min().unwrap_or(i64::MAX)
    }
}

impl<T: Table> Ledger<T> {
    /// The watermark as it stands; before the first, everything is read.
    pub async fn watermark(&self, store: &Subject) -> Result<Watermark, LedgerError> {
        let Some(bookmark) = self.bookmark(store, NAME).await? else { return Ok(Watermark::default()) };
        // One that cannot be read is none: reading everything once more does no harm.
        let place: Place = serde_json::from_str(&bookmark.place).unwrap_or_default();
        let left = place.left.iter().map(|(pk, sk)| event_key(pk, sk)).collect::<Result<Vec<_>, _>>();
        let (to, left) = left.map_or_else(|_| (0, Vec::new()), |left| (place.to, left));
        Ok(Watermark { to, left, bookmark: Some(bookmark) })
    }

    /// Moves the watermark up to `limit`, past what was looked at; what could not be looked at (`failed`) is named beside it. Writes
    /// nothing where nothing lies between (`oldest`: when the first of what owes nothing any more was due).
    pub async fn pass(
        &self,
        store: &Subject,
        from: &Watermark,
        oldest: Option<i64>,
        failed: &[DueEvent],
        limit: i64,
        now: Timestamp,
    ) -> Result<Passed, LedgerError> {
        let mut failed: Vec<&DueEvent> = failed.iter().collect();
        failed.sort();
        let to = failed.get(MOST_LEFT).map_or(limit, |one_more| limit.min(one_more.at)).max(from.to);
        let mut left: Vec<EventKey> = failed.iter().filter(|due| due.at < to).map(|due| due.key.clone()).collect();
        left.truncate(MOST_LEFT);
        left.sort();
        if oldest.is_none_or(|oldest| oldest >= to) && left == from.left {
            return Ok(Passed::Nothing);
        }
        let place =
            Place { to, left: left.iter().map(|key| (key.subject.to_string(), format!("event#{}", key.id))).collect() };
        let place = serde_json::to_string(&place)
            .map_err(|why| LedgerError::Row { key: format!("{store} bookmark#{NAME}"), why: why.to_string() })?;
        let moved = self.move_bookmark(store, NAME, from.bookmark.as_ref(), &place, now).await?;
        Ok(if moved { Passed::Moved } else { Passed::Overtaken })
    }

    /// The next entries of the walk, oldest first, at most `limit` from each shard; none at its end.
    pub async fn next_due(&self, walk: &mut Walk, limit: u16) -> Result<Vec<DueEvent>, LedgerError> {
        let mut found = Vec::new();
        for (shard, mut last) in std::mem::take(&mut walk.open) {
            let page = match walk.from <= walk.to {
                true => self.table.due(shard, walk.from, last.as_ref(), walk.to, limit).await?,
                false => Vec::new(),
            };
            for due in &page {
                found.push(DueEvent { at: due.at, key: event_key(&due.pk, &due.sk)? });
            }
            if page.len() >= usize::from(limit) {
                last = page.into_iter().last();
                walk.open.insert(shard, last);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Keys of the events that may owe something, by whatever moment: every one that does, and some that have just been acknowledged.
    pub async fn owing(&self, store: &Subject) -> Result<Vec<EventKey>, LedgerError> {
        let watermark = self.watermark(store).await?;
        let mut walk = watermark.walk(Timestamp::MAX);
        let mut keys = watermark.left;
        loop {
            let page = self.next_due(&mut walk, PAGE).await?;
            if page.is_empty() {
                return Ok(keys);
            }
            keys.extend(page.into_iter().map(|due| due.key));
        }
    }
}

fn event_key(pk: &str, sk: &str) -> Result<EventKey, LedgerError> {
    match (pk.parse(), sk.strip_prefix("event#")) {
        (Ok(subject), Some(id)) => Ok(EventKey { subject, id: EventId(id.to_owned()) }),
        _ => Err(LedgerError::Row { key: format!("{pk} {sk}"), why: "not an event's key".to_owned() }),
    }
}
