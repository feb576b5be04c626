//! The test alert of each week, and a channel that nobody answers on.

use domain::exception::{Exception, What};
use jiff::SignedDuration;
use jiff::Timestamp;
use links::owner::linked_canary;
use secrecy::SecretString;
use serde_json::json;

use super::support::*;
use crate::Links;

const DAY: i64 = 86_400;

fn key() -> links::Key {
    links::Key::new(vec![SecretString::from("k".repeat(40))]).unwrap()
}

fn watch_with_links() -> Watch {
    let mut watch = watch();
    watch.alerts.links = Some(Links { key: key(), console: "https://console.example.com/".into() });
    watch
}

/// The first link of a text that leads there, without what stands before the token.
fn token(text: &str, page: &str) -> String {
    let start = format!("https://console.example.com/{page}/");
    let link = text.split_whitespace().find_map(|word| word.strip_prefix(start.as_str()));
    link.unwrap_or_else(|| panic!("no link to {page}: {text}")).to_owned()
}

impl Watch {
    /// A round every hour; subject lines with the hour at which they came.
    async fn hours(&self, hours: i64) -> Vec<(i64, String)> {
        let mut told = Vec::new();
        for hour in 1..=hours {
            self.station.clock.pass(3_600);
            self.now_round().await;
            self.hears().await;
            told.extend(self.subjects().into_iter().map(|subject| (hour, subject)));
        }
        told
    }
}

const TEST: &str = "Baton: test alert, please answer";

#[tokio::test]
async fn a_quiet_month_has_a_test_alert_each_week_and_nothing_else() {
    let watch = watch_with_links();
    watch.now_round().await;
    let mut told = Vec::new();
    for _ in 0..30 {
        let came = watch.hours(24).await;
        if !came.is_empty() {
            // The owner answers it within the day.
            let now = watch.station.now();
            watch.station.ledger.channel_acknowledged(&watch.station.store, "mail", "test", now).await.unwrap();
        }
        told.extend(came.into_iter().map(|(_, subject)| subject));
    }
    assert_eq!(told, [TEST; 4]);
    assert_eq!(watch.exceptions().await, []);
}

#[tokio::test]
async fn a_test_alert_that_nobody_answers_is_an_exception_after_two_days_until_somebody_does() {
    let watch = watch_with_links();
    watch.now_round().await;
    let told = watch.hours(7 * 24).await;
    assert_eq!(told, [(7 * 24, TEST.to_owned())]);
    // The digests of the next days have nothing to say yet.
    assert_eq!(watch.hours(47).await, []);
    let told = watch.hours(1).await;
    assert!(told[0].1.starts_with("Baton: your store needs you: Nobody has acknowledged the test alert"), "{told:?}");
    assert_eq!(watch.only_exception().await.what, "channel-unproven");
    let now = watch.station.now();
    watch.station.ledger.channel_acknowledged(&watch.station.store, "mail", "test", now).await.unwrap();
    assert_eq!(watch.exceptions().await, [], "it heals with the answer");
    assert_eq!(watch.hours(6 * 24).await.len(), 1, "and the next digest says so");
}

#[tokio::test]
async fn the_link_is_for_that_test_and_names_its_channel() {
    let watch = watch_with_links();
    let answer = watch.handle(json!({ "operator": "test-alert" }), Timestamp::MAX).await.unwrap();
    let expected =
        json!({ "channels": [{ "channel": "mail", "sent": true, "why": null, "acknowledged": null, "link": true }] });
    assert_eq!(answer, expected);
    let letter = watch.mail.drain().remove(0);
    assert_eq!(letter.subject, TEST);
    let linked = linked_canary(&key(), &token(&letter.text, "tests"), start());
    assert_eq!(linked, Ok(("mail".to_owned(), start().as_second())));
    let state = watch.station.ledger.channel(&watch.station.store, "mail").await.unwrap();
    assert_eq!((state.tested, state.acknowledged), (Some(start()), None));
    // The same moment again is the same test.
    watch.handle(json!({ "operator": "test-alert" }), Timestamp::MAX).await.unwrap();
    assert_eq!(watch.mail.drain(), []);
}

#[tokio::test]
async fn a_channel_that_does_not_take_it_says_so_and_counts_as_untested() {
    let watch = watch_with_links();
    watch.mail.next(domain::provider::Trouble::Refused { why: "the address is not verified".into() });
    let answer = watch.handle(json!({ "operator": "test-alert" }), Timestamp::MAX).await.unwrap();
    assert_eq!(answer["channels"][0]["sent"], false);
    assert!(answer["channels"][0]["why"].as_str().unwrap().contains("did not take it"), "{answer}");
    let state = watch.station.ledger.channel(&watch.station.store, "mail").await.unwrap();
    assert_eq!(state.tested, None);
}

/// An answer to any alert proves its channel: who answers is not asked again for a week.
#[tokio::test]
async fn who_answers_alerts_gets_no_tests() {
    let watch = watch_with_links();
    watch.now_round().await;
    for _ in 0..5 {
        assert_eq!(watch.hours(6 * 24).await, []);
        let now = watch.station.now();
        watch.station.ledger.channel_acknowledged(&watch.station.store, "mail", "1-held-0a1b2c3d", now).await.unwrap();
    }
}

#[tokio::test]
async fn an_alert_names_its_links_and_a_week_later_they_are_over() {
    let watch = watch_with_links();
    let what = What::PartnerRefused { partner: "printful".into(), why: "no".into() };
    let exception = Exception::raise(&order(), &what, "cleared", start());
    watch.station.ledger.raise(&exception).await.unwrap();
    watch.hears().await;
    let text = watch.mail.drain().remove(0).text;
    let token = token(&text, "exceptions");
    let named = links::owner::linked_exception(&key(), &token, start()).unwrap();
    assert_eq!((named.channel.as_str(), named.id, named.round), ("mail", exception.id, 1));
    let over = start().checked_add(SignedDuration::from_secs(7 * DAY)).unwrap();
    assert!(links::owner::linked_exception(&key(), &token, over).is_err());
}
