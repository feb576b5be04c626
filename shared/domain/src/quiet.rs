//! Going quiet: which words are about which parcel, and whether a whole carrier has stopped speaking.
//!
//! Everything here is a fold over an order's events alone, the same for every order in which they arrive: the watchdog asks
//! no store. Where a parcel stands for the customer is [`crate::parcel::standing`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::deadlines::{Deadlines, Lane, plain_carrier};
use crate::event::{Event, Fact, ParcelRef};
use crate::handoff::Wait;
use crate::parcel::{ParcelKey, Progress, normalised};

/// Every name that one parcel goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The announced key, the partner's shipment, every tracking number.
    pub keys: BTreeSet<ParcelKey>,
    /// The store's fulfilment of it.
    pub fulfilments: BTreeSet<String>,
}

impl Names {
    /// The names of the parcel that `event` is about; `None` where it names none, or is not about a parcel.
    #[must_use]
    pub fn of(event: &Event, events: &[Event]) -> Option<Self> {
        if let Some(names) = Self::announced(&event.fact, events) {
            return Some(names);
        }
        let named = Self::named(word(&event.fact)?.named?);
        let mut names = named.clone();
        for announced in events.iter().filter_map(|event| Self::announced(&event.fact, events)) {
            if named.shares(&announced) {
                names.keys.extend(announced.keys);
                names.fulfilments.extend(announced.fulfilments);
            }
        }
        Some(names)
    }

    /// An announced parcel's, with the numbers that it got later.
    fn announced(fact: &Fact, events: &[Event]) -> Option<Self> {
        let Fact::ParcelAnnounced { parcel, fulfilment, tracking, shipment, .. } = fact else { return None };
        let later = events.iter().filter_map(|event| match &event.fact {
            Fact::ParcelRenumbered { parcel: renumbered, tracking } if renumbered == parcel => Some(tracking),
            _ => None,
        });
        let numbers = tracking.iter().chain(later).filter_map(|tracking| normalised(&tracking.number)).map(ParcelKey);
        Some(Self {
            keys: numbers.chain([parcel.clone()]).chain(shipment.clone()).collect(),
            fulfilments: BTreeSet::from([fulfilment.clone()]),
        })
    }

    fn named(named: &ParcelRef) -> Self {
        let (keys, fulfilment) = match named {
            ParcelRef::Shipment { by_shipment, by_number } => {
                (vec![Some(by_shipment.clone()), by_number.clone()], None)
            }
            ParcelRef::Number(number) => (vec![Some(number.clone())], None),
            ParcelRef::Fulfilment(id) => (vec![], Some(id.clone())),
        };
        Self { keys: keys.into_iter().flatten().collect(), fulfilments: fulfilment.into_iter().collect() }
    }

    /// Two parcels may have gone into one fulfilment of the store's; a key is of one parcel only, so it decides where there is one.
    fn shares(&self, other: &Self) -> bool {
        if self.keys.is_empty() || other.keys.is_empty() {
            return !self.fulfilments.is_disjoint(&other.fulfilments);
        }
        !self.keys.is_disjoint(&other.keys)
    }

    /// Whether a word about `named` is about this parcel. One that names no parcel counts for all.
    #[must_use]
    pub fn hear(&self, named: Option<&ParcelRef>) -> bool {
        named.is_none_or(|named| self.shares(&Self::named(named)))
    }
}

/// A word about a parcel.
#[derive(Debug, Clone, Copy)]
pub struct Word<'e> {
    pub progress: Progress,
    pub named: Option<&'e ParcelRef>,
    pub promised: Option<&'e str>,
}

/// What a carrier, a feed or a partner says of a parcel on its way; `None` for every other fact.
#[must_use]
pub fn word(fact: &Fact) -> Option<Word<'_>> {
    let (progress, named, promised) = match fact {
        Fact::ParcelMoved { parcel, promised, .. } => (Progress::InTransit, parcel.as_ref(), promised.as_deref()),
        Fact::ParcelOutForDelivery { parcel, .. } => (Progress::OutForDelivery, Some(parcel), None),
        Fact::ParcelTroubled { parcel, progress, .. } => (*progress, Some(parcel), None),
        Fact::ParcelDelivered { parcel, .. } => (Progress::Delivered, Some(parcel), None),
        Fact::ParcelReturned { parcel, .. } => (Progress::Returned, parcel.as_ref(), None),
        _ => return None,
    };
    Some(Word { progress, named, promised })
}

/// A parcel of ours as its events say it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnItsWay {
    pub parcel: ParcelKey,
    pub lane: Lane,
    pub announced: Timestamp,
    /// When somebody was last heard of it.
    pub heard: Option<Timestamp>,
    /// What was said last.
    pub progress: Progress,
    /// It arrived, came back, or was given up.
    pub over: bool,
    /// The carrier's latest promise.
    pub promised: Option<String>,
}

