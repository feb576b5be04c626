//! What the headless store needs of its table, and nothing more. Two tables, [`Dynamo`] and [`Memory`], and one contract test.
//!
//! | key | holds |
//! |---|---|
//! | `order#1001` | an order, as [`OrderRow`] |
//! | `cart#<hash>`, `payment#<intent>`, `test#<tag>` | a pointer: whose order that is |
//! | `contact#<hash of the address>` | a contact, as [`ContactRow`] |
//! | `place#<hash>` | the newest order that went to that place, and when it was bought |
//! | `counter` | the last number given out, and when the newest order was paid |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use domain::provider::Trouble;

use super::person::ContactRow;
use super::row::OrderRow;

pub use super::dynamo::Dynamo;

/// The number before the first order's.
pub(super) const BEFORE_FIRST: u64 = 1_000;

/// Stores orders by number. All reads are strongly consistent.
///
/// Trouble: [`Trouble::Unavailable`] where a read failed, [`Trouble::NoAnswer`] where a write may have happened; every write
/// names what it expects to find, so doing it again is safe.
pub trait OrderTable: Send + Sync {
    fn get(&self, number: u64) -> impl Future<Output = Result<Option<OrderRow>, Trouble>> + Send;

    /// Stores an order that must not exist yet. `false`: it does.
    fn put_new(&self, row: &OrderRow) -> impl Future<Output = Result<bool, Trouble>> + Send;

    /// Replaces the order that still has revision `before`. `false`: it has not.
    fn replace(&self, row: &OrderRow, before: u64) -> impl Future<Output = Result<bool, Trouble>> + Send;

    /// Makes `from` point at `number` unless it points elsewhere already; whom it points at now.
    fn point(&self, from: &str, number: u64) -> impl Future<Output = Result<u64, Trouble>> + Send;

    /// Whom it points at.
    fn pointed(&self, from: &str) -> impl Future<Output = Result<Option<u64>, Trouble>> + Send;

    /// A number nobody has had: 1001, 1002, … One may be left out, none comes twice.
    fn next_number(&self) -> impl Future<Output = Result<u64, Trouble>> + Send;

    /// The last number given out, 1000 before the first.
    fn last_number(&self) -> impl Future<Output = Result<u64, Trouble>> + Send;

    /// Notes that an order was paid at that time; an earlier time changes nothing.
    fn note_paid(&self, at: Timestamp) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// When the newest order was paid.
    fn newest_paid(&self) -> impl Future<Output = Result<Option<Timestamp>, Trouble>> + Send;

    /// The contact of that id.
    fn contact(&self, id: &str) -> impl Future<Output = Result<Option<ContactRow>, Trouble>> + Send;

    /// Stores a contact that must not exist yet (`before` is `None`), or that still has revision `before`. `false`: not so.
    fn put_contact(&self, row: &ContactRow, before: Option<u64>) -> impl Future<Output = Result<bool, Trouble>> + Send;

    /// Notes that an order was bought at that time for the place of this key; an earlier time changes nothing.
    fn note_at(&self, place: &str, order: u64, at: Timestamp) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// The newest order for that place, and when it was bought.
    fn newest_at(&self, place: &str) -> impl Future<Output = Result<Option<(u64, Timestamp)>, Trouble>> + Send;
}

