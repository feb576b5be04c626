//! One carrier's silence, told from the silence of single parcels.

use super::*;
use crate::parcel::Tracking;
use crate::subject::{OrderId, Subject};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + hour * 3_600).unwrap()
}

fn quiet() -> Quiet {
    Quiet::new(5, &Deadlines::default())
}

fn parcel(n: usize, carrier: Option<&str>, announced: i64, heard: Option<i64>) -> (String, OnItsWay) {
    let parcel = OnItsWay {
        parcel: ParcelKey(format!("1Z{n}")),
        lane: Lane { carrier: carrier.map(str::to_owned), ..Lane::default() },
        announced: at(announced),
        heard: heard.map(at),
        progress: Progress::InTransit,
        over: false,
        promised: None,
    };
    (format!("#{n}"), parcel)
}

fn of(count: usize, heard: usize) -> Vec<(String, OnItsWay)> {
    let silent = (heard..count).map(|n| parcel(n, Some("UPS"), 0, None));
    (0..heard).map(|n| parcel(n, Some("ups"), 0, Some(70))).chain(silent).collect()
}

fn ups(parcels: &[(String, OnItsWay)], hour: i64) -> Option<Silence> {
    silences(parcels, at(hour), quiet()).remove("ups").flatten()
}

#[test]
fn silence_shows_before_the_first_parcel_is_late_by_itself() {
    assert_eq!(quiet().after, SignedDuration::from_hours(60));
    assert_eq!(ups(&of(500, 0), 59), None);
    let silence = ups(&of(500, 0), 60).unwrap();
    assert_eq!((silence.silent, silence.heard, silence.orders.len(), silence.since), (500, 0, 500, at(0)));
    assert_eq!(silence.carrier, "UPS");
}

#[test]
fn few_parcels_are_each_their_own_matter() {
    assert_eq!(ups(&of(4, 0), 80), None);
    assert!(ups(&of(5, 0), 80).is_some());
}

#[test]
fn one_that_moves_among_many_is_said_and_does_not_break_the_silence() {
    let silence = ups(&of(500, 1), 80).unwrap();
    assert_eq!((silence.silent, silence.heard), (499, 1));
    assert!(ups(&of(500, 50), 80).is_some());
    assert_eq!(ups(&of(500, 51), 80), None, "more than one in ten: the carrier speaks");
}

#[test]
fn what_was_just_announced_or_is_over_counts_for_neither() {
    let mut parcels = of(4, 0);
    parcels.extend((10..20).map(|n| parcel(n, Some("UPS"), 79, None)));
    assert_eq!(ups(&parcels, 80), None);
    let mut parcels = of(6, 0);
    for (_, parcel) in &mut parcels[..2] {
        parcel.over = true;
    }
    assert_eq!(ups(&parcels, 80), None);
}

#[test]
fn each_carrier_for_itself_and_none_without_a_name() {
    let mut parcels = of(10, 0);
    parcels.extend((10..30).map(|n| parcel(n, Some("DHL Express"), 0, Some(79))));
    parcels.extend((30..50).map(|n| parcel(n, None, 0, None)));
    let found = silences(&parcels, at(80), quiet());
    assert_eq!(found.keys().collect::<Vec<_>>(), ["dhlexpress", "ups"]);
    assert!(found["ups"].is_some() && found["dhlexpress"].is_none());
}

#[test]
fn the_silence_began_with_the_last_word() {
    let mut parcels = of(6, 0);
    parcels[3].1.heard = Some(at(12));
    assert_eq!(ups(&parcels, 80).unwrap().since, at(12));
}

#[test]
fn a_parcel_is_found_by_a_word_about_it() {
    let event = |hour, fact| Event {
        subject: Subject::Order(OrderId(1)),
        fact,
        source: "test".into(),
        time: at(hour),
        order_name: None,
    };
    let announced = |key: &str| Fact::ParcelAnnounced {
        parcel: ParcelKey(key.into()),
        fulfilment: "77".into(),
        tracking: Tracking::new(Some(key), Some("UPS"), None),
        shipment: None,
        partner: None,
        country: Some("DE".into()),
    };
    let moved = Fact::ParcelMoved {
        source: "easypost".into(),
        tracking_event: "1".into(),
        status: "in_transit".into(),
        parcel: Some(ParcelRef::Number(ParcelKey("B2".into()))),
        promised: Some("2026-11-27".into()),
    };
    let events = [event(0, announced("A1")), event(1, announced("B2")), event(5, moved)];
    let found = parcel_of(&events[2], &events).unwrap();
    assert_eq!((found.parcel.0.as_str(), found.heard, found.over), ("B2", Some(at(5)), false));
    assert_eq!((found.promised.as_deref(), found.lane.country.as_deref()), (Some("2026-11-27"), Some("DE")));
    let all = parcels(&events);
    assert_eq!(all.iter().map(|parcel| parcel.heard).collect::<Vec<_>>(), [None, Some(at(5))]);
}
