//! Many orders with one cause are one alert, whatever crashes in between; nothing is suppressed.

use std::collections::BTreeMap;

use domain::effect::State;
use domain::exception::{Exception, What};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use ledger::Claim;

use super::support::*;
use crate::channel::Channel;

/// A watch that gathers as a live store does.
fn gathering() -> Watch {
    let mut watch = watch();
    watch.alerts.gather = SignedDuration::from_secs(15);
    watch.alerts.storm = SignedDuration::from_secs(60);
    watch
}

fn refused(n: u64, now: jiff::Timestamp) -> Exception {
    let what = What::PartnerRefused { partner: "printful".into(), why: "the account is closed".into() };
    let exception = Exception::raise(&Subject::Order(OrderId(n)), &what, "cleared", now);
    Exception { order_name: Some(format!("#{n}")), ..exception }
}

impl Watch {
    async fn raise_all(&self, numbers: std::ops::RangeInclusive<u64>) {
        for n in numbers {
            assert!(self.station.ledger.raise(&refused(n, self.station.now())).await.unwrap());
        }
    }

    /// Delivers the messages about what is untold, as often as they come back within so many seconds.
    async fn deliver_for(&self, seconds: i64) -> Vec<mailer::Letter> {
        for _ in 0..=seconds {
            let untold = self.exceptions().await.into_iter().filter(|exception| !exception.told);
            let keys: Vec<_> = untold.map(|e| (e.subject.to_string(), format!("exception#{}", e.id))).collect();
            self.hears_of(&keys).await;
            self.station.clock.pass(1);
        }
        self.mail.drain()
    }
}

#[tokio::test]
async fn five_hundred_orders_with_one_cause_are_one_alert_and_another_cause_is_its_own() {
    let watch = gathering();
    watch.raise_all(1..=500).await;
    let other = What::PartnerRefused { partner: "gelato".into(), why: "no such product".into() };
    let other = Exception::raise(&Subject::Order(OrderId(501)), &other, "cleared", start());
    watch.station.ledger.raise(&Exception { order_name: Some("#501".into()), ..other }).await.unwrap();
    let letters = watch.deliver_for(20).await;
    let mut subjects: Vec<_> = letters.iter().map(|letter| letter.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "Baton: #501 needs you: gelato refused the order: no such product (routing)",
            "Baton: 500 orders need you: printful refused the order: the account is closed (routing)",
        ]
    );
    let all = letters.iter().find(|letter| letter.subject.contains("500")).unwrap();
    assert_eq!(all.text.lines().filter(|line| line.trim_start().starts_with('#')).count(), 20, "{}", all.text);
    assert!(all.text.contains("and 480 more") && all.text.contains("make replay KIND=partner-refused"), "{}", all.text);
    assert!(watch.exceptions().await.iter().all(|exception| exception.told && exception.told_on("mail")));
    insta::assert_snapshot!(all.text);
}

/// The first alert waits for more, but not for ever; what comes in the quiet after a storm is told at its end.
#[tokio::test]
async fn a_storm_that_goes_on_is_told_ever_more_seldom_and_completely() {
    let watch = gathering();
    let mut told = Vec::new();
    for second in 0..=400_u64 {
        if second < 300 {
            watch.raise_all(second + 1..=second + 1).await;
        }
        let letters = watch.deliver_for(0).await;
        told.extend(letters.into_iter().map(|letter| (second, letter.subject)));
    }
    let counts: Vec<_> = told.iter().map(|(second, subject)| format!("{second}: {}", &subject[7..18])).collect();
    assert_eq!(counts, ["45: 46 orders n", "105: 60 orders n", "225: 120 orders "], "and one to come: {told:?}");
    let rest = watch.deliver_for(200).await;
    assert_eq!(rest.len(), 1);
    assert!(rest[0].subject.contains("74 orders"), "{}", rest[0].subject);
    assert!(watch.exceptions().await.iter().all(|exception| exception.told));
}

/// One alone is told after a moment, and the next one soon after.
#[tokio::test]
async fn single_orders_are_told_within_a_round() {
    let watch = gathering();
    for n in 1..=3 {
        watch.raise_all(n..=n).await;
        let raised = watch.station.now();
        let mut letters = Vec::new();
        while letters.is_empty() {
            letters = watch.deliver_for(0).await;
        }
        assert!(letters[0].subject.starts_with(&format!("Baton: #{n} needs you")), "{}", letters[0].subject);
        assert!(watch.station.now().duration_since(raised).as_secs() <= 32);
    }
}

