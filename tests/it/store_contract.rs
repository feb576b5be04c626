//! The store's contract: the same checks over Shopify and over the headless store, each with the sandbox for its provider. And the
//! order table's own, over memory and, where a stack runs, over DynamoDB's emulator.

mod parcels;
mod people;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::contact::Consent;
use domain::decision::{Choice, Decision, OWNER, Refusal};
use domain::event::{Event, Fact};
use domain::facts;
use domain::order::{Order, Payment, TEST_TAG};
use domain::parcel::{Pieces, Tracking, contents};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use serde_json::json;
use store::headless::cart::Cart;
use store::headless::person::id_of;
use store::headless::table::{Memory, OrderTable};
use store::{
    AddContact, BoughtSince, ChangedOrders, Checkouts, HoldOrder, ListVariants, PlacedOrders, ReadCheckout,
    ReadContact, ReadOrder, RefuseOrder, ReleaseHold, SetConsent, Subscriptions, TestOrder, Topic, TrackFulfilment,
    WriteFulfilment,
};

use crate::storefront::{Shop, section};
pub use settings::OnOurOwn;
use settings::OnShopify;

/// Every verb of the port.
pub trait Verbs:
    ReadOrder
    + WriteFulfilment
    + TrackFulfilment
    + HoldOrder
    + ReleaseHold
    + RefuseOrder
    + ChangedOrders
    + Subscriptions
    + Checkouts
    + PlacedOrders
    + TestOrder
    + ListVariants
    + ReadContact
    + ReadCheckout
    + BoughtSince
    + SetConsent
    + AddContact
{
}

impl<S> Verbs for S where
    S: ReadOrder
        + WriteFulfilment
        + TrackFulfilment
        + HoldOrder
        + ReleaseHold
        + RefuseOrder
        + ChangedOrders
        + Subscriptions
        + Checkouts
        + PlacedOrders
        + TestOrder
        + ListVariants
        + ReadContact
        + ReadCheckout
        + BoughtSince
        + SetConsent
        + AddContact
{
}

/// A store with its provider, and what only the provider can do.
pub trait Setting {
    fn store(&self) -> &impl Verbs;

    /// A moment before everything.
    fn beginning(&self) -> Timestamp;

    /// After everything.
    fn end(&self) -> Timestamp;

    /// A new paid order of two pieces that go by parcel, with nothing against it.
    async fn paid(&self) -> OrderId;

    /// A part of the money goes back.
    async fn refund_some(&self, order: OrderId);

    /// A checkout that is begun and left alone.
    async fn stall(&self);

    /// A buyer with this address, who agrees to news and offers, fills in a checkout for that street and leaves; its id.
    async fn leave(&self, mail: &str, street: &str) -> String;

    /// Somebody buys later on: by this checkout where one is named, under this address, to this street.
    async fn buy(&self, checkout: Option<&str>, mail: &str, street: &str) -> OrderId;

