//! Flows left to Klaviyo, through the real layers and Klaviyo's stand-in, which checks every body by Klaviyo's published document: each
//! thing is told once, however often it is delivered and whatever happens on the way; and nobody ever hears from both senders.

use domain::contact::ContactId;
use domain::effect::EffectKey;
use domain::event::{Event, Fact};
use domain::flow::Timer;
use domain::handoff::{Deadlines, owes};
use domain::subject::OrderId;
use email::timers::Timers as _;
use sandbox::faults::{Arm, Fault};
use sandbox::klaviyo::Taken;
use store::ReadContact as _;

use super::*;

mod consent;

const LIST: &str = "SbxNws";

/// These flows are Klaviyo's, the others ours.
fn left(choices: &mut Value, names: &[&str]) {
    flows(choices);
    let base = choices["store"]["base_url"].as_str().unwrap().trim_end_matches("/shopify").to_owned();
    choices["klaviyo"] = json!({ "base_url": format!("{base}/klaviyo"), "list": LIST });
    for flow in choices["flows"]["flow"].as_array_mut().unwrap() {
        if names.contains(&flow["name"].as_str().unwrap()) {
            flow["by"] = json!("klaviyo");
        }
    }
}

const ALL: [&str; 3] = ["welcome", "cart", "review"];

async fn with_klaviyo(names: &[&str]) -> World {
    World::with(7, |choices| left(choices, names)).await
}

impl World {
    fn heard(&self, metric: &str) -> Vec<Taken> {
        self.sandbox.klaviyo.events().into_iter().filter(|event| event.metric == metric).collect()
    }

    fn metrics(&self) -> Vec<String> {
        self.sandbox.klaviyo.events().into_iter().map(|event| event.metric).collect()
    }

    fn klaviyo_will(&self, operation: &str, fault: Fault, skip: u32) {
        let (provider, operation) = ("klaviyo".to_owned(), operation.to_owned());
        self.sandbox.ctx.faults.arm(vec![Arm { provider, operation, fault, times: Some(1), skip, seconds: None }]);
    }

    /// Why Klaviyo was told nothing.
    async fn left_out(&self, subject: Subject, what: &str) -> String {
        let journey = self.ledger().journey(&subject).await.unwrap();
        let key = EffectKey::Klaviyo(what.to_owned());
        match journey.effects.into_iter().find(|effect| effect.key == key).map(|effect| effect.state) {
            Some(State::Refused { reason }) => reason,
            other => panic!("{what}: {other:?}"),
        }
    }

    /// Nothing is in doubt, dead, or refused by Klaviyo as no client may be.
    async fn is_clean(&self, subject: Subject) {
        assert_eq!(self.dead, []);
        let unexpected = self.sandbox.ctx.unexpected.list();
        assert!(unexpected.is_empty(), "{}", serde_json::to_string_pretty(&unexpected).unwrap());
        for effect in self.ledger().journey(&subject).await.unwrap().effects {
            let settled = matches!(effect.state, State::Done { .. } | State::Refused { .. });
            assert!(settled, "{} is {:?}", effect.key, effect.state);
        }
    }

    /// A fact about whoever has this address, as our pages write it.
    async fn said(&mut self, mail: &str, fact: Fact) {
        let subject = Subject::Contact(address_hash(mail));
        self.happened(Event { subject, fact, source: "storefront".into(), time: self.clock.get(), order_name: None })
            .await;
    }

    async fn happened(&mut self, event: Event) {
        let owes = owes(&event.fact, self.clock.get(), &Deadlines::default());
        self.ledger().append(&event, &owes, None).await.unwrap();
        self.after(1).await;
    }

    async fn id_of(&self, mail: &str) -> ContactId {
        self.store().contact_by_mail(mail).await.unwrap().unwrap().id
    }

    fn minutes(&self, minutes: i64) {
        self.clock.set(self.clock.get().checked_add(SignedDuration::from_mins(minutes)).unwrap());
    }
}