#[tokio::test]
async fn a_crash_between_the_alert_and_its_marks_is_made_good_without_a_second_alert() {
    let watch = gathering();
    watch.raise_all(1..=4).await;
    watch.station.clock.pass(15);
    // The alert about the first three went out, the process died: one mark of three is written.
    let (ledger, first) = (&watch.station.ledger, refused(1, start()));
    let with = [2, 3].map(|n| {
        let exception = refused(n, start());
        domain::subject::short_hash(&[&exception.id, "1"], 10)
    });
    let note = BTreeMap::from([("with".to_owned(), with.join(" "))]);
    let key = Channel::Mail.alert(&first);
    let lease = SignedDuration::from_secs(45);
    let claim = ledger.claim_noting(&first.subject, &key, &note, watch.station.now(), lease).await.unwrap();
    let Claim::Ours(lease) = claim else { panic!("nobody holds it") };
    let done = State::Done { reference: "ses-1".into() };
    ledger.settle(lease, done, BTreeMap::new(), None, watch.station.now()).await.unwrap();
    ledger.told(&refused(2, start()), "mail").await.unwrap();

    let letters = watch.deliver_for(5).await;
    assert_eq!(letters.len(), 1, "only the fourth was not in it");
    assert!(letters[0].subject.starts_with("Baton: #4 needs you"), "{}", letters[0].subject);
    assert!(watch.exceptions().await.iter().all(|exception| exception.told));
}

#[tokio::test]
async fn a_lost_answer_is_waited_for_and_then_all_are_told_again() {
    let watch = gathering();
    watch.raise_all(1..=3).await;
    watch.mail.next(Trouble::NoAnswer { why: "no answer in time".into() });
    let letters = watch.deliver_for(50).await;
    assert_eq!(letters.len(), 1);
    assert!(watch.exceptions().await.iter().all(|exception| !exception.told));
    let letters = watch.deliver_for(60).await;
    assert_eq!(letters.len(), 1, "a second one is better than none");
    assert!(letters[0].subject.starts_with("Baton: 3 orders need you"), "{}", letters[0].subject);
    assert!(watch.exceptions().await.iter().all(|exception| exception.told));
    assert_eq!(watch.deliver_for(100).await.len(), 0);
}

#[tokio::test]
async fn orders_of_one_kind_with_other_reasons_say_each_its_own() {
    let watch = gathering();
    watch.raise_all(1..=1).await;
    let what = What::PartnerRefused { partner: "printful".into(), why: "item 1 is discontinued".into() };
    let second = Exception::raise(&Subject::Order(OrderId(2)), &what, "cleared", start());
    watch.station.ledger.raise(&Exception { order_name: Some("#2".into()), ..second }).await.unwrap();
    let letters = watch.deliver_for(20).await;
    assert_eq!(letters[0].subject, "Baton: 2 orders need you: partner refused (routing)");
    for line in ["#1: printful refused the order: the account is closed.", "#2: printful refused the order: item 1 is"]
    {
        assert!(letters[0].text.contains(line), "{}", letters[0].text);
    }
}

/// A few held orders are an alert each, since each has its own decision; an attack is one.
#[tokio::test]
async fn a_few_held_orders_are_an_alert_each_and_many_are_one() {
    for (count, alerts) in [(5, 5), (6, 1)] {
        let watch = gathering();
        for n in 1..=count {
            let held = What::Held(domain::verdict::Hold::NoAddress);
            let exception = Exception::raise(&Subject::Order(OrderId(n)), &held, "held#1", start());
            watch.station.ledger.raise(&exception).await.unwrap();
        }
        assert_eq!(watch.deliver_for(20).await.len(), alerts, "{count} held orders");
        assert!(watch.exceptions().await.iter().all(|exception| exception.told));
    }
}

/// The watchdog alone tells them, if no message comes through.
#[tokio::test]
async fn without_queue_and_stream_a_round_tells_them_as_one() {
    let watch = gathering();
    watch.raise_all(1..=30).await;
    watch.station.clock.pass(60);
    assert_eq!(watch.now_round().await["told"], 30);
    assert_eq!(watch.subjects().len(), 1);
}
