//! Gelato: orders v4 and products v3. It says nowhere that an order reference is unique, so a second order with the same one is
//! a second order: it is searched before anything is sent again. Sources: Gelato's API pages on orders v4, products v3, webhooks.

#[cfg(feature = "orders")]
mod address;
#[cfg(feature = "orders")]
mod client;
#[cfg(feature = "door")]
pub(crate) mod door;
#[cfg(feature = "orders")]
mod order;
#[cfg(feature = "orders")]
mod wire;

#[cfg(feature = "orders")]
use jiff::SignedDuration;

use crate::manifest::{Limit, Manifest, Path};
#[cfg(feature = "orders")]
use crate::ports::TwinRule;

#[cfg(feature = "orders")]
pub use client::Gelato;

/// What is fixed about it.
pub const MANIFEST: Manifest = Manifest {
    kind: "gelato",
    limit: Limit::a_minute(120),
    call_secrets: &["token"],
    door_secrets: &["path-secret"],
    path: Path::NameAndSecret,
    file: include_str!("partner.toml"),
};

/// A request that was given up is over at Gelato within seconds; its search is an index of its own that follows the orders. Five
/// minutes leave room for both, and an order that is found later than this would be a second one: Gelato can be asked, but does
/// not refuse.
#[cfg(feature = "orders")]
pub(crate) const TWIN_RULE: TwinRule = TwinRule::Searched { settle: SignedDuration::from_mins(5) };

/// Its texts are print files.
#[cfg(feature = "orders")]
pub(crate) const TAKES_TEXTS: bool = false;
