//! Capture's wiring.

use std::sync::Arc;

use capture::{Capture, Rounds, Settings};
use domain::Timestamp;
use domain::handoff::Layer;
use lambda::{Environment, Secrets, Sqs, Station, StoreConfig, SystemClock, aws, batch, http, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger::{Dynamo, Ledger};
use serde_json::Value;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let config = StoreConfig::load()?;
    let account = aws::config(config.timing.http_timeout).await;
    let parameters = aws_sdk_ssm::Client::new(&account);
    let secrets = Secrets::load(&parameters, &Environment.stack()?, Store::secrets(&config)).await?;
    let dynamo = aws_sdk_dynamodb::Client::new(&account);
    let http = http::client(config.timing.http_timeout)?;
    let store = Store::open(&config, &secrets, http, &dynamo, Arc::new(SystemClock))?;
    let ledger = Ledger::new(Dynamo::new(dynamo, Environment.table()?));
    let queue = Sqs::own(aws_sdk_sqs::Client::new(&account), Layer::Capture, Environment)?;
    let station = &Station::new(ledger, queue, SystemClock, Environment.lease()?, &config);
    let door = Environment.required("BATON_DOOR_URL")?;
    let settings = Settings::new(&config, store.topics(), &door, store.webhook_path());
    let rounds = &Rounds { station, store: store.clone(), settings };
    let capture = &Capture::new(station, store, config.verdict_rules());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_millisecond(deadline).unwrap_or(Timestamp::MAX);
        // Lambda logs this text: with its causes, or it says little.
        let answer = Box::pin(rounds.handle(capture, event.payload, deadline)).await;
        answer.map_err(|error| Error::from(batch::chain(&error)))
    }))
    .await
}
