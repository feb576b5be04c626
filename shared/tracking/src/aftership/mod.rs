//! AfterShip Tracking, version 2026-07. A number that is followed already is refused with 4003, which is a yes. Sources:
//! AfterShip's API and webhook pages, its Node client.

#[cfg(feature = "calls")]
mod client;
#[cfg(feature = "door")]
pub(crate) mod door;
#[cfg(any(feature = "door", feature = "calls"))]
mod wire;

use crate::manifest::{Limit, Manifest};

#[cfg(feature = "calls")]
pub use client::AfterShip;

/// What is fixed about it. Its limits are per endpoint; ours is the narrowest of those we call.
pub const MANIFEST: Manifest = Manifest {
    name: "aftership",
    base_url: "https://api.aftership.com/tracking/2026-07",
    limit: Limit::a_second(6),
    call_secrets: &["token"],
    door_secrets: &["webhook-secret"],
    file: include_str!("feed.toml"),
};
