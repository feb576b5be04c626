//! What the ledger needs of a table, and nothing more.

use std::fmt;

use crate::row::Row;

/// Keys that one read may name: what DynamoDB's `BatchGetItem` takes.
pub const MOST_AT_ONCE: usize = 100;

/// Stores rows under a partition and a sort key. All reads are strongly consistent, except those of an index and glances.
///
/// A row has a revision; [`Table::replace`] succeeds only on the revision it names.
pub trait Table: Send + Sync {
    /// The row under this key, if there is one.
    fn get(&self, pk: &str, sk: &str) -> impl Future<Output = Result<Option<Row>, TableError>> + Send;

    /// The row under this key as it is, or as it was a moment ago: for whoever writes under its revision only, or looks again. In
    /// DynamoDB it costs half.
    fn glance(&self, pk: &str, sk: &str) -> impl Future<Output = Result<Option<Row>, TableError>> + Send;

    /// The same of all rows of a partition whose sort key starts with `prefix`.
    fn glance_over(&self, pk: &str, prefix: &str) -> impl Future<Output = Result<Vec<Row>, TableError>> + Send;

    /// The rows under these keys that exist, in no order; at most [`MOST_AT_ONCE`] keys, each named once.
    fn get_many(&self, keys: &[(String, String)]) -> impl Future<Output = Result<Vec<Row>, TableError>> + Send {
        async move {
            let mut rows = Vec::new();
            for (pk, sk) in keys {
                rows.extend(self.get(pk, sk).await?);
            }
            Ok(rows)
        }
    }

    /// Stores a row that must not exist yet. `Some` is the row that was in the way.
    fn put_new(&self, row: &Row) -> impl Future<Output = Result<Option<Row>, TableError>> + Send;

    /// Replaces the row that still has revision `before`. `false`: it has not.
    fn replace(&self, row: &Row, before: u64) -> impl Future<Output = Result<bool, TableError>> + Send;

    /// Removes a row; it need not exist.
    fn delete(&self, pk: &str, sk: &str) -> impl Future<Output = Result<(), TableError>> + Send;

    /// All rows of a partition whose sort key starts with `prefix`.
    fn partition(&self, pk: &str, prefix: &str) -> impl Future<Output = Result<Vec<Row>, TableError>> + Send;

    /// Entries in this shard of the `due` index that are due between `from` and `to` (epoch seconds, both included), oldest first:
    /// those after `after`, a page of about `limit`. Fewer than `limit`: that was the last page. A row that owes nothing any more
    /// may stand there all the same.
    fn due(
        &self,
        shard: &str,
        from: i64,
        after: Option<&Due>,
        to: i64,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Due>, TableError>> + Send;

    /// All rows of the `open` index, in no order. It is sparse, and read as a whole: empty, it costs one read and not one a shard.
    fn open(&self) -> impl Future<Output = Result<Vec<Row>, TableError>> + Send;

    /// One page of the rows that hold a body, from `after` on, in the table's own order; and where the next page starts. Reads
    /// the whole table page by page: for redaction only.
    fn bodies(
        &self,
        after: Option<Place>,
    ) -> impl Future<Output = Result<(Vec<Row>, Option<Place>), TableError>> + Send;
}

/// A row's entry in the `due` index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// Epoch seconds.
    pub at: i64,
    pub pk: String,
    pub sk: String,
}

/// A place in the table's own order: partition and sort key of the row before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub pk: String,
    pub sk: String,
}

/// The table did not do it.
#[derive(Debug)]
pub struct TableError {
    /// The operation that failed, e.g. `PutItem`.
    pub operation: &'static str,
    /// The cause, as far as it is known.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed at {}", self.operation)
    }
}

impl std::error::Error for TableError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

impl<T: Table> Table for std::sync::Arc<T> {
    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        (**self).get(pk, sk).await
    }

    async fn get_many(&self, keys: &[(String, String)]) -> Result<Vec<Row>, TableError> {
        (**self).get_many(keys).await
    }

    async fn put_new(&self, row: &Row) -> Result<Option<Row>, TableError> {
        (**self).put_new(row).await
    }

    async fn replace(&self, row: &Row, before: u64) -> Result<bool, TableError> {
        (**self).replace(row, before).await
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), TableError> {
        (**self).delete(pk, sk).await
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        (**self).partition(pk, prefix).await
    }

    async fn due(
        &self,
        shard: &str,
        from: i64,
        after: Option<&Due>,
        to: i64,
        limit: u16,
    ) -> Result<Vec<Due>, TableError> {
        (**self).due(shard, from, after, to, limit).await
    }

    async fn glance(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        (**self).glance(pk, sk).await
    }

    async fn glance_over(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        (**self).glance_over(pk, prefix).await
    }

    async fn open(&self) -> Result<Vec<Row>, TableError> {
        (**self).open().await
    }

    async fn bodies(&self, after: Option<Place>) -> Result<(Vec<Row>, Option<Place>), TableError> {
        (**self).bodies(after).await
    }
}
