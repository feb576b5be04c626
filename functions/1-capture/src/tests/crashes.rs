//! The process dies before and after each of its calls, one run for each: the end is the same as without a death.

use domain::decision::Choice;
use domain::event::Fact;
use domain::order::{Order, Risk};
use serde_json::json;

use super::support::*;

/// Plays a story once for each step at which the process can die; how many there were.
fn at_every_step(story: impl Fn(&Scene) -> u32, scene: impl Fn() -> Scene) -> i64 {
    let whole = scene();
    assert_eq!(story(&whole), 0);
    let (expected, steps) = (whole.end(), whole.steps.done());
    for step in 1..=steps {
        let scene = scene();
        scene.steps.die_at(step);
        assert_eq!(story(&scene), 1, "step {step}");
        let end = scene.end();
        assert_eq!(end, expected, "step {step} of {steps}");
        let told: Vec<u32> = scene.journey().exceptions.iter().map(|exception| exception.round).collect();
        assert!(told.iter().all(|round| *round == 1), "told twice at step {step}: {told:?}");
    }
    steps
}

fn risky() -> Scene {
    Scene::new(Order { risk: Risk::High, ..order() })
}

#[test]
fn held_and_released() {
    let steps = at_every_step(
        |scene| {
            scene.paid();
            let deaths = scene.run();
            scene.decide(Choice::Release, 1);
            deaths + scene.run()
        },
        risky,
    );
    assert!(steps > 40, "{steps}");
}

#[test]
fn held_and_refused() {
    let steps = at_every_step(
        |scene| {
            scene.paid();
            let deaths = scene.run();
            scene.decide(Choice::Refuse, 1);
            deaths + scene.run()
        },
        risky,
    );
    assert!(steps > 40, "{steps}");
}

#[test]
fn cleared_then_warned_then_released() {
    let steps = at_every_step(
        |scene| {
            scene.paid();
            let mut deaths = scene.run();
            scene.happens(Fact::FraudWarned { warning: "4".into() }, "stripe");
            deaths += scene.run();
            scene.decide(Choice::Release, 1);
            deaths + scene.run()
        },
        || Scene::new(order()),
    );
    assert!(steps > 50, "{steps}");
}

/// Screening counts, and tax is missing: both are told or counted once, however often it begins anew.
#[test]
fn cleared_with_something_to_tell() {
    let untaxed = || {
        let mut order = order();
        for (tax, total) in [
            (&mut order.amounts.shop.tax.0, &mut order.amounts.shop.total.0),
            (&mut order.amounts.customer.tax.0, &mut order.amounts.customer.total.0),
        ] {
            *total = total.minus(*tax).unwrap();
            *tax = tax.zero();
        }
        Scene::with(order, &json!({ "tax": { "due": ["US-KY"] } }))
    };
    let scene = untaxed();
    scene.paid();
    scene.run();
    let end = scene.end();
    assert_eq!((end.events, end.open), (vec!["cleared".to_owned(), "paid".to_owned()], vec!["tax-missing".to_owned()]));
    assert!(scene.journey().exceptions[0].reason.contains("US-KY"));
    at_every_step(
        |scene| {
            scene.paid();
            scene.run()
        },
        untaxed,
    );
}
