//! The relay in one process: the real door, relay, layers and ledger, the sandbox for providers, and simulated time, queues
//! and mail. A message that is not finished comes back after the visibility time-out; a "process" that dies takes its
//! work with it and leaves the message. The order in which messages arrive is drawn from a seed.

mod account;
mod clock;
mod crash;
mod door;
pub mod flood;
mod night;
mod operate;
mod owner;
mod post;
mod queue;
mod run;
pub mod ses;
pub mod shop;
pub mod stream;
mod sweep;
mod timers;
mod way;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use domain::effect::State;
use domain::event::EventType;
use domain::exception::{Exception, Life};
use domain::handoff::Layer;
use domain::subject::{OrderId, Subject};
use email::Sender;
use jiff::SignedDuration;
use lambda::{Secrets, Station, StoreConfig};
use ledger::{Journey, Ledger, Memory};
use sandbox::Sandbox;
use sandbox::partners::Played as _;
use serde_json::{Value, json};
use store::Shopify;

pub use account::{Account, Fault, Plan};
pub use clock::SimClock;
pub use crash::Crash;
pub use operate::{NothingDead, Watchdog};
pub use post::{Fate, Post};
pub use queue::SimQueue;
pub use timers::SimTimers;
pub use way::{MailWay, QueueWay, TableWay, Way};
pub use wire::Operation;
use wire::{Held, STACK};

use crate::support;

pub type SimStation = Station<TableWay, QueueWay, SimClock>;

/// The lease of a claim and the visibility time-out of a message, as the template's own defaults relate: time-out < lease <
/// visibility.
const LEASE: SignedDuration = SignedDuration::from_secs(40);
pub const VISIBILITY: SignedDuration = SignedDuration::from_secs(120);
/// After so many receipts a message is dead.
const MAX_RECEIVE: u32 = 5;

pub struct World {
    pub sandbox: Sandbox,
    pub table: Arc<Memory>,
    pub clock: SimClock,
    pub queue: SimQueue,
    pub post: Post,
    /// The owner's mailbox.
    pub owners: Post,
    /// Where the layers' calls of AWS go, if they are made.
    account: Option<Account>,
    /// Layer 5, if it is at work.
    pub watchdog: Option<Watchdog>,
    /// What the stream's two readers hear of: the relay and monitoring.
    filters: [stream::Filter; 2],
    pub timers: SimTimers,
    pub crash: Crash,
    pub door: door::Door,
    ledger: Ledger<Arc<Memory>>,
    ways: (TableWay, QueueWay, MailWay),
    stations: [SimStation; 4],
    choices: Value,
    config: StoreConfig,
    /// Who the mails come from, by the same choices.
    sender: Sender,
    secrets: Secrets,
    http: reqwest::Client,
    files: routing::Files,
    random: fastrand::Rng,
    /// A layer that takes no event of this kind: what comes is lost.
    pub broken: Option<(Layer, EventType)>,
    /// Messages that were received too often.
    pub dead: Vec<(Layer, lambda::Key)>,
    /// How often a process died.
    pub deaths: u32,
}

/// The owner's choices in these tests; `any_variant` is on.
pub fn config(sandbox: &Sandbox) -> StoreConfig {
    StoreConfig::parse(&choices(sandbox).to_string()).unwrap()
}

/// The same as JSON, for tests that choose otherwise.
pub fn choices(sandbox: &Sandbox) -> Value {
    let url = sandbox.url();
    json!({
            "store": {
                "name": "Example Prints", "mode": "test", "shop": sandbox.ctx.config.shopify.shop,
                "base_url": format!("{url}/shopify"),
            },
            "partners": { "printful": { "base_url": format!("{url}/printful") } },
            "catalog": { "any_variant": { "partner": "printful" } },
            "mail": { "from": "Example Prints <orders@example.com>" },
            "brand": { "name": "Example Prints", "address": "1 Example Street, Example", "support": "help@example.com" },
            "alerts": { "to": "owner@example.com", "gather": 0, "storm": 0 },
            "timing": { "http_timeout": 1, "settle_window": 60, "first_wait": 20, "longest_wait": 600 },
            // Files of invented orders lie nowhere.
            "routing": { "check_files": false },
    })
}

