//! What the owner must know: each kind of exception with its layer, its reason and its next step, in the owner's words.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::handoff::{Layer, Wait};
use crate::order::Payment;
use crate::plan::Problem;
use crate::subject::{Subject, short_hash};
use crate::verdict::Hold;

/// What went wrong. The catalogue: every exception Baton can raise is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Capture held the order.
    Held(Hold),
    /// A layer did not take an event in time; it was sent again.
    NotTaken { layer: Layer, event: String },
    /// A layer waits for a provider that is out of reach.
    Unreachable { layer: Layer, provider: String, why: String },
    /// A longer wait is over its deadline.
    Late(Wait),
    /// The order cannot be routed as it is.
    CannotRoute(Vec<Problem>),
    /// The partner said no.
    PartnerRefused { partner: String, why: String },
    /// The partner stopped after accepting.
    PartnerStopped { partner: String, how: String, why: Option<String> },
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
            Self::NotTaken { .. } => "not-taken",
            Self::Unreachable { .. } => "unreachable",
            Self::Late(wait) => match wait {
                Wait::RiskVerdict => "late-risk-verdict",
                Wait::PartnerAccepts => "late-partner-accepts",
                Wait::PartnerShips => "late-partner-ships",
                Wait::FirstScan => "late-first-scan",
                Wait::TrackingAlive => "late-tracking",
                Wait::CustomerInformed => "late-customer-informed",
                Wait::HeldOrder => "late-held-order",
            },
            Self::CannotRoute(_) => "cannot-route",
            Self::PartnerRefused { .. } => "partner-refused",
            Self::PartnerStopped { .. } => "partner-stopped",
            Self::CancelledAtPartner { .. } => "cancelled-at-partner",
            Self::RefundedAfterRouting { .. } => "refunded-after-routing",
            Self::FulfilmentRefused { .. } => "fulfilment-refused",
            Self::NoMailAddress { .. } => "no-mail-address",
            Self::MailRefused { .. } => "mail-refused",
            Self::Returned { .. } => "returned",
            Self::ProviderBroken { .. } => "provider-broken",
            Self::DeadLetter { .. } => "dead-letter",
            Self::StreamDeadLetter => "stream-dead-letter",
            Self::Unreadable { .. } => "unreadable",
            Self::AppUninstalled => "app-uninstalled",
            Self::DataRequested { .. } => "data-requested",
            Self::Alarm { .. } => "alarm",
        }
    }

    /// The layer whose hand-off it is.
    #[must_use]
    pub fn layer(&self) -> Layer {
        match self {
            Self::Held(_) | Self::Late(Wait::RiskVerdict | Wait::HeldOrder) => Layer::Capture,
            Self::NotTaken { layer, .. }
            | Self::Unreachable { layer, .. }
            | Self::ProviderBroken { layer, .. }
            | Self::DeadLetter { layer, .. } => *layer,
            Self::Late(Wait::PartnerAccepts | Wait::PartnerShips)
            | Self::CannotRoute(_)
            | Self::PartnerRefused { .. }
            | Self::PartnerStopped { .. }
            | Self::CancelledAtPartner { .. }
            | Self::RefundedAfterRouting { .. } => Layer::Routing,
            Self::Late(Wait::FirstScan | Wait::TrackingAlive)
            | Self::FulfilmentRefused { .. }
            | Self::Returned { .. } => Layer::Shipping,
            Self::Late(Wait::CustomerInformed) | Self::NoMailAddress { .. } | Self::MailRefused { .. } => Layer::Email,
            Self::StreamDeadLetter
            | Self::Unreadable { .. }
            | Self::AppUninstalled
            | Self::DataRequested { .. }
            | Self::Alarm { .. } => Layer::Monitoring,
        }
    }

    /// Whether running what is missing again can help once the cause is mended.
    #[must_use]
    pub fn replayable(&self) -> bool {
        !matches!(
            self,
            Self::CancelledAtPartner { .. }
                | Self::RefundedAfterRouting { .. }
                | Self::Returned { .. }
                | Self::PartnerStopped { .. }
                // What is late is owed by somebody outside, except these two, which capture decides.
                | Self::Late(
                    Wait::PartnerAccepts | Wait::PartnerShips | Wait::FirstScan | Wait::TrackingAlive | Wait::CustomerInformed
                )
                | Self::StreamDeadLetter
                | Self::AppUninstalled
                | Self::DataRequested { .. }
                | Self::Alarm { .. }
        )
    }
}

