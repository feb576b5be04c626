//! What Stripe knows: every object by id, in the order they were made; what was asked under which idempotency key; the events
//! that still have to go out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::objects::{self, Stamp};
use crate::Ctx;

/// Kinds of objects, by their own `object` field.
pub(crate) const SESSION: &str = "checkout.session";
pub(crate) const INTENT: &str = "payment_intent";
pub(crate) const CHARGE: &str = "charge";
pub(crate) const REFUND: &str = "refund";
pub(crate) const DISPUTE: &str = "dispute";
pub(crate) const WARNING: &str = "radar.early_fraud_warning";
pub(crate) const REVIEW: &str = "review";
pub(crate) const EVENT: &str = "event";
pub(crate) const ENDPOINT: &str = "webhook_endpoint";

/// What was answered under an idempotency key.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    /// Method, path and parameters.
    pub asked: String,
    pub status: u16,
    pub body: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    kinds: BTreeMap<&'static str, Vec<Value>>,
    places: BTreeMap<String, (&'static str, usize)>,
    /// The lines of a session, and the parameters it was made with.
    pub lines: BTreeMap<String, Vec<Value>>,
    pub asked: BTreeMap<String, Value>,
    pub keys: BTreeMap<String, Remembered>,
    /// Signing secrets of endpoints that were made through the API.
    pub secrets: BTreeMap<String, String>,
    /// Events that happened and were not sent yet.
    pub outbox: Vec<Value>,
}

impl Book {
    /// An id as Stripe writes them: `pi_000000000000000000000042`.
    pub fn fresh(ctx: &Ctx, prefix: &str) -> String {
        let digits = if prefix.starts_with("cs_") { 48 } else { 24 };
        format!("{prefix}_{:0digits$}", ctx.next_id())
    }

    /// Keeps a new object, which has an `id`.
    pub fn add(&mut self, kind: &'static str, object: Value) {
        let all = self.kinds.entry(kind).or_default();
        if let Some(id) = object["id"].as_str() {
            self.places.insert(id.to_owned(), (kind, all.len()));
        }
        all.push(object);
    }

    pub fn all(&self, kind: &str) -> &[Value] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// An object of any kind.
    pub fn any(&self, id: &str) -> Option<&Value> {
        let (kind, place) = self.places.get(id)?;
        self.kinds.get(kind)?.get(*place)
    }

    /// An object, if it is of that kind.
    pub fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.places.get(id).filter(|(known, _)| *known == kind)?;
        self.any(id)
    }

    /// Sets fields of an object; an id that is not there changes nothing.
    pub fn set(&mut self, id: &str, fields: Value) {
        let Some((kind, place)) = self.places.get(id) else { return };
        let object = self.kinds.get_mut(kind).and_then(|all| all.get_mut(*place)).and_then(Value::as_object_mut);
        if let (Some(object), Value::Object(fields)) = (object, fields) {
            object.extend(fields);
        }
    }

    /// Removes an object from lists and from sight.
    pub fn remove(&mut self, id: &str) {
        let Some((kind, place)) = self.places.remove(id) else { return };
        if let Some(object) = self.kinds.get_mut(kind).and_then(|all| all.get_mut(place)) {
            *object = Value::Null;
        }
    }

    /// Something happened to an object: an event with the object as it is now.
    pub fn emit(&mut self, ctx: &Ctx, stamp: Stamp, kind: &str, id: &str) {
        let object = self.any(id).cloned().unwrap_or(Value::Null);
        let event = objects::event(stamp, &Self::fresh(ctx, "evt"), kind, &ctx.config.stripe.api_version, &object);
        self.add(EVENT, event.clone());
        self.outbox.push(event);
    }

    /// The charge that paid an intent.
    pub fn paid_charge(&self, intent: &str) -> Option<&Value> {
        self.all(CHARGE)
            .iter()
            .rev()
            .find(|charge| charge["payment_intent"] == intent && charge["status"] == "succeeded")
    }

    /// Puts objects where `expand[]` names them; `Err` with the path that cannot be expanded.
    pub fn expand(&self, object: &mut Value, path: &str) -> Result<(), String> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        if let (Some(items), "data") = (object["data"].as_array_mut(), first) {
            let rest = rest.ok_or_else(|| path.to_owned())?;
            return items.iter_mut().try_for_each(|item| self.expand(item, rest));
        }
        if object["object"] == SESSION && first == "line_items" {
            let id = object["id"].as_str().unwrap_or_default();
            let lines = self.lines.get(id).cloned().unwrap_or_default();
            object["line_items"] = json!({
                "object": "list", "data": lines, "has_more": false, "url": format!("/v1/checkout/sessions/{id}/line_items"),
            });
            return Ok(());
        }
        let known = ["payment_intent", "charge", "latest_charge", "customer", "review", "data"].contains(&first);
        let field = object.get_mut(first).filter(|_| known).ok_or_else(|| path.to_owned())?;
        if let Some(found) = field.as_str().and_then(|id| self.any(id)) {
            *field = found.clone();
        }
        match rest {
            Some(rest) if field.is_object() => self.expand(field, rest),
            _ => Ok(()),
        }
    }
}
