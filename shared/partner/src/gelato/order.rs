//! An order as Gelato has it.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::PartnerStop;
use domain::money::Money;
use domain::parcel::{Pieces, Tracking};
use serde::Deserialize;

use super::wire::{Amount, exact};
use crate::ports::{PartnerOrder, Shipment, Stage};
use crate::text::Text;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub id: Text,
    #[serde(default)]
    order_reference_id: Option<Text>,
    #[serde(default)]
    order_type: Option<String>,
    #[serde(default)]
    fulfillment_status: Option<String>,
    #[serde(default)]
    financial_status: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    items: Vec<OrderItem>,
    #[serde(default)]
    shipment: Option<WireShipment>,
    #[serde(default)]
    receipts: Vec<Receipt>,
    /// Parts that Gelato made of this order, each an order of its own.
    #[serde(default)]
    pub connected_order_ids: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderItem {
    id: Text,
    #[serde(default)]
    item_reference_id: Option<Text>,
    #[serde(default)]
    quantity: Option<u32>,
    #[serde(default)]
    fulfillment_status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct WireShipment {
    #[serde(default)]
    shipment_method_name: Option<String>,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default)]
    id: Option<Text>,
    #[serde(default)]
    order_item_ids: Vec<Text>,
    #[serde(default)]
    tracking_code: Option<Text>,
    #[serde(default)]
    tracking_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    #[serde(default)]
    transaction_type: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    total_incl_vat: Option<Amount>,
}

/// The carrier has it, or had it.
fn left(status: Option<&str>) -> bool {
    matches!(status, Some("shipped" | "in_transit" | "delivered" | "returned"))
}

impl Order {
    /// Our reference of it.
    pub(super) fn is_of(&self, reference: &str) -> bool {
        self.order_reference_id.as_ref().is_some_and(|id| id.0 == reference)
    }

    /// Parcels can be told only by the whole order, of which a search gives an extract.
    pub(super) fn has_left(&self) -> bool {
        left(self.fulfillment_status.as_deref())
    }

    /// How soon it counts among several with one reference: one that is made before a draft, and a cancelled one last.
    pub(super) fn rank(&self) -> (u8, String) {
        let by_stage = match self.stage() {
            Stage::Producing => 0,
            Stage::Released => 1,
            Stage::Draft => 2,
            Stage::Failed => 3,
            Stage::Cancelled => 4,
        };
        (by_stage, self.created_at.clone().unwrap_or_default())
    }

    pub(super) fn stage(&self) -> Stage {
        match self.fulfillment_status.as_deref().unwrap_or_default() {
            "canceled" => Stage::Cancelled,
            "failed" => Stage::Failed,
            "in_production" | "printed" | "shipped" | "in_transit" | "delivered" | "returned" => Stage::Producing,
            "draft" => Stage::Draft,
            _ if self.order_type.as_deref() == Some("draft") => Stage::Draft,
            _ => Stage::Released,
        }
    }

    fn stopped(&self) -> Option<PartnerStop> {
        if self.financial_status.as_deref() == Some("refused") {
            return Some(PartnerStop::PaymentFailed);
        }
        Some(match self.fulfillment_status.as_deref().unwrap_or_default() {
            "canceled" => PartnerStop::Cancelled,
            "failed" => PartnerStop::Failed,
            "on_hold" | "pending_approval" | "pending_personalization" | "not_connected" => PartnerStop::OnHold,
            _ => return None,
        })
    }

    /// What it charges: the sum of its purchases. A draft is not priced yet.
    fn cost(&self) -> Option<Money> {
        let purchases = self.receipts.iter().filter(|receipt| receipt.transaction_type.as_deref() == Some("purchase"));
        let amounts: Option<Vec<Money>> =
            purchases.map(|receipt| exact(receipt.total_incl_vat.as_ref()?, receipt.currency.as_deref()?)).collect();
        let total = amounts?.into_iter().try_fold(None, |sum: Option<Money>, amount| match sum {
            Some(sum) => sum.plus(amount).ok().map(Some),
            None => Some(Some(amount)),
        })??;
        (total.minor() > 0).then_some(total)
    }

