//! A carrier of which nothing is heard is one alert, whatever the number of its parcels.

use domain::event::{Event, EventKey, Fact, ParcelRef};
use domain::exception::Exception;
use domain::handoff::{Layer, Owed};
use domain::parcel::{ParcelKey, Tracking};
use domain::subject::{OrderId, Subject};

use super::support::*;

const HOUR: i64 = 3_600;

fn about(order: u64, fact: Fact, watch: &Watch) -> Event {
    let (subject, order_name) = (Subject::Order(OrderId(order)), Some(format!("#{order}")));
    Event { subject, fact, source: "shipping".into(), time: watch.station.now(), order_name }
}

/// Appends an event and has every layer take it.
async fn done(watch: &Watch, event: &Event) -> EventKey {
    let key = watch.append(event).await;
    let stored = watch.stored(&key).await;
    watch.station.ledger.acknowledge(&stored, &Layer::ALL.map(Owed::Layer)).await.unwrap();
    key
}

async fn announced(watch: &Watch, order: u64, carrier: &str) {
    let number = format!("1Z{order}");
    let fact = Fact::ParcelAnnounced {
        parcel: ParcelKey(number.clone()),
        fulfilment: format!("f{order}"),
        tracking: Tracking::new(Some(&number), Some(carrier), None),
        shipment: None,
        partner: Some("printful".into()),
        country: Some("US".into()),
    };
    done(watch, &about(order, fact, watch)).await;
}

async fn moves(watch: &Watch, order: u64, id: &str) {
    let fact = Fact::ParcelMoved {
        source: "easypost".into(),
        tracking_event: id.into(),
        status: "in_transit".into(),
        parcel: Some(ParcelRef::Number(ParcelKey(format!("1Z{order}")))),
        promised: None,
    };
    done(watch, &about(order, fact, watch)).await;
}

/// So many hours pass, with a round in each, and the owner is told.
async fn hours(watch: &Watch, hours: i64) {
    for _ in 0..hours {
        watch.station.clock.pass(HOUR);
        watch.now_round().await;
        watch.hears().await;
    }
}

async fn silences(watch: &Watch) -> Vec<Exception> {
    let open = watch.exceptions().await;
    open.into_iter().filter(|exception| exception.what == "carrier-silent").collect()
}

#[tokio::test]
async fn five_hundred_silent_parcels_are_one_alert_with_carrier_and_count() {
    let watch = watch();
    for order in 1000..1500 {
        announced(&watch, order, "UPS").await;
    }
    hours(&watch, 59).await;
    assert_eq!(watch.mail.drain(), []);
    hours(&watch, 14).await;
    let letters = watch.mail.drain();
    assert_eq!(letters.len(), 1, "{:?}", letters.iter().map(|letter| &letter.subject).collect::<Vec<_>>());
    assert!(letters[0].subject.contains("UPS has gone quiet"), "{}", letters[0].subject);
    for words in ["500 parcels", "2026-11-22", "#1000", "#1019", "and 480 more"] {
        assert!(letters[0].text.contains(words), "{words}: {}", letters[0].text);
    }
    assert!(!letters[0].text.contains("#1020"));
    assert_eq!(watch.exceptions().await.len(), 1);
    // Three days more: looked at every day, told no more.
    hours(&watch, 72).await;
    assert_eq!(watch.alerts(), []);
}

#[tokio::test]
async fn one_of_five_hundred_that_moves_is_said_and_changes_nothing() {
    let watch = watch();
    for order in 1000..1500 {
        announced(&watch, order, "UPS").await;
    }
    hours(&watch, 50).await;
    moves(&watch, 1007, "1").await;
    hours(&watch, 30).await;
    let letters = watch.alerts();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("499 parcels"), "{}", letters[0].text);
    assert!(letters[0].text.contains("one other has moved"), "{}", letters[0].text);
}

#[tokio::test]
async fn a_carrier_that_speaks_again_heals_and_what_stays_silent_is_told_by_name() {
    let watch = watch();
    for order in 1..=20 {
        announced(&watch, order, "UPS").await;
    }
    hours(&watch, 73).await;
    assert_eq!((silences(&watch).await.len(), watch.mail.drain().len()), (1, 1));
    for order in 1..=18 {
        moves(&watch, order, "1").await;
    }
    hours(&watch, 7).await;
    assert_eq!(silences(&watch).await, [], "it is heard of again");
    // A day after they were put off, the two are looked at again.
    hours(&watch, 24).await;
    let letters = watch.alerts();
    assert_eq!(letters.len(), 1, "{letters:?}");
    for words in ["#19: The parcel", "#20: The parcel", "1Z19"] {
        assert!(letters[0].text.contains(words), "{words}: {}", letters[0].text);
    }
}

#[tokio::test]
async fn single_parcels_of_a_carrier_that_speaks_are_told_each() {
    let watch = watch();
    for order in 1..=100 {
        announced(&watch, order, "UPS").await;
    }
    announced(&watch, 200, "DHL Express").await;
    hours(&watch, 48).await;
    for order in 8..=100 {
        moves(&watch, order, "1").await;
    }
    hours(&watch, 25).await;
    assert_eq!(silences(&watch).await, []);
    let letters = watch.alerts();
    assert_eq!(letters.len(), 1, "one cause: {letters:?}");
    let named = letters[0].text.lines().filter(|line| line.trim_start().starts_with('#')).count();
    assert_eq!(named, 8, "each by its name: {}", letters[0].text);
}

#[tokio::test]
async fn a_silence_of_parcels_in_transit_is_seen_in_three_days() {
    let watch = watch();
    for order in 1..=30 {
        announced(&watch, order, "dhl_express").await;
    }
    hours(&watch, 20).await;
    for order in 1..=30 {
        moves(&watch, order, "1").await;
    }
    hours(&watch, 72).await;
    let letters = watch.mail.drain();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("30 parcels since 2026-11-22"), "{}", letters[0].text);
}

#[tokio::test]
async fn a_round_done_twice_does_the_same() {
    let watch = watch();
    for order in 1..=10 {
        announced(&watch, order, "UPS").await;
    }
    watch.station.clock.pass(73 * HOUR);
    let first = watch.report().await.unwrap();
    assert_eq!((first.due, first.raised), (10, 1));
    for _ in 0..3 {
        let again = watch.report().await.unwrap();
        assert_eq!((again.due, again.raised, again.closed), (0, 0, 0));
    }
}