impl World {
    /// A fresh world whose messages arrive in an order drawn from `seed`.
    pub async fn new(seed: u64) -> Self {
        Self::with(seed, |_| {}).await
    }

    /// The same with other choices of the owner's.
    pub async fn with(seed: u64, choose: impl FnOnce(&mut Value)) -> Self {
        Self::played(seed, |_| {}, choose).await
    }

    /// The same with other providers.
    pub async fn played(seed: u64, play: impl FnOnce(&mut sandbox::Config), choose: impl FnOnce(&mut Value)) -> Self {
        Self::built(seed, play, choose, false).await
    }

    /// A fresh world whose layers reach the table, the queues, the mail and their secrets through AWS's own clients.
    pub async fn on_aws(seed: u64) -> Self {
        Self::built(seed, |_| {}, |_| {}, true).await
    }

    async fn built(
        seed: u64,
        play: impl FnOnce(&mut sandbox::Config),
        choose: impl FnOnce(&mut Value),
        on_aws: bool,
    ) -> Self {
        let crash = Crash::default();
        let mut sandbox_config = sandbox::Config {
            specs: support::specs(),
            retry_ms: vec![10, 10],
            autopilot: sandbox::config::AutopilotConfig { on: false, ..Default::default() },
            shopify: sandbox::config::ShopifyConfig { cost_maximum: 1_000_000, ..Default::default() },
            printful: sandbox::config::PrintfulConfig { rate_limit: 1_000_000, ..Default::default() },
            ..Default::default()
        };
        play(&mut sandbox_config);
        let sandbox = Sandbox::start_with(sandbox_config, Arc::new(crash.clone())).await.unwrap();
        sandbox.printful.any_variant(true);
        let mut choices = choices(&sandbox);
        choose(&mut choices);
        let config = StoreConfig::parse(&choices.to_string()).unwrap();
        let provider = &sandbox.ctx.config;
        let secrets = [
            ("door/shopify/webhook-secret", provider.shopify.webhook_secret.as_str()),
            ("call/shopify/admin-token", &provider.shopify.admin_token),
            ("call/printful/token", &provider.printful.token),
            ("door/printful/webhook-secret", &provider.printful.webhook_secret),
            ("door/printful/path-secret", &provider.printful.path_secret),
            ("call/printify/token", &provider.printify.token),
            ("door/printify/webhook-secret", &provider.printify.webhook_secret),
            ("call/gelato/token", &provider.gelato.api_key),
            ("door/gelato/path-secret", &provider.gelato.path_secret),
            ("call/klaviyo/api-key", &provider.klaviyo.api_key),
            ("call/workshop/token", &provider.workshop.tokens[0]),
            ("door/workshop/webhook-secret", &provider.workshop.webhook_secret),
        ];
        let table = Arc::new(Memory::with_late_glances(3));
        let clock = SimClock::starting_at("2026-11-22T02:13:00Z");
        let queue = SimQueue::new(clock.clone());
        let post = Post::new(crash.clone());
        let owners = Post::new(Crash::default());
        let account = if on_aws {
            let named = |(name, value): &(&str, &str)| (format!("/{STACK}/{name}"), (*value).to_owned());
            let held = Held {
                table: table.clone(),
                queue: queue.clone(),
                customers: post.clone(),
                owner: owners.clone(),
                secrets: secrets.iter().map(named).collect(),
                store: config.subject(),
                marks: Default::default(),
                notices: Default::default(),
            };
            Some(Account::new(held).await)
        } else {
            None
        };
        let secrets = Secrets::from_pairs(secrets);
        let ways = match &account {
            Some(account) => account.ways(),
            None => (Way::Direct(table.clone()), Way::Direct(queue.clone()), Way::Direct(post.clone())),
        };
        let door = door::Door::start(ways.0.clone(), clock.clone(), &config, &secrets).await;
        sandbox.set_intake_url(&door.url);
        let providers = clock.clone();
        sandbox.live_by(move || providers.get());
        let station = || Station::new(Ledger::new(ways.0.clone()), ways.1.clone(), clock.clone(), LEASE, &config);
        Self {
            ledger: Ledger::new(table.clone()),
            stations: [station(), station(), station(), station()],
            ways,
            http: lambda::http::client(1).unwrap(),
            files: routing::Files::new(1).unwrap(),
            random: fastrand::Rng::with_seed(seed),
            timers: SimTimers::default(),
            filters: ["Relay", "Monitoring"].map(stream::Filter::of),
            watchdog: None,
            broken: None,
            dead: Vec::new(),
            deaths: 0,
            post,
            owners,
            account,
            sandbox,
            table,
            clock,
            queue,
            crash,
            door,
            choices,
            sender: sender(&config),
            config,
            secrets,
        }
    }

