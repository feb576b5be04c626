//! What a feed keeps: the parcels it follows and what was scanned of them.

use crate::deliver::Delivery;
use crate::partners::limit::Window;
use crate::{Ctx, clock, lock};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// One number that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// The feed's own id.
    pub id: String,
    pub number: String,
    /// In the feed's own words.
    pub carrier: String,
    /// What was told with the registration to find the order by.
    pub order: Option<String>,
    pub made: Timestamp,
    pub changed: Timestamp,
    /// The state, in the feed's words: before the first scan its word for knowing nothing.
    pub status: String,
    /// The finer word beside it.
    pub finer: Option<String>,
    /// Oldest first.
    pub scans: Vec<Scan>,
    /// The carrier's promise, a date.
    pub promised: Option<String>,
    /// It goes back to its sender.
    pub back: bool,
    /// The feed looks no longer.
    pub stopped: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub status: String,
    pub finer: Option<String>,
    /// As it is written in the payload.
    pub at: String,
}

impl Parcel {
    /// As the control routes show it.
    pub fn listed(&self) -> Value {
        json!({
            "id": self.id, "number": self.number, "carrier": self.carrier, "order": self.order, "status": self.status,
            "finer": self.finer, "scans": self.scans.len(), "promised": self.promised, "stopped": self.stopped,
        })
    }
}

/// One feed's state.
pub(crate) struct Desk {
    pub ctx: Ctx,
    parcels: Mutex<Vec<Parcel>>,
    windows: Mutex<BTreeMap<&'static str, Window>>,
    mute: Mutex<bool>,
}

/// In milliseconds.
const SECOND: i64 = 1_000;

impl Desk {
    pub fn new(ctx: Ctx) -> Self {
        Self { ctx, parcels: Mutex::default(), windows: Mutex::default(), mute: Mutex::default() }
    }

    pub fn reset(&self) {
        lock(&self.parcels).clear();
        lock(&self.windows).clear();
        *lock(&self.mute) = false;
    }

    /// Counts a request of this kind; false: there were too many in this second.
    pub fn admits(&self, kind: &'static str, a_second: u32) -> bool {
        lock(&self.windows).entry(kind).or_default().admit(clock::epoch_millis(), a_second, SECOND).is_ok()
    }

    /// Everything that is followed, oldest first.
    pub fn all(&self) -> Vec<Parcel> {
        lock(&self.parcels).clone()
    }

    pub fn find(&self, test: impl Fn(&Parcel) -> bool) -> Option<Parcel> {
        lock(&self.parcels).iter().find(|parcel| test(parcel)).cloned()
    }

    /// Follows a number from now on.
    pub fn add(&self, id: String, number: &str, carrier: &str, order: Option<&str>, status: &str) -> Parcel {
        let now = self.ctx.now();
        let parcel = Parcel {
            id,
            number: number.to_owned(),
            carrier: carrier.to_owned(),
            order: order.map(str::to_owned),
            made: now,
            changed: now,
            status: status.to_owned(),
            finer: None,
            scans: Vec::new(),
            promised: None,
            back: false,
            stopped: false,
        };
        lock(&self.parcels).push(parcel.clone());
        parcel
    }

    pub fn remove(&self, id: &str) -> bool {
        let mut parcels = lock(&self.parcels);
        let before = parcels.len();
        parcels.retain(|parcel| parcel.id != id);
        parcels.len() < before
    }

    /// Changes the newest parcel of that number; `None`: there is none.
    pub fn change(&self, number: &str, change: impl FnOnce(&mut Parcel)) -> Option<Parcel> {
        let mut parcels = lock(&self.parcels);
        let parcel = parcels.iter_mut().rev().find(|parcel| parcel.number == number)?;
        change(parcel);
        parcel.changed = self.ctx.now();
        Some(parcel.clone())
    }

    /// Whether webhooks go out. What happens while they do not is never told.
    pub fn speaks(&self, on: bool) {
        *lock(&self.mute) = !on;
    }

    pub fn tell(&self, deliveries: Vec<Delivery>) {
        if *lock(&self.mute) {
            return;
        }
        for delivery in deliveries {
            self.ctx.deliveries.send(&self.ctx, delivery);
        }
    }
}
