//! AfterShip Tracking, version 2026-07: `/tracking/2026-07/trackings`. A flat body, the key in `as-api-key`; a number that it follows
//! already is refused with 400 and 4003.

use super::book::{Desk, Parcel};
use super::http::{Feed, Happened};
use crate::config::AfterShipConfig;
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

pub const NAME: &str = "aftership";
/// Operations for `GET /_sandbox/operations`.
pub const OPERATIONS: &[&str] = &["create_tracking", "list_trackings", "get_tracking", "delete_tracking"];

const PATH: &str = "webhooks/tracking/aftership";
const VERSION: &str = "2026-07";
/// Slugs on the account's list of approved couriers.
const SLUGS: [&str; 24] = [
    "usps",
    "ups",
    "fedex",
    "dhl",
    "dhl-global-mail",
    "dhl-germany",
    "asendia-usa",
    "ontrac",
    "lasership",
    "canada-post",
    "canpar",
    "purolator",
    "royal-mail",
    "parcel-force",
    "dpd",
    "dpd-uk",
    "gls",
    "deutsch-post",
    "postnl",
    "la-poste-colissimo",
    "australia-post",
    "japan-post",
    "brazil-correios",
    "yunexpress",
];
/// What a new tracking may say.
const FIELDS: [&str; 27] = [
    "tracking_number",
    "slug",
    "title",
    "order_id",
    "order_number",
    "order_date",
    "custom_fields",
    "language",
    "slug_group",
    "destination_country_region",
    "destination_postal_code",
    "tracking_postal_code",
    "tracking_ship_date",
    "tracking_key",
    "tracking_account_number",
    "tracking_state",
    "tracking_origin_country_region",
    "tracking_destination_country_region",
    "shipment_tags",
    "shipping_method",
    "last_mile",
    "customers",
    "order_promised_delivery_date",
    "shipment_type",
    "note",
    "order_id_path",
    "delivery_type",
];

pub(crate) struct AfterShip {
    ctx: Ctx,
}

fn refusal(status: u16, code: u32, message: &str) -> Refusal {
    let kind = if status == 400 { "BadRequest" } else { "Error" };
    let body = json!({"meta": {"code": code, "message": message, "type": kind}, "data": {}});
    Refusal { status, body, why: format!("{message} ({code})"), business: false, retry_after: None }
}

fn invalid(code: u32, message: &str) -> Refusal {
    refusal(400, code, message)
}

/// A field that is missing is 4007, one of a wrong form 4008.
fn wrong(Wrong(why): Wrong) -> Refusal {
    let code = if why.ends_with("is missing") { 4007 } else { 4008 };
    invalid(code, &why)
}

fn not_found() -> Refusal {
    refusal(404, 4004, "Tracking does not exist.")
}

fn too_many() -> Refusal {
    Refusal { business: true, ..refusal(429, 429, "You have exceeded the API call rate limit.") }
}

/// The courier that the look of a number gives away.
fn detect(number: &str) -> Option<&'static str> {
    let digits = number.bytes().all(|sign| sign.is_ascii_digit());
    match number.len() {
        18 if number.starts_with("1Z") => Some("ups"),
        20..=34 if digits && number.starts_with('9') => Some("usps"),
        12 | 15 if digits => Some("fedex"),
        10 if digits => Some("dhl"),
        13 if number.ends_with("US") => Some("usps"),
        13 if number.ends_with("GB") => Some("royal-mail"),
        _ if number.starts_with("SBX") => Some("usps"),
        _ => None,
    }
}

impl AfterShip {
    fn config(&self) -> &AfterShipConfig {
        &self.ctx.config.tracking.aftership
    }

