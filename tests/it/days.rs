//! Thirty days of a small shop: five orders a day, and one thing a week that goes wrong, each time another. The owner hears of
//! exactly those, by the orders' names, and of nothing else but the weekly test alert and the digests that tell of the same.
//!
//! Thirty days without orders are in [`crate::watch`].

use std::collections::{BTreeMap, BTreeSet};

use domain::event::EventType;
use domain::external_id::external_id;
use domain::handoff::Layer;
use domain::subject::OrderId;
use mailer::Letter;
use sandbox::faults::{Arm, Fault};
use sandbox::partners::Played as _;
use serde_json::{Value, json};

use crate::flood::of_its_own;
use crate::watch::later;
use crate::world::World;

const FIRST: u64 = 5_550_002_000;
const DAYS: i64 = 30;
const ORDERS_A_DAY: i64 = 5;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// A round of the watchdog comes so often here; what is due to the minute is in [`crate::handoffs`].
const STEP: i64 = 600;

/// What happens to one order, or to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    /// The partner takes the next order for a bad one; the owner runs it again.
    PartnerRefuses,
    Replayed,
    /// The partner is down.
    PartnerDown,
    PartnerUp,
    /// The email function takes no cleared order.
    EmailBroken,
    EmailMended,
    Placed,
    Produced,
    Shipped,
    Delivered,
}

/// The order that meets something, the n-th of all, and what the alert calls it.
const TROUBLES: [(i64, &str); 4] = [
    (3 * ORDERS_A_DAY, "partner-refused"),
    (10 * ORDERS_A_DAY, "unreachable"),
    (17 * ORDERS_A_DAY, "not-taken"),
    (22 * ORDERS_A_DAY, "late-first-scan"),
];

/// Everything of the month, by the second since it began, with the n-th order.
fn calendar() -> BTreeSet<(i64, Happens, i64)> {
    let mut all = BTreeSet::new();
    for n in 0..DAYS * ORDERS_A_DAY {
        let placed = n / ORDERS_A_DAY * DAY + (8 + 3 * (n % ORDERS_A_DAY)) * HOUR;
        let trouble = TROUBLES.iter().find(|(order, _)| *order == n).map(|(_, what)| *what);
        // A parcel that lies about for five days before anybody scans it.
        let on_its_way = if trouble == Some("late-first-scan") { 5 * DAY } else { 40 * HOUR };
        all.extend([
            (placed, Happens::Placed, n),
            (placed + 20 * HOUR, Happens::Produced, n),
            (placed + 40 * HOUR, Happens::Shipped, n),
            (placed + 40 * HOUR + on_its_way, Happens::Delivered, n),
        ]);
        match trouble {
            Some("partner-refused") => {
                all.extend([(placed, Happens::PartnerRefuses, n), (placed + HOUR, Happens::Replayed, n)]);
            }
            Some("unreachable") => {
                all.extend([(placed, Happens::PartnerDown, n), (placed + HOUR, Happens::PartnerUp, n)]);
            }
            Some("not-taken") => {
                all.extend([(placed, Happens::EmailBroken, n), (placed + HOUR, Happens::EmailMended, n)]);
            }
            _ => {}
        }
    }
    all
}

fn down(times: u32, fault: Fault) -> Arm {
    let (provider, operation) = ("printful".to_owned(), "create_order".to_owned());
    Arm { provider, operation, fault, times: Some(times), skip: 0, seconds: None }
}

fn name(n: i64) -> String {
    format!("#{}", 1_000 + (FIRST + n.unsigned_abs()) % 1_000)
}

async fn at_partner(world: &World, order: u64, act: &str, body: Value) {
    let shop = &world.sandbox.ctx.config.shopify.shop;
    let id = format!("@{}", external_id(shop, OrderId(order), 1));
    world.sandbox.printful.act(&id, act, body).unwrap();
    world.delivered().await;
}

