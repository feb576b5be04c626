//! The table in memory: for tests of everything above it, with the same rules.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::row::Row;
use crate::{Due, Place, Table, TableError};

/// Rows in memory, and the stream of what was written, as a table's stream would tell it.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

type RowKey = (String, String);

#[derive(Debug, Default)]
struct Inner {
    rows: BTreeMap<RowKey, Row>,
    /// The indexes, by shard: a table of a month's orders is looked at every minute of it.
    due: BTreeMap<String, BTreeSet<Due>>,
    open: BTreeSet<RowKey>,
    written: Vec<Row>,
    /// One glance in so many is late.
    late: Option<u32>,
    /// What stood there before each of the last writes, for late glances.
    before: VecDeque<(RowKey, Option<Row>)>,
    glances: u32,
}

/// So many writes ago is a moment ago.
const A_MOMENT: usize = 32;

impl Inner {
    fn put(&mut self, row: &Row) {
        self.take(&key(row));
        if let Some((shard, due)) = in_due(row) {
            self.due.entry(shard).or_default().insert(due);
        }
        if row.is_open() {
            self.open.insert(key(row));
        }
        self.rows.insert(key(row), row.clone());
        self.written.push(row.clone());
    }

    fn take(&mut self, key: &RowKey) {
        let old = self.rows.remove(key);
        if self.late.is_some() {
            self.before.push_back((key.clone(), old.clone()));
            let past = self.before.len().saturating_sub(A_MOMENT);
            self.before.drain(..past);
        }
        let Some(old) = old else { return };
        if let Some((shard, due)) = in_due(&old) {
            self.due.entry(shard).or_default().remove(&due);
        }
        if old.is_open() {
            self.open.remove(key);
        }
    }
}

fn in_due(row: &Row) -> Option<(String, Due)> {
    let (shard, at) = row.due()?;
    let (pk, sk) = key(row);
    Some((shard.to_owned(), Due { at, pk, sk }))
}

impl Memory {
    /// A table in which one glance in `late` misses the last write of each row that was written a moment ago.
    #[must_use]
    pub fn with_late_glances(late: u32) -> Self {
        Self { inner: Mutex::new(Inner { late: Some(late), ..Inner::default() }) }
    }

    /// The rows under a prefix as a glance sees them.
    fn glanced(&self, pk: &str, prefix: &str) -> BTreeMap<RowKey, Row> {
        let mut inner = self.lock();
        inner.glances = inner.glances.wrapping_add(1);
        let mut rows: BTreeMap<_, _> =
            under(&inner.rows, pk, prefix).map(|(key, row)| (key.clone(), row.clone())).collect();
        if inner.late.is_some_and(|late| inner.glances.is_multiple_of(late)) {
            let here = |((of, sk), _): &&(RowKey, Option<Row>)| of == pk && sk.starts_with(prefix);
            // The oldest first, so that the last write of each is what is undone.
            let last: BTreeMap<_, _> = inner.before.iter().filter(here).map(|(key, before)| (key, before)).collect();
            for (key, before) in last {
                match before {
                    Some(row) => rows.insert(key.clone(), row.clone()),
                    None => rows.remove(key),
                };
            }
        }
        rows
    }

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

fn key(row: &Row) -> RowKey {
    let (pk, sk) = row.key();
    (pk.to_owned(), sk.to_owned())
}

fn under<'r>(rows: &'r BTreeMap<RowKey, Row>, pk: &str, prefix: &str) -> impl Iterator<Item = (&'r RowKey, &'r Row)> {
    let rows = rows.range((pk.to_owned(), prefix.to_owned())..);
    let (pk, prefix) = (pk.to_owned(), prefix.to_owned());
    rows.take_while(move |((p, s), _)| *p == pk && s.starts_with(&prefix))
}

impl Table for Memory {
    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        Ok(self.lock().rows.get(&(pk.to_owned(), sk.to_owned())).cloned())
    }

    async fn glance(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        Ok(self.glanced(pk, sk).remove(&(pk.to_owned(), sk.to_owned())))
    }

    async fn glance_over(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        Ok(self.glanced(pk, prefix).into_values().collect())
    }

    async fn put_new(&self, row: &Row) -> Result<Option<Row>, TableError> {
        let mut inner = self.lock();
        if let Some(old) = inner.rows.get(&key(row)) {
            return Ok(Some(old.clone()));
        }
        inner.put(row);
        Ok(None)
    }

    async fn replace(&self, row: &Row, before: u64) -> Result<bool, TableError> {
        let mut inner = self.lock();
        if inner.rows.get(&key(row)).is_none_or(|old| old.rev() != before) {
            return Ok(false);
        }
        inner.put(row);
        Ok(true)
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), TableError> {
        self.lock().take(&(pk.to_owned(), sk.to_owned()));
        Ok(())
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        Ok(under(&self.lock().rows, pk, prefix).map(|(_, row)| row.clone()).collect())
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
        let due = inner.due.get(shard).into_iter().flatten();
        let due = due.filter(|due| (from..=to).contains(&due.at) && after.is_none_or(|after| *due > after));
        Ok(due.take(usize::from(limit)).cloned().collect())
    }

    async fn open(&self) -> Result<Vec<Row>, TableError> {
        let inner = self.lock();
        Ok(inner.open.iter().filter_map(|key| inner.rows.get(key).cloned()).collect())
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
