//! The console's wiring.

use std::sync::Arc;

use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use console::Console;
use lambda::{Environment, Secrets, StoreConfig, SystemClock, aws, http, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger::{Dynamo, Ledger};
use store::Store;

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
    let console = &Console {
        ledger: Ledger::new(Dynamo::new(dynamo, Environment.table()?)),
        store,
        clock: SystemClock,
        key: links::Key::new(secrets.all(links::KEY)?)?,
        deadlines: config.deadlines.clone(),
        shop: config.store.name.clone(),
        subject: config.subject(),
    };
    lambda_runtime::run(service_fn(move |event: LambdaEvent<LambdaFunctionUrlRequest>| async move {
        let request = console::http::request(event.payload);
        // Boxed: the calls below nest deeper than the compiler's limit for one future's layout.
        Ok::<_, Error>(console::http::response(Box::pin(console.answer(&request)).await))
    }))
    .await
}
