//! The calls: each is read whole, passes the faults' gate, and is checked by Klaviyo's rules. What it refuses is kept as a finding,
//! unless a client that does everything right can meet it.

use super::book::Taken;
use super::spec::Body as Schema;
use super::{Klaviyo, NAME};
use crate::faults::Refusal as Armed;
use crate::partners::http::{Answer, Call, Refusal, same};
use crate::{clock, lock};
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

/// Operations that faults can be armed for, by their path.
pub const OPERATIONS: &[&str] = &["create_event", "bulk_subscribe_profiles", "bulk_unsubscribe_profiles"];
const PATHS: [&str; 3] =
    ["/api/events", "/api/profile-subscription-bulk-create-jobs", "/api/profile-subscription-bulk-delete-jobs"];

const LONGEST_BODY: usize = 5 << 20;
const LONGEST_TEXT: usize = 100 << 10;
const MOST_PROPERTIES: usize = 400;
const MOST_TO_SUBSCRIBE: usize = 1_000;
const MOST_TO_UNSUBSCRIBE: usize = 100;
const JSON_API: &str = "application/vnd.api+json";

fn refusal(status: u16, code: &str, detail: &str, pointer: &str) -> Refusal {
    let error = json!({
        "id": "00000000-0000-4000-8000-000000000000", "status": status, "code": code, "title": "The request was refused.",
        "detail": detail, "source": {"pointer": pointer},
    });
    let why = format!("{detail} ({code}{}{pointer})", if pointer.is_empty() { "" } else { " " });
    Refusal { status, body: json!({"errors": [error]}), why, business: false, retry_after: None }
}

fn invalid(pointer: &str, detail: &str) -> Refusal {
    refusal(400, "invalid", detail, pointer)
}

fn too_many(seconds: u64) -> Refusal {
    let said =
        refusal(429, "throttled", &format!("Request was throttled. Expected available in {seconds} seconds."), "");
    Refusal { business: true, retry_after: Some(seconds), ..said }
}

fn armed(kind: Armed) -> Response {
    match kind {
        Armed::Refuse => invalid("/data/attributes", "Invalid input.").into_response(),
        Armed::ServerError => refusal(503, "error", "A server error occurred.", "").into_response(),
        Armed::TooMany => too_many(2).into_response(),
    }
}

pub(super) async fn handle(
    State(klaviyo): State<Klaviyo>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let summary = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    let call = Call { method: parts.method, uri: parts.uri, headers: parts.headers, body };
    let ctx = klaviyo.0.ctx.clone();
    let found = PATHS.iter().position(|path| call.uri.path() == *path);
    let Some(operation) = found.filter(|_| call.method == Method::POST).map(|index| OPERATIONS[index]) else {
        let refused = refusal(404, "not_found", "The resource was not found.", "");
        ctx.unexpected.record(NAME, &format!("{} {}", call.method, call.uri.path()), refused.why.clone(), &summary);
        return refused.into_response();
    };
    ctx.faults
        .run(&ctx, NAME, &[operation], peer, armed, move || async move {
            match klaviyo.answer(operation, &call) {
                Ok(()) => Answer { status: 202, body: None }.into_response(),
                Err(refused) => {
                    if !refused.business {
                        klaviyo.0.ctx.unexpected.record(NAME, operation, refused.why.clone(), &summary);
                    }
                    refused.into_response()
                }
            }
        })
        .await
}

/// The one number of an event, as it was written.
#[derive(Deserialize)]
struct Written<'b> {
    #[serde(borrow)]
    data: WrittenData<'b>,
}

#[derive(Deserialize)]
struct WrittenData<'b> {
    #[serde(borrow)]
    attributes: WrittenAttributes<'b>,
}

#[derive(Deserialize)]
struct WrittenAttributes<'b> {
    #[serde(borrow, default)]
    value: Option<&'b RawValue>,
}

impl Klaviyo {
    fn answer(&self, operation: &str, call: &Call) -> Result<(), Refusal> {
        let (config, spec) = (&self.0.ctx.config.klaviyo, &self.0.spec);
        let key = call.header("authorization").strip_prefix("Klaviyo-API-Key ").unwrap_or_default();
        if !same(key, &config.api_key) || self.0.revoked.load(Ordering::SeqCst) {
            return Err(refusal(401, "authentication_failed", "Incorrect authentication credentials.", ""));
        }
        if !is_revision(call.header("revision")) {
            return Err(refusal(400, "missing_revision", "A revision header like 2026-07-15 is required.", ""));
        }
        if call.header("content-type").split(';').next().map(str::trim) != Some(JSON_API) {
            return Err(refusal(415, "unsupported_media_type", &format!("Content-Type must be {JSON_API}."), ""));
        }
        let limits = match operation {
            "create_event" => ("events", config.events_a_second, config.events_a_minute),
            _ => ("jobs", config.jobs_a_second, config.jobs_a_minute),
        };
        self.admit(limits)?;
        match operation {
            "create_event" => self.event(call),
            "bulk_subscribe_profiles" => {
                self.job(call, &spec.subscribe, MOST_TO_SUBSCRIBE, |book, mail, list, asks| {
                    book.subscribe(mail, list, asks)
                })
            }
            _ => self
                .job(call, &spec.unsubscribe, MOST_TO_UNSUBSCRIBE, |book, mail, list, _| book.unsubscribe(mail, list)),
        }
    }

