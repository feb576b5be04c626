//! Which request asks for what.

use super::answer;
use crate::partners::http::Refusal;
use axum::http::Method;

/// Operations for `GET /_sandbox/operations`.
pub const OPERATIONS: &[&str] = &[
    "list_shops",
    "create_order",
    "list_orders",
    "get_order",
    "send_to_production",
    "cancel_order",
    "change_address",
    "list_support_requests",
    "get_support_request",
    "list_products",
    "get_product",
    "list_blueprint_variants",
    "list_webhooks",
    "create_webhook",
    "modify_webhook",
    "delete_webhook",
];

/// What a request asks for; texts are ids.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Shops,
    /// What a print provider makes of a blueprint.
    Blueprint {
        blueprint: String,
        provider: String,
    },
    In(String, Shop),
}

/// Within one shop.
#[derive(Clone, Debug)]
pub(crate) enum Shop {
    Create,
    List,
    Get(String),
    Release(String),
    Cancel(String),
    ChangeAddress(String),
    SupportRequests(String),
    SupportRequest(String, String),
    Products,
    Product(String),
    Webhooks,
    Subscribe,
    Resubscribe(String),
    Unsubscribe(String),
}

impl Action {
    pub fn operation(&self) -> &'static str {
        let action = match self {
            Self::Shops => return "list_shops",
            Self::Blueprint { .. } => return "list_blueprint_variants",
            Self::In(_, action) => action,
        };
        match action {
            Shop::Create => "create_order",
            Shop::List => "list_orders",
            Shop::Get(_) => "get_order",
            Shop::Release(_) => "send_to_production",
            Shop::Cancel(_) => "cancel_order",
            Shop::ChangeAddress(_) => "change_address",
            Shop::SupportRequests(_) => "list_support_requests",
            Shop::SupportRequest(..) => "get_support_request",
            Shop::Products => "list_products",
            Shop::Product(_) => "get_product",
            Shop::Webhooks => "list_webhooks",
            Shop::Subscribe => "create_webhook",
            Shop::Resubscribe(_) => "modify_webhook",
            Shop::Unsubscribe(_) => "delete_webhook",
        }
    }
}

pub(crate) fn find(method: &Method, path: &str) -> Result<Action, Refusal> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let ["v1", rest @ ..] = segments.as_slice() else { return Err(answer::not_found("this path")) };
    if let (&Method::GET, ["shops.json"]) = (method, rest) {
        return Ok(Action::Shops);
    }
    if let (&Method::GET, ["catalog", "blueprints", blueprint, "print_providers", provider, "variants.json"]) =
        (method, rest)
    {
        return Ok(Action::Blueprint { blueprint: (*blueprint).to_owned(), provider: (*provider).to_owned() });
    }
    let ["shops", shop, rest @ ..] = rest else { return Err(answer::not_found("this path")) };
    let id = |text: &&str| text.trim_end_matches(".json").to_owned();
    let action = match (method, rest) {
        (&Method::POST, ["orders.json"]) => Shop::Create,
        (&Method::GET, ["orders.json"]) => Shop::List,
        (&Method::GET, ["orders", order]) if order.ends_with(".json") => Shop::Get(id(order)),
        (&Method::POST, ["orders", order, "send_to_production.json"]) => Shop::Release(id(order)),
        (&Method::POST, ["orders", order, "cancel.json"]) => Shop::Cancel(id(order)),
        (&Method::POST, ["orders", order, "support-requests", "address-change"]) => Shop::ChangeAddress(id(order)),
        (&Method::GET, ["orders", order, "support-requests"]) => Shop::SupportRequests(id(order)),
        (&Method::GET, ["orders", order, "support-requests", request]) => Shop::SupportRequest(id(order), id(request)),
        (&Method::GET, ["products.json"]) => Shop::Products,
        (&Method::GET, ["products", product]) if product.ends_with(".json") => Shop::Product(id(product)),
        (&Method::GET, ["webhooks.json"]) => Shop::Webhooks,
        (&Method::POST, ["webhooks.json"]) => Shop::Subscribe,
        (&Method::PUT, ["webhooks", webhook]) if webhook.ends_with(".json") => Shop::Resubscribe(id(webhook)),
        (&Method::DELETE, ["webhooks", webhook]) if webhook.ends_with(".json") => Shop::Unsubscribe(id(webhook)),
        _ => return Err(answer::not_found("this path")),
    };
    Ok(Action::In((*shop).to_owned(), action))
}
