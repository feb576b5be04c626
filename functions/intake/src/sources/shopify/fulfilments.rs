//! Fulfilments, ours and others', and what carriers say of them.

use domain::event::{Fact, ParcelRef};
use domain::subject::Subject;
use serde::Deserialize;

use super::super::{AnyId, Translated, Unreadable, read};
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
    Ok(match status.as_str() {
        "delivered" | "picked_up" => {
            let parcel = ParcelRef::Fulfilment(event.fulfillment_id.0);
            of_order(order, Fact::ParcelDelivered { source, parcel })
        }
        "failure" => of_order(order, Fact::ParcelReturned { source, tracking_event: event.id.0, reason: None }),
        "in_transit" | "out_for_delivery" | "attempted_delivery" | "ready_for_pickup" | "carrier_picked_up"
        | "delayed" => of_order(order, Fact::ParcelMoved { source, tracking_event: event.id.0, status }),
        _ => Translated::Unfollowed(Some(Subject::Order(order))),
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
}
