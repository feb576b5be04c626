//! The release: from here on it costs money. What is not released is never made.

use std::collections::BTreeMap;

use domain::effect::State;
use domain::exception::{CancelOutcome, What};
use domain::facts::address_hash;
use domain::order::{Order, Payment};
use domain::plan::{Part, plan};
use domain::provider::Trouble;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Lease, Refusal, Stored, Table};
use partner::{FindOrder, ReleaseOrder};
use store::ReadOrder;

use crate::begun::{At, TRIAL, WITHDRAWN};
use crate::place::{CANCELLED, Draft, REFUNDED};
use crate::{LAYER, Routing, Stop};

/// Why a release that was about to happen does not: the order is looked at anew.
const CHANGED: &str = "the order changed";

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// Releases the draft, unless the order has changed since `before` was read.
    pub(crate) async fn release_unless_changed(
        &self,
        stored: &Stored,
        lease: Lease,
        at: At<'_>,
        before: &Order,
        part: &Part,
        draft: &Draft,
    ) -> Result<(), Stop> {
        let order = match self.store.order(at.order).await {
            Ok(Some(order)) => order,
            Ok(None) => {
                let trouble = Trouble::Broken { why: format!("it no longer knows the order {}", at.order) };
                return Err(self.store_troubled(stored, lease, trouble).await);
            }
            Err(trouble) => return Err(self.store_troubled(stored, lease, trouble.nothing_sent()).await),
        };
        let now = self.station.now();
        let refunded = order.payment == Payment::Refunded || order.lines.iter().all(|line| line.quantity == 0);
        let (end, goes_on) = if order.cancelled {
            (State::Refused { reason: CANCELLED.to_owned() }, self.cancellation_seen(stored).await?)
        } else if refunded {
            (State::Refused { reason: REFUNDED.to_owned() }, Outcome::done())
        } else if self.differs(&order, before, part) {
            let again = self.station.come_back(stored, LAYER, now, CHANGED);
            (State::Waiting { not_before: now, reason: CHANGED.to_owned() }, again)
        } else {
            return self.release(stored, lease, at, &draft.id).await;
        };
        if lease.doubt_since().is_some() {
            match at.partner.find(&self.order_ref(at.order, at.split, Some(&draft.id))).await {
                // An earlier attempt released it; what came of it since has an event of its own.
                Ok(Some(found)) if found.stage.is_released() => {
                    return self.done(stored, lease, found.id).await.map(|_| ());
                }
                Ok(_) => {}
                Err(trouble) => return Err(self.in_doubt(stored, lease, at.partner, trouble).await),
            }
        }
        self.station.ledger.settle(lease, end, BTreeMap::new(), None, now).await?;
        Err(goes_on.into())
    }

    /// Whether the store wants something else of this partner by now than what was planned a moment ago.
    fn differs(&self, now: &Order, before: &Order, part: &Part) -> bool {
        let address = |order: &Order| order.ship_to.as_ref().map(address_hash);
        let begun = part.items.iter().map(|item| (item.line, part.partner.clone())).collect();
        let planned = plan(now, &self.catalog, &self.rules, &begun);
        address(now) != address(before) || planned.part(&part.partner).map(Part::work) != Some(part.work())
    }

    /// Has the draft made; asks first if an earlier attempt may have done so.
    pub(crate) async fn release(
        &self,
        stored: &Stored,
        mut lease: Lease,
        at: At<'_>,
        partner_order: &str,
    ) -> Result<(), Stop> {
        let known = self.order_ref(at.order, at.split, Some(partner_order));
        if lease.doubt_since().is_some() {
            match at.partner.find(&known).await {
                Ok(Some(found)) if found.stage.is_released() => {
                    return self.done(stored, lease, found.id).await.map(|_| ());
                }
                Ok(_) => lease = lease.not_done_before(),
                Err(trouble) => return Err(self.in_doubt(stored, lease, at.partner, trouble).await),
            }
        }
        let trouble = match at.partner.release(partner_order).await {
            Ok(()) => return self.done(stored, lease, partner_order.to_owned()).await.map(|_| ()),
            Err(trouble) => trouble,
        };
        // "It is not a draft" is also what a partner says when it was released already.
        if matches!(trouble, Trouble::Refused { .. }) {
            match at.partner.find(&known).await {
                Ok(Some(found)) if found.stage.is_released() => {
                    return self.done(stored, lease, found.id).await.map(|_| ());
                }
                Ok(_) => {}
                Err(asking) => return Err(self.in_doubt(stored, lease, at.partner, asking).await),
            }
        }
        Err(self.troubled(stored, lease, at.partner, trouble).await)
    }

    /// A draft that is not wanted as it is: never released, and taken back at the partner. That the partner may refuse to delete a
    /// draft changes nothing: it is not made. `false`: it was released already, and nothing was done.
    pub(crate) async fn withdraw(&self, stored: &Stored, at: At<'_>, draft: Option<&str>) -> Result<bool, Stop> {
        let (subject, station) = (&stored.event.subject, self.station);
        let busy = |until| Stop::from(station.come_back(stored, LAYER, until, "another attempt is at it"));
        match station.ledger.refuse(subject, &at.release_key(), WITHDRAWN, station.now()).await? {
            Refusal::Stands => {}
            Refusal::Done { .. } => return Ok(false),
            Refusal::Busy { until } => return Err(busy(until)),
            Refusal::InDoubt => {
                if self.was_released(stored, at, draft, WITHDRAWN).await? {
                    return Ok(false);
                }
            }
        }
        match station.ledger.refuse(subject, &at.order_key(), WITHDRAWN, station.now()).await? {
            Refusal::Stands => {}
            Refusal::Busy { until } => return Err(busy(until)),
            Refusal::InDoubt => {
                if let Some(found) = self.ask(stored, at, WITHDRAWN).await? {
                    self.ask_back(stored, at, &found).await?;
                }
            }
            Refusal::Done { reference } => {
                self.ask_back(stored, at, &reference).await?;
            }
        }
        Ok(true)
    }

    /// A release in doubt that is to be refused: the partner is asked whether it happened, and it is settled by the answer.
    pub(crate) async fn was_released(
        &self,
        stored: &Stored,
        at: At<'_>,
        draft: Option<&str>,
        reason: &str,
    ) -> Result<bool, Stop> {
        let station = self.station;
        let key = at.release_key();
        let lease = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(true),
            Claim::Refused { .. } => return Ok(false),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Err(station.come_back(stored, LAYER, until, "routing is at it").into());
            }
        };
        match at.partner.find(&self.order_ref(at.order, at.split, draft)).await {
            Ok(Some(found)) if found.stage.is_released() => self.done(stored, lease, found.id).await.map(|_| true),
            Ok(_) => {
                let state = State::Refused { reason: reason.to_owned() };
                station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
                Ok(false)
            }
            Err(trouble) => Err(self.in_doubt(stored, lease, at.partner, trouble).await),
        }
    }

    /// A test order ends as a draft: never released, taken back at the partner, and its event says what it would have cost.
    pub(crate) async fn end_of_trial(&self, stored: &Stored, at: At<'_>, draft: &Draft) -> Result<Outcome, Stop> {
        self.station.ledger.refuse(&stored.event.subject, &at.release_key(), TRIAL, self.station.now()).await?;
        let outcome = self.ask_back(stored, at, &draft.id).await?;
        self.routed(stored, (at.name(), at.split), &draft.id, draft.cost.as_deref(), true).await?;
        Ok(match outcome {
            CancelOutcome::Cancelled => Outcome::done(),
            CancelOutcome::Refused(why) => {
                let why = format!("its draft {} at {} could not be taken back: {why}", draft.id, at.name());
                Outcome::raise(What::TestOrderFailed { why })
            }
        })
    }
}
