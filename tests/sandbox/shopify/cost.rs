//! What a GraphQL request costs.

use super::graphql::Request;
use apollo_compiler::executable::Selection;

/// Points a request costs: one for every object selected, two for a page, ten for a change. Shopify multiplies by page
/// sizes; the order of magnitude is right for the requests Baton makes.
pub fn of(request: &Request) -> u32 {
    let Ok(operation) = request.document.operations.get(request.operation_name.as_deref()) else {
        return 1;
    };
    let base = if request.is_mutation { 10 } else { 0 };
    base + selection_cost(&operation.selection_set.selections)
}

fn selection_cost(selections: &[Selection]) -> u32 {
    selections
        .iter()
        .map(|selection| match selection {
            Selection::Field(field) if field.selection_set.selections.is_empty() => 0,
            Selection::Field(field) => {
                let page = field.definition.ty.inner_named_type().as_str().ends_with("Connection");
                let wrapper = matches!(field.name.as_str(), "nodes" | "pageInfo" | "userErrors");
                let own = if page { 2 } else { u32::from(!wrapper) };
                own + selection_cost(&field.selection_set.selections)
            }
            Selection::InlineFragment(inline) => selection_cost(&inline.selection_set.selections),
            Selection::FragmentSpread(_) => 1,
        })
        .sum()
}
