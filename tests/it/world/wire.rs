//! What our clients ask of AWS, read from their requests, done on what the world holds, and answered in each service's JSON. It knows
//! the requests that our code makes and panics at any other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::http::HttpRequest;
use domain::handoff::Layer;
use domain::subject::Subject;
use jiff::SignedDuration;
use lambda::{Key, Queue as _};
use ledger::{Due, Memory, Row, Table as _};
use mailer::{Letter, SendMail as _, TAG_EFFECT, TAG_SUBJECT};
use serde_dynamo::Item;
use serde_json::{Value, json};

use super::{Post, SimQueue};

/// The stack under which the secrets lie.
pub const STACK: &str = "baton-test";

/// What is asked of AWS, as the fault grid tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// An item that must not exist yet.
    Put,
    /// An item that is replaced on its revision: our way to update.
    Update,
    /// `Query` and `GetItem`.
    Query,
    Send,
    Mail,
    Secrets,
    /// What the grid leaves alone: `DeleteItem`.
    Other,
}

impl Operation {
    /// As the sandbox's proxy calls the service.
    pub fn service(self) -> &'static str {
        match self {
            Self::Put | Self::Update | Self::Query | Self::Other => "dynamodb",
            Self::Send => "sqs",
            Self::Mail => "ses",
            Self::Secrets => "ssm",
        }
    }
}

/// A request of one of our clients.
pub struct Call {
    pub operation: Operation,
    name: String,
    body: Value,
}

impl Call {
    pub fn read(request: &HttpRequest) -> Self {
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap_or(Value::Null);
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit_once('.'));
        let name = target.map_or_else(|| request.uri().to_owned(), |(_, name)| name.to_owned());
        let operation = match name.as_str() {
            "PutItem" if body["ConditionExpression"] == "rev = :before" => Operation::Update,
            "PutItem" => Operation::Put,
            "Query" | "Scan" | "GetItem" | "BatchGetItem" => Operation::Query,
            "DeleteItem" => Operation::Other,
            path if path.ends_with("/v2/email/account") => Operation::Other,
            "SendMessage" => Operation::Send,
            "GetParameters" => Operation::Secrets,
            path if path.ends_with("/v2/email/outbound-emails") => Operation::Mail,
            other => panic!("the account in this process does not know {other}"),
        };
        Self { operation, name, body }
    }
}

/// What the account holds.
pub struct Held {
    pub table: Arc<Memory>,
    pub queue: SimQueue,
    pub customers: Post,
    pub owner: Post,
    /// By their whole names.
    pub secrets: BTreeMap<String, String>,
    pub store: Subject,
    /// Which write each item is from: an attribute that is no part of a row.
    pub marks: Mutex<BTreeMap<(String, String), Value>>,
    /// SES's own words about what it took, on their way through SNS.
    pub notices: Mutex<VecDeque<Value>>,
}

fn plain(item: &Value) -> Row {
    let item: Item = serde_json::from_value(item.clone()).unwrap();
    serde_dynamo::from_item(item).unwrap()
}

fn typed(row: &Row) -> Value {
    let item: Item = serde_dynamo::to_item(row).unwrap();
    serde_json::to_value(item).unwrap()
}

