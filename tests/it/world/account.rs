//! An AWS account in this process: the clients that the deployed functions use, with their own time-outs and retries, whose requests
//! end here instead of on a wire. Every request may meet a fault. What the account holds is the world's own table, queues and mail.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{AsyncSleep, Credentials, Region, Sleep};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use domain::handoff::Layer;
use lambda::secrets::SecretsError;
use lambda::{Secrets, Sqs};
use ledger::Dynamo;
use mailer::Ses;
use sandbox::faults::Refusal;
use serde_json::Value;

use super::way::{MailWay, QueueWay, TableWay, Way};
use super::wire::{Call, Held, Operation};
/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Throttled,
    ServerError,
    /// No answer, and nothing happened.
    TimeOut,
    /// The connection ends, and nothing happened.
    Reset,
    /// It happened, and the connection ends before the answer.
    AnswerLost,
}

/// Which requests of one operation meet the fault: of every `period` (retries count), `burst` in a row, from `phase` on.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub operation: Operation,
    pub fault: Fault,
    pub period: u32,
    pub burst: u32,
    pub phase: u32,
}

#[derive(Debug, Default)]
struct Weather {
    plan: Option<Plan>,
    /// Requests of the plan's operation, and how many of them met the fault.
    seen: u32,
    met: u32,
}

#[derive(Clone)]
struct Wire {
    held: Arc<Held>,
    weather: Arc<Mutex<Weather>>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move { wire.answer(&request).await })
    }
}

impl Wire {
    async fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = Call::read(request);
        match self.fault(call.operation) {
            None => Ok(answered(self.held.act(&call).await)),
            Some(Fault::Throttled) => Ok(refused(&call, Refusal::TooMany).await),
            Some(Fault::ServerError) => Ok(refused(&call, Refusal::ServerError).await),
            // The client's own time-out ends this.
            Some(Fault::TimeOut) => std::future::pending().await,
            Some(Fault::Reset) => Err(broken()),
            Some(Fault::AnswerLost) => {
                self.held.act(&call).await;
                Err(broken())
            }
        }
    }

    fn fault(&self, operation: Operation) -> Option<Fault> {
        let mut weather = self.weather.lock().unwrap();
        let plan = weather.plan.filter(|plan| plan.operation == operation)?;
        let meets = (weather.seen + plan.phase) % plan.period < plan.burst;
        weather.seen += 1;
        weather.met += u32::from(meets);
        meets.then_some(plan.fault)
    }
}

fn broken() -> ConnectorError {
    ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into())
}

fn answered((status, body): (u16, Value)) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.to_string().into())
}

/// A no in the service's own words, as the sandbox's proxy says it.
async fn refused(call: &Call, kind: Refusal) -> HttpResponse {
    let (parts, body) = sandbox::aws::refusal::armed(call.operation.service(), kind).into_parts();
    let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
    let mut response = HttpResponse::new(parts.status.as_u16().try_into().unwrap(), body.to_vec().into());
    for (name, value) in &parts.headers {
        response.headers_mut().insert(name.as_str().to_owned(), value.to_str().unwrap().to_owned());
    }
    response
}

/// What the clients wait for (their own next attempt, their time-outs) is over at once: nothing here takes time but a request that
/// is never answered.
#[derive(Debug)]
struct AtOnce;

impl AsyncSleep for AtOnce {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(std::future::ready(()))
    }
}

/// The account as a world uses it.
pub struct Account {
    wire: Wire,
    dynamo: Dynamo,
    sqs: Sqs,
    ses: Ses,
    ssm: aws_sdk_ssm::Client,
}

impl Account {
    pub async fn new(held: Held) -> Self {
        let held = Arc::new(held);
        let wire = Wire { held, weather: Arc::default() };
        let connector = SharedHttpConnector::new(wire.clone());
        let account = lambda::aws::patience(5)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .sleep_impl(AtOnce)
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .load()
            .await;
        let url = |layer: Layer| (layer, format!("https://sqs.us-east-1.amazonaws.com/000000000000/{layer}"));
        Self {
            wire,
            dynamo: Dynamo::new(aws_sdk_dynamodb::Client::new(&account), "baton".to_owned()),
            sqs: Sqs::at(aws_sdk_sqs::Client::new(&account), BTreeMap::from(Layer::QUEUED.map(url))),
            ses: Ses::new(&account, "baton".to_owned(), Duration::from_secs(1)),
            ssm: aws_sdk_ssm::Client::new(&account),
        }
    }

    pub fn ways(&self) -> (TableWay, QueueWay, MailWay) {
        (Way::Called(self.dynamo.clone()), Way::Called(self.sqs.clone()), Way::Called(self.ses.clone()))
    }

    /// What a process reads when it starts.
    pub async fn secrets(&self, names: &[&str]) -> Result<Secrets, SecretsError> {
        Secrets::load(&self.ssm, super::wire::STACK, names).await
    }

    /// From now on requests meet this fault, or none.
    pub fn plan(&self, plan: Option<Plan>) {
        self.wire.weather.lock().unwrap().plan = plan;
    }

    /// How many requests of the plan's operation there were, and how many met the fault.
    pub fn met(&self) -> (u32, u32) {
        let weather = self.wire.weather.lock().unwrap();
        (weather.seen, weather.met)
    }

    /// SES's own word about a mail that it took, as SNS delivers it.
    pub fn next_notice(&self) -> Option<Value> {
        self.wire.held.notices.lock().unwrap().pop_front()
    }

    /// SNS delivers it again.
    pub fn notice_failed(&self, notice: Value) {
        self.wire.held.notices.lock().unwrap().push_back(notice);
    }
}
