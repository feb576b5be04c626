//! GraphQL documents that were parsed and validated before. A client sends few texts and sends them again and again, and going through
//! the whole schema for each request would cost more than answering it.

use crate::lock;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Valid documents by their text.
#[derive(Debug, Default)]
pub struct Documents(Mutex<BTreeMap<String, Arc<Valid<ExecutableDocument>>>>);

/// Texts kept; one that comes when all places are taken empties them, so that texts made up for each request do not pile up.
const PLACES: usize = 200;

impl Documents {
    /// The document of this text. Errors: those of GraphQL, as the answer's `errors`; they are worked out anew each time.
    pub fn read(&self, schema: &Valid<Schema>, text: &str) -> Result<Arc<Valid<ExecutableDocument>>, Vec<Value>> {
        if let Some(known) = lock(&self.0).get(text) {
            return Ok(known.clone());
        }
        let document = ExecutableDocument::parse_and_validate(schema, text, "query.graphql").map_err(|invalid| {
            let errors = invalid.errors.iter().map(|diagnostic| {
                let mut error = serde_json::to_value(diagnostic.to_json()).unwrap_or_default();
                error["extensions"] = json!({"code": "GRAPHQL_VALIDATION_FAILED"});
                error
            });
            errors.collect::<Vec<_>>()
        })?;
        let document = Arc::new(document);
        let mut known = lock(&self.0);
        if known.len() >= PLACES {
            known.clear();
        }
        known.insert(text.to_owned(), document.clone());
        Ok(document)
    }
}
