//! What makes two deliveries the same fact.

use super::{CheckoutEnd, EventId, Fact, ParcelRef};
use crate::parcel::normalised;

impl Fact {
    /// Whether its source says it again and again, so that looking first is cheaper than a refused write. Printful repeats an
    /// order's state with every change of anything, Shopify an order's with every tag and every parcel.
    #[must_use]
    pub fn repeats(&self) -> bool {
        matches!(self, Self::PartnerAccepted { .. } | Self::OrderChanged { .. })
    }

    /// The fact-id of each topic, unique within the subject. One table: what makes two deliveries the same fact.
    #[must_use]
    pub fn id(&self) -> EventId {
        EventId(match self {
            Self::OrderCreated {} => "created".to_owned(),
            Self::OrderChanged { what, again: None } => format!("changed#{what}"),
            Self::OrderChanged { what, again: Some(at) } => format!("changed#{what}#{at}"),
            Self::OrderEdited { edit } => format!("edit#{edit}"),
            Self::OrderDisputed { dispute, .. } => format!("dispute#{dispute}"),
            Self::FraudWarned { warning } => format!("fraud-warning#{warning}"),
            // The first decision about a hold counts; a second click, or the other button, changes nothing.
            Self::OrderDecided { round, .. } => format!("decided#{round}"),
            Self::PaymentTold { provider, topic, object, repeat } => {
                let repeat = repeat.as_ref().map(|repeat| format!("#{repeat}")).unwrap_or_default();
                format!("payment#{provider}#{topic}#{object}{repeat}")
            }
            Self::CheckoutStarted { at, .. } => format!("checkout#{at}"),
            Self::CheckoutEnded { how } => match how {
                CheckoutEnd::Deleted => "checkout-deleted".to_owned(),
                CheckoutEnd::Expired => "checkout-expired".to_owned(),
            },
            Self::FlowDue { flow, step, entry, again, .. } => {
                let again = again.map(|at| format!("#{at}")).unwrap_or_default();
                format!("flow#{flow}#{step}#{entry}{again}")
            }
            Self::KlaviyoDue { what, about, .. } => {
                let about = about.as_ref().map(|about| format!("#{about}")).unwrap_or_default();
                format!("klaviyo#{}{about}", what.as_str())
            }
            Self::ContactChanged { at, .. } => format!("changed#{at}"),
            Self::ConsentChanged { state, at, .. } => format!("consent#{state}#{at}"),
            Self::ContactSignedUp { day, .. } => format!("signed-up#{day}"),
            Self::ContactSubscribed { at, .. } => format!("subscribed#{at}"),
            Self::ContactUnsubscribed { at, .. } => format!("unsubscribed#{at}"),
            Self::ContactWished { at, .. } => format!("wished#{at}"),
            Self::ContactSuppressed { why, message } => format!("suppressed#{}#{message}", why.as_str()),
            Self::FulfilmentWritten { fulfilment, at } => format!("fulfilment#{fulfilment}#{at}"),
            Self::PartnerTold { partner, partner_order, topic, at } => {
                format!("told#{partner}#{partner_order}#{topic}#{at}")
            }
            Self::OrderPaid { .. } => "paid".to_owned(),
            Self::OrderCancelled { .. } => "cancelled".to_owned(),
            Self::OrderRefunded { refund } => format!("refund#{refund}"),
            Self::RiskAssessed { provider, level, at } => format!("risk#{provider}#{level}#{at}"),
            Self::OrderCleared {} => "cleared".to_owned(),
            Self::OrderHeld { round: 1, .. } => "held".to_owned(),
            Self::OrderHeld { round, .. } => format!("held#{round}"),
            Self::OrderRouted { partner, split, .. } => format!("routed#{partner}#{split}"),
            Self::PartnerAccepted { partner, partner_order } => format!("accepted#{partner}#{partner_order}"),
            // A partner can hold an order more than once, so its own time is part of these facts.
            Self::PartnerStopped { partner, partner_order, how, at, .. } => {
                format!("stopped#{partner}#{partner_order}#{}#{at}", how.as_str())
            }
            Self::PartnerResumed { partner, partner_order, at } => format!("resumed#{partner}#{partner_order}#{at}"),
            // A number that comes later, or another, is news; the same shipment told again is not.
            Self::ParcelShipped { partner, shipment, reshipment, tracking, .. } => {
                let again = if *reshipment { "#again" } else { "" };
                let number = tracking.as_ref().and_then(|tracking| normalised(&tracking.number));
                let number = number.map(|number| format!("#{number}")).unwrap_or_default();
                format!("shipped#{partner}#{shipment}{again}{number}")
            }
            Self::ParcelAnnounced { parcel, .. } => format!("announced#{parcel}"),
            Self::ParcelRenumbered { parcel, tracking } => {
                format!("renumbered#{parcel}#{}", normalised(&tracking.number).unwrap_or_default())
            }
            Self::ParcelMoved { source, tracking_event, .. } => format!("moved#{source}#{tracking_event}"),
            Self::ParcelOutForDelivery { source, tracking_event, .. } => format!("out#{source}#{tracking_event}"),
            Self::ParcelTroubled { source, tracking_event, .. } => format!("troubled#{source}#{tracking_event}"),
            Self::CarrierTold { feed, scan, .. } => format!("scan#{feed}#{scan}"),
            Self::ParcelBelongs { order, .. } => format!("of#{order}"),
            Self::CustomerWaits { since } => format!("waits#{since}"),
            Self::ParcelDelivered { source, parcel } => match parcel {
                ParcelRef::Shipment { by_shipment, .. } => format!("delivered#{source}#{by_shipment}"),
                ParcelRef::Fulfilment(fulfilment) => format!("delivered#{source}#fulfilment-{fulfilment}"),
                ParcelRef::Number(number) => format!("delivered#{source}#{number}"),
            },
            Self::ParcelReturned { source, tracking_event, .. } => format!("returned#{source}#{tracking_event}"),
            Self::AppUninstalled { at } => format!("app-uninstalled#{at}"),
            Self::DataRequested { request, .. } => format!("data-request#{request}"),
            Self::CustomerRedacted { customer, orders, .. } => format!(
                "redact#{}#{}",
                customer.as_deref().unwrap_or("none"),
                orders.iter().map(ToString::to_string).collect::<Vec<_>>().join("-")
            ),
            Self::ShopRedacted { shop } => format!("shop-redact#{shop}"),
            Self::Unfollowed { topic, body_hash } => format!("unfollowed#{topic}#{body_hash}"),
            Self::Unreadable { topic, body_hash, .. } => format!("unreadable#{topic}#{body_hash}"),
        })
    }
}
