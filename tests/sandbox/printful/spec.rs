//! Request bodies checked by the published OpenAPI document (`printful-openapi-v1.json` of the specifications'
//! folder), or, where that is absent, by a hand-written subset of the fields we know.
//!
//! The document contradicts Printful's own prose and examples in three places; there the prose wins:
//! - an option's value is typed as a string, while embroidery takes a list of colours;
//! - a file needs `url`, while a file of the library is named by `id`;
//! - `type: null` is written `nullable`, as OpenAPI 3.0 does, which JSON Schema does not know.
//!
//! Answers are never checked: the document's own example answers do not fit it.

use super::answer::Refusal;
use anyhow::{Context as _, anyhow};
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The body of `POST /orders` and, with nothing required, of `PUT /orders/{id}`.
pub(crate) struct Spec {
    create: jsonschema::Validator,
    update: jsonschema::Validator,
}

const FILE: &str = "printful-openapi-v1.json";

impl Spec {
    /// Errors: the document is there and cannot be read.
    pub fn load(specs: Option<&Path>) -> anyhow::Result<Self> {
        let path = specs.map(|folder| folder.join(FILE)).filter(|path| path.is_file());
        let document = match &path {
            Some(path) => std::fs::read(path).with_context(|| format!("failed to read {}", path.display()))?,
            None => {
                eprintln!("sandbox: {FILE} is absent; Printful's requests are checked by a hand-written subset");
                include_bytes!("order_subset.json").to_vec()
            }
        };
        let mut document: Value = serde_json::from_slice(&document).context("failed to read Printful's document")?;
        let mut schemas = document["components"]["schemas"].take();
        let update = schemas["Order"]
            .as_object()
            .map(|order| {
                order.iter().filter(|(key, _)| *key != "required").map(|(k, v)| (k.clone(), v.clone())).collect()
            })
            .map(Value::Object)
            .ok_or_else(|| anyhow!("failed to find the schema Order in Printful's document"))?;
        schemas["OrderUpdate"] = update;
        adapt(&mut schemas);
        Ok(Self { create: compile(&schemas, "Order")?, update: compile(&schemas, "OrderUpdate")? })
    }

    /// The first violation, in Printful's words. `partial`: nothing of the top level is required.
    pub fn check(&self, order: &Value, partial: bool) -> Result<(), Refusal> {
        let validator = if partial { &self.update } else { &self.create };
        let Some(error) = validator.iter_errors(order).next() else {
            return Ok(());
        };
        let place = match error.instance_path().as_str() {
            "" => "the body".to_owned(),
            pointer => pointer.trim_start_matches('/').replace('/', "."),
        };
        Err(match error.kind() {
            ValidationErrorKind::Type { .. } => Refusal::wrong_type(format!("{place}: {error}")),
            ValidationErrorKind::Required { property } => {
                Refusal::bad(format!("Missing required parameters: {place} lacks {property}"))
            }
            ValidationErrorKind::AnyOf { .. } if place.starts_with("items") => {
                Refusal::bad(format!("Item {place} does not say which variant it is"))
            }
            ValidationErrorKind::Not { .. } if place.starts_with("items") => Refusal::bad(format!(
                "{place}: product_template_id and external_product_id cannot be combined with another variant key, files or options"
            )),
            _ => Refusal::bad(format!("{place}: {error}")),
        })
    }
}

fn compile(schemas: &Value, name: &str) -> anyhow::Result<jsonschema::Validator> {
    let schema = json!({
        "allOf": [{"$ref": format!("#/components/schemas/{name}")}],
        "components": {"schemas": schemas},
    });
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .build(&schema)
        .map_err(|error| anyhow!("failed to compile Printful's schema {name}: {error}"))
}

/// From OpenAPI 3.0 to JSON Schema, and the corrections above.
fn adapt(schemas: &mut Value) {
    if let Some(file) = schemas.get_mut("File").and_then(Value::as_object_mut) {
        file.remove("required");
        file.insert("anyOf".into(), json!([{"required": ["url"]}, {"required": ["id"]}]));
    }
    if let Some(value) = schemas.pointer_mut("/Option/properties/value").and_then(Value::as_object_mut) {
        value.remove("type");
    }
    rewrite(schemas);
}

fn rewrite(value: &mut Value) {
    match value {
        Value::Object(object) => {
            nullable(object);
            object.values_mut().for_each(rewrite);
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}

fn nullable(object: &mut Map<String, Value>) {
    if object.get("nullable") == Some(&Value::Bool(true))
        && let Some(Value::String(kind)) = object.get("type")
    {
        let kinds = json!([kind, "null"]);
        object.insert("type".into(), kinds);
    }
}
