//! `partner.resumed`: a hold is over. Printful may have put the order back into draft meanwhile; then it is released again.

use std::collections::BTreeMap;

use domain::effect::{EffectKey, State};
use domain::subject::OrderId;
use lambda::{Clock, Outcome, Queue};
use ledger::{Journey, Stored, Table};
use partner::{FindOrder, Stage};
use store::ReadOrder;

use crate::begun::{self, At};
use crate::place::Held;
use crate::{LAYER, Routing, Stop};

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    pub(crate) async fn resumed(
        &self,
        stored: &Stored,
        id: OrderId,
        name: &str,
        partner_order: &str,
        at: &str,
    ) -> Result<Outcome, Stop> {
        let Some(partner) = self.partner(name) else { return Ok(Outcome::done()) };
        let journey = self.station.ledger.journey(&stored.event.subject).await?;
        // What was never released is no hold's to release; a person's hold is not over with the partner's.
        let Some(split) = released(&journey, name, partner_order) else { return Ok(Outcome::done()) };
        if begun::is_held(&journey.events) {
            return Ok(Outcome::done());
        }
        let here = At { partner, order: id, split };
        let found = match partner.find(&self.order_ref(id, split, Some(partner_order))).await {
            Ok(found) => found,
            Err(trouble) => return Ok(self.station.wait_or_raise(stored, LAYER, name, trouble)),
        };
        let Some(order) = found.filter(|order| order.stage == Stage::Draft) else { return Ok(Outcome::done()) };
        if self.read_store(stored, id).await?.cancelled {
            return Ok(Outcome::done());
        }
        let key = EffectKey::PartnerReleaseAgain { partner: name.to_owned(), split, at: at.to_owned() };
        match self.claimed(stored, &key, name, &BTreeMap::new()).await? {
            Held::Done(_) | Held::Stays => {}
            Held::Ours(lease) => self.release(stored, *lease, here, &order.id).await?,
        }
        Ok(Outcome::done())
    }
}

/// The number of the part that the partner knows under its own id, if we had it made.
fn released(journey: &Journey, name: &str, partner_order: &str) -> Option<u8> {
    journey.effects.iter().find_map(|effect| match (&effect.key, &effect.state) {
        (EffectKey::PartnerRelease { partner, split }, State::Done { reference }) => {
            (partner == name && reference == partner_order).then_some(*split)
        }
        _ => None,
    })
}
