//! Where each parcel of an order stands: a fold over the order's events, the same for every order in which they arrive.

use jiff::Timestamp;

use super::{ParcelKey, Progress, Tracking, normalised};
use crate::event::{Event, Fact, ParcelRef};
use crate::order::Order;

/// One parcel of an order, as everything known says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub parcel: ParcelKey,
    /// The partner's shipment.
    pub shipment: Option<ParcelKey>,
    /// The store's fulfilment of it.
    pub fulfilment: String,
    /// We announced it; otherwise the store knows it from somebody else.
    pub ours: bool,
    /// The partner that sent it, where that is known.
    pub partner: Option<String>,
    /// Every number it ever had, oldest first; empty where it goes without.
    pub numbers: Vec<Tracking>,
    pub progress: Progress,
    /// The source's own word for that.
    pub status: Option<String>,
    /// Since when it stands there.
    pub since: Timestamp,
    /// When the store learned of it.
    pub announced: Timestamp,
    /// When a carrier was last heard of it.
    pub heard: Option<Timestamp>,
    /// The carrier's latest promise, a date.
    pub promised: Option<String>,
}

/// What a source said of a parcel.
struct Said<'e> {
    at: Timestamp,
    progress: Progress,
    status: &'e str,
    promised: Option<&'e str>,
}

/// Every parcel that was announced, in the order of announcing, and after them those that the store knows from others.
#[must_use]
pub fn standing(events: &[Event], order: &Order) -> Vec<Standing> {
    let mut announced: Vec<&Event> =
        events.iter().filter(|event| matches!(event.fact, Fact::ParcelAnnounced { .. })).collect();
    announced.sort_by_key(|event| (event.time, event.fact.id()));
    let mut parcels: Vec<Standing> = announced.into_iter().filter_map(|event| begun(event, events)).collect();
    for fulfilment in order.fulfilments.iter().filter(|fulfilment| !fulfilment.cancelled) {
        if !parcels.iter().any(|parcel| is_of(parcel, &fulfilment.id, &fulfilment.tracking)) {
            parcels.push(of_another(&fulfilment.id, &fulfilment.tracking, events));
        }
    }
    let only = parcels.len() == 1;
    for parcel in &mut parcels {
        let mut said: Vec<Said<'_>> =
            events.iter().filter_map(|event| said(event, |named| named_so(named, parcel, order, only))).collect();
        // A source's clock orders what it said; of two words of one moment the further one counts.
        said.sort_by_key(|said| (said.at, said.progress));
        for said in said {
            parcel.heard = parcel.heard.max(Some(said.at));
            if let Some(promised) = said.promised {
                parcel.promised = Some(promised.to_owned());
            }
            if parcel.progress.gives_way_to(said.progress) {
                parcel.since = if parcel.progress == said.progress { parcel.since } else { said.at };
                parcel.progress = said.progress;
                parcel.status = Some(said.status.to_owned()).filter(|status| !status.is_empty());
            }
        }
    }
    parcels
}

/// The parcel that `named` names, if it is one of these.
#[must_use]
pub fn which<'s>(named: &ParcelRef, parcels: &'s [Standing], order: &Order) -> Option<&'s Standing> {
    parcels.iter().find(|parcel| named_so(Some(named), parcel, order, false))
}

fn begun(event: &Event, events: &[Event]) -> Option<Standing> {
    let Fact::ParcelAnnounced { parcel, fulfilment, tracking, shipment, partner, .. } = &event.fact else {
        return None;
    };
    let mut later: Vec<(Timestamp, &Tracking)> = events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::ParcelRenumbered { parcel: renumbered, tracking } if renumbered == parcel => {
                Some((event.time, tracking))
            }
            _ => None,
        })
        .collect();
    later.sort_by_key(|(at, _)| *at);
    let numbers = tracking.iter().chain(later.into_iter().map(|(_, tracking)| tracking)).cloned().collect();
    Some(Standing {
        parcel: parcel.clone(),
        shipment: shipment.clone(),
        fulfilment: fulfilment.clone(),
        ours: true,
        partner: partner.clone(),
        numbers,
        progress: Progress::LabelCreated,
        status: None,
        since: event.time,
        announced: event.time,
        heard: None,
        promised: None,
    })
}

/// A parcel that the store knows and nobody of ours announced.
fn of_another(fulfilment: &str, tracking: &[Tracking], events: &[Event]) -> Standing {
    let written = events.iter().filter(
        |event| matches!(&event.fact, Fact::FulfilmentWritten { fulfilment: written, .. } if written == fulfilment),
    );
    let since = written.map(|event| event.time).min().unwrap_or(Timestamp::UNIX_EPOCH);
    let number = tracking.iter().find_map(|tracking| normalised(&tracking.number));
    Standing {
        parcel: ParcelKey(number.unwrap_or_else(|| format!("store-{fulfilment}"))),
        shipment: None,
        fulfilment: fulfilment.to_owned(),
        ours: false,
        partner: None,
        numbers: tracking.to_vec(),
        progress: Progress::LabelCreated,
        status: None,
        since,
        announced: since,
        heard: None,
        promised: None,
    }
}

fn said<'e>(event: &'e Event, about: impl Fn(Option<&ParcelRef>) -> bool) -> Option<Said<'e>> {
    let (progress, status, promised, named) = match &event.fact {
        Fact::ParcelMoved { status, parcel, promised, .. } => {
            (Progress::InTransit, status.as_str(), promised.as_deref(), parcel.as_ref())
        }
        Fact::ParcelOutForDelivery { status, parcel, .. } => {
            (Progress::OutForDelivery, status.as_str(), None, Some(parcel))
        }
        Fact::ParcelTroubled { status, progress, parcel, .. } => (*progress, status.as_str(), None, Some(parcel)),
        Fact::ParcelDelivered { parcel, .. } => (Progress::Delivered, "", None, Some(parcel)),
        Fact::ParcelReturned { reason, parcel, .. } => {
            (Progress::Returned, reason.as_deref().unwrap_or_default(), None, parcel.as_ref())
        }
        _ => return None,
    };
    about(named).then_some(Said { at: event.time, progress, status, promised })
}