/// Why, in the owner's words.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(hold) => match hold {
                Hold::NotPaid(payment) => write!(f, "The store says this order is {}, not paid.", paid_words(payment)),
                Hold::Refunded => f.write_str("All of the money was refunded before the order was made."),
                Hold::TestOrder => f.write_str("This order was made with a test payment, and the store is live."),
                Hold::AmountsDiffer { expected, total } => {
                    write!(
                        f,
                        "The amounts do not add up: lines, discounts, shipping and tax make {expected}, the total says {total}."
                    )
                }
                Hold::Risk(risk) => {
                    write!(f, "The store's fraud screening calls this order {} risk.", risk_word(*risk))
                }
                Hold::NoAddress => {
                    f.write_str("Something has to be made and shipped, and the order has no shipping address.")
                }
            },
            Self::NotTaken { layer, event } => {
                write!(f, "The {layer} layer has not taken the event \"{event}\" in time. It was sent again.")
            }
            Self::Unreachable { provider, why, .. } => write!(f, "{provider} cannot be reached: {why}."),
            Self::Late(wait) => f.write_str(match wait {
                Wait::RiskVerdict => "The store's fraud screening has not finished in time.",
                Wait::PartnerAccepts => "The partner has the order and has not started to make it in time.",
                Wait::PartnerShips => "The partner has not shipped the order in time.",
                Wait::FirstScan => "The parcel was announced, and the carrier has not scanned it in time.",
                Wait::TrackingAlive => "The parcel has stopped moving.",
                Wait::CustomerInformed => "The customer has not heard from the store for too long.",
                Wait::HeldOrder => "This order is held, and nobody has decided about it in time.",
            }),
            Self::CannotRoute(problems) => {
                for (n, problem) in problems.iter().enumerate() {
                    if n > 0 {
                        f.write_str(" ")?;
                    }
                    write_problem(f, problem)?;
                }
                Ok(())
            }
            Self::PartnerRefused { partner, why } => write!(f, "{partner} refused the order: {why}."),
            Self::PartnerStopped { partner, how, why } => {
                write!(f, "{partner} reports the order as {how}")?;
                write_why(f, why.as_deref())
            }
            Self::CancelledAtPartner { partner, outcome: CancelOutcome::Cancelled } => {
                write!(
                    f,
                    "The order was cancelled when {partner} had it already; {partner} has cancelled it too. Nothing is made."
                )
            }
            Self::CancelledAtPartner { partner, outcome: CancelOutcome::Refused(why) } => {
                write!(f, "The order was cancelled too late: {partner} will make it ({why}).")
            }
            Self::RefundedAfterRouting { partner } => {
                write!(
                    f,
                    "Money was refunded after the order had gone to {partner}, which still makes what was ordered."
                )
            }
            Self::FulfilmentRefused { why } => write!(f, "The store did not take the parcel's tracking: {why}."),
            Self::NoMailAddress { mail } => {
                write!(f, "The order has no mail address, so the {mail} mail cannot be sent.")
            }
            Self::MailRefused { mail, why } => write!(f, "The {mail} mail was refused: {why}."),
            Self::Returned { why } => {
                f.write_str("The parcel is on its way back")?;
                write_why(f, why.as_deref())
            }
            Self::ProviderBroken { provider, why, .. } => write!(f, "{provider} does not work with us: {why}."),
            Self::DeadLetter { layer, event } => {
                write!(f, "The {layer} layer failed several times on the event \"{event}\" and put it aside.")
            }
            Self::StreamDeadLetter => f.write_str("The relay gave up on a batch of events from the table."),
            Self::Unreadable { topic, why } => {
                write!(f, "A rightly signed \"{topic}\" delivery could not be read: {why}. It is kept.")
            }
            Self::AppUninstalled => f.write_str("The store has removed the app: no order reaches Baton any more."),
            Self::DataRequested { orders } => write!(f, "A customer asks what is held about them ({orders} orders)."),
            Self::Alarm { name, description } => write!(f, "The alarm {name} is on. {description}"),
        }
    }
}

