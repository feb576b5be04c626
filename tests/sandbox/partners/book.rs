//! The orders of a partner, in words that every partner has: Printify, Gelato and the workshop each put their own on
//! top. What happens is kept in [`Book::told`] until the partner's webhooks are made of it.

use super::shelf::{Cost, Shelf};
use crate::{Ctx, clock};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing is made until it is released.
    Draft,
    /// Released, waiting for production.
    Accepted,
    Making,
    Held,
    Failed,
    Cancelled,
    /// A part of it has left.
    Partial,
    /// All of it has left.
    Fulfilled,
}

impl Stage {
    /// For sentences of the control routes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "a draft",
            Self::Accepted => "waiting for production",
            Self::Making => "in production",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Partial => "partly shipped",
            Self::Fulfilled => "shipped",
        }
    }
}

/// One line of an order.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub id: String,
    /// The customer's own id of the line.
    pub external_id: Option<String>,
    /// What is to be made, as the shelf names it.
    pub variant: String,
    pub quantity: u64,
    /// What one of it costs.
    pub price: Cost,
    /// As it came in the request.
    pub request: Value,
}

#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub id: String,
    /// As the control route named it.
    pub carrier: String,
    pub tracking_number: String,
    pub tracking_url: String,
    pub shipped: Timestamp,
    pub delivered: Option<Timestamp>,
    pub returned: bool,
    pub reshipment: bool,
    /// Item id and how many of it.
    pub items: Vec<(String, u64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub id: String,
    pub external_id: Option<String>,
    pub stage: Stage,
    /// What it was before it was held.
    pub before_hold: Stage,
    /// The partner's own word for its state, where that says more than the stage.
    pub word: Option<String>,
    /// Why it is held, failed or cancelled.
    pub reason: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub released: Option<Timestamp>,
    /// When production began.
    pub started: Option<Timestamp>,
    /// Milliseconds since 1970 of the last move; the autopilot counts from here.
    pub moved_ms: i64,
    /// The whole request, with what was changed since.
    pub request: Value,
    pub items: Vec<Item>,
    pub parcels: Vec<Parcel>,
}

/// What parcels cost, in the minor unit: the first piece, and each further one.
const SHIPPING_FIRST: u64 = 475;
const SHIPPING_NEXT: u64 = 200;

impl Order {
    /// How many of an item have left in first shipments.
    pub fn shipped_of(&self, item: &str) -> u64 {
        let first = self.parcels.iter().filter(|parcel| !parcel.reshipment);
        first.flat_map(|parcel| &parcel.items).filter(|(id, _)| id == item).map(|(_, quantity)| quantity).sum()
    }

    /// Items with pieces that have not left yet, and how many of each.
    pub fn unshipped(&self) -> Vec<(String, u64)> {
        let left =
            self.items.iter().map(|item| (item.id.clone(), item.quantity.saturating_sub(self.shipped_of(&item.id))));
        left.filter(|(_, quantity)| *quantity > 0).collect()
    }

    /// The currency and the price of nothing, for sums.
    fn nothing(&self) -> Cost {
        self.items.first().map_or_else(|| Shelf::new([]).cost.of(0), |item| item.price.of(0))
    }

    pub fn goods(&self) -> Cost {
        let sum = self.items.iter().map(|item| item.price.minor.saturating_mul(item.quantity)).sum();
        self.nothing().of(sum)
    }

    pub fn shipping(&self) -> Cost {
        let pieces: u64 = self.items.iter().map(|item| item.quantity).sum();
        self.nothing().of(SHIPPING_FIRST + pieces.saturating_sub(1).saturating_mul(SHIPPING_NEXT))
    }

    pub fn total(&self) -> Cost {
        self.nothing().of(self.goods().minor.saturating_add(self.shipping().minor))
    }

