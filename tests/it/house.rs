//! A real door with a ledger in memory, and deliveries as its senders sign them.

use std::sync::Arc;

use domain::event::{Event, EventId, EventKey};
use intake::Request;
use lambda::{Secrets, StoreConfig};
use ledger::row::Row;
use ledger::{Ledger, Memory, Table};
use sandbox::deliver::hmac_sha256;
use sandbox::shopify::webhooks;
use serde_json::{Value, json};

use crate::world::SimClock;

pub const SECRET: &str = "invented-secret";
pub const STRIPE_SECRET: &str = "whsec_invented";
/// When the door's clock starts, in seconds since 1970 too: what Stripe signs is good for five minutes.
pub const START: &str = "2026-11-22T02:13:00Z";
const PRINTFUL_KEY: &str = "00112233445566778899aabbccddeeff";
const PATH_SECRET: &str = "invented-path";
pub const SHOP: &str = "example-prints.myshopify.com";

/// A door with its table.
pub struct House {
    pub table: Arc<Memory>,
    door: Door<Arc<Memory>>,
}

/// A store with everybody who may deliver; `mode` is `live` or `test`.
pub fn config(mode: &str) -> Value {
    json!({
        "store": { "name": "Example Prints", "mode": mode, "shop": SHOP, "base_url": "http://store.example.com" },
        "partners": { "printful": { "base_url": "http://printful.example.com" } },
        "stripe": { "base_url": "http://stripe.example.com" },
        "mail": { "from": "orders@example.com" },
        "brand": { "name": "Example Prints", "address": "1 Example Street", "support": "help@example.com" },
        "alerts": { "to": "owner@example.com" },
    })
}

fn secrets(shopify: &str, stripe: &str) -> Secrets {
    Secrets::from_pairs([
        ("door/shopify/webhook-secret", shopify),
        ("door/stripe/webhook-secret", stripe),
        ("door/printful/webhook-secret", PRINTFUL_KEY),
        ("door/printful/path-secret", PATH_SECRET),
    ])
}

/// The door of any store, with whatever secrets it asks for among ours.
pub fn door_for<T: Table>(table: T, config: &Value, shopify: &str, stripe: &str, now: &str) -> Door<T> {
    let config = StoreConfig::parse(&config.to_string()).unwrap();
    intake::Door::new(Ledger::new(table), SimClock::starting_at(now), &config, &secrets(shopify, stripe)).unwrap()
}

pub fn door_of<T: Table>(table: T, shopify_secret: &str) -> Door<T> {
    door_for(table, &config("live"), shopify_secret, STRIPE_SECRET, START)
}

pub type Door<T> = intake::Door<T, SimClock>;

impl House {
    pub fn new() -> Self {
        Self::with_secret(SECRET)
    }

    pub fn with_secret(secret: &str) -> Self {
        Self::of(|table| door_of(table, secret))
    }

    pub fn of(door: impl FnOnce(Arc<Memory>) -> Door<Arc<Memory>>) -> Self {
        let table = Arc::new(Memory::default());
        Self { door: door(table.clone()), table }
    }

    pub async fn answer(&self, request: &Request) -> u16 {
        self.door.answer(request).await.status()
    }

    /// Every event, with the body it came with. Nothing is half stored: each event has its body, each body its event.
    pub async fn stored(&self) -> Vec<(Event, Vec<u8>)> {
        stored(&self.table).await
    }

    /// The one event that is stored.
    pub async fn only(&self) -> (Event, Vec<u8>) {
        let mut all = self.stored().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

pub async fn stored(table: &Arc<Memory>) -> Vec<(Event, Vec<u8>)> {
    let ledger = Ledger::new(table.clone());
    let (mut events, mut bodies) = (Vec::new(), 0);
    for row in table.rows() {
        match row {
            Row::Event(row) => {
                let key = EventKey { subject: row.pk.parse().unwrap(), id: EventId(row.id.clone()) };
                bodies += usize::from(row.payload.is_none());
                let body = ledger.payload(&key).await.unwrap().unwrap_or_else(|| panic!("{key} has no body"));
                events.push((ledger.event(&key).await.unwrap().unwrap().event, body));
            }
            Row::Payload(_) => bodies -= 1,
            other => panic!("the door wrote {other:?}"),
        }
        // Rows come in the order of their keys: an event's before its payload's.
    }
    assert_eq!(bodies, 0, "a body without its event");
    events
}

/// A Shopify delivery in the classic header style, rightly signed.
pub fn shopify(topic: &str, body: &[u8]) -> Request {
    Request {
        method: "POST".into(),
        path: "webhooks/shopify".into(),
        headers: vec![
            ("content-type".into(), "application/json".into()),
            ("x-shopify-topic".into(), topic.into()),
            ("x-shopify-hmac-sha256".into(), webhooks::signature(SECRET, body)),
        ],
        body: body.to_vec(),
    }
}

/// A Stripe delivery, rightly signed at the door's own time.
pub fn stripe(body: &[u8]) -> Request {
    let at: domain::Timestamp = START.parse().unwrap();
    stripe_signed(&sandbox::stripe::webhooks::signature(STRIPE_SECRET, at.as_second(), body), body)
}

pub fn stripe_signed(signature: &str, body: &[u8]) -> Request {
    Request {
        method: "POST".into(),
        path: "webhooks/stripe".into(),
        headers: vec![("stripe-signature".into(), signature.into())],
        body: body.to_vec(),
    }
}

/// A Printful delivery, rightly signed.
pub fn printful(body: &[u8]) -> Request {
    let signature = hex(&hmac_sha256(&unhex(PRINTFUL_KEY), body));
    Request {
        method: "POST".into(),
        path: format!("webhooks/printful/{PATH_SECRET}"),
        headers: vec![("x-pf-webhook-signature".into(), signature)],
        body: body.to_vec(),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
