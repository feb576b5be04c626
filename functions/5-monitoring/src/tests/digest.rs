//! The digest: once a day, what is open and what has healed, and nothing where there is neither.

use domain::event::Fact;
use domain::exception::{Life, What};
use domain::handoff::{Layer, Owed};
use domain::provider::Trouble;
use lambda::{Outcome, Work};
use ledger::{Stored, Table};

use super::support::*;
use crate::digest::struck;

#[test]
fn an_hour_has_struck_today_or_yesterday() {
    for (now, hour, at_hour) in [
        ("2026-11-22T07:00:00Z", 7, "2026-11-22T07:00:00Z"),
        ("2026-11-22T06:59:59Z", 7, "2026-11-21T07:00:00Z"),
        ("2026-11-22T23:59:59Z", 0, "2026-11-22T00:00:00Z"),
        ("2026-03-01T00:00:00Z", 23, "2026-02-28T23:00:00Z"),
    ] {
        assert_eq!(struck(at(now), hour), at(at_hour), "{now} {hour}");
    }
}

/// Routing takes the event without more ado.
struct Takes;

impl Work for Takes {
    const LAYER: Layer = Layer::Routing;

    async fn work(&self, _: &Stored) -> Result<Outcome, lambda::Failure> {
        Ok(Outcome::done())
    }
}

/// A watch whose first round was at the start of the day, so that the next hour's digest is its first.
async fn begun() -> Watch {
    let watch = watch();
    watch.now_round().await;
    watch
}

async fn refused(watch: &Watch, name: &str) -> domain::exception::Exception {
    let what = What::PartnerRefused { partner: name.into(), why: "item 1 is discontinued".into() };
    let exception = domain::exception::Exception::raise(&order(), &what, name, watch.station.now());
    let exception = domain::exception::Exception { order_name: Some("#1001".into()), ..exception };
    watch.station.ledger.raise(&exception).await.unwrap();
    exception
}

#[tokio::test]
async fn what_is_open_seen_and_healed_is_told_once_a_day() {
    let watch = begun().await;
    let key = watch.happens(Fact::OrderCleared {}).await;
    let stored = watch.stored(&key).await;
    let not_taken = What::NotTaken { layer: Layer::Routing, event: "cleared".into() };
    watch.station.raise(&stored, &not_taken).await.unwrap();
    let open = refused(&watch, "printful").await;
    let seen = refused(&watch, "gelato").await;
    watch.hears().await;
    watch.mail.drain();
    watch.station.ledger.seen(&seen.subject, &seen.id, 1).await.unwrap();
    // The layer takes it after all.
    watch.station.take(&Takes, &lambda::Key::from(&key)).await.unwrap();
    let healed = watch.station.ledger.journey(&order()).await.unwrap().exceptions;
    let healed = healed.into_iter().find(|exception| exception.what == "not-taken").unwrap();
    assert_eq!((healed.state, healed.healed.map(|healed| healed.at)), (Life::Resolved, Some(watch.station.now())));
    assert!(!watch.exceptions().await.contains(&healed), "it is not open");
    for owed in [Owed::Layer(Layer::Email), Owed::Layer(Layer::Capture)] {
        watch.station.ledger.acknowledge(&watch.stored(&key).await, &[owed]).await.unwrap();
    }

    watch.station.clock.set(at("2026-11-22T06:59:00Z"));
    watch.now_round().await;
    assert_eq!(watch.mail.drain(), []);
    watch.station.clock.set(at("2026-11-22T07:00:30Z"));
    watch.now_round().await;
    watch.now_round().await;
    let mut letters = watch.mail.drain();
    assert_eq!(letters.len(), 1);
    let digest = letters.remove(0);
    insta::assert_snapshot!(format!("{}\n---\n{}", digest.subject, digest.text));

    // The next day: what has healed is no news any more, what is closed is gone.
    watch.station.ledger.resolve(&open.subject, &open.id).await.unwrap();
    watch.station.clock.set(at("2026-11-23T07:00:30Z"));
    watch.now_round().await;
    let letters = watch.mail.drain();
    assert_eq!(letters[0].subject, "Baton: 1 open, 0 healed");
    watch.station.ledger.resolve(&seen.subject, &seen.id).await.unwrap();
    watch.station.clock.set(at("2026-11-24T07:00:30Z"));
    watch.now_round().await;
    assert_eq!(watch.mail.drain(), [], "nothing is open and nothing has healed");
    assert_eq!(watch.station.ledger.listed_exceptions().await.unwrap(), []);
}

#[tokio::test]
async fn a_digest_that_was_not_taken_comes_later_and_once() {
    let watch = begun().await;
    refused(&watch, "printful").await;
    watch.hears().await;
    watch.mail.drain();
    watch.station.clock.set(at("2026-11-22T07:00:30Z"));
    watch.mail.next(Trouble::Unavailable { why: "no connection".into() });
    watch.now_round().await;
    assert_eq!(watch.mail.drain(), []);
    for _ in 0..10 {
        watch.station.clock.pass(60);
        watch.now_round().await;
    }
    assert_eq!(watch.subjects(), ["Baton: 1 open, 0 healed"]);
    // Another process, which remembers nothing.
    let again = Watch { remembered: crate::Remembered::default(), ..watch };
    again.now_round().await;
    assert_eq!(again.mail.drain(), []);
}

#[tokio::test]
async fn the_answer_to_a_digest_is_lost_and_it_comes_at_most_once_more() {
    let watch = begun().await;
    refused(&watch, "printful").await;
    watch.hears().await;
    watch.mail.drain();
    watch.station.clock.set(at("2026-11-22T07:00:30Z"));
    watch.mail.next(Trouble::NoAnswer { why: "no answer in time".into() });
    for _ in 0..10 {
        watch.now_round().await;
        watch.station.clock.pass(60);
    }
    assert_eq!(watch.subjects().len(), 2);
}

/// Whoever pauses a layer and forgets it hears so each morning, though nothing is late because of it.
#[tokio::test]
async fn a_pause_that_was_forgotten_is_said_each_day_until_it_ends() {
    let watch = begun().await;
    let (ledger, store) = (&watch.station.ledger, &watch.station.store);
    ledger.pause(store, Layer::Routing, at("2026-11-22T06:30:00Z")).await.unwrap();
    watch.station.clock.set(at("2026-11-22T07:00:30Z"));
    watch.now_round().await;
    assert_eq!(watch.mail.drain(), [], "it is half an hour old");
    watch.station.clock.set(at("2026-11-23T07:00:30Z"));
    watch.now_round().await;
    let letters = watch.mail.drain();
    assert_eq!(letters[0].subject, "Baton: routing is paused, nothing is open, 0 healed");
    for said in [&letters[0].text, letters[0].html.as_ref().unwrap()] {
        assert!(said.contains("since 2026-11-22T06:30:00Z") && said.contains("make resume LAYER=routing"), "{said}");
    }
    ledger.table().delete(&store.to_string(), "pause#routing").await.unwrap();
    watch.station.clock.set(at("2026-11-24T07:00:30Z"));
    watch.now_round().await;
    assert_eq!(watch.mail.drain(), []);
}