fn order(id: u64) -> Subject {
    Subject::Order(OrderId(id))
}

fn cart(id: u64) -> Subject {
    Subject::Checkout(id.to_string())
}

#[tokio::test]
async fn a_cart_that_was_left_begins_klaviyos_flow_once_and_its_purchase_is_told() {
    let mut world = with_klaviyo(&["cart"]).await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 3).await;
    world.after(0).await;
    world.minutes(20);
    world.cart(81, ADA, LANE, 2).await;
    world.after(30).await;
    let started = world.heard("Started Checkout");
    let [started] = &started[..] else { panic!("{started:?}") };
    assert_eq!((started.profile.as_str(), started.currency.as_deref()), (ADA, Some("EUR")));
    assert_eq!(started.value.as_deref(), Some("58.45"), "digit by digit");
    let id = EffectKey::Klaviyo("started-checkout".into()).hash(&cart(81));
    assert_eq!(started.unique_id.as_deref(), Some(id.as_str()));
    let mut properties = started.properties.clone();
    assert!(properties["CheckoutURL"].take().is_string(), "where they go on");
    insta::assert_json_snapshot!(properties);
    let profile = world.sandbox.klaviyo.profile(ADA).unwrap();
    assert_eq!(profile.external_id, Some(world.id_of(ADA).await.0));
    assert_eq!(profile.consent, None, "an event subscribes nobody");
    assert!(world.mails_of("cart") == 0 && world.timers.next().is_none(), "ours is not even armed");

    world.buys(901, Some(81), ADA, LANE, 2).await;
    world.after(1).await;
    assert_eq!(world.metrics(), ["Started Checkout", "Placed Order", "Ordered Product"]);
    let [placed] = &world.heard("Placed Order")[..] else { panic!() };
    assert_eq!((placed.value.as_deref(), placed.currency.as_deref()), (Some("58.45"), Some("EUR")));
    let [product] = &world.heard("Ordered Product")[..] else { panic!() };
    assert_eq!(product.value.as_deref(), Some("49.80"));
    insta::assert_json_snapshot!(json!([placed.properties, product.properties]));
    world.is_clean(order(901)).await;
    world.is_clean(cart(81)).await;
    assert_eq!(world.sandbox.klaviyo.repeated(), 0);
}

#[tokio::test]
async fn an_order_is_told_of_until_it_has_arrived_and_its_own_mails_stay_ours() {
    let mut world = with_klaviyo(&["review"]).await;
    world.agrees(ADA, 0).await;
    world.buys(901, None, ADA, LANE, 3).await;
    world.run_to_the_doorstep().await;
    world.after(24 * 11).await;
    assert_eq!(world.metrics(), ["Placed Order", "Ordered Product", "Fulfilled Order", "Delivered Shipment"]);
    assert_eq!(world.mails_of("review"), 0);
    assert_eq!(world.post.sent().len(), 4, "confirmation, in production, shipped, delivered");
    // Nothing that would begin a flow of ours.
    world.cart(82, ADA, LANE, 1).await;
    world.after(2).await;
    assert_eq!((world.heard("Started Checkout").len(), world.mails_of("cart")), (0, 1));
    world.is_clean(order(901)).await;
}

