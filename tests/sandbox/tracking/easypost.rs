//! EasyPost's trackers: `/v2/trackers`. HTTP Basic with the key as user and an empty password, or Bearer. A number that it follows
//! already with the same carrier is answered with the first tracker (three months at EasyPost, for ever here).

use super::book::{Desk, Parcel};
use super::http::{Feed, Happened};
use crate::config::EasyPostConfig;
use crate::deliver::{Delivery, hmac_sha256};
use crate::faults::Refusal as Armed;
use crate::partners::fields::{Fields, Wrong};
use crate::partners::http::{Answer, Call, Refusal, same};
use crate::{Ctx, clock};
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

pub const NAME: &str = "easypost";
/// Operations for `GET /_sandbox/operations`.
pub const OPERATIONS: &[&str] = &["create_tracker", "list_trackers", "get_tracker", "delete_tracker"];

const PATH: &str = "webhooks/tracking/easypost";
/// Some of its published carrier strings.
const CARRIERS: [&str; 24] = [
    "USPS",
    "UPS",
    "FedEx",
    "FedexSmartPost",
    "DHLExpress",
    "DhlEcs",
    "DHLEcommerceAsia",
    "AsendiaUsa",
    "OnTrac",
    "LaserShipV2",
    "SpeeDee",
    "CanadaPost",
    "Canpar",
    "Purolator",
    "RoyalMail",
    "Parcelforce",
    "Evri",
    "DPD",
    "DPDUK",
    "DeutschePost",
    "PostNL",
    "LaPoste",
    "AustraliaPost",
    "JPPost",
];
/// The codes of its test mode with the status each has from the start.
const TEST_CODES: [(&str, &str); 7] = [
    ("EZ1000000001", "pre_transit"),
    ("EZ2000000002", "in_transit"),
    ("EZ3000000003", "out_for_delivery"),
    ("EZ4000000004", "delivered"),
    ("EZ5000000005", "return_to_sender"),
    ("EZ6000000006", "failure"),
    ("EZ7000000007", "unknown"),
];

pub(crate) struct EasyPost {
    ctx: Ctx,
}

/// 422, `{error: {code, message, errors}}`.
fn invalid(code: &str, message: &str) -> Refusal {
    refusal(422, code, message)
}

fn refusal(status: u16, code: &str, message: &str) -> Refusal {
    let body = json!({"error": {"code": code, "message": message, "errors": []}});
    Refusal { status, body, why: message.to_owned(), business: false, retry_after: None }
}

fn wrong(Wrong(why): Wrong) -> Refusal {
    invalid("PARAMETER.INVALID", &why)
}

fn not_found() -> Refusal {
    refusal(404, "NOT_FOUND", "The requested resource could not be found.")
}

/// The carrier that the look of a number gives away.
fn detect(number: &str) -> Option<&'static str> {
    let digits = number.bytes().all(|sign| sign.is_ascii_digit());
    match number.len() {
        18 if number.starts_with("1Z") => Some("UPS"),
        20..=34 if digits && number.starts_with('9') => Some("USPS"),
        12 | 15 if digits => Some("FedEx"),
        10 if digits => Some("DHLExpress"),
        13 if number.ends_with("US") => Some("USPS"),
        13 if number.ends_with("GB") => Some("RoyalMail"),
        _ if number.starts_with("SBX") => Some("USPS"),
        _ => None,
    }
}

impl EasyPost {
    fn config(&self) -> &EasyPostConfig {
        &self.ctx.config.tracking.easypost
    }

