//! What the owner must know: each kind of exception with its layer, its reason and its next step, in the owner's words.

mod life;
mod next_step;
mod reason;
#[cfg(test)]
mod tests;

pub use life::{Exception, Healed, Life};

use crate::decision::Choice;
use crate::event::PartnerStop;
use crate::handoff::{Layer, Wait};
use crate::parcel::Progress;
use crate::plan::Problem;
use crate::verdict::Hold;

/// What went wrong. The catalogue: every exception Baton can raise is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Capture held the order.
    Held(Hold),
    /// The order is held, and a partner makes it already.
    HeldTooLate { partner: String },
    /// The owner said that tax is due where this order goes, and none was charged.
    TaxMissing { place: String },
    /// The payment is disputed; an answer is due by then.
    Disputed { dispute: String, kind: String, due: Option<String> },
    /// The payment provider has money for which the store has no order.
    MoneyWithoutOrder { provider: String, payment: String, amount: String },
    /// What the owner decided about a held order could not be done.
    DecisionNotDone { choice: Choice, why: String },
    /// The store did not take our hold: it may be fulfilled there by hand.
    HoldRefused { why: String },
    /// The store had removed webhook subscriptions; they were made again.
    SubscriptionLost { topics: Vec<String> },
    /// The store does not take webhook subscriptions.
    SubscriptionsRefused { topics: Vec<String>, why: String },
    /// Webhooks did not arrive; the sweep found what they should have told.
    WebhooksMissed { orders: Vec<String> },
    /// The sweep itself has not come to its end for too long.
    SweepSilent { source: String, hours: i64 },
    /// Payments fail far more often than they should.
    PaymentsFail { place: String, failed: u32, of: u32 },
    /// Checkouts are begun and not finished far more often than they should be.
    CheckoutsStall { place: String, stalled: u32, of: u32 },
    /// No order came for longer than the owner expects.
    NoOrders { hours: i64 },
    /// The test order did not come through.
    TestOrderFailed { why: String },
    /// A layer did not take an event in time; it was sent again.
    NotTaken { layer: Layer, event: String },
    /// A layer waits for a provider that is out of reach.
    Unreachable { layer: Layer, provider: String, why: String },
    /// A longer wait is over its deadline.
    Late(Wait),
    /// The same about one parcel of the order: where it stood last, and the day its carrier promised.
    LateParcel { wait: Wait, parcel: String, progress: Progress, promised: Option<String> },
    /// Nothing is heard of a carrier's parcels: of so many; `heard` others were heard of. Since a day, by order names.
    CarrierSilent { carrier: String, silent: usize, heard: usize, since: String, orders: Vec<String> },
    /// A parcel needs the owner: damaged, stopped or lost, in the carrier's own word.
    ParcelTrouble { parcel: String, progress: Progress, status: String },
    /// Store, partner, carrier and what we heard do not agree: one line each, by order name.
    Drift { orders: usize, differences: Vec<String> },
    /// The order cannot be routed as it is.
    CannotRoute(Vec<Problem>),
    /// The partner said no.
    PartnerRefused { partner: String, why: String },
    /// The partner stopped after accepting.
    PartnerStopped { partner: String, how: PartnerStop, why: Option<String> },
    /// The order is at the partner, and its address changed since.
    AddressChangedAtPartner { partner: String, outcome: ChangeOutcome },
    /// The order was edited after it had gone to the partner.
    EditedAfterRouting { partner: String },
    /// Making it costs too much of what the customer paid for it.
    MarginTooThin { partner: String, cost: String, paid: String, floor_percent: u32 },
    /// Lines the catalog gives to nobody but the owner's own hands.
    MakeByHand { lines: Vec<String> },
    /// The partner's own Shopify app has these lines already: we make nothing twice.
    PartnerAppHasIt { partner: String, lines: Vec<String> },
    /// The partner's wallet does not cover what is on its way to it.
    FundsLow { partner: String, funds: String, needed: String },
    /// The catalog and the partner do not agree: found by the daily look, before an order finds out.
    CatalogProblem { partner: String, problems: Vec<String> },
    /// The order was cancelled when the partner had it already.
    CancelledAtPartner { partner: String, outcome: CancelOutcome },
    /// Money went back after the order had gone to the partner.
    RefundedAfterRouting { partner: String },
    /// The store refused the fulfilment.
    FulfilmentRefused { why: String },
    /// The order has no mail address.
    NoMailAddress { mail: String },
    /// The mail provider said no.
    MailRefused { mail: String, why: String },
    /// The mail provider sends only to addresses it has verified: the account is in its sandbox.
    MailSandboxed { mail: String },
    /// The mail provider sends nothing of ours for now; mails wait.
    SendingStopped(SendingStop),
    /// Too many of our mails come back, or are reported as spam: so many of so many in a day.
    MailUnwelcome { complaints: bool, bad: u64, sent: u64 },
    /// Nobody has entered a flow for so many days, while orders came.
    FlowStarves { flow: String, days: i64 },
    /// Somebody said no to marketing mail, and the store did not take that.
    ConsentRefused { why: String },
    /// A parcel came back.
    Returned { why: Option<String> },
    /// A provider answered in a way this version cannot read, or refuses us.
    ProviderBroken { layer: Layer, provider: String, why: String },
    /// A message lies in a dead-letter queue.
    DeadLetter { layer: Layer, event: String },
    /// The stream's reader gave up on a batch of events.
    StreamDeadLetter,
    /// A rightly signed delivery could not be read; it is kept.
    Unreadable { topic: String, why: String },
    /// The store removed our app.
    AppUninstalled,
    /// A customer asked what is held about them.
    DataRequested { orders: usize },
    /// An alarm fired.
    Alarm { name: String, description: String },
    /// The test alert on a channel was not acknowledged in time: nobody may be reading it.
    ChannelUnproven { channel: String, sent: String },
    /// Alerts have not got through on a channel for so long.
    ChannelFails { channel: String, minutes: i64 },
}

