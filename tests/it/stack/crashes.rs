//! The deployed function's process dies before and after every call to the outside: Shopify and Printful as the sandbox
//! sees them, SES through its AWS proxy. SIGKILL, in the middle of the call; nothing is returned, nothing is cleaned up.
//!
//! Every point has an order of its own. Layers are let loose one after another, so that the call that is hit is the call
//! of the layer that is meant; each message is tried again by its queue, after the visibility time-out.

use std::collections::{BTreeMap, BTreeSet};

use domain::effect::State;
use domain::event::EventType;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

/// One point: what is called, whether the process dies before or after, and how many such calls pass first. A call passes
/// each point that is not yet reached, until one takes it.
struct Point(&'static str, &'static str, &'static str, u32);

use Point as P;

const BEFORE: &str = "kill_before";
const AFTER: &str = "kill_after";

const CAPTURE: &[Point] = &[P("shopify", "order", BEFORE, 0), P("shopify", "order", AFTER, 0)];

/// Routing reads the order, places it, reads it again and releases it.
const ROUTING: &[Point] = &[
    P("shopify", "order", BEFORE, 0),
    P("shopify", "order", AFTER, 0),
    P("printful", "create_order", BEFORE, 0),
    P("printful", "create_order", AFTER, 0),
    P("printful", "confirm_order", BEFORE, 0),
    P("printful", "confirm_order", AFTER, 0),
];

/// Its second reading. Several orders are routed at a time, so each of these has routing to itself.
const SECOND_READING: &[Point] = &[P("shopify", "order", BEFORE, 1), P("shopify", "order", AFTER, 1)];

const SHIPPING: &[Point] = &[
    P("shopify", "order", BEFORE, 0),
    P("shopify", "order", AFTER, 0),
    P("printful", "find_order", BEFORE, 0),
    P("printful", "find_order", AFTER, 0),
    P("shopify", "fulfillmentCreate", BEFORE, 0),
    P("shopify", "fulfillmentCreate", AFTER, 0),
];

/// For each of the four mails.
const EMAIL: &[Point] = &[
    P("shopify", "order", BEFORE, 0),
    P("shopify", "order", AFTER, 0),
    P("ses", "SendEmail", BEFORE, 0),
    P("ses", "SendEmail", AFTER, 0),
];

const POINTS: usize = CAPTURE.len() + SECOND_READING.len() + ROUTING.len() + SHIPPING.len() + 4 * EMAIL.len();

/// Seconds. The emulator notices a death only when the call's time is over, and deaths of one layer come one after another; on a
/// machine that compiles beside it that takes minutes.
const PATIENCE: u64 = 300;

#[tokio::test]
async fn the_process_is_killed_at_every_call_to_the_outside() {
    let Some(stack) = stack().await else { return };
    let ids: Vec<u64> = (0..POINTS as u64).map(|n| fresh_id(100) + n).collect();
    stack.autopilot(false).await;
    let (alone, together) = ids.split_at(SECOND_READING.len());
    for (id, point) in alone.iter().zip(SECOND_READING.chunks(1)) {
        only(&stack, "capture").await;
        stack.order(&named(*id), 1).await;
        reached(&stack, &[*id], "cleared", 1, has(EventType::OrderCleared)).await;
        arm(&stack, point).await;
        only(&stack, "routing").await;
        fired(&stack, "routing, second reading", point).await;
    }

    only(&stack, "capture").await;
    arm(&stack, CAPTURE).await;
    for id in together {
        stack.order(&named(*id), 1).await;
    }
    fired(&stack, "capture", CAPTURE).await;
    let mut left = POINTS - CAPTURE.len();
    reached(&stack, &ids, "cleared", left, has(EventType::OrderCleared)).await;

    only(&stack, "email").await;
    arm(&stack, EMAIL).await;
    fired(&stack, "email: confirmation", EMAIL).await;
    reached(&stack, &ids, "confirmed", left - EMAIL.len(), mailed("confirmation")).await;

    only(&stack, "routing").await;
    arm(&stack, ROUTING).await;
    fired(&stack, "routing", ROUTING).await;
    left -= SECOND_READING.len() + ROUTING.len();
    reached(&stack, &ids, "routed", left, has(EventType::OrderRouted)).await;

    // Whatever died comes back.
    for layer in ["capture", "email"] {
        stack.switch(layer, true).await;
    }
    reached(&stack, &ids, "routed", POINTS, has(EventType::OrderRouted)).await;
    reached(&stack, &ids, "confirmed", POINTS, mailed("confirmation")).await;
    at_rest(&stack, &ids).await;

    only(&stack, "email").await;
    arm(&stack, EMAIL).await;
    at_the_partner(&stack, &ids, "produce").await;
    fired(&stack, "email: in production", EMAIL).await;
    // This kind goes out at most once: whose process died before the call is not told, and nobody is woken for it.
    reached(&stack, &ids, "told that it is made", POINTS - 1, mailed("in-production")).await;
    at_rest(&stack, &ids).await;

    only(&stack, "shipping").await;
    arm(&stack, SHIPPING).await;
    at_the_partner(&stack, &ids, "ship").await;
    fired(&stack, "shipping", SHIPPING).await;
    reached(&stack, &ids, "announced", POINTS - SHIPPING.len(), has(EventType::ParcelAnnounced)).await;

    only(&stack, "email").await;
    arm(&stack, EMAIL).await;
    fired(&stack, "email: shipped", EMAIL).await;
    stack.switch("shipping", true).await;
    reached(&stack, &ids, "told of the parcel", POINTS, mailed("shipped")).await;
    at_rest(&stack, &ids).await;

    arm(&stack, EMAIL).await;
    at_the_partner(&stack, &ids, "deliver").await;
    fired(&stack, "email: delivered", EMAIL).await;
    for id in &ids {
        stack.delivered(*id, PATIENCE).await;
    }

    let mut attempts = BTreeMap::<String, BTreeMap<u32, u32>>::new();
    for id in &ids {
        stack.assert_all_once(*id).await;
        for effect in stack.journey(*id).await.effects {
            let kind: Vec<String> = effect.key.to_string().split('#').take(2).map(str::to_owned).collect();
            let kind = if kind[0] == "email" { kind.join("#") } else { kind[0].clone() };
            *attempts.entry(kind).or_default().entry(effect.attempts).or_default() += 1;
        }
    }
    eprintln!("killed at {POINTS} points");
    for (kind, attempts) in &attempts {
        eprintln!("  {kind:<18} attempts: orders {attempts:?}");
    }
    // Nobody was killed in name only: who died with a claim in hand claimed again.
    let again = |kind: &str| attempts[kind].iter().map(|(attempts, orders)| (attempts - 1) * orders).sum::<u32>();
    let claimed_again = [again("partner-order"), again("partner-release"), again("fulfilment")];
    assert!(claimed_again.iter().zip([2, 4, 6]).all(|(counted, meant)| *counted >= meant), "{claimed_again:?}");
    stack.sandbox(Method::DELETE, "faults", Value::Null).await;
    stack.autopilot(true).await;
}

/// It happens to each order at its partner, no faster than the door can hear of it.
async fn at_the_partner(stack: &Stack, ids: &[u64], act: &str) {
    for id in ids {
        stack.at_partner(*id, act, json!({})).await;
        stack.keeps_up().await;
    }
}

/// Only this layer takes from its queue.
async fn only(stack: &Stack, layer: &str) {
    for other in ["capture", "routing", "shipping", "email"] {
        stack.switch(other, other == layer).await;
    }
}

async fn arm(stack: &Stack, points: &[Point]) {
    stack.sandbox(Method::DELETE, "faults", Value::Null).await;
    arm_also(stack, points).await;
}

async fn arm_also(stack: &Stack, points: &[Point]) {
    let arms = points.iter().map(|P(provider, operation, fault, skip)| {
        json!({ "provider": provider, "operation": operation, "fault": fault, "skip": skip, "times": 1 })
    });
    stack.sandbox(Method::POST, "faults", arms.collect()).await;
}

/// Waits until each point was reached, and the layer that is meant (the first word of `who`) was killed there. A point where nobody
/// was left to kill (on a busy machine the caller's time may be over), or that hit another function (an alert to the owner is a mail,
/// too), is armed again, and met by a later call.
async fn fired(stack: &Stack, who: &str, points: &[Point]) {
    let meant = json!([stack.function(who.split([',', ':']).next().unwrap())]);
    let mut missed = BTreeSet::new();
    let mut seen = String::new();
    stack
        .until(&format!("a death at each point of {who}"), PATIENCE, async || {
            let faults = stack.look_at("faults").await;
            let faults = faults.as_array().unwrap();
            let hit = |fault: &&Value| fault["killed"] == meant;
            let nobody = |fault: &Value| fault["killed"] == json!([]) && fault["problems"] == json!([]);
            for (n, fault) in faults.iter().enumerate().filter(|(_, fault)| !hit(fault) && !nobody(fault)) {
                if missed.insert(n) {
                    eprintln!("{who}: armed again: {fault}");
                    let same = |P(provider, operation, kind, _): &&Point| {
                        fault["provider"] == *provider && fault["operation"] == *operation && fault["fault"] == *kind
                    };
                    let point = points.iter().find(same).unwrap();
                    arm_also(stack, std::slice::from_ref(point)).await;
                }
            }
            let hits = faults.iter().filter(hit).count();
            let now = format!("{who}: {hits} of {} points", points.len());
            if now != seen {
                eprintln!("{now}");
                seen = now;
            }
            (hits == points.len()).then_some(())
        })
        .await;
    eprintln!("{who}: killed at {} points", points.len());
}

type Reached = Box<dyn Fn(&ledger::Journey) -> bool>;

fn has(wanted: EventType) -> Reached {
    Box::new(move |journey| journey.events.iter().any(|event| event.fact.event_type() == wanted))
}

fn mailed(kind: &'static str) -> Reached {
    Box::new(move |journey| {
        let wanted = format!("email#{kind}");
        let done = |effect: &&domain::effect::Effect| matches!(effect.state, State::Done { .. });
        journey.effects.iter().filter(done).any(|effect| effect.key.to_string().starts_with(&wanted))
    })
}

/// Waits until at least `count` of the orders have come so far.
async fn reached(stack: &Stack, ids: &[u64], what: &str, count: usize, so_far: Reached) {
    let mut missing = Vec::new();
    stack
        .until(&format!("{count} orders to be {what}"), PATIENCE, async || {
            let mut now = Vec::new();
            for id in ids {
                if !so_far(&stack.journey(*id).await) {
                    now.push(*id);
                }
            }
            if now != missing && ids.len() - now.len() < count {
                eprintln!("not {what} yet: {now:?}");
            }
            missing = now;
            (ids.len() - missing.len() >= count).then_some(())
        })
        .await;
}

/// Waits until nothing of these orders is open.
async fn at_rest(stack: &Stack, ids: &[u64]) {
    for id in ids {
        let what = format!("nothing of {id} to be open");
        stack.until(&what, PATIENCE, async || stack.open(*id).await.is_empty().then_some(())).await;
    }
}
