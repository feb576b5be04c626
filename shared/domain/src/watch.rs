//! The watchdog's decision: something owed is due. Is it settled, forgotten, waiting or late?

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::deadlines::Lane;
use crate::effect::Effect;
use crate::event::{Event, EventId, Fact};
use crate::exception::What;
use crate::handoff::{Deadlines, Layer, Owed, Owes, Silence, Wait, may_be_stuck, settled, silence};
use crate::quiet::parcel_of;

/// Why a layer has not finished an event: it said so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerWait {
    /// When this waiting began.
    pub since: Timestamp,
    pub until: Timestamp,
    pub reason: WaitReason,
}

impl LayerWait {
    /// It waits for a turn or a time of our own that has not come; an outage may be over any moment.
    #[must_use]
    pub fn is_early(&self, now: Timestamp) -> bool {
        matches!(self.reason, WaitReason::Pace(_)) && self.until > now
    }
}

/// What a layer waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitReason {
    /// Our own pace: a rate limit, a lease, a hold window. Nobody needs to know.
    Pace(String),
    /// A provider is down or does not answer. Past the deadline the owner hears of it.
    Outage { provider: String, why: String },
}

/// What is to be done about one thing owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Settled meanwhile: strike it off.
    Strike(Owed),
    /// Give the event's key to the layer again.
    SendAgain(Layer),
    /// Look again then.
    Postpone(Owed, Timestamp),
    /// From now on this is owed as well, unless it is already.
    Open(Wait, Timestamp),
    /// Tell the owner.
    Raise(What),
    /// The customer has heard nothing for too long: say so as a fact, which email answers.
    CustomerWaits { since: EventId },
}

/// The event that is looked at, with everything known about its subject.
#[derive(Debug)]
pub struct Case<'a> {
    pub event: &'a Event,
    pub owes: &'a Owes,
    /// What layers said they wait for.
    pub waits: &'a BTreeMap<Layer, LayerWait>,
    /// All events of the subject.
    pub events: &'a [Event],
    /// All effects of the subject.
    pub effects: &'a [Effect],
    /// The events after which nothing more is to come, as email found.
    pub last_words: &'a BTreeSet<EventId>,
    /// Layers the owner has paused.
    pub paused: &'a [Layer],
}

/// Decides about everything that is due at `now`. Something owed that is not due yet is not touched.
#[must_use]
pub fn look(case: &Case<'_>, now: Timestamp, deadlines: &Deadlines) -> Vec<Action> {
    let due = case.owes.iter().filter(|(_, due)| **due <= now).map(|(owed, _)| *owed);
    due.flat_map(|owed| match owed {
        Owed::Layer(layer) => look_at_layer(case, layer, now, deadlines),
        Owed::Wait(wait) if settled(wait, case.event, case.events) => vec![Action::Strike(owed)],
        Owed::Wait(wait) => look_at_wait(case, wait, now, deadlines),
    })
    .collect()
}

fn look_at_wait(case: &Case<'_>, wait: Wait, now: Timestamp, deadlines: &Deadlines) -> Vec<Action> {
    let owed = Owed::Wait(wait);
    if wait == Wait::CustomerInformed {
        return look_at_the_customers_clock(case, now, deadlines);
    }
    if let Some(due) = not_yet(case, wait, now, deadlines) {
        return vec![Action::Postpone(owed, due)];
    }
    // Told once; from here on the exception carries it.
    vec![Action::Raise(late(case, wait)), Action::Strike(owed)]
}

/// Put off by what was said meanwhile, and by what is said now; whose parcel it is may turn out in between, and shorten it.
fn look_at_the_customers_clock(case: &Case<'_>, now: Timestamp, deadlines: &Deadlines) -> Vec<Action> {
    let owed = Owed::Wait(Wait::CustomerInformed);
    let seconds = deadlines.on(Wait::CustomerInformed, &lane(case));
    let again = deadlines.first_look(owed, &case.event.fact, now);
    match silence(case.event, case.events, case.effects, case.last_words, now, seconds) {
        Silence::Over => vec![Action::Strike(owed)],
        Silence::Until(due) => vec![Action::Postpone(owed, due.min(again))],
        // One mail when email goes on, not one for each period of the pause.
        Silence::TooLong { .. } if case.paused.contains(&Layer::Email) => {
            vec![Action::Postpone(owed, deadlines.due(Owed::Layer(Layer::Email), now))]
        }
        Silence::TooLong { since } => vec![Action::CustomerWaits { since }, Action::Postpone(owed, again)],
    }
}

