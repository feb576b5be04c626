//! Shopify's answers, as far as we read them. Ids are text, amounts are text, enums are open.

use domain::provider::Trouble;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct OrderAnswer<T> {
    pub order: Option<T>,
}

#[derive(Deserialize)]
pub(super) struct OrdersAnswer<T> {
    pub orders: Page<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangedOrder {
    pub id: String,
    pub updated_at: String,
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
    pub updated_at: String,
    pub cancelled_at: Option<String>,
    pub display_financial_status: Option<String>,
    pub taxes_included: bool,
    pub tax_exempt: bool,
    pub tags: Vec<String>,
    pub client_ip: Option<String>,
    pub customer_locale: Option<String>,
    pub customer: Option<Customer>,
    pub total_price_set: MoneyBag,
    pub total_discounts_set: Option<MoneyBag>,
    pub total_shipping_price_set: MoneyBag,
    pub total_tax_set: Option<MoneyBag>,
    pub total_tip_received_set: MoneyBag,
    pub total_refunded_set: MoneyBag,
    pub original_total_duties_set: Option<MoneyBag>,
    pub original_total_additional_fees_set: Option<MoneyBag>,
    pub risk: Risk,
    pub shipping_address: Option<Address>,
    pub billing_address: Option<Address>,
    pub transactions: Vec<Transaction>,
    pub refunds: Vec<Named>,
    pub disputes: Vec<Dispute>,
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
    pub provider: Option<App>,
    pub facts: Vec<RiskFact>,
}

#[derive(Deserialize)]
pub(super) struct App {
    pub title: String,
}

#[derive(Deserialize)]
pub(super) struct RiskFact {
    pub description: String,
    pub sentiment: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    pub id: String,
    /// A whole number, as text.
    pub number_of_orders: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    pub kind: String,
    pub status: String,
    pub gateway: Option<String>,
    pub manual_payment_gateway: bool,
    pub error_code: Option<String>,
    pub created_at: String,
    pub processed_at: Option<String>,
    pub payment_details: Option<PaymentDetails>,
}

/// A card's; other ways to pay have none of these fields.
#[derive(Deserialize)]
pub(super) struct PaymentDetails {
    pub company: Option<String>,
    pub bin: Option<String>,
    /// All but its last digits are covered.
    pub number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dispute {
    pub id: String,
    pub initiated_as: String,
    pub status: String,
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
    pub custom_attributes: Vec<Attribute>,
    pub variant: Option<Named>,
    pub image: Option<Image>,
    pub original_unit_price_set: MoneyBag,
}

#[derive(Deserialize)]
pub(super) struct Attribute {
    pub key: String,
    pub value: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Image {
    pub url: String,
}

/// Something of which only the id is read.
#[derive(Deserialize)]
pub(super) struct Named {
    pub id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilmentOrder {
    pub id: String,
    pub status: String,
    pub assigned_location: AssignedLocation,
    pub fulfillment_holds: Vec<Hold>,
    pub line_items: Page<FulfilmentOrderLine>,
}

#[derive(Deserialize)]
pub(super) struct Hold {
    pub id: String,
    pub handle: Option<String>,
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
    pub line_item: Named,
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

/// Why a mutation did nothing.
#[derive(Deserialize)]
pub(super) struct UserError {
    pub message: String,
    #[serde(default)]
    pub code: Option<String>,
}

/// Shopify's no, in its own words.
pub(super) fn refused(errors: &[UserError]) -> Trouble {
    let why: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    Trouble::Refused { why: why.join("; ") }
}
