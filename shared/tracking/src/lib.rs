//! Tracking feeds, one folder each, the same files in each; and the carrier behind a number.
//!
//! A feed is told a parcel's number and says from then on where the parcel stands, in the carrier's name. Two features keep
//! hearing and calling apart: `door` only hears feeds and has no HTTP client, `calls` speaks to them. README.md beside this crate
//! says how to add a feed.
//!
//! | file | what stands there |
//! |---|---|
//! | [`seen`] | where a feed says a parcel stands |
//! | [`ports`] | what can be asked of a feed: one trait per verb |
//! | [`feeds`] | the closed set of feeds, as clients |
//! | [`door`] | the closed set of feeds, as senders of webhooks |
//! | [`manifest`] | what is fixed about a feed: its limit, its secrets |
//! | [`carrier`] | who carries a number, and what the feeds call that carrier |
//! | `<feed>/client.rs`, `wire.rs`, `door.rs`, `feed.toml` | one feed |

#[cfg(feature = "calls")]
mod calls;
pub mod carrier;
#[cfg(feature = "door")]
pub mod door;
#[cfg(feature = "calls")]
pub mod feeds;
pub mod manifest;
#[cfg(feature = "calls")]
pub mod ports;
pub mod seen;
#[cfg(any(feature = "door", feature = "calls"))]
mod text;

pub mod aftership;
pub mod easypost;
pub mod seventeen_track;

use lambda::secrets::SecretsError;

#[cfg(feature = "calls")]
pub use feeds::Feed;
pub use manifest::{Limit, Manifest};
#[cfg(feature = "calls")]
pub use ports::{Follow, Following, Look};
pub use seen::Seen;

/// The closed set of feeds, one line each: the module and its type. The name in `store.toml` is the manifest's.
macro_rules! with_feeds {
    ($define:ident) => {
        $define! {
            easypost => EasyPost,
            aftership => AfterShip,
            seventeen_track => SeventeenTrack,
        }
    };
}
use with_feeds;

/// A feed in `store.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("store.toml: [tracking.{name}] is no feed that this version knows (it knows {known})")]
    Unknown { name: String, known: String },
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}
