//! SES's event publishing: for every mail that turns up at the emulator a `Send` record, then what became of it, onto
//! the SNS topics of its configuration set.
//!
//! The emulator keeps no tags, headers or configuration set, so they are remembered from the `SendEmail` that passed
//! the proxy. A mail that did not pass it goes to the configured topic, or to those of the only configuration set there
//! is, without tags of its own. Publishing is at least once, as SES's: a sandbox that starts anew publishes again for
//! mails that are still there. Mails that come while `ses_events` is off are never published.

use super::emulator::{Destination, Emulator, Mail};
use super::sesv2;
use crate::{clock, lock};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// `SendEmail` bodies by message id, and how many are under way.
#[derive(Debug, Default)]
pub(crate) struct Sent(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    bodies: BTreeMap<String, Value>,
    /// The same, kept after their events are published: the emulator's own list has neither headers nor tags.
    letters: BTreeMap<String, Value>,
    under_way: usize,
}

/// A `SendEmail` that is being answered, until dropped.
pub(crate) struct UnderWay<'a>(&'a Sent);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).under_way -= 1;
    }
}

impl Sent {
    pub fn begin(&self) -> UnderWay<'_> {
        lock(&self.0).under_way += 1;
        UnderWay(self)
    }

    pub fn remember(&self, id: &str, body: Value) {
        let mut remembered = lock(&self.0);
        remembered.letters.insert(id.to_owned(), body.clone());
        remembered.bodies.insert(id.to_owned(), body);
    }

    /// Adds to each mail of the emulator's list the headers and tags it was sent with: `Headers`, `Tags`, name to value.
    pub fn complete(&self, list: &mut Value) {
        let remembered = lock(&self.0);
        let accounts = list["messages"].as_object_mut().into_iter().flat_map(|accounts| accounts.values_mut());
        for mail in accounts.filter_map(Value::as_array_mut).flatten() {
            let letter =
                mail["MessageId"].as_str().and_then(|id| remembered.letters.get(id)).cloned().unwrap_or(Value::Null);
            let pairs = |list: &Value| -> Map<String, Value> {
                let pairs = list.as_array().into_iter().flatten();
                pairs.filter_map(|pair| Some((pair["Name"].as_str()?.to_owned(), pair["Value"].clone()))).collect()
            };
            mail["Headers"] = pairs(&letter["Content"]["Simple"]["Headers"]).into();
            mail["Tags"] = pairs(&letter["EmailTags"]).into();
        }
    }

    /// Mails that passed the proxy and whose events are not published yet.
    pub fn pending(&self) -> usize {
        let remembered = lock(&self.0);
        remembered.bodies.len() + remembered.under_way
    }

    pub fn clear(&self) {
        let mut remembered = lock(&self.0);
        remembered.bodies.clear();
        remembered.letters.clear();
    }

    fn body(&self, id: &str) -> Option<Value> {
        lock(&self.0).bodies.get(id).cloned()
    }

    fn ids(&self) -> Vec<String> {
        lock(&self.0).bodies.keys().cloned().collect()
    }

    fn forget(&self, id: &str) {
        lock(&self.0).bodies.remove(id);
    }

    fn under_way(&self) -> bool {
        lock(&self.0).under_way > 0
    }
}

/// Which mails are done.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    done: BTreeSet<String>,
    /// Looks at which an unknown mail was left for later.
    waited: BTreeMap<String, u32>,
}

/// A mail that the proxy may still be about to remember is left alone for this many looks.
const PATIENCE: u32 = 20;
const SUBJECT: &str = "Amazon SES Email Event Notification";
/// The account every emulator calls its own.
const ACCOUNT: &str = "000000000000";

impl Publisher {
    /// One look at the emulator. `topic`: where everything goes, instead of what configuration sets say. Returns how
    /// many mails were new.
    pub async fn look(&mut self, emulator: &Emulator, sent: &Sent, topic: Option<&str>, on: bool, region: &str) -> u64 {
        let remembered = sent.ids();
        let Some(mails) = emulator.mails().await else { return 0 };
        // After a reset of the emulator the mails are gone, and so is what we know of them.
        let present: BTreeSet<&str> = mails.iter().map(|mail| mail.id.as_str()).collect();
        self.done.retain(|id| present.contains(id.as_str()));
        for gone in remembered.iter().filter(|id| !present.contains(id.as_str())) {
            sent.forget(gone);
        }
        let mut new = 0;
        for mail in mails.iter().filter(|mail| !self.done.contains(&mail.id)).cloned().collect::<Vec<_>>() {
            let body = sent.body(&mail.id);
            if body.is_none() && sent.under_way() {
                let waited = self.waited.entry(mail.id.clone()).or_default();
                *waited += 1;
                if *waited < PATIENCE {
                    continue;
                }
            }
            if on && let Err(problem) = publish(emulator, &mail, body.as_ref(), topic, region).await {
                eprintln!("sandbox: SES's events of a mail are not published yet: {problem}");
                continue;
            }
            new += 1;
            self.waited.remove(&mail.id);
            sent.forget(&mail.id);
            self.done.insert(mail.id);
        }
        new
    }
}

async fn publish(
    emulator: &Emulator,
    mail: &Mail,
    body: Option<&Value>,
    topic: Option<&str>,
    region: &str,
) -> Result<(), String> {
    let set = match body {
        Some(body) => body["ConfigurationSetName"].as_str().map(str::to_owned),
        None => match emulator.configuration_sets().await.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
    };
    let destinations = match (topic, &set) {
        (Some(topic), _) => vec![Destination { topic_arn: topic.to_owned(), types: Vec::new() }],
        (None, Some(set)) => emulator.destinations(set).await,
        (None, None) => Vec::new(),
    };
    for record in records(mail, body, set.as_deref(), region) {
        let kind = record["eventType"].as_str().unwrap_or_default().to_ascii_uppercase();
        for destination in &destinations {
            if destination.types.is_empty() || destination.types.contains(&kind) {
                emulator.publish(&destination.topic_arn, SUBJECT, &record.to_string()).await?;
            }
        }
    }
    Ok(())
}

