//! Did it work? Marks that count what came of each flow, every one of them once, by the day on which the mail went out.
//!
//! | mark | under | says |
//! |---|---|---|
//! | `<day>#<n>` | `mailed#<contact>` | the contact's n-th marketing mail of that day of theirs: `<flow> <effect>` |
//! | `<flow>#<subject>#<entry>` | `entered#<contact>` | the contact entered the flow by this |
//! | `<what>#<id>` | `flow#<flow>#<day>` | sent, delivered, opened, clicked, unsubscribed, skipped (why), recovered (how much) |
//!
//! Marks hold hashes, numbers and amounts, and go away by themselves.

use domain::Timestamp;
use domain::flow::{Flow, Flows, Limits, Repeat, Trigger, hours};
use domain::money::Money;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use lambda::{Clock, Queue, Station};
use ledger::{LedgerError, Table};

use super::person::Person;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long the counts are kept.
const KEEP_COUNTS: SignedDuration = SignedDuration::from_hours(24 * 400);
/// Who got what, at least: recovered orders are looked for in it.
const KEEP_MAILED: SignedDuration = SignedDuration::from_hours(24 * 40);
/// "Once in a lifetime" is as long as we remember.
const KEEP_ENTRIES: SignedDuration = SignedDuration::from_hours(24 * 365 * 5);

/// What came of a mail, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    Delivered,
    Opened,
    Clicked,
    Unsubscribed,
}

impl Came {
    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// The day of a moment, as counts are named by it: `2026-11-22`, UTC.
#[must_use]
pub fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

async fn count<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flow: &str,
    sent: Timestamp,
    mark: &str,
    note: &str,
) -> Result<(), LedgerError> {
    let about = format!("flow#{flow}#{}", day(sent));
    station.ledger.mark_once(&about, mark, note, station.now(), KEEP_COUNTS).await?;
    Ok(())
}

/// A mail of the flow went out at `at`.
pub async fn sent<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flow: &str,
    effect: &str,
    at: Timestamp,
) -> Result<(), LedgerError> {
    count(station, flow, at, &format!("sent#{effect}"), "").await
}

/// A step of the flow was left out.
pub async fn skipped<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flow: &str,
    effect: &str,
    why: &str,
    at: Timestamp,
) -> Result<(), LedgerError> {
    count(station, flow, at, &format!("skipped#{effect}"), why).await
}

/// Something came of a mail that went out at `sent`.
pub async fn came<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flow: &str,
    effect: &str,
    came: Came,
    sent: Timestamp,
) -> Result<(), LedgerError> {
    count(station, flow, sent, &format!("{}#{effect}", came.as_str()), "").await
}

/// The contact ended our mails by a link in this one.
pub async fn unsubscribed<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    contact: &str,
    effect: &str,
) -> Result<(), LedgerError> {
    for mark in station.ledger.marks(&format!("mailed#{contact}"), "").await? {
        if let Some((flow, by)) = mark.note.split_once(' ')
            && by == effect
        {
            came(station, flow, effect, Came::Unsubscribed, mark.at).await?;
        }
    }
    Ok(())
}

/// Marketing mails to the contact on this day of theirs, the one of `effect` not included.
pub(super) async fn mailed_today<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    contact: &str,
    effect: Option<&str>,
    zones: &[TimeZone],
    now: Timestamp,
) -> Result<u32, LedgerError> {
    let today = format!("{}#", hours::day(now, zones));
    let marks = station.ledger.marks(&format!("mailed#{contact}"), &today).await?;
    let others = marks.iter().filter(|mark| mark.note.split_once(' ').map(|(_, by)| by) != effect).count();
    Ok(u32::try_from(others).unwrap_or(u32::MAX))
}

