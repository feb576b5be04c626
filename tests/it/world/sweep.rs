//! Capture's schedule and its operator, in a world.

use capture::{Capture, Rounds, Settings};
use domain::Timestamp;
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::Shopify;

use super::World;
use crate::support;

impl World {
    /// The store tells only those who subscribed through its API.
    pub async fn only_api_subscriptions(&self) {
        let config = json!({ "shopify_subscriptions": "api" }).to_string();
        let (status, answer) = support::control(&self.sandbox, "PUT", "/_sandbox/config", config).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// The store loses this share of its deliveries from now on.
    pub async fn lose(&self, percent: u32) {
        let body = json!({ "percent": percent, "seed": 7 }).to_string();
        let (status, answer) = support::control(&self.sandbox, "POST", "/_sandbox/shopify/drop", body).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// So many minutes pass, in the store too.
    pub fn pass(&self, minutes: i64) {
        let now = self.clock.get().checked_add(SignedDuration::from_mins(minutes)).unwrap();
        self.clock.set(now);
    }

    /// An order is placed and paid in the store, which tells of both as Shopify would.
    pub async fn placed_and_paid(&self, payload: &Value) {
        assert_eq!(self.placed(payload, "deliver=1&created=1").await, 201);
    }

    /// A round of capture's schedule, now. `None`: the process died.
    pub async fn capture_round(&mut self) -> Option<Value> {
        self.crash.arm();
        let store = Shopify::new(&self.config.store, &self.secrets, self.http.clone()).unwrap();
        let topics = store::shopify::topics::TOPICS;
        let settings = Settings::new(&self.config, topics, &self.door.url, "webhooks/shopify");
        let station = &self.stations[0];
        let work = Capture::new(station, store.clone(), self.config.verdict_rules());
        let rounds = Rounds { station, store, settings };
        let now = self.clock.get();
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "time": now.to_string() });
        let answer = tokio::select! {
            biased;
            () = self.crash.happened() => None,
            answer = rounds.handle(&work, event, Timestamp::MAX) => Some(answer.unwrap()),
        };
        if answer.is_none() {
            self.deaths += 1;
        }
        self.delivered().await;
        answer
    }
}