    fn create(&self, desk: &Desk, call: &Call) -> Result<Answer, Refusal> {
        if !desk.admits("create", self.config().posts_a_second) {
            return Err(too_many());
        }
        let body = call.json().map_err(|Wrong(why)| invalid(4001, &why))?;
        let body = Fields::of_body(&body).map_err(|Wrong(why)| invalid(4001, &why))?;
        body.only(&FIELDS).map_err(wrong)?;
        let number = body.text("tracking_number").map_err(wrong)?;
        if !(4..=100).contains(&number.len()) || !number.bytes().all(|sign| sign.is_ascii_alphanumeric()) {
            return Err(invalid(4005, "The value of `tracking_number` is invalid."));
        }
        for text in ["title", "order_id", "order_number", "language"] {
            body.nullable_text(text).map_err(wrong)?;
        }
        let slug = body.nullable_text("slug").map_err(wrong)?;
        if slug.is_some_and(|slug| !SLUGS.contains(&slug)) {
            return Err(invalid(4010, "The value of `slug` is invalid."));
        }
        let detected = || Refusal { business: true, ..invalid(4012, "Cannot detect courier.") };
        let slug = slug.or_else(|| detect(number)).ok_or_else(detected)?;
        if desk.find(|parcel| parcel.number == number && parcel.carrier == slug).is_some() {
            return Err(Refusal { business: true, ..invalid(4003, "Tracking already exists.") });
        }
        let order = body.nullable_text("order_number").map_err(wrong)?;
        let id = format!("{:032x}", self.ctx.next_id());
        let parcel = desk.add(id, number, slug, order, "Pending");
        Ok(Answer { status: 201, body: Some(json!({"meta": {"code": 201}, "data": self.view(&parcel)})) })
    }

    fn list(&self, desk: &Desk, call: &Call) -> Result<Answer, Refusal> {
        if !desk.admits("list", self.config().lists_a_second) {
            return Err(too_many());
        }
        let numbers = call.parameter("tracking_numbers").map_err(wrong)?;
        let slug = call.parameter("slug").map_err(wrong)?;
        let mut newest = desk.all();
        newest.reverse();
        newest.retain(|parcel| {
            numbers.as_ref().is_none_or(|numbers| numbers.split(',').any(|number| number == parcel.number))
                && slug.as_ref().is_none_or(|slug| slug.split(',').any(|slug| slug == parcel.carrier))
        });
        let trackings: Vec<Value> = newest.iter().take(100).map(|parcel| self.view(parcel)).collect();
        let pagination = json!({"total": newest.len(), "next_cursor": null, "has_next_page": newest.len() > 100});
        Ok(Answer::ok(json!({"meta": {"code": 200}, "data": {"pagination": pagination, "trackings": trackings}})))
    }

    fn view(&self, parcel: &Parcel) -> Value {
        let checkpoints = parcel.scans.iter().enumerate().map(|(index, scan)| {
            // A parcel that is back at its sender's was delivered there, and its last checkpoint says so.
            let handed_back = parcel.back && index + 1 == parcel.scans.len();
            let (tag, subtag) = if handed_back {
                ("Delivered", Some("Delivered_001"))
            } else {
                (scan.status.as_str(), scan.finer.as_deref())
            };
            json!({
                "created_at": clock::rfc3339(parcel.changed), "slug": parcel.carrier, "checkpoint_time": scan.at, "tag": tag,
                "subtag": subtag, "subtag_message": null, "raw_tag": null, "message": tag, "location": null, "city": null,
                "state": null, "postal_code": null, "country_region": null, "coordinate": null, "events": [],
                "hash": format!("{index:016x}"),
            })
        });
        let latest = parcel.promised.as_ref().map(|day| {
            json!({"type": "specific", "source": "Carrier EDD", "datetime": day, "datetime_min": null, "datetime_max": null})
        });
        json!({
            "id": parcel.id, "legacy_id": null, "created_at": clock::rfc3339(parcel.made).replace('Z', "+00:00"),
            "updated_at": clock::rfc3339(parcel.changed).replace('Z', "+00:00"), "tracking_number": parcel.number,
            "slug": parcel.carrier, "active": !parcel.stopped, "tag": parcel.status, "subtag": parcel.finer,
            "subtag_message": null, "title": parcel.number, "order_id": null, "order_number": parcel.order,
            "custom_fields": null, "checkpoints": checkpoints.collect::<Vec<_>>(), "return_to_sender": parcel.back,
            "latest_estimated_delivery": latest, "signed_by": null, "failed_delivery_attempts": null,
            "courier_tracking_link": null,
        })
    }
}

