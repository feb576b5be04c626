//! The customer's silence, and parcels in trouble.

use domain::event::{Fact, ParcelRef};
use domain::handoff::{Layer, Owed, Wait};
use domain::parcel::{ParcelKey, Progress, Tracking};

use super::support::*;

const DAY: i64 = 86_400;

/// Ids of the facts that a customer waits, oldest first.
async fn waits(watch: &Watch) -> Vec<String> {
    let journey = watch.journey().await;
    let waits = |fact: &Fact| matches!(fact, Fact::CustomerWaits { .. });
    journey.events.iter().filter(|event| waits(&event.fact)).map(|event| event.fact.id().0).collect()
}

/// Everything that layers owe is taken; longer waits stay.
async fn layers_are_done(watch: &Watch) {
    let journey = watch.station.ledger.journey(&order()).await.unwrap();
    for event in journey.events {
        let stored = watch.stored(&event.key()).await;
        watch.station.ledger.acknowledge(&stored, &Layer::ALL.map(Owed::Layer)).await.unwrap();
    }
}

fn with_deadlines(deadlines: &domain::handoff::Deadlines) -> Watch {
    let mut watch = watch();
    watch.station.deadlines = deadlines.clone();
    watch
}

/// Hours pass, with a round in each; layers take what is theirs.
async fn days(watch: &Watch, days: i64) {
    days_and_hours(watch, days, 0).await;
}

async fn days_and_hours(watch: &Watch, days: i64, hours: i64) {
    for _ in 0..days * 24 + hours {
        watch.station.clock.pass(3_600);
        watch.now_round().await;
        layers_are_done(watch).await;
    }
}

fn announced(number: &str) -> Fact {
    Fact::ParcelAnnounced {
        parcel: ParcelKey(number.into()),
        fulfilment: "77".into(),
        tracking: Tracking::new(Some(number), Some("UPS"), None),
        shipment: None,
        partner: None,
        country: None,
    }
}

fn troubled(id: &str, progress: Progress, status: &str) -> Fact {
    let parcel = ParcelRef::Number(ParcelKey("1Z999".into()));
    let (source, tracking_event, status) = ("easypost".into(), id.into(), status.into());
    Fact::ParcelTroubled { source, tracking_event, status, progress, parcel }
}

fn routed() -> Fact {
    Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None }
}

#[tokio::test]
async fn an_order_that_stands_still_is_a_fact_once_a_period_from_its_last_word_on() {
    let watch = watch();
    watch.happens(Fact::OrderCleared {}).await;
    watch.happens(routed()).await;
    let settled = Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() };
    layers_are_done(&watch).await;
    watch.station.clock.pass(3_600);
    watch.happens(settled).await;
    let parcel = Fact::ParcelShipped {
        partner: "printful".into(),
        partner_order: "13".into(),
        shipment: "10".into(),
        reshipment: false,
        tracking: None,
    };
    watch.happens(parcel).await;
    layers_are_done(&watch).await;
    days(&watch, 30).await;
    let began = "waits#accepted#printful#13";
    assert_eq!(waits(&watch).await, [began.into(), format!("{began}+2"), format!("{began}+3"), format!("{began}+4")]);
    let exceptions = watch.of_orders().await;
    assert_eq!(exceptions, [], "email answers; the owner is not bothered: {exceptions:?}");
}

#[tokio::test]
async fn the_owners_days_count_for_a_country_once_it_is_known() {
    let deadlines = serde_json::from_str(
        r#"{"for": [{"country": "DE", "customer_informed": 172800}, {"country": "BR", "customer_informed": 864000}]}"#,
    )
    .unwrap();
    for (country, days_of_silence) in [("DE", 2), ("US", 7), ("BR", 10)] {
        let watch = with_deadlines(&deadlines);
        let began = watch.station.now();
        watch.happens(routed()).await;
        let Fact::ParcelAnnounced { parcel, tracking, .. } = announced(country) else { unreachable!() };
        let fact = Fact::ParcelAnnounced {
            parcel,
            tracking,
            fulfilment: country.into(),
            shipment: None,
            partner: None,
            country: Some(country.into()),
        };
        watch.happens(fact).await;
        layers_are_done(&watch).await;
        let waits = async || waits(&watch).await.iter().filter(|id| id.contains(country)).count();
        // The rounds are an hour apart.
        days_and_hours(&watch, days_of_silence, -1).await;
        assert_eq!(waits().await, 0, "{country}");
        days_and_hours(&watch, 0, 3).await;
        assert_eq!(waits().await, 1, "{country}: {}", watch.station.now().duration_since(began));
    }
}

