//! The store: the one source of truth. A layer reads the order here at the moment it acts, and writes back what it did.
//!
//! The port is one small trait per verb, so that a function is given only what it may do. Two platforms: [`shopify`], and
//! [`headless`], our own for shops without one. Both pass the same contract tests (`tests/it/store_contract`).

mod any;
pub mod headless;
pub mod shopify;

use domain::Timestamp;
use domain::contact::{Bought, Checkout, Consent, Contact, ContactId, Who};
use domain::decision::Refusal;
use domain::event::Fact;
use domain::order::{Order, PaymentAttempt};
use domain::parcel::{Contents, Tracking};
use domain::provider::Trouble;
use domain::subject::OrderId;

pub use any::{OpenError, Store};
pub use headless::Headless;
pub use shopify::Shopify;
pub use shopify::topics::Topic;

/// Reads an order as the store has it now.
pub trait ReadOrder: Send + Sync {
    /// `None`: the store does not know it.
    fn order(&self, id: OrderId) -> impl Future<Output = Result<Option<Order>, Trouble>> + Send;
}

/// Writes a parcel to the store.
pub trait WriteFulfilment: Send + Sync {
    /// Marks these contents as fulfilled with this tracking; the store's id of the fulfilment. The store itself sends no mail.
    ///
    /// The store knows no idempotency key here: ask first whether the parcel is there already.
    fn fulfil(
        &self,
        contents: &Contents,
        tracking: Option<&Tracking>,
    ) -> impl Future<Output = Result<String, Trouble>> + Send;
}

