//! The partner's own life: what its webhooks say too little about, what they do not say at all, funds and catalog.

use domain::event::EventType;
use domain::exception::{Exception, Life, What};
use domain::handoff::{Owed, Wait};
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use sandbox::partners::{Available, Cost};
use serde_json::{Value, json};

use crate::support;
use crate::world::shop::{At, MAKERS, order_of, several};
use crate::world::{Seen, World};

const ORDER: u64 = 450_783_552;

async fn count(world: &World, of: EventType) -> usize {
    world.journey(ORDER).await.events.iter().filter(|event| event.fact.event_type() == of).count()
}

/// Everything happens at the partner: made, shipped, delivered.
async fn to_the_door(world: &World, partner: &str, number: &str) {
    let orders = world.partner(partner).list();
    let id = orders[0]["id"].as_str().unwrap();
    for (act, body) in [
        ("produce", json!({})),
        ("ship", json!({ "tracking_number": number, "carrier": "UPS" })),
        ("deliver", json!({})),
    ] {
        world.partner(partner).act(id, act, body).unwrap();
    }
    world.delivered().await;
}

#[tokio::test]
async fn what_silent_partners_did_is_found_by_the_sweep_and_told_once() {
    for (partner, variant, _) in MAKERS {
        let mut world = World::with(1, several).await;
        world.order(&order_of(ORDER, &[variant]), 1).await;
        world.run().await;
        world.partner(partner).set_webhooks(false);
        to_the_door(&world, partner, "1Z999AA10123456784").await;
        world.run().await;
        assert_eq!(count(&world, EventType::ParcelShipped).await, 0, "{partner} is silent");
        let round = world.partner_round().await;
        assert!(round.listed > 0 && round.learned > 0, "{partner}: {round:?}");
        world.run().await;
        assert_eq!(count(&world, EventType::ParcelShipped).await, 1, "{partner}");
        assert_eq!(world.seen(ORDER).await.fulfilments, 1, "{partner}");
        let again = world.partner_round().await;
        assert_eq!(again.learned, 0, "{partner}: nothing is told twice: {again:?}");
        world.assert_at_rest(ORDER).await;
    }
}

/// The owner's choices: a workshop makes variant 4405.
fn with_workshop(choices: &mut Value) {
    several(choices);
    let base = choices["partners"]["gelato"]["base_url"].as_str().unwrap().replace("/gelato", "/workshop");
    choices["partners"]["workshop"] = json!({ "kind": "http", "base_url": base });
    choices["catalog"]["variants"].as_array_mut().unwrap().push(json!({
        "store_variant": "4405", "partner": "workshop", "variant_id": "oak-30x40",
        "files": [{ "url": "https://example.com/prints/island.png" }],
    }));
}

/// A world with a workshop that lists nothing and says nothing.
async fn without_a_list(seed: u64) -> World {
    let play = |played: &mut sandbox::Config| played.workshop.not_offered = vec![sandbox::workshop::OPEN.to_owned()];
    let world = World::played(seed, play, with_workshop).await;
    world.partner("workshop").set_webhooks(false);
    world
}

#[tokio::test]
async fn a_silent_partner_that_lists_nothing_is_asked_for_each_order() {
    let mut world = without_a_list(8).await;
    for n in 0..3 {
        world.order(&order_of(ORDER + n, &[4405]), 1).await;
    }
    world.order(&order_of(ORDER + 3, &[MAKERS[0].1]), 1).await;
    world.run().await;
    let round = world.partner_round().await;
    assert_eq!((round.listed, round.learned), (4, 0), "three of the workshop, one of Printful: {round:?}");
    to_the_door(&world, "workshop", "1Z999AA10123456784").await;
    let round = world.partner_round().await;
    assert_eq!((round.learned, round.silent.len()), (3, 0), "accepted, shipped, delivered: {round:?}");
    world.run().await;
    assert_eq!(count(&world, EventType::ParcelShipped).await, 1);
    assert_eq!(world.seen(ORDER).await.fulfilments, 1);
    assert_eq!(world.partner_round().await.learned, 0, "nothing is told twice");
    world.assert_at_rest(ORDER).await;
}

/// One order that cannot be asked for does not stand in the way of those behind it.
#[tokio::test]
async fn a_walk_over_what_is_not_listed_goes_on_behind_an_order_without_an_answer() {
    let mut world = without_a_list(9).await;
    for n in 0..3 {
        world.order(&order_of(ORDER + n, &[4405]), 1).await;
    }
    world.run().await;
    // The first asks for the list, the second for the first order.
    let arm = json!([{ "provider": "workshop", "operation": "list_orders", "fault": "5xx", "times": 1, "skip": 2 }]);
    let (status, answer) = support::control(&world.sandbox, "POST", "/_sandbox/faults", arm.to_string()).await;
    assert!(status < 300, "{answer}");
    let listed = |round: &routing::Round| (round.listed, round.silent.len());
    assert_eq!(listed(&world.partner_round().await), (1, 1), "the second order has no answer");
    assert_eq!(listed(&world.partner_round().await), (1, 0), "the third one has, and the walk ends");
    assert_eq!(listed(&world.partner_round().await), (3, 0), "and begins anew");
}