    /// The account in which this world is.
    pub fn account(&self) -> &Account {
        self.account.as_ref().unwrap()
    }

    /// The ledger, to look at.
    pub fn ledger(&self) -> &Ledger<Arc<Memory>> {
        &self.ledger
    }

    /// The store, as the layers reach it.
    pub fn store(&self) -> Shopify {
        self.store_with(&self.secrets)
    }

    fn store_with(&self, secrets: &Secrets) -> Shopify {
        Shopify::new(&self.config.store, secrets, self.http.clone()).unwrap()
    }

    /// The store takes an order and delivers `orders/paid` so many times.
    pub async fn order(&self, payload: &Value, deliver: u32) -> u16 {
        self.placed(payload, &format!("deliver={deliver}")).await
    }

    /// The store takes an order, says this of its risk, and delivers `orders/paid` once.
    pub async fn order_at_risk(&self, payload: &Value, risk: &str) {
        assert_eq!(self.placed(payload, &format!("deliver=1&risk={risk}")).await, 201);
    }

    async fn placed(&self, payload: &Value, how: &str) -> u16 {
        let path = format!("/_sandbox/shopify/orders?{how}");
        let (status, answer) = support::control(&self.sandbox, "POST", &path, payload.to_string()).await;
        assert!(status == 201 || status == 400, "{status} {answer}");
        self.delivered().await;
        status
    }

