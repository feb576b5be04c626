//! Holding: `order.held` is appended, the owner is told, and the store is asked to keep the order from being fulfilled there by
//! hand or by an app. Lifting undoes the last.
//!
//! Each hold has a round, which is in the name of our hold in the store (`baton-hold-1`): holding twice under one name is one
//! hold, and lifting touches no other's.

use std::collections::BTreeMap;

use domain::decision::Choice;
use domain::effect::{EffectKey, State};
use domain::event::{Event, EventId, Fact};
use domain::exception::{Exception, Life, What};
use domain::provider::Trouble;
use domain::verdict::{Hold, standing};
use lambda::store_line::STORE;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Lease, Refusal, Table};

use crate::look::{Look, settled};
use crate::{Capture, LAYER, Platform, Stop};

/// Why an effect `hold` that never took place is refused.
const LIFTED: &str = "the hold was lifted";
/// In the note of a done hold: how many fulfilment orders were there to hold.
const OPEN: &str = "open";
/// The decision's id when somebody lifted our hold in the store.
const IN_STORE: &str = "lifted-in-the-store";
/// So much of the reason goes to the store as the hold's note.
const NOTE: usize = 240;

fn handle(round: u32) -> String {
    format!("baton-hold-{round}")
}

impl<T: Table, Q: Queue, C: Clock, S: Platform> Capture<'_, T, Q, C, S> {
    /// A person decides. A hold that stands and nobody has decided about stays the same hold, unless there is something that its
    /// alert did not say.
    pub(crate) async fn hold(&self, look: &Look<'_>, holds: Vec<Hold>) -> Result<Outcome, Stop> {
        let standing = &look.standing;
        let told = |hold: &Hold| hold.causes().iter().any(|cause| standing.told.contains(cause));
        let round = match standing.held() {
            Some(round) if holds.iter().all(told) => round,
            _ => standing.next_round(),
        };
        let Some(hold) = Hold::all(holds) else { return Ok(settled()) };
        let causes = hold.causes();
        let what = What::Held(hold);
        let reason = what.to_string();
        let held = Fact::OrderHeld { reason: reason.clone(), round, causes };
        if Some(round) != standing.held() {
            self.station.append(LAYER, &look.named, held.clone()).await?;
        }
        self.tell_held(look, &what, held).await?;
        self.hold_in_store(look, round, &reason).await?;
        // What is held is not healed by having been looked at.
        Ok(Outcome::Raise(Vec::new()))
    }

    /// Once for each round, whichever event comes to it; what was told of an earlier round nobody has decided is in this one.
    async fn tell_held(&self, look: &Look<'_>, what: &What, held: Fact) -> Result<(), Stop> {
        let id = self.tell_once(look, what, held).await?;
        let earlier =
            |e: &&Exception| e.what == what.slug() && e.id != id && e.state != Life::Resolved && e.event.is_some();
        for exception in look.journey.exceptions.iter().filter(earlier) {
            self.station.ledger.resolve(&exception.subject, &exception.id).await?;
        }
        Ok(())
    }

    async fn hold_in_store(&self, look: &Look<'_>, round: u32, reason: &str) -> Result<(), Stop> {
        let station = self.station;
        let key = EffectKey::Hold { round };
        let claim = station.ledger.claim(&look.named.subject, &key, station.now(), station.lease).await?;
        let lease = match claim {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(()),
            Claim::Refused { reason } if reason == LIFTED => return Ok(()),
            // Told again in case the attempt that was refused died before it could say so.
            Claim::Refused { reason } => return self.tell_refused(look, reason),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Err(station.come_back(look.stored, LAYER, until, "another attempt is at it").into());
            }
        };
        let note: String = reason.chars().take(NOTE).collect();
        // A hold of that name that stands already is a yes, so that an attempt in doubt needs no question.
        match self.store.hold(&look.order, &handle(round), &note).await {
            Ok(()) => {
                let open = look.order.fulfilment_orders.iter().filter(|one| one.open && one.service.is_none()).count();
                let note = BTreeMap::from([(OPEN.to_owned(), open.to_string())]);
                self.done(look, lease, handle(round), note).await
            }
            Err(trouble) => Err(self.troubled(look, lease, trouble, |why| What::HoldRefused { why }).await),
        }
    }

    fn tell_refused(&self, look: &Look<'_>, why: String) -> Result<(), Stop> {
        let what = What::HoldRefused { why };
        let known = look.journey.exceptions.iter().any(|e| e.what == what.slug() && e.state == Life::Open);
        let ours = Some(look.named.fact.id().0);
        let other = look.journey.exceptions.iter().any(|e| e.what == what.slug() && e.event != ours);
        if known && other { Ok(()) } else { Err(Outcome::raise(what).into()) }
    }

    /// Nothing of ours keeps the order in the store any more. A hold that never took place is refused, so that it never will.
    pub(crate) async fn lift(&self, look: &Look<'_>, round: u32) -> Result<(), Stop> {
        let station = self.station;
        let (subject, key) = (&look.named.subject, EffectKey::Hold { round });
        let in_doubt = match station.ledger.refuse(subject, &key, LIFTED, station.now()).await? {
            Refusal::Stands => return Ok(()),
            Refusal::Busy { until } => return Err(self.at_it(look, until)),
            Refusal::Done { .. } => None,
            Refusal::InDoubt => match station.ledger.claim(subject, &key, station.now(), station.lease).await? {
                Claim::Ours(lease) => Some(lease),
                Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                    return Err(self.at_it(look, until));
                }
                Claim::Done { .. } => None,
                Claim::Refused { .. } => return Ok(()),
            },
        };
        self.lift_in_store(look, round).await?;
        if let Some(lease) = in_doubt {
            let state = State::Refused { reason: LIFTED.to_owned() };
            station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
        }
        Ok(())
    }

    async fn lift_in_store(&self, look: &Look<'_>, round: u32) -> Result<(), Stop> {
        let station = self.station;
        let key = EffectKey::HoldRelease { round };
        let refused = |why| What::DecisionNotDone { choice: Choice::Release, why };
        let lease = match station.ledger.claim(&look.named.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(()),
            Claim::Refused { reason } => return Err(Outcome::raise(refused(reason)).into()),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => return Err(self.at_it(look, until)),
        };
        // None left is a yes, so that an attempt in doubt needs no question.
        match self.store.release_hold(&look.order, &handle(round)).await {
            Ok(()) => self.done(look, lease, handle(round), BTreeMap::new()).await,
            Err(trouble) => Err(self.troubled(look, lease, not_done(trouble), refused).await),
        }
    }

    /// The round whose hold somebody lifted in the store: it was there, its settle window is over, and it is not there any more,
    /// though there is something to hold.
    pub(crate) fn lifted_in_store(&self, look: &Look<'_>) -> Option<u32> {
        let round = look.standing.held()?;
        let effect = look.journey.effects.iter().find(|effect| effect.key == EffectKey::Hold { round })?;
        let held_something = effect.note.get(OPEN).is_some_and(|open| open != "0");
        if !matches!(effect.state, State::Done { .. }) || !held_something {
            return None;
        }
        let certain = effect.updated.checked_add(self.station.settle_window).ok()?;
        let mut ours = look.order.fulfilment_orders.iter().filter(|one| one.service.is_none());
        let name = handle(round);
        let stands = ours.clone().any(|one| one.holds.iter().any(|hold| hold.handle.as_ref() == Some(&name)));
        (!stands && certain < self.station.now() && ours.any(|one| one.open)).then_some(round)
    }

    /// Lifting our hold in the store is a person's decision too.
    pub(crate) async fn record_lifting(&self, look: &Look<'_>, round: u32) -> Result<(), Stop> {
        let fact = Fact::OrderDecided { choice: Choice::Release, decision: IN_STORE.to_owned(), round };
        let source = standing::STORE.to_owned();
        let event = Event { fact, source, time: self.station.now(), ..look.named.clone() };
        self.station.append_event(&event, None).await?;
        let EventId(id) = event.fact.id();
        tracing::info!(subject = %event.subject, event = id, "our hold was lifted in the store");
        Ok(())
    }

    pub(crate) fn at_it(&self, look: &Look<'_>, until: domain::Timestamp) -> Stop {
        self.station.come_back(look.stored, LAYER, until, "another attempt is at it").into()
    }

    pub(crate) async fn done(
        &self,
        look: &Look<'_>,
        lease: Lease,
        reference: String,
        note: BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        if self.station.ledger.settle(lease, State::Done { reference }, note, None, self.station.now()).await? {
            Ok(())
        } else {
            Err(self.station.overtaken(look.stored, LAYER).into())
        }
    }

    /// Settles an effect that the store did not say yes to; how the work stops because of it.
    pub(crate) async fn troubled(
        &self,
        look: &Look<'_>,
        lease: Lease,
        trouble: Trouble,
        refused: impl FnOnce(String) -> What,
    ) -> Stop {
        match self.station.settle_trouble(look.stored, lease, LAYER, STORE, trouble, refused).await {
            Ok(outcome) => Stop::Outcome(outcome),
            Err(failure) => Stop::Failure(failure),
        }
    }
}

/// A person decided, and it cannot be done as things are: whoever is at fault, the owner hears that the decision was not done.
pub(crate) fn not_done(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Broken { why } => Trouble::Refused { why },
        other => other,
    }
}
