//! One round as of a moment.

use domain::event::{Fact, ParcelRef, PartnerStop};
use domain::handoff::{Layer, Owed, Wait};
use domain::parcel::ParcelKey;
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::support::*;
use crate::Error;
use crate::queues::Line;

fn routed() -> Fact {
    Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None }
}

fn paid() -> Fact {
    Fact::OrderPaid { what: None }
}

fn announced() -> Fact {
    Fact::ParcelAnnounced {
        parcel: ParcelKey("1Z999".into()),
        fulfilment: "77".into(),
        tracking: None,
        shipment: None,
        partner: None,
        country: None,
    }
}

fn moved(id: &str) -> Fact {
    Fact::ParcelMoved {
        source: "printful".into(),
        tracking_event: id.into(),
        status: "in_transit".into(),
        parcel: None,
        promised: None,
    }
}

fn delivered() -> Fact {
    Fact::ParcelDelivered { source: "shopify".into(), parcel: ParcelRef::Fulfilment("77".into()) }
}

/// The wait, the fact that opens it, and a fact that settles it. The customer's silence is no exception: `quiet` has its tests.
fn waits() -> Vec<(Wait, Fact, Fact)> {
    let stopped = Fact::PartnerStopped {
        partner: "printful".into(),
        partner_order: "13".into(),
        how: PartnerStop::OnHold,
        reason: None,
        at: "1".into(),
    };
    let shipped = Fact::ParcelShipped {
        partner: "printful".into(),
        partner_order: "13".into(),
        shipment: "10".into(),
        reshipment: false,
        tracking: None,
    };
    vec![
        (Wait::PaymentArrives, Fact::OrderCreated {}, Fact::OrderPaid { what: None }),
        (Wait::RiskVerdict, paid(), Fact::OrderCleared {}),
        (Wait::PartnerAccepts, routed(), stopped),
        (Wait::PartnerShips, routed(), shipped),
        (Wait::FirstScan, announced(), moved("1")),
        (Wait::TrackingAlive, moved("1"), moved("2")),
        (Wait::Delivered, announced(), delivered()),
        (
            Wait::HeldOrder,
            Fact::OrderHeld { reason: "high risk".into(), round: 1, causes: vec![] },
            Fact::OrderCancelled { reason: None },
        ),
    ]
}

/// Only this wait is owed: the rest of what the event owes is somebody else's test.
async fn owes_only(watch: &Watch, fact: Fact, wait: Wait) -> domain::event::EventKey {
    let key = watch.happens(fact).await;
    let stored = watch.stored(&key).await;
    if wait == Wait::RiskVerdict {
        // Capture opens it where the verdict is missing.
        let due = watch.station.deadlines.due(Owed::Wait(wait), watch.station.now());
        watch.station.ledger.open_wait(&stored, wait, due).await.unwrap();
    }
    let others: Vec<Owed> = stored.owes.keys().copied().filter(|owed| *owed != Owed::Wait(wait)).collect();
    watch.station.ledger.acknowledge(&stored, &others).await.unwrap();
    key
}

