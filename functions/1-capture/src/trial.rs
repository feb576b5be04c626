//! `make test-order`: a tagged order placed in the store, followed by whoever asked, and cancelled at the end.

use domain::Timestamp;
use domain::exception::{Exception, What};
use domain::order::TEST_TAG;
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::{Clock, Queue};
use ledger::Table;
use serde_json::{Value, json};
use store::{ReadOrder, TestOrder};

use crate::incoming::Request;
use crate::rounds::{Error, Rounds};

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder + TestOrder> Rounds<'_, T, Q, C, S> {
    /// Places it: `{"order": "5550004242", "tag": "baton-test-20261122T021300Z"}`, or `{"error": "what to do next"}`. The same
    /// tag again is the same order.
    pub(crate) async fn place_trial(&self, request: &Request, now: Timestamp) -> Value {
        let Some(variant) = request.variant.as_deref().or(self.settings.variant.as_deref()) else {
            let why = "store.toml names no variant to order: say which one, VARIANT=<the store's number, or in a headless store the SKU>";
            return json!({ "error": why });
        };
        let digits = now.to_string().chars().filter(char::is_ascii_alphanumeric).take(16).collect::<String>();
        let tag = request.tag.clone().unwrap_or_else(|| format!("{TEST_TAG}-{digits}"));
        match self.store.place_test_order(&tag, variant, &self.settings.inbox).await {
            Ok(order) => {
                tracing::info!(order = %order, tag, "a test order");
                json!({ "order": order.to_string(), "tag": tag })
            }
            Err(trouble) => json!({ "error": advice(&trouble, &tag), "tag": tag }),
        }
    }

    /// Cancels it, and tells the owner if it did not come through (`why`): `{"order", "cleaned_up": true}` or `{"error"}`.
    pub(crate) async fn clean_up_trial(&self, request: &Request) -> Result<Value, Error> {
        let Some(id) = request.order.as_deref().and_then(OrderId::parse) else {
            return Ok(json!({ "error": "name the test order's number: ORDER=<number>" }));
        };
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            Ok(None) => return Ok(json!({ "error": format!("the store knows no order {id}") })),
            Err(trouble) => return Ok(json!({ "error": format!("the store: {trouble}; try again in a minute") })),
        };
        let Some(tag) = order.tags.iter().find(|tag| tag.starts_with(TEST_TAG)).filter(|_| order.is_trial()) else {
            return Ok(json!({ "error": format!("{} is no test order of ours; only that is cancelled", order.name) }));
        };
        if let Some(why) = &request.why {
            let subject = domain::subject::Subject::Order(id);
            let what = What::TestOrderFailed { why: why.chars().take(500).collect() };
            let exception = Exception::raise(&subject, &what, tag, self.station.now());
            let exception = Exception { order_name: Some(order.name.clone()), ..exception };
            self.station.ledger.raise(&exception).await?;
        }
        Ok(match self.store.clean_up(&order, tag).await {
            Ok(()) => json!({ "order": id.to_string(), "cleaned_up": true }),
            Err(trouble) => json!({ "error": format!("the store: {trouble}; cancel {} there", order.name) }),
        })
    }
}

fn advice(trouble: &Trouble, tag: &str) -> String {
    match trouble {
        Trouble::Refused { why } | Trouble::Broken { why } => format!("the store refuses the test order: {why}"),
        Trouble::NoAnswer { why } => {
            format!("{why}: it may have been placed; ask again with TAG={tag}, and none is placed twice")
        }
        Trouble::Unavailable { .. } | Trouble::RateLimited { .. } | Trouble::Slot { .. } => {
            format!("the store: {trouble}; nothing was placed, try again in a minute")
        }
    }
}