    /// Something happens to an order in the store.
    pub async fn in_store(&self, order: u64, what: Value) {
        let path = format!("/_sandbox/shopify/orders/{order}?deliver=1");
        let (status, answer) = support::control(&self.sandbox, "PUT", &path, what.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        self.delivered().await;
    }

    /// A minute later something happens at the partner, to all orders it has.
    pub async fn at_partner(&self, act: &str, body: Value) {
        self.pass(1);
        for order in self.sandbox.printful.list() {
            let id = order["id"].as_str().unwrap().to_owned();
            self.sandbox.printful.act(&id, act, body.clone()).unwrap();
        }
        self.delivered().await;
    }

    /// What was ordered is made, shipped and delivered, and all that follows is done.
    pub async fn run_to_the_doorstep(&mut self) {
        self.run().await;
        self.at_partner("produce", json!({})).await;
        self.run().await;
        self.at_partner("ship", json!({ "tracking_number": "1Z999AA10123456784", "carrier": "UPS" })).await;
        self.run().await;
        self.at_partner("deliver", json!({})).await;
        self.run().await;
    }

    /// Waits until the sandbox has delivered what it had to deliver.
    pub async fn delivered(&self) {
        while self.sandbox.ctx.deliveries.pending() > 0 || self.sandbox.shopify.pending() > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Everything the ledger knows of an order.
    pub async fn journey(&self, order: u64) -> Journey {
        self.ledger().journey(&Subject::Order(OrderId(order))).await.unwrap()
    }

    /// Exceptions of an order that are still open.
    pub async fn open(&self, order: u64) -> Vec<Exception> {
        let exceptions = self.journey(order).await.exceptions;
        exceptions.into_iter().filter(|exception| exception.state == Life::Open).collect()
    }

    /// The order as the sandbox's store has it.
    pub async fn in_sandbox(&self, order: u64) -> Value {
        let path = format!("/_sandbox/shopify/orders/{order}");
        support::control(&self.sandbox, "GET", &path, "").await.1
    }

    /// Partner orders, fulfilments and customer mails of an order: what the outside world saw.
    pub async fn seen(&self, order: u64) -> Seen {
        let fulfilments = self.in_sandbox(order).await["fulfillments"].as_array().map_or(0, Vec::len);
        let mut mails: Vec<String> = self.post.sent().into_iter().map(|(kind, _)| kind).collect();
        mails.sort();
        let partner_orders = self.sandbox.printful.list();
        let released =
            partner_orders.iter().filter(|order| order["status"] != "draft" && order["status"] != "canceled");
        Seen { partner_orders: partner_orders.len(), released: released.count(), fulfilments, mails }
    }

    /// Nothing is claimed, in doubt, owed to a layer or dead, and no provider saw a request it would not accept.
    pub async fn assert_at_rest(&self, order: u64) {
        let unexpected = self.sandbox.ctx.unexpected.list();
        assert!(unexpected.is_empty(), "{}", serde_json::to_string_pretty(&unexpected).unwrap());
        assert_eq!(self.dead, [], "dead letters");
        let journey = self.journey(order).await;
        for effect in &journey.effects {
            let settled = matches!(effect.state, State::Done { .. } | State::Refused { .. });
            assert!(settled, "{} is {:?}", effect.key, effect.state);
        }
        for event in &journey.events {
            let stored = self.ledger().event(&event.key()).await.unwrap().unwrap();
            for layer in [Layer::Capture, Layer::Routing, Layer::Shipping, Layer::Email] {
                assert!(!stored.owed_by(layer), "{} still owes {layer}", event.key());
            }
        }
    }
}

/// What the outside world saw of an order.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub partner_orders: usize,
    /// Of these, how many are made.
    pub released: usize,
    pub fulfilments: usize,
    /// Kinds of mails, sorted.
    pub mails: Vec<String>,
}

impl Seen {
    /// One of everything.
    pub fn all_once() -> Self {
        let mails = ["confirmation", "delivered", "in-production", "shipped"].map(str::to_owned).to_vec();
        Self { partner_orders: 1, released: 1, fulfilments: 1, mails }
    }

    /// The same of an order that had left the partner before anybody could be told that it was being made.
    pub fn all_once_shipped_at_once() -> Self {
        let mut seen = Self::all_once();
        seen.mails.retain(|kind| kind != "in-production");
        seen
    }
}

/// With pages, since marketing has a way out.
fn sender(config: &StoreConfig) -> Sender {
    let key = links::Key::new(vec!["k".repeat(40).into()]).unwrap();
    Sender::new(config, Some(email::Pages { base: "https://pages.example.com".to_owned(), key })).unwrap()
}

/// A paid order with one made-to-order line of two pieces, in the webhook's shape. Invented.
pub fn payload(id: u64) -> Value {
    let mut order: Value = serde_json::from_str(include_str!("order.json")).unwrap();
    order["id"] = json!(id);
    order["admin_graphql_api_id"] = json!(format!("gid://shopify/Order/{id}"));
    order["name"] = json!(format!("#{}", 1000 + id % 1000));
    order["line_items"][0]["id"] = json!(id * 10 + 1);
    order["shipping_lines"][0]["id"] = json!(id * 10 + 2);
    order
}
