//! Where a layer works: it takes a key, reads the event, does its work, and acknowledges.

use std::collections::BTreeMap;
use std::fmt;

use domain::Timestamp;
use domain::effect::State;
use domain::event::{Event, Fact};
use domain::exception::{Exception, Life, What};
use domain::handoff::{Deadlines, Layer, Owed, Wait, may_be_stuck, owes};
use domain::provider::{Pace, Trouble};
use domain::subject::Subject;
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use ledger::{Appended, Finished, Lease, Ledger, LedgerError, Payload, Stored, Table};

use crate::clock::Clock;
use crate::config::StoreConfig;
use crate::queue::{Key, Queue, QueueError};
use crate::store_line::{STORE, StoreLimit};

/// Why a message goes back to its queue: our own table or queues did not answer. A provider's trouble never is.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// How a layer's work on an event ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Finished; these longer waits are settled with it, and these begin.
    Done { settled: Vec<Wait>, opens: Vec<Wait> },
    /// Finished for now with something the owner must know.
    Raise(Vec<What>),
    /// Finished, these longer waits with it, and there is something the owner must know all the same.
    Tell { settled: Vec<Wait>, whats: Vec<What> },
    /// Not yet: it comes back by itself.
    Wait(LayerWait),
}

impl Outcome {
    /// Finished.
    #[must_use]
    pub fn done() -> Self {
        Self::Done { settled: Vec::new(), opens: Vec::new() }
    }

    /// Finished, and these longer waits with it.
    #[must_use]
    pub fn settled(settled: Vec<Wait>) -> Self {
        Self::Done { settled, opens: Vec::new() }
    }

    /// Finished, and from now on somebody owes these.
    #[must_use]
    pub fn opens(opens: Vec<Wait>) -> Self {
        Self::Done { settled: Vec::new(), opens }
    }

    /// Finished, and the owner must know this.
    #[must_use]
    pub fn raise(what: What) -> Self {
        Self::Raise(vec![what])
    }
}

/// A layer's work on one event.
pub trait Work: Send + Sync {
    /// Which layer it is.
    const LAYER: Layer;

    /// Does what is missing for this event: claim, read the store, decide, act, settle, append the next event.
    fn work(&self, stored: &Stored) -> impl Future<Output = Result<Outcome, Failure>> + Send;
}

/// Ledger, queue, clock and deadlines: what every layer's work stands on.
pub struct Station<T, Q, C> {
    pub ledger: Ledger<T>,
    pub queue: Q,
    pub clock: C,
    pub deadlines: Deadlines,
    pub pace: Pace,
    /// How long a claim holds: longer than the function may run.
    pub lease: SignedDuration,
    /// How long an unanswered request may still turn up at its provider.
    pub settle_window: SignedDuration,
    /// The subject of what concerns no single order.
    pub store: Subject,
    pub(crate) store_limit: StoreLimit,
}

