//! Monitoring's wiring.

use std::time::Duration;

use domain::Timestamp;
use jiff::SignedDuration;
use lambda::{Clock, Environment, Secrets, Sqs, Station, StoreConfig, SystemClock, aws, batch, http, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use ledger::{Dynamo, Ledger};
use mailer::Ses;
use monitoring::carriers::Carriers;
use monitoring::queues::SqsQueues;
use monitoring::settled::Settled;
use monitoring::stream::Rest;
use monitoring::webhook::Webhook;
use monitoring::{Alerts, Links, Monitoring, Remembered};
use serde_json::Value;

/// A call to AWS ends after this; a round makes many.
const AWS_SECONDS: u64 = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let config = StoreConfig::load()?;
    let account = aws::config(AWS_SECONDS).await;
    let sqs = aws_sdk_sqs::Client::new(&account);
    let table = Dynamo::new(aws_sdk_dynamodb::Client::new(&account), Environment.table()?);
    let queue = Sqs::all(sqs.clone(), Environment)?;
    let ssm = aws_sdk_ssm::Client::new(&account);
    let timeout = Duration::from_secs(config.timing.http_timeout);
    let monitoring = &Monitoring {
        station: Station::new(Ledger::new(table), queue, Wall, Environment.lease()?, &config),
        mail: Ses::new(&account, Environment.required("BATON_CONFIGURATION_SET")?, timeout),
        queues: SqsQueues::from_environment(sqs, Environment)?,
        alerts: Alerts {
            links: links(&ssm).await,
            webhook: Box::pin(webhook(&ssm, &config)).await,
            ..Alerts::from_config(&config)
        },
        stack: Environment.stack()?,
        silent_hours: config.sweep.silent_hours,
        carriers: Carriers::new(config.quiet.group_at),
        settled: Settled::default(),
        remembered: Remembered::default(),
    };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_millisecond(deadline).unwrap_or(Timestamp::MAX);
        // Lambda logs this text: with its causes, or it says little.
        Box::pin(monitoring.handle(event.payload, deadline)).await.map_err(|error| Error::from(batch::chain(&error)))
    }))
    .await
}

/// The machine's time, which passes while a batch of the stream rests.
#[derive(Debug, Clone, Copy)]
struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

impl Rest for Wall {
    async fn rest(&self, time: SignedDuration) {
        tokio::time::sleep(time.unsigned_abs()).await;
    }
}

/// What links are made with. An alert without a link is better than none: whatever is missing is logged, and the owner is told
/// all the same.
async fn links(ssm: &aws_sdk_ssm::Client) -> Option<Links> {
    let console = Environment.required("BATON_CONSOLE_URL").ok()?;
    let loaded = async {
        let secrets = Secrets::load(ssm, &Environment.stack()?, &[links::KEY]).await?;
        Ok::<_, Error>(links::Key::new(secrets.all(links::KEY)?)?)
    };
    match loaded.await {
        Ok(key) => Some(Links { key, console }),
        Err(error) => {
            tracing::error!(error = %error, "alerts go out without links");
            None
        }
    }
}

/// The second channel. One that cannot be used does not keep mail from going out: the log says why, and its test alert stays
/// unanswered.
async fn webhook(ssm: &aws_sdk_ssm::Client, config: &StoreConfig) -> Option<Webhook> {
    let section = config.alerts.webhook.as_ref()?;
    let loaded = async {
        let secrets = Secrets::load(ssm, &Environment.stack()?, &Webhook::secrets(section)).await?;
        Ok::<_, Error>(Webhook::new(section, &secrets, http::client(config.timing.http_timeout)?)?)
    };
    match loaded.await {
        Ok(webhook) => Some(webhook),
        Err(error) => {
            tracing::error!(error = %error, "alerts go out without the webhook");
            None
        }
    }
}