#[tokio::test]
async fn each_wait_that_is_late_is_told_one_minute_past_its_deadline() {
    let mut told = Vec::new();
    for (wait, opens, _) in waits() {
        let watch = watch();
        owes_only(&watch, opens, wait).await;
        let due = watch.station.deadlines.due(Owed::Wait(wait), start());
        watch.station.clock.set(due);
        watch.station.clock.pass(-1);
        watch.now_round().await;
        assert_eq!(watch.exceptions().await, [], "{wait:?} before its deadline");
        watch.station.clock.pass(61);
        watch.now_round().await;
        watch.hears().await;
        let letters = watch.alerts();
        assert_eq!(letters.len(), 1, "{wait:?}");
        told.push(format!("{wait:?}: {}\n  next: {}", letters[0].subject, watch.only_exception().await.next_step));
        // Told once, and never again for this.
        for _ in 0..3 {
            watch.station.clock.pass(86_400);
            watch.now_round().await;
            watch.hears().await;
        }
        assert_eq!(watch.alerts(), [], "{wait:?}");
        assert!(watch.only_exception().await.told);
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn what_settled_in_between_is_struck_off_silently() {
    for (wait, opens, settles) in waits() {
        let watch = watch();
        let key = owes_only(&watch, opens, wait).await;
        watch.station.clock.pass(60);
        let settling = watch.happens(settles).await;
        let stored = watch.stored(&settling).await;
        let all: Vec<Owed> = stored.owes.keys().copied().collect();
        watch.station.ledger.acknowledge(&stored, &all).await.unwrap();
        watch.station.clock.set(watch.station.deadlines.due(Owed::Wait(wait), start()));
        watch.station.clock.pass(60);
        let report = watch.report().await.unwrap();
        assert_eq!((report.struck_off, report.raised), (1, 0), "{wait:?}");
        assert!(watch.stored(&key).await.owes.is_empty(), "{wait:?}");
        watch.hears().await;
        assert_eq!(watch.mail.drain(), [], "{wait:?}");
    }
}

#[tokio::test]
async fn what_settles_late_closes_its_exception() {
    for (wait, opens, settles) in waits() {
        let watch = watch();
        owes_only(&watch, opens, wait).await;
        watch.station.clock.set(watch.station.deadlines.due(Owed::Wait(wait), start()));
        watch.now_round().await;
        assert_eq!(watch.exceptions().await.len(), 1, "{wait:?}");
        watch.station.clock.pass(3_600);
        let settling = watch.happens(settles).await;
        let stored = watch.stored(&settling).await;
        let all: Vec<Owed> = stored.owes.keys().copied().collect();
        watch.station.ledger.acknowledge(&stored, &all).await.unwrap();
        assert_eq!(watch.report().await.unwrap().closed, 1, "{wait:?}");
        assert_eq!(watch.exceptions().await, [], "{wait:?}");
    }
}

#[tokio::test]
async fn an_event_that_was_never_taken_is_sent_again_and_told() {
    let watch = watch();
    let key = watch.happens(Fact::OrderCleared {}).await;
    watch.station.clock.pass(299);
    watch.now_round().await;
    assert_eq!(watch.station.queue.drain(), []);
    watch.station.clock.pass(61);
    let report = watch.report().await.unwrap();
    assert_eq!((report.sent_again, report.raised), (2, 2));
    let sent = watch.station.queue.drain();
    assert_eq!(sent, [(Layer::Routing, "event#cleared".into(), 0), (Layer::Email, "event#cleared".into(), 0)]);
    watch.hears().await;
    let mut subjects = watch.subjects();
    subjects.sort();
    insta::assert_snapshot!(subjects.join("\n"));

    // The layers finish it after all: what routing left open is closed by the layer itself, the watchdog sees to the rest.
    let stored = watch.stored(&key).await;
    assert!(stored.flagged);
    watch.station.ledger.acknowledge(&stored, &[Owed::Layer(Layer::Routing), Owed::Layer(Layer::Email)]).await.unwrap();
    assert_eq!(watch.report().await.unwrap().closed, 2);
    assert_eq!(watch.exceptions().await, []);
}

#[tokio::test]
async fn a_paused_layers_orders_wait_and_nothing_is_said() {
    let watch = watch();
    watch.station.ledger.pause(&watch.station.store, Layer::Capture, watch.station.now()).await.unwrap();
    let key = watch.happens(paid()).await;
    for _ in 0..5 {
        watch.station.clock.pass(3_600);
        assert_eq!(watch.report().await.unwrap().raised, 0);
    }
    assert_eq!((watch.station.queue.drain(), watch.exceptions().await), (vec![], vec![]));
    assert!(watch.stored(&key).await.owed_by(Layer::Capture));
}

#[tokio::test]
async fn an_outage_is_told_once_and_heals_by_itself() {
    let watch = watch();
    let key = watch.happens(Fact::OrderCleared {}).await;
    let stored = watch.stored(&key).await;
    watch.station.ledger.acknowledge(&stored, &[Owed::Layer(Layer::Email)]).await.unwrap();
    for minute in 0..60 {
        let reason = WaitReason::Outage { provider: "printful".into(), why: "connection refused".into() };
        let until = watch.station.now().checked_add(SignedDuration::from_secs(60)).unwrap();
        let wait = LayerWait { since: start(), until, reason };
        let stored = watch.stored(&key).await;
        watch.station.ledger.layer_waits(&stored, Layer::Routing, &wait, until).await.unwrap();
        assert_eq!(watch.now_round().await["sent_again"], 0, "minute {minute}");
        watch.hears().await;
        watch.station.clock.pass(60);
    }
    assert_eq!(watch.subjects(), ["Baton: #1001 needs you: printful cannot be reached: connection refused (routing)"]);
    assert_eq!(watch.station.queue.drain(), [], "the layer comes back by itself");
    // The provider is back and routing finishes: a layer closes what it left open.
    let stored = watch.stored(&key).await;
    watch.station.ledger.acknowledge(&stored, &[Owed::Layer(Layer::Routing)]).await.unwrap();
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
}

#[tokio::test]
async fn thirty_days_without_orders_are_silent() {
    let watch = watch();
    watch.station.clock.pass(30 * 86_400);
    assert_eq!(watch.report().await.unwrap(), Default::default());
    let far = at("2030-01-01T00:00:00Z");
    let answer = watch.round_as_of(far).await;
    assert_eq!(answer["due"], 0);
    assert_eq!(watch.subjects(), ["Baton: test alert, please answer"], "years later");
    assert_eq!(watch.station.queue.drain(), []);
    let of_channels = |sk: &str| sk.starts_with("bookmark#") || sk.starts_with("effect#canary#");
    let rows = watch.station.ledger.table().rows();
    assert!(rows.iter().all(|row| of_channels(row.key().1)), "{rows:?}");
}

#[tokio::test]
async fn a_round_as_of_the_future_tells_at_once() {
    let watch = watch();
    owes_only(&watch, routed(), Wait::PartnerAccepts).await;
    watch.round_as_of(at("2026-11-23T02:14:00Z")).await;
    assert_eq!(watch.subjects().len(), 1);
    watch.hears().await;
    assert_eq!(watch.subjects(), [""; 0], "the relay's copy finds it told");
}

#[tokio::test]
async fn one_part_that_fails_leaves_the_others_their_turn() {
    let watch = watch();
    owes_only(&watch, routed(), Wait::PartnerAccepts).await;
    watch.station.clock.pass(2 * 86_400);
    *watch.queues.broken.lock().unwrap() = true;
    let error = watch.report().await.unwrap_err();
    assert!(matches!(error, Error::Queues(_)), "{error}");
    assert_eq!(watch.exceptions().await.len(), 1);
}

#[tokio::test]
async fn a_round_ends_in_time_and_the_next_one_goes_on() {
    let watch = watch();
    watch.happens(Fact::OrderCleared {}).await;
    watch.station.clock.pass(600);
    let now = watch.station.now();
    let report = watch.round(now, now).await.unwrap();
    assert_eq!(report.due, 0, "no time at all was left");
    assert_eq!(watch.report().await.unwrap().due, 1);
}

#[tokio::test]
async fn the_oldest_event_that_nobody_takes_is_counted() {
    let watch = watch();
    watch.happens(Fact::OrderCleared {}).await;
    watch.station.clock.pass(300);
    let mut ages = Vec::new();
    for _ in 0..5 {
        let mut round = crate::round::Round::new(watch.station.now(), watch.station.now(), jiff::Timestamp::MAX);
        watch.report().await.unwrap();
        watch.review(&mut round).await.unwrap();
        ages.push(round.totals.oldest_unconsumed.unwrap());
        watch.station.clock.pass(200);
    }
    assert_eq!(ages, [300, 500, 700, 900, 1100]);
}

#[tokio::test]
async fn the_line_before_a_partner_is_as_long_as_the_next_order_would_wait() {
    let watch = watch();
    let (ledger, store) = (&watch.station.ledger, &watch.station.store);
    let now = watch.station.now();
    let mut round = crate::round::Round::new(now, now, jiff::Timestamp::MAX);
    watch.measure_the_lines(&mut round).await.unwrap();
    assert_eq!(round.totals.partner_line, Some(0));
    // The partner answers nobody for a minute; then ten orders of twenty calls come, at nine tenths of the limit.
    let rate = ledger::Rate { calls: 667, per: jiff::SignedDuration::from_secs(60) };
    let until = now.checked_add(jiff::SignedDuration::from_secs(60)).unwrap();
    ledger.press(store, "printful", until, now).await.unwrap();
    for _ in 0..10 {
        let ask = ledger::Ask { calls: 20, weight: 0, has_slot: false };
        assert!(matches!(ledger.turn(store, "printful", rate, ask, now).await.unwrap(), ledger::Turn::At(_)));
    }
    watch.measure_the_lines(&mut round).await.unwrap();
    // 60 s, and ten times twenty calls of 99 ms.
    assert_eq!(round.totals.partner_line, Some(79));
    watch.station.clock.pass(100);
    let mut later = crate::round::Round::new(watch.station.now(), now, jiff::Timestamp::MAX);
    watch.measure_the_lines(&mut later).await.unwrap();
    assert_eq!(later.totals.partner_line, Some(0), "who comes now goes now");
}

#[tokio::test]
async fn dead_letters_are_not_sent_again_and_again() {
    let watch = watch();
    let key = watch.happens(Fact::OrderCancelled { reason: None }).await;
    let body = json!({ "pk": key.subject.to_string(), "sk": "event#cancelled" });
    watch.queues.put(Line::Dead(Layer::Routing), "1", body);
    watch.station.clock.pass(3_600);
    watch.now_round().await;
    assert_eq!(watch.station.queue.drain(), []);
    assert_eq!(watch.only_exception().await.what, "dead-letter");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After a round as of any moment nothing is due at that moment: everything is struck off or postponed to later.
    #[test]
    fn a_round_leaves_nothing_due(
        facts in proptest::collection::vec((0..waits().len(), any::<bool>(), 0..864_000_i64), 1..12),
        outages in proptest::collection::vec((0..5_usize, any::<bool>(), 0..2_000_i64), 0..6),
        paused in proptest::collection::vec(0..5_usize, 0..3),
        after in 0..2_000_000_i64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let watch = watch();
            for layer in paused {
                watch.station.ledger.pause(&watch.station.store, Layer::ALL[layer], watch.station.now()).await.unwrap();
            }
            for (at, (which, settles, offset)) in facts.into_iter().enumerate() {
                let (_, opens, settle) = waits().remove(which);
                watch.station.clock.set(start());
                watch.station.clock.pass(offset);
                let mut event = event(if settles { settle } else { opens }, watch.station.now());
                if at % 2 == 0 {
                    event.subject = domain::subject::Subject::Order(domain::subject::OrderId(ORDER + at as u64));
                }
                watch.station.append_event(&event, None).await.unwrap();
                let stored = watch.stored(&event.key()).await;
                for (layer, outage, until) in &outages {
                    let reason = if *outage {
                        WaitReason::Outage { provider: "printful".into(), why: "down".into() }
                    } else {
                        WaitReason::Pace("rate".into())
                    };
                    let until = watch.station.now().checked_add(SignedDuration::from_secs(*until)).unwrap();
                    let wait = LayerWait { since: watch.station.now(), until, reason };
                    watch.station.ledger.layer_waits(&stored, Layer::ALL[*layer], &wait, until).await.unwrap();
                }
            }
            watch.station.clock.set(start());
            watch.station.clock.pass(after);
            let report = watch.report().await.unwrap();
            assert_eq!(report.failed, 0);
            assert_eq!(watch.overdue(), [""; 0]);
            // And the same round again does nothing.
            let again = watch.report().await.unwrap();
            assert_eq!((again.due, again.sent_again, again.raised), (0, 0, 0));
        });
    }
}
