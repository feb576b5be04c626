//! Each partner's limit, kept by all copies of this function at once. The rules are the ledger's ([`ledger::Turn`]); here stands who asks
//! when, and where a reserved slot is kept: with the effect that waits for it, so that it is not reserved twice.

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, State};
use domain::provider::Trouble;
use domain::subject::short_hash;
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::{Ask, ITS_TURN, Rate, Stored, Table, Turn};
use partner::Partner;
use store::ReadOrder;

use crate::{LAYER, Routing, Stop};

/// One order in four counts for all four while little is asked: counting each would be a write for each.
const WEIGHT: u32 = 4;
/// Where a partner says "too many" without saying how long.
const UNSAID: SignedDuration = SignedDuration::from_secs(60);
/// A slot that was not used for so long is somebody else's by now.
const STALE: SignedDuration = SignedDuration::from_mins(10);

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// Goes on when it is this effect's turn to make `calls` calls; otherwise the effect waits for its slot.
    pub(crate) async fn its_turn(
        &self,
        stored: &Stored,
        key: &EffectKey,
        before: Option<&Effect>,
        partner: &Partner,
        calls: u32,
    ) -> Result<(), Stop> {
        let (ledger, now) = (&self.station.ledger, self.station.now());
        // It came back too early: its slot stands.
        if let Some(State::Waiting { not_before, reason }) = before.map(|effect| &effect.state)
            && *not_before > now
        {
            return Err(self.station.come_back(stored, LAYER, *not_before, reason).into());
        }
        let ask = Ask { calls, weight: weight(stored), has_slot: before.is_some_and(|effect| has_slot(effect, now)) };
        let turn = ledger.turn(&self.station.store, partner.name(), rate(partner), ask, now).await?;
        let then = match turn {
            Turn::Now => return Ok(()),
            Turn::AskAgain(then) => return Err(self.station.come_back(stored, LAYER, then, "many wait").into()),
            Turn::At(then) => then,
        };
        // Where somebody else is at the effect, the claim says so.
        if ledger.park(&stored.event.subject, key, then, now).await? {
            Err(self.station.come_back(stored, LAYER, then, ITS_TURN).into())
        } else {
            Ok(())
        }
    }

    /// Too many: everybody hears of it through the ledger. Until when nobody is answered; `None`: it was something else.
    pub(crate) async fn press(&self, partner: &Partner, trouble: &Trouble) -> Result<Option<Timestamp>, Stop> {
        let Trouble::RateLimited { retry_after } = trouble else { return Ok(None) };
        let now = self.station.now();
        let until = now.checked_add(retry_after.unwrap_or(UNSAID)).unwrap_or(now);
        self.station.ledger.press(&self.station.store, partner.name(), until, now).await?;
        Ok(Some(until))
    }

    /// The same for a caller that comes back: it gets a slot behind those who have one.
    pub(crate) async fn slowed(&self, partner: &Partner, trouble: Trouble) -> Result<Trouble, Stop> {
        let Some(until) = self.press(partner, &trouble).await? else { return Ok(trouble) };
        let (ledger, now) = (&self.station.ledger, self.station.now());
        let ask = Ask { calls: 2, weight: 0, has_slot: false };
        let then = match ledger.turn(&self.station.store, partner.name(), rate(partner), ask, now).await? {
            Turn::Now => until,
            Turn::At(then) | Turn::AskAgain(then) => then.max(until),
        };
        Ok(Trouble::Slot { at: then })
    }
}

pub(crate) fn rate(partner: &Partner) -> Rate {
    let limit = partner.limit();
    Rate { calls: limit.calls, per: limit.per }
}

fn weight(stored: &Stored) -> u32 {
    let digit = short_hash(&[&stored.event.subject.to_string(), "pace"], 1);
    if matches!(digit.as_str(), "0" | "1" | "2" | "3") { WEIGHT } else { 0 }
}

fn has_slot(effect: &Effect, now: Timestamp) -> bool {
    let State::Waiting { not_before, reason } = &effect.state else { return false };
    let too_many = Trouble::RateLimited { retry_after: None }.to_string();
    let fresh = now.duration_since(*not_before) < STALE;
    *not_before <= now && fresh && (reason == ITS_TURN || *reason == too_many)
}
