//! The webhooks we want, in one list: topic, what it is for, and which layer lives on it.
//!
//! Not in it, because Shopify takes no subscription to them through its API: `customers/data_request`, `customers/redact` and
//! `shop/redact` are named in the app's own configuration (`compliance_topics` in `shopify.app.toml`) and go to the same address.

use domain::handoff::Layer;

/// One subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// As in the webhook's header.
    pub name: &'static str,
    /// What would be missed without it, for the owner.
    pub purpose: &'static str,
    /// The layer that lives on it.
    pub consumer: Layer,
}

const fn topic(name: &'static str, consumer: Layer, purpose: &'static str) -> Topic {
    Topic { name, purpose, consumer }
}

/// Every subscription a store needs.
#[rustfmt::skip]
pub const TOPICS: &[Topic] = {
    use Layer::{Capture, Email, Monitoring, Routing, Shipping};
    &[
        topic("orders/create",                         Capture,    "An order was placed; its money is awaited."),
        topic("orders/paid",                           Capture,    "An order is paid and may be made."),
        topic("orders/updated",                        Routing,    "An order's address or payment changed."),
        topic("orders/edited",                         Capture,    "Lines of an order were added, removed or changed."),
        topic("orders/cancelled",                      Routing,    "An order was cancelled and must not be made."),
        topic("refunds/create",                        Routing,    "Money went back to a customer."),
        topic("disputes/create",                       Capture,    "A customer or a bank disputes a payment."),
        topic("orders/risk_assessment_changed",        Capture,    "The fraud screening of an order has a new result."),
        topic("checkouts/create",                      Email,      "A checkout was begun."),
        topic("checkouts/update",                      Email,      "A checkout that was begun has changed."),
        topic("checkouts/delete",                      Email,      "A checkout is gone: bought or given up."),
        topic("customers/create",                      Email,      "A customer is known to the store."),
        topic("customers/update",                      Email,      "A customer's record has changed."),
        topic("customers_email_marketing_consent/update", Email,   "A customer agreed to marketing mail, or withdrew."),
        topic("fulfillments/create",                   Shipping,   "The store has a parcel."),
        topic("fulfillments/update",                   Shipping,   "A parcel's tracking has changed."),
        topic("fulfillment_events/create",             Shipping,   "A parcel has moved or arrived."),
        topic("app/uninstalled",                       Monitoring, "The store removed Baton: nothing reaches it any more."),
    ]
};

/// GraphQL's name of a topic: `orders/paid` is `ORDERS_PAID`.
pub(super) fn enum_of(name: &str) -> String {
    name.to_uppercase().replace('/', "_")
}

/// The header's name of one of GraphQL's; one that is not in our list stays as it is.
pub(super) fn name_of(word: &str) -> String {
    let known = TOPICS.iter().find(|topic| enum_of(topic.name) == word);
    known.map_or_else(|| word.to_owned(), |topic| topic.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_stands_once_and_has_both_its_names() {
        let mut names: Vec<String> = TOPICS.iter().map(|topic| enum_of(topic.name)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), TOPICS.len());
        assert_eq!(name_of("CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE"), "customers_email_marketing_consent/update");
        assert_eq!(name_of("PRODUCTS_CREATE"), "PRODUCTS_CREATE");
    }
}
