//! What we did to the outside world: not two outcomes but four, and waiting.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::Consent;
use crate::parcel::{ParcelKey, Progress};
use crate::subject::{Subject, short_hash};

/// The name of an effect within its subject. The same thing done twice has the same key; that is what makes it happen once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectKey {
    /// The store keeps the order from being fulfilled: `hold#1`, by round.
    Hold { round: u32 },
    /// That hold was lifted after a person's decision: `hold-release#1`.
    HoldRelease { round: u32 },
    /// The order was cancelled and refunded in the store on a person's decision: `order-refusal#1`.
    OrderRefusal { round: u32 },
    /// A subscription to a topic was made (again) at the store: `subscription#orders/paid#<when it was missed>`.
    Subscription { topic: String, at: String },
    /// The partner was asked to send it somewhere else: `partner-address#printful#1#<hash of the address>`.
    PartnerAddress { partner: String, split: u8, address: String },
    /// The order exists at the partner, not yet in production: `partner-order#printful#1`.
    PartnerOrder { partner: String, split: u8 },
    /// The partner was told to make it: `partner-release#printful#1`.
    PartnerRelease { partner: String, split: u8 },
    /// The partner had put it back into draft and was told again: `partner-release-again#printful#1#<when>`.
    PartnerReleaseAgain { partner: String, split: u8, at: String },
    /// The partner was asked to cancel it: `partner-cancel#printful#1`.
    PartnerCancel { partner: String, split: u8 },
    /// The store has the parcel's fulfilment: `fulfilment#<the partner's shipment>`.
    Fulfilment(ParcelKey),
    /// The store's fulfilment has this tracking number, too: `tracking#<number>`.
    Tracking(ParcelKey),
    /// A tracking feed follows this number: `follow#easypost#<number>`.
    Follow { feed: String, parcel: ParcelKey },
    /// The store was told what somebody said about marketing mail: `consent#unsubscribed#<when>`.
    Consent { state: Consent, at: String },
    /// A mail to the customer: `email#confirmation`, `email#shipped#<parcel>`.
    Email(MailKind),
    /// Klaviyo was told: `klaviyo#placed-order`, `klaviyo#ordered-product#<line>`, `klaviyo#subscribed#<when>`.
    Klaviyo(String),
    /// The owner was told of an exception, for the n-th time: `alert#<exception>#1`.
    Alert { exception: String, round: u32 },
    /// The same on another channel than mail: `alert-on#webhook#<exception>#1`.
    AlertOn { channel: String, exception: String, round: u32 },
    /// A test alert went out on a channel: `canary#mail#<when, epoch seconds>`.
    Canary { channel: String, at: i64 },
    /// What is still open was told once more: `digest#mail#2026-11-22`.
    Digest { channel: String, day: String },
    /// A key this version does not know, as it is stored: kept readable across upgrades.
    Other(String),
}

/// Which mail, one per order or per parcel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailKind {
    Confirmation,
    InProduction,
    Shipped(ParcelKey),
    OutForDelivery(ParcelKey),
    Delivered(ParcelKey),
    /// Something keeps the parcel from its door: `email#problem#lost#<parcel>`.
    Problem(Progress, ParcelKey),
    /// How things stand, after a silence that began with this event: `email#still#routed#printful#1`.
    Still(String),
    /// A step of one of the owner's flows: `email#flow#cart#1#once`. `entry` tells one entry into the flow from another of the same
    /// subject: `once`, or a day.
    Flow {
        flow: String,
        step: u8,
        entry: String,
    },
    /// Asks whether somebody wants marketing mail (double opt-in), at most once a day: `email#confirm-subscription#2026-11-22`.
    Confirm(String),
}

impl MailKind {
    /// The kind without what it is about: `confirmation`, `shipped`, …
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::InProduction => "in-production",
            Self::Shipped(_) => "shipped",
            Self::OutForDelivery(_) => "out-for-delivery",
            Self::Delivered(_) => "delivered",
            Self::Problem(..) => "problem",
            Self::Still(_) => "still",
            Self::Flow { .. } => "flow",
            Self::Confirm(_) => "confirm-subscription",
        }
    }

    /// The parcel that it is about.
    #[must_use]
    pub fn parcel(&self) -> Option<&ParcelKey> {
        match self {
            Self::Shipped(parcel)
            | Self::OutForDelivery(parcel)
            | Self::Delivered(parcel)
            | Self::Problem(_, parcel) => Some(parcel),
            Self::Confirmation | Self::InProduction | Self::Still(_) | Self::Flow { .. } | Self::Confirm(_) => None,
        }
    }

    /// Reads what stands behind `email#`.
    fn parse(text: &str) -> Option<Self> {
        let parcel = |text: &str| ParcelKey(text.to_owned());
        Some(match text.split_once('#') {
            None if text == "confirmation" => Self::Confirmation,
            None if text == "in-production" => Self::InProduction,
            Some(("shipped", rest)) => Self::Shipped(parcel(rest)),
            Some(("out-for-delivery", rest)) => Self::OutForDelivery(parcel(rest)),
            Some(("delivered", rest)) => Self::Delivered(parcel(rest)),
            Some(("problem", rest)) => {
                let (word, rest) = rest.split_once('#')?;
                let progress = Progress::ALL.into_iter().find(|progress| progress.as_str() == word)?;
                Self::Problem(progress, parcel(rest))
            }
            Some(("still", since)) => Self::Still(since.to_owned()),
            Some(("flow", rest)) => {
                let (flow, rest) = rest.split_once('#')?;
                let (step, entry) = rest.split_once('#')?;
                Self::Flow { flow: flow.to_owned(), step: step.parse().ok()?, entry: entry.to_owned() }
            }
            Some(("confirm-subscription", day)) => Self::Confirm(day.to_owned()),
            _ => return None,
        })
    }
}

