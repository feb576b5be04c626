//! The store's limit: who queues for it, and who goes ahead.
//!
//! While little is done, nobody asks for a turn: that would be a read of the table for each read of the store. A copy of a
//! function that the store has limited knows it for a while, and one that has a lot to do looks every few seconds whether
//! somebody waits. While somebody does, every event that comes new queues first, in one line of all functions. Whoever has had its
//! turn, there or in another line, or has waited for another provider's answer, goes ahead: it is one of few, and whoever comes after
//! it must not pass it.

use std::sync::{Mutex, PoisonError};

use domain::Timestamp;
use domain::handoff::Layer;
use domain::provider::{Trouble, limits};
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use ledger::{Ask, LedgerError, Rate, Stored, Table, Turn};

use crate::clock::Clock;
use crate::queue::Queue;
use crate::station::{Outcome, Station};
use crate::turn::{Line, MANY_WAIT};

/// How the owner is told of the store, whichever platform it is on.
pub const STORE: &str = "The store";
/// The line's name in the ledger.
const LINE: &str = "store";
/// Where a store limits without saying how much it takes.
const UNSAID: u32 = 2;
/// How long a copy of a function asks for turns after it last saw that somebody waits.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(2);
/// Messages that come closer together than this to one copy are a lot; and so often such a copy looks at the line.
const BUSY: SignedDuration = SignedDuration::from_secs(5);
/// One reading of an order; its bucket is the store's own, so what else an event asks is the store's to limit.
const READING: u32 = 1;

/// What one copy of a function knows of the store's limit.
#[derive(Debug, Default)]
pub struct StoreLimit(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    limited: Option<Limited>,
    /// When the last message came, and when the line was looked at.
    message: Option<Timestamp>,
    looked: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Limited {
    a_second: u32,
    until: Timestamp,
}

/// What a copy makes of a message that comes now.
enum Known {
    /// The store limits, to so many readings a second.
    Limits(u32),
    /// It may: it is time to look at the line.
    Look,
    Calm,
}

impl StoreLimit {
    fn at_message(&self, now: Timestamp) -> Known {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |then: Option<Timestamp>| then.is_some_and(|then| now.duration_since(then) < BUSY);
        let busy = lately(seen.message.replace(now));
        if let Some(limited) = seen.limited.filter(|limited| limited.until > now) {
            return Known::Limits(limited.a_second);
        }
        if !busy || lately(seen.looked) {
            return Known::Calm;
        }
        seen.looked = Some(now);
        Known::Look
    }

    fn remember(&self, a_second: u32, from: Timestamp) {
        let until = from.checked_add(REMEMBERED).unwrap_or(from);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limited = Some(Limited { a_second, until });
    }
}

impl<T: Table, Q: Queue, C: Clock> Station<T, Q, C> {
    /// `Some`: the store limits, and the event, which comes to `layer` new, waits for its turn.
    pub(crate) async fn turn_at_store(&self, stored: &Stored, layer: Layer) -> Result<Option<Outcome>, LedgerError> {
        let now = self.now();
        let known = self.store_limit.at_message(now);
        if had_turn(stored, layer) {
            return Ok(None);
        }
        let a_second = match known {
            Known::Calm => return Ok(None),
            Known::Limits(a_second) => a_second,
            Known::Look => match self.ledger.line(&self.store, LINE, now).await? {
                Some(rate) => rate.calls,
                None => return Ok(None),
            },
        };
        let ask = Ask { calls: READING, weight: 0, has_slot: false };
        let (then, reason) = match self.ledger.turn(&self.store, LINE, rate(a_second), ask, now).await? {
            Turn::Now => return Ok(None),
            Turn::AskAgain(then) => (then, MANY_WAIT.to_owned()),
            Turn::At(then) => (then, limits(STORE)),
        };
        self.store_limit.remember(a_second, then);
        // What waited for the store itself, when it was out of reach, waits for its turn from here on: were the outage its reason
        // still, it would be sent to the end of the line each time it comes.
        let since = stored.waits.get(&layer).map_or(now, |wait| wait.since);
        Ok(Some(Outcome::Wait(LayerWait { since, until: then.max(now), reason: WaitReason::Pace(reason) })))
    }

    /// How a layer that could not read the store goes on: it waits, or tells the owner what is broken.
    pub async fn wait_for_store(
        &self,
        stored: &Stored,
        layer: Layer,
        trouble: Trouble,
    ) -> Result<Outcome, LedgerError> {
        let trouble = self.store_trouble(stored, layer, trouble).await?;
        Ok(self.wait_or_raise(stored, layer, STORE, trouble))
    }

    /// What the store's trouble is for this event. Limited, it gets a slot behind those who have one; after its turn it only waits as
    /// long as the store says, since all who came later would be before it otherwise. Any other trouble is what it was.
    pub(crate) async fn store_trouble(
        &self,
        stored: &Stored,
        layer: Layer,
        trouble: Trouble,
    ) -> Result<Trouble, LedgerError> {
        let Trouble::RateLimited { a_second, .. } = trouble else { return Ok(trouble) };
        let (a_second, now) = (a_second.unwrap_or(UNSAID), self.now());
        self.store_limit.remember(a_second, now);
        let line = Line { name: LINE, rate: rate(a_second) };
        if had_turn(stored, layer) {
            self.press(line.name, &trouble).await?;
            return Ok(trouble);
        }
        self.slowed(line, READING, trouble).await
    }
}

fn rate(a_second: u32) -> Rate {
    Rate { calls: a_second.max(1), per: SignedDuration::from_secs(1) }
}

/// It has waited for its turn, in whichever line, or for another provider that did not answer, however late it comes. An event keeps
/// one wait, so two lines that both sent it to their ends would take each other's turns away for ever; and so would one line from
/// everybody, where so much is to be done that all come late, and from whatever is in doubt, since that stays its reason to wait. An
/// outage of the store is no turn: all who met it come back at once.
fn had_turn(stored: &Stored, layer: Layer) -> bool {
    stored.waits.get(&layer).is_some_and(|wait| match &wait.reason {
        WaitReason::Pace(reason) => reason != MANY_WAIT,
        WaitReason::Outage { provider, .. } => provider != STORE,
    })
}
