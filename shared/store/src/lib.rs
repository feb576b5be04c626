//! The store: the one source of truth. A layer reads the order here at the moment it acts, and writes back what it did.
//!
//! The port is one small trait per verb, so that a function is given only what it may do. Shopify is the one platform so far;
//! a second one is a folder beside [`shopify`] and an enum here.

pub mod shopify;

use domain::order::Order;
use domain::parcel::{Contents, Tracking};
use domain::provider::Trouble;
use domain::subject::OrderId;

pub use shopify::Shopify;

/// Reads an order as the store has it now.
pub trait ReadOrder: Send + Sync {
    /// `None`: the store does not know it.
    fn order(&self, id: OrderId) -> impl Future<Output = Result<Option<Order>, Trouble>> + Send;
}

/// Writes a parcel to the store.
pub trait WriteFulfilment: Send + Sync {
    /// Marks these contents as fulfilled with this tracking; the store's id of the fulfilment. The store itself sends no mail.
    ///
    /// The store knows no idempotency key here: ask first whether the parcel is there already.
    fn fulfil(
        &self,
        contents: &Contents,
        tracking: Option<&Tracking>,
    ) -> impl Future<Output = Result<String, Trouble>> + Send;
}