fn write_why(f: &mut fmt::Formatter<'_>, why: Option<&str>) -> fmt::Result {
    match why {
        Some(why) => write!(f, ": {why}."),
        None => f.write_str("."),
    }
}

fn write_problem(f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
    match problem {
        Problem::NoAddress => f.write_str("The order has no shipping address."),
        Problem::NoVariant { line } => {
            write!(f, "The line \"{line}\" has no product variant, so nobody knows how to make it.")
        }
        Problem::Unmapped { line, variant, .. } => {
            write!(f, "The line \"{line}\" (variant {variant}) is not in the catalog.")
        }
        Problem::NoPrintFile { line } => write!(f, "The catalog has no print file for the line \"{line}\"."),
        Problem::SeveralPartners => f.write_str("The lines are made by more than one partner."),
    }
}

fn paid_words(payment: &Payment) -> String {
    match payment {
        Payment::Pending => "pending".to_owned(),
        Payment::Authorized => "only authorized".to_owned(),
        Payment::PartiallyPaid => "partially paid".to_owned(),
        Payment::Paid => "paid".to_owned(),
        Payment::PartiallyRefunded => "partially refunded".to_owned(),
        Payment::Refunded => "refunded".to_owned(),
        Payment::Voided => "voided".to_owned(),
        Payment::Expired => "expired".to_owned(),
        Payment::Other(word) => word.to_lowercase(),
    }
}

fn risk_word(risk: crate::order::Risk) -> &'static str {
    match risk {
        crate::order::Risk::Pending => "unknown",
        crate::order::Risk::None => "no",
        crate::order::Risk::Low => "low",
        crate::order::Risk::Medium => "medium",
        crate::order::Risk::High => "high",
    }
}

impl What {
    /// What the owner does next.
    #[must_use]
    pub fn next_step(&self) -> String {
        const REPLAY: &str = "then run `make replay EXCEPTION=<id>`";
        match self {
            Self::Held(hold) => match hold {
                Hold::NotPaid(_) => format!("Look at the payment in the store; when it is paid, {}.", &REPLAY[5..]),
                Hold::Refunded => "Nothing is made. Cancel the order in the store, or close this if the refund was meant.".into(),
                Hold::TestOrder => "Cancel it in the store. If the store is not live yet, set mode = \"test\" in store.toml.".into(),
                Hold::AmountsDiffer { .. } => format!("Compare the order's totals in the store; correct it there, {REPLAY}."),
                Hold::Risk(_) => format!("Look at the order's fraud analysis in the store. Cancel it there, or accept it there, {REPLAY}."),
                Hold::NoAddress => format!("Ask the customer for the address and enter it in the store, {REPLAY}."),
            },
            Self::NotTaken { layer, .. } => {
                format!("Usually nothing: it comes through now. If this stays open, look at the log group of the {layer} function.")
            }
            Self::Unreachable { .. } => "Nothing: the order goes out by itself when the provider is back. Check its status page.".into(),
            Self::Late(wait) => match wait {
                Wait::RiskVerdict => format!("Look at the order's fraud analysis in the store, {REPLAY}."),
                Wait::PartnerAccepts => "Open the order in the partner's dashboard: is it on hold, or is a payment missing there?".into(),
                Wait::PartnerShips => "Ask the partner when it ships, and tell the customer.".into(),
                Wait::FirstScan => "Ask the partner whether the parcel was handed over.".into(),
                Wait::TrackingAlive => "Follow the tracking link; open a search with the carrier, and tell the customer.".into(),
                Wait::CustomerInformed => "Write to the customer: where the order is and when it comes.".into(),
                Wait::HeldOrder => "Decide: mend what the hold says and replay it, or cancel the order in the store.".into(),
            },
            Self::CannotRoute(problems) => {
                let mut steps: Vec<&str> = problems.iter().map(problem_step).collect();
                steps.dedup();
                format!("{} {}{}.", steps.join(" "), REPLAY[..1].to_uppercase(), &REPLAY[1..])
            }
            Self::PartnerRefused { .. } => format!("Mend what the partner names (order, catalog or partner account), {REPLAY}."),
            Self::PartnerStopped { .. } => "Open the order in the partner's dashboard and do what it asks for.".into(),
            Self::CancelledAtPartner { outcome: CancelOutcome::Cancelled, .. } => {
                "Nothing, unless the customer still has to be refunded in the store.".into()
            }
            Self::CancelledAtPartner { outcome: CancelOutcome::Refused(_), .. } => {
                "Decide: ask the partner's support to stop it, or let it ship and agree with the customer.".into()
            }
            Self::RefundedAfterRouting { .. } => "Decide: cancel it in the partner's dashboard, or let it ship.".into(),
            Self::FulfilmentRefused { .. } => format!("Open the order in the store: fulfil it there with the tracking number, or mend it, {REPLAY}."),
            Self::NoMailAddress { .. } => "Reach the customer by phone or post, or add the address in the store and replay.".into(),
            Self::MailRefused { .. } => format!("Check the address in the store and the sending account, {REPLAY}."),
            Self::Returned { .. } => "Ask the customer for the right address, and agree on sending it again.".into(),
            Self::ProviderBroken { provider, .. } => format!("Check the key and permissions for {provider} in store.toml, run `make doctor`, {REPLAY}."),
            Self::DeadLetter { layer, .. } => format!("Look at the log group of the {layer} function, {REPLAY}."),
            Self::StreamDeadLetter => "Nothing is lost: the watchdog sends what was never taken. Look at the relay's log group.".into(),
            Self::Unreadable { .. } => "The provider may have changed its format. Nothing is lost: update Baton, then replay.".into(),
            Self::AppUninstalled => "If this was not meant: install the app again and run `make deploy`, which renews the subscriptions.".into(),
            Self::DataRequested { .. } => "Answer the customer within 30 days from the store's admin; Baton holds payloads of the last months only.".into(),
            Self::Alarm { .. } => "Follow the alarm's description; `make exceptions` lists the orders concerned.".into(),
        }
    }
}

