//! The link to a customer's order page, as every mail has it.

use domain::Timestamp;
use domain::subject::OrderId;
use jiff::SignedDuration;

use crate::{Key, LinkError, Purpose};

/// How long a link opens. Longer than an order takes with a parcel that was lost and made again, and than the weeks in which
/// something can be sent back; short enough that an old mailbox in other hands shows nothing. Every mail brings a new one.
pub const ORDER_LINK: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The address of an order's page below `base`, the storefront's own address.
#[must_use]
pub fn order_link(base: &str, key: &Key, order: OrderId, now: Timestamp) -> String {
    let expires = now.checked_add(ORDER_LINK).unwrap_or(now);
    format!("{}/orders/{}", base.trim_end_matches('/'), key.sign(Purpose::Order, &order.to_string(), expires))
}

/// The order that a page's token is for.
pub fn linked_order(key: &Key, token: &str, now: Timestamp) -> Result<OrderId, LinkError> {
    OrderId::parse(&key.open(token, Purpose::Order, now)?).ok_or(LinkError::Forged)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn key() -> Key {
        Key::new(vec![SecretString::from("k".repeat(40))]).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_link_opens_its_order_for_ninety_days() {
        let day = 86_400;
        let order = OrderId(9_007_199_254_740_995);
        for base in ["https://pages.example.com/", "https://pages.example.com"] {
            let link = order_link(base, &key(), order, at(0));
            let token = link.strip_prefix("https://pages.example.com/orders/").unwrap();
            assert_eq!(linked_order(&key(), token, at(90 * day - 1)), Ok(order));
            assert_eq!(linked_order(&key(), token, at(90 * day)), Err(LinkError::Expired));
        }
    }

    #[test]
    fn the_owners_link_opens_no_page_and_a_page_decides_nothing() {
        let decision = key().sign(Purpose::Decision, "1", at(2_000));
        assert_eq!(linked_order(&key(), &decision, at(1)), Err(LinkError::Forged));
        let page = key().sign(Purpose::Order, "1#1", at(2_000));
        assert_eq!(linked_order(&key(), &page, at(1)), Err(LinkError::Forged));
        assert_eq!(key().open(&page, Purpose::Decision, at(1)), Err(LinkError::Forged));
    }
}
