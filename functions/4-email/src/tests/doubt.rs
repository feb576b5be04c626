//! Lost answers and crashes: the witness settles them, or the written rule does.

use std::sync::Arc;
use std::time::Duration;

use domain::effect::{MailKind, State};
use domain::event::Fact;
use domain::provider::Trouble;
use domain::subject::address_hash;
use lambda::Key;
use serde_json::json;
use tokio::sync::Notify;

use super::fakes::{Answer, LEASE, WINDOW, World};
use super::orders;
use crate::notices::{self, Notice};

/// SES publishes the send event of the n-th mail it took.
async fn publish(world: &World, n: usize) {
    let letter = world.mailer.taken.lock().unwrap()[n - 1].clone();
    let record = json!({"eventType": "Send", "send": {}, "mail": {
        "messageId": format!("m-{n}"), "destination": [letter.to],
        "tags": {"baton-subject": [letter.about.slug()], "baton-effect": [letter.effect]},
    }});
    notices::take(&world.email(), &Notice::read(&record.to_string())).await.unwrap();
}

/// The function's process dies while it waits for SES.
async fn killed(world: &World, key: &Key) {
    let died = tokio::time::timeout(Duration::from_millis(20), world.take(key)).await;
    assert!(died.is_err(), "it was to hang");
}

async fn state(world: &World) -> State {
    world.effect(MailKind::Confirmation).await.state
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_send_event() {
    let world = World::answering([Answer::Lost]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    assert!(matches!(state(&world).await, State::Unknown { .. }));
    assert!(!world.acknowledged(Fact::OrderCleared {}).await);
    publish(&world, 1).await;
    publish(&world, 1).await;
    assert_eq!(world.drain().await, WINDOW);
    assert_eq!(world.mails(), ["confirmation"]);
    let effect = world.effect(MailKind::Confirmation).await;
    assert_eq!(effect.state, State::Done { reference: "m-1".into() });
    assert_eq!(effect.note["to_hash"], address_hash("ada@example.com"));
    assert!(world.acknowledged(Fact::OrderCleared {}).await);
}

#[tokio::test]
async fn without_a_send_event_it_is_sent_again_once_and_counted() {
    let world = World::answering([Answer::Lost]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    // Duplicates within the window change nothing.
    world.advance(5);
    world.take(&key).await;
    assert_eq!(world.mails().len(), 1);
    world.drain().await;
    assert_eq!(world.mails(), ["confirmation"; 2]);
    let effect = world.effect(MailKind::Confirmation).await;
    assert_eq!(effect.state, State::Done { reference: "m-2".into() });
    assert_eq!(effect.note["sent_again"], "1");
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn three_mails_without_a_word_are_enough_then_the_owner_decides() {
    let world = World::answering([Answer::Lost, Answer::Lost, Answer::Lost]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let seconds = world.drain().await;
    assert!(seconds >= 3 * WINDOW, "{seconds}");
    assert_eq!(world.mails().len(), 3);
    assert_eq!(world.effect(MailKind::Confirmation).await.note["sent_again"], "2");
    let open = world.open().await;
    assert_eq!(
        open[0].reason,
        "The confirmation mail was refused: SES did not answer 3 times and never reported the mail as sent; it may have arrived."
    );
    // The word that comes late is still the truth.
    publish(&world, 2).await;
    assert_eq!(state(&world).await, State::Done { reference: "m-2".into() });
}

#[tokio::test]
async fn a_process_that_dies_after_ses_took_the_mail_is_found_out_by_the_send_event() {
    // The event comes while the dead process's claim still holds, or after it.
    for pause in [1, LEASE + 1] {
        let world = World::answering([Answer::Hang]);
        let key = world.append(Fact::OrderCleared {}).await;
        killed(&world, &key).await;
        world.advance(pause);
        publish(&world, 1).await;
        // The queue delivers it again after its visibility time-out.
        world.advance(120);
        world.take(&key).await;
        assert_eq!(world.mails(), ["confirmation"]);
        let effect = world.effect(MailKind::Confirmation).await;
        assert_eq!(effect.state, State::Done { reference: "m-1".into() });
        assert_eq!(effect.note["to_hash"], address_hash("ada@example.com"));
        assert!(world.acknowledged(Fact::OrderCleared {}).await);
    }
}

#[tokio::test]
async fn a_process_that_dies_before_ses_took_it_costs_lease_and_window_only() {
    let world = World::new();
    let key = world.append(Fact::OrderCleared {}).await;
    // Died between claim and send: the claim is all there is.
    let effect = domain::effect::EffectKey::Email(MailKind::Confirmation);
    let (ledger, now) = (&world.station.ledger, world.station.now());
    ledger.claim(&orders::subject(), &effect, now, world.station.lease).await.unwrap();
    world.take(&key).await;
    assert!(world.mails().is_empty());
    assert_eq!(world.drain().await, LEASE + WINDOW);
    assert_eq!(world.mails(), ["confirmation"]);
    assert_eq!(world.effect(MailKind::Confirmation).await.note["sent_again"], "1");
}

#[tokio::test]
async fn doubt_outlives_a_store_or_a_mailer_that_is_out_of_reach() {
    let limit = Answer::Trouble(Trouble::RateLimited { retry_after: None, a_second: None });
    let world = World::answering([Answer::Lost, limit]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    world.store.trouble.lock().unwrap().push_back(Trouble::Unavailable { why: "no connection".into() });
    world.drain().await;
    assert_eq!(world.mails(), ["confirmation"; 2]);
    assert_eq!(world.effect(MailKind::Confirmation).await.note["sent_again"], "1");
}

#[tokio::test]
async fn a_slow_answer_after_the_lease_counts_and_nothing_is_sent_twice() {
    let go = Arc::new(Notify::new());
    let world = World::answering([Answer::Slow(go.clone())]);
    let key = world.append(Fact::OrderCleared {}).await;
    let second = async {
        tokio::task::yield_now().await;
        world.advance(LEASE + 1);
        world.take(&key).await;
        assert!(matches!(state(&world).await, State::Unknown { .. }), "the second attempt waits for a word");
        go.notify_one();
    };
    tokio::join!(world.take(&key), second);
    assert_eq!(state(&world).await, State::Done { reference: "m-1".into() });
    world.drain().await;
    assert_eq!(world.mails(), ["confirmation"]);
}

#[tokio::test]
async fn a_mail_in_doubt_that_is_overtaken_is_left_out_and_its_event_taken() {
    let accepted = || Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() };
    for answer in [Answer::Lost, Answer::Trouble(Trouble::Unavailable { why: "no connection".into() })] {
        let world = World::answering([answer]);
        // Nothing of it is in the store yet.
        world.store.order.lock().unwrap().as_mut().unwrap().fulfilments.clear();
        world.append(Fact::OrderCleared {}).await;
        let key = world.append(accepted()).await;
        world.take(&key).await;
        let begun = world.effect(MailKind::InProduction).await.state;
        assert!(matches!(begun, State::Unknown { .. } | State::Waiting { .. }), "{begun:?}");
        // The parcel leaves before anybody knows.
        world.append(orders::announced()).await;
        world.drain().await;
        let left_out = State::Refused { reason: "skip: what it says is over".into() };
        assert_eq!(world.effect(MailKind::InProduction).await.state, left_out);
        assert!(world.acknowledged(accepted()).await);
        assert!(world.open().await.is_empty());
    }
}
