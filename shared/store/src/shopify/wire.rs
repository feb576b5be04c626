//! Shopify's answers, as far as we read them. Ids are text, amounts are text, enums are open.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct OrderAnswer<T> {
    pub order: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilmentOrderAnswer {
    pub fulfillment_order: Option<FulfilmentOrderLinesPage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilmentOrderLinesPage {
    pub line_items: Page<FulfilmentOrderLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinesPage {
    pub line_items: Page<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilmentOrdersPage {
    pub fulfillment_orders: Page<FulfilmentOrder>,
}

/// A page of a connection.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    page_info: PageInfo,
    pub nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Where the next page begins, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        self.page_info.end_cursor.clone().filter(|_| self.page_info.has_next_page)
    }

    pub(super) fn append(&mut self, next: Self) {
        self.nodes.extend(next.nodes);
        self.page_info = next.page_info;
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    pub test: bool,
    pub created_at: String,
    pub cancelled_at: Option<String>,
    pub display_financial_status: Option<String>,
    pub taxes_included: bool,
    pub total_price_set: MoneyBag,
    pub total_discounts_set: Option<MoneyBag>,
    pub total_shipping_price_set: MoneyBag,
    pub total_tax_set: Option<MoneyBag>,
    pub total_tip_received_set: MoneyBag,
    pub original_total_duties_set: Option<MoneyBag>,
    pub original_total_additional_fees_set: Option<MoneyBag>,
    pub risk: Risk,
    pub shipping_address: Option<Address>,
    pub line_items: Page<Line>,
    pub fulfillment_orders: Page<FulfilmentOrder>,
    pub fulfillments: Vec<Fulfilment>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct MoneyBag {
    pub shop_money: Amount,
    pub presentment_money: Amount,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Amount {
    pub amount: String,
    pub currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Risk {
    pub recommendation: String,
    pub assessments: Vec<Assessment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assessment {
    pub risk_level: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub name: Option<String>,
    pub company: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub province_code: Option<String>,
    pub zip: Option<String>,
    pub country_code_v2: Option<String>,
    pub phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub id: String,
    pub title: String,
    pub variant_title: Option<String>,
    pub sku: Option<String>,
    pub quantity: u32,
    pub current_quantity: u32,
    pub requires_shipping: bool,
    pub is_gift_card: bool,
    pub variant: Option<Variant>,
    pub original_unit_price_set: MoneyBag,
}

#[derive(Deserialize)]
pub(super) struct Variant {
    pub id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilmentOrder {
    pub id: String,
    pub status: String,
    pub assigned_location: AssignedLocation,
    pub line_items: Page<FulfilmentOrderLine>,
}

#[derive(Deserialize)]
pub(super) struct AssignedLocation {
    pub location: Option<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub fulfillment_service: Option<FulfilmentService>,
}

#[derive(Deserialize)]
pub(super) struct FulfilmentService {
    pub handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilmentOrderLine {
    pub id: String,
    pub remaining_quantity: u32,
    pub line_item: LineId,
}

#[derive(Deserialize)]
pub(super) struct LineId {
    pub id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfilment {
    pub id: String,
    pub status: String,
    pub tracking_info: Vec<TrackingInfo>,
}

#[derive(Deserialize)]
pub(super) struct TrackingInfo {
    pub number: Option<String>,
    pub company: Option<String>,
    pub url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilAnswer {
    pub fulfillment_create: Option<FulfilResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilResult {
    pub fulfillment: Option<FulfilmentId>,
    pub user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
pub(super) struct FulfilmentId {
    pub id: String,
}

#[derive(Deserialize)]
pub(super) struct UserError {
    pub message: String,
}
