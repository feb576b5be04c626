//! Simulated time: it passes only when somebody sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::Timestamp;
use jiff::SignedDuration;
use lambda::Clock;
use monitoring::stream::Rest;

#[derive(Clone, Debug)]
pub struct SimClock(Arc<AtomicI64>);

impl SimClock {
    pub fn starting_at(text: &str) -> Self {
        let start: Timestamp = text.parse().unwrap();
        Self(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    pub fn get(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    /// Each look at the clock takes a millisecond, so that no two things happen at the very same time.
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

impl Rest for SimClock {
    async fn rest(&self, time: SignedDuration) {
        self.set(self.get().checked_add(time).unwrap());
    }
}