/// Orders in memory, for tests.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    orders: BTreeMap<u64, OrderRow>,
    pointers: BTreeMap<String, u64>,
    given: u64,
    newest: Option<Timestamp>,
    contacts: BTreeMap<String, ContactRow>,
    places: BTreeMap<String, (u64, Timestamp)>,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OrderTable for Memory {
    async fn get(&self, number: u64) -> Result<Option<OrderRow>, Trouble> {
        Ok(self.lock().orders.get(&number).cloned())
    }

    async fn put_new(&self, row: &OrderRow) -> Result<bool, Trouble> {
        let mut inner = self.lock();
        if inner.orders.contains_key(&row.number) {
            return Ok(false);
        }
        inner.orders.insert(row.number, row.clone());
        Ok(true)
    }

    async fn replace(&self, row: &OrderRow, before: u64) -> Result<bool, Trouble> {
        let mut inner = self.lock();
        if inner.orders.get(&row.number).is_none_or(|known| known.rev != before) {
            return Ok(false);
        }
        inner.orders.insert(row.number, row.clone());
        Ok(true)
    }

    async fn point(&self, from: &str, number: u64) -> Result<u64, Trouble> {
        Ok(*self.lock().pointers.entry(from.to_owned()).or_insert(number))
    }

    async fn pointed(&self, from: &str) -> Result<Option<u64>, Trouble> {
        Ok(self.lock().pointers.get(from).copied())
    }

    async fn next_number(&self) -> Result<u64, Trouble> {
        let mut inner = self.lock();
        inner.given += 1;
        Ok(BEFORE_FIRST + inner.given)
    }

    async fn last_number(&self) -> Result<u64, Trouble> {
        Ok(BEFORE_FIRST + self.lock().given)
    }

    async fn note_paid(&self, at: Timestamp) -> Result<(), Trouble> {
        let mut inner = self.lock();
        inner.newest = inner.newest.max(Some(at));
        Ok(())
    }

    async fn newest_paid(&self) -> Result<Option<Timestamp>, Trouble> {
        Ok(self.lock().newest)
    }

    async fn contact(&self, id: &str) -> Result<Option<ContactRow>, Trouble> {
        Ok(self.lock().contacts.get(id).cloned())
    }

    async fn put_contact(&self, row: &ContactRow, before: Option<u64>) -> Result<bool, Trouble> {
        let mut inner = self.lock();
        if inner.contacts.get(&row.id).map(|known| known.rev) != before {
            return Ok(false);
        }
        inner.contacts.insert(row.id.clone(), row.clone());
        Ok(true)
    }

    async fn note_at(&self, place: &str, order: u64, at: Timestamp) -> Result<(), Trouble> {
        let mut inner = self.lock();
        let known = inner.places.entry(place.to_owned()).or_insert((order, at));
        if known.1 < at {
            *known = (order, at);
        }
        Ok(())
    }

    async fn newest_at(&self, place: &str) -> Result<Option<(u64, Timestamp)>, Trouble> {
        Ok(self.lock().places.get(place).copied())
    }
}

impl<T: OrderTable> OrderTable for Arc<T> {
    async fn get(&self, number: u64) -> Result<Option<OrderRow>, Trouble> {
        T::get(self, number).await
    }

    async fn put_new(&self, row: &OrderRow) -> Result<bool, Trouble> {
        T::put_new(self, row).await
    }

    async fn replace(&self, row: &OrderRow, before: u64) -> Result<bool, Trouble> {
        T::replace(self, row, before).await
    }

    async fn point(&self, from: &str, number: u64) -> Result<u64, Trouble> {
        T::point(self, from, number).await
    }

    async fn pointed(&self, from: &str) -> Result<Option<u64>, Trouble> {
        T::pointed(self, from).await
    }

    async fn next_number(&self) -> Result<u64, Trouble> {
        T::next_number(self).await
    }

    async fn last_number(&self) -> Result<u64, Trouble> {
        T::last_number(self).await
    }

    async fn note_paid(&self, at: Timestamp) -> Result<(), Trouble> {
        T::note_paid(self, at).await
    }

    async fn newest_paid(&self) -> Result<Option<Timestamp>, Trouble> {
        T::newest_paid(self).await
    }

    async fn contact(&self, id: &str) -> Result<Option<ContactRow>, Trouble> {
        T::contact(self, id).await
    }

    async fn put_contact(&self, row: &ContactRow, before: Option<u64>) -> Result<bool, Trouble> {
        T::put_contact(self, row, before).await
    }

    async fn note_at(&self, place: &str, order: u64, at: Timestamp) -> Result<(), Trouble> {
        T::note_at(self, place, order, at).await
    }

    async fn newest_at(&self, place: &str) -> Result<Option<(u64, Timestamp)>, Trouble> {
        T::newest_at(self, place).await
    }
}
