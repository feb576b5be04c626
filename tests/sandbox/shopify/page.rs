//! Pages of GraphQL's connections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// Most items of a page.
const PAGE: u64 = 250;
/// Where [`keyed`] puts an item's place; no field of GraphQL begins with two underscores, except its own.
const KEY: &str = "__key";

/// An item of a list that is sorted by `value` (milliseconds since 1970 for a moment) and then by `id`. Its cursor says both, so
/// that a page goes on where the last one ended even when that item is changed, moved or gone meanwhile.
pub fn keyed(mut item: Value, value: i64, id: u64) -> Value {
    item[KEY] = json!(format!("{:020}|{id:020}", value.max(0)));
    item
}

/// One page of a list: `nodes`, `edges`, `pageInfo`. Items without a key have their gid as cursor. An error is a sentence.
pub fn connection(mut items: Vec<Value>, arguments: &Value) -> Result<Value, String> {
    let number = |name: &str| arguments.get(name).and_then(Value::as_u64);
    let (first, last) = (number("first"), number("last"));
    if first.is_none() && last.is_none() {
        return Err("you must provide one of first or last".to_owned());
    }
    if first.max(last) > Some(PAGE) {
        return Err(format!("first and last may be at most {PAGE}"));
    }
    let reverse = arguments.get("reverse").and_then(Value::as_bool) == Some(true);
    if reverse {
        items.reverse();
    }
    let name = |item: &Value, index: usize| {
        let name = [KEY, "id", "__ref"].iter().find_map(|key| item.get(*key)).and_then(Value::as_str);
        name.map_or_else(|| index.to_string(), str::to_owned)
    };
    let names: Vec<String> = items.iter().enumerate().map(|(index, item)| name(item, index)).collect();
    // How many items stand before the cursor, and how many up to it.
    let place = |argument: &str| -> Result<Option<(usize, usize)>, String> {
        let Some(cursor) = arguments.get(argument).and_then(Value::as_str) else {
            return Ok(None);
        };
        let wrong = || format!("Invalid cursor for current pagination sort: {cursor}");
        let wanted = BASE64.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
        if let Some(index) = names.iter().position(|name| *name == wanted) {
            return Ok(Some((index, index + 1)));
        }
        let is_key = |name: &str| name.len() == 41 && name.as_bytes().get(20) == Some(&b'|');
        if !is_key(&wanted) || names.iter().any(|name| !is_key(name)) {
            return Err(wrong());
        }
        let before = names.iter().take_while(|name| if reverse { **name > wanted } else { **name < wanted }).count();
        Ok(Some((before, before)))
    };
    let (after, before) = (place("after")?, place("before")?);
    let (mut previous, mut next) = (after.is_some(), before.is_some());
    let mut edges: Vec<(String, Value)> = names.iter().map(|name| BASE64.encode(name)).zip(items).collect();
    if let Some((before, _)) = before {
        edges.truncate(before);
    }
    if let Some((_, after)) = after {
        edges.drain(..after.min(edges.len()));
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
