//! What came in, told apart by its shape.

use aws_lambda_events::event::sqs::SqsMessage;
use domain::Timestamp;
use serde_json::Value;

/// What the function was invoked with.
#[derive(Debug)]
pub enum Incoming {
    /// A batch from the layer's own queue.
    Messages(Vec<SqsMessage>),
    /// A round of the partners' sweep as of that moment.
    Round(Timestamp),
    /// `make catalog`.
    Catalog,
    /// `make doctor`.
    Check,
}

/// The event has none of these shapes, or not quite.
#[derive(Debug, thiserror::Error)]
#[error(
    "routing takes a queue's batch, a schedule's event with a `time`, or {{\"operator\": \"catalog\" | \"check\"}}: {why}"
)]
pub struct NotOurs {
    pub why: String,
}

fn not_ours(why: impl ToString) -> NotOurs {
    NotOurs { why: why.to_string() }
}

/// Reads the event. An empty batch is a batch.
pub fn read(mut event: Value) -> Result<Incoming, NotOurs> {
    if let Some(operator) = event.get("operator") {
        return match operator.as_str() {
            Some("catalog") => Ok(Incoming::Catalog),
            Some("check") => Ok(Incoming::Check),
            _ => Err(not_ours(format!("it does not know the operator's request {operator}"))),
        };
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
    use serde_json::json;

    use super::*;

    #[test]
    fn three_shapes_and_no_other() {
        let batch = json!({ "Records": [{ "messageId": "1", "body": "{}" }] });
        assert!(matches!(read(batch).unwrap(), Incoming::Messages(messages) if messages.len() == 1));
        assert!(matches!(read(json!({ "Records": [] })).unwrap(), Incoming::Messages(messages) if messages.is_empty()));
        let Incoming::Round(now) = read(json!({ "time": "2026-11-22T02:15:00Z" })).unwrap() else { panic!() };
        assert_eq!(now.to_string(), "2026-11-22T02:15:00Z");
        assert!(matches!(read(json!({ "operator": "catalog" })).unwrap(), Incoming::Catalog));
        assert!(matches!(read(json!({ "operator": "check" })).unwrap(), Incoming::Check));
        for other in [json!({}), json!({ "time": "soon" }), json!({ "operator": "sell" }), json!({ "Records": [1] })] {
            assert!(read(other.clone()).is_err(), "{other}");
        }
    }
}
