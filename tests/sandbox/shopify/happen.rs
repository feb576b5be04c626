//! What can happen to an order from outside Baton: bodies of `PUT /_sandbox/shopify/orders/<id>` (`?` optional) and the webhooks
//! they cause. `orders/updated` goes out too after a cancellation, edit, refund, fulfilment, payment or address.
//!
//! * `{"do":"cancel","reason"?:"customer","refund"?:false}` → `orders/cancelled` (+ `refunds/create`)
//! * `{"do":"edit","line_items"?:[{"id","quantity"}],"shipping_address"?:{…},"email"?,"note"?,"tags"?}` → `orders/edited`
//! * `{"do":"refund","line_items"?:[{"id","quantity"}],"amount"?:"12.00","restock"?:false,"note"?}`; neither lines nor
//!   amount: everything → `refunds/create`
//! * `{"do":"fulfil","tracking_number"?,"carrier"?,"tracking_url"?,"event"?:"delivered"}` → `fulfillments/create`
//!   (+ `fulfillment_events/create`)
//! * `{"do":"deliver_parcel","tracking_number"}` → `fulfillment_events/create`
//! * `{"do":"risk","level":"HIGH","provider"?:"an app's title","facts"?:[{"description","sentiment"?:"NEGATIVE"}]}` →
//!   `orders/risk_assessment_changed`
//! * `{"do":"attempt","status"?:"failure","error_code"?:"card_declined","gateway"?,"card"?:{"company","bin","last4"}}`: one more
//!   attempt to pay → `order_transactions/create`
//! * `{"do":"pay","gateway"?,"card"?}`: what is owed comes in → `orders/paid`
//! * `{"do":"dispute","kind"?:"inquiry"|"chargeback","reason"?,"status"?:"needs_response"}` → `disputes/create`;
//!   `{"do":"dispute","id","status":"won"}` → `disputes/update`
//! * `{"do":"address","address":{…},"which"?:"shipping"|"billing"}`: these keys of it change
//! * `{"do":"tags","add"?:[…],"remove"?:[…]}` → `orders/updated`

use super::changes::{self, Webhook, updated};
use super::money::Amount;
use super::order::{Order, Tracking};
use super::payments::{Attempt, Card, Dispute};
use super::risk::{self, Assessment, Fact, RiskLevel};
use super::{Shopify, payload, rest};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Change {
    Cancel {
        #[serde(default = "customer")]
        reason: String,
        #[serde(default)]
        refund: bool,
    },
    Edit {
        #[serde(default, alias = "lines")]
        line_items: Vec<LineQuantity>,
        shipping_address: Option<Map<String, Value>>,
        email: Option<String>,
        note: Option<String>,
        tags: Option<String>,
    },
    Refund {
        #[serde(alias = "lines")]
        line_items: Option<Vec<LineQuantity>>,
        amount: Option<Value>,
        #[serde(default)]
        restock: bool,
        note: Option<String>,
    },
    Fulfil {
        tracking_number: Option<String>,
        carrier: Option<String>,
        tracking_url: Option<String>,
        event: Option<String>,
    },
    Risk {
        level: String,
        provider: Option<String>,
        facts: Option<Vec<Fact>>,
    },
    DeliverParcel {
        tracking_number: String,
    },
    Attempt {
        #[serde(default = "failure")]
        status: String,
        error_code: Option<String>,
        gateway: Option<String>,
        card: Option<Card>,
    },
    Pay {
        gateway: Option<String>,
        card: Option<Card>,
    },
    Dispute {
        id: Option<u64>,
        kind: Option<String>,
        reason: Option<String>,
        status: Option<String>,
    },
    Address {
        address: Map<String, Value>,
        #[serde(default)]
        which: Which,
    },
    Tags {
        #[serde(default)]
        add: Vec<String>,
        #[serde(default)]
        remove: Vec<String>,
    },
}

/// One of an order's addresses.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Which {
    #[default]
    Shipping,
    Billing,
}

