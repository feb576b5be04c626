//! What the stream tells: tried once, waited for a moment where that is enough, and otherwise left to the watchdog.

use std::sync::atomic::Ordering;

use domain::event::{Event, Fact};
use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Owed};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::{SignedDuration, Timestamp};
use ledger::{Claim, Payload, Table};
use serde_json::{Value, json};

use super::support::*;
use crate::queues::Line;

/// A watch that gathers as a live store does, and whose clock goes on while it rests.
fn patient() -> Watch {
    let mut watch = watch();
    watch.alerts.gather = SignedDuration::from_secs(15);
    watch.alerts.storm = SignedDuration::from_secs(60);
    watch.station.clock.rests.store(true, Ordering::Relaxed);
    watch
}

async fn raised(watch: &Watch, n: u64, partner: &str) -> (String, String) {
    let what = What::PartnerRefused { partner: partner.into(), why: "the account is closed".into() };
    let exception = Exception::raise(&Subject::Order(OrderId(n)), &what, "cleared", watch.station.now());
    let exception = Exception { order_name: Some(format!("#{n}")), ..exception };
    assert!(watch.station.ledger.raise(&exception).await.unwrap());
    (exception.subject.to_string(), format!("exception#{}", exception.id))
}

async fn untold(watch: &Watch) -> usize {
    watch.exceptions().await.iter().filter(|exception| !exception.told).count()
}

#[tokio::test]
async fn one_batch_gathers_for_a_moment_and_tells_each_cause_once() {
    let watch = patient();
    let mut keys = Vec::new();
    for n in 1..=5 {
        keys.push(raised(&watch, n, "printful").await);
    }
    keys.push(raised(&watch, 6, "gelato").await);
    watch.hears_of(&keys).await;
    let mut subjects = watch.subjects();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "Baton: #6 needs you: gelato refused the order: the account is closed (routing)",
            "Baton: 5 orders need you: printful refused the order: the account is closed (routing)",
        ]
    );
    assert_eq!((untold(&watch).await, watch.station.now().duration_since(start()).as_secs()), (0, 15));
    // The batch comes again, and nobody is told again.
    watch.hears_of(&keys).await;
    assert_eq!(watch.subjects().len(), 0);
}

/// What comes in the quiet after an alert is not waited for: the watchdog tells it once the quiet is over.
#[tokio::test]
async fn what_takes_longer_than_a_moment_is_left_to_the_watchdog() {
    let watch = patient();
    let first = [raised(&watch, 1, "printful").await, raised(&watch, 2, "printful").await];
    watch.hears_of(&first).await;
    assert_eq!(watch.subjects().len(), 1);
    let third = raised(&watch, 3, "printful").await;
    let before = watch.station.now();
    watch.hears_of(&[third]).await;
    assert_eq!((watch.subjects().len(), untold(&watch).await, watch.station.now()), (0, 1, before));
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!((watch.subjects().len(), untold(&watch).await), (1, 0));
}

#[tokio::test]
async fn a_channel_that_is_down_keeps_nobody_waiting_and_nothing_is_lost() {
    let watch = patient();
    let key = raised(&watch, 1, "printful").await;
    watch.station.clock.pass(15);
    watch.mail.next(Trouble::Unavailable { why: "no connection".into() });
    let before = watch.station.now();
    watch.hears_of(&[key]).await;
    assert_eq!((watch.subjects().len(), untold(&watch).await, watch.station.now()), (0, 1, before));
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!((watch.subjects().len(), untold(&watch).await), (1, 0));
}

/// Lambda stops the function at its deadline: what it would not come to is left before that.
#[tokio::test]
async fn a_batch_ends_before_its_deadline() {
    let watch = patient();
    let keys = [raised(&watch, 1, "printful").await, raised(&watch, 2, "gelato").await];
    let soon = watch.station.now().checked_add(SignedDuration::from_secs(10)).unwrap();
    assert_eq!(watch.handle(written(&keys), soon).await.unwrap(), Value::Null);
    assert_eq!((untold(&watch).await, watch.subjects().len()), (2, 0));
    assert!(watch.station.now() < soon);
    // A batch that begins at its deadline does nothing at all.
    let key = watch.happens(Fact::AppUninstalled { at: "1".into() }).await;
    let now = watch.station.now();
    let batch = written(&[(key.subject.to_string(), format!("event#{}", key.id))]);
    watch.handle(batch, now).await.unwrap();
    assert!(watch.stored(&key).await.owed_by(Layer::Monitoring));
}

#[tokio::test]
async fn an_event_that_the_stream_never_told_is_taken_by_the_round_that_finds_it_late() {
    let watch = watch();
    let key = watch.happens(Fact::AppUninstalled { at: "1".into() }).await;
    watch.station.clock.pass(299);
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
    watch.station.clock.pass(1);
    watch.now_round().await;
    assert!(!watch.stored(&key).await.owed_by(Layer::Monitoring));
    assert_eq!(watch.only_exception().await.what, "app-uninstalled");
    let all = watch.journey().await.exceptions;
    let late = all.iter().find(|exception| exception.what == "not-taken").unwrap();
    assert!(late.state == Life::Resolved && late.healed.is_some(), "{late:?}");
    assert_eq!(watch.station.queue.drain(), [], "no queue leads here");
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert!(watch.only_exception().await.told);
}

