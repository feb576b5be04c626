//! The relay: reads the table's stream and sends each new event's key to the queues of the layers that owe it, nothing else.
//!
//! The whole batch is finished, or the whole batch fails: a stream's reader that reports part of a batch would lose the rest
//! where partial reports are not understood, and repeated keys do no harm. What cannot be read is logged and passed by: one
//! bad record must not block its shard, and the watchdog finds every event that no layer took.

use aws_lambda_events::event::dynamodb::EventRecord;
use jiff::SignedDuration;
use lambda::batch::chain;
use lambda::queue::QueueError;
use lambda::{Key, Queue};
use ledger::Row;
use ledger::stream::dispatches;

/// Sends on what a batch of stream records announces.
pub async fn pass_on<Q: Queue>(queue: &Q, records: Vec<EventRecord>) -> Result<(), QueueError> {
    for record in records {
        if record.event_name == "REMOVE" {
            continue;
        }
        let sequence = record.change.sequence_number.clone().unwrap_or_default();
        match serde_dynamo::from_item::<_, Row>(record.change.new_image) {
            Ok(row) => pass_on_row(queue, &row).await?,
            Err(error) => {
                let error = chain(&error);
                tracing::error!(
                    stream.sequence = sequence,
                    error,
                    "a stream record is not readable; the watchdog will find it"
                );
            }
        }
    }
    Ok(())
}

/// Sends on what one written row announces.
pub async fn pass_on_row<Q: Queue>(queue: &Q, row: &Row) -> Result<(), QueueError> {
    for dispatch in dispatches(row) {
        let key = Key { pk: dispatch.pk, sk: dispatch.sk };
        queue.send(dispatch.layer, &key, SignedDuration::ZERO).await?;
        // The door's line and the layer's say the same.
        tracing::debug!(subject = key.pk, item = key.sk, layer = %dispatch.layer, "passed on");
    }
    Ok(())
}