#[tokio::test]
async fn a_place_that_a_partner_no_longer_knows_begins_the_walk_anew() {
    let mut world = World::with(11, with_workshop).await;
    world.partner("workshop").set_webhooks(false);
    world.order(&order_of(ORDER, &[4405]), 1).await;
    world.run().await;
    let (ledger, store) = (world.ledger(), &world.station().store);
    let place = json!({ "after": "W-none", "needed": null }).to_string();
    assert!(ledger.move_bookmark(store, "partner-sweep#workshop", None, &place, world.clock.get()).await.unwrap());
    let round = world.partner_round().await;
    assert_eq!((round.listed, &round.silent[..]), (0, &["workshop".to_owned()][..]));
    assert_eq!(world.partner_round().await.listed, 1);
}

/// A late order owes nothing any more; what stands for it is its exception.
#[tokio::test]
async fn a_late_order_of_a_partner_that_lists_nothing_is_still_asked_for() {
    let mut world = without_a_list(10).await;
    world.order(&order_of(ORDER, &[4405]), 1).await;
    world.run().await;
    let subject = Subject::Order(OrderId(ORDER));
    let routed = world.journey(ORDER).await.events.into_iter().find(|event| event.fact.id().0.starts_with("routed#"));
    let stored = world.ledger().event(&routed.unwrap().key()).await.unwrap().unwrap();
    let owed: Vec<Owed> = stored.owes.keys().copied().collect();
    world.ledger().acknowledge(&stored, &owed).await.unwrap();
    assert_eq!(world.partner_round().await.listed, 0, "nobody waits for it");
    let late = Exception::raise(&subject, &What::Late(Wait::PartnerShips), "routed#workshop#1", world.clock.get());
    world.ledger().raise(&late).await.unwrap();
    to_the_door(&world, "workshop", "1Z999AA10123456784").await;
    let round = world.partner_round().await;
    assert_eq!((round.listed, round.learned), (1, 3), "{round:?}");
}

#[tokio::test]
async fn a_webhook_and_the_sweep_are_one_fact() {
    let mut world = World::with(2, several).await;
    world.order(&order_of(ORDER, &[MAKERS[0].1]), 1).await;
    world.run_to_the_doorstep().await;
    let before = world.journey(ORDER).await.events.len();
    assert_eq!(world.partner_round().await.learned, 0);
    assert_eq!(world.journey(ORDER).await.events.len(), before);
    assert_eq!(world.seen(ORDER).await, Seen::all_once());
}

/// Printify and Gelato say little, or say it unsigned: routing asks what is true.
#[tokio::test]
async fn partners_that_only_hint_are_asked() {
    for (partner, variant, _) in &MAKERS[1..] {
        let mut world = World::with(3, several).await;
        world.order(&order_of(ORDER, &[*variant]), 1).await;
        world.run().await;
        to_the_door(&world, partner, "1Z999AA10123456784").await;
        world.run().await;
        assert_eq!(count(&world, EventType::ParcelShipped).await, 1, "{partner}");
        assert_eq!(world.seen(ORDER).await.fulfilments, 1, "{partner}");
        world.assert_at_rest(ORDER).await;
    }
}

#[tokio::test]
async fn a_hold_at_the_partner_is_told_and_a_release_that_it_undid_is_given_again() {
    let mut world = World::with(4, several).await;
    world.order(&order_of(ORDER, &[MAKERS[0].1]), 1).await;
    world.run().await;
    world.partner("printful").set_webhooks(false);
    let orders = world.partner("printful").list();
    let id = orders[0]["id"].as_str().unwrap();
    world.partner("printful").act(id, "hold", json!({ "reason": "Out of stock" })).unwrap();
    world.partner_round().await;
    world.run().await;
    assert_eq!(count(&world, EventType::PartnerStopped).await, 1);
    world.partner_round().await;
    assert_eq!(count(&world, EventType::PartnerStopped).await, 1, "told once, whatever time it has");
    world.partner("printful").act(id, "release", json!({ "to": "draft" })).unwrap();
    assert_eq!(world.held_by("printful"), [At::Draft]);
    world.partner_round().await;
    world.run().await;
    assert_eq!(world.held_by("printful"), [At::Released]);
    world.assert_at_rest(ORDER).await;
}

