//! Printful's JSON. Numbers may come as text and text as numbers, whatever its schema says.

use std::collections::BTreeMap;

use domain::parcel::{Pieces, Tracking};
use domain::plan::{Item, Make};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::{NewOrder, PartnerOrder, Shipment, Stage};

#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub result: T,
}

/// The reason in an error's envelope: `{code, result: "text", error: {reason, message}}`, or a v2 problem's detail.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let parts = [&error["reason"], &error["message"], &body["detail"]];
    let words: Vec<&str> = parts.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect();
    let all = if words.is_empty() { body["result"].as_str()?.to_owned() } else { words.join(": ") };
    // Words from outside are stored and told: of a bounded length.
    Some(all.trim_end_matches('.').chars().take(200).collect())
}

/// The request for a draft. Absent fields are left out: Printful refuses `null` where it documents text.
pub(super) fn new_order(order: &NewOrder, shipping: Option<&str>) -> Value {
    let to = &order.ship_to;
    let mut recipient = json!({
        "name": to.name,
        "address1": to.address1,
        "city": to.city,
        "country_code": to.country_code,
    });
    let optional = [
        ("company", &to.company),
        ("address2", &to.address2),
        ("state_code", &to.province_code),
        ("zip", &to.zip),
        ("phone", &to.phone),
        ("email", &order.email),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            recipient[name] = json!(value);
        }
    }
    let mut body = json!({
        "external_id": order.external_id,
        "recipient": recipient,
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
        "retail_costs": { "currency": order.currency },
    });
    if let Some(shipping) = shipping {
        body["shipping"] = json!(shipping);
    }
    body
}

fn item(item: &Item) -> Value {
    let mut wanted = json!({
        "external_id": item.line.to_string(),
        "quantity": item.quantity,
        "name": item.title,
        "retail_price": item.retail_price,
    });
    match &item.make {
        Make::Variant { variant_id, files } => {
            wanted["variant_id"] = variant_id.parse::<u64>().map_or_else(|_| json!(variant_id), |number| json!(number));
            let files: Vec<_> = files.iter().map(|file| json!({ "type": file.placement, "url": file.url })).collect();
            wanted["files"] = json!(files);
        }
        Make::StoreVariant(number) => wanted["external_variant_id"] = json!(number),
    }
    wanted
}

/// Text, or a number that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(serde::de::Error::custom(format!("neither text nor a number: {other}"))),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Order {
    pub id: Text,
    #[serde(default)]
    status: String,
    #[serde(default)]
    items: Vec<OrderItem>,
    #[serde(default)]
    shipments: Vec<WireShipment>,
}

#[derive(Deserialize)]
struct OrderItem {
    id: Text,
    #[serde(default)]
    external_id: Option<Text>,
}

#[derive(Deserialize)]
struct WireShipment {
    id: Text,
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    tracking_number: Option<Text>,
    #[serde(default)]
    tracking_url: Option<String>,
    #[serde(default)]
    items: Vec<ShipmentItem>,
}

#[derive(Deserialize)]
struct ShipmentItem {
    item_id: Text,
    quantity: u32,
}

impl Order {
    pub(super) fn translate(self) -> PartnerOrder {
        let items = self.items.into_iter();
        // An item's external id is our line number; items that are not ours have none.
        let lines: BTreeMap<Text, u64> =
            items.filter_map(|item| Some((item.id, item.external_id?.0.parse().ok()?))).collect();
        let shipments = self.shipments.into_iter().map(|shipment| {
            let pieces = shipment.items.iter().filter_map(|item| {
                lines.get(&item.item_id).map(|line| Pieces { line: *line, quantity: item.quantity })
            });
            let number = shipment.tracking_number.as_ref().map(|number| number.0.as_str());
            Shipment {
                tracking: Tracking::new(number, shipment.carrier.as_deref(), shipment.tracking_url.as_deref()),
                reshipment: false,
                delivered: false,
                pieces: pieces.collect(),
                id: shipment.id.0,
            }
        });
        let stage = match self.status.as_str() {
            "draft" => Stage::Draft,
            "failed" => Stage::Failed,
            "canceled" => Stage::Cancelled,
            _ => Stage::Released,
        };
        PartnerOrder {
            id: self.id.0,
            external_id: None,
            stage,
            stopped: None,
            cost: None,
            shipments: shipments.collect(),
            changed: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_text_and_items_that_are_not_ours() {
        let order: Order = serde_json::from_value(json!({
            "id": 77, "status": "partial",
            "items": [{ "id": 1, "external_id": "5551112223" }, { "id": "2", "external_id": "item-2" }, { "id": 3, "external_id": null }],
            "shipments": [{ "id": 10, "tracking_number": 0, "items": [{ "item_id": 1, "quantity": 2 }, { "item_id": 2, "quantity": 1 }] }],
        }))
        .unwrap();
        let order = order.translate();
        assert_eq!((order.id.as_str(), order.stage), ("77", Stage::Released));
        assert_eq!(order.shipments[0].pieces, [Pieces { line: 5_551_112_223, quantity: 2 }]);
        assert_eq!(order.shipments[0].tracking, None);
    }

    #[test]
    fn the_reason_of_a_refusal() {
        let body = json!({ "code": 400, "result": "Bad request", "error": { "reason": "OR-13", "message": "EXTERNAL_ID_IN_USE." } });
        assert_eq!(reason(body.to_string().as_bytes()).as_deref(), Some("OR-13: EXTERNAL_ID_IN_USE"));
        assert_eq!(reason(b"<html>"), None);
    }
}
