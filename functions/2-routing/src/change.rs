//! `order.changed` and `order.edited` after the partner was told to make it. Before that nothing is to be done here: what the order
//! is at its release is what is made.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, State};
use domain::exception::{ChangeOutcome, What};
use domain::facts::{address_hash, what_matters_at};
use domain::order::{Address, Order, Payment};
use domain::plan::{Part, plan};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Lease, Refusal, Stored, Table};
use partner::{AddressChange, ChangeAddress};
use store::ReadOrder;

use crate::begun::{self, ADDRESS, At, Begun, WORK};
use crate::{LAYER, Routing, Stop};

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// The address may have changed: each partner that makes a part is asked to send it to the new one.
    pub(crate) async fn changed(&self, stored: &Stored, id: OrderId, what: &str) -> Result<Outcome, Stop> {
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let released = self.released(stored, id, &effects)?;
        // Most changes come before the release, or leave the address as the partners have it: then the store is not even asked.
        let as_they_have_it = |(at, here): &(At<'_>, Begun)| {
            let known = known_address(*at, here, &effects);
            known.is_some_and(|known| what_matters_at(&known, false, &Payment::Paid) == what)
        };
        if released.iter().all(as_they_have_it) {
            return Ok(Outcome::done());
        }
        let order = self.read_store(stored, id).await?;
        let Some(to) = order.ship_to.clone().filter(|_| goes_on(&order)) else { return Ok(Outcome::done()) };
        let mut ends = Vec::new();
        for (at, here) in released {
            ends.push(self.send_there(stored, at, &here, &effects, &to).await);
        }
        self.merge(stored, ends).await
    }

    /// The order's lines may have changed: what differs from what a partner makes is told.
    pub(crate) async fn edited(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let released = self.released(stored, id, &effects)?;
        let Some((first, _)) = released.first() else { return Ok(Outcome::done()) };
        let order = self.read_store(stored, id).await?;
        if !goes_on(&order) {
            return Ok(Outcome::done());
        }
        let begun = begun::by_partner(&effects);
        let planned = plan(&order, &self.catalog, &self.rules, &begun::lines(&begun));
        let told = |partner: &str| What::EditedAfterRouting { partner: partner.to_owned() };
        let mut whats: Vec<What> = Vec::new();
        for (at, here) in &released {
            let now = planned.part(at.name()).map(Part::work);
            if here.noted(WORK).is_some_and(|made| now.as_deref() != Some(made)) {
                whats.push(told(at.name()));
            }
        }
        // What was added for somebody who has nothing of the order yet.
        let there = |partner: &str| begun.get(partner).is_some_and(Begun::may_be_there);
        let new = planned.parts.iter().any(|part| !there(&part.partner));
        if whats.is_empty() && (new || !planned.problems.is_empty()) {
            whats.push(told(first.name()));
        }
        Ok(if whats.is_empty() { Outcome::done() } else { Outcome::Raise(whats) })
    }

    /// The parts that partners were told to make. While that is happening or in doubt, the event comes back.
    fn released(&self, stored: &Stored, order: OrderId, effects: &[Effect]) -> Result<Vec<(At<'_>, Begun)>, Stop> {
        let mut released = Vec::new();
        for (name, here) in begun::by_partner(effects) {
            match self.look(here.release.as_ref()) {
                Refusal::Done { .. } => {
                    let at = At { partner: self.set_up(&name)?, order, split: here.split };
                    released.push((at, here));
                }
                Refusal::Busy { until } => {
                    return Err(self.station.come_back(stored, LAYER, until, "routing is at it").into());
                }
                // Routing comes back to it by itself, and looks at the order again when it does.
                Refusal::Stands | Refusal::InDoubt => {}
            }
        }
        Ok(released)
    }

    async fn send_there(
        &self,
        stored: &Stored,
        at: At<'_>,
        here: &Begun,
        effects: &[Effect],
        to: &Address,
    ) -> Result<Outcome, Stop> {
        let wanted = address_hash(to);
        let (Some(draft), Some(known)) = (here.draft(), known_address(at, here, effects)) else {
            return Ok(Outcome::done());
        };
        if known == wanted {
            return Ok(Outcome::done());
        }
        let key = EffectKey::PartnerAddress {
            partner: at.name().to_owned(),
            split: at.split,
            address: as_asked(&wanted, &changes(at, effects)),
        };
        let station = self.station;
        let claim = station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await?;
        let outcome = match claim {
            Claim::Ours(lease) => self.ask_there(stored, at, lease, draft, to).await?,
            Claim::Done { .. } => ChangeOutcome::Asked,
            Claim::Refused { reason } if reason == NO_WAY => ChangeOutcome::NotPossible,
            Claim::Refused { reason } => ChangeOutcome::Refused(reason),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Ok(station.come_back(stored, LAYER, until, "another attempt is at it"));
            }
        };
        Ok(Outcome::raise(What::AddressChangedAtPartner { partner: at.name().to_owned(), outcome }))
    }

    /// Asking twice for the same address does no harm, so a lost answer is asked for again.
    async fn ask_there(
        &self,
        stored: &Stored,
        at: At<'_>,
        lease: Lease,
        partner_order: &str,
        to: &Address,
    ) -> Result<ChangeOutcome, Stop> {
        let (state, outcome) = match at.partner.change_address(partner_order, to).await {
            Ok(AddressChange::Changed) => (done(CHANGED), ChangeOutcome::Changed),
            Ok(AddressChange::Asked) => (done("asked"), ChangeOutcome::Asked),
            Ok(AddressChange::NotPossible) => {
                (State::Refused { reason: NO_WAY.to_owned() }, ChangeOutcome::NotPossible)
            }
            Err(Trouble::Refused { why }) => (State::Refused { reason: why.clone() }, ChangeOutcome::Refused(why)),
            Err(trouble) => return Err(self.troubled(stored, lease, at.partner, trouble).await),
        };
        self.station.ledger.settle(lease, state, BTreeMap::new(), None, self.station.now()).await?;
        Ok(outcome)
    }
}

