//! The store's orders and what belongs to them.

use super::payload::{count, lines, lines_mut};
use super::payments::{self, Dispute, Transaction};
use super::risk::{Assessment, RiskLevel};
use crate::Ctx;
use serde_json::{Map, Value, json};

/// One order.
#[derive(Clone, Debug)]
pub struct Order {
    /// REST's `id`.
    pub id: u64,
    /// The number in `admin_graphql_api_id` where it differs, as in documents whose ids a JSON library has rounded.
    pub alias: Option<u64>,
    /// The payload as the store has it now, without `fulfillments` and `transactions`.
    pub rest: Map<String, Value>,
    pub assessments: Vec<Assessment>,
    pub transactions: Vec<Transaction>,
    pub disputes: Vec<Dispute>,
    pub tags: Vec<String>,
    pub fulfillment_orders: Vec<FulfillmentOrder>,
    pub fulfillments: Vec<Fulfillment>,
    pub metafields: Vec<Metafield>,
    /// Mails the store itself would have sent: `{"kind", "fulfillment"?, "time"}`.
    pub notifications: Vec<Value>,
}

/// Lines that are made and sent from one place.
#[derive(Clone, Debug)]
pub struct FulfillmentOrder {
    pub id: u64,
    /// `OPEN`, `IN_PROGRESS`, `ON_HOLD`, `CLOSED`.
    pub status: &'static str,
    pub request_status: &'static str,
    /// Handle of the fulfilment service, `manual` for the merchant's own.
    pub service: String,
    /// False for lines that nobody ships (`deliveryMethod.methodType` is then `NONE`).
    pub requires_shipping: bool,
    pub created_at: String,
    pub updated_at: String,
    pub lines: Vec<FulfillmentOrderLine>,
    pub holds: Vec<Hold>,
}

#[derive(Clone, Debug)]
pub struct FulfillmentOrderLine {
    pub id: u64,
    /// REST's id of the order's line.
    pub line: u64,
    pub total: u64,
    pub remaining: u64,
}

#[derive(Clone, Debug)]
pub struct Hold {
    pub id: u64,
    /// `FulfillmentHoldReason`.
    pub reason: String,
    pub notes: Option<String>,
    pub handle: String,
    pub external_id: Option<String>,
}

/// A parcel.
#[derive(Clone, Debug)]
pub struct Fulfillment {
    pub id: u64,
    /// `#1001-F1`.
    pub name: String,
    pub created_at: String,
    pub updated_at: String,
    pub service: String,
    pub tracking: Tracking,
    pub lines: Vec<FulfillmentLine>,
    pub fulfillment_orders: Vec<u64>,
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, Default)]
pub struct Tracking {
    pub company: Option<String>,
    pub numbers: Vec<String>,
    pub urls: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct FulfillmentLine {
    pub id: u64,
    pub line: u64,
    pub quantity: u64,
}

/// Something that happened to a parcel.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: u64,
    /// `FulfillmentEventStatus`, `DELIVERED`.
    pub status: String,
    pub message: Option<String>,
    pub happened_at: String,
    pub created_at: String,
    /// `city`, `province`, `country`, `zip`, `address1`, `estimatedDeliveryAt`, as the caller gave them.
    pub place: Map<String, Value>,
}

#[derive(Clone, Debug)]
pub struct Metafield {
    pub id: u64,
    pub namespace: String,
    pub key: String,
    pub kind: String,
    pub value: String,
    pub updated_at: String,
}

/// The merchant's own service.
pub const MANUAL: &str = "manual";
/// Shopify's own service for gift cards.
pub const GIFT_CARD: &str = "gift_card";

