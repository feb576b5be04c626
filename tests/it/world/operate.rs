//! What the owner and the schedules do to a world: other choices, replays, a round of the partners' sweep.

use std::sync::Arc;

use domain::Timestamp;
use jiff::SignedDuration;
use lambda::{Station, StoreConfig};
use ledger::Ledger;
use monitoring::queues::{DeadLetter, Line, Queues, QueuesError};
use monitoring::{Alerts, Monitoring};
use partner::Partner;
use routing::{Report, Round, Routing};
use serde_json::{Value, json};
use store::Shopify;

use super::{LEASE, MailWay, QueueWay, STACK, SimClock, SimStation, TableWay, Way, World};

/// Layer 5 in a world.
pub type Watchdog = Monitoring<TableWay, QueueWay, SimClock, MailWay, NothingDead>;

/// Queues in which nothing lies dead.
pub struct NothingDead;

impl Queues for NothingDead {
    async fn depth(&self, _: Line) -> Result<u64, QueuesError> {
        Ok(0)
    }

    async fn look(&self, _: Line) -> Result<Vec<DeadLetter>, QueuesError> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: Line, _: &DeadLetter) -> Result<(), QueuesError> {
        Ok(())
    }
}

impl World {
    /// The owner changes `store.toml` and deploys.
    pub fn choose(&mut self, choose: impl FnOnce(&mut Value)) {
        choose(&mut self.choices);
        self.config = StoreConfig::parse(&self.choices.to_string()).unwrap();
        self.sender = super::sender(&self.config);
    }

    /// `make replay EXCEPTION=<id>`, of the only open exception of this kind; what it said it would do.
    pub async fn replay(&self, order: u64, what: &str) -> Value {
        let open: Vec<_> = self.open(order).await.into_iter().filter(|exception| exception.what == what).collect();
        assert_eq!(open.len(), 1, "{what}: {open:?}");
        self.replay_one(&open[0].id).await
    }

    /// `make replay EXCEPTION=<id>`.
    pub async fn replay_one(&self, exception: &str) -> Value {
        let request = json!({ "operator": "replay", "exception": exception, "run": true });
        self.monitoring().handle(request, Timestamp::MAX).await.unwrap()
    }

    /// A process of layer 5 with the world's tables, queues and time.
    pub fn monitoring(&self) -> Watchdog {
        let (table, queue, mail) = match &self.account {
            Some(account) => account.ways(),
            None => (self.ways.0.clone(), self.ways.1.clone(), Way::Direct(self.owners.clone())),
        };
        Monitoring {
            station: Station::new(Ledger::new(table), queue, self.clock.clone(), LEASE, &self.config),
            mail,
            queues: NothingDead,
            alerts: Alerts::from_config(&self.config),
            stack: STACK.to_owned(),
            silent_hours: 0,
            carriers: monitoring::carriers::Carriers::new(5),
            settled: monitoring::settled::Settled::default(),
            remembered: monitoring::Remembered::default(),
        }
    }

    /// From now on layer 5 is at work.
    pub fn watched(mut self) -> Self {
        self.watchdog = Some(self.monitoring());
        self
    }

    /// A round of the schedule, now: what it says it did.
    pub async fn round(&self) -> Result<Value, monitoring::Error> {
        let event =
            json!({ "source": "aws.events", "detail-type": "Scheduled Event", "time": self.clock.get().to_string() });
        self.watchdog.as_ref().unwrap().handle(event, Timestamp::MAX).await
    }

    /// A round of the partners' sweep, now.
    pub async fn partner_round(&self) -> Round {
        let now = self.clock.get();
        self.routing().round(now, self.deadline()).await.unwrap()
    }

    /// `make catalog`.
    pub async fn catalog(&self) -> Report {
        self.routing().report(self.deadline()).await
    }

    /// What `make doctor` asks of routing.
    pub async fn check(&self) -> routing::Check {
        self.routing().check(self.deadline()).await
    }

    /// The function's end, ten minutes from now.
    fn deadline(&self) -> Timestamp {
        self.clock.get().checked_add(SignedDuration::from_mins(10)).unwrap()
    }

    fn routing(&self) -> Routing<'_, TableWay, QueueWay, SimClock, Shopify> {
        let shopify = Shopify::new(&self.config.store, &self.secrets, self.http.clone()).unwrap();
        let clock = Arc::new(lambda::SystemClock);
        let partners = Partner::all(&self.config, &self.secrets, &self.http, clock).unwrap();
        Routing::new(&self.stations[1], shopify, partners, &self.config, self.files.clone())
    }

    /// Where events are appended from outside.
    pub fn station(&self) -> &SimStation {
        &self.stations[0]
    }

    /// So much time passes.
    pub fn wait(&self, time: SignedDuration) {
        self.clock.set(self.clock.get().checked_add(time).unwrap());
    }
}
