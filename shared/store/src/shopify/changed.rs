//! What changed, for the sweep: a page of ids, then each order whole.

use domain::Timestamp;
use domain::provider::Trouble;
use domain::subject::OrderId;
use serde_json::json;

use super::graphql::Graphql;
use super::order::broken;
use super::{documents, read, wire};
use crate::{Change, Page};

/// One page of the orders that changed at or after `since`, by the moment of their last change. An order that changes while we
/// walk moves to the end of the list, and is met again there.
pub(super) async fn changed(graphql: &Graphql, since: Timestamp, after: Option<&str>) -> Result<Page<Change>, Trouble> {
    let variables = json!({ "query": format!("updated_at:>='{since}'"), "after": after });
    let asked = graphql.ask(documents::CHANGED_ORDERS, variables).await;
    let answer: wire::OrdersAnswer<wire::ChangedOrder> = asked.map_err(Trouble::nothing_sent)?;
    let next = answer.orders.next();
    let mut items = Vec::with_capacity(answer.orders.nodes.len());
    for changed in answer.orders.nodes {
        let id = OrderId::parse(&changed.id).ok_or_else(|| broken(format!("{:?} is no order", changed.id)))?;
        let at = changed.updated_at.parse().map_err(broken)?;
        // Deleted since the page was made: nothing of it is missing.
        if let Some(order) = read::order(graphql, id).await.map_err(Trouble::nothing_sent)? {
            items.push(Change { order, at });
        }
    }
    Ok(Page { items, next })
}
