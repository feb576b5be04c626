//! What came in, told apart by its shape.

use domain::Timestamp;
use lambda::Key;
use serde::Deserialize;
use serde_json::Value;

/// What the function was invoked with.
#[derive(Debug)]
pub enum Incoming {
    /// A batch of the table's stream: the keys of what was written.
    Written(Vec<Key>),
    /// What the alarm topic says.
    Notices(Vec<Notice>),
    /// A round of the watchdog as of that moment.
    Round(Timestamp),
    /// The owner, through `make`.
    Operator(Request),
}

/// One message of the alarm topic.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Notice {
    pub message_id: String,
    /// CloudWatch's own JSON, as text.
    pub message: String,
}

/// What the owner wants: `{"operator":"replay","exception":"<id>","run":false}`, or another of
/// [`operator`](crate::operator)'s verbs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Request {
    pub operator: String,
    #[serde(default)]
    pub exception: String,
    /// Do it; otherwise only say what would be done.
    #[serde(default)]
    pub run: bool,
    /// Instead of one exception: all that are open, or those of this kind, of this layer, or raised since then.
    #[serde(default)]
    pub all: bool,
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub layer: Option<String>,
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Of many, go on behind this one.
    #[serde(default)]
    pub after: Option<String>,
}

impl Request {
    /// Whether it is about many.
    #[must_use]
    pub fn many(&self) -> bool {
        self.all || self.kind.is_some() || self.layer.is_some() || self.since.is_some()
    }
}

/// The event has none of the four shapes, or not quite.
#[derive(Debug, thiserror::Error)]
#[error(
    "monitoring takes a batch of the table's stream, an alarm, a schedule's event with a `time`, or {{\"operator\": …}}: {why}"
)]
pub struct NotOurs {
    pub why: String,
}

fn not_ours(why: impl ToString) -> NotOurs {
    NotOurs { why: why.to_string() }
}

#[derive(Deserialize)]
struct SnsRecord {
    #[serde(rename = "Sns")]
    sns: Notice,
}

/// One record of the table's stream, as far as it is of use here: what it names is read as it is now.
#[derive(Deserialize)]
struct StreamRecord {
    dynamodb: Written,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    keys: WrittenKeys,
}

#[derive(Deserialize)]
struct WrittenKeys {
    pk: Text,
    sk: Text,
}

/// A string as DynamoDB writes it.
#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

/// What a record names. One that names nothing is passed by: it must not fail those beside it.
fn written(record: Value) -> Option<Key> {
    match serde_json::from_value::<StreamRecord>(record) {
        Ok(StreamRecord { dynamodb: Written { keys } }) => Some(Key { pk: keys.pk.text, sk: keys.sk.text }),
        Err(error) => {
            tracing::error!(error = %error, "a stream record is not readable; the watchdog will find what it was about");
            None
        }
    }
}

/// Reads the event. An empty batch is a batch.
pub fn read(mut event: Value) -> Result<Incoming, NotOurs> {
    if event.get("operator").is_some() {
        return serde_json::from_value(event).map(Incoming::Operator).map_err(not_ours);
    }
    if let Some(records) = event.get_mut("Records").map(Value::take) {
        if records.get(0).is_some_and(|record| record.get("Sns").is_some()) {
            let records: Vec<SnsRecord> = serde_json::from_value(records).map_err(not_ours)?;
            return Ok(Incoming::Notices(records.into_iter().map(|record| record.sns).collect()));
        }
        let records: Vec<Value> = serde_json::from_value(records).map_err(not_ours)?;
        return Ok(Incoming::Written(records.into_iter().filter_map(written).collect()));
    }
    match event.get("time").and_then(Value::as_str) {
        Some(time) => time.parse().map(Incoming::Round).map_err(not_ours),
        None => Err(not_ours("it is none of them")),
    }
}
