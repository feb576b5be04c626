//! A request and an answer without Lambda's clothes, and their way to and from a function URL's payload (format 2.0).

use aws_lambda_events::event::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};

/// One delivery.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Without the leading slash.
    pub path: String,
    /// Names in lower case, as a function URL delivers them.
    pub headers: Vec<(String, String)>,
    /// The raw bytes as they were signed.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// What the sender hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is durable, now or already.
    Kept,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    TooLarge,
    /// It could not be made durable: send it again.
    Unavailable,
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Kept => 200,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::Unavailable => 503,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unauthorized => "the signature is missing or wrong",
            Self::NotFound => "no webhook lives here",
            Self::MethodNotAllowed => "webhooks are delivered by POST",
            Self::TooLarge => "the body is larger than 1 MiB",
            Self::Unavailable => "not kept: send it again",
        }
    }
}

/// From the function URL. A body that is not valid base64 although it says so is an empty body, which no signature fits.
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
    }
}

/// To the function URL.
#[must_use]
pub fn response(answer: Answer) -> LambdaFunctionUrlResponse {
    let mut response = LambdaFunctionUrlResponse::default();
    response.status_code = i64::from(answer.status());
    response.body = Some(format!("{}\n", answer.words()));
    let headers = &mut response.headers;
    let mut set = |name: &'static str, value: &'static str| {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    };
    set("content-type", "text/plain; charset=utf-8");
    if answer == Answer::Unavailable {
        set("retry-after", "30");
    }
    response
}
