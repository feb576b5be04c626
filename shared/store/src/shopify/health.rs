//! Checkouts and payments, for payment health.

use domain::Timestamp;
use domain::order::TEST_TAG;
use domain::provider::Trouble;
use domain::subject::OrderId;
use serde::Deserialize;
use serde_json::json;

use super::graphql::Graphql;
use super::order::broken;
use super::wire::{OrdersAnswer, Page as WirePage, Transaction};
use super::{documents, number_of, payment};
use crate::{Page, PlacedOrder, StalledCheckout};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckoutsAnswer {
    abandoned_checkouts: WirePage<Checkout>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkout {
    id: String,
    created_at: String,
    completed_at: Option<String>,
    shipping_address: Option<Country>,
    billing_address: Option<Country>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Country {
    country_code_v2: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Placed {
    id: String,
    created_at: String,
    shipping_address: Option<Country>,
    billing_address: Option<Country>,
    transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Newest {
    created_at: String,
    tags: Vec<String>,
    test: bool,
}

#[derive(Deserialize)]
struct NewestAnswer {
    orders: NewestOrders,
}

#[derive(Deserialize)]
struct NewestOrders {
    nodes: Vec<Newest>,
}

fn begun_between(from: Timestamp, until: Timestamp) -> String {
    format!("created_at:>='{from}' created_at:<='{until}'")
}

fn country(shipping: Option<Country>, billing: Option<Country>) -> Option<String> {
    shipping.and_then(|place| place.country_code_v2).or_else(|| billing.and_then(|place| place.country_code_v2))
}

/// Checkouts that were not finished there and then.
pub(super) async fn stalled(
    graphql: &Graphql,
    from: Timestamp,
    until: Timestamp,
    after: Option<&str>,
) -> Result<Page<StalledCheckout>, Trouble> {
    let variables = json!({ "query": begun_between(from, until), "after": after });
    let asked = graphql.ask(documents::STALLED_CHECKOUTS, variables).await;
    let page = asked.map_err(Trouble::nothing_sent).map(|answer: CheckoutsAnswer| answer.abandoned_checkouts)?;
    let next = page.next();
    let items = page.nodes.into_iter().map(|checkout| {
        Ok(StalledCheckout {
            id: number_of(&checkout.id),
            begun: checkout.created_at.parse().map_err(broken)?,
            country: country(checkout.shipping_address, checkout.billing_address),
            recovered: checkout.completed_at.is_some(),
        })
    });
    Ok(Page { items: items.collect::<Result<_, Trouble>>()?, next })
}

/// Orders with every attempt to pay for them.
pub(super) async fn placed(
    graphql: &Graphql,
    from: Timestamp,
    until: Timestamp,
    after: Option<&str>,
) -> Result<Page<PlacedOrder>, Trouble> {
    let variables = json!({ "query": begun_between(from, until), "after": after });
    let asked = graphql.ask(documents::PLACED_ORDERS, variables).await;
    let page = asked.map_err(Trouble::nothing_sent).map(|answer: OrdersAnswer<Placed>| answer.orders)?;
    let next = page.next();
    let items = page.nodes.into_iter().map(|order| {
        Ok(PlacedOrder {
            id: OrderId::parse(&order.id).ok_or_else(|| broken(format!("{:?} is no order", order.id)))?,
            placed: order.created_at.parse().map_err(broken)?,
            country: country(order.shipping_address, order.billing_address),
            attempts: payment::attempts(order.transactions)?,
        })
    });
    Ok(Page { items: items.collect::<Result<_, Trouble>>()?, next })
}

/// When the newest order was placed. Our own test orders do not count; twenty of them in a row would hide what came before.
pub(super) async fn newest_order(graphql: &Graphql) -> Result<Option<Timestamp>, Trouble> {
    let asked = graphql.ask(documents::NEWEST_ORDERS, json!({})).await;
    let answer: NewestAnswer = asked.map_err(Trouble::nothing_sent)?;
    let trial = |order: &Newest| order.test && order.tags.iter().any(|tag| tag.starts_with(TEST_TAG));
    let newest = answer.orders.nodes.iter().find(|order| !trial(order));
    newest.map(|order| order.created_at.parse().map_err(broken)).transpose()
}
