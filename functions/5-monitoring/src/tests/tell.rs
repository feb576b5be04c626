//! An exception becomes a mail, at least once, and is known to have been told.

use domain::decision::{Choice, OWNER};
use domain::effect::{EffectKey, State};
use domain::event::{Event, Fact};
use domain::exception::{Exception, Life, What};
use domain::handoff::Wait;
use domain::provider::Trouble;
use domain::subject::address_hash;
use domain::verdict::Hold;
use jiff::SignedDuration;
use ledger::Claim;
use links::Purpose;
use secrecy::SecretString;

use super::support::*;
use crate::Links;

fn refused() -> Exception {
    let what = What::PartnerRefused { partner: "printful".into(), why: "item 1 is discontinued".into() };
    Exception { order_name: Some("#1001".into()), ..Exception::raise(&order(), &what, "cleared", start()) }
}

async fn raised(watch: &Watch) -> Exception {
    let exception = refused();
    assert!(watch.station.ledger.raise(&exception).await.unwrap());
    exception
}

async fn effect(watch: &Watch) -> domain::effect::Effect {
    let mut journey = watch.station.ledger.journey(&order()).await.unwrap();
    assert_eq!(journey.effects.len(), 1);
    journey.effects.remove(0)
}

fn lost() -> Trouble {
    Trouble::NoAnswer { why: "no answer in time".into() }
}

fn down() -> Trouble {
    Trouble::Unavailable { why: "no connection".into() }
}

#[tokio::test]
async fn it_is_told_once_and_the_providers_id_is_kept() {
    let watch = watch();
    raised(&watch).await;
    for _ in 0..3 {
        let exception = refused();
        let message = (exception.subject.to_string(), format!("exception#{}", exception.id));
        watch.hears_of(&[message.clone(), message]).await;
    }
    let letters = watch.mail.drain();
    assert_eq!(letters.len(), 1);
    assert!(watch.only_exception().await.told);
    let effect = effect(&watch).await;
    assert_eq!(effect.state, State::Done { reference: "ses-1".into() });
    assert_eq!(effect.note["to_hash"], address_hash("owner@example.com"));
    assert_eq!(letters[0].effect, effect.key.hash(&order()));
    assert_eq!(letters[0].about, order());
}

#[tokio::test]
async fn a_mail_provider_that_is_down_is_tried_again_at_a_growing_pace() {
    let watch = watch();
    raised(&watch).await;
    let mut waits = Vec::new();
    for _ in 0..6 {
        watch.mail.next(down());
        watch.hears_again().await;
        let State::Waiting { not_before, .. } = effect(&watch).await.state else { panic!("it waits") };
        waits.push(not_before.duration_since(watch.station.now()).as_secs());
        watch.hears_again().await;
        assert_eq!(watch.subjects().len(), 0, "nothing goes out before that");
        watch.station.clock.set(not_before);
    }
    assert_eq!(waits, [20, 20, 20, 30, 45, 67]);
    watch.hears_again().await;
    assert_eq!(watch.subjects().len(), 1);
    assert!(watch.only_exception().await.told);
}

#[tokio::test]
async fn a_lost_answer_is_waited_for_and_then_sent_again() {
    let watch = watch();
    raised(&watch).await;
    watch.mail.next(lost());
    watch.hears_again().await;
    assert_eq!(watch.subjects().len(), 1);
    assert!(matches!(effect(&watch).await.state, State::Unknown { .. }));
    assert!(!watch.only_exception().await.told);
    // Within the settle window nothing goes out.
    watch.station.clock.pass(59);
    watch.hears_again().await;
    assert_eq!(watch.subjects().len(), 0);
    // After it, a second mail is better than none.
    watch.station.clock.pass(2);
    watch.hears_again().await;
    assert_eq!(watch.subjects().len(), 1);
    assert!(watch.only_exception().await.told);
}

#[tokio::test]
async fn the_providers_own_word_settles_a_lost_answer() {
    let watch = watch();
    let exception = raised(&watch).await;
    watch.mail.next(lost());
    watch.hears_again().await;
    let hash = watch.mail.drain()[0].effect.clone();
    let ledger = &watch.station.ledger;
    assert!(
        ledger.witness(&exception.subject, &hash, "ses-lost", Default::default(), watch.station.now()).await.unwrap()
    );
    watch.hears_again().await;
    assert_eq!(watch.subjects().len(), 0);
    assert!(watch.only_exception().await.told);
}

#[tokio::test]
async fn a_crash_between_mail_and_settling_leaves_doubt_and_then_a_second_mail() {
    let watch = watch();
    let exception = raised(&watch).await;
    let key = EffectKey::Alert { exception: exception.id.clone(), round: 1 };
    let claim = watch.station.ledger.claim(&order(), &key, start(), SignedDuration::from_secs(45)).await.unwrap();
    assert!(matches!(claim, Claim::Ours(_)));
    let mut at = Vec::new();
    for second in 0..180 {
        watch.hears_again().await;
        if !watch.subjects().is_empty() {
            at.push(second);
        }
        watch.station.clock.pass(1);
    }
    // The lease ends after 45 seconds, the settle window 60 seconds later.
    assert_eq!(at, [105]);
}

#[tokio::test]
async fn a_clear_no_is_tried_at_the_longest_pace_and_counted_as_untold() {
    let watch = watch();
    raised(&watch).await;
    watch.mail.next(Trouble::Refused { why: "the address is not verified".into() });
    watch.hears_again().await;
    let State::Waiting { not_before, .. } = effect(&watch).await.state else { panic!("it waits") };
    assert_eq!(not_before.duration_since(watch.station.now()).as_secs(), 600);
    watch.station.clock.pass(120);
    let mut round = crate::round::Round::new(watch.station.now(), watch.station.now(), jiff::Timestamp::MAX);
    watch.review(&mut round).await.unwrap();
    assert_eq!(round.totals.untold, Some(1));
    watch.station.clock.pass(480);
    assert_eq!(watch.now_round().await["told"], 1);
    assert_eq!(watch.subjects().len(), 1);
}

