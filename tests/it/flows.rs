//! Flows through the real door, relay, email layer and Shopify adapter, over the sandbox's store, simulated time and schedules: a
//! reminder of a cart can never follow its purchase, whichever way the purchase hides; each mail goes out once under crashes,
//! duplicates and a scheduler that fires twice.

mod klaviyo;

use domain::effect::{EffectKey, MailKind, State};
use domain::subject::{Subject, address_hash};
use email::mails::marketing;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support;
use crate::world::{Fate, World, payload};

const ADA: &str = "ada@example.com";
const LANE: &str = "3 Sample Lane";

fn flows(choices: &mut Value) {
    choices["flows"] = json!({
        "limits": { "mails_per_day": 2 },
        "flow": [
            { "name": "welcome", "trigger": "contact.subscribed", "steps": [{ "delay": "0", "mail": "welcome-1" }] },
            { "name": "cart", "trigger": "checkout.started", "repeat": "7 d", "steps": [
                { "delay": "1 h", "mail": "cart-1" }, { "delay": "24 h", "mail": "cart-2" },
            ] },
            { "name": "review", "trigger": "parcel.delivered", "repeat": "always", "steps": [
                { "delay": "10 d", "mail": "review" },
            ] },
        ],
    });
}

async fn shop() -> World {
    World::with(7, flows).await
}

impl World {
    async fn control(&self, path: &str, body: Value) -> Value {
        let path = format!("/_sandbox/shopify/{path}");
        let (status, answer) = support::control(&self.sandbox, "POST", &path, body.to_string()).await;
        assert_eq!(status, 201, "{answer}");
        self.delivered().await;
        answer
    }

    /// Somebody says yes to marketing mail in the store; nothing tells us of it, unless it is delivered.
    async fn agrees(&self, mail: &str, deliver: u32) {
        let consent = json!({ "state": "subscribed", "opt_in_level": "single_opt_in" });
        self.control(
            &format!("customers?deliver={deliver}"),
            json!({ "email": mail, "email_marketing_consent": consent }),
        )
        .await;
    }

    /// A cart of that number is begun, or changed, now; told so many times.
    async fn cart(&self, number: u64, mail: &str, street: &str, deliver: u32) {
        let mut checkout = payload(number);
        for gone in ["name", "customer", "financial_status", "admin_graphql_api_id", "created_at", "updated_at"] {
            checkout.as_object_mut().unwrap().remove(gone);
        }
        checkout["token"] = json!(format!("left-{number}"));
        checkout["email"] = json!(mail);
        checkout["shipping_address"]["address1"] = json!(street);
        self.control(&format!("checkouts?deliver={deliver}"), checkout).await;
    }

    /// An order comes in; `checkout`: the cart that it was.
    async fn buys(&self, order: u64, checkout: Option<u64>, mail: &str, street: &str, deliver: u32) {
        let mut body = payload(order);
        body["email"] = json!(mail);
        body["created_at"] = json!(self.clock.get());
        body.as_object_mut().unwrap().remove("customer");
        body["shipping_address"]["address1"] = json!(street);
        if let Some(checkout) = checkout {
            body["checkout_id"] = json!(checkout);
        }
        self.order(&body, deliver).await;
    }

    async fn after(&mut self, hours: i64) {
        let until = self.clock.get().checked_add(SignedDuration::from_hours(hours)).unwrap();
        self.run_until(until).await;
        self.clock.set(until.max(self.clock.get()));
    }

    /// The mails of a flow that went out.
    fn mails_of(&self, flow: &str) -> usize {
        self.post.sent().iter().filter(|(_, letter)| letter.flow.as_deref() == Some(flow)).count()
    }

    async fn what_became_of(&self, subject: Subject, flow: &str, step: u8) -> State {
        let key = EffectKey::Email(MailKind::Flow { flow: flow.into(), step, entry: "once".into() });
        let journey = self.ledger().journey(&subject).await.unwrap();
        journey.effects.into_iter().find(|effect| effect.key == key).unwrap().state
    }