/// An event that does not say whose it is was due by the shortest deadline there is; the order's other events may know a longer
/// one, which counts from when the thing happened. A source whose clock runs ahead of ours gets no more time for it.
fn not_yet(case: &Case<'_>, wait: Wait, now: Timestamp, deadlines: &Deadlines) -> Option<Timestamp> {
    // A promised day is the carrier's, and no row's.
    let fixed = wait == Wait::Delivered || Lane::told(&case.event.fact).is_some();
    if fixed || case.event.time > now {
        return None;
    }
    let seconds = deadlines.on(wait, &lane(case));
    let due = case.event.time.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    (seconds > deadlines.shortest(wait) && due > now).then_some(due)
}

/// Whose it is, by all that is known: the parcel's own lane, or the order's latest.
fn lane(case: &Case<'_>) -> Lane {
    if let Some(parcel) = parcel_of(case.event, case.events) {
        return parcel.lane;
    }
    let announced = |event: &&Event| matches!(event.fact, Fact::ParcelAnnounced { .. });
    let known = case.events.iter().filter(|event| Lane::told(&event.fact).is_some());
    let latest = known.max_by_key(|event| (announced(event), event.time, event.fact.id()));
    latest.and_then(|event| Lane::told(&event.fact)).unwrap_or_default()
}

fn late(case: &Case<'_>, wait: Wait) -> What {
    match (wait, parcel_of(case.event, case.events)) {
        (Wait::FirstScan | Wait::TrackingAlive | Wait::Delivered, Some(parcel)) => What::LateParcel {
            wait,
            parcel: parcel.parcel.to_string(),
            progress: parcel.progress,
            promised: parcel.promised,
        },
        _ => What::Late(wait),
    }
}

fn look_at_layer(case: &Case<'_>, layer: Layer, now: Timestamp, deadlines: &Deadlines) -> Vec<Action> {
    // Whatever keeps the order here: the customer does not wait in silence.
    let clock = Owed::Wait(Wait::CustomerInformed);
    let open = (may_be_stuck(&case.event.fact) && !case.owes.contains_key(&clock))
        .then(|| Action::Open(Wait::CustomerInformed, deadlines.first_look(clock, &case.event.fact, now)));
    open.into_iter().chain(nobody_took(case, layer, now, deadlines)).collect()
}

