//! The fault grid on the stack: microburst, which words AWS's faults as the SDKs expect them, stands between the deployed functions and
//! the emulator (`UPSTREAM=microburst`; `make grid`). Each cell has an order of its own, whose requests of that kind meet that fault,
//! several in a row, so that clients give up and functions fail; all the orders are under way at once, and each arrives as if nothing
//! had been.
//!
//! microburst 0.10 tells the kinds of calls apart by what their bodies say. So can be played: writes of what must not exist yet and
//! writes on a revision ([`crate::grid`] calls them put and update), reads, messages to queues, mails. What cannot:
//! - a call of SES v2 by its operation: the signature names the service `ses`, for which microburst reads version 1's model. A mail is
//!   known by its sender;
//! - one order's reading of secrets: a process reads them when it starts, for all orders. So each column of SSM starts every process
//!   afresh, and has one order;
//! - a time-out of which AWS has done the work: what it holds is never passed on. The column `answer lost` has that.

use std::collections::BTreeMap;

use domain::exception::Life;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

/// Seconds for an order, with several deaths of functions on its way: each message of a function that failed comes back after the
/// visibility time-out.
const PATIENCE: u64 = 600;
/// Longer than any client of ours waits.
const NO_ANSWER_MS: u32 = 10_000;

/// A kind of call: service, operation (empty: any), what its body says of the order `ID`; the service's word for "too many"; and so many
/// requests that meet the fault, before so many that pass. Clients try three times, mail once.
struct Row {
    name: &'static str,
    calls: &'static [(&'static str, &'static str, &'static str)],
    too_many: &'static str,
    sequence: (u32, u32),
}

const BUSY_TABLE: &str = "ProvisionedThroughputExceededException";

const ROWS: [Row; 5] = [
    Row {
        name: "put",
        calls: &[(
            "dynamodb",
            "PutItem",
            "ConditionExpression == 'attribute_not_exists(pk)' && Item.pk.S == 'order#ID'",
        )],
        too_many: BUSY_TABLE,
        sequence: (4, 8),
    },
    Row {
        name: "update",
        calls: &[("dynamodb", "PutItem", "ConditionExpression == 'rev = :before' && Item.pk.S == 'order#ID'")],
        too_many: BUSY_TABLE,
        sequence: (4, 8),
    },
    Row {
        name: "query",
        calls: &[
            ("dynamodb", "Query", "ExpressionAttributeValues.\":pk\".S == 'order#ID'"),
            ("dynamodb", "GetItem", "Key.pk.S == 'order#ID'"),
        ],
        too_many: BUSY_TABLE,
        // Between two bursts a function must come to its end.
        sequence: (4, 20),
    },
    Row {
        name: "send",
        calls: &[("sqs", "SendMessage", "contains(MessageBody, 'order#ID')")],
        too_many: "RequestThrottled",
        sequence: (4, 8),
    },
    Row {
        name: "SES",
        calls: &[("ses", "", "FromEmailAddress && contains(to_string(@), 'ID')")],
        too_many: "TooManyRequestsException",
        sequence: (2, 2),
    },
];

