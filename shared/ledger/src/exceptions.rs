//! Exceptions: raised once per cause, told once on each channel, acknowledged, resolved, and open again when the cause returns.

use domain::Timestamp;
use domain::exception::{Exception, Healed, Life};
use domain::subject::Subject;

use crate::row::{ExceptionRow, Row};
use crate::{Ledger, LedgerError, Table};

const TRIES: u32 = 8;

impl<T: Table> Ledger<T> {
    /// Raises an exception. `true`: it is new, or open again ([`Exception::is_news`]); the owner is to be told.
    pub async fn raise(&self, exception: &Exception) -> Result<bool, LedgerError> {
        let mut in_the_way = self.table.put_new(&Row::Exception(ExceptionRow::from(exception))).await?;
        for _ in 0..TRIES {
            let Some(row) = in_the_way else { return Ok(true) };
            let (old, rev) = read(row)?;
            if !old.is_news(exception) {
                return Ok(false);
            }
            let again = Exception { round: old.round + 1, incidents: old.incidents, ..exception.clone() };
            if self.replace_exception(&again, rev).await? {
                return Ok(true);
            }
            in_the_way = self.get_exception(&exception.subject, &exception.id).await?;
        }
        Err(LedgerError::Contended(exception.id.clone()))
    }

    /// The exception with this id.
    pub async fn exception(&self, subject: &Subject, id: &str) -> Result<Option<Exception>, LedgerError> {
        self.get_exception(subject, id).await?.map(|row| read(row).map(|(exception, _)| exception)).transpose()
    }

    /// The owner was told on that channel: a provider's id for the alert is stored with its effect.
    pub async fn told(&self, exception: &Exception, channel: &str) -> Result<(), LedgerError> {
        self.change_exception(&exception.subject, &exception.id, |now| {
            // One that came back meanwhile is another round, and not told.
            if now.round == exception.round {
                now.told = true;
                now.told_on.insert(channel.to_owned());
            }
        })
        .await
    }

    /// An alert about it is about to open this incident.
    pub async fn opens_incident(&self, exception: &Exception, incident: &str) -> Result<(), LedgerError> {
        self.change_exception(&exception.subject, &exception.id, |now| {
            now.incidents.insert(incident.to_owned());
        })
        .await
    }

    /// The receiver has heard that this incident is over.
    pub async fn incident_over(&self, exception: &Exception, incident: &str) -> Result<(), LedgerError> {
        self.change_exception(&exception.subject, &exception.id, |now| {
            now.incidents.remove(incident);
        })
        .await
    }

    /// The owner has seen that round of it: no digest nags about it any more. It still stands. What stands in the ledger now;
    /// `None`: there is no such exception.
    pub async fn seen(&self, subject: &Subject, id: &str, round: u32) -> Result<Option<Exception>, LedgerError> {
        self.change_exception(subject, id, |now| {
            if now.state == Life::Open && now.round == round {
                now.state = Life::Acknowledged;
            }
        })
        .await?;
        self.exception(subject, id).await
    }

    /// The owner acts on it (a replay). It still stands, and when the cause returns it is another round, told again.
    pub async fn acted_on(&self, subject: &Subject, id: &str) -> Result<(), LedgerError> {
        self.change_exception(subject, id, |now| {
            if now.state != Life::Resolved {
                now.state = Life::Acknowledged;
                now.acted = true;
            }
        })
        .await
    }

    /// Closes an exception because a person says so, or because a person's act has ended it.
    pub async fn resolve(&self, subject: &Subject, id: &str) -> Result<(), LedgerError> {
        self.change_exception(subject, id, |now| now.state = Life::Resolved).await
    }

    /// Closes an exception that ended by itself: the hand-off completed after all. The next digest says so.
    pub async fn heal(&self, subject: &Subject, id: &str, at: Timestamp) -> Result<(), LedgerError> {
        // To the second, as it is stored.
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        self.change_exception(subject, id, |now| {
            if now.state != Life::Resolved {
                now.state = Life::Resolved;
                now.healed = Some(Healed { at, told: false });
            }
        })
        .await
    }

    /// A digest has said that it healed.
    pub async fn healing_told(&self, exception: &Exception) -> Result<(), LedgerError> {
        self.change_exception(&exception.subject, &exception.id, |now| {
            if now.round == exception.round
                && let Some(healed) = &mut now.healed
            {
                healed.told = true;
            }
        })
        .await
    }

    /// All exceptions that are not resolved, oldest first.
    pub async fn open_exceptions(&self) -> Result<Vec<Exception>, LedgerError> {
        let mut listed = self.listed_exceptions().await?;
        listed.retain(|exception| exception.state != Life::Resolved);
        Ok(listed)
    }

    /// All exceptions that are not resolved, those that healed and of which no digest has said so yet, and those with an incident that
    /// is not closed; oldest first.
    pub async fn listed_exceptions(&self) -> Result<Vec<Exception>, LedgerError> {
        let listed = self.table.open().await?.into_iter().map(|row| read(row).map(|(exception, _)| exception));
        let mut listed = listed.collect::<Result<Vec<_>, _>>()?;
        listed.sort_by_cached_key(|exception| (exception.raised, exception.id.clone()));
        Ok(listed)
    }

    async fn get_exception(&self, subject: &Subject, id: &str) -> Result<Option<Row>, LedgerError> {
        Ok(self.table.get(&subject.to_string(), &format!("exception#{id}")).await?)
    }

    async fn change_exception(
        &self,
        subject: &Subject,
        id: &str,
        change: impl Fn(&mut Exception),
    ) -> Result<(), LedgerError> {
        for _ in 0..TRIES {
            let Some(row) = self.get_exception(subject, id).await? else { return Ok(()) };
            let (before, rev) = read(row)?;
            let mut after = before.clone();
            change(&mut after);
            if after == before || self.replace_exception(&after, rev).await? {
                return Ok(());
            }
        }
        Err(LedgerError::Contended(id.to_owned()))
    }

    async fn replace_exception(&self, exception: &Exception, before: u64) -> Result<bool, LedgerError> {
        let row = ExceptionRow { rev: before + 1, ..ExceptionRow::from(exception) };
        Ok(self.table.replace(&Row::Exception(row), before).await?)
    }
}

fn read(row: Row) -> Result<(Exception, u64), LedgerError> {
    match row {
        Row::Exception(row) => Ok((row.exception()?, row.rev)),
        other => {
            let (pk, sk) = other.key();
            Err(LedgerError::Row { key: format!("{pk} {sk}"), why: "not an exception".to_owned() })
        }
    }
}
