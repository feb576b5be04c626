//! Klaviyo's stand-in refuses what Klaviyo refuses, and keeps what Klaviyo keeps.

use reqwest::Response;
use sandbox::config::KlaviyoConfig;
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

use crate::support::{self, control, samples};

const EVENTS: &str = "events";
const SUBSCRIBE: &str = "profile-subscription-bulk-create-jobs";
const UNSUBSCRIBE: &str = "profile-subscription-bulk-delete-jobs";
const ADA: &str = "ada@example.com";

async fn account(change: impl FnOnce(&mut KlaviyoConfig)) -> Sandbox {
    let mut config = Config { specs: support::specs(), ..Config::default() };
    change(&mut config.klaviyo);
    Sandbox::start(config).await.unwrap()
}

/// A request that is right but for what `change` changes of its headers.
async fn post(sandbox: &Sandbox, path: &str, body: &Value, change: &[(&str, &str)]) -> Response {
    let key = format!("Klaviyo-API-Key {}", sandbox.ctx.config.klaviyo.api_key);
    let right =
        [("authorization", key.as_str()), ("revision", "2026-07-15"), ("content-type", "application/vnd.api+json")];
    let mut request = support::client().post(format!("{}/klaviyo/api/{path}", sandbox.url()));
    for (name, value) in right {
        let value = change.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| *value);
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    request.body(body.to_string()).send().await.unwrap()
}

fn event(id: &str) -> Value {
    json!({ "data": { "type": "event", "attributes": {
        "properties": { "ItemNames": ["Lighthouse"] }, "time": "2026-11-22T02:13:00Z", "value": 12.5, "value_currency": "EUR",
        "unique_id": id,
        "metric": { "data": { "type": "metric", "attributes": { "name": "Placed Order" } } },
        "profile": { "data": { "type": "profile", "attributes": { "email": ADA } } },
    } } })
}

fn job(kind: &str, consent: &str, mails: &[String]) -> Value {
    let profiles = mails.iter().map(|mail| {
        let subscriptions = json!({ "email": { "marketing": { "consent": consent } } });
        json!({ "type": "profile", "attributes": { "email": mail, "subscriptions": subscriptions } })
    });
    let profiles: Vec<Value> = profiles.collect();
    json!({ "data": { "type": kind, "attributes": { "profiles": { "data": profiles } } } })
}

fn subscribe(mails: &[String]) -> Value {
    job("profile-subscription-bulk-create-job", "SUBSCRIBED", mails)
}

fn unsubscribe(mails: &[String]) -> Value {
    job("profile-subscription-bulk-delete-job", "UNSUBSCRIBED", mails)
}

fn with_list(mut body: Value, list: &str) -> Value {
    body["data"]["relationships"] = json!({ "list": { "data": { "type": "list", "id": list } } });
    body
}

fn people(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("c{n}@example.com")).collect()
}

#[tokio::test]
async fn an_event_is_taken_with_an_empty_answer_and_kept_once() {
    let sandbox = account(|_| {}).await;
    for id in ["a1", "a1", "b2"] {
        let answer = post(&sandbox, EVENTS, &event(id), &[]).await;
        assert_eq!((answer.status(), answer.text().await.unwrap().as_str()), (reqwest::StatusCode::ACCEPTED, ""));
    }
    let kept = sandbox.klaviyo.events();
    assert_eq!((kept.len(), sandbox.klaviyo.repeated()), (2, 1));
    assert_eq!(kept[0].value.as_deref(), Some("12.5"));
    let mut other = event("a1");
    other["data"]["attributes"]["metric"]["data"]["attributes"]["name"] = json!("Fulfilled Order");
    post(&sandbox, EVENTS, &other, &[]).await;
    other["data"]["attributes"]["profile"]["data"]["attributes"]["email"] = json!("bo@example.com");
    post(&sandbox, EVENTS, &other, &[]).await;
    assert_eq!(sandbox.klaviyo.events().len(), 4, "another metric, another profile");
    // Without an id it is the second that counts.
    for _ in 0..2 {
        let mut nameless = event("x");
        nameless["data"]["attributes"]["unique_id"] = Value::Null;
        post(&sandbox, EVENTS, &nameless, &[]).await;
    }
    assert_eq!(sandbox.klaviyo.events().len(), 5);
    assert!(sandbox.ctx.unexpected.list().is_empty());
    let (_, shown) = control(&sandbox, "GET", "/_sandbox/klaviyo", "").await;
    assert_eq!((shown["events"].as_array().unwrap().len(), shown["repeated"].as_u64()), (5, Some(2)));
    control(&sandbox, "POST", "/_sandbox/reset", "").await;
    assert!(sandbox.klaviyo.events().is_empty());
}

