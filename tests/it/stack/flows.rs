//! A flow on the deployed stack: armed by a webhook, woken by a one-time schedule, sent, and counted by SES's own events.

use std::collections::BTreeMap;

use domain::effect::{EffectKey, MailKind, State};
use domain::subject::Subject;
use reqwest::Method;
use serde_json::json;

use super::{Stack, fresh_id, named, stack};

fn step(number: u8) -> EffectKey {
    EffectKey::Email(MailKind::Flow { flow: "cart".into(), step: number, entry: "once".into() })
}

/// Somebody who wants mail leaves a cart of that number.
async fn leaves(stack: &Stack, number: u64, mail: &str) -> Subject {
    let consent = json!({ "state": "subscribed", "opt_in_level": "single_opt_in" });
    let customer = json!({ "email": mail, "email_marketing_consent": consent });
    stack.sandbox(Method::POST, "shopify/customers?deliver=0", customer).await;
    let mut checkout = named(number);
    for gone in ["name", "customer", "financial_status", "admin_graphql_api_id", "created_at", "updated_at"] {
        checkout.as_object_mut().unwrap().remove(gone);
    }
    checkout["token"] = json!(format!("left-{number}"));
    checkout["email"] = json!(mail);
    stack.sandbox(Method::POST, "shopify/checkouts?deliver=2", checkout).await;
    Subject::Checkout(number.to_string())
}

/// With its own key, under its own role.
#[tokio::test]
async fn a_no_in_the_store_reaches_klaviyo() {
    let Some(stack) = stack().await else { return };
    let mail = format!("no-{}@example.com", fresh_id(91));
    for (state, deliver) in [("subscribed", 0), ("unsubscribed", 2)] {
        let consent = json!({ "state": state, "opt_in_level": "single_opt_in" });
        let customer = json!({ "email": mail, "email_marketing_consent": consent });
        stack.sandbox(Method::POST, &format!("shopify/customers?deliver={deliver}"), customer).await;
    }
    stack
        .until("Klaviyo knows of it", 60, async || {
            let shown = stack.look_at("klaviyo").await;
            let own = shown["profiles"].as_array()?.iter().find(|profile| profile["email"] == mail)?.clone();
            (own["consent"] == "UNSUBSCRIBED" && own["subscribed"] == 0).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_reminder_of_a_cart_is_woken_by_its_schedule_and_goes_out_once() {
    let Some(stack) = stack().await else { return };
    let number = fresh_id(90);
    let mail = format!("left-{number}@example.com");
    let cart = leaves(&stack, number, &mail).await;
    let effect = step(1).hash(&cart);
    stack
        .until("the first reminder in the mailbox", 90, async || {
            stack.mails().await.into_iter().find(|letter| letter.effect == effect)
        })
        .await;
    stack
        .until("the reminder is done, and its delivery counted", 30, async || {
            let effects = stack.ledger.journey(&cart).await.unwrap().effects;
            let done = effects.iter().any(|one| one.key == step(1) && matches!(one.state, State::Done { .. }));
            let day = jiff::Timestamp::from_millisecond(sandbox::clock::epoch_millis()).ok()?;
            let about = format!("flow#cart#{}", email::flows::tally::day(day));
            let marks = stack.ledger.marks(&about, "").await.unwrap();
            let named = |what: &str| marks.iter().any(|mark| mark.name == format!("{what}#{effect}"));
            (done && named("sent") && named("delivered")).then_some(())
        })
        .await;
    let mut sent = BTreeMap::<String, usize>::new();
    for letter in stack.mails().await {
        *sent.entry(letter.effect).or_default() += 1;
    }
    assert_eq!(sent[&effect], 1);
}
