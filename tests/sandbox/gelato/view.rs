//! An order in Gelato's answers. Amounts are JSON numbers with a point, as Gelato writes them; here they are made from
//! text, never computed as floating point.

use crate::partners::Cost;
use crate::partners::book::{Item, Order, Parcel, Stage};
use jiff::Timestamp;
use serde_json::{Value, json};

/// `2026-11-21T10:00:00+00:00`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

pub(super) fn status(order: &Order) -> String {
    let gone = |test: fn(&Parcel) -> bool| !order.parcels.is_empty() && order.parcels.iter().all(test);
    let word = match order.stage {
        Stage::Draft => "draft",
        Stage::Accepted => "passed",
        Stage::Making => "in_production",
        Stage::Held => "on_hold",
        Stage::Failed => "failed",
        Stage::Cancelled => "canceled",
        Stage::Partial => "printed",
        Stage::Fulfilled if gone(|parcel| parcel.returned) => "returned",
        Stage::Fulfilled if gone(|parcel| parcel.delivered.is_some() || parcel.returned) => "delivered",
        Stage::Fulfilled => "shipped",
    };
    order.word.clone().unwrap_or_else(|| word.to_owned())
}

/// An item that has left is shipped, though others of its order have not.
pub(super) fn item_status(order: &Order, item: &Item) -> String {
    let gone = order.stage == Stage::Partial && order.shipped_of(&item.id) >= item.quantity;
    if gone { "shipped".to_owned() } else { status(order) }
}

pub(super) fn financial_status(order: &Order) -> &'static str {
    match order.stage {
        Stage::Draft => "draft",
        Stage::Cancelled => "canceled",
        _ => "paid",
    }
}

pub(super) fn order_type(order: &Order) -> &'static str {
    if order.stage == Stage::Draft { "draft" } else { "order" }
}

/// An amount as a JSON number.
pub(super) fn number(amount: Cost) -> Value {
    serde_json::from_str(&amount.text()).unwrap_or_default()
}

pub(super) fn order(order: &Order) -> Value {
    let items = order.items.iter().map(|item| {
        let mut view = json!({
            "id": item.id,
            "itemReferenceId": item.external_id,
            "productUid": item.variant,
            "files": item.request["files"],
            "processedFileUrl": "https://files.example.com/processed.pdf",
            "quantity": item.quantity,
            "fulfillmentStatus": item_status(order, item),
            "previews": [],
        });
        if item.request.get("pageCount").is_some() {
            view["pageCount"] = item.request["pageCount"].clone();
        }
        view
    });
    let mut view = json!({
        "id": order.id,
        "orderType": order_type(order),
        "orderReferenceId": order.external_id,
        "customerReferenceId": order.request["customerReferenceId"],
        "fulfillmentStatus": status(order),
        "financialStatus": financial_status(order),
        "currency": order.request["currency"],
        "channel": "api",
        "storeId": null,
        "createdAt": moment(order.created),
        "updatedAt": moment(order.updated),
        "orderedAt": order.released.map(moment),
        "items": items.collect::<Vec<_>>(),
        "metadata": order.request.get("metadata").cloned().unwrap_or_else(|| json!([])),
        "shippingAddress": order.request["shippingAddress"],
        "returnAddress": order.request["returnAddress"],
        "receipts": if order.stage == Stage::Draft { json!([]) } else { json!([receipt(order)]) },
        "connectedOrderIds": [],
    });
    if order.stage != Stage::Draft {
        view["shipment"] = shipment(order);
    }
    view
}

fn shipment(order: &Order) -> Value {
    let packages = order.parcels.iter().map(|parcel| {
        json!({
            "id": parcel.id,
            "orderItemIds": parcel.items.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            "trackingCode": parcel.tracking_number,
            "trackingUrl": parcel.tracking_url,
        })
    });
    let carrier = order.parcels.last().map_or("USPS", |parcel| parcel.carrier.as_str());
    json!({
        "id": order.id,
        "shipmentMethodName": carrier,
        "shipmentMethodUid": method_uid(carrier),
        "minDeliveryDays": 4,
        "maxDeliveryDays": 6,
        "totalWeight": 200,
        "fulfillmentCountry": "US",
        "packagesCount": order.parcels.len(),
        "packages": packages.collect::<Vec<_>>(),
    })
}

pub(super) fn method_uid(carrier: &str) -> String {
    carrier.to_lowercase().replace(' ', "_")
}

fn receipt(order: &Order) -> Value {
    let (goods, shipping, total) = (order.goods(), order.shipping(), order.total());
    let mut view = json!({
        "id": order.id,
        "orderId": order.id,
        "transactionType": "purchase",
        // What Gelato charges in, whatever the order says.
        "currency": total.currency.code(),
        "items": [],
        "discount": 0,
    });
    for (name, amount) in [("products", goods), ("packaging", total.of(0)), ("shipping", shipping)] {
        view[format!("{name}Price")] = number(amount);
        view[format!("{name}PriceVat")] = json!(0);
        view[format!("{name}PriceInclVat")] = number(amount);
    }
    for name in ["totalInitial", "total", "totalInclVat"] {
        view[name] = number(total);
    }
    view["totalVat"] = json!(0);
    view
}
