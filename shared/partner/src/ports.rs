//! The ports: one small trait per verb, and what they speak of. Routing places, releases, cancels and asks; shipping asks what
//! was shipped; each function is given only the traits it needs.

use domain::event::PartnerStop;
use domain::money::Money;
use domain::order::Address;
use domain::parcel::{Pieces, Tracking};
use domain::plan::Item;
use domain::provider::Trouble;
use jiff::SignedDuration;

/// What a partner is to make and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Our stable id of it.
    pub external_id: String,
    /// As the owner and the customer know it: `#1001`, for the packing slip.
    pub order_name: String,
    pub ship_to: Address,
    /// For the carrier's own notices.
    pub email: Option<String>,
    /// The currency the retail prices are in.
    pub currency: String,
    pub items: Vec<Item>,
}

/// What a partner says to a new order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The partner's own id of the draft.
    pub id: String,
    /// What the partner will charge, where it tells already.
    pub cost: Option<Money>,
}

/// An order at a partner, as far as we know its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRef {
    /// Ours; empty where only the partner's is known.
    pub external_id: String,
    /// The partner's, once we have heard it.
    pub id: Option<String>,
}

/// An order as the partner has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerOrder {
    /// The partner's own id.
    pub id: String,
    /// Our id of it, where the partner tells it.
    pub external_id: Option<String>,
    pub stage: Stage,
    /// What it is stopped by, with the partner's words.
    pub stopped: Option<(PartnerStop, Option<String>)>,
    /// What the partner charges for it, where it tells.
    pub cost: Option<Money>,
    pub shipments: Vec<Shipment>,
    /// The partner's own clock at its last change, as it writes it; part of fact-ids, never compared, never empty: where the partner
    /// tells no time, something else that changes with the order.
    pub changed: String,
}

/// How far a partner is with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It exists and nothing is made yet: it still has to be released.
    Draft,
    /// It was released and waits for production, or is on hold.
    Released,
    /// It is being made, or further.
    Producing,
    /// The partner gave up on it.
    Failed,
    Cancelled,
}

impl Stage {
    /// The partner was told to make it, and has not stopped for good.
    #[must_use]
    pub fn is_released(self) -> bool {
        matches!(self, Self::Released | Self::Producing)
    }
}

/// A parcel the partner has handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The partner's own id; its tracking number where it gives shipments none.
    pub id: String,
    pub tracking: Option<Tracking>,
    /// It replaces an earlier one.
    pub reshipment: bool,
    /// The partner says that it has arrived.
    pub delivered: bool,
    /// Which pieces of which store lines are in it; empty where the partner does not tell.
    pub pieces: Vec<Pieces>,
}

/// What keeps an order from being made twice when the answer to placing it was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwinRule {
    /// The partner refuses a second order with our id and names the first: placing again is safe at any time.
    Refuses,
    /// The partner would take a second one. It is searched first, and "not found" counts only when so much time has passed since
    /// the attempt.
    Searched { settle: SignedDuration },
}

/// Places an order, without having it made yet.
pub trait PlaceOrder: Send + Sync {
    /// Makes a draft, or names the one that is there already under the same external id.
    fn place(&self, order: &NewOrder) -> impl Future<Output = Result<Placed, Trouble>> + Send;
}

/// Has a placed order made.
pub trait ReleaseOrder: Send + Sync {
    /// From now on it costs money.
    fn release(&self, id: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Asks for an order.
pub trait FindOrder: Send + Sync {
    /// `None`: the partner has none. A partner that can be asked only by its own id answers `None` while we do not know it; its
    /// [`TwinRule`] must then be `Refuses`.
    fn find(&self, order: &OrderRef) -> impl Future<Output = Result<Option<PartnerOrder>, Trouble>> + Send;
}

/// Lists orders, for when the partner's webhooks are silent.
pub trait ListOrders: Send + Sync {
    /// One page of the orders that are not finished or changed lately, newest first where the partner can; `after` is the page
    /// before's `next`. `None`: the partner lists nothing, and each of our open orders is asked for by itself ([`FindOrder`]). An
    /// empty page says something else: that there is no order.
    fn open_orders(&self, after: Option<&str>) -> impl Future<Output = Result<Page, Trouble>> + Send;
}

/// A page of a partner's orders; `None` where it has no list.
pub type Page = Option<Listed<PartnerOrder>>;

/// One page of a partner's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

/// Cancels an order.
pub trait CancelOrder: Send + Sync {
    /// [`Trouble::Refused`] when it is too late.
    fn cancel(&self, id: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Sends an order that is on its way somewhere else.
pub trait ChangeAddress: Send + Sync {
    /// [`Trouble::Refused`] when it is too late.
    fn change_address(&self, id: &str, to: &Address) -> impl Future<Output = Result<AddressChange, Trouble>> + Send;
}

/// What a partner says to a new address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressChange {
    Changed,
    /// A person at the partner looks at it.
    Asked,
    /// The partner has no way to ask.
    NotPossible,
}

/// Looks at what can be made, before an order finds out.
pub trait ReadCatalog: Send + Sync {
    /// What the partner says about one of its variants; `None`: it has no such variant.
    fn variant(&self, id: &str) -> impl Future<Output = Result<Option<PartnerVariant>, Trouble>> + Send;

    /// One page of the products the owner has set up at the partner, for proposing rows of the catalog.
    fn products(&self, after: Option<&str>) -> impl Future<Output = Result<Listed<PartnerVariant>, Trouble>> + Send;
}

/// A variant as the partner has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerVariant {
    /// As it stands in the catalog's `variant_id`.
    pub id: String,
    pub title: String,
    pub sku: Option<String>,
    pub available: Availability,
    /// What the partner charges for one, where it tells.
    pub price: Option<Money>,
    /// Countries it is delivered to (ISO 3166-1 alpha-2); empty where the partner does not tell.
    pub countries: Vec<String>,
}

/// Whether it can be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    Available,
    OutOfStock,
    Discontinued,
    /// The partner does not tell.
    Unknown,
}

/// Asks what the owner has at the partner to pay with.
pub trait ReadFunds: Send + Sync {
    /// `None`: the partner does not tell.
    fn funds(&self) -> impl Future<Output = Result<Option<Money>, Trouble>> + Send;
}
