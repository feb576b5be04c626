//! What would happen to an event now, without anything happening: nothing is claimed, marked, armed or sent.

use domain::Timestamp;
use domain::flow::{Decision, Flow, Step, Timer, decide};
use domain::subject::Subject;
use lambda::{Clock, Failure, Key, Queue};
use ledger::Table;
use mailer::ReadAccount;
use serde::{Deserialize, Serialize};

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
    /// `due later`; or what would be done if it were due now: `send`, `skip: …`, `later: …`.
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
        let what = if due > self.station.now() {
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
}
