//! The contract's JSON.

use domain::event::PartnerStop;
use domain::money::Money;
use domain::order::Address;
use domain::parcel::{Pieces, Tracking};
use domain::plan::{Item, Make};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ports::{AddressChange, Availability, Listed, NewOrder, PartnerOrder, PartnerVariant, Shipment, Stage};
use crate::text::{Text, segment};

/// The reason of a refusal.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        reason: String,
    }
    serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.reason)
}

/// A page after the first one.
pub(super) fn paged(path: &str, after: Option<&str>) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    after.map_or_else(|| path.to_owned(), |after| format!("{path}{mark}after={}", segment(after)))
}

pub(super) fn address(to: &Address) -> Value {
    json!({
        "name": to.name,
        "company": to.company,
        "address1": to.address1,
        "address2": to.address2,
        "city": to.city,
        "province_code": to.province_code,
        "zip": to.zip,
        "country_code": to.country_code,
        "phone": to.phone,
    })
}

/// The order as we send it.
pub(super) fn new_order(order: &NewOrder) -> Value {
    json!({
        "external_id": order.external_id,
        "order_name": order.order_name,
        "currency": order.currency,
        "email": order.email,
        "ship_to": address(&order.ship_to),
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn item(item: &Item) -> Value {
    let texts = item.texts.iter().map(|text| json!({ "name": text.name, "value": text.value }));
    let mut wanted = json!({
        "line": item.line.to_string(),
        "title": item.title,
        "quantity": item.quantity,
        "texts": texts.collect::<Vec<_>>(),
        "retail_price": item.retail_price,
    });
    match &item.make {
        Make::Variant { variant_id, files } => {
            let files = files.iter().map(|file| json!({ "placement": file.placement, "url": file.url }));
            wanted["variant"] = json!(variant_id);
            wanted["files"] = files.collect();
        }
        Make::StoreVariant(number) => wanted["store_variant"] = json!(number),
    }
    wanted
}

#[derive(Deserialize)]
pub(super) struct Amount {
    amount: Text,
    currency: String,
}

impl Amount {
    pub(super) fn money(&self) -> Option<Money> {
        Money::parse(&self.amount.0, &self.currency).ok()
    }
}

#[derive(Deserialize)]
pub(super) struct Orders {
    orders: Vec<Order>,
    #[serde(default)]
    next: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct Order {
    id: Text,
    #[serde(default)]
    external_id: Option<Text>,
    status: Status,
    #[serde(default)]
    stopped: Option<Stopped>,
    #[serde(default)]
    cost: Option<Amount>,
    #[serde(default)]
    shipments: Option<Vec<WireShipment>>,
    #[serde(default)]
    changed: Option<Text>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Status {
    Draft,
    Released,
    Producing,
    Failed,
    Cancelled,
}

#[derive(Deserialize)]
struct Stopped {
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct WireShipment {
    id: Text,
    #[serde(default)]
    tracking_number: Option<Text>,
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    tracking_url: Option<String>,
    #[serde(default)]
    reshipment: Option<bool>,
    #[serde(default)]
    delivered: Option<bool>,
    #[serde(default)]
    items: Option<Vec<ShipmentItem>>,
}

#[derive(Deserialize)]
struct ShipmentItem {
    line: Text,
    quantity: u32,
}

impl Orders {
    pub(super) fn translate(self) -> Listed<PartnerOrder> {
        Listed { items: self.orders.into_iter().map(Order::translate).collect(), next: self.next.map(|next| next.0) }
    }
}

impl Order {
    pub(super) fn translate(self) -> PartnerOrder {
        let (stage, ended) = match self.status {
            Status::Draft => (Stage::Draft, None),
            Status::Released => (Stage::Released, None),
            Status::Producing => (Stage::Producing, None),
            Status::Failed => (Stage::Failed, Some(PartnerStop::Failed)),
            Status::Cancelled => (Stage::Cancelled, Some(PartnerStop::Cancelled)),
        };
        let told = self.stopped.map(|stopped| (super::why(stopped.why.as_deref()), stopped.reason));
        let stopped = match (ended, told) {
            (Some(ended), Some((PartnerStop::OnHold, reason))) => Some((ended, reason)),
            (ended, None) => ended.map(|ended| (ended, None)),
            (_, told) => told,
        };
        PartnerOrder {
            id: self.id.0,
            external_id: self.external_id.map(|id| id.0),
            stage,
            stopped,
            cost: self.cost.as_ref().and_then(Amount::money),
            shipments: self.shipments.unwrap_or_default().into_iter().map(WireShipment::translate).collect(),
            changed: self.changed.unwrap_or_default().0,
        }
    }
}

impl WireShipment {
    fn translate(self) -> Shipment {
        let number = self.tracking_number.as_ref().map(|number| number.0.as_str());
        let items = self.items.unwrap_or_default();
        let pieces =
            items.iter().filter_map(|item| Some(Pieces { line: item.line.0.parse().ok()?, quantity: item.quantity }));
        Shipment {
            tracking: Tracking::new(number, self.carrier.as_deref(), self.tracking_url.as_deref()),
            reshipment: self.reshipment.unwrap_or(false),
            delivered: self.delivered.unwrap_or(false),
            pieces: pieces.collect(),
            id: self.id.0,
        }
    }
}

/// The answer to a new address.
#[derive(Deserialize)]
pub(super) struct Outcome {
    outcome: OutcomeWord,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum OutcomeWord {
    Changed,
    Asked,
}

impl Outcome {
    pub(super) fn translate(&self) -> AddressChange {
        match self.outcome {
            OutcomeWord::Changed => AddressChange::Changed,
            OutcomeWord::Asked => AddressChange::Asked,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Variants {
    variants: Vec<Variant>,
    #[serde(default)]
    next: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct Variant {
    id: Text,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    sku: Option<Text>,
    #[serde(default)]
    available: Option<String>,
    #[serde(default)]
    price: Option<Amount>,
    #[serde(default)]
    countries: Option<Vec<String>>,
}

impl Variants {
    pub(super) fn translate(self) -> Listed<PartnerVariant> {
        let items = self.variants.into_iter().map(Variant::translate).collect();
        Listed { items, next: self.next.map(|next| next.0) }
    }
}

impl Variant {
    pub(super) fn translate(self) -> PartnerVariant {
        PartnerVariant {
            title: self.title.unwrap_or_else(|| self.id.0.clone()),
            id: self.id.0,
            sku: self.sku.map(|sku| sku.0),
            available: match self.available.as_deref() {
                Some("yes") => Availability::Available,
                Some("out_of_stock") => Availability::OutOfStock,
                Some("discontinued") => Availability::Discontinued,
                _ => Availability::Unknown,
            },
            price: self.price.as_ref().and_then(Amount::money),
            countries: self.countries.unwrap_or_default(),
        }
    }
}

/// A variant of a workshop that offers no list.
pub(super) fn unknown_variant(id: &str) -> PartnerVariant {
    PartnerVariant {
        id: id.to_owned(),
        title: id.to_owned(),
        sku: None,
        available: Availability::Unknown,
        price: None,
        countries: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use domain::order::Property;
    use domain::plan::PrintFile;

    use super::*;

    /// The JSON blocks of the contract's page, in their order.
    fn examples() -> Vec<Value> {
        let page = include_str!("README.md");
        let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
    }

    #[test]
    fn the_page_shows_the_order_as_it_is_sent() {
        let ship_to = Address {
            name: "Ada Example".into(),
            address1: "1 Harbour Street".into(),
            city: "Exampletown".into(),
            zip: Some("12345".into()),
            country_code: "DE".into(),
            ..Address::default()
        };
        let file = PrintFile { placement: "default".into(), url: "https://example.com/prints/lighthouse.png".into() };
        let item = Item {
            line: 77,
            title: "Lighthouse, 30 x 40 cm".into(),
            quantity: 2,
            make: Make::Variant { variant_id: "oak-30x40".into(), files: vec![file] },
            texts: vec![Property { name: "Engraving".into(), value: "For Grace".into() }],
            retail_price: "12.50".into(),
        };
        let order = NewOrder {
            external_id: "9f3a-5550004242-1".into(),
            order_name: "#1001".into(),
            ship_to,
            email: Some("ada@example.com".into()),
            currency: "EUR".into(),
            items: vec![item],
        };
        assert_eq!(new_order(&order), examples()[0]);
    }

    #[test]
    fn the_page_shows_answers_that_are_understood() {
        let order = serde_json::from_value::<Order>(examples()[1].clone()).unwrap().translate();
        assert_eq!((order.stage, order.stopped.clone()), (Stage::Producing, None));
        assert_eq!(order.cost.unwrap().to_string(), "24.80 EUR");
        assert_eq!(order.shipments[0].pieces, [Pieces { line: 77, quantity: 2 }]);
        assert_eq!(order.shipments[0].tracking.as_ref().unwrap().carrier.as_deref(), Some("DHL"));
        let variant = serde_json::from_value::<Variant>(examples()[2].clone()).unwrap().translate();
        assert_eq!((variant.available, variant.countries.len()), (Availability::Available, 2));
        assert_eq!(variant.price.unwrap().to_string(), "12.40 EUR");
    }

    #[test]
    fn what_stops_it() {
        let stopped = |status: &str, why: Value| {
            let order = json!({ "id": "W-1", "status": status, "stopped": why });
            serde_json::from_value::<Order>(order).unwrap().translate().stopped.map(|(how, _)| how)
        };
        assert_eq!(stopped("released", json!({ "why": "out_of_stock" })), Some(PartnerStop::OutOfStock));
        assert_eq!(stopped("released", json!({ "why": "a new word", "reason": "x" })), Some(PartnerStop::OnHold));
        assert_eq!(stopped("failed", json!({ "why": "file" })), Some(PartnerStop::FileRejected));
        assert_eq!(stopped("failed", json!({ "why": "other" })), Some(PartnerStop::Failed));
        assert_eq!(stopped("cancelled", Value::Null), Some(PartnerStop::Cancelled));
        assert_eq!(stopped("producing", Value::Null), None);
    }
}
