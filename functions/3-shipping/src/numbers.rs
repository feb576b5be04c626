//! A number that came later, or was corrected: the store's fulfilment shows it beside those it has. None is ever taken away.

use std::collections::BTreeMap;

use domain::effect::{EffectKey, State};
use domain::event::Fact;
use domain::exception::What;
use domain::parcel::{ParcelKey, Tracking, normalised};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Stored, Table};

use crate::shipped::Parcel;
use crate::{LAYER, Maker, STORE, ShipTo, Shipping};

impl<T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Shipping<'_, T, Q, C, S, P> {
    /// Tells the store of `tracking`, unless the parcel was announced with that number; `None`: go on.
    pub(crate) async fn also_numbered(
        &self,
        stored: &Stored,
        id: OrderId,
        parcel: &Parcel,
        tracking: Option<&Tracking>,
    ) -> Result<Option<Outcome>, Failure> {
        let number = |tracking: &Tracking| normalised(&tracking.number);
        let Some((tracking, new)) = tracking.and_then(|tracking| Some((tracking, number(tracking)?))) else {
            return Ok(None);
        };
        if parcel.tracking.as_ref().and_then(number).as_ref() == Some(&new) {
            return Ok(None);
        }
        let station = self.station;
        let key = EffectKey::Tracking(ParcelKey(new));
        match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => {
                // Asking twice does no harm: what the fulfilment shows is the whole set.
                let told = self.tell_number(id, parcel, tracking).await;
                let refused = |why| What::FulfilmentRefused { why };
                let state = match told {
                    Ok(()) => State::Done { reference: parcel.fulfilment.clone() },
                    Err(trouble) => {
                        let outcome =
                            station.settle_trouble(stored, lease, LAYER, STORE, trouble.nothing_sent(), refused);
                        return Ok(Some(outcome.await?));
                    }
                };
                if !station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await? {
                    return Ok(Some(station.overtaken(stored, LAYER)));
                }
            }
            Claim::Done { .. } => {}
            Claim::Refused { reason } => {
                return Ok(Some(Outcome::raise(What::FulfilmentRefused { why: reason })));
            }
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Ok(Some(station.come_back(stored, LAYER, until, "another attempt is at it")));
            }
        }
        let fact = Fact::ParcelRenumbered { parcel: parcel.key.clone(), tracking: tracking.clone() };
        station.append(LAYER, &stored.event, fact).await?;
        Ok(None)
    }

    async fn tell_number(&self, id: OrderId, parcel: &Parcel, tracking: &Tracking) -> Result<(), Trouble> {
        let order = self.store.order(id).await?;
        let order = order.ok_or_else(|| Trouble::Broken { why: format!("it does not know the order {id}") })?;
        let ours = order.fulfilments.iter().find(|one| one.id == parcel.fulfilment && !one.cancelled);
        // A fulfilment that is gone shows nothing to anybody.
        let Some(ours) = ours else { return Ok(()) };
        let numbers = with(&ours.tracking, tracking);
        if numbers.len() == ours.tracking.len() { Ok(()) } else { self.store.track(&ours.id, &numbers).await }
    }
}

/// The set with this number in it, in the order in which they came.
pub(crate) fn with(known: &[Tracking], tracking: &Tracking) -> Vec<Tracking> {
    let same = |one: &Tracking| normalised(&one.number) == normalised(&tracking.number);
    let new = (!known.iter().any(same)).then(|| tracking.clone());
    known.iter().cloned().chain(new).collect()
}
