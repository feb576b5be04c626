//! Which mails go out, how often, and what becomes of those that do not.

use domain::effect::{MailKind, State};
use domain::event::{Fact, ParcelRef};
use domain::handoff::{Layer, Owed};
use domain::order::Order;
use domain::provider::Trouble;
use domain::subject::address_hash;
use domain::watch::WaitReason;
use jiff::SignedDuration;

use super::fakes::{Answer, World};
use super::orders::{announced, event, order, parcel};

fn delivered_by_partner() -> Fact {
    Fact::ParcelDelivered {
        source: "printful".into(),
        parcel: ParcelRef::Shipment { by_shipment: parcel(), by_number: None },
    }
}

fn delivered_by_store() -> Fact {
    Fact::ParcelDelivered { source: "shopify".into(), parcel: ParcelRef::Fulfilment("7400112233".into()) }
}

#[tokio::test]
async fn a_cleared_order_is_confirmed_once_however_often_it_is_told() {
    let world = World::new();
    let key = world.append(Fact::OrderCleared {}).await;
    let email = world.email();
    let take = || world.station.take(&email, &key);
    let (a, b, c, d, e) = tokio::join!(take(), take(), take(), take(), take());
    for taken in [a, b, c, d, e] {
        taken.unwrap();
    }
    world.drain().await;
    world.take(&key).await;
    assert_eq!(world.mails(), ["confirmation"]);
    assert!(world.acknowledged(Fact::OrderCleared {}).await);

    let effect = world.effect(MailKind::Confirmation).await;
    assert_eq!(effect.state, State::Done { reference: "m-1".into() });
    assert_eq!(effect.note["kind"], "confirmation");
    assert_eq!(effect.note["to_hash"], address_hash("ada@example.com"));
    assert!(!effect.note.contains_key("sent_again"));
    let letter = world.mailer.taken.lock().unwrap()[0].clone();
    assert_eq!(letter.to, "Ada@Example.com");
    assert_eq!(letter.from, "Example Prints <orders@example.com>");
    assert_eq!(letter.reply_to.as_deref(), Some("help@example.com"));
    assert_eq!(letter.effect, effect.key.hash(&effect.subject));
}

#[tokio::test]
async fn a_parcel_delivered_before_it_was_announced_brings_both_mails_in_order() {
    let world = World::new();
    let key = world.append(delivered_by_partner()).await;
    world.take(&key).await;
    assert!(world.mails().is_empty());
    assert!(world.acknowledged(delivered_by_partner()).await);
    let key = world.append(announced()).await;
    world.take(&key).await;
    assert_eq!(world.mails(), ["shipped", "delivered"]);
    assert_eq!(world.waiting(), 0);
}

