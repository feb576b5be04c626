//! The last true word, by all that is known of an order, in every order of the events.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::event::ParcelRef;
use crate::parcel::{ParcelKey, Tracking};
use crate::subject::{OrderId, Subject};

const HOUR: i64 = 3_600;
/// The customer should hear something so often in these tests.
const PERIOD: i64 = 100;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + hour * HOUR).unwrap()
}

fn subject() -> Subject {
    Subject::Order(OrderId(1))
}

fn event(hour: i64, fact: Fact) -> Event {
    Event { subject: subject(), fact, source: "test".into(), time: at(hour), order_name: None }
}

fn parcel() -> ParcelRef {
    ParcelRef::Number(ParcelKey("A1".into()))
}

fn routed() -> Event {
    event(0, Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None })
}

fn accepted(hour: i64) -> Event {
    event(hour, Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() })
}

fn shipped(hour: i64) -> Event {
    let (partner, partner_order, shipment) = ("printful".into(), "13".into(), "10".into());
    event(hour, Fact::ParcelShipped { partner, partner_order, shipment, reshipment: false, tracking: None })
}

fn announced(hour: i64) -> Event {
    let fact = Fact::ParcelAnnounced {
        parcel: ParcelKey("A1".into()),
        fulfilment: "f-1".into(),
        tracking: Tracking::new(Some("A1"), Some("UPS"), None),
        shipment: None,
        partner: Some("printful".into()),
        country: Some("US".into()),
    };
    event(hour, fact)
}

fn out(hour: i64, id: &str) -> Event {
    let (source, status) = ("easypost".into(), "out_for_delivery".into());
    event(hour, Fact::ParcelOutForDelivery { source, tracking_event: id.into(), status, parcel: parcel() })
}

fn delivered(hour: i64) -> Event {
    event(hour, Fact::ParcelDelivered { source: "easypost".into(), parcel: parcel() })
}

fn waits(hour: i64, since: &str) -> Event {
    event(hour, Fact::CustomerWaits { since: since.into() })
}

fn mail(hour: i64, state: State) -> Effect {
    Effect {
        subject: subject(),
        key: EffectKey::Email(MailKind::Confirmation),
        state,
        attempts: 1,
        lease_until: at(hour),
        doubt_since: None,
        note: BTreeMap::new(),
        updated: at(hour),
    }
}

fn last(ids: &[&str]) -> BTreeSet<EventId> {
    ids.iter().map(|id| EventId((*id).to_owned())).collect()
}

