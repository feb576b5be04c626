//! Each parcel waits for itself, and the customer for the next word: in every order of the events.

use proptest::prelude::*;

use super::*;
use crate::event::ParcelRef;
use crate::parcel::{ParcelKey, Tracking};
use crate::subject::{OrderId, Subject};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + hour * 3_600).unwrap()
}

fn event(hour: i64, fact: Fact) -> Event {
    Event { subject: Subject::Order(OrderId(1)), fact, source: "test".into(), time: at(hour), order_name: None }
}

fn key(key: &str) -> ParcelKey {
    ParcelKey(key.into())
}

/// Announced by its shipment, with or without a number.
fn announced(shipment: &str, number: Option<&str>) -> Fact {
    Fact::ParcelAnnounced {
        parcel: key(number.unwrap_or(shipment)),
        fulfilment: format!("f-{shipment}"),
        tracking: Tracking::new(number, Some("UPS"), None),
        shipment: Some(key(shipment)),
        partner: Some("printful".into()),
        country: Some("US".into()),
    }
}

fn number(number: &str) -> Option<ParcelRef> {
    Some(ParcelRef::Number(key(number)))
}

fn moved(id: &str, parcel: Option<ParcelRef>, promised: Option<&str>) -> Fact {
    Fact::ParcelMoved {
        source: "easypost".into(),
        tracking_event: id.into(),
        status: "in_transit".into(),
        parcel,
        promised: promised.map(str::to_owned),
    }
}

fn delivered(parcel: ParcelRef) -> Fact {
    Fact::ParcelDelivered { source: "easypost".into(), parcel }
}

fn troubled(id: &str, progress: Progress, parcel: &str) -> Fact {
    let parcel = ParcelRef::Number(key(parcel));
    Fact::ParcelTroubled { source: "easypost".into(), tracking_event: id.into(), status: "x".into(), progress, parcel }
}

fn routed(partner: &str) -> Fact {
    Fact::OrderRouted { partner: partner.into(), split: 1, partner_order: "13".into(), cost: None }
}

fn shipped(partner: &str) -> Fact {
    let (partner_order, shipment) = ("13".into(), "10".into());
    Fact::ParcelShipped { partner: partner.into(), partner_order, shipment, reshipment: false, tracking: None }
}

fn waits(since: &str) -> Fact {
    Fact::CustomerWaits { since: since.into() }
}

/// Asks about every rotation of the events, forwards and backwards, each with a duplicate; all must agree.
fn over(wait: Wait, armed: &str, events: &[Event]) -> bool {
    let armed = events.iter().find(|event| event.fact.id() == EventId(armed.into())).unwrap();
    let mut answers = BTreeSet::new();
    let mut turned = events.to_vec();
    for _ in 0..events.len() {
        turned.rotate_left(1);
        let twice: Vec<Event> = turned.iter().chain(&turned[..1]).cloned().collect();
        let back: Vec<Event> = twice.iter().rev().cloned().collect();
        answers.extend([settled(wait, armed, &twice), settled(wait, armed, &back)]);
    }
    assert_eq!(answers.len(), 1, "{wait:?} of {armed:?} depends on the order of {events:?}");
    answers.into_iter().next().unwrap()
}

#[test]
fn one_parcels_movement_says_nothing_of_another() {
    let two = [event(0, announced("printful-1", Some("A1"))), event(1, announced("printful-2", Some("B1")))];
    let with = |more: &[Event]| [&two[..], more].concat();
    let moves = with(&[event(5, moved("1", number("A1"), None))]);
    assert!(over(Wait::FirstScan, "announced#A1", &moves));
    assert!(!over(Wait::FirstScan, "announced#B1", &moves), "A moves, B is silent");
    assert!(!over(Wait::TrackingAlive, "moved#easypost#1", &moves));
    let again = with(&[event(5, moved("1", number("A1"), None)), event(9, moved("2", number("B1"), None))]);
    assert!(!over(Wait::TrackingAlive, "moved#easypost#1", &again), "only B has moved since");
    let there = with(&[event(5, moved("1", number("A1"), None)), event(9, delivered(ParcelRef::Number(key("B1"))))]);
    assert!(!over(Wait::TrackingAlive, "moved#easypost#1", &there) && over(Wait::FirstScan, "announced#B1", &there));
    assert!(!over(Wait::Delivered, "announced#A1", &there) && over(Wait::Delivered, "announced#B1", &there));
    let nameless = with(&[event(5, moved("1", None, None))]);
    assert!(over(Wait::FirstScan, "announced#A1", &nameless) && over(Wait::FirstScan, "announced#B1", &nameless));
}

