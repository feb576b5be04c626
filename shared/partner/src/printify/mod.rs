//! Printify: v1 orders. An external id is unique per shop: a second one is answered 409 with the first order's id (error 8503).
//! An order is not made until it is sent to production. Source: Printify's OpenAPI description (2026) and its reference.

#[cfg(feature = "orders")]
mod client;
#[cfg(feature = "door")]
pub(crate) mod door;
#[cfg(feature = "orders")]
mod order;
#[cfg(feature = "orders")]
mod wire;

use crate::manifest::{Limit, Manifest, Path};
#[cfg(feature = "orders")]
use crate::ports::TwinRule;

#[cfg(feature = "orders")]
pub use client::Printify;

/// What is fixed about it.
pub const MANIFEST: Manifest = Manifest {
    kind: "printify",
    limit: Limit::a_minute(600),
    call_secrets: &["token"],
    door_secrets: &["webhook-secret"],
    path: Path::Name,
    file: include_str!("partner.toml"),
};

/// Error 8503 names the first order.
#[cfg(feature = "orders")]
pub(crate) const TWIN_RULE: TwinRule = TwinRule::Refuses;

/// What it calls personalisation wants references it has handed out before, not words.
#[cfg(feature = "orders")]
pub(crate) const TAKES_TEXTS: bool = false;
