//! A step's time has come: claim, read the store, decide, send, settle.

use domain::Timestamp;
use domain::effect::{EffectKey, MailKind, State};
use domain::event::Fact;
use domain::exception::What;
use domain::flow::{Decision, Flow, Skip, Step, Timer, decide};
use jiff::SignedDuration;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Lease, Stored, Table};
use mailer::{Letter, ReadAccount, SendMail};

use super::seen::{Bit, Look, Seen};
use super::tally;
use crate::mails::marketing::{self, Item, Marketing};
use crate::post::{Claimed, Turn};
use crate::timers::Timers;
use crate::{Email, Shop};

/// Up to here a message waits in its queue; beyond, a schedule wakes it.
const IN_THE_QUEUE: SignedDuration = SignedDuration::from_mins(15);

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
    M: SendMail + ReadAccount,
    W: Timers,
{
    /// The step that this event names.
    pub(crate) async fn flow_due(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let Some(timer) = timer_of(stored) else { return Ok(Outcome::done()) };
        let Some((flow, step)) = self.flows.get(&timer.flow).and_then(|flow| Some((flow, flow.step(timer.step)?)))
        else {
            tracing::info!(flow = timer.flow, step = timer.step, "the step is no longer in flows.toml");
            return Ok(Outcome::done());
        };
        let kind = kind_of(&timer);
        let (subject, key, now) = (&stored.event.subject, EffectKey::Email(kind.clone()), self.station.now());
        let lease = match self.station.ledger.claim(subject, &key, now, self.station.lease).await? {
            Claim::Ours(lease) => match self.doubt(stored, &kind, lease, now).await? {
                Claimed::Ours(lease) => lease,
                Claimed::Not(turn) => return Ok(outcome(turn)),
            },
            Claim::Done { .. } | Claim::Refused { .. } => return Ok(Outcome::done()),
            Claim::Busy { until } => {
                return Ok(self.come_back(stored, until, "an earlier attempt at this mail has to end"));
            }
            Claim::Waiting { not_before, reason } => return self.again(stored, &timer, not_before, &reason).await,
        };
        let seen = match self.look(subject, &timer, flow, step, Some(&lease.hash())).await? {
            Look::Seen(seen) => *seen,
            Look::NoAnswer(trouble) => return self.store_trouble(stored, Some(lease), trouble).await,
        };
        match decide(flow, step, &self.flows.limits, &seen.situation(&self.zones_of(&seen))) {
            Decision::Skip(skip) => self.skip(stored, flow, lease, skip).await,
            Decision::Later(until, why) => {
                let (reason, state) = (why.to_string(), State::Waiting { not_before: until, reason: why.to_string() });
                self.settle(lease, state, Default::default(), None).await?;
                self.again(stored, &timer, until, &reason).await
            }
            Decision::Send => self.send_step(stored, flow, step, lease, &seen).await,
        }
    }

    /// The step is looked at again then. A schedule that is armed twice is one.
    async fn again(&self, stored: &Stored, timer: &Timer, until: Timestamp, reason: &str) -> Result<Outcome, Failure> {
        if until.duration_since(self.station.now()) <= IN_THE_QUEUE {
            return Ok(self.come_back(stored, until, reason));
        }
        let later = Timer { again: Some(until), ..timer.clone() };
        Ok(self.remind(stored, &later, until).await?.unwrap_or_else(Outcome::done))
    }

    async fn skip(&self, stored: &Stored, flow: &Flow, lease: Lease, skip: Skip) -> Result<Outcome, Failure> {
        let (hash, reason) = (lease.hash(), skip.to_string());
        tracing::info!(subject = %stored.event.subject, flow = flow.name, effect = hash, reason, "a step is left out");
        tally::skipped(self.station, &flow.name, &hash, &reason, self.station.now()).await?;
        self.refuse(lease, &reason).await?;
        Ok(Outcome::done())
    }

    async fn send_step(
        &self,
        stored: &Stored,
        flow: &Flow,
        step: &Step,
        lease: Lease,
        seen: &Seen,
    ) -> Result<Outcome, Failure> {
        let (effect, now) = (lease.hash(), self.station.now());
        let Some(person) = &seen.person else { return self.skip(stored, flow, lease, Skip::NoAddress).await };
        let Some(pages) = &self.sender.pages else {
            let why = "the way out that the law wants in it leads to the storefront, whose address or key is missing";
            self.refuse(lease, why).await?;
            return Ok(Outcome::raise(What::MailRefused { mail: step.mail.clone(), why: why.to_owned() }));
        };
        // The day's place is taken under a condition before the mail goes out: two flows that are due in one second send one mail.
        let zones = self.zones_of(seen);
        if !tally::take_place(self.station, &self.flows.limits, person, &flow.name, &effect, &zones, now).await? {
            return self.skip(stored, flow, lease, Skip::MailedToday).await;
        }
        let out = pages.ways_out(person, &effect, now);
        let about = Marketing {
            first_name: person.first_name.as_deref(),
            lines: &seen.items(),
            total: seen.total,
            button: seen.button.as_deref().unwrap_or(&self.sender.shop),
            unsubscribe: &out.unsubscribe,
            preferences: &out.preferences,
            language: seen.language.as_deref(),
        };
        let look = self.sender.look(None);
        let written = match marketing::write(&step.mail, &about, look) {
            Ok(written) => written,
            Err(why) => {
                let why = why.to_string();
                self.refuse(lease, &why).await?;
                return Ok(Outcome::raise(What::MailRefused { mail: step.mail.clone(), why }));
            }
        };
        let letter = Letter {
            to: person.to.clone(),
            from: self.sender.from.clone(),
            reply_to: self.sender.reply_to.clone(),
            subject: written.subject,
            text: written.text,
            html: Some(written.html),
            about: stored.event.subject.clone(),
            effect: effect.clone(),
            headers: out.headers(),
            flow: Some(flow.name.clone()),
        };
        let turn = self.post(stored, step.mail.clone(), lease, &letter).await?;
        if matches!(turn, Turn::Next) {
            tally::sent(self.station, &flow.name, &effect, now).await?;
        }
        Ok(outcome(turn))
    }
}

/// Nobody waits for an advertisement: what keeps one from going out stands on its effect, and the owner sleeps on.
fn outcome(turn: Turn) -> Outcome {
    match turn {
        Turn::Next | Turn::Told(_) => Outcome::done(),
        Turn::End(outcome) => outcome,
    }
}

/// The timer that this event was.
pub(super) fn timer_of(stored: &Stored) -> Option<Timer> {
    match &stored.event.fact {
        Fact::FlowDue { flow, step, entry, since, again } => Some(Timer {
            subject: stored.event.subject.to_string(),
            flow: flow.clone(),
            step: *step,
            entry: entry.clone(),
            since: *since,
            again: *again,
        }),
        _ => None,
    }
}

pub(super) fn kind_of(timer: &Timer) -> MailKind {
    MailKind::Flow { flow: timer.flow.clone(), step: timer.step, entry: timer.entry.clone() }
}

impl Seen {
    /// What is in the cart, or was in the order.
    pub(super) fn items(&self) -> Vec<Item<'_>> {
        fn item(line: &Bit) -> Item<'_> {
            Item {
                title: &line.title,
                variant: line.variant.as_deref(),
                picture: line.picture.as_deref(),
                quantity: line.quantity,
                price: line.price,
            }
        }
        self.lines.iter().map(item).collect()
    }
}
