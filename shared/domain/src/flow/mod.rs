//! Flows: which marketing mail goes out how long after what, and whether it still should when its time has come.
//!
//! A flow is the owner's data (`flows.toml`): a trigger, steps, limits. Nothing here reads or sends anything.
//!
//! | module | question it answers |
//! |---|---|
//! | [`check`] | can this file be worked with |
//! | [`decide`](mod@decide) | does this mail go out now, later, or not at all, and why |
//! | [`hours`] | what time is it where the customer lives |
//! | [`left`] | what does another sender hear of, to whom flows are left |
//! | [`timer`] | what is remembered until a step is due, and under which name |
//!
//! The mails about an order are listed there too, so that the owner sees all mail in one place and can pause them. They are
//! not decided here: their event brings them ([`crate::mails`]).

pub mod check;
pub mod decide;
pub mod hours;
pub mod left;
pub mod timer;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

pub use check::{Mistake, TRANSACTIONAL};
pub use decide::{Decision, Situation, Skip, decide};
pub use hours::QuietHours;
pub use timer::Timer;

/// Everything `flows.toml` says, with who sends each flow from `store.toml`. No flows at all is a shop without marketing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flows {
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub flow: Vec<Flow>,
}

/// What holds for all marketing mail together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// To one person on one day of theirs.
    pub mails_per_day: u32,
    /// No marketing mail arrives then; absent: at any hour.
    pub quiet_hours: Option<QuietHours>,
    /// So many of a hundred people get no marketing mail, to see what it brings.
    pub hold_out_percent: u32,
    /// An order this soon after a reminder of a cart counts as recovered.
    #[serde(deserialize_with = "duration")]
    pub recovery_window: SignedDuration,
    /// A flow without an entry for so long, while orders come, is an exception.
    #[serde(deserialize_with = "duration")]
    pub starves_after: SignedDuration,
    /// A step that could not go out within so long of its time goes out no more.
    #[serde(deserialize_with = "duration")]
    pub stale_after: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Self {
            mails_per_day: 1,
            quiet_hours: None,
            hold_out_percent: 0,
            recovery_window: days(7),
            starves_after: days(14),
            stale_after: days(3),
        }
    }
}

/// One flow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Small letters, digits and `-`: it becomes a part of keys and of a mail's tag.
    pub name: String,
    pub trigger: Trigger,
    pub steps: Vec<Step>,
    /// Whether the same person may enter it again.
    #[serde(default)]
    pub repeat: Repeat,
    #[serde(default)]
    pub paused: bool,
    /// `[flows.<name>] by` in store.toml.
    #[serde(default)]
    pub by: By,
}

/// One mail of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How long after the trigger: `1 h`, `3 d`, or `0`.
    #[serde(deserialize_with = "duration")]
    pub delay: SignedDuration,
    pub mail: String,
    #[serde(default)]
    pub condition: Option<Condition>,
}

/// What starts a flow: a fact, by its name in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Trigger {
    #[serde(rename = "contact.subscribed")]
    Subscribed,
    #[serde(rename = "checkout.started")]
    CheckoutStarted,
    #[serde(rename = "order.cleared")]
    OrderCleared,
    #[serde(rename = "partner.accepted")]
    PartnerAccepted,
    #[serde(rename = "parcel.announced")]
    ParcelAnnounced,
    #[serde(rename = "parcel.out_for_delivery")]
    OutForDelivery,
    #[serde(rename = "parcel.delivered")]
    Delivered,
    #[serde(rename = "parcel.troubled")]
    Troubled,
    #[serde(rename = "customer.waits")]
    CustomerWaits,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Subscribed,
        Self::CheckoutStarted,
        Self::OrderCleared,
        Self::PartnerAccepted,
        Self::ParcelAnnounced,
        Self::OutForDelivery,
        Self::Delivered,
        Self::Troubled,
        Self::CustomerWaits,
    ];

    /// The fact's name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribed => "contact.subscribed",
            Self::CheckoutStarted => "checkout.started",
            Self::OrderCleared => "order.cleared",
            Self::PartnerAccepted => "partner.accepted",
            Self::ParcelAnnounced => "parcel.announced",
            Self::OutForDelivery => "parcel.out_for_delivery",
            Self::Delivered => "parcel.delivered",
            Self::Troubled => "parcel.troubled",
            Self::CustomerWaits => "customer.waits",
        }
    }

    /// Whether marketing may follow from it. The other facts bring mails about an order, and nothing else.
    #[must_use]
    pub fn starts_marketing(self) -> bool {
        matches!(self, Self::Subscribed | Self::CheckoutStarted | Self::Delivered)
    }
}

/// What must be true besides, when the mail is to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// They bought nothing since the trigger. Of a reminder of a cart this is asked in any case.
    NotBought,
    /// It was their first order.
    FirstOrder,
    /// They never bought anything.
    NeverBought,
}

/// Whether somebody may enter a flow again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeat {
    /// Once in a lifetime.
    #[default]
    Never,
    /// Again this long after the last entry; nothing: each time.
    After(SignedDuration),
}

impl<'de> Deserialize<'de> for Repeat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.trim() {
            "never" => Ok(Self::Never),
            "always" => Ok(Self::After(SignedDuration::ZERO)),
            text => parse_duration(text).map(Self::After).map_err(serde::de::Error::custom),
        }
    }
}

/// Who sends a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    #[default]
    Ses,
    /// Klaviyo: nothing is armed here, so that nobody gets both (see [`left`]).
    Klaviyo,
}

impl Flows {
    /// The flow of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Flow> {
        self.flow.iter().find(|flow| flow.name == name)
    }

    /// The marketing flows that this fact starts and that we send. A paused one too: its mails are decided when they are due.
    pub fn started_by(&self, trigger: Trigger) -> impl Iterator<Item = &Flow> {
        self.flow.iter().filter(move |flow| flow.trigger == trigger && flow.is_marketing() && flow.by == By::Ses)
    }

    /// Whether the owner has paused this mail about an order.
    #[must_use]
    pub fn pauses(&self, mail: &str) -> bool {
        let sends = |flow: &&Flow| !flow.is_marketing() && flow.steps.iter().any(|step| step.mail == mail);
        self.flow.iter().find(sends).is_some_and(|flow| flow.paused)
    }
}

impl Flow {
    /// Mail that goes only to those who asked for it. Otherwise its mails are about an order.
    #[must_use]
    pub fn is_marketing(&self) -> bool {
        !self.steps.iter().any(|step| check::transactional(&step.mail).is_some())
    }

    /// The step of this number; the first is 1.
    #[must_use]
    pub fn step(&self, number: u8) -> Option<&Step> {
        self.steps.get(usize::from(number).checked_sub(1)?)
    }

    /// Its steps with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u8, &Step)> {
        (1..=u8::MAX).zip(&self.steps)
    }
}

/// Reads `90 s`, `15 m`, `1 h`, `3 d`, or `0`.
pub fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let text = text.trim();
    let wrong = || format!("{text:?} is no length of time: write it like \"1 h\" or \"3 d\" (s, m, h or d), or \"0\"");
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: i64 = text[..split].parse().map_err(|_| wrong())?;
    let seconds = match text[split..].trim() {
        "" if number == 0 => 1,
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds).map(SignedDuration::from_secs).ok_or_else(wrong)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    parse_duration(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests;