/// A shop's bodies take longer than one call: it says so, and the next round goes on.
#[tokio::test]
async fn what_is_not_finished_goes_on_in_the_next_round_and_is_no_news() {
    let watch = watch();
    let redact = store_event(Fact::ShopRedacted { shop: "example-prints.myshopify.com".into() });
    let payload = Payload { body: b"{}", expires: at("2027-05-01T00:00:00Z") };
    watch.station.append_event(&redact, Some(payload)).await.unwrap();
    // Somebody else is at it, and dies.
    let key = domain::effect::EffectKey::Other("forget#everything".into());
    let (ledger, lease) = (&watch.station.ledger, SignedDuration::from_secs(45));
    let claim = ledger.claim(&redact.subject, &key, watch.station.now(), lease).await.unwrap();
    assert!(matches!(claim, Claim::Ours(_)));
    watch.takes(&redact.key()).await;
    let stored = watch.stored(&redact.key()).await;
    let until = stored.owes[&Owed::Layer(Layer::Monitoring)];
    assert_eq!(until.duration_since(watch.station.now()).as_secs(), 45, "due when its time has come, and no later");
    assert_eq!(watch.station.queue.drain(), []);
    watch.station.clock.pass(44);
    watch.now_round().await;
    assert!(watch.stored(&redact.key()).await.owed_by(Layer::Monitoring));
    watch.station.clock.pass(1);
    watch.now_round().await;
    assert!(!watch.stored(&redact.key()).await.owed_by(Layer::Monitoring));
    assert_eq!(watch.exceptions().await, [], "waiting is not failing");
}

#[tokio::test]
async fn a_paused_monitoring_tells_nothing_and_loses_nothing() {
    let watch = watch();
    let (ledger, store) = (&watch.station.ledger, &watch.station.store);
    ledger.pause(store, Layer::Monitoring, watch.station.now()).await.unwrap();
    let key = watch.happens(Fact::AppUninstalled { at: "1".into() }).await;
    raised(&watch, 1, "printful").await;
    watch.handle(alarm("2026-11-22T02:13:00Z"), Timestamp::MAX).await.unwrap();
    for _ in 0..12 {
        watch.station.clock.pass(60);
        watch.now_round().await;
    }
    assert_eq!((watch.alerts().len(), untold(&watch).await), (0, 2));
    assert!(watch.stored(&key).await.owed_by(Layer::Monitoring));
    ledger.table().delete(&store.to_string(), "pause#monitoring").await.unwrap();
    for _ in 0..7 {
        watch.station.clock.pass(60);
        watch.now_round().await;
    }
    assert_eq!((watch.alerts().len(), untold(&watch).await), (3, 0));
}

fn alarm(changed: &str) -> Value {
    let message = json!({ "AlarmName": "baton-relay-behind", "NewStateValue": "ALARM", "StateChangeTime": changed });
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "MessageId": "1", "Message": message.to_string() } }] })
}

/// Lambda puts aside what failed each time; the envelope is AWS's own, as recorded.
#[tokio::test]
async fn an_alarm_that_could_not_be_heard_is_heard_from_the_dead_letters_and_a_round_is_over() {
    let Some(samples) = std::env::var_os("SAMPLES") else {
        eprintln!("skipped: SAMPLES is not set");
        return;
    };
    let path = std::path::Path::new(&samples).join("aws/recorded_async_invoke_on_failure_retries.json");
    let recorded: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut envelope = recorded["Messages"][0]["Body"].clone();
    let watch = watch();
    let dead = Line::Dead(Layer::Monitoring);
    for (id, payload) in [
        ("1", alarm("2026-11-22T02:13:00Z")),
        ("2", alarm("2026-11-22T02:13:00Z")),
        ("3", json!({ "detail-type": "Scheduled Event", "time": "2026-11-22T02:12:00Z" })),
    ] {
        envelope["requestPayload"] = payload;
        watch.queues.put(dead, id, &envelope);
    }
    let mut round = crate::round::Round::new(watch.station.now(), watch.station.now(), Timestamp::MAX);
    watch.take_stock(&mut round).await.unwrap();
    assert_eq!((watch.queues.count(dead), round.totals.dead_letters), (0, Some(0)), "nothing is stuck");
    assert_eq!(watch.only_exception().await.what, "alarm");
    assert_eq!(watch.alerts().len(), 1);
}

/// An order's own event beside a broken one: each for itself.
#[tokio::test]
async fn many_events_in_one_batch_are_each_taken() {
    let watch = watch();
    let mut keys = Vec::new();
    for n in 1..=3 {
        let fact =
            Fact::ParcelReturned { source: "printful".into(), tracking_event: "1".into(), reason: None, parcel: None };
        let event = Event { subject: Subject::Order(OrderId(n)), ..event(fact, start()) };
        let key = watch.append(&event).await;
        keys.push((key.subject.to_string(), format!("event#{}", key.id)));
    }
    watch.hears_of(&keys).await;
    assert_eq!(watch.exceptions().await.len(), 3);
}
