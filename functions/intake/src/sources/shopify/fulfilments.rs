//! Fulfilments, ours and others', and what carriers say of them.

use domain::Timestamp;
use domain::event::{Fact, ParcelRef};
use domain::parcel::Progress;
use domain::subject::Subject;
use serde::Deserialize;

use super::super::{AnyId, Told, Translated, Unreadable, read};
use super::{Delivery, of_order};

pub(super) fn written(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let fulfilment: Fulfilment = read(delivery.body)?;
    let at = delivery.moment(fulfilment.updated_at);
    let order = fulfilment.order_id.order("order_id")?;
    Ok(of_order(order, Fact::FulfilmentWritten { fulfilment: fulfilment.id.0, at }))
}

/// The statuses of a fulfilment event that mean something to us. A printed or bought label has not met a carrier yet.
pub(super) fn tracked(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let event: FulfilmentEvent = read(delivery.body)?;
    let order = event.order_id.order("order_id")?;
    let source = "shopify".to_owned();
    let status = event.status.unwrap_or_default().to_lowercase();
    let happened = event.happened_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    let told = match status.as_str() {
        "delivered" | "picked_up" => {
            let parcel = ParcelRef::Fulfilment(event.fulfillment_id.0);
            of_order(order, Fact::ParcelDelivered { source, parcel })
        }
        "out_for_delivery" => {
            let parcel = ParcelRef::Fulfilment(event.fulfillment_id.0);
            of_order(order, Fact::ParcelOutForDelivery { source, tracking_event: event.id.0, status, parcel })
        }
        "attempted_delivery" | "ready_for_pickup" | "failure" => {
            let parcel = ParcelRef::Fulfilment(event.fulfillment_id.0);
            let progress = match status.as_str() {
                "attempted_delivery" => Progress::AttemptFailed,
                "ready_for_pickup" => Progress::ReadyForPickup,
                _ => Progress::Problem,
            };
            of_order(order, Fact::ParcelTroubled { source, tracking_event: event.id.0, status, progress, parcel })
        }
        "in_transit" | "carrier_picked_up" | "delayed" => {
            let parcel = Some(ParcelRef::Fulfilment(event.fulfillment_id.0));
            let promised = event.estimated_delivery_at.and_then(|at| at.get(..10).map(str::to_owned));
            of_order(order, Fact::ParcelMoved { source, tracking_event: event.id.0, status, parcel, promised })
        }
        _ => Translated::Unfollowed(Some(Subject::Order(order))),
    };
    Ok(match told {
        Translated::Fact(told) => Translated::Fact(Box::new(Told { time: happened, ..*told })),
        unfollowed @ Translated::Unfollowed(_) => unfollowed,
    })
}

#[derive(Deserialize)]
struct Fulfilment {
    id: AnyId,
    order_id: AnyId,
    #[serde(default)]
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct FulfilmentEvent {
    id: AnyId,
    order_id: AnyId,
    fulfillment_id: AnyId,
    status: Option<String>,
    #[serde(default)]
    happened_at: Option<String>,
    #[serde(default)]
    estimated_delivery_at: Option<String>,
}
