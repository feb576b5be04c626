//! An order kept from being fulfilled at the platform, and let go again.
//!
//! A hold's handle is its idempotency key: Shopify refuses a second one under it on the same fulfilment order, and that
//! refusal is a yes. So a crash between two fulfilment orders is mended by doing it again.

use domain::order::{FulfilmentOrder, Order, Risk};
use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::json;

use super::documents;
use super::graphql::Graphql;
use super::wire::{UserError, refused};

/// Shopify's reason notes are shown in its admin; a longer one is cut.
const LONGEST_NOTE: usize = 255;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HoldAnswer {
    fulfillment_order_hold: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseAnswer {
    fulfillment_order_release_hold: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    user_errors: Vec<UserError>,
}

/// Whether something of it could still be fulfilled, were it not held.
fn unfinished(fulfilment_order: &FulfilmentOrder) -> bool {
    let remains = fulfilment_order.lines.iter().any(|line| line.remaining > 0);
    remains && (fulfilment_order.open || !fulfilment_order.holds.is_empty())
}

/// Holds everything of the order that is unfinished.
pub(super) async fn hold(graphql: &Graphql, order: &Order, handle: &str, note: &str) -> Result<(), Trouble> {
    let ours = |held: &FulfilmentOrder| held.holds.iter().any(|hold| hold.handle.as_deref() == Some(handle));
    let open = order.fulfilment_orders.iter().filter(|one| unfinished(one) && !ours(one));
    let reason = if order.risk == Risk::High { "HIGH_RISK_OF_FRAUD" } else { "OTHER" };
    let note: String = note.chars().take(LONGEST_NOTE).collect();
    for fulfilment_order in open {
        let hold = json!({ "reason": reason, "reasonNotes": note, "handle": handle, "notifyMerchant": false });
        let variables = json!({ "id": fulfilment_order.id, "hold": hold });
        let answer: HoldAnswer = graphql.ask(documents::HOLD, variables).await?;
        let Some(payload) = answer.fulfillment_order_hold else {
            return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
        };
        let no: Vec<UserError> = payload
            .user_errors
            .into_iter()
            .filter(|error| error.code.as_deref() != Some("DUPLICATE_FULFILLMENT_HOLD_HANDLE"))
            .collect();
        if !no.is_empty() {
            return Err(refused(&no));
        }
    }
    Ok(())
}

/// Lifts the holds of that handle, and no other.
pub(super) async fn release(graphql: &Graphql, order: &Order, handle: &str) -> Result<(), Trouble> {
    for fulfilment_order in &order.fulfilment_orders {
        let ours = fulfilment_order.holds.iter().filter(|hold| hold.handle.as_deref() == Some(handle));
        let ids: Vec<&str> = ours.map(|hold| hold.id.as_str()).collect();
        // Without ids Shopify would lift every hold it lets us lift.
        if ids.is_empty() {
            continue;
        }
        let variables = json!({ "id": fulfilment_order.id, "holds": ids });
        let answer: ReleaseAnswer = graphql.ask(documents::RELEASE_HOLD, variables).await?;
        let Some(payload) = answer.fulfillment_order_release_hold else {
            return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
        };
        if !payload.user_errors.is_empty() {
            return Err(refused(&payload.user_errors));
        }
    }
    Ok(())
}
