//! Capture's wiring.

use aws_lambda_events::event::sqs::SqsEvent;
use capture::Capture;
use domain::handoff::Layer;
use lambda::{Environment, Secrets, Sqs, Station, StoreConfig, SystemClock, aws, batch, http};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use ledger::{Dynamo, Ledger};
use store::Shopify;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = StoreConfig::load()?;
    let account = aws::config(config.timing.http_timeout).await;
    let secrets =
        Secrets::load(&aws_sdk_ssm::Client::new(&account), &Environment.stack()?, &[store::shopify::ADMIN_TOKEN])
            .await?;
    let shopify = Shopify::new(&config.store, &secrets, http::client(config.timing.http_timeout)?)?;
    let ledger = Ledger::new(Dynamo::new(aws_sdk_dynamodb::Client::new(&account), Environment.table()?));
    let queue = Sqs::own(aws_sdk_sqs::Client::new(&account), Layer::Capture, Environment)?;
    let station = &Station::new(ledger, queue, SystemClock, Environment.lease()?, &config);
    let capture = &Capture::new(station, shopify, config.verdict_rules());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(batch::take(station, capture, event.payload.records).await)
    }))
    .await
}
