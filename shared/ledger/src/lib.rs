//! The ledger: what happened (**events**), what we did to the outside world (**effects**), who owes what by when
//! (**hand-offs**), and what the owner must know (**exceptions**). It never holds a copy of order status.
//!
//! [`Ledger`] has the verbs and their rules, written once; a [`Table`] stores rows. There are two tables: [`Dynamo`] and
//! [`Memory`], and one set of contract tests for both (`tests/it/ledger_contract.rs`). Every row that changes carries a
//! revision, and every change names the revision it was decided on: whoever decided on an older one decides again.

mod bookmarks;
mod channels;
mod due;
mod dynamo;
mod effects;
mod events;
mod exceptions;
mod gated;
mod marks;
mod memory;
mod pace;
mod pauses;
pub mod row;
pub mod stream;
mod table;

use std::fmt;

pub use bookmarks::Bookmark;
pub use channels::ChannelState;
pub use due::{DueEvent, MARGIN, Passed, Walk, Watermark};
pub use dynamo::Dynamo;
pub use effects::{Claim, Lease, Refusal};
pub use events::{Appended, Finished, Journey, Payload, Stored};
pub use gated::{Gate, Gated};
pub use marks::Mark;
pub use memory::Memory;
pub use pace::{Ask, ITS_TURN, Rate, Turn};
pub use pauses::Pause;
pub use row::Row;
pub use table::{Due, MOST_AT_ONCE, Place, Table, TableError};

/// The verbs of the ledger over some table.
pub struct Ledger<T> {
    table: T,
}

impl<T: Table> Ledger<T> {
    /// A ledger that keeps its rows in `table`.
    pub fn new(table: T) -> Self {
        Self { table }
    }

    /// The table below, for tests that look at what was stored.
    pub fn table(&self) -> &T {
        &self.table
    }
}

impl<T> fmt::Debug for Ledger<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger")
    }
}

/// Why the ledger could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The table did not answer, or refused. Try again later; nothing is known to have been written.
    #[error("failed to reach the ledger's table")]
    Table(#[from] TableError),
    /// A row is not in a shape this version reads.
    #[error("failed to read the ledger's row {key}: {why}")]
    Row {
        /// Partition and sort key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// Others changed the row each time we wanted to.
    #[error("failed to change the ledger's row {0}: it changed too often meanwhile")]
    Contended(String),
}
