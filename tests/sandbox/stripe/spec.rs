//! A request's parameters, checked by Stripe's published OpenAPI document (`stripe-openapi-2025-10.json.gz` of the
//! specifications' folder) or, where that is absent, by a hand-written subset of what we know: names, types, what is required,
//! which words are allowed, how long a text may be.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::form::Node;

const FILE: &str = "stripe-openapi-2025-10.json.gz";

/// Parameters that the API version we speak knows and the older document does not.
const NEWER: &[(&str, &str, &str)] = &[
    (
        "post /v1/checkout/sessions",
        "adaptive_pricing",
        r#"{"type": "object", "properties": {"enabled": {"type": "boolean"}}}"#,
    ),
    (
        "post /v1/payment_intents",
        "automatic_payment_methods",
        r#"{"type": "object", "required": ["enabled"], "properties": {"enabled": {"type": "boolean"}, "allow_redirects": {"type": "string", "enum": ["always", "never"]}}}"#,
    ),
];

/// Events that the API version we speak has and the older document does not.
const NEWER_EVENTS: &[&str] = &["refund.failed"];

/// The schema of the parameters of each operation: `post /v1/refunds`.
pub(crate) struct Spec(BTreeMap<String, Value>);

impl Spec {
    /// Errors: the document is there and cannot be read.
    pub fn load(specs: Option<&Path>) -> anyhow::Result<Self> {
        let path = specs.map(|folder| folder.join(FILE)).filter(|path| path.is_file());
        let mut operations = match path {
            Some(path) => {
                let packed = std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
                let mut text = Vec::new();
                flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut text).context("failed to unpack")?;
                let document: Value = serde_json::from_slice(&text).context("failed to read Stripe's document")?;
                from_document(&document)
            }
            None => {
                eprintln!("sandbox: {FILE} is absent; Stripe's requests are checked by a hand-written subset");
                serde_json::from_slice(include_bytes!("params_subset.json")).context("failed to read the subset")?
            }
        };
        for (operation, name, schema) in NEWER {
            let schema = serde_json::from_str(schema).context("failed to read a newer parameter")?;
            if let Some(known) = operations.get_mut(*operation).and_then(|it| it["properties"].as_object_mut()) {
                known.insert((*name).to_owned(), schema);
            }
        }
        for operation in ["post /v1/webhook_endpoints", "post /v1/webhook_endpoints/{webhook_endpoint}"] {
            let events =
                operations.get_mut(operation).and_then(|it| it.pointer_mut("/properties/enabled_events/items/enum"));
            if let Some(events) = events.and_then(Value::as_array_mut) {
                events.extend(NEWER_EVENTS.iter().map(|event| json!(event)));
            }
        }
        Ok(Self(operations))
    }

    /// The parameters with the types the document says, or the first that does not fit, in Stripe's words. `operation` as in
    /// `post /v1/refunds`, with the document's names in braces.
    pub fn read(&self, operation: &str, form: &Node) -> Result<Value, Refusal> {
        let none = json!({"type": "object", "properties": {}});
        typed(self.0.get(operation).unwrap_or(&none), form, "")
    }
}

fn from_document(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let schema = if method == "post" {
                operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"].clone()
            } else {
                of_query(&operation["parameters"])
            };
            found.insert(format!("{method} {path}"), schema);
        }
    }
    found
}

