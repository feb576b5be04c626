//! Who gets marketing at all, how it ends, and what the owner hears.

use super::*;

#[tokio::test]
async fn who_never_said_yes_has_said_no_or_complained_gets_nothing() {
    for (consent, reason) in [
        (Consent::NotSubscribed, "skip: no consent to marketing mail"),
        (Consent::Pending, "skip: no consent to marketing mail"),
        (Consent::Unsubscribed, "skip: unsubscribed"),
    ] {
        let world = world();
        world.store.contact.lock().unwrap().as_mut().unwrap().consent = consent;
        world.happens(checkout(TOKEN), started("1")).await;
        world.pass(at("2026-11-22T05:00:00Z")).await;
        assert_eq!(world.sent(), [""; 0]);
        assert_eq!(world.skipped(&checkout(TOKEN), "cart", 1).await, reason);
    }
    let guest = world();
    *guest.store.contact.lock().unwrap() = None;
    guest.happens(checkout(TOKEN), started("1")).await;
    guest.pass(at("2026-11-22T05:00:00Z")).await;
    assert_eq!(guest.skipped(&checkout(TOKEN), "cart", 1).await, "skip: no consent to marketing mail");
    let bounced = world();
    bounced.happens(contact(), Fact::ContactSuppressed { why: Suppression::Bounce, message: "m".into() }).await;
    bounced.happens(checkout(TOKEN), started("1")).await;
    bounced.pass(at("2026-11-22T05:00:00Z")).await;
    assert_eq!(bounced.skipped(&checkout(TOKEN), "cart", 1).await, "skip: mail to this address bounced");
}

#[tokio::test]
async fn a_no_reaches_the_store_ends_the_flow_and_the_next_step_says_why() {
    let world = world();
    world.happens(contact(), subscribed()).await;
    world.pass(at("2026-11-22T04:00:00Z")).await;
    assert_eq!(world.sent(), ["welcome ada@example.com"]);
    let effect = world.mailer.taken.lock().unwrap()[0].effect.clone();
    // The store is down at first.
    world.store.trouble.lock().unwrap().push_back(Trouble::Unavailable { why: "503".into() });
    let said = Fact::ContactUnsubscribed {
        how: OptOut::OneClick,
        customer: Some("4410007701".into()),
        mail: Some(effect),
        at: "2026-11-22T04:00:00Z".into(),
    };
    let key = world.happens(contact(), said).await;
    assert!(world.store.consents.lock().unwrap().is_empty());
    world.drain().await;
    world.take(&key).await;
    let told = world.store.consents.lock().unwrap().clone();
    assert_eq!(told, [(ContactId("4410007701".into()), Consent::Unsubscribed, at("2026-11-22T04:00:00Z"))]);
    assert_eq!(world.armed(), [""; 0]);
    assert_eq!(world.counted("welcome", "2026-11-22").await, ["entered", "sent", "unsubscribed"]);

    // A schedule that was not taken away in time finds the no; the store's own record may still say yes.
    let timer = json!({ "timer": { "subject": contact().to_string(), "flow": "welcome", "step": 2, "entry": "once", "since": START } });
    world.advance(3 * 86_400);
    incoming::answer(&world.email(), "baton", timer).await.unwrap();
    world.take_due().await;
    assert_eq!(world.skipped(&contact(), "welcome", 2).await, "skip: unsubscribed");
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test]
async fn one_marketing_mail_a_day_whatever_flow_it_is_of() {
    let world = world();
    world.happens(contact(), subscribed()).await;
    world.happens(checkout(TOKEN), started("1")).await;
    world.pass(at("2026-11-22T05:00:00Z")).await;
    assert_eq!(world.sent(), ["welcome ada@example.com"]);
    assert_eq!(world.skipped(&checkout(TOKEN), "cart", 1).await, "skip: mailed today already");
}

#[tokio::test]
async fn without_a_way_out_no_marketing_goes_out_and_the_owner_hears_why() {
    let mut world = world();
    world.sender.pages = None;
    world.happens(checkout(TOKEN), started("1")).await;
    world.pass(at("2026-11-22T04:00:00Z")).await;
    assert_eq!(world.sent(), [""; 0]);
    let journey = world.station.ledger.journey(&checkout(TOKEN)).await.unwrap();
    insta::assert_snapshot!(journey.exceptions[0].reason);
}

#[tokio::test]
async fn a_paused_mail_about_an_order_stays_in_and_the_confirmation_cannot_be_paused() {
    let mut world = World::new();
    world.flows = serde_json::from_value(json!({ "flow": [
        { "name": "shipped", "trigger": "parcel.announced", "paused": true, "steps": [{ "delay": "0", "mail": "shipped" }] },
    ] }))
    .unwrap();
    let key = world.append(crate::tests::orders::announced()).await;
    world.take(&key).await;
    world.take(&key).await;
    assert_eq!(world.sent(), [""; 0]);
    let effect = world.effect(MailKind::Shipped(crate::tests::orders::parcel())).await;
    assert_eq!(effect.state, State::Refused { reason: "skip: the owner has paused this mail".into() });
    assert!(world.open().await.is_empty());
}

#[tokio::test]
async fn a_flow_that_nobody_enters_while_orders_come_is_told_once() {
    let world = world();
    let starving = async || tally::starving(&world.station, &world.flows, world.station.now()).await.unwrap();
    assert_eq!(starving().await, [""; 0], "the first look begins to watch");
    world.advance(13 * 86_400);
    world.happens(checkout(TOKEN), started("1")).await;
    world.advance(2 * 86_400);
    let key = world.append(Fact::OrderCleared {}).await;
    world.take(&key).await;
    let journey = world.station.ledger.journey(&world.station.store).await.unwrap();
    let told: Vec<_> = journey.exceptions.iter().map(|exception| exception.reason.as_str()).collect();
    assert_eq!(told, ["Nobody has entered the flow \"welcome\" for 14 days, and orders come all the same."]);
    assert_eq!(starving().await, [""; 0], "once a day");
}

#[tokio::test]
async fn who_signs_up_is_asked_once_a_day_and_the_link_is_theirs() {
    let world = world();
    world.store.contact.lock().unwrap().as_mut().unwrap().consent = Consent::Pending;
    let signed_up = || Fact::ContactSignedUp { customer: "4410007701".into(), day: "2026-11-22".into() };
    let key = world.happens(contact(), signed_up()).await;
    world.take(&key).await;
    let taken = world.mailer.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].text.contains("https://pages.example.com/subscribe/"), "{}", taken[0].text);
    assert_eq!((taken[0].flow.clone(), taken[0].headers.len()), (None, 0), "it asks, and sells nothing");
}
