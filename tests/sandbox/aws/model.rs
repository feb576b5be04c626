//! The published service model of SES (botocore's `service-2.json`), or a hand-written subset in the same form, and
//! the check of a JSON body against one of its shapes.

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The model of one service.
pub(crate) struct Model {
    shapes: Value,
    operations: Vec<Known>,
    patterns: BTreeMap<String, Regex>,
}

struct Known {
    name: String,
    method: String,
    /// Segments of the path; `{…}` stands for any.
    path: Vec<String>,
    input: Option<String>,
}

const FILE: &str = "botocore-sesv2-service-2.json";

impl Model {
    /// Errors: the model is there and cannot be read, or has a pattern we cannot compile.
    pub fn load(specs: Option<&Path>) -> anyhow::Result<Self> {
        let path = specs.map(|folder| folder.join(FILE)).filter(|path| path.is_file());
        let text = match &path {
            Some(path) => std::fs::read(path).with_context(|| format!("failed to read {}", path.display()))?,
            None => include_bytes!("send_email_subset.json").to_vec(),
        };
        let mut model: Value = serde_json::from_slice(&text).context("failed to read the model of SES")?;
        let operations =
            model["operations"].as_object().ok_or_else(|| anyhow!("the model of SES has no operations"))?;
        let operations = operations.iter().map(|(name, operation)| Known {
            name: name.clone(),
            method: operation["http"]["method"].as_str().unwrap_or_default().to_owned(),
            path: segments(operation["http"]["requestUri"].as_str().unwrap_or_default()),
            input: operation["input"]["shape"].as_str().map(str::to_owned),
        });
        let operations = operations.collect();
        let shapes = model["shapes"].take();
        let mut patterns = BTreeMap::new();
        for shape in shapes.as_object().into_iter().flat_map(|shapes| shapes.values()) {
            if let Some(pattern) = shape["pattern"].as_str() {
                // AWS means the whole value, anchored or not. A pattern in Java's own dialect is left unchecked.
                if let Ok(regex) = Regex::new(&format!("^(?:{pattern})$")) {
                    patterns.insert(pattern.to_owned(), regex);
                }
            }
        }
        Ok(Self { shapes, operations, patterns })
    }

    /// Whether the subset stands in for the published model.
    pub fn is_subset(specs: Option<&Path>) -> bool {
        !specs.is_some_and(|folder| folder.join(FILE).is_file())
    }

    /// The operation behind a method and a path.
    pub fn operation(&self, method: &str, path: &str) -> Option<&str> {
        let given = segments(path);
        self.operations
            .iter()
            .find(|known| {
                known.method == method
                    && known.path.len() == given.len()
                    && known.path.iter().zip(&given).all(|(known, given)| known.starts_with('{') || known == given)
            })
            .map(|known| known.name.as_str())
    }

    /// Everything in `body` that the operation's input does not allow, each as a sentence. A required member that
    /// travels in the path or the query is not looked for.
    pub fn check(&self, operation: &str, body: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        let known = self.operations.iter().find(|known| known.name == operation);
        if let Some(input) = known.and_then(|known| known.input.as_deref()) {
            self.shape(input, body, "", &mut problems);
        }
        problems
    }

    fn shape(&self, name: &str, value: &Value, place: &str, problems: &mut Vec<String>) {
        let shape = &self.shapes[name];
        let kind = shape["type"].as_str().unwrap_or_default();
        let fits = match kind {
            "structure" | "map" => value.is_object(),
            "list" => value.is_array(),
            "string" | "blob" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" | "long" => value.is_i64() || value.is_u64(),
            "float" | "double" | "timestamp" => value.is_number(),
            _ => true,
        };
        if !fits {
            problems.push(format!("{} must be a {kind}", here(place)));
            return;
        }
        match kind {
            "structure" => self.structure(shape, value, place, problems),
            "list" => {
                let items = value.as_array().map_or(&[][..], Vec::as_slice);
                length(shape, items.len(), place, problems);
                let member = shape["member"]["shape"].as_str().unwrap_or_default();
                for (index, item) in items.iter().enumerate() {
                    self.shape(member, item, &format!("{place}[{index}]"), problems);
                }
            }
            "map" => {
                let member = shape["value"]["shape"].as_str().unwrap_or_default();
                for (key, item) in value.as_object().into_iter().flatten() {
                    self.shape(member, item, &join(place, key), problems);
                }
            }
            "string" => self.string(shape, value.as_str().unwrap_or_default(), place, problems),
            "blob" => {
                let text = value.as_str().unwrap_or_default();
                if base64::engine::general_purpose::STANDARD.decode(text).is_err() {
                    problems.push(format!("{} must be base64", here(place)));
                }
            }
            "integer" | "long" => {
                let number = value.as_i64().unwrap_or(i64::MAX);
                if shape["min"].as_i64().is_some_and(|min| number < min)
                    || shape["max"].as_i64().is_some_and(|max| number > max)
                {
                    problems.push(format!("{} is out of range", here(place)));
                }
            }
            _ => {}
        }
    }

    fn structure(&self, shape: &Value, value: &Value, place: &str, problems: &mut Vec<String>) {
        let members = &shape["members"];
        // `location` says path, query or header; what is left is the body.
        let wire_name = |member: &str| members[member]["locationName"].as_str().unwrap_or(member).to_owned();
        for required in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if members[required].get("location").is_none() && value.get(wire_name(required)).is_none_or(Value::is_null)
            {
                problems.push(format!("{} is missing", join(place, required)));
            }
        }
        for (key, inner) in value.as_object().into_iter().flatten() {
            let member = members.as_object().into_iter().flatten().find(|(name, member)| {
                member.get("location").is_none() && (*name == key || member["locationName"].as_str() == Some(key))
            });
            match member {
                None => problems.push(format!("{} is no member of this request", join(place, key))),
                Some(_) if inner.is_null() => {}
                Some((_, member)) => {
                    self.shape(member["shape"].as_str().unwrap_or_default(), inner, &join(place, key), problems);
                }
            }
        }
    }

    fn string(&self, shape: &Value, text: &str, place: &str, problems: &mut Vec<String>) {
        length(shape, text.chars().count(), place, problems);
        if let Some(allowed) = shape["enum"].as_array()
            && !allowed.iter().any(|allowed| allowed.as_str() == Some(text))
        {
            problems.push(format!("{} {text:?} is none of {}", here(place), Value::Array(allowed.clone())));
        }
        if let Some(pattern) = shape["pattern"].as_str()
            && self.patterns.get(pattern).is_some_and(|regex| !regex.is_match(text))
        {
            problems.push(format!("{} must satisfy regular expression pattern: {pattern}", here(place)));
        }
    }
}

fn length(shape: &Value, length: usize, place: &str, problems: &mut Vec<String>) {
    let bound = |name: &str| shape[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
    if let Some(min) = bound("min").filter(|min| length < *min) {
        problems.push(format!("{} must have length greater than or equal to {min}", here(place)));
    }
    if let Some(max) = bound("max").filter(|max| length > *max) {
        problems.push(format!("{} must have length less than or equal to {max}", here(place)));
    }
}

fn here(place: &str) -> &str {
    if place.is_empty() { "the body" } else { place }
}

fn join(place: &str, member: &str) -> String {
    if place.is_empty() { member.to_owned() } else { format!("{place}.{member}") }
}

fn segments(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or(path);
    path.trim_matches('/').split('/').map(str::to_owned).collect()
}
