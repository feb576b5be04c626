//! Tracking feeds follow a parcel's numbers, and what they say of a number finds its order.
//!
//! A feed may speak of a number before the number is ours: its word is kept under the number (`parcel#…`). Noting whose the
//! number is comes first and looking for words after it, while a word is kept first and looks for the owner after it: whichever
//! comes last sees the other.

use std::collections::BTreeMap;

use domain::effect::{EffectKey, State};
use domain::event::{Event, Fact};
use domain::exception::What;
use domain::parcel::{ParcelKey, Tracking, normalised};
use domain::subject::{OrderId, Subject};
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Stored, Table};
use tracking::{Feed, Follow, Following, carrier};

use crate::shipped::Parcel;
use crate::{LAYER, Maker, ShipTo, Shipping};

impl<T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Shipping<'_, T, Q, C, S, P> {
    /// Has every feed follow the parcel's number, and the one that was reported beside it.
    pub(crate) async fn follow(
        &self,
        stored: &Stored,
        id: OrderId,
        parcel: &Parcel,
        reported: Option<&Tracking>,
    ) -> Result<Outcome, Failure> {
        if self.feeds.is_empty() {
            return Ok(Outcome::done());
        }
        let mut numbers: BTreeMap<String, &Tracking> = BTreeMap::new();
        for tracking in parcel.tracking.iter().chain(reported) {
            if let Some(number) = normalised(&tracking.number) {
                numbers.entry(number).or_insert(tracking);
            }
        }
        let mut told = Vec::new();
        for (number, tracking) in numbers {
            let number = ParcelKey(number);
            self.belongs(stored, id, parcel, &number).await?;
            for feed in &self.feeds {
                match self.followed(stored, feed, &number, parcel, tracking).await? {
                    None => {}
                    Some(Outcome::Raise(whats)) => told.extend(whats),
                    Some(outcome) => return Ok(outcome),
                }
            }
            self.told_before(&number).await?;
        }
        Ok(if told.is_empty() { Outcome::done() } else { Outcome::Raise(told) })
    }

    /// Notes under the number whose it is.
    async fn belongs(&self, stored: &Stored, id: OrderId, parcel: &Parcel, number: &ParcelKey) -> Result<(), Failure> {
        let event = Event {
            subject: Subject::Parcel(number.clone()),
            fact: Fact::ParcelBelongs { order: id, parcel: parcel.key.clone() },
            source: LAYER.as_str().to_owned(),
            time: self.station.now(),
            order_name: stored.event.order_name.clone(),
        };
        self.station.append_event(&event, None).await?;
        Ok(())
    }

    /// Has one feed follow one number; `None`: it does, go on.
    async fn followed(
        &self,
        stored: &Stored,
        feed: &Feed,
        number: &ParcelKey,
        parcel: &Parcel,
        tracking: &Tracking,
    ) -> Result<Option<Outcome>, Failure> {
        let station = self.station;
        let key = EffectKey::Follow { feed: feed.name().to_owned(), parcel: number.clone() };
        let lease = match station.ledger.claim(&stored.event.subject, &key, station.now(), station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Done { .. } => return Ok(None),
            Claim::Refused { reason } => return Ok(Some(Outcome::raise(not_followed(feed, reason)))),
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Ok(Some(station.come_back(stored, LAYER, until, "another attempt is at it")));
            }
        };
        let near: Vec<&str> = parcel.country.as_deref().into_iter().collect();
        let known = carrier::known(&tracking.number, tracking.carrier.as_deref(), &near);
        let following = Following {
            number: &tracking.number,
            carrier: known.map(|carrier| carrier.name).or(tracking.carrier.as_deref()),
            order: stored.event.order_name.as_deref().unwrap_or_default(),
        };
        match feed.follow(&following).await {
            Ok(reference) => {
                let state = State::Done { reference };
                let ours = station.ledger.settle(lease, state, BTreeMap::new(), None, station.now()).await?;
                Ok(if ours { None } else { Some(station.overtaken(stored, LAYER)) })
            }
            // Following twice is following: whatever became of the first time, asking again is right.
            Err(trouble) => {
                let refused = |why| not_followed(feed, why);
                let trouble = trouble.nothing_sent();
                Ok(Some(station.settle_trouble(stored, lease, LAYER, feed.name(), trouble, refused).await?))
            }
        }
    }

    /// What feeds said of the number before it was known whose it is.
    async fn told_before(&self, number: &ParcelKey) -> Result<(), Failure> {
        let events = self.station.ledger.journey(&Subject::Parcel(number.clone())).await?.events;
        for event in events.iter().filter(|event| matches!(event.fact, Fact::CarrierTold { .. })) {
            self.pass_on(event, number, &events).await?;
        }
        Ok(())
    }
}

fn not_followed(feed: &Feed, why: String) -> What {
    What::ProviderBroken { layer: LAYER, provider: feed.name().to_owned(), why }
}
