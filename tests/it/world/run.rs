//! The world at work: messages are received, processes take them, schedules fire, time passes.

use std::sync::Arc;

use capture::Capture;
use domain::Timestamp;
use domain::handoff::Layer;
use email::{Email, Klaviyo, Sending};
use jiff::SignedDuration;
use lambda::{Secrets, Station};
use ledger::{Row, Table};
use partner::Partner;
use routing::Routing;
use serde_json::{Value, json};
use shipping::Shipping;
use store::Shopify;

use super::{MAX_RECEIVE, STACK, SimClock, SimTimers, VISIBILITY, World, stream};

impl World {
    /// Runs until nothing is in flight: time passes as messages become visible, at most until `until`.
    pub async fn run_until(&mut self, until: Timestamp) {
        for _ in 0..20_000 {
            self.pass_on().await;
            let now = self.clock.get();
            if let Some((layer, key, received)) = self.queue.receive(now, VISIBILITY, &mut self.random) {
                if received > MAX_RECEIVE {
                    self.queue.delete(layer, &key, received);
                    self.dead.push((layer, key));
                    continue;
                }
                if self.is_broken(layer, &key).await || self.process(layer, &key).await {
                    self.queue.delete(layer, &key, received);
                }
                self.delivered().await;
                continue;
            }
            if self.fire(now).await || self.hear_ses().await {
                continue;
            }
            match self.queue.next_visible().into_iter().chain(self.timers.next()).min() {
                Some(next) if next <= until => self.clock.set(next.max(now)),
                _ => return,
            }
        }
        panic!("the relay does not come to rest");
    }

    /// Whether the layer takes no event of this kind.
    async fn is_broken(&self, layer: Layer, key: &lambda::Key) -> bool {
        let Some((_, kind)) = self.broken.filter(|(broken, _)| *broken == layer) else { return false };
        let Ok(key) = key.event() else { return false };
        let stored = self.ledger().event(&key).await.unwrap();
        stored.is_some_and(|stored| stored.event.fact.event_type() == kind)
    }

    /// A minute passes, and the watchdog makes its round, again and again until then.
    pub async fn minutes_until(&mut self, until: Timestamp) {
        while self.clock.get() < until {
            let minute = self.clock.get().checked_add(SignedDuration::from_mins(1)).unwrap().min(until);
            self.run_until(minute).await;
            self.clock.set(minute.max(self.clock.get()));
            self.round().await.unwrap();
            self.run_until(self.clock.get()).await;
        }
    }

    /// Runs until nothing is in flight, for at most a simulated day.
    pub async fn run(&mut self) {
        let until = self.clock.get().checked_add(SignedDuration::from_hours(24)).unwrap();
        self.run_until(until).await;
    }

    /// The work of the stream's two readers, until nothing more is written.
    pub async fn pass_on(&mut self) {
        loop {
            let rows = self.table.drain_stream();
            if rows.is_empty() {
                return;
            }
            let [to_relay, to_monitoring] =
                [0, 1].map(|reader| rows.iter().filter(|row| self.filters[reader].passes(row)).collect::<Vec<_>>());
            self.relay(&to_relay).await;
            self.monitor(&to_monitoring).await;
        }
    }

    /// A batch that fails comes again, whole.
    async fn relay(&self, rows: &[&Row]) {
        for _ in 0..20 {
            let mut done = Ok(());
            for row in rows {
                done = relay::pass_on_row(&self.ways.1, row).await;
                if done.is_err() {
                    break;
                }
            }
            if done.is_ok() {
                return;
            }
            self.wait(SignedDuration::from_secs(1));
        }
        panic!("the stream does not come through");
    }

    /// Monitoring's own batch, which never fails. Where it is not at work, it is enough that something was raised: what the owner hears
    /// has tests of its own.
    async fn monitor(&self, rows: &[&Row]) {
        let Some(watchdog) = &self.watchdog else { return };
        let lost = self.broken.filter(|(layer, _)| *layer == Layer::Monitoring).map(|(_, kind)| kind.as_str());
        let lost = |row: &&&Row| matches!(row, Row::Event(event) if Some(event.event_type.as_str()) == lost);
        let batch = stream::batch(rows.iter().filter(|row| !lost(row)).map(|row| row.key()));
        watchdog.handle(batch, Timestamp::MAX).await.unwrap();
    }