/// Takes one of the day's places for this mail. `false`: they are all taken. Taking it again is a yes.
pub(super) async fn take_place<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    limits: &Limits,
    person: &Person,
    flow: &str,
    effect: &str,
    zones: &[TimeZone],
    now: Timestamp,
) -> Result<bool, LedgerError> {
    let (about, today) = (format!("mailed#{}", person.hash), hours::day(now, zones));
    let (keep, note) = (KEEP_MAILED.max(limits.recovery_window.saturating_add(DAY)), format!("{flow} {effect}"));
    for place in 1..=limits.mails_per_day {
        if station.ledger.mark_once(&about, &format!("{today}#{place}"), &note, now, keep).await? == note {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the contact entered the flow by something else, too lately for another entry. Marks this entry.
pub(super) async fn entered_before<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flow: &Flow,
    contact: &str,
    subject: &Subject,
    entry: &str,
    now: Timestamp,
) -> Result<bool, LedgerError> {
    let about = format!("entered#{contact}");
    let own = format!("{}#{}#{entry}", flow.name, subject.slug());
    let window = match flow.repeat {
        Repeat::Never => KEEP_ENTRIES,
        Repeat::After(again) => again,
    };
    station.ledger.mark_once(&about, &own, "", now, window.saturating_add(DAY)).await?;
    let entries = station.ledger.marks(&about, &format!("{}#", flow.name)).await?;
    let Some(this) = entries.iter().find(|mark| mark.name == own) else { return Ok(false) };
    // Of two entries of the same moment one counts as the first.
    let before = |mark: &&ledger::Mark| (mark.at, &mark.name) < (this.at, &this.name);
    Ok(entries.iter().filter(before).any(|mark| this.at.duration_since(mark.at) < window))
}

/// Somebody entered the flow: it does not starve.
pub(super) async fn entered<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flow: &Flow,
    subject: &Subject,
    now: Timestamp,
) -> Result<(), LedgerError> {
    count(station, &flow.name, now, &format!("entered#{}", subject.slug()), "").await?;
    let name = bookmark(flow);
    let last = station.ledger.bookmark(&station.store, &name).await?;
    if last.as_ref().is_none_or(|last| now.duration_since(last.at) > DAY) {
        station.ledger.move_bookmark(&station.store, &name, last.as_ref(), &day(now), now).await?;
    }
    Ok(())
}

fn bookmark(flow: &Flow) -> String {
    format!("flow-{}", flow.name)
}

/// The flows that nobody has entered for longer than the owner allows. Asked when an order comes, so that a shop without any
/// business is left alone, and once a day. A flow that was never looked at begins to be watched now.
pub(crate) async fn starving<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flows: &Flows,
    now: Timestamp,
) -> Result<Vec<String>, LedgerError> {
    const LOOKED: &str = "flows-looked";
    let looked = station.ledger.bookmark(&station.store, LOOKED).await?;
    if looked.as_ref().is_some_and(|looked| now.duration_since(looked.at) < DAY)
        || !station.ledger.move_bookmark(&station.store, LOOKED, looked.as_ref(), &day(now), now).await?
    {
        return Ok(Vec::new());
    }
    let mut starving = Vec::new();
    for flow in flows.flow.iter().filter(|flow| flow.is_marketing() && !flow.paused && flow.by == domain::flow::By::Ses)
    {
        match station.ledger.bookmark(&station.store, &bookmark(flow)).await? {
            None => {
                station.ledger.move_bookmark(&station.store, &bookmark(flow), None, &day(now), now).await?;
            }
            Some(last) if now.duration_since(last.at) > flows.limits.starves_after => starving.push(flow.name.clone()),
            Some(_) => {}
        }
    }
    Ok(starving)
}

/// An order that follows a reminder of a cart within the window is recovered, once, by the last reminder before it.
pub(crate) async fn recovered<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    flows: &Flows,
    contact: &str,
    order: OrderId,
    placed: Timestamp,
    total: Money,
) -> Result<(), LedgerError> {
    let reminders: Vec<&str> = flows
        .flow
        .iter()
        .filter(|flow| flow.trigger == Trigger::CheckoutStarted)
        .map(|flow| flow.name.as_str())
        .collect();
    if reminders.is_empty() {
        return Ok(());
    }
    let mails = station.ledger.marks(&format!("mailed#{contact}"), "").await?;
    let before = mails.iter().filter_map(|mark| {
        let (flow, _) = mark.note.split_once(' ')?;
        let within = placed >= mark.at && placed.duration_since(mark.at) <= flows.limits.recovery_window;
        (within && reminders.contains(&flow)).then_some((mark.at, flow))
    });
    if let Some((sent, flow)) = before.max() {
        let amount = format!("{} {}", total.decimal(), total.code());
        count(station, flow, sent, &format!("recovered#{order}"), &amount).await?;
    }
    Ok(())
}
