//! Every GraphQL document we send, one file each.

/// By name; a test checks each against the published schema and against Shopify's limit of cost.
pub const QUERIES: &[(&str, &str)] = &[
    ("add_contact", ADD_CONTACT),
    ("bought_at_address", BOUGHT_AT_ADDRESS),
    ("bought_by_customer", BOUGHT_BY_CUSTOMER),
    ("bought_by_mail", BOUGHT_BY_MAIL),
    ("cancel", CANCEL),
    ("cancelled", CANCELLED),
    ("changed_orders", CHANGED_ORDERS),
    ("checkout", CHECKOUT),
    ("contact", CONTACT),
    ("contact_by_mail", CONTACT_BY_MAIL),
    ("fulfil", FULFIL),
    ("fulfilment_order_lines", FULFILMENT_ORDER_LINES),
    ("hold", HOLD),
    ("newest_orders", NEWEST_ORDERS),
    ("order", ORDER),
    ("order_fulfilment_orders", ORDER_FULFILMENT_ORDERS),
    ("order_lines", ORDER_LINES),
    ("place_order", PLACE_ORDER),
    ("placed_orders", PLACED_ORDERS),
    ("release_hold", RELEASE_HOLD),
    ("set_consent", SET_CONSENT),
    ("stalled_checkouts", STALLED_CHECKOUTS),
    ("subscribe", SUBSCRIBE),
    ("subscriptions", SUBSCRIPTIONS),
    ("tagged_order", TAGGED_ORDER),
    ("track", TRACK),
    ("variant_price", VARIANT_PRICE),
    ("variants", VARIANTS),
];

pub(super) const ADD_CONTACT: &str = include_str!("queries/add_contact.graphql");
pub(super) const BOUGHT_AT_ADDRESS: &str = include_str!("queries/bought_at_address.graphql");
pub(super) const BOUGHT_BY_CUSTOMER: &str = include_str!("queries/bought_by_customer.graphql");
pub(super) const BOUGHT_BY_MAIL: &str = include_str!("queries/bought_by_mail.graphql");
pub(super) const CANCEL: &str = include_str!("queries/cancel.graphql");
pub(super) const CANCELLED: &str = include_str!("queries/cancelled.graphql");
pub(super) const CHANGED_ORDERS: &str = include_str!("queries/changed_orders.graphql");
pub(super) const CHECKOUT: &str = include_str!("queries/checkout.graphql");
pub(super) const CONTACT: &str = include_str!("queries/contact.graphql");
pub(super) const CONTACT_BY_MAIL: &str = include_str!("queries/contact_by_mail.graphql");
pub(super) const FULFIL: &str = include_str!("queries/fulfil.graphql");
pub(super) const FULFILMENT_ORDER_LINES: &str = include_str!("queries/fulfilment_order_lines.graphql");
pub(super) const HOLD: &str = include_str!("queries/hold.graphql");
pub(super) const NEWEST_ORDERS: &str = include_str!("queries/newest_orders.graphql");
pub(super) const ORDER: &str = include_str!("queries/order.graphql");
pub(super) const ORDER_FULFILMENT_ORDERS: &str = include_str!("queries/order_fulfilment_orders.graphql");
pub(super) const ORDER_LINES: &str = include_str!("queries/order_lines.graphql");
pub(super) const PLACE_ORDER: &str = include_str!("queries/place_order.graphql");
pub(super) const PLACED_ORDERS: &str = include_str!("queries/placed_orders.graphql");
pub(super) const RELEASE_HOLD: &str = include_str!("queries/release_hold.graphql");
pub(super) const SET_CONSENT: &str = include_str!("queries/set_consent.graphql");
pub(super) const STALLED_CHECKOUTS: &str = include_str!("queries/stalled_checkouts.graphql");
pub(super) const SUBSCRIBE: &str = include_str!("queries/subscribe.graphql");
pub(super) const SUBSCRIPTIONS: &str = include_str!("queries/subscriptions.graphql");
pub(super) const TAGGED_ORDER: &str = include_str!("queries/tagged_order.graphql");
pub(super) const TRACK: &str = include_str!("queries/track.graphql");
pub(super) const VARIANT_PRICE: &str = include_str!("queries/variant_price.graphql");
pub(super) const VARIANTS: &str = include_str!("queries/variants.graphql");
