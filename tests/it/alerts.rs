//! The second channel against receivers that answer as Slack, Discord, PagerDuty and an owner's own do: what they take, what is
//! told twice and what is not when they fail, and that mail goes out whatever they do.

use std::sync::Arc;

use domain::effect::EffectKey;
use domain::exception::{Exception, What};
use domain::subject::{OrderId, Subject};
use domain::{Timestamp, effect::State};
use jiff::SignedDuration;
use lambda::config::{WebhookFormat, WebhookSection};
use lambda::{Secrets, Station};
use ledger::{Ledger, Memory};
use monitoring::webhook::Webhook;
use monitoring::{Alerts, Links, Monitoring};
use sandbox::Sandbox;
use sandbox::faults::{Arm, Fault};
use secrecy::SecretString;
use serde_json::json;

use crate::watch::Watch;
use crate::world::{Crash, Fate, NothingDead, Post, SimClock, SimQueue, config, stream};

/// A monitoring layer with mail and a webhook at the sandbox's receiver of that name, in the receiver's own time.
async fn with_webhook(receiver: &str, format: WebhookFormat) -> (Sandbox, Watch) {
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let now = sandbox::clock::rfc3339(sandbox::clock::now());
    let config = config(&sandbox);
    let (clock, table) = (SimClock::starting_at(&now), Arc::new(Memory::default()));
    let lease = SignedDuration::from_secs(40);
    let queue = SimQueue::new(clock.clone());
    let keys = &sandbox.ctx.config.alerts;
    let path = format!("{receiver}/a-long-secret");
    let secrets = Secrets::from_pairs([
        ("call/alerts/url", path.as_str()),
        ("call/alerts/key", keys.key.as_str()),
        ("call/alerts/routing-key", keys.routing_key.as_str()),
    ]);
    let section = WebhookSection { format, base_url: Some(format!("{}/alerts", sandbox.url())) };
    let webhook = Webhook::new(&section, &secrets, lambda::http::client(1).unwrap()).unwrap();
    let key = links::Key::new(vec![SecretString::from("a long random word of the owner's own")]).unwrap();
    let links = Links { key, console: "https://console.example.com/".to_owned() };
    let watch = Monitoring {
        station: Station::new(Ledger::new(table), queue, clock, lease, &config),
        mail: Post::new(Crash::default()),
        queues: NothingDead,
        alerts: Alerts { webhook: Some(webhook), links: Some(links), ..Alerts::from_config(&config) },
        stack: "baton-test".to_owned(),
        silent_hours: 0,
        carriers: monitoring::carriers::Carriers::new(5),
        settled: monitoring::settled::Settled::default(),
        remembered: monitoring::Remembered::default(),
    };
    (sandbox, watch)
}

async fn raised(watch: &Watch, order: u64) -> Exception {
    let what = What::PartnerRefused { partner: "printful".into(), why: "<!channel> the account is closed".into() };
    let exception = Exception::raise(&Subject::Order(OrderId(order)), &what, "cleared", watch.station.now());
    let exception = Exception { order_name: Some(format!("#{order}")), ..exception };
    watch.station.ledger.raise(&exception).await.unwrap();
    exception
}

/// The stream's record of it (again).
async fn deliver(watch: &Watch, exception: &Exception) {
    let (pk, sk) = (exception.subject.to_string(), format!("exception#{}", exception.id));
    watch.handle(stream::batch([(&*pk, &*sk)]), Timestamp::MAX).await.unwrap();
}

async fn stored(watch: &Watch, exception: &Exception) -> Exception {
    watch.station.ledger.exception(&exception.subject, &exception.id).await.unwrap().unwrap()
}

async fn state_on_webhook(watch: &Watch, exception: &Exception) -> Option<State> {
    let effects = watch.station.ledger.journey(&exception.subject).await.unwrap().effects;
    let on = |key: &EffectKey| matches!(key, EffectKey::AlertOn { channel, .. } if channel == "webhook");
    effects.into_iter().find(|effect| on(&effect.key)).map(|effect| effect.state)
}

fn arm(sandbox: &Sandbox, fault: Fault) {
    sandbox.ctx.faults.arm(vec![Arm {
        provider: "alerts".into(),
        operation: "post".into(),
        fault,
        times: None,
        seconds: None,
        skip: 0,
    }]);
}

