//! The order with every page of its lines and fulfilment orders.

use domain::order::Order;
use domain::provider::Trouble;
use domain::subject::OrderId;
use serde_json::json;

use super::graphql::Graphql;
use super::wire::{self, OrderAnswer};
use super::{documents, order, order_gid};

/// `None`: the store does not know it.
pub(super) async fn order(graphql: &Graphql, id: OrderId) -> Result<Option<Order>, Trouble> {
    match whole(graphql, id).await? {
        Some(order) => order::translate(id, order).map(Some),
        None => Ok(None),
    }
}

async fn whole(graphql: &Graphql, id: OrderId) -> Result<Option<wire::Order>, Trouble> {
    let gid = order_gid(id);
    let answer: OrderAnswer<wire::Order> = graphql.ask(documents::ORDER, json!({ "id": gid })).await?;
    let Some(mut order) = answer.order else { return Ok(None) };
    while let Some(after) = order.line_items.next() {
        let page: OrderAnswer<wire::LinesPage> =
            graphql.ask(documents::ORDER_LINES, json!({ "id": gid, "after": after })).await?;
        let Some(page) = page.order else { return Ok(None) };
        order.line_items.append(page.line_items);
    }
    while let Some(after) = order.fulfillment_orders.next() {
        let page: OrderAnswer<wire::FulfilmentOrdersPage> =
            graphql.ask(documents::ORDER_FULFILMENT_ORDERS, json!({ "id": gid, "after": after })).await?;
        let Some(page) = page.order else { return Ok(None) };
        order.fulfillment_orders.append(page.fulfillment_orders);
    }
    for fulfilment_order in &mut order.fulfillment_orders.nodes {
        while let Some(after) = fulfilment_order.line_items.next() {
            let variables = json!({ "id": fulfilment_order.id, "after": after });
            let page: wire::FulfilmentOrderAnswer = graphql.ask(documents::FULFILMENT_ORDER_LINES, variables).await?;
            let Some(page) = page.fulfillment_order else { break };
            fulfilment_order.line_items.append(page.line_items);
        }
    }
    Ok(Some(order))
}
