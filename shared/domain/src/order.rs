//! The order as the store has it at this moment. Read when a layer acts, never kept.

use jiff::Timestamp;

use crate::money::{CustomerMoney, ShopMoney};
use crate::parcel::Tracking;
use crate::subject::OrderId;

/// One order, in our words, whichever store platform holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    /// The platform's own global id, for writing back.
    pub gid: String,
    /// As the owner and the customer know it: `#1001`.
    pub name: String,
    /// Where the customer reads mail; absent on some orders from a till or a draft.
    pub email: Option<String>,
    /// Made with a test payment.
    pub test: bool,
    pub created: Timestamp,
    pub cancelled: bool,
    pub payment: Payment,
    pub amounts: Amounts,
    pub risk: Risk,
    pub ship_to: Option<Address>,
    pub lines: Vec<Line>,
    pub fulfilment_orders: Vec<FulfilmentOrder>,
    pub fulfilments: Vec<Fulfilment>,
}

/// What the store says about the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payment {
    Pending,
    Authorized,
    PartiallyPaid,
    Paid,
    PartiallyRefunded,
    Refunded,
    Voided,
    Expired,
    /// A word of the platform this version does not know. Never treated as paid.
    Other(String),
}

/// The parts the total must be the sum of, in shop money, and what the customer paid in theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts {
    /// Quantity times unit price over all lines as ordered, before discounts.
    pub lines: ShopMoney,
    pub discounts: ShopMoney,
    pub shipping: ShopMoney,
    pub tax: ShopMoney,
    /// Prices contain the tax already.
    pub tax_included: bool,
    pub tips: ShopMoney,
    /// Import duties and other fees charged with the order.
    pub duties_and_fees: ShopMoney,
    pub total: ShopMoney,
    pub customer_total: CustomerMoney,
}

/// The platform's risk assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Risk {
    /// Not there yet: wait for it.
    Pending,
    /// The platform has no opinion and will not have one.
    None,
    Low,
    Medium,
    High,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    pub name: String,
    pub company: Option<String>,
    pub address1: String,
    pub address2: Option<String>,
    pub city: String,
    /// ISO 3166-2 part without the country, e.g. `KY`.
    pub province_code: Option<String>,
    pub zip: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    pub phone: Option<String>,
}

/// One line of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The platform's number of the line.
    pub id: u64,
    pub title: String,
    pub variant_title: Option<String>,
    pub sku: Option<String>,
    /// The platform's number of the variant; absent on custom lines and deleted products.
    pub variant: Option<u64>,
    /// Pieces still wanted: ordered, less what was removed or refunded.
    pub quantity: u32,
    /// As ordered.
    pub ordered: u32,
    pub unit_price: ShopMoney,
    pub customer_unit_price: CustomerMoney,
    pub requires_shipping: bool,
    pub gift_card: bool,
}

/// Who the store expects to fulfil which lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilmentOrder {
    pub id: String,
    /// It still accepts fulfilments.
    pub open: bool,
    /// The other fulfilment service that makes these lines; `None` when they are ours.
    pub service: Option<String>,
    pub lines: Vec<FulfilmentOrderLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilmentOrderLine {
    pub id: String,
    /// The order line it is for.
    pub line: u64,
    pub remaining: u32,
}

/// A parcel the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilment {
    pub id: String,
    /// A cancelled fulfilment is no parcel.
    pub cancelled: bool,
    pub tracking: Vec<Tracking>,
}

impl Order {
    /// The fulfilment that carries this tracking number, if the store has one.
    #[must_use]
    pub fn fulfilment_with(&self, number: &str) -> Option<&Fulfilment> {
        let wanted = crate::parcel::normalised(number)?;
        self.fulfilments.iter().filter(|f| !f.cancelled).find(|f| {
            f.tracking.iter().any(|t| crate::parcel::normalised(&t.number).is_some_and(|number| number == wanted))
        })
    }

    /// The other service that makes this line, if one does.
    #[must_use]
    pub fn made_by_other(&self, line: &Line) -> Option<&str> {
        let mut holding = self.fulfilment_orders.iter().filter(|fo| fo.lines.iter().any(|l| l.line == line.id));
        holding.find_map(|fo| fo.service.as_deref())
    }
}
