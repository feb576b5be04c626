//! Many deliveries at once, and what one costs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::event::EventKey;
use intake::Request;
use ledger::{Ledger, Memory};
use serde_json::{Value, json};
use store::ReadOrder;
use tokio::task::JoinSet;

use crate::house::{SECRET, STRIPE_SECRET, door_of, printful, shopify, stored, stripe};
use crate::support::samples;

const ORDER: u64 = 5_550_100_000;

/// One delivery of a mixed stream, triggered in its own second; several are facts of their own, several say again what another
/// said.
fn mixed(n: u64) -> Request {
    let mut request = untimed(n);
    if request.path.ends_with("shopify") {
        let at = format!("2026-11-22T02:{:02}:{:02}Z", n / 60, n % 60);
        request.headers.push(("x-shopify-triggered-at".to_owned(), at));
    }
    request
}

fn untimed(n: u64) -> Request {
    let order = ORDER + n / 10;
    match n % 10 {
        0 => shopify("orders/create", json!({ "id": order, "name": "#1" }).to_string().as_bytes()),
        1 => shopify("orders/paid", json!({ "id": order, "name": "#1" }).to_string().as_bytes()),
        // The same fact in other bytes.
        2 => shopify("orders/paid", json!({ "id": order.to_string(), "note": "again" }).to_string().as_bytes()),
        3 => shopify("refunds/create", json!({ "id": order + 7, "order_id": order }).to_string().as_bytes()),
        4 => {
            let address = json!({ "address1": "1 Example Street", "city": "Exampletown", "country_code": "US" });
            let body =
                json!({ "id": order, "financial_status": "paid", "shipping_address": address, "tags": n.to_string() });
            shopify("orders/updated", body.to_string().as_bytes())
        }
        5 => {
            shopify("customers/update", json!({ "id": n, "email": format!("c{n}@example.com") }).to_string().as_bytes())
        }
        6 => shopify("themes/publish", json!({ "id": n }).to_string().as_bytes()),
        7 => shopify("orders/paid", format!("{{\"id\": broken {n}").as_bytes()),
        8 => {
            let body = json!({ "id": format!("evt_{n}"), "type": "charge.refunded", "livemode": true, "data": { "object": { "id": "ch_1" } } });
            stripe(body.to_string().as_bytes())
        }
        _ => printful(json!({ "type": "stock_updated", "data": { "n": n } }).to_string().as_bytes()),
    }
}

/// How many of every ten in [`mixed`] are facts of their own.
const FACTS_OF_TEN: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_mixed_deliveries_sixteen_at_once() {
    let table = Arc::new(Memory::default());
    let door = Arc::new(door_of(table.clone(), SECRET));
    let requests: Vec<Request> = (0..1_000).map(mixed).collect();
    let mut sent = JoinSet::new();
    for lane in 0..16 {
        // Every lane has its share, and its neighbour's too: each delivery comes twice, at the same time.
        let mine = requests.iter().enumerate().filter(|(n, _)| n % 16 == lane || (n + 1) % 16 == lane);
        let mine: Vec<Request> = mine.map(|(_, request)| request.clone()).collect();
        let door = door.clone();
        sent.spawn(async move {
            let mut statuses = Vec::new();
            for request in mine {
                statuses.push(door.answer(&request).await.status());
                tokio::task::yield_now().await;
            }
            statuses
        });
    }
    let statuses: Vec<u16> = sent.join_all().await.into_iter().flatten().collect();
    assert_eq!(statuses.len(), 2_000);
    assert!(statuses.iter().all(|status| *status == 200));
    let stored = stored(&table).await;
    let keys: BTreeSet<String> = stored.iter().map(|(event, _)| event.key().to_string()).collect();
    let mut types = BTreeMap::<&str, usize>::new();
    for (event, _) in &stored {
        *types.entry(event.fact.event_type().as_str()).or_default() += 1;
    }
    assert_eq!((stored.len(), keys.len()), (100 * FACTS_OF_TEN, 100 * FACTS_OF_TEN), "{types:?}");
    // Nothing is lost: every body is kept under its fact, where it is not another's that says the same.
    for (n, request) in requests.iter().enumerate().filter(|(n, _)| !matches!(n % 10, 1 | 2)) {
        assert!(stored.iter().any(|(_, body)| *body == request.body), "delivery {n} is not kept");
    }
}

/// The fastest of several runs, so that the machine's other work does not count.
#[expect(clippy::disallowed_methods, reason = "what is measured here is the machine's own time")]
fn nanoseconds(times: u32, mut act: impl FnMut()) -> u128 {
    let runs = (0..5).map(|_| {
        let begin = std::time::Instant::now();
        for _ in 0..times {
            act();
        }
        begin.elapsed() / times
    });
    runs.min().unwrap_or(Duration::MAX).as_nanos()
}

