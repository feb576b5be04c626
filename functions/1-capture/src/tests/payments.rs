//! What a payment provider says is asked for and appended under its order.

use domain::event::Fact;
use domain::provider::Trouble;
use domain::subject::Subject;
use store::Resolved;

use super::support::*;

fn told() -> Fact {
    Fact::PaymentTold {
        provider: "stripe".into(),
        topic: "checkout.session.completed".into(),
        object: "cs_1".into(),
        repeat: None,
    }
}

fn shop() -> Subject {
    Subject::Store("example-prints.myshopify.com".into())
}

fn scene(resolved: Resolved) -> Scene {
    let scene = Scene::new(order());
    scene.in_store(|shelf| shelf.resolved = resolved);
    scene.happens_to(shop(), told(), "stripe");
    scene
}

fn paid() -> Resolved {
    let facts = vec![Fact::OrderCreated {}, Fact::OrderPaid { what: None }];
    Resolved::Order { order: ORDER, name: "#1".into(), facts }
}

#[test]
fn money_for_an_order_becomes_its_facts_and_the_order_goes_on() {
    let scene = scene(paid());
    scene.run();
    assert_eq!(scene.events(), ["cleared", "created", "paid"]);
    let events = scene.journey().events;
    let event = events.iter().find(|event| matches!(event.fact, Fact::OrderPaid { .. })).unwrap();
    assert_eq!((event.source.as_str(), event.order_name.as_deref()), ("stripe", Some("#1")));
}

#[test]
fn a_provider_that_does_not_answer_is_asked_again() {
    for trouble in [
        Trouble::Unavailable { why: "no connection".into() },
        Trouble::NoAnswer { why: "no answer in time".into() },
        Trouble::RateLimited { retry_after: None, a_second: None },
    ] {
        let scene = scene(paid());
        scene.in_store(|shelf| shelf.fates.push_back(("resolve", Fate::Done(trouble.clone()))));
        scene.run();
        assert_eq!(scene.events(), ["cleared", "created", "paid"], "{trouble:?}");
    }
}

#[test]
fn a_death_between_two_facts_loses_none() {
    let whole = scene(paid());
    whole.run();
    let (expected, steps) = (whole.end(), whole.steps.done());
    for step in 1..=steps {
        let scene = scene(paid());
        scene.steps.die_at(step);
        assert_eq!(scene.run(), 1);
        assert_eq!(scene.end(), expected, "step {step}");
    }
}

#[test]
fn money_without_an_order_is_told_and_the_rest_is_nothing() {
    let stray = Resolved::MoneyWithoutOrder { payment: "pi_1".into(), amount: "12.40 USD".into() };
    let scene = scene(stray);
    scene.run();
    let rows = scene.table.table.rows();
    let exceptions: Vec<String> = rows
        .iter()
        .filter_map(|row| match row {
            ledger::Row::Exception(row) => Some(row.reason.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(exceptions, ["stripe has a payment of 12.40 USD (pi_1) for which the store has no order."]);
    let nothing = self::scene(Resolved::Nothing);
    nothing.run();
    assert_eq!(nothing.events(), Vec::<String>::new());
}