    /// Both limits, each in a window of its own.
    fn admit(&self, (kind, a_second, a_minute): (&'static str, u32, u32)) -> Result<(), Refusal> {
        let (now, mut windows) = (clock::epoch_millis(), lock(&self.0.windows));
        for (most, length) in [(a_second, 1_000), (a_minute, 60_000)] {
            windows.entry((kind, length)).or_default().admit(now, most, length).map_err(too_many)?;
        }
        Ok(())
    }

    fn event(&self, call: &Call) -> Result<(), Refusal> {
        let body = read(call, &self.0.spec.event)?;
        let attributes = &body["data"]["attributes"];
        let metric = &attributes["metric"]["data"]["attributes"]["name"];
        let metric = metric.as_str().filter(|name| (1..128).contains(&name.chars().count())).ok_or_else(|| {
            invalid("/data/attributes/metric/data/attributes/name", "The metric's name must have 1 to 127 characters.")
        })?;
        let properties = &attributes["properties"];
        if properties.as_object().is_some_and(|fields| fields.len() > MOST_PROPERTIES) {
            return Err(invalid("/data/attributes/properties", "An event may have 400 properties."));
        }
        if longest(properties) > LONGEST_TEXT {
            return Err(invalid("/data/attributes/properties", "A string may have 100 KB."));
        }
        let currency = attributes["value_currency"].as_str();
        if currency.is_some_and(|code| iso_currency::Currency::from_code(code).is_none()) {
            return Err(invalid("/data/attributes/value_currency", "This is no ISO 4217 currency code."));
        }
        if let Some(time) = attributes["time"].as_str() {
            let at: Option<jiff::Timestamp> = time.parse().ok();
            let latest = self.0.ctx.now().as_second() + 366 * 86_400;
            // From 1990 on, up to a year ahead.
            if at.is_none_or(|at| !(631_152_000..latest).contains(&at.as_second())) {
                return Err(invalid("/data/attributes/time", "The time must be after 1990 and at most a year ahead."));
            }
        }
        let person = &attributes["profile"]["data"]["attributes"];
        let place = "/data/attributes/profile/data/attributes";
        let profile = ["email", "phone_number", "external_id"].into_iter().find_map(|name| person[name].as_str());
        let profile = profile.ok_or_else(|| invalid(place, "One of email, phone_number or external_id is needed."))?;
        if person["email"].as_str().is_some_and(|mail| !is_mail(mail)) {
            return Err(invalid(&format!("{place}/email"), "Invalid email address."));
        }
        let written: Option<Written<'_>> = serde_json::from_slice(&call.body).ok();
        let taken = Taken {
            metric: metric.to_owned(),
            profile: profile.to_owned(),
            unique_id: attributes["unique_id"].as_str().map(str::to_owned),
            time: attributes["time"].as_str().map(str::to_owned),
            value: written.and_then(|all| all.data.attributes.value).map(|value| value.get().to_owned()),
            currency: currency.map(str::to_owned),
            properties: properties.clone(),
        };
        lock(&self.0.book).happened(taken, person, &self.0.ctx.now_rfc3339());
        Ok(())
    }

    /// A job about consent: everybody in it, with the list that it names and whether that one asks first.
    fn job(
        &self,
        call: &Call,
        schema: &Schema,
        most: usize,
        act: impl Fn(&mut super::book::Book, &str, Option<&str>, bool),
    ) -> Result<(), Refusal> {
        let (body, config) = (read(call, schema)?, &self.0.ctx.config.klaviyo);
        let attributes = &body["data"]["attributes"];
        let list = body["data"]["relationships"]["list"]["data"]["id"].as_str();
        if list.is_some_and(|list| !config.lists.iter().any(|known| known == list)) {
            return Err(refusal(
                404,
                "not_found",
                "A list with this id does not exist.",
                "/data/relationships/list/data/id",
            ));
        }
        let profiles = attributes["profiles"]["data"].as_array().cloned().unwrap_or_default();
        let place = "/data/attributes/profiles/data";
        if profiles.is_empty() || profiles.len() > most {
            return Err(invalid(place, &format!("A job takes 1 to {most} profiles.")));
        }
        let historical = attributes["historical_import"].as_bool().unwrap_or_default();
        for profile in &profiles {
            let email = profile["attributes"]["email"].as_str();
            if email.is_none_or(|mail| !is_mail(mail)) {
                return Err(invalid(place, "Invalid email address."));
            }
            let marketing = &profile["attributes"]["subscriptions"]["email"]["marketing"];
            if marketing.is_null() {
                return Err(invalid(place, "The email channel needs its marketing subscription."));
            }
            if historical == marketing["consented_at"].is_null() {
                return Err(invalid(place, "consented_at belongs to a historical import, and only there."));
            }
        }
        let asks = list.is_some_and(|list| config.double_opt_in.iter().any(|known| known == list)) && !historical;
        let mut book = lock(&self.0.book);
        for profile in &profiles {
            act(&mut book, profile["attributes"]["email"].as_str().unwrap_or_default(), list, asks);
        }
        Ok(())
    }
}

fn read(call: &Call, schema: &Schema) -> Result<Value, Refusal> {
    let body: Value =
        serde_json::from_slice(&call.body).map_err(|error| invalid("", &format!("Malformed JSON: {error}")))?;
    schema.check(&body).map_err(|(place, why)| invalid(&place, &why))?;
    Ok(body)
}

/// `2026-07-15`, perhaps with `.pre`.
fn is_revision(text: &str) -> bool {
    let date = text.split('.').next().unwrap_or_default();
    date.len() == 10 && date.parse::<jiff::civil::Date>().is_ok()
}

fn is_mail(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    matches!(parts[..], [name, host] if !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace))
}

/// The longest text in it, in bytes.
fn longest(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(longest).max().unwrap_or_default(),
        Value::Object(fields) => fields.values().map(longest).max().unwrap_or_default(),
        _ => 0,
    }
}
