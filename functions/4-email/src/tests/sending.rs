//! SES's limits: what is too fast takes turns, what SES does not send at all waits and is told once, and flows make room.

use domain::effect::{MailKind, State};
use domain::event::Fact;
use domain::exception::{Exception, Life, SendingStop, What};
use domain::provider::Trouble;
use domain::subject::Subject;
use jiff::SignedDuration;
use ledger::{Ask, Rate, Turn};
use mailer::{Account, NotSent};
use serde_json::json;

use super::fakes::{Answer, World};
use super::orders::announced;
use crate::notices::{self, Notice};

const USUAL: Account = Account { per_second: 14, per_day: Some(50_000), sent: 100 };

fn stopped(how: SendingStop) -> Answer {
    Answer::NotSent(NotSent::Stopped { how, why: "Daily message quota exceeded".into() })
}

/// What was raised about the account.
async fn about_the_account(world: &World) -> Vec<Exception> {
    world.station.ledger.journey(&world.station.store).await.unwrap().exceptions
}

#[tokio::test]
async fn too_many_is_a_slot_and_nobodys_business() {
    let limited = || Answer::Trouble(Trouble::RateLimited { retry_after: None, a_second: None });
    let world = World::answering([limited(), limited()]);
    *world.mailer.account.lock().unwrap() = Some(USUAL);
    let (cleared, parcel) = (world.append(Fact::OrderCleared {}).await, world.append(announced()).await);
    world.take(&cleared).await;
    // The pause is everybody's: the second mail does not ask SES before it is over.
    world.take(&parcel).await;
    assert_eq!(world.mailer.answers.lock().unwrap().len(), 1);
    assert!(world.drain().await < 30, "a limit by the second is over in seconds");
    assert_eq!(world.mails().len(), 2, "each once: {:?}", world.mails());
    assert!(world.open().await.is_empty());
    assert_eq!(about_the_account(&world).await, []);
}

/// It waited until nobody could hear of the first attempt any more. That it then has to stand at a line's end again and again, since its
/// reason to wait stays the doubt, kept it back as long as others waited.
#[tokio::test]
async fn a_mail_in_doubt_goes_out_again_though_others_wait() {
    let world = World::answering([Answer::Trouble(Trouble::NoAnswer { why: "no answer in time".into() })]);
    *world.mailer.account.lock().unwrap() = Some(USUAL);
    let cleared = world.append(Fact::OrderCleared {}).await;
    world.take(&cleared).await;
    assert!(matches!(world.effect(MailKind::Confirmation).await.state, State::Unknown { .. }));
    // Two hours of other mails.
    let (rate, ledger) = (Rate { calls: 14, per: SignedDuration::from_secs(1) }, &world.station.ledger);
    let others = Ask { calls: 2 * 3_600 * 14, weight: 1, has_slot: false };
    ledger.turn(&world.station.store, "ses", rate, others, world.station.now()).await.unwrap();
    let asked = ledger.turn(&world.station.store, "ses", rate, Ask { calls: 1, ..others }, world.station.now()).await;
    assert!(matches!(asked, Ok(Turn::At(_))), "{asked:?}");
    let passed = world.drain().await;
    assert!(passed < 900, "{passed} s");
    assert!(matches!(world.effect(MailKind::Confirmation).await.state, State::Done { .. }));
}

#[tokio::test]
async fn what_stops_the_account_is_told_once_and_heals_with_the_next_mail_that_goes_out() {
    for how in SendingStop::ALL {
        let world = World::answering([stopped(how), stopped(how), stopped(how)]);
        let (cleared, parcel) = (world.append(Fact::OrderCleared {}).await, world.append(announced()).await);
        world.take(&cleared).await;
        assert!(matches!(world.effect(MailKind::Confirmation).await.state, State::Waiting { .. }));
        world.take(&parcel).await;
        let passed = world.drain().await;
        assert!((3 * 900..3 * 900 + 60).contains(&passed), "three times a quarter of an hour, not {passed} s");
        assert_eq!(world.mails().len(), 2);
        assert!(world.open().await.is_empty(), "nothing is wrong with the order");
        let told = about_the_account(&world).await;
        let seen: Vec<(&str, Life, u32)> = told.iter().map(|one| (one.what.as_str(), one.state, one.round)).collect();
        assert_eq!(seen, [("sending-stopped", Life::Resolved, 1)], "{how:?}");
        assert!(told[0].healed.is_some());
    }
}

