//! Layers that the owner has paused, so that waiting is not taken for being lost, and a pause is not forgotten.

use domain::Timestamp;
use domain::handoff::Layer;
use domain::subject::Subject;

use crate::row::{PauseRow, Row};
use crate::{Ledger, LedgerError, Table};

/// A layer that is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    pub layer: Layer,
    pub since: Timestamp,
}

impl<T: Table> Ledger<T> {
    /// Marks a layer as paused. (`make pause` writes the same item.)
    pub async fn pause(&self, store: &Subject, layer: Layer, since: Timestamp) -> Result<(), LedgerError> {
        let (pk, sk, since) = (store.to_string(), format!("pause#{layer}"), since.as_second());
        self.table.put_new(&Row::Pause(PauseRow { pk, sk, layer: layer.as_str().to_owned(), since })).await?;
        Ok(())
    }

    /// The layers the owner has paused.
    pub async fn paused(&self, store: &Subject) -> Result<Vec<Layer>, LedgerError> {
        Ok(self.pauses(store).await?.into_iter().map(|pause| pause.layer).collect())
    }

    /// The same, with since when.
    pub async fn pauses(&self, store: &Subject) -> Result<Vec<Pause>, LedgerError> {
        let rows = self.table.partition(&store.to_string(), "pause#").await?;
        let pauses = rows.into_iter().filter_map(|row| match row {
            Row::Pause(row) => {
                let since = Timestamp::from_second(row.since).unwrap_or(Timestamp::UNIX_EPOCH);
                Some(Pause { layer: row.layer.parse().ok()?, since })
            }
            _ => None,
        });
        Ok(pauses.collect())
    }
}
