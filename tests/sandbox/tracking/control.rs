//! The control routes of the tracking feeds, below `/_sandbox/tracking/<feed>`; feeds are `easypost`, `aftership`, `17track`.
//!
//! | route | body → answer |
//! |---|---|
//! | `GET` | `[{"id","number","carrier","order","status","finer","scans","promised","stopped"}]`: what it follows |
//! | `POST <number>/<act>` | `{"at"?, "status"?, "detail"?, "promised"?, "carrier"?}` → the parcel; the door hears of it |
//! | `PUT webhooks` | `{"on": bool}`: what happens while they are off is never told |
//!
//! Acts: `label`, `transit`, `out`, `attempt`, `pickup`, `customs`, `damage`, `lose`, `deliver`, `return`, `returned`, `expire`,
//! `cancel`, each in the feed's own words (409 where it has none); `say` with the feed's own `status` and `detail`; `promise` with
//! another date; `again` tells the same once more; `stop`: the feed looks no longer. `at` is the moment of the scan, now where it is
//! left out; without an offset where the feed can tell such a moment. A number that is not followed is 404.

use super::Tracking;
use super::book::Scan;
use super::http::Happened;
use crate::control::refuse;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router, body::Bytes};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::Deserialize;
use serde_json::json;

pub(crate) fn router(tracking: Tracking) -> Router {
    Router::new()
        .route("/_sandbox/tracking/{feed}", get(list))
        .route("/_sandbox/tracking/{feed}/webhooks", put(webhooks))
        .route("/_sandbox/tracking/{feed}/{number}/{act}", post(act))
        .with_state(tracking)
}

type Refused = (StatusCode, String);

fn no_feed(feed: &str) -> Refused {
    (StatusCode::NOT_FOUND, format!("the sandbox plays no feed called {feed:?}"))
}

fn bad(why: impl Into<String>) -> Refused {
    (StatusCode::BAD_REQUEST, why.into())
}

fn answer(outcome: Result<Response, Refused>) -> Response {
    outcome.unwrap_or_else(|(status, why)| refuse(status, why))
}

fn body<T: for<'a> Deserialize<'a>>(bytes: &Bytes) -> Result<T, Refused> {
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| bad(format!("the body does not fit: {error}")))
}

async fn list(State(tracking): State<Tracking>, Path(feed): Path<String>) -> Response {
    let found = tracking.played(&feed).ok_or_else(|| no_feed(&feed));
    answer(
        found
            .map(|(desk, _)| Json(desk.all().iter().map(|parcel| parcel.listed()).collect::<Vec<_>>()).into_response()),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

async fn webhooks(State(tracking): State<Tracking>, Path(feed): Path<String>, bytes: Bytes) -> Response {
    let set = || {
        let Switch { on } = body(&bytes)?;
        tracking.played(&feed).ok_or_else(|| no_feed(&feed))?.0.speaks(on);
        Ok(Json(json!({"on": on})).into_response())
    };
    answer(set())
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Act {
    at: Option<String>,
    status: Option<String>,
    detail: Option<String>,
    promised: Option<String>,
    carrier: Option<String>,
}

async fn act(
    State(tracking): State<Tracking>,
    Path((feed, number, act)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Response {
    answer(play(&tracking, &feed, &number, &act, &bytes))
}

fn play(tracking: &Tracking, feed: &str, number: &str, act: &str, bytes: &Bytes) -> Result<Response, Refused> {
    let (desk, played) = tracking.played(feed).ok_or_else(|| no_feed(feed))?;
    let wanted: Act = body(bytes)?;
    if wanted.promised.as_ref().is_some_and(|day| day.parse::<Date>().is_err()) {
        return Err(bad("promised is no date like \"2026-11-27\""));
    }
    let at = moment(wanted.at, played.tells_local_times(), || desk.ctx.now_rfc3339())?;
    let (happened, scan) = match act {
        "again" => (Happened::Scanned, None),
        "stop" => (Happened::Stopped, None),
        "promise" if wanted.promised.is_some() => (Happened::Promised, None),
        "promise" => return Err(bad("promised is missing")),
        "say" => {
            let status = wanted.status.ok_or_else(|| bad("status is missing"))?;
            (Happened::Scanned, Some(Scan { status, finer: wanted.detail, at }))
        }
        act => {
            let no_word = || (StatusCode::CONFLICT, format!("{feed} has no word for {act:?}"));
            let (status, finer) = played.words(act).ok_or_else(no_word)?;
            (Happened::Scanned, Some(Scan { status: status.to_owned(), finer: finer.map(str::to_owned), at }))
        }
    };
    let parcel = desk.change(number, |parcel| {
        parcel.stopped |= happened == Happened::Stopped;
        parcel.back |= matches!(act, "return" | "returned");
        if let Some(promised) = wanted.promised {
            parcel.promised = Some(promised);
        }
        if let Some(carrier) = wanted.carrier {
            parcel.carrier = carrier;
        }
        if let Some(scan) = scan {
            parcel.status.clone_from(&scan.status);
            parcel.finer.clone_from(&scan.finer);
            parcel.scans.push(scan);
        }
    });
    let parcel = parcel.ok_or_else(|| (StatusCode::NOT_FOUND, format!("{feed} does not follow {number}")))?;
    desk.tell(played.tell(&parcel, happened));
    Ok(Json(parcel.listed()).into_response())
}

/// As it is written in the payload.
fn moment(given: Option<String>, local: bool, now: impl FnOnce() -> String) -> Result<String, Refused> {
    let Some(at) = given else { return Ok(now()) };
    let fits = at.parse::<Timestamp>().is_ok() || (local && at.parse::<DateTime>().is_ok());
    if fits { Ok(at) } else { Err(bad(format!("{at:?} is no moment that this feed could tell"))) }
}
