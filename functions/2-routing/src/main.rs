//! Routing's wiring.

use std::sync::Arc;

use domain::Timestamp;
use domain::handoff::Layer;
use lambda::{Environment, Secrets, Sqs, Station, StoreConfig, SystemClock, aws, batch, http, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger::{Dynamo, Ledger};
use partner::Partner;
use routing::incoming::{self, Incoming};
use routing::{Files, Routing};
use serde_json::Value;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let config = StoreConfig::load()?;
    let account = aws::config(config.timing.http_timeout).await;
    let mut names = Partner::secrets(&config)?;
    names.extend(Store::secrets(&config).iter().map(ToString::to_string));
    let secrets = Secrets::load(&aws_sdk_ssm::Client::new(&account), &Environment.stack()?, &names).await?;
    let http = http::client(config.timing.http_timeout)?;
    let partners = Partner::all(&config, &secrets, &http, Arc::new(SystemClock))?;
    let dynamo = aws_sdk_dynamodb::Client::new(&account);
    let store = Store::open(&config, &secrets, http, &dynamo, Arc::new(SystemClock))?;
    let ledger = Ledger::new(Dynamo::new(dynamo, Environment.table()?));
    let queue = Sqs::own(aws_sdk_sqs::Client::new(&account), Layer::Routing, Environment)?;
    let station = &Station::new(ledger, queue, SystemClock, Environment.lease()?, &config);
    let files = Files::new(config.timing.http_timeout)?;
    let routing = &Routing::new(station, store, partners, &config, files);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_millisecond(deadline).unwrap_or(Timestamp::MAX);
        // Boxed: the calls below nest deeper than the compiler's limit for one future's layout.
        let answer = match incoming::read(event.payload)? {
            Incoming::Messages(messages) => {
                serde_json::to_value(Box::pin(batch::take(station, routing, messages)).await)
            }
            // Lambda logs this text: with its causes, or it says little.
            Incoming::Round(now) => {
                let round =
                    Box::pin(routing.round(now, deadline)).await.map_err(|error| Error::from(batch::chain(&error)))?;
                serde_json::to_value(round)
            }
            Incoming::Check => serde_json::to_value(Box::pin(routing.check(deadline)).await),
            Incoming::Catalog => serde_json::to_value(Box::pin(routing.report(deadline)).await),
        };
        Ok::<_, Error>(answer?)
    }))
    .await
}
