//! The deployed stack: the real template, the real binaries, their processes killed. `with-stack` names it in
//! `BATON_STACK_JSON`; without it these tests say that they are skipped.
//!
//! All of them share one stack, so they run one after another (nextest: the test group `stack`; `cargo test`: [`TURN`]),
//! each on orders of its own, and each leaves the sandbox as it found it: autopilot on, no faults, every layer awake.

mod bare;
mod calm;
mod cost;
mod crashes;
mod decisions;
mod door;
mod flood;
mod flows;
mod handoffs;
mod headless;
mod ledger;
mod lost;
mod mail_storm;
mod many;
mod microburst;
mod order_page;
mod orderings;
mod rights;
mod store;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ::ledger::{Dynamo, Journey, Ledger};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use domain::effect::{Effect, EffectKey, State};
use domain::external_id::external_id;
use domain::handoff::Layer;
use domain::subject::{OrderId, Subject};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::support;
use crate::world::payload;

static TURN: Mutex<()> = Mutex::const_new(());

/// `MaximumRetryAttempts` of monitoring in the template.
const ROUND_RETRIES: u32 = 2;
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// The stack, for one test at a time.
pub struct Stack {
    facts: Value,
    dynamo: Client,
    ledger: Ledger<Dynamo>,
    _turn: MutexGuard<'static, ()>,
}

/// A mail as the emulator holds it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    /// The whole mail, to search for words.
    pub text: String,
    /// The hash of its effect.
    pub effect: String,
}