#[tokio::test]
async fn of_who_never_agreed_or_bought_meanwhile_klaviyo_hears_nothing() {
    let mut world = with_klaviyo(&ALL).await;
    world.cart(81, "guest@example.com", LANE, 1).await;
    world.buys(901, None, "guest@example.com", LANE, 1).await;
    world.agrees(ADA, 0).await;
    // Told after the purchase: by the same checkout, by another, and from another address to the same place.
    world.cart(82, ADA, LANE, 0).await;
    world.buys(902, Some(82), ADA, "9 Sample Lane", 0).await;
    world.cart(82, ADA, "9 Sample Lane", 1).await;
    world.agrees("bo@example.com", 0).await;
    world.cart(83, "bo@example.com", "4 Sample Lane", 0).await;
    world.buys(903, None, "work@example.com", "4  SAMPLE lane", 0).await;
    world.cart(83, "bo@example.com", "4 Sample Lane", 1).await;
    world.after(2).await;
    assert_eq!(world.metrics(), [""; 0]);
    let no_consent = "skip: no consent to marketing mail";
    assert_eq!(world.left_out(order(901), "placed-order").await, no_consent);
    assert!(world.left_out(cart(81), "started-checkout").await.starts_with("skip: "));
    assert!(world.left_out(cart(82), "started-checkout").await.starts_with("skip: bought since"));
    assert_eq!(world.left_out(cart(83), "started-checkout").await, "skip: bought since, by the same address");
    assert!(world.sandbox.klaviyo.profile("guest@example.com").is_none(), "and not that they exist");
}

#[tokio::test]
async fn whoever_sends_the_flow_since_an_entry_stays_with_whom_it_began() {
    // Ours first: armed and once sent, then left to Klaviyo.
    let mut world = with_klaviyo(&[]).await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 1).await;
    world.agrees("bo@example.com", 0).await;
    world.cart(82, "bo@example.com", "4 Sample Lane", 1).await;
    world.after(2).await;
    assert_eq!(world.mails_of("cart"), 2);
    world.choose(|choices| left(choices, &["cart"]));
    world.cart(81, ADA, LANE, 1).await;
    world.after(48).await;
    assert_eq!((world.mails_of("cart"), world.metrics().len()), (2, 0), "neither of them goes on");
    assert_eq!(
        world.what_became_of(cart(81), "cart", 2).await,
        State::Refused { reason: "skip: the flow is sent by another".into() }
    );
    // An earlier event that comes late hands the entry over after all; a mail of it went out, so it stays ours.
    let event = Event {
        subject: cart(82),
        fact: Fact::CheckoutStarted { at: "earlier".into(), customer: None },
        source: "shopify".into(),
        time: "2026-11-22T02:00:00Z".parse().unwrap(),
        order_name: None,
    };
    world.happened(event).await;
    assert_eq!(world.left_out(cart(82), "started-checkout").await, "skip: the flow is sent by another");

    // Klaviyo's first, then ours again: what began there ends there.
    let mut world = with_klaviyo(&["cart"]).await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 1).await;
    world.after(0).await;
    assert_eq!(world.heard("Started Checkout").len(), 1);
    world.choose(|choices| left(choices, &[]));
    world.cart(81, ADA, LANE, 1).await;
    // A process that died over the first event does it once more, and arms ours.
    let now = world.clock.get();
    let timer = Timer {
        subject: cart(81).to_string(),
        flow: "cart".into(),
        step: 1,
        entry: "once".into(),
        since: now,
        again: None,
    };
    world.timers.arm(&timer, now.checked_add(SignedDuration::from_hours(1)).unwrap()).await.unwrap();
    world.after(48).await;
    assert_eq!(world.mails_of("cart"), 0);
    assert_eq!(
        world.what_became_of(cart(81), "cart", 1).await,
        State::Refused { reason: "skip: the flow is sent by another".into() }
    );
    // A cart that begins now is ours.
    world.agrees("bo@example.com", 0).await;
    world.cart(83, "bo@example.com", "4 Sample Lane", 1).await;
    world.after(2).await;
    assert_eq!((world.mails_of("cart"), world.heard("Started Checkout").len()), (1, 1));
}