async fn happens(world: &mut World, what: Happens, n: i64) {
    let order = FIRST + n.unsigned_abs();
    match what {
        Happens::PartnerRefuses => world.sandbox.ctx.faults.arm(vec![down(1, Fault::Refuse)]),
        Happens::Replayed => drop(world.replay(order, "partner-refused").await),
        Happens::PartnerDown => world.sandbox.ctx.faults.arm(vec![down(1_000_000, Fault::ServerError)]),
        Happens::PartnerUp => world.sandbox.ctx.faults.clear(),
        Happens::EmailBroken => world.broken = Some((Layer::Email, EventType::OrderCleared)),
        Happens::EmailMended => world.broken = None,
        Happens::Placed => assert_eq!(world.order(&of_its_own(order), 1).await, 201),
        Happens::Produced => at_partner(world, order, "produce", json!({})).await,
        Happens::Shipped => {
            let number = format!("1Z999AA1{:010}", 100_000 + n);
            at_partner(world, order, "ship", json!({ "tracking_number": number, "carrier": "UPS" })).await;
        }
        Happens::Delivered => at_partner(world, order, "deliver", json!({})).await,
    }
}

/// What the owner got: test alerts, digests, alerts.
fn sorted(letters: Vec<(String, Letter)>) -> (usize, Vec<Letter>, Vec<Letter>) {
    let (tests, others): (Vec<_>, Vec<_>) =
        letters.into_iter().map(|(_, letter)| letter).partition(|letter| letter.subject.contains("test alert"));
    let (digests, alerts) = others.into_iter().partition(|letter| letter.subject.contains(" healed"));
    (tests.len(), digests, alerts)
}

#[tokio::test]
async fn thirty_days_with_five_orders_a_day_and_one_fault_a_week_tell_exactly_the_faults() {
    let mut world = World::new(1).await.watched();
    let start = world.clock.get();
    let mut calendar = calendar().into_iter().peekable();
    let mut answered = 0;
    for step in 0..=(DAYS + 8) * DAY / STEP {
        let now = later(start, step * STEP);
        world.run_until(now).await;
        world.clock.set(now.max(world.clock.get()));
        while let Some((_, what, n)) = calendar.next_if(|(at, ..)| *at <= step * STEP) {
            happens(&mut world, what, n).await;
        }
        world.run_until(world.clock.get()).await;
        world.round().await.unwrap();
        world.run_until(world.clock.get()).await;
        // The owner answers each test alert.
        let tests = sorted(world.owners.sent()).0;
        if tests > answered {
            answered = tests;
            let store = &world.station().store;
            world.ledger().channel_acknowledged(store, "mail", "test", world.clock.get()).await.unwrap();
        }
    }
    assert_eq!(calendar.next(), None);

    let (tests, digests, alerts) = sorted(world.owners.sent());
    assert_eq!(tests, 5, "one a week");
    let told: Vec<_> = alerts.iter().map(|letter| letter.subject.as_str()).collect();
    assert_eq!(told.len(), TROUBLES.len(), "{told:#?}");
    for ((n, what), letter) in TROUBLES.iter().zip(&alerts) {
        assert!(letter.subject.contains(&name(*n)), "{what}: {}", letter.subject);
        assert!(letter.text.contains(*what), "{what}: {}", letter.text);
    }
    let in_trouble: BTreeSet<String> = TROUBLES.iter().map(|(n, _)| name(*n)).collect();
    for digest in &digests {
        let others = (0..DAYS * ORDERS_A_DAY).map(name).filter(|name| !in_trouble.contains(name));
        let named: Vec<_> = others.filter(|name| digest.text.contains(name)).collect();
        assert_eq!(named, Vec::<String>::new(), "{}\n{}", digest.subject, digest.text);
    }
    assert!((1..=10).contains(&digests.len()), "{}", digests.len());
    every_order_is_whole(&world).await;
    eprintln!("{} alerts, {} digests, {tests} test alerts: {told:#?}", alerts.len(), digests.len());
}

async fn every_order_is_whole(world: &World) {
    let mut mails: BTreeMap<String, i64> = BTreeMap::new();
    for (kind, _) in world.post.sent() {
        *mails.entry(kind).or_default() += 1;
    }
    let all = DAYS * ORDERS_A_DAY;
    let once = ["confirmation", "delivered", "in-production", "shipped"].map(|kind| (kind.to_owned(), all));
    assert_eq!(mails, BTreeMap::from(once));
    assert_eq!(world.sandbox.printful.list().len(), usize::try_from(all).unwrap());
    for n in 0..all {
        let order = FIRST + n.unsigned_abs();
        assert_eq!(world.open(order).await, []);
        world.assert_at_rest(order).await;
    }
}
