//! Shopify's Admin GraphQL API.

mod graphql;
mod order;
mod wire;

use domain::order::Order;
use domain::parcel::{Contents, Tracking};
use domain::provider::Trouble;
use domain::subject::OrderId;
use lambda::config::StoreSection;
use lambda::{Secrets, secrets::SecretsError};
use serde_json::json;

use crate::{ReadOrder, WriteFulfilment};
use graphql::Graphql;

/// The name of Shopify's secret: the Admin API access token.
pub const ADMIN_TOKEN: &str = "call/shopify/admin-token";

/// Every GraphQL document we send, by name; a test checks each against the published schema.
pub const QUERIES: &[(&str, &str)] = &[
    ("order", ORDER),
    ("order_lines", ORDER_LINES),
    ("order_fulfilment_orders", ORDER_FULFILMENT_ORDERS),
    ("fulfilment_order_lines", FULFILMENT_ORDER_LINES),
    ("fulfil", FULFIL),
];

const ORDER: &str = include_str!("queries/order.graphql");
const ORDER_LINES: &str = include_str!("queries/order_lines.graphql");
const ORDER_FULFILMENT_ORDERS: &str = include_str!("queries/order_fulfilment_orders.graphql");
const FULFILMENT_ORDER_LINES: &str = include_str!("queries/fulfilment_order_lines.graphql");
const FULFIL: &str = include_str!("queries/fulfil.graphql");

/// One Shopify store.
#[derive(Debug, Clone)]
pub struct Shopify {
    graphql: Graphql,
}

impl Shopify {
    /// The store of `section`, with the access token among `secrets`.
    pub fn new(section: &StoreSection, secrets: &Secrets, http: reqwest::Client) -> Result<Self, SecretsError> {
        let base = section.base_url.trim_end_matches('/');
        let url = format!("{base}/admin/api/{}/graphql.json", section.api_version);
        Ok(Self { graphql: Graphql::new(url, secrets.get(ADMIN_TOKEN)?, http) })
    }

    /// The order with every page of its lines and fulfilment orders.
    async fn whole_order(&self, id: OrderId) -> Result<Option<wire::Order>, Trouble> {
        let gid = format!("gid://shopify/Order/{id}");
        let answer: wire::OrderAnswer<wire::Order> = self.graphql.ask(ORDER, json!({ "id": gid })).await?;
        let Some(mut order) = answer.order else { return Ok(None) };
        while let Some(after) = order.line_items.next() {
            let page: wire::OrderAnswer<wire::LinesPage> =
                self.graphql.ask(ORDER_LINES, json!({ "id": gid, "after": after })).await?;
            let Some(page) = page.order else { return Ok(None) };
            order.line_items.append(page.line_items);
        }
        while let Some(after) = order.fulfillment_orders.next() {
            let page: wire::OrderAnswer<wire::FulfilmentOrdersPage> =
                self.graphql.ask(ORDER_FULFILMENT_ORDERS, json!({ "id": gid, "after": after })).await?;
            let Some(page) = page.order else { return Ok(None) };
            order.fulfillment_orders.append(page.fulfillment_orders);
        }
        for fulfilment_order in &mut order.fulfillment_orders.nodes {
            while let Some(after) = fulfilment_order.line_items.next() {
                let variables = json!({ "id": fulfilment_order.id, "after": after });
                let page: wire::FulfilmentOrderAnswer = self.graphql.ask(FULFILMENT_ORDER_LINES, variables).await?;
                let Some(page) = page.fulfillment_order else { break };
                fulfilment_order.line_items.append(page.line_items);
            }
        }
        Ok(Some(order))
    }
}

impl ReadOrder for Shopify {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, Trouble> {
        match self.whole_order(id).await? {
            Some(order) => order::translate(id, order).map(Some),
            None => Ok(None),
        }
    }
}

impl WriteFulfilment for Shopify {
    async fn fulfil(&self, contents: &Contents, tracking: Option<&Tracking>) -> Result<String, Trouble> {
        let by_order: Vec<_> = contents
            .iter()
            .map(|(id, lines)| {
                let lines: Vec<_> =
                    lines.iter().map(|line| json!({ "id": line.id, "quantity": line.quantity })).collect();
                json!({ "fulfillmentOrderId": id, "fulfillmentOrderLineItems": lines })
            })
            .collect();
        let mut fulfilment = json!({ "lineItemsByFulfillmentOrder": by_order, "notifyCustomer": false });
        if let Some(tracking) = tracking {
            fulfilment["trackingInfo"] = json!({ "number": tracking.number });
            if let Some(carrier) = &tracking.carrier {
                fulfilment["trackingInfo"]["company"] = json!(carrier);
            }
            if let Some(url) = &tracking.url {
                fulfilment["trackingInfo"]["url"] = json!(url);
            }
        }
        let answer: wire::FulfilAnswer = self.graphql.ask(FULFIL, json!({ "fulfillment": fulfilment })).await?;
        let Some(result) = answer.fulfillment_create else {
            return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
        };
        if !result.user_errors.is_empty() {
            let why: Vec<_> = result.user_errors.into_iter().map(|error| error.message).collect();
            return Err(Trouble::Refused { why: why.join("; ") });
        }
        match result.fulfillment {
            Some(fulfilment) => Ok(order::number_of(&fulfilment.id)),
            None => Err(Trouble::NoAnswer { why: "it answered without a fulfilment".to_owned() }),
        }
    }
}
