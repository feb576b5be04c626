//! A cart that was left: armed once, reminded of once a step, and never after a purchase.

use mailer::Account;

use super::*;

#[tokio::test]
async fn a_cart_is_armed_once_however_often_it_changes_and_each_step_goes_out_once() {
    let world = world();
    let key = world.happens(checkout(TOKEN), started("1")).await;
    world.take(&key).await;
    assert_eq!(world.armed(), ["cart 1 2026-11-22T04:00:00Z", "cart 2 2026-11-23T03:00:00Z"]);
    world.advance(60);
    world.happens(checkout(TOKEN), started("2")).await;
    assert_eq!(world.armed().len(), 2, "one entry for each checkout");
    world.pass(at("2026-11-24T00:00:00Z")).await;
    assert_eq!(world.sent(), ["cart ada@example.com", "cart ada@example.com"]);
    for step in [1, 2] {
        assert!(matches!(world.step(&checkout(TOKEN), "cart", step).await.unwrap().state, State::Done { .. }));
    }
    let letter = world.mailer.taken.lock().unwrap()[0].clone();
    assert_eq!(letter.about, checkout(TOKEN));
    let header = |name: &str| letter.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).unwrap();
    assert!(header("List-Unsubscribe").starts_with("<https://pages.example.com/unsubscribe/"));
    assert!(!header("List-Unsubscribe").contains(['\r', '\n', '@']));
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert!(world.open().await.is_empty());
    assert_eq!(world.counted("cart", "2026-11-22").await, ["entered", "sent"]);
}

