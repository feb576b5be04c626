//! Many orders at once at a partner that takes 120 calls a minute: each is made exactly once, hardly one call is one too many, and
//! waiting kills no message.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::effect::State;
use domain::exception::Life;
use domain::subject::{OrderId, Subject};
use sandbox::faults::{Arm, Fault};
use serde_json::json;
use tokio::task::LocalSet;

use crate::world::flood::Weather;
use crate::world::shop::At;
use crate::world::{World, payload};

const FIRST: u64 = 460_000_000;

/// How many orders: `FLOOD_ORDERS`, for the long run.
#[expect(clippy::disallowed_methods, reason = "the long run is asked for by the environment")]
fn orders() -> u64 {
    std::env::var("FLOOD_ORDERS").ok().map_or(300, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_order_of_a_flood_is_made_exactly_once() {
    let (count, seed) = (orders(), 20_261_127);
    let mut random = fastrand::Rng::with_seed(seed);
    let world = World::played(seed, |play| play.printful.rate_limit = 120, |_| {}).await;
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
    for id in &ids {
        world.order(&payload(*id), random.u32(1..=5)).await;
    }
    let world = Rc::new(world);
    let weather = Weather { processes: 32, deaths: 20, twins: 100 };
    let flooded = LocalSet::new().run_until(world.clone().flood(weather, seed)).await;
    eprintln!("{count} orders: {flooded:?}, {} calls over the limit", world.sandbox.printful.over_limit());

    assert_eq!(flooded.dead, 0, "nothing dies of waiting");
    assert!(flooded.deaths > 0, "some processes died");
    assert!(world.sandbox.ctx.faults.list().iter().all(|fault| fault.fired == 1), "every lost answer was lost");
    let held = world.held_by("printful");
    assert_eq!(held.len(), usize::try_from(count).unwrap(), "as many partner orders as orders");
    assert!(held.iter().all(|at| *at == At::Released));
    let mut external: BTreeMap<String, u32> = BTreeMap::new();
    for order in world.partner("printful").list() {
        *external.entry(order["external_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(external.values().all(|times| *times == 1), "none twice");
    let most = u32::try_from(count / 50).unwrap().max(3);
    let over = world.sandbox.printful.over_limit();
    assert!(over <= most, "{over} calls were over the limit of 120 a minute");
    for id in &ids {
        let journey = world.ledger().journey(&Subject::Order(OrderId(*id))).await.unwrap();
        assert!(
            journey.exceptions.iter().all(|exception| exception.state == Life::Resolved),
            "{:?}",
            journey.exceptions
        );
        assert!(
            journey.effects.iter().all(|effect| matches!(effect.state, State::Done { .. })),
            "{:?}",
            journey.effects
        );
    }
    let unexpected = world.sandbox.ctx.unexpected.list();
    assert!(unexpected.is_empty(), "{}", json!(unexpected));
}
