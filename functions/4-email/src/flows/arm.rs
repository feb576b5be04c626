//! A fact in, one schedule for each step out.

use anyhow::Context;
use domain::Timestamp;
use domain::effect::{EffectKey, MailKind, State};
use domain::event::{CheckoutEnd, Event, Fact};
use domain::flow::{Timer, Trigger};
use domain::handoff::Layer;
use domain::subject::Subject;
use jiff::SignedDuration;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Stored, Table};
use mailer::SendMail;

use super::timers;
use crate::Email;
use crate::timers::{SCHEDULER, Timers};

/// Nearer than this a schedule is not worth it, and could be over before it exists.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(2);

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    M: SendMail,
    W: Timers,
{
    /// Arms every step of the flows that this fact starts. Doing so again changes nothing.
    pub(crate) async fn arm(&self, stored: &Stored, trigger: Trigger) -> Result<Outcome, Failure> {
        let event = &stored.event;
        let mut flows = self.flows.started_by(trigger).peekable();
        if flows.peek().is_none() {
            return Ok(Outcome::done());
        }
        if trigger == Trigger::CheckoutStarted && !self.begins(event).await? {
            return Ok(Outcome::done());
        }
        for flow in flows {
            super::tally::entered(self.station, flow, &event.subject, self.station.now()).await?;
            for (timer, step) in timers(flow, event) {
                let at = event.time.checked_add(step.delay).unwrap_or(Timestamp::MAX);
                if let Some(outcome) = self.remind(stored, &timer, at).await? {
                    return Ok(outcome);
                }
            }
        }
        Ok(Outcome::done())
    }

    /// A schedule's word: the step is due. From here on it is an event like any other.
    pub(crate) async fn timer(&self, timer: &Timer) -> anyhow::Result<()> {
        let subject: Subject = timer.subject.parse().context("failed to read a timer")?;
        let event = Event {
            subject,
            fact: due(timer),
            source: Layer::Email.as_str().to_owned(),
            time: self.station.now(),
            order_name: None,
        };
        self.station.append_event(&event, None).await.context("failed to append a step that is due")?;
        Ok(())
    }

    /// One entry for each checkout: the first event about it that we know of makes it. An earlier one that comes later makes the
    /// same, under the same names.
    pub(crate) async fn begins(&self, event: &Event) -> Result<bool, Failure> {
        let journey = self.station.ledger.journey(&event.subject).await?;
        let started = journey.events.iter().filter(|event| matches!(event.fact, Fact::CheckoutStarted { .. }));
        Ok(started.min_by_key(|event| (event.time, event.fact.id())).is_none_or(|first| first.key() == event.key()))
    }

    /// The step is looked at again at `at`: at once by an event, later by a schedule. `Some`: the scheduler did not take it.
    pub(crate) async fn remind(
        &self,
        stored: &Stored,
        timer: &Timer,
        at: Timestamp,
    ) -> Result<Option<Outcome>, Failure> {
        if at.duration_since(self.station.now()) <= AT_ONCE {
            self.station.append(Layer::Email, &stored.event, due(timer)).await?;
            return Ok(None);
        }
        match self.timers.arm(timer, at).await {
            Ok(()) => {
                tracing::info!(subject = timer.subject, flow = timer.flow, step = timer.step, %at, "step armed");
                Ok(None)
            }
            Err(trouble) => Ok(Some(self.station.wait_or_raise(stored, Layer::Email, SCHEDULER, trouble))),
        }
    }

    /// The reason is gone: the schedules that are left go away. That spares work; a step whose schedule stays is decided
    /// against when it is due.
    pub(crate) async fn disarm(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let event = &stored.event;
        let trigger = match (&event.subject, &event.fact) {
            // One that expired can be begun again from the mail's link: that is what reminders are for.
            (Subject::Checkout(_), Fact::CheckoutEnded { how: CheckoutEnd::Expired }) => return Ok(Outcome::done()),
            (Subject::Checkout(_), _) => Trigger::CheckoutStarted,
            (Subject::Contact(_), _) => Trigger::Subscribed,
            _ => return Ok(Outcome::done()),
        };
        let journey = self.station.ledger.journey(&event.subject).await?;
        for flow in self.flows.started_by(trigger) {
            let starts = journey.events.iter().filter(|event| super::trigger_of(event) == Some(trigger));
            for (mut timer, _) in starts.flat_map(|start| timers(flow, start)) {
                let kind = MailKind::Flow { flow: flow.name.clone(), step: timer.step, entry: timer.entry.clone() };
                let effect = journey.effects.iter().find(|effect| effect.key == EffectKey::Email(kind.clone()));
                match effect.map(|effect| &effect.state) {
                    Some(State::Done { .. } | State::Refused { .. }) => continue,
                    Some(State::Waiting { not_before, .. }) => timer.again = Some(*not_before),
                    _ => {}
                }
                if let Err(trouble) = self.timers.disarm(&timer.name()).await {
                    return Ok(self.station.wait_or_raise(stored, Layer::Email, SCHEDULER, trouble));
                }
            }
        }
        Ok(Outcome::done())
    }
}

/// The fact that a step is due.
pub(crate) fn due(timer: &Timer) -> Fact {
    Fact::FlowDue {
        flow: timer.flow.clone(),
        step: timer.step,
        entry: timer.entry.clone(),
        since: timer.since,
        again: timer.again,
    }
}
