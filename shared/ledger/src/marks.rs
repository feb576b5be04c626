//! Marks: which orders were lately seen with the same mail address, street, card or network address. What velocity rules count.
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
        };
        self.table.put_new(&Row::Mark(row)).await?;
        let oldest = now.as_second().saturating_sub(window.as_secs());
        let rows = self.table.partition(&pk, "order#").await?;
        // Expired rows stay readable for a while until the table removes them.
        let within = rows.iter().filter(|row| matches!(row, Row::Mark(mark) if mark.at >= oldest)).count();
        Ok(u32::try_from(within).unwrap_or(u32::MAX))
    }
}