const CHANGED: &str = "changed";
const NO_WAY: &str = "the partner has no way to ask";

fn done(reference: &str) -> State {
    State::Done { reference: reference.to_owned() }
}

fn goes_on(order: &Order) -> bool {
    !order.cancelled && order.payment != Payment::Refunded
}

/// The hash of the address the partner has: of the last change it made, else of what it was sent.
fn known_address(at: At<'_>, here: &Begun, effects: &[Effect]) -> Option<String> {
    let last = changes(at, effects).into_iter().max().map(|(_, address)| address.to_owned());
    last.or_else(|| here.noted(ADDRESS).map(str::to_owned))
}

/// When the partner changed this part's address, and to which (as hashes).
fn changes<'e>(at: At<'_>, effects: &'e [Effect]) -> Vec<(Timestamp, &'e str)> {
    let made = effects.iter().filter_map(|effect| match (&effect.key, &effect.state) {
        (EffectKey::PartnerAddress { partner, split, address }, State::Done { reference }) => {
            let this = partner == at.name() && *split == at.split && reference == CHANGED;
            this.then_some((effect.updated, address.split('-').next().unwrap_or(address)))
        }
        _ => None,
    });
    made.collect()
}

/// The address in the effect's key. An address to which the order comes back is asked for anew, so the number of changes to other
/// addresses before it is part of the key; a second attempt at the same change counts the same.
fn as_asked(wanted: &str, changes: &[(Timestamp, &str)]) -> String {
    match changes.iter().filter(|(_, address)| *address != wanted).count() {
        0 => wanted.to_owned(),
        others => format!("{wanted}-{others}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_again_is_asked_for_each_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut made = Vec::new();
        let mut keys = Vec::new();
        for (second, address) in [(1, "bb"), (2, "aa"), (3, "bb"), (4, "aa")] {
            let key = as_asked(address, &made);
            assert_eq!(key.split('-').next(), Some(address));
            keys.push(key);
            made.push((at(second), address));
        }
        assert_eq!(keys, ["bb", "aa-1", "bb-1", "aa-2"]);
        assert_eq!(as_asked("aa", &made[..3]), "aa-2", "a second attempt at the same change has the same key");
    }
}
