//! 17TRACK's Tracking API: `POST /track/v2.4/…`, a list of numbers in and two lists out, the key in `17token`. A number that is
//! registered already is rejected with -18019901, its carrier then written as text. What it sends is signed with the API key.

use super::book::{Desk, Parcel};
use super::http::{Feed, Happened};
use crate::config::SeventeenTrackConfig;
use crate::deliver::Delivery;
use crate::faults::Refusal as Armed;
use crate::partners::fields::{Fields, Wrong};
use crate::partners::http::{Answer, Call, Refusal, same};
use crate::{Ctx, clock};
use axum::http::Method;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub const NAME: &str = "17track";
/// Operations for `GET /_sandbox/operations`.
pub const OPERATIONS: &[&str] = &["register", "gettrackinfo", "gettracklist", "stoptrack", "deletetrack", "getquota"];

const PATH: &str = "webhooks/tracking/17track";
/// Numbers in one call.
const MOST: usize = 40;
/// The carrier numbers that the stand-in knows; they are not 17TRACK's.
const CARRIERS: [(&str, u64); 5] = [("1Z", 900_001), ("9", 900_002), ("SBX", 900_002), ("YT", 900_003), ("R", 900_004)];

pub(crate) struct SeventeenTrack {
    ctx: Ctx,
}

/// A call that fails as a whole: its code and what it says of it.
fn failed(status: u16, code: i64, message: &str) -> Refusal {
    let body = json!({"code": code, "data": {"errors": [{"code": code, "message": message}]}});
    Refusal { status, body, why: format!("{message} ({code})"), business: false, retry_after: None }
}

fn wrong(Wrong(why): Wrong) -> Refusal {
    failed(200, -18_010_013, &why)
}

fn too_many() -> Refusal {
    Refusal { business: true, ..failed(429, 429, "Too many requests.") }
}

fn rejected(number: &str, carrier: Value, code: i64, message: &str) -> Value {
    json!({"number": number, "carrier": carrier, "error": {"code": code, "message": message}})
}

impl SeventeenTrack {
    fn config(&self) -> &SeventeenTrackConfig {
        &self.ctx.config.tracking.seventeen_track
    }

    /// The items of a call that says only what is known.
    fn items(call: &Call, known: &[&str]) -> Result<Vec<Value>, Refusal> {
        let body = call.json().map_err(|Wrong(why)| failed(200, -18_010_012, &why))?;
        let items = body.as_array().cloned().ok_or_else(|| failed(200, -18_010_012, "The body must be a list."))?;
        if items.is_empty() {
            return Err(failed(200, -18_010_010, "The list is empty."));
        }
        if items.len() > MOST {
            return Err(failed(200, -18_010_014, "More than 40 numbers."));
        }
        for item in &items {
            let fields = Fields::of_body(item).map_err(wrong)?;
            fields.only(known).map_err(wrong)?;
            fields.text("number").map_err(wrong)?;
            fields.nullable_whole("carrier", 1..=u64::MAX).map_err(wrong)?;
            for text in ["tag", "param", "lang", "order_no", "remark", "email"] {
                fields.nullable_text(text).map_err(wrong)?;
            }
        }
        Ok(items)
    }

    fn register(&self, desk: &Desk, call: &Call) -> Result<Answer, Refusal> {
        const FIELDS: [&str; 11] = [
            "number",
            "carrier",
            "final_carrier",
            "auto_detection",
            "tag",
            "param",
            "lang",
            "order_no",
            "order_time",
            "email",
            "remark",
        ];
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for item in Self::items(call, &FIELDS)? {
            let number = item["number"].as_str().unwrap_or_default();
            if !(5..=50).contains(&number.len()) {
                let message = format!("The format of '{number}' is invalid.");
                refused.push(rejected(number, json!(0), -18_010_012, &message));
                continue;
            }
            let found = CARRIERS.iter().find(|(start, _)| number.starts_with(start)).map(|(_, carrier)| *carrier);
            let Some(carrier) = item["carrier"].as_u64().or(found) else {
                refused.push(rejected(number, json!(0), -18_019_903, "The carrier cannot be detected."));
                continue;
            };
            let carrier_text = carrier.to_string();
            if desk.find(|parcel| parcel.number == number && parcel.carrier == carrier_text).is_some() {
                let message = format!("Tracking number {number} is already registered.");
                refused.push(rejected(number, json!(carrier_text), -18_019_901, &message));
                continue;
            }
            if desk.all().len() >= self.config().quota {
                refused.push(rejected(number, json!(carrier), -18_019_908, "The quota is used up."));
                continue;
            }
            let id = format!("{:x}", self.ctx.next_id());
            desk.add(id, number, &carrier_text, item["tag"].as_str(), "NotFound");
            accepted.push(json!({
                "origin": if item["carrier"].is_u64() { 2 } else { 1 }, "number": number, "carrier": carrier, "email": null,
                "lang": null, "tag": item["tag"],
            }));
        }
        Ok(Answer::ok(json!({"code": 0, "data": {"accepted": accepted, "rejected": refused}})))
    }

