//! Refusing: the order is cancelled in the store and the money goes back. Only on a person's decision, which is in the type.

use std::collections::BTreeMap;

use domain::decision::{Choice, Refusal};
use domain::effect::EffectKey;
use domain::event::Fact;
use domain::exception::What;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Table};

use crate::hold::not_done;
use crate::look::{Look, settled};
use crate::{Capture, LAYER, Platform, Stop};

impl<T: Table, Q: Queue, C: Clock, S: Platform> Capture<'_, T, Q, C, S> {
    pub(crate) async fn refuse(&self, look: &Look<'_>, decision: &Refusal) -> Result<Outcome, Stop> {
        if look.order.cancelled {
            self.close_refusal(look).await?;
        } else {
            self.cancel(look, decision).await?;
        }
        self.note_cancellation(look).await?;
        self.close_held(&look.journey).await?;
        Ok(settled())
    }

    /// The order is cancelled: by an attempt of ours that died before it could say so, or by somebody who was quicker in the store.
    /// Nothing is cancelled or refunded twice.
    async fn close_refusal(&self, look: &Look<'_>) -> Result<(), Stop> {
        let key = refusal_key(look);
        if !look.journey.effects.iter().any(|effect| effect.key == key) {
            return Ok(());
        }
        let station = self.station;
        match station.ledger.claim(&look.named.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => {
                self.done(look, lease, "the store shows it as cancelled".to_owned(), BTreeMap::new()).await
            }
            Claim::Done { .. } | Claim::Refused { .. } => Ok(()),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => Err(self.at_it(look, until)),
        }
    }

    async fn cancel(&self, look: &Look<'_>, decision: &Refusal) -> Result<(), Stop> {
        let station = self.station;
        let key = refusal_key(look);
        let refused = |why| What::DecisionNotDone { choice: Choice::Refuse, why };
        let lease = match station.ledger.claim(&look.named.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(()),
            Claim::Refused { reason } => return Err(Outcome::raise(refused(reason)).into()),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => return Err(self.at_it(look, until)),
        };
        // The order was read a moment ago and was not cancelled; one that is cancelled meanwhile is a yes. The refund is the
        // store's own, within the same call, and cannot be more than what was paid.
        match self.store.refuse(&look.order, decision).await {
            Ok(reference) => self.done(look, lease, reference, BTreeMap::new()).await,
            Err(trouble) => Err(self.troubled(look, lease, not_done(trouble), refused).await),
        }
    }

    /// Where the store shows the cancellation at once, its event need not wait for a webhook: not every store sends one. It is
    /// the same fact.
    async fn note_cancellation(&self, look: &Look<'_>) -> Result<(), Stop> {
        if look.order.cancelled || self.read(look.stored, look.order.id).await?.cancelled {
            self.station.append(LAYER, &look.named, Fact::OrderCancelled { reason: None }).await?;
        }
        Ok(())
    }
}

fn refusal_key(look: &Look<'_>) -> EffectKey {
    EffectKey::OrderRefusal { round: look.standing.decided.map_or(look.standing.round, |(round, _)| round) }
}
