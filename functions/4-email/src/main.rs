//! The email layer's wiring.

use std::sync::Arc;
use std::time::Duration;

use domain::handoff::Layer;
use email::timers::Scheduler;
use email::{Email, Klaviyo, Pages, Sender, Sending, flows, incoming};
use lambda::{Environment, Secrets, Sqs, Station, StoreConfig, SystemClock, aws, http, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use ledger::{Dynamo, Ledger};
use mailer::Ses;
use serde_json::Value;
use store::Store;

/// What links to order pages are made with. A mail without a link is better than none: whatever is missing is logged.
async fn pages(ssm: &aws_sdk_ssm::Client) -> Option<Pages> {
    let base = Environment.required("BATON_STOREFRONT_URL").ok()?;
    let key = async {
        let secrets = Secrets::load(ssm, &Environment.stack()?, &[links::KEY]).await?;
        Ok::<_, Error>(links::Key::new(secrets.all(links::KEY)?)?)
    };
    match key.await {
        Ok(key) => Some(Pages { base, key }),
        Err(error) => {
            tracing::error!(error = %error, "mails go out without a link to the order's page");
            None
        }
    }
}

const AWS_SECONDS: u64 = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let config = StoreConfig::load()?;
    let flows = flows::checked(&config)?;
    let seconds = config.timing.http_timeout;
    let account = aws::config(AWS_SECONDS).await;
    let ssm = aws_sdk_ssm::Client::new(&account);
    let names: Vec<&str> = Store::secrets(&config).iter().copied().chain(Klaviyo::secret(&config)).collect();
    let secrets = Secrets::load(&ssm, &Environment.stack()?, &names).await?;
    let http = http::client(seconds)?;
    let klaviyo = Klaviyo::open(&config, &secrets, &http)?;
    let dynamo = aws_sdk_dynamodb::Client::new(&account);
    let store = Store::open(&config, &secrets, http, &dynamo, Arc::new(SystemClock))?;
    let ledger = Ledger::new(Dynamo::new(dynamo, Environment.table()?));
    let queue = Sqs::own(aws_sdk_sqs::Client::new(&account), Layer::Email, Environment)?;
    let station = &Station::new(ledger, queue, SystemClock, Environment.lease()?, &config);
    let configuration_set = Environment.required("BATON_CONFIGURATION_SET")?;
    let mailer = Ses::new(&account, configuration_set, Duration::from_secs(seconds))
        .with_marketing(Environment.required("BATON_MARKETING_SET")?);
    let sender = Sender::new(&config, pages(&ssm).await)?;
    let timers = Scheduler::new(&account, Environment)?;
    let sending = Sending::default();
    let email = &Email { station, store, mailer, sender, flows, timers, klaviyo, sending };
    let stack = &Environment.stack()?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        // Boxed: the calls below nest deeper than the compiler's limit for one future's layout.
        Ok::<_, Error>(Box::pin(incoming::answer(email, stack, event.payload)).await?)
    }))
    .await
}