#[tokio::test]
async fn every_order_of_events_brings_the_same_mails() {
    let facts = [Fact::OrderCleared {}, announced(), delivered_by_partner(), delivered_by_store()];
    for first in 0..4 {
        for second in 0..4 {
            for third in 0..4 {
                let last = 6_usize.wrapping_sub(first + second + third);
                let order = [first, second, third, last];
                if (0..4).any(|n| !order.contains(&n)) {
                    continue;
                }
                let world = World::new();
                let mut keys = Vec::new();
                for n in order {
                    keys.push(world.append(facts[n].clone()).await);
                    // Every message comes twice, and the one before once more.
                    for key in keys.iter().rev().take(2).chain(keys.last()) {
                        world.take(key).await;
                    }
                }
                world.drain().await;
                let mails = world.mails();
                let place = |kind| mails.iter().position(|mail| *mail == kind).unwrap();
                assert_eq!(mails.len(), 3, "{order:?} {mails:?}");
                assert!(place("shipped") < place("delivered"), "{order:?} {mails:?}");
                assert!(place("confirmation") < 3);
                for fact in &facts {
                    assert!(world.acknowledged(fact.clone()).await, "{order:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn announcement_and_delivery_at_the_same_moment_bring_each_mail_once() {
    let world = World::new();
    let shipped = world.append(announced()).await;
    let arrived = world.append(delivered_by_store()).await;
    tokio::join!(world.take(&arrived), world.take(&shipped));
    world.drain().await;
    assert_eq!(world.mails(), ["shipped", "delivered"]);
}

#[tokio::test]
async fn an_order_cancelled_in_the_store_is_not_confirmed() {
    let world = World::new();
    *world.store.order.lock().unwrap() = Some(Order { cancelled: true, ..order() });
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    assert!(world.mails().is_empty());
    assert!(world.open().await.is_empty());
    let State::Refused { reason } = world.effect(MailKind::Confirmation).await.state else { panic!() };
    assert!(reason.starts_with("cancelled"), "{reason}");
}

#[tokio::test]
async fn one_read_of_the_order_is_enough_for_two_mails() {
    let world = World::new();
    world.append(delivered_by_partner()).await;
    let key = world.append(announced()).await;
    world.take(&key).await;
    assert_eq!(*world.store.reads.lock().unwrap(), 1);
    assert_eq!(world.mails().len(), 2);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_it_says() {
    let limit = Trouble::RateLimited { retry_after: Some(SignedDuration::from_secs(7)), a_second: None };
    let world = World::answering([Answer::Trouble(limit)]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    assert!(matches!(world.effect(MailKind::Confirmation).await.state, State::Waiting { .. }));
    assert_eq!(world.drain().await, 7);
    assert_eq!(world.mails(), ["confirmation"]);
    assert!(!world.effect(MailKind::Confirmation).await.note.contains_key("sent_again"));
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn a_message_that_comes_too_early_does_not_make_a_limit_look_new() {
    let limit = Trouble::RateLimited { retry_after: Some(SignedDuration::from_secs(7)), a_second: None };
    let world = World::answering([Answer::Trouble(limit)]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let waits = async || world.stored(&event(Fact::OrderCleared {})).await.waits;
    let before = waits().await;
    world.advance(3);
    world.take(&key).await;
    assert_eq!(waits().await, before);
}

#[tokio::test]
async fn an_outage_is_waited_out_and_stays_the_reason_under_duplicates() {
    let down = || Answer::Trouble(Trouble::Unavailable { why: "no connection".into() });
    let world = World::answering([down(), down(), down()]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    world.take(&key).await;
    let waits = world.stored(&event(Fact::OrderCleared {})).await.waits;
    assert!(matches!(&waits[&Layer::Email].reason, WaitReason::Outage { provider, .. } if provider == "ses"));
    world.drain().await;
    assert_eq!(world.mails(), ["confirmation"]);
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn a_mail_that_is_refused_is_told_and_others_go_on() {
    let refused = Trouble::Refused { why: "Email address is not verified".into() };
    let world = World::answering([Answer::Trouble(refused)]);
    world.append(delivered_by_partner()).await;
    let key = world.append(announced()).await;
    world.take(&key).await;
    assert_eq!(world.mails(), ["delivered"]);
    let open = world.open().await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].what, "mail-refused");
    assert_eq!(open[0].reason, "The shipped mail was refused: Email address is not verified.");
    assert_eq!(open[0].order_name.as_deref(), Some("#1001"));
    assert!(world.acknowledged(announced()).await);
}

#[tokio::test]
async fn what_was_told_stays_open_while_another_mail_waits() {
    let world = World::answering([
        Answer::Trouble(Trouble::Refused { why: "no".into() }),
        Answer::Trouble(Trouble::RateLimited { retry_after: None, a_second: None }),
    ]);
    world.append(delivered_by_partner()).await;
    let key = world.append(announced()).await;
    world.take(&key).await;
    assert_eq!(world.open().await.len(), 1);
    assert_eq!(world.drain().await, 1);
    assert_eq!(world.mails(), ["delivered"]);
    assert_eq!(world.open().await.len(), 1);
}

#[tokio::test]
async fn a_mailer_that_does_not_work_with_us_is_told_and_a_replay_sends_the_mail() {
    let world = World::answering([Answer::Trouble(Trouble::Broken { why: "sending is paused".into() })]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let open = world.open().await;
    assert_eq!(open[0].reason, "ses does not work with us: sending is paused.");
    let effect = world.effect(MailKind::Confirmation).await;
    assert_eq!(effect.state, State::Refused { reason: "sending is paused".into() });

    let ledger = &world.station.ledger;
    assert!(ledger.reopen(&effect.subject, &effect.key, world.station.now()).await.unwrap());
    let stored = world.stored(&event(Fact::OrderCleared {})).await;
    let due = world.station.deadlines.due(Owed::Layer(Layer::Email), world.station.now());
    ledger.owe_again(&stored, Layer::Email, due).await.unwrap();
    world.take(&key).await;
    assert_eq!(world.mails(), ["confirmation"]);
    assert!(world.open().await.is_empty(), "it is resolved by what was missing");
}

#[tokio::test]
async fn an_order_without_an_address_is_told_once_and_nothing_else_stops() {
    let world = World::new();
    *world.store.order.lock().unwrap() = Some(Order { email: None, ..order() });
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    world.take(&key).await;
    world.append(delivered_by_partner()).await;
    let key = world.append(announced()).await;
    world.take(&key).await;
    let open = world.open().await;
    assert_eq!(open.iter().map(|e| e.what.as_str()).collect::<Vec<_>>(), ["no-mail-address"; 2]);
    assert!(open.iter().any(|e| e.reason == "The order has no mail address, so the confirmation mail cannot be sent."));
    assert!(world.acknowledged(Fact::OrderCleared {}).await && world.acknowledged(announced()).await);
    assert!(matches!(world.effect(MailKind::Delivered(parcel())).await.state, State::Refused { .. }));
}

#[tokio::test]
async fn a_store_out_of_reach_is_waited_for_and_one_that_does_not_know_the_order_is_told() {
    let world = World::new();
    world.store.trouble.lock().unwrap().push_back(Trouble::NoAnswer { why: "it answers 502".into() });
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    assert!(matches!(world.effect(MailKind::Confirmation).await.state, State::Waiting { .. }));
    assert_eq!(world.drain().await, 20);
    assert_eq!(world.mails(), ["confirmation"]);

    let world = World::new();
    *world.store.order.lock().unwrap() = None;
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let open = world.open().await;
    assert_eq!(open[0].reason, "The confirmation mail was refused: the store does not know the order.");
    assert!(matches!(world.effect(MailKind::Confirmation).await.state, State::Refused { .. }));
}