fn nobody_took(case: &Case<'_>, layer: Layer, now: Timestamp, deadlines: &Deadlines) -> Vec<Action> {
    let owed = Owed::Layer(layer);
    if case.paused.contains(&layer) {
        return vec![Action::Postpone(owed, deadlines.due(owed, now))];
    }
    match case.waits.get(&layer) {
        // Its moment has come, and no queue brings it back.
        Some(wait) if !layer.has_queue() && wait.until <= now && deadlines.due(owed, wait.until) > now => {
            vec![Action::SendAgain(layer)]
        }
        // It comes back by itself; one more deadline of grace before it counts as forgotten.
        Some(LayerWait { until, reason, .. }) if deadlines.due(owed, *until) > now => {
            let raise = match reason {
                WaitReason::Outage { provider, why } => {
                    Some(Action::Raise(What::Unreachable { layer, provider: provider.clone(), why: why.clone() }))
                }
                WaitReason::Pace(_) => None,
            };
            raise.into_iter().chain([Action::Postpone(owed, deadlines.due(owed, *until))]).collect()
        }
        _ => vec![
            Action::SendAgain(layer),
            Action::Raise(What::NotTaken { layer, event: case.event.fact.id().0 }),
            Action::Postpone(owed, deadlines.due(owed, now)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Fact;
    use crate::handoff::{Wait, owes};
    use crate::subject::{OrderId, Subject};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    fn event(fact: Fact, seconds: i64) -> Event {
        let subject = Subject::Order(OrderId(1));
        Event { subject, fact, source: "test".into(), time: at(seconds), order_name: None }
    }

    fn actions(armed: &Event, more: &[Event], waits: &[(Layer, LayerWait)], paused: &[Layer], now: i64) -> Vec<Action> {
        let owes = owes(&armed.fact, armed.time, &Deadlines::default());
        let events: Vec<Event> = [armed].into_iter().chain(more).cloned().collect();
        let waits = waits.iter().cloned().collect();
        let (effects, last_words) = (&[], &BTreeSet::new());
        let case = Case { event: armed, owes: &owes, waits: &waits, events: &events, effects, last_words, paused };
        look(&case, at(now), &Deadlines::default())
    }

    fn outage(until: i64) -> (Layer, LayerWait) {
        let reason = WaitReason::Outage { provider: "printful".into(), why: "no connection".into() };
        (Layer::Routing, LayerWait { since: at(0), until: at(until), reason })
    }

    #[test]
    fn nothing_is_touched_before_it_is_due() {
        assert_eq!(actions(&event(Fact::OrderCancelled { reason: None }, 0), &[], &[], &[], 299), []);
    }

    #[test]
    fn what_nobody_took_is_sent_again_and_told() {
        let found = actions(&event(Fact::OrderCancelled { reason: None }, 0), &[], &[], &[], 301);
        let told = What::NotTaken { layer: Layer::Routing, event: "cancelled".into() };
        let again = Action::Postpone(Owed::Layer(Layer::Routing), at(601));
        assert_eq!(found, [Action::SendAgain(Layer::Routing), Action::Raise(told), again]);
    }

    #[test]
    fn an_outage_is_told_and_not_sent_again_while_it_comes_back_by_itself() {
        let cancelled = event(Fact::OrderCancelled { reason: None }, 0);
        let found = actions(&cancelled, &[], &[outage(400)], &[], 301);
        assert!(matches!(&found[..], [Action::Raise(What::Unreachable { .. }), Action::Postpone(..)]), "{found:?}");
        // One deadline after it should have come back, it counts as forgotten.
        let found = actions(&cancelled, &[], &[outage(400)], &[], 701);
        assert!(matches!(&found[..], [Action::SendAgain(_), Action::Raise(What::NotTaken { .. }), _]), "{found:?}");
    }

    #[test]
    fn an_order_that_nobody_takes_on_opens_the_customers_clock() {
        let week = 7 * 86_400;
        let clock = Action::Open(Wait::CustomerInformed, at(301 + week));
        for paused in [&[][..], &[Layer::Capture]] {
            let found = actions(&event(Fact::OrderPaid { what: None }, 0), &[], &[], paused, 301);
            assert_eq!(found.first(), Some(&clock), "{found:?}");
        }
        let found = actions(&event(Fact::OrderRefunded { refund: "5".into() }, 0), &[], &[], &[], 301);
        assert!(!found.iter().any(|action| matches!(action, Action::Open(..))), "{found:?}");
    }

    #[test]
    fn the_customers_clock_is_put_off_by_the_last_word_and_rings_a_period_after_it() {
        let (day, week) = (86_400, 7 * 86_400);
        let fact = Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None };
        let (routed, owed) = (event(fact, 0), Owed::Wait(Wait::CustomerInformed));
        let accepted = event(Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() }, day);
        let of_the_clock = |found: Vec<Action>| -> Vec<Action> {
            let others = |action: &Action| {
                !matches!(
                    action,
                    Action::Raise(_) | Action::Strike(Owed::Wait(Wait::PartnerAccepts | Wait::PartnerShips))
                )
            };
            found.into_iter().filter(others).collect()
        };
        let found = actions(&routed, std::slice::from_ref(&accepted), &[], &[], week);
        assert_eq!(of_the_clock(found), [Action::Postpone(owed, at(day + week))]);
        let rings = Action::CustomerWaits { since: accepted.fact.id() };
        let found = actions(&routed, std::slice::from_ref(&accepted), &[], &[], day + week);
        assert_eq!(of_the_clock(found), [rings, Action::Postpone(owed, at(day + 2 * week))]);
        let found = actions(&routed, &[accepted], &[], &[Layer::Email], day + week);
        assert_eq!(of_the_clock(found), [Action::Postpone(owed, at(day + week + 300))], "email is paused");
    }

    #[test]
    fn a_paused_layer_owes_in_silence() {
        let found = actions(&event(Fact::OrderCancelled { reason: None }, 0), &[], &[], &[Layer::Routing], 301);
        assert!(matches!(&found[..], [Action::Postpone(..)]), "{found:?}");
    }

    #[test]
    fn a_wait_is_struck_off_when_settled_and_told_once_when_not() {
        let fact = Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None };
        let routed = event(fact, 0);
        let accepted = event(Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() }, 60);
        let owed = Owed::Wait(Wait::PartnerAccepts);
        let day = 86_400;
        assert_eq!(actions(&routed, &[accepted], &[], &[], day), [Action::Strike(owed)]);
        let late = Action::Raise(What::Late(Wait::PartnerAccepts));
        assert_eq!(actions(&routed, &[], &[], &[], day), [late, Action::Strike(owed)]);
    }
}
