//! How a partner knows our order: a stable function of (store, order, split), never random.
//!
//! `<4 hex digits of the store>-<order number>-<split>`, e.g. `9f3a-5550004242-1`: at most 28 characters of `[A-Za-z0-9_-]`, which
//! fits the narrowest alphabet and length among the partners (Printful: 32 characters).

use crate::subject::{OrderId, short_hash};

/// The external id of one split of an order.
#[must_use]
pub fn external_id(store: &str, order: OrderId, split: u8) -> String {
    format!("{}-{order}-{split}", short_hash(&[store], 4))
}

/// The order and split an external id names; `None` when it is not one of this store's (the owner's own orders at the partner).
#[must_use]
pub fn parse(store: &str, text: &str) -> Option<(OrderId, u8)> {
    let rest = text.strip_prefix(short_hash(&[store], 4).as_str())?.strip_prefix('-')?;
    let (order, split) = rest.rsplit_once('-')?;
    Some((OrderId::parse(order)?, split.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_stable_fits_every_partner_and_names_its_order() {
        let id = external_id("example-prints.myshopify.com", OrderId(u64::MAX), 1);
        assert!(id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{id}");
        assert_eq!(parse("example-prints.myshopify.com", &id), Some((OrderId(u64::MAX), 1)));
        assert_eq!(parse("another-shop.myshopify.com", &id), None);
        for text in ["7770001", "string", "", "9f3a-x-1", "#1001"] {
            assert_eq!(parse("example-prints.myshopify.com", text), None, "{text}");
        }
    }
}