impl<T, Q, C> fmt::Debug for Station<T, Q, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Station").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<T: Table, Q: Queue, C: Clock> Station<T, Q, C> {
    /// A station as the owner configured it.
    pub fn new(ledger: Ledger<T>, queue: Q, clock: C, lease: SignedDuration, config: &StoreConfig) -> Self {
        Self {
            ledger,
            queue,
            clock,
            deadlines: config.deadlines.clone(),
            pace: config.pace(),
            lease,
            settle_window: config.settle_window(),
            store: config.subject(),
            store_limit: StoreLimit::default(),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Appends a fact of our own about the same subject as `cause`.
    pub async fn append(&self, layer: Layer, cause: &Event, fact: Fact) -> Result<Appended, LedgerError> {
        let now = self.now();
        let event = Event {
            subject: cause.subject.clone(),
            fact,
            source: layer.as_str().to_owned(),
            time: now,
            order_name: cause.order_name.clone(),
        };
        self.append_event(&event, None).await
    }

    /// Appends an event with what it owes from now on.
    pub async fn append_event(&self, event: &Event, payload: Option<Payload<'_>>) -> Result<Appended, LedgerError> {
        let owes = owes(&event.fact, self.now(), &self.deadlines);
        self.ledger.append(event, &owes, payload).await
    }

    /// The wait that `trouble` asks for, or the exception it is.
    pub fn wait_or_raise(&self, stored: &Stored, layer: Layer, provider: &str, trouble: Trouble) -> Outcome {
        match self.paced(stored, layer, provider, &trouble) {
            Some(wait) => Outcome::Wait(wait),
            None => {
                Outcome::raise(What::ProviderBroken { layer, provider: provider.to_owned(), why: trouble.to_string() })
            }
        }
    }

    fn paced(&self, stored: &Stored, layer: Layer, provider: &str, trouble: &Trouble) -> Option<LayerWait> {
        let what = format!("{} {} {layer}", stored.event.subject, stored.event.fact.id());
        self.pace.wait(provider, trouble, &what, stored.waits.get(&layer), self.now())
    }

    /// Settles an effect whose provider did not say yes, and says how the layer goes on: a wait for what passes by itself, doubt
    /// for a lost answer, and an exception for a no (`refused` words it).
    pub async fn settle_trouble(
        &self,
        stored: &Stored,
        lease: Lease,
        layer: Layer,
        provider: &str,
        trouble: Trouble,
        refused: impl FnOnce(String) -> What,
    ) -> Result<Outcome, Failure> {
        let trouble = if provider == STORE { self.store_trouble(stored, layer, trouble).await? } else { trouble };
        let now = self.now();
        let wait = self.paced(stored, layer, provider, &trouble);
        let why = trouble.to_string();
        let (state, hold_until, outcome) = match (trouble, wait) {
            (Trouble::NoAnswer { why }, Some(mut wait)) => {
                // Until the window is over, what was sent may still turn up; asking earlier proves nothing.
                wait.until = wait.until.max(now.checked_add(self.settle_window).unwrap_or(now));
                (State::Unknown { reason: why }, Some(wait.until), Outcome::Wait(wait))
            }
            // "Later" is no answer about an earlier attempt: that one stays in doubt.
            (_, Some(wait)) if lease.doubt_since().is_some() => {
                (State::Unknown { reason: why }, Some(wait.until), Outcome::Wait(wait))
            }
            (_, Some(wait)) => (State::Waiting { not_before: wait.until, reason: why }, None, Outcome::Wait(wait)),
            (Trouble::Refused { why }, None) => {
                (State::Refused { reason: why.clone() }, None, Outcome::raise(refused(why)))
            }
            (_, None) => {
                let what = What::ProviderBroken { layer, provider: provider.to_owned(), why: why.clone() };
                (State::Refused { reason: why }, None, Outcome::raise(what))
            }
        };
        if self.ledger.settle(lease, state, BTreeMap::new(), hold_until, now).await? {
            Ok(outcome)
        } else {
            Ok(self.overtaken(stored, layer))
        }
    }

    /// The lease was over and somebody else holds the effect now: look again in a moment what came of it.
    pub fn overtaken(&self, stored: &Stored, layer: Layer) -> Outcome {
        let soon = self.now().checked_add(SignedDuration::from_secs(1)).unwrap_or(self.now());
        self.come_back(stored, layer, soon, "another attempt took over")
    }

    /// Comes back at `until` because of our own pace: somebody else holds the effect, or it is not time yet.
    pub fn come_back(&self, stored: &Stored, layer: Layer, until: Timestamp, reason: &str) -> Outcome {
        let now = self.now();
        let (since, reason) = match stored.waits.get(&layer) {
            // A second message must not make the owner's clock forget that a provider is out of reach.
            Some(LayerWait { since, reason: outage @ WaitReason::Outage { .. }, .. }) => (*since, outage.clone()),
            // Too early: it waits for what it waited for.
            Some(wait) if wait.until > now => (wait.since, wait.reason.clone()),
            Some(wait) => (wait.since, WaitReason::Pace(reason.to_owned())),
            None => (now, WaitReason::Pace(reason.to_owned())),
        };
        Outcome::Wait(LayerWait { since, until: until.max(now), reason })
    }

    /// Takes a key: the event is read, worked on unless this layer has done so, and acknowledged.
    pub async fn take<W: Work>(&self, work: &W, key: &Key) -> Result<(), Failure> {
        let Ok(event_key) = key.event() else {
            // Only we write to these queues; a message of another shape is not ours to act on, and the log says so.
            tracing::error!(pk = key.pk, sk = key.sk, "a queue message names no event");
            return Ok(());
        };
        let Some(stored) = self.ledger.event_for(&event_key, W::LAYER).await? else {
            tracing::warn!(subject = key.pk, event = key.sk, "the event of a queue message is gone");
            return Ok(());
        };
        if !stored.owed_by(W::LAYER) {
            return Ok(());
        }
        if let Some(wait) = stored.waits.get(&W::LAYER).filter(|wait| wait.is_early(self.now())) {
            self.send_back(W::LAYER, key, wait.until).await?;
            return Ok(());
        }
        let outcome = match self.turn_at_store(&stored, W::LAYER).await? {
            Some(wait) => wait,
            None => work.work(&stored).await?,
        };
        self.finish(W::LAYER, key, &stored, outcome).await
    }

    async fn finish(&self, layer: Layer, key: &Key, stored: &Stored, outcome: Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Done { settled, opens } => {
                tracing::info!(subject = key.pk, event = key.sk, "done");
                self.finished(layer, stored, settled, opens, &[]).await?;
            }
            Outcome::Tell { settled, whats } => {
                tracing::info!(subject = key.pk, event = key.sk, "done, with something to tell");
                self.finished(layer, stored, settled, stuck(stored, &whats), &whats).await?;
            }
            Outcome::Raise(whats) => {
                self.raise_all(stored, &whats).await?;
                self.acknowledge(layer, stored, Vec::new(), stuck(stored, &whats)).await?;
            }
            Outcome::Wait(wait) => {
                // Words of ours; what a provider says of itself may name a person.
                let (provider, pace) = match &wait.reason {
                    WaitReason::Outage { provider, .. } => (provider.as_str(), ""),
                    WaitReason::Pace(reason) => ("", reason.as_str()),
                };
                tracing::info!(
                    subject = key.pk,
                    event = key.sk,
                    wait.seconds = self.seconds_until(wait.until),
                    wait.provider = provider,
                    wait.pace = pace,
                    "waits"
                );
                // Without a queue the watchdog brings it back when it is due, and no deadline comes on top.
                let due = match layer.has_queue() {
                    true => self.deadlines.due(Owed::Layer(layer), wait.until),
                    false => wait.until,
                };
                self.ledger.layer_waits(stored, layer, &wait, due).await?;
                self.send_back(layer, key, wait.until).await?;
            }
        }
        Ok(())
    }

    /// The message comes again at `until`, or as late as a queue can hold it back.
    async fn send_back(&self, layer: Layer, key: &Key, until: Timestamp) -> Result<(), QueueError> {
        if !layer.has_queue() {
            return Ok(());
        }
        self.queue.send(layer, key, SignedDuration::from_secs(self.seconds_until(until))).await
    }

    /// A part of a second counts whole: who is back a moment too early has to come once more.
    fn seconds_until(&self, until: Timestamp) -> i64 {
        let left = until.duration_since(self.now());
        left.as_secs().saturating_add(i64::from(left.subsec_nanos() > 0)).max(1)
    }

    /// The layer has finished the event: what was raised about the two has healed, except what is told now.
    async fn finished(
        &self,
        layer: Layer,
        stored: &Stored,
        settled: Vec<Wait>,
        opens: Vec<Wait>,
        told: &[What],
    ) -> Result<(), LedgerError> {
        // First, so that no crash comes in between; what was raised while the layer was at work shows with its last write.
        if stored.flagged {
            self.heal(layer, stored, told).await?;
        }
        self.raise_all(stored, told).await?;
        if self.acknowledge(layer, stored, settled, opens).await? && !stored.flagged {
            self.heal(layer, stored, told).await?;
        }
        Ok(())
    }

    /// `true`: an exception has been raised about the event by then.
    async fn acknowledge(
        &self,
        layer: Layer,
        stored: &Stored,
        settled: Vec<Wait>,
        opens: Vec<Wait>,
    ) -> Result<bool, LedgerError> {
        let (fact, now) = (&stored.event.fact, self.now());
        let opens = opens.into_iter().map(Owed::Wait);
        let opens = opens.map(|owed| (owed, self.deadlines.first_look(owed, fact, now))).collect();
        self.ledger.finish(stored, layer, &Finished { settled, opens }).await
    }

    async fn raise_all(&self, stored: &Stored, whats: &[What]) -> Result<(), LedgerError> {
        for what in whats {
            self.raise(stored, what).await?;
        }
        Ok(())
    }

    /// An exception about an event. Two layers may meet the same trouble over one event, and so may two partners of one order;
    /// each has to be mended.
    fn exception(&self, event: &Event, what: &What) -> Exception {
        let cause = format!("{} {}", what.layer(), event.fact.id());
        let cause = what.apart().map_or(cause.clone(), |partner| format!("{cause} {partner}"));
        Exception::raise(&event.subject, what, &cause, self.now()).about(event)
    }

    /// Raises an exception about an event, once per kind and event.
    pub async fn raise(&self, stored: &Stored, what: &What) -> Result<(), LedgerError> {
        let exception = self.exception(&stored.event, what);
        let new = self.ledger.raise(&exception).await?;
        tracing::warn!(exception.id = exception.id, exception.new = new, "exception");
        self.ledger.flag(stored).await
    }

    async fn heal(&self, layer: Layer, stored: &Stored, told: &[What]) -> Result<(), LedgerError> {
        let event = &stored.event;
        let still: Vec<String> = told.iter().map(|what| self.exception(event, what).id).collect();
        let id = event.fact.id().0;
        let journey = self.ledger.journey(&event.subject).await?;
        let about = |e: &&Exception| e.state != Life::Resolved && e.layer == layer && e.event.as_ref() == Some(&id);
        for exception in journey.exceptions.iter().filter(about).filter(|exception| !still.contains(&exception.id)) {
            self.ledger.heal(&event.subject, &exception.id, self.now()).await?;
        }
        Ok(())
    }
}

/// What the event opens where its layer raised something: the order goes no further by it, and the customer is not to wait in
/// silence.
fn stuck(stored: &Stored, raised: &[What]) -> Vec<Wait> {
    let stuck = !raised.is_empty() && may_be_stuck(&stored.event.fact);
    if stuck { vec![Wait::CustomerInformed] } else { Vec::new() }
}
