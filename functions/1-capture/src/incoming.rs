//! What came in, told apart by its shape.

use aws_lambda_events::event::sqs::SqsMessage;
use domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// What the function was invoked with.
#[derive(Debug)]
pub enum Incoming {
    /// A batch from the layer's own queue.
    Messages(Vec<SqsMessage>),
    /// A round as of that moment.
    Round(Timestamp),
    /// The owner, through `make`.
    Operator(Request),
}

/// What the owner wants: `{"operator": "sweep" | "subscriptions" | "test-order" | "test-order-clean-up", …}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Request {
    pub operator: String,
    /// As of when; now, if nothing is said.
    #[serde(default)]
    pub time: Option<Timestamp>,
    /// `test-order`: a tag of the caller's own, by which asking again finds the same order.
    #[serde(default)]
    pub tag: Option<String>,
    /// `test-order`: the store's number of the variant.
    #[serde(default)]
    pub variant: Option<String>,
    /// `test-order-clean-up`: the store's number of the order.
    #[serde(default)]
    pub order: Option<String>,
    /// `test-order-clean-up`: why it did not come through, if it did not.
    #[serde(default)]
    pub why: Option<String>,
}

/// The event has none of the three shapes, or not quite.
#[derive(Debug, thiserror::Error)]
#[error("capture takes a queue's batch, a schedule's event with a `time`, or {{\"operator\": …}}: {why}")]
pub struct NotOurs {
    pub why: String,
}

fn not_ours(why: impl ToString) -> NotOurs {
    NotOurs { why: why.to_string() }
}

/// Reads the event. An empty batch is a batch.
pub fn read(mut event: Value) -> Result<Incoming, NotOurs> {
    if event.get("operator").is_some() {
        return serde_json::from_value(event).map(Incoming::Operator).map_err(not_ours);
    }
    if let Some(records) = event.get_mut("Records").map(Value::take) {
        return serde_json::from_value(records).map(Incoming::Messages).map_err(not_ours);
    }
    match event.get("time").and_then(Value::as_str) {
        Some(time) => time.parse().map(Incoming::Round).map_err(not_ours),
        None => Err(not_ours("it is none of them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_shape_is_told_apart() {
        let batch = json!({ "Records": [{ "messageId": "1", "body": "{}" }] });
        assert!(matches!(read(batch).unwrap(), Incoming::Messages(messages) if messages.len() == 1));
        assert!(matches!(read(json!({ "Records": [] })).unwrap(), Incoming::Messages(messages) if messages.is_empty()));
        let schedule = json!({ "source": "aws.scheduler", "time": "2026-11-22T02:13:00Z", "detail": {} });
        assert!(matches!(read(schedule).unwrap(), Incoming::Round(at) if at.to_string() == "2026-11-22T02:13:00Z"));
        let asked = json!({ "operator": "test-order", "variant": "43720176" });
        let Incoming::Operator(request) = read(asked).unwrap() else { panic!() };
        assert_eq!((request.operator.as_str(), request.variant.as_deref()), ("test-order", Some("43720176")));
    }

    #[test]
    fn another_shape_is_refused_in_words() {
        for event in [json!({}), json!({ "time": "tomorrow" }), json!({ "operator": 7 }), json!([])] {
            let error = read(event).unwrap_err().to_string();
            assert!(error.starts_with("capture takes"), "{error}");
        }
    }
}
