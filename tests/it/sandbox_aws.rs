//! The proxy in front of AWS and SES as the sandbox plays it, before an emulator of the test's own.

mod mails;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Seen {
    /// Mails as the emulator shows them.
    mails: Vec<Value>,
    /// `Message` of every SNS publish, with its topic.
    published: Vec<(String, Value)>,
    /// Bodies of everything else, with path and headers.
    calls: Vec<(String, HeaderMap, String)>,
}

type Emulator = Arc<Mutex<Seen>>;

const TOPIC: &str = "arn:aws:sns:eu-central-1:000000000000:mail-events";

/// Just enough of an emulator: one configuration set, mails, topics, and a DynamoDB that tells capacity when asked.
async fn emulator() -> (String, Emulator) {
    async fn send(State(seen): State<Emulator>, headers: HeaderMap, body: String) -> Json<Value> {
        let mail: Value = serde_json::from_str(&body).unwrap();
        let mut seen = seen.lock().unwrap();
        let id = format!("message-{}@email.example.com", seen.mails.len());
        let content = &mail["Content"]["Simple"];
        let list = |name: &str| mail["Destination"].get(name).cloned().unwrap_or_else(|| json!([]));
        let stored = json!({
            "MessageId": id, "Source": mail["FromEmailAddress"], "To": list("ToAddresses"), "CC": list("CcAddresses"),
            "BCC": list("BccAddresses"), "Subject": content["Subject"]["Data"], "BodyText": "x",
            "BodyHtml": content["Body"]["Html"]["Data"], "Timestamp": 1_795_307_000.25, "Type": "v2.SendEmail",
        });
        seen.mails.push(stored);
        seen.calls.push(("/v2/email/outbound-emails".to_owned(), headers, body));
        Json(json!({"MessageId": id}))
    }
    async fn messages(State(seen): State<Emulator>) -> Json<Value> {
        Json(json!({"messages": {"000000000000": seen.lock().unwrap().mails}}))
    }
    async fn set(Path(name): Path<String>) -> Response {
        if name == "mails" {
            return Json(json!({"ConfigurationSetName": "mails"})).into_response();
        }
        (StatusCode::NOT_FOUND, Json(json!({"message": "no such set"}))).into_response()
    }
    async fn destinations() -> Json<Value> {
        Json(json!({"EventDestinations": [{
            "Name": "sns", "Enabled": true, "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT"],
            "SnsDestination": {"TopicArn": TOPIC},
        }]}))
    }
    async fn root(State(seen): State<Emulator>, headers: HeaderMap, body: Bytes) -> Response {
        let text = String::from_utf8(body.to_vec()).unwrap();
        if text.contains("Action=Publish") {
            let form: Vec<(String, String)> = text
                .split('&')
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap();
                    (key.to_owned(), decode(value))
                })
                .collect();
            let field = |name: &str| form.iter().find(|(key, _)| key == name).unwrap().1.clone();
            seen.lock().unwrap().published.push((field("TopicArn"), serde_json::from_str(&field("Message")).unwrap()));
            return "<PublishResponse/>".into_response();
        }
        let request: Value = serde_json::from_str(&text).unwrap_or_default();
        seen.lock().unwrap().calls.push(("/".to_owned(), headers, text));
        if request["ConditionExpression"].is_string() {
            let refused = json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"});
            return (StatusCode::BAD_REQUEST, Json(refused)).into_response();
        }
        let mut answer = json!({"said": "hello"});
        if request["ReturnConsumedCapacity"] == "INDEXES" {
            answer["ConsumedCapacity"] = json!({"TableName": "t", "CapacityUnits": 3.0, "Table": {"CapacityUnits": 1.0},
                "GlobalSecondaryIndexes": {"due": {"CapacityUnits": 2.0}}});
        }
        ([("x-emulator", "yes")], Json(answer)).into_response()
    }
    let seen = Emulator::default();
    let router = axum::Router::new()
        .route("/", post(root))
        .route("/v2/email/outbound-emails", post(send))
        .route("/v2/email/configuration-sets", get(async || Json(json!({"ConfigurationSets": ["mails"]}))))
        .route("/v2/email/configuration-sets/{name}", get(set))
        .route("/v2/email/configuration-sets/{name}/event-destinations", get(destinations))
        .route("/_ministack/ses/messages", get(messages))
        .with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, seen)
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

struct Cloud {
    sandbox: Sandbox,
    seen: Emulator,
    client: reqwest::Client,
}

impl Cloud {
    async fn start(specs: Option<PathBuf>) -> Self {
        let (url, seen) = emulator().await;
        let config = Config { emulator: url, specs, aws_region: "eu-central-1".to_owned(), ..Config::default() };
        Self { sandbox: Sandbox::start(config).await.unwrap(), seen, client: reqwest::Client::new() }
    }

    async fn send_email(&self, mail: &Value) -> (u16, String, Value) {
        let scope =
            "AWS4-HMAC-SHA256 Credential=key/20261122/eu-central-1/ses/aws4_request, SignedHeaders=host, Signature=0";
        let response = self
            .client
            .post(format!("{}/v2/email/outbound-emails", self.sandbox.aws_url()))
            .header("authorization", scope)
            .json(mail)
            .send()
            .await
            .unwrap();
        let kind = response.headers().get("x-amzn-errortype").map(|kind| kind.to_str().unwrap().to_owned());
        (response.status().as_u16(), kind.unwrap_or_default(), response.json().await.unwrap())
    }

    async fn dynamodb(&self, operation: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        let request = self.client.post(format!("{}/", self.sandbox.aws_url()));
        request.header("x-amz-target", format!("DynamoDB_20120810.{operation}")).json(body).send().await
    }

