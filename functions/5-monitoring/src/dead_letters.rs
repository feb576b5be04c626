//! Messages that were put aside: each becomes an exception that names the order, and goes when its event has been taken.
//!
//! A dead letter is only a pointer; the event it names lies in the table. So it may go as soon as the event no longer owes
//! that layer, and until then it shows (in the queue's depth, and in the alarm on it) that something is stuck.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::event::EventKey;
use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Owed};
use domain::subject::Subject;
use jiff::SignedDuration;
use lambda::{Clock, Failure, Key, Queue};
use ledger::{Stored, Table};
use mailer::SendMail;
use serde::Deserialize;
use serde_json::Value;

use crate::incoming::{self, Incoming};
use crate::post::later;
use crate::queues::{DeadLetter, Line, Queues, QueuesError};
use crate::round::Round;
use crate::tell::is_known;
use crate::{Error, Monitoring};

/// What lies in the layers' dead-letter queues and still owes them.
#[derive(Debug, Default)]
pub struct Dead(BTreeSet<(Layer, EventKey)>);

impl Dead {
    /// Whether the layer has put this event aside.
    #[must_use]
    pub fn holds(&self, layer: Layer, key: &EventKey) -> bool {
        self.0.contains(&(layer, key.clone()))
    }
}

/// Lambda's word about an invocation of this function that it gave up on.
#[derive(Deserialize)]
struct GivenUp {
    #[serde(rename = "requestPayload")]
    payload: Value,
}