/// A word about a parcel that it does not name is about the only one.
fn named_so(named: Option<&ParcelRef>, parcel: &Standing, order: &Order, only: bool) -> bool {
    let has = |key: &ParcelKey| {
        parcel.parcel == *key || parcel.numbers.iter().any(|known| normalised(&known.number).as_ref() == Some(&key.0))
    };
    match named {
        None => only,
        Some(ParcelRef::Shipment { by_shipment, by_number }) => {
            has(by_shipment) || parcel.shipment.as_ref() == Some(by_shipment) || by_number.as_ref().is_some_and(has)
        }
        Some(ParcelRef::Number(number)) => has(number),
        Some(ParcelRef::Fulfilment(id)) => {
            let mut same = order.fulfilments.iter().filter(|fulfilment| fulfilment.id == *id);
            parcel.fulfilment == *id || same.any(|fulfilment| is_of(parcel, &fulfilment.id, &fulfilment.tracking))
        }
    }
}

/// Whether the store's fulfilment is this parcel's: it is noted so, or carries one of its numbers.
fn is_of(parcel: &Standing, fulfilment: &str, tracking: &[Tracking]) -> bool {
    parcel.fulfilment == fulfilment
        || tracking.iter().filter_map(|tracking| normalised(&tracking.number)).any(|number| {
            parcel.parcel.0 == number
                || parcel.numbers.iter().any(|known| normalised(&known.number).as_ref() == Some(&number))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::Subject;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn event(second: i64, fact: Fact) -> Event {
        let subject = Subject::Order(crate::fixture::order().unwrap().id);
        Event { subject, fact, source: "test".into(), time: at(second), order_name: None }
    }

    fn announced(parcel: &str, number: Option<&str>) -> Fact {
        Fact::ParcelAnnounced {
            parcel: ParcelKey(parcel.into()),
            fulfilment: format!("f-{parcel}"),
            tracking: Tracking::new(number, Some("usps"), None),
            shipment: Some(ParcelKey("printful-10".into())),
            partner: Some("printful".into()),
            country: Some("US".into()),
        }
    }

    fn number(number: &str) -> ParcelRef {
        ParcelRef::Number(ParcelKey(number.into()))
    }

    fn moved(id: &str, parcel: Option<ParcelRef>) -> Fact {
        Fact::ParcelMoved {
            source: "easypost".into(),
            tracking_event: id.into(),
            status: "in_transit".into(),
            parcel,
            promised: Some("2026-11-27".into()),
        }
    }

    #[test]
    fn every_order_of_events_ends_at_the_same_place() {
        let order = crate::fixture::order().unwrap();
        let events = [
            event(1, announced("A1", Some("A1"))),
            event(2, moved("1", Some(number("A1")))),
            event(
                3,
                Fact::ParcelOutForDelivery {
                    source: "easypost".into(),
                    tracking_event: "2".into(),
                    status: "out_for_delivery".into(),
                    parcel: number("A1"),
                },
            ),
            event(4, Fact::ParcelDelivered { source: "easypost".into(), parcel: number("A1") }),
            event(5, moved("3", Some(number("A1")))),
        ];
        let wanted = standing(&events, &order);
        assert_eq!((wanted.len(), wanted[0].progress, wanted[0].since), (1, Progress::Delivered, at(4)));
        assert_eq!((wanted[0].heard, wanted[0].promised.as_deref()), (Some(at(5)), Some("2026-11-27")));
        let mut indices: Vec<usize> = (0..events.len()).collect();
        for _ in 0..events.len() {
            indices.rotate_left(1);
            let turned: Vec<Event> = indices.iter().map(|index| events[*index].clone()).collect();
            assert_eq!(standing(&turned, &order), wanted);
            let back: Vec<Event> = turned.into_iter().rev().collect();
            assert_eq!(standing(&back, &order), wanted);
        }
    }

    #[test]
    fn numbers_are_a_set_and_each_of_them_names_the_parcel() {
        let order = crate::fixture::order().unwrap();
        let renumbered = Fact::ParcelRenumbered {
            parcel: ParcelKey("printful-10".into()),
            tracking: Tracking::new(Some("B2"), None, None).unwrap(),
        };
        let delivered = Fact::ParcelDelivered { source: "17track".into(), parcel: number("B2") };
        let events = [event(1, announced("printful-10", None)), event(2, renumbered), event(3, delivered)];
        let found = standing(&events, &order);
        assert_eq!((found.len(), found[0].progress), (1, Progress::Delivered));
        assert_eq!(found[0].numbers.iter().map(|one| one.number.as_str()).collect::<Vec<_>>(), ["B2"]);
    }

    #[test]
    fn what_names_no_parcel_is_about_the_only_one() {
        let order = crate::fixture::order().unwrap();
        let one = [event(1, announced("A1", Some("A1"))), event(2, moved("1", None))];
        assert_eq!(standing(&one, &order)[0].progress, Progress::InTransit);
        let two = [one[0].clone(), one[1].clone(), event(3, announced("B1", Some("B1")))];
        assert!(standing(&two, &order).iter().all(|parcel| parcel.progress == Progress::LabelCreated));
    }
}
