//! Klaviyo hears who agreed to marketing mail, freshly and once, who ended it, and what they chose.

use domain::contact::{Consent, Wishes};
use domain::event::{OptIn, OptOut};
use store::SetConsent as _;

use super::*;

#[tokio::test]
async fn only_a_fresh_yes_subscribes_and_it_does_so_once() {
    let mut world = with_klaviyo(&ALL).await;
    world.agrees(ADA, 3).await;
    world.after(1).await;
    let profile = || world.sandbox.klaviyo.profile(ADA).unwrap();
    assert_eq!((profile().subscribed, profile().consent.as_deref()), (1, Some("SUBSCRIBED")));
    assert!(profile().lists.contains(LIST), "where Klaviyo's welcome begins");
    assert_eq!(world.mails_of("welcome"), 0);

    // They report one of Klaviyo's mails. What follows here takes that away only if they say yes anew.
    assert!(world.sandbox.klaviyo.act(ADA, "spam"));
    world.cart(81, ADA, LANE, 2).await;
    world.buys(901, None, ADA, LANE, 2).await;
    world.after(1).await;
    let customer = world.id_of(ADA).await.0;
    let old =
        || Fact::ContactSubscribed { how: OptIn::Form, customer: customer.clone(), at: "2026-11-01T00:00:00Z".into() };
    world.said(ADA, old()).await;
    let why = world.left_out(Subject::Contact(address_hash(ADA)), "subscribed#2026-11-01T00:00:00Z").await;
    assert_eq!(why, "skip: its time is long over");
    let known = world.sandbox.klaviyo.profile(ADA).unwrap();
    assert!(known.suppressions.contains("SPAM_REPORT") && known.subscribed == 1, "{known:?}");
    let now = world.clock.get().to_string();
    world.said(ADA, Fact::ContactSubscribed { how: OptIn::Form, customer: customer.clone(), at: now }).await;
    let known = world.sandbox.klaviyo.profile(ADA).unwrap();
    assert!(known.suppressions.is_empty() && known.subscribed == 2, "{known:?}");
    world.is_clean(Subject::Contact(address_hash(ADA))).await;
}

#[tokio::test]
async fn a_no_reaches_klaviyo_whatever_is_left_to_it_and_a_yes_that_is_over_does_not() {
    for names in [&ALL[..], &[]] {
        let mut world = with_klaviyo(names).await;
        world.agrees(ADA, 0).await;
        let customer = world.id_of(ADA).await;
        world.after(1).await;
        let at = world.clock.get();
        for fault in [Fault::TooMany, Fault::LostAnswer, Fault::KillBefore, Fault::ServerError] {
            world.klaviyo_will("bulk_unsubscribe_profiles", fault, 0);
        }
        let no = Fact::ContactUnsubscribed {
            how: OptOut::Page,
            customer: Some(customer.0.clone()),
            mail: None,
            at: at.to_string(),
        };
        world.said(ADA, no).await;
        assert_eq!(world.sandbox.klaviyo.profile(ADA).unwrap().consent.as_deref(), Some("UNSUBSCRIBED"));
        // The yes of before, told late.
        let earlier = at.checked_sub(SignedDuration::from_mins(30)).unwrap().to_string();
        world.said(ADA, Fact::ContactSubscribed { how: OptIn::Form, customer: customer.0.clone(), at: earlier }).await;
        assert_eq!(world.sandbox.klaviyo.profile(ADA).unwrap().subscribed, 0);
        // They change their mind, and the no comes once more after it.
        world.minutes(10);
        let again = world.clock.get();
        world.store().set_consent(&customer, Consent::Subscribed, again).await.unwrap();
        let yes = Fact::ContactSubscribed { how: OptIn::Form, customer: customer.0.clone(), at: again.to_string() };
        world.said(ADA, yes).await;
        let late = Fact::ConsentChanged {
            state: "unsubscribed".into(),
            at: at.checked_add(SignedDuration::from_mins(1)).unwrap().to_string(),
            customer: Some(customer.0.clone()),
        };
        world.said(ADA, late).await;
        let known = world.sandbox.klaviyo.profile(ADA).unwrap();
        let wanted = if names.is_empty() { "UNSUBSCRIBED" } else { "SUBSCRIBED" };
        assert_eq!(known.consent.as_deref(), Some(wanted), "without a flow there it never hears a yes: {known:?}");
        world.is_clean(Subject::Contact(address_hash(ADA))).await;
    }
}

#[tokio::test]
async fn a_yes_whose_answer_is_lost_is_said_again_while_the_store_still_says_it() {
    for fault in [Fault::LostAnswer, Fault::KillAfter, Fault::KillBefore, Fault::Hang, Fault::TooMany] {
        let mut world = with_klaviyo(&["cart"]).await;
        world.klaviyo_will("bulk_subscribe_profiles", fault, 0);
        world.agrees(ADA, 2).await;
        world.after(2).await;
        let known = world.sandbox.klaviyo.profile(ADA).unwrap();
        let times = if matches!(fault, Fault::LostAnswer | Fault::KillAfter) { 2 } else { 1 };
        assert_eq!(
            (known.subscribed, known.lists.len()),
            (times, 0),
            "{fault:?}: welcomed by us, so no list of Klaviyo's"
        );
        assert_eq!(world.mails_of("welcome"), 1, "{fault:?}");
        world.is_clean(Subject::Contact(address_hash(ADA))).await;
    }
}

#[tokio::test]
async fn what_somebody_chose_on_the_preference_page_counts_there_too() {
    let mut world = with_klaviyo(&["cart", "review"]).await;
    world.agrees(ADA, 0).await;
    let wishes = Wishes { reminders: false, ..Wishes::ALL };
    let at = world.clock.get().to_string();
    world.said(ADA, Fact::ContactWished { wishes, customer: None, at }).await;
    world.cart(81, ADA, LANE, 1).await;
    world.buys(901, None, ADA, LANE, 1).await;
    world.after(2).await;
    assert_eq!(
        world.left_out(cart(81), "started-checkout").await,
        "skip: the customer does not want this kind of mail"
    );
    assert_eq!(world.metrics(), ["Placed Order", "Ordered Product"]);
    let wants = world.sandbox.klaviyo.profile(ADA).unwrap().properties;
    assert_eq!(json!(wants), json!({ "wants_news": true, "wants_reminders": false, "wants_reviews": true }));
}