#[tokio::test]
async fn cause_1_the_delay_was_too_short_a_cart_that_still_changes_is_left_alone() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    // The buyer is back at it after 50 minutes: the hour begins again, and at its end they have bought.
    world.advance(3_000);
    world.happens(checkout(TOKEN), started("2")).await;
    world.pass(at("2026-11-22T04:30:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    assert!(matches!(world.step(&checkout(TOKEN), "cart", 1).await.unwrap().state, State::Waiting { .. }));
    *world.store.bought.lock().unwrap() = Some(Bought { by: Match::Checkout, order: None });
    world.pass(at("2026-11-24T00:00:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    assert_eq!(world.skipped(&checkout(TOKEN), "cart", 1).await, "skip: bought since, by the same checkout");
}

#[tokio::test]
async fn cause_2_several_checkouts_the_one_that_was_left_knows_of_the_one_that_was_bought() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    *world.store.bought.lock().unwrap() = Some(Bought { by: Match::Customer, order: None });
    world.pass(at("2026-11-24T00:00:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    assert_eq!(world.skipped(&checkout(TOKEN), "cart", 1).await, "skip: bought since, by the same customer");
    let asked = world.store.asked.lock().unwrap().clone();
    let (who, since) = &asked[0];
    assert_eq!(*since, at(START), "whatever was bought since the cart was begun");
    assert_eq!(who.customer, Some(ContactId("4410007701".into())), "asked by the customer whom the mail address names");
    assert_eq!((who.checkout.as_deref(), who.mail.as_deref()), (Some(TOKEN), Some(MAIL)));
}

#[tokio::test]
async fn cause_3_events_out_of_order_the_end_of_a_checkout_may_come_before_its_beginning() {
    let world = world();
    world.happens(checkout(TOKEN), Fact::CheckoutEnded { how: CheckoutEnd::Deleted }).await;
    world.happens(checkout(TOKEN), started("1")).await;
    world.pass(at("2026-11-24T00:00:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    assert_eq!(world.skipped(&checkout(TOKEN), "cart", 1).await, "skip: the checkout is over");
}

#[tokio::test]
async fn cause_4_a_missing_event_the_store_itself_is_asked() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    // Nobody told us that it was changed, and nobody that it became an order.
    world.store.checkout.lock().unwrap().as_mut().unwrap().updated = at("2026-11-22T03:50:00Z");
    world.pass(at("2026-11-22T04:30:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    world.store.checkout.lock().unwrap().as_mut().unwrap().completed = Some(at("2026-11-22T04:40:00Z"));
    world.pass(at("2026-11-24T00:00:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    assert_eq!(world.skipped(&checkout(TOKEN), "cart", 1).await, "skip: bought since, by the same checkout");
}

#[tokio::test]
async fn cause_5_another_address_whoever_bought_to_the_same_place_has_bought() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    *world.store.bought.lock().unwrap() = Some(Bought { by: Match::Address, order: None });
    world.pass(at("2026-11-24T00:00:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    assert_eq!(world.skipped(&checkout(TOKEN), "cart", 2).await, "skip: bought since, by the same address");
    assert_eq!(world.counted("cart", "2026-11-22").await, ["entered", "skipped"]);
}

#[tokio::test]
async fn an_end_disarms_what_is_left_and_an_expiry_does_not() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    world.happens(checkout(TOKEN), Fact::CheckoutEnded { how: CheckoutEnd::Expired }).await;
    assert_eq!(world.armed().len(), 2, "one that expired can be begun again from the mail");
    world.happens(checkout(TOKEN), Fact::CheckoutEnded { how: CheckoutEnd::Deleted }).await;
    assert_eq!(world.armed(), [""; 0]);
}

#[tokio::test]
async fn a_second_cart_of_the_same_week_is_not_reminded_of() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    world.pass(at("2026-11-23T04:00:00Z")).await;
    assert_eq!(world.sent().len(), 2);
    *world.store.checkout.lock().unwrap() =
        Some(Checkout { started: at("2026-11-25T03:00:00Z"), updated: at("2026-11-25T03:00:00Z"), ..cart("d1d2") });
    world.pass(at("2026-11-25T03:00:00Z")).await;
    world.happens(checkout("d1d2"), started("1")).await;
    world.pass(at("2026-11-25T05:00:00Z")).await;
    assert_eq!(world.skipped(&checkout("d1d2"), "cart", 1).await, "skip: this customer was in the flow before");
}

#[tokio::test]
async fn what_waits_for_the_morning_goes_out_then() {
    let mut world = world();
    world.flows.limits.quiet_hours = domain::flow::QuietHours::parse("21:00-08:00");
    world.store.contact.lock().unwrap().as_mut().unwrap().country = Some("DE".into());
    world.happens(checkout(TOKEN), started("1")).await;
    world.pass(at("2026-11-22T06:00:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    assert_eq!(
        world.armed(),
        ["cart 1 2026-11-22T07:00:00Z", "cart 2 2026-11-23T03:00:00Z"],
        "eight o'clock in Berlin"
    );
    world.pass(at("2026-11-22T07:00:00Z")).await;
    assert_eq!(world.sent(), ["cart ada@example.com"]);
}

#[tokio::test]
async fn a_mail_in_doubt_is_not_sent_twice_and_a_refusal_wakes_nobody() {
    for answer in [Answer::Lost, Answer::Trouble(Trouble::Refused { why: "suppressed".into() })] {
        let mut world = world();
        world.mailer = crate::tests::fakes::FakeMailer::default();
        let lost = matches!(answer, Answer::Lost);
        world.mailer.answers.lock().unwrap().push_back(answer);
        world.happens(checkout(TOKEN), started("1")).await;
        world.pass(at("2026-11-22T04:00:00Z")).await;
        world.drain().await;
        assert_eq!(world.sent().len(), usize::from(lost));
        assert!(matches!(world.step(&checkout(TOKEN), "cart", 1).await.unwrap().state, State::Refused { .. }));
        let journey = world.station.ledger.journey(&checkout(TOKEN)).await.unwrap();
        assert_eq!(journey.exceptions, []);
    }
}

#[tokio::test]
async fn the_scheduler_that_is_away_is_waited_for() {
    let world = world();
    world.timers.trouble.lock().unwrap().push_back(Trouble::RateLimited { retry_after: None, a_second: None });
    world.happens(checkout(TOKEN), started("1")).await;
    assert_eq!(world.armed(), [""; 0]);
    assert_eq!(world.waiting(), 1);
    world.drain().await;
    assert_eq!(world.armed().len(), 2);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = world();
    let key = world.happens(checkout(TOKEN), started("1")).await;
    world.timers.armed.lock().unwrap().clear();
    world.advance(7_200);
    let before = world.station.ledger.journey(&checkout(TOKEN)).await.unwrap();
    let answer = incoming::answer(&world.email(), "baton", json!({ "dry_run": [key] })).await.unwrap();
    insta::assert_json_snapshot!(answer);
    let after = world.station.ledger.journey(&checkout(TOKEN)).await.unwrap();
    assert_eq!((after.events.len(), after.effects.len()), (before.events.len(), 0));
    assert_eq!((world.sent().len(), world.armed().len()), (0, 0));
}

#[tokio::test]
async fn an_order_after_a_reminder_is_recovered_once() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    world.pass(at("2026-11-22T04:00:00Z")).await;
    assert_eq!(world.sent().len(), 1);
    {
        let mut order = world.store.order.lock().unwrap();
        let order = order.as_mut().unwrap();
        order.created = at("2026-11-22T04:30:00Z");
    }
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    world.take(&key).await;
    let marks = world.station.ledger.marks("flow#cart#2026-11-22", "recovered#").await.unwrap();
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0].note, "73.50 USD");
}

#[tokio::test]
async fn an_order_from_before_the_reminder_is_no_success_of_it() {
    let world = world();
    world.happens(checkout(TOKEN), started("1")).await;
    world.pass(at("2026-11-22T04:00:00Z")).await;
    world.store.order.lock().unwrap().as_mut().unwrap().created = at("2026-11-22T03:59:00Z");
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let marks = world.station.ledger.marks("flow#cart#2026-11-22", "recovered#").await.unwrap();
    assert_eq!(marks, []);
}

#[tokio::test]
async fn a_quota_that_runs_short_is_left_to_the_mails_about_orders() {
    let world = world();
    let account = |sent| Some(Account { per_second: 14, per_day: Some(200), sent });
    *world.mailer.account.lock().unwrap() = account(160);
    world.happens(checkout(TOKEN), started("1")).await;
    let key = world.append(Fact::OrderCleared {}).await;
    world.pass(at("2026-11-22T06:30:00Z")).await;
    world.take(&key).await;
    assert_eq!(world.sent(), ["- Ada@Example.com"], "the order's mail and no other");
    let waiting = world.step(&checkout(TOKEN), "cart", 1).await.unwrap().state;
    assert!(matches!(&waiting, State::Waiting { reason, .. } if reason.contains("quota")), "{waiting:?}");
    // By the evening there is room again.
    *world.mailer.account.lock().unwrap() = account(20);
    world.pass(at("2026-11-22T08:00:00Z")).await;
    assert_eq!(world.sent().len(), 2);
    assert!(matches!(world.step(&checkout(TOKEN), "cart", 1).await.unwrap().state, State::Done { .. }));
}
