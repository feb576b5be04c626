//! What the table's stream tells this layer: exceptions that nobody has been told of, and the events that go to it.
//!
//! Each is tried at once, and after a moment where that is all it takes (an alert gathers others of its cause). Whatever does not
//! succeed, because a channel is down, a storm is quiet or the table is busy, stays as it stands in the table, untold or owed, and
//! the watchdog's next rounds do it. So no record fails its batch, none is tried for ever, and none is lost.

use domain::Timestamp;
use domain::handoff::Layer;
use jiff::SignedDuration;
use lambda::{Clock, Failure, Key, Queue, batch};
use ledger::Table;
use mailer::SendMail;

use crate::Monitoring;
use crate::events::Events;
use crate::post::later;
use crate::queues::Queues;
use crate::round::{MOST_TENTHS, tenths};
use crate::tell::Told;

/// One batch is stayed with for as long as alerts gather, and so much longer.
const PATIENCE: SignedDuration = SignedDuration::from_secs(2);
/// Nobody looks again sooner, nor more often than fits.
const A_MOMENT: SignedDuration = SignedDuration::from_secs(1);
const MOST_LOOKS: usize = 20;

/// Time that can be waited for.
pub trait Rest: Clock {
    /// Until so much time has passed.
    fn rest(&self, time: SignedDuration) -> impl Future<Output = ()> + Send;
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Takes what a batch of the stream names. `deadline` is when Lambda stops us.
    pub(crate) async fn hear_of(&self, mut keys: Vec<Key>, deadline: Timestamp)
    where
        C: Rest,
    {
        let started = self.station.now();
        let patience = self.alerts.gather.saturating_add(PATIENCE);
        let give_up = later(started, patience.min(tenths(started, deadline, MOST_TENTHS)));
        for _ in 0..MOST_LOOKS {
            let (mut waiting, mut next) = (Vec::new(), Timestamp::MAX);
            for key in keys {
                let told = match self.station.now() < give_up {
                    true => self.take(&key).await,
                    false => Ok(Told::Later(Timestamp::MAX)),
                };
                match told {
                    Ok(Told::Known) => {}
                    Ok(Told::Later(at)) if at <= give_up => {
                        next = next.min(at);
                        waiting.push(key);
                    }
                    Ok(Told::Later(_) | Told::Trouble(_)) => {
                        tracing::info!(subject = key.pk, item = key.sk, "left to the watchdog");
                    }
                    Err(error) => {
                        let error = batch::chain(&error);
                        tracing::warn!(subject = key.pk, item = key.sk, error, "failed; left to the watchdog");
                    }
                }
            }
            if waiting.is_empty() {
                return;
            }
            let now = self.station.now();
            self.station.clock.rest(next.duration_since(now).max(A_MOMENT)).await;
            keys = waiting;
        }
    }

    /// Tells an exception, or does this layer's work on an event, unless that is done.
    pub(crate) async fn take(&self, key: &Key) -> Result<Told, Failure> {
        if key.sk.starts_with("exception#") {
            return self.tell_key(key).await;
        }
        self.station.take(&Events(&self.station), key).await?;
        Ok(Told::Known)
    }

    /// Gives an event to a layer: by its queue, and to this one at once.
    pub(crate) async fn give(&self, layer: Layer, key: &Key) -> Result<(), Failure> {
        match layer.has_queue() {
            true => Ok(self.station.queue.send(layer, key, SignedDuration::ZERO).await?),
            false => self.take(key).await.map(drop),
        }
    }
}
