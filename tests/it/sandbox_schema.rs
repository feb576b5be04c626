//! The sandbox's hand-written part of Shopify's schema against the published one.

use crate::support::specs;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::schema::{ExtendedType, ExtendedType as T, FieldDefinition};
use sandbox::shopify::graphql;

/// Every type, field, argument, enum value and default of the hand-written subset is in the published schema as it is.
#[test]
fn the_subset_agrees_with_the_published_schema() {
    let Some(specs) = specs() else { return };
    let published = graphql::schema(Some(&specs), "2026-10").unwrap();
    let subset = graphql::subset().unwrap();
    let mut problems = Vec::new();
    for (name, ours) in subset.types.iter().filter(|(_, ours)| !ours.is_built_in()) {
        let Some(theirs) = published.types.get(name) else {
            problems.push(format!("{name} does not exist"));
            continue;
        };
        problems.extend(differences(name, ours, theirs));
    }
    assert_eq!(problems, Vec::<String>::new());
}

fn differences(name: &str, ours: &ExtendedType, theirs: &ExtendedType) -> Vec<String> {
    let mut problems = Vec::new();
    let mut field = |known: &FieldDefinition, other: Option<&FieldDefinition>| {
        let Some(other) = other else {
            problems.push(format!("{name}.{} does not exist", known.name));
            return;
        };
        if known.ty != other.ty {
            problems.push(format!("{name}.{} is {}, not {}", known.name, other.ty, known.ty));
        }
        for argument in &known.arguments {
            let same = other.arguments.iter().find(|one| one.name == argument.name);
            if same.is_none_or(|one| one.ty != argument.ty || one.default_value != argument.default_value) {
                problems.push(format!("{name}.{}({}:) differs", known.name, argument.name));
            }
        }
        for needed in other.arguments.iter().filter(|one| one.is_required()) {
            if known.arguments.iter().all(|one| one.name != needed.name) {
                problems.push(format!("{name}.{}({}:) is required and left out", known.name, needed.name));
            }
        }
    };
    match (ours, theirs) {
        (T::Object(ours), T::Object(theirs)) => {
            ours.fields.values().for_each(|known| field(known, theirs.fields.get(&known.name).map(|other| &***other)))
        }
        (T::Interface(ours), T::Interface(theirs)) => {
            ours.fields.values().for_each(|known| field(known, theirs.fields.get(&known.name).map(|other| &***other)))
        }
        (T::Enum(ours), T::Enum(theirs)) => {
            for value in ours.values.keys().filter(|value| !theirs.values.contains_key(*value)) {
                problems.push(format!("{name} has no {value}"));
            }
        }
        (T::InputObject(ours), T::InputObject(theirs)) => {
            for known in ours.fields.values() {
                let same = theirs.fields.get(&known.name);
                if same.is_none_or(|one| one.ty != known.ty || one.default_value != known.default_value) {
                    problems.push(format!("{name}.{} differs", known.name));
                }
            }
            for needed in theirs.fields.values().filter(|one| one.is_required() && !ours.fields.contains_key(&one.name))
            {
                problems.push(format!("{name}.{} is required and left out", needed.name));
            }
        }
        // Enums with long lists are open in the subset.
        (T::Scalar(_), T::Scalar(_) | T::Enum(_)) => {}
        (T::Union(ours), T::Union(theirs)) => {
            for member in ours.members.iter().filter(|member| !theirs.members.contains(*member)) {
                problems.push(format!("{name} has no member {}", member.name));
            }
        }
        _ => problems.push(format!("{name} is another kind of type")),
    }
    problems
}

/// The published queries that the sandbox serves are valid for the subset too.
#[test]
fn the_subset_knows_every_query_that_is_served() {
    let Some(specs) = specs() else { return };
    let subset = graphql::subset().unwrap();
    let queries = crate::sandbox_shopify::queries(&specs);
    let unserved = ["shopifyql", "refundCreate"];
    for (name, query) in queries.as_object().unwrap().iter().filter(|(name, _)| !unserved.contains(&name.as_str())) {
        let valid = ExecutableDocument::parse_and_validate(&subset, query.as_str().unwrap(), "query.graphql");
        assert!(valid.is_ok(), "{name}: {}", valid.unwrap_err().errors);
    }
}

/// So is every document that our own client sends.
#[test]
fn the_subset_knows_every_document_of_the_client() {
    let subset = graphql::subset().unwrap();
    for (name, query) in store::shopify::QUERIES {
        let valid = ExecutableDocument::parse_and_validate(&subset, *query, format!("{name}.graphql"));
        assert!(valid.is_ok(), "{name}: {}", valid.unwrap_err().errors);
    }
}
