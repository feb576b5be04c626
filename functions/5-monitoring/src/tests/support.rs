//! Fakes, and an owner to whom it all happens.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::Timestamp;
use domain::event::{Event, EventKey, Fact};
use domain::exception::Exception;
use domain::handoff::Layer;
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::queue::QueueError;
use lambda::{Clock, Key, Queue, Station, StoreConfig};
use ledger::{Appended, Journey, Ledger, Memory, Row, Stored};
use mailer::{Letter, NotSent, SendMail};
use serde_json::{Value, json};

use crate::queues::{DeadLetter, Line, Queues, QueuesError};
use crate::round::Report;
use crate::stream::Rest;
use crate::{Alerts, Error, Monitoring};

pub const ORDER: u64 = 5_550_004_242;

/// A clock that shows what it was set to.
#[derive(Debug)]
pub struct SetClock {
    now: Mutex<Timestamp>,
    /// Whoever rests lets time pass; otherwise it stands still, and another comes later.
    pub rests: AtomicBool,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
}

impl Rest for SetClock {
    async fn rest(&self, time: SignedDuration) {
        if self.rests.load(Ordering::Relaxed) {
            self.set(self.now().checked_add(time).unwrap());
        }
    }
}

impl SetClock {
    pub fn set(&self, time: Timestamp) {
        *self.now.lock().unwrap() = time;
    }

    pub fn pass(&self, seconds: i64) {
        self.set(self.now().checked_add(SignedDuration::from_secs(seconds)).unwrap());
    }
}

/// Keeps what was sent.
#[derive(Debug, Default)]
pub struct PaperQueue(Mutex<Vec<(Layer, Key, i64)>>);

impl Queue for PaperQueue {
    async fn send(&self, layer: Layer, key: &Key, delay: SignedDuration) -> Result<(), QueueError> {
        self.0.lock().unwrap().push((layer, key.clone(), delay.as_secs()));
        Ok(())
    }
}

impl PaperQueue {
    /// Layer, sort key and delay of what was sent since the last call.
    pub fn drain(&self) -> Vec<(Layer, String, i64)> {
        std::mem::take(&mut *self.0.lock().unwrap())
            .into_iter()
            .map(|(layer, key, delay)| (layer, key.sk, delay))
            .collect()
    }
}

/// Takes mails; the answers to come can be set.
#[derive(Debug, Default)]
pub struct Mailbox {
    pub answers: Mutex<VecDeque<Result<String, Trouble>>>,
    letters: Mutex<Vec<Letter>>,
}

impl SendMail for Mailbox {
    async fn send(&self, letter: &Letter) -> Result<String, NotSent> {
        let answer = self.answers.lock().unwrap().pop_front();
        let mut letters = self.letters.lock().unwrap();
        // A lost answer: the mail is out all the same.
        if !matches!(
            answer,
            Some(Err(Trouble::Unavailable { .. } | Trouble::Refused { .. } | Trouble::RateLimited { .. }))
        ) {
            letters.push(letter.clone());
        }
        Ok(answer.unwrap_or_else(|| Ok(format!("ses-{}", letters.len())))?)
    }
}

impl Mailbox {
    /// What arrived since the last call.
    pub fn drain(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.letters.lock().unwrap())
    }

    pub fn next(&self, trouble: Trouble) {
        self.answers.lock().unwrap().push_back(Err(trouble));
    }
}

/// Queues of paper: depth is what lies in them; what was looked at is hidden until [`Paper::show`].
#[derive(Debug, Default)]
pub struct Paper {
    lines: Mutex<BTreeMap<Line, Vec<DeadLetter>>>,
    hidden: Mutex<BTreeSet<String>>,
    pub broken: Mutex<bool>,
}

impl Paper {
    pub fn put(&self, line: Line, id: &str, body: impl ToString) {
        let letter = DeadLetter { id: id.into(), body: body.to_string(), receipt: format!("receipt-{id}") };
        self.lines.lock().unwrap().entry(line).or_default().push(letter);
    }