fn pass(watch: &Watch, seconds: i64) {
    let now = watch.station.clock.get();
    watch.station.clock.set(now.checked_add(SignedDuration::from_secs(seconds)).unwrap());
}

const RECEIVERS: [(&str, WebhookFormat); 4] = [
    ("slack", WebhookFormat::Slack),
    ("discord", WebhookFormat::Discord),
    ("pagerduty", WebhookFormat::PagerDuty),
    ("own", WebhookFormat::Plain),
];

#[tokio::test]
async fn every_receiver_takes_its_shape_once_and_the_alert_is_told_on_both_channels() {
    for (receiver, format) in RECEIVERS {
        let (sandbox, watch) = with_webhook(receiver, format).await;
        let exception = raised(&watch, 1_001).await;
        for _ in 0..3 {
            deliver(&watch, &exception).await;
        }
        assert_eq!(sandbox.ctx.unexpected.list().len(), 0, "{receiver}");
        let taken = sandbox.alerts.taken();
        assert_eq!((taken.len(), watch.mail.sent().len()), (1, 1), "{receiver}");
        let body = &taken[0].body;
        let text = match receiver {
            "slack" => &body["text"],
            "discord" => &body["content"],
            "pagerduty" => &body["payload"]["summary"],
            _ => &body["subject"],
        };
        let text = text.as_str().unwrap();
        assert!(text.starts_with("Baton: #1001 needs you: printful refused the order"), "{text}");
        let whole = body.to_string();
        assert!(whole.contains("https://console.example.com/exceptions/"), "{whole}");
        match receiver {
            "slack" => assert!(!text.contains("<!channel>") && text.contains("&lt;!channel&gt;"), "{text}"),
            "discord" => assert_eq!(body["allowed_mentions"], json!({ "parse": [] })),
            "pagerduty" => {
                assert_eq!((&body["event_action"], &body["dedup_key"]), (&json!("trigger"), &json!(taken[0].alert)));
                assert_eq!(body["payload"]["severity"], "error");
            }
            _ => assert_eq!(body["id"], json!(taken[0].alert)),
        }
        let now = stored(&watch, &exception).await;
        assert!(now.told && now.told_on("mail") && now.told_on("webhook"), "{now:?}");
        assert!(matches!(state_on_webhook(&watch, &exception).await, Some(State::Done { .. })));
    }
}

/// Whatever the receiver does, mail has the alert at once; the receiver has it once it answers 2xx, and not before.
#[tokio::test]
async fn a_receiver_that_fails_takes_nothing_from_mail_and_gets_it_later() {
    for (fault, taken_before, waits) in
        [(Fault::ServerError, 0, 61), (Fault::TooMany, 0, 61), (Fault::Reset, 0, 61), (Fault::LostAnswer, 1, 61)]
    {
        let (sandbox, watch) = with_webhook("slack", WebhookFormat::Slack).await;
        arm(&sandbox, fault);
        let exception = raised(&watch, 1_001).await;
        deliver(&watch, &exception).await;
        let now = stored(&watch, &exception).await;
        assert!(now.told && now.told_on("mail") && !now.told_on("webhook"), "{fault:?}: {now:?}");
        assert_eq!((sandbox.alerts.taken().len(), watch.mail.sent().len()), (taken_before, 1), "{fault:?}");
        assert_eq!(watch.station.queue.len(), 0, "{fault:?}: what is untold stands in the table, and in no queue");
        pass(&watch, waits);
        for _ in 0..2 {
            deliver(&watch, &exception).await;
        }
        assert!(stored(&watch, &exception).await.told_on("webhook"), "{fault:?}");
        // At least once: after a lost answer once more, and mail never.
        assert_eq!((sandbox.alerts.taken().len(), watch.mail.sent().len()), (taken_before + 1, 1), "{fault:?}");
        let same: Vec<_> = sandbox.alerts.taken().into_iter().map(|taken| taken.alert).collect();
        assert!(same.windows(2).all(|pair| pair[0] == pair[1]), "both say that they are the same alert: {same:?}");
    }
}

