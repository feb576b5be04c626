//! The longer waits: what somebody outside owes does not come, the owner is told; it comes after all, and that has healed. The
//! customer's own wait is told to the customer.

use domain::Timestamp;
use domain::event::{EventKey, EventType};
use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Owed, RELAY, Wait};
use serde_json::json;

use super::story::{AfterAll, about, acts, after_all, carrier_says};
use super::{NAME, ORDER, TRACKING, Way, digest_says_healed, told};
use crate::watch::{later, waiting_for};
use crate::world::World;

/// An order that waits for this since such an event. `stuck`: only because a layer does not take the event.
async fn waits(kind: EventType, wait: Wait, stuck: bool) -> Option<World> {
    use EventType as E;
    match (kind, wait, stuck) {
        (E::OrderCreated, Wait::PaymentArrives, false)
        | (E::OrderPaid, Wait::RiskVerdict, true)
        | (E::OrderHeld, Wait::HeldOrder, false)
        | (E::OrderRouted, Wait::PartnerAccepts | Wait::PartnerShips | Wait::CustomerInformed, false)
        | (E::ParcelAnnounced, Wait::FirstScan | Wait::Delivered, false)
        | (E::ParcelMoved, Wait::TrackingAlive, false) => return Some(waiting_for(wait).await.0.watched()),
        (E::OrderHeld, Wait::CustomerInformed, false) => return Some(waiting_for(Wait::HeldOrder).await.0.watched()),
        (E::OrderPaid | E::OrderCleared, Wait::CustomerInformed, true) => {
            let layer = if kind == E::OrderPaid { Layer::Capture } else { Layer::Routing };
            return Some(Way::begun((layer, kind)).await.world);
        }
        (E::RiskAssessed, Wait::CustomerInformed, true) => {
            let mut world = waiting_for(Wait::RiskVerdict).await.0.watched();
            world.broken = Some((Layer::Capture, kind));
            world.in_store(ORDER, json!({ "do": "risk", "level": "LOW" })).await;
            return Some(world);
        }
        (E::OrderDecided, Wait::CustomerInformed, true) => {
            let mut world = waiting_for(Wait::HeldOrder).await.0.watched();
            world.broken = Some((Layer::Capture, kind));
            assert_eq!(world.owner(ORDER, 1, Some("choice=release")).await.status, 200);
            return Some(world);
        }
        _ => {}
    }
    let fact = carrier_says(kind, wait, TRACKING, "2026-11-27")?;
    let world = waiting_for(Wait::FirstScan).await.0.watched();
    let event = about(ORDER, NAME, fact, "easypost", world.clock.get());
    world.station().append_event(&event, None).await.unwrap();
    Some(world)
}

/// It comes after all, and the order goes on to its end.
async fn comes_after_all(world: &mut World, wait: Wait) {
    let (ends, done) = after_all(wait);
    match ends {
        AfterAll::InStore(what) => world.in_store(ORDER, what).await,
        AfterAll::Released => assert_eq!(world.owner(ORDER, 1, Some("choice=release")).await.status, 200),
        AfterAll::AtThePartner => {}
    }
    for (act, body) in acts(TRACKING, "UPS").into_iter().skip(done) {
        world.minutes_until(later(world.clock.get(), 120)).await;
        world.at_partner(act, body).await;
    }
    world.minutes_until(later(world.clock.get(), 120)).await;
}

async fn raised(world: &World, wait: Wait) -> Option<Exception> {
    let all = world.journey(ORDER).await.exceptions;
    all.into_iter().find(|exception| exception.what == What::Late(wait).slug())
}

/// Since when it is owed, and by when.
async fn owed(world: &World, kind: EventType, wait: Wait) -> (EventKey, Timestamp) {
    let events = world.journey(ORDER).await.events;
    for event in events.iter().filter(|event| event.fact.event_type() == kind) {
        let stored = world.ledger().event(&event.key()).await.unwrap().unwrap();
        if let Some(due) = stored.owes.get(&Owed::Wait(wait)) {
            return (event.key(), *due);
        }
    }
    panic!("no {kind} owes {wait:?}")
}

/// Time passes in large steps, with a round at the end of each.
async fn days_until(world: &mut World, until: Timestamp) {
    while world.clock.get() < until {
        let step = later(world.clock.get(), 6 * 3_600).min(until);
        world.run_until(step).await;
        world.clock.set(step.max(world.clock.get()));
        world.round().await.unwrap();
        world.run_until(world.clock.get()).await;
    }
}

async fn too_long_and_after_all(kind: EventType, wait: Wait, mut world: World) {
    let what = format!("{kind} opens {wait:?}");
    world.round().await.unwrap();
    let (_, due) = owed(&world, kind, wait).await;
    days_until(&mut world, later(due, -60)).await;
    assert_eq!(raised(&world, wait).await, None, "{what}: before it is late");
    world.minutes_until(later(due, 60)).await;
    let late = raised(&world, wait).await.unwrap_or_else(|| panic!("{what}: nothing is raised"));
    assert!(late.told && told(&world, &late), "{what}: {late:?}");
    comes_after_all(&mut world, wait).await;
    let healed = raised(&world, wait).await.unwrap();
    assert_eq!(healed.state, Life::Resolved, "{what}: {healed:?}");
    // What the owner has decided is no news to the owner.
    let by_itself = wait != Wait::HeldOrder;
    assert_eq!(healed.healed.is_some(), by_itself, "{what}: {healed:?}");
    let said = digest_says_healed(&mut world, &healed).await;
    assert_eq!(said, by_itself, "{what}: what the digest says");
    world.assert_at_rest(ORDER).await;
}

/// What the customer was told about how things stand.
fn words_of_comfort(world: &World) -> usize {
    world.post.sent().iter().filter(|(kind, _)| kind == "still").count()
}

/// The customer's own wait: nobody but the customer is told, and in time.
async fn customer_hears(kind: EventType, mut world: World) {
    world.minutes_until(later(world.clock.get(), 420)).await;
    let (key, due) = owed(&world, kind, Wait::CustomerInformed).await;
    let before = words_of_comfort(&world);
    days_until(&mut world, later(due, 60)).await;
    world.minutes_until(later(world.clock.get(), 120)).await;
    assert!(words_of_comfort(&world) > before, "{key}: the customer waits in silence");
    world.broken = None;
    world.minutes_until(later(world.clock.get(), 660)).await;
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn of_every_wait() {
    let (mut cases, mut missing) = (0, Vec::new());
    for leg in RELAY {
        let opens = leg.opens.iter().map(|wait| (*wait, false)).chain(leg.stuck.iter().map(|wait| (*wait, true)));
        for (wait, stuck) in opens {
            let Some(world) = Box::pin(waits(leg.event, wait, stuck)).await else {
                missing.push(format!("{} opens {wait:?}", leg.event));
                continue;
            };
            match wait {
                Wait::CustomerInformed => Box::pin(customer_hears(leg.event, world)).await,
                _ => Box::pin(too_long_and_after_all(leg.event, wait, world)).await,
            }
            cases += 1;
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "say how an order comes to wait for it");
    eprintln!("{cases} longer waits were too long, told, and over after all");
}