/// Tells the store the further numbers of a parcel it knows.
pub trait TrackFulfilment: Send + Sync {
    /// From then on the fulfilment shows all these numbers, each once, and no other: numbers that are to stay are among them.
    /// Asking twice is a yes. The store itself sends no mail. No numbers at all change nothing.
    ///
    /// `fulfilment` is the store's id, as [`WriteFulfilment::fulfil`] answered it; one that the store does not know is refused.
    fn track(&self, fulfilment: &str, tracking: &[Tracking]) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Keeps an order from being fulfilled at the platform, by hand or by an app, until a person has decided.
pub trait HoldOrder: Send + Sync {
    /// Holds every open fulfilment order of `order` under the name `handle`, with `note` for whoever looks there. A hold under
    /// that name that stands already is a yes. An order with nothing left to fulfil is a yes too.
    fn hold(&self, order: &Order, handle: &str, note: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Lifts a hold of ours.
pub trait ReleaseHold: Send + Sync {
    /// Lifts the holds named `handle`, and no other; none left is a yes.
    fn release_hold(&self, order: &Order, handle: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Cancels an order and gives the money back: only on a person's decision.
pub trait RefuseOrder: Send + Sync {
    /// The store's reference of the cancellation. An order that is cancelled already is a yes.
    fn refuse(&self, order: &Order, decision: &Refusal) -> impl Future<Output = Result<String, Trouble>> + Send;
}

/// Lists what changed, for the sweep.
pub trait ChangedOrders: Send + Sync {
    /// One page of what changed at or after `since`, oldest change first; `after` is the page before's `next`.
    fn changed(
        &self,
        since: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<Change>, Trouble>> + Send;
}

/// Reads a person, their consent included, as the store has them now.
pub trait ReadContact: Send + Sync {
    /// `None`: the store does not know them (any more).
    fn contact(&self, id: &ContactId) -> impl Future<Output = Result<Option<Contact>, Trouble>> + Send;

    /// The same by mail address, whatever the case of its letters.
    fn contact_by_mail(&self, mail: &str) -> impl Future<Output = Result<Option<Contact>, Trouble>> + Send;
}

/// Reads a checkout as the store has it now.
pub trait ReadCheckout: Send + Sync {
    /// `id` as in the subject `checkout#…`. `None`: the store does not know it, or has forgotten it.
    fn checkout(&self, id: &str) -> impl Future<Output = Result<Option<Checkout>, Trouble>> + Send;
}

/// Looks for a purchase.
pub trait BoughtSince: Send + Sync {
    /// An order placed at or after `since` by this checkout, this customer, this mail address, or to this place: whichever is
    /// found first, in this order. Unpaid and cancelled orders count, test orders of ours do not.
    fn bought_since(&self, who: &Who, since: Timestamp)
    -> impl Future<Output = Result<Option<Bought>, Trouble>> + Send;
}

/// Tells the store what somebody said about marketing mail.
pub trait SetConsent: Send + Sync {
    /// `at` is when they said it (whole seconds). The store's own word from later than `at` stands: that is a yes, too, and so is
    /// asking twice. Refused: the store does not know them, or `consent` is none that can be said.
    fn set_consent(
        &self,
        id: &ContactId,
        consent: Consent,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// Adds a person to the store.
pub trait AddContact: Send + Sync {
    /// Somebody with this mail address who said this about marketing mail at that time (whole seconds). Somebody whom the store
    /// knows already is the answer, unchanged: ask and set their consent.
    fn add_contact(
        &self,
        mail: &str,
        consent: Consent,
        language: Option<&str>,
        at: Timestamp,
    ) -> impl Future<Output = Result<ContactId, Trouble>> + Send;
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

/// An order that changed, as the store has it now, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub order: Order,
    pub at: Timestamp,
}

/// Asks a payment provider what is true about something it told us (`payment.told`).
pub trait ResolvePayment: Send + Sync {
    /// What `object` (a checkout session, a payment, a charge, a dispute, a warning: the provider's id) means: which order it
    /// is about and the facts that follow; the store has taken over what the provider says before this answers.
    fn resolve(&self, topic: &str, object: &str) -> impl Future<Output = Result<Resolved, Trouble>> + Send;
}

/// What a payment provider's word came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// About this order; these facts are to be appended under it.
    Order { order: OrderId, name: String, facts: Vec<Fact> },
    /// Money came in, and the store has no order for it: `12.40 USD`.
    MoneyWithoutOrder { payment: String, amount: String },
    /// Nothing that concerns us (another mode of checkout, a payment that is not ours).
    Nothing,
}

/// The webhook subscriptions at the store.
pub trait Subscriptions: Send + Sync {
    /// All subscriptions of our app.
    fn subscriptions(&self) -> impl Future<Output = Result<Vec<Subscription>, Trouble>> + Send;

    /// Subscribes `topic` (as in `orders/paid`) to this address. A subscription that is there already is a yes.
    fn subscribe(&self, topic: &str, address: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// A subscription as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    /// As in the webhook's header: `orders/paid`.
    pub topic: String,
    pub address: String,
}

/// Lists checkouts, finished or not, for payment health.
pub trait Checkouts: Send + Sync {
    /// One page of the checkouts begun between the two moments that were not finished there and then.
    fn stalled(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<StalledCheckout>, Trouble>> + Send;
}

/// A checkout that was begun and not finished there and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StalledCheckout {
    pub id: String,
    pub begun: Timestamp,
    /// ISO 3166-1 alpha-2, of the shipping or billing address, where one was given.
    pub country: Option<String>,
    /// It was finished later after all.
    pub recovered: bool,
}

/// Lists orders as they were placed and paid for, for payment health.
pub trait PlacedOrders: Send + Sync {
    /// One page of the orders placed between the two moments, with every attempt to pay for them.
    fn placed(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<PlacedOrder>, Trouble>> + Send;

    /// When the newest order was placed that is no test order of ours; `None`: there is none.
    fn newest_order(&self) -> impl Future<Output = Result<Option<Timestamp>, Trouble>> + Send;
}

/// An order as far as payment health looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    pub id: OrderId,
    pub placed: Timestamp,
    /// ISO 3166-1 alpha-2, of the shipping or billing address.
    pub country: Option<String>,
    /// Every attempt to pay, failed ones included.
    pub attempts: Vec<PaymentAttempt>,
}

/// Places and removes a tagged test order.
pub trait TestOrder: Send + Sync {
    /// A paid test order for one piece of the given variant (the store's own number), tagged with `tag`; its mails go to `email`.
    /// An order that has this tag already is the answer: asking again places no second one.
    fn place_test_order(
        &self,
        tag: &str,
        variant: &str,
        email: &str,
    ) -> impl Future<Output = Result<OrderId, Trouble>> + Send;

    /// Cancels it, so that it stands in nobody's way. Refuses an order that is not a test order with that tag.
    fn clean_up(&self, order: &Order, tag: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// The tag of test orders begins with this. Routing leaves such an order as a draft at the partner.
pub use domain::order::TEST_TAG;

/// Lists what the store sells, for the catalog's command.
pub trait ListVariants: Send + Sync {
    fn variants(&self, after: Option<&str>) -> impl Future<Output = Result<Page<StoreVariant>, Trouble>> + Send;
}

/// A variant the store sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreVariant {
    /// The store's own number.
    pub id: String,
    /// `Lighthouse, 30 x 40 cm`
    pub title: String,
    pub sku: Option<String>,
    pub requires_shipping: bool,
    /// Handle of another fulfilment service that has it.
    pub service: Option<String>,
}