/// An address that is no receiver's any more: told by mail, after a while, that the other way is broken; and healed with it.
#[tokio::test]
async fn a_channel_that_stays_broken_is_told_on_the_other_and_heals() {
    let (sandbox, mut watch) = with_webhook("slack", WebhookFormat::Slack).await;
    // The receiver's clock is real: what is waited for here must not outlive its tolerance.
    watch.station.pace.longest = SignedDuration::from_secs(30);
    sandbox.ctx.faults.arm(vec![Arm {
        provider: "alerts".into(),
        operation: "post".into(),
        fault: Fault::Refuse,
        times: Some(9),
        seconds: None,
        skip: 0,
    }]);
    let exception = raised(&watch, 1_001).await;
    deliver(&watch, &exception).await;
    let fails = async || {
        let open = watch.station.ledger.open_exceptions().await.unwrap();
        open.into_iter().find(|exception| exception.what == "channel-fails")
    };
    let round = async |minutes: i64| {
        let now = watch.station.now().checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let event = json!({ "source": "aws.events", "time": now.to_string() });
        watch.handle(event, Timestamp::MAX).await.unwrap()
    };
    round(5).await;
    assert_eq!(fails().await, None);
    round(16).await;
    let failing = fails().await.unwrap();
    deliver(&watch, &failing).await;
    // A digest may come between, as the hour strikes.
    let letters: Vec<_> = watch.mail.sent().into_iter().map(|(_, letter)| letter.subject).collect();
    let alerts: Vec<_> = letters.iter().filter(|subject| subject.contains("needs you")).collect();
    assert_eq!(alerts.len(), 2, "the alert, and that the webhook does not have it: {alerts:?}");
    assert!(alerts[1].contains("Alerts have not got through to the alerts' webhook"), "{alerts:?}");
    // The owner mends the address; what waited goes out when its wait is over, and that heals it.
    sandbox.ctx.faults.clear();
    pass(&watch, 60);
    for exception in [&exception, &failing] {
        deliver(&watch, exception).await;
        assert!(stored(&watch, exception).await.told_on("webhook"), "{}", exception.what);
    }
    round(17).await;
    assert_eq!(fails().await, None, "healed");
}

/// The mail provider is down: the webhook has the alert, and the owner counts as told.
#[tokio::test]
async fn without_mail_the_second_channel_tells() {
    let (sandbox, watch) = with_webhook("own", WebhookFormat::Plain).await;
    watch.mail.next([Fate::Throttled]);
    let exception = raised(&watch, 1_001).await;
    deliver(&watch, &exception).await;
    let now = stored(&watch, &exception).await;
    assert!(now.told && now.told_on("webhook") && !now.told_on("mail"), "{now:?}");
    assert_eq!(sandbox.alerts.taken().len(), 1);
    pass(&watch, 61);
    deliver(&watch, &exception).await;
    assert!(stored(&watch, &exception).await.told_on("mail"));
    assert_eq!((sandbox.alerts.taken().len(), watch.mail.sent().len()), (1, 1));
}

/// `make test-alert` goes to both; what the webhook says has a link that proves the webhook.
#[tokio::test]
async fn a_test_alert_goes_to_both_channels_each_with_its_own_link() {
    let (sandbox, watch) = with_webhook("own", WebhookFormat::Plain).await;
    let answer = watch.handle(json!({ "operator": "test-alert" }), Timestamp::MAX).await.unwrap();
    let sent: Vec<_> = answer["channels"].as_array().unwrap().iter().map(|channel| &channel["sent"]).collect();
    assert_eq!(sent, [&json!(true), &json!(true)], "{answer}");
    let key = &watch.alerts.links.as_ref().unwrap().key;
    let channel_of = |text: &str| {
        let start = "https://console.example.com/tests/";
        let token = text.split_whitespace().find_map(|word| word.strip_prefix(start)).unwrap();
        links::owner::linked_canary(key, token, watch.station.now()).unwrap().0
    };
    assert_eq!(channel_of(&watch.mail.sent()[0].1.text), "mail");
    let taken = sandbox.alerts.taken();
    assert_eq!((taken.len(), &taken[0].body["severity"]), (1, &json!("info")));
    assert_eq!(channel_of(taken[0].body["text"].as_str().unwrap()), "webhook");
}

