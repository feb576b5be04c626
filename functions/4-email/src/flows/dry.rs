//! What would happen to an event now, without anything happening: nothing is claimed, marked, armed or sent.

use domain::Timestamp;
use domain::effect::{EffectKey, State};
use domain::flow::{Decision, Flow, Step, Timer, decide};
use domain::subject::Subject;
use lambda::{Clock, Failure, Key, Queue};
use ledger::Table;
use mailer::ReadAccount;
use serde::{Deserialize, Serialize};

use super::due::kind_of;
use super::seen::Look;
use super::{timers, trigger_of};
use crate::{Email, Shop};

/// `{"dry_run": [{"pk": "checkout#…", "sk": "event#…"}]}`: the events to try.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dry {
    pub dry_run: Vec<Key>,
}

/// What one step would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub subject: String,
    pub flow: String,
    pub step: u8,
    pub mail: String,
    pub due: Timestamp,
    /// `due later`; or what would be done about it now: `send`, `skip: …`, `later: …`; or what has been: `sent already`, or why not.
    pub what: String,
}

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
    M: ReadAccount,
{
    /// What the flows would do because of these events. Events that start none bring no line.
    pub async fn dry_run(&self, keys: &[Key]) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::new();
        for key in keys {
            let Ok(key) = key.event() else { continue };
            let Some(stored) = self.station.ledger.event(&key).await? else { continue };
            let Some(trigger) = trigger_of(&stored.event) else { continue };
            for flow in self.flows.started_by(trigger) {
                for (timer, step) in timers(flow, &stored.event) {
                    lines.push(self.line(&stored.event.subject, &timer, flow, step).await?);
                }
            }
        }
        Ok(lines)
    }

    async fn line(&self, subject: &Subject, timer: &Timer, flow: &Flow, step: &Step) -> Result<Line, Failure> {
        let due = timer.since.checked_add(step.delay).unwrap_or(Timestamp::MAX);
        let what = if let Some(over) = self.over(subject, timer).await? {
            over
        } else if due > self.station.now() {
            "due later".to_owned()
        } else {
            match self.look(subject, timer, flow, step, None).await? {
                Look::NoAnswer(trouble) => format!("the store does not answer: {trouble}"),
                Look::Seen(seen) => {
                    match decide(flow, step, &self.flows.limits, &seen.situation(&self.zones_of(&seen))) {
                        Decision::Send => "send".to_owned(),
                        Decision::Skip(skip) => skip.to_string(),
                        Decision::Later(until, why) => format!("later: {why}, until {until}"),
                    }
                }
            }
        };
        Ok(Line {
            subject: subject.slug(),
            flow: flow.name.clone(),
            step: timer.step,
            mail: step.mail.clone(),
            due,
            what,
        })
    }

    /// What became of the step's mail, where that is over.
    async fn over(&self, subject: &Subject, timer: &Timer) -> Result<Option<String>, Failure> {
        let (key, effects) = (EffectKey::Email(kind_of(timer)), self.station.ledger.journey(subject).await?.effects);
        let state = effects.into_iter().find(|effect| effect.key == key).map(|effect| effect.state);
        Ok(match state {
            Some(State::Done { .. }) => Some("sent already".to_owned()),
            Some(State::Refused { reason }) => Some(reason),
            _ => None,
        })
    }
}
