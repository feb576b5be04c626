//! The sweep finds what webhooks miss; this finds a sweep that has stopped.

use domain::exception::{Exception, What};
use domain::health::{SWEEP, overdue};
use lambda::{Clock, Queue};
use ledger::{LedgerError, Table};
use mailer::SendMail;

use crate::Monitoring;
use crate::queues::Queues;
use crate::round::Round;

/// The bookmark that stands in for the sweep's own until it has one: when the watchdog first missed it.
const AWAITED: &str = "sweep-awaited";

/// What is swept, in the owner's words.
const SOURCE: &str = "The store";

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Raises the sweep's silence once it is too long, and closes it when the sweep speaks again. A stack that has never swept
    /// counts from the first round that saw it.
    pub(crate) async fn listen_for_the_sweep(&self, round: &mut Round) -> Result<(), LedgerError> {
        if self.silent_hours == 0 {
            return Ok(());
        }
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let since = match ledger.bookmark(store, SWEEP).await? {
            Some(mark) => mark.at,
            None => match ledger.bookmark(store, AWAITED).await? {
                Some(mark) => mark.at,
                None => {
                    ledger.move_bookmark(store, AWAITED, None, "", round.now).await?;
                    round.now
                }
            },
        };
        let hours = overdue(since, round.now, self.silent_hours);
        let what = What::SweepSilent { source: SOURCE.to_owned(), hours: hours.unwrap_or_default() };
        let exception = Exception::raise(store, &what, SWEEP, self.station.now());
        if hours.is_none() {
            return ledger.heal(store, &exception.id, self.station.now()).await;
        }
        if ledger.raise(&exception).await? {
            tracing::warn!(exception.id = exception.id, "exception");
            round.report.raised += 1;
        }
        Ok(())
    }
}