#[tokio::test]
async fn a_request_that_klaviyo_would_refuse_is_refused_in_its_shape() {
    let sandbox = account(|_| {}).await;
    let mut refused = 0;
    for (change, status) in [
        (("authorization", ""), 401),
        (("authorization", "Klaviyo-API-Key pk_other"), 401),
        (("authorization", "Bearer sandbox-klaviyo-key"), 401),
        (("revision", ""), 400),
        (("revision", "latest"), 400),
        (("content-type", "application/json"), 415),
    ] {
        let answer = post(&sandbox, EVENTS, &event("a1"), &[change]).await;
        assert_eq!(answer.status(), status, "{change:?}");
        let body: Value = answer.json().await.unwrap();
        assert!(body["errors"][0]["detail"].is_string() && body["errors"][0]["code"].is_string(), "{body}");
        refused += 1;
    }
    let changes: [(&str, Value); 9] = [
        ("/data/attributes/value", json!("12.50")),
        ("/data/attributes/value_currency", json!("EURO")),
        ("/data/attributes/time", json!("yesterday")),
        ("/data/attributes/time", json!("1989-01-01T00:00:00Z")),
        ("/data/attributes/metric/data/attributes/name", json!("")),
        ("/data/attributes/profile/data/attributes", json!({})),
        ("/data/attributes/profile/data/attributes/email", json!("ada at example")),
        ("/data/attributes/properties", json!({ "Long": "x".repeat(110_000) })),
        ("/data/attributes", json!({ "metric": {}, "profile": {} })),
    ];
    for (place, value) in changes {
        let mut body = event("a1");
        *body.pointer_mut(place).unwrap() = value;
        assert_eq!(post(&sandbox, EVENTS, &body, &[]).await.status(), 400, "{place}");
        refused += 1;
    }
    let mut unknown = event("a1");
    unknown["data"]["attributes"]["uniqueId"] = json!("a1");
    let mut many = event("a1");
    many["data"]["attributes"]["properties"] = (0..401).map(|n| (format!("p{n}"), json!(n))).collect();
    let mut historical = subscribe(&people(1));
    historical["data"]["attributes"]["historical_import"] = json!(true);
    let mut pointless = subscribe(&people(1));
    pointless["data"]["attributes"]["profiles"]["data"][0]["attributes"]["subscriptions"]["email"]["marketing"]["consented_at"] =
        json!("2026-11-22T02:13:00Z");
    for (path, body, status) in [
        (EVENTS, unknown, 400),
        (EVENTS, many, 400),
        (SUBSCRIBE, historical, 400),
        (SUBSCRIBE, pointless, 400),
        (SUBSCRIBE, subscribe(&people(1_001)), 400),
        (SUBSCRIBE, subscribe(&[]), 400),
        (SUBSCRIBE, unsubscribe(&people(1)), 400),
        (SUBSCRIBE, with_list(subscribe(&people(1)), "NoList"), 404),
        (UNSUBSCRIBE, unsubscribe(&people(101)), 400),
        ("profiles", event("a1"), 404),
    ] {
        assert_eq!(post(&sandbox, path, &body, &[]).await.status(), status, "{path} {}", body.to_string().len());
        refused += 1;
    }
    assert_eq!(sandbox.ctx.unexpected.list().len(), refused, "each of them is a finding");
    assert!(sandbox.klaviyo.events().is_empty() && sandbox.klaviyo.profile("c0@example.com").is_none());
}