fn of_query(parameters: &Value) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for parameter in parameters.as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query") {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        if parameter["required"] == true {
            required.push(json!(name));
        }
        properties.insert(name, parameter["schema"].clone());
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn typed(schema: &Value, node: &Node, path: &str) -> Result<Value, Refusal> {
    if let Some(choices) = schema["anyOf"].as_array() {
        let mut first = None;
        for choice in choices {
            match typed(choice, node, path) {
                Ok(value) => return Ok(value),
                Err(refusal) => first = first.or(Some(refusal)),
            }
        }
        return Err(first.unwrap_or_else(|| Refusal::param("parameter_unknown", path, "Invalid value")));
    }
    match (schema["type"].as_str(), node) {
        (Some("object"), Node::Fields(fields)) => object(schema, fields, path),
        (Some("array"), Node::Fields(fields)) => array(schema, fields, path),
        (Some("object"), Node::Text(_)) => Err(Refusal::param("parameter_invalid_object", path, "Invalid object")),
        (Some("array"), Node::Text(_)) => Err(Refusal::param("parameter_invalid_array", path, "Invalid array")),
        (_, Node::Fields(_)) => Err(Refusal::param("parameter_invalid_string", path, "Invalid string")),
        (kind, Node::Text(text)) => scalar(schema, kind.unwrap_or("string"), text, path),
    }
}

fn object(schema: &Value, fields: &BTreeMap<String, Node>, path: &str) -> Result<Value, Refusal> {
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}[{name}]") };
    let known = schema["properties"].as_object();
    let mut values = Map::new();
    for (name, node) in fields {
        let any = Some(&schema["additionalProperties"]).filter(|any| any.is_object());
        let schema = known
            .and_then(|known| known.get(name))
            .or(any)
            .ok_or_else(|| Refusal::param("parameter_unknown", &inner(name), "Received unknown parameter"))?;
        values.insert(name.clone(), typed(schema, node, &inner(name))?);
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !values.contains_key(name) {
            return Err(Refusal::param("parameter_missing", &inner(name), "Missing required param"));
        }
    }
    if path.ends_with("metadata]") || path == "metadata" {
        metadata(&values, path)?;
    }
    Ok(Value::Object(values))
}

/// Stripe's limits of metadata: 50 names of at most 40 characters, values of at most 500.
fn metadata(values: &Map<String, Value>, path: &str) -> Result<(), Refusal> {
    let long = |(name, value): (&String, &Value)| {
        name.chars().count() > 40 || value.as_str().is_some_and(|value| value.chars().count() > 500)
    };
    if values.len() > 50 || values.iter().any(long) {
        return Err(Refusal::param("parameter_invalid_string", path, "Metadata is too large"));
    }
    Ok(())
}

fn array(schema: &Value, fields: &BTreeMap<String, Node>, path: &str) -> Result<Value, Refusal> {
    let mut places: Vec<(usize, &Node)> = Vec::new();
    for (place, node) in fields {
        let place = place.parse().map_err(|_| Refusal::param("parameter_invalid_array", path, "Invalid array"))?;
        places.push((place, node));
    }
    places.sort_by_key(|(place, _)| *place);
    let items = places.into_iter().map(|(place, node)| typed(&schema["items"], node, &format!("{path}[{place}]")));
    items.collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn scalar(schema: &Value, kind: &str, text: &str, path: &str) -> Result<Value, Refusal> {
    let value = match kind {
        "integer" => {
            let number: i64 =
                text.parse().map_err(|_| Refusal::param("parameter_invalid_integer", path, "Invalid integer"))?;
            json!(number)
        }
        "boolean" => match text {
            "true" => json!(true),
            "false" => json!(false),
            _ => return Err(Refusal::param("parameter_invalid_boolean", path, "Invalid boolean")),
        },
        _ => json!(text),
    };
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(&value)
    {
        let words: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        let message = format!("Invalid {path}: must be one of {}", words.join(", "));
        return Err(Refusal { param: Some(path.to_owned()), ..Refusal::bad(message) });
    }
    if let Some(longest) = schema["maxLength"].as_u64()
        && text.chars().count() > usize::try_from(longest).unwrap_or(usize::MAX)
    {
        let message = format!("Invalid string; must be at most {longest} characters");
        return Err(Refusal::param("parameter_invalid_string", path, &message));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::super::routes::ROUTES;
    use super::*;

    #[test]
    fn the_subset_knows_every_call() {
        let spec = Spec::load(None).unwrap();
        for route in ROUTES {
            let operation = format!("{} {}", route.method, route.path);
            assert!(spec.0.contains_key(&operation), "{operation}");
        }
    }
}