    /// A schedule that is due invokes the email function. `false`: there is none.
    async fn fire(&mut self, now: Timestamp) -> bool {
        let Some(timer) = self.timers.fire(now) else { return false };
        let answer = self.invoke_email(json!({ "timer": timer })).await;
        assert!(answer.is_ok(), "{answer:?}");
        true
    }

    async fn invoke_email(&self, payload: Value) -> Result<Value, String> {
        let email = self.email(&self.stations[3], self.ways.2.clone(), &self.secrets);
        email::incoming::answer(&email, STACK, payload).await.map_err(|error| lambda::batch::chain(&*error))
    }

    /// The email function in a process of its own.
    pub(super) fn email<'s, T: Table, Q, M>(
        &self,
        station: &'s Station<T, Q, SimClock>,
        mailer: M,
        secrets: &Secrets,
    ) -> Email<'s, T, Q, SimClock, Shopify, M, SimTimers> {
        let (flows, timers, sending) = (self.config.flows.clone(), self.timers.clone(), Sending::default());
        let (store, sender) = (self.store_with(secrets), self.sender.clone());
        // Whom the owner leaves flows to.
        let klaviyo = Klaviyo::open(&self.config, secrets, &self.http).unwrap();
        Email { station, store, mailer, sender, flows, timers, klaviyo, sending }
    }

    /// One message in one process. `false`: it was not finished, or the process died.
    pub async fn process(&mut self, layer: Layer, key: &lambda::Key) -> bool {
        self.crash.arm();
        let secrets = match &self.account {
            // A process that starts for each message, and ends where it cannot read its secrets.
            Some(account) => match account.secrets(&["call/shopify/admin-token", "call/printful/token"]).await {
                Ok(secrets) => secrets,
                Err(_) => return false,
            },
            None => self.secrets.clone(),
        };
        let shopify = || self.store_with(&secrets);
        let partners = || Partner::all(&self.config, &secrets, &self.http, Arc::new(lambda::SystemClock)).unwrap();
        let shop = || self.config.store.shop.clone();
        let [capture, routing, shipping, email] = &self.stations;
        let work = async {
            match layer {
                Layer::Capture => {
                    let work = Capture::new(capture, shopify(), self.config.verdict_rules());
                    capture.take(&work, key).await
                }
                Layer::Routing => {
                    let work = Routing::new(routing, shopify(), partners(), &self.config, self.files.clone());
                    routing.take(&work, key).await
                }
                Layer::Shipping => {
                    let work = Shipping::new(shipping, shopify(), partners(), Vec::new(), shop());
                    shipping.take(&work, key).await
                }
                Layer::Email => {
                    let work = self.email(email, self.ways.2.clone(), &secrets);
                    email.take(&work, key).await
                }
                Layer::Monitoring => unreachable!("no queue leads there"),
            }
            .map_err(drop)
        };
        let done = tokio::select! {
            biased;
            () = self.crash.happened() => None,
            done = work => Some(done),
        };
        match done {
            None => {
                self.deaths += 1;
                false
            }
            Some(done) => done.is_ok(),
        }
    }

    /// SNS delivers one of SES's own words. `false`: there is none.
    async fn hear_ses(&self) -> bool {
        let Some(account) = &self.account else { return false };
        let Some(record) = account.next_notice() else { return false };
        let sns = json!({
            "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:us-east-1:000000000000:x:y",
            "Sns": {
                "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:000000000000:x", "Subject": null,
                "Message": record.to_string(), "Timestamp": self.clock.get().to_string(), "SignatureVersion": "1",
                "Signature": "x", "SigningCertUrl": "x", "UnsubscribeUrl": "x", "MessageAttributes": {},
            },
        });
        if self.invoke_email(json!({ "Records": [sns] })).await.is_err() {
            account.notice_failed(record);
            self.wait(SignedDuration::from_secs(1));
        }
        true
    }
}
