//! Decided again when its time has come: does this mail go out now, later, or not at all?
//!
//! Everything that speaks against a marketing mail is asked here, from what the store and the ledger say at this moment and not
//! from what was true when the step was armed.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{By, Condition, Flow, Limits, Step, Trigger};
use crate::contact::{Bought, Consent, Match};
use crate::event::Suppression;
use crate::subject::short_hash;

/// What is known when a step is due.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    pub now: Timestamp,
    /// Since when the delay runs: the last change of a cart, the last delivery of an order, the subscription.
    pub since: Timestamp,
    /// What armed it is gone.
    pub over: Option<Over>,
    /// This entry into the flow was left to another sender, whoever sends the flow now.
    pub given_away: bool,
    /// They bought since the trigger.
    pub bought: Option<Bought>,
    /// The hash of the mail address it would go to; absent where there is none.
    pub contact: Option<&'a str>,
    pub consent: Consent,
    /// They still want this kind of mail.
    pub wanted: bool,
    /// Mail to this address bounced, or was reported as spam.
    pub suppressed: Option<Suppression>,
    /// They entered the flow before, by something else, and it is too early to enter it again.
    pub entered_before: bool,
    /// Marketing mails to this contact on this day of theirs, this one not included.
    pub mailed_today: u32,
    /// Orders they made in all, where the store counts them.
    pub orders: Option<u32>,
    /// Where they live; the shop's own zone where that is not known.
    pub zones: &'a [TimeZone],
}

/// Why what armed a step is no reason any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The store has it no longer, or never had it.
    Gone,
    /// The checkout was deleted or has expired there.
    CheckoutEnded,
    Cancelled,
    Refunded,
    /// A parcel of the order is lost, went back, or hangs somewhere.
    Trouble,
    /// Not everything has arrived, long after the first parcel did.
    NotDelivered,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Send,
    Skip(Skip),
    /// Not now: look again at this moment.
    Later(Timestamp, Delay),
}

/// What a mail waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// What it is about changed lately; the delay runs from there.
    Changed,
    QuietHours,
}

/// Why a mail does not go out. Recorded as the effect's reason; no exception, since nothing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    Paused,
    ByAnother,
    Over(Over),
    Bought(Match),
    NoAddress,
    Suppressed(Suppression),
    Unsubscribed,
    NoConsent,
    NotWanted,
    Condition(Condition),
    Repeated,
    HeldOut,
    MailedToday,
    TooLate,
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "it changed lately, and the delay runs from there",
            Self::QuietHours => "it is a quiet hour where the customer lives",
        })
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("skip: ")?;
        match self {
            Self::Paused => f.write_str("the flow is paused"),
            Self::ByAnother => f.write_str("the flow is sent by another"),
            Self::Over(over) => f.write_str(match over {
                Over::Gone => "the store does not have it any more",
                Over::CheckoutEnded => "the checkout is over",
                Over::Cancelled => "the order is cancelled",
                Over::Refunded => "the order is refunded",
                Over::Trouble => "something is wrong with a parcel of the order",
                Over::NotDelivered => "not everything has arrived",
            }),
            Self::Bought(by) => write!(f, "bought since, by the same {}", by.as_str()),
            Self::NoAddress => f.write_str("no mail address"),
            Self::Suppressed(Suppression::Bounce) => f.write_str("mail to this address bounced"),
            Self::Suppressed(Suppression::Complaint) => f.write_str("the customer reported a mail as spam"),
            Self::Unsubscribed => f.write_str("unsubscribed"),
            Self::NoConsent => f.write_str("no consent to marketing mail"),
            Self::NotWanted => f.write_str("the customer does not want this kind of mail"),
            Self::Condition(condition) => f.write_str(match condition {
                Condition::NotBought => "bought since",
                Condition::FirstOrder => "it was not their first order",
                Condition::NeverBought => "they have bought before",
            }),
            Self::Repeated => f.write_str("this customer was in the flow before"),
            Self::HeldOut => f.write_str("held out, to see what the flow brings"),
            Self::MailedToday => f.write_str("mailed today already"),
            Self::TooLate => f.write_str("its time is long over"),
        }
    }
}

/// Whether this step goes out. What speaks against it for good comes first, what passes comes last, so that nothing waits for a
/// morning only to be dropped then.
#[must_use]
pub fn decide(flow: &Flow, step: &Step, limits: &Limits, seen: &Situation<'_>) -> Decision {
    if let Some(skip) = against(flow, step, limits, seen) {
        return Decision::Skip(skip);
    }
    let due = seen.since.checked_add(step.delay).unwrap_or(Timestamp::MAX);
    // A second of patience: two clocks never agree.
    if due.duration_since(seen.now) > SignedDuration::from_secs(1) {
        return Decision::Later(due, Delay::Changed);
    }
    if seen.now.duration_since(due) > limits.stale_after {
        return Decision::Skip(Skip::TooLate);
    }
    if seen.mailed_today >= limits.mails_per_day {
        return Decision::Skip(Skip::MailedToday);
    }
    match limits.quiet_hours.and_then(|quiet| quiet.until(seen.now, seen.zones)) {
        Some(until) => Decision::Later(until, Delay::QuietHours),
        None => Decision::Send,
    }
}

fn against(flow: &Flow, step: &Step, limits: &Limits, seen: &Situation<'_>) -> Option<Skip> {
    if flow.paused {
        return Some(Skip::Paused);
    }
    if flow.by != By::Ses || seen.given_away {
        return Some(Skip::ByAnother);
    }
    if let Some(over) = seen.over {
        return Some(Skip::Over(over));
    }
    let must_not_have_bought = flow.trigger == Trigger::CheckoutStarted || step.condition == Some(Condition::NotBought);
    if let Some(bought) = seen.bought.as_ref().filter(|_| must_not_have_bought) {
        return Some(Skip::Bought(bought.by));
    }
    let Some(contact) = seen.contact else { return Some(Skip::NoAddress) };
    if let Some(skip) = unwelcome(seen.suppressed, seen.consent, seen.wanted) {
        return Some(skip);
    }
    let fails = match (step.condition, seen.orders) {
        (Some(Condition::FirstOrder), Some(orders)) => orders > 1,
        (Some(Condition::NeverBought), Some(orders)) => orders > 0,
        _ => false,
    };
    if let Some(condition) = step.condition.filter(|_| fails) {
        return Some(Skip::Condition(condition));
    }
    if seen.entered_before {
        return Some(Skip::Repeated);
    }
    held_out(&flow.name, contact, limits.hold_out_percent).then_some(Skip::HeldOut)
}

/// Why this person gets no marketing of a kind, whoever would send it.
#[must_use]
pub fn unwelcome(suppressed: Option<Suppression>, consent: Consent, wanted: bool) -> Option<Skip> {
    if let Some(why) = suppressed {
        return Some(Skip::Suppressed(why));
    }
    match consent {
        Consent::Subscribed => (!wanted).then_some(Skip::NotWanted),
        Consent::Unsubscribed => Some(Skip::Unsubscribed),
        Consent::Pending | Consent::NotSubscribed | Consent::Unknown => Some(Skip::NoConsent),
    }
}

/// Whether this person is among those who get nothing of this flow: always the same, and others in another flow.
#[must_use]
pub fn held_out(flow: &str, contact: &str, percent: u32) -> bool {
    let digits = short_hash(&["hold-out", flow, contact], 8);
    u32::from_str_radix(&digits, 16).unwrap_or(u32::MAX) % 100 < percent
}
