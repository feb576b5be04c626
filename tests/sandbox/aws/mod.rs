//! AWS calls on their way to the emulator, and what the emulator leaves out of SES: strictness and events.
//!
//! The second listener is an endpoint for any AWS SDK (`AWS_ENDPOINT_URL`, or `AWS_ENDPOINT_URL_SESV2` for mail alone).
//! See [`proxy`] for what happens to a call, [`counts`] for the write units, [`ses_events`] for the events.

mod caller;
mod counts;
mod emulator;
mod identify;
mod model;
mod proxy;
pub mod refusal;
mod ses_events;
mod sesv2;

use crate::{Ctx, clock, lock};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// `(provider, operation)` for `GET /_sandbox/operations`; the proxy accepts faults for any other AWS operation too.
pub const OPERATIONS: &[(&str, &str)] = &[
    ("ses", "SendEmail"),
    ("ses", "GetAccount"),
    ("dynamodb", "GetItem"),
    ("dynamodb", "PutItem"),
    ("dynamodb", "UpdateItem"),
    ("dynamodb", "DeleteItem"),
    ("dynamodb", "Query"),
    ("dynamodb", "Scan"),
    ("dynamodb", "BatchGetItem"),
    ("dynamodb", "BatchWriteItem"),
    ("dynamodb", "TransactGetItems"),
    ("dynamodb", "TransactWriteItems"),
    ("sqs", "SendMessage"),
    ("sqs", "SendMessageBatch"),
    ("sqs", "ReceiveMessage"),
    ("sqs", "DeleteMessage"),
    ("sqs", "GetQueueAttributes"),
    ("ssm", "GetParameter"),
    ("ssm", "GetParameters"),
    ("ssm", "GetParametersByPath"),
    ("sns", "Publish"),
    ("scheduler", "CreateSchedule"),
    ("scheduler", "DeleteSchedule"),
];
/// Providers whose every operation can meet a fault.
pub const PROVIDERS: &[&str] = &["ses", "dynamodb", "sqs", "ssm", "sns", "scheduler"];

/// How often the emulator is asked for mails, in milliseconds.
const LOOK: u64 = 300;

/// The proxy and SES's events. Cloning is cheap.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    ctx: Ctx,
    model: model::Model,
    emulator: emulator::Emulator,
    counts: Mutex<counts::Counts>,
    callers: caller::Callers,
    sent: ses_events::Sent,
}

impl Aws {
    /// Errors: a service model that is there but cannot be read.
    pub fn new(ctx: Ctx) -> anyhow::Result<Self> {
        let specs = ctx.config.specs.as_deref();
        if model::Model::is_subset(specs) {
            eprintln!("sandbox: SES's published model is absent; SendEmail is checked by a hand-written subset");
        }
        Ok(Self(Arc::new(Inner {
            model: model::Model::load(specs)?,
            emulator: emulator::Emulator::new(&ctx.config.emulator, &ctx.config.aws_region)?,
            counts: Mutex::default(),
            callers: caller::Callers::default(),
            sent: ses_events::Sent::default(),
            ctx,
        })))
    }

    /// The second listener: every request is an AWS call.
    pub fn proxy_router(&self) -> axum::Router {
        axum::Router::new().fallback(proxy::handle).with_state(self.clone())
    }

    /// Background work: publishing SES's events.
    pub fn start(&self, tasks: &mut JoinSet<()>) {
        let aws = self.clone();
        tasks.spawn(async move {
            let mut publisher = ses_events::Publisher::default();
            let inner = &aws.0;
            loop {
                let (topic, region) = (inner.ctx.config.ses.topic_arn.as_deref(), inner.ctx.config.aws_region.as_str());
                let on = inner.ctx.live().ses_events;
                let new = publisher.look(&inner.emulator, &inner.sent, topic, on, region).await;
                lock(&inner.counts).seen += new;
                clock::sleep_ms(LOOK).await;
            }
        });
    }

    /// The body of `GET /_sandbox/counts`: `{"calls": {"dynamodb/PutItem": n}, "functions": {"<name>": {…}},
    /// "write_units": {"table", "indexes", "by_item": [{"pk","sk","operation","table","indexes","writes","refused"}]},
    /// "mails": n}`. Calls count as they come, with those that met a fault.
    pub fn counts(&self) -> Value {
        lock(&self.0.counts).json()
    }

    pub fn clear_counts(&self) {
        *lock(&self.0.counts) = counts::Counts::default();
        self.0.callers.clear();
    }

    /// Every mail the emulator holds, in the shape of its own list, each with the headers and tags it was sent with.
    pub async fn mails(&self) -> anyhow::Result<Value> {
        let mut list = self.0.emulator.mail_list().await?;
        self.0.sent.complete(&mut list);
        Ok(list)
    }

    /// Mails that passed the proxy and whose events are not published yet.
    pub fn pending(&self) -> usize {
        self.0.sent.pending()
    }

    pub fn reset(&self) {
        self.clear_counts();
        self.0.sent.clear();
    }
}