impl fmt::Display for MailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Confirmation | Self::InProduction => f.write_str(name),
            Self::Shipped(parcel) | Self::OutForDelivery(parcel) | Self::Delivered(parcel) => {
                write!(f, "{name}#{parcel}")
            }
            Self::Problem(progress, parcel) => write!(f, "{name}#{}#{parcel}", progress.as_str()),
            Self::Still(since) => write!(f, "{name}#{since}"),
            Self::Flow { flow, step, entry } => write!(f, "{name}#{flow}#{step}#{entry}"),
            Self::Confirm(day) => write!(f, "{name}#{day}"),
        }
    }
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold { round } => write!(f, "hold#{round}"),
            Self::HoldRelease { round } => write!(f, "hold-release#{round}"),
            Self::OrderRefusal { round } => write!(f, "order-refusal#{round}"),
            Self::Subscription { topic, at } => write!(f, "subscription#{topic}#{at}"),
            Self::PartnerAddress { partner, split, address } => {
                write!(f, "partner-address#{partner}#{split}#{address}")
            }
            Self::PartnerOrder { partner, split } => write!(f, "partner-order#{partner}#{split}"),
            Self::PartnerRelease { partner, split } => write!(f, "partner-release#{partner}#{split}"),
            Self::PartnerReleaseAgain { partner, split, at } => {
                write!(f, "partner-release-again#{partner}#{split}#{at}")
            }
            Self::PartnerCancel { partner, split } => write!(f, "partner-cancel#{partner}#{split}"),
            Self::Fulfilment(parcel) => write!(f, "fulfilment#{parcel}"),
            Self::Tracking(number) => write!(f, "tracking#{number}"),
            Self::Follow { feed, parcel } => write!(f, "follow#{feed}#{parcel}"),
            Self::Consent { state, at } => write!(f, "consent#{}#{at}", state.as_str()),
            Self::Email(kind) => write!(f, "email#{kind}"),
            Self::Klaviyo(what) => write!(f, "klaviyo#{what}"),
            Self::Alert { exception, round } => write!(f, "alert#{exception}#{round}"),
            Self::AlertOn { channel, exception, round } => write!(f, "alert-on#{channel}#{exception}#{round}"),
            Self::Canary { channel, at } => write!(f, "canary#{channel}#{at}"),
            Self::Digest { channel, day } => write!(f, "digest#{channel}#{day}"),
            Self::Other(key) => f.write_str(key),
        }
    }
}