impl Order {
    /// A new order with its fulfilment orders. Lines of one service stand together; lines that nobody ships get a
    /// fulfilment order of their own, as Shopify makes one with the delivery method `NONE`. A service other than the
    /// merchant's or Shopify's is taken to have been asked already: `SUBMITTED`.
    pub fn new(ctx: &Ctx, id: u64, mut rest: Map<String, Value>, risk: RiskLevel) -> Self {
        let alias = rest.get("admin_graphql_api_id").and_then(Value::as_str).and_then(|gid| gid_number(gid, "Order"));
        let tags = rest.get("tags").and_then(Value::as_str).unwrap_or_default();
        let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
        let mut order = Self {
            id,
            alias: alias.filter(|alias| *alias != id),
            assessments: vec![Assessment::shopifys(risk)],
            transactions: payments::of_payload(ctx, &mut rest),
            disputes: Vec::new(),
            tags,
            fulfillment_orders: Vec::new(),
            fulfillments: Vec::new(),
            metafields: Vec::new(),
            notifications: Vec::new(),
            rest,
        };
        let now = ctx.now_rfc3339();
        let cancelled = order.is_cancelled();
        let mut groups: Vec<FulfillmentOrder> = Vec::new();
        for line in lines(&order.rest) {
            let (Some(id), Some(quantity)) = (count(line, "id"), count(line, "current_quantity")) else {
                continue;
            };
            if quantity == 0 {
                continue;
            }
            let service = service_of(line);
            let requires_shipping = line.get("requires_shipping").and_then(Value::as_bool).unwrap_or(true);
            let line = FulfillmentOrderLine {
                id: ctx.next_id(),
                line: id,
                total: quantity,
                remaining: if cancelled { 0 } else { quantity },
            };
            let group = groups
                .iter_mut()
                .find(|group| group.service == service && group.requires_shipping == requires_shipping);
            match group {
                Some(group) => group.lines.push(line),
                None => groups.push(FulfillmentOrder {
                    id: ctx.next_id(),
                    status: if cancelled { "CLOSED" } else { "OPEN" },
                    request_status: if is_third_party(&service) { "SUBMITTED" } else { "UNSUBMITTED" },
                    service,
                    requires_shipping,
                    created_at: now.clone(),
                    updated_at: now.clone(),
                    lines: vec![line],
                    holds: Vec::new(),
                }),
            }
        }
        order.fulfillment_orders = groups;
        order
    }

    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.rest.get(key).and_then(Value::as_str)
    }

    /// The number of the customer.
    pub fn customer(&self) -> Option<u64> {
        super::view_parts::number(self.rest.get("customer")?.get("id"))
    }

    pub fn is_cancelled(&self) -> bool {
        self.text("cancelled_at").is_some()
    }

    /// One of the order's lines.
    pub fn line(&self, id: u64) -> Option<&Map<String, Value>> {
        lines(&self.rest).find(|line| count(line, "id") == Some(id))
    }

    /// How many of a line are still to be fulfilled.
    pub fn unfulfilled(&self, line: u64) -> u64 {
        let lines = self.fulfillment_orders.iter().flat_map(|group| &group.lines);
        lines.filter(|other| other.line == line).map(|other| other.remaining).sum()
    }

    /// How many of a line went out.
    pub fn fulfilled(&self, line: u64) -> u64 {
        let lines = self.fulfillments.iter().flat_map(|fulfillment| &fulfillment.lines);
        lines.filter(|other| other.line == line).map(|other| other.quantity).sum()
    }

    /// Something changed: `updated_at` and what REST derives from the fulfilments.
    pub fn touch(&mut self, ctx: &Ctx) {
        self.rest.insert("updated_at".to_owned(), json!(ctx.now_rfc3339()));
        let status = self.fulfillment_status();
        self.rest.insert("fulfillment_status".to_owned(), json!(status));
        self.rest.insert("tags".to_owned(), json!(self.tags.join(", ")));
        let by_line: Vec<(u64, u64, u64)> = lines(&self.rest)
            .filter_map(|line| count(line, "id"))
            .map(|id| (id, self.unfulfilled(id), self.fulfilled(id)))
            .collect();
        for (line, (_, open, sent)) in lines_mut(&mut self.rest).zip(by_line) {
            line.insert("fulfillable_quantity".to_owned(), json!(open));
            let status = match (open, sent) {
                (_, 0) => None,
                (0, _) => Some("fulfilled"),
                _ => Some("partial"),
            };
            line.insert("fulfillment_status".to_owned(), json!(status));
        }
    }

    /// REST's `fulfillment_status`: null, `partial`, `fulfilled`.
    pub fn fulfillment_status(&self) -> Option<&'static str> {
        let open = self.fulfillment_orders.iter().flat_map(|group| &group.lines).any(|line| line.remaining > 0);
        match (self.fulfillments.is_empty(), open) {
            (true, _) => None,
            (false, true) => Some("partial"),
            (false, false) => Some("fulfilled"),
        }
    }
}

/// The handle of a line's fulfilment service.
pub fn service_of(line: &Map<String, Value>) -> String {
    let service = line.get("fulfillment_service").and_then(Value::as_str).filter(|service| !service.is_empty());
    let gift_card = line.get("gift_card").and_then(Value::as_bool).unwrap_or(false);
    service.unwrap_or(if gift_card { GIFT_CARD } else { MANUAL }).to_owned()
}

pub fn is_third_party(service: &str) -> bool {
    service != MANUAL && service != GIFT_CARD
}

/// `gid://shopify/Order/1`.
pub fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// The number of a gid of this kind, a query string after it ignored.
pub fn gid_number(gid: &str, kind: &str) -> Option<u64> {
    let rest = gid.strip_prefix("gid://shopify/")?.strip_prefix(kind)?.strip_prefix('/')?;
    rest.split('?').next()?.parse().ok()
}

/// The gid of one of the order's lines.
pub fn line_gid(line: &Map<String, Value>) -> String {
    let given = line.get("admin_graphql_api_id").and_then(Value::as_str);
    match given.filter(|gid| gid_number(gid, "LineItem").is_some()) {
        Some(gid) => gid.to_owned(),
        None => gid("LineItem", count(line, "id").unwrap_or(0)),
    }
}
