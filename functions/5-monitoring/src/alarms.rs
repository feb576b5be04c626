//! CloudWatch's alarms, in the owner's words.
//!
//! An alarm that goes on is an exception of its own each time; the same news delivered twice is not. One that goes off closes
//! what it opened. It is told from here, not by way of the stream.

use domain::exception::{Exception, Life, What};
use domain::handoff::Layer;
use lambda::{Clock, Queue};
use ledger::Table;
use mailer::SendMail;
use serde::Deserialize;

use crate::incoming::Notice;
use crate::queues::Queues;
use crate::{Error, Monitoring};

/// CloudWatch's message, as far as it is of use here. A composite alarm has these too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    pub alarm_name: String,
    #[serde(default)]
    pub alarm_description: Option<String>,
    /// `ALARM`, `OK` or `INSUFFICIENT_DATA`.
    pub new_state_value: String,
    #[serde(default)]
    pub new_state_reason: Option<String>,
    #[serde(default)]
    pub state_change_time: String,
}

impl Change {
    fn what(&self) -> What {
        let words = [&self.alarm_description, &self.new_state_reason].into_iter().flatten();
        let description = words.map(|text| text.trim()).find(|text| !text.is_empty()).unwrap_or_default();
        What::Alarm { name: self.alarm_name.clone(), description: description.to_owned() }
    }
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Takes one message of the alarm topic. One that is not an alarm's is told like an alarm: somebody meant to say something.
    pub(crate) async fn hear(&self, notice: &Notice) -> Result<(), Error> {
        let Ok(change) = serde_json::from_str::<Change>(&notice.message) else {
            let description = "The alarm topic carried a message that is not an alarm's.".to_owned();
            let what = What::Alarm { name: format!("message {}", notice.message_id), description };
            return self.alarm_on(&what, &notice.message_id).await;
        };
        match change.new_state_value.as_str() {
            "ALARM" => {
                let cause = format!("{} {}", change.alarm_name, change.state_change_time);
                self.alarm_on(&change.what(), &cause).await
            }
            "OK" => self.alarm_off(&change).await,
            // Too little data is no news by itself: an alarm for which silence is bad says so by going on.
            _ => Ok(()),
        }
    }

    async fn alarm_on(&self, what: &What, cause: &str) -> Result<(), Error> {
        let ledger = &self.station.ledger;
        let exception = Exception::raise(&self.station.store, what, cause, self.station.now());
        // The cause holds the time of the change: one that is closed is old news, delivered again.
        let known = ledger.exception(&exception.subject, &exception.id).await?;
        if known.as_ref().is_some_and(|known| known.state != Life::Open) {
            return Ok(());
        }
        if ledger.raise(&exception).await? {
            tracing::warn!(exception.id = exception.id, "exception");
        }
        // If this does not succeed, or not yet, the watchdog tells it.
        if !ledger.paused(&self.station.store).await?.contains(&Layer::Monitoring) {
            self.tell(&known.unwrap_or(exception)).await?;
        }
        Ok(())
    }

    async fn alarm_off(&self, change: &Change) -> Result<(), Error> {
        // The words before the description name the alarm, and nothing else does.
        let named = What::Alarm { name: change.alarm_name.clone(), description: String::new() }.to_string();
        for exception in self.station.ledger.open_exceptions().await? {
            let this = exception.subject == self.station.store && exception.what == "alarm";
            if this && exception.reason.starts_with(&named) {
                self.station.ledger.heal(&exception.subject, &exception.id, self.station.now()).await?;
                tracing::info!(exception.id = exception.id, "the alarm is off");
            }
        }
        Ok(())
    }
}
