//! A flow on the deployed stack: armed by a webhook, woken by a one-time schedule, sent, and counted by SES's own events.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

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

    // The owner's figures are what the ledger counts.
    let figures = flows(&[("DAYS", "1")]).await;
    let line = figures.lines().find(|line| line.starts_with("cart ")).unwrap();
    let told: Vec<usize> = line.split_whitespace().skip(1).map_while(|word| word.parse().ok()).collect();
    let now = sandbox::clock::now();
    let marks = stack.ledger.marks(&format!("flow#cart#{}", email::flows::tally::day(now)), "").await.unwrap();
    let counted = |what: &str| marks.iter().filter(|mark| mark.name.starts_with(&format!("{what}#"))).count();
    let expected = ["entered", "sent", "delivered", "opened", "clicked", "unsubscribed", "skipped", "recovered"];
    assert_eq!(told[..8], expected.map(counted), "{figures}");
    assert!(told[..3].iter().all(|count| *count >= 1), "{figures}");

    // Trying yesterday's events shows each step of this cart, and changes nothing of it.
    let before = stack.ledger.journey(&cart).await.unwrap();
    let tried = flows(&[("YESTERDAY", "1")]).await;
    let ours: Vec<&str> = tried.lines().filter(|line| line.starts_with(&cart.slug())).collect();
    assert_eq!(ours.len(), 3, "{tried}");
    assert!(ours[0].contains("  cart 1 (cart-1), due ") && ours[0].ends_with(": sent already"), "{tried}");
    assert!(ours[1..].iter().all(|line| line.ends_with(": due later")), "{tried}");
    let after = stack.ledger.journey(&cart).await.unwrap();
    assert_eq!((after.events, after.effects), (before.events, before.effects));

    let preview = flows(&[("PREVIEW", "cart")]).await;
    assert!(preview.starts_with("cart: starts at checkout.started, again: always, sent by ses"), "{preview}");
    assert!(preview.contains("\n  2. cart-2: 24 h later, "), "{preview}");
}

/// `make flows` with these choices, as the owner runs it against this stack; what it says on standard output.
async fn flows(choices: &'static [(&str, &str)]) -> String {
    let run = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut command = Command::new(root.join(".local/venv/bin/python"));
        command.args(["-m", "cli", "flows"]).env("PYTHONPATH", "infra").envs(choices.iter().copied());
        command.current_dir(root).output().unwrap()
    };
    let ended = tokio::task::spawn_blocking(run).await.unwrap();
    let (out, said) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8_lossy(&ended.stderr).into_owned());
    assert!(ended.status.success(), "{choices:?}: {out}{said}");
    out
}
