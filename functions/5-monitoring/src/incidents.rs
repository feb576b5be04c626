//! Incidents, at a receiver that keeps one open until it hears that it is over (PagerDuty).
//!
//! An alert opens one, and before it goes out each exception that it tells of remembers which: whatever becomes of the answer, it is
//! known. It is over when none of these stands any more, healed or closed by a person; a round of the watchdog says so. A resolved
//! exception stays in the index of what is open until then, so that a receiver that does not answer is asked again in the next
//! round. Twice is once, and the end of what never began is nothing. A test alert's incident is its reader's to close.

use std::collections::BTreeSet;

use domain::exception::Exception;
use domain::provider::Trouble;
use lambda::{Clock, Queue};
use ledger::{LedgerError, Table};
use mailer::SendMail;

use crate::Monitoring;
use crate::channel::Channel;
use crate::queues::Queues;
use crate::round::Round;
use crate::webhook::Webhook;

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// An alert about these is about to go out under this effect's hash, which names its incident.
    pub(crate) async fn note_incident(
        &self,
        channel: Channel,
        members: &[Exception],
        effect: &str,
    ) -> Result<(), LedgerError> {
        if channel == Channel::Webhook && self.keeper().is_some() {
            for member in members {
                self.station.ledger.opens_incident(member, effect).await?;
            }
        }
        Ok(())
    }

    fn keeper(&self) -> Option<&Webhook> {
        self.alerts.webhook.as_ref().filter(|webhook| webhook.keeps_incidents())
    }

    /// Says of each incident of which nothing stands any more that it is over. `over` is resolved, `open` is not.
    pub(crate) async fn close_incidents(
        &self,
        round: &Round,
        over: &[Exception],
        open: &[Exception],
    ) -> Result<(), LedgerError> {
        let standing: BTreeSet<&String> = open.iter().flat_map(|exception| &exception.incidents).collect();
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
                match webhook.resolve(incident, self.station.now()).await {
                    Ok(()) => tracing::info!(exception.id = exception.id, incident, "an incident is over"),
                    // A no to this one is no to the others, and will not become a yes.
                    Err(Trouble::Refused { why }) => tracing::warn!(incident, why, "an incident cannot be closed"),
                    Err(trouble) => {
                        tracing::warn!(incident, why = %trouble, "an incident is over, and its receiver did not hear it");
                        break;
                    }
                }
                said.insert(incident);
            }
            self.station.ledger.incident_over(exception, incident).await?;
        }
        Ok(())
    }
}
