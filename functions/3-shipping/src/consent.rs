//! Somebody unsubscribed by a link of ours: the store has to know, since other programs of the owner's ask it, too. Here and not in
//! the email layer, because this is the layer that writes to the store; a store that is down is waited for like with a parcel.
//!
//! No mail of ours waits for it: whoever is about to send one looks at the event as well (`domain::contact::standing`).

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::contact::{Consent, ContactId};
use domain::effect::{EffectKey, State};
use domain::exception::What;
use domain::provider::Trouble;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Stored, Table};

use crate::{LAYER, Maker, STORE, ShipTo, Shipping};

/// The reference of a no that no store has to hear.
const NOBODY: &str = "the store knows nobody by this";
const TOLD: &str = "told";

impl<T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Shipping<'_, T, Q, C, S, P> {
    /// Tells the store that `customer` wants no marketing mail since `at`.
    pub(crate) async fn unsubscribed(
        &self,
        stored: &Stored,
        customer: Option<&str>,
        at: &str,
    ) -> Result<Outcome, Failure> {
        let station = self.station;
        let key = EffectKey::Consent { state: Consent::Unsubscribed, at: at.to_owned() };
        let lease = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(Outcome::done()),
            Claim::Refused { reason } => return Ok(Outcome::raise(refused(reason))),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Ok(station.come_back(stored, LAYER, until, "another attempt is at it"));
            }
        };
        let since = at.parse().unwrap_or(stored.event.time);
        let reference = match self.tell_consent(customer, since).await {
            Ok(reference) => reference.to_owned(),
            // Saying it twice is saying it: whatever became of the first time, telling again is right.
            Err(trouble) => {
                let trouble = trouble.nothing_sent();
                return station.settle_trouble(stored, lease, LAYER, STORE, trouble, refused).await;
            }
        };
        let state = State::Done { reference };
        let ours = station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
        Ok(if ours { Outcome::done() } else { station.overtaken(stored, LAYER) })
    }

    async fn tell_consent(&self, customer: Option<&str>, at: Timestamp) -> Result<&'static str, Trouble> {
        let Some(id) = customer.map(|id| ContactId(id.to_owned())) else { return Ok(NOBODY) };
        // Whoever was deleted in the store meanwhile gets no mail either.
        if self.store.contact(&id).await?.is_none() {
            return Ok(NOBODY);
        }
        self.store.set_consent(&id, Consent::Unsubscribed, at).await?;
        Ok(TOLD)
    }
}

fn refused(why: String) -> What {
    What::ProviderBroken { layer: LAYER, provider: STORE.to_owned(), why }
}
