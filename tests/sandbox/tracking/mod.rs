//! Tracking feeds: EasyPost, AfterShip and 17TRACK. Each takes registrations of numbers as it documents them, keeps them, and
//! tells the door, signed, what the control routes ([`control`]) let happen to a parcel.
//!
//! Written from the feeds' own pages and published examples. Where they are silent: EasyPost's error codes and its answer's status
//! to a number that it follows already, AfterShip's `data` beside error 4003 (empty here), and that 17TRACK answers 401 to a wrong
//! key are made up. Carriers are found by a few rules of the sandbox's own; numbers that begin with `SBX`, the sandbox's partners'
//! own, are USPS's. Not played: reading other objects, retracking, changing carriers, detection endpoints, the dashboards.

mod aftership;
mod book;
pub mod config;
pub(crate) mod control;
mod easypost;
mod http;
mod seventeen_track;

use crate::Ctx;
use crate::deliver::Delivery;
use book::Desk;
use bytes::Bytes;
use http::{Feed, Stand};

/// Operations that faults can be armed for, by feed.
pub const OPERATIONS: [(&str, &[&str]); 3] = [
    (easypost::NAME, easypost::OPERATIONS),
    (aftership::NAME, aftership::OPERATIONS),
    (seventeen_track::NAME, seventeen_track::OPERATIONS),
];

/// All feeds. Cloning is cheap.
#[derive(Clone)]
pub struct Tracking {
    easypost: Stand<easypost::EasyPost>,
    aftership: Stand<aftership::AfterShip>,
    seventeen_track: Stand<seventeen_track::SeventeenTrack>,
}

impl Tracking {
    pub(crate) fn new(ctx: &Ctx) -> Self {
        Self { easypost: Stand::new(ctx), aftership: Stand::new(ctx), seventeen_track: Stand::new(ctx) }
    }

    /// The feeds' APIs, each below its name.
    pub(crate) fn router(&self) -> axum::Router {
        axum::Router::new()
            .nest("/easypost", http::router(self.easypost.clone()))
            .nest("/aftership", http::router(self.aftership.clone()))
            .nest("/17track", http::router(self.seventeen_track.clone()))
    }

    /// Any webhook signed as this feed signs; `None`: there is no such feed.
    pub(crate) fn signed(&self, feed: &str, topic: &str, body: Bytes) -> Option<Delivery> {
        Some(self.played(feed)?.1.signed(topic, body))
    }

    /// Forgets everything; settings are as configured again.
    pub(crate) fn reset(&self) {
        self.easypost.desk.reset();
        self.aftership.desk.reset();
        self.seventeen_track.desk.reset();
    }

    /// A feed with what it keeps.
    fn played(&self, feed: &str) -> Option<(&Desk, &dyn Feed)> {
        fn of<F: Feed>(stand: &Stand<F>) -> (&Desk, &dyn Feed) {
            (&stand.desk, stand.feed.as_ref())
        }
        match feed {
            easypost::NAME => Some(of(&self.easypost)),
            aftership::NAME => Some(of(&self.aftership)),
            seventeen_track::NAME => Some(of(&self.seventeen_track)),
            _ => None,
        }
    }
}

/// Whether a fault can be armed for this feed's operation; `None`: it is no feed.
pub(crate) fn knows(feed: &str, operation: &str) -> Option<bool> {
    OPERATIONS.iter().find(|(name, _)| *name == feed).map(|(_, operations)| operations.contains(&operation))
}