fn problem_step(problem: &Problem) -> &'static str {
    match problem {
        Problem::NoAddress => "Enter the shipping address in the store.",
        Problem::NoVariant { .. } => {
            "Make this line by hand, or replace it in the store by a product from the catalog."
        }
        Problem::Unmapped { .. } => "Add the variant to the catalog in store.toml and deploy.",
        Problem::NoPrintFile { .. } => "Add the print file to the variant's row in store.toml and deploy.",
        Problem::SeveralPartners => "Split the order in the store, one partner each.",
    }
}

/// Where an exception stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    Open,
    Acknowledged,
    Resolved,
}

impl Life {
    /// `open`, `acknowledged` or `resolved`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// An exception as it is stored and told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    pub subject: Subject,
    /// `<subject's slug>-<kind>-<8 hex digits>`; the same cause on the same subject is the same exception.
    pub id: String,
    pub layer: Layer,
    /// The kind's slug.
    pub what: String,
    pub reason: String,
    pub next_step: String,
    pub state: Life,
    /// A provider's id for the alert is stored.
    pub told: bool,
    /// How often it was raised again after being resolved, plus one.
    pub round: u32,
    pub raised: Timestamp,
    /// The event it is about, for a replay.
    pub event: Option<String>,
    pub order_name: Option<String>,
    pub replayable: bool,
}

impl Exception {
    /// Raises one. `cause` keeps two exceptions of one kind on one subject apart, e.g. the event's id.
    #[must_use]
    pub fn raise(subject: &Subject, what: &What, cause: &str, now: Timestamp) -> Self {
        let hash = short_hash(&[what.slug(), cause], 8);
        Self {
            subject: subject.clone(),
            id: format!("{}-{}-{hash}", subject.slug(), what.slug()),
            layer: what.layer(),
            what: what.slug().to_owned(),
            reason: what.to_string(),
            next_step: what.next_step(),
            state: Life::Open,
            told: false,
            round: 1,
            raised: now,
            event: None,
            order_name: None,
            replayable: what.replayable(),
        }
    }

    /// The same, about an event.
    #[must_use]
    pub fn about(self, event: &crate::event::Event) -> Self {
        Self { event: Some(event.fact.id().0), order_name: event.order_name.clone().or(self.order_name), ..self }
    }
}
