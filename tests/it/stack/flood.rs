//! Many orders at once through the deployed stack, at a partner that takes 120 calls a minute: some answers are lost after the
//! partner has taken the order, some functions are killed in the middle of it. Each order is made exactly once, and waiting kills
//! no message. A small flood, in which nobody is killed, runs with every test; the long one, by hand:
//! `FLOOD_ORDERS=300 CALLED_FROM=$PWD PYTHONPATH=infra .local/venv/bin/python -m cli with-stack cargo test --locked --workspace
//! --test it -- --exact stack::flood::each_order_of_a_flood_is_made_exactly_once_by_the_deployed_stack --nocapture`

use std::collections::BTreeMap;
use std::time::Instant;

use domain::event::EventType;
use domain::subject::Subject;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

/// So many webhooks may be on their way when the next order is paid. Each that comes while others are in the door starts a process
/// of its own, and dozens that start at once on two processors keep each other from starting.
const ON_THEIR_WAY: u64 = 6;

#[expect(clippy::disallowed_methods, reason = "the long run is asked for by the environment")]
fn orders() -> u64 {
    std::env::var("FLOOD_ORDERS").ok().map_or(20, |text| text.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "how long the stack takes is what is measured")]
pub fn tick() -> Instant {
    Instant::now()
}

/// The store takes the orders and tells of each as often as chance says, at most so often, no faster than the door can hear of it.
pub async fn paid(stack: &Stack, ids: &[u64], most: u32, random: &mut fastrand::Rng) {
    for id in ids {
        stack.order(&named(*id), random.u32(1..=most)).await;
        let door = async || (stack.look_at("pending").await["deliveries"].as_u64()? < ON_THEIR_WAY).then_some(());
        stack.until("the door to keep up", 120, door).await;
    }
}

#[tokio::test]
async fn each_order_of_a_flood_is_made_exactly_once_by_the_deployed_stack() {
    let Some(stack) = stack().await else { return };
    let (count, seed) = (orders(), fresh_id(0));
    eprintln!("{count} orders, seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    stack.autopilot(false).await;
    let faults = faults(u32::try_from(count).unwrap());
    let armed = faults.len();
    stack.sandbox(Method::POST, "faults", Value::Array(faults)).await;

    let mut ids: Vec<u64> = (0..count).map(|n| seed * 10 + n).collect();
    random.shuffle(&mut ids);
    let began = tick();
    paid(&stack, &ids, 5, &mut random).await;
    eprintln!("all are paid after {} s", began.elapsed().as_secs());
    // Each order takes two calls at the partner's pace; and the time in which what was killed becomes visible again.
    let patience = 180 + count * 2;
    let mut line = SignedDuration::ZERO;
    stack
        .until(&format!("{count} orders to be made"), patience, async || {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let store = Subject::Store(stack.fact("shop").to_owned());
            line = line.max(stack.ledger.longest_line(&store, sandbox::clock::now()).await.unwrap());
            let held = held(&stack).await;
            ids.iter()
                .all(|id| held.get(&stack.external_id(*id)).is_some_and(|made| made.contains(&true)))
                .then_some(())
        })
        .await;
    let made = began.elapsed().as_secs();
    for id in &ids {
        stack.until(&format!("{id} to rest"), patience, async || routed_and_at_rest(&stack, *id).await).await;
    }
    let rest = began.elapsed().as_secs();
    let line = line.as_secs();
    eprintln!("all are made after {made} s, at rest after {rest} s; the longest line was {line} s");
    let held = held(&stack).await;
    for id in &ids {
        assert_eq!(held[&stack.external_id(*id)], [true], "orders at the partner of {id}");
        let left = stack.journey(*id).await.exceptions;
        assert!(left.iter().all(|exception| exception.what != "dead-letter"), "{left:?}");
    }
    let fired = stack.look_at("faults").await;
    let hit = |fault: &&Value| fault["fired"] == 1 && fault["problems"] == json!([]);
    assert_eq!(fired.as_array().unwrap().iter().filter(hit).count(), armed, "{fired}");
    if count >= 100 {
        assert!(line >= 30, "the partner's limit was what they waited for");
    }
    assert_eq!(stack.look_at("unexpected").await, json!([]));
    stack.sandbox(Method::DELETE, "faults", Value::Null).await;
    stack.autopilot(true).await;
    // All of them are sent and arrive now; the next test begins when that is over.
    stack.until("the sandbox to be quiet", patience, async || stack.quiet().await.then_some(())).await;
}

/// One answer in twenty is lost, and over one order in fifty the process is killed, before the release or after it.
fn faults(count: u32) -> Vec<Value> {
    let arm = |fault: &str, operation: &str, skip: u32| json!({ "provider": "printful", "operation": operation, "fault": fault, "skip": skip, "times": 1 });
    let lost = (0..count / 20).map(|n| arm("lost_answer", "create_order", n * 17));
    let killed = (0..count / 50).map(|n| {
        let fault = if n % 2 == 0 { "kill_before" } else { "kill_after" };
        arm(fault, "confirm_order", n * 40)
    });
    lost.chain(killed).collect()
}

/// The partner's orders by our id: whether each is one to be made.
async fn held(stack: &Stack) -> BTreeMap<String, Vec<bool>> {
    let mut held = BTreeMap::<String, Vec<bool>>::new();
    for order in stack.look_at("partner/printful/orders").await.as_array().unwrap() {
        let made = order["status"] != "draft" && order["status"] != "canceled";
        held.entry(order["external_id"].as_str().unwrap_or_default().to_owned()).or_default().push(made);
    }
    held
}

async fn routed_and_at_rest(stack: &Stack, id: u64) -> Option<()> {
    let events = stack.journey(id).await.events;
    let routed = events.iter().any(|event| event.fact.event_type() == EventType::OrderRouted);
    (routed && stack.open(id).await.is_empty()).then_some(())
}
