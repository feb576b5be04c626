//! An order as Printify has it. Its states are plain words, of which new ones appear; its moments are written with a blank
//! (`2017-04-18 13:24:28+00:00`), and the year 1970 means never.

use domain::event::PartnerStop;
use domain::money::Money;
use domain::parcel::Tracking;
use serde::Deserialize;

use crate::ports::{PartnerOrder, Shipment, Stage};
use crate::text::Text;

#[derive(Deserialize)]
pub(super) struct Order {
    id: Text,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    line_items: Vec<LineItem>,
    /// Cents, like all its money.
    #[serde(default)]
    total_price: Option<i64>,
    #[serde(default)]
    total_shipping: Option<i64>,
    #[serde(default)]
    total_tax: Option<i64>,
    #[serde(default)]
    shipments: Option<Vec<WireShipment>>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    sent_to_production_at: Option<String>,
    #[serde(default)]
    fulfilled_at: Option<String>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    /// Our external id.
    #[serde(default)]
    shop_order_id: Option<Text>,
    #[serde(default)]
    is_reprint: Option<bool>,
}

#[derive(Deserialize)]
struct LineItem {
    #[serde(default)]
    sent_to_production_at: Option<String>,
}

#[derive(Deserialize)]
struct WireShipment {
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    number: Option<Text>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    delivered_at: Option<String>,
}

/// A moment that is one.
fn moment(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty() && !text.starts_with("1970-01-01"))
}

impl Order {
    fn was_sent(&self) -> bool {
        moment(self.sent_to_production_at.as_ref()).is_some()
            || self.line_items.iter().any(|item| moment(item.sent_to_production_at.as_ref()).is_some())
    }

    fn stage(&self) -> Stage {
        match self.status.as_deref().unwrap_or_default() {
            "canceled" | "cancelled" => Stage::Cancelled,
            // Both are said of an order that waits for us, and again of one that was sent and came back.
            "pending" | "on-hold" if !self.was_sent() => Stage::Draft,
            // "fulfilled" is sometimes said when production ends: only a shipment is a parcel.
            "in-production" | "fulfilled" | "partially-fulfilled" => Stage::Producing,
            _ => Stage::Released,
        }
    }

    fn stopped(&self) -> Option<PartnerStop> {
        Some(match self.status.as_deref().unwrap_or_default() {
            "canceled" | "cancelled" => PartnerStop::Cancelled,
            "payment-not-received" => PartnerStop::PaymentFailed,
            "quality-declined" => PartnerStop::FileRejected,
            "has-issues" => PartnerStop::OnHold,
            "on-hold" if self.was_sent() => PartnerStop::OnHold,
            _ => return None,
        })
    }

    /// What it costs with shipping and tax.
    fn cost(&self, currency: &str) -> Option<Money> {
        let cents = |cents: Option<i64>| Money::from_minor(cents.unwrap_or_default(), currency).ok();
        let price = Money::from_minor(self.total_price?, currency).ok()?;
        price.plus(cents(self.total_shipping)?).ok()?.plus(cents(self.total_tax)?).ok()
    }

    pub(super) fn translate(self, currency: &str) -> PartnerOrder {
        let (stage, stopped, cost) = (self.stage(), self.stopped(), self.cost(currency));
        let shipments = self.shipments.unwrap_or_default();
        let delivered = shipments.iter().map(|shipment| shipment.delivered_at.as_ref());
        let moments = [&self.created_at, &self.sent_to_production_at, &self.fulfilled_at].map(Option::as_ref);
        // It tells of no last change; the latest moment it names stands for it.
        let changed = moments.into_iter().chain(delivered).filter_map(moment).max().unwrap_or_default().to_owned();
        let metadata = self.metadata.unwrap_or_default();
        let reprint = metadata.is_reprint.unwrap_or(false);
        let shipments = shipments.into_iter().filter_map(|shipment| {
            let number = shipment.number.as_ref().map(|number| number.0.as_str());
            let tracking = Tracking::new(number, shipment.carrier.as_deref(), shipment.url.as_deref())?;
            Some(Shipment {
                // It gives shipments no ids, and says not what is in them.
                id: tracking.number.clone(),
                tracking: Some(tracking),
                reshipment: reprint,
                delivered: moment(shipment.delivered_at.as_ref()).is_some(),
                pieces: Vec::new(),
            })
        });
        PartnerOrder {
            id: self.id.0,
            external_id: metadata.shop_order_id.map(|id| id.0),
            stage,
            stopped: stopped.map(|how| (how, None)),
            cost,
            shipments: shipments.collect(),
            changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn order(change: &Value) -> PartnerOrder {
        let mut order = json!({
            "id": "a1", "status": "on-hold", "created_at": "2026-11-22 02:13:00+00:00", "fulfilled_at": null,
            "metadata": { "shop_order_id": 77, "shop_fulfilled_at": "1970-01-01 00:00:00+00:00" },
            "total_price": 1050, "total_shipping": 400, "total_tax": 50, "line_items": [{ "status": "on-hold" }],
        });
        for (key, value) in change.as_object().unwrap() {
            order[key] = value.clone();
        }
        serde_json::from_value::<Order>(order).unwrap().translate("USD")
    }

    #[test]
    fn a_new_order_waits_for_us() {
        let order = order(&json!({}));
        assert_eq!((order.stage, order.stopped), (Stage::Draft, None));
        assert_eq!(order.external_id.as_deref(), Some("77"));
        assert_eq!(order.cost.unwrap().to_string(), "15.00 USD");
        assert_eq!(order.changed, "2026-11-22 02:13:00+00:00");
    }

    #[test]
    fn what_was_sent_and_is_on_hold_is_stopped() {
        let sent = json!({ "sent_to_production_at": "2026-11-22 03:00:00+00:00" });
        let order = order(&sent);
        assert_eq!((order.stage, order.stopped), (Stage::Released, Some((PartnerStop::OnHold, None))));
        assert_eq!(order.changed, "2026-11-22 03:00:00+00:00");
    }

    #[test]
    fn fulfilled_without_a_shipment_is_no_parcel() {
        for shipments in [json!(null), json!([]), json!([{ "carrier": "ups", "number": "" }])] {
            let order = order(&json!({ "status": "fulfilled", "shipments": shipments }));
            assert_eq!((order.stage, order.shipments), (Stage::Producing, vec![]));
        }
    }

    #[test]
    fn a_shipment_is_its_tracking_number() {
        let shipped = json!([{
            "carrier": "usps", "number": 94_001_234, "url": "https://example.com/t", "delivered_at": "1970-01-01 00:00:00+00:00",
        }]);
        let order = order(&json!({ "status": "partially-fulfilled", "shipments": shipped }));
        assert_eq!((order.shipments[0].id.as_str(), order.shipments[0].delivered), ("94001234", false));
    }

    #[test]
    fn a_word_nobody_knows_is_no_reason_to_stop() {
        for (status, stage) in [
            ("sending-to-production", Stage::Released),
            ("waiting-for-the-moon", Stage::Released),
            ("in-production", Stage::Producing),
            ("canceled", Stage::Cancelled),
        ] {
            assert_eq!(order(&json!({ "status": status })).stage, stage, "{status}");
        }
    }
}
