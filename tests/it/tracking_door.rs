//! Tracking feeds at the real door: what a delivery becomes, under which subject, and what is kept of one nobody follows.

use std::sync::Arc;

use domain::event::Fact;
use domain::parcel::Progress;
use intake::Request;
use lambda::Secrets;
use ledger::{Ledger, Memory};
use serde_json::{Value, json};

use crate::house::{House, START};
use crate::tracking_signatures::{FEEDS, config, signature};
use crate::world::SimClock;

const NUMBER: &str = "1Z999AA10123456784";
const SECRET: &str = "door-secret";

/// A live store's door with all three feeds.
fn house() -> House {
    House::of(|table: Arc<Memory>| {
        let config = config("live", |_| None);
        let mut names = intake::secrets(&config).unwrap();
        names.sort();
        let feeds = FEEDS.map(|feed| format!("door/{feed}/webhook-secret"));
        assert!(feeds.iter().all(|feed| names.contains(feed)), "{names:?}");
        let secrets = Secrets::from_pairs(names.iter().map(|name| (name.as_str(), SECRET)));
        intake::Door::new(Ledger::new(table), SimClock::starting_at(START), &config, &secrets).unwrap()
    })
}

fn delivery(feed: &str, body: &[u8]) -> Request {
    Request {
        method: "POST".into(),
        path: format!("webhooks/tracking/{feed}"),
        headers: vec![signature(feed, SECRET, body)],
        body: body.to_vec(),
    }
}

/// In transit since the given moment, as each feed says it.
fn in_transit(feed: &str, at: &str) -> Value {
    match feed {
        "easypost" => json!({ "id": "evt_1", "object": "Event", "description": "tracker.updated", "mode": "production",
            "previous_attributes": { "status": "in_transit" },
            "result": { "id": "trk_1", "object": "Tracker", "tracking_code": "1z 999aa1 0123456784", "status": "in_transit", "carrier": "UPS",
                "tracking_details": [{ "status": "in_transit", "datetime": at }] } }),
        "aftership" => {
            json!({ "event": "tracking_update", "event_id": "1", "is_tracking_first_tag": true, "ts": 1_795_000_000,
            "msg": { "id": "1", "tracking_number": NUMBER, "slug": "ups", "tag": "InTransit", "subtag": "InTransit_001",
                "checkpoints": [{ "tag": "InTransit", "checkpoint_time": at }] } })
        }
        _ => {
            json!({ "event": "TRACKING_UPDATED", "data": { "number": NUMBER, "carrier": 900_001, "tag": "#1001", "param": null,
            "track_info": { "latest_status": { "status": "InTransit", "sub_status": "InTransit_Other" }, "latest_event": { "time_iso": at } } } })
        }
    }
}

#[tokio::test]
async fn what_a_feed_says_is_about_the_parcel_and_kept_once() {
    for feed in FEEDS {
        let house = house();
        let body = in_transit(feed, "2026-11-21T10:00:00Z").to_string();
        for _ in 0..3 {
            assert_eq!(house.answer(&delivery(feed, body.as_bytes())).await, 200, "{feed}");
        }
        let (event, kept) = house.only().await;
        assert_eq!(kept, body.as_bytes(), "{feed}: to the byte");
        assert_eq!(event.subject.to_string(), format!("parcel#{NUMBER}"), "{feed}");
        assert_eq!((event.source.as_str(), event.time.to_string().as_str()), (feed, "2026-11-21T10:00:00Z"), "{feed}");
        let Fact::CarrierTold { feed: source, progress, carrier, .. } = &event.fact else { panic!("{:?}", event.fact) };
        assert_eq!((source.as_str(), *progress), (feed, Progress::InTransit));
        assert!(carrier.is_some(), "{feed}");
        // The next scan, in the same state, is another word: the parcel moves.
        let next = in_transit(feed, "2026-11-21T20:00:00Z").to_string();
        assert_eq!(house.answer(&delivery(feed, next.as_bytes())).await, 200, "{feed}");
        assert_eq!(house.stored().await.len(), 2, "{feed}");
    }
}

