//! Which mails SES takes, how it refuses the others, and the events it publishes.

use super::Cloud;
use crate::support;
use serde_json::{Value, json};
use std::time::Duration;

/// A mail as the email layer may send it.
pub fn mail(to: &str) -> Value {
    json!({
        "FromEmailAddress": "Example Shop <orders@example.com>",
        "Destination": {"ToAddresses": [to]},
        "ReplyToAddresses": ["help@example.com"],
        "Content": {"Simple": {
            "Subject": {"Data": "Ihre Bestellung – danke", "Charset": "UTF-8"},
            "Body": {"Text": {"Data": "Danke", "Charset": "UTF-8"}, "Html": {"Data": "<p>Danke</p>", "Charset": "UTF-8"}},
            "Headers": [{"Name": "X-Baton-Effect", "Value": "abc123"}],
        }},
        "EmailTags": [{"Name": "effect", "Value": "abc123"}, {"Name": "kind", "Value": "confirmation"}],
        "ConfigurationSetName": "mails",
    })
}

fn changed(pointer: &str, value: Value) -> Value {
    let mut mail = mail("ada@example.com");
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = mail.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    mail
}

/// What is wrong, and a word of the reason. All of it is 400 BadRequestException.
fn wrong_mails() -> Vec<(Value, &'static str)> {
    let header = |name: &str, value: &str| json!([{"Name": name, "Value": value}]);
    let tag = |name: &str, value: &str| json!([{"Name": name, "Value": value}]);
    vec![
        (changed("/Content", Value::Null), "Content"),
        (changed("/Content", json!({})), "Content"),
        (changed("/Content/Raw", json!({"Data": "eA=="})), "one of"),
        (changed("/Content/Simple/Subject", Value::Null), "Subject"),
        (changed("/Content/Simple/Subject/Data", Value::Null), "Data"),
        (changed("/Content/Simple/Subject/Data", json!("one\r\nBcc: x@example.com")), "one line"),
        (changed("/Content/Simple/Body", Value::Null), "Body"),
        (changed("/Content/Simple/Body", json!({})), "Body"),
        (changed("/Content/Simple/Body/Text", json!("text")), "structure"),
        (changed("/Content/Simple/Subject", json!({"Data": "für"})), "Charset"),
        (changed("/FromEmailAddress", Value::Null), "FromEmailAddress"),
        (changed("/FromEmailAddress", json!("Größe <orders@example.com>")), "ASCII"),
        (changed("/FromEmailAddress", json!("orders")), "address"),
        (changed("/FromEmail", json!("orders@example.com")), "no member"),
        (changed("/Destination", Value::Null), "recipient"),
        (changed("/Destination/ToAddresses", json!("ada@example.com")), "list"),
        (changed("/Destination/ToAddresses", json!(["jürgen@example.com"])), "ASCII"),
        (changed("/Destination/ToAddresses", json!(["ada@münchen.example"])), "ASCII"),
        (changed("/Destination/ToAddresses", json!(["a b@example.com"])), "address"),
        (changed("/Destination/ToAddresses", json!(["ada@example.com\nBcc: x@example.com"])), "ASCII"),
        (changed("/Destination/ToAddresses", json!(["ada@example"])), "address"),
        (changed("/Destination/ToAddresses", json!(vec!["ada@example.com"; 51])), "50"),
        (changed("/ReplyToAddresses", json!(["nobody"])), "address"),
        (changed("/Content/Simple/Headers", header("X Y", "1")), "Name"),
        (changed("/Content/Simple/Headers", header("X-A", "naïve")), "Value"),
        (changed("/Content/Simple/Headers", header("X-A", "a\r\nb")), "Value"),
        (changed("/Content/Simple/Headers", header("X-A", "")), "length"),
        (changed("/Content/Simple/Headers", header("X-A", &"x".repeat(996))), "length"),
        (changed("/Content/Simple/Headers", header("X-Long", &"x".repeat(995))), "996"),
        (changed("/Content/Simple/Headers", header("Subject", "x")), "Subject"),
        (changed("/Content/Simple/Headers", json!(vec![json!({"Name": "X-A", "Value": "1"}); 16])), "15"),
        (changed("/EmailTags", tag("order", "gid://shopify/Order/1")), "tag value"),
        (changed("/EmailTags", tag("ord er", "1")), "tag name"),
        (changed("/EmailTags", tag("order", "")), "tag value"),
        (changed("/EmailTags", tag("order", &"1".repeat(257))), "tag value"),
        (changed("/EmailTags", json!([{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}])), "twice"),
        (changed("/EmailTags", json!([{"Name": "a"}])), "Value"),
    ]
}