/// What a delivery costs the door without any network, beside the two things no door can do without: one HMAC over the body
/// and one reading of its JSON. Figures, not a limit on the machine: only their relation is checked.
#[test]
fn what_one_delivery_costs() {
    let Some(samples) = samples() else { return };
    let order = std::fs::read(samples.join("shopify/webhook_docs_2026-07/orders_create.json")).unwrap();
    let session = std::fs::read(samples.join("stripe/event_checkout_session_completed_jpy_no_shipping.json")).unwrap();
    let session = String::from_utf8(session).unwrap().replace("\"livemode\": false", "\"livemode\": true");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (name, request) in [
        ("orders/paid", shopify("orders/paid", &order)),
        ("orders/updated", shopify("orders/updated", &order)),
        ("checkout.session.completed", stripe(session.as_bytes())),
    ] {
        let key = if name == "checkout.session.completed" { STRIPE_SECRET } else { SECRET };
        let hmac = nanoseconds(200, || {
            std::hint::black_box(sandbox::deliver::hmac_sha256(key.as_bytes(), &request.body));
        });
        let json = nanoseconds(200, || {
            std::hint::black_box(serde_json::from_slice::<serde::de::IgnoredAny>(&request.body).unwrap());
        });
        // Refused at the signature: what the door adds before it knows anything.
        let door = door_of(Arc::new(Memory::default()), SECRET);
        let wrong = Request { body: [&request.body[..], b" "].concat(), ..request.clone() };
        let refused = nanoseconds(200, || assert_eq!(runtime.block_on(door.answer(&wrong)).status(), 401));
        // The same fact again and again: everything but a new row. Then a new table each time: all of it.
        let again = nanoseconds(200, || assert_eq!(runtime.block_on(door.answer(&request)).status(), 200));
        let new = nanoseconds(50, || {
            let door = door_of(Arc::new(Memory::default()), SECRET);
            assert_eq!(runtime.block_on(door.answer(&request)).status(), 200);
        });
        eprintln!(
            "{name} ({} bytes): HMAC {hmac} ns, HMAC and JSON {} ns; the door: refused {refused} ns, kept already {again} ns, \
             new, its own door opened for it {new} ns",
            request.body.len(),
            hmac + json
        );
        assert!(refused < 10 * hmac + 200_000, "the signature's check costs {refused} ns, its HMAC {hmac} ns");
    }
}

/// The order's change that a webhook tells is the change that the sweep finds in the store: one fact.
#[tokio::test]
async fn an_updated_order_and_the_sweep_tell_one_fact() {
    let sandbox_config = sandbox::Config { specs: crate::support::specs(), ..Default::default() };
    let sandbox = sandbox::Sandbox::start(sandbox_config).await.unwrap();
    let config = crate::world::config(&sandbox);
    let token = &sandbox.ctx.config.shopify.admin_token;
    let secrets = lambda::Secrets::from_pairs([("call/shopify/admin-token", token.as_str())]);
    let store = store::Shopify::new(&config.store, &secrets, lambda::http::client(2).unwrap()).unwrap();
    let id = ORDER + 999;
    let mut payload: Value = crate::world::payload(id);
    payload["shipping_address"] = json!({
        "name": "Ada  Example", "first_name": "Ada", "last_name": "Example", "address1": "1 Example Street", "address2": "",
        "city": "Exampletown", "zip": "40202", "province": "Kentucky", "province_code": "KY", "country": "United States",
        "country_code": "US", "phone": "+1 555 0100", "company": null, "latitude": null, "longitude": null,
    });
    let path = "/_sandbox/shopify/orders?deliver=0";
    assert_eq!(crate::support::control(&sandbox, "POST", path, payload.to_string()).await.0, 201);
    let order = store.order(domain::subject::OrderId(id)).await.unwrap().unwrap();
    let expected = domain::facts::of_order(&order).into_iter().map(|fact| fact.id());
    let expected = expected.filter(|id| id.0.starts_with("changed#")).collect::<Vec<_>>();
    let house = crate::house::House::new();
    assert_eq!(house.answer(&shopify("orders/updated", payload.to_string().as_bytes())).await, 200);
    let (event, _) = house.only().await;
    assert_eq!(vec![event.fact.id()], expected);
    let key = EventKey { subject: event.subject.clone(), id: event.fact.id() };
    assert!(Ledger::new(house.table.clone()).event(&key).await.unwrap().is_some());
    // A move is another fact; a tag is none.
    for (change, value, facts) in
        [("tags", json!("vip"), 1), ("note", json!("thank you"), 1), ("cancelled_at", json!("2026-11-22T02:13:00Z"), 2)]
    {
        payload[change] = value;
        assert_eq!(house.answer(&shopify("orders/updated", payload.to_string().as_bytes())).await, 200);
        assert_eq!(house.stored().await.len(), facts, "{change}");
    }
    payload["shipping_address"]["address1"] = json!("2 Example Street");
    assert_eq!(house.answer(&shopify("orders/updated", payload.to_string().as_bytes())).await, 200);
    assert_eq!(house.stored().await.len(), 3);
}
