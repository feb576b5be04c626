//! An order cancelled and refunded, on a person's decision.

use domain::decision::Refusal;
use domain::order::{Order, Payment, Risk};
use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::{Value, json};

use super::graphql::Graphql;
use super::wire::{Named, OrderAnswer, UserError, refused};
use super::{documents, number_of};

/// What stands for Shopify's job where the order was cancelled before we asked.
const CANCELLED_ALREADY: &str = "cancelled already";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    order_cancel: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    job: Option<Named>,
    order_cancel_user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    cancelled_at: Option<String>,
}

/// What is cancelled, and how.
pub(super) struct Cancellation<'a> {
    pub order: &'a Order,
    /// Shopify's word.
    pub reason: &'static str,
    /// The money goes back the way it came.
    pub refund: bool,
    /// Shopify tells the customer.
    pub notify: bool,
    /// For whoever looks at the order in Shopify; at most 255 characters.
    pub note: String,
}

/// Refuses the order. The customer hears of it from the store, which names the refund.
pub(super) async fn refuse(graphql: &Graphql, order: &Order, decision: &Refusal) -> Result<String, Trouble> {
    let reason = reason(order);
    let note = format!("Refused by the owner, decision {}", decision.id());
    cancel(graphql, Cancellation { order, reason, refund: true, notify: true, note }).await
}

fn reason(order: &Order) -> &'static str {
    match order.payment {
        _ if order.risk == Risk::High => "FRAUD",
        Payment::Voided | Payment::Expired | Payment::Pending | Payment::Authorized => "DECLINED",
        _ => "OTHER",
    }
}

/// Asks Shopify to cancel: it does so in a job of its own, whose number is the answer. An order that is cancelled is a yes.
pub(super) async fn cancel(graphql: &Graphql, what: Cancellation<'_>) -> Result<String, Trouble> {
    let order = what.order;
    if order.cancelled {
        return Ok(CANCELLED_ALREADY.to_owned());
    }
    let refund = if what.refund { json!({ "originalPaymentMethodsRefund": true }) } else { Value::Null };
    let note: String = what.note.chars().take(255).collect();
    let variables = json!({
        "id": order.gid, "reason": what.reason, "refund": refund, "restock": false, "notify": what.notify, "note": note,
    });
    let answer: Answer = graphql.ask(documents::CANCEL, variables).await?;
    let Some(payload) = answer.order_cancel else {
        return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
    };
    if !payload.order_cancel_user_errors.is_empty() {
        // Its words for "cancelled already" are nowhere promised; the order itself tells.
        return match is_cancelled(graphql, order).await? {
            true => Ok(CANCELLED_ALREADY.to_owned()),
            false => Err(refused(&payload.order_cancel_user_errors)),
        };
    }
    match payload.job {
        Some(job) => Ok(number_of(&job.id)),
        None => Err(Trouble::NoAnswer { why: "it answered without a job".to_owned() }),
    }
}

async fn is_cancelled(graphql: &Graphql, order: &Order) -> Result<bool, Trouble> {
    let asked = graphql.ask(documents::CANCELLED, json!({ "id": order.gid })).await;
    let answer: OrderAnswer<Cancelled> = asked.map_err(Trouble::nothing_sent)?;
    Ok(answer.order.is_some_and(|order| order.cancelled_at.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_what_the_order_shows() {
        let order = |risk, payment| Order { risk, payment, ..domain::fixture::order().unwrap() };
        assert_eq!(reason(&order(Risk::High, Payment::Paid)), "FRAUD");
        assert_eq!(reason(&order(Risk::Low, Payment::Voided)), "DECLINED");
        assert_eq!(reason(&order(Risk::Low, Payment::Paid)), "OTHER");
    }
}
