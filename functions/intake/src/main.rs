//! The door's wiring.

use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use intake::Door;
use lambda::{Environment, Secrets, StoreConfig, SystemClock, aws, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger::{Dynamo, Ledger};

/// Shopify gives up after five seconds; the answer must be out before, or the delivery counts as failed.
const AWS_SECONDS: u64 = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let config = StoreConfig::load()?;
    let account = aws::config(AWS_SECONDS).await;
    let ssm = aws_sdk_ssm::Client::new(&account);
    let secrets = Secrets::load(&ssm, &Environment.stack()?, &intake::secrets(&config)?).await?;
    let table = Dynamo::new(aws_sdk_dynamodb::Client::new(&account), Environment.table()?);
    let door = &Door::new(Ledger::new(table), SystemClock, &config, &secrets)?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<LambdaFunctionUrlRequest>| async move {
        let request = intake::http::request(event.payload);
        // Boxed: the calls below nest deeper than the compiler's limit for one future's layout.
        Ok::<_, Error>(intake::http::response(Box::pin(door.answer(&request)).await))
    }))
    .await
}
