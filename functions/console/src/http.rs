//! A request and an answer without Lambda's clothes, and their way to and from a function URL's payload (format 2.0).

use aws_lambda_events::event::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};

use crate::page::CONTENT_SECURITY_POLICY;

/// What the owner's browser asks.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Without the leading slash.
    pub path: String,
    pub body: Vec<u8>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// HTML.
    pub body: String,
}

/// Kept by nobody, shown in nobody's frame, running nothing, telling nobody where the reader comes from: the address is the key.
const HEADERS: [(&str, &str); 6] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex, nofollow"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// From the function URL. A body that is not valid base64 although it says so is an empty body.
#[must_use]
pub fn request(event: LambdaFunctionUrlRequest) -> Request {
    let text = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { STANDARD.decode(text).unwrap_or_default() } else { text.into_bytes() };
    Request {
        method: event.request_context.http.method.unwrap_or_default().to_ascii_uppercase(),
        path: event.raw_path.unwrap_or_default().trim_start_matches('/').to_owned(),
        body,
    }
}

/// To the function URL.
#[must_use]
pub fn response(reply: Reply) -> LambdaFunctionUrlResponse {
    let mut response = LambdaFunctionUrlResponse::default();
    response.status_code = i64::from(reply.status);
    response.body = Some(reply.body);
    let policy = ("content-security-policy", CONTENT_SECURITY_POLICY.as_str());
    for (name, value) in HEADERS.into_iter().chain([policy]) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers.insert(name, value);
        }
    }
    response
}
