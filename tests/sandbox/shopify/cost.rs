//! What a GraphQL request costs, before it is executed and after.
//!
//! From the documentation (shopify.dev, "GraphQL Admin API rate limits", and Shopify's article on calculating complexity): a number, a
//! text or an enum costs nothing, an object one point, a connection two and what its nodes cost, as many as `first` or `last` says, a
//! change ten; of an interface or a union the dearest selection counts. `requestedQueryCost` is worked out before anything is
//! executed, and the bucket has to hold it. Afterwards the same is worked out for what was
//! returned, `actualQueryCost`, and the difference goes back into the bucket. An object that is null still costs its own point.
//!
//! Assumed, since nothing is written about it: a list that is no connection is one object, whatever its `first` and however many it
//! holds; `nodes`, `edges`, `node` and `pageInfo` are part of their connection; `userErrors` is part of a change. Shopify counts large
//! pages cheaper today than written (250 nodes for some 25 points, a developer reports). What is requested is the most, then, and a
//! query that would cost more than the 1,000 points a single one may cost is not refused here, but counts as one that costs them.

use super::graphql::Request;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;
use serde_json::Value;

/// Points a single query may cost at most, on any plan.
const MOST: u32 = 1_000;

/// `requestedQueryCost`.
pub fn requested(request: &Request) -> u32 {
    of(request, None).min(MOST)
}

/// `actualQueryCost` of an answer's `data`.
pub fn actual(request: &Request, data: &Value) -> u32 {
    of(request, Some(data)).min(requested(request))
}

fn of(request: &Request, shown: Option<&Value>) -> u32 {
    let Ok(operation) = request.document.operations.get(request.operation_name.as_deref()) else {
        return 1;
    };
    let counting = Counting { document: &request.document, variables: &request.variables };
    let points = counting.set(&operation.selection_set, shown);
    // A change costs ten, of which its answer's own point is one.
    let changes: u64 = operation.selection_set.fields().map(|_| if request.is_mutation { 9 } else { 0 }).sum();
    u32::try_from(points + changes).unwrap_or(u32::MAX)
}

struct Counting<'a> {
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
}

impl Counting<'_> {
    /// What the fields of an object cost; `shown`: what was answered for it.
    fn set(&self, set: &SelectionSet, shown: Option<&Value>) -> u64 {
        let (mut always, mut dearest) = (0, 0);
        for selection in &set.selections {
            let (below, condition) = match selection {
                Selection::Field(field) => {
                    always += self.field(field, shown);
                    continue;
                }
                Selection::InlineFragment(fragment) => (&fragment.selection_set, fragment.type_condition.as_ref()),
                Selection::FragmentSpread(spread) => match self.document.fragments.get(&spread.fragment_name) {
                    Some(fragment) => (&fragment.selection_set, Some(fragment.type_condition())),
                    None => continue,
                },
            };
            let points = self.set(below, shown);
            match condition {
                Some(condition) if *condition != set.ty => dearest = points.max(dearest),
                _ => always += points,
            }
        }
        always + dearest
    }

    fn field(&self, field: &Field, object: Option<&Value>) -> u64 {
        if field.selection_set.selections.is_empty() {
            return 0;
        }
        let shown = match object.map(|object| object.get(field.response_key().as_str())) {
            None => None,
            Some(Some(shown)) => Some(shown),
            // Of another type than the one that has this field.
            Some(None) => return 0,
        };
        let own = u64::from(field.name != "userErrors");
        match shown {
            Some(Value::Null) => own,
            _ if field.ty().inner_named_type().as_str().ends_with("Connection") => 2 + self.nodes(field, shown),
            // A list: what its dearest item costs.
            Some(Value::Array(items)) => {
                own + items.iter().map(|item| self.set(&field.selection_set, Some(item))).max().unwrap_or(0)
            }
            shown => own + self.set(&field.selection_set, shown),
        }
    }

    /// The nodes of a connection, a point each and what is below them: as many as are asked for, or as were returned.
    fn nodes(&self, connection: &Field, shown: Option<&Value>) -> u64 {
        let fields = connection.selection_set.fields();
        let lists = fields.filter(|field| matches!(field.name.as_str(), "nodes" | "edges"));
        let each = |list: &Field, item: Option<&Value>| {
            if list.name == "nodes" {
                return 1 + self.set(&list.selection_set, item);
            }
            list.selection_set.fields().filter(|field| field.name == "node").map(|node| self.field(node, item)).sum()
        };
        lists
            .map(|list| match shown {
                None => self.size(connection) * each(list, None),
                Some(shown) => {
                    let items = shown[list.response_key().as_str()].as_array();
                    items.into_iter().flatten().map(|item| each(list, Some(item))).sum()
                }
            })
            .sum()
    }

    /// The page's size, as it stands in the document or in a variable.
    fn size(&self, connection: &Field) -> u64 {
        let said = ["first", "last"].iter().find_map(|name| {
            let value = connection.specified_argument_by_name(name)?;
            match value.as_variable() {
                Some(name) => self.variables.get(name.as_str())?.as_u64(),
                None => value.to_i32().and_then(|size| u64::try_from(size).ok()),
            }
        });
        said.unwrap_or(1)
    }
}