impl EffectKey {
    /// Reads a stored key; one that this version does not know stays as it is.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let other = || Self::Other(text.to_owned());
        let partner = |rest: &str| {
            let (partner, split) = rest.split_once('#')?;
            Some((partner.to_owned(), split.parse::<u8>().ok()?))
        };
        let Some((kind, rest)) = text.split_once('#') else { return other() };
        let round = |rest: &str| rest.parse::<u32>().ok();
        match kind {
            "hold" => round(rest).map_or_else(other, |round| Self::Hold { round }),
            "hold-release" => round(rest).map_or_else(other, |round| Self::HoldRelease { round }),
            "order-refusal" => round(rest).map_or_else(other, |round| Self::OrderRefusal { round }),
            "subscription" => match rest.rsplit_once('#') {
                Some((topic, at)) => Self::Subscription { topic: topic.to_owned(), at: at.to_owned() },
                None => other(),
            },
            "partner-address" => match rest.rsplit_once('#').map(|(rest, address)| (partner(rest), address)) {
                Some((Some((partner, split)), address)) => {
                    Self::PartnerAddress { partner, split, address: address.to_owned() }
                }
                _ => other(),
            },
            "partner-order" => {
                partner(rest).map_or_else(other, |(partner, split)| Self::PartnerOrder { partner, split })
            }
            "partner-release" => {
                partner(rest).map_or_else(other, |(partner, split)| Self::PartnerRelease { partner, split })
            }
            "partner-release-again" => match rest.rsplit_once('#').map(|(rest, at)| (partner(rest), at)) {
                Some((Some((partner, split)), at)) => Self::PartnerReleaseAgain { partner, split, at: at.to_owned() },
                _ => other(),
            },
            "partner-cancel" => {
                partner(rest).map_or_else(other, |(partner, split)| Self::PartnerCancel { partner, split })
            }
            "fulfilment" => Self::Fulfilment(ParcelKey(rest.to_owned())),
            "tracking" => Self::Tracking(ParcelKey(rest.to_owned())),
            "follow" => match rest.split_once('#') {
                Some((feed, parcel)) => Self::Follow { feed: feed.to_owned(), parcel: ParcelKey(parcel.to_owned()) },
                None => other(),
            },
            "consent" => match rest.split_once('#') {
                Some((state, at)) if Consent::of_word(state).as_str() == state => {
                    Self::Consent { state: Consent::of_word(state), at: at.to_owned() }
                }
                _ => other(),
            },
            "email" => MailKind::parse(rest).map_or_else(other, Self::Email),
            "klaviyo" => Self::Klaviyo(rest.to_owned()),
            "alert" => match rest.rsplit_once('#').map(|(exception, round)| (exception, round.parse())) {
                Some((exception, Ok(round))) => Self::Alert { exception: exception.to_owned(), round },
                _ => other(),
            },
            "alert-on" | "canary" | "digest" => Self::on_a_channel(kind, rest).unwrap_or_else(other),
            _ => other(),
        }
    }

    /// The keys that name a channel first.
    fn on_a_channel(kind: &str, rest: &str) -> Option<Self> {
        let (channel, rest) = rest.split_once('#')?;
        let channel = channel.to_owned();
        Some(match kind {
            "alert-on" => {
                let (exception, round) = rest.rsplit_once('#')?;
                Self::AlertOn { channel, exception: exception.to_owned(), round: round.parse().ok()? }
            }
            "canary" => Self::Canary { channel, at: rest.parse().ok()? },
            "digest" => Self::Digest { channel, day: rest.to_owned() },
            _ => return None,
        })
    }

    /// The effect's hash: 24 hex digits, `[a-z0-9]`, the same for ever. Mails carry it (`X-Baton-Effect`, and as a tag, since
    /// SES tags allow no `#`).
    #[must_use]
    pub fn hash(&self, subject: &Subject) -> String {
        short_hash(&[&subject.to_string(), &self.to_string()], 24)
    }
}

/// Where an effect stands. What an effect is *not* allowed to be is "probably done".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Somebody is at it until the lease ends.
    Claimed,
    /// It happened; the provider's own reference says so.
    Done { reference: String },
    /// It did not happen and will not by itself.
    Refused { reason: String },
    /// It may have happened: the provider is asked before anything is sent again, and not before the lease ends.
    Unknown { reason: String },
    /// It did not happen yet; not before this moment.
    Waiting { not_before: Timestamp, reason: String },
}

impl State {
    /// `claimed`, `done`, `refused`, `unknown` or `waiting`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Done { .. } => "done",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
            Self::Waiting { .. } => "waiting",
        }
    }
}

/// An effect as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub subject: Subject,
    pub key: EffectKey,
    pub state: State,
    /// How often it was claimed. The highest attempt owns the effect; a lower one may no longer settle it.
    pub attempts: u32,
    /// Until when the claim (or the doubt) holds. Nobody else acts before.
    pub lease_until: Timestamp,
    /// Since when it is in doubt: an attempt ended without an answer. From then on the provider is asked before anything is
    /// sent again.
    pub doubt_since: Option<Timestamp>,
    /// Words that belong to it, e.g. a mail's kind and address hash. Never a person's data.
    pub note: BTreeMap<String, String>,
    pub updated: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::OrderId;

    #[test]
    fn keys_survive_the_table_and_unknown_ones_stay_as_they_are() {
        for text in [
            "hold#1",
            "hold-release#2",
            "order-refusal#1",
            "subscription#orders/paid#2026-11-22T02:13:00Z",
            "partner-address#gelato#1#0a1b2c3d4e5f6071",
            "partner-order#printful#1",
            "partner-release#printful#2",
            "partner-release-again#printful#1#2026-11-22T02:13:00Z",
            "partner-cancel#printful#1",
            "fulfilment#1Z999",
            "consent#unsubscribed#2026-11-22T02:13:00Z",
            "email#confirmation",
            "email#shipped#1Z999",
            "email#delivered#1Z999",
            "email#flow#cart#2#once",
            "email#confirm-subscription#2026-11-22",
            "klaviyo#ordered-product#11",
            "alert#5550004242-partner-refused-0a1b2c3d#2",
            "alert-on#webhook#5550004242-partner-refused-0a1b2c3d#2",
            "canary#webhook#1795000000",
            "digest#mail#2026-11-22",
        ] {
            let key = EffectKey::parse(text);
            assert!(!matches!(key, EffectKey::Other(_)), "{text}");
            assert_eq!(key.to_string(), text);
        }
        assert_eq!(EffectKey::parse("hologram#1"), EffectKey::Other("hologram#1".into()));
    }

    #[test]
    fn a_hash_is_short_plain_and_tells_orders_apart() {
        let key = EffectKey::Email(MailKind::Confirmation);
        let [one, two] = [1, 2].map(|id| key.hash(&Subject::Order(OrderId(id))));
        assert_ne!(one, two);
        assert!(one.len() == 24 && one.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    }
}
