//! The `query:` of lists: `name:#1001 updated_at:>='2026-11-20T00:00:00Z'`.

use super::order::Order;
use jiff::Timestamp;
use serde_json::Value;

/// One term: a key, a comparison, a value.
#[derive(Clone, Debug)]
pub struct Term {
    key: String,
    /// `>=`, `<=`, `>`, `<`, or nothing.
    comparison: &'static str,
    value: String,
}

/// Keys of `orders(query:)` that are played.
pub const ORDERS: &[&str] =
    &["name", "id", "created_at", "updated_at", "processed_at", "financial_status", "status", "tag", "test", "email"];
/// Keys of `abandonedCheckouts(query:)` that are played.
pub const CHECKOUTS: &[&str] = &["id", "created_at", "updated_at", "status", "recovery_state"];

/// Terms joined by spaces or `AND`. An error is a sentence naming what cannot be read; `list` is the list's name in it.
pub fn terms(list: &str, query: &str, known: &[&str]) -> Result<Vec<Term>, String> {
    let mut found = Vec::new();
    let mut rest = query.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':').ok_or_else(|| format!("{list}(query:) cannot be read at {rest:?}"))?;
        let comparison = [">=", "<=", ">", "<"].into_iter().find(|sign| after.starts_with(sign)).unwrap_or("");
        let after = after.strip_prefix(comparison).unwrap_or(after);
        let quote = after.chars().next().filter(|first| matches!(first, '\'' | '"'));
        let (value, next) = match quote {
            Some(quote) => after
                .get(1..)
                .and_then(|text| text.split_once(quote))
                .ok_or_else(|| format!("{list}(query:) has a quote without end at {after:?}"))?,
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        let key = key.trim().trim_start_matches("AND ").trim();
        if !known.contains(&key) {
            return Err(format!("the sandbox does not play {list}(query: \"{key}:\")"));
        }
        if key.ends_with("_at") && moment(value).is_none() {
            return Err(format!("{list}(query:) compares {key} with {value:?}, which is no moment"));
        }
        found.push(Term { key: key.to_owned(), comparison, value: value.to_owned() });
        rest = next.trim();
    }
    Ok(found)
}

/// A moment, or a day's beginning in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())
}

impl Term {
    pub fn fits_order(&self, order: &Order) -> bool {
        let value = self.value.as_str();
        match self.key.as_str() {
            "name" => order.name() == value || order.name().trim_start_matches('#') == value.trim_start_matches('#'),
            "id" => value.parse().is_ok_and(|id| self.compare(order.id, id)),
            "financial_status" => order.text("financial_status") == Some(value),
            "email" => order.text("email").is_some_and(|email| email.eq_ignore_ascii_case(value)),
            "tag" => order.tags.iter().any(|tag| tag.eq_ignore_ascii_case(value)),
            "test" => order.rest.get("test").and_then(Value::as_bool).unwrap_or(false).to_string() == value,
            "status" => match value {
                "open" => order.text("closed_at").is_none() && !order.is_cancelled(),
                "closed" => order.text("closed_at").is_some(),
                "cancelled" => order.is_cancelled(),
                "not_closed" => order.text("closed_at").is_none(),
                _ => true,
            },
            key => self.fits_moment(order.text(key)),
        }
    }

    /// A checkout by its number, its moments and whether it was finished after all.
    pub fn fits_checkout(&self, id: u64, moment: impl Fn(&str) -> Option<String>) -> bool {
        let value = self.value.as_str();
        match self.key.as_str() {
            "id" => value.parse().is_ok_and(|wanted| self.compare(id, wanted)),
            "status" => match value {
                "open" => moment("closed_at").is_none(),
                "closed" => moment("closed_at").is_some(),
                _ => true,
            },
            "recovery_state" => match value {
                "recovered" => moment("completed_at").is_some(),
                "not_recovered" => moment("completed_at").is_none(),
                _ => true,
            },
            key => self.fits_moment(moment(key).as_deref()),
        }
    }

    fn fits_moment(&self, at: Option<&str>) -> bool {
        let at = at.and_then(|text| text.parse::<Timestamp>().ok());
        at.zip(moment(&self.value)).is_some_and(|(at, wanted)| self.compare(at, wanted))
    }

    fn compare<T: PartialOrd>(&self, left: T, right: T) -> bool {
        match self.comparison {
            ">=" => left >= right,
            "<=" => left <= right,
            ">" => left > right,
            "<" => left < right,
            _ => left == right,
        }
    }
}
