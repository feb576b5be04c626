//! Many orders at once at a partner that takes 120 calls a minute: each is made exactly once, the oldest first, hardly one call is
//! one too many, and waiting kills no message.
//!
//! A small flood runs with every test. The long one, by hand:
//! `FLOOD_ORDERS=10000 cargo test --locked --workspace --test it -- --exact flood::each_order_of_a_flood_is_made_exactly_once --nocapture`

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use domain::effect::State;
use domain::event::EventType;
use domain::exception::Life;
use domain::external_id::external_id;
use domain::subject::OrderId;
use jiff::SignedDuration;
use sandbox::faults::{Arm, Fault};
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};

use crate::world::flood::{Weather, plus};
use crate::world::shop::At;
use crate::world::{World, payload};

const FIRST: u64 = 460_000_000;

/// Side by side: webhooks on their way to the door, and later processes at work.
pub const AT_ONCE: usize = 32;

/// How many orders: `FLOOD_ORDERS`, for the long run.
#[expect(clippy::disallowed_methods, reason = "the long run is asked for by the environment")]
fn orders() -> u64 {
    std::env::var("FLOOD_ORDERS").ok().map_or(300, |text| text.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "how long the run takes on this machine is told")]
pub fn tick() -> Instant {
    Instant::now()
}

/// An order of a customer who orders once.
pub fn of_its_own(id: u64) -> Value {
    let mut order = payload(id);
    let email = json!(format!("customer-{id}@example.com"));
    order["customer"]["id"] = json!(id);
    order["shipping_address"]["address1"] = json!(format!("{} Sample Lane", id % 100_000));
    (order["email"], order["contact_email"], order["customer"]["email"]) = (email.clone(), email.clone(), email);
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_order_of_a_flood_is_made_exactly_once() {
    let (count, seed) = (orders(), 20_261_127);
    let mut random = fastrand::Rng::with_seed(seed);
    let play = |play: &mut sandbox::Config| {
        plus(play);
        play.printful.rate_limit = 120;
    };
    let world = Rc::new(World::played(seed, play, |_| {}).await);
    // One answer in twenty is lost after the partner has taken the order.
    let lost = (0..count / 20).map(|n| Arm {
        provider: "printful".to_owned(),
        operation: "create_order".to_owned(),
        fault: Fault::LostAnswer,
        times: Some(1),
        skip: u32::try_from(n).unwrap() * 19,
        seconds: None,
    });
    world.sandbox.ctx.faults.arm(lost.collect());
    let mut ids: Vec<u64> = (0..count).map(|n| FIRST + n).collect();
    random.shuffle(&mut ids);
    let times: Vec<u32> = ids.iter().map(|_| random.u32(1..=5)).collect();
    let began = tick();
    LocalSet::new().run_until(delivered(world.clone(), ids.iter().copied().zip(times).collect())).await;
    eprintln!("{count} orders are paid after {} s", began.elapsed().as_secs());
    let weather = Weather { processes: AT_ONCE, deaths: 20, twins: 100 };
    let flooded = LocalSet::new().run_until(world.clone().flood(weather, seed)).await;
    let (over, at_store) = (world.sandbox.printful.over_limit(), world.sandbox.shopify.over_limit());
    let seconds = began.elapsed().as_secs();
    eprintln!("{count} orders are made after {seconds} s: {flooded:?}");
    eprintln!("{over} calls over the partner's limit, {at_store} over the store's");

    assert_eq!(flooded.dead, 0, "nothing dies of waiting");
    assert!(flooded.deaths > 0, "some processes died");
    assert!(world.sandbox.ctx.faults.list().iter().all(|fault| fault.fired == 1), "every lost answer was lost");
    let held = world.held_by("printful");
    assert_eq!(held.len(), usize::try_from(count).unwrap(), "as many partner orders as orders");
    assert!(held.iter().all(|at| *at == At::Released));
    let at_partner: BTreeMap<String, usize> = (0..)
        .zip(world.partner("printful").list())
        .map(|(place, order)| (order["external_id"].as_str().unwrap().to_owned(), place))
        .collect();
    assert_eq!(at_partner.len(), held.len(), "none twice");
    let most = u32::try_from(count / 50).unwrap().max(3);
    assert!(over <= most, "{over} calls were over the limit of 120 a minute");
    // Two calls an order, at no more than the limit: whoever looks at the watchdog's number while it lasts sees that much of it.
    let at_best = SignedDuration::from_secs(i64::try_from(count).unwrap());
    assert!(flooded.longest_line > at_best / 2, "the line is told: {:?}", flooded.longest_line);

    let mut cleared = Vec::new();
    for id in &ids {
        let journey = world.journey(*id).await;
        let told = &journey.exceptions;
        assert!(told.iter().all(|exception| exception.state == Life::Resolved), "{told:?}");
        let done = journey.effects.iter().all(|effect| matches!(effect.state, State::Done { .. }));
        assert!(done, "{:?}", journey.effects);
        let of = |event: &&domain::event::Event| event.fact.event_type() == EventType::OrderCleared;
        let shop = &world.sandbox.ctx.config.shopify.shop;
        let place = at_partner[&external_id(shop, OrderId(*id), 1)];
        cleared.push((journey.events.iter().find(of).unwrap().time, place));
    }
    oldest_first(cleared);
    let unexpected = world.sandbox.ctx.unexpected.list();
    assert!(unexpected.is_empty(), "{}", json!(unexpected));
}

/// The store takes the orders and delivers `orders/paid` so many times each, many at once.
pub async fn delivered(world: Rc<World>, orders: Vec<(u64, u32)>) {
    let mut sent = JoinSet::new();
    for (id, times) in orders {
        if sent.len() >= AT_ONCE {
            sent.join_next().await.unwrap().unwrap();
        }
        let world = world.clone();
        sent.spawn_local(async move { world.order(&of_its_own(id), times).await });
    }
    sent.join_all().await;
}

/// The order in which orders may go is that in which they come to the partner, but for those whose process died before it had
/// reserved (they reserve when their message is visible again) and those side by side.
fn oldest_first<T: Ord>(mut cleared: Vec<(T, usize)>) {
    cleared.sort();
    let mut off: Vec<usize> = cleared.iter().enumerate().map(|(place, (_, there))| place.abs_diff(*there)).collect();
    off.sort_unstable();
    let of = |percent: usize| off[(off.len() * percent / 100).min(off.len() - 1)];
    eprintln!("places off: {} for half of them, {} for nine tenths, {} at most", of(50), of(90), of(100));
    assert!(of(90) < AT_ONCE * 6 + off.len() / 20, "nine tenths keep their place");
}
