//! Holding, here and in the store.

use domain::decision::Choice;
use domain::effect::EffectKey;
use domain::event::{Event, Fact};
use domain::order::{Order, Payment, Risk};
use domain::parcel::ParcelKey;
use domain::provider::Trouble;

use super::support::*;

fn risky() -> Order {
    Order { risk: Risk::High, ..order() }
}

fn disputed(kind: &str) -> Fact {
    Fact::OrderDisputed { dispute: "9".into(), kind: kind.into(), due: Some("2026-12-01".into()) }
}

#[test]
fn a_risky_order_is_held_here_and_in_the_store_and_told_once() {
    let scene = Scene::new(risky());
    scene.paid();
    scene.run();
    // A second look at the same order says nothing new.
    scene.happens(Fact::RiskAssessed { provider: "shopify".into(), level: "HIGH".into(), at: "1".into() }, "shopify");
    scene.run();
    let end = scene.end();
    assert_eq!(end.events, ["held", "paid", "risk#shopify#HIGH#1"]);
    assert_eq!((end.open, end.done), (vec!["held".to_owned()], vec!["hold baton-hold-1".to_owned()]));
    let told = &scene.journey().exceptions[0];
    assert!(told.reason.contains("high risk") && told.next_step.contains("link in the alert"), "{told:?}");
    assert_eq!((told.order_name.as_deref(), told.event.as_deref(), told.round), (Some("#1"), Some("held"), 1));
}

#[test]
fn a_pending_risk_waits_and_its_own_event_looks_again() {
    let scene = Scene::new(Order { risk: Risk::Pending, ..order() });
    scene.paid();
    scene.run();
    assert_eq!(scene.events(), ["paid"]);
    scene.in_store(|shelf| shelf.order.risk = Risk::Low);
    scene.happens(Fact::RiskAssessed { provider: "shopify".into(), level: "LOW".into(), at: "1".into() }, "shopify");
    scene.run();
    assert_eq!(scene.events(), ["cleared", "paid", "risk#shopify#LOW#1"]);
}

#[test]
fn nothing_is_judged_before_the_payment_and_a_dispute_is_told_all_the_same() {
    let scene = Scene::new(risky());
    scene.happens(disputed("chargeback"), "shopify");
    scene.run();
    assert_eq!((scene.events(), scene.open()), (vec!["dispute#9".to_owned()], vec!["disputed".to_owned()]));
    assert!(scene.journey().exceptions[0].reason.contains("2026-12-01"));
}

#[test]
fn what_comes_after_clearing_holds_it_too() {
    for (fact, risk, cause, told) in [
        (disputed("chargeback"), Risk::Low, "dispute#9", vec!["disputed", "held"]),
        (Fact::FraudWarned { warning: "4".into() }, Risk::Low, "fraud-warning#4", vec!["disputed", "held"]),
        (
            Fact::RiskAssessed { provider: "shopify".into(), level: "HIGH".into(), at: "1".into() },
            Risk::High,
            "risk-high",
            vec!["held"],
        ),
    ] {
        let scene = Scene::new(order());
        scene.paid();
        scene.run();
        assert_eq!(scene.events(), ["cleared", "paid"]);
        scene.in_store(|shelf| shelf.order.risk = risk);
        scene.happens(fact.clone(), "shopify");
        scene.run();
        let end = scene.end();
        assert_eq!(end.causes[&1], [cause]);
        assert_eq!(
            (end.open, end.done),
            (told.into_iter().map(str::to_owned).collect(), vec!["hold baton-hold-1".to_owned()])
        );
    }
}

#[test]
fn an_edit_with_a_balance_due_holds_it_and_one_without_does_not() {
    for (payment, held) in [(Payment::PartiallyPaid, true), (Payment::Paid, false)] {
        let scene = Scene::new(order());
        scene.paid();
        scene.run();
        scene.in_store(|shelf| shelf.order.payment = payment);
        scene.happens(Fact::OrderEdited { edit: "7".into() }, "shopify");
        scene.run();
        assert_eq!(scene.open() == ["held"], held);
    }
}

#[test]
fn what_is_on_its_way_is_not_held_and_the_owner_is_told() {
    let scene = Scene::new(order());
    scene.paid();
    scene.run();
    let announced = Fact::ParcelAnnounced {
        parcel: ParcelKey("1Z9".into()),
        fulfilment: "5".into(),
        tracking: None,
        shipment: None,
        partner: None,
        country: None,
    };
    scene.happens(announced, "shipping");
    scene.in_store(|shelf| shelf.order.risk = Risk::High);
    scene.happens(Fact::FraudWarned { warning: "4".into() }, "stripe");
    scene.run();
    assert_eq!((scene.open(), scene.end().done.len()), (vec!["disputed".to_owned()], 0));
}

/// A hold whose cause is mended before anybody decided ends by itself, and the order goes on.
#[test]
fn a_hold_that_is_mended_is_lifted() {
    let scene = Scene::new(Order { payment: Payment::PartiallyPaid, ..order() });
    scene.paid();
    scene.run();
    assert_eq!(scene.open(), ["held"]);
    scene.in_store(|shelf| shelf.order.payment = Payment::Paid);
    scene.replay("paid", &[]);
    scene.run();
    let end = scene.end();
    assert!(end.events.contains(&"cleared".to_owned()));
    assert_eq!((end.open.len(), end.held_in_store.len()), (0, 0));
}

