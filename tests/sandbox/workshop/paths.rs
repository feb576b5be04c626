//! Which request asks for what.

use super::answer;
use crate::partners::http::Refusal;
use axum::http::Method;

/// Operations for `GET /_sandbox/operations`.
pub const OPERATIONS: &[&str] = &[
    "create_order",
    "release_order",
    "cancel_order",
    "list_orders",
    "change_address",
    "get_variant",
    "list_variants",
    "get_funds",
];

/// `list_orders` without an external id, as `not_offered` names it.
pub const OPEN: &str = "list_open_orders";

/// What a request asks for; texts are ids.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Create,
    Release(String),
    Cancel(String),
    /// One by its external id, or the open ones.
    List,
    ChangeAddress(String),
    Variant(String),
    Variants,
    Funds,
}

impl Action {
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Create => "create_order",
            Self::Release(_) => "release_order",
            Self::Cancel(_) => "cancel_order",
            Self::List => "list_orders",
            Self::ChangeAddress(_) => "change_address",
            Self::Variant(_) => "get_variant",
            Self::Variants => "list_variants",
            Self::Funds => "get_funds",
        }
    }
}

pub(crate) fn find(method: &Method, path: &str) -> Result<Action, Refusal> {
    let segments: Vec<String> = path.trim_start_matches('/').split('/').map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (method, segments.as_slice()) {
        (&Method::POST, ["orders"]) => Ok(Action::Create),
        (&Method::GET, ["orders"]) => Ok(Action::List),
        (&Method::POST, ["orders", id, "release"]) => Ok(Action::Release((*id).to_owned())),
        (&Method::POST, ["orders", id, "cancel"]) => Ok(Action::Cancel((*id).to_owned())),
        (&Method::POST, ["orders", id, "address"]) => Ok(Action::ChangeAddress((*id).to_owned())),
        (&Method::GET, ["variants"]) => Ok(Action::Variants),
        (&Method::GET, ["variants", id]) => Ok(Action::Variant((*id).to_owned())),
        (&Method::GET, ["funds"]) => Ok(Action::Funds),
        _ => Err(answer::not_found("this path")),
    }
}

/// One part of a path without its percent-encoding; bytes that are no text stay encoded.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| hex::decode(code).ok());
        match code {
            Some(code) => {
                bytes.extend(code);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}