    async fn cart_mail(&self, number: u64) -> String {
        match self.what_became_of(Subject::Checkout(number.to_string()), "cart", 1).await {
            State::Refused { reason } => reason,
            State::Done { .. } => "sent".to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_cart_that_was_left_is_reminded_of_twice_and_no_more() {
    let mut world = shop().await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 3).await;
    world.after(30).await;
    assert_eq!(world.mails_of("cart"), 2);
    let (_, letter) = world.post.sent().into_iter().find(|(_, letter)| letter.flow.is_some()).unwrap();
    assert_eq!(letter.to, ADA);
    assert!(letter.headers.iter().any(|(name, _)| name == "List-Unsubscribe-Post"));
    // Marketing, and nothing that belongs to an order.
    assert!(!letter.text.is_empty() && letter.html.is_some());
    let events = world.ledger().marks("flow#cart#2026-11-22", "sent#").await.unwrap();
    assert_eq!(events.len(), 1, "counted by the day on which it went out");
}

#[tokio::test]
async fn no_cart_mail_after_a_purchase_1_the_delay_was_too_short() {
    let mut world = shop().await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 1).await;
    world.after(0).await;
    // After 50 minutes they change it, and buy it after 90.
    let fifty = world.clock.get().checked_add(SignedDuration::from_mins(50)).unwrap();
    world.run_until(fifty).await;
    world.clock.set(fifty);
    world.cart(81, ADA, LANE, 1).await;
    let ninety = fifty.checked_add(SignedDuration::from_mins(40)).unwrap();
    world.run_until(ninety).await;
    assert_eq!(world.mails_of("cart"), 0, "the hour runs from the change");
    world.clock.set(ninety);
    world.buys(901, Some(81), ADA, LANE, 1).await;
    world.after(48).await;
    assert_eq!(world.mails_of("cart"), 0);
    assert_eq!(world.cart_mail(81).await, "skip: bought since, by the same checkout");
}

#[tokio::test]
async fn no_cart_mail_after_a_purchase_2_several_checkouts() {
    let mut world = shop().await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 1).await;
    world.cart(82, ADA, LANE, 1).await;
    world.buys(901, Some(82), ADA, LANE, 1).await;
    world.after(48).await;
    assert_eq!(world.mails_of("cart"), 0);
    for cart in [81, 82] {
        assert!(world.cart_mail(cart).await.starts_with("skip: bought since"), "{cart}");
    }
}

#[tokio::test]
async fn no_cart_mail_after_a_purchase_3_events_out_of_order() {
    let mut world = shop().await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 0).await;
    world.buys(901, Some(81), ADA, LANE, 1).await;
    world.after(1).await;
    // The cart's beginning is told an hour after its end.
    world
        .control("checkouts?deliver=1", {
            let mut late = payload(81);
            late["token"] = json!("left-81");
            late["email"] = json!(ADA);
            late["created_at"] = json!("2026-11-22T02:13:00Z");
            late["updated_at"] = json!("2026-11-22T02:13:00Z");
            late["completed_at"] = json!("2026-11-22T02:14:00Z");
            late
        })
        .await;
    world.after(48).await;
    assert_eq!(world.cart_mail(81).await, "skip: bought since, by the same checkout");
}

#[tokio::test]
async fn no_cart_mail_after_a_purchase_4_a_missing_event() {
    let mut world = shop().await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 1).await;
    // Neither the order nor the checkout's end is ever told.
    world.buys(901, Some(81), ADA, LANE, 0).await;
    world.after(48).await;
    assert_eq!(world.mails_of("cart"), 0);
    assert_eq!(world.cart_mail(81).await, "skip: bought since, by the same checkout");
}

