//! What invokes this function: its queue, or SES's events through SNS.

use anyhow::{Context, bail};
use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use lambda::batch::{self, chain};
use lambda::{Clock, Queue};
use ledger::Table;
use mailer::SendMail;
use serde_json::Value;
use store::ReadOrder;

use crate::Email;
use crate::notices::{self, Notice};

/// An invocation's payload, told apart by who sent it.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// Keys of events.
    Queue(SqsEvent),
    /// SES's events.
    Notices(SnsEvent),
}

impl Incoming {
    /// Reads a payload. SQS writes `eventSource`, SNS `EventSource`. An empty batch is a call to see whether the function starts.
    pub fn read(payload: Value) -> anyhow::Result<Self> {
        if payload["Records"].as_array().is_some_and(Vec::is_empty) {
            return Ok(Self::Queue(SqsEvent::default()));
        }
        let first = &payload["Records"][0];
        let source = first["eventSource"].as_str().or(first["EventSource"].as_str()).map(str::to_owned);
        match source.as_deref() {
            Some("aws:sqs") => {
                serde_json::from_value(payload).map(Self::Queue).context("failed to read a batch of messages")
            }
            Some("aws:sns") => {
                serde_json::from_value(payload).map(Self::Notices).context("failed to read SES's events")
            }
            other => bail!("the payload is neither from SQS nor from SNS but from {other:?}"),
        }
    }
}

/// Answers an invocation: for the queue, which messages failed; for SES's events, nothing, or an error so that they come back.
pub async fn answer<T, Q, C, S, M>(email: &Email<'_, T, Q, C, S, M>, payload: Value) -> anyhow::Result<Value>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: ReadOrder,
    M: SendMail,
{
    match Incoming::read(payload)? {
        Incoming::Queue(event) => {
            let response = batch::take(email.station, email, event.records).await;
            serde_json::to_value(response).context("failed to write the answer")
        }
        Incoming::Notices(event) => {
            let mut failed = 0;
            for record in event.records {
                let notice = Notice::read(&record.sns.message);
                if let Err(error) = notices::take(email.station, &notice).await {
                    tracing::error!(
                        sns.id = record.sns.message_id,
                        error = chain(&error),
                        "SES's event failed; it comes back"
                    );
                    failed += 1;
                }
            }
            if failed > 0 {
                bail!("{failed} of SES's events could not be recorded");
            }
            Ok(Value::Null)
        }
    }
}
