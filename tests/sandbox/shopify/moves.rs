//! What can happen to an order's fulfilments: sent, tracked, held, released. Refusals are in Shopify's words where those are
//! known (`Invalid fulfillment order line item quantity requested.`), else in ours.

use super::order::{Event, Fulfillment, FulfillmentLine, FulfillmentOrder, Hold, Order, Tracking, is_third_party};
use crate::Ctx;
use serde_json::{Map, Value, json};

/// GraphQL's `userErrors` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    pub field: Vec<&'static str>,
    pub message: String,
    pub code: Option<&'static str>,
}

impl UserError {
    pub fn new(field: &[&'static str], message: impl Into<String>) -> Self {
        Self { field: field.to_vec(), message: message.into(), code: None }
    }

    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub fn graphql(&self) -> Value {
        let field = if self.field.is_empty() { Value::Null } else { json!(self.field) };
        json!({"field": field, "message": self.message, "code": self.code})
    }
}

/// What to send of one fulfilment order: its id, and `(line, quantity)` or everything that remains.
pub type Wanted = (u64, Option<Vec<(u64, u64)>>);

const QUANTITY: &str = "Invalid fulfillment order line item quantity requested.";
/// Holds one app may have on one fulfilment order.
const HOLDS: usize = 10;

impl Order {
    fn fulfillment_order_mut(&mut self, id: u64) -> Option<&mut FulfillmentOrder> {
        self.fulfillment_orders.iter_mut().find(|group| group.id == id)
    }

    /// `fulfillmentCreate`: nothing changes unless all of it is possible. Returns the new fulfilment's id.
    pub fn fulfil(&mut self, ctx: &Ctx, wanted: &[Wanted], tracking: Tracking, notify: bool) -> Result<u64, UserError> {
        let refuse = |message: String| UserError::new(&["fulfillment"], message);
        let mut sent = Vec::new();
        let mut service: Option<&str> = None;
        for (id, lines) in wanted {
            let group = self.fulfillment_orders.iter().find(|group| group.id == *id);
            let group = group.ok_or_else(|| refuse("Fulfillment order does not exist.".to_owned()))?;
            if !matches!(group.status, "OPEN" | "IN_PROGRESS") {
                let status = group.status.to_lowercase();
                return Err(refuse(format!("Fulfillment order {id} has an unfulfillable status= {status}.")));
            }
            if service.is_some_and(|service| service != group.service) {
                return Err(refuse("All fulfillment orders must be assigned to the same location.".to_owned()));
            }
            service = Some(&group.service);
            let all =
                || group.lines.iter().filter(|line| line.remaining > 0).map(|line| (line.id, line.remaining)).collect();
            for (line, quantity) in lines.clone().unwrap_or_else(all) {
                let known = group.lines.iter().find(|known| known.id == line);
                let known = known.ok_or_else(|| refuse("Fulfillment order line item does not exist.".to_owned()))?;
                let before: u64 = sent
                    .iter()
                    .filter(|(_, id, _, _)| *id == line)
                    .map(|(_, _, _, quantity): &(u64, u64, u64, u64)| quantity)
                    .sum();
                if quantity == 0 || quantity + before > known.remaining {
                    return Err(refuse(QUANTITY.to_owned()));
                }
                sent.push((*id, line, known.line, quantity));
            }
        }
        if sent.is_empty() {
            return Err(refuse(QUANTITY.to_owned()));
        }
        let now = ctx.now_rfc3339();
        let fulfillment = Fulfillment {
            id: ctx.next_id(),
            name: format!("{}-F{}", self.name(), self.fulfillments.len() + 1),
            created_at: now.clone(),
            updated_at: now.clone(),
            service: service.unwrap_or_default().to_owned(),
            tracking,
            lines: sent
                .iter()
                .map(|(_, _, line, quantity)| FulfillmentLine { id: ctx.next_id(), line: *line, quantity: *quantity })
                .collect(),
            fulfillment_orders: wanted.iter().map(|(id, _)| *id).collect(),
            events: Vec::new(),
        };
        for (group, line, _, quantity) in &sent {
            let Some(group) = self.fulfillment_order_mut(*group) else {
                continue;
            };
            for known in group.lines.iter_mut().filter(|known| known.id == *line) {
                known.remaining -= quantity;
            }
            group.status = if group.lines.iter().all(|line| line.remaining == 0) { "CLOSED" } else { "IN_PROGRESS" };
            group.updated_at.clone_from(&now);
        }
        let id = fulfillment.id;
        self.fulfillments.push(fulfillment);
        self.notify(ctx, notify, "shipping_confirmation", id);
        self.touch(ctx);
        Ok(id)
    }

    /// The store's own mail to the customer, when `notifyCustomer` asks for it.
    pub fn notify(&mut self, ctx: &Ctx, notify: bool, kind: &str, fulfillment: u64) {
        if notify {
            let notice = json!({"kind": kind, "fulfillment": fulfillment, "time": ctx.now_rfc3339()});
            self.notifications.push(notice);
        }
    }

