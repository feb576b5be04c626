//! The webhook subscriptions of our app. Shopify deletes one after eight deliveries that failed in a row.

use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::json;

use super::graphql::Graphql;
use super::wire::{Page, UserError, refused};
use super::{documents, number_of, topics};
use crate::Subscription;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListAnswer {
    webhook_subscriptions: Page<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    topic: String,
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateAnswer {
    webhook_subscription_create: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    user_errors: Vec<UserError>,
}

/// All of them. Those of the app's own configuration file are not among them: Shopify does not list these.
pub(super) async fn list(graphql: &Graphql) -> Result<Vec<Subscription>, Trouble> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let asked = graphql.ask(documents::SUBSCRIPTIONS, json!({ "after": after })).await;
        let page = asked.map_err(Trouble::nothing_sent).map(|answer: ListAnswer| answer.webhook_subscriptions)?;
        after = page.next();
        all.extend(page.nodes.into_iter().map(|node| Subscription {
            id: number_of(&node.id),
            topic: topics::name_of(&node.topic),
            address: node.uri,
        }));
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Subscribes; one that is there already is a yes.
pub(super) async fn subscribe(graphql: &Graphql, topic: &str, address: &str) -> Result<(), Trouble> {
    let subscription = json!({ "uri": address, "format": "JSON" });
    let variables = json!({ "topic": topics::enum_of(topic), "subscription": subscription });
    let answer: CreateAnswer = graphql.ask(documents::SUBSCRIBE, variables).await?;
    let Some(payload) = answer.webhook_subscription_create else {
        return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
    };
    if payload.user_errors.is_empty() {
        return Ok(());
    }
    // Its words for "there already" are nowhere promised; the list tells.
    let there = list(graphql).await?.iter().any(|known| known.topic == topic && known.address == address);
    if there { Ok(()) } else { Err(refused(&payload.user_errors)) }
}
