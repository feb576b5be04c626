//! The storefront's wiring.

use std::sync::Arc;

use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use lambda::config::Platform;
use lambda::{Environment, Secrets, StoreConfig, SystemClock, aws, http};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use store::{Headless, Store};
use storefront::Storefront;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = StoreConfig::load()?;
    let account = aws::config(config.timing.http_timeout).await;
    let headless = match config.store.platform {
        Platform::Shopify => None,
        Platform::Headless => {
            let ssm = aws_sdk_ssm::Client::new(&account);
            let secrets = Secrets::load(&ssm, &Environment.stack()?, Store::secrets(&config)).await?;
            let http = http::client(config.timing.http_timeout)?;
            let dynamo = aws_sdk_dynamodb::Client::new(&account);
            Some(Headless::open(&config, &secrets, http, &dynamo, Arc::new(SystemClock))?)
        }
    };
    let storefront = &Storefront::new(headless)?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<LambdaFunctionUrlRequest>| async move {
        let request = storefront::http::request(event.payload);
        Ok::<_, Error>(storefront::http::response(storefront.answer(&request).await))
    }))
    .await
}