#[tokio::test]
async fn both_limits_hold_and_say_for_how_long() {
    let sandbox = account(|klaviyo| (klaviyo.events_a_second, klaviyo.jobs_a_minute) = (2, 3)).await;
    let mut statuses = Vec::new();
    for n in 0..8 {
        let answer = post(&sandbox, EVENTS, &event(&n.to_string()), &[]).await;
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "1");
        }
        statuses.push(answer.status().as_u16());
    }
    assert!(statuses.contains(&429) && statuses[..2] == [202, 202], "{statuses:?}");
    for n in 0..4 {
        let answer = post(&sandbox, SUBSCRIBE, &subscribe(&people(1)), &[]).await;
        assert_eq!(answer.status(), if n < 3 { 202 } else { 429 });
        if n == 3 {
            let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((50..=60).contains(&seconds), "{seconds}");
        }
    }
    assert!(sandbox.ctx.unexpected.list().is_empty(), "whoever does everything right can meet a limit");
}

#[tokio::test]
async fn a_yes_takes_away_every_suppression_but_a_bounces_and_a_list_may_ask_first() {
    let sandbox = account(|_| {}).await;
    let (klaviyo, ada) = (&sandbox.klaviyo, vec![ADA.to_owned()]);
    assert!(!klaviyo.act(ADA, "spam"), "nobody there");
    post(&sandbox, EVENTS, &event("a1"), &[]).await;
    for act in ["unsubscribe", "spam", "bounce"] {
        let (status, _) = control(&sandbox, "POST", &format!("/_sandbox/klaviyo/profiles/{ADA}/{act}"), "").await;
        assert_eq!(status, 204);
    }
    assert_eq!(klaviyo.profile(ADA).unwrap().suppressions.len(), 3);
    post(&sandbox, SUBSCRIBE, &with_list(subscribe(&ada), "SbxAsk"), &[]).await;
    let asked = klaviyo.profile(ADA).unwrap();
    assert_eq!((asked.asked, asked.subscribed, asked.suppressions.len()), (1, 0, 3));
    post(&sandbox, SUBSCRIBE, &with_list(subscribe(&ada), "SbxNws"), &[]).await;
    let known = klaviyo.profile(ADA).unwrap();
    assert_eq!(known.suppressions.into_iter().collect::<Vec<_>>(), ["HARD_BOUNCE"]);
    assert!(known.lists.contains("SbxNws") && known.consent.as_deref() == Some("SUBSCRIBED"));
    // From a list they are on, they only leave it; else it is from everything.
    for consent in ["SUBSCRIBED", "UNSUBSCRIBED"] {
        post(&sandbox, UNSUBSCRIBE, &with_list(unsubscribe(&ada), "SbxNws"), &[]).await;
        assert_eq!(klaviyo.profile(ADA).unwrap().consent.as_deref(), Some(consent));
    }
    assert!(sandbox.ctx.unexpected.list().is_empty());
}

#[tokio::test]
async fn the_published_examples_are_taken() {
    let Some(samples) = samples() else { return };
    let sandbox = account(|klaviyo| klaviyo.lists.push("Y6nRLr".to_owned())).await;
    for (path, file) in [
        (EVENTS, "create_event_request.json"),
        (SUBSCRIBE, "subscribe_profiles_request.json"),
        (UNSUBSCRIBE, "unsubscribe_profiles_request.json"),
    ] {
        let body: Value = serde_json::from_slice(&std::fs::read(samples.join("klaviyo").join(file)).unwrap()).unwrap();
        let answer = post(&sandbox, path, &body, &[]).await;
        let status = answer.status();
        assert_eq!(status, 202, "{file}: {}", answer.text().await.unwrap());
    }
}
