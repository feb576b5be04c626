//! A provider's limit, kept by all copies of a function at once. The rules are the ledger's ([`ledger::Turn`]); here stands who asks
//! when, and where a reserved slot is kept: with the effect that waits for it, so that it is not reserved twice.

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, State};
use domain::handoff::Layer;
use domain::provider::Trouble;
use domain::subject::short_hash;
use jiff::SignedDuration;
use ledger::{Ask, ITS_TURN, LedgerError, Rate, Stored, Table, Turn};

use crate::clock::Clock;
use crate::queue::Queue;
use crate::station::{Outcome, Station};

/// What whoever found too many reserving at once waits for: to ask again.
pub(crate) const MANY_WAIT: &str = "many wait";
/// One order in so many counts for all of them while little is asked: counting each would be a write for each.
pub const WEIGHT: u32 = 4;
/// Where a provider says "too many" without saying how long.
const UNSAID: SignedDuration = SignedDuration::from_secs(60);
/// A slot that was not used for so long is somebody else's by now.
pub const STALE: SignedDuration = SignedDuration::from_mins(10);

/// Where calls to a provider queue: its name in the ledger, and how many it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'n> {
    pub name: &'n str,
    pub rate: Rate,
}

impl<T: Table, Q: Queue, C: Clock> Station<T, Q, C> {
    /// `Some`: this effect came back before its slot, which stands. `before` is the effect as it is stored.
    pub fn too_early(&self, stored: &Stored, layer: Layer, before: Option<&Effect>) -> Option<Outcome> {
        match before.map(|effect| &effect.state) {
            Some(State::Waiting { not_before, reason }) if *not_before > self.now() => {
                Some(self.come_back(stored, layer, *not_before, reason))
            }
            _ => None,
        }
    }

    /// `None`: it is this effect's turn to make `calls` calls. Otherwise the effect waits for its slot.
    pub async fn its_turn(
        &self,
        stored: &Stored,
        layer: Layer,
        key: &EffectKey,
        before: Option<&Effect>,
        line: Line<'_>,
        calls: u32,
    ) -> Result<Option<Outcome>, LedgerError> {
        if let Some(outcome) = self.too_early(stored, layer, before) {
            return Ok(Some(outcome));
        }
        let now = self.now();
        let ask = Ask { calls, weight: weight(stored), has_slot: before.is_some_and(|effect| has_slot(effect, now)) };
        let then = match self.ledger.turn(&self.store, line.name, line.rate, ask, now).await? {
            Turn::Now => return Ok(None),
            Turn::AskAgain(then) => return Ok(Some(self.come_back(stored, layer, then, MANY_WAIT))),
            Turn::At(then) => then,
        };
        // Where somebody else is at the effect, the claim says so.
        let parked = self.ledger.park(&stored.event.subject, key, then, now).await?;
        Ok(parked.then(|| self.come_back(stored, layer, then, ITS_TURN)))
    }

    /// Too many: everybody hears of it through the ledger. Until when nobody is answered; `None`: it was something else.
    pub async fn press(&self, name: &str, trouble: &Trouble) -> Result<Option<Timestamp>, LedgerError> {
        let Trouble::RateLimited { retry_after, .. } = trouble else { return Ok(None) };
        let now = self.now();
        let until = now.checked_add(retry_after.unwrap_or(UNSAID)).unwrap_or(now);
        self.ledger.press(&self.store, name, until, now).await?;
        Ok(Some(until))
    }

    /// The same for a caller that comes back with `calls` calls: it gets a slot behind those who have one.
    pub async fn slowed(&self, line: Line<'_>, calls: u32, trouble: Trouble) -> Result<Trouble, LedgerError> {
        let Some(until) = self.press(line.name, &trouble).await? else { return Ok(trouble) };
        Ok(Trouble::Slot { at: self.slot_after(line, calls, until).await? })
    }

    /// Nobody is answered before `until`: when a caller may come back with `calls` calls, behind those who have a slot.
    pub async fn slot_after(&self, line: Line<'_>, calls: u32, until: Timestamp) -> Result<Timestamp, LedgerError> {
        let ask = Ask { calls, weight: 0, has_slot: false };
        Ok(match self.ledger.turn(&self.store, line.name, line.rate, ask, self.now()).await? {
            Turn::Now => until,
            Turn::At(then) | Turn::AskAgain(then) => then.max(until),
        })
    }
}

fn weight(stored: &Stored) -> u32 {
    weight_of(&short_hash(&[&stored.event.subject.to_string(), "pace"], 1), WEIGHT)
}

/// For how many callers the one with this hexadecimal hash counts, where one in `of` (a power of two, sixteen at most) does.
#[must_use]
pub fn weight_of(hash: &str, of: u32) -> u32 {
    let drawn = hash.chars().next().and_then(|digit| digit.to_digit(16)).is_some_and(|digit| digit * of < 16);
    if drawn { of } else { 0 }
}

fn has_slot(effect: &Effect, now: Timestamp) -> bool {
    let State::Waiting { not_before, reason } = &effect.state else { return false };
    let too_many = Trouble::RateLimited { retry_after: None, a_second: None }.to_string();
    let fresh = now.duration_since(*not_before) < STALE;
    *not_before <= now && fresh && (reason == ITS_TURN || *reason == too_many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_so_many_counts_for_all_of_them() {
        for of in [1, 4, 8, 16] {
            let all: u32 = "0123456789abcdef".chars().map(|digit| weight_of(&format!("{digit}e"), of)).sum();
            assert_eq!(all, 16);
        }
    }
}
