//! The events that go to this layer: what a partner, a carrier or the store says that only a person can answer, and what the
//! privacy topics ask us to forget.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{EffectKey, State};
use domain::event::{Event, EventKey, Fact, PartnerStop};
use domain::exception::What;
use domain::handoff::{Layer, arrived};
use domain::parcel::Progress;
use domain::quiet::{Names, parcel_of};
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::{Clock, Failure, Outcome, Queue, Station, Work};
use ledger::{Claim, Lease, LedgerError, Place, Stored, Table};

use crate::post::later;

/// The layer's work on its events.
#[derive(Debug)]
pub struct Events<'a, T, Q, C>(pub &'a Station<T, Q, C>);

/// So long one call forgets; then it stores how far it came and comes back.
const FORGETS: SignedDuration = SignedDuration::from_secs(5);

impl<T: Table, Q: Queue, C: Clock> Work for Events<'_, T, Q, C> {
    const LAYER: Layer = Layer::Monitoring;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let event = &stored.event;
        Ok(match &event.fact {
            Fact::PartnerStopped { partner, how, reason, .. } => {
                if *how == PartnerStop::Cancelled && self.we_asked_to_cancel(event, partner).await? {
                    // Routing asked for it and tells the owner what came of it.
                    return Ok(Outcome::done());
                }
                Outcome::raise(What::PartnerStopped { partner: partner.clone(), how: *how, why: reason.clone() })
            }
            Fact::ParcelReturned { reason, .. } => Outcome::raise(What::Returned { why: reason.clone() }),
            // An attempt that failed, a pick-up point and customs end by themselves as a rule; one that does not is late one day.
            Fact::ParcelTroubled { progress: progress @ (Progress::Lost | Progress::Problem), status, .. } => {
                let journey = self.0.ledger.journey(&event.subject).await?;
                if arrived(event, &journey.events) {
                    return Ok(Outcome::done());
                }
                let parcel = named(event, &journey.events);
                Outcome::raise(What::ParcelTrouble { parcel, progress: *progress, status: status.clone() })
            }
            Fact::AppUninstalled { .. } => Outcome::raise(What::AppUninstalled),
            Fact::DataRequested { orders, .. } => Outcome::raise(What::DataRequested { orders: orders.len() }),
            Fact::Unreadable { topic, why, .. } => {
                Outcome::raise(What::Unreadable { topic: topic.clone(), why: why.clone() })
            }
            Fact::CustomerRedacted { customer, orders, contact } => {
                self.forget_customer(event, customer.as_deref(), orders).await?;
                if let Some(contact) = contact {
                    self.0.ledger.forget_payloads(&Subject::Contact(contact.clone())).await?;
                }
                Outcome::done()
            }
            Fact::ShopRedacted { .. } => self.forget_everything(stored).await?,
            // The hand-off table sends nothing else here; what an older table sent is no longer ours.
            _ => Outcome::done(),
        })
    }
}

impl<T: Table, Q: Queue, C: Clock> Events<'_, T, Q, C> {
    async fn we_asked_to_cancel(&self, event: &Event, partner: &str) -> Result<bool, LedgerError> {
        let journey = self.0.ledger.journey(&event.subject).await?;
        let asked =
            |key: &EffectKey| matches!(key, EffectKey::PartnerCancel { partner: asked, .. } if asked == partner);
        let not_refused = |state: &State| !matches!(state, State::Refused { .. });
        Ok(journey.effects.iter().any(|effect| asked(&effect.key) && not_refused(&effect.state)))
    }

    /// The bodies of all deliveries about the customer's orders go, and those of the privacy requests about the customer,
    /// this one's included. Events stay: they hold ids only.
    async fn forget_customer(
        &self,
        event: &Event,
        customer: Option<&str>,
        orders: &[OrderId],
    ) -> Result<(), LedgerError> {
        let ledger = &self.0.ledger;
        for order in orders {
            ledger.forget_payloads(&Subject::Order(*order)).await?;
        }
        if customer.is_some() {
            let journey = ledger.journey(&event.subject).await?;
            for other in journey.events.iter().filter(|other| names(&other.fact, customer)) {
                ledger.forget_payload(&other.key()).await?;
            }
        }
        ledger.forget_payload(&event.key()).await?;
        Ok(())
    }

    /// Every body in the table goes, page by page; how far it came is the note of an effect, so that a large table takes as many
    /// calls as it needs and none starts from the beginning.
    async fn forget_everything(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let (ledger, event) = (&self.0.ledger, &stored.event);
        let key = EffectKey::Other("forget#everything".to_owned());
        let lease = match ledger.claim(&event.subject, &key, self.0.now(), self.0.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Busy { until } | Claim::Waiting { not_before: until, .. } => {
                return Ok(self.0.come_back(stored, Layer::Monitoring, until, "forgetting"));
            }
            // Done for an earlier request: whatever came since goes by its own date, and this request's body now.
            Claim::Done { .. } | Claim::Refused { .. } => return self.forget_request(&event.key()).await,
        };
        let stop = later(self.0.now(), FORGETS);
        let mut place = reached(&lease);
        loop {
            match ledger.forget_page(place).await? {
                None => {
                    let state = State::Done { reference: "every body in the table".to_owned() };
                    ledger.settle(lease, state, BTreeMap::new(), None, self.0.now()).await?;
                    return Ok(Outcome::done());
                }
                Some(next) if self.0.now() < stop => place = Some(next),
                Some(next) => return self.go_on_later(stored, lease, next, self.0.now()).await,
            }
        }
    }

    async fn forget_request(&self, key: &EventKey) -> Result<Outcome, Failure> {
        self.0.ledger.forget_payload(key).await?;
        Ok(Outcome::done())
    }

    async fn go_on_later(
        &self,
        stored: &Stored,
        lease: Lease,
        next: Place,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        let note = BTreeMap::from([("pk".to_owned(), next.pk), ("sk".to_owned(), next.sk)]);
        let state = State::Waiting { not_before: now, reason: "more to forget".to_owned() };
        self.0.ledger.settle(lease, state, note, None, now).await?;
        Ok(self.0.come_back(stored, Layer::Monitoring, now, "more to forget"))
    }
}

fn reached(lease: &Lease) -> Option<Place> {
    let part = |name| lease.effect.note.get(name).cloned();
    Some(Place { pk: part("pk")?, sk: part("sk")? })
}

/// The parcel as it was announced, or as the source names it.
fn named(event: &Event, events: &[Event]) -> String {
    if let Some(parcel) = parcel_of(event, events) {
        return parcel.parcel.to_string();
    }
    let names = Names::of(event, events).unwrap_or_default();
    let key = names.keys.into_iter().next_back().map(|key| key.to_string());
    key.or_else(|| names.fulfilments.into_iter().next()).unwrap_or_default()
}

/// Whether a privacy request is about this customer.
fn names(fact: &Fact, customer: Option<&str>) -> bool {
    match fact {
        Fact::DataRequested { customer: other, .. } | Fact::CustomerRedacted { customer: other, .. } => {
            other.as_deref() == customer
        }
        _ => false,
    }
}
