//! People, their consent, their carts, and whether they bought.

use domain::Timestamp;
use domain::contact::{Bought, Consent, Contact, ContactId, Match, Who};
use domain::order::TEST_TAG;
use domain::provider::Trouble;
use jiff::SignedDuration;

use store::{AddContact, BoughtSince, ListVariants, ReadCheckout, ReadContact, SetConsent, TestOrder};

use super::Setting;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

async fn by_mail(setting: &impl Setting, mail: &str) -> Contact {
    setting.store().contact_by_mail(mail).await.unwrap().unwrap()
}

pub async fn somebody_is_added_once_whatever_the_case_of_their_address(setting: &impl Setting) {
    let store = setting.store();
    assert_eq!(store.contact_by_mail("grace@example.com").await.unwrap(), None);
    for nobody in ["4294967291", "", "../1"] {
        assert_eq!(store.contact(&ContactId(nobody.into())).await.unwrap(), None, "{nobody:?}");
    }
    let id = store.add_contact("grace@example.com", Consent::Pending, Some("de"), at(0)).await.unwrap();
    let known = store.contact(&id).await.unwrap().unwrap();
    assert_eq!((known.email.as_deref(), known.language.as_deref()), (Some("grace@example.com"), Some("de")));
    assert_eq!((known.consent, known.consent_at, known.orders), (Consent::Pending, Some(at(0)), 0));
    let again = store.add_contact(" Grace@Example.com", Consent::Subscribed, None, at(9)).await.unwrap();
    assert_eq!((again, by_mail(setting, "GRACE@example.com").await), (id, known), "and stays as they were");
}

pub async fn what_was_said_last_stands(setting: &impl Setting) {
    let store = setting.store();
    let id = store.add_contact("heike@example.com", Consent::Subscribed, None, at(10)).await.unwrap();
    let now = async || {
        let contact = store.contact(&id).await.unwrap().unwrap();
        (contact.consent, contact.consent_at)
    };
    assert_eq!(now().await, (Consent::Subscribed, Some(at(10))));
    for (consent, second, stands) in [
        (Consent::Unsubscribed, 5, (Consent::Subscribed, Some(at(10)))),
        (Consent::Unsubscribed, 20, (Consent::Unsubscribed, Some(at(20)))),
        (Consent::Unsubscribed, 20, (Consent::Unsubscribed, Some(at(20)))),
        (Consent::Subscribed, 15, (Consent::Unsubscribed, Some(at(20)))),
        (Consent::Pending, 30, (Consent::Pending, Some(at(30)))),
        (Consent::Subscribed, 31, (Consent::Subscribed, Some(at(31)))),
    ] {
        store.set_consent(&id, consent, at(second)).await.unwrap();
        assert_eq!(now().await, stands, "{consent:?} at {second}");
    }
    for (id, consent) in [(id.clone(), Consent::NotSubscribed), (ContactId("4294967291".into()), Consent::Subscribed)] {
        let refused = store.set_consent(&id, consent, at(40)).await;
        assert!(matches!(refused, Err(Trouble::Refused { .. })), "{refused:?}");
    }
}

pub async fn a_cart_that_was_left_is_whole(setting: &impl Setting) {
    let store = setting.store();
    for nobodys in ["4294967291", "a-token", ""] {
        assert_eq!(store.checkout(nobodys).await.unwrap(), None, "{nobodys:?}");
    }
    let id = setting.leave("ines@example.com", "3 Sample Lane").await;
    let left = store.checkout(&id).await.unwrap().unwrap();
    assert_eq!(
        (left.id.as_str(), left.email.as_deref(), left.completed),
        (id.as_str(), Some("ines@example.com"), None)
    );
    assert!(left.recover_url.as_deref().is_some_and(|url| url.starts_with("https://")), "{:?}", left.recover_url);
    assert_eq!(left.address.as_ref().map(|address| address.address1.as_str()), Some("3 Sample Lane"));
    assert!(left.lines[0].quantity == 2 && !left.lines[0].title.is_empty());
    assert!(left.total.0.minor() > 0 && left.updated >= left.started);
    let buyer = by_mail(setting, "ines@example.com").await;
    assert_eq!((left.customer, buyer.consent), (Some(buyer.id), Consent::Subscribed));
}

pub async fn a_purchase_is_recognised_by_checkout_customer_mail_and_address(setting: &impl Setting) {
    let store = setting.store();
    let id = setting.leave("jo@example.com", "5 Sample Lane").await;
    let left = store.checkout(&id).await.unwrap().unwrap();
    let (whole, since) = (Who::of_checkout(&left), left.started);
    assert_eq!(store.bought_since(&whole, since).await.unwrap(), None, "nobody did");
    let variant = store.variants(None).await.unwrap().items.into_iter().find(|variant| variant.requires_shipping);
    let tag = format!("{TEST_TAG}-jo");
    store.place_test_order(&tag, &variant.unwrap().id, "jo@example.com").await.unwrap();
    assert_eq!(store.bought_since(&whole, since).await.unwrap(), None, "a test order of ours is no purchase");

    // Another person of the same household, under another address of mail.
    let by_other = setting.buy(None, "kim@example.com", "5  SAMPLE lane").await;
    let found = store.bought_since(&whole, since).await.unwrap();
    assert_eq!(found, Some(Bought { by: Match::Address, order: Some(by_other) }));
    // The same person by another checkout: known as a customer, and to whoever knows only the address of mail by that.
    let by_same = setting.buy(None, "jo@example.com", "7 Sample Lane").await;
    let found = store.bought_since(&whole, since).await.unwrap();
    assert_eq!(found, Some(Bought { by: Match::Customer, order: Some(by_same) }));
    let only_mail = Who { mail: Some("Jo@Example.com".into()), ..Who::default() };
    let found = store.bought_since(&only_mail, since).await.unwrap();
    assert_eq!(found, Some(Bought { by: Match::Mail, order: Some(by_same) }));
    // That very checkout, in the end, under yet another name.
    setting.buy(Some(&id), "lee@example.com", "9 Sample Lane").await;
    let found = store.bought_since(&whole, since).await.unwrap().unwrap();
    assert_eq!(found.by, Match::Checkout);
    assert!(store.checkout(&id).await.unwrap().unwrap().completed.is_some());
    assert!(by_mail(setting, "jo@example.com").await.orders >= 1);

    let later = setting.end().checked_add(SignedDuration::from_hours(1)).unwrap();
    let others = Who { checkout: None, ..whole };
    assert_eq!(store.bought_since(&others, later).await.unwrap(), None, "not since then");
    let hostile = Who { mail: Some("x\" OR email:*".into()), ..Who::default() };
    assert_eq!(store.bought_since(&hostile, since).await.unwrap(), None);
}
