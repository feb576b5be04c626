//! What a tracking feed says of a number becomes a fact about each order that the number belongs to.

use domain::event::{Event, Fact, ParcelRef};
use domain::parcel::{ParcelKey, Progress};
use domain::subject::Subject;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::Table;

use crate::{Maker, ShipTo, Shipping};

impl<T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Shipping<'_, T, Q, C, S, P> {
    /// A feed told something. A number that is nobody's yet keeps it until it is somebody's.
    pub(crate) async fn told(&self, event: &Event) -> Result<Outcome, Failure> {
        if let Subject::Parcel(number) = &event.subject {
            let events = self.station.ledger.journey(&event.subject).await?.events;
            self.pass_on(event, number, &events).await?;
        }
        Ok(Outcome::done())
    }

    /// Appends what `told` says to every order that the number belongs to; twice is once.
    pub(crate) async fn pass_on(&self, told: &Event, number: &ParcelKey, events: &[Event]) -> Result<(), Failure> {
        let Some(fact) = of_order(&told.fact, number) else { return Ok(()) };
        for event in events {
            if let Fact::ParcelBelongs { order, .. } = event.fact {
                let event = Event {
                    subject: Subject::Order(order),
                    fact: fact.clone(),
                    source: told.source.clone(),
                    time: told.time,
                    order_name: event.order_name.clone(),
                };
                self.station.append_event(&event, None).await?;
            }
        }
        Ok(())
    }
}

/// The same said of an order. A label says nothing that the announcement did not, and a word nobody knows says nothing.
fn of_order(told: &Fact, number: &ParcelKey) -> Option<Fact> {
    let Fact::CarrierTold { feed, scan, progress, status, promised, .. } = told else { return None };
    let parcel = ParcelRef::Number(number.clone());
    let (source, status) = (feed.clone(), status.clone());
    // Two numbers of one order may have scans of the same name.
    let tracking_event = format!("{number}-{scan}");
    Some(match progress {
        Progress::Unknown | Progress::LabelCreated => return None,
        Progress::InTransit => {
            let (parcel, promised) = (Some(parcel), promised.clone());
            Fact::ParcelMoved { source, tracking_event, status, parcel, promised }
        }
        Progress::OutForDelivery => Fact::ParcelOutForDelivery { source, tracking_event, status, parcel },
        Progress::Delivered => Fact::ParcelDelivered { source, parcel },
        Progress::Returning | Progress::Returned => {
            Fact::ParcelReturned { source, tracking_event, reason: Some(status), parcel: Some(parcel) }
        }
        Progress::AttemptFailed
        | Progress::ReadyForPickup
        | Progress::HeldAtCustoms
        | Progress::Problem
        | Progress::Lost => Fact::ParcelTroubled { source, tracking_event, status, progress: *progress, parcel },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_a_label_and_a_riddle_is_a_fact_about_the_order() {
        let number = ParcelKey("1Z999AA10123456784".into());
        for progress in Progress::ALL {
            let told = Fact::CarrierTold {
                feed: "easypost".into(),
                scan: "s1".into(),
                carrier: None,
                progress,
                status: "its own word".into(),
                promised: None,
            };
            let fact = of_order(&told, &number);
            let silent = matches!(progress, Progress::Unknown | Progress::LabelCreated);
            assert_eq!(fact.is_none(), silent, "{progress:?}");
        }
    }
}