/// A new reason while nobody has decided is a hold of its own: a person decides only on what that person was told.
#[test]
fn a_new_reason_is_told_and_the_same_one_is_not() {
    let scene = Scene::new(risky());
    scene.paid();
    scene.run();
    scene.happens(disputed("inquiry"), "shopify");
    scene.run();
    let end = scene.end();
    assert_eq!(end.causes.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert!(end.causes[&2].contains(&"dispute#9".to_owned()) && end.causes[&2].contains(&"risk-high".to_owned()));
    assert_eq!(end.open, ["disputed", "held"], "one alert to decide by");
    // The older link accepts only what the older alert said.
    scene.decide(Choice::Release, 1);
    scene.run();
    assert!(!scene.events().contains(&"cleared".to_owned()));
    scene.decide(Choice::Release, 2);
    scene.run();
    let end = scene.end();
    assert!(end.events.contains(&"cleared".to_owned()) && end.held_in_store.is_empty(), "{end:?}");
    assert_eq!(end.open, ["disputed"]);
}

#[test]
fn a_store_that_refuses_the_hold_is_told_once_and_nothing_is_made() {
    let scene = Scene::new(risky());
    scene.in_store(|shelf| {
        let no = Trouble::Refused { why: "the app may not hold".into() };
        shelf.fates.push_back(("hold", Fate::Not(no)));
    });
    scene.paid();
    scene.run();
    assert_eq!(scene.open(), ["held", "hold-refused"]);
    // Another look comes to the refused hold: it is not told twice, and not tried again.
    scene.happens(Fact::RiskAssessed { provider: "shopify".into(), level: "HIGH".into(), at: "1".into() }, "shopify");
    scene.run();
    assert_eq!((scene.open(), scene.end().done.len()), (vec!["held".to_owned(), "hold-refused".to_owned()], 0));
    // Mended and replayed.
    scene.replay("paid", &[EffectKey::Hold { round: 1 }]);
    scene.run();
    assert_eq!(scene.end().done, ["hold baton-hold-1"]);
    scene.decide(Choice::Release, 1);
    scene.run();
    assert_eq!(scene.open(), Vec::<String>::new());
}

#[test]
fn a_store_that_is_down_is_waited_for_and_the_owner_is_told_at_once() {
    for fate in [
        Fate::Not(Trouble::Unavailable { why: "no connection".into() }),
        Fate::Not(Trouble::RateLimited { retry_after: None, a_second: None }),
        Fate::Not(Trouble::NoAnswer { why: "no answer in time".into() }),
        Fate::Done(Trouble::NoAnswer { why: "no answer in time".into() }),
    ] {
        let scene = Scene::new(risky());
        scene.in_store(|shelf| shelf.fates.extend((0..5).map(|_| ("hold", fate.clone()))));
        scene.paid();
        scene.run();
        let end = scene.end();
        assert_eq!((end.open, end.done), (vec!["held".to_owned()], vec!["hold baton-hold-1".to_owned()]), "{fate:?}");
        let (told, held) = (scene.journey().exceptions[0].raised, scene.journey().effects[0].updated);
        assert!(told < held, "told before the store answered");
    }
}

/// The order is read before anything; while it cannot be, the event waits and nothing is decided.
#[test]
fn a_store_that_cannot_be_read_decides_nothing() {
    let scene = Scene::new(order());
    let down = || ("order", Fate::Not(Trouble::Unavailable { why: "no connection".into() }));
    scene.in_store(|shelf| shelf.fates.extend((0..3).map(|_| down())));
    scene.paid();
    scene.run();
    assert_eq!((scene.events(), scene.open().len()), (vec!["cleared".to_owned(), "paid".to_owned()], 0));
    let broken = Scene::new(order());
    let no = Trouble::Broken { why: "it answers 401 to our key".into() };
    broken.in_store(|shelf| shelf.fates.push_back(("order", Fate::Not(no))));
    broken.paid();
    broken.run();
    assert_eq!((broken.events(), broken.open()), (vec!["paid".to_owned()], vec!["provider-broken".to_owned()]));
}

/// Somebody lifts our hold in the store: that is a person's release, and the order goes on.
#[test]
fn a_hold_that_was_lifted_in_the_store_is_a_release() {
    let scene = Scene::new(risky());
    scene.paid();
    scene.run();
    scene.in_store(|shelf| shelf.holds.clear());
    scene.pass(600);
    scene.replay("paid", &[]);
    scene.run();
    let end = scene.end();
    assert_eq!(end.events, ["cleared", "decided#1", "held", "paid"]);
    assert_eq!(end.open, Vec::<String>::new());
    let source = |event: &&Event| matches!(event.fact, Fact::OrderDecided { .. });
    assert_eq!(scene.journey().events.iter().find(source).unwrap().source, "store");
}
