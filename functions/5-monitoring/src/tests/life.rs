//! Open, acknowledged, resolved, and open again.

use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Wait};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::support::*;

fn refused(why: &str) -> Exception {
    let what = What::PartnerRefused { partner: "printful".into(), why: why.into() };
    let event = event(domain::event::Fact::OrderCleared {}, start());
    Exception::raise(&order(), &what, "cleared", start()).about(&event)
}

async fn ask(watch: &Watch, operator: &str, id: &str) -> Value {
    watch.handle(json!({ "operator": operator, "exception": id }), Timestamp::MAX).await.unwrap()
}

#[tokio::test]
async fn what_the_owner_has_seen_stays_open_and_is_no_news_when_it_is_found_again() {
    let watch = watch();
    let exception = refused("item 1 is discontinued");
    watch.station.ledger.raise(&exception).await.unwrap();
    watch.hears().await;
    let answer = ask(&watch, "acknowledge", &exception.id).await;
    assert_eq!((&answer["acknowledged"], &answer["state"]), (&json!(exception.id), &json!("acknowledged")));
    assert_eq!(ask(&watch, "acknowledge", &exception.id).await, answer, "twice is once");
    for _ in 0..3 {
        assert!(!watch.station.ledger.raise(&exception).await.unwrap(), "the same cause, seen already");
    }
    watch.hears().await;
    assert_eq!(watch.subjects().len(), 1);
    let open = watch.only_exception().await;
    assert_eq!((open.state, open.round), (Life::Acknowledged, 1));
}

/// Having been seen hides nothing new: another reason is told, so is another event, and so is what comes back.
#[tokio::test]
async fn what_is_new_is_told_although_the_old_was_seen() {
    let watch = watch();
    let exception = refused("item 1 is discontinued");
    watch.station.ledger.raise(&exception).await.unwrap();
    ask(&watch, "acknowledge", &exception.id).await;
    let other_reason = refused("the address is not served");
    assert!(watch.station.ledger.raise(&other_reason).await.unwrap());
    watch.hears().await;
    let letters = watch.mail.drain();
    assert!(letters[0].subject.contains("the address is not served"), "{}", letters[0].subject);
    assert_eq!(watch.only_exception().await.round, 2);

    ask(&watch, "acknowledge", &exception.id).await;
    watch.station.ledger.heal(&order(), &exception.id, watch.station.now()).await.unwrap();
    assert_eq!(ask(&watch, "acknowledge", &exception.id).await["state"], "resolved", "what is over stays over");
    assert!(watch.station.ledger.raise(&other_reason).await.unwrap());
    let back = watch.only_exception().await;
    assert_eq!((back.state, back.round, back.told, back.healed), (Life::Open, 3, false, None));
}

/// A condition that lasts says how long; that is no other cause. Nor is what an outage says of itself.
#[tokio::test]
async fn a_condition_that_lasts_is_not_told_again_for_its_figures() {
    let watch = watch();
    let silent = |hours| {
        let what = What::SweepSilent { source: "The store".into(), hours };
        Exception::raise(&watch.station.store, &what, "sweep", start())
    };
    let down = |why: &str| {
        let what = What::Unreachable { layer: Layer::Routing, provider: "printful".into(), why: why.into() };
        let event = event(domain::event::Fact::OrderCleared {}, start());
        Exception::raise(&order(), &what, "cleared", start()).about(&event)
    };
    for (first, again) in [(silent(3), silent(4)), (down("no connection"), down("no answer in time"))] {
        watch.station.ledger.raise(&first).await.unwrap();
        watch.station.ledger.seen(&first.subject, &first.id, 1).await.unwrap();
        assert!(!watch.station.ledger.raise(&again).await.unwrap(), "{}", again.reason);
    }
}

/// The link of an earlier round acknowledges nothing of a later one.
#[tokio::test]
async fn a_later_round_is_not_seen_by_an_earlier_one() {
    let watch = watch();
    let exception = refused("no");
    watch.station.ledger.raise(&exception).await.unwrap();
    watch.station.ledger.resolve(&order(), &exception.id).await.unwrap();
    watch.station.ledger.raise(&exception).await.unwrap();
    let now = watch.station.ledger.seen(&order(), &exception.id, 1).await.unwrap().unwrap();
    assert_eq!((now.state, now.round), (Life::Open, 2));
}

#[tokio::test]
async fn a_late_hand_off_that_completes_has_healed() {
    let watch = watch();
    let routed = domain::event::Fact::OrderRouted {
        partner: "printful".into(),
        split: 1,
        partner_order: "13".into(),
        cost: None,
    };
    let key = watch.happens(routed).await;
    watch.station.raise(&watch.stored(&key).await, &What::Late(Wait::PartnerAccepts)).await.unwrap();
    watch.hears().await;
    let id = watch.only_exception().await.id;
    watch
        .happens(domain::event::Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() })
        .await;
    watch.now_round().await;
    let healed = watch.station.ledger.exception(&order(), &id).await.unwrap().unwrap();
    assert_eq!(healed.state, Life::Resolved);
    assert_eq!(healed.healed.map(|healed| (healed.at, healed.told)), Some((watch.station.now(), false)));
    // What a person closes has not healed.
    let closed = refused("no");
    watch.station.ledger.raise(&closed).await.unwrap();
    ask(&watch, "close", &closed.id).await;
    let closed = watch.station.ledger.exception(&order(), &closed.id).await.unwrap().unwrap();
    assert_eq!((closed.state, closed.healed), (Life::Resolved, None));
}
