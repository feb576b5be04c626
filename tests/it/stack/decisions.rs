//! A held order on the deployed stack: the alert's own link, the console's own page, and what comes of either button.

use domain::event::EventType;
use reqwest::Method;
use serde_json::json;

use super::{Stack, fresh_id, named, stack};
use crate::support;

/// Places a risky order and waits for the alert's link.
async fn held(stack: &Stack, id: u64) -> String {
    stack.sandbox(Method::POST, "shopify/orders?deliver=1&risk=HIGH", named(id)).await;
    let url = link(stack, named(id)["name"].as_str().unwrap()).await;
    let holds = stack.look_at(&format!("shopify/orders/{id}")).await;
    assert!(holds.to_string().contains("baton-hold-1"), "{holds}");
    url
}

/// The link in the alert about the order of that name, which can be opened as it stands.
pub(super) async fn link(stack: &Stack, name: &str) -> String {
    stack.link(name, &format!("{}decisions/", stack.fact("console_url"))).await
}

pub(super) async fn page(method: Method, url: &str, form: &'static str) -> (u16, String) {
    let request = support::client().request(method, url).body(form);
    let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    let policy = response.headers().get("content-security-policy").map(|value| value.to_str().unwrap().to_owned());
    assert!(policy.is_some_and(|policy| policy.starts_with("default-src 'none'")));
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn decided(stack: &Stack, id: u64) -> usize {
    let events = stack.journey(id).await.events;
    events.iter().filter(|event| event.fact.event_type() == EventType::OrderDecided).count()
}

#[tokio::test]
async fn the_link_in_the_alert_releases_the_order() {
    let Some(stack) = stack().await else { return };
    let id = fresh_id(70);
    let url = held(&stack, id).await;
    let (status, body) = page(Method::GET, &url, "").await;
    assert!(status == 200 && body.contains("is held") && body.contains("high risk"), "{status} {body}");
    assert_eq!(decided(&stack, id).await, 0, "looking decides nothing");
    for form in ["choice=release", "choice=release", "choice=refuse&confirm=refund"] {
        let (status, body) = page(Method::POST, &url, form).await;
        assert!(status == 200 && body.contains("will be made"), "{status} {body}");
    }
    stack.delivered(id, 90).await;
    stack.assert_all_once(id).await;
    assert_eq!(decided(&stack, id).await, 1);
}

#[tokio::test]
async fn the_link_in_the_alert_refuses_the_order() {
    let Some(stack) = stack().await else { return };
    let id = fresh_id(71);
    let url = held(&stack, id).await;
    let (status, body) = page(Method::POST, &url, "choice=refuse").await;
    assert!(status == 200 && body.contains("Nothing was decided"), "{status} {body}");
    let (status, body) = page(Method::POST, &url, "choice=refuse&confirm=refund").await;
    assert!(status == 200 && body.contains("is refused"), "{status} {body}");
    let cancelled = format!("order {id} to be cancelled in the store");
    stack
        .until(&cancelled, 60, async || {
            let order = stack.look_at(&format!("shopify/orders/{id}")).await;
            (order["cancelled_at"].is_string() || order["cancelledAt"].is_string()).then_some(())
        })
        .await;
    let rest = format!("order {id} to be at rest");
    stack.until(&rest, 60, async || stack.open(id).await.is_empty().then_some(())).await;
    assert_eq!(stack.partner_orders(id).await, Vec::<serde_json::Value>::new());
    assert_eq!(stack.look_at("unexpected").await, json!([]));
}

#[tokio::test]
async fn a_changed_link_is_refused() {
    let Some(stack) = stack().await else { return };
    let console = stack.fact("console_url").to_owned();
    for token in ["", "e30.AAAA", "a.b"] {
        let (status, _) = page(Method::POST, &format!("{console}decisions/{token}"), "choice=release").await;
        assert_eq!(status, 403, "{token}");
    }
}
