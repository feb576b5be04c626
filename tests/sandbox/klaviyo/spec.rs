//! Request bodies checked by Klaviyo's published OpenAPI document (`klaviyo-events-profiles-subset.json` of the specifications'
//! folder), or, where that is absent, by a hand-written subset of the fields we know. The document's subset has no schema for
//! unsubscribing; that one is always ours, after the published example.
//!
//! A field that the document does not name is refused, as Klaviyo does; in its words such a document would allow it.

use anyhow::{Context as _, anyhow};
use serde_json::{Map, Value, json};
use std::path::Path;

const FILE: &str = "klaviyo-events-profiles-subset.json";

/// The bodies of the calls that are played.
pub(super) struct Spec {
    pub event: Body,
    pub subscribe: Body,
    pub unsubscribe: Body,
}

pub(super) struct Body(jsonschema::Validator);

impl Spec {
    /// Errors: the document is there and cannot be read.
    pub fn load(specs: Option<&Path>) -> anyhow::Result<Self> {
        let own: Value = serde_json::from_slice(include_bytes!("requests.json"))?;
        let mut schemas = own.as_object().cloned().unwrap_or_default();
        match specs.map(|folder| folder.join(FILE)).filter(|path| path.is_file()) {
            Some(path) => {
                let text = std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
                let mut document: Value = serde_json::from_slice(&text).context("failed to read Klaviyo's document")?;
                if let Value::Object(published) = document["components"]["schemas"].take() {
                    schemas.extend(published);
                }
            }
            None => eprintln!("sandbox: {FILE} is absent; Klaviyo's requests are checked by a hand-written subset"),
        }
        let mut schemas = Value::Object(schemas);
        rewrite(&mut schemas);
        Ok(Self {
            event: Body::compile(&schemas, "EventCreateQueryV2")?,
            subscribe: Body::compile(&schemas, "SubscriptionCreateJobCreateQuery")?,
            unsubscribe: Body::compile(&schemas, "SubscriptionDeleteJobCreateQuery")?,
        })
    }
}

impl Body {
    fn compile(schemas: &Value, name: &str) -> anyhow::Result<Self> {
        if schemas[name].is_null() {
            return Err(anyhow!("failed to find the schema {name} in Klaviyo's document"));
        }
        let schema = json!({
            "allOf": [{"$ref": format!("#/components/schemas/{name}")}],
            "components": {"schemas": schemas},
        });
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft4)
            .should_validate_formats(true)
            .build(&schema)
            .map(Self)
            .map_err(|error| anyhow!("failed to compile Klaviyo's schema {name}: {error}"))
    }

    /// The first violation: where, and what.
    pub fn check(&self, body: &Value) -> Result<(), (String, String)> {
        match self.0.iter_errors(body).next() {
            Some(error) => Err((error.instance_path().to_string(), error.to_string())),
            None => Ok(()),
        }
    }
}

/// From OpenAPI 3.0 to JSON Schema; objects whose fields are named have no others.
fn rewrite(value: &mut Value) {
    match value {
        Value::Object(object) => {
            nullable(object);
            let named =
                object.get("properties").is_some_and(|fields| fields.as_object().is_some_and(is_schema_of_fields));
            if named && object.get("type") == Some(&json!("object")) {
                object.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            object.values_mut().for_each(rewrite);
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}

/// `properties` of a schema, and not a field of that name.
fn is_schema_of_fields(fields: &Map<String, Value>) -> bool {
    !fields.is_empty() && fields.values().all(Value::is_object)
}

fn nullable(object: &mut Map<String, Value>) {
    if object.get("nullable") == Some(&Value::Bool(true))
        && let Some(Value::String(kind)) = object.get("type")
    {
        let kinds = json!([kind, "null"]);
        object.insert("type".into(), kinds);
    }
}