impl Which {
    fn key(self) -> &'static str {
        match self {
            Self::Shipping => "shipping_address",
            Self::Billing => "billing_address",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineQuantity {
    id: u64,
    quantity: u64,
}

fn customer() -> String {
    "customer".to_owned()
}

fn failure() -> String {
    "failure".to_owned()
}

/// Why a change did not happen.
pub(super) type Refused = (StatusCode, String);

fn bad(why: impl Into<String>) -> Refused {
    (StatusCode::BAD_REQUEST, why.into())
}

fn conflict(why: impl Into<String>) -> Refused {
    (StatusCode::CONFLICT, why.into())
}

/// Lets it happen; what the world hears of it.
pub(super) fn apply(shopify: &Shopify, order: &mut Order, change: Change) -> Result<Vec<Webhook>, Refused> {
    let ctx = &shopify.ctx;
    let pairs = |lines: Vec<LineQuantity>| lines.into_iter().map(|line| (line.id, line.quantity)).collect::<Vec<_>>();
    match change {
        Change::Cancel { reason, refund } => {
            if order.is_cancelled() {
                return Err(conflict("the order is cancelled already"));
            }
            Ok(changes::cancel(ctx, order, &reason, refund, true))
        }
        Change::Edit { line_items, shipping_address, email, note, tags } => {
            if let Some(line) = line_items.iter().find(|line| order.line(line.id).is_none()) {
                return Err(bad(format!("line_items: the order has no line {}", line.id)));
            }
            for (key, value) in [("email", email), ("note", note)] {
                if let Some(value) = value {
                    order.rest.insert(key.to_owned(), json!(value));
                }
            }
            if let Some(tags) = tags {
                order.tags = tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
            }
            if let Some(changed) = shipping_address {
                readdress(order, Which::Shipping, changed).map_err(bad)?;
            }
            Ok(changes::edit(ctx, order, &pairs(line_items)))
        }
        Change::Refund { line_items, amount, restock, note } => {
            let amount = match amount {
                None => None,
                Some(value) => {
                    let amount = Amount::from_json(&value);
                    Some(amount.ok_or_else(|| bad(format!("amount is not a decimal amount: {value}")))?)
                }
            };
            changes::refund(ctx, order, line_items.map(pairs), amount, restock, note.as_deref()).map_err(conflict)
        }
        Change::Fulfil { tracking_number, carrier, tracking_url, event } => {
            let tracking = Tracking {
                company: carrier,
                numbers: tracking_number.into_iter().collect(),
                urls: tracking_url.into_iter().collect(),
            };
            let wanted = order.open_wanted();
            let parcel = order.fulfil(ctx, &wanted, tracking, false).map_err(|error| conflict(error.message))?;
            let made = order.fulfillments.last().map(|made| rest::fulfillment(order, made)).unwrap_or_default();
            let mut webhooks = vec![("fulfillments/create", made), updated(order)];
            if let Some(event) = event {
                webhooks.extend(parcel_event(shopify, order, parcel, &event).map_err(bad)?);
            }
            Ok(webhooks)
        }
        Change::Risk { level, provider, facts } => {
            let level = RiskLevel::parse(&level).ok_or_else(|| bad(format!("level {level:?} is no risk level")))?;
            let usual = Assessment::shopifys(level);
            let assessment = Assessment { provider, facts: facts.unwrap_or(usual.facts), level };
            let body = risk::body(order, &assessment, &ctx.now_rfc3339());
            order.assess(assessment);
            order.touch(ctx);
            Ok(vec![("orders/risk_assessment_changed", body)])
        }
        Change::DeliverParcel { tracking_number } => {
            let parcel = order.fulfillments.iter().find(|parcel| parcel.tracking.numbers.contains(&tracking_number));
            let parcel =
                parcel.ok_or_else(|| conflict(format!("no parcel has the tracking number {tracking_number}")))?.id;
            Ok(parcel_event(shopify, order, parcel, "delivered").map_err(bad)?.into_iter().collect())
        }
        Change::Attempt { status, error_code, gateway, card } => {
            let status = choice(shopify, "OrderTransactionStatus", &status).map_err(bad)?;
            let error = error_code.map(|code| choice(shopify, "OrderTransactionErrorCode", &code)).transpose();
            let attempt = Attempt { status, gateway, error: error.map_err(bad)?, card };
            Ok(vec![("order_transactions/create", order.attempt(ctx, attempt))])
        }
        Change::Pay { gateway, card } => {
            order.pay(ctx, gateway, card).map_err(conflict)?;
            Ok(vec![("orders/paid", rest::order(order)), updated(order)])
        }
        Change::Dispute { id, kind, reason, status } => dispute(shopify, order, id, kind, reason, status),
        Change::Address { address, which } => {
            readdress(order, which, address).map_err(bad)?;
            order.touch(ctx);
            Ok(vec![updated(order)])
        }
        Change::Tags { add, remove } => {
            order.tags.retain(|known| !remove.contains(known) && !add.contains(known));
            order.tags.extend(add);
            order.touch(ctx);
            Ok(vec![updated(order)])
        }
    }
}

/// A value of one of GraphQL's enums, given in either case. An error is a sentence.
fn choice(shopify: &Shopify, name: &str, given: &str) -> Result<String, String> {
    let wanted = given.to_uppercase();
    match shopify.schema.get_enum(name) {
        Some(known) if !known.values.contains_key(wanted.as_str()) => Err(format!("{given:?} is no {name}")),
        _ => Ok(wanted),
    }
}

fn readdress(order: &mut Order, which: Which, changed: Map<String, Value>) -> Result<(), String> {
    let mut address = order.rest.get(which.key()).and_then(Value::as_object).cloned().unwrap_or_default();
    address.extend(changed);
    payload::check_country(which.key(), &address)?;
    order.rest.insert(which.key().to_owned(), Value::Object(address));
    Ok(())
}

/// A new dispute, or what became of a known one.
fn dispute(
    shopify: &Shopify,
    order: &mut Order,
    id: Option<u64>,
    kind: Option<String>,
    reason: Option<String>,
    status: Option<String>,
) -> Result<Vec<Webhook>, Refused> {
    let ctx = &shopify.ctx;
    let status = choice(shopify, "DisputeStatus", status.as_deref().unwrap_or("needs_response")).map_err(bad)?;
    let (topic, dispute) = match id {
        Some(id) => {
            let known = order.disputes.iter_mut().find(|known| known.id == id);
            let known = known.ok_or_else(|| conflict(format!("the order has no dispute {id}")))?;
            known.status = status;
            ("disputes/update", known.clone())
        }
        None => {
            let kind = choice(shopify, "DisputeType", kind.as_deref().unwrap_or("chargeback")).map_err(bad)?;
            let reason = reason.unwrap_or_else(|| "fraudulent".to_owned());
            let made = Dispute { id: ctx.next_id(), kind, status, reason, initiated_at: ctx.now_rfc3339() };
            order.disputes.push(made.clone());
            ("disputes/create", made)
        }
    };
    order.touch(ctx);
    Ok(vec![(topic, dispute.body(order))])
}

/// A carrier's event on one parcel. An error names the status that does not exist.
fn parcel_event(shopify: &Shopify, order: &mut Order, parcel: u64, status: &str) -> Result<Option<Webhook>, String> {
    const STATUSES: [&str; 11] = [
        "attempted_delivery",
        "carrier_picked_up",
        "confirmed",
        "delayed",
        "delivered",
        "failure",
        "in_transit",
        "label_printed",
        "label_purchased",
        "out_for_delivery",
        "ready_for_pickup",
    ];
    if !STATUSES.contains(&status) {
        return Err(format!("event {status:?} is none of {}", STATUSES.join(", ")));
    }
    order.add_event(&shopify.ctx, parcel, &status.to_uppercase(), &Map::new());
    let known = order.fulfillments.iter().find(|known| known.id == parcel);
    Ok(known.and_then(|known| Some(("fulfillment_events/create", rest::event(order, known, known.events.last()?)))))
}
