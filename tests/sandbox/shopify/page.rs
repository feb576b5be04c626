//! Pages of GraphQL's connections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// Most items of a page.
const PAGE: u64 = 250;

/// One page of a list: `nodes`, `edges`, `pageInfo`. Cursors are the items' gids, so that a page goes on where the last
/// one ended even when items come and go meanwhile. An error is a sentence.
pub fn connection(mut items: Vec<Value>, arguments: &Value) -> Result<Value, String> {
    let number = |name: &str| arguments.get(name).and_then(Value::as_u64);
    let (first, last) = (number("first"), number("last"));
    if first.is_none() && last.is_none() {
        return Err("you must provide one of first or last".to_owned());
    }
    if first.max(last) > Some(PAGE) {
        return Err(format!("first and last may be at most {PAGE}"));
    }
    if arguments.get("reverse").and_then(Value::as_bool) == Some(true) {
        items.reverse();
    }
    let id = |item: &Value, index: usize| {
        let id = ["id", "__ref"].iter().find_map(|key| item.get(*key)).and_then(Value::as_str);
        BASE64.encode(id.map_or_else(|| index.to_string(), str::to_owned))
    };
    let mut edges: Vec<(String, Value)> =
        items.into_iter().enumerate().map(|(index, item)| (id(&item, index), item)).collect();
    let position = |edges: &[(String, Value)], name: &str| -> Result<Option<usize>, String> {
        let Some(cursor) = arguments.get(name).and_then(Value::as_str) else {
            return Ok(None);
        };
        let found = edges.iter().position(|(known, _)| known == cursor);
        found.map(Some).ok_or_else(|| format!("Invalid cursor for current pagination sort: {cursor}"))
    };
    let after = position(&edges, "after")?;
    let before = position(&edges, "before")?;
    let (mut previous, mut next) = (after.is_some(), before.is_some());
    if let Some(before) = before {
        edges.truncate(before);
    }
    if let Some(after) = after {
        edges.drain(..=after.min(edges.len().saturating_sub(1)));
    }
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if let Some(first) = first.map(size).filter(|first| *first < edges.len()) {
        edges.truncate(first);
        next = true;
    }
    if let Some(last) = last.map(size).filter(|last| *last < edges.len()) {
        edges.drain(..edges.len() - last);
        previous = true;
    }
    Ok(json!({
        "pageInfo": {
            "hasNextPage": next,
            "hasPreviousPage": previous,
            "startCursor": edges.first().map(|(cursor, _)| cursor),
            "endCursor": edges.last().map(|(cursor, _)| cursor),
        },
        "nodes": edges.iter().map(|(_, item)| item).collect::<Vec<_>>(),
        "edges": edges.iter().map(|(cursor, item)| json!({"cursor": cursor, "node": item})).collect::<Vec<_>>(),
    }))
}
