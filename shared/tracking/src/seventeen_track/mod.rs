//! 17TRACK: its Tracking API v2.4. Its answers are 200 with the no inside; a number that is registered already is refused with
//! -18019901, which is a yes. It signs what it sends with the API key itself. Sources: its API pages of v2.2 and v2.4, and the
//! public client aio17track (Apache-2.0), read as facts.

#[cfg(feature = "calls")]
mod client;
#[cfg(feature = "door")]
pub(crate) mod door;
#[cfg(any(feature = "door", feature = "calls"))]
mod wire;

use crate::manifest::{Limit, Manifest};

#[cfg(feature = "calls")]
pub use client::SeventeenTrack;

/// What is fixed about it.
pub const MANIFEST: Manifest = Manifest {
    name: "17track",
    base_url: "https://api.17track.net/track/v2.4",
    limit: Limit::a_second(3),
    call_secrets: &["token"],
    door_secrets: &["webhook-secret"],
    file: include_str!("feed.toml"),
};
