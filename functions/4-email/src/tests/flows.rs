//! Flows over a ledger, a store and schedules in memory: armed once, decided again when due, counted once, ended by a no.

use domain::Timestamp;
use domain::contact::{Bought, Checkout, CheckoutLine, Consent, Contact, ContactId, Match};
use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::event::{CheckoutEnd, Event, Fact, OptIn, OptOut, Suppression};
use domain::flow::Flows;
use domain::money::{CustomerMoney, Money};
use domain::provider::Trouble;
use domain::subject::{Subject, address_hash};
use jiff::SignedDuration;
use lambda::Key;
use serde_json::json;

use super::fakes::{Answer, World, config};
use crate::flows::tally;
use crate::{Pages, Sender, incoming};

const MAIL: &str = "ada@example.com";
const TOKEN: &str = "c1c2c3c4";
/// The world's clock begins then.
const START: &str = "2026-11-22T03:00:00Z";

fn flows() -> Flows {
    let flows: Flows = serde_json::from_value(json!({
        "limits": { "mails_per_day": 1 },
        "flow": [
            { "name": "welcome", "trigger": "contact.subscribed", "steps": [
                { "delay": "0", "mail": "welcome-1" }, { "delay": "3 d", "mail": "welcome-2", "condition": "not_bought" },
            ] },
            { "name": "cart", "trigger": "checkout.started", "repeat": "7 d", "steps": [
                { "delay": "1 h", "mail": "cart-1" }, { "delay": "24 h", "mail": "cart-2" },
            ] },
        ],
    }))
    .unwrap();
    assert_eq!(flows.mistakes(crate::mails::marketing::known), []);
    flows
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn money(amount: &str) -> CustomerMoney {
    CustomerMoney(Money::parse(amount, "USD").unwrap())
}

fn ada() -> Contact {
    Contact {
        id: ContactId("207119551".into()),
        email: Some(MAIL.into()),
        first_name: Some("Ada".into()),
        consent: Consent::Subscribed,
        consent_at: Some(at("2026-11-01T00:00:00Z")),
        language: None,
        country: None,
        orders: 0,
    }
}

fn cart(token: &str) -> Checkout {
    Checkout {
        id: token.into(),
        email: Some(MAIL.into()),
        customer: None,
        started: at(START),
        updated: at(START),
        completed: None,
        lines: vec![CheckoutLine {
            title: "Lighthouse".into(),
            variant_title: None,
            quantity: 2,
            unit_price: money("25.00"),
            image: None,
        }],
        total: money("50.00"),
        recover_url: Some("https://example.com/recover/c1".into()),
        address: None,
        language: None,
    }
}

/// A world with our flows, where Ada left a cart and wants mail.
fn world() -> World {
    let mut world = World::new();
    world.flows = flows();
    let key = links::Key::new(vec!["k".repeat(40).into()]).unwrap();
    world.sender = Sender::new(&config(), Some(Pages { base: "https://pages.example.com".into(), key })).unwrap();
    *world.store.contact.lock().unwrap() = Some(ada());
    *world.store.checkout.lock().unwrap() = Some(cart(TOKEN));
    world
}

fn checkout(token: &str) -> Subject {
    Subject::Checkout(token.into())
}

fn contact() -> Subject {
    Subject::Contact(address_hash(MAIL))
}

fn started(at: &str) -> Fact {
    Fact::CheckoutStarted { at: at.into(), customer: None }
}

fn subscribed() -> Fact {
    Fact::ContactSubscribed { how: OptIn::Form, customer: "207119551".into(), at: START.into() }
}

impl World {
    /// Something happened about a subject, and email takes it.
    async fn happens(&self, subject: Subject, fact: Fact) -> Key {
        let event = Event { subject, fact, source: "shopify".into(), time: self.station.now(), order_name: None };
        self.station.append_event(&event, None).await.unwrap();
        let key = Key::from(&event.key());
        self.take(&key).await;
        key
    }

    /// What is due by then fires, in its order, and is worked on; messages that wait come back.
    async fn pass(&self, until: Timestamp) {
        loop {
            self.take_due().await;
            let next = self.timers.armed.lock().unwrap().iter().map(|(name, (at, _))| (*at, name.clone())).min();
            let waits = self.station.queue.next(self.station.now()).filter(|at| *at <= until);
            match (next, waits) {
                (next, Some(at)) if next.as_ref().is_none_or(|(timer, _)| at < *timer) => {
                    self.advance(at.duration_since(self.station.now()).as_secs());
                }
                (Some((at, name)), _) if at <= until => {
                    self.advance(at.duration_since(self.station.now()).as_secs().max(0));
                    let (_, timer) = self.timers.armed.lock().unwrap().remove(&name).unwrap();
                    // At least once: each schedule fires twice.
                    for _ in 0..2 {
                        let payload = json!({ "timer": timer });
                        incoming::answer(&self.email(), "baton", payload).await.unwrap();
                    }
                }
                _ => break,
            }
        }
        self.advance(until.duration_since(self.station.now()).as_secs().max(0));
    }

    /// Every step that is due and not taken yet.
    async fn take_due(&self) {
        for _ in 0..20 {
            let far = Timestamp::MAX.checked_sub(SignedDuration::from_hours(48)).unwrap();
            let due = self.station.ledger.due(far, 100).await.unwrap();
            let mut any = false;
            for key in due {
                let stored = self.station.ledger.event(&key).await.unwrap().unwrap();
                let waits = stored.waits.values().any(|wait| wait.until > self.station.now());
                if matches!(stored.event.fact, Fact::FlowDue { .. }) && !waits {
                    self.take(&Key::from(&key)).await;
                    any = true;
                }
            }
            if !any {
                return;
            }
        }
        panic!("a step is never done");
    }

    fn sent(&self) -> Vec<String> {
        let taken = self.mailer.taken.lock().unwrap();
        taken.iter().map(|letter| format!("{} {}", letter.flow.as_deref().unwrap_or("-"), letter.to)).collect()
    }

    async fn step(&self, subject: &Subject, flow: &str, step: u8) -> Option<Effect> {
        let kind = MailKind::Flow { flow: flow.into(), step, entry: "once".into() };
        let journey = self.station.ledger.journey(subject).await.unwrap();
        journey.effects.into_iter().find(|effect| effect.key == EffectKey::Email(kind.clone()))
    }

    /// Why a step did not go out.
    async fn skipped(&self, subject: &Subject, flow: &str, step: u8) -> String {
        match self.step(subject, flow, step).await.map(|effect| effect.state) {
            Some(State::Refused { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    async fn counted(&self, flow: &str, day: &str) -> Vec<String> {
        let marks = self.station.ledger.marks(&format!("flow#{flow}#{day}"), "").await.unwrap();
        let name = |mark: &ledger::Mark| mark.name.split('#').next().unwrap().to_owned();
        marks.iter().map(name).collect()
    }

    fn armed(&self) -> Vec<String> {
        let armed = self.timers.armed.lock().unwrap();
        let mut list: Vec<_> =
            armed.values().map(|(at, timer)| (*at, format!("{} {}", timer.flow, timer.step))).collect();
        list.sort();
        list.into_iter().map(|(at, step)| format!("{step} {at}")).collect()
    }
}

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
    assert_eq!(who.customer, Some(ContactId("207119551".into())), "asked by the customer whom the mail address names");
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
        customer: Some("207119551".into()),
        mail: Some(effect),
        at: "2026-11-22T04:00:00Z".into(),
    };
    let key = world.happens(contact(), said).await;
    assert!(world.store.consents.lock().unwrap().is_empty());
    world.drain().await;
    world.take(&key).await;
    let told = world.store.consents.lock().unwrap().clone();
    assert_eq!(told, [(ContactId("207119551".into()), Consent::Unsubscribed, at("2026-11-22T04:00:00Z"))]);
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
        world.mailer = super::fakes::FakeMailer::default();
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
    world.timers.trouble.lock().unwrap().push_back(Trouble::RateLimited { retry_after: None });
    world.happens(checkout(TOKEN), started("1")).await;
    assert_eq!(world.armed(), [""; 0]);
    assert_eq!(world.waiting(), 1);
    world.drain().await;
    assert_eq!(world.armed().len(), 2);
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
async fn a_paused_mail_about_an_order_stays_in_and_the_confirmation_cannot_be_paused() {
    let mut world = World::new();
    world.flows = serde_json::from_value(json!({ "flow": [
        { "name": "shipped", "trigger": "parcel.announced", "paused": true, "steps": [{ "delay": "0", "mail": "shipped" }] },
    ] }))
    .unwrap();
    let key = world.append(super::orders::announced()).await;
    world.take(&key).await;
    world.take(&key).await;
    assert_eq!(world.sent(), [""; 0]);
    let effect = world.effect(MailKind::Shipped(super::orders::parcel())).await;
    assert_eq!(effect.state, State::Refused { reason: "skip: the owner has paused this mail".into() });
    assert!(world.open().await.is_empty());
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
    let signed_up = || Fact::ContactSignedUp { customer: "207119551".into(), day: "2026-11-22".into() };
    let key = world.happens(contact(), signed_up()).await;
    world.take(&key).await;
    let taken = world.mailer.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].text.contains("https://pages.example.com/subscribe/"), "{}", taken[0].text);
    assert_eq!((taken[0].flow.clone(), taken[0].headers.len()), (None, 0), "it asks, and sells nothing");
}