/// Lambda's word about a batch of the stream that it gave up on. The records are not in it.
#[derive(Deserialize)]
struct StreamFailure {
    #[serde(rename = "DDBStreamBatchInfo")]
    batch: StreamBatch,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamBatch {
    shard_id: String,
    start_sequence_number: String,
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Looks into every queue of the stack.
    pub(crate) async fn dead_letters(&self, round: &mut Round) -> Result<Dead, Error> {
        let mut dead = Dead::default();
        let until = round.share(self.station.now(), 2);
        let mut put_aside = 0;
        for layer in Layer::ALL {
            let depth = self.queues.depth(Line::Dead(layer)).await?;
            put_aside += depth;
            round.note_depth(Line::Dead(layer), depth);
            for letter in self.letters(until, Line::Dead(layer), depth).await? {
                let looked = match given_up(layer, &letter) {
                    Some(incoming) => self.make_good(incoming, &letter).await.map(|()| put_aside -= 1),
                    None => self.look_at_letter(round, &mut dead, layer, &letter).await,
                };
                if let Err(error) = looked {
                    round.failed(&letter.id, &error);
                }
            }
        }
        let depth = self.queues.depth(Line::RelayFailures).await?;
        put_aside += depth;
        round.note_depth(Line::RelayFailures, depth);
        for letter in self.letters(until, Line::RelayFailures, depth).await? {
            if let Err(error) = self.look_at_stream_failure(round, &letter).await {
                round.failed(&letter.id, &error);
            }
        }
        round.totals.dead_letters = Some(put_aside);
        Ok(dead)
    }

    /// All messages of a queue, as far as time allows, each once.
    async fn letters(&self, until: Timestamp, line: Line, depth: u64) -> Result<Vec<DeadLetter>, QueuesError> {
        let mut all: Vec<DeadLetter> = Vec::new();
        let mut seen = BTreeSet::new();
        while depth > 0 && self.station.now() < until {
            let page = self.queues.look(line).await?;
            let before = all.len();
            all.extend(page.into_iter().filter(|letter| seen.insert(letter.id.clone())));
            if all.len() == before {
                break;
            }
        }
        Ok(all)
    }

    /// An invocation of this function that failed each time: news of an alarm are heard now. A round is over; this is a later one.
    async fn make_good(&self, incoming: Incoming, letter: &DeadLetter) -> Result<(), Error> {
        if let Incoming::Notices(notices) = incoming {
            for notice in &notices {
                self.hear(notice).await?;
            }
        }
        Ok(self.queues.delete(Line::Dead(Layer::Monitoring), letter).await?)
    }

    async fn look_at_letter(
        &self,
        round: &mut Round,
        dead: &mut Dead,
        layer: Layer,
        letter: &DeadLetter,
    ) -> Result<(), Error> {
        let line = Line::Dead(layer);
        let Ok(key) = serde_json::from_str::<Key>(&letter.body) else {
            let what = What::DeadLetter { layer, event: format!("message {}", letter.id) };
            let exception = self.raise_nameless(round, &what, &letter.id).await?;
            // It names no event that could finish: once the owner has been told for a while, it makes room for the next one.
            let told_for = SignedDuration::from_secs(self.station.deadlines.layer.saturating_mul(2));
            if exception.told && later(exception.raised, told_for) <= round.now {
                self.queues.delete(line, letter).await?;
            }
            return Ok(());
        };
        if let Ok(event_key) = key.event() {
            match self.station.ledger.event(&event_key).await? {
                Some(stored) if stored.owed_by(layer) => {
                    dead.0.insert((layer, event_key.clone()));
                    let what = What::DeadLetter { layer, event: event_key.id.0 };
                    if !self.replayed(round, &stored, layer, &what).await? {
                        self.raise(round, &stored, &what).await?;
                    }
                }
                // Taken meanwhile, or gone: the letter points at nothing that is missing.
                _ => self.queues.delete(line, letter).await?,
            }
            return Ok(());
        }
        // An alert that could not be told; the review of what is open tells it.
        let known = |exception: &Exception| self.channels().into_iter().all(|channel| is_known(exception, channel));
        if self.exception(&key).await?.is_none_or(|exception| known(&exception)) {
            self.queues.delete(line, letter).await?;
        }
        Ok(())
    }

    /// The owner has had it run again, and the layer still has time to take it.
    async fn replayed(&self, round: &Round, stored: &Stored, layer: Layer, what: &What) -> Result<bool, Error> {
        let in_time = stored.owes.get(&Owed::Layer(layer)).is_some_and(|due| *due > round.now);
        let id = self.about_event(&stored.event, what).id;
        let known = self.station.ledger.exception(&stored.event.subject, &id).await?;
        Ok(in_time && known.is_some_and(|known| known.state == Life::Acknowledged && known.acted))
    }

    /// What such a pointer stands for cannot be read back from it; what was never taken is found by what it owes. So the pointer
    /// goes once the owner knows of it and the watchdog has had time to find everything.
    async fn look_at_stream_failure(&self, round: &mut Round, letter: &DeadLetter) -> Result<(), Error> {
        let cause = match serde_json::from_str::<StreamFailure>(&letter.body) {
            Ok(StreamFailure { batch }) => format!("{} {}", batch.shard_id, batch.start_sequence_number),
            Err(_) => letter.id.clone(),
        };
        let exception = self.raise_nameless(round, &What::StreamDeadLetter, &cause).await?;
        let found_by_then = SignedDuration::from_secs(self.station.deadlines.layer.saturating_mul(2));
        if exception.told && later(exception.raised, found_by_then) <= round.now {
            self.queues.delete(Line::RelayFailures, letter).await?;
        }
        Ok(())
    }

    /// Raises what concerns no event that we know, and returns it as it stands now.
    async fn raise_nameless(&self, round: &mut Round, what: &What, cause: &str) -> Result<Exception, Failure> {
        let store: &Subject = &self.station.store;
        let exception = Exception::raise(store, what, cause, self.station.now());
        if self.station.ledger.raise(&exception).await? {
            tracing::warn!(exception.id = exception.id, "exception");
            round.report.raised += 1;
            return Ok(exception);
        }
        Ok(self.station.ledger.exception(store, &exception.id).await?.unwrap_or(exception))
    }
}

/// What this function was invoked with in vain, where a letter of its own says so: an alarm's news, or a round.
fn given_up(layer: Layer, letter: &DeadLetter) -> Option<Incoming> {
    let given_up: GivenUp = serde_json::from_str(&letter.body).ok().filter(|_| layer == Layer::Monitoring)?;
    let incoming = incoming::read(given_up.payload).ok()?;
    matches!(incoming, Incoming::Notices(_) | Incoming::Round(_)).then_some(incoming)
}
