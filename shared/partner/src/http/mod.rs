//! The generic partner: a workshop with a system of its own that implements our contract. README.md beside this file is that
//! contract, written for the workshop's engineer; a test checks its examples and its signatures against this code.

#[cfg(feature = "orders")]
mod client;
#[cfg(feature = "door")]
pub(crate) mod door;
#[cfg(any(feature = "door", feature = "orders"))]
mod signing;
#[cfg(feature = "orders")]
mod wire;

#[cfg(any(feature = "door", feature = "orders"))]
use domain::event::PartnerStop;

use crate::manifest::{Limit, Manifest, Path};
#[cfg(feature = "orders")]
use crate::ports::TwinRule;

#[cfg(feature = "orders")]
pub use client::Http;

/// What is fixed about it.
pub const MANIFEST: Manifest = Manifest {
    kind: "http",
    limit: Limit::a_minute(60),
    call_secrets: &["token"],
    door_secrets: &["webhook-secret"],
    path: Path::Partner,
    file: include_str!("partner.toml"),
};

/// The contract's one promise: a second order with the same id is answered with the first.
#[cfg(feature = "orders")]
pub(crate) const TWIN_RULE: TwinRule = TwinRule::Refuses;

/// A person reads the order there.
#[cfg(feature = "orders")]
pub(crate) const TAKES_TEXTS: bool = true;

/// The contract's words for why an order waits. A word it does not know is no reason to think that it goes on.
#[cfg(any(feature = "door", feature = "orders"))]
fn why(word: Option<&str>) -> PartnerStop {
    match word.unwrap_or_default() {
        "payment" => PartnerStop::PaymentFailed,
        "out_of_stock" => PartnerStop::OutOfStock,
        "file" => PartnerStop::FileRejected,
        "address" => PartnerStop::AddressRejected,
        _ => PartnerStop::OnHold,
    }
}