/// Of a clock that was opened when the order was routed; asks about every rotation of the events, and all must agree.
fn of(events: &[Event], effects: &[Effect], last_words: &[&str], hour: i64) -> Silence {
    let mut turned = [&[routed()], events].concat();
    let mut answers = Vec::new();
    for _ in 0..turned.len() {
        turned.rotate_left(1);
        let twice: Vec<Event> = turned.iter().chain(&turned[..1]).rev().cloned().collect();
        for events in [&turned, &twice] {
            answers.push(silence(&routed(), events, effects, &last(last_words), at(hour), PERIOD * HOUR));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "depends on the order of {events:?}: {answers:?}");
    answers.remove(0)
}

fn until(hour: i64) -> Silence {
    Silence::Until(at(hour + PERIOD))
}

fn too_long(since: &str) -> Silence {
    Silence::TooLong { since: EventId(since.into()) }
}

#[test]
fn a_shipment_that_is_found_after_its_arrival_begins_nothing_anew() {
    let found_late = [delivered(5), announced(9), out(10, "1")];
    assert_eq!(of(&found_late, &[], &["delivered#easypost#A1"], 500), Silence::Over);
}

#[test]
fn the_newest_word_counts_and_a_repeat_is_none() {
    let cleared = event(1, Fact::OrderCleared {});
    assert_eq!(of(&[], &[], &[], 50), until(0), "nothing was ever said: from the clock's own event on");
    assert_eq!(of(std::slice::from_ref(&cleared), &[], &[], 50), until(1));
    assert_eq!(of(&[cleared.clone(), accepted(3)], &[], &[], 50), until(3));
    let too_late = [cleared.clone(), shipped(3), accepted(4)];
    assert_eq!(of(&too_late, &[], &[], 50), until(1), "nothing is said of production once it is shipped");
    // The carrier tries twice: one mail.
    let tried = [announced(5), out(7, "1"), out(29, "2")];
    assert_eq!(of(&tried, &[], &[], 50), until(7));
    assert_eq!(of(&[&tried[..], &[waits(30, "out#easypost#1")]].concat(), &[], &[], 50), until(30));
    // A source whose clock runs ahead.
    assert_eq!(of(&[cleared, accepted(900)], &[], &[], 50), until(1));
}

#[test]
fn a_mail_that_went_out_late_counts_from_when_it_went_out() {
    let done = || State::Done { reference: "m-1".into() };
    let found_late = [event(1, Fact::OrderCleared {})];
    assert_eq!(of(&found_late, &[mail(40, done())], &[], 50), until(40));
    assert_eq!(of(&found_late, &[mail(40, State::Refused { reason: "no".into() })], &[], 50), until(1));
    let another = Effect { key: EffectKey::HoldRelease { round: 1 }, ..mail(40, done()) };
    assert_eq!(of(&found_late, &[another], &[], 50), until(1), "which the customer does not hear of");
}

#[test]
fn a_period_after_it_the_silence_is_too_long_and_each_period_has_a_name() {
    let cleared = event(1, Fact::OrderCleared {});
    assert_eq!(of(&[], &[], &[], 100), too_long("routed#printful#1"));
    let said = |more: &[Event]| [std::slice::from_ref(&cleared), more].concat();
    assert_eq!(of(&said(&[]), &[], &[], 100), until(1));
    assert_eq!(of(&said(&[]), &[], &[], 101), too_long("cleared"));
    assert_eq!(of(&said(&[waits(101, "cleared")]), &[], &[], 101), until(101));
    assert_eq!(of(&said(&[waits(101, "cleared")]), &[], &[], 201), too_long("cleared+2"));
    let twice = said(&[waits(101, "cleared"), waits(201, "cleared+2")]);
    assert_eq!(of(&twice, &[], &[], 301), too_long("cleared+3"));
    assert_eq!(of(&[&twice[..], &[accepted(250)]].concat(), &[], &[], 350), too_long("accepted#printful#13"));
}

#[test]
fn it_is_over_with_a_cancellation_and_with_emails_last_word_until_there_is_another() {
    let cancelled = event(9, Fact::OrderCancelled { reason: None });
    assert_eq!(of(&[cancelled], &[], &[], 500), Silence::Over);
    let there = [announced(5), delivered(9)];
    assert_eq!(of(&there, &[], &[], 20), until(9), "a second parcel may be on its way: only the store knows");
    assert_eq!(of(&there, &[], &["delivered#easypost#A1"], 500), Silence::Over);
    // A reshipment begins anew.
    let again = Fact::ParcelAnnounced {
        parcel: ParcelKey("B1".into()),
        fulfilment: "f-2".into(),
        tracking: None,
        shipment: None,
        partner: None,
        country: None,
    };
    let again = [&there[..], &[event(30, again)]].concat();
    assert_eq!(of(&again, &[], &["delivered#easypost#A1"], 50), until(30));
    assert_eq!(of(&again, &[], &["delivered#easypost#A1", "announced#B1"], 500), Silence::Over);
    // A word of a time before it, found later, opens nothing again.
    assert_eq!(of(&there, &[], &["delivered#easypost#A1", "announced#A1"], 500), Silence::Over);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the events arrive, the answer is the same; and no order that is open goes longer than a period without a word.
    #[test]
    fn any_order_of_the_same_events_is_the_same_silence(
        chosen in proptest::sample::subsequence(
            vec![
                event(1, Fact::OrderCleared {}), accepted(3), shipped(4), announced(5), out(7, "1"), out(29, "2"),
                waits(60, "out#easypost#1"), delivered(80), event(85, Fact::OrderCancelled { reason: None }),
            ],
            0..=9,
        ).prop_shuffle(),
        ended in any::<bool>(),
        hour in 0..400_i64,
    ) {
        let mut sorted = chosen.clone();
        sorted.sort_by_key(moment);
        let ends: &[&str] = if ended { &["delivered#easypost#A1"] } else { &[] };
        let ask = |events: &[Event]| silence(&routed(), events, &[], &last(ends), at(hour), PERIOD * HOUR);
        prop_assert_eq!(ask(&sorted), ask(&chosen));
        let over = sorted.iter().any(|event| matches!(event.fact, Fact::OrderCancelled { .. }))
            || ended && sorted.iter().any(|event| matches!(event.fact, Fact::ParcelDelivered { .. }));
        match ask(&sorted) {
            Silence::Over => prop_assert!(over),
            Silence::Until(due) => prop_assert!(!over && due > at(hour) && due <= at(hour + PERIOD)),
            Silence::TooLong { .. } => prop_assert!(!over && hour >= PERIOD),
        }
    }
}
