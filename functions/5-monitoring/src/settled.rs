//! What the watchdog has seen settled: events that stand in the index of what is due and owe nothing any more.
//!
//! They stay before the watermark for some minutes, and each round would read them all again. Not stored: another process looks once
//! more, and finds the same.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use ledger::DueEvent;

/// More than stand there when orders come fastest; beyond it they are read again.
const MOST: usize = 50_000;

/// The entries that owed nothing when this process looked. One that owes again stands at another moment.
#[derive(Debug, Default)]
pub struct Settled(Mutex<BTreeSet<DueEvent>>);

impl Settled {
    fn entries(&self) -> MutexGuard<'_, BTreeSet<DueEvent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the entry was seen to owe nothing.
    pub(crate) fn knows(&self, due: &DueEvent) -> bool {
        self.entries().contains(due)
    }

    /// The entry owes nothing. Only one of the past is kept: whatever comes to be owed is owed from now on, and so stands elsewhere.
    pub(crate) fn note(&self, due: DueEvent, now: Timestamp) {
        let mut entries = self.entries();
        if due.at < now.as_second() && entries.len() < MOST {
            entries.insert(due);
        }
    }

    /// The watermark has passed these: they are not read again.
    pub(crate) fn forget_before(&self, at: i64) {
        self.entries().retain(|due| due.at >= at);
    }
}
