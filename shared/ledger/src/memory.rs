//! The table in memory: for tests of everything above it, with the same rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::row::Row;
use crate::{Due, Place, Table, TableError};

/// Rows in memory, and the stream of what was written, as a table's stream would tell it.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    rows: BTreeMap<(String, String), Row>,
    written: Vec<Row>,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was written since the last call, in order: new images, as the stream shows them.
    pub fn drain_stream(&self) -> Vec<Row> {
        std::mem::take(&mut self.lock().written)
    }

    /// Everything that is stored.
    pub fn rows(&self) -> Vec<Row> {
        self.lock().rows.values().cloned().collect()
    }
}

fn key(row: &Row) -> (String, String) {
    let (pk, sk) = row.key();
    (pk.to_owned(), sk.to_owned())
}

impl Table for Memory {
    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        Ok(self.lock().rows.get(&(pk.to_owned(), sk.to_owned())).cloned())
    }

    async fn put_new(&self, row: &Row) -> Result<Option<Row>, TableError> {
        let mut inner = self.lock();
        if let Some(old) = inner.rows.get(&key(row)) {
            return Ok(Some(old.clone()));
        }
        inner.rows.insert(key(row), row.clone());
        inner.written.push(row.clone());
        Ok(None)
    }

    async fn replace(&self, row: &Row, before: u64) -> Result<bool, TableError> {
        let mut inner = self.lock();
        if inner.rows.get(&key(row)).is_none_or(|old| old.rev() != before) {
            return Ok(false);
        }
        inner.rows.insert(key(row), row.clone());
        inner.written.push(row.clone());
        Ok(true)
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), TableError> {
        self.lock().rows.remove(&(pk.to_owned(), sk.to_owned()));
        Ok(())
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        let inner = self.lock();
        let rows = inner.rows.range((pk.to_owned(), prefix.to_owned())..);
        let rows = rows.take_while(|((p, s), _)| p == pk && s.starts_with(prefix));
        Ok(rows.map(|(_, row)| row.clone()).collect())
    }

    async fn due(
        &self,
        shard: &str,
        from: i64,
        after: Option<&Due>,
        to: i64,
        limit: u16,
    ) -> Result<Vec<Due>, TableError> {
        let inner = self.lock();
        let entry = |row: &Row| {
            let (_, at) = row.due().filter(|(of, at)| *of == shard && (from..=to).contains(at))?;
            let (pk, sk) = key(row);
            Some(Due { at, pk, sk })
        };
        let mut due: Vec<Due> = inner.rows.values().filter_map(entry).collect();
        due.sort();
        Ok(due.into_iter().filter(|due| after.is_none_or(|after| due > after)).take(usize::from(limit)).collect())
    }

    async fn open(&self, shard: &str) -> Result<Vec<Row>, TableError> {
        let inner = self.lock();
        let mut open: Vec<&Row> =
            inner.rows.values().filter(|row| row.open().is_some_and(|(s, _)| s == shard)).collect();
        open.sort_by_key(|row| row.open().map(|(_, raised)| raised));
        Ok(open.into_iter().cloned().collect())
    }

    async fn bodies(&self, after: Option<Place>) -> Result<(Vec<Row>, Option<Place>), TableError> {
        // Small, so that tests see more than one page.
        const PAGE: usize = 2;
        let after = after.map(|place| (place.pk, place.sk));
        let inner = self.lock();
        let rest = inner.rows.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
        let page: Vec<_> = rest.take(PAGE).collect();
        let next =
            page.last().filter(|_| page.len() == PAGE).map(|((pk, sk), _)| Place { pk: pk.clone(), sk: sk.clone() });
        let holds_a_body = |row: &&Row| match row {
            Row::Payload(_) => true,
            Row::Event(row) => row.payload.is_some(),
            _ => false,
        };
        Ok((page.into_iter().map(|(_, row)| row).filter(holds_a_body).cloned().collect(), next))
    }
}
