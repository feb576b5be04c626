//! What went through the proxy: calls, and DynamoDB's write and read units.
//!
//! The emulator does the arithmetic for single writes and for reads, by AWS's rule, once it is asked for
//! `ReturnConsumedCapacity: INDEXES` (the proxy asks for it where the caller did not):
//! - table: the larger of the item before and after, in started KB, at least 1; in a transaction twice that;
//! - each index: 0 where the item's entry neither appears, changes nor leaves; 1 per started KB for an entry that
//!   appears, leaves or changes; both where its key changes (the old entry leaves, the new one appears).
//!
//! What the emulator does not report is added here: a failed conditional write counts 1, a cancelled transaction 2 for
//! each of its writes. AWS counts the started KB of the item that was met, which the error does not tell: where that is
//! above 1 KB we count too little.

use super::identify::Operation;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// DynamoDB operations that read.
pub(crate) const READS: [&str; 5] = ["GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"];

/// DynamoDB operations that write.
pub(crate) const WRITES: [&str; 5] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

#[derive(Debug, Default)]
pub(crate) struct Counts {
    calls: BTreeMap<String, u64>,
    functions: BTreeMap<String, BTreeMap<String, u64>>,
    /// By function.
    took: BTreeMap<String, Took>,
    table: u64,
    indexes: u64,
    /// By item and operation.
    items: BTreeMap<(String, String, String), Units>,
    /// Mails SES accepted through the proxy.
    pub accepted: u64,
    /// Mails that turned up at the emulator, by whatever way.
    pub seen: u64,
}

/// What a function's calls took. An index is read for half a unit; a batch sent to a queue holds several messages.
#[derive(Debug, Default)]
struct Took {
    write_units: u64,
    half_read_units: u64,
    messages: u64,
}

#[derive(Debug, Default)]
struct Units {
    table: u64,
    indexes: u64,
    writes: u64,
    refused: u64,
}

impl Counts {
    pub fn call(&mut self, operation: &Operation, function: Option<&str>) {
        let name = format!("{}/{}", operation.service, operation.name);
        if let Some(function) = function {
            *self.functions.entry(function.to_owned()).or_default().entry(name.clone()).or_default() += 1;
        }
        *self.calls.entry(name).or_default() += 1;
    }

    /// Messages sent to queues: one, or a batch of them.
    pub fn sent(&mut self, function: Option<&str>, request: &Value) {
        if let Some(function) = function {
            let messages = request["Entries"].as_array().map_or(1, Vec::len);
            self.took.entry(function.to_owned()).or_default().messages += u64::try_from(messages).unwrap_or(0);
        }
    }

    /// A read's answer.
    pub fn read(&mut self, function: Option<&str>, answer: &Value) {
        if let Some(function) = function {
            self.took.entry(function.to_owned()).or_default().half_read_units += halves(answer);
        }
    }

    /// A write and its answer: `status` and body as the emulator gave them.
    pub fn write(&mut self, function: Option<&str>, operation: &str, request: &Value, status: u16, answer: &Value) {
        let refused = status >= 400;
        let (table, indexes) = if refused { (failed(operation, request, answer), 0) } else { consumed(answer) };
        if let Some(function) = function {
            self.took.entry(function.to_owned()).or_default().write_units += table + indexes;
        }
        self.table += table;
        self.indexes += indexes;
        let (pk, sk) = keys(operation, request);
        let units = self.items.entry((pk, sk, operation.to_owned())).or_default();
        units.table += table;
        units.indexes += indexes;
        units.writes += 1;
        units.refused += u64::from(refused);
    }

    /// The body of `GET /_sandbox/counts`.
    pub fn json(&self) -> Value {
        let items = self.items.iter().map(|((pk, sk, operation), units)| {
            json!({
                "pk": pk, "sk": sk, "operation": operation, "table": units.table, "indexes": units.indexes,
                "writes": units.writes, "refused": units.refused,
            })
        });
        let took = self.took.iter().map(|(function, took)| {
            let Took { write_units, half_read_units, messages } = took;
            let took = json!({"write_units": write_units, "half_read_units": half_read_units, "messages": messages});
            (function.clone(), took)
        });
        json!({
            "calls": self.calls,
            "functions": self.functions,
            "took": took.collect::<serde_json::Map<_, _>>(),
            "write_units": {"table": self.table, "indexes": self.indexes, "by_item": items.collect::<Vec<_>>()},
            "mails": self.accepted.max(self.seen),
        })
    }
}

/// Halves of read units: of one answer, or of a list where the request named several tables.
fn halves(answer: &Value) -> u64 {
    let entries = match &answer["ConsumedCapacity"] {
        Value::Array(entries) => entries.as_slice(),
        Value::Null => &[],
        entry => std::slice::from_ref(entry),
    };
    entries.iter().map(|entry| halves_of(&entry["CapacityUnits"].to_string())).sum()
}

