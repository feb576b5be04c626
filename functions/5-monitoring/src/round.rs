//! A round under way: as of when, for how long, what it has found and what it did.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::event::EventKey;
use domain::handoff::Layer;
use jiff::SignedDuration;
use lambda::batch;
use serde::Serialize;

use crate::Error;
use crate::dead_letters::Dead;
use crate::metrics::Totals;
use crate::post::later;
use crate::queues::Line;

/// No part goes on beyond so many tenths of a round's time: the totals have to be published.
pub(crate) const MOST_TENTHS: i64 = 8;

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Looked at because they were due.
    pub due: u32,
    /// Sent again to their layers.
    pub sent_again: u32,
    /// Struck off: settled meanwhile.
    pub struck_off: u32,
    /// New exceptions, or old ones that came back.
    pub raised: u32,
    /// Told to the owner by the watchdog itself.
    pub told: u32,
    /// Exceptions closed because what they were about has settled.
    pub closed: u32,
    /// Customers who had heard nothing for too long: email tells them how things stand.
    pub waiting: u32,
    /// Things that could not be looked at; the log names them.
    pub failed: u32,
}

/// A round under way.
#[derive(Debug)]
pub struct Round {
    /// As of when.
    pub now: Timestamp,
    started: Timestamp,
    deadline: Timestamp,
    pub paused: Vec<Layer>,
    /// What lies in the queues, once stock was taken; and why it could not be.
    pub(crate) dead: Option<Dead>,
    pub(crate) blind: Option<Error>,
    /// Something has been owed lately, though it may be done by now.
    pub(crate) busy: bool,
    /// Queues for what was put aside, in which nothing lies.
    pub(crate) empty: BTreeSet<Line>,
    /// The parcels on their way were looked at in this round, and these carriers are silent, by their plain names.
    pub(crate) walked: bool,
    pub(crate) silent: BTreeSet<String>,
    pub report: Report,
    pub totals: Totals,
}

impl Round {
    pub(crate) fn new(now: Timestamp, started: Timestamp, deadline: Timestamp) -> Self {
        let (report, totals) = (Report::default(), Totals::default());
        let (empty, silent) = (BTreeSet::new(), BTreeSet::new());
        Self {
            now,
            started,
            deadline,
            paused: Vec::new(),
            dead: None,
            blind: None,
            busy: false,
            empty,
            walked: false,
            silent,
            report,
            totals,
        }
    }

    /// The layer has put this event aside.
    pub(crate) fn holds(&self, layer: Layer, key: &EventKey) -> bool {
        self.dead.as_ref().is_some_and(|dead| dead.holds(layer, key))
    }

    pub(crate) fn note_depth(&mut self, line: Line, depth: u64) {
        if depth == 0 {
            self.empty.insert(line);
        }
    }

    /// Until when a part of the round that begins now may take: so many tenths of the time that Lambda gives us, however long the parts
    /// before it took, or a slow day would leave it nothing round after round. What is left then waits for the next round.
    pub(crate) fn share(&self, now: Timestamp, of_ten: i64) -> Timestamp {
        let part = |of_ten| tenths(self.started, self.deadline, of_ten);
        later(now, part(of_ten)).min(later(self.started, part(MOST_TENTHS)))
    }

    /// One thing failed: the log says which, and the round goes on with the next.
    pub(crate) fn failed(&mut self, what: &str, error: &dyn std::error::Error) {
        tracing::error!(what, error = batch::chain(error), "the watchdog could not look at this");
        self.report.failed += 1;
    }
}

/// So many tenths of the time from `started` to `deadline`.
pub(crate) fn tenths(started: Timestamp, deadline: Timestamp, of_ten: i64) -> SignedDuration {
    let all = i64::try_from(deadline.duration_since(started).as_millis().max(0)).unwrap_or(i64::MAX);
    SignedDuration::from_millis(all.saturating_div(10).saturating_mul(of_ten))
}
