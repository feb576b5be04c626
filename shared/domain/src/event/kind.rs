//! Which kind of fact it is: the row of the hand-off table.

use std::fmt;

use super::Fact;

/// Which kind of fact it is: the row of the hand-off table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    OrderCreated,
    OrderChanged,
    OrderEdited,
    OrderDisputed,
    FraudWarned,
    OrderDecided,
    PaymentTold,
    CheckoutStarted,
    CheckoutEnded,
    FlowDue,
    ContactChanged,
    ConsentChanged,
    ContactSignedUp,
    ContactSubscribed,
    ContactUnsubscribed,
    ContactWished,
    ContactSuppressed,
    FulfilmentWritten,
    PartnerTold,
    OrderPaid,
    OrderCancelled,
    OrderRefunded,
    RiskAssessed,
    OrderCleared,
    OrderHeld,
    OrderRouted,
    PartnerAccepted,
    PartnerStopped,
    PartnerResumed,
    ParcelShipped,
    ParcelAnnounced,
    ParcelMoved,
    ParcelDelivered,
    ParcelRenumbered,
    ParcelOutForDelivery,
    ParcelTroubled,
    CarrierTold,
    ParcelBelongs,
    CustomerWaits,
    ParcelReturned,
    AppUninstalled,
    DataRequested,
    CustomerRedacted,
    ShopRedacted,
    Unfollowed,
    Unreadable,
}

impl EventType {
    /// The CloudEvents `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreated => "order.created",
            Self::OrderChanged => "order.changed",
            Self::OrderEdited => "order.edited",
            Self::OrderDisputed => "order.disputed",
            Self::FraudWarned => "order.fraud_warned",
            Self::OrderDecided => "order.decided",
            Self::PaymentTold => "payment.told",
            Self::CheckoutStarted => "checkout.started",
            Self::CheckoutEnded => "checkout.ended",
            Self::FlowDue => "flow.due",
            Self::ContactChanged => "contact.changed",
            Self::ConsentChanged => "contact.consent_changed",
            Self::ContactSignedUp => "contact.signed_up",
            Self::ContactSubscribed => "contact.subscribed",
            Self::ContactUnsubscribed => "contact.unsubscribed",
            Self::ContactWished => "contact.wished",
            Self::ContactSuppressed => "contact.suppressed",
            Self::FulfilmentWritten => "store.fulfilment_written",
            Self::PartnerTold => "partner.told",
            Self::OrderPaid => "order.paid",
            Self::OrderCancelled => "order.cancelled",
            Self::OrderRefunded => "order.refunded",
            Self::RiskAssessed => "order.risk_assessed",
            Self::OrderCleared => "order.cleared",
            Self::OrderHeld => "order.held",
            Self::OrderRouted => "order.routed",
            Self::PartnerAccepted => "partner.accepted",
            Self::PartnerStopped => "partner.stopped",
            Self::PartnerResumed => "partner.resumed",
            Self::ParcelShipped => "parcel.shipped",
            Self::ParcelAnnounced => "parcel.announced",
            Self::ParcelMoved => "parcel.moved",
            Self::ParcelDelivered => "parcel.delivered",
            Self::ParcelRenumbered => "parcel.renumbered",
            Self::ParcelOutForDelivery => "parcel.out_for_delivery",
            Self::ParcelTroubled => "parcel.troubled",
            Self::CarrierTold => "carrier.told",
            Self::ParcelBelongs => "parcel.belongs",
            Self::CustomerWaits => "customer.waits",
            Self::ParcelReturned => "parcel.returned",
            Self::AppUninstalled => "store.app_uninstalled",
            Self::DataRequested => "privacy.data_requested",
            Self::CustomerRedacted => "privacy.customer_redacted",
            Self::ShopRedacted => "privacy.shop_redacted",
            Self::Unfollowed => "webhook.unfollowed",
            Self::Unreadable => "webhook.unreadable",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Fact {
    /// The row of the hand-off table this fact belongs to.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match self {
            Self::OrderCreated {} => EventType::OrderCreated,
            Self::OrderChanged { .. } => EventType::OrderChanged,
            Self::OrderEdited { .. } => EventType::OrderEdited,
            Self::OrderDisputed { .. } => EventType::OrderDisputed,
            Self::FraudWarned { .. } => EventType::FraudWarned,
            Self::OrderDecided { .. } => EventType::OrderDecided,
            Self::PaymentTold { .. } => EventType::PaymentTold,
            Self::CheckoutStarted { .. } => EventType::CheckoutStarted,
            Self::CheckoutEnded { .. } => EventType::CheckoutEnded,
            Self::FlowDue { .. } => EventType::FlowDue,
            Self::ContactChanged { .. } => EventType::ContactChanged,
            Self::ConsentChanged { .. } => EventType::ConsentChanged,
            Self::ContactSignedUp { .. } => EventType::ContactSignedUp,
            Self::ContactSubscribed { .. } => EventType::ContactSubscribed,
            Self::ContactUnsubscribed { .. } => EventType::ContactUnsubscribed,
            Self::ContactWished { .. } => EventType::ContactWished,
            Self::ContactSuppressed { .. } => EventType::ContactSuppressed,
            Self::FulfilmentWritten { .. } => EventType::FulfilmentWritten,
            Self::PartnerTold { .. } => EventType::PartnerTold,
            Self::OrderPaid { .. } => EventType::OrderPaid,
            Self::OrderCancelled { .. } => EventType::OrderCancelled,
            Self::OrderRefunded { .. } => EventType::OrderRefunded,
            Self::RiskAssessed { .. } => EventType::RiskAssessed,
            Self::OrderCleared {} => EventType::OrderCleared,
            Self::OrderHeld { .. } => EventType::OrderHeld,
            Self::OrderRouted { .. } => EventType::OrderRouted,
            Self::PartnerAccepted { .. } => EventType::PartnerAccepted,
            Self::PartnerStopped { .. } => EventType::PartnerStopped,
            Self::PartnerResumed { .. } => EventType::PartnerResumed,
            Self::ParcelShipped { .. } => EventType::ParcelShipped,
            Self::ParcelAnnounced { .. } => EventType::ParcelAnnounced,
            Self::ParcelMoved { .. } => EventType::ParcelMoved,
            Self::ParcelDelivered { .. } => EventType::ParcelDelivered,
            Self::ParcelRenumbered { .. } => EventType::ParcelRenumbered,
            Self::ParcelOutForDelivery { .. } => EventType::ParcelOutForDelivery,
            Self::ParcelTroubled { .. } => EventType::ParcelTroubled,
            Self::CarrierTold { .. } => EventType::CarrierTold,
            Self::ParcelBelongs { .. } => EventType::ParcelBelongs,
            Self::CustomerWaits { .. } => EventType::CustomerWaits,
            Self::ParcelReturned { .. } => EventType::ParcelReturned,
            Self::AppUninstalled { .. } => EventType::AppUninstalled,
            Self::DataRequested { .. } => EventType::DataRequested,
            Self::CustomerRedacted { .. } => EventType::CustomerRedacted,
            Self::ShopRedacted { .. } => EventType::ShopRedacted,
            Self::Unfollowed { .. } => EventType::Unfollowed,
            Self::Unreadable { .. } => EventType::Unreadable,
        }
    }
}
