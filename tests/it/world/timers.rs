//! One-time schedules in simulated time: one of each name, gone once it has fired.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use domain::Timestamp;
use domain::flow::Timer;
use domain::provider::Trouble;
use email::timers::Timers;

#[derive(Clone, Default)]
pub struct SimTimers(Arc<Mutex<BTreeMap<String, (Timestamp, Timer)>>>);

impl SimTimers {
    /// When the next one fires.
    pub fn next(&self) -> Option<Timestamp> {
        self.0.lock().unwrap().values().map(|(at, _)| *at).min()
    }

    /// One that is due by `now`. As at AWS it may fire twice: that is the caller's choice.
    pub fn fire(&self, now: Timestamp) -> Option<Timer> {
        let mut armed = self.0.lock().unwrap();
        let name = armed.iter().find(|(_, (at, _))| *at <= now).map(|(name, _)| name.clone())?;
        armed.remove(&name).map(|(_, timer)| timer)
    }
}

impl Timers for SimTimers {
    async fn arm(&self, timer: &Timer, at: Timestamp) -> Result<(), Trouble> {
        self.0.lock().unwrap().entry(timer.name()).or_insert((at, timer.clone()));
        Ok(())
    }

    async fn disarm(&self, name: &str) -> Result<(), Trouble> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}
