//! The facts themselves.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::Wishes;
use crate::decision::Choice;
use crate::flow::left::Telling;
use crate::parcel::{ParcelKey, Progress, Tracking};
use crate::subject::OrderId;

/// The fact itself, by type. Facts carry ids and words, never a copy of order status and never a person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Fact {
    /// The store has a new order, paid or not.
    #[serde(rename = "order.created")]
    OrderCreated {},
    /// Something that matters to us changed in the order: where it goes, or whether it is paid or cancelled. `what` is a hash of
    /// just these, so that the many updates that change neither are one and the same fact. `again` is when it came back to what it
    /// had been before: an address changed and changed back are two facts.
    #[serde(rename = "order.changed")]
    OrderChanged {
        what: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
    /// Lines were added, removed or changed after the order was placed.
    #[serde(rename = "order.edited")]
    OrderEdited { edit: String },
    /// The customer or the bank disputes the payment (`inquiry` or `chargeback`); an answer is due by then, where the source tells.
    #[serde(rename = "order.disputed")]
    OrderDisputed { dispute: String, kind: String, due: Option<String> },
    /// The card's network warns of fraud on this payment.
    #[serde(rename = "order.fraud_warned")]
    FraudWarned { warning: String },
    /// A person decided about a held order. `round` counts the holds, so that a later hold is decided anew.
    #[serde(rename = "order.decided")]
    OrderDecided { choice: Choice, decision: String, round: u32 },
    /// A payment provider told us something about a payment, in its own words; capture asks it what is true. `repeat` tells
    /// apart what the provider says of the same object more than once (a second refund of one charge).
    #[serde(rename = "payment.told")]
    PaymentTold {
        provider: String,
        topic: String,
        object: String,
        #[serde(default)]
        repeat: Option<String>,
    },
    /// A checkout was begun, or changed (`at` tells the changes apart).
    #[serde(rename = "checkout.started")]
    CheckoutStarted {
        at: String,
        /// The store's number of the customer, where it names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<String>,
    },
    /// A checkout is gone: bought, deleted or expired.
    #[serde(rename = "checkout.ended")]
    CheckoutEnded { how: CheckoutEnd },
    /// A step of one of the owner's flows is due (see `flow::Timer`, whose words these are). About what the flow is about.
    #[serde(rename = "flow.due")]
    FlowDue {
        flow: String,
        step: u8,
        entry: String,
        since: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Timestamp>,
    },
    /// Klaviyo is to hear of this, since flows are left to it (see `flow::left`). `about` tells one from another where a subject may
    /// bring several; `flows` are those that are Klaviyo's from here on; `since` is when it happened.
    #[serde(rename = "klaviyo.due")]
    KlaviyoDue {
        what: Telling,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        flows: Vec<String>,
        since: Timestamp,
    },
    /// A customer's record changed.
    #[serde(rename = "contact.changed")]
    ContactChanged {
        at: String,
        /// The store's id of the person: how they are found again, since the subject is only the hash of the address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<String>,
    },
    /// A customer gave or withdrew consent to marketing mail, in the store's word (`subscribed`, `unsubscribed`, …).
    #[serde(rename = "contact.consent_changed")]
    ConsentChanged {
        state: String,
        at: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<String>,
    },
    /// Somebody asked on our page for the store's news and has to confirm it (double opt-in). At most once a day for a person.
    #[serde(rename = "contact.signed_up")]
    ContactSignedUp { customer: String, day: String },
    /// Somebody said yes to marketing mail on our page; the store knows it already. `at` is since when.
    #[serde(rename = "contact.subscribed")]
    ContactSubscribed { how: OptIn, customer: String, at: String },
    /// Somebody said no to marketing mail by a link of ours; holds from now on, whether the store knows it yet or not. `mail` is the
    /// effect hash of the mail that brought the link.
    #[serde(rename = "contact.unsubscribed")]
    ContactUnsubscribed {
        how: OptOut,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<String>,
        at: String,
    },
    /// Somebody chose on our page which kinds of marketing mail they want.
    #[serde(rename = "contact.wished")]
    ContactWished {
        wishes: Wishes,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<String>,
        at: String,
    },
    /// A mail to this address came back for good, or was reported as spam. `message` is the mail provider's id of that mail.
    #[serde(rename = "contact.suppressed")]
    ContactSuppressed { why: Suppression, message: String },
    /// The store has a fulfilment, ours or another's.
    #[serde(rename = "store.fulfilment_written")]
    FulfilmentWritten { fulfilment: String, at: String },
    /// A partner told us of an order without saying enough to act on, or without a signature; routing asks it what is true.
    #[serde(rename = "partner.told")]
    PartnerTold { partner: String, partner_order: String, topic: String, at: String },
    /// The store says that the order is fully paid.
    #[serde(rename = "order.paid")]
    OrderPaid {
        /// What mattered about the order then (see `order.changed`), where the source tells: an update that says the same is no
        /// news.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<String>,
    },
    /// The store says that the order was cancelled.
    #[serde(rename = "order.cancelled")]
    OrderCancelled { reason: Option<String> },
    /// Money went back to the customer.
    #[serde(rename = "order.refunded")]
    OrderRefunded { refund: String },
    /// A risk provider assessed the order (again).
    #[serde(rename = "order.risk_assessed")]
    RiskAssessed { provider: String, level: String, at: String },
    /// Capture: paid, real and safe; it may be made.
    #[serde(rename = "order.cleared")]
    OrderCleared {},
    /// Capture: it may not be made as it is; a person decides. Later holds of the same order have a higher round.
    #[serde(rename = "order.held")]
    OrderHeld {
        reason: String,
        #[serde(default = "first_round")]
        round: u32,
        /// What tells one reason from another (`dispute#9`): a person who releases the order has accepted just these.
        #[serde(default)]
        causes: Vec<String>,
    },
    /// Routing: the partner has the order and was told to make it.
    #[serde(rename = "order.routed")]
    OrderRouted {
        partner: String,
        split: u8,
        partner_order: String,
        /// What the partner charges, e.g. `12.40 USD`, where it tells.
        #[serde(default)]
        cost: Option<String>,
    },
    /// The partner took the order into production.
    #[serde(rename = "partner.accepted")]
    PartnerAccepted { partner: String, partner_order: String },
    /// The partner stopped: on hold, failed or cancelled on its side.
    #[serde(rename = "partner.stopped")]
    PartnerStopped { partner: String, partner_order: String, how: PartnerStop, reason: Option<String>, at: String },
    /// The partner goes on after a hold.
    #[serde(rename = "partner.resumed")]
    PartnerResumed { partner: String, partner_order: String, at: String },
    /// The partner handed a parcel to the carrier.
    #[serde(rename = "parcel.shipped")]
    ParcelShipped {
        partner: String,
        partner_order: String,
        shipment: String,
        reshipment: bool,
        tracking: Option<Tracking>,
    },
    /// Shipping: the store knows the parcel; the customer may be told.
    #[serde(rename = "parcel.announced")]
    ParcelAnnounced {
        parcel: ParcelKey,
        fulfilment: String,
        tracking: Option<Tracking>,
        /// The partner's shipment: a number that comes later belongs to the same parcel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shipment: Option<ParcelKey>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partner: Option<String>,
        /// Where it goes, ISO 3166-1 alpha-2: deadlines differ by country.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        country: Option<String>,
    },
    /// Shipping: an announced parcel has this number, too. Numbers are a set: none is ever taken away.
    #[serde(rename = "parcel.renumbered")]
    ParcelRenumbered { parcel: ParcelKey, tracking: Tracking },
    /// The carrier has it in its hands: a scan, in transit. `status` is the source's own word.
    #[serde(rename = "parcel.moved")]
    ParcelMoved {
        source: String,
        tracking_event: String,
        status: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parcel: Option<ParcelRef>,
        /// The carrier's own promise, a date (`2026-11-27`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promised: Option<String>,
    },
    /// The carrier brings it today.
    #[serde(rename = "parcel.out_for_delivery")]
    ParcelOutForDelivery { source: String, tracking_event: String, status: String, parcel: ParcelRef },
    /// Something keeps it from its door: an attempt that failed, customs, a pick-up point, damage, a loss.
    #[serde(rename = "parcel.troubled")]
    ParcelTroubled { source: String, tracking_event: String, status: String, progress: Progress, parcel: ParcelRef },
    /// The parcel is at its door.
    #[serde(rename = "parcel.delivered")]
    ParcelDelivered { source: String, parcel: ParcelRef },
    /// The parcel came back or could not be delivered.
    #[serde(rename = "parcel.returned")]
    ParcelReturned {
        source: String,
        tracking_event: String,
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parcel: Option<ParcelRef>,
    },
    /// A tracking feed says where a parcel stands. About the parcel, by its number: the feed does not know our orders.
    #[serde(rename = "carrier.told")]
    CarrierTold {
        feed: String,
        /// What tells this word of the feed from its others about the parcel.
        scan: String,
        /// As the feed names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carrier: Option<String>,
        progress: Progress,
        /// The feed's own status.
        status: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promised: Option<String>,
    },
    /// Shipping: this number is on that parcel of that order. About the parcel, so that a feed's words find the order.
    #[serde(rename = "parcel.belongs")]
    ParcelBelongs { order: OrderId, parcel: ParcelKey },
    /// Nothing true was said to the customer for as long as the owner allows; email says how things stand. `since` is the event
    /// after which the silence began.
    #[serde(rename = "customer.waits")]
    CustomerWaits { since: String },
    /// The store removed our app: nothing reaches us any more.
    #[serde(rename = "store.app_uninstalled")]
    AppUninstalled { at: String },
    /// A customer asked the store what it holds about them.
    #[serde(rename = "privacy.data_requested")]
    DataRequested { request: String, customer: Option<String>, orders: Vec<OrderId> },
    /// The store asks us to forget a customer. `contact`: the hash of the customer's address, where the store names it.
    #[serde(rename = "privacy.customer_redacted")]
    CustomerRedacted {
        customer: Option<String>,
        orders: Vec<OrderId>,
        #[serde(default)]
        contact: Option<String>,
    },
    /// The store asks us to forget everything, 48 hours after our app was removed.
    #[serde(rename = "privacy.shop_redacted")]
    ShopRedacted { shop: String },
    /// Rightly signed, of a topic no layer follows: kept, owes nothing.
    #[serde(rename = "webhook.unfollowed")]
    Unfollowed { topic: String, body_hash: String },
    /// Rightly signed, but not readable as its topic: kept, and the owner is told.
    #[serde(rename = "webhook.unreadable")]
    Unreadable { topic: String, why: String, body_hash: String },
}