/// A carrier's clock that runs ahead does not put an event into the future.
#[tokio::test]
async fn nothing_happens_tomorrow() {
    for feed in FEEDS {
        let house = house();
        let body = in_transit(feed, "2027-01-01T00:00:00Z").to_string();
        assert_eq!(house.answer(&delivery(feed, body.as_bytes())).await, 200, "{feed}");
        assert_eq!(house.only().await.0.time.to_string(), START, "{feed}");
    }
}

#[tokio::test]
async fn who_is_not_rightly_signed_is_not_heard() {
    for feed in FEEDS {
        let house = house();
        let body = in_transit(feed, "2026-11-21T10:00:00Z").to_string();
        let right = delivery(feed, body.as_bytes());
        let answers = [
            (Request { headers: vec![], ..right.clone() }, 401),
            (Request { headers: vec![signature(feed, "another", body.as_bytes())], ..right.clone() }, 401),
            (Request { body: body.replace("10:00:00", "10:00:01").into_bytes(), ..right.clone() }, 401),
            (Request { method: "GET".into(), ..right.clone() }, 405),
            (Request { body: vec![b' '; intake::LARGEST_BODY + 1], ..right.clone() }, 413),
            (Request { path: "webhooks/tracking/parrot".into(), ..right.clone() }, 404),
            (Request { path: format!("webhooks/{feed}"), ..right.clone() }, 404),
            (Request { path: format!("webhooks/tracking/{feed}/more"), ..right.clone() }, 404),
            (Request { path: "webhooks/tracking".into(), ..right.clone() }, 404),
        ];
        for (request, status) in answers {
            assert_eq!(house.answer(&request).await, status, "{feed} {} {}", request.method, request.path);
        }
        assert!(house.stored().await.is_empty(), "{feed}");
        assert_eq!(house.answer(&right).await, 200, "{feed}");
    }
}

#[tokio::test]
async fn what_nobody_follows_or_can_read_is_kept_and_answered() {
    let test_mode = {
        let mut event = in_transit("easypost", "2026-11-21T10:00:00Z");
        event["mode"] = json!("test");
        event
    };
    let pending = json!({ "event": "tracking_pending_time", "msg": { "tracking_number": NUMBER, "tag": "Pending" } });
    let stopped =
        json!({ "event": "TRACKING_STOPPED", "data": { "number": NUMBER, "carrier": 1, "param": null, "tag": "" } });
    let batch =
        json!({ "description": "batch.created", "mode": "production", "result": { "status": { "created": 1 } } });
    let store = "store#example-prints.myshopify.com";
    let parcel = format!("parcel#{NUMBER}");
    let long = json!({ "event": "TRACKING_STOPPED", "data": { "number": "1".repeat(65) } });
    #[rustfmt::skip]
    let cases = [
        ("easypost",  batch.to_string(),     store,   "unfollowed#batch.created"),
        ("easypost",  test_mode.to_string(), store,   "unfollowed#tracker.updated.in-test-mode"),
        ("aftership", pending.to_string(),   &parcel, "unfollowed#tracking_pending_time"),
        ("17track",   stopped.to_string(),   &parcel, "unfollowed#TRACKING_STOPPED"),
        ("17track",   long.to_string(),      store,   "unreadable#TRACKING_STOPPED"),
        ("aftership", "{\"event\":".into(),  store,   "unreadable#withoutatype"),
        ("easypost",  json!({ "description": "tracker.updated" }).to_string(), store, "unreadable#tracker.updated"),
    ];
    for (feed, body, subject, id) in cases {
        let house = house();
        assert_eq!(house.answer(&delivery(feed, body.as_bytes())).await, 200, "{feed} {body}");
        let (event, kept) = house.only().await;
        assert_eq!(kept, body.as_bytes(), "{feed}");
        assert_eq!(event.subject.to_string(), subject, "{feed} {body}");
        assert!(event.fact.id().0.starts_with(id), "{feed} {body}: {}", event.fact.id());
    }
}