/// Why the mail provider sends nothing, or nothing more, for the whole account. It passes, by itself or once a person has mended it;
/// what waits goes out then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendingStop {
    /// So many mails are allowed in any 24 hours, and they are used up.
    Quota,
    /// The provider, or the owner, has stopped the account's mail.
    Paused,
    /// The address that our mails come from is not verified (any more).
    Sender,
}

impl SendingStop {
    pub const ALL: [Self; 3] = [Self::Quota, Self::Paused, Self::Sender];

    /// In short, for waits: `the day's quota is used up`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quota => "the day's quota of mails is used up",
            Self::Paused => "the account's mail is stopped",
            Self::Sender => "the sender's address is not verified",
        }
    }
}

/// What came of asking the partner to send it somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// The partner has the new address.
    Changed,
    /// The partner has the request, and a person there decides.
    Asked,
    /// The partner refused: it goes to the old address.
    Refused(String),
    /// The partner has no way to ask.
    NotPossible,
}

/// What came of asking the partner to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The partner cancelled it; nothing is made.
    Cancelled,
    /// The partner refused; it will be made.
    Refused(String),
}

impl What {
    /// The kind in short, for ids, metrics and grouping: `partner-refused`.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Held(_) => "held",
            Self::HeldTooLate { .. } => "held-too-late",
            Self::TaxMissing { .. } => "tax-missing",
            Self::Disputed { .. } => "disputed",
            Self::MoneyWithoutOrder { .. } => "money-without-order",
            Self::DecisionNotDone { .. } => "decision-not-done",
            Self::HoldRefused { .. } => "hold-refused",
            Self::SubscriptionLost { .. } => "subscription-lost",
            Self::SubscriptionsRefused { .. } => "subscriptions-refused",
            Self::WebhooksMissed { .. } => "webhooks-missed",
            Self::SweepSilent { .. } => "sweep-silent",
            Self::PaymentsFail { .. } => "payments-fail",
            Self::CheckoutsStall { .. } => "checkouts-stall",
            Self::NoOrders { .. } => "no-orders",
            Self::TestOrderFailed { .. } => "test-order-failed",
            Self::NotTaken { .. } => "not-taken",
            Self::Unreachable { .. } => "unreachable",
            Self::Late(wait) | Self::LateParcel { wait, .. } => match wait {
                Wait::PaymentArrives => "late-payment",
                Wait::RiskVerdict => "late-risk-verdict",
                Wait::PartnerAccepts => "late-partner-accepts",
                Wait::PartnerShips => "late-partner-ships",
                Wait::FirstScan => "late-first-scan",
                Wait::TrackingAlive => "late-tracking",
                Wait::CustomerInformed => "late-customer-informed",
                Wait::HeldOrder => "late-held-order",
                Wait::Delivered => "late-delivered",
            },
            Self::CarrierSilent { .. } => "carrier-silent",
            Self::ParcelTrouble { .. } => "parcel-trouble",
            Self::Drift { .. } => "drift",
            Self::CannotRoute(_) => "cannot-route",
            Self::PartnerRefused { .. } => "partner-refused",
            Self::PartnerStopped { .. } => "partner-stopped",
            Self::AddressChangedAtPartner { .. } => "address-changed-at-partner",
            Self::EditedAfterRouting { .. } => "edited-after-routing",
            Self::MarginTooThin { .. } => "margin-too-thin",
            Self::MakeByHand { .. } => "make-by-hand",
            Self::PartnerAppHasIt { .. } => "partner-app-has-it",
            Self::FundsLow { .. } => "funds-low",
            Self::CatalogProblem { .. } => "catalog-problem",
            Self::CancelledAtPartner { .. } => "cancelled-at-partner",
            Self::RefundedAfterRouting { .. } => "refunded-after-routing",
            Self::FulfilmentRefused { .. } => "fulfilment-refused",
            Self::NoMailAddress { .. } => "no-mail-address",
            Self::MailRefused { .. } => "mail-refused",
            Self::MailSandboxed { .. } => "mail-sandboxed",
            Self::SendingStopped(_) => "sending-stopped",
            Self::MailUnwelcome { .. } => "mail-unwelcome",
            Self::FlowStarves { .. } => "flow-starves",
            Self::ConsentRefused { .. } => "consent-refused",
            Self::Returned { .. } => "returned",
            Self::ProviderBroken { .. } => "provider-broken",
            Self::DeadLetter { .. } => "dead-letter",
            Self::StreamDeadLetter => "stream-dead-letter",
            Self::Unreadable { .. } => "unreadable",
            Self::AppUninstalled => "app-uninstalled",
            Self::DataRequested { .. } => "data-requested",
            Self::Alarm { .. } => "alarm",
            Self::ChannelUnproven { .. } => "channel-unproven",
            Self::ChannelFails { .. } => "channel-fails",
        }
    }

    /// What tells it from others of its kind over one event: the partner, where an order has several.
    #[must_use]
    pub fn apart(&self) -> Option<&str> {
        match self {
            Self::HeldTooLate { partner }
            | Self::PartnerRefused { partner, .. }
            | Self::AddressChangedAtPartner { partner, .. }
            | Self::EditedAfterRouting { partner }
            | Self::MarginTooThin { partner, .. }
            | Self::PartnerAppHasIt { partner, .. }
            | Self::CancelledAtPartner { partner, .. }
            | Self::RefundedAfterRouting { partner } => Some(partner),
            Self::ProviderBroken { provider, .. } => Some(provider),
            Self::ParcelTrouble { parcel, .. } => Some(parcel),
            _ => None,
        }
    }

    /// Who outside it came from, where somebody did: with kind and layer, the cause that many orders may share.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        match self {
            Self::PartnerStopped { partner, .. }
            | Self::FundsLow { partner, .. }
            | Self::CatalogProblem { partner, .. } => Some(partner),
            Self::Unreachable { provider, .. } | Self::MoneyWithoutOrder { provider, .. } => Some(provider),
            Self::ParcelTrouble { .. } => None,
            // What keeps two apart on one order is a name from outside everywhere else.
            _ => self.apart(),
        }
    }

    /// The layer whose hand-off it is.
    #[must_use]
    pub fn layer(&self) -> Layer {
        match self {
            Self::Held(_)
            | Self::TaxMissing { .. }
            | Self::Disputed { .. }
            | Self::MoneyWithoutOrder { .. }
            | Self::DecisionNotDone { .. }
            | Self::HoldRefused { .. }
            | Self::SubscriptionLost { .. }
            | Self::SubscriptionsRefused { .. }
            | Self::WebhooksMissed { .. }
            | Self::SweepSilent { .. }
            | Self::PaymentsFail { .. }
            | Self::CheckoutsStall { .. }
            | Self::NoOrders { .. }
            | Self::TestOrderFailed { .. }
            | Self::Late(Wait::PaymentArrives | Wait::RiskVerdict | Wait::HeldOrder) => Layer::Capture,
            Self::NotTaken { layer, .. }
            | Self::Unreachable { layer, .. }
            | Self::ProviderBroken { layer, .. }
            | Self::DeadLetter { layer, .. } => *layer,
            Self::Late(Wait::PartnerAccepts | Wait::PartnerShips)
            | Self::CannotRoute(_)
            | Self::PartnerRefused { .. }
            | Self::PartnerStopped { .. }
            | Self::HeldTooLate { .. }
            | Self::AddressChangedAtPartner { .. }
            | Self::EditedAfterRouting { .. }
            | Self::MarginTooThin { .. }
            | Self::MakeByHand { .. }
            | Self::PartnerAppHasIt { .. }
            | Self::FundsLow { .. }
            | Self::CatalogProblem { .. }
            | Self::CancelledAtPartner { .. }
            | Self::RefundedAfterRouting { .. } => Layer::Routing,
            Self::Late(Wait::FirstScan | Wait::TrackingAlive | Wait::Delivered)
            | Self::LateParcel { .. }
            | Self::CarrierSilent { .. }
            | Self::ParcelTrouble { .. }
            | Self::Drift { .. }
            | Self::FulfilmentRefused { .. }
            | Self::Returned { .. } => Layer::Shipping,
            Self::Late(Wait::CustomerInformed)
            | Self::NoMailAddress { .. }
            | Self::MailRefused { .. }
            | Self::MailSandboxed { .. }
            | Self::SendingStopped(_)
            | Self::MailUnwelcome { .. }
            | Self::FlowStarves { .. }
            | Self::ConsentRefused { .. } => Layer::Email,
            Self::StreamDeadLetter
            | Self::Unreadable { .. }
            | Self::AppUninstalled
            | Self::DataRequested { .. }
            | Self::ChannelUnproven { .. }
            | Self::ChannelFails { .. }
            | Self::Alarm { .. } => Layer::Monitoring,
        }
    }

    /// Whether running what is missing again can help once the cause is mended.
    #[must_use]
    pub fn replayable(&self) -> bool {
        !matches!(
            self,
            Self::CancelledAtPartner { .. }
                | Self::HeldTooLate { .. }
                | Self::TaxMissing { .. }
                | Self::Disputed { .. }
                | Self::MoneyWithoutOrder { .. }
                | Self::SubscriptionLost { .. }
                | Self::SubscriptionsRefused { .. }
                | Self::WebhooksMissed { .. }
                | Self::SweepSilent { .. }
                | Self::PaymentsFail { .. }
                | Self::CheckoutsStall { .. }
                | Self::NoOrders { .. }
                | Self::SendingStopped(_)
                | Self::MailUnwelcome { .. }
                | Self::FlowStarves { .. }
                | Self::TestOrderFailed { .. }
                | Self::AddressChangedAtPartner { .. }
                | Self::EditedAfterRouting { .. }
                | Self::MakeByHand { .. }
                | Self::FundsLow { .. }
                | Self::CatalogProblem { .. }
                | Self::RefundedAfterRouting { .. }
                | Self::Returned { .. }
                | Self::PartnerStopped { .. }
                // What is late is owed by somebody outside, except the verdict and the decision, which capture takes up again.
                | Self::Late(
                    Wait::PaymentArrives
                        | Wait::PartnerAccepts
                        | Wait::PartnerShips
                        | Wait::FirstScan
                        | Wait::TrackingAlive
                        | Wait::CustomerInformed
                        | Wait::Delivered
                )
                | Self::LateParcel { .. }
                | Self::CarrierSilent { .. }
                | Self::ParcelTrouble { .. }
                | Self::Drift { .. }
                | Self::StreamDeadLetter
                | Self::AppUninstalled
                | Self::DataRequested { .. }
                | Self::ChannelUnproven { .. }
                | Self::ChannelFails { .. }
                | Self::Alarm { .. }
        )
    }
}