async fn each_is_refused(cloud: &Cloud) {
    for (index, (mail, word)) in wrong_mails().into_iter().enumerate() {
        let (status, kind, answer) = cloud.send_email(&mail).await;
        assert_eq!((status, kind.as_str()), (400, "BadRequestException"), "{index} {word}: {answer}");
        let reason = answer["message"].as_str().unwrap().to_owned();
        assert!(reason.contains(word), "{index} {word}: {reason}");
        let finding = cloud.sandbox.ctx.unexpected.list().pop().unwrap();
        assert_eq!(
            (finding.provider, finding.operation, finding.reason),
            ("ses".to_owned(), "SendEmail".to_owned(), reason)
        );
    }
    assert!(cloud.seen.lock().unwrap().mails.is_empty());
}

#[tokio::test]
async fn each_wrong_mail_is_refused_by_the_published_model_and_the_prose() {
    if let Some(specs) = support::specs() {
        each_is_refused(&Cloud::start(Some(specs)).await).await;
    }
}

#[tokio::test]
async fn each_wrong_mail_is_refused_by_the_subset_too() {
    each_is_refused(&Cloud::start(None).await).await;
}

#[tokio::test]
async fn a_configuration_set_must_exist() {
    let cloud = Cloud::start(support::specs()).await;
    let (status, kind, _) = cloud.send_email(&changed("/ConfigurationSetName", json!("other"))).await;
    assert_eq!((status, kind.as_str()), (404, "NotFoundException"));
    assert_eq!(cloud.sandbox.ctx.unexpected.list().len(), 1);
}

