//! A real door with a ledger in memory, and deliveries as its senders sign them.

use std::sync::Arc;

use domain::event::{Event, EventId, EventKey};
use intake::Request;
use lambda::{Secrets, StoreConfig};
use ledger::row::Row;
use ledger::{Ledger, Memory, Table};
use sandbox::deliver::hmac_sha256;
use sandbox::shopify::webhooks;
use serde_json::json;

use crate::world::SimClock;

pub const SECRET: &str = "invented-secret";
const PRINTFUL_KEY: &str = "00112233445566778899aabbccddeeff";
const PATH_SECRET: &str = "invented-path";
pub const SHOP: &str = "example-prints.myshopify.com";

/// A door with its table.
pub struct House {
    pub table: Arc<Memory>,
    door: intake::Door<Arc<Memory>, SimClock>,
}

fn config() -> StoreConfig {
    let config = json!({
        "store": { "name": "Example Prints", "mode": "live", "shop": SHOP, "base_url": "http://store.example.com" },
        "mail": { "from": "orders@example.com" },
        "brand": { "name": "Example Prints", "address": "1 Example Street", "support": "help@example.com" },
        "alerts": { "to": "owner@example.com" },
    });
    StoreConfig::parse(&config.to_string()).unwrap()
}

fn secrets(shopify: &str) -> Secrets {
    Secrets::from_pairs([
        ("door/shopify/webhook-secret", shopify),
        ("door/printful/webhook-secret", PRINTFUL_KEY),
        ("door/printful/path-secret", PATH_SECRET),
    ])
}

pub fn door_of<T: Table>(table: T, shopify_secret: &str) -> intake::Door<T, SimClock> {
    let clock = SimClock::starting_at("2026-11-22T02:13:00Z");
    intake::Door::new(Ledger::new(table), clock, &config(), &secrets(shopify_secret)).unwrap()
}

impl House {
    pub fn new() -> Self {
        Self::with_secret(SECRET)
    }

    pub fn with_secret(secret: &str) -> Self {
        let table = Arc::new(Memory::default());
        Self { door: door_of(table.clone(), secret), table }
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