#[tokio::test]
async fn no_cart_mail_after_a_purchase_5_another_address() {
    let mut world = shop().await;
    world.agrees(ADA, 0).await;
    world.cart(81, ADA, LANE, 1).await;
    world.clock.set(world.clock.get().checked_add(SignedDuration::from_mins(5)).unwrap());
    world.buys(901, None, "work@example.com", "3  SAMPLE lane", 1).await;
    world.after(48).await;
    assert_eq!(world.mails_of("cart"), 0);
    assert_eq!(world.cart_mail(81).await, "skip: bought since, by the same address");
}

#[tokio::test]
async fn who_never_agreed_gets_mails_about_the_order_and_no_marketing() {
    let mut world = shop().await;
    world.cart(81, "guest@example.com", LANE, 1).await;
    world.after(48).await;
    assert_eq!(world.cart_mail(81).await, "skip: no consent to marketing mail");
    world.order(&payload(901), 1).await;
    world.run_to_the_doorstep().await;
    world.after(24 * 11).await;
    assert!(world.post.sent().iter().all(|(_, letter)| letter.flow.is_none() && letter.headers.is_empty()));
    let review = world.what_became_of(Subject::Order(domain::subject::OrderId(901)), "review", 1).await;
    assert_eq!(review, State::Refused { reason: "skip: no consent to marketing mail".into() });
}

#[tokio::test]
async fn a_yes_in_the_store_is_welcomed_once_though_it_is_told_three_times() {
    let mut world = shop().await;
    world.agrees(ADA, 3).await;
    world.after(1).await;
    world.agrees(ADA, 1).await;
    world.after(24).await;
    assert_eq!(world.mails_of("welcome"), 1);
    let welcomed = world.what_became_of(Subject::Contact(address_hash(ADA)), "welcome", 1).await;
    assert!(matches!(welcomed, State::Done { .. }));
}

#[tokio::test]
async fn forty_carts_with_deaths_lost_answers_and_throttling_bring_each_mail_at_most_once() {
    let mut world = shop().await;
    let mut random = fastrand::Rng::with_seed(40);
    let fates = [Fate::Sent, Fate::LostAnswer, Fate::Throttled, Fate::DiesBefore, Fate::DiesAfter];
    for cart in 0..40u64 {
        let mail = format!("c{cart}@example.com");
        world.agrees(&mail, 0).await;
        world.cart(800 + cart, &mail, &format!("{cart} Sample Lane"), random.u32(1..3)).await;
        world.post.next([fates[random.usize(..fates.len())]]);
    }
    world.after(60).await;
    let mut sent = std::collections::BTreeMap::<String, usize>::new();
    for (_, letter) in world.post.sent() {
        *sent.entry(letter.effect).or_default() += 1;
    }
    assert!(sent.values().all(|times| *times == 1), "{sent:?}");
    assert!(sent.len() > 40 && world.deaths > 0, "{} mails, {} deaths", sent.len(), world.deaths);
    assert_eq!(world.dead, []);
    let mut unsettled = 0;
    for cart in 0..40u64 {
        for effect in world.ledger().journey(&Subject::Checkout((800 + cart).to_string())).await.unwrap().effects {
            unsettled += usize::from(!matches!(effect.state, State::Done { .. } | State::Refused { .. }));
        }
    }
    assert_eq!(unsettled, 0);
}

/// The command line knows the same mails as the function: a file that one takes the other takes, too.
#[test]
fn the_command_lines_list_of_mails_is_the_functions() {
    let cli = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/cli/flowfile.py")).unwrap();
    let listed = cli.split_once("MARKETING = (").unwrap().1.split_once("\n)").unwrap().0;
    let names: Vec<&str> =
        listed.lines().filter_map(|line| line.trim().strip_suffix(',')).map(|name| name.trim_matches('"')).collect();
    let known: Vec<&str> = marketing::NAMES.into_iter().filter(|name| *name != marketing::CONFIRM).collect();
    assert_eq!(names, known);
    for (mail, trigger, _) in domain::flow::TRANSACTIONAL {
        assert!(cli.contains(&format!("\"{mail}\": \"{}\"", trigger.as_str())), "{mail}");
    }
}