    fn shipments(&self) -> Vec<Shipment> {
        let Some(shipment) = &self.shipment else { return Vec::new() };
        let items: BTreeMap<&Text, &OrderItem> = self.items.iter().map(|item| (&item.id, item)).collect();
        let whole = self.fulfillment_status.as_deref();
        // It says which items are in a package and not how many pieces: an item of several packages counts in the first.
        let mut told = BTreeSet::new();
        let packages = shipment.packages.iter().filter_map(|package| {
            let inside: Vec<&OrderItem> =
                package.order_item_ids.iter().filter_map(|id| items.get(id).copied()).collect();
            let status = |item: &&OrderItem| item.fulfillment_status.clone();
            let statuses: Vec<_> = inside.iter().map(status).collect();
            // A label is printed with the goods: a package is a parcel once the carrier has it.
            if !left(whole) && !statuses.iter().any(|status| left(status.as_deref())) {
                return None;
            }
            let number = package.tracking_code.as_ref().map(|code| code.0.as_str());
            let tracking =
                Tracking::new(number, shipment.shipment_method_name.as_deref(), package.tracking_url.as_deref());
            let pieces = inside.iter().filter(|item| told.insert(&item.id)).filter_map(|item| {
                let line = item.item_reference_id.as_ref()?.0.parse().ok()?;
                Some(Pieces { line, quantity: item.quantity? })
            });
            let delivered = whole == Some("delivered")
                || (!statuses.is_empty() && statuses.iter().all(|status| status.as_deref() == Some("delivered")));
            Some(Shipment {
                pieces: pieces.collect(),
                id: package.id.as_ref().or(package.tracking_code.as_ref())?.0.clone(),
                tracking,
                reshipment: false,
                delivered,
            })
        });
        packages.collect()
    }

    pub(super) fn translate(self) -> PartnerOrder {
        PartnerOrder {
            stage: self.stage(),
            stopped: self.stopped().map(|how| (how, None)),
            cost: self.cost(),
            shipments: self.shipments(),
            id: self.id.0,
            external_id: self.order_reference_id.map(|id| id.0),
            changed: self.updated_at.or(self.created_at).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn order(text: &Value) -> PartnerOrder {
        serde_json::from_str::<Order>(&text.to_string()).unwrap().translate()
    }

    fn with(status: &str, first_item: &str) -> Value {
        json!({
            "id": "a1", "orderType": "order", "orderReferenceId": "9f3a-1-1", "fulfillmentStatus": status,
            "updatedAt": "2026-11-22T02:13:00+00:00",
            "items": [
                { "id": "i1", "itemReferenceId": "77", "quantity": 2, "fulfillmentStatus": first_item },
                { "id": "i2", "itemReferenceId": "88", "quantity": 1, "fulfillmentStatus": "printed" },
            ],
            "shipment": { "shipmentMethodName": "DHL", "packages": [
                { "id": "p1", "orderItemIds": ["i1"], "trackingCode": "T1", "trackingUrl": "https://example.com/T1" },
                { "id": "p2", "orderItemIds": ["i1", "i2"], "trackingCode": "T2" },
            ] },
        })
    }

    #[test]
    fn a_package_is_a_parcel_when_the_carrier_has_it() {
        assert_eq!(order(&with("printed", "printed")).shipments, []);
        assert_eq!(order(&with("printed", "printed")).stage, Stage::Producing);
        let shipped = order(&with("shipped", "shipped")).shipments;
        let pieces: Vec<_> = shipped.iter().map(|shipment| shipment.pieces.clone()).collect();
        let piece = |line, quantity| Pieces { line, quantity };
        assert_eq!(pieces, [vec![piece(77, 2)], vec![piece(88, 1)]]);
        assert!(!shipped[0].delivered);
        assert!(order(&with("delivered", "delivered")).shipments[1].delivered);
    }

    #[test]
    fn money_is_exact_and_a_draft_has_no_price() {
        let priced = |total: &str, kind: &str| {
            let text = format!(
                r#"{{ "id": 1, "receipts": [
                    {{ "transactionType": "purchase", "currency": "USD", "totalInclVat": {total} }},
                    {{ "transactionType": "{kind}", "currency": "USD", "totalInclVat": 0.3 }} ] }}"#
            );
            serde_json::from_str::<Order>(&text).unwrap().translate().cost.map(|cost| cost.to_string())
        };
        assert_eq!(priced("0.1", "purchase").as_deref(), Some("0.40 USD"));
        assert_eq!(priced("33.450000000000003", "refund").as_deref(), Some("33.45 USD"));
        assert_eq!(priced("\"49.12\"", "refund").as_deref(), Some("49.12 USD"));
        assert_eq!(priced("0", "refund"), None);
    }

    #[test]
    fn what_stops_it() {
        let stopped = |status: &str, money: &str| {
            let order = order(&json!({ "id": 1, "fulfillmentStatus": status, "financialStatus": money }));
            (order.stage, order.stopped.map(|(how, _)| how))
        };
        assert_eq!(stopped("on_hold", "paid"), (Stage::Released, Some(PartnerStop::OnHold)));
        assert_eq!(stopped("created", "refused"), (Stage::Released, Some(PartnerStop::PaymentFailed)));
        assert_eq!(stopped("failed", "paid"), (Stage::Failed, Some(PartnerStop::Failed)));
        assert_eq!(stopped("a_new_word", "paid"), (Stage::Released, None));
        assert_eq!(stopped("draft", "draft"), (Stage::Draft, None));
    }
}