fn first_round() -> u32 {
    1
}

/// How somebody said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptIn {
    /// By the page's form alone (single opt-in).
    Form,
    /// By the link in the mail that asked them to confirm (double opt-in).
    Confirmed,
}

/// How somebody said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptOut {
    /// Their mail program did it for them (RFC 8058).
    OneClick,
    /// By the button on our page.
    Page,
}

/// Why nothing is to be sent to an address any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// No such mailbox, or one that takes nothing from us: no mail at all.
    Bounce,
    /// Reported as spam: no marketing mail.
    Complaint,
}

impl Suppression {
    /// The word in fact-ids and in a trace.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}

/// How a checkout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckoutEnd {
    /// The platform no longer has it; it may have become an order.
    Deleted,
    /// Nobody paid in time.
    Expired,
}

/// How a partner stopped an order. Each has its own fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerStop {
    /// On hold: the partner waits for something it does not name.
    OnHold,
    /// The partner refused it after accepting it.
    Failed,
    /// The partner cancelled it.
    Cancelled,
    /// The partner could not charge us.
    PaymentFailed,
    /// Something in it cannot be had now.
    OutOfStock,
    /// A print file is not usable.
    FileRejected,
    /// The partner cannot deliver there.
    AddressRejected,
}

impl PartnerStop {
    /// The word in fact-ids and in a trace.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnHold => "on-hold",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::PaymentFailed => "payment-failed",
            Self::OutOfStock => "out-of-stock",
            Self::FileRejected => "file-rejected",
            Self::AddressRejected => "address-rejected",
        }
    }
}

/// How a source names the parcel that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParcelRef {
    /// The partner's shipment, by both names it may have been announced under: its number may have come later.
    Shipment { by_shipment: ParcelKey, by_number: Option<ParcelKey> },
    /// The store's fulfilment, by its own id.
    Fulfilment(String),
    /// The carrier's number, normalised.
    Number(ParcelKey),
}

impl ParcelRef {
    /// A partner's shipment, with its number where it is known.
    #[must_use]
    pub fn shipment(partner: &str, shipment: &str, tracking: Option<&Tracking>) -> Self {
        let by_number = tracking.map(|_| ParcelKey::of(partner, shipment, tracking));
        Self::Shipment { by_shipment: ParcelKey::of(partner, shipment, None), by_number }
    }
}
