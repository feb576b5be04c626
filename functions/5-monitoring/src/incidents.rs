//! Incidents, at a receiver that keeps one open until it hears that it is over (PagerDuty).
//!
//! An alert opens one, and each exception that it tells of remembers which. It is over when none of these stands any more, healed or
//! closed by a person; a round of the watchdog says so. A resolved exception stays in the index of what is open until then, so that
//! a receiver that does not answer is asked again in the next round. Twice is once: an incident that is over stays so.

use std::collections::BTreeSet;

use domain::effect::EffectKey;
use domain::exception::{Exception, Life};
use lambda::{Clock, Queue};
use ledger::{LedgerError, Table};
use mailer::SendMail;

use crate::Monitoring;
use crate::channel::Channel;
use crate::queues::Queues;
use crate::round::Round;
use crate::webhook::Webhook;

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// The incident that an alert under this effect of `first` opens; `None` where the channel keeps none.
    pub(crate) fn incident(&self, channel: Channel, first: &Exception, key: &EffectKey) -> Option<String> {
        (channel == Channel::Webhook && self.keeper().is_some()).then(|| key.hash(&first.subject))
    }

    fn keeper(&self) -> Option<&Webhook> {
        self.alerts.webhook.as_ref().filter(|webhook| webhook.keeps_incidents())
    }

    /// Says of each incident of which nothing stands any more that it is over. `listed`: the index of what is open.
    pub(crate) async fn close_incidents(&self, round: &Round, listed: &[Exception]) -> Result<(), LedgerError> {
        let (over, standing): (Vec<_>, Vec<_>) = listed.iter().partition(|exception| exception.state == Life::Resolved);
        let standing: BTreeSet<&String> = standing.iter().flat_map(|exception| &exception.incidents).collect();
        let until = round.share(self.station.now(), 1);
        let mut said = BTreeSet::new();
        for (exception, incident) in over.iter().flat_map(|over| over.incidents.iter().map(move |one| (over, one))) {
            if standing.contains(incident) {
                continue;
            }
            if self.station.now() >= until {
                break;
            }
            // A receiver that is not set up any more hears nothing, and nothing is kept for it.
            if let Some(webhook) = self.keeper().filter(|_| !said.contains(incident)) {
                if let Err(trouble) = webhook.resolve(incident, self.station.now()).await {
                    tracing::warn!(exception.id = exception.id, why = %trouble, "an incident that is over stays open");
                    break;
                }
                tracing::info!(exception.id = exception.id, incident, "an incident is over");
                said.insert(incident);
            }
            self.station.ledger.incident_over(exception, incident).await?;
        }
        Ok(())
    }
}
