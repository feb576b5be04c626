//! The watchdog: one round as of a moment, which need not be this one.
//!
//! A round looks at what is due, at what lies dead and at what is open; it acts, publishes its totals and ends. It never
//! waits, and each thing is looked at once, so that a round as of any moment comes to its end. What it does is the same
//! however often it is done.
//!
//! Most rounds of most stores find nothing late and nothing open. Such a round reads the two indexes and no more: **stock** (what lies
//! in the queues, whether the sweep speaks) is taken in a round that finds something, and every quarter of an hour. A dead letter is
//! a pointer to something that is owed, so whatever lies there is found late by then.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::event::{Event, EventKey, Fact};
use domain::exception::{Exception, What};
use domain::handoff::{Layer, Owed, Wait};
use domain::quiet::parcel_of;
use domain::subject::Subject;
use domain::watch::{Action, Case, look};
use jiff::SignedDuration;
use lambda::{Clock, Failure, Key, Queue};
use ledger::{DueEvent, Journey, LedgerError, MOST_AT_ONCE, Passed, Stored, Table, Watermark};
use mailer::SendMail;

use crate::dead_letters::Dead;
use crate::post::later;
use crate::queues::Queues;
use crate::round::{Report, Round};
use crate::{Error, Monitoring};

/// A parcel of a silent carrier is looked at again after so long.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// Seconds after which stock is taken though nothing is late or open.
const STOCK_EVERY: i64 = 900;
/// Keys read at a time from each shard of the index.
const PAGE: u16 = 200;
/// What the watermark left behind is looked at before anything else.
const LEFT_BEHIND: i64 = i64::MIN;

/// What may be one parcel's share of a whole carrier's silence.
fn silenced(what: &What) -> Option<Wait> {
    match what {
        What::LateParcel { wait: wait @ (Wait::FirstScan | Wait::TrackingAlive), .. } => Some(*wait),
        _ => None,
    }
}

/// What an event still owes after a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    /// At a later moment.
    Later,
    /// By now, under a name that only a newer version knows.
    Unknown,
}

fn left(stored: &Stored, settled: &[Owed], now: Timestamp) -> Left {
    if stored.owes_unknown_by(now) {
        Left::Unknown
    } else if stored.owes.keys().all(|owed| settled.contains(owed)) {
        Left::Nothing
    } else {
        Left::Later
    }
}

