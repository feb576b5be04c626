//! The front door: size and signature on the raw bytes, then one event with a conditional write, then the answer.
//!
//! It never calls a third party. A rightly signed body is always kept and answered 200, even if we cannot read it: that is an
//! exception for the owner, not a reason for the sender to give up on us (Shopify deletes a subscription after eight failures).

pub mod http;
mod signature;
mod sources;

use domain::Timestamp;
use domain::event::{Event, Fact};
use domain::facts::changed;
use domain::handoff::{Deadlines, owes};
use domain::subject::Subject;
use jiff::SignedDuration;
use lambda::batch::chain;
use lambda::{Clock, Secrets, StoreConfig};
use ledger::{Appended, Ledger, Payload, Table};
use sha2::{Digest, Sha256};

pub use http::{Answer, Request};
pub use sources::{DoorError, secrets};
use sources::{Source, Translated};

/// The largest body the door takes, in bytes. Shopify's largest order payloads are a few hundred kilobytes; deflated, this still
/// fits one item of the table.
pub const LARGEST_BODY: usize = 1 << 20;

/// The longest fact-id the door makes of a body, in bytes; a longer one would not fit the table's key (1,024 bytes), and its sender
/// would be asked to come again for ever.
const LONGEST_ID: usize = 512;

/// The door of one store.
#[derive(Debug)]
pub struct Door<T, C> {
    ledger: Ledger<T>,
    clock: C,
    sources: sources::Sources,
    deadlines: Deadlines,
    retention: SignedDuration,
    store: Subject,
}

impl<T: Table, C: Clock> Door<T, C> {
    /// A door with the store's configuration and its senders' secrets.
    pub fn new(ledger: Ledger<T>, clock: C, config: &StoreConfig, secrets: &Secrets) -> Result<Self, DoorError> {
        Ok(Self {
            ledger,
            clock,
            sources: sources::Sources::new(config, secrets)?,
            deadlines: config.deadlines.clone(),
            retention: config.payload_retention(),
            store: config.subject(),
        })
    }

    /// Answers one request: 200 once the event is durable, 401, 404, 405, 413, or 503 when it could not be made durable.
    pub async fn answer(&self, request: &Request) -> Answer {
        let Some(source) = self.sources.at(&request.path) else { return Answer::NotFound };
        if request.method != "POST" {
            return Answer::MethodNotAllowed;
        }
        if request.body.len() > LARGEST_BODY {
            return Answer::TooLarge;
        }
        let now = self.clock.now();
        if !source.signed(request, now) {
            tracing::warn!(source = source.name(), "a delivery is not rightly signed");
            return Answer::Unauthorized;
        }
        let mut event = self.event(&source, request, now);
        let expires = now.checked_add(self.retention).unwrap_or(Timestamp::MAX);
        let payload = Payload { body: &request.body, expires };
        if event.fact.repeats() {
            match self.news(&event).await {
                Some(fact) => event.fact = fact,
                None => return Answer::Kept,
            }
        }
        let owes = owes(&event.fact, now, &self.deadlines);
        match self.ledger.append(&event, &owes, Some(payload)).await {
            Ok(appended) => {
                let duplicate = appended == Appended::Duplicate;
                tracing::info!(subject = %event.subject, event = %event.fact.id(), duplicate, "received");
                Answer::Kept
            }
            Err(error) => {
                let error = chain(&error);
                tracing::error!(subject = %event.subject, event = %event.fact.id(), error, "failed to keep a delivery");
                Answer::Unavailable
            }
        }
    }

    /// What is new in a fact that its source repeats; `None`: nothing. A table that does not answer is no reason to drop it.
    async fn news(&self, event: &Event) -> Option<Fact> {
        let fact = event.fact.clone();
        if let Fact::OrderChanged { what, again } = &fact {
            let at = again.as_ref().and_then(|at| at.parse().ok());
            return match self.ledger.journey(&event.subject).await {
                Ok(journey) => changed(what, at, &journey.events),
                Err(error) => {
                    tracing::warn!(subject = %event.subject, error = chain(&error), "kept without looking what is known");
                    Some(Fact::OrderChanged { what: what.clone(), again: None })
                }
            };
        }
        let known = matches!(self.ledger.is_known(&event.key()).await, Ok(true));
        (!known).then_some(fact)
    }

    /// The delivery as one of our own events. A body nobody follows or nobody can read is an event too.
    fn event(&self, source: &Source<'_>, request: &Request, now: Timestamp) -> Event {
        let topic = || source.topic(request, now);
        // Of the bytes, not of their text: two bodies that are no text are two bodies.
        let body_hash = || hex::encode(&Sha256::digest(&request.body)[..8]);
        let unreadable = |why| Fact::Unreadable { topic: topic(), why, body_hash: body_hash() };
        let of_store = |fact| Event {
            subject: self.store.clone(),
            fact,
            source: source.name().to_owned(),
            time: now,
            order_name: None,
        };
        match source.translate(request, now) {
            Ok(Translated::Fact(translated)) if translated.fact.id().0.len() > LONGEST_ID => {
                of_store(unreadable("an id in it is longer than any we know of".to_owned()))
            }
            Ok(Translated::Fact(translated)) => Event {
                subject: translated.subject.unwrap_or_else(|| self.store.clone()),
                fact: translated.fact,
                source: source.name().to_owned(),
                time: translated.time.unwrap_or(now),
                // A name is a few characters; whatever else stands there must not fill the table.
                order_name: translated.order_name.map(|name| name.chars().take(64).collect()),
            },
            Ok(Translated::Unfollowed(subject)) => {
                let event = of_store(Fact::Unfollowed { topic: topic(), body_hash: body_hash() });
                Event { subject: subject.unwrap_or_else(|| self.store.clone()), ..event }
            }
            Err(why) => of_store(unreadable(why.to_string())),
        }
    }
}