#[tokio::test]
async fn a_mail_is_sent_and_its_events_are_published() {
    let cloud = Cloud::start(support::specs()).await;
    let (status, _, answer) = cloud.send_email(&mail("ada@example.com")).await;
    assert_eq!(status, 200, "{answer}");
    let records = cloud.published(2).await;
    let kinds: Vec<&str> = records.iter().map(|record| record["eventType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Send", "Delivery"]);
    let about = &records[1]["mail"];
    assert_eq!(about["messageId"], answer["MessageId"]);
    assert_eq!(about["destination"], json!(["ada@example.com"]));
    assert_eq!(about["timestamp"], "2026-11-22T00:23:20.250Z");
    assert_eq!(about["tags"]["effect"], json!(["abc123"]));
    assert_eq!(about["tags"]["ses:configuration-set"], json!(["mails"]));
    assert_eq!(about["tags"]["ses:from-domain"], json!(["example.com"]));
    assert!(about["headers"].as_array().unwrap().contains(&json!({"name": "X-Baton-Effect", "value": "abc123"})));
    assert_eq!(about["commonHeaders"]["subject"], "Ihre Bestellung – danke");
    assert_eq!(records[1]["delivery"]["recipients"], json!(["ada@example.com"]));
    for _ in 0..100 {
        if cloud.sandbox.aws.pending() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let counts = cloud.sandbox.aws.counts();
    assert_eq!((&counts["mails"], &counts["calls"]["ses/SendEmail"]), (&json!(1), &json!(1)));
    assert_eq!(cloud.sandbox.aws.pending(), 0);
    // A second look publishes nothing again.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(cloud.seen.lock().unwrap().published.len(), 2);
    assert!(cloud.sandbox.ctx.unexpected.list().is_empty());
}

#[tokio::test]
async fn the_mailbox_simulator_bounces_and_complains() {
    let cloud = Cloud::start(support::specs()).await;
    for (to, kinds) in [
        ("bounce@simulator.amazonses.com", vec!["Send", "Bounce"]),
        ("bounce+label@simulator.amazonses.com", vec!["Send", "Bounce"]),
        ("suppressionlist@simulator.amazonses.com", vec!["Send", "Bounce"]),
        // AWS delivers this one, and then it is marked as spam.
        ("complaint@simulator.amazonses.com", vec!["Send", "Delivery", "Complaint"]),
        ("success@simulator.amazonses.com", vec!["Send", "Delivery"]),
    ] {
        cloud.seen.lock().unwrap().published.clear();
        assert_eq!(cloud.send_email(&mail(to)).await.0, 200);
        let records = cloud.published(kinds.len()).await;
        let found: Vec<&str> = records.iter().map(|record| record["eventType"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{to}");
        if to.starts_with("bounce") {
            assert_eq!(records[1]["bounce"]["bouncedRecipients"][0]["emailAddress"], to);
        }
    }
}

#[tokio::test]
async fn events_of_mails_the_proxy_did_not_see() {
    let cloud = Cloud::start(None).await;
    let unseen = |id: &str| {
        json!({"MessageId": id, "Source": "orders@example.com", "To": ["ada@example.com"], "CC": [], "BCC": [],
        "Subject": "x", "BodyText": "x", "BodyHtml": null, "Timestamp": 1_795_307_000.0, "Type": "v2.SendEmail"})
    };
    cloud.seen.lock().unwrap().mails.push(unseen("elsewhere-1"));
    let records = cloud.published(2).await;
    assert_eq!(records[0]["mail"]["messageId"], "elsewhere-1");
    assert_eq!(records[0]["mail"]["tags"]["ses:configuration-set"], json!(["mails"]));
    assert_eq!(cloud.sandbox.aws.counts()["mails"], 1);

    // The emulator is emptied, and gives the same id again.
    cloud.seen.lock().unwrap().mails.clear();
    tokio::time::sleep(Duration::from_millis(700)).await;
    cloud.seen.lock().unwrap().mails.push(unseen("elsewhere-1"));
    cloud.published(4).await;

    let off = cloud.client.put(format!("{}/_sandbox/config", cloud.sandbox.url())).json(&json!({"ses_events": false}));
    assert_eq!(off.send().await.unwrap().status(), 200);
    cloud.seen.lock().unwrap().mails.push(unseen("elsewhere-2"));
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(cloud.seen.lock().unwrap().published.len(), 4);
}

/// The published records and ours have the same keys and kinds, tags of the mail's own aside.
#[tokio::test]
async fn events_have_the_published_shape() {
    let Some(samples) = support::samples() else { return };
    let cloud = Cloud::start(None).await;
    cloud.send_email(&mail("complaint@simulator.amazonses.com")).await;
    let mut ours = cloud.published(3).await;
    cloud.send_email(&mail("bounce@simulator.amazonses.com")).await;
    ours.extend(cloud.published(5).await.into_iter().skip(4));
    for (record, file) in ours.iter().zip(["event_send", "event_delivery", "event_complaint", "event_bounce"]) {
        let text = std::fs::read(samples.join(format!("ses/{file}.json"))).unwrap();
        let published: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(record["eventType"], published["eventType"]);
        assert_eq!(shape(record), shape(&published), "{file}");
    }
}

/// A value with every leaf replaced by the name of its kind, and only the tags SES sets itself.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(key, _)| key.starts_with("ses:") || !object.contains_key("ses:source-ip"))
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect(),
        Value::Array(items) => json!([items.first().map(shape)]),
        Value::String(_) => json!("string"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("boolean"),
        Value::Null => Value::Null,
    }
}
