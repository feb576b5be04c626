//! A column of the fault grid on the stack: microburst, which words AWS's faults as the SDKs expect them, stands between the deployed
//! functions and the emulator (`UPSTREAM=microburst`; `make grid`). Every kind of call meets the same fault while an order goes its way.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Stack, fresh_id, named, stack};

/// Service by its name in the signature, operation (empty: any), and its word for "too many". Of each, one call in four meets the
/// fault. microburst 0.10 does not know SES v2's operations by the name in the signature, and mail is all that we ask of SES.
const ROWS: [(&str, &str, &str); 6] = [
    ("dynamodb", "PutItem", "ProvisionedThroughputExceededException"),
    ("dynamodb", "GetItem", "ProvisionedThroughputExceededException"),
    ("dynamodb", "Query", "ProvisionedThroughputExceededException"),
    ("sqs", "SendMessage", "RequestThrottled"),
    ("ses", "", "TooManyRequestsException"),
    ("ssm", "GetParameters", "ThrottlingException"),
];

/// The fault's name, and how a rule words it for a service.
type Column = (&'static str, fn(&str) -> Value);

const COLUMNS: [Column; 4] = [
    ("throttled", |too_many| json!({ "error": { "code": too_many } })),
    ("5xx", |_| json!({ "error": { "code": "InternalServerError", "status": 500 } })),
    ("reset", |_| json!({ "reset": true })),
    ("answer lost", |_| json!({ "response": { "abort_bytes": 0 } })),
];

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
}

#[tokio::test]
async fn an_order_arrives_through_every_fault() {
    let Some(stack) = stack().await else { return };
    if stack.microburst(Method::GET, "health", Value::Null).await.is_none() {
        eprintln!("skipped: this stack has no microburst before it; run `make grid`");
        return;
    }
    for (n, (column, fault)) in (0..).zip(COLUMNS) {
        let rules: Vec<Value> = ROWS
            .iter()
            .map(|(service, operation, too_many)| {
                let mut rule = fault(too_many);
                rule["service"] = json!(service);
                if !operation.is_empty() {
                    rule["operation"] = json!(operation);
                }
                rule["sequence"] = json!({ "fail": 1, "pass": 3 });
                rule
            })
            .collect();
        stack.microburst(Method::DELETE, "fired", Value::Null).await;
        stack.microburst(Method::POST, "rules", json!(rules)).await.unwrap();
        let id = fresh_id(400 + n);
        stack.order(&named(id), 1).await;
        stack.delivered(id, 240).await;
        stack.microburst(Method::POST, "rules", json!([])).await.unwrap();
        let fired = stack.microburst(Method::GET, "fired?limit=10000", Value::Null).await.unwrap();
        let fired = fired.as_array().unwrap();
        let mut cells = Vec::new();
        for (service, operation, _) in ROWS {
            let of_it = |one: &&Value| operation.is_empty() || one["operation"] == operation;
            let met = fired.iter().filter(|one| one["service"] == service).filter(of_it).count();
            // A function that is awake reads no secrets.
            assert!(met > 0 || service == "ssm", "{service} {operation}: nothing met {column}");
            cells.push(format!("{service} {operation} {met}"));
        }
        stack.assert_all_once(id).await;
        eprintln!("grid on the stack | {column} | {}", cells.join(" | "));
    }
}
