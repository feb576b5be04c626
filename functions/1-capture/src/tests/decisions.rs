//! What a person decides is done, once, and nothing else is.

use domain::decision::Choice;
use domain::effect::EffectKey;
use domain::event::Fact;
use domain::order::{Order, Risk};
use domain::provider::Trouble;

use super::support::*;

fn held() -> Scene {
    let scene = Scene::new(Order { risk: Risk::High, ..order() });
    scene.paid();
    scene.run();
    assert_eq!(scene.open(), ["held"]);
    scene
}

#[test]
fn released_it_is_lifted_cleared_and_not_held_again_for_the_same() {
    let scene = held();
    scene.decide(Choice::Release, 1);
    scene.run();
    let end = scene.end();
    assert_eq!(end.events, ["cleared", "decided#1", "held", "paid"]);
    assert_eq!(end.done, ["hold baton-hold-1", "release baton-hold-1"]);
    assert_eq!((end.open.len(), end.held_in_store.len()), (0, 0));
    // The same assessment again.
    scene.happens(Fact::RiskAssessed { provider: "shopify".into(), level: "HIGH".into(), at: "2".into() }, "shopify");
    scene.run();
    assert_eq!(scene.end().open, Vec::<String>::new());
    // Something new.
    scene.happens(Fact::FraudWarned { warning: "4".into() }, "stripe");
    scene.run();
    assert_eq!(scene.end().causes[&2], ["fraud-warning#4"]);
}

#[test]
fn refused_it_is_cancelled_and_refunded_once_on_that_decision() {
    let scene = held();
    scene.decide(Choice::Refuse, 1);
    scene.run();
    let end = scene.end();
    assert_eq!(end.done, ["hold baton-hold-1", "refuse decision-1"]);
    assert_eq!(end.events, ["cancelled", "decided#1", "held", "paid"]);
    assert_eq!((end.cancelled, end.open), (true, Vec::new()));
    // Whatever is heard of it later: nothing is refunded again.
    scene.happens(Fact::OrderEdited { edit: "7".into() }, "shopify");
    scene.happens(Fact::FraudWarned { warning: "4".into() }, "stripe");
    scene.run();
    assert_eq!(scene.end().done.len(), 2);
}

#[test]
fn nobody_but_a_person_decides() {
    for source in ["capture", "shopify", "stripe", ""] {
        for choice in [Choice::Release, Choice::Refuse] {
            let scene = held();
            scene.happens(Fact::OrderDecided { choice, decision: "d".into(), round: 1 }, source);
            scene.run();
            let end = scene.end();
            assert_eq!((end.cancelled, end.open, end.done.len()), (false, vec!["held".to_owned()], 1), "{source}");
        }
    }
    // The store's word lifts, and never refunds.
    let scene = held();
    scene.happens(Fact::OrderDecided { choice: Choice::Refuse, decision: "d".into(), round: 1 }, "store");
    scene.run();
    assert!(!scene.end().cancelled);
}

#[test]
fn what_was_cancelled_in_the_store_meanwhile_is_not_cancelled_again() {
    for choice in [Choice::Release, Choice::Refuse] {
        let scene = held();
        scene.in_store(|shelf| shelf.order.cancelled = true);
        scene.decide(choice, 1);
        scene.run();
        let end = scene.end();
        assert_eq!((end.open.len(), end.done), (0, vec!["hold baton-hold-1".to_owned()]), "{choice:?}");
        assert!(!end.events.contains(&"cleared".to_owned()));
    }
}

#[test]
fn a_store_that_does_not_do_it_is_told_and_a_replay_does_it() {
    for (choice, call, key, done) in [
        (Choice::Release, "release_hold", EffectKey::HoldRelease { round: 1 }, "release baton-hold-1"),
        (Choice::Refuse, "refuse", EffectKey::OrderRefusal { round: 1 }, "refuse decision-1"),
    ] {
        for no in [
            Trouble::Refused { why: "it is archived".into() },
            Trouble::Broken { why: "it answers 403 to our key".into() },
        ] {
            let scene = held();
            scene.in_store(|shelf| shelf.fates.push_back((call, Fate::Not(no.clone()))));
            scene.decide(choice, 1);
            scene.run();
            assert_eq!(scene.open(), ["decision-not-done", "held"]);
            let exceptions = scene.journey().exceptions;
            let told = exceptions.iter().find(|exception| exception.what == "decision-not-done").unwrap();
            assert!(told.reason.contains(&no.to_string()) && told.replayable, "{told:?}");
            assert!(!scene.events().contains(&"cleared".to_owned()));
            scene.replay("decided#1", std::slice::from_ref(&key));
            scene.run();
            assert_eq!((scene.open().len(), scene.end().done.last().unwrap().as_str()), (0, done));
        }
    }
}

#[test]
fn a_lost_answer_and_an_outage_do_it_once() {
    for (choice, call, done) in
        [(Choice::Release, "release_hold", "release baton-hold-1"), (Choice::Refuse, "refuse", "refuse decision-1")]
    {
        for fate in [
            Fate::Done(Trouble::NoAnswer { why: "no answer in time".into() }),
            Fate::Not(Trouble::NoAnswer { why: "no answer in time".into() }),
            Fate::Not(Trouble::Unavailable { why: "no connection".into() }),
            Fate::Not(Trouble::RateLimited { retry_after: None, a_second: None }),
        ] {
            let scene = held();
            scene.in_store(|shelf| shelf.fates.push_back((call, fate.clone())));
            scene.decide(choice, 1);
            scene.run();
            let end = scene.end();
            assert_eq!(end.done, ["hold baton-hold-1", done], "{fate:?}");
            assert_eq!(end.open, Vec::<String>::new(), "{fate:?}");
        }
    }
}

/// The decision is quicker than our hold in the store: the hold never takes place.
#[test]
fn a_decision_that_overtakes_the_hold() {
    let scene = Scene::new(Order { risk: Risk::High, ..order() });
    let down = || ("hold", Fate::Not(Trouble::Unavailable { why: "no connection".into() }));
    scene.in_store(|shelf| shelf.fates.extend((0..20).map(|_| down())));
    scene.paid();
    scene.happens(Fact::OrderHeld { reason: "a reason".into(), round: 1, causes: vec!["risk-high".into()] }, "capture");
    scene.decide(Choice::Release, 1);
    scene.run();
    let end = scene.end();
    assert!(end.events.contains(&"cleared".to_owned()));
    assert_eq!((end.done.len(), end.held_in_store.len(), end.open.len()), (0, 0, 0));
    assert_eq!(end.effects["hold#1"], "refused");
}
