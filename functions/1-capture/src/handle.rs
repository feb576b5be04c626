//! Whatever the function was invoked with, answered in its invoker's shape.

use domain::Timestamp;
use lambda::{Clock, Queue, Work, batch};
use ledger::Table;
use serde_json::{Value, json};
use store::{ChangedOrders, Checkouts, PlacedOrders, ReadOrder, Subscriptions, TestOrder};

use crate::incoming::{self, Incoming, NotOurs, Request};
use crate::rounds::{Error, Rounds};

/// Why an invocation failed. Lambda counts it.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
    #[error(transparent)]
    Round(#[from] Error),
    #[error("failed to write an answer")]
    Answer(#[from] serde_json::Error),
}

/// Everything the rounds ask of a store.
pub trait Swept: ReadOrder + ChangedOrders + Subscriptions + Checkouts + PlacedOrders + TestOrder {}

impl<S: ReadOrder + ChangedOrders + Subscriptions + Checkouts + PlacedOrders + TestOrder> Swept for S {}

impl<T: Table, Q: Queue, C: Clock, S: Swept> Rounds<'_, T, Q, C, S> {
    /// `work` takes the messages of the layer's queue. `deadline` is when Lambda stops us.
    pub async fn handle(&self, work: &impl Work, event: Value, deadline: Timestamp) -> Result<Value, Failed> {
        match incoming::read(event)? {
            Incoming::Messages(messages) => {
                let answer = batch::take(self.station, work, messages).await;
                Ok(serde_json::to_value(answer)?)
            }
            Incoming::Round(now) => Ok(serde_json::to_value(self.round(now, deadline).await?)?),
            Incoming::Operator(request) => self.operate(&request, deadline).await,
        }
    }

    /// Answers the owner; what the store does not do, and a mistake of the owner's, is an answer too.
    async fn operate(&self, request: &Request, deadline: Timestamp) -> Result<Value, Failed> {
        let now = request.time.unwrap_or_else(|| self.station.now());
        let answered = match request.operator.as_str() {
            "sweep" => {
                let stop = self.stop(deadline);
                self.sweep(now, stop).await.and_then(|swept| Ok(serde_json::to_value(swept)?))
            }
            "subscriptions" => self.subscriptions(now).await.map(|lines| json!({ "subscriptions": lines })),
            "test-order" => Ok(self.place_trial(request, now).await),
            "test-order-clean-up" => self.clean_up_trial(request).await,
            other => Ok(json!({
                "error": format!(
                    "there is no operator's command {other:?}; there are sweep, subscriptions, test-order and test-order-clean-up"
                ),
            })),
        };
        match answered {
            Err(error @ (Error::Store(_) | Error::Overtaken)) => {
                Ok(json!({ "error": format!("{error}; try again in a minute") }))
            }
            answered => Ok(answered?),
        }
    }
}