impl Feed for AfterShip {
    fn new(ctx: &Ctx) -> Self {
        Self { ctx: ctx.clone() }
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn find(&self, method: &Method, path: &str) -> Result<(&'static str, Option<String>), Refusal> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let ["tracking", VERSION, rest @ ..] = segments.as_slice() else { return Err(not_found()) };
        match (method, rest) {
            (&Method::POST, ["trackings"]) => Ok(("create_tracking", None)),
            (&Method::GET, ["trackings"]) => Ok(("list_trackings", None)),
            (&Method::GET, ["trackings", id]) => Ok(("get_tracking", Some((*id).to_owned()))),
            (&Method::DELETE, ["trackings", id]) => Ok(("delete_tracking", Some((*id).to_owned()))),
            _ => Err(not_found()),
        }
    }

    fn answer(&self, desk: &Desk, operation: &str, id: Option<&str>, call: &Call) -> Result<Answer, Refusal> {
        if !same(call.header("as-api-key").trim(), &self.config().api_key) {
            return Err(refusal(401, 401, "The API key is invalid."));
        }
        let id = id.unwrap_or_default();
        match operation {
            "create_tracking" => self.create(desk, call),
            "list_trackings" => self.list(desk, call),
            "get_tracking" => {
                let found = desk.find(|parcel| parcel.id == id).ok_or_else(not_found)?;
                Ok(Answer::ok(json!({"meta": {"code": 200}, "data": self.view(&found)})))
            }
            _ => {
                let found = desk.find(|parcel| parcel.id == id).ok_or_else(not_found)?;
                desk.remove(id);
                Ok(Answer::ok(json!({"meta": {"code": 200}, "data": self.view(&found)})))
            }
        }
    }

    fn armed(&self, kind: Armed) -> Refusal {
        match kind {
            Armed::Refuse => invalid(4017, "The tracking number is not accepted."),
            Armed::TooMany => too_many(),
            Armed::ServerError => refusal(500, 500, "Something went wrong on AfterShip's end."),
        }
    }

    fn words(&self, act: &str) -> Option<(&'static str, Option<&'static str>)> {
        let (tag, subtag) = match act {
            "label" => ("InfoReceived", "InfoReceived_001"),
            "transit" => ("InTransit", "InTransit_001"),
            "out" => ("OutForDelivery", "OutForDelivery_001"),
            "attempt" => ("AttemptFail", "AttemptFail_001"),
            "pickup" => ("AvailableForPickup", "AvailableForPickup_001"),
            "customs" => ("Exception", "Exception_004"),
            "damage" => ("Exception", "Exception_001"),
            "deliver" => ("Delivered", "Delivered_001"),
            "return" => ("Exception", "Exception_007"),
            "expire" => ("Expired", "Expired_001"),
            _ => return None,
        };
        Some((tag, Some(subtag)))
    }

    fn tells_local_times(&self) -> bool {
        true
    }

    fn tell(&self, parcel: &Parcel, happened: Happened) -> Vec<Delivery> {
        let event = match happened {
            Happened::Scanned => "tracking_update",
            Happened::Promised => "edd_revise",
            // A new tracking is told with its first update, and the end of looking not at all.
            Happened::Made | Happened::Stopped => return Vec::new(),
        };
        let same_tag = parcel.scans.iter().filter(|scan| scan.status == parcel.status).count();
        let number = self.ctx.next_id();
        let body = json!({
            "event": event, "event_id": format!("00000000-0000-4000-8000-{number:012x}"),
            "is_tracking_first_tag": same_tag == 1, "msg": self.view(parcel), "ts": self.ctx.now().as_second(),
        });
        vec![self.signed(event, Bytes::from(body.to_string()))]
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        let signature = STANDARD.encode(hmac_sha256(self.config().webhook_secret.as_bytes(), &body));
        let headers = [
            ("content-type", "application/json"),
            ("user-agent", "AfterShipTrackingWebhook/4.0.0 (https://www.aftership.com)"),
            ("As-Webhook-Version", VERSION),
            ("Aftership-Hmac-Sha256", &*signature),
        ];
        Delivery {
            source: NAME.to_owned(),
            topic: topic.to_owned(),
            path: PATH.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body,
        }
    }
}