#[test]
fn every_name_of_a_parcel_is_that_parcel() {
    let renumbered =
        Fact::ParcelRenumbered { parcel: key("printful-1"), tracking: Tracking::new(Some("c-3"), None, None).unwrap() };
    let by_shipment = ParcelRef::Shipment { by_shipment: key("printful-1"), by_number: None };
    let later_number = ParcelRef::Shipment { by_shipment: key("other-9"), by_number: Some(key("C3")) };
    for named in [by_shipment, later_number, ParcelRef::Number(key("C3")), ParcelRef::Fulfilment("f-printful-1".into())]
    {
        let events = [
            event(0, announced("printful-1", None)),
            event(0, announced("printful-2", Some("B1"))),
            event(1, renumbered.clone()),
            event(5, delivered(named.clone())),
        ];
        assert!(over(Wait::FirstScan, "announced#printful-1", &events), "{named:?}");
        assert!(!over(Wait::FirstScan, "announced#B1", &events), "{named:?}");
        // A scan under one name waits for the next under any.
        let scanned =
            [&events[..3], &[event(2, moved("1", Some(named), None)), event(5, moved("2", number("C3"), None))]];
        assert!(over(Wait::TrackingAlive, "moved#easypost#1", &scanned.concat()));
    }
}

#[test]
fn a_promise_carries_the_arrival_and_a_later_one_the_earlier() {
    let begun = event(0, announced("printful-1", Some("A1")));
    let first = event(5, moved("1", number("A1"), Some("2026-11-27")));
    let second = event(9, moved("2", number("A1"), Some("2026-11-29")));
    assert!(!over(Wait::Delivered, "announced#A1", std::slice::from_ref(&begun)));
    let promised = [begun.clone(), first.clone()];
    assert!(over(Wait::Delivered, "announced#A1", &promised) && !over(Wait::Delivered, "moved#easypost#1", &promised));
    let moved_on = [begun.clone(), first.clone(), second.clone()];
    assert!(
        over(Wait::Delivered, "moved#easypost#1", &moved_on) && !over(Wait::Delivered, "moved#easypost#2", &moved_on)
    );
    let there = [begun, first, second, event(20, delivered(ParcelRef::Number(key("A1"))))];
    assert!(over(Wait::Delivered, "moved#easypost#2", &there));
}

#[test]
fn a_lost_parcel_is_told_as_lost_and_a_found_one_begins_anew() {
    let lost = [event(0, announced("printful-1", Some("A1"))), event(5, troubled("1", Progress::Lost, "A1"))];
    assert!(over(Wait::Delivered, "announced#A1", &lost) && over(Wait::TrackingAlive, "troubled#easypost#1", &lost));
    let found = [&lost[..], &[event(9, moved("2", number("A1"), None))]].concat();
    assert!(!over(Wait::TrackingAlive, "moved#easypost#2", &found));
    let stuck = [lost[0].clone(), event(5, troubled("1", Progress::HeldAtCustoms, "A1"))];
    assert!(!over(Wait::TrackingAlive, "troubled#easypost#1", &stuck));
}

#[test]
fn a_partner_that_ships_says_nothing_of_another() {
    let both = [event(0, routed("printful")), event(0, routed("workshop"))];
    let mut both = both.to_vec();
    both[1].fact = Fact::OrderRouted { partner: "workshop".into(), split: 2, partner_order: "7".into(), cost: None };
    let ids: Vec<String> = both.iter().map(|event| event.fact.id().0).collect();
    both.push(event(5, shipped("printful")));
    both.push(event(9, delivered(ParcelRef::Number(key("A1")))));
    for wait in [Wait::PartnerAccepts, Wait::PartnerShips] {
        assert!(over(wait, &ids[0], &both) && !over(wait, &ids[1], &both), "{wait:?}");
    }
    // Alone, any arrival is its own.
    let alone = [both[0].clone(), both[3].clone()];
    assert!(over(Wait::PartnerShips, &ids[0], &alone));
}

/// All that may happen to an order of two parcels.
fn anything() -> Vec<Event> {
    vec![
        event(0, routed("printful")),
        event(1, announced("printful-1", Some("A1"))),
        event(2, announced("printful-2", None)),
        event(3, shipped("printful")),
        event(4, moved("1", number("A1"), Some("2026-11-27"))),
        event(5, moved("2", Some(ParcelRef::Shipment { by_shipment: key("printful-2"), by_number: None }), None)),
        event(6, troubled("1", Progress::AttemptFailed, "A1")),
        event(7, moved("3", None, None)),
        event(8, delivered(ParcelRef::Fulfilment("f-printful-2".into()))),
        event(9, troubled("2", Progress::Lost, "A1")),
        event(10, waits("paid")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The same set of events, shuffled and with duplicates, settles the same waits.
    #[test]
    fn any_order_of_the_same_events_settles_the_same(
        chosen in proptest::sample::subsequence(anything(), 1..=11).prop_shuffle(),
        seed in any::<proptest::sample::Index>(),
    ) {
        let mut sorted = chosen.clone();
        sorted.sort_by_key(|event| (event.time, event.fact.id()));
        let mut twice = chosen.clone();
        twice.push(chosen[seed.index(chosen.len())].clone());
        for armed in &sorted {
            for wait in Wait::ALL {
                prop_assert_eq!(settled(wait, armed, &sorted), settled(wait, armed, &twice), "{:?} of {:?}", wait, armed);
            }
        }
    }
}