/// What is known of the subject that was looked at last: what is due of one order is looked at in one go.
#[derive(Debug, Default)]
struct LastSubject(Option<(Subject, Journey)>);

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// One round as of `now`. The parts do not depend on each other: one that fails leaves the others their turn.
    pub async fn round(&self, now: Timestamp, deadline: Timestamp) -> Result<Report, Error> {
        let mut round = Round::new(now, self.station.now(), deadline);
        let (mut stock, mut silence) = (Ok(()), Ok(()));
        if self.remembered.stock.is_over(round.now, STOCK_EVERY) {
            stock = self.take_stock(&mut round).await;
            silence = self.listen_for_the_sweep(&mut round).await;
        }
        // Before what is due, so that one matter is not told as many.
        let carriers = self.listen_to_carriers(&mut round).await;
        let due = self.look_at_due(&mut round).await;
        let open = self.review(&mut round).await;
        let line = match round.busy || round.dead.is_some() {
            true => self.measure_the_lines(&mut round).await,
            false => Ok(()),
        };
        let channels = self.watch_channels(&mut round).await;
        let digest = self.digest(&mut round).await;
        let blind = round.blind.take();
        let looked = stock.is_ok() && blind.is_none() && silence.is_ok() && carriers.is_ok() && due.is_ok();
        round.totals.finished = looked && open.is_ok() && line.is_ok() && channels.is_ok() && digest.is_ok();
        round.totals.publish(&self.stack, now);
        tracing::info!(report = ?round.report, totals = ?round.totals, "round");
        if let Some(blind) = blind {
            return Err(blind);
        }
        stock?;
        silence?;
        carriers?;
        due?;
        open?;
        line?;
        channels?;
        digest?;
        if round.report.failed > 0 { Err(Error::Partly(round.report.failed)) } else { Ok(round.report) }
    }

    /// Which layers are paused, and what lies in the queues: before anything is said to be late, since what a layer has put aside is
    /// not sent to it again and again. An error: nothing is known of the pauses, so nothing may be said to be late.
    pub(crate) async fn take_stock(&self, round: &mut Round) -> Result<(), LedgerError> {
        if round.dead.is_some() {
            return Ok(());
        }
        round.paused = self.station.ledger.paused(&self.station.store).await?;
        match self.dead_letters(round).await {
            Ok(dead) => {
                round.dead = Some(dead);
                self.remembered.stock.note(round.now);
            }
            Err(error) => (round.dead, round.blind) = (Some(Dead::default()), Some(error)),
        }
        Ok(())
    }

    /// The lines of orders that wait for their turn at a partner: nothing is wrong with them, and the owner may want to know how long
    /// they are.
    pub(crate) async fn measure_the_lines(&self, round: &mut Round) -> Result<(), LedgerError> {
        let line = self.station.ledger.longest_line(&self.station.store, round.now).await?;
        round.totals.partner_line = u64::try_from(line.as_secs()).ok();
        Ok(())
    }

    /// Everything that is due by the round's moment, from the watermark on; then the watermark passes what owes nothing any more.
    async fn look_at_due(&self, round: &mut Round) -> Result<(), LedgerError> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let watermark = match self.remembered.watermark() {
            Some(watermark) => watermark,
            None => ledger.watermark(store).await?,
        };
        if round.now.as_second() < watermark.to {
            // A round as of the past: what was due by then is dealt with. What was left behind is looked at as of now only, or it
            // would seem to be owed later, and be forgotten.
            return Ok(());
        }
        let until = round.share(self.station.now(), 3);
        let mut limit = Watermark::limit(round.now, self.station.now());
        let mut walk = watermark.walk(round.now);
        let mut last = LastSubject::default();
        let (mut failed, mut oldest) = (Vec::new(), None);
        let mut entries: Vec<DueEvent> =
            watermark.left.iter().map(|key| DueEvent { at: LEFT_BEHIND, key: key.clone() }).collect();
        if entries.is_empty() {
            entries = ledger.next_due(&mut walk, PAGE).await?;
        }
        round.busy = !entries.is_empty();
        let mut owing = BTreeSet::new();
        'round: while !entries.is_empty() {
            for (n, due) in entries.iter().enumerate() {
                if n % MOST_AT_ONCE == 0 {
                    owing = self.may_owe(&entries[n..entries.len().min(n + MOST_AT_ONCE)]).await;
                }
                if self.station.now() >= until {
                    // The next round goes on here, and with what was left behind before.
                    limit = limit.min(due.at).min(walk.reached());
                    failed.extend(entries[n..].iter().filter(|due| due.at == LEFT_BEHIND).cloned());
                    break 'round;
                }
                let left = match owing.contains(&due.key) {
                    false => Ok(Left::Nothing),
                    true => self.look_at(round, &mut last, &due.key).await,
                };
                match left {
                    Ok(Left::Nothing) if due.at == LEFT_BEHIND => {}
                    Ok(Left::Nothing) => {
                        oldest = Some(oldest.map_or(due.at, |oldest: i64| oldest.min(due.at)));
                        self.settled.note(due.clone(), self.station.now());
                    }
                    Ok(Left::Later) => {}
                    Ok(Left::Unknown) => failed.push(due.clone()),
                    Err(error) => {
                        round.failed(&due.key.to_string(), &error);
                        failed.push(due.clone());
                    }
                }
            }
            entries = ledger.next_due(&mut walk, PAGE).await?;
        }
        let passed = ledger.pass(store, &watermark, oldest, &failed, limit, self.station.now()).await?;
        if passed != Passed::Overtaken {
            self.settled.forget_before(limit);
        }
        if passed == Passed::Nothing {
            self.remembered.keep(watermark);
        }
        Ok(())
    }

    /// Those of the entries that are worth a look: most stand in the index only because nobody takes out what has been dealt with.
    async fn may_owe(&self, entries: &[DueEvent]) -> BTreeSet<EventKey> {
        let keys = entries.iter().filter(|due| !self.settled.knows(due)).map(|due| due.key.clone());
        let keys: Vec<EventKey> = keys.collect();
        match self.station.ledger.owing_of(&keys).await {
            Ok(owing) => owing,
            // One of them cannot be read, or the table is busy: each is looked at by itself, and the log says which it was.
            Err(_) => keys.into_iter().collect(),
        }
    }

    async fn look_at(&self, round: &mut Round, last: &mut LastSubject, key: &EventKey) -> Result<Left, Failure> {
        let ledger = &self.station.ledger;
        let Some(stored) = ledger.event(key).await?.filter(|stored| !stored.owes_nothing()) else {
            return Ok(Left::Nothing);
        };
        if !stored.owes_by(round.now) {
            // It has been put off; the index lags behind.
            return Ok(Left::Later);
        }
        round.report.due += 1;
        self.take_stock(round).await?;
        let waits_due = stored.owes.iter().any(|(owed, due)| matches!(owed, Owed::Wait(_)) && *due <= round.now);
        let nothing = Journey::default();
        let known = if waits_due { self.known_of(last, &key.subject).await? } else { &nothing };
        let events = known.events.as_slice();
        let paused = round.paused.clone();
        let case = Case {
            event: &stored.event,
            owes: &stored.owes,
            waits: &stored.waits,
            events,
            effects: &known.effects,
            last_words: &known.last_words,
            paused: &paused,
        };
        let carrier = parcel_of(&stored.event, events).and_then(|parcel| parcel.lane.carrier);
        let message = Key::from(key);
        let mut settled = Vec::new();
        let (mut grouped, mut said, mut ours) = (Vec::new(), false, false);
        for action in look(&case, round.now, &self.station.deadlines) {
            match action {
                Action::Strike(owed) if grouped.contains(&owed) => {}
                Action::Strike(owed) => settled.push(owed),
                // Put aside after several crashes: told as such, and run again when a person says so.
                Action::SendAgain(layer) if round.holds(layer, key) => {}
                Action::Raise(What::NotTaken { layer, .. }) if round.holds(layer, key) => {}
                // Our own comes last: what it fails on has been raised and put off by then.
                Action::SendAgain(layer) if !layer.has_queue() => ours = true,
                Action::SendAgain(layer) => {
                    self.give(layer, &message).await?;
                    tracing::warn!(subject = message.pk, event = message.sk, layer = layer.as_str(), "sent again");
                    round.report.sent_again += 1;
                }
                Action::Raise(what) => match (silenced(&what), &carrier) {
                    (Some(wait), Some(carrier)) if self.is_silent(round, carrier).await? => {
                        let owed = Owed::Wait(wait);
                        self.look_again(&stored, owed, later(round.now, A_DAY)).await?;
                        grouped.push(owed);
                    }
                    _ => self.raise(round, &stored, &what).await?,
                },
                Action::CustomerWaits { since } => {
                    self.station
                        .append(Layer::Monitoring, &stored.event, Fact::CustomerWaits { since: since.0 })
                        .await?;
                    round.report.waiting += 1;
                    said = true;
                }
                Action::Open(wait, at) => ledger.open_wait(&stored, wait, at.max(self.station.now())).await?,
                Action::Postpone(owed, at) => self.look_again(&stored, owed, at).await?,
            }
        }
        let left = left(&stored, &settled, round.now);
        if !settled.is_empty() {
            // Last: what was raised about it is durable now.
            ledger.acknowledge(&stored, &settled).await?;
            round.report.struck_off += u32::try_from(settled.len()).unwrap_or(u32::MAX);
        }
        if ours {
            self.give(Layer::Monitoring, &message).await?;
            tracing::info!(subject = message.pk, event = message.sk, "taken by the watchdog");
        }
        if said {
            // What was just said puts off what else is due of this order.
            last.0 = None;
        }
        Ok(left)
    }

    /// Looked at again then, and never earlier than now: a round as of the past must not owe anything behind the watermark.
    async fn look_again(&self, stored: &Stored, owed: Owed, at: Timestamp) -> Result<(), LedgerError> {
        self.station.ledger.postpone(stored, owed, at.max(self.station.now())).await
    }

    async fn known_of<'a>(&self, last: &'a mut LastSubject, subject: &Subject) -> Result<&'a Journey, LedgerError> {
        let journey = match last.0.take() {
            Some((known, journey)) if known == *subject => journey,
            _ => self.station.ledger.journey(subject).await?,
        };
        Ok(&last.0.insert((subject.clone(), journey)).1)
    }

    /// Raises an exception about an event, once per kind, layer and event: two layers can be late with the same one.
    pub(crate) async fn raise(&self, round: &mut Round, stored: &Stored, what: &What) -> Result<(), LedgerError> {
        let exception = self.about_event(&stored.event, what);
        if self.station.ledger.raise(&exception).await? {
            tracing::warn!(exception.id = exception.id, "exception");
            round.report.raised += 1;
        }
        self.station.ledger.flag(stored).await
    }

    /// What the watchdog raises about an event, as it is when raised.
    pub(crate) fn about_event(&self, event: &Event, what: &What) -> Exception {
        let cause = format!("{} {}", what.layer(), event.fact.id());
        Exception::raise(&event.subject, what, &cause, self.station.now()).about(event)
    }
}
