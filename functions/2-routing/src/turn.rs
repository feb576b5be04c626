//! Each partner's limit, kept by all copies of this function at once. How, stands in [`lambda::turn`].

use domain::Timestamp;
use domain::effect::{Effect, EffectKey};
use domain::provider::Trouble;
use lambda::turn::Line;
use lambda::{Clock, Queue};
use ledger::{Rate, Stored, Table};
use partner::Partner;
use store::ReadOrder;

use crate::{LAYER, Routing, Stop};

/// A draft and its release.
const CALLS: u32 = 2;

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// Goes on when it is this effect's turn; otherwise the effect waits for its slot.
    pub(crate) async fn its_turn(
        &self,
        stored: &Stored,
        key: &EffectKey,
        before: Option<&Effect>,
        partner: &Partner,
    ) -> Result<(), Stop> {
        match self.station.its_turn(stored, LAYER, key, before, line(partner), CALLS).await? {
            Some(waits) => Err(waits.into()),
            None => Ok(()),
        }
    }

    /// Too many: everybody hears of it through the ledger.
    pub(crate) async fn press(&self, partner: &Partner, trouble: &Trouble) -> Result<Option<Timestamp>, Stop> {
        Ok(self.station.press(partner.name(), trouble).await?)
    }

    /// The same for a caller that comes back: it gets a slot behind those who have one.
    pub(crate) async fn slowed(&self, partner: &Partner, trouble: Trouble) -> Result<Trouble, Stop> {
        Ok(self.station.slowed(line(partner), CALLS, trouble).await?)
    }
}

fn line(partner: &Partner) -> Line<'_> {
    Line { name: partner.name(), rate: rate(partner) }
}

pub(crate) fn rate(partner: &Partner) -> Rate {
    let limit = partner.limit();
    Rate { calls: limit.calls, per: limit.per }
}
