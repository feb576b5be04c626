//! What the stand-ins of Printify, Gelato and the workshop share: orders ([`book`]), what happens to them ([`acts`]),
//! what can be made ([`shelf`]), and the way a request takes ([`http`]). Each of them puts its own words on top: a
//! [`Voice`] for what it tells, an [`http::Api`] for what it is asked. The control routes see all partners, Printful
//! among them, as [`Played`], and open them from one list ([`every`]).
//!
//! A stand-in more is a folder beside this one and a line in that list. The model is [`crate::workshop`], the shortest:
//!
//! | its file | what stands there |
//! |---|---|
//! | `mod.rs` | `NAME`, the type with `new`, `router` and `played`; it holds a [`Desk`], which keeps the [`book::Book`] of orders and the autopilot |
//! | `config.rs` | what it is told at its start, by the rules of [`config`] |
//! | `paths.rs` | which request asks for what; `OPERATIONS`, of which the one that places an order is `create_order` |
//! | `api.rs` | [`http::Api`]: signature or token, rate limit, and the answer to each request |
//! | `rules.rs` | what a request must say, read with [`fields::Fields`] |
//! | `view.rs`, `answer.rs` | an order, and a refusal, in the partner's words |
//! | `webhooks.rs` | [`Voice`]: what it tells of what happened, and how that is signed |

pub(crate) mod acts;
pub(crate) mod book;
pub mod config;
pub(crate) mod control;
mod every;
pub(crate) mod fields;
pub(crate) mod http;
pub(crate) mod limit;
pub(crate) mod places;
pub mod shelf;

pub use every::{Every, OPERATIONS};
pub use shelf::{Available, Cost};

use crate::deliver::Delivery;
use crate::{Ctx, clock, lock};
use book::{Book, Happened, Order};
use bytes::Bytes;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// An answer for the control routes: HTTP status and a sentence.
pub type ActError = (u16, String);

/// A partner as the control routes see it.
pub trait Played: Send + Sync {
    /// `[{"id","external_id","status","items","received_at", …}]`, duplicates included, in order of arrival.
    fn list(&self) -> Vec<Value>;
    /// One of [`acts`] on one order (its id, or `@` and its external id); the order as `list` shows it afterwards.
    fn act(&self, id: &str, act: &str, body: Value) -> Result<Value, ActError>;
    /// Whether a variant can be made, from now on; it need not have been known before.
    fn set_variant(&self, id: &str, available: Available) -> Result<(), ActError>;
    /// What one piece costs in orders placed from now on.
    fn set_cost(&self, cost: Cost) -> Result<(), ActError>;
    /// Whether webhooks go out. What happens while they do not is never told.
    fn set_webhooks(&self, on: bool);
    /// Every variant can be made, also those known by the store's own ids.
    fn any_variant(&self, on: bool);
    /// Whether orders move by themselves. Switched on, it goes on where it stopped.
    fn autopilot(&self, on: bool);
    /// Moves that the autopilot still has to make.
    fn pending(&self) -> usize;
    /// Forgets everything; settings are as configured again.
    fn reset(&self);
    /// Any webhook signed as this partner signs; used by `POST /_sandbox/deliver`.
    fn signed(&self, topic: &str, body: Bytes) -> Delivery;
}

/// How a partner puts what happened.
pub(crate) trait Voice: Send + Sync {
    /// Its word for the state of an order.
    fn status(&self, order: &Order) -> String;
    /// The webhooks of one change, as far as they are subscribed to.
    fn tell(&self, order: &Order, happened: &Happened) -> Vec<Delivery>;
    fn signed(&self, topic: &str, body: Bytes) -> Delivery;
    /// A variant as the control routes name it, in the shelf's words. Errors: 400 with a sentence.
    fn variant(&self, id: &str) -> Result<String, ActError> {
        Ok(id.to_owned())
    }
    /// Whether it charges in this currency. Errors: 400 with a sentence.
    fn charges(&self, _cost: Cost) -> Result<(), ActError> {
        Ok(())
    }
    /// Forgets what it keeps itself.
    fn reset(&self) {}
}

/// One partner: its book, and a voice to tell what happens in it.
pub(crate) struct Desk {
    pub ctx: Ctx,
    pub book: Mutex<Book>,
    pub window: Mutex<limit::Window>,
    voice: Arc<dyn Voice>,
    empty: Box<dyn Fn() -> Book + Send + Sync>,
}

/// How often the autopilot looks, in milliseconds.
const TICK: u64 = 20;

impl Desk {
    /// Starts the autopilot's watch too, so it must be called on a tokio runtime.
    pub fn open(ctx: Ctx, write_id: fn(u64) -> String, stocked: Vec<String>, voice: Arc<dyn Voice>) -> Arc<Self> {
        let empty = {
            let ctx = ctx.clone();
            Box::new(move || Book::new(ctx.clone(), write_id, stocked.clone()))
        };
        let desk = Arc::new(Self { book: Mutex::new(empty()), window: Mutex::default(), voice, empty, ctx });
        let watched = Arc::downgrade(&desk);
        tokio::spawn(async move {
            // Ends with the last owner of the desk.
            while let Some(desk) = watched.upgrade() {
                lock(&desk.book).tick(clock::epoch_millis(), &desk.ctx.config.autopilot);
                desk.speak();
                drop(desk);
                clock::sleep_ms(TICK).await;
            }
        });
        desk
    }

    /// Sends the webhooks of what happened since it last spoke.
    pub fn speak(&self) {
        let (told, speaks) = {
            let mut book = lock(&self.book);
            (std::mem::take(&mut book.told), book.speaks)
        };
        for (order, happened) in told.iter().filter(|_| speaks) {
            for delivery in self.voice.tell(order, happened) {
                self.ctx.deliveries.send(&self.ctx, delivery);
            }
        }
    }
}

impl Played for Desk {
    fn list(&self) -> Vec<Value> {
        lock(&self.book).orders.iter().map(|order| order.listed(&self.voice.status(order))).collect()
    }

    fn act(&self, id: &str, act: &str, body: Value) -> Result<Value, ActError> {
        let done = {
            let mut book = lock(&self.book);
            book.act(id, act, &body).map(|index| book.orders.get(index).cloned())
        };
        self.speak();
        Ok(done?.map(|order| order.listed(&self.voice.status(&order))).unwrap_or_default())
    }

    fn set_variant(&self, id: &str, available: Available) -> Result<(), ActError> {
        let variant = self.voice.variant(id)?;
        lock(&self.book).shelf.say(variant, available);
        Ok(())
    }

    fn set_cost(&self, cost: Cost) -> Result<(), ActError> {
        self.voice.charges(cost)?;
        lock(&self.book).shelf.cost = cost;
        Ok(())
    }

    fn set_webhooks(&self, on: bool) {
        lock(&self.book).speaks = on;
    }

    fn any_variant(&self, on: bool) {
        lock(&self.book).shelf.any = on;
    }

    fn autopilot(&self, on: bool) {
        lock(&self.book).autopilot = on;
    }

    fn pending(&self) -> usize {
        lock(&self.book).in_flight(&self.ctx.config.autopilot)
    }

    fn reset(&self) {
        *lock(&self.book) = (self.empty)();
        *lock(&self.window) = limit::Window::default();
        self.voice.reset();
    }

    fn signed(&self, topic: &str, body: Bytes) -> Delivery {
        self.voice.signed(topic, body)
    }
}
