//! Marks: what is only counted. Which orders were lately seen with the same mail address, street, card or network address; which
//! mails somebody got, and what came of them.
//!
//! A mark holds hashes and an order's number, never a person's data, and goes away by itself after its window.

use domain::Timestamp;
use domain::subject::OrderId;
use jiff::SignedDuration;

use crate::row::{MarkRow, Row};
use crate::{Ledger, LedgerError, Table};

impl<T: Table> Ledger<T> {
    /// Marks `order` under (`kind`, `hash`) and counts the different orders marked so within `window` before `now`, this one
    /// included. Marking twice counts once, under the time of the first mark.
    pub async fn mark(
        &self,
        kind: &str,
        hash: &str,
        order: OrderId,
        now: Timestamp,
        window: SignedDuration,
    ) -> Result<u32, LedgerError> {
        let pk = format!("mark#{kind}#{hash}");
        let row = MarkRow {
            pk: pk.clone(),
            sk: format!("order#{order}"),
            at: now.as_second(),
            expires: now.as_second().saturating_add(window.as_secs()),
            note: None,
        };
        self.table.put_new(&Row::Mark(row)).await?;
        let oldest = now.as_second().saturating_sub(window.as_secs());
        let rows = self.table.partition(&pk, "order#").await?;
        // Expired rows stay readable for a while until the table removes them.
        let within = rows.iter().filter(|row| matches!(row, Row::Mark(mark) if mark.at >= oldest)).count();
        Ok(u32::try_from(within).unwrap_or(u32::MAX))
    }

    /// Makes the mark `name` under `about`, once: the note of the mark that stands then, which is another's if another was first.
    pub async fn mark_once(
        &self,
        about: &str,
        name: &str,
        note: &str,
        now: Timestamp,
        keep: SignedDuration,
    ) -> Result<String, LedgerError> {
        let row = MarkRow {
            pk: format!("mark#{about}"),
            sk: name.to_owned(),
            at: now.as_second(),
            expires: now.as_second().saturating_add(keep.as_secs()),
            note: Some(note.to_owned()),
        };
        Ok(match self.table.put_new(&Row::Mark(row)).await? {
            Some(Row::Mark(first)) => first.note.unwrap_or_default(),
            _ => note.to_owned(),
        })
    }

    /// The marks under `about` whose names begin with `prefix`.
    pub async fn marks(&self, about: &str, prefix: &str) -> Result<Vec<Mark>, LedgerError> {
        let rows = self.table.partition(&format!("mark#{about}"), prefix).await?;
        let marks = rows.into_iter().filter_map(|row| match row {
            Row::Mark(row) => Some(Mark {
                at: Timestamp::from_second(row.at).unwrap_or(Timestamp::MAX),
                name: row.sk,
                note: row.note.unwrap_or_default(),
            }),
            _ => None,
        });
        Ok(marks.collect())
    }
}

/// A mark as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub name: String,
    pub at: Timestamp,
    pub note: String,
}
