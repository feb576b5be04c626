//! The customer's silence: when the last true word went out, and what is to be done once the clock has run down.
//!
//! One wait of an order ([`Wait::CustomerInformed`]) is its clock, whichever event opened it. It is not moved by each mail: it is
//! looked at when it is due, and put off by what was said meanwhile.
//!
//! [`Wait::CustomerInformed`]: super::Wait::CustomerInformed

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::effect::{Effect, EffectKey, MailKind, State};
use crate::event::{Event, EventId, Fact};
use crate::parcel::Progress;
use crate::quiet::parcel_of;

/// How long the customer has heard nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// Nothing more is to come: there is nothing to be heard.
    Over,
    /// The last word was no longer ago than that; the silence is too long from then on.
    Until(Timestamp),
    /// Too long. What began it, with the number of the period from the second one on: `cleared`, `cleared+2`, …
    TooLong { since: EventId },
}

/// What the silence of an order is at `now`, when the customer should hear something every `seconds`: a function of everything that
/// is known of it, the same in any order. `last_words` are the events after which email found that nothing more is to come; `armed`
/// opened the clock, and a silence in which nothing was ever said began there.
#[must_use]
pub fn silence(
    armed: &Event,
    events: &[Event],
    effects: &[Effect],
    last_words: &BTreeSet<EventId>,
    now: Timestamp,
    seconds: i64,
) -> Silence {
    let is_last = |event: &Event| last_words.contains(&event.fact.id());
    let goes_on = |event: &Event| is_news(event, events) && !is_last(event) && !has_ended(event, events);
    let after = |word: &Event| events.iter().any(|event| moment(event) > moment(word) && goes_on(event));
    let cancelled = events.iter().any(|event| matches!(event.fact, Fact::OrderCancelled { .. }));
    if cancelled || events.iter().any(|event| is_last(event) && !after(event)) {
        return Silence::Over;
    }
    let news = || events.iter().filter(|event| is_news(event, events));
    // A source whose clock runs ahead of ours keeps nobody in silence for it.
    let happened = news().filter(|event| event.time <= now);
    // What was found late was written about late: the mail's own time counts, once it is out.
    let written = news().filter_map(|event| mailed(&mail_of(event, events)?, effects).or(Some(event.time)));
    let heard = written.filter(|at| *at <= now).max().unwrap_or(armed.time.min(now));
    let until = heard.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    if until > now {
        return Silence::Until(until);
    }
    Silence::TooLong { since: began(&happened.max_by_key(|event| moment(event)).unwrap_or(armed).fact) }
}

/// When this mail went out.
fn mailed(mail: &MailKind, effects: &[Effect]) -> Option<Timestamp> {
    let sent = |effect: &&Effect| matches!((&effect.key, &effect.state), (EffectKey::Email(kind), State::Done { .. }) if kind == mail);
    effects.iter().find(sent).map(|effect| effect.updated)
}

fn began(fact: &Fact) -> EventId {
    let Fact::CustomerWaits { since } = fact else { return fact.id() };
    let (began, period) = match since.rsplit_once('+').map(|(began, period)| (began, period.parse::<u32>())) {
        Some((began, Ok(period))) => (began, period),
        _ => (since.as_str(), 1),
    };
    EventId(format!("{began}+{}", period.saturating_add(1)))
}

/// A parcel's way was told after its end: a shipment that we found late is announced as of now, and its arrival is the carrier's to date.
fn has_ended(event: &Event, events: &[Event]) -> bool {
    matches!(event.fact, Fact::ParcelAnnounced { .. } | Fact::ParcelOutForDelivery { .. })
        && parcel_of(event, events).is_some_and(|parcel| parcel.over)
}

/// The customer is written to because of this event, and was not written to about the same before: [`crate::mails`] in short.
fn is_news(event: &Event, events: &[Event]) -> bool {
    let Some(mail) = mail_of(event, events) else { return false };
    !events.iter().any(|other| moment(other) < moment(event) && mail_of(other, events).as_ref() == Some(&mail))
}

fn moment(event: &Event) -> (Timestamp, EventId) {
    (event.time, event.fact.id())
}

fn mail_of(event: &Event, events: &[Event]) -> Option<MailKind> {
    let parcel = || parcel_of(event, events).map(|parcel| parcel.parcel);
    let before = |other: &Event| other.time < event.time;
    Some(match &event.fact {
        Fact::OrderCleared {} => MailKind::Confirmation,
        Fact::PartnerAccepted { .. } => {
            let on_its_way = |fact: &Fact| matches!(fact, Fact::ParcelShipped { .. } | Fact::ParcelAnnounced { .. });
            if events.iter().any(|other| on_its_way(&other.fact) && before(other)) {
                return None;
            }
            MailKind::InProduction
        }
        Fact::ParcelAnnounced { parcel, .. } => MailKind::Shipped(parcel.clone()),
        Fact::ParcelOutForDelivery { .. } => MailKind::OutForDelivery(parcel()?),
        Fact::ParcelTroubled { progress, .. } if progress.is_trouble() => MailKind::Problem(*progress, parcel()?),
        Fact::ParcelDelivered { .. } => MailKind::Delivered(parcel()?),
        Fact::ParcelReturned { .. } => MailKind::Problem(Progress::Returned, parcel()?),
        Fact::CustomerWaits { since } => MailKind::Still(since.clone()),
        _ => return None,
    })
}

#[cfg(test)]
#[path = "silence/tests.rs"]
mod tests;