#[tokio::test]
async fn a_sandboxed_account_refuses_the_mail_in_words_and_a_replay_sends_it() {
    let world = World::answering([Answer::NotSent(NotSent::Sandboxed { why: "not verified: (address)".into() })]);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let open = world.open().await;
    assert_eq!(open.len(), 1);
    assert!(open[0].reason.contains("still in its sandbox"), "{}", open[0].reason);
    assert!(open[0].next_step.contains("Request production access"), "{}", open[0].next_step);
    assert!(open[0].replayable);
    // A twin of the message, or one whose process died before it told, says the same and no more.
    let stored = world.stored(&super::orders::event(Fact::OrderCleared {})).await;
    let outcome = lambda::Work::work(&world.email(), &stored).await.unwrap();
    let lambda::Outcome::Raise(told) = &outcome else { panic!("{outcome:?}") };
    assert!(told.iter().all(|what| *what == What::MailSandboxed { mail: "confirmation".into() }), "{told:?}");
    let effect = domain::effect::EffectKey::Email(MailKind::Confirmation);
    let subject = super::orders::subject();
    assert!(world.station.ledger.reopen(&subject, &effect, world.station.now()).await.unwrap());
    let outcome = lambda::Work::work(&world.email(), &stored).await.unwrap();
    assert!(matches!(outcome, lambda::Outcome::Done { .. }), "{outcome:?}");
    assert_eq!(world.mails(), ["confirmation"]);
}

#[tokio::test]
async fn ses_is_asked_once_a_minute_and_what_it_said_stands_when_it_does_not_answer() {
    let world = World::new();
    let email = world.email();
    assert_eq!(email.account().await, None);
    assert_eq!(email.account().await, None);
    assert_eq!(*world.mailer.asked.lock().unwrap(), 1, "silence is remembered too");
    *world.mailer.account.lock().unwrap() = Some(USUAL);
    world.advance(60);
    assert_eq!(email.account().await, Some(USUAL));
    email.sending.count();
    assert_eq!(email.account().await.unwrap().sent, 101, "our own mails count at once");
    *world.mailer.account.lock().unwrap() = None;
    world.advance(60);
    assert_eq!(email.account().await.unwrap().sent, 101);
    assert_eq!(*world.mailer.asked.lock().unwrap(), 3);
}

/// A mail that came back, as SES says it.
async fn bounced(world: &World, message: &str) {
    let record = json!({"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bounceSubType": "General"}, "mail": {
        "messageId": message, "destination": ["ada@example.com"],
        "tags": {"baton-subject": [super::orders::subject().slug()], "baton-effect": ["ffffffffffffffffffffffff"]},
    }});
    notices::take(&world.email(), &Notice::read(&record.to_string())).await.unwrap();
}

#[tokio::test]
async fn bounces_are_held_against_what_ses_sent_in_a_day() {
    let world = World::new();
    // Two of a hundred are too many: the clock stands at three in the morning, and one came back the evening before.
    *world.mailer.account.lock().unwrap() = Some(USUAL);
    world.advance(-4 * 3_600);
    bounced(&world, "m-1").await;
    world.advance(4 * 3_600);
    // SES says everything twice, and here on two days.
    bounced(&world, "m-1").await;
    assert_eq!(about_the_account(&world).await, []);
    bounced(&world, "m-2").await;
    let told = about_the_account(&world).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].reason.starts_with("Of the last day's 100 mails 2 were returned for good"), "{}", told[0].reason);
    assert_eq!(told[0].subject, Subject::Store("example-prints.myshopify.com".into()));
}

#[tokio::test]
async fn yesterdays_bounces_and_an_account_that_says_nothing_raise_no_alarm() {
    let world = World::new();
    bounced(&world, "m-1").await;
    bounced(&world, "m-2").await;
    assert_eq!(about_the_account(&world).await, [], "nobody says how many were sent");
    *world.mailer.account.lock().unwrap() = Some(USUAL);
    world.advance(25 * 3_600);
    bounced(&world, "m-3").await;
    assert_eq!(about_the_account(&world).await, []);
}