#[tokio::test]
async fn the_watchdog_tells_the_untold_after_a_minute() {
    let watch = watch();
    raised(&watch).await;
    watch.station.clock.pass(59);
    assert_eq!(watch.now_round().await["told"], 0);
    watch.station.clock.pass(1);
    assert_eq!(watch.now_round().await["told"], 1);
    assert_eq!(
        watch.subjects(),
        ["Baton: #1001 needs you: printful refused the order: item 1 is discontinued (routing)"]
    );
    watch.station.clock.pass(60);
    assert_eq!(watch.now_round().await["told"], 0);
}

#[tokio::test]
async fn a_mail_provider_that_is_down_is_asked_once_a_round() {
    let watch = watch();
    for n in 0..5 {
        let exception = Exception { id: format!("{}-{n}", refused().id), ..refused() };
        watch.station.ledger.raise(&exception).await.unwrap();
    }
    watch.mail.next(down());
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!((watch.subjects().len(), watch.mail.answers.lock().unwrap().len()), (0, 0));
    watch.station.clock.pass(60);
    watch.now_round().await;
    assert_eq!(
        watch.subjects(),
        ["Baton: 5 things need you: printful refused the order: item 1 is discontinued (routing)"]
    );
}

#[tokio::test]
async fn what_comes_back_is_another_round_and_told_again() {
    let watch = watch();
    let exception = raised(&watch).await;
    watch.hears_again().await;
    watch.station.ledger.resolve(&order(), &exception.id).await.unwrap();
    assert!(watch.station.ledger.raise(&exception).await.unwrap());
    watch.hears_again().await;
    let letters = watch.mail.drain();
    assert_eq!(letters.len(), 2);
    assert!(letters[1].text.contains("this is time 2"), "{}", letters[1].text);
    assert_ne!(letters[0].effect, letters[1].effect);
}

#[tokio::test]
async fn what_is_settled_before_it_was_told_is_not_told() {
    let watch = watch();
    let exception = raised(&watch).await;
    watch.station.ledger.resolve(&order(), &exception.id).await.unwrap();
    watch.hears_again().await;
    let stored = watch.station.ledger.exception(&order(), &exception.id).await.unwrap().unwrap();
    assert_eq!((stored.state, watch.subjects().len()), (Life::Resolved, 0));
}

#[tokio::test]
async fn an_order_is_named_by_whichever_event_knows_its_name() {
    let watch = watch();
    watch.happens(domain::event::Fact::OrderPaid { what: None }).await;
    let nameless = Exception { order_name: None, ..refused() };
    watch.station.ledger.raise(&nameless).await.unwrap();
    watch.hears_again().await;
    assert!(watch.subjects()[0].starts_with("Baton: #1001 needs you"));
}

impl Watch {
    /// The stream's record of [`refused`] (again).
    async fn hears_again(&self) {
        let exception = refused();
        let key = (exception.subject.to_string(), format!("exception#{}", exception.id));
        self.hears_of(&[key]).await;
    }
}

/// The alert about a hold leads to the page where it is decided, for the round that stands, and for no more than that.
#[tokio::test]
async fn a_held_order_comes_with_its_link_and_nothing_else_does() {
    let key = links::Key::new(vec![SecretString::from("k".repeat(40))]).unwrap();
    let mut watch = watch();
    watch.alerts.links = Some(Links { key: key.clone(), console: "https://console.example.com/".into() });
    let tell = async |watch: &Watch, what: &What, cause: &str| {
        let exception = Exception::raise(&order(), what, cause, start());
        watch.station.ledger.raise(&exception).await.unwrap();
        watch.hears().await;
        watch.mail.drain().remove(0).text
    };
    let held = What::Held(Hold::TestOrder);
    let early = tell(&watch, &held, "none").await;
    assert!(!early.contains("/decisions/"), "nothing is held: {early}");

    watch.happens(Fact::OrderHeld { reason: "a reason".into(), round: 1, causes: vec![] }).await;
    watch.happens(Fact::OrderHeld { reason: "another".into(), round: 2, causes: vec![] }).await;
    for what in [held.clone(), What::Late(Wait::HeldOrder), What::HoldRefused { why: "no".into() }] {
        let text = tell(&watch, &what, "two").await;
        let link =
            text.split_whitespace().find(|word| word.contains("/decisions/")).unwrap_or_else(|| panic!("{text}"));
        let token = link.strip_prefix("https://console.example.com/decisions/").unwrap();
        let about = key.open(token, Purpose::Decision, start());
        assert_eq!(about, Ok(format!("{ORDER}#2")));
        let over = start().checked_add(SignedDuration::from_hours(7 * 24)).unwrap();
        assert!(key.open(token, Purpose::Decision, over).is_err());
    }
    let other = What::PartnerRefused { partner: "printful".into(), why: "no".into() };
    assert!(!tell(&watch, &other, "two").await.contains("/decisions/"));

    watch.happens(Fact::OrderDecided { choice: Choice::Release, decision: "d".into(), round: 2 }).await;
    // A decision of nobody's is none.
    assert!(tell(&watch, &held, "three").await.contains("/decisions/"));
    let fact = Fact::OrderDecided { choice: Choice::Release, decision: "d".into(), round: 3 };
    watch.append(&Event { source: OWNER.into(), ..event(fact, start()) }).await;
    assert!(!tell(&watch, &held, "four").await.contains("/decisions/"));
}