/// The parcel that `event` is about: an announced one, with all that is known of it. `None` where it names no announced parcel.
#[must_use]
pub fn parcel_of(event: &Event, events: &[Event]) -> Option<OnItsWay> {
    let names = Names::of(event, events)?;
    let mut parcels = parcels(events);
    parcels.sort_by_key(|parcel| parcel.announced);
    parcels.into_iter().find(|parcel| names.keys.contains(&parcel.parcel))
}

/// All announced parcels of an order.
#[must_use]
pub fn parcels(events: &[Event]) -> Vec<OnItsWay> {
    let announced = events.iter().filter_map(|event| match &event.fact {
        Fact::ParcelAnnounced { parcel, .. } => Some((event, parcel)),
        _ => None,
    });
    announced
        .filter_map(|(event, parcel)| {
            let names = Names::of(event, events)?;
            let mut words: Vec<(Timestamp, Word<'_>)> = events
                .iter()
                .filter_map(|event| Some((event.time, word(&event.fact)?)))
                .filter(|(_, word)| names.hear(word.named))
                .collect();
            words.sort_by_key(|(at, word)| (*at, word.progress));
            let last = words.last().map(|(_, word)| word.progress);
            let over = words.iter().any(|(_, word)| word.progress.is_over()) || last == Some(Progress::Lost);
            Some(OnItsWay {
                parcel: parcel.clone(),
                lane: Lane::told(&event.fact).unwrap_or_default(),
                announced: event.time,
                heard: words.last().map(|(at, _)| *at),
                progress: last.unwrap_or(Progress::LabelCreated),
                over,
                promised: words.iter().rev().find_map(|(_, word)| word.promised).map(str::to_owned),
            })
        })
        .collect()
}

/// From how many silent parcels of one carrier on they are one matter and not many, and how long they have been silent then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    pub group_at: usize,
    pub after: SignedDuration,
}

impl Quiet {
    /// Silence shows after five sixths of the shortest deadline that a parcel has: before the first of them is late by itself. By
    /// the default deadlines that is 60 hours, longer than a weekend without scans.
    #[must_use]
    pub fn new(group_at: usize, deadlines: &Deadlines) -> Self {
        let shortest = deadlines.shortest(Wait::FirstScan).min(deadlines.shortest(Wait::TrackingAlive));
        Self { group_at, after: SignedDuration::from_secs(shortest / 6 * 5) }
    }
}

/// A carrier of whose parcels nothing is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// As the first of its parcels names it.
    pub carrier: String,
    /// Names of the orders whose parcels are silent, each once, sorted.
    pub orders: Vec<String>,
    /// Silent parcels.
    pub silent: usize,
    /// Parcels of which it was heard meanwhile; nearly none.
    pub heard: usize,
    /// Since when: the last word before the silence, or the oldest announcement.
    pub since: Timestamp,
}

/// Which carriers are silent, and which are not (by their plain name). `parcels`: order names and their parcels on the way.
///
/// A carrier is silent when nothing was heard of at least `group_at` of its parcels for so long, and of no more than one in ten
/// parcels it was: a feed that stops seldom stops for the very last one, and one that is back is heard of many within hours.
/// A parcel announced since counts for neither.
#[must_use]
pub fn silences(parcels: &[(String, OnItsWay)], now: Timestamp, quiet: Quiet) -> BTreeMap<String, Option<Silence>> {
    let began = now.checked_sub(quiet.after).unwrap_or(Timestamp::MIN);
    let mut carriers: BTreeMap<String, Vec<&(String, OnItsWay)>> = BTreeMap::new();
    for parcel in parcels {
        if let Some(carrier) = &parcel.1.lane.carrier {
            carriers.entry(plain_carrier(carrier)).or_default().push(parcel);
        }
    }
    let look = |of: Vec<&(String, OnItsWay)>| {
        let heard = of.iter().filter(|(_, parcel)| parcel.heard.is_some_and(|heard| heard > began)).count();
        let silent: Vec<_> =
            of.iter().filter(|(_, parcel)| !parcel.over && parcel.heard.unwrap_or(parcel.announced) <= began).collect();
        if silent.len() < quiet.group_at || heard * 10 > silent.len() + heard {
            return None;
        }
        let last_word = silent.iter().filter_map(|(_, parcel)| parcel.heard).max();
        let oldest = silent.iter().map(|(_, parcel)| parcel.announced).min();
        let orders: BTreeSet<String> = silent.iter().map(|(order, _)| order.clone()).collect();
        Some(Silence {
            carrier: silent.first().and_then(|(_, parcel)| parcel.lane.carrier.clone()).unwrap_or_default(),
            orders: orders.into_iter().collect(),
            silent: silent.len(),
            heard,
            since: last_word.or(oldest).unwrap_or(now),
        })
    };
    carriers.into_iter().map(|(carrier, of)| (carrier, look(of))).collect()
}

#[cfg(test)]
#[path = "quiet/tests.rs"]
mod tests;