/// PagerDuty keeps an incident for each alert: it hears that one is over once nothing stands of what it was about, and once only.
#[tokio::test]
async fn an_incident_is_over_when_all_that_it_was_about_is() {
    let (sandbox, watch) = with_webhook("pagerduty", WebhookFormat::PagerDuty).await;
    let round = async || {
        let event = json!({ "source": "aws.events", "time": watch.station.now().to_string() });
        watch.handle(event, Timestamp::MAX).await.unwrap()
    };
    let done = |of: &str| {
        let of_it = |taken: &sandbox::alerts::Taken| taken.body["event_action"] == of;
        let taken: Vec<_> = sandbox.alerts.taken().into_iter().filter(of_it).collect();
        taken.into_iter().map(|taken| taken.body["dedup_key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ledger = &watch.station.ledger;
    let (one, other) = (raised(&watch, 1_001).await, raised(&watch, 1_002).await);
    deliver(&watch, &one).await;
    let opened = done("trigger");
    assert_eq!(opened.len(), 1, "two orders with one cause are one incident");
    ledger.heal(&one.subject, &one.id, watch.station.now()).await.unwrap();
    round().await;
    assert_eq!(done("resolve"), Vec::<String>::new(), "the other order still stands");
    // The receiver is out of reach while the last of them ends: the next round says it.
    ledger.resolve(&other.subject, &other.id).await.unwrap();
    arm(&sandbox, Fault::ServerError);
    round().await;
    assert_eq!(done("resolve"), Vec::<String>::new());
    for _ in 0..2 {
        round().await;
    }
    assert_eq!(done("resolve"), opened);
    // The alert arrives, its answer is lost, and what it was about is over before anybody tries again: that incident ends too.
    arm(&sandbox, Fault::LostAnswer);
    let third = raised(&watch, 1_003).await;
    pass(&watch, 120);
    deliver(&watch, &third).await;
    let lost = done("trigger").last().unwrap().clone();
    assert!(!opened.contains(&lost) && !stored(&watch, &third).await.told_on("webhook"));
    ledger.heal(&third.subject, &third.id, watch.station.now()).await.unwrap();
    round().await;
    assert_eq!(done("resolve"), [opened[0].clone(), lost.clone()]);
    // It comes back, and ends, before a round has looked: both incidents are closed.
    let again = raised(&watch, 1_001).await;
    pass(&watch, 30);
    deliver(&watch, &again).await;
    ledger.heal(&again.subject, &again.id, watch.station.now()).await.unwrap();
    raised(&watch, 1_001).await;
    pass(&watch, 30);
    deliver(&watch, &again).await;
    ledger.heal(&again.subject, &again.id, watch.station.now()).await.unwrap();
    round().await;
    assert_eq!(done("resolve").len(), 4);
    assert_eq!(done("resolve"), done("trigger"));
    assert_eq!(sandbox.ctx.unexpected.list().len(), 0);
    assert!(ledger.listed_exceptions().await.unwrap().iter().all(|listed| listed.incidents.is_empty()));
}

/// An alert about five hundred orders fits every receiver.
#[tokio::test]
async fn an_alert_about_many_orders_fits_every_receiver() {
    for (receiver, format) in RECEIVERS {
        let (sandbox, watch) = with_webhook(receiver, format).await;
        let mut last = None;
        for order in 1..=500 {
            last = Some(raised(&watch, order).await);
        }
        deliver(&watch, &last.unwrap()).await;
        assert_eq!(sandbox.ctx.unexpected.list().len(), 0, "{receiver}");
        let taken = sandbox.alerts.taken();
        assert_eq!((taken.len(), watch.mail.sent().len()), (1, 1), "{receiver}");
        assert!(taken[0].body.to_string().contains("Baton: 500 orders need you"), "{receiver}");
    }
}

#[test]
fn an_address_that_is_none_says_what_to_write() {
    let section = WebhookSection { format: WebhookFormat::Slack, base_url: None };
    let secrets = Secrets::from_pairs([("call/alerts/url", "T000/B000/x"), ("call/alerts/key", "k")]);
    let error = Webhook::new(&section, &secrets, lambda::http::client(1).unwrap()).unwrap_err();
    assert!(error.to_string().contains("write the whole https://"), "{error}");
    let whole = Secrets::from_pairs([("call/alerts/url", "https://hooks.example.com/x"), ("call/alerts/key", "k")]);
    let webhook = Webhook::new(&section, &whole, lambda::http::client(1).unwrap()).unwrap();
    assert!(!format!("{webhook:?}").contains("hooks.example.com"), "the address is a secret");
}
