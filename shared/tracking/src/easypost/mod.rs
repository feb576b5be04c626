//! EasyPost: trackers of its API v2. The same number and carrier within three months is the same tracker, so asking twice is
//! asking once. Sources: EasyPost's pages on trackers, webhooks and rate limits, its published examples, its Python client.

#[cfg(feature = "calls")]
mod client;
#[cfg(feature = "door")]
pub(crate) mod door;
#[cfg(any(feature = "door", feature = "calls"))]
mod wire;

use crate::manifest::{Limit, Manifest};

#[cfg(feature = "calls")]
pub use client::EasyPost;

/// What is fixed about it. The limit is the one it publishes, of lists; a limiter by load stands before the rest.
pub const MANIFEST: Manifest = Manifest {
    name: "easypost",
    base_url: "https://api.easypost.com/v2",
    limit: Limit::a_second(5),
    call_secrets: &["token"],
    door_secrets: &["webhook-secret"],
    file: include_str!("feed.toml"),
};
