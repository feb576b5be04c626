//! Pace: one provider's limit kept by all functions that run at once, without a server.
//!
//! One row per provider. While little is asked, a caller only reads it; of the callers one in a few (whoever says so) counts for
//! all. As soon as a quarter of the limit is used, or the provider says "too many", the row is **pressed**: from then on everybody reserves
//! a slot, one after the other, and comes back when it is theirs. Whoever reserved first goes first, so nobody starves. A slot
//! is kept with the effect that waits for it ([`Ledger::park`]), not here.

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, State};
use domain::subject::Subject;
use jiff::SignedDuration;

use crate::row::{EffectRow, PaceRow, Row};
use crate::{Ledger, LedgerError, Table};

/// How many calls a provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub calls: u32,
    pub per: SignedDuration,
}

/// What a caller is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// How many calls it is going to make.
    pub calls: u32,
    /// For how many callers this one counts while nothing is pressed; 0: it is not one of those that count.
    pub weight: u32,
    /// It reserved a slot earlier, and the slot has come.
    pub has_slot: bool,
}

/// When the caller may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Now,
    /// A slot is reserved for then.
    At(Timestamp),
    /// Too many are reserving at this moment: ask again then.
    AskAgain(Timestamp),
}

/// The reason that stands with an effect which waits for its slot.
pub const ITS_TURN: &str = "waits for its turn";

const TRIES: u32 = 12;
/// In milliseconds.
const SECOND: i64 = 1_000;

impl<T: Table> Ledger<T> {
    /// When may a caller make its calls to the provider `name`?
    pub async fn turn(
        &self,
        store: &Subject,
        name: &str,
        rate: Rate,
        ask: Ask,
        now: Timestamp,
    ) -> Result<Turn, LedgerError> {
        for tried in 0..TRIES {
            let before = match tried {
                // A glance is enough at first: whatever is reserved is reserved under the row's revision.
                0 => pace_row(self.table.glance(&store.to_string(), &format!("pace#{name}")).await?),
                _ => self.pace_row(store, name).await?,
            };
            let mut row = before.clone().unwrap_or_else(|| fresh(store, name));
            let turn = decide(&mut row, rate, ask, now);
            if self.keep(before, row).await? {
                return Ok(turn);
            }
        }
        // Spread by the sub-second part of the moment, so that they do not all come back at once.
        let later = SignedDuration::from_millis(2_000 + i64::from(now.subsec_millisecond()) * 4);
        Ok(Turn::AskAgain(now.checked_add(later).unwrap_or(now)))
    }

    /// The provider said "too many": nobody calls it before `until`.
    pub async fn press(
        &self,
        store: &Subject,
        name: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        for _ in 0..TRIES {
            let before = self.pace_row(store, name).await?;
            let mut row = before.clone().unwrap_or_else(|| fresh(store, name));
            let until = until.as_millisecond();
            // A second of difference is the same answer, heard by another caller.
            if row.blocked_until + 1_000 >= until {
                return Ok(());
            }
            row.blocked_until = until;
            row.pressed_until = row.pressed_until.max(until + (until - now.as_millisecond()).max(60_000));
            row.next = row.next.max(until);
            if self.keep(before, row).await? {
                return Ok(());
            }
        }
        // Others were told the same and wrote it.
        Ok(())
    }

