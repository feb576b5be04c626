//! The storefront's wiring.

use std::sync::Arc;

use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use lambda::{Environment, Secrets, StoreConfig, SystemClock, aws, http, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger::{Dynamo, Ledger};
use store::Store;
use storefront::{Consents, Pages, Storefront};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let config = StoreConfig::load()?;
    let account = aws::config(config.timing.http_timeout).await;
    let names: Vec<&str> = Store::secrets(&config).iter().copied().chain([links::KEY]).collect();
    let secrets = Secrets::load(&aws_sdk_ssm::Client::new(&account), &Environment.stack()?, &names).await?;
    let dynamo = aws_sdk_dynamodb::Client::new(&account);
    let http = http::client(config.timing.http_timeout)?;
    let store = Store::open(&config, &secrets, http, &dynamo, Arc::new(SystemClock))?;
    let headless = match &store {
        Store::Shopify(_) => None,
        Store::Headless(headless) => Some(headless.as_ref().clone()),
    };
    let front = &Storefront::new(headless)?;
    let ledger = Ledger::new(Dynamo::new(dynamo.clone(), Environment.table()?));
    let key = links::Key::new(secrets.all(links::KEY)?)?;
    let pages = &Pages::new(&config, ledger, store.clone(), SystemClock, key.clone())?;
    let ledger = Ledger::new(Dynamo::new(dynamo, Environment.table()?));
    let consents = &Consents::new(&config, ledger, store, SystemClock, key)?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<LambdaFunctionUrlRequest>| async move {
        let request = storefront::http::request(event.payload);
        // Boxed: the calls below nest deeper than the compiler's limit for one future's layout.
        Ok::<_, Error>(storefront::http::response(Box::pin(storefront::answer(front, pages, consents, &request)).await))
    }))
    .await
}