    pub fn count(&self, line: Line) -> usize {
        self.lines.lock().unwrap().get(&line).map_or(0, Vec::len)
    }

    pub fn show(&self) {
        self.hidden.lock().unwrap().clear();
    }

    fn check(&self, operation: &'static str, line: Line) -> Result<(), QueuesError> {
        if *self.broken.lock().unwrap() {
            return Err(QueuesError { operation, line, source: "no connection".into() });
        }
        Ok(())
    }
}

impl Queues for Paper {
    async fn depth(&self, line: Line) -> Result<u64, QueuesError> {
        self.check("GetQueueAttributes", line)?;
        Ok(self.count(line) as u64)
    }

    async fn look(&self, line: Line) -> Result<Vec<DeadLetter>, QueuesError> {
        self.check("ReceiveMessage", line)?;
        let mut hidden = self.hidden.lock().unwrap();
        let lines = self.lines.lock().unwrap();
        let visible = lines.get(&line).into_iter().flatten().filter(|letter| !hidden.contains(&letter.id));
        let page: Vec<_> = visible.take(10).cloned().collect();
        hidden.extend(page.iter().map(|letter| letter.id.clone()));
        Ok(page)
    }

    async fn delete(&self, line: Line, letter: &DeadLetter) -> Result<(), QueuesError> {
        self.check("DeleteMessage", line)?;
        let mut lines = self.lines.lock().unwrap();
        lines.entry(line).or_default().retain(|other| other.receipt != letter.receipt);
        Ok(())
    }
}

pub type Watch = Monitoring<Memory, PaperQueue, SetClock, Mailbox, Paper>;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// 2026-11-22T02:13:00Z: where every test begins.
pub fn start() -> Timestamp {
    at("2026-11-22T02:13:00Z")
}

pub fn watch() -> Watch {
    let config = config();
    let (clock, lease) =
        (SetClock { now: Mutex::new(start()), rests: AtomicBool::default() }, SignedDuration::from_secs(45));
    Monitoring {
        station: Station::new(Ledger::new(Memory::default()), PaperQueue::default(), clock, lease, &config),
        mail: Mailbox::default(),
        queues: Paper::default(),
        alerts: Alerts::from_config(&config),
        stack: "baton-test".into(),
        silent_hours: 0,
        carriers: crate::carriers::Carriers::new(5),
        settled: crate::settled::Settled::default(),
        remembered: crate::Remembered::default(),
    }
}

/// What is owed by `now`: keys with the names.
pub fn overdue(rows: &[Row], now: Timestamp) -> Vec<String> {
    let owed = rows.iter().filter_map(|row| match row {
        Row::Event(row) => Some(row.owes.iter().map(move |owed| (row, owed))),
        _ => None,
    });
    let late = owed.flatten().filter(|(_, (_, due))| **due <= now.as_second());
    late.map(|(row, (name, _))| format!("{} {} owes {name}", row.pk, row.sk)).collect()
}

pub fn config() -> StoreConfig {
    let config = json!({
        "store": {"name": "Example Prints", "mode": "test", "shop": "example-prints.myshopify.com", "base_url": "http://store.example.com"},
        "mail": {"from": "orders@example.com"},
        "brand": {"name": "Example Prints", "address": "1 Example Street", "support": "help@example.com"},
        "alerts": {"to": "owner@example.com", "gather": 0, "storm": 0},
    });
    StoreConfig::parse(&config.to_string()).unwrap()
}

pub fn order() -> Subject {
    Subject::Order(OrderId(ORDER))
}

/// A fact about the order, by the name the owner knows.
pub fn event(fact: Fact, time: Timestamp) -> Event {
    Event { subject: order(), fact, source: "shopify".into(), time, order_name: Some("#1001".into()) }
}

