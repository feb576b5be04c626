//! From payment to the partner's first byte: what each hop adds of its own, without queues, cold starts and the network.
//!
//! Real door, relay, layers and ledger, one order at a time; the store answers over a local socket, and the time of its answers
//! is taken off. The partner's first byte is seen by the partner: the process dies as its call arrives.

use std::time::{Duration, Instant};

use domain::handoff::Layer;
use domain::subject::OrderId;
use sandbox::faults::{Arm, Fault};
use store::ReadOrder;

use crate::world::{VISIBILITY, World, payload};

const FIRST: u64 = 450_900_000;
const ORDERS: u64 = 15;
/// Far above what a hop takes unoptimised on a busy machine, far below what a customer would notice.
const MOST: Duration = Duration::from_millis(500);

struct Hop {
    name: &'static str,
    /// Calls to the store within it.
    reads: u32,
    times: Vec<Duration>,
}

impl Hop {
    fn median(&mut self) -> Duration {
        self.times.sort();
        self.times[self.times.len() / 2]
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured here is the machine's own time")]
fn tick() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn each_hop_from_payment_to_the_partners_first_byte_in_figures() {
    let mut world = World::new(7).await;
    let hop = |name, reads| Hop { name, reads, times: Vec::new() };
    let mut hops = [
        hop("door: signature, event, append", 0),
        hop("relay: stream to queues", 0),
        hop("capture: claim, read, decide, append", 1),
        hop("relay: stream to queues", 0),
        hop("routing: claim, read, pre-flight, call", 1),
    ];
    let mut reads = Hop { name: "the store's answer", reads: 0, times: Vec::new() };
    for id in FIRST..FIRST + ORDERS {
        world.door.hold();
        assert_eq!(world.order(&payload(id), 1).await, 201);
        let held = world.door.held();
        let paid = held.iter().find(|request| request.header("x-shopify-topic") == Some("orders/paid")).unwrap();
        let began = tick();
        assert_eq!(world.door.deliver(paid).await, 200);
        hops[0].times.push(began.elapsed());

        let began = tick();
        world.pass_on().await;
        hops[1].times.push(began.elapsed());
        let took = step(&mut world, Layer::Capture).await;
        hops[2].times.push(took);
        let began = tick();
        world.pass_on().await;
        hops[3].times.push(began.elapsed());

        let store = world.store();
        let began = tick();
        assert!(store.order(OrderId(id)).await.unwrap().is_some());
        reads.times.push(began.elapsed());

        let arm = Arm {
            provider: "printful".to_owned(),
            operation: "create_order".to_owned(),
            fault: Fault::KillBefore,
            times: Some(1),
            skip: 0,
            seconds: None,
        };
        world.sandbox.ctx.faults.arm(vec![arm]);
        let deaths = world.deaths;
        let took = step(&mut world, Layer::Routing).await;
        assert_eq!(world.deaths, deaths + 1, "the partner saw its first byte");
        hops[4].times.push(took);
        // The rest is not measured, but has to be right.
        world.run().await;
        world.assert_at_rest(id).await;
    }
    let read = reads.median();
    eprintln!("{:<42} {:>10} {:>10}", "hop (median, unoptimised build)", "whole", "our own");
    let mut sum = Duration::ZERO;
    for hop in &mut hops {
        let whole = hop.median();
        let own = whole.saturating_sub(read * hop.reads);
        sum += own;
        eprintln!("{:<42} {:>7} µs {:>7} µs", hop.name, whole.as_micros(), own.as_micros());
        assert!(own < MOST, "{}: {own:?}", hop.name);
    }
    let (sum, read) = (sum.as_micros(), read.as_micros());
    eprintln!("{:<42} {:>10} {:>7} µs  (a store's answer here: {read} µs)", "together", "", sum);
}

/// The layer takes its message; other layers' messages wait.
async fn step(world: &mut World, wanted: Layer) -> Duration {
    for _ in 0..50 {
        let now = world.clock.get();
        let mut random = fastrand::Rng::with_seed(1);
        let Some((layer, key, received)) = world.queue.receive(now, VISIBILITY, &mut random) else { break };
        if layer != wanted {
            continue;
        }
        let began = tick();
        let done = world.process(layer, &key).await;
        let took = began.elapsed();
        if done {
            world.queue.delete(layer, &key, received);
        }
        return took;
    }
    panic!("no message for {wanted}");
}