#[tokio::test]
async fn the_daily_look_finds_what_an_order_would_and_says_when_it_is_mended() {
    let mut world = World::with(5, several).await;
    world.sandbox.printful.played().any_variant(false);
    world.partner("printful").set_variant("4012", Available::Discontinued).unwrap();
    assert!(world.partner_round().await.rows >= 3);
    let open = || async { world.ledger().open_exceptions().await.unwrap() };
    let found = open().await;
    assert_eq!((found.len(), found[0].what.as_str()), (1, "catalog-problem"), "{found:?}");
    assert!(found[0].reason.contains("no longer makes variant 4012"), "{}", found[0].reason);
    assert_eq!(world.partner_round().await.rows, 0, "once a day");
    world.wait(SignedDuration::from_hours(25));
    world.partner("printful").set_variant("4012", Available::Yes).unwrap();
    world.partner_round().await;
    let state = world.ledger().exception(&found[0].subject, &found[0].id).await.unwrap().unwrap().state;
    assert_eq!(state, Life::Resolved);
    world.choose(|_| {});
}

#[tokio::test]
async fn make_catalog_proposes_by_sku_and_names_what_nobody_makes() {
    let mut world = World::with(6, several).await;
    world.sandbox.printful.played().any_variant(false);
    world.order(&order_of(ORDER, &[MAKERS[0].1, 4499]), 0).await;
    let report = world.catalog().await;
    let report = serde_json::to_value(&report).unwrap();
    assert_eq!(report["cut"], false, "{report}");
    assert_eq!(report["not_asked"], json!([]), "{report}");
    let unmapped: Vec<&str> = report["unmapped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| variant["store_variant"].as_str().unwrap())
        .collect();
    assert!(unmapped.contains(&"4499") && !unmapped.contains(&"4401"), "{report}");
    assert_eq!(report["problems"], json!([]), "{report}");
    world.choose(|choices| choices["catalog"]["variants"][0]["variant_id"] = json!(999_123));
    let report = serde_json::to_value(world.catalog().await).unwrap();
    let problems = report["problems"].as_array().unwrap();
    assert!(problems.iter().any(|found| found["row"] == "4401" && found["partner"] == "printful"), "{report}");
}

#[tokio::test]
async fn a_wallet_that_does_not_cover_what_waits_for_it_is_told_and_resolved() {
    // The workshop tells its funds (250.00 EUR); three drafts of two pieces at 60.00 need more.
    let mut world = World::with(7, |choices| {
        with_workshop(choices);
        choices["routing"]["margin_floor_percent"] = json!(90);
    })
    .await;
    world.sandbox.workshop.played().set_cost(Cost::read("60.00", "EUR").unwrap()).unwrap();
    for n in 0..3 {
        world.order(&order_of(ORDER + n, &[4405]), 1).await;
    }
    world.run().await;
    assert_eq!(world.told(ORDER, "margin-too-thin").await, 1, "they wait as drafts");
    world.partner_round().await;
    let of_the_store = |open: Vec<domain::exception::Exception>| {
        open.into_iter().filter(|exception| exception.what == "funds-low").collect::<Vec<_>>()
    };
    let low = of_the_store(world.ledger().open_exceptions().await.unwrap());
    assert_eq!(low.len(), 1);
    assert!(low[0].reason.contains("250.00 EUR"), "{}", low[0].reason);
    for n in 0..3 {
        world.in_store(ORDER + n, json!({ "do": "cancel" })).await;
    }
    world.run().await;
    world.partner_round().await;
    assert!(of_the_store(world.ledger().open_exceptions().await.unwrap()).is_empty());
}

#[tokio::test]
async fn make_doctor_hears_whose_key_is_refused_and_who_else_makes_what_the_store_sells() {
    let world = World::with(8, with_workshop).await;
    let check = world.check().await;
    assert!(check.partners.iter().all(|line| line.state == "answers" && !line.empty), "{check:?}");
    let workshop = check.partners.iter().find(|line| line.name == "workshop").unwrap();
    assert_eq!(workshop.funds.as_deref(), Some("250.00 EUR"));
    assert_eq!(check.other_services.get("another-workshop"), Some(&1), "{check:?}");
    assert!(check.store.is_none() && !check.cut);

    for (fault, state) in [("refuse", "refuses"), ("5xx", "silent")] {
        let arm = json!([{ "provider": "printful", "operation": "list_products", "fault": fault, "times": 1 }]);
        let (status, answer) = support::control(&world.sandbox, "POST", "/_sandbox/faults", arm.to_string()).await;
        assert!(status < 300, "{answer}");
        let check = world.check().await;
        let line = check.partners.iter().find(|line| line.name == "printful").unwrap();
        assert_eq!(line.state, state, "{check:?}");
        assert!(line.why.is_some());
        assert!(check.partners.iter().filter(|line| line.name != "printful").all(|line| line.state == "answers"));
    }
}
