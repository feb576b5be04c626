//! `order.cancelled` and `order.refunded`: what is not at a partner never goes there; what is there is asked back, and the owner
//! hears the answer. Each part on its own: a partner that cannot be asked does not keep the others from being asked.

use std::collections::{BTreeMap, BTreeSet};

use domain::effect::{Effect, EffectKey, State};
use domain::exception::{CancelOutcome, What};
use domain::order::Payment;
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::store_line::STORE;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Refusal, Stored, Table};
use partner::{CancelOrder, FindOrder, Stage};
use store::ReadOrder;

use crate::begun::{self, At, TRIAL};
use crate::place::{CANCELLED, REFUNDED};
use crate::{LAYER, Routing, Stop};

const AT_IT: &str = "routing is at it";

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// The order is cancelled: at each partner it is refused before it exists, or asked back. The store is asked first: a
    /// webhook's topic is not part of what is signed.
    pub(crate) async fn cancelled(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        if !self.read_store(stored, id).await?.cancelled {
            let why = "it announced a cancellation and does not show it".to_owned();
            return Ok(self.station.wait_or_raise(stored, LAYER, STORE, Trouble::Unavailable { why }));
        }
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let mut ends = Vec::new();
        for at in self.numbers(id, &effects) {
            ends.push(self.cancel_at(stored, at, &effects).await);
        }
        self.merge(stored, ends).await
    }

    async fn cancel_at(&self, stored: &Stored, at: At<'_>, effects: &[Effect]) -> Result<Outcome, Stop> {
        // The release first: a draft that is never released is never made.
        let release = self.refuse(stored, &at.release_key(), CANCELLED).await?;
        let order = self.refuse(stored, &at.order_key(), CANCELLED).await?;
        let (partner_order, released) = match (order, release) {
            (Refusal::Busy { until }, _) | (_, Refusal::Busy { until }) => {
                return Ok(self.station.come_back(stored, LAYER, until, AT_IT));
            }
            (Refusal::Stands, _) => return Ok(Outcome::done()),
            (Refusal::InDoubt, release) => match self.ask(stored, at, CANCELLED).await? {
                Some(found) => (found, release),
                None => return Ok(Outcome::done()),
            },
            (Refusal::Done { reference }, release) => (reference, release),
        };
        let outcome = self.ask_back(stored, at, &partner_order).await?;
        if released == Refusal::InDoubt {
            self.close_release(stored, at, &outcome, &partner_order).await?;
        }
        // A test order's draft was never going to be made, and was taken back already.
        let release = effects.iter().find(|effect| effect.key == at.release_key()).map(|effect| &effect.state);
        if matches!(release, Some(State::Refused { reason }) if reason == TRIAL) {
            return Ok(Outcome::done());
        }
        Ok(Outcome::raise(What::CancelledAtPartner { partner: at.name().to_owned(), outcome }))
    }

    /// Money went back. All of it, before anybody makes the order: it is not made. After that: the owner decides.
    pub(crate) async fn refunded(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        let order = self.read_store(stored, id).await?;
        if order.cancelled {
            // The cancellation has an event of its own.
            return Ok(Outcome::done());
        }
        let all = order.payment == Payment::Refunded || order.lines.iter().all(|line| line.quantity == 0);
        let fewer = order.lines.iter().any(|line| line.quantity < line.ordered);
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let mut ends = Vec::new();
        for at in self.numbers(id, &effects) {
            let at_partner = if all {
                self.refuse_both(stored, at, REFUNDED).await
            } else {
                Ok(self.look(effects.iter().find(|effect| effect.key == at.release_key())))
            };
            ends.push(at_partner.map(|at_partner| match at_partner {
                Refusal::Busy { until } => self.station.come_back(stored, LAYER, until, AT_IT),
                Refusal::InDoubt | Refusal::Done { .. } if all || fewer => {
                    Outcome::raise(What::RefundedAfterRouting { partner: at.name().to_owned() })
                }
                // A goodwill refund changes nothing about what is made, and what is not released yet is made as it is then.
                Refusal::Stands | Refusal::InDoubt | Refusal::Done { .. } => Outcome::done(),
            }));
        }
        self.merge(stored, ends).await
    }

    async fn refuse_both(&self, stored: &Stored, at: At<'_>, reason: &str) -> Result<Refusal, Stop> {
        let release = self.refuse(stored, &at.release_key(), reason).await?;
        let order = self.refuse(stored, &at.order_key(), reason).await?;
        Ok(match (order, release) {
            (busy @ Refusal::Busy { .. }, _) | (_, busy @ Refusal::Busy { .. }) => busy,
            // At most a draft, which is never made.
            (_, Refusal::Stands) => Refusal::Stands,
            (order, _) => order,
        })
    }

    pub(crate) async fn refuse(&self, stored: &Stored, key: &EffectKey, reason: &str) -> Result<Refusal, Stop> {
        Ok(self.station.ledger.refuse(&stored.event.subject, key, reason, self.station.now()).await?)
    }

    /// Every number under which this order is or may come to be at a partner: all that were used, and the one after, which a draft
    /// that is being replaced at this moment would get.
    pub(crate) fn numbers(&self, order: OrderId, effects: &[Effect]) -> Vec<At<'_>> {
        let begun = begun::by_partner(effects);
        let mut numbers = Vec::new();
        for partner in &self.partners {
            let here = begun.get(partner.name());
            let last = here.map_or(1, |here| here.split);
            // Before anything has begun nobody replaces anything.
            let next = u8::from(here.is_some_and(|here| here.order.as_ref().is_some_and(|order| order.attempts > 0)));
            let used: BTreeSet<u8> = (1..=last.saturating_add(next)).collect();
            numbers.extend(used.into_iter().map(|split| At { partner, order, split }));
        }
        numbers
    }

    /// Where an effect stands, without refusing it.
    pub(crate) fn look(&self, effect: Option<&Effect>) -> Refusal {
        let Some(effect) = effect else { return Refusal::Stands };
        match &effect.state {
            State::Refused { .. } | State::Waiting { .. } => Refusal::Stands,
            State::Done { reference } => Refusal::Done { reference: reference.clone() },
            State::Claimed | State::Unknown { .. } if effect.lease_until > self.station.now() => {
                Refusal::Busy { until: effect.lease_until }
            }
            State::Claimed | State::Unknown { .. } => Refusal::InDoubt,
        }
    }

    /// An attempt ended without an answer: ask the partner whether the order exists, and settle what is found.
    pub(crate) async fn ask(&self, stored: &Stored, at: At<'_>, reason: &str) -> Result<Option<String>, Stop> {
        let station = self.station;
        let key = at.order_key();
        let lease = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { reference } => return Ok(Some(reference)),
            Claim::Refused { .. } => return Ok(None),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Err(station.come_back(stored, LAYER, until, AT_IT).into());
            }
        };
        match at.partner.find(&self.order_ref(at.order, at.split, None)).await {
            Ok(Some(found)) => self.done(stored, lease, found.id).await.map(Some),
            // A partner that can be asked only by its own id says the same of a draft: one that nobody releases is not made.
            Ok(None) => {
                let state = State::Refused { reason: reason.to_owned() };
                station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
                Ok(None)
            }
            Err(trouble) => Err(self.in_doubt(stored, lease, at.partner, trouble).await),
        }
    }

    /// The partner's answer to the cancellation also settles a release in doubt: what is cancelled is not made, and what cannot
    /// be cancelled was released.
    async fn close_release(
        &self,
        stored: &Stored,
        at: At<'_>,
        outcome: &CancelOutcome,
        partner_order: &str,
    ) -> Result<(), Stop> {
        let station = self.station;
        let key = at.release_key();
        let claim = station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await?;
        if let Claim::Ours(lease) = claim {
            let state = match outcome {
                CancelOutcome::Cancelled => State::Refused { reason: CANCELLED.to_owned() },
                CancelOutcome::Refused(_) => State::Done { reference: partner_order.to_owned() },
            };
            station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
        }
        Ok(())
    }

    /// Asks the partner to cancel what it has; its answer.
    pub(crate) async fn ask_back(
        &self,
        stored: &Stored,
        at: At<'_>,
        partner_order: &str,
    ) -> Result<CancelOutcome, Stop> {
        let station = self.station;
        let key = at.cancel_key();
        let lease = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(CancelOutcome::Cancelled),
            Claim::Refused { reason } => return Ok(CancelOutcome::Refused(reason)),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Err(station.come_back(stored, LAYER, until, "another attempt is at it").into());
            }
        };
        let why = match at.partner.cancel(partner_order).await {
            Ok(()) => {
                self.done(stored, lease, partner_order.to_owned()).await?;
                return Ok(CancelOutcome::Cancelled);
            }
            Err(Trouble::Refused { why }) => why,
            Err(trouble) => return Err(self.troubled(stored, lease, at.partner, trouble).await),
        };
        // "It cannot be cancelled" is also what a partner says of an order that is cancelled already.
        match at.partner.find(&self.order_ref(at.order, at.split, Some(partner_order))).await {
            Ok(Some(found)) if found.stage == Stage::Cancelled => {
                self.done(stored, lease, found.id).await?;
                Ok(CancelOutcome::Cancelled)
            }
            Ok(_) => {
                let state = State::Refused { reason: why.clone() };
                station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
                Ok(CancelOutcome::Refused(why))
            }
            Err(trouble) => Err(self.in_doubt(stored, lease, at.partner, trouble).await),
        }
    }
}
