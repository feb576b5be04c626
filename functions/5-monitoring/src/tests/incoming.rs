//! Events told apart by their shape.

use domain::event::Fact;
use jiff::Timestamp;
use serde_json::json;

use super::support::*;
use crate::Error;
use crate::incoming::{Incoming, read};

#[test]
fn each_shape_is_what_it_is() {
    let batch = written(&[("order#1".into(), "event#paid".into())]);
    assert!(
        matches!(read(batch).unwrap(), Incoming::Written(keys) if keys[0].pk == "order#1" && keys[0].sk == "event#paid")
    );
    assert!(matches!(read(json!({ "Records": [] })).unwrap(), Incoming::Written(keys) if keys.is_empty()));
    let notice = json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "MessageId": "1", "Message": "{}" } }] });
    assert!(matches!(read(notice).unwrap(), Incoming::Notices(notices) if notices.len() == 1));
    let round = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-11-22T02:13:00Z" });
    assert!(matches!(read(round).unwrap(), Incoming::Round(now) if now == start()));
    let request = json!({ "operator": "replay", "exception": "x" });
    assert!(matches!(read(request).unwrap(), Incoming::Operator(request) if !request.run));
}

#[tokio::test]
async fn what_is_none_of_them_is_refused_with_words() {
    for event in
        [json!({}), json!(null), json!({ "time": "tomorrow" }), json!({ "Records": 7 }), json!({ "operator": 1 })]
    {
        let error = watch().handle(event.clone(), Timestamp::MAX).await.unwrap_err();
        assert!(matches!(error, Error::NotOurs(_)), "{event}");
        assert!(error.to_string().contains("monitoring takes"), "{error}");
    }
}

#[tokio::test]
async fn a_record_that_names_nothing_is_passed_by_and_those_beside_it_are_taken() {
    let watch = watch();
    let key = watch.happens(Fact::AppUninstalled { at: "1".into() }).await;
    let mut batch = written(&[
        ("order#1".into(), "event#gone".into()),
        ("order#1".into(), "exception#gone".into()),
        (key.subject.to_string(), format!("event#{}", key.id)),
    ]);
    let records = batch["Records"].as_array_mut().unwrap();
    records.insert(0, json!({ "eventName": "INSERT", "dynamodb": { "Keys": { "Id": { "N": "101" } } } }));
    records.insert(0, json!(7));
    watch.handle(batch, Timestamp::MAX).await.unwrap();
    assert_eq!(watch.only_exception().await.what, "app-uninstalled");
}

#[test]
fn a_round_is_one_line_of_metrics() {
    let totals = crate::metrics::Totals {
        finished: true,
        dead_letters: Some(2),
        untold: Some(0),
        open: Some(3),
        oldest_unconsumed: Some(301),
        partner_line: Some(600),
    };
    insta::assert_snapshot!(totals.line("baton-test", start()));
    let nothing = crate::metrics::Totals::default().line("baton-test", start());
    assert!(!nothing.contains("WatchdogRounds") && !nothing.contains("DeadLetters"), "{nothing}");
}
