//! An SQS batch in, the failed message ids out. Bodies are parsed one at a time; one bad message fails alone.

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use ledger::Table;

use crate::clock::Clock;
use crate::queue::{Key, Queue};
use crate::station::{Station, Work};

/// Takes every message of a batch. What is reported as failed comes back after the visibility time-out and, in the end, lies in
/// the dead-letter queue, where the watchdog finds it.
pub async fn take<W, T, Q, C>(station: &Station<T, Q, C>, work: &W, messages: Vec<SqsMessage>) -> SqsBatchResponse
where
    W: Work,
    T: Table,
    Q: Queue,
    C: Clock,
{
    let mut failures = Vec::new();
    for message in messages {
        let id = message.message_id.unwrap_or_default();
        let key = match serde_json::from_str::<Key>(message.body.as_deref().unwrap_or_default()) {
            Ok(key) => key,
            Err(error) => {
                tracing::error!(message.id = id, error = %error, "a queue message is not a key");
                failures.push(failed(id));
                continue;
            }
        };
        if let Err(error) = station.take(work, &key).await {
            let error = chain(&error);
            tracing::error!(message.id = id, subject = key.pk, event = key.sk, error, "failed; it comes back");
            failures.push(failed(id));
        }
    }
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures;
    response
}

fn failed(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

/// An error and its causes in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