/// The stack that `BATON_STACK_JSON` names, at rest, once it is this test's turn.
pub async fn stack() -> Option<Stack> {
    let Some(path) = std::env::var_os("BATON_STACK_JSON").map(PathBuf::from) else {
        eprintln!("skipped: BATON_STACK_JSON names no stack; run it through `make test`");
        return None;
    };
    let turn = TURN.lock().await;
    let facts: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |name: &str| facts[name].as_str().unwrap().to_owned();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(text("region")))
        .endpoint_url(text("endpoint"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .build();
    let dynamo = Client::from_conf(config);
    let ledger = Ledger::new(Dynamo::new(dynamo.clone(), text("table")));
    let stack = Stack { facts, dynamo, ledger, _turn: turn };
    stack.sandbox(Method::DELETE, "faults", Value::Null).await;
    stack.autopilot(true).await;
    stack.sandbox(Method::POST, "catalog", json!({ "any_variant": true })).await;
    for function in Layer::ALL.map(Layer::as_str).into_iter().chain(["relay"]) {
        stack.switch(function, true).await;
    }
    stack.until("the sandbox to be quiet", 60, async || stack.quiet().await.then_some(())).await;
    Some(stack)
}

/// Numbers that no other test of this or an earlier run has used: `offset` keeps tests of one moment apart.
pub fn fresh_id(offset: u64) -> u64 {
    u64::try_from(sandbox::clock::epoch_millis()).unwrap() * 100 + offset
}

/// [`payload`] under a name that is its own, so that a mail can be recognised by it, for somebody whose name and street occur
/// nowhere else: the logs are searched for them when the run is over (infra/cli/strangers.py).
pub fn named(id: u64) -> Value {
    let mut order = payload(id);
    let somebody = somebody();
    order["name"] = json!(format!("#S{id}"));
    for place in ["customer", "shipping_address"] {
        order[place]["last_name"] = somebody["last_name"].clone();
    }
    order["shipping_address"]["name"] = json!(format!("Ada {}", somebody["last_name"].as_str().unwrap()));
    order["shipping_address"]["address1"] = somebody["address1"].clone();
    order["line_items"][0]["title"] = somebody["title"].clone();
    order["line_items"][0]["name"] = json!(format!("{} - A3", somebody["title"].as_str().unwrap()));
    order
}

fn somebody() -> Value {
    serde_json::from_str(include_str!("somebody.json")).unwrap()
}

fn subject(order: u64) -> Subject {
    Subject::Order(OrderId(order))
}

impl Stack {
    fn fact(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap()
    }

    /// The name of a deployed function.
    pub fn function(&self, name: &str) -> &str {
        self.facts["functions"][name].as_str().unwrap()
    }

    /// One request, JSON both ways; null where there is no body.
    async fn call(&self, method: Method, url: String, body: Value) -> (u16, Value) {
        let mut request = support::client().request(method, url).timeout(Duration::from_secs(60));
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    /// A control route of the sandbox; anything but success ends the test.
    pub async fn sandbox(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, format!("{}/_sandbox/{path}", self.fact("sandbox_url")), body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    pub async fn look_at(&self, path: &str) -> Value {
        self.sandbox(Method::GET, path, Value::Null).await
    }

    pub async fn autopilot(&self, on: bool) {
        self.sandbox(Method::POST, "autopilot", json!({ "on": on })).await;
    }

    /// Nothing is on its way from the sandbox.
    async fn quiet(&self) -> bool {
        let pending = self.look_at("pending").await;
        pending.as_object().unwrap().values().all(|count| count == 0)
    }

    /// The store takes an order and delivers `orders/paid` so many times.
    pub async fn order(&self, payload: &Value, deliver: u32) {
        self.sandbox(Method::POST, &format!("shopify/orders?deliver={deliver}&risk=LOW"), payload.clone()).await;
    }

    /// Something happens at the partner to one order.
    pub async fn at_partner(&self, order: u64, act: &str, body: Value) {
        let id = format!("%40{}", self.external_id(order));
        self.sandbox(Method::POST, &format!("partner/printful/orders/{id}/{act}"), body).await;
    }

    fn external_id(&self, order: u64) -> String {
        external_id(self.fact("shop"), OrderId(order), 1)
    }

    /// What the partner holds for an order, as its own list shows it.
    pub async fn partner_orders(&self, order: u64) -> Vec<Value> {
        let wanted = self.external_id(order);
        let listed = self.look_at("partner/printful/orders").await;
        listed.as_array().unwrap().iter().filter(|one| one["external_id"] == *wanted).cloned().collect()
    }

    pub async fn fulfilments(&self, order: u64) -> usize {
        self.look_at(&format!("shopify/orders/{order}")).await["fulfillments"].as_array().map_or(0, Vec::len)
    }

    /// Every mail there is.
    pub async fn mails(&self) -> Vec<Mail> {
        let listed = self.look_at("mails").await;
        let accounts = listed["messages"].as_object().unwrap();
        let mails = accounts.values().filter_map(Value::as_array).flatten();
        mails
            .map(|mail| Mail {
                to: mail["To"].to_string(),
                text: mail.to_string(),
                effect: mail["Headers"]["X-Baton-Effect"].as_str().unwrap_or_default().to_owned(),
            })
            .collect()
    }

    /// How many mails of each kind went to an order's customer, counted in the mailbox by the effects they carry.
    pub async fn customer_mails(&self, order: u64) -> BTreeMap<String, usize> {
        let (journey, mails) = (self.journey(order).await, self.mails().await);
        let mut count = BTreeMap::new();
        for effect in &journey.effects {
            let EffectKey::Email(kind) = &effect.key else { continue };
            let hash = effect.key.hash(&effect.subject);
            *count.entry(kind.name().to_owned()).or_default() +=
                mails.iter().filter(|mail| mail.effect == hash).count();
        }
        count
    }

    /// The first link that begins with `page` in a mail about the order of that name, once there is one.
    pub async fn link(&self, name: &str, page: &str) -> String {
        let what = format!("a mail about {name} with a link to {page}");
        let token = self
            .until(&what, 60, async || {
                let mails = self.mails().await;
                let about = mails.iter().filter(|mail| mail.text.contains(name) && mail.to.contains('@'));
                about.filter_map(|mail| mail.text.split_once(page)).next().map(|(_, rest)| {
                    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
                    rest.chars().take_while(plain).collect::<String>()
                })
            })
            .await;
        format!("{page}{token}")
    }

    /// Everything the ledger knows of an order.
    pub async fn journey(&self, order: u64) -> Journey {
        self.ledger.journey(&subject(order)).await.unwrap()
    }

    /// Looks until `look` finds something; after `seconds` the test ends with what was waited for.
    pub async fn until<T>(&self, what: &str, seconds: u64, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let end = tokio::time::Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(tokio::time::Instant::now() < end, "waited {seconds} s for {what}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What keeps an order from being over: an effect that is not settled, an event that a layer has not taken.
    pub async fn open(&self, order: u64) -> Vec<String> {
        let journey = self.journey(order).await;
        let settled = |effect: &&Effect| matches!(effect.state, State::Done { .. } | State::Refused { .. });
        let mut open: Vec<String> = Vec::new();
        for effect in journey.effects.iter().filter(|effect| !settled(effect)) {
            open.push(format!("{} is {}", effect.key, effect.state.name()));
        }
        for event in &journey.events {
            let stored = self.ledger.event(&event.key()).await.unwrap().unwrap();
            let layers = Layer::ALL.into_iter().filter(|layer| stored.owed_by(*layer));
            open.extend(layers.map(|layer| format!("{} owes {layer}", event.key())));
        }
        open
    }

    /// Waits until the customer was told that the parcel is there, nothing of the order is open, and the sandbox, which other orders may
    /// keep busy, has nothing left to deliver.
    pub async fn delivered(&self, order: u64, seconds: u64) {
        let told = |effect: &Effect| effect.key.to_string().starts_with("email#delivered");
        let what = format!("order {order} to be delivered");
        self.until(&what, seconds, async || {
            let journey = self.journey(order).await;
            let there = journey.effects.iter().any(told) && self.open(order).await.is_empty();
            there.then_some(())
        })
        .await;
        self.until("the sandbox to be quiet", seconds, async || self.quiet().await.then_some(())).await;
    }

    /// One partner order, released; one fulfilment; one mail of each kind; no request that a provider would not take.
    pub async fn assert_all_once(&self, order: u64) {
        let held = self.partner_orders(order).await;
        assert_eq!(held.len(), 1, "{held:?}");
        assert_eq!(held[0]["status"], "fulfilled", "{held:?}");
        assert_eq!(self.fulfilments(order).await, 1, "fulfilments of {order}");
        let mut mails = self.customer_mails(order).await;
        // At most once, and only where the parcel was not yet under way when the partner's word was read.
        assert!(mails.remove("in-production").unwrap_or_default() <= 1, "mails of {order}");
        let once = ["confirmation", "delivered", "shipped"].map(|kind| (kind.to_owned(), 1));
        assert_eq!(mails, BTreeMap::from(once), "mails of {order}");
        assert_eq!(self.look_at("unexpected").await, json!([]));
    }

    /// Waits until few webhooks are on their way: every one that comes while others are in the door starts a process of its own, and
    /// dozens that start at once on two processors keep each other from starting.
    pub async fn keeps_up(&self) {
        self.until("the door to keep up", 300, async || {
            (self.look_at("pending").await["deliveries"].as_u64().unwrap() < 4).then_some(())
        })
        .await;
    }

    /// Invokes a function as AWS's own `Invoke` does; a function that fails ends the test.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        self.invoked(function, event).await.unwrap_or_else(|error| panic!("{function}: {error}"))
    }

    /// The same; an error is what the function, or Lambda about it, said.
    async fn invoked(&self, function: &str, event: &Value) -> Result<Value, Value> {
        let url = format!("{}/2015-03-31/functions/{}/invocations", self.fact("endpoint"), self.function(function));
        let response = support::client().post(url).body(event.to_string()).send().await.unwrap();
        let failed = response.headers().contains_key("x-amz-function-error");
        let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
        if failed { Err(answer) } else { Ok(answer) }
    }

    /// A call to one of the emulator's JSON services (`AmazonSQS.SendMessage`), as the owner of the account.
    pub async fn aws(&self, operation: &str, body: Value) -> Value {
        let request = support::client().post(self.fact("endpoint")).header("x-amz-target", operation);
        let request = request.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{operation}: {}", response.text().await.unwrap());
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null)
    }

    /// A round of the watchdog as of that moment; what it says it did. One that runs out of time is tried again, as Lambda does with
    /// what a schedule invokes. On the emulator one now and then does; why is not known.
    pub async fn round(&self, now: domain::Timestamp) -> Value {
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "time": now.to_string() });
        for _ in 0..ROUND_RETRIES {
            match self.invoked("monitoring", &event).await {
                Ok(said) => return said,
                Err(error) if error["errorType"].as_str().is_some_and(|kind| kind.ends_with("Timedout")) => {
                    eprintln!("a round as of {now} ran out of time, and is tried again");
                }
                Err(error) => panic!("a round as of {now}: {error}"),
            }
        }
        self.invoke("monitoring", &event).await
    }

    /// Lets a function take from its queue or stream, or not. Returns once it is so.
    pub async fn switch(&self, function: &str, on: bool) {
        let mappings = format!("{}/2015-03-31/event-source-mappings/", self.fact("endpoint"));
        let wanted = if on { "Enabled" } else { "Disabled" };
        let list = format!("{mappings}?FunctionName={}", self.function(function));
        let listed = self.call(Method::GET, list.clone(), Value::Null).await.1;
        for mapping in listed["EventSourceMappings"].as_array().unwrap() {
            if mapping["State"] != wanted {
                let url = format!("{mappings}{}", mapping["UUID"].as_str().unwrap());
                let (status, answer) = self.call(Method::PUT, url, json!({ "Enabled": on })).await;
                assert!(status < 300, "{function}: {status} {answer}");
            }
        }
        let what = format!("the mapping of {function} to be {wanted}");
        self.until(&what, 30, async || {
            let listed = self.call(Method::GET, list.clone(), Value::Null).await.1;
            let all = listed["EventSourceMappings"].as_array().unwrap().iter().all(|one| one["State"] == wanted);
            all.then_some(())
        })
        .await;
    }
}
