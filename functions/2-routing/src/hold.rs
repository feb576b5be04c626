//! `order.held`: an order that was cleared is held after all. What is not released yet is not released; the rest is told.
//!
//! The ledger decides which was first, as with a cancellation. Once a person has released the order, [`crate::route`] makes what was
//! refused here possible again.

use domain::exception::What;
use domain::subject::OrderId;
use lambda::{Clock, Outcome, Queue};
use ledger::{Refusal, Stored, Table};
use store::ReadOrder;

use crate::begun::{self, At, HELD};
use crate::{LAYER, Routing, Stop};

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    pub(crate) async fn held(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        let journey = self.station.ledger.journey(&stored.event.subject).await?;
        if !begun::is_held(&journey.events) {
            return Ok(Outcome::done());
        }
        let mut ends = Vec::new();
        for at in self.numbers(id, &journey.effects) {
            let draft = journey.effects.iter().find(|effect| effect.key == at.order_key());
            let draft = match self.look(draft) {
                Refusal::Done { reference } => Some(reference),
                _ => None,
            };
            ends.push(self.hold_at(stored, at, draft.as_deref()).await);
        }
        // The decision may have come while this was going on, and found nothing to open again.
        let events = self.station.ledger.journey(&stored.event.subject).await?.events;
        if !begun::is_held(&events) {
            return self.route(stored, id).await;
        }
        self.merge(stored, ends).await
    }

    async fn hold_at(&self, stored: &Stored, at: At<'_>, draft: Option<&str>) -> Result<Outcome, Stop> {
        let too_late = || Outcome::raise(What::HeldTooLate { partner: at.name().to_owned() });
        Ok(match self.refuse(stored, &at.release_key(), HELD).await? {
            Refusal::Stands => Outcome::done(),
            Refusal::Done { .. } => too_late(),
            Refusal::Busy { until } => self.station.come_back(stored, LAYER, until, "routing is at it"),
            Refusal::InDoubt if self.was_released(stored, at, draft, HELD).await? => too_late(),
            Refusal::InDoubt => Outcome::done(),
        })
    }
}