impl Held {
    /// Does it: status and body.
    pub async fn act(&self, call: &Call) -> (u16, Value) {
        let body = &call.body;
        let done = match (call.operation, call.name.as_str()) {
            (Operation::Put | Operation::Update, _) => {
                let item = &body["Item"];
                let key = (text(&item["pk"]), text(&item["sk"]));
                let written = if call.operation == Operation::Put {
                    assert_eq!(body["ConditionExpression"], "attribute_not_exists(pk)");
                    self.table.put_new(&plain(item)).await.unwrap().is_none()
                } else {
                    let before = number(&body["ExpressionAttributeValues"][":before"]);
                    self.table.replace(&plain(item), before.unsigned_abs()).await.unwrap()
                };
                let mut marks = self.marks.lock().unwrap();
                if !written {
                    let old = self.table.rows().into_iter().find(|row| row.key() == (&*key.0, &*key.1));
                    return conditional(old.map(|row| {
                        let mut item = typed(&row);
                        item["by"] = marks.get(&key).cloned().unwrap_or_else(|| json!({ "S": "" }));
                        item
                    }));
                }
                marks.insert(key, item["by"].clone());
                json!({})
            }
            (Operation::Query, "GetItem") => {
                let row = self.table.get(&text(&body["Key"]["pk"]), &text(&body["Key"]["sk"])).await.unwrap();
                row.map_or_else(|| json!({}), |row| json!({ "Item": typed(&row) }))
            }
            (Operation::Query, "BatchGetItem") => {
                let (table, asked) = body["RequestItems"].as_object().unwrap().iter().next().unwrap();
                let keys = asked["Keys"].as_array().unwrap().iter().map(|key| (text(&key["pk"]), text(&key["sk"])));
                let rows = self.table.get_many(&Vec::from_iter(keys)).await.unwrap();
                json!({ "Responses": { (table): rows.iter().map(typed).collect::<Value>() } })
            }
            (Operation::Query, "Scan") => {
                assert_eq!(body["IndexName"], "open", "nobody reads a whole table");
                json!({ "Items": self.table.open().await.unwrap().iter().map(typed).collect::<Value>() })
            }
            (Operation::Query, _) => json!({ "Items": self.found(body).await }),
            (Operation::Other, name) if name != "DeleteItem" => {
                json!({ "SendQuota": { "MaxSendRate": 1_000.0, "Max24HourSend": -1.0, "SentLast24Hours": 0.0 } })
            }
            (Operation::Other, _) => {
                self.table.delete(&text(&body["Key"]["pk"]), &text(&body["Key"]["sk"])).await.unwrap();
                json!({})
            }
            (Operation::Send, _) => {
                let layer = body["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap();
                let layer = layer.parse::<Layer>().unwrap();
                let key: Key = serde_json::from_str(body["MessageBody"].as_str().unwrap()).unwrap();
                let delay = SignedDuration::from_secs(body["DelaySeconds"].as_i64().unwrap_or(0));
                self.queue.send(layer, &key, delay).await.unwrap();
                json!({ "MessageId": "m" })
            }
            (Operation::Mail, _) => json!({ "MessageId": self.send(body).await }),
            (Operation::Secrets, _) => {
                let names = body["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                let known = names.filter_map(|name| Some(json!({ "Name": name, "Value": self.secrets.get(name)? })));
                json!({ "Parameters": known.collect::<Value>() })
            }
        };
        (200, done)
    }

    async fn found(&self, body: &Value) -> Vec<Value> {
        let value = |name: &str| &body["ExpressionAttributeValues"][name];
        match body["IndexName"].as_str() {
            None => {
                let prefix = value(":prefix");
                let prefix = if prefix.is_null() { String::new() } else { text(prefix) };
                self.table.partition(&text(value(":pk")), &prefix).await.unwrap().iter().map(typed).collect()
            }
            Some("due") => {
                let start = &body["ExclusiveStartKey"];
                let after = (!start.is_null()).then(|| Due {
                    at: number(&start["due"]),
                    pk: text(&start["pk"]),
                    sk: text(&start["sk"]),
                });
                let limit = u16::try_from(body["Limit"].as_u64().unwrap()).unwrap();
                let (shard, from, to) = (text(value(":shard")), number(value(":from")), number(value(":to")));
                let due = self.table.due(&shard, from, after.as_ref(), to, limit).await.unwrap();
                let item = |due: &Due| json!({ "pk": { "S": due.pk }, "sk": { "S": due.sk }, "due": { "N": due.at.to_string() } });
                due.iter().map(item).collect()
            }
            Some(other) => panic!("the account in this process has no index {other}"),
        }
    }

    /// SES takes a mail, and will say so by itself.
    async fn send(&self, body: &Value) -> String {
        let simple = &body["Content"]["Simple"];
        let tags = body["EmailTags"].as_array().unwrap();
        let tag = |name: &str| {
            let tag = tags.iter().find(|tag| tag["Name"] == name).unwrap();
            tag["Value"].as_str().unwrap().to_owned()
        };
        let words = |value: &Value| value.as_str().unwrap().to_owned();
        let letter = Letter {
            to: words(&body["Destination"]["ToAddresses"][0]),
            from: words(&body["FromEmailAddress"]),
            reply_to: None,
            subject: words(&simple["Subject"]["Data"]),
            text: words(&simple["Body"]["Text"]["Data"]),
            html: None,
            about: mailer::subject_of(&tag(TAG_SUBJECT), &self.store).unwrap(),
            effect: tag(TAG_EFFECT),
            headers: Vec::new(),
            flow: None,
        };
        let mine = if letter.to == "owner@example.com" { &self.owner } else { &self.customers };
        let id = mine.send(&letter).await.unwrap();
        let mail = json!({
            "messageId": id, "destination": [letter.to],
            "tags": { (TAG_SUBJECT): [tag(TAG_SUBJECT)], (TAG_EFFECT): [letter.effect] },
        });
        let record = json!({ "eventType": "Send", "send": {}, "mail": mail });
        self.notices.lock().unwrap().push_back(record);
        id
    }
}

/// DynamoDB's answer to a condition that does not hold, with the item where it was asked for.
fn conditional(item: Option<Value>) -> (u16, Value) {
    let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    let mut body = json!({ "__type": kind, "message": "The conditional request failed" });
    if let Some(item) = item {
        body["Item"] = item;
    }
    (400, body)
}

fn text(value: &Value) -> String {
    value["S"].as_str().unwrap().to_owned()
}

fn number(value: &Value) -> i64 {
    value["N"].as_str().unwrap().parse().unwrap()
}
