//! Payloads of tracking feeds that nobody here wrote: what our doors hear in them, and what our clients read in them, is committed
//! here. Shippo is no feed of ours: it needs the carrier named, does not sign unless one writes to it, and a parcel that is
//! registered twice is told twice; its two samples stand here so that nobody has to ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use lambda::Secrets;
use serde_json::{Value, json};
use tracking::door::{Delivery, Door, Heard};
use tracking::{Feed, Follow as _, Following, Look as _, Seen};

use crate::support::samples;
use crate::tracking_signatures::{config, doors};

/// What a payload is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// A webhook that tells where a parcel stands: `<progress> <status> <at> <promised>`.
    Tells(&'static str),
    /// A webhook of which nothing follows.
    Silent,
    /// What nobody would send as a webhook, or what is broken: it is kept, and the owner is told.
    Unreadable(&'static str),
    /// The answer to a registration: the reference.
    Followed(&'static str),
    /// The answer to looking: as `Tells`.
    Looks(&'static str),
    /// Both: an item of an answer, which is also a webhook's `data`.
    LooksAndTells(&'static str),
    /// The object of an older version, as it would come in a webhook of that version.
    TellsOf(&'static str),
    /// A signature and what it is over.
    Vector,
    /// Of an endpoint that we never call.
    NotAsked,
    /// Of a feed that we do not have.
    NoFeed,
}

use Outcome::{Followed, Looks, LooksAndTells, NoFeed, NotAsked, Silent, Tells, TellsOf, Unreadable, Vector};

/// Every payload in the feeds' folders.
#[rustfmt::skip]
const OUTCOMES: &[(&str, Outcome)] = &[
    ("17track/getquota.json",                                      NotAsked),
    // The carrier tells a date and a time and not where: at the moment 17TRACK asked it.
    ("17track/gettrackinfo_correios_2151.json",                    LooksAndTells("delivered Delivered_Other 2026-06-30T18:01:12Z -")),
    ("17track/gettrackinfo_yanwen_190012.json",                    LooksAndTells("in_transit InTransit_Arrival 2026-06-29T13:05:00Z 2026-07-12")),
    ("17track/gettracklist_page.json",                             NotAsked),
    ("17track/register_already_registered.json",                   Followed("2151/AA123456789BR")),
    ("17track/register_mixed.json",                                Followed("2151/AA123456789BR")),
    ("17track/webhook_tracking_stopped.json",                      Silent),
    // Of its checkpoints the sample has only the first: the delivery was not before it.
    ("aftership/api_get_tracking_response_2023_10.json",           TellsOf("delivered Delivered_001 2018-07-31T14:33:00Z 2022-07-06")),
    // Its scan does not say where its clock stands: at the moment it was sent.
    ("aftership/webhook_tracking_update_docs_2026_07_trimmed.json", Tells("in_transit InTransit_001 2024-04-10T09:34:56Z -")),
    // Its `status` is an object, not a word.
    ("easypost/event_batch_created_other.json",                    Silent),
    // Events as they are read, not as they are sent: without their object.
    ("easypost/event_tracker_created_retrieve.json",               Unreadable("the field result is missing")),
    ("easypost/event_tracker_updated_delivered_test.json",         Tells("delivered delivered 2014-11-19T10:51:54Z 2014-11-27")),
    ("easypost/event_tracker_updated_no_result.json",              Unreadable("the field result is missing")),
    ("easypost/events_list.json",                                  NotAsked),
    ("easypost/recorded_tracker_create_2025_11.json",              Followed("trk_52d78046d6a14e8b92af8b8546080a05")),
    ("easypost/recorded_trackers_batch_2025_11.json",              Looks("label_created pre_transit/status_update 2025-10-06T10:36:07Z 2025-11-05")),
    ("easypost/signature_vector.json",                             Vector),
    ("easypost/tracker_create_response.json",                      Followed("trk_9135862729734d96ad2f9ed0f0565a27")),
    ("easypost/tracker_delete_response.json",                      NotAsked),
    // The same tracker as the one just made, its empty fields "" where they were null.
    ("easypost/tracker_retrieve_response.json",                    Followed("trk_9135862729734d96ad2f9ed0f0565a27")),
    ("easypost/trackers_list_response.json",                       Looks("label_created pre_transit/status_update 2025-04-10T09:17:17Z 2025-05-09")),
    ("easypost/webhook_create_response.json",                      NotAsked),
    ("shippo/track_registered_no_status_2017.json",                NoFeed),
    ("shippo/webhook_track_updated_docs.json",                     NoFeed),
];

#[tokio::test]
async fn every_tracking_payload_ends_as_the_table_says() {
    let Some(samples) = samples() else { return };
    let stub = Stub::start().await;
    let feeds = stub.feeds();
    // The samples are of test modes, which a store in test mode listens to.
    let doors = doors("test", "secret");
    let mut expected: BTreeMap<&str, Outcome> = OUTCOMES.iter().copied().collect();
    assert_eq!(expected.len(), OUTCOMES.len(), "a file stands twice");
    let mut wrong = Vec::new();
    for provider in ["17track", "aftership", "easypost", "shippo"] {
        let feed = feeds.iter().find(|feed| feed.name() == provider);
        let door = doors.iter().find(|door| door.name() == provider);
        for entry in std::fs::read_dir(samples.join(provider)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{provider}/{}", path.file_name().unwrap().to_string_lossy());
            let body = std::fs::read(&path).unwrap();
            let payload: Value = serde_json::from_slice(&body).unwrap();
            let Some(outcome) = expected.remove(name.as_str()) else {
                wrong.push(format!("{name} is not in the table"));
                continue;
            };
            let found = match (outcome, feed, door) {
                (Tells(_), _, Some(door)) => heard(door, &body).map(|seen| format!("Tells({seen:?})")),
                (Silent, _, Some(door)) => heard(door, &body).map(|seen| format!("Tells({seen:?})")),
                (Unreadable(_), _, Some(door)) => heard(door, &body).map(|seen| format!("Tells({seen:?})")),
                (TellsOf(_), _, Some(door)) => {
                    let event = json!({ "event": "tracking_update", "msg": payload["data"]["tracking"] });
                    heard(door, event.to_string().as_bytes()).map(|seen| format!("TellsOf({seen:?})"))
                }
                (Followed(_), Some(feed), _) => Ok(stub.followed(feed, payload).await),
                (Looks(_), Some(feed), _) => Ok(format!("Looks({:?})", stub.looked(feed, payload).await)),
                (LooksAndTells(_), Some(feed), Some(door)) => {
                    let event = json!({ "event": "TRACKING_UPDATED", "data": payload["data"]["accepted"][0] });
                    let told = heard(door, event.to_string().as_bytes());
                    let looked = stub.looked(feed, payload).await;
                    assert_eq!(told.as_ref().ok(), Some(&looked), "{name}");
                    Ok(format!("LooksAndTells({looked:?})"))
                }
                (NoFeed, None, None) | (NotAsked | Vector, Some(_), _) => Ok(format!("{outcome:?}")),
                (outcome, ..) => Ok(format!("{provider} cannot be {outcome:?}")),
            };
            let found = found.unwrap_or_else(|other| other);
            if found != format!("{outcome:?}") {
                wrong.push(format!("{name}: {outcome:?} in the table, but {found}"));
            }
        }
    }
    wrong.extend(expected.keys().map(|file| format!("{file} is in the table and not in the folder")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a parcel stands as the table writes it; else what the door says instead.
fn heard(door: &Door, body: &[u8]) -> Result<String, String> {
    match door.hear(&Delivery { headers: &[], body }) {
        Ok(Heard::Seen(seen)) => Ok(shown(&seen)),
        Ok(Heard::OfNoInterest(_)) => Err("Silent".to_owned()),
        Err(unreadable) => Err(format!("Unreadable({:?})", unreadable.to_string())),
    }
}

fn shown(seen: &Seen) -> String {
    let at = seen.at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    format!("{} {} {at} {}", seen.progress.as_str(), seen.status, seen.promised.as_deref().unwrap_or("-"))
}

/// Whatever a feed sends, cut off anywhere: the door answers, and panics at nothing.
#[test]
fn a_body_that_breaks_off_is_unreadable_and_nothing_worse() {
    let Some(samples) = samples() else { return };
    for door in doors("test", "secret") {
        for file in std::fs::read_dir(samples.join(door.name())).unwrap() {
            let body = std::fs::read(file.unwrap().path()).unwrap();
            for end in (0..body.len().saturating_sub(2)).step_by(body.len() / 40 + 1) {
                assert!(door.hear(&Delivery { headers: &[], body: &body[..end] }).is_err(), "{} {end}", door.name());
            }
        }
    }
}

/// The traps that the feeds' words hide.
#[test]
fn words_that_do_not_mean_what_they_say() {
    let easypost = |status: Value, detail: &str, mode: &str| {
        let tracker = json!({ "id": "trk_1", "object": "Tracker", "tracking_code": "1Z999AA10123456784", "status": status,
            "status_detail": detail, "tracking_details": [] });
        ("easypost", json!({ "description": "tracker.updated", "mode": mode, "result": tracker }))
    };
    let returned = json!({ "tracking_number": "1Z999AA10123456784", "tag": "Exception", "subtag": "Exception_007",
        "return_to_sender": true, "checkpoints": [{ "tag": "Delivered", "subtag": "Delivered_001", "checkpoint_time": "2026-11-22T10:00:00+01:00" }] });
    let aftership = |msg: Value| ("aftership", json!({ "event": "tracking_update", "msg": msg, "ts": 1_795_000_000 }));
    let tag = |tag: &str, subtag: &str| {
        aftership(json!({ "tracking_number": "1Z999AA10123456784", "tag": tag, "subtag": subtag }))
    };
    let seventeen = |status: &str, finer: &str| {
        let info = json!({ "latest_status": { "status": status, "sub_status": finer } });
        (
            "17track",
            json!({ "event": "TRACKING_UPDATED", "data": { "number": "1Z999AA10123456784", "carrier": 900_001, "track_info": info } }),
        )
    };
    #[rustfmt::skip]
    let cases: &[((&str, Value), &str)] = &[
        // Not delivered: handed back to its sender, which is what the last checkpoint means.
        (aftership(returned),                                      "returning Exception_007/return_to_sender 2026-11-22T09:00:00Z -"),
        (aftership(json!({ "tracking_number": "1Z999AA10123456784", "tag": "Delivered", "return_to_sender": true })),
                                                                   "returned Delivered/return_to_sender 2026-11-18T11:06:40Z -"),
        (tag("Exception", "Exception_004"),                        "held_at_customs Exception_004 2026-11-18T11:06:40Z -"),
        (tag("Exception", "Exception_999"),                        "problem Exception_999 2026-11-18T11:06:40Z -"),
        // The feed's own silence says nothing of the parcel.
        (tag("Expired", "Expired_001"),                            "unknown Expired_001 2026-11-18T11:06:40Z -"),
        (tag("Teleported", "Teleported_001"),                      "unknown Teleported_001 2026-11-18T11:06:40Z -"),
        (tag("Pending", "Pending_001"),                            "Silent"),
        (easypost(json!("canceled"), "unknown", "production"),     "problem canceled - -"),
        (easypost(json!("cancelled"), "unknown", "production"),    "problem cancelled - -"),
        (easypost(json!("failure"), "lost", "production"),         "lost failure/lost - -"),
        (easypost(json!("error"), "unknown", "production"),        "unknown error - -"),
        (easypost(json!("beamed_up"), "unknown", "production"),    "unknown beamed_up - -"),
        (easypost(json!("unknown"), "unknown", "production"),      "Silent"),
        (easypost(json!("delivered"), "delivered", "test"),        "Silent"),
        (easypost(json!({ "created": 1 }), "unknown", "production"), "Unreadable(\"the field result.status is not what we expect\")"),
        (seventeen("InTransit", "InTransit_CustomsProcessing"),    "in_transit InTransit_CustomsProcessing - -"),
        (seventeen("InTransit", "InTransit_CustomsRequiringInformation"), "held_at_customs InTransit_CustomsRequiringInformation - -"),
        (seventeen("Exception", "Exception_Returned"),             "returned Exception_Returned - -"),
        (seventeen("Exception", "Exception_Lost"),                 "lost Exception_Lost - -"),
        (seventeen("DeliveryFailure", "DeliveryFailure_NoBody"),   "attempt_failed DeliveryFailure_NoBody - -"),
        (seventeen("InTransit", "InTransit_QuantumTunnelling"),    "in_transit InTransit_QuantumTunnelling - -"),
        (seventeen("NotFound", "NotFound_Other"),                  "Silent"),
        (seventeen("Expired", "Expired_Other"),                    "unknown Expired_Other - -"),
        (("17track", json!({ "event": "TRACKING_UPDATED", "data": { "number": "0", "track_info": null } })),
                                                                   "Unreadable(\"the field data.number is no tracking number\")"),
        (("17track", json!({ "event": "TRACKING_RENAMED", "data": [] })), "Silent"),
    ];
    let doors = doors("live", "secret");
    for ((feed, body), wanted) in cases {
        let door = doors.iter().find(|door| door.name() == *feed).unwrap();
        let found = heard(door, body.to_string().as_bytes()).unwrap_or_else(|other| other);
        assert_eq!(found, *wanted, "{body}");
    }
}

/// A feed that says one thing to everything.
#[derive(Clone)]
struct Stub {
    url: String,
    says: Arc<Mutex<Value>>,
}

impl Stub {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { url, says: Arc::new(Mutex::new(Value::Null)) };
        let router = axum::Router::new().fallback(answer).with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        stub
    }

    fn feeds(&self) -> Vec<Feed> {
        let config = config("test", |_| Some(self.url.clone()));
        let names = Feed::secrets(&config).unwrap();
        let secrets = Secrets::from_pairs(names.iter().map(|name| (name.as_str(), "key")));
        Feed::all(&config, &secrets, &lambda::http::client(2).unwrap()).unwrap()
    }

    async fn followed(&self, feed: &Feed, payload: Value) -> String {
        let item = &payload["data"];
        let item = item["accepted"].get(0).or_else(|| item["rejected"].get(0));
        let number = item.map_or(&payload["tracking_code"], |item| &item["number"]).as_str().unwrap().to_owned();
        *self.says.lock().unwrap() = payload;
        let following = Following { number: &number, carrier: None, order: "#1001" };
        feed.follow(&following).await.map_or_else(|trouble| format!("{trouble:?}"), |id| format!("Followed({id:?})"))
    }

    async fn looked(&self, feed: &Feed, payload: Value) -> String {
        *self.says.lock().unwrap() = payload;
        match feed.look("AA123456789BR", None).await {
            Ok(Some(seen)) => shown(&seen),
            other => format!("{other:?}"),
        }
    }
}

async fn answer(State(stub): State<Stub>) -> impl IntoResponse {
    (StatusCode::OK, axum::Json(stub.says.lock().unwrap().clone()))
}
