//! A crash before and after every call to the outside: the order still arrives, and nothing is done twice.
//!
//! The calls are counted in a run without faults, then each is met twice: the process dies before the provider sees the call, and
//! after the provider has acted on it. A mail may come twice only where its written rule allows: when its process died
//! after the mail had gone and no send event came (what a customer needs is sent at least once, a word for calm at most once).

use sandbox::faults::{Arm, Fault};

use crate::world::{Fate, Seen, World, payload};

const ORDER: u64 = 450_789_469;

/// The calls a happy order makes, as a run without faults shows them: provider, operation, how many.
const CALLS: &[(&str, &str, u32)] = &[
    // capture 1, routing 2, shipping 1, email 4
    ("shopify", "order", 8),
    ("shopify", "fulfillmentCreate", 1),
    ("printful", "create_order", 1),
    ("printful", "confirm_order", 1),
    // shipping asks what was shipped
    ("printful", "find_order", 1),
];
const MAILS: usize = 4;
/// Which of them only says that the order is being made.
const CALM: usize = 1;

async fn journey(world: &mut World) {
    world.order(&payload(ORDER), 1).await;
    world.run_to_the_doorstep().await;
}

#[tokio::test]
async fn the_calls_of_a_happy_order_are_these() {
    let mut world = World::new(0).await;
    // A fault that never fires counts what passes it.
    let never = 1_000_000;
    let arms = CALLS.iter().map(|(provider, operation, _)| arm(provider, operation, Fault::Reset, never));
    world.sandbox.ctx.faults.arm(arms.collect());
    journey(&mut world).await;
    for (fault, (provider, operation, count)) in world.sandbox.ctx.faults.list().iter().zip(CALLS) {
        assert_eq!(never - fault.skip, *count, "{provider} {operation}");
    }
    assert_eq!(world.post.sent().len(), MAILS);
}

#[tokio::test]
async fn a_crash_at_every_call_to_a_provider() {
    let mut points = 0;
    for (provider, operation, count) in CALLS {
        for skip in 0..*count {
            for fault in [Fault::KillBefore, Fault::KillAfter] {
                let mut world = World::new(points).await;
                world.sandbox.ctx.faults.arm(vec![arm(provider, operation, fault, skip)]);
                journey(&mut world).await;
                let point = format!("{fault:?} at call {skip} of {provider} {operation}");
                assert_eq!(world.deaths, 1, "{point}");
                world.assert_at_rest(ORDER).await;
                assert_eq!(world.seen(ORDER).await, Seen::all_once(), "{point}");
                points += 1;
            }
        }
    }
    assert_eq!(points, 24);
}

#[tokio::test]
async fn a_crash_at_every_mail() {
    for n in 0..MAILS {
        for fate in [Fate::DiesBefore, Fate::DiesAfter] {
            let mut world = World::new(n as u64).await;
            world.post.next(std::iter::repeat_n(Fate::Sent, n).chain([fate]));
            journey(&mut world).await;
            assert_eq!(world.deaths, 1);
            world.assert_at_rest(ORDER).await;
            let mut seen = world.seen(ORDER).await;
            // The written rule of a word for calm: at most once.
            if n == CALM {
                let gone = fate == Fate::DiesAfter;
                let expected = if gone { Seen::all_once() } else { Seen::all_once_shipped_at_once() };
                assert_eq!(seen, expected, "{fate:?} at mail {n}");
                continue;
            }
            if fate == Fate::DiesAfter {
                // The written rule: at least once, and no witness came.
                assert_eq!(seen.mails.len(), MAILS + 1, "{fate:?} at mail {n}");
                seen.mails.dedup();
            }
            assert_eq!(seen, Seen::all_once(), "{fate:?} at mail {n}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_at_every_call_to_a_provider() {
    for (provider, operation, count) in CALLS {
        for skip in 0..*count {
            let mut world = World::new(u64::from(skip)).await;
            world.sandbox.ctx.faults.arm(vec![arm(provider, operation, Fault::LostAnswer, skip)]);
            journey(&mut world).await;
            world.assert_at_rest(ORDER).await;
            assert_eq!(world.seen(ORDER).await, Seen::all_once(), "{provider} {operation} {skip}");
        }
    }
}

fn arm(provider: &str, operation: &str, fault: Fault, skip: u32) -> Arm {
    Arm { provider: provider.to_owned(), operation: operation.to_owned(), fault, times: Some(1), skip, seconds: None }
}