    fn is_let_in(&self, call: &Call) -> bool {
        let header = call.header("authorization");
        let basic = header.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text.trim()).ok());
        let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
        let user = basic.as_deref().and_then(|text| text.strip_suffix(':'));
        user.or_else(|| header.strip_prefix("Bearer ")).is_some_and(|key| same(key.trim(), &self.config().api_key))
    }

    fn create(&self, desk: &Desk, call: &Call) -> Result<Answer, Refusal> {
        let body = call.json().map_err(wrong)?;
        let body = Fields::of_body(&body).map_err(wrong)?;
        body.only(&["tracker"]).map_err(wrong)?;
        let tracker = body.object("tracker").map_err(wrong)?;
        tracker.only(&["tracking_code", "carrier"]).map_err(wrong)?;
        let code = tracker.text("tracking_code").map_err(wrong)?;
        let carrier = tracker.nullable_text("carrier").map_err(wrong)?;
        if let Some(unknown) = carrier.filter(|carrier| !CARRIERS.contains(carrier)) {
            return Err(invalid("TRACKER.CARRIER.INVALID", &format!("{unknown:?} is no carrier of EasyPost's.")));
        }
        let test = TEST_CODES.iter().find(|(known, _)| *known == code);
        if self.config().mode == "test" && test.is_none() {
            let why = "In test mode, only test tracking numbers are valid.";
            return Err(invalid("TRACKER.CREATE.ERROR", why));
        }
        let carrier = carrier.or_else(|| test.map(|_| "USPS")).or_else(|| detect(code)).ok_or_else(|| {
            // The owner's parcel may be a carrier's that it does not know.
            Refusal { business: true, ..invalid("TRACKER.CREATE.ERROR", "The carrier could not be detected.") }
        })?;
        if let Some(first) = desk.find(|parcel| parcel.number == code && parcel.carrier == carrier) {
            return Ok(Answer { status: 201, body: Some(self.view(&first)) });
        }
        let id = format!("trk_{:032x}", self.ctx.next_id());
        let status = test.map_or("unknown", |(_, status)| status);
        let parcel = desk.add(id, code, carrier, None, status);
        desk.tell(self.tell(&parcel, Happened::Made));
        Ok(Answer { status: 201, body: Some(self.view(&parcel)) })
    }

    fn list(&self, desk: &Desk, call: &Call) -> Result<Answer, Refusal> {
        if !desk.admits("list", self.config().lists_a_second) {
            return Err(too_many());
        }
        let page = call.number("page_size", 20, 100).map_err(wrong)?;
        let code = call.parameter("tracking_code").map_err(wrong)?;
        let carrier = call.parameter("carrier").map_err(wrong)?;
        let before = call.parameter("before_id").map_err(wrong)?;
        let mut newest = desk.all();
        newest.reverse();
        if let Some(before) = before {
            let at = newest.iter().position(|parcel| parcel.id == before).ok_or_else(not_found)?;
            newest.drain(..=at);
        }
        newest.retain(|parcel| {
            code.as_ref().is_none_or(|code| parcel.number == *code)
                && carrier.as_ref().is_none_or(|carrier| parcel.carrier == *carrier)
        });
        let has_more = newest.len() > page;
        let trackers: Vec<Value> = newest.iter().take(page).map(|parcel| self.view(parcel)).collect();
        Ok(Answer::ok(json!({"trackers": trackers, "has_more": has_more})))
    }

    fn view(&self, parcel: &Parcel) -> Value {
        let details = parcel.scans.iter().map(|scan| {
            json!({
                "object": "TrackingDetail", "message": scan.status, "description": "", "status": scan.status,
                "status_detail": scan.finer, "datetime": scan.at, "source": parcel.carrier, "carrier_code": "",
                "tracking_location": {"object": "TrackingLocation", "city": null, "state": null, "country": null, "zip": null},
                "est_delivery_date": null,
            })
        });
        json!({
            "id": parcel.id, "object": "Tracker", "mode": self.config().mode, "tracking_code": parcel.number,
            "status": parcel.status, "status_detail": parcel.finer.as_deref().unwrap_or("unknown"),
            "created_at": clock::rfc3339(parcel.made), "updated_at": clock::rfc3339(parcel.changed),
            "signed_by": null, "weight": null,
            "est_delivery_date": parcel.promised.as_ref().map(|day| format!("{day}T00:00:00Z")),
            "shipment_id": null, "carrier": parcel.carrier, "tracking_details": details.collect::<Vec<_>>(),
            "carrier_detail": null, "finalized": false, "is_return": false,
            "public_url": format!("https://tracking.example.com/{}", parcel.id),
            "fees": [{"object": "Fee", "type": "TrackerFee", "amount": "0.02000", "charged": true, "refunded": false}],
        })
    }
}

