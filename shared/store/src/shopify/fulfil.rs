//! A parcel written to the store.

use domain::parcel::{Contents, Tracking};
use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::json;

use super::graphql::Graphql;
use super::wire::{Named, UserError, refused};
use super::{documents, number_of};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    fulfillment_create: Option<Created>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    fulfillment: Option<Named>,
    user_errors: Vec<UserError>,
}

/// Marks these contents as fulfilled; the fulfilment's number.
pub(super) async fn fulfil(
    graphql: &Graphql,
    contents: &Contents,
    tracking: Option<&Tracking>,
) -> Result<String, Trouble> {
    let by_order: Vec<_> = contents
        .iter()
        .map(|(id, lines)| {
            let lines: Vec<_> = lines.iter().map(|line| json!({ "id": line.id, "quantity": line.quantity })).collect();
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
    let answer: Answer = graphql.ask(documents::FULFIL, json!({ "fulfillment": fulfilment })).await?;
    let Some(created) = answer.fulfillment_create else {
        return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
    };
    if !created.user_errors.is_empty() {
        return Err(refused(&created.user_errors));
    }
    match created.fulfillment {
        Some(fulfilment) => Ok(number_of(&fulfilment.id)),
        None => Err(Trouble::NoAnswer { why: "it answered without a fulfilment".to_owned() }),
    }
}
