//! An order in Printify's answers. Money is whole cents; times have a blank instead of the `T`; a shipment does not say
//! what is in it.

use crate::partners::book::{Item, Order, Parcel, Stage};
use jiff::Timestamp;
use serde_json::{Value, json};

/// `2026-11-21 10:00:00+00:00`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S+00:00").to_string()
}

/// What Printify writes for "never" in `shop_fulfilled_at`.
const NEVER: &str = "1970-01-01 00:00:00+00:00";

pub(super) fn status(order: &Order) -> String {
    let word = match order.stage {
        Stage::Draft => "on-hold",
        Stage::Accepted => "sending-to-production",
        Stage::Making => "in-production",
        Stage::Held => "has-issues",
        Stage::Failed => "quality-declined",
        Stage::Cancelled => "canceled",
        Stage::Partial => "partially-fulfilled",
        Stage::Fulfilled => "fulfilled",
    };
    order.word.clone().unwrap_or_else(|| word.to_owned())
}

pub(super) fn order(order: &Order) -> Value {
    let left = order.unshipped().is_empty();
    let sent = order.parcels.last().filter(|_| left).map(|parcel| moment(parcel.shipped));
    let started = order.started.map(moment);
    let flag = |name: &str| order.request[name].as_bool().unwrap_or(false);
    let label = order.request["label"].as_str().or(order.external_id.as_deref());
    // Prices are only gone from a cancelled order.
    let charged = order.stage != Stage::Cancelled;
    let mut view = json!({
        "id": order.id,
        "address_to": order.request["address_to"],
        "line_items": order.items.iter().map(|item| line(order, item, charged)).collect::<Vec<_>>(),
        "metadata": {
            "order_type": "api",
            "shop_order_id": order.external_id,
            "shop_order_label": label,
            "shop_fulfilled_at": sent.as_deref().unwrap_or(NEVER),
        },
        "total_price": if charged { order.goods().minor } else { 0 },
        "total_shipping": if charged { order.shipping().minor } else { 0 },
        "total_tax": 0,
        "status": status(order),
        "shipping_method": order.request["shipping_method"].as_u64().unwrap_or(1),
        "is_printify_express": flag("is_printify_express"),
        "is_economy_shipping": flag("is_economy_shipping"),
        "created_at": moment(order.created),
    });
    // Absent rather than null until there is something to say.
    if !order.parcels.is_empty() {
        view["shipments"] = order.parcels.iter().map(shipment).collect();
    }
    for (name, time) in [("sent_to_production_at", started), ("fulfilled_at", sent)] {
        if let Some(time) = time {
            view[name] = json!(time);
        }
    }
    view
}

fn line(order: &Order, item: &Item, charged: bool) -> Value {
    let quantity = item.quantity;
    let gone = order.shipped_of(&item.id) >= quantity;
    let status = match order.stage {
        Stage::Partial if gone => "fulfilled".to_owned(),
        Stage::Partial => "in-production".to_owned(),
        _ => status(order),
    };
    let product = item.request["product_id"].as_str();
    let mut view = json!({
        "quantity": quantity,
        "product_id": product.map_or_else(|| super::write_id(0), str::to_owned),
        "variant_id": item.request["variant_id"].as_u64().unwrap_or(0),
        "print_provider_id": item.request["print_provider_id"].as_u64().unwrap_or(1),
        "cost": if charged { item.price.minor } else { 0 },
        "shipping_cost": if charged { order.shipping().minor } else { 0 },
        "status": status,
        "metadata": {
            "title": "Sandbox product",
            "price": item.price.minor.saturating_mul(2),
            "variant_label": item.variant,
            "sku": super::products::sku(&item.variant),
            "country": "United States",
            "external_id": item.external_id,
        },
    });
    if let Some(started) = order.started {
        view["sent_to_production_at"] = json!(moment(started));
        let sent = order.parcels.iter().filter(|_| gone).map(|parcel| moment(parcel.shipped)).next_back();
        view["fulfilled_at"] = json!(sent);
    }
    view
}

/// In orders a carrier is written in lower case, in webhooks in upper case.
fn shipment(parcel: &Parcel) -> Value {
    json!({
        "carrier": parcel.carrier.to_lowercase(),
        "number": parcel.tracking_number,
        "url": parcel.tracking_url,
        "delivered_at": parcel.delivered.map(moment),
    })
}

/// One page of a list, as Laravel paginates.
pub(super) fn page(all: &[Value], page: usize, limit: usize) -> Value {
    let skipped = (page - 1).saturating_mul(limit);
    let data: Vec<&Value> = all.iter().skip(skipped).take(limit).collect();
    let last = all.len().div_ceil(limit).max(1);
    let url = |page: usize| format!("/?page={page}");
    let (from, to) = (skipped + 1, skipped + data.len());
    json!({
        "current_page": page,
        "first_page_url": url(1),
        "from": (!data.is_empty()).then_some(from),
        "last_page": last,
        "last_page_url": url(last),
        "next_page_url": (page < last).then(|| url(page + 1)),
        "path": "/",
        "per_page": limit,
        "prev_page_url": (page > 1).then(|| url(page - 1)),
        "to": (!data.is_empty()).then_some(to),
        "total": all.len(),
        "data": data,
    })
}