fn too_many() -> Refusal {
    Refusal { business: true, ..refusal(429, "RATE_LIMITED", "Too many requests.") }
}

impl Feed for EasyPost {
    fn new(ctx: &Ctx) -> Self {
        Self { ctx: ctx.clone() }
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn find(&self, method: &Method, path: &str) -> Result<(&'static str, Option<String>), Refusal> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method, segments.as_slice()) {
            (&Method::POST, ["v2", "trackers"]) => Ok(("create_tracker", None)),
            (&Method::GET, ["v2", "trackers"]) => Ok(("list_trackers", None)),
            (&Method::GET, ["v2", "trackers", id]) => Ok(("get_tracker", Some((*id).to_owned()))),
            (&Method::DELETE, ["v2", "trackers", id]) => Ok(("delete_tracker", Some((*id).to_owned()))),
            _ => Err(not_found()),
        }
    }

    fn answer(&self, desk: &Desk, operation: &str, id: Option<&str>, call: &Call) -> Result<Answer, Refusal> {
        if !self.is_let_in(call) {
            return Err(refusal(401, "APIKEY.INVALID", "This API key is not known."));
        }
        let id = id.unwrap_or_default();
        match operation {
            "create_tracker" => self.create(desk, call),
            "list_trackers" => self.list(desk, call),
            "get_tracker" => {
                let found = desk.find(|parcel| parcel.id == id).ok_or_else(not_found)?;
                Ok(Answer::ok(self.view(&found)))
            }
            _ if desk.remove(id) => Ok(Answer::ok(json!({"success": true}))),
            _ => Err(not_found()),
        }
    }

    fn armed(&self, kind: Armed) -> Refusal {
        match kind {
            Armed::Refuse => invalid("TRACKER.CREATE.ERROR", "The tracker could not be made."),
            Armed::TooMany => too_many(),
            Armed::ServerError => refusal(500, "INTERNAL_SERVER_ERROR", "We're sorry, something went wrong."),
        }
    }

    fn words(&self, act: &str) -> Option<(&'static str, Option<&'static str>)> {
        let (status, detail) = match act {
            "label" => ("pre_transit", "label_created"),
            "transit" => ("in_transit", "arrived_at_facility"),
            "out" => ("out_for_delivery", "out_for_delivery"),
            "pickup" => ("available_for_pickup", "arrived_at_pickup_location"),
            "deliver" => ("delivered", "arrived_at_destination"),
            "return" => ("return_to_sender", "return"),
            "damage" => ("failure", "damaged"),
            "lose" => ("failure", "lost"),
            "cancel" => ("cancelled", "cancelled"),
            _ => return None,
        };
        Some((status, Some(detail)))
    }

    fn tells_local_times(&self) -> bool {
        false
    }

    fn tell(&self, parcel: &Parcel, happened: Happened) -> Vec<Delivery> {
        let (topic, before) = match happened {
            Happened::Made => ("tracker.created", json!({})),
            // The status before it, which may be the one it has.
            Happened::Scanned | Happened::Promised => {
                let before = parcel.scans.len().checked_sub(2).and_then(|at| parcel.scans.get(at));
                ("tracker.updated", json!({"status": before.map_or("unknown", |scan| scan.status.as_str())}))
            }
            Happened::Stopped => return Vec::new(),
        };
        let now = self.ctx.now_rfc3339();
        let event = json!({
            "id": format!("evt_{:032x}", self.ctx.next_id()), "object": "Event", "description": topic,
            "mode": self.config().mode, "previous_attributes": before, "created_at": now, "updated_at": now,
            "pending_urls": [], "completed_urls": [], "status": "pending", "user_id": "user_sandbox",
            "result": self.view(parcel),
        });
        vec![self.signed(topic, Bytes::from(event.to_string()))]
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        let key: String = self.config().webhook_secret.nfkd().collect();
        let signature = format!("hmac-sha256-hex={}", hex::encode(hmac_sha256(key.as_bytes(), &body)));
        let headers =
            [("content-type", "application/json"), ("user-agent", "EasyPost"), ("X-Hmac-Signature", &*signature)];
        Delivery {
            source: NAME.to_owned(),
            topic: topic.to_owned(),
            path: PATH.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body,
        }
    }
}