    /// The order as the control routes list it, with the partner's word for its state.
    pub fn listed(&self, status: &str) -> Value {
        let items = self.items.iter().map(|item| {
            json!({"id": item.id, "external_id": item.external_id, "variant": item.variant, "quantity": item.quantity})
        });
        let parcels = self.parcels.iter().map(|parcel| {
            let items = parcel.items.iter().map(|(id, quantity)| json!({"id": id, "quantity": quantity}));
            json!({
                "id": parcel.id,
                "carrier": parcel.carrier,
                "tracking_number": parcel.tracking_number,
                "reshipment": parcel.reshipment,
                "delivered": parcel.delivered.is_some(),
                "items": items.collect::<Vec<_>>(),
            })
        });
        json!({
            "id": self.id,
            "external_id": self.external_id,
            "status": status,
            "items": items.collect::<Vec<_>>(),
            "received_at": self.created.to_string(),
            "shipments": parcels.collect::<Vec<_>>(),
            "cost": {"amount": self.total().text(), "currency": self.total().currency.code()},
            "request": self.request,
        })
    }
}

/// What happened to an order; the order beside it is as it was right after.
#[derive(Clone, Debug)]
pub(crate) enum Happened {
    Created,
    /// It is to be made.
    Released,
    /// Production began, or came to its next step.
    Making,
    Held,
    Unheld,
    Failed,
    Cancelled,
    /// Something of it was changed, an address for example.
    Changed,
    Shipped(Parcel),
    Delivered(Parcel),
    Returned(Parcel),
}

/// All of a partner's state that every partner has.
pub(crate) struct Book {
    pub ctx: Ctx,
    /// How this partner writes an id.
    write_id: fn(u64) -> String,
    /// In order of arrival.
    pub orders: Vec<Order>,
    pub shelf: Shelf,
    pub autopilot: bool,
    /// Whether webhooks go out.
    pub speaks: bool,
    /// What is still to be told by webhooks.
    pub told: Vec<(Order, Happened)>,
}

impl Book {
    pub fn new(ctx: Ctx, write_id: fn(u64) -> String, stocked: Vec<String>) -> Self {
        let autopilot = ctx.config.autopilot.on;
        let shelf = Shelf::new(stocked);
        Self { ctx, write_id, orders: Vec::new(), shelf, autopilot, speaks: true, told: Vec::new() }
    }

    pub fn next_id(&self) -> String {
        (self.write_id)(self.ctx.next_id())
    }

    /// The order with this id, or with `@` and its external id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.orders.iter().position(|order| match id.strip_prefix('@') {
            Some(external) => order.external_id.as_deref() == Some(external),
            None => order.id == id,
        })
    }

    /// Takes an order, as a draft or to be made at once; `items` are external id, variant, quantity and request. The
    /// price of each piece is the shelf's of now. Returns its place.
    pub fn take(
        &mut self,
        external_id: Option<&str>,
        draft: bool,
        request: Value,
        items: Vec<(Option<String>, String, u64, Value)>,
    ) -> usize {
        let now = self.ctx.now();
        let price = self.shelf.cost;
        let items = items.into_iter().map(|(external_id, variant, quantity, request)| Item {
            id: self.next_id(),
            external_id,
            variant,
            quantity,
            price,
            request,
        });
        let items = items.collect();
        self.orders.push(Order {
            id: self.next_id(),
            external_id: external_id.map(str::to_owned),
            stage: if draft { Stage::Draft } else { Stage::Accepted },
            before_hold: Stage::Draft,
            word: None,
            reason: None,
            created: now,
            updated: now,
            released: (!draft).then_some(now),
            started: None,
            moved_ms: 0,
            request,
            items,
            parcels: Vec::new(),
        });
        let index = self.orders.len() - 1;
        self.tell(index, Happened::Created);
        index
    }

    /// Notes a change of the order at `index`: its time, and that it is to be told.
    pub fn tell(&mut self, index: usize, happened: Happened) {
        let now = self.ctx.now();
        if let Some(order) = self.orders.get_mut(index) {
            order.updated = now;
            order.moved_ms = clock::epoch_millis();
            self.told.push((order.clone(), happened));
        }
    }

    /// Brings an order to `stage`; whoever calls has checked that it may go there.
    pub fn bring(&mut self, index: usize, stage: Stage, reason: Option<&str>, happened: Happened) {
        let now = self.ctx.now();
        if let Some(order) = self.orders.get_mut(index) {
            if stage == Stage::Held {
                order.before_hold = order.stage;
            }
            order.stage = stage;
            order.word = None;
            order.reason = reason.map(str::to_owned);
            match stage {
                Stage::Accepted => order.released = order.released.or(Some(now)),
                Stage::Making => order.started = order.started.or(Some(now)),
                _ => {}
            }
        }
        self.tell(index, happened);
    }
}