    /// Keeps an effect that nobody has begun waiting for its slot. `false`: somebody is at it, it has a slot, or it is settled.
    pub async fn park(
        &self,
        subject: &Subject,
        key: &EffectKey,
        not_before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let state = State::Waiting { not_before, reason: ITS_TURN.to_owned() };
        let fresh = Effect {
            subject: subject.clone(),
            key: key.clone(),
            state: state.clone(),
            attempts: 0,
            lease_until: now,
            doubt_since: None,
            note: std::collections::BTreeMap::new(),
            updated: now,
        };
        let Some(row) = self.table.put_new(&Row::Effect(EffectRow::from(&fresh))).await? else { return Ok(true) };
        let Row::Effect(row) = row else { return Ok(false) };
        let (effect, rev) = (row.effect()?, row.rev);
        // An attempt in doubt keeps its doubt: whoever comes back asks first.
        let free = match &effect.state {
            // A twin of the message has reserved already: its slot stands.
            State::Waiting { not_before, reason } => *not_before <= now || reason != ITS_TURN,
            State::Unknown { .. } => effect.lease_until <= now,
            State::Claimed | State::Done { .. } | State::Refused { .. } => false,
        };
        if !free {
            return Ok(false);
        }
        let row = EffectRow { rev: rev + 1, ..EffectRow::from(&Effect { state, updated: now, ..effect }) };
        Ok(self.table.replace(&Row::Effect(row), rev).await?)
    }

    /// The rate at which those who wait for `name` are let go; `None`: nobody waits.
    pub async fn line(&self, store: &Subject, name: &str, now: Timestamp) -> Result<Option<Rate>, LedgerError> {
        let row = self.pace_row(store, name).await?;
        let each = row.filter(|row| row.next > now.as_millisecond()).map(|row| row.each);
        let calls = each.map(|each| u32::try_from(SECOND * 10 / (each.max(1) * 9)).unwrap_or(u32::MAX).max(1));
        Ok(calls.map(|calls| Rate { calls, per: SignedDuration::from_millis(SECOND) }))
    }

    /// How long a caller that asks now would wait for its turn: the longest of all providers' lines. Zero where nobody waits.
    pub async fn longest_line(&self, store: &Subject, now: Timestamp) -> Result<SignedDuration, LedgerError> {
        let rows = self.table.partition(&store.to_string(), "pace#").await?;
        let ends = rows.iter().map(|row| match row {
            Row::Pace(row) => row.next.max(row.blocked_until),
            _ => 0,
        });
        let ahead = ends.max().unwrap_or(0).saturating_sub(now.as_millisecond());
        Ok(SignedDuration::from_millis(ahead.max(0)))
    }

    async fn pace_row(&self, store: &Subject, name: &str) -> Result<Option<PaceRow>, LedgerError> {
        Ok(pace_row(self.table.get(&store.to_string(), &format!("pace#{name}")).await?))
    }

    /// Writes what changed; `false`: somebody else was quicker.
    async fn keep(&self, before: Option<PaceRow>, mut row: PaceRow) -> Result<bool, LedgerError> {
        match before {
            Some(before) if before == row => Ok(true),
            Some(before) => {
                row.rev = before.rev + 1;
                Ok(self.table.replace(&Row::Pace(row), before.rev).await?)
            }
            None if row.next == 0 && row.counted == 0 => Ok(true),
            None => Ok(self.table.put_new(&Row::Pace(row)).await?.is_none()),
        }
    }
}

fn pace_row(row: Option<Row>) -> Option<PaceRow> {
    match row {
        Some(Row::Pace(row)) => Some(row),
        _ => None,
    }
}

fn fresh(store: &Subject, name: &str) -> PaceRow {
    PaceRow {
        pk: store.to_string(),
        sk: format!("pace#{name}"),
        next: 0,
        pressed_until: 0,
        blocked_until: 0,
        window: 0,
        counted: 0,
        each: 0,
        rev: 1,
    }
}

