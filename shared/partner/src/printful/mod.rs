//! Printful: v1 orders (the stable API), v2 webhooks (the signed ones) and v1's. External ids are at most 32 characters of
//! `[A-Za-z0-9_-]` and unique per store (error OR-13 for a second one). Sources: Printful's OpenAPI descriptions of v1 and v2.

#[cfg(feature = "orders")]
mod client;
#[cfg(feature = "door")]
pub(crate) mod door;
#[cfg(feature = "orders")]
mod wire;

use crate::manifest::{Limit, Manifest, Path};
#[cfg(feature = "orders")]
use crate::ports::TwinRule;

#[cfg(feature = "orders")]
pub use client::Printful;

/// What is fixed about it.
pub const MANIFEST: Manifest = Manifest {
    kind: "printful",
    limit: Limit::a_minute(120),
    call_secrets: &["token"],
    door_secrets: &["webhook-secret", "path-secret"],
    path: Path::NameAndSecret,
    file: include_str!("partner.toml"),
};

/// OR-13.
#[cfg(feature = "orders")]
pub(crate) const TWIN_RULE: TwinRule = TwinRule::Refuses;

/// Its texts are print files.
#[cfg(feature = "orders")]
pub(crate) const TAKES_TEXTS: bool = false;
