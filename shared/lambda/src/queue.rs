//! Layer queues. A message carries a key and nothing else, so that a late redrive reads what is true now.

use std::collections::BTreeMap;

use domain::event::{EventId, EventKey};
use domain::handoff::Layer;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentError};

/// The longest delay SQS knows.
const LONGEST_DELAY: i64 = 900;

/// What a message carries: the key of an item of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

/// The key names something else than the reader takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pk} {sk} is not the key of an event")]
pub struct NotAnEvent {
    pub pk: String,
    pub sk: String,
}

impl From<&EventKey> for Key {
    fn from(key: &EventKey) -> Self {
        Self { pk: key.subject.to_string(), sk: format!("event#{}", key.id) }
    }
}

impl Key {
    /// The event it names.
    pub fn event(&self) -> Result<EventKey, NotAnEvent> {
        let bad = || NotAnEvent { pk: self.pk.clone(), sk: self.sk.clone() };
        let id = self.sk.strip_prefix("event#").ok_or_else(bad)?;
        Ok(EventKey { subject: self.pk.parse().map_err(|_| bad())?, id: EventId(id.to_owned()) })
    }
}

/// The queue did not take a message.
#[derive(Debug, thiserror::Error)]
#[error("failed to send to the {layer} queue")]
pub struct QueueError {
    pub layer: Layer,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Sends keys to layers.
pub trait Queue: Send + Sync {
    /// Sends a key, to arrive not before `delay` (at most 15 minutes; a longer one is cut).
    fn send(
        &self,
        layer: Layer,
        key: &Key,
        delay: SignedDuration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// The stack's SQS queues, as far as this function knows them.
#[derive(Debug, Clone)]
pub struct Sqs {
    client: aws_sdk_sqs::Client,
    urls: BTreeMap<Layer, String>,
}

impl Sqs {
    /// The queues under these addresses.
    #[must_use]
    pub fn at(client: aws_sdk_sqs::Client, urls: BTreeMap<Layer, String>) -> Self {
        Self { client, urls }
    }

    /// Only the function's own queue (`BATON_QUEUE`).
    pub fn own(client: aws_sdk_sqs::Client, layer: Layer, environment: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self::at(client, BTreeMap::from([(layer, environment.required("BATON_QUEUE")?)])))
    }

    /// All four (`BATON_QUEUE_CAPTURE`, …).
    pub fn all(client: aws_sdk_sqs::Client, environment: Environment) -> Result<Self, EnvironmentError> {
        let url = |layer: Layer| {
            let name = format!("BATON_QUEUE_{}", layer.as_str().to_uppercase());
            Ok((layer, environment.required(&name)?))
        };
        Ok(Self::at(client, Layer::QUEUED.into_iter().map(url).collect::<Result<_, _>>()?))
    }
}

impl Queue for Sqs {
    async fn send(&self, layer: Layer, key: &Key, delay: SignedDuration) -> Result<(), QueueError> {
        let failed = |source| QueueError { layer, source };
        let url = self.urls.get(&layer).ok_or_else(|| failed("this function does not know that queue".into()))?;
        let body = serde_json::to_string(key).map_err(|e| failed(e.into()))?;
        let seconds = i32::try_from(delay.as_secs().clamp(0, LONGEST_DELAY)).unwrap_or(0);
        let mut request = self.client.send_message().queue_url(url).message_body(body);
        if seconds > 0 {
            request = request.delay_seconds(seconds);
        }
        request.send().await.map(|_| ()).map_err(|e| failed(e.into()))
    }
}