    /// Records published so far, once there are so many.
    async fn published(&self, times: usize) -> Vec<Value> {
        for _ in 0..200 {
            let published = self.seen.lock().unwrap().published.clone();
            if published.len() >= times {
                assert!(published.iter().all(|(topic, _)| topic == TOPIC));
                return published.into_iter().map(|(_, record)| record).collect();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{times} records did not come");
    }
}

#[tokio::test]
async fn other_calls_pass_unchanged_and_are_counted() {
    let cloud = Cloud::start(None).await;
    let describe = json!({"TableName": "t"});
    let response = cloud.dynamodb("DescribeTable", &describe).await.unwrap();
    assert_eq!(response.headers()["x-emulator"], "yes");
    assert_eq!(response.json::<Value>().await.unwrap(), json!({"said": "hello"}));
    {
        let seen = cloud.seen.lock().unwrap();
        let (_, headers, body) = &seen.calls[0];
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), describe, "it is not touched");
        assert_eq!(headers["x-amz-target"], "DynamoDB_20120810.DescribeTable");
    }
    // A read is asked for its units, and has no other.
    let get = json!({"TableName": "t", "Key": {"pk": {"S": "order#1"}, "sk": {"S": "event#paid"}}});
    let read: Value = cloud.dynamodb("GetItem", &get).await.unwrap().json().await.unwrap();
    assert_eq!(read["ConsumedCapacity"]["CapacityUnits"], 3.0);
    let put = json!({"TableName": "t", "Item": {"pk": {"S": "order#1"}, "sk": {"S": "event#paid"}}});
    cloud.dynamodb("PutItem", &put).await.unwrap();
    let mut conditional = put.clone();
    conditional["ConditionExpression"] = json!("attribute_not_exists(pk)");
    assert_eq!(cloud.dynamodb("PutItem", &conditional).await.unwrap().status(), 400);
    let counts: Value = cloud
        .client
        .get(format!("{}/_sandbox/counts", cloud.sandbox.url()))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(counts["calls"], json!({"dynamodb/DescribeTable": 1, "dynamodb/GetItem": 1, "dynamodb/PutItem": 2}));
    assert_eq!(
        counts["write_units"],
        json!({"table": 2, "indexes": 2, "by_item": [
        {"pk": "order#1", "sk": "event#paid", "operation": "PutItem", "table": 2, "indexes": 2, "writes": 2, "refused": 1}]})
    );
    cloud.client.delete(format!("{}/_sandbox/counts", cloud.sandbox.url())).send().await.unwrap();
    assert_eq!(cloud.sandbox.aws.counts()["calls"], json!({}));
}

#[tokio::test]
async fn faults_in_front_of_aws() {
    let cloud = Cloud::start(None).await;
    let arm = async |provider: &str, operation: &str, fault: &str| {
        let body = json!([{"provider": provider, "operation": operation, "fault": fault, "times": 1}]);
        let url = format!("{}/_sandbox/faults", cloud.sandbox.url());
        assert_eq!(cloud.client.post(url).json(&body).send().await.unwrap().status(), 201);
    };
    for (fault, wanted, name) in [
        ("refuse", 400, "MessageRejected"),
        ("5xx", 500, "InternalServiceErrorException"),
        ("429", 429, "TooManyRequestsException"),
    ] {
        arm("ses", "SendEmail", fault).await;
        let (status, kind, _) = cloud.send_email(&mails::mail("ada@example.com")).await;
        assert_eq!((status, kind.as_str()), (wanted, name));
    }
    assert!(cloud.seen.lock().unwrap().mails.is_empty(), "nothing was sent");
    arm("ses", "SendEmail", "lost_answer").await;
    let url = format!("{}/v2/email/outbound-emails", cloud.sandbox.aws_url());
    assert!(cloud.client.post(url).json(&mails::mail("ada@example.com")).send().await.is_err());
    let records = cloud.published(2).await;
    assert_eq!(records[1]["mail"]["tags"]["effect"], json!(["abc123"]), "it was sent, and remembered");

    arm("dynamodb", "PutItem", "429").await;
    let put = json!({"TableName": "t", "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}});
    let refused = cloud.dynamodb("PutItem", &put).await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("ProvisionedThroughputExceededException"));
    arm("dynamodb", "PutItem", "reset").await;
    assert!(cloud.dynamodb("PutItem", &put).await.is_err());
    assert_eq!(cloud.dynamodb("PutItem", &put).await.unwrap().status(), 200);
    assert!(cloud.sandbox.ctx.unexpected.list().is_empty());
}

#[tokio::test]
async fn calls_are_told_apart_by_the_function_they_come_from() {
    let cloud = Cloud::start(None).await;
    let port = cloud.sandbox.aws_url().rsplit(':').next().unwrap().to_owned();
    // A process that has a function's environment, connects by itself and waits for the answer.
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'POST / HTTP/1.1\\r\\nhost: x\\r\\nx-amz-target: AmazonSQS.SendMessage\\r\\n\
         content-length: 2\\r\\n\\r\\n{{}}' >&3; read -r line <&3; echo \"$line\""
    );
    let run = move || {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &script]).env("AWS_LAMBDA_FUNCTION_NAME", "stack-capture").output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("HTTP/1.1 200"), "{output:?}");
    cloud.dynamodb("GetItem", &json!({})).await.unwrap();
    let counts = cloud.sandbox.aws.counts();
    assert_eq!(counts["functions"], json!({"stack-capture": {"sqs/SendMessage": 1}}));
    assert_eq!(counts["calls"], json!({"dynamodb/GetItem": 1, "sqs/SendMessage": 1}));
}
