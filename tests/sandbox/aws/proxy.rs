//! Every AWS request: named, counted, under the armed faults, checked where it goes to SES, and passed on to the
//! emulator. Headers and body pass unchanged, but for DynamoDB's writes, which are asked to tell their write units.
//! Bodies are held whole, up to 64 MB.

use super::identify::{Operation, identify};
use super::{Aws, counts, refusal, sesv2};
use crate::lock;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use std::net::SocketAddr;

const LONGEST_BODY: usize = 64 << 20;
/// Headers that belong to one connection, and those the client sets itself.
const NOT_PASSED_ON: [&str; 8] =
    ["host", "connection", "keep-alive", "transfer-encoding", "content-length", "expect", "te", "upgrade"];

pub(super) async fn handle(
    State(aws): State<Aws>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the sandbox's proxy could not read the body").into_response();
    };
    let operation = identify(&parts.method, parts.uri.path(), &parts.headers, &body, &aws.0.model);
    let function = aws.0.callers.function(peer).await;
    lock(&aws.0.counts).call(&operation, function.as_deref());
    let ctx = aws.0.ctx.clone();
    let (service, name) = (operation.service.clone(), operation.name.clone());
    let armed = |kind| refusal::armed(&service, kind);
    ctx.faults
        .run(&ctx, &service, &[&name], peer, armed, move || async move {
            aws.call(function.as_deref(), &operation, &parts, body).await
        })
        .await
}

impl Aws {
    async fn call(&self, function: Option<&str>, operation: &Operation, parts: &Parts, body: Bytes) -> Response {
        match (operation.service.as_str(), operation.name.as_str()) {
            ("ses", "SendEmail") => self.send_email(parts, body).await,
            ("ses", name) => match self.model_problem(name, &body) {
                Some(problem) => self.refused(name, problem, &body),
                None => self.forward(parts, body).await.into_response(),
            },
            ("dynamodb", name) if counts::WRITES.contains(&name) => self.write(function, name, parts, body).await,
            ("dynamodb", name) if counts::READS.contains(&name) => self.read(function, parts, body).await,
            ("sqs", "SendMessage" | "SendMessageBatch") => {
                let request = serde_json::from_slice(&body).unwrap_or_default();
                let answer = self.forward(parts, body).await;
                if answer.status.is_success() {
                    lock(&self.0.counts).sent(function, &request);
                }
                answer.into_response()
            }
            _ => self.forward(parts, body).await.into_response(),
        }
    }

    /// What the model says about a JSON body; requests without one have nothing to check.
    fn model_problem(&self, operation: &str, body: &[u8]) -> Option<String> {
        if body.is_empty() {
            return None;
        }
        match serde_json::from_slice(body) {
            Ok(json) => self.0.model.check(operation, &json).into_iter().next(),
            Err(error) => Some(format!("the body is no JSON: {error}")),
        }
    }

    /// A request that SES would refuse as invalid.
    fn refused(&self, operation: &str, problem: String, body: &[u8]) -> Response {
        let answer = refusal::error("ses", 400, "BadRequestException", &problem);
        self.0.ctx.unexpected.record("ses", operation, problem, &String::from_utf8_lossy(body));
        answer
    }

    async fn send_email(&self, parts: &Parts, body: Bytes) -> Response {
        if let Some(problem) = self.model_problem("SendEmail", &body) {
            return self.refused("SendEmail", problem, &body);
        }
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(problem) = sesv2::check(&request).into_iter().next() {
            return self.refused("SendEmail", problem, &body);
        }
        if let Some(set) = request["ConfigurationSetName"].as_str()
            && self.0.emulator.lacks_configuration_set(set).await
        {
            let problem = format!("Configuration set <{set}> does not exist.");
            self.0.ctx.unexpected.record("ses", "SendEmail", problem.clone(), &String::from_utf8_lossy(&body));
            return refusal::error("ses", 404, "NotFoundException", &problem);
        }
        let _under_way = self.0.sent.begin();
        let answer = self.forward(parts, body).await;
        if answer.status.is_success() {
            let id: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if let Some(id) = id["MessageId"].as_str() {
                lock(&self.0.counts).accepted += 1;
                self.0.sent.remember(id, request);
            }
        }
        answer.into_response()
    }

    /// A write to DynamoDB, with the units it took.
    async fn write(&self, function: Option<&str>, operation: &str, parts: &Parts, body: Bytes) -> Response {
        let Some(request) = asking_for_units(&body) else {
            return self.forward(parts, body).await.into_response();
        };
        let answer = self.forward(parts, Bytes::from(request.to_string())).await;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        lock(&self.0.counts).write(function, operation, &request, answer.status.as_u16(), &told);
        answer.into_response()
    }

    /// A read of DynamoDB, with the units it took.
    async fn read(&self, function: Option<&str>, parts: &Parts, body: Bytes) -> Response {
        let Some(request) = asking_for_units(&body) else {
            return self.forward(parts, body).await.into_response();
        };
        let answer = self.forward(parts, Bytes::from(request.to_string())).await;
        lock(&self.0.counts).read(function, &serde_json::from_slice(&answer.body).unwrap_or_default());
        answer.into_response()
    }

    /// Passes a request on; 502 where the emulator does not answer.
    async fn forward(&self, parts: &Parts, body: Bytes) -> Passed {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers.clone();
        drop_connection_headers(&mut headers);
        let request = self.0.emulator.client.request(parts.method.clone(), self.0.emulator.url(path));
        let answer = async {
            let response = request.headers(headers).body(body).send().await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok::<_, reqwest::Error>(Passed { status, headers, body: response.bytes().await? })
        };
        answer.await.unwrap_or_else(|error| Passed {
            status: StatusCode::BAD_GATEWAY,
            headers: HeaderMap::new(),
            body: Bytes::from(format!("the emulator does not answer the sandbox's proxy: {error}")),
        })
    }
}

/// The request, so that DynamoDB says what it took; `None` where it is no JSON.
fn asking_for_units(body: &[u8]) -> Option<Value> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    if let Some(members) = request.as_object_mut() {
        members.insert("ReturnConsumedCapacity".to_owned(), json!("INDEXES"));
    }
    Some(request)
}

fn drop_connection_headers(headers: &mut HeaderMap) {
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
}

/// The emulator's answer.
struct Passed {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl IntoResponse for Passed {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let mut headers = self.headers;
        drop_connection_headers(&mut headers);
        *response.headers_mut() = headers;
        response
    }
}
