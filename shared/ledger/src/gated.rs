//! A table with a gate before it: for tests that watch its calls, let them fail, or end the process at one of them.

use crate::row::Row;
use crate::{Due, Place, Table, TableError};

/// Every call passes it twice, under the name of DynamoDB's operation, e.g. `PutItem`.
pub trait Gate: Send + Sync {
    /// Before the call; an error: it does not happen.
    fn enter(&self, operation: &'static str) -> impl Future<Output = Result<(), TableError>> + Send;

    /// After it; an error: it happened, and its caller does not hear so.
    fn leave(&self, operation: &'static str) -> impl Future<Output = Result<(), TableError>> + Send {
        let _ = operation;
        async { Ok(()) }
    }
}

impl<G: Gate> Gate for std::sync::Arc<G> {
    async fn enter(&self, operation: &'static str) -> Result<(), TableError> {
        (**self).enter(operation).await
    }

    async fn leave(&self, operation: &'static str) -> Result<(), TableError> {
        (**self).leave(operation).await
    }
}

/// The table behind its gate.
#[derive(Debug, Clone)]
pub struct Gated<T, G> {
    pub table: T,
    pub gate: G,
}

impl<T: Table, G: Gate> Gated<T, G> {
    async fn through<R: Send>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<R, TableError>> + Send,
    ) -> Result<R, TableError> {
        self.gate.enter(operation).await?;
        let answer = call.await?;
        self.gate.leave(operation).await?;
        Ok(answer)
    }
}

impl<T: Table, G: Gate> Table for Gated<T, G> {
    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        self.through("GetItem", self.table.get(pk, sk)).await
    }

    async fn glance(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        self.through("GetItem", self.table.glance(pk, sk)).await
    }

    async fn glance_over(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        self.through("Query", self.table.glance_over(pk, prefix)).await
    }

    async fn get_many(&self, keys: &[(String, String)]) -> Result<Vec<Row>, TableError> {
        self.through("BatchGetItem", self.table.get_many(keys)).await
    }

    async fn put_new(&self, row: &Row) -> Result<Option<Row>, TableError> {
        self.through("PutItem", self.table.put_new(row)).await
    }

    async fn replace(&self, row: &Row, before: u64) -> Result<bool, TableError> {
        self.through("PutItem", self.table.replace(row, before)).await
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), TableError> {
        self.through("DeleteItem", self.table.delete(pk, sk)).await
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        self.through("Query", self.table.partition(pk, prefix)).await
    }

    async fn due(
        &self,
        shard: &str,
        from: i64,
        after: Option<&Due>,
        to: i64,
        limit: u16,
    ) -> Result<Vec<Due>, TableError> {
        self.through("Query", self.table.due(shard, from, after, to, limit)).await
    }

    async fn open(&self) -> Result<Vec<Row>, TableError> {
        self.through("Scan", self.table.open()).await
    }

    async fn bodies(&self, after: Option<Place>) -> Result<(Vec<Row>, Option<Place>), TableError> {
        self.through("Scan", self.table.bodies(after)).await
    }
}
