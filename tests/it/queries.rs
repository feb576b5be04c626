//! Every GraphQL document we send, against the published schema of the version we name.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};
use sandbox::Sandbox;
use sandbox::shopify::graphql;
use serde_json::{Value, json};

use crate::sandbox_shopify;
use crate::support::{control, specs};

/// Deeper than this no document of ours goes. Shopify publishes no limit of depth, but each level of a connection multiplies the
/// cost, and the lines of an order lie at this depth.
const DEEPEST: usize = 8;

/// Nested connections multiply: order → fulfilment orders → their lines is the most we ask at once.
const MOST_CONNECTIONS: usize = 2;

/// Shopify refuses a single query above this many points, whatever the shop's plan.
const MOST_POINTS: u64 = 1_000;

#[test]
fn every_document_is_valid_shallow_and_affordable() {
    let Some(specs) = specs() else { return };
    let schema = graphql::schema(Some(&specs), "2026-10").unwrap();
    assert!(!store::shopify::QUERIES.is_empty());
    for (name, text) in store::shopify::QUERIES {
        let document = ExecutableDocument::parse_and_validate(&schema, *text, format!("{name}.graphql"));
        let document = document.unwrap_or_else(|invalid| panic!("{name}: {}", invalid.errors));
        let operations: Vec<_> = document.operations.iter().collect();
        assert_eq!(operations.len(), 1, "{name}");
        let shape = shape(&document, &operations[0].selection_set);
        eprintln!("{name}: {} levels, {} connections deep, {} fields", shape.depth, shape.connections, shape.fields);
        assert!(shape.depth <= DEEPEST, "{name} is {} levels deep", shape.depth);
        assert!(shape.connections <= MOST_CONNECTIONS, "{name} nests {} connections", shape.connections);
        assert!(!text.contains("cost("), "{name}");
        let cost = cost(&document, &operations[0].selection_set);
        eprintln!("{name}: at most {cost} points");
        assert!(cost <= MOST_POINTS, "{name} costs up to {cost} points");
    }
}

/// Every step of an order reads it whole. What a read may cost at most is what the store's bucket has to hold before it is answered, and
/// what it does cost is how many a second the store answers (100 points come back in one).
#[tokio::test]
async fn reading_a_small_order_costs_little() {
    let Some(specs) = specs() else { return };
    let sandbox = Sandbox::start(sandbox::Config { specs: Some(specs), ..Default::default() }).await.unwrap();
    let mut order: Value = serde_json::from_str(sandbox_shopify::SMALL).unwrap();
    order["line_items"].as_array_mut().unwrap().truncate(2);
    let (status, answer) = control(&sandbox, "POST", "/_sandbox/shopify/orders?deliver=0", order.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    let text = |name: &str| store::shopify::QUERIES.iter().find(|(query, _)| *query == name).unwrap().1;
    let cost = async |name: &str, variables: Value| {
        let answer = sandbox_shopify::graphql(&sandbox, text(name), variables).await;
        assert_eq!(answer["errors"], Value::Null, "{name}");
        let cost = &answer["extensions"]["cost"];
        let points = |what: &str| cost[what].as_u64().unwrap();
        let costs = (points("requestedQueryCost"), points("actualQueryCost"));
        eprintln!("{name}: {} points requested, {} used", costs.0, costs.1);
        (costs, cost["throttleStatus"]["currentlyAvailable"].as_u64().unwrap())
    };
    let ((requested, used), left) = cost("order", json!({ "id": "gid://shopify/Order/1001" })).await;
    assert!(requested <= 200 && used <= 80, "{requested} points requested, {used} used");
    assert_eq!(left, 2_000 - used, "what was requested and not used is given back");
    // An object that is not there costs its own point and nothing below it.
    assert_eq!(cost("order", json!({ "id": "gid://shopify/Order/1" })).await.0, (requested, 1));
}

/// Names are files' names, and every file is listed: a query nobody checks would be sent unchecked.
#[test]
fn every_query_file_is_listed() {
    let folder = crate::project::root().join("shared/store/src/shopify/queries");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut listed: Vec<&str> = store::shopify::QUERIES.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(files, listed);
}

#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    depth: usize,
    /// Most connections inside one another.
    connections: usize,
    fields: usize,
}

fn shape(document: &ExecutableDocument, set: &SelectionSet) -> Shape {
    let mut all = Shape::default();
    for selection in &set.selections {
        let one = match selection {
            Selection::Field(field) => {
                let below = shape(document, &field.selection_set);
                let connection = usize::from(field.ty().inner_named_type().as_str().ends_with("Connection"));
                Shape { depth: below.depth + 1, connections: below.connections + connection, fields: below.fields + 1 }
            }
            Selection::InlineFragment(fragment) => shape(document, &fragment.selection_set),
            Selection::FragmentSpread(spread) => {
                shape(document, &document.fragments[&spread.fragment_name].selection_set)
            }
        };
        all.depth = all.depth.max(one.depth);
        all.connections = all.connections.max(one.connections);
        all.fields += one.fields;
    }
    all
}

/// Points as Shopify has long counted them: an object one, a page two and its nodes as often as are asked for, a number or a
/// text nothing; a change adds ten, which no page of ours comes near. Shopify counts large pages cheaper today, so this is
/// the most.
fn cost(document: &ExecutableDocument, set: &SelectionSet) -> u64 {
    let fields = set.selections.iter().map(|selection| match selection {
        Selection::Field(field) if field.selection_set.selections.is_empty() => 0,
        Selection::Field(field) => {
            let below = cost(document, &field.selection_set);
            let first = field.arguments.iter().find(|argument| argument.name == "first");
            let first = first.and_then(|argument| argument.value.to_i32()).map(|first| u64::try_from(first).unwrap());
            let connection = field.ty().inner_named_type().as_str().ends_with("Connection");
            match (first, field.name.as_str()) {
                (Some(first), _) if connection => 2 + first * below,
                (Some(first), _) => first * (1 + below),
                (None, _) if connection => panic!("{} has no size", field.name),
                (None, "pageInfo") => 0,
                (None, _) => 1 + below,
            }
        }
        Selection::InlineFragment(fragment) => cost(document, &fragment.selection_set),
        Selection::FragmentSpread(spread) => cost(document, &document.fragments[&spread.fragment_name].selection_set),
    });
    fields.sum()
}
