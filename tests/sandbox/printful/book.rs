//! The partner's orders and what the API does to them. Every change leaves its webhooks in the outbox.

use super::answer::Refusal;
use super::order::{Item, Order, Shipment, Status};
use super::webhooks::{self, About};
use crate::partners::shelf::Shelf;
use crate::{Ctx, clock};
use serde_json::{Map, Value, json};

/// How a request names an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Id(u64),
    /// Given as `@<external id>`.
    External(String),
}

/// All of it; emptied by a reset.
pub(crate) struct Book {
    pub(super) ctx: Ctx,
    pub(super) store: u64,
    /// In order of arrival.
    pub(super) orders: Vec<Order>,
    pub(super) shelf: Shelf,
    /// Whether webhooks go out.
    pub(super) speaks: bool,
    pub(super) autopilot: bool,
    /// `{"url","types","params"}` of the v1 webhook API; kept, never delivered to.
    pub(super) webhooks_v1: Value,
    /// Type and body of webhooks to be sent.
    pub(super) outbox: Vec<(&'static str, Value)>,
    counter: u64,
}

/// Ids are counters, so that a run can be compared with another.
const FIRST_ID: u64 = 100_000_000;

impl Book {
    pub fn new(ctx: Ctx, store: u64) -> Self {
        let (autopilot, variants) = (ctx.config.autopilot.on, &ctx.config.printful.variants);
        Self {
            store,
            orders: Vec::new(),
            shelf: Shelf::new(variants.iter().map(u64::to_string)),
            speaks: true,
            autopilot,
            ctx: ctx.clone(),
            webhooks_v1: json!({"url": null, "types": [], "params": {}}),
            outbox: Vec::new(),
            counter: FIRST_ID,
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub fn find(&self, key: &Key) -> Option<usize> {
        self.orders.iter().position(|order| match key {
            Key::Id(id) => order.id == *id,
            Key::External(id) => order.external_id.as_ref() == Some(id),
        })
    }

    /// Notes a change of the order at `index`: its time, its webhook, and the `order_updated` that goes with each.
    pub(super) fn changed(&mut self, index: usize, kind: &'static str, about: About<'_>) {
        let now = self.ctx.now().as_second();
        let Some(order) = self.orders.get_mut(index) else {
            return;
        };
        order.updated = now;
        order.moved_ms = clock::epoch_millis();
        let body = webhooks::body(kind, order, about);
        self.outbox.push((kind, body));
        if kind != "order_updated" && kind != "order_created" {
            let body = webhooks::body("order_updated", order, About::Order);
            self.outbox.push(("order_updated", body));
        }
    }

    /// `POST /orders`. The body has passed every check. `update_existing`: the order of this external id is changed.
    pub fn create(&mut self, body: &Value, confirm: bool, update_existing: bool) -> Result<usize, Refusal> {
        let external_id = body["external_id"].as_str().map(str::to_owned);
        if let Some(existing) = external_id.clone().and_then(|id| self.find(&Key::External(id))) {
            if update_existing {
                return self.update(existing, body, confirm).map(|()| existing);
            }
            return Err(Refusal::business(
                "OR-13",
                "The external_id provided already exists and cannot be used (EXTERNAL_ID_IN_USE)",
            ));
        }
        let now = self.ctx.now();
        let items = body["items"].as_array().into_iter().flatten().map(|item| self.item(item)).collect();
        let order = Order {
            id: self.next_id(),
            external_id,
            store: self.store,
            status: Status::Draft,
            before_hold: Status::Draft,
            created: now.as_second(),
            updated: now.as_second(),
            received_at: now.to_string(),
            moved_ms: clock::epoch_millis(),
            shipping: body["shipping"].as_str().unwrap_or("STANDARD").to_owned(),
            recipient: body["recipient"].clone(),
            retail_costs: body["retail_costs"].clone(),
            gift: body["gift"].clone(),
            packing_slip: body["packing_slip"].clone(),
            items,
            shipments: Vec::new(),
        };
        self.orders.push(order);
        let index = self.orders.len() - 1;
        if let Some(order) = self.orders.get_mut(index).filter(|_| confirm) {
            order.status = Status::Pending;
        }
        self.changed(index, "order_created", About::Order);
        Ok(index)
    }

    fn item(&mut self, request: &Value) -> Item {
        let files = request["files"].as_array().map_or(0, Vec::len);
        Item {
            id: self.next_id(),
            quantity: request["quantity"].as_u64().unwrap_or(1),
            request: request.as_object().cloned().unwrap_or_default(),
            file_ids: (0..files).map(|_| self.next_id()).collect(),
            price: self.shelf.cost,
        }
    }

    /// `PUT /orders/{id}`: only what is given changes; items are matched by id or external id, and those that are not
    /// given are gone.
    pub fn update(&mut self, index: usize, body: &Value, confirm: bool) -> Result<(), Refusal> {
        let taken = body["external_id"].as_str().and_then(|id| self.find(&Key::External(id.to_owned())));
        if taken.is_some_and(|taken| taken != index) {
            return Err(Refusal::business(
                "OR-13",
                "The external_id provided already exists and cannot be used (EXTERNAL_ID_IN_USE)",
            ));
        }
        let Some(mut order) = self.orders.get(index).cloned() else {
            return Err(Refusal::not_found(false));
        };
        if !order.status.editable() {
            return Err(no_longer_editable(&order));
        }
        if let Some(given) = body["recipient"].as_object() {
            let mut recipient = order.recipient.as_object().cloned().unwrap_or_default();
            recipient.extend(given.clone());
            order.recipient = Value::Object(recipient);
            super::rules::recipient(&order.recipient)?;
        }
        if let Some(given) = body["items"].as_array() {
            order.items = given.iter().map(|item| self.item_again(&order.items, item)).collect();
        }
        if let Some(id) = body["external_id"].as_str() {
            order.external_id = Some(id.to_owned());
        }
        if let Some(method) = body["shipping"].as_str() {
            order.shipping = method.to_owned();
        }
        for (given, held) in [
            (&body["retail_costs"], &mut order.retail_costs),
            (&body["gift"], &mut order.gift),
            (&body["packing_slip"], &mut order.packing_slip),
        ] {
            if !given.is_null() {
                *held = given.clone();
            }
        }
        if confirm {
            order.status = Status::Pending;
        }
        if let Some(held) = self.orders.get_mut(index) {
            *held = order;
        }
        self.changed(index, "order_updated", About::Order);
        Ok(())
    }

    fn item_again(&mut self, held: &[Item], given: &Value) -> Item {
        let same = held.iter().find(|item| {
            given["id"].as_u64() == Some(item.id)
                || (given["external_id"].is_string() && item.request.get("external_id") == given.get("external_id"))
        });
        let Some(same) = same else { return self.item(given) };
        let mut merged: Map<String, Value> = same.request.clone();
        merged.extend(given.as_object().cloned().unwrap_or_default());
        let again = self.item(&Value::Object(merged));
        Item { id: same.id, price: same.price, ..again }
    }

    /// `POST /orders/{id}/confirm`.
    pub fn confirm(&mut self, index: usize) -> Result<(), Refusal> {
        let Some(order) = self.orders.get_mut(index) else {
            return Err(Refusal::not_found(false));
        };
        if !order.status.editable() {
            return Err(no_longer_editable(order));
        }
        order.status = Status::Pending;
        self.changed(index, "order_updated", About::Order);
        Ok(())
    }

    /// `DELETE /orders/{id}`: drafts and pending orders only.
    pub fn cancel(&mut self, index: usize) -> Result<(), Refusal> {
        let Some(order) = self.orders.get_mut(index) else {
            return Err(Refusal::not_found(false));
        };
        if !matches!(order.status, Status::Draft | Status::Pending) {
            let why = format!("An order that is {} cannot be cancelled", order.status.name());
            return Err(Refusal::business("BadRequest", why));
        }
        order.status = Status::Canceled;
        self.changed(index, "order_canceled", About::Reason("Cancelled through the API"));
        Ok(())
    }

    /// A new shipment of an order; the caller sets the order's status.
    pub(super) fn shipment(
        &mut self,
        carrier: &str,
        number: Option<&str>,
        again: bool,
        items: Vec<(u64, u64)>,
    ) -> Shipment {
        let id = self.next_id();
        let tracking_number = number.map_or_else(|| format!("SBX{id}"), str::to_owned);
        Shipment {
            id,
            carrier: carrier.to_owned(),
            tracking_url: format!("https://tracking.example.com/{tracking_number}"),
            tracking_number,
            shipped: self.ctx.now().as_second(),
            delivered: None,
            returned: false,
            reshipment: again,
            items,
        }
    }
}

fn no_longer_editable(order: &Order) -> Refusal {
    let why = format!("The order is no longer editable: it is {} (ORDER_NO_LONGER_EDITABLE)", order.status.name());
    Refusal::business("OR-1", why)
}
