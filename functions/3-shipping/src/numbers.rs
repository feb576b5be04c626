//! A number that came later, or was corrected: the store's fulfilment shows it beside those it has. None is ever taken away.

use std::collections::BTreeMap;

use domain::effect::{EffectKey, State};
use domain::event::Fact;
use domain::exception::What;
use domain::parcel::{ParcelKey, Tracking, normalised};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::store_line::STORE;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Stored, Table};
use tracking::carrier;

use crate::shipped::Parcel;
use crate::{LAYER, Maker, ShipTo, Shipping};

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

/// A number whose sender leaves the carrier out gets the one it is hardly anybody else's of, and that carrier's page. What the
/// sender says stands. `to`: where the parcel goes, ISO 3166-1 alpha-2.
pub(crate) fn recognised(tracking: Tracking, to: Option<&str>) -> Tracking {
    let near: Vec<&str> = to.into_iter().collect();
    // A carrier of which we know nothing is not taken for another.
    let unheard_of = tracking.carrier.as_deref().is_some_and(|word| carrier::named(word).is_none());
    let known = carrier::known(&tracking.number, tracking.carrier.as_deref(), &near);
    let Some(known) = known.filter(|_| !unheard_of) else { return tracking };
    Tracking {
        carrier: tracking.carrier.or_else(|| Some(known.name.to_owned())),
        url: tracking.url.or_else(|| known.page(&tracking.number)),
        number: tracking.number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_that_the_sender_leaves_out_is_recognised_and_one_that_is_said_stands() {
        let bare = |number: &str| Tracking { number: number.to_owned(), carrier: None, url: None };
        let ups = recognised(bare("1Z999AA10123456784"), Some("US"));
        assert_eq!(ups.carrier.as_deref(), Some("UPS"));
        assert!(ups.url.is_some_and(|url| url.contains("1Z999AA10123456784")));
        let said = Tracking { carrier: Some("Harbour Post".to_owned()), ..bare("1Z999AA10123456784") };
        assert_eq!(recognised(said.clone(), Some("US")), said);
        let nobodys = bare("PARCEL-7");
        assert_eq!(recognised(nobodys.clone(), None), nobodys);
    }
}
