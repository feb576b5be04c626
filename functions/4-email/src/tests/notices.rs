//! SES's own events: every published sample has a decided outcome; the owner hears of mails that failed.

use std::path::PathBuf;

use domain::effect::{EffectKey, MailKind};
use domain::event::Fact;
use domain::handoff::Layer;
use serde_json::{Value, json};

use super::fakes::World;
use super::orders::{announced, parcel, subject};
use crate::incoming::{self, Incoming};
use crate::notices::{self, Notice};

/// `sent`, `failed` or `ignored`.
fn outcome(notice: &Notice) -> &'static str {
    match notice {
        Notice::Sent(_) | Notice::Delivered(_) => "sent",
        Notice::Opened(_) | Notice::Clicked(_) => "looked at",
        Notice::Failed { .. } => "failed",
        Notice::Ignored(_) => "ignored",
    }
}

fn samples() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    std::env::var_os("SAMPLES").map_or_else(beside, PathBuf::from).join("ses")
}

#[test]
fn every_sample_is_decided() {
    let folder = samples();
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no samples in {} (set SAMPLES)", folder.display());
        return;
    };
    let mut seen = 0;
    for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "json"))
    {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let notice = Notice::read(&std::fs::read_to_string(&path).unwrap());
        // EventBridge's envelope never comes through SNS.
        let expected = match name.as_str() {
            name if name.starts_with("eventbridge") => "ignored",
            name if name.contains("send")
                || name.contains("delivery_notification")
                || name.contains("event_delivery.") =>
            {
                "sent"
            }
            name if ["bounce", "complaint", "reject", "rendering"].iter().any(|word| name.contains(word)) => "failed",
            name if name.contains("open") || name.contains("click") => "looked at",
            _ => "ignored",
        };
        assert_eq!(outcome(&notice), expected, "{name}: {notice:?}");
        if let Notice::Sent(about) | Notice::Failed { about, .. } = &notice {
            assert!(!about.message_id.is_empty(), "{name}");
        }
        if let Notice::Failed { why, .. } = &notice {
            assert!(!why.contains('@'), "{name}: {why}");
        }
        seen += 1;
    }
    assert!(seen >= 20, "only {seen} samples");
}

fn record(kind: &str, hash: &str, slug: &str, part: Value) -> String {
    let mut record = json!({"eventType": kind, "mail": {
        "messageId": "m-1", "destination": ["Ada <ada@example.com>"],
        "tags": {"baton-subject": [slug], "baton-effect": [hash], "ses:configuration-set": ["baton-mail"]},
    }});
    if let (Some(all), Value::Object(part)) = (record.as_object_mut(), part) {
        all.extend(part);
    }
    record.to_string()
}

async fn say(world: &World, message: &str) -> &'static str {
    let notice = Notice::read(message);
    notices::take(&world.email(), &notice).await.unwrap();
    outcome(&notice)
}

fn permanent() -> Value {
    json!({"bounce": {"bounceType": "Permanent", "bounceSubType": "General"}})
}

#[tokio::test]
async fn a_bounce_or_a_complaint_is_told_about_the_order_once() {
    let world = World::new();
    let key = world.append(announced()).await;
    world.take(&key).await;
    let hash = EffectKey::Email(MailKind::Shipped(parcel())).hash(&subject());
    let bounce = record("Bounce", &hash, "5412078913", permanent());
    assert_eq!(say(&world, &bounce).await, "failed");
    say(&world, &bounce).await;
    let open = world.open().await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].reason, "The shipped mail was refused: it bounced, the address does not take mail (General).");
    assert_eq!(open[0].layer, Layer::Email);
    assert_eq!(open[0].order_name.as_deref(), Some("#1001"));
    assert_eq!(open[0].event.as_deref(), Some("announced#1Z999AA10123456784"));

    let suppressed = json!({"bounce": {"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}});
    assert_eq!(say(&world, &record("Bounce", &hash, "5412078913", suppressed)).await, "failed");
    assert_eq!(say(&world, &record("Complaint", &hash, "5412078913", json!({"complaint": {}}))).await, "failed");
}

#[tokio::test]
async fn what_passes_by_itself_or_is_none_of_ours_changes_nothing() {
    let world = World::new();
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let hash = EffectKey::Email(MailKind::Confirmation).hash(&subject());
    let transient = json!({"bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}});
    let wanted = json!({"complaint": {"complaintFeedbackType": "not-spam"}});
    for ignored in [
        record("Bounce", &hash, "5412078913", transient),
        record("Complaint", &hash, "5412078913", wanted),
        record("DeliveryDelay", &hash, "5412078913", json!({})),
        "Successfully validated SNS topic for Amazon SES event publishing.".to_owned(),
        "{}".to_owned(),
        "[1]".to_owned(),
        json!({"eventType": "Send"}).to_string(),
    ] {
        assert_eq!(say(&world, &ignored).await, "ignored", "{ignored}");
    }
    // Somebody else's mail, an effect that is not ours, a subject that is none.
    let strange = json!({"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}, "mail": {"messageId": "m-9"}});
    say(&world, &strange.to_string()).await;
    say(&world, &record("Bounce", "ffffffffffffffffffffffff", "5412078913", permanent())).await;
    say(&world, &record("Bounce", &hash, "nothing", permanent())).await;
    say(&world, &record("Send", &hash, "5412078914", json!({}))).await;
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn an_alert_that_bounces_raises_no_alert() {
    let world = World::new();
    let alert = EffectKey::Alert { exception: "5412078913-held-0a1b2c3d".into(), round: 1 };
    let now = world.station.now();
    world.station.ledger.claim(&subject(), &alert, now, world.station.lease).await.unwrap();
    say(&world, &record("Bounce", &alert.hash(&subject()), "5412078913", permanent())).await;
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn both_callers_are_told_apart_and_answered() {
    let world = World::new();
    let key = world.append(Fact::OrderCleared {}).await;
    let message = |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}});
    let good = serde_json::to_string(&key).unwrap();
    let batch = json!({"Records": [message("a", &good), message("b", "not a key")]});
    let answer = incoming::answer(&world.email(), "baton", batch).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "b"}]}));
    assert_eq!(world.mails(), ["confirmation"]);

    let hash = EffectKey::Email(MailKind::Confirmation).hash(&subject());
    let sns = json!({"Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:us-east-1:000000000000:x:y",
        "Sns": {
            "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:000000000000:x", "Subject": null,
            "Message": record("Delivery", &hash, "5412078913", json!({})), "Timestamp": "2026-11-22T03:00:00.000Z",
            "SignatureVersion": "1", "Signature": "x", "SigningCertUrl": "x", "UnsubscribeUrl": "x", "MessageAttributes": {},
        },
    }]});
    assert_eq!(incoming::answer(&world.email(), "baton", sns).await.unwrap(), Value::Null);
    // An empty batch is a call to see whether the function starts.
    assert!(matches!(Incoming::read(json!({"Records": []})), Ok(Incoming::Queue(event)) if event.records.is_empty()));
    assert!(incoming::answer(&world.email(), "baton", json!({"time": "2026-11-22T03:00:00Z"})).await.is_err());
}
