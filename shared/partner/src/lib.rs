//! Production partners, one folder each, the same files in each.
//!
//! It is all about the same partner, which is why it lives here and not in the functions: routing places, releases, cancels and
//! asks, shipping asks what was shipped, the door understands what partners send. Two features keep these apart: `orders` calls
//! partners, `door` only hears them and has no HTTP client. README.md beside this crate says how to add a partner.
//!
//! | file | what stands there |
//! |---|---|
//! | [`ports`] | what can be asked of a partner: one trait per verb |
//! | [`partners`] | the closed set of partners, as clients |
//! | [`door`] | the closed set of partners, as senders of webhooks |
//! | [`manifest`] | what is fixed about a partner: its limit, its secrets, its webhooks' path |
//! | `<partner>/client.rs`, `wire.rs`, `door.rs`, `partner.toml` | one partner |

#[cfg(feature = "orders")]
mod calls;
#[cfg(feature = "door")]
pub mod door;
pub mod manifest;
#[cfg(feature = "orders")]
pub mod partners;
#[cfg(feature = "orders")]
pub mod ports;
#[cfg(any(feature = "door", feature = "orders"))]
mod signature;
#[cfg(any(feature = "door", feature = "orders"))]
mod stops;
#[cfg(any(feature = "door", feature = "orders"))]
mod text;

pub mod gelato;
pub mod http;
pub mod printful;
pub mod printify;

use lambda::secrets::SecretsError;

pub use manifest::{Limit, Manifest};
#[cfg(feature = "orders")]
pub use partners::Partner;
#[cfg(feature = "orders")]
pub use ports::*;

/// The closed set of partners, one line each: the module, which is also its `kind` in `store.toml`, and its type.
macro_rules! with_partners {
    ($define:ident) => {
        $define! {
            printful => Printful,
            printify => Printify,
            gelato => Gelato,
            http => Http,
        }
    };
}
use with_partners;

/// A partner in `store.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PartnerError {
    #[error(
        "store.toml: [partners.{name}] is of the kind {kind:?}, which this version does not know (it knows {known})"
    )]
    Unknown { name: String, kind: String, known: String },
    #[error("store.toml: [partners.{name}] needs the key {option}")]
    Option { name: String, option: &'static str },
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}