/// `0.5` is one half, `3.0` are six; reads come in halves and in nothing smaller.
fn halves_of(units: &str) -> u64 {
    let (whole, part) = units.split_once('.').unwrap_or((units, "0"));
    whole.parse::<u64>().map_or(0, |whole| 2 * whole + u64::from(part.starts_with('5')))
}

/// Table and index units of an answer; a list where the request named several tables.
fn consumed(answer: &Value) -> (u64, u64) {
    let entries = match &answer["ConsumedCapacity"] {
        Value::Array(entries) => entries.as_slice(),
        Value::Null => &[],
        entry => std::slice::from_ref(entry),
    };
    entries.iter().fold((0, 0), |(table, indexes), entry| {
        let total = units(&entry["CapacityUnits"]);
        let of_indexes: u64 = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"]
            .iter()
            .filter_map(|kind| entry[*kind].as_object())
            .flat_map(|indexes| indexes.values())
            .map(|index| units(&index["CapacityUnits"]))
            .sum();
        (table + total.saturating_sub(of_indexes), indexes + of_indexes)
    })
}

/// Write units are whole numbers, printed as `1.0`.
fn units(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_f64().map(|units| units.round() as u64)).unwrap_or(0)
}

fn failed(operation: &str, request: &Value, answer: &Value) -> u64 {
    let kind = answer["__type"].as_str().unwrap_or_default();
    if kind.ends_with("ConditionalCheckFailedException") {
        1
    } else if kind.ends_with("TransactionCanceledException") && operation == "TransactWriteItems" {
        let writes = request["TransactItems"].as_array().map_or(0, Vec::len);
        2 * u64::try_from(writes).unwrap_or(0)
    } else {
        0
    }
}

/// The item's keys; a request with several is shown by their number.
fn keys(operation: &str, request: &Value) -> (String, String) {
    let item = match operation {
        "PutItem" => &request["Item"],
        "UpdateItem" | "DeleteItem" => &request["Key"],
        _ => &Value::Null,
    };
    if item.is_null() {
        let writes = match &request["TransactItems"] {
            Value::Array(items) => items.len(),
            _ => request["RequestItems"]
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(_, writes)| writes.as_array())
                .map(Vec::len)
                .sum(),
        };
        return (format!("({writes} items)"), String::new());
    }
    let key = |name: &str| {
        let value = &item[name];
        value["S"].as_str().or_else(|| value["N"].as_str()).unwrap_or_default().to_owned()
    };
    (key("pk"), key("sk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_took_is_kept_apart() {
        let mut counts = Counts::default();
        let index = json!({"ConsumedCapacity": {"CapacityUnits": 0.5, "GlobalSecondaryIndexes": {"due": {"CapacityUnits": 0.5}}}});
        let write = json!({"ConsumedCapacity": {"CapacityUnits": 3.0, "GlobalSecondaryIndexes": {"due": {"CapacityUnits": 2.0}}}});
        counts.read(Some("relay"), &index);
        counts.read(Some("relay"), &json!({"ConsumedCapacity": {"CapacityUnits": 1.0}}));
        counts.read(None, &index);
        counts.sent(Some("relay"), &json!({"Entries": [{}, {}]}));
        counts.sent(Some("relay"), &json!({"MessageBody": "one"}));
        counts.write(Some("email"), "PutItem", &json!({}), 200, &write);
        assert_eq!(
            counts.json()["took"],
            json!({
                "email": {"write_units": 3, "half_read_units": 0, "messages": 0},
                "relay": {"write_units": 0, "half_read_units": 3, "messages": 3},
            })
        );
    }

    #[test]
    fn units_are_split_between_table_and_indexes() {
        let mut counts = Counts::default();
        let put = json!({"Item": {"pk": {"S": "order#1"}, "sk": {"S": "effect#a"}}});
        let answer = json!({"ConsumedCapacity": {"CapacityUnits": 4.0, "Table": {"CapacityUnits": 2.0},
            "GlobalSecondaryIndexes": {"due": {"CapacityUnits": 1.0}, "open": {"CapacityUnits": 1.0}}}});
        counts.write(None, "PutItem", &put, 200, &answer);
        counts.write(
            None,
            "PutItem",
            &put,
            400,
            &json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}),
        );
        counts.write(None, "PutItem", &put, 400, &json!({"__type": "com.amazon.coral.validate#ValidationException"}));
        let cancelled = json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"});
        counts.write(None, "TransactWriteItems", &json!({"TransactItems": [{}, {}]}), 400, &cancelled);
        let json = counts.json();
        assert_eq!(json["write_units"]["table"], 2 + 1 + 4);
        assert_eq!(json["write_units"]["indexes"], 2);
        let item = &json["write_units"]["by_item"][1];
        assert_eq!((&item["pk"], &item["writes"], &item["refused"]), (&json!("order#1"), &json!(3), &json!(2)));
    }
}
