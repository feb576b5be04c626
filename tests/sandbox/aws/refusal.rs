//! How AWS services word an error, each in its protocol.

use crate::faults::Refusal;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error of a service: `code` is its name, `message` a sentence.
pub fn error(service: &str, status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    match service {
        // REST with JSON: the name travels in a header.
        "ses" | "scheduler" => {
            let mut response = (status, json!({"message": message}).to_string()).into_response();
            let headers = response.headers_mut();
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            if let Ok(code) = HeaderValue::from_str(code) {
                headers.insert("x-amzn-errortype", code);
            }
            response
        }
        // The query protocol answers in XML.
        "sns" => {
            let kind = if status.is_server_error() { "Receiver" } else { "Sender" };
            let body = format!(
                "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>{kind}</Type>\
                 <Code>{code}</Code><Message>{message}</Message></Error><RequestId>sandbox</RequestId></ErrorResponse>"
            );
            (status, [("content-type", "text/xml")], body).into_response()
        }
        _ => {
            let kind = match service {
                "dynamodb" => format!("com.amazonaws.dynamodb.v20120810#{code}"),
                "sqs" => format!("com.amazonaws.sqs#{code}"),
                _ => code.to_owned(),
            };
            let body = json!({"__type": kind, "message": message}).to_string();
            (status, [("content-type", "application/x-amz-json-1.0")], body).into_response()
        }
    }
}

/// How an armed fault is worded by `ses`, `dynamodb`, `sqs`, `ssm`, `sns` or `scheduler`.
pub fn armed(service: &str, kind: Refusal) -> Response {
    let (status, code, message) = match (kind, service) {
        (Refusal::Refuse, "ses") => (400, "MessageRejected", "The message cannot be sent."),
        (Refusal::Refuse, "sns") => (403, "AuthorizationError", "Not authorized to perform this action."),
        (Refusal::Refuse, _) => (400, "AccessDeniedException", "Not authorized to perform this action."),
        (Refusal::ServerError, "sns") => (500, "InternalError", "Internal error."),
        (Refusal::ServerError, "ses") => (500, "InternalServiceErrorException", "Internal error."),
        (Refusal::ServerError, _) => (500, "InternalServerError", "Internal error."),
        (Refusal::TooMany, "ses") => {
            (429, "TooManyRequestsException", "Too many requests have been made to the operation.")
        }
        (Refusal::TooMany, "dynamodb") => {
            (400, "ProvisionedThroughputExceededException", "The request rate is too high.")
        }
        (Refusal::TooMany, "sqs") => (400, "RequestThrottled", "The request was denied due to request throttling."),
        (Refusal::TooMany, "sns") => (429, "Throttled", "Rate exceeded"),
        (Refusal::TooMany, _) => (400, "ThrottlingException", "Rate exceeded"),
    };
    let mut response = error(service, status, code, message);
    if kind == Refusal::TooMany {
        response.headers_mut().insert("retry-after", HeaderValue::from_static("1"));
    }
    response
}
