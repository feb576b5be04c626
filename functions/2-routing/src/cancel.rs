//! `order.cancelled` and `order.refunded`: what is not at a partner never goes there; what is there is asked back, and the owner
//! hears the answer.

use std::collections::BTreeMap;

use domain::effect::State;
use domain::exception::{CancelOutcome, What};
use domain::order::Payment;
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Refusal, Stored, Table};
use partner::{CancelOrder, FindOrder, Partner, Stage};
use store::ReadOrder;

use crate::place::{CANCELLED, REFUNDED};
use crate::{LAYER, Routing, STORE, Stop, cancel_key, order_key, release_key};

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// The order is cancelled: at each partner it is refused before it exists, or asked back. The store is asked first: a
    /// webhook's topic is not part of what is signed.
    pub(crate) async fn cancelled(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        if !self.read_store(stored, id).await?.cancelled {
            let why = "it announced a cancellation and does not show it".to_owned();
            return Ok(self.station.wait_or_raise(stored, LAYER, STORE, Trouble::Unavailable { why }));
        }
        let mut told = Vec::new();
        for partner in &self.partners {
            // The release first: a draft that is never released is never made.
            let release = self.refuse(stored, partner, Key::Release, CANCELLED).await?;
            let order = self.refuse(stored, partner, Key::Order, CANCELLED).await?;
            let partner_order = match (order, &release) {
                (Refusal::Stands, _) => continue,
                (Refusal::Busy { until }, _) => {
                    return Ok(self.station.come_back(stored, LAYER, until, "routing is at it"));
                }
                (_, Refusal::Busy { until }) => {
                    return Ok(self.station.come_back(stored, LAYER, *until, "routing is at it"));
                }
                (Refusal::InDoubt, _) => match self.ask(stored, partner, id).await? {
                    Some(found) => found,
                    None => continue,
                },
                (Refusal::Done { reference }, _) => reference,
            };
            let outcome = self.ask_back(stored, partner, id, &partner_order).await?;
            if release == Refusal::InDoubt {
                self.close_release(stored, partner, &outcome, &partner_order).await?;
            }
            told.push(What::CancelledAtPartner { partner: partner.name().to_owned(), outcome });
        }
        Ok(if told.is_empty() { Outcome::done() } else { Outcome::Raise(told) })
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
        let mut told = Vec::new();
        for partner in &self.partners {
            let at_partner = if all {
                let release = self.refuse(stored, partner, Key::Release, REFUNDED).await?;
                let order = self.refuse(stored, partner, Key::Order, REFUNDED).await?;
                match (order, release) {
                    (busy @ Refusal::Busy { .. }, _) | (_, busy @ Refusal::Busy { .. }) => busy,
                    // At most a draft, which is never made.
                    (_, Refusal::Stands) => Refusal::Stands,
                    (order, _) => order,
                }
            } else {
                self.look(stored, partner).await?
            };
            match at_partner {
                Refusal::Stands => {}
                Refusal::Busy { until } => return Ok(self.station.come_back(stored, LAYER, until, "routing is at it")),
                Refusal::InDoubt | Refusal::Done { .. } if all || fewer => {
                    told.push(What::RefundedAfterRouting { partner: partner.name().to_owned() });
                }
                // A goodwill refund changes nothing about what is made.
                Refusal::InDoubt | Refusal::Done { .. } => {}
            }
        }
        Ok(if told.is_empty() { Outcome::done() } else { Outcome::Raise(told) })
    }

    async fn refuse(&self, stored: &Stored, partner: &Partner, key: Key, reason: &str) -> Result<Refusal, Stop> {
        let key = match key {
            Key::Order => order_key(partner.name()),
            Key::Release => release_key(partner.name()),
        };
        Ok(self.station.ledger.refuse(&stored.event.subject, &key, reason, self.station.now()).await?)
    }

    /// Whether the partner has the order, without refusing it.
    async fn look(&self, stored: &Stored, partner: &Partner) -> Result<Refusal, Stop> {
        let now = self.station.now();
        let journey = self.station.ledger.journey(&stored.event.subject).await?;
        let effect = journey.effects.into_iter().find(|effect| effect.key == order_key(partner.name()));
        Ok(match effect {
            None => Refusal::Stands,
            Some(effect) => match effect.state {
                State::Refused { .. } | State::Waiting { .. } => Refusal::Stands,
                State::Done { reference } => Refusal::Done { reference },
                State::Claimed | State::Unknown { .. } if effect.lease_until > now => {
                    Refusal::Busy { until: effect.lease_until }
                }
                State::Claimed | State::Unknown { .. } => Refusal::InDoubt,
            },
        })
    }

    /// An attempt ended without an answer: ask the partner whether the order exists, and settle what is found.
    async fn ask(&self, stored: &Stored, partner: &Partner, id: OrderId) -> Result<Option<String>, Stop> {
        let station = self.station;
        let key = order_key(partner.name());
        let lease = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { reference } => return Ok(Some(reference)),
            Claim::Refused { .. } => return Ok(None),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Err(station.come_back(stored, LAYER, until, "routing is at it").into());
            }
        };
        match partner.find(&self.order_ref(id)).await {
            Ok(Some(found)) => self.done(stored, lease, found.id).await.map(Some),
            Ok(None) => {
                let state = State::Refused { reason: CANCELLED.to_owned() };
                station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
                Ok(None)
            }
            Err(trouble) => Err(self.troubled(stored, lease, partner.name(), trouble.still_in_doubt()).await),
        }
    }

    /// The partner's answer to the cancellation also settles a release in doubt: what is cancelled is not made, and what cannot
    /// be cancelled was released.
    async fn close_release(
        &self,
        stored: &Stored,
        partner: &Partner,
        outcome: &CancelOutcome,
        partner_order: &str,
    ) -> Result<(), Stop> {
        let station = self.station;
        let key = release_key(partner.name());
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
    async fn ask_back(
        &self,
        stored: &Stored,
        partner: &Partner,
        id: OrderId,
        partner_order: &str,
    ) -> Result<CancelOutcome, Stop> {
        let station = self.station;
        let key = cancel_key(partner.name());
        let lease = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(CancelOutcome::Cancelled),
            Claim::Refused { reason } => return Ok(CancelOutcome::Refused(reason)),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Err(station.come_back(stored, LAYER, until, "another attempt is at it").into());
            }
        };
        let why = match partner.cancel(partner_order).await {
            Ok(()) => {
                self.done(stored, lease, partner_order.to_owned()).await?;
                return Ok(CancelOutcome::Cancelled);
            }
            Err(Trouble::Refused { why }) => why,
            Err(trouble) => return Err(self.troubled(stored, lease, partner.name(), trouble).await),
        };
        // "It cannot be cancelled" is also what a partner says of an order that is cancelled already.
        match partner.find(&self.order_ref(id)).await {
            Ok(Some(found)) if found.stage == Stage::Cancelled => {
                self.done(stored, lease, found.id).await?;
                Ok(CancelOutcome::Cancelled)
            }
            Ok(_) => {
                let state = State::Refused { reason: why.clone() };
                station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
                Ok(CancelOutcome::Refused(why))
            }
            Err(trouble) => Err(self.troubled(stored, lease, partner.name(), trouble.still_in_doubt()).await),
        }
    }
}

/// Which of the two effects.
enum Key {
    Order,
    Release,
}