/// What becomes of a mail to one address; the mailbox simulator's are known by name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Delivered,
    Bounced,
    Suppressed,
    /// Delivered, and then marked as spam.
    Complained,
}

fn outcome(address: &str) -> Outcome {
    let address = sesv2::bare(address).to_ascii_lowercase();
    let Some(local) = address.strip_suffix("@simulator.amazonses.com") else {
        return Outcome::Delivered;
    };
    match local.split('+').next() {
        Some("bounce") => Outcome::Bounced,
        Some("suppressionlist") => Outcome::Suppressed,
        Some("complaint") => Outcome::Complained,
        _ => Outcome::Delivered,
    }
}

/// The records of one mail, in the order SES publishes them.
pub(crate) fn records(mail: &Mail, body: Option<&Value>, set: Option<&str>, region: &str) -> Vec<Value> {
    let now = iso(clock::epoch_millis());
    let to = |wanted: &[Outcome]| -> Vec<&str> {
        let all = mail.recipients.iter().map(|address| sesv2::bare(address));
        all.filter(|address| wanted.contains(&outcome(address))).collect()
    };
    let about = |event: &str| about(mail, body, set, region, event);
    let feedback_id = format!("{}-feedback", mail.id);
    let mut records = vec![json!({"eventType": "Send", "mail": about("Send"), "send": {}})];
    let delivered = to(&[Outcome::Delivered, Outcome::Complained]);
    if !delivered.is_empty() {
        let taken = clock::epoch_millis().saturating_sub(mail.time_ms).max(0);
        records.push(json!({
            "eventType": "Delivery",
            "mail": about("Delivery"),
            "delivery": {
                "timestamp": now,
                "processingTimeMillis": taken,
                "recipients": delivered,
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "mta.example.com",
            },
        }));
    }
    for (wanted, sub_type) in [(Outcome::Bounced, "General"), (Outcome::Suppressed, "OnAccountSuppressionList")] {
        let bounced = to(&[wanted]);
        if bounced.is_empty() {
            continue;
        }
        let recipients: Vec<Value> = bounced
            .iter()
            .map(|address| {
                json!({
                    "emailAddress": address, "action": "failed", "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                })
            })
            .collect();
        records.push(json!({
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent", "bounceSubType": sub_type, "bouncedRecipients": recipients,
                "timestamp": now, "feedbackId": feedback_id, "reportingMTA": "dsn; mta.example.com",
            },
            "mail": about("Bounce"),
        }));
    }
    let complained = to(&[Outcome::Complained]);
    if !complained.is_empty() {
        let recipients: Vec<Value> = complained.iter().map(|address| json!({"emailAddress": address})).collect();
        records.push(json!({
            "eventType": "Complaint",
            "complaint": {
                "complainedRecipients": recipients, "timestamp": now, "feedbackId": feedback_id,
                "userAgent": "ExampleMail/1.0", "complaintFeedbackType": "abuse", "arrivalDate": now,
            },
            "mail": about("Complaint"),
        }));
    }
    records
}

/// The `mail` part that every record has.
fn about(mail: &Mail, body: Option<&Value>, set: Option<&str>, region: &str, event: &str) -> Value {
    let source = sesv2::bare(&mail.source);
    let kind = if mail.html { "text/html; charset=UTF-8" } else { "text/plain; charset=UTF-8" };
    let mut headers = vec![
        ("From".to_owned(), mail.source.clone()),
        ("To".to_owned(), mail.to.join(", ")),
        ("Subject".to_owned(), mail.subject.clone()),
        ("MIME-Version".to_owned(), "1.0".to_owned()),
        ("Content-Type".to_owned(), kind.to_owned()),
    ];
    let ours = body.map(|body| &body["Content"]["Simple"]["Headers"]).and_then(Value::as_array);
    headers.extend(ours.into_iter().flatten().map(|header| {
        let part = |name: &str| header[name].as_str().unwrap_or_default().to_owned();
        (part("Name"), part("Value"))
    }));
    let headers: Vec<Value> = headers.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();

    let mut tags = Map::new();
    let mut tag = |name: &str, value: &str| {
        tags.insert(name.to_owned(), json!([value]));
    };
    if let Some(set) = set {
        tag("ses:configuration-set", set);
    }
    tag("ses:source-ip", "192.0.2.0");
    tag("ses:from-domain", source.rsplit_once('@').map_or("", |(_, domain)| domain));
    tag("ses:caller-identity", "sandbox");
    if event == "Delivery" {
        tag("ses:outgoing-ip", "192.0.2.0");
    }
    for ours in body.map(|body| &body["EmailTags"]).and_then(Value::as_array).into_iter().flatten() {
        tag(ours["Name"].as_str().unwrap_or_default(), ours["Value"].as_str().unwrap_or_default());
    }
    json!({
        "timestamp": iso(mail.time_ms),
        "source": mail.source,
        "sourceArn": format!("arn:aws:ses:{region}:{ACCOUNT}:identity/{source}"),
        "sendingAccountId": ACCOUNT,
        "messageId": mail.id,
        "destination": mail.recipients,
        "headersTruncated": false,
        "headers": headers,
        "commonHeaders": {
            "from": [mail.source],
            "to": mail.to,
            "messageId": mail.id,
            "subject": mail.subject,
        },
        "tags": tags,
    })
}

/// `2026-11-21T10:00:00.000Z`.
fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
