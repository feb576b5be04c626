//! The nightly drift report, in a world.

use std::sync::Arc;

use domain::Timestamp;
use jiff::SignedDuration;
use partner::Partner;
use shipping::{Shipping, Stretch};
use store::Shopify;

use super::{LEASE, QueueWay, SimClock, SimStation, TableWay, World};

type Nightly<'s> = Shipping<'s, TableWay, QueueWay, SimClock, Shopify, Partner>;

impl World {
    fn shipping(&self) -> Nightly<'_> {
        let station: &SimStation = &self.stations[2];
        assert_eq!(station.lease, LEASE);
        let store = Shopify::new(&self.config.store, &self.secrets, self.http.clone()).unwrap();
        let clock = Arc::new(lambda::SystemClock);
        let partners = Partner::all(&self.config, &self.secrets, &self.http, clock).unwrap();
        Shipping::new(station, store, partners, Vec::new(), self.config.store.shop.clone())
    }

    /// A round of the night, now.
    pub async fn night(&self) -> Stretch {
        self.shipping().night(self.clock.get(), Timestamp::MAX).await.unwrap()
    }

    /// The same with time for one order only.
    pub async fn short_night(&self) -> Stretch {
        // Each look at the clock takes a millisecond: one before the first order, the next is too late.
        let soon = self.clock.get().checked_add(SignedDuration::from_millis(5_001)).unwrap();
        self.shipping().night(self.clock.get(), soon).await.unwrap()
    }

    /// `make drift`.
    pub async fn drift(&self, after: Option<&str>) -> Stretch {
        self.shipping().stretch(after, self.clock.get(), Timestamp::MAX).await.unwrap()
    }
}
