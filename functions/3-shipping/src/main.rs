//! Shipping's wiring.

use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use domain::handoff::Layer;
use lambda::{Environment, Secrets, Sqs, Station, StoreConfig, SystemClock, aws, batch, http};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use ledger::{Dynamo, Ledger};
use partner::Partner;
use shipping::Shipping;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
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
    let queue = Sqs::own(aws_sdk_sqs::Client::new(&account), Layer::Shipping, Environment)?;
    let station = &Station::new(ledger, queue, SystemClock, Environment.lease()?, &config);
    let shipping = &Shipping::new(station, store, partners, config.store.shop);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(batch::take(station, shipping, event.payload.records).await)
    }))
    .await
}
