//! The watchdog's decision: something owed is due. Is it settled, forgotten, waiting or late?

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::event::Event;
use crate::exception::What;
use crate::handoff::{Deadlines, Layer, Owed, Owes, settled};

/// Why a layer has not finished an event: it said so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerWait {
    /// When this waiting began.
    pub since: Timestamp,
    pub until: Timestamp,
    pub reason: WaitReason,
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
    /// Send the event's key to the layer again.
    SendAgain(Layer),
    /// Look again then.
    Postpone(Owed, Timestamp),
    /// Tell the owner.
    Raise(What),
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
        // Told once; from here on the exception carries it.
        Owed::Wait(wait) => vec![Action::Raise(What::Late(wait)), Action::Strike(owed)],
    })
    .collect()
}

fn look_at_layer(case: &Case<'_>, layer: Layer, now: Timestamp, deadlines: &Deadlines) -> Vec<Action> {
    let owed = Owed::Layer(layer);
    if case.paused.contains(&layer) {
        return vec![Action::Postpone(owed, deadlines.due(owed, now))];
    }
    match case.waits.get(&layer) {
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
