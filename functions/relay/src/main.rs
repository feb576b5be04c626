//! The relay's wiring.

use aws_lambda_events::event::dynamodb::Event;
use lambda::{Environment, Sqs, aws, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};

const AWS_SECONDS: u64 = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let account = aws::config(AWS_SECONDS).await;
    let queues = &Sqs::all(aws_sdk_sqs::Client::new(&account), Environment)?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| async move {
        relay::pass_on(queues, event.payload.records).await?;
        Ok::<_, Error>(())
    }))
    .await
}
