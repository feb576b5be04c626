//! CloudWatch's alarms.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::support::*;
use crate::alarms::Change;
use crate::incoming::{Incoming, read};

fn sns(message: &Value) -> Value {
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "MessageId": "1", "Message": message.to_string() } }] })
}

fn alarm(name: &str, state: &str, time: &str) -> Value {
    sns(&json!({
        "AlarmName": name,
        "AlarmDescription": "The watchdog has not finished a round. Next: read the newest errors.",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": time,
        "Region": "US East (N. Virginia)",
    }))
}

async fn hears(watch: &Watch, event: Value) {
    assert_eq!(watch.handle(event, Timestamp::MAX).await.unwrap(), Value::Null);
}

const ON: &str = "2026-11-22T02:13:00.123+0000";
const ON_AGAIN: &str = "2026-11-22T03:13:00.123+0000";

#[tokio::test]
async fn an_alarm_is_told_at_once_and_once_and_closed_when_it_goes_off() {
    let watch = watch();
    for _ in 0..2 {
        hears(&watch, alarm("baton-watchdog-silent", "ALARM", ON)).await;
        watch.hears().await;
    }
    hears(&watch, alarm("baton-watchdog-silent-too", "ALARM", ON)).await;
    assert_eq!(
        watch.subjects(),
        [
            "Baton: your store needs you: The alarm baton-watchdog-silent is on (monitoring)",
            "Baton: your store needs you: The alarm baton-watchdog-silent-too is on (monitoring)",
        ]
    );
    hears(&watch, alarm("baton-watchdog-silent", "INSUFFICIENT_DATA", ON_AGAIN)).await;
    assert_eq!(watch.exceptions().await.len(), 2);
    hears(&watch, alarm("baton-watchdog-silent", "OK", ON_AGAIN)).await;
    assert!(watch.only_exception().await.reason.starts_with("The alarm baton-watchdog-silent-too is on."));
    // The old news once more, and then new ones.
    hears(&watch, alarm("baton-watchdog-silent", "ALARM", ON)).await;
    assert_eq!((watch.exceptions().await.len(), watch.subjects().len()), (1, 0));
    hears(&watch, alarm("baton-watchdog-silent", "ALARM", ON_AGAIN)).await;
    assert_eq!((watch.exceptions().await.len(), watch.subjects().len()), (2, 1));
}

#[tokio::test]
async fn an_alarm_that_could_not_be_told_is_told_by_the_watchdog() {
    let watch = watch();
    watch.mail.next(domain::provider::Trouble::Unavailable { why: "no connection".into() });
    hears(&watch, alarm("baton-relay-behind", "ALARM", ON)).await;
    assert_eq!(watch.subjects().len(), 0);
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!(watch.subjects().len(), 1);
}

#[tokio::test]
async fn a_message_that_is_not_an_alarms_is_told_all_the_same() {
    let watch = watch();
    hears(&watch, sns(&json!("hello"))).await;
    assert_eq!(watch.subjects(), ["Baton: your store needs you: The alarm message 1 is on (monitoring)"]);
}

/// What CloudWatch's alarm on dead letters says to SNS, as `make alarms` hears it: it is told in the template's own words.
#[tokio::test]
async fn what_the_judge_of_the_alarms_heard_is_told_in_the_templates_words() {
    let notice: Value = serde_json::from_str(include_str!("../../../../infra/alarms/notice.json")).unwrap();
    let watch = watch();
    hears(&watch, json!({ "Records": [{ "EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notice }] })).await;
    assert_eq!(watch.subjects(), ["Baton: your store needs you: The alarm baton-dead-letters is on (monitoring)"]);
    let told = watch.only_exception().await;
    assert!(told.reason.contains("gave up on it. Next: `make exceptions` names the order"), "{}", told.reason);
}

/// The folder that `SAMPLES` names, else the one beside the repository.
fn samples() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let folder = std::env::var_os("SAMPLES").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder {} (SAMPLES names another)", folder.display());
    None
}

#[test]
fn cloudwatchs_own_messages_are_read() {
    let Some(folder) = samples() else { return };
    let read_json = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join("aws").join(name)).unwrap()).unwrap()
    };
    for name in
        ["cloudwatch-alarm-sns-payload-single-metric.json", "cloudwatch-alarm-sns-payload-multiple-metrics.json"]
    {
        let Incoming::Notices(notices) = read(read_json(name)).unwrap() else { panic!("{name} is a notice") };
        assert!(!notices.is_empty(), "{name}");
        for notice in notices {
            let change: Change = serde_json::from_str(&notice.message).unwrap();
            assert_eq!(change.new_state_value, "ALARM", "{name}");
            assert!(!change.alarm_name.is_empty() && !change.state_change_time.is_empty(), "{name}");
        }
    }
    for name in ["eventbridge-schedule.json", "scheduler_default_event.json"] {
        assert!(matches!(read(read_json(name)).unwrap(), Incoming::Round(_)), "{name}");
    }
    assert!(matches!(read(read_json("sns-event.json")).unwrap(), Incoming::Notices(_)));
}