/// The fault's name, and how a rule words it for a service.
type Column = (&'static str, fn(&str) -> Value);

const COLUMNS: [Column; 5] = [
    ("throttled", |too_many| json!({ "error": { "code": too_many } })),
    ("5xx", |_| json!({ "error": { "code": "InternalServerError", "status": 500 } })),
    ("time-out", |_| json!({ "timeout_ms": NO_ANSWER_MS })),
    ("reset", |_| json!({ "reset": true })),
    ("answer lost", |_| json!({ "response": { "abort_bytes": 0 } })),
];

impl Row {
    /// microburst's rules for one order, in that column.
    fn rules(&self, order: u64, fault: fn(&str) -> Value) -> Vec<Value> {
        let rule = |(service, operation, body): &(&str, &str, &str)| {
            let mut rule = fault(self.too_many);
            rule["service"] = json!(service);
            if !operation.is_empty() {
                rule["operation"] = json!(operation);
            }
            rule["body"] = json!(body.replace("ID", &order.to_string()));
            rule["sequence"] = json!({ "fail": self.sequence.0, "pass": self.sequence.1 });
            rule
        };
        self.calls.iter().map(rule).collect()
    }
}

impl Stack {
    /// microburst's control route. `None`: this stack has none.
    async fn microburst(&self, method: Method, path: &str, body: Value) -> Option<Value> {
        let (host, port) = self.fact("endpoint").rsplit_once(':').unwrap();
        let url = format!("{host}:{}/_microburst/{path}", port.parse::<u16>().unwrap() + 3);
        let request = crate::support::client().request(method, url).body(body.to_string());
        let answer = request.header("content-type", "application/json").send().await.ok()?;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.ok()
    }

    /// From now on these rules count; how often each of those before has fired.
    async fn rules(&self, rules: &[Value]) -> Vec<u64> {
        let before = self.microburst(Method::GET, "rules", Value::Null).await.unwrap();
        self.microburst(Method::POST, "rules", json!(rules)).await.unwrap();
        before.as_array().unwrap().iter().map(|rule| rule["fired_count"].as_u64().unwrap()).collect()
    }

    /// The order arrives, nothing of it is there twice, and nobody has anything to do about it.
    async fn arrives(&self, order: u64, what: &str) {
        self.delivered(order, PATIENCE).await;
        self.assert_all_once(order).await;
        let open = self.journey(order).await.exceptions;
        assert!(open.iter().all(|exception| exception.state != Life::Open), "{what}: {open:?}");
    }

    /// The next call of this function begins with a new process, which reads its secrets.
    async fn starts_afresh(&self, function: &str) {
        let url = format!("{}/2015-03-31/functions/{}/configuration", self.fact("endpoint"), self.function(function));
        let timeout = self.call(Method::GET, url.clone(), Value::Null).await.1["Timeout"].clone();
        let (status, answer) = self.call(Method::PUT, url, json!({ "Timeout": timeout })).await;
        assert_eq!(status, 200, "{function}: {answer}");
    }
}

#[tokio::test]
async fn an_order_arrives_through_every_fault() {
    let Some(stack) = stack().await else { return };
    if stack.microburst(Method::GET, "health", Value::Null).await.is_none() {
        eprintln!("skipped: this stack has no microburst before it; run `make grid`");
        return;
    }
    let mut cells = Vec::new();
    for row in &ROWS {
        for (column, fault) in COLUMNS {
            let order = fresh_id(400) + u64::try_from(cells.len()).unwrap();
            cells.push((row, column, order, row.rules(order, fault)));
        }
    }
    let rules: Vec<Value> = cells.iter().flat_map(|(.., rules)| rules.clone()).collect();
    stack.rules(&rules).await;
    for (_, _, order, _) in &cells {
        stack.order(&named(*order), 1).await;
        stack.keeps_up().await;
    }
    for (row, column, order, _) in &cells {
        stack.arrives(*order, &format!("{}, {column}", row.name)).await;
    }
    let mut fired = stack.rules(&[]).await.into_iter();
    let mut met = BTreeMap::<(&str, &str), u64>::new();
    for (row, column, _, rules) in &cells {
        met.insert((row.name, column), fired.by_ref().take(rules.len()).sum());
    }
    for (n, (column, fault)) in (0..).zip(COLUMNS) {
        met.insert(("SSM", column), secrets_are_read(&stack, fresh_id(450 + n), column, fault).await);
    }
    for row in ROWS.iter().map(|row| row.name).chain(["SSM"]) {
        let cells: Vec<String> =
            COLUMNS.iter().map(|(column, _)| format!("{column}: {} met it", met[&(row, *column)])).collect();
        eprintln!("grid on the stack | {row:<6} | {} |", cells.join(" | "));
    }
    let spared: Vec<_> = met.iter().filter(|(_, count)| **count == 0).collect();
    assert!(spared.is_empty(), "nothing met these: {spared:?}");
}

/// Every process on an order's way starts, and every other reading of secrets meets the fault; how many did.
async fn secrets_are_read(stack: &Stack, order: u64, column: &str, fault: fn(&str) -> Value) -> u64 {
    let mut rule = fault("ThrottlingException");
    rule["service"] = json!("ssm");
    rule["operation"] = json!("GetParameters");
    rule["sequence"] = json!({ "fail": 1, "pass": 1 });
    stack.rules(&[rule]).await;
    for function in ["intake", "capture", "routing", "shipping", "email"] {
        stack.starts_afresh(function).await;
    }
    stack.order(&named(order), 1).await;
    stack.arrives(order, &format!("SSM, {column}")).await;
    stack.rules(&[]).await.into_iter().sum()
}