#[tokio::test]
async fn whatever_happens_on_the_way_each_event_is_kept_once() {
    let once = ["Delivered Shipment", "Fulfilled Order", "Ordered Product", "Placed Order"];
    let faults = [
        Fault::TooMany,
        Fault::ServerError,
        Fault::Hang,
        Fault::Reset,
        Fault::LostAnswer,
        Fault::KillBefore,
        Fault::KillAfter,
    ];
    for fault in faults {
        for skip in 0..4 {
            let mut world = with_klaviyo(&["review"]).await;
            world.agrees(ADA, 0).await;
            world.klaviyo_will("create_event", fault, skip);
            world.buys(901, None, ADA, LANE, 2).await;
            world.run_to_the_doorstep().await;
            let mut metrics = world.metrics();
            metrics.sort();
            assert_eq!(metrics, once, "{fault:?} {skip}");
            let came_twice = matches!(fault, Fault::LostAnswer | Fault::KillAfter);
            assert_eq!(world.sandbox.klaviyo.repeated(), usize::from(came_twice), "{fault:?} {skip}");
            assert_eq!(world.sandbox.ctx.faults.list()[0].fired, 1, "{fault:?} {skip}");
            world.is_clean(order(901)).await;
            assert!(world.open(901).await.is_empty(), "{fault:?} {skip}");
            assert_eq!(world.post.sent().len(), 4, "no mail about the order waits for Klaviyo, and none comes twice");
        }
    }
}

#[tokio::test]
async fn a_refusal_and_a_key_that_is_none_are_told_to_the_owner() {
    let mut world = with_klaviyo(&["cart"]).await;
    world.agrees(ADA, 0).await;
    world.klaviyo_will("create_event", Fault::Refuse, 0);
    world.buys(901, None, ADA, LANE, 1).await;
    world.run().await;
    assert_eq!(world.metrics(), ["Ordered Product"], "the others are told all the same");
    let open = world.open(901).await;
    let [exception] = &open[..] else { panic!("{open:?}") };
    insta::assert_snapshot!(exception.reason);
    world.replay(901, &exception.what).await;
    world.run().await;
    assert_eq!(world.metrics(), ["Ordered Product", "Placed Order"]);
    assert!(world.open(901).await.is_empty());

    let mut world = with_klaviyo(&["cart"]).await;
    world.sandbox.klaviyo.revoke();
    world.agrees(ADA, 0).await;
    world.buys(901, None, ADA, LANE, 1).await;
    world.run().await;
    let open = world.open(901).await;
    let [exception] = &open[..] else { panic!("{open:?}") };
    assert!(exception.reason.contains("401"), "{}", exception.reason);
    assert_eq!(world.metrics(), [""; 0]);
}

#[tokio::test]
async fn forty_carts_with_duplicates_deaths_and_silences_are_told_once_each() {
    let mut world = with_klaviyo(&["cart"]).await;
    let mut random = fastrand::Rng::with_seed(41);
    let fates =
        [Fault::TooMany, Fault::ServerError, Fault::Reset, Fault::LostAnswer, Fault::KillBefore, Fault::KillAfter];
    for cart in 0..40u64 {
        let mail = format!("c{cart}@example.com");
        world.agrees(&mail, 0).await;
        world.cart(800 + cart, &mail, &format!("{cart} Sample Lane"), random.u32(1..4)).await;
        if random.bool() {
            world.klaviyo_will("create_event", fates[random.usize(..fates.len())], random.u32(0..4));
        }
        if cart % 4 == 0 {
            world.buys(4_000 + cart, None, &mail, &format!("{cart} Sample Lane"), random.u32(1..3)).await;
        }
    }
    world.after(30).await;
    let events = world.sandbox.klaviyo.events();
    let ids: std::collections::BTreeSet<_> = events.iter().map(|event| (&event.metric, &event.unique_id)).collect();
    assert_eq!(ids.len(), events.len());
    // Who bought before Klaviyo heard of the cart is in no flow.
    let started = world.heard("Started Checkout").len();
    assert!((30..40).contains(&started) && world.deaths > 0, "{started} carts, {} deaths", world.deaths);
    assert_eq!((world.heard("Placed Order").len(), world.heard("Ordered Product").len()), (10, 10));
    assert_eq!(world.mails_of("cart"), 0);
    for id in 0..40 {
        world.is_clean(cart(800 + id)).await;
    }
}
