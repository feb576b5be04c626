//! A request and an answer without Lambda's clothes, and their way to and from a function URL's payload (format 2.0).

use aws_lambda_events::event::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};

/// What a browser asks.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Without the leading slash.
    pub path: String,
    /// Names in lower case, as a function URL delivers them.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The address it came from, as the function URL saw it and not as a header claims.
    pub ip: Option<String>,
}

impl Request {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// What the browser hears.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str())
    }
}

/// From the function URL. A body that is not valid base64 although it says so is an empty body.
#[must_use]
pub fn request(event: LambdaFunctionUrlRequest) -> Request {
    let text = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { STANDARD.decode(text).unwrap_or_default() } else { text.into_bytes() };
    let headers = event
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_ascii_lowercase(), value.to_str().ok()?.to_owned())));
    Request {
        method: event.request_context.http.method.unwrap_or_default().to_ascii_uppercase(),
        path: event.raw_path.unwrap_or_default().trim_start_matches('/').to_owned(),
        headers: headers.collect(),
        body,
        ip: event.request_context.http.source_ip,
    }
}

/// To the function URL. A value that cannot be a header's is left out.
#[must_use]
pub fn response(reply: Reply) -> LambdaFunctionUrlResponse {
    let mut response = LambdaFunctionUrlResponse::default();
    response.status_code = i64::from(reply.status);
    response.body = Some(reply.body);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers.insert(name, value);
        }
    }
    response
}
