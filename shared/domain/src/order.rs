//! The order as the store has it at this moment. Read when a layer acts, never kept.

use jiff::Timestamp;

use crate::money::{CustomerMoney, ShopMoney};
use crate::parcel::Tracking;
use crate::subject::OrderId;

/// The tag of a test order that `make test-order` placed begins with this: it goes the whole way, and the partner is never told
/// to make it. Counts only on an order that was made with a test payment.
pub const TEST_TAG: &str = "baton-test";

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
    /// When anything about it last changed, by the store's clock.
    pub updated: Timestamp,
    pub cancelled: bool,
    pub payment: Payment,
    pub amounts: Amounts,
    /// The strictest of all assessments and of the platform's recommendation.
    pub risk: Risk,
    pub assessments: Vec<Assessment>,
    pub ship_to: Option<Address>,
    pub bill_to: Option<Address>,
    pub buyer: Buyer,
    /// The language the customer ordered in, as in `de` or `pt-BR`, where the store knows it.
    pub locale: Option<String>,
    /// Every attempt to pay, oldest first, failed ones included, as far as the store tells.
    pub attempts: Vec<PaymentAttempt>,
    /// Ids of refunds.
    pub refunds: Vec<String>,
    /// All that went back to the customer so far.
    pub refunded: CustomerMoney,
    pub disputes: Vec<Dispute>,
    pub tags: Vec<String>,
    /// The store charges this buyer no tax, on purpose.
    pub tax_exempt: bool,
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

/// The parts the total must be the sum of, twice: in shop money, and in the currency the customer paid in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts {
    pub shop: Parts<ShopMoney>,
    pub customer: Parts<CustomerMoney>,
    /// Prices contain the tax already.
    pub tax_included: bool,
}

/// The parts of a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<M> {
    /// Quantity times unit price over all lines as ordered, before discounts.
    pub lines: M,
    pub discounts: M,
    pub shipping: M,
    pub tax: M,
    pub tips: M,
    /// Import duties and other fees charged with the order.
    pub duties_and_fees: M,
    pub total: M,
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

/// One provider's opinion of the risk, with its reasons in words where it gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// `shopify`, `stripe-radar`, or an app's name.
    pub provider: String,
    pub risk: Risk,
    /// Facts that speak against the order, in the provider's words. Never shown to the customer.
    pub facts: Vec<String>,
}

/// Who buys, as far as screening needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buyer {
    /// The store's own number or id of the customer; absent for a guest.
    pub customer: Option<String>,
    /// Orders this customer made in this store, this one included, where the store counts them.
    pub orders: Option<u32>,
    /// The address the order was placed from.
    pub ip: Option<String>,
}

/// One attempt to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAttempt {
    /// `shopify_payments`, `paypal`, `manual`, `gift_card`, `stripe`, …
    pub gateway: String,
    pub outcome: AttemptOutcome,
    /// Paid outside the store (bank transfer, cash on delivery): the owner marks it as paid.
    pub manual: bool,
    pub card: Option<Card>,
    /// The provider's code for a failure, e.g. `card_declined`.
    pub error: Option<String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    Succeeded,
    Failed,
    /// Not decided yet.
    Pending,
}

/// A card, as far as it may be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// In lower case: `visa`, `mastercard`, …
    pub brand: Option<String>,
    /// What tells this card from others: the provider's fingerprint, or a hash of what it shows of the number. Never the number.
    pub fingerprint: Option<String>,
    /// The issuer's country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// A customer's bank or the customer disputes the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    pub id: String,
    /// Money was taken back already; an inquiry only asks.
    pub chargeback: bool,
    /// It still wants an answer.
    pub open: bool,
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
    /// A picture of it, where the store has one: an address of the web.
    pub image: Option<String>,
    /// What the customer chose or wrote for this line (an engraving, an uploaded picture), in the store's order.
    pub properties: Vec<Property>,
}

/// A name and a value that came with a line. Names that begin with `_` are the shop's own and hidden from the customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Property {
    pub name: String,
    pub value: String,
}

/// Who the store expects to fulfil which lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilmentOrder {
    pub id: String,
    /// It still accepts fulfilments.
    pub open: bool,
    /// The other fulfilment service that makes these lines; `None` when they are ours.
    pub service: Option<String>,
    /// What keeps it from being fulfilled.
    pub holds: Vec<PlatformHold>,
    pub lines: Vec<FulfilmentOrderLine>,
}

/// A hold that stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformHold {
    pub id: String,
    /// The name we gave it; another's hold has its own or none.
    pub handle: Option<String>,
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
    /// Placed by `make test-order`: it must not be made.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        self.test && self.tags.iter().any(|tag| tag.starts_with(TEST_TAG))
    }

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