pub fn store_event(fact: Fact) -> Event {
    let subject = Subject::Store("example-prints.myshopify.com".into());
    Event { subject, fact, source: "shopify".into(), time: start(), order_name: None }
}

/// A batch of the table's stream, by the keys of what was written.
pub fn written(keys: &[(String, String)]) -> Value {
    let record = |(pk, sk): &(String, String)| {
        let keys = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        json!({ "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": { "Keys": keys, "SequenceNumber": "1" } })
    };
    json!({ "Records": keys.iter().map(record).collect::<Vec<_>>() })
}

impl Watch {
    /// Appends an event now, with what it owes.
    pub async fn happens(&self, fact: Fact) -> EventKey {
        let event = event(fact, self.station.now());
        self.append(&event).await
    }

    pub async fn append(&self, event: &Event) -> EventKey {
        assert_eq!(self.station.append_event(event, None).await.unwrap(), Appended::New);
        event.key()
    }

    /// All that is known of the order.
    pub async fn journey(&self) -> Journey {
        self.station.ledger.journey(&order()).await.unwrap()
    }

    /// What is owed by now and was not put off: keys with the names.
    pub fn overdue(&self) -> Vec<String> {
        overdue(&self.station.ledger.table().rows(), self.station.now())
    }
    pub async fn stored(&self, key: &EventKey) -> Stored {
        self.station.ledger.event(key).await.unwrap().unwrap()
    }

    /// The watchdog's round now, invoked as the schedule does.
    pub async fn now_round(&self) -> Value {
        self.round_as_of(self.station.now()).await
    }

    pub async fn round_as_of(&self, now: Timestamp) -> Value {
        self.queues.show();
        let event =
            json!({ "source": "aws.events", "detail-type": "Scheduled Event", "time": now.to_string(), "detail": {} });
        self.handle(event, Timestamp::MAX).await.unwrap()
    }

    /// The round itself, with what it did in figures.
    pub async fn report(&self) -> Result<Report, Error> {
        self.queues.show();
        self.round(self.station.now(), Timestamp::MAX).await
    }

    /// What the stream tells of everything written since the last call: exceptions that are not told.
    pub async fn hears(&self) {
        let written = self.station.ledger.table().drain_stream();
        let mut keys = BTreeSet::new();
        for row in written {
            let (pk, sk) = row.key();
            if sk.starts_with("exception#") {
                keys.insert((pk.to_owned(), sk.to_owned()));
            }
        }
        let keys: Vec<_> = keys.into_iter().collect();
        self.hears_of(&keys).await;
    }

    /// The monitoring layer takes an event.
    pub async fn takes(&self, key: &EventKey) {
        let message = Key::from(key);
        self.hears_of(&[(message.pk, message.sk)]).await;
    }

    /// A batch of the stream with these keys. It never fails.
    pub async fn hears_of(&self, keys: &[(String, String)]) {
        assert_eq!(self.handle(written(keys), Timestamp::MAX).await.unwrap(), Value::Null);
    }

    pub async fn exceptions(&self) -> Vec<Exception> {
        let mut open = self.station.ledger.open_exceptions().await.unwrap();
        open.sort_by_cached_key(|exception| exception.id.clone());
        open
    }

    pub async fn only_exception(&self) -> Exception {
        let mut open = self.exceptions().await;
        assert_eq!(open.len(), 1, "{open:?}");
        open.remove(0)
    }

    /// What arrived since the last call, digests and test alerts left out.
    pub fn alerts(&self) -> Vec<Letter> {
        let mut letters = self.mail.drain();
        letters.retain(|letter| letter.subject.contains("need"));
        letters
    }

    /// What is open about orders.
    pub async fn of_orders(&self) -> Vec<Exception> {
        let mut open = self.exceptions().await;
        open.retain(|exception| exception.subject.order().is_some());
        open
    }

    /// Subject lines of what arrived.
    pub fn subjects(&self) -> Vec<String> {
        self.mail.drain().into_iter().map(|letter| letter.subject).collect()
    }
}
