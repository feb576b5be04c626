//! What invokes this function: its queue, SES's events through SNS, a timer of a flow, or the owner who wants to know what the
//! flows would do.

use crate::flows::Dry;
use crate::metrics::{self, Counts};
use crate::notices::{self, Notice};
use crate::timers::Timers;
use crate::{Email, Shop};
use anyhow::{Context, bail};
use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use domain::flow::Timer;
use lambda::batch::{self, chain};
use lambda::{Clock, Queue};
use ledger::Table;
use mailer::{ReadAccount, SendMail};
use serde_json::Value;

/// An invocation's payload, told apart by who sent it.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// Keys of events.
    Queue(SqsEvent),
    /// SES's events.
    Notices(SnsEvent),
    /// A step of a flow is due.
    Timer(Timer),
    /// What would become of these events; nothing happens.
    DryRun(Dry),
}

impl Incoming {
    /// Reads a payload. SQS writes `eventSource`, SNS `EventSource`. An empty batch is a call to see whether the function starts.
    pub fn read(payload: Value) -> anyhow::Result<Self> {
        if payload["Records"].as_array().is_some_and(Vec::is_empty) {
            return Ok(Self::Queue(SqsEvent::default()));
        }
        if !payload["timer"].is_null() {
            return serde_json::from_value(payload["timer"].clone()).map(Self::Timer).context("failed to read a timer");
        }
        if !payload["dry_run"].is_null() {
            return serde_json::from_value(payload).map(Self::DryRun).context("failed to read what to try");
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
            other => bail!("the payload is neither from SQS nor from SNS nor a timer's but from {other:?}"),
        }
    }
}

/// Answers an invocation: for the queue, which messages failed; for SES's events, nothing, or an error so that they come back.
pub async fn answer<T, Q, C, S, M, W>(
    email: &Email<'_, T, Q, C, S, M, W>,
    stack: &str,
    payload: Value,
) -> anyhow::Result<Value>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
    M: SendMail + ReadAccount,
    W: Timers,
{
    match Incoming::read(payload)? {
        Incoming::Queue(event) => {
            let response = batch::take(email.station, email, event.records).await;
            serde_json::to_value(response).context("failed to write the answer")
        }
        Incoming::Notices(event) => {
            let (mut failed, mut counts) = (0, Counts::new());
            for record in event.records {
                let notice = Notice::read(&record.sns.message);
                if let Some(name) = notice.metric() {
                    *counts.entry(name).or_default() += 1;
                }
                if let Err(error) = notices::take(email, &notice).await {
                    tracing::error!(
                        sns.id = record.sns.message_id,
                        error = chain(&error),
                        "SES's event failed; it comes back"
                    );
                    failed += 1;
                }
            }
            metrics::publish(&counts, stack, email.station.now());
            if failed > 0 {
                bail!("{failed} of SES's events could not be recorded");
            }
            Ok(Value::Null)
        }
        Incoming::Timer(timer) => {
            email.timer(&timer).await?;
            Ok(Value::Null)
        }
        Incoming::DryRun(dry) => {
            let lines = email.dry_run(&dry.dry_run).await.map_err(|error| anyhow::anyhow!(chain(&error)))?;
            serde_json::to_value(lines).context("failed to write the answer")
        }
    }
}
