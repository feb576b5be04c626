//! Shipping's wiring.

use std::sync::Arc;

use domain::Timestamp;
use domain::handoff::Layer;
use lambda::{Environment, Secrets, Sqs, Station, StoreConfig, SystemClock, aws, batch, http, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger::{Dynamo, Ledger};
use partner::Partner;
use serde_json::Value;
use shipping::Shipping;
use shipping::incoming::{self, Incoming};
use store::Store;
use tracking::Feed;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let config = StoreConfig::load()?;
    let account = aws::config(config.timing.http_timeout).await;
    let mut names = Partner::secrets(&config)?;
    names.extend(Feed::secrets(&config)?);
    names.extend(Store::secrets(&config).iter().map(ToString::to_string));
    let secrets = Secrets::load(&aws_sdk_ssm::Client::new(&account), &Environment.stack()?, &names).await?;
    let http = http::client(config.timing.http_timeout)?;
    let partners = Partner::all(&config, &secrets, &http, Arc::new(SystemClock))?;
    let feeds = Feed::all(&config, &secrets, &http)?;
    let dynamo = aws_sdk_dynamodb::Client::new(&account);
    let store = Store::open(&config, &secrets, http, &dynamo, Arc::new(SystemClock))?;
    let ledger = Ledger::new(Dynamo::new(dynamo, Environment.table()?));
    let queue = Sqs::own(aws_sdk_sqs::Client::new(&account), Layer::Shipping, Environment)?;
    let station = &Station::new(ledger, queue, SystemClock, Environment.lease()?, &config);
    let shipping = &Shipping::new(station, store, partners, feeds, config.store.shop);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_millisecond(deadline).unwrap_or(Timestamp::MAX);
        // Lambda logs this text: with its causes, or it says little.
        let told = |error| Error::from(batch::chain(&error));
        // Boxed: the calls below nest deeper than the compiler's limit for one future's layout.
        let answer = match incoming::read(event.payload)? {
            Incoming::Messages(messages) => {
                serde_json::to_value(Box::pin(batch::take(station, shipping, messages)).await)
            }
            Incoming::Night(now) => serde_json::to_value(Box::pin(shipping.night(now, deadline)).await.map_err(told)?),
            Incoming::Drift { after } => {
                let found =
                    Box::pin(shipping.stretch(after.as_deref(), station.now(), deadline)).await.map_err(told)?;
                serde_json::to_value(found)
            }
        };
        Ok::<_, Error>(answer?)
    }))
    .await
}