#[tokio::test]
async fn a_wait_that_was_looked_at_early_is_put_off_to_its_own_day() {
    let mut watch = watch();
    watch.station.deadlines =
        serde_json::from_str(r#"{"for": [{"carrier": "DHL Express", "tracking_alive": 86400}]}"#).unwrap();
    watch.happens(announced("1Z999")).await;
    watch.station.clock.pass(60);
    let key = watch.happens(troubled("1", Progress::HeldAtCustoms, "customs")).await;
    layers_are_done(&watch).await;
    let due = |stored: ledger::Stored| stored.owes.get(&Owed::Wait(Wait::TrackingAlive)).copied();
    let first = due(watch.stored(&key).await).unwrap();
    assert_eq!(first.duration_since(watch.station.now()).as_secs(), DAY, "the shortest there is");
    let scanned = watch.station.now();
    days(&watch, 2).await;
    let then = due(watch.stored(&key).await).unwrap();
    assert_eq!(then.duration_since(scanned).as_secs(), 7 * DAY, "UPS has the seven days of all");
    days(&watch, 6).await;
    let late = watch.only_exception().await;
    assert_eq!((late.what.as_str(), due(watch.stored(&key).await)), ("late-tracking", None));
    assert_eq!(late.reason, "The parcel 1Z999 is held at customs, and nothing has happened since.");
}

#[tokio::test]
async fn a_cancelled_order_and_a_paused_mail_layer_say_nothing() {
    let watch = watch();
    watch.happens(Fact::OrderHeld { reason: "high risk".into(), round: 1, causes: vec![] }).await;
    layers_are_done(&watch).await;
    let held = watch.journey().await.events[0].key();
    watch.station.ledger.acknowledge(&watch.stored(&held).await, &[Owed::Wait(Wait::HeldOrder)]).await.unwrap();
    watch.station.ledger.pause(&watch.station.store, Layer::Email, watch.station.now()).await.unwrap();
    days(&watch, 20).await;
    assert_eq!(waits(&watch).await, [""; 0], "one when it goes on, not one for each week of the pause");
    watch.happens(Fact::OrderCancelled { reason: None }).await;
    layers_are_done(&watch).await;
    days(&watch, 10).await;
    assert_eq!((waits(&watch).await, watch.of_orders().await), (vec![], vec![]));
}

#[tokio::test]
async fn a_lost_parcel_wakes_the_owner_at_once_and_one_that_arrives_closes_it() {
    for (progress, status, wakes) in [
        (Progress::Lost, "lost", true),
        (Progress::Problem, "failure", true),
        (Progress::AttemptFailed, "failed_attempt", false),
        (Progress::ReadyForPickup, "available_for_pickup", false),
        (Progress::HeldAtCustoms, "customs", false),
    ] {
        let watch = watch();
        watch.happens(announced("1Z999")).await;
        watch.station.clock.pass(60);
        let key = watch.happens(troubled("1", progress, status)).await;
        watch.takes(&key).await;
        layers_are_done(&watch).await;
        watch.hears().await;
        let subjects = watch.subjects();
        assert_eq!(subjects.len(), usize::from(wakes), "{progress:?}: {subjects:?}");
        if wakes {
            let open = watch.only_exception().await;
            assert!(open.reason.contains("1Z999") && open.reason.contains(status), "{}", open.reason);
        }
        watch.station.clock.pass(DAY);
        let parcel = ParcelRef::Number(ParcelKey("1Z999".into()));
        watch.happens(Fact::ParcelDelivered { source: "easypost".into(), parcel }).await;
        layers_are_done(&watch).await;
        watch.now_round().await;
        assert_eq!(watch.exceptions().await, [], "{progress:?}: it came after all");
    }
}

#[tokio::test]
async fn a_broken_promise_is_told_with_its_day_a_day_later() {
    let watch = watch();
    watch.happens(announced("1Z999")).await;
    watch.station.clock.pass(60);
    watch
        .happens(Fact::ParcelMoved {
            source: "easypost".into(),
            tracking_event: "1".into(),
            status: "in_transit".into(),
            parcel: Some(ParcelRef::Number(ParcelKey("1Z999".into()))),
            promised: Some("2026-11-25".into()),
        })
        .await;
    layers_are_done(&watch).await;
    watch.station.clock.set(at("2026-11-26T23:59:00Z"));
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
    watch.station.clock.pass(120);
    watch.now_round().await;
    let late = watch.only_exception().await;
    assert_eq!(late.what, "late-delivered");
    assert_eq!(late.reason, "The parcel 1Z999 has not arrived by 2026-11-25, the day that its carrier promised.");
    // Once, and the label's own three weeks add nothing to it.
    days(&watch, 25).await;
    let what: Vec<String> = watch.exceptions().await.into_iter().map(|open| open.what).collect();
    assert_eq!(what.iter().filter(|what| *what == "late-delivered").count(), 1, "{what:?}");
}
