//! `partner.resumed`: a hold is over. Printful may have put the order back into draft meanwhile; then it is released again.

use domain::effect::EffectKey;
use domain::subject::OrderId;
use lambda::{Clock, Outcome, Queue};
use ledger::{Stored, Table};
use partner::{FindOrder, Stage};
use store::ReadOrder;

use crate::place::Held;
use crate::{LAYER, Routing, SPLIT, Stop};

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    pub(crate) async fn resumed(&self, stored: &Stored, id: OrderId, name: &str, at: &str) -> Result<Outcome, Stop> {
        let Some(partner) = self.partner(name) else { return Ok(Outcome::done()) };
        let found = match partner.find(&self.order_ref(id)).await {
            Ok(found) => found,
            Err(trouble) => return Ok(self.station.wait_or_raise(stored, LAYER, name, trouble)),
        };
        let Some(order) = found.filter(|order| order.stage == Stage::Draft) else { return Ok(Outcome::done()) };
        if self.read_store(stored, id).await?.cancelled {
            return Ok(Outcome::done());
        }
        let key = EffectKey::PartnerReleaseAgain { partner: name.to_owned(), split: SPLIT, at: at.to_owned() };
        match self.claimed(stored, &key, name).await? {
            Held::Done(_) | Held::Cancelled => {}
            Held::Ours(lease) => self.release(stored, lease, partner, id, &order.id).await?,
        }
        Ok(Outcome::done())
    }
}