    /// `fulfillmentTrackingInfoUpdate`; false where the order has no such fulfilment.
    pub fn track(&mut self, ctx: &Ctx, fulfillment: u64, tracking: Tracking, notify: bool) -> bool {
        let Some(known) = self.fulfillments.iter_mut().find(|known| known.id == fulfillment) else {
            return false;
        };
        known.tracking = tracking;
        known.updated_at = ctx.now_rfc3339();
        self.notify(ctx, notify, "shipping_update", fulfillment);
        self.touch(ctx);
        true
    }

    /// `fulfillmentEventCreate`; returns the event's id.
    pub fn add_event(
        &mut self,
        ctx: &Ctx,
        fulfillment: u64,
        status: &str,
        details: &Map<String, Value>,
    ) -> Option<u64> {
        let known = self.fulfillments.iter_mut().find(|known| known.id == fulfillment)?;
        let now = ctx.now_rfc3339();
        let text = |key: &str| details.get(key).and_then(Value::as_str).map(str::to_owned);
        let event = Event {
            id: ctx.next_id(),
            status: status.to_owned(),
            message: text("message"),
            happened_at: text("happenedAt").unwrap_or_else(|| now.clone()),
            created_at: now.clone(),
            place: ["address1", "city", "province", "country", "zip", "estimatedDeliveryAt"]
                .into_iter()
                .filter_map(|key| Some((key.to_owned(), details.get(key)?.clone())))
                .collect(),
        };
        let id = event.id;
        known.events.push(event);
        known.updated_at = now;
        Some(id)
    }

    /// `fulfillmentOrderHold` on the whole fulfilment order; returns the hold's id.
    pub fn hold(&mut self, ctx: &Ctx, fulfillment_order: u64, hold: Hold) -> Result<u64, UserError> {
        let not_found =
            UserError::new(&["id"], "Fulfillment order does not exist.").code("FULFILLMENT_ORDER_NOT_FOUND");
        let group = self.fulfillment_order_mut(fulfillment_order).ok_or(not_found)?;
        if !matches!(group.status, "OPEN" | "ON_HOLD") {
            let status = group.status.to_lowercase();
            return Err(UserError::new(
                &["id"],
                format!("A fulfillment order with the status {status} cannot be held."),
            ));
        }
        if group.holds.iter().any(|known| known.handle == hold.handle) {
            let message = "The handle provided for the fulfillment hold is already in use by this app for another hold on this fulfillment order.";
            return Err(
                UserError::new(&["fulfillmentHold", "handle"], message).code("DUPLICATE_FULFILLMENT_HOLD_HANDLE")
            );
        }
        if group.holds.len() >= HOLDS {
            let message = format!("This app has already put {HOLDS} holds on this fulfillment order.");
            return Err(UserError::new(&["id"], message).code("FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"));
        }
        let id = ctx.next_id();
        group.holds.push(Hold { id, ..hold });
        group.status = "ON_HOLD";
        group.updated_at = ctx.now_rfc3339();
        self.touch(ctx);
        Ok(id)
    }

    /// `fulfillmentOrderReleaseHold`: the given holds, or all of them.
    pub fn release(&mut self, ctx: &Ctx, fulfillment_order: u64, holds: Option<&[u64]>) -> Result<(), UserError> {
        let not_found =
            UserError::new(&["id"], "Fulfillment order does not exist.").code("FULFILLMENT_ORDER_NOT_FOUND");
        let group = self.fulfillment_order_mut(fulfillment_order).ok_or(not_found)?;
        group.holds.retain(|hold| holds.is_some_and(|ids| !ids.contains(&hold.id)));
        if group.holds.is_empty() && group.status == "ON_HOLD" {
            group.status = "OPEN";
        }
        group.updated_at = ctx.now_rfc3339();
        self.touch(ctx);
        Ok(())
    }

    /// Takes `quantity` of a line out of what is still to be fulfilled, as a refund or an edit does.
    pub fn withdraw(&mut self, line: u64, mut quantity: u64) {
        for group in &mut self.fulfillment_orders {
            for known in group.lines.iter_mut().filter(|known| known.line == line) {
                let less = quantity.min(known.remaining);
                known.remaining -= less;
                known.total -= less;
                quantity -= less;
            }
            if group.status != "CLOSED" && group.lines.iter().all(|line| line.remaining == 0) {
                group.status = "CLOSED";
                group.holds.clear();
            }
        }
    }

    /// Everything that remains and can be sent by the merchant, one entry for each fulfilment order of the service
    /// that has most of it first.
    pub fn open_wanted(&self) -> Vec<Wanted> {
        let open = |group: &&FulfillmentOrder| matches!(group.status, "OPEN" | "IN_PROGRESS");
        let groups: Vec<&FulfillmentOrder> = self.fulfillment_orders.iter().filter(open).collect();
        let first = groups.iter().find(|group| !is_third_party(&group.service)).or(groups.first());
        let Some(service) = first.map(|group| group.service.clone()) else {
            return Vec::new();
        };
        groups.iter().filter(|group| group.service == service).map(|group| (group.id, None)).collect()
    }
}
