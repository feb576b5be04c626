//! Counting: what velocity rules see, and what it costs.

use domain::event::Fact;
use domain::order::{AttemptOutcome, Card, Order, PaymentAttempt, TEST_TAG};
use domain::subject::{OrderId, Subject};
use ledger::Row;
use serde_json::{Value, json};

use super::support::*;

fn paid_by_card() -> Order {
    let card = Card { brand: Some("visa".into()), fingerprint: Some("0a1b2c".into()), country: Some("US".into()) };
    let attempt = PaymentAttempt {
        gateway: "stripe".into(),
        outcome: AttemptOutcome::Succeeded,
        manual: false,
        card: Some(card),
        error: None,
        at: order().created,
    };
    Order { attempts: vec![attempt], ..order() }
}

fn marks(scene: &Scene) -> usize {
    scene.table.table.rows().iter().filter(|row| matches!(row, Row::Mark(_))).count()
}

fn place(scene: &Scene, id: u64) -> Vec<String> {
    scene.happens_to(Subject::Order(OrderId(id)), Fact::OrderPaid { what: None }, "shopify");
    scene.run();
    let events = scene.journey_of(OrderId(id)).events;
    let said = events.iter().filter_map(|event| match &event.fact {
        Fact::OrderHeld { reason, .. } => Some(reason.clone()),
        Fact::OrderCleared {} => Some("cleared".to_owned()),
        _ => None,
    });
    said.collect()
}

#[test]
fn the_third_order_with_one_card_and_one_address_is_held_and_the_second_is_not() {
    let scene = Scene::new(paid_by_card());
    assert_eq!((place(&scene, 1), place(&scene, 2)), (vec!["cleared".to_owned()], vec!["cleared".to_owned()]));
    let held = place(&scene, 3);
    assert!(held[0].contains("3 orders paid with the same card within 24 hours"), "{held:?}");
    assert!(held[0].contains("with the same mail address") && held[0].contains("to the same street"), "{held:?}");
    // Another look at an order counts nothing twice.
    scene.happens_to(Subject::Order(OrderId(2)), Fact::OrderEdited { edit: "7".into() }, "shopify");
    scene.run();
    assert_eq!(marks(&scene), 9);
}

#[test]
fn one_mail_address_and_one_street_alone_hold_nothing() {
    let scene = Scene::new(order());
    for id in 1..=12 {
        assert_eq!(place(&scene, id), ["cleared"]);
    }
}

#[test]
fn only_what_is_known_and_switched_on_is_written() {
    let count = |order: Order, more: Value| {
        let scene = Scene::with(order, &more);
        place(&scene, 1);
        marks(&scene)
    };
    assert_eq!(count(paid_by_card(), json!({})), 3, "card, mail and street");
    assert_eq!(count(order(), json!({})), 2);
    assert_eq!(count(Order { email: None, ..order() }, json!({})), 1);
    let off = json!({ "hours": 0, "orders": 3, "weight": 30 });
    let none = json!({ "screening": { "same_mail": off, "same_address": off, "same_card": off, "same_ip": off } });
    assert_eq!(count(paid_by_card(), none), 0);
    let tags = vec![format!("{TEST_TAG}-7")];
    assert_eq!(count(Order { test: true, tags, ..paid_by_card() }, json!({})), 0, "the owner's own test order");
    assert_eq!(count(Order { cancelled: true, ..paid_by_card() }, json!({})), 0);
}

/// What is stored under a mark says nothing about anybody.
#[test]
fn a_mark_holds_hashes_only() {
    let scene = Scene::new(paid_by_card());
    place(&scene, 1);
    for row in scene.table.table.rows() {
        if let Row::Mark(mark) = row {
            let text = format!("{mark:?}").to_lowercase();
            for private in ["ada", "example", "0a1b2c", "40202"] {
                assert!(!text.contains(private), "{text}");
            }
        }
    }
}