    /// Answers about each of the numbers; what is not registered is rejected.
    fn of_each(
        &self,
        desk: &Desk,
        call: &Call,
        act: impl Fn(&Parcel) -> Result<Value, (i64, &'static str)>,
    ) -> Result<Answer, Refusal> {
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        for item in Self::items(call, &["number", "carrier"])? {
            let number = item["number"].as_str().unwrap_or_default();
            let carrier = item["carrier"].as_u64().map(|carrier| carrier.to_string());
            let fits =
                |parcel: &Parcel| parcel.number == number && carrier.as_ref().is_none_or(|one| parcel.carrier == *one);
            let done = desk.find(fits).ok_or((-18_019_902, "It is not registered.")).and_then(|parcel| act(&parcel));
            match done {
                Ok(item) => accepted.push(item),
                Err((code, message)) => refused.push(rejected(number, item["carrier"].clone(), code, message)),
            }
        }
        Ok(Answer::ok(json!({"code": 0, "data": {"accepted": accepted, "rejected": refused}})))
    }

    fn list(&self, desk: &Desk, call: &Call) -> Result<Answer, Refusal> {
        let body = call.json().map_err(|Wrong(why)| failed(200, -18_010_012, &why))?;
        let page = usize::try_from(body["page_no"].as_u64().unwrap_or(1).max(1)).unwrap_or(1);
        let all = desk.all();
        let shown = all.iter().skip((page - 1) * MOST).take(MOST).map(|parcel| {
            json!({
                "number": parcel.number, "carrier": carrier(parcel), "tag": parcel.order, "package_status": parcel.status,
                "tracking_status": if parcel.stopped { "Stopped" } else { "Tracking" },
                "register_time": clock::rfc3339(parcel.made), "track_time": clock::rfc3339(parcel.changed),
                "latest_event_time": parcel.scans.last().map(|scan| &scan.at),
            })
        });
        let pages = json!({
            "data_total": all.len(), "page_total": all.len().div_ceil(MOST), "page_no": page, "page_size": MOST,
        });
        Ok(Answer::ok(json!({"page": pages, "code": 0, "data": {"accepted": shown.collect::<Vec<_>>()}})))
    }
}

fn carrier(parcel: &Parcel) -> Option<u64> {
    parcel.carrier.parse().ok()
}

/// An accepted item, which is also a webhook's `data`.
fn view(parcel: &Parcel) -> Value {
    let events: Vec<Value> = parcel.scans.iter().rev().map(event).collect();
    let estimate = parcel.promised.as_ref().map(|day| format!("{day}T00:00:00-05:00"));
    json!({
        "number": parcel.number, "carrier": carrier(parcel), "param": null, "tag": parcel.order, "lang": null,
        "track_info": {
            "shipping_info": {"shipper_address": {"country": null}, "recipient_address": {"country": null}},
            "latest_status": {"status": parcel.status, "sub_status": parcel.finer, "sub_status_descr": null},
            "latest_event": events.first(),
            "time_metrics": {
                "days_after_order": 0, "days_of_transit": 0,
                "estimated_delivery_date": {"source": estimate.as_ref().map(|_| "17TRACK"), "from": estimate, "to": estimate},
            },
            "milestone": [],
            "misc_info": {"risk_factor": 0, "local_number": parcel.number},
            "tracking": {"providers_hash": parcel.scans.len(), "providers": [{
                "provider": {"key": carrier(parcel), "name": "Sandbox carrier"}, "latest_sync_status": "Success",
                "latest_sync_time": clock::rfc3339(parcel.changed), "events_hash": parcel.scans.len(), "events": events,
            }]},
        },
    })
}

/// A carrier that does not say where its clock stands has only the raw time.
fn event(scan: &super::book::Scan) -> Value {
    let utc = scan.at.parse::<Timestamp>().ok();
    let (date, time) = scan.at.split_once('T').unwrap_or((&scan.at, ""));
    json!({
        "time_iso": utc.map(|_| &scan.at), "time_utc": utc.map(clock::rfc3339),
        "time_raw": {"date": date, "time": time.get(..8), "timezone": time.get(8..).filter(|zone| !zone.is_empty())},
        "description": scan.status, "description_translation": null, "location": null, "stage": scan.status,
        "sub_status": scan.finer, "address": {"country": null},
    })
}

impl Feed for SeventeenTrack {
    fn new(ctx: &Ctx) -> Self {
        Self { ctx: ctx.clone() }
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn find(&self, method: &Method, path: &str) -> Result<(&'static str, Option<String>), Refusal> {
        let not_there = || failed(404, 404, "There is no such path.");
        let name = path.trim_matches('/').strip_prefix("track/v2.4/").ok_or_else(not_there)?;
        if method != Method::POST {
            return Err(failed(405, 405, "Every call is a POST."));
        }
        let known = OPERATIONS.iter().find(|operation| **operation == name).ok_or_else(not_there)?;
        Ok((known, None))
    }

    fn answer(&self, desk: &Desk, operation: &str, _id: Option<&str>, call: &Call) -> Result<Answer, Refusal> {
        if !same(call.header("17token").trim(), &self.config().api_key) {
            return Err(failed(401, -18_010_002, "The security key is invalid."));
        }
        if !desk.admits("all", self.config().requests_a_second) {
            return Err(too_many());
        }
        match operation {
            "register" => self.register(desk, call),
            "gettracklist" => self.list(desk, call),
            "gettrackinfo" => self.of_each(desk, call, |parcel| match parcel.scans.is_empty() {
                true => Err((-18_019_909, "There is no information yet.")),
                false => Ok(view(parcel)),
            }),
            "stoptrack" => self.of_each(desk, call, |parcel| {
                desk.change(&parcel.number, |parcel| parcel.stopped = true);
                Ok(json!({"number": parcel.number, "carrier": carrier(parcel)}))
            }),
            "deletetrack" => self.of_each(desk, call, |parcel| {
                desk.remove(&parcel.id);
                Ok(json!({"number": parcel.number, "carrier": carrier(parcel)}))
            }),
            _ => {
                let (total, used) = (self.config().quota, desk.all().len());
                let left = total.saturating_sub(used);
                Ok(Answer::ok(json!({"code": 0, "data": {
                    "quota_total": total, "quota_used": used, "quota_remain": left, "today_used": used,
                }})))
            }
        }
    }

    fn armed(&self, kind: Armed) -> Refusal {
        match kind {
            Armed::Refuse => failed(200, -18_010_013, "The submitted data is invalid."),
            Armed::TooMany => too_many(),
            Armed::ServerError => failed(500, -18_010_003, "Internal service error."),
        }
    }

    fn words(&self, act: &str) -> Option<(&'static str, Option<&'static str>)> {
        let (status, finer) = match act {
            "label" => ("InfoReceived", "InfoReceived"),
            "transit" => ("InTransit", "InTransit_Arrival"),
            "out" => ("OutForDelivery", "OutForDelivery_Other"),
            "attempt" => ("DeliveryFailure", "DeliveryFailure_NoBody"),
            "pickup" => ("AvailableForPickup", "AvailableForPickup_Other"),
            "customs" => ("InTransit", "InTransit_CustomsRequiringInformation"),
            "damage" => ("Exception", "Exception_Damage"),
            "lose" => ("Exception", "Exception_Lost"),
            "deliver" => ("Delivered", "Delivered_Other"),
            "return" => ("Exception", "Exception_Returning"),
            "returned" => ("Exception", "Exception_Returned"),
            "cancel" => ("Exception", "Exception_Cancel"),
            "expire" => ("Expired", "Expired_Other"),
            _ => return None,
        };
        Some((status, Some(finer)))
    }

    fn tells_local_times(&self) -> bool {
        true
    }

    fn tell(&self, parcel: &Parcel, happened: Happened) -> Vec<Delivery> {
        let (topic, data) = match happened {
            // Registering returns no events.
            Happened::Made => return Vec::new(),
            Happened::Scanned | Happened::Promised => ("TRACKING_UPDATED", view(parcel)),
            Happened::Stopped => {
                let tag = parcel.order.as_deref().unwrap_or_default();
                let data = json!({"number": parcel.number, "carrier": carrier(parcel), "param": null, "tag": tag});
                ("TRACKING_STOPPED", data)
            }
        };
        vec![self.signed(topic, Bytes::from(json!({"event": topic, "data": data}).to_string()))]
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        let hash = Sha256::new().chain_update(&body).chain_update("/").chain_update(&self.config().api_key).finalize();
        let sign = hex::encode(hash);
        let headers = [("content-type", "application/json"), ("sign", &*sign)];
        Delivery {
            source: NAME.to_owned(),
            topic: topic.to_owned(),
            path: PATH.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body,
        }
    }
}