/// What the row says to this caller, and what it says afterwards. Milliseconds.
fn decide(row: &mut PaceRow, rate: Rate, ask: Ask, now: Timestamp) -> Turn {
    let now = now.as_millisecond();
    let per = i64::try_from(rate.per.as_millis()).unwrap_or(i64::MAX).max(1);
    let calls = i64::from(ask.calls);
    // Nine tenths of the limit: other programs of the owner's may call the provider too.
    let each = (per.saturating_mul(10) / (i64::from(rate.calls.max(1)) * 9)).max(1);
    let pressed = now < row.pressed_until || row.next > now;
    // A slot within a time in which the provider answers nobody is worth nothing.
    if ask.has_slot && now >= row.blocked_until {
        return Turn::Now;
    }
    if !pressed {
        if ask.weight > 0 {
            if now - row.window >= per {
                (row.window, row.counted) = (now, 0);
            }
            row.counted = row.counted.saturating_add(calls * i64::from(ask.weight));
            if row.counted * 4 >= i64::from(rate.calls) {
                row.pressed_until = now + per;
                row.next = (row.window + row.counted * each).max(now);
            }
        }
        return Turn::Now;
    }
    let slot = row.next.max(row.blocked_until).max(now);
    (row.next, row.each) = (slot.saturating_add(calls * each), each);
    if slot <= now { Turn::Now } else { Turn::At(Timestamp::from_millisecond(slot).unwrap_or(Timestamp::MAX)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { calls: 120, per: SignedDuration::from_secs(60) };
    const ONE: Ask = Ask { calls: 1, weight: 0, has_slot: false };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_795_000_000_000 + ms).unwrap()
    }

    fn row() -> PaceRow {
        fresh(&Subject::Store("example".into()), "printful")
    }

    #[test]
    fn a_calm_caller_changes_nothing_and_one_in_ten_counts_for_all() {
        let mut calm = row();
        assert_eq!(decide(&mut calm, RATE, ONE, at(0)), Turn::Now);
        assert_eq!(calm, row());
        assert_eq!(decide(&mut calm, RATE, Ask { weight: 10, ..ONE }, at(0)), Turn::Now);
        assert_eq!(calm.counted, 10);
        // A window later it begins anew.
        decide(&mut calm, RATE, Ask { weight: 10, ..ONE }, at(60_000));
        assert_eq!((calm.counted, calm.pressed_until), (10, 0));
    }

    #[test]
    fn a_quarter_of_the_limit_presses_and_then_everybody_queues_first_come_first_served() {
        let mut row = row();
        for n in 0..3 {
            assert_eq!(decide(&mut row, RATE, Ask { weight: 10, ..ONE }, at(n)), Turn::Now);
        }
        let slots: Vec<Turn> = (0..4).map(|n| decide(&mut row, RATE, Ask { calls: 2, ..ONE }, at(10 + n))).collect();
        // 30 calls were counted: at 555 ms each, the next is due a quarter of a minute later.
        let first = 30 * 555;
        assert_eq!(slots, [0, 1, 2, 3].map(|n| Turn::At(at(first + n * 2 * 555))));
    }

    #[test]
    fn never_more_than_the_limit_in_any_window() {
        let mut row = row();
        row.pressed_until = at(1).as_millisecond();
        let mut granted = Vec::new();
        for _ in 0..500 {
            granted.push(match decide(&mut row, RATE, ONE, at(0)) {
                Turn::Now => 0,
                Turn::At(then) => then.as_millisecond() - at(0).as_millisecond(),
                Turn::AskAgain(_) => panic!(),
            });
        }
        for window in 0..5 {
            let within = granted.iter().filter(|ms| (window * 60_000..(window + 1) * 60_000).contains(*ms)).count();
            assert!(within <= 120, "{within} in minute {window}");
        }
    }

    #[test]
    fn a_kept_slot_is_not_reserved_again_unless_the_provider_blocks_meanwhile() {
        let mut row = row();
        row.next = at(100_000).as_millisecond();
        let before = row.clone();
        let mine = Ask { has_slot: true, ..ONE };
        assert_eq!(decide(&mut row, RATE, mine, at(50_000)), Turn::Now);
        assert_eq!(row, before);
        row.blocked_until = at(70_000).as_millisecond();
        assert_eq!(decide(&mut row, RATE, mine, at(50_000)), Turn::At(at(100_000)));
    }
}
