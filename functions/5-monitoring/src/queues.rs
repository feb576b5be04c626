//! The queues for what was put aside, as the watchdog sees them: how deep they are, and what lies in them.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_sqs::types::QueueAttributeName;
use domain::handoff::Layer;
use lambda::Environment;
use lambda::environment::EnvironmentError;

/// One of these queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// What a layer put aside.
    Dead(Layer),
    /// What the relay gave up on: pointers into the table's stream.
    RelayFailures,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dead(layer) => write!(f, "{layer}-dead-letters"),
            Self::RelayFailures => f.write_str("relay-failures"),
        }
    }
}

/// A message that was put aside. It stays where it is until it is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub id: String,
    pub body: String,
    /// With this it can be deleted.
    pub receipt: String,
}

/// A queue did not answer.
#[derive(Debug, thiserror::Error)]
#[error("failed at {operation} on the queue {line}")]
pub struct QueuesError {
    pub operation: &'static str,
    pub line: Line,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Looks into queues.
pub trait Queues: Send + Sync {
    /// Messages in it, those in somebody's hands included, those delayed on purpose not.
    fn depth(&self, line: Line) -> impl Future<Output = Result<u64, QueuesError>> + Send;

    /// Some of the messages in it (at most ten), each not shown again for a few seconds. Empty: there are no more to see now.
    fn look(&self, line: Line) -> impl Future<Output = Result<Vec<DeadLetter>, QueuesError>> + Send;

    /// Removes a message for good.
    fn delete(&self, line: Line, letter: &DeadLetter) -> impl Future<Output = Result<(), QueuesError>> + Send;
}

/// The stack's SQS queues.
#[derive(Debug, Clone)]
pub struct SqsQueues {
    client: aws_sdk_sqs::Client,
    urls: BTreeMap<Line, String>,
}

/// Longer than a round looks at one queue; short, so that whoever looks next sees what lies there.
const HIDDEN_SECONDS: i32 = 5;

impl SqsQueues {
    /// All of them: `BATON_DLQ_<LAYER>` and `BATON_DLQ_RELAY`.
    pub fn from_environment(client: aws_sdk_sqs::Client, environment: Environment) -> Result<Self, EnvironmentError> {
        let mut urls = BTreeMap::from([(Line::RelayFailures, environment.required("BATON_DLQ_RELAY")?)]);
        for layer in Layer::ALL {
            let name = layer.as_str().to_uppercase();
            urls.insert(Line::Dead(layer), environment.required(&format!("BATON_DLQ_{name}"))?);
        }
        Ok(Self { client, urls })
    }

    fn url(&self, line: Line) -> &str {
        self.urls.get(&line).map_or("", String::as_str)
    }
}

fn failed<E>(operation: &'static str, line: Line) -> impl FnOnce(E) -> QueuesError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| QueuesError { operation, line, source: source.into() }
}

impl Queues for SqsQueues {
    async fn depth(&self, line: Line) -> Result<u64, QueuesError> {
        const COUNTED: [QueueAttributeName; 2] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request =
            self.client.get_queue_attributes().queue_url(self.url(line)).set_attribute_names(Some(COUNTED.to_vec()));
        let answer = request.send().await.map_err(failed("GetQueueAttributes", line))?;
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name| attributes.get(name).map_or(Ok(0), |count| count.parse::<u64>());
        COUNTED.iter().map(count).sum::<Result<u64, _>>().map_err(failed("GetQueueAttributes", line))
    }

    async fn look(&self, line: Line) -> Result<Vec<DeadLetter>, QueuesError> {
        let request = self.client.receive_message().queue_url(self.url(line));
        // No wait: the round is not there to wait.
        let request = request.max_number_of_messages(10).visibility_timeout(HIDDEN_SECONDS).wait_time_seconds(0);
        let answer = request.send().await.map_err(failed("ReceiveMessage", line))?;
        let letters = answer.messages.unwrap_or_default().into_iter().map(|message| DeadLetter {
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
        });
        Ok(letters.collect())
    }

    async fn delete(&self, line: Line, letter: &DeadLetter) -> Result<(), QueuesError> {
        let request = self.client.delete_message().queue_url(self.url(line)).receipt_handle(&letter.receipt);
        request.send().await.map(|_| ()).map_err(failed("DeleteMessage", line))
    }
}
