//! Open exceptions, once a round: the untold are told, and what has settled by itself is closed.
//!
//! A layer that finishes an event closes what was raised about the two. What this closes is the rest: longer waits that ended
//! late, holds that ended with a cancellation, and what was raised in the very moment in which the layer finished.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{EventId, EventKey, Fact};
use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Wait, arrived, settled};
use domain::subject::Subject;
use domain::watch::WaitReason;
use jiff::SignedDuration;
use lambda::{Clock, Failure, Queue};
use ledger::{LedgerError, Stored, Table};
use mailer::SendMail;

use crate::Monitoring;
use crate::channel::Channel;
use crate::post::later;
use crate::queues::{Line, Queues};
use crate::round::Round;
use crate::tell::{Told, is_known};

/// The stream tells an exception within seconds; one that is still untold after this is told here.
const TELLS_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// What the review makes of one exception that is open.
enum Finding {
    /// It stands.
    Stands,
    /// It stands, and the layer it names has had the event for that long without taking it.
    Unconsumed(SignedDuration),
    /// What it was about has settled.
    Settled,
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Goes through everything that is open, oldest first.
    pub(crate) async fn review(&self, round: &mut Round) -> Result<(), LedgerError> {
        let listed = self.station.ledger.listed_exceptions().await?;
        let (over, open): (Vec<_>, Vec<_>) = listed.into_iter().partition(|e| e.state == Life::Resolved);
        round.totals.open = u64::try_from(open.len()).ok();
        if !open.is_empty() {
            self.take_stock(round).await?;
        }
        round.totals.untold = Some(self.tell_the_untold(round, &open).await);
        self.watch_failures(round, &open).await?;
        if let Err(error) = self.close_incidents(round, &over, &open).await {
            round.failed("incidents", &error);
        }
        let mut oldest = SignedDuration::ZERO;
        let until = round.share(self.station.now(), 1);
        for exception in &open {
            if self.station.now() >= until {
                break;
            }
            match self.find(round, exception).await {
                Ok(Finding::Stands) => {}
                Ok(Finding::Unconsumed(age)) => oldest = oldest.max(age),
                Ok(Finding::Settled) => {
                    self.station.ledger.heal(&exception.subject, &exception.id, self.station.now()).await?;
                    tracing::info!(exception.id = exception.id, "settled by itself; closed");
                    round.report.closed += 1;
                }
                Err(error) => round.failed(&exception.id, &error),
            }
        }
        round.totals.oldest_unconsumed = u64::try_from(oldest.as_secs()).ok();
        Ok(())
    }

    /// Tells what should have been told by now; how many the owner still does not know of by any channel.
    async fn tell_the_untold(&self, round: &mut Round, open: &[Exception]) -> u64 {
        let overdue = |e: &&Exception| e.state == Life::Open && later(e.raised, TELLS_AFTER) <= round.now;
        let overdue: Vec<&Exception> = open.iter().filter(overdue).collect();
        let mut told = BTreeSet::new();
        let paused = round.paused.contains(&Layer::Monitoring);
        for channel in self.channels().into_iter().filter(|_| !paused) {
            told.extend(self.tell_overdue(round, channel, &overdue).await);
        }
        let untold: Vec<_> = overdue.iter().filter(|e| !e.told).map(|e| &e.id).collect();
        let left = untold.iter().filter(|id| !told.contains(**id)).count();
        round.report.told += u32::try_from(untold.len() - left).unwrap_or(u32::MAX);
        u64::try_from(left).unwrap_or(u64::MAX)
    }

    /// One call for each group, since whoever is told of one is told of all that are overdue with it; the ids of those.
    async fn tell_overdue(&self, round: &mut Round, channel: Channel, overdue: &[&Exception]) -> BTreeSet<String> {
        let mut groups: BTreeMap<String, Vec<&Exception>> = BTreeMap::new();
        for exception in overdue.iter().filter(|exception| !is_known(exception, channel)) {
            let alone = matches!(exception.subject, Subject::Store(_));
            let group = if alone { exception.id.clone() } else { exception.group() };
            groups.entry(group).or_default().push(exception);
        }
        let mut told = BTreeSet::new();
        let until = round.share(self.station.now(), 1);
        for members in groups.values() {
            let Some(first) = members.first() else { continue };
            if self.station.now() >= until {
                break;
            }
            match self.tell_on(channel, first, round.now).await {
                Ok(Told::Known) => told.extend(members.iter().map(|member| member.id.clone())),
                Ok(Told::Later(_)) => {}
                // It would not take the others either; the next round asks again.
                Ok(Told::Trouble(_)) => break,
                Err(error) => round.failed(&first.id, &error),
            }
        }
        told
    }

    async fn find(&self, round: &Round, exception: &Exception) -> Result<Finding, Failure> {
        let Some(id) = &exception.event else {
            return Ok(nameless(round, exception));
        };
        let key = EventKey { subject: exception.subject.clone(), id: EventId(id.clone()) };
        if let Some(wait) = late_with(&exception.what) {
            let Some(stored) = self.station.ledger.event(&key).await? else {
                return Ok(Finding::Settled);
            };
            let journey = self.station.ledger.journey(&exception.subject).await?;
            return Ok(closed_if(settled(wait, &stored.event, &journey.events)));
        }
        Ok(match exception.what.as_str() {
            "not-taken" | "unreachable" | "dead-letter" => match self.station.ledger.event(&key).await? {
                Some(stored) if stored.owed_by(exception.layer) => self.unconsumed(round, exception, &stored),
                _ => Finding::Settled,
            },
            // It came after all.
            "parcel-trouble" => {
                let Some(stored) = self.station.ledger.event(&key).await? else { return Ok(Finding::Settled) };
                let journey = self.station.ledger.journey(&exception.subject).await?;
                closed_if(arrived(&stored.event, &journey.events))
            }
            // The owner has decided in the store, or a later look has cleared it.
            "held" => {
                let journey = self.station.ledger.journey(&exception.subject).await?;
                closed_if(journey.events.iter().any(|event| match event.fact {
                    Fact::OrderCancelled { .. } => true,
                    Fact::OrderCleared {} => event.time > exception.raised,
                    _ => false,
                }))
            }
            _ => Finding::Stands,
        })
    }

    fn unconsumed(&self, round: &Round, exception: &Exception, stored: &Stored) -> Finding {
        // A layer that says what it waits for has taken the event.
        let waits = stored.waits.get(&exception.layer).is_some_and(|wait| match wait.reason {
            WaitReason::Outage { .. } => true,
            WaitReason::Pace(_) => wait.until > round.now,
        });
        if exception.what != "not-taken" || waits || round.paused.contains(&exception.layer) {
            return Finding::Stands;
        }
        // It was raised when the deadline was over.
        let deadline = SignedDuration::from_secs(self.station.deadlines.layer);
        Finding::Unconsumed(round.now.duration_since(exception.raised).saturating_add(deadline))
    }
}

fn closed_if(settled: bool) -> Finding {
    if settled { Finding::Settled } else { Finding::Stands }
}

/// An exception about a dead letter without an event is over when nothing lies in that queue any more.
fn nameless(round: &Round, exception: &Exception) -> Finding {
    let line = match exception.what.as_str() {
        "dead-letter" => Line::Dead(exception.layer),
        "stream-dead-letter" => Line::RelayFailures,
        _ => return Finding::Stands,
    };
    // Told first: what is over before the owner heard of it is still worth hearing.
    closed_if(exception.told && round.empty.contains(&line))
}

fn late_with(what: &str) -> Option<Wait> {
    Wait::ALL.into_iter().find(|wait| What::Late(*wait).slug() == what)
}
