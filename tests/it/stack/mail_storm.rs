//! Mails of many orders through the deployed stack while SES loses answers, takes no more for a moment, breaks connections and sees its
//! callers die: SES's events arrive here, so that each mail lies in the mailbox once. A few orders, over which nobody dies, run with
//! every test; more of them, by hand:
//! `MAIL_ORDERS=100 UPSTREAM=sandbox CALLED_FROM=$PWD PYTHONPATH=infra .local/venv/bin/python -m cli with-stack cargo test --locked
//! --workspace --test it -- --exact stack::mail_storm::each_mail_lies_in_the_mailbox_once --nocapture`

use std::collections::BTreeMap;

use domain::effect::{EffectKey, State};
use email::rules;
use reqwest::Method;
use serde_json::{Value, json};

use super::flood::{paid, tick};
use super::{Stack, fresh_id, stack};

#[expect(clippy::disallowed_methods, reason = "the long run is asked for by the environment")]
fn orders() -> u64 {
    std::env::var("MAIL_ORDERS").ok().map_or(5, |text| text.parse().unwrap())
}

/// Of four mails an order, so many of a hundred meet it; of the small run's, one meets each of the first three.
fn faults(count: u64) -> Vec<Value> {
    let mails = count * 4;
    let arm = |fault: &str, percent: u64, least: u64| {
        let times = (mails * percent / 100).max(least);
        let apart = mails / times.max(1);
        let (fault, times) = (fault.to_owned(), 0..times);
        times.map(move |n| {
            json!({ "provider": "ses", "operation": "SendEmail", "fault": fault, "skip": n * apart * 4 / 5, "times": 1 })
        })
    };
    let gentle = arm("lost_answer", 5, 1).chain(arm("429", 8, 1)).chain(arm("reset", 3, 1));
    gentle.chain(arm("kill_before", 2, 0)).chain(arm("kill_after", 2, 0)).collect()
}

#[tokio::test]
async fn each_mail_lies_in_the_mailbox_once() {
    let Some(stack) = stack().await else { return };
    let (count, seed) = (orders(), fresh_id(70));
    let mut random = fastrand::Rng::with_seed(seed);
    let faults = faults(count);
    let armed = faults.len();
    stack.sandbox(Method::POST, "faults", Value::Array(faults)).await;
    let mut ids: Vec<u64> = (0..count).map(|n| seed * 10 + n).collect();
    random.shuffle(&mut ids);
    let began = tick();
    paid(&stack, &ids, 3, &mut random).await;
    for id in &ids {
        stack.delivered(*id, 240 + count * 3).await;
    }
    eprintln!("{count} orders and their mails are delivered after {} s", began.elapsed().as_secs());
    if stack.look_at("counts").await["took"] == json!({}) {
        eprintln!("skipped: the functions' AWS calls do not pass the sandbox; run it with UPSTREAM=sandbox");
        return;
    }
    let fired = stack.look_at("faults").await;
    let hit = |fault: &&Value| fault["fired"] == 1;
    assert_eq!(fired.as_array().unwrap().iter().filter(hit).count(), armed, "{fired}");
    stack.sandbox(Method::DELETE, "faults", Value::Null).await;
    told(&stack, &ids).await;
}

/// The mailbox against the ledger; prints how many mails of each kind there are of an order.
async fn told(stack: &Stack, ids: &[u64]) {
    let mailbox = stack.mails().await;
    let (mut mails, mut again, mut left_out) = (BTreeMap::<&str, [usize; 3]>::new(), 0, 0);
    for id in ids {
        let journey = stack.journey(*id).await;
        for effect in &journey.effects {
            let EffectKey::Email(kind) = &effect.key else { continue };
            let hash = effect.key.hash(&effect.subject);
            let out = mailbox.iter().filter(|mail| mail.effect == hash).count();
            mails.entry(kind.name()).or_default()[out.min(2)] += 1;
            again += usize::from(effect.note.contains_key(rules::SENT_AGAIN));
            let done = matches!(effect.state, State::Done { .. });
            left_out += usize::from(!done);
            let expected = usize::from(done);
            assert!(done || rules::is_calm(kind), "{} of {id} is {:?}", effect.key, effect.state);
            assert_eq!(out, expected, "{} of {id}: {effect:?}", effect.key);
        }
        for due in ["confirmation", "shipped", "delivered"] {
            let of = |effect: &&domain::effect::Effect| effect.key.to_string().starts_with(&format!("email#{due}"));
            assert_eq!(journey.effects.iter().filter(of).count(), 1, "{due} of {id}");
        }
        assert!(journey.exceptions.is_empty(), "{:?}", journey.exceptions);
    }
    eprintln!("{:<16}{:>8}{:>8}{:>8}", "mails out", "none", "one", "more");
    for (kind, [none, one, more]) in &mails {
        eprintln!("{kind:<16}{none:>8}{one:>8}{more:>8}");
    }
    eprintln!("{again} were sent again, because nothing had gone out; {left_out} words for calm were left out instead");
}
