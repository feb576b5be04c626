//! A table whose index lags and whose calls fail, and the time that passes with each of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use domain::Timestamp;
use lambda::Clock;
use ledger::{Due, Memory, Place, Row, Table, TableError};

use crate::stream::Rest;

/// Time that passes by a millisecond with each look at the table.
#[derive(Debug, Clone)]
pub struct Ticking(pub Arc<AtomicI64>);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl Rest for Ticking {
    async fn rest(&self, time: jiff::SignedDuration) {
        self.pass(time.as_secs());
    }
}

impl Ticking {
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

/// A table whose index shows what was there a while ago, and whose calls may fail.
#[derive(Debug)]
pub struct Lagging {
    pub memory: Memory,
    pub clock: Ticking,
    pub index: Mutex<BTreeMap<(String, String), Row>>,
    /// So many calls succeed; then one fails, or all of them.
    pub left: AtomicI64,
    pub dies: Mutex<bool>,
}

impl Lagging {
    async fn call(&self) -> Result<(), TableError> {
        self.clock.0.fetch_add(1, Ordering::SeqCst);
        // Another round may have its turn.
        tokio::task::yield_now().await;
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left == 0 || left < 0 && *self.dies.lock().unwrap() {
            return Err(TableError { operation: "any", source: "no connection".into() });
        }
        Ok(())
    }

    /// The index shows what the table holds now.
    pub fn catch_up(&self) {
        let rows = self.memory.rows().into_iter();
        *self.index.lock().unwrap() = rows.map(|row| ((row.key().0.to_owned(), row.key().1.to_owned()), row)).collect();
    }

    pub fn healthy(&self) {
        self.left.store(i64::MAX, Ordering::SeqCst);
        *self.dies.lock().unwrap() = false;
    }
}

impl Table for Lagging {
    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        self.call().await?;
        self.memory.get(pk, sk).await
    }

    async fn glance(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        self.call().await?;
        self.memory.glance(pk, sk).await
    }

    async fn glance_over(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        self.call().await?;
        self.memory.glance_over(pk, prefix).await
    }

    async fn put_new(&self, row: &Row) -> Result<Option<Row>, TableError> {
        self.call().await?;
        self.memory.put_new(row).await
    }

    async fn replace(&self, row: &Row, before: u64) -> Result<bool, TableError> {
        self.call().await?;
        self.memory.replace(row, before).await
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), TableError> {
        self.memory.delete(pk, sk).await
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        self.call().await?;
        self.memory.partition(pk, prefix).await
    }

    async fn due(
        &self,
        shard: &str,
        from: i64,
        after: Option<&Due>,
        to: i64,
        limit: u16,
    ) -> Result<Vec<Due>, TableError> {
        self.call().await?;
        let index = self.index.lock().unwrap();
        let entry = |((pk, sk), row): (&(String, String), &Row)| {
            let (_, at) = row.due().filter(|(of, at)| *of == shard && (from..=to).contains(at))?;
            Some(Due { at, pk: pk.clone(), sk: sk.clone() })
        };
        let mut due: Vec<Due> = index.iter().filter_map(entry).collect();
        due.sort();
        Ok(due.into_iter().filter(|due| after.is_none_or(|after| due > after)).take(usize::from(limit)).collect())
    }

    async fn open(&self) -> Result<Vec<Row>, TableError> {
        self.call().await?;
        self.memory.open().await
    }

    async fn bodies(&self, after: Option<Place>) -> Result<(Vec<Row>, Option<Place>), TableError> {
        self.memory.bodies(after).await
    }
}