    /// Where the door is, as the provider has it, and what is subscribed there from now on.
    fn door(&self) -> (String, &'static [Topic]);

    /// The provider drops one of its subscriptions.
    async fn lose(&self, topic: &str);

    fn assert_expected(&self);
}

async fn holds(setting: &impl Setting) {
    an_unknown_order_is_none(setting).await;
    a_paid_order_is_whole(setting).await;
    a_hold_stands_under_its_name_until_it_is_lifted(setting).await;
    parcels::a_parcel_is_known_by_its_number(setting).await;
    parcels::a_parcel_shows_all_its_numbers(setting).await;
    money_that_goes_back_is_seen(setting).await;
    a_refusal_needs_a_person_and_is_done_once(setting).await;
    what_changed_is_listed_oldest_first(setting).await;
    a_lost_subscription_is_seen_and_made_again(setting).await;
    a_stalled_checkout_is_listed(setting).await;
    orders_are_listed_with_their_attempts(setting).await;
    a_test_order_is_one_and_is_cleaned_up(setting).await;
    people::somebody_is_added_once_whatever_the_case_of_their_address(setting).await;
    people::what_was_said_last_stands(setting).await;
    people::a_cart_that_was_left_is_whole(setting).await;
    people::a_purchase_is_recognised_by_checkout_customer_mail_and_address(setting).await;
    setting.assert_expected();
}

pub async fn read(setting: &impl Setting, id: OrderId) -> Order {
    setting.store().order(id).await.unwrap().unwrap()
}

async fn an_unknown_order_is_none(setting: &impl Setting) {
    assert_eq!(setting.store().order(OrderId(999_999_999)).await.unwrap(), None);
}

async fn a_paid_order_is_whole(setting: &impl Setting) {
    let id = setting.paid().await;
    let order = read(setting, id).await;
    assert_eq!((order.id, &order.payment, order.cancelled), (id, &Payment::Paid, false));
    assert!(order.name.starts_with('#') && order.email.is_some() && order.ship_to.is_some(), "{order:?}");
    assert!(order.created >= setting.beginning() && order.updated >= order.created);
    let line = &order.lines[0];
    assert_eq!((line.quantity, line.requires_shipping, line.sku.is_some()), (2, true, true));
    let parts = &order.amounts.shop;
    let tax = if order.amounts.tax_included { parts.tax.0.zero() } else { parts.tax.0 };
    let sum = parts.lines.0.minus(parts.discounts.0).unwrap().plus(parts.shipping.0).unwrap().plus(tax).unwrap();
    assert_eq!(sum, parts.total.0, "the parts are the total");
    let open: Vec<_> = order.fulfilment_orders.iter().filter(|fo| fo.open).collect();
    assert_eq!((open.len(), open[0].lines[0].remaining, open[0].lines[0].line), (1, 2, line.id));
    let ids: Vec<String> = facts::of_order(&order).iter().map(|fact| fact.id().0).collect();
    assert_eq!(ids[..2], ["created", "paid"]);
    assert_eq!(read(setting, id).await, order, "reading changes nothing");
}

async fn a_hold_stands_under_its_name_until_it_is_lifted(setting: &impl Setting) {
    let (store, id) = (setting.store(), setting.paid().await);
    let order = read(setting, id).await;
    let handles = |order: &Order| {
        let holds = order.fulfilment_orders.iter().flat_map(|fo| &fo.holds);
        holds.filter_map(|hold| hold.handle.clone()).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        store.hold(&order, "baton-1", "a person decides").await.unwrap();
    }
    let held = read(setting, id).await;
    assert_eq!(handles(&held), ["baton-1"], "once, however often it is asked for");
    let wanted = contents(&order, &[Pieces { line: order.lines[0].id, quantity: 1 }]);
    let refused = store.fulfil(&wanted, None).await;
    assert!(matches!(refused, Err(Trouble::Refused { .. })), "{refused:?}");
    store.release_hold(&held, "another").await.unwrap();
    assert_eq!(handles(&read(setting, id).await), ["baton-1"], "another's hold is not ours to lift");
    for _ in 0..2 {
        let held = read(setting, id).await;
        store.release_hold(&held, "baton-1").await.unwrap();
    }
    let free = read(setting, id).await;
    assert_eq!(handles(&free), Vec::<String>::new());
    assert!(free.fulfilment_orders.iter().any(|fo| fo.open));
}

async fn money_that_goes_back_is_seen(setting: &impl Setting) {
    let id = setting.paid().await;
    setting.refund_some(id).await;
    let order = read(setting, id).await;
    assert_eq!((&order.payment, order.refunds.len()), (&Payment::PartiallyRefunded, 1));
    assert!(facts::of_order(&order).iter().any(|fact| matches!(fact, Fact::OrderRefunded { .. })));
}

/// A person's decision, the only way there is to one.
pub fn decided(order: OrderId, decision: &str) -> Refusal {
    let fact = Fact::OrderDecided { choice: Choice::Refuse, decision: decision.into(), round: 1 };
    let time = "2026-11-22T03:00:00Z".parse().unwrap();
    let event = Event { subject: Subject::Order(order), fact, source: OWNER.into(), time, order_name: None };
    match Decision::of(&event) {
        Some(Decision::Refuse(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The order once it is cancelled: Shopify takes a moment.
async fn cancelled(setting: &impl Setting, id: OrderId) -> Order {
    for _ in 0..200 {
        let order = read(setting, id).await;
        if order.cancelled {
            return order;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} is not cancelled");
}

async fn a_refusal_needs_a_person_and_is_done_once(setting: &impl Setting) {
    let (store, id) = (setting.store(), setting.paid().await);
    let order = read(setting, id).await;
    let refusal = decided(id, "decision-1");
    store.refuse(&order, &refusal).await.unwrap();
    let refused = cancelled(setting, id).await;
    assert!(refused.fulfilment_orders.iter().all(|fo| !fo.open), "{refused:?}");
    store.refuse(&refused, &refusal).await.unwrap();
    store.refuse(&order, &refusal).await.unwrap();
    assert!(read(setting, id).await.cancelled);
}

async fn what_changed_is_listed_oldest_first(setting: &impl Setting) {
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(setting.paid().await);
    }
    setting.refund_some(made[0]).await;
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = setting.store().changed(setting.beginning(), after.as_deref()).await.unwrap();
        found.extend(page.items);
        pages += 1;
        assert!(pages < 100, "the list has an end");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(found.iter().all(|change| change.at >= setting.beginning()));
    for id in &made {
        let last = found.iter().rfind(|change| change.order.id == *id).unwrap_or_else(|| panic!("{id} is missing"));
        assert_eq!(last.order, read(setting, *id).await, "as the store has it now");
    }
    assert!(found.is_sorted_by_key(|change| change.at), "oldest first");
    let later = setting.store().changed(setting.end(), None).await.unwrap();
    assert_eq!((later.items.len(), later.next), (0, None));
}

async fn a_lost_subscription_is_seen_and_made_again(setting: &impl Setting) {
    let (store, (address, topics)) = (setting.store(), setting.door());
    let has = async |topic: &str| {
        let all = store.subscriptions().await.unwrap();
        all.iter().any(|known| known.topic == topic && known.address == address)
    };
    for topic in topics {
        store.subscribe(topic.name, &address).await.unwrap();
        assert!(has(topic.name).await, "{}", topic.name);
    }
    let lost = topics[0].name;
    setting.lose(lost).await;
    assert!(!has(lost).await);
    for _ in 0..2 {
        store.subscribe(lost, &address).await.unwrap();
    }
    assert!(has(lost).await);
    let all = store.subscriptions().await.unwrap();
    assert_eq!(all.iter().filter(|known| known.topic == lost && known.address == address).count(), 1);
}

async fn a_stalled_checkout_is_listed(setting: &impl Setting) {
    setting.stall().await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = setting.store().stalled(setting.beginning(), setting.end(), after.as_deref()).await.unwrap();
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(found.iter().any(|checkout| !checkout.recovered && checkout.begun >= setting.beginning()), "{found:?}");
    let early = setting.beginning().checked_sub(SignedDuration::from_hours(1)).unwrap();
    let before = setting.store().stalled(early, setting.beginning(), None).await.unwrap();
    assert_eq!(before.items, []);
}

async fn orders_are_listed_with_their_attempts(setting: &impl Setting) {
    let id = setting.paid().await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = setting.store().placed(setting.beginning(), setting.end(), after.as_deref()).await.unwrap();
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let placed: Vec<_> = found.iter().filter(|placed| placed.id == id).collect();
    assert_eq!(placed.len(), 1, "each once");
    assert!(placed[0].country.is_some());
    assert_eq!(placed[0].attempts, read(setting, id).await.attempts);
}

async fn a_test_order_is_one_and_is_cleaned_up(setting: &impl Setting) {
    let store = setting.store();
    let variant = store.variants(None).await.unwrap().items.into_iter().find(|variant| variant.requires_shipping);
    let variant = variant.unwrap().id;
    let tag = format!("{TEST_TAG}-1");
    let id = store.place_test_order(&tag, &variant, "owner@example.com").await.unwrap();
    assert_eq!(
        store.place_test_order(&tag, &variant, "owner@example.com").await.unwrap(),
        id,
        "asked again: no second one"
    );
    let order = read(setting, id).await;
    assert!(order.is_trial() && order.payment == Payment::Paid && order.ship_to.is_some(), "{order:?}");
    assert_eq!(order.lines.iter().map(|line| line.quantity).sum::<u32>(), 1);
    let other = store.place_test_order(&format!("{TEST_TAG}-2"), &variant, "owner@example.com").await.unwrap();
    assert_ne!(other, id);
    let refused = store.clean_up(&order, &format!("{TEST_TAG}-2")).await;
    assert!(matches!(refused, Err(Trouble::Refused { .. })), "{refused:?}");
    let real = read(setting, setting.paid().await).await;
    assert!(matches!(store.clean_up(&real, &tag).await, Err(Trouble::Refused { .. })), "a customer's order stays");
    store.clean_up(&order, &tag).await.unwrap();
    cancelled(setting, id).await;
    for (tag, variant) in [("gift", variant.as_str()), (tag.as_str(), "4294967291")] {
        let tag = if tag == "gift" { tag.to_owned() } else { format!("{tag}-3") };
        let refused = store.place_test_order(&tag, variant, "owner@example.com").await;
        assert!(matches!(refused, Err(Trouble::Refused { .. })), "{tag} {variant}: {refused:?}");
    }
}

/// The headless store's contract over any table: also for DynamoDB, where a stack runs.
pub async fn headless_holds<T: OrderTable + Clone>(table: T) {
    holds(&OnOurOwn::over(table).await).await;
}

#[tokio::test]
async fn shopify() {
    holds(&OnShopify::new().await).await;
}

#[tokio::test]
async fn the_headless_store_in_memory() {
    headless_holds(Arc::new(Memory::default())).await;
}

/// The order table's own contract.
pub async fn table_holds<T: OrderTable>(table: &T) {
    assert_eq!((table.last_number().await.unwrap(), table.newest_paid().await.unwrap()), (1_000, None));
    let numbers = [table.next_number().await.unwrap(), table.next_number().await.unwrap()];
    assert_eq!((numbers, table.last_number().await.unwrap()), ([1_001, 1_002], 1_002));
    let shop = Shop::new().await;
    let cart: Cart = serde_json::from_value(json!({
        "cart": "cart-0001", "items": [{ "sku": "LIGHTHOUSE-A", "quantity": 2 }], "email": "ada@example.com",
    }))
    .unwrap();
    // A row with everything in it: paid, declined before, refunded in part, disputed, warned of, held and shipped in part.
    let priced = cart.price(&section(), shop.store.shop()).unwrap();
    shop.store.begin(&priced, Some("198.51.100.7")).await.unwrap();
    let session = shop.stripe("sessions").await.remove(0)["id"].as_str().unwrap().to_owned();
    shop.at_stripe(&format!("sessions/{session}/fail"), json!({})).await;
    shop.at_stripe(&format!("sessions/{session}/pay"), json!({ "risk": "elevated" })).await;
    for act in ["refund", "dispute", "warn"] {
        let made = shop.at_stripe(&format!("charges/{session}/{act}"), json!({ "amount": 100 })).await;
        shop.resolve(made["id"].as_str().unwrap()).await;
    }
    let order = shop.order(OrderId(1_001)).await;
    let one = contents(&order, &[Pieces { line: order.lines[0].id, quantity: 1 }]);
    shop.store.fulfil(&one, Tracking::new(Some("1Z999AA10123456784"), None, None).as_ref()).await.unwrap();
    shop.store.hold(&order, "baton-1", "a person decides").await.unwrap();
    let row = shop.row(1_001).await;
    assert!(!row.holds.is_empty() && !row.fulfilments.is_empty() && !row.disputes.is_empty());

    assert_eq!(table.get(1_001).await.unwrap(), None);
    assert!(table.put_new(&row).await.unwrap());
    assert!(!table.put_new(&row).await.unwrap(), "it is there already");
    assert_eq!(table.get(1_001).await.unwrap().as_ref(), Some(&row), "as it was");
    let mut next = row.clone();
    next.rev = row.rev + 1;
    next.tags.push("changed".into());
    assert!(!table.replace(&next, row.rev + 7).await.unwrap(), "decided on another revision");
    assert!(table.replace(&next, row.rev).await.unwrap());
    assert!(!table.replace(&next, row.rev).await.unwrap(), "once");
    assert_eq!(table.get(1_001).await.unwrap(), Some(next));

    assert_eq!(table.pointed("cart#x").await.unwrap(), None);
    assert_eq!(table.point("cart#x", 1_001).await.unwrap(), 1_001);
    assert_eq!(table.point("cart#x", 1_002).await.unwrap(), 1_001, "whoever points first");
    assert_eq!(table.pointed("cart#x").await.unwrap(), Some(1_001));
    let at = |second: i64| Timestamp::from_second(1_795_000_000 + second).unwrap();
    for second in [10, 5, 20, 20] {
        table.note_paid(at(second)).await.unwrap();
    }
    assert_eq!(table.newest_paid().await.unwrap(), Some(at(20)));
    assert_eq!(table.next_number().await.unwrap(), 1_003, "the counter is where it was");

    let id = id_of("ada@example.com").0;
    let known = shop.table.contact(&id).await.unwrap().unwrap();
    assert!(
        known.orders.len() == 1 && known.country.is_some() && known.first_name.is_some(),
        "whoever bought is known"
    );
    assert_eq!(table.contact(&id).await.unwrap(), None);
    assert!(table.put_contact(&known, None).await.unwrap());
    assert!(!table.put_contact(&known, None).await.unwrap(), "they are there already");
    assert_eq!(table.contact(&id).await.unwrap(), Some(known.clone()), "as they were");
    let mut next = known.clone();
    next.rev = known.rev + 1;
    next.say(Consent::Unsubscribed, at(30));
    assert!(!table.put_contact(&next, Some(known.rev + 7)).await.unwrap(), "decided on another revision");
    assert!(table.put_contact(&next, Some(known.rev)).await.unwrap());
    assert!(!table.put_contact(&next, Some(known.rev)).await.unwrap(), "once");
    assert_eq!(table.contact(&id).await.unwrap(), Some(next));
    assert_eq!(table.newest_at("place#x").await.unwrap(), None);
    for (order, second) in [(1_001, 10), (1_002, 20), (1_001, 5)] {
        table.note_at("place#x", order, at(second)).await.unwrap();
    }
    assert_eq!(table.newest_at("place#x").await.unwrap(), Some((1_002, at(20))));
}

#[tokio::test]
async fn the_order_table_in_memory() {
    table_holds(&Memory::default()).await;
}
