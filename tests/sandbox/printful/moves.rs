//! What happens at the partner's side: by hand ([`Book::act`]), or by itself ([`Book::tick`]).
//!
//! | act | body | from |
//! |---|---|---|
//! | `produce` | | pending |
//! | `ship` | `{"tracking_number"?, "carrier"?, "reshipment"?, "items"?: [{"id", "quantity"}]}` | pending, inprocess, partial; with `reshipment` also fulfilled |
//! | `deliver` | `{"tracking_number"?}`: that parcel, or all | any with parcels on their way |
//! | `hold` | `{"reason", "approval"?: true}`: the second when a person has to approve a design | pending, inprocess, partial |
//! | `release` | `{"to"?: "draft"}`: back to where it was, or to be confirmed again | onhold |
//! | `fail` | `{"reason"}` | pending, inprocess |
//! | `return` | `{"tracking_number"?, "reason"?}` | any with parcels |
//! | `cancel` | `{"reason"?}` | any from which nothing has left |

use super::ActError;
use super::book::{Book, Key};
use super::order::Status;
use super::webhooks::About;
use crate::config::AutopilotConfig;
use serde_json::Value;

pub(crate) const ACTS: [&str; 8] = ["produce", "ship", "deliver", "hold", "release", "fail", "return", "cancel"];

impl Book {
    /// Does one act; the order as the control routes list it. Errors: 404 no such order, 400 no such act or a body
    /// that does not fit, 409 not from here, each with a sentence.
    pub fn act(&mut self, id: &str, act: &str, body: &Value) -> Result<Value, ActError> {
        if !ACTS.contains(&act) {
            return Err((400, format!("{act:?} is none of {}", ACTS.join(", "))));
        }
        let index = match id.strip_prefix('@') {
            Some(external) => self.find(&Key::External(external.to_owned())),
            None => id.parse().ok().and_then(|id| self.find(&Key::Id(id))),
        };
        let index = index.ok_or_else(|| (404, format!("Printful holds no order {id}")))?;
        let text = |name: &str| match &body[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str())),
            Value::Number(_) => Err((400, format!("{name} must be a string"))),
            _ => Err((400, format!("{name} must be a string"))),
        };
        match act {
            "produce" => self.produce(index)?,
            "ship" => {
                let again = body["reshipment"].as_bool().unwrap_or(false);
                let items = wanted_items(&body["items"])?;
                self.ship(index, text("tracking_number")?, text("carrier")?.unwrap_or("USPS"), again, items)?;
            }
            "deliver" => self.deliver(index, text("tracking_number")?)?,
            "hold" => {
                let reason = text("reason")?.unwrap_or("The order needs attention");
                self.move_to(index, &[Status::Pending, Status::InProcess, Status::Partial], Status::OnHold, act)?;
                let approval = body["approval"].as_bool().unwrap_or(false);
                let kind = if approval { "order_put_hold_approval" } else { "order_put_hold" };
                self.changed(index, kind, About::Reason(reason));
            }
            "release" => {
                let to = match text("to")? {
                    Some("draft") => Status::Draft,
                    None => self.orders.get(index).map_or(Status::Pending, |order| order.before_hold),
                    Some(other) => {
                        return Err((
                            400,
                            format!("an order is released to \"draft\" or where it was, not to {other:?}"),
                        ));
                    }
                };
                self.move_to(index, &[Status::OnHold], to, act)?;
                self.changed(index, "order_remove_hold", About::Reason("The order was removed from hold"));
            }
            "fail" => {
                let reason = text("reason")?.unwrap_or("The order could not be charged");
                self.move_to(index, &[Status::Pending, Status::InProcess], Status::Failed, act)?;
                self.changed(index, "order_failed", About::Reason(reason));
            }
            "return" => self.take_back(index, text("tracking_number")?, text("reason")?.unwrap_or("Undeliverable"))?,
            _ => {
                let reason = text("reason")?.unwrap_or("Cancelled by Printful");
                if self.orders.get(index).is_some_and(|order| !order.shipments.is_empty()) {
                    return Err((409, "a part of the order has left; it cannot be cancelled".to_owned()));
                }
                let from = [Status::Draft, Status::Pending, Status::InProcess, Status::OnHold, Status::Failed];
                self.move_to(index, &from, Status::Canceled, act)?;
                self.changed(index, "order_canceled", About::Reason(reason));
            }
        }
        Ok(self.orders.get(index).map(super::order::Order::listed).unwrap_or_default())
    }

    fn move_to(&mut self, index: usize, from: &[Status], to: Status, act: &str) -> Result<(), ActError> {
        let Some(order) = self.orders.get_mut(index) else {
            return Err((404, "no such order".to_owned()));
        };
        if !from.contains(&order.status) {
            return Err((409, format!("{act}: the order is {}", order.status.name())));
        }
        if to == Status::OnHold {
            order.before_hold = order.status;
        }
        order.status = to;
        Ok(())
    }

    fn produce(&mut self, index: usize) -> Result<(), ActError> {
        self.move_to(index, &[Status::Pending], Status::InProcess, "produce")?;
        self.changed(index, "order_updated", About::Order);
        Ok(())
    }

    /// One parcel. Without `items`: everything that has not left, or for a reshipment everything that has.
    fn ship(
        &mut self,
        index: usize,
        number: Option<&str>,
        carrier: &str,
        again: bool,
        items: Option<Vec<(u64, u64)>>,
    ) -> Result<(), ActError> {
        let Some(order) = self.orders.get(index) else {
            return Err((404, "no such order".to_owned()));
        };
        let can = matches!(order.status, Status::Pending | Status::InProcess | Status::Partial)
            || (again && order.status == Status::Fulfilled);
        if !can {
            return Err((409, format!("ship: the order is {}", order.status.name())));
        }
        if again && order.shipments.is_empty() {
            return Err((409, "ship: nothing has left yet that could be sent again".to_owned()));
        }
        let possible: Vec<(u64, u64)> = if again {
            order.items.iter().map(|item| (item.id, order.shipped_of(item.id))).filter(|(_, sent)| *sent > 0).collect()
        } else {
            order.unshipped()
        };
        let items = items.unwrap_or_else(|| possible.clone());
        for (id, quantity) in &items {
            if !possible.iter().any(|(known, most)| known == id && (1..=*most).contains(quantity)) {
                return Err((409, format!("ship: {quantity} of item {id} cannot leave; possible: {possible:?}")));
            }
        }
        if order.status == Status::Pending {
            self.produce(index)?;
        }
        let shipment = self.shipment(carrier, number, again, items);
        if let Some(order) = self.orders.get_mut(index) {
            order.shipments.push(shipment.clone());
            order.status = if order.unshipped().is_empty() { Status::Fulfilled } else { Status::Partial };
        }
        self.changed(index, "shipment_sent", About::Shipment(&shipment));
        Ok(())
    }

    fn deliver(&mut self, index: usize, number: Option<&str>) -> Result<(), ActError> {
        let now = self.ctx.now().as_second();
        let mut arrived = Vec::new();
        for shipment in self.orders.get_mut(index).into_iter().flat_map(|order| &mut order.shipments) {
            let wanted = number.is_none_or(|number| number == shipment.tracking_number);
            if wanted && shipment.delivered.is_none() && !shipment.returned {
                shipment.delivered = Some(now);
                arrived.push(shipment.clone());
            }
        }
        if arrived.is_empty() {
            return Err((409, "deliver: no such parcel of this order is on its way".to_owned()));
        }
        for shipment in arrived {
            self.changed(index, "shipment_delivered", About::Shipment(&shipment));
        }
        Ok(())
    }

    fn take_back(&mut self, index: usize, number: Option<&str>, reason: &str) -> Result<(), ActError> {
        let shipments = self.orders.get_mut(index).into_iter().flat_map(|order| &mut order.shipments);
        let mut left =
            shipments.filter(|parcel| !parcel.returned && number.is_none_or(|number| number == parcel.tracking_number));
        let Some(shipment) = left.next() else {
            return Err((409, "return: no such parcel of this order has left".to_owned()));
        };
        shipment.returned = true;
        let shipment = shipment.clone();
        self.changed(index, "shipment_returned", About::Returned(&shipment, reason));
        Ok(())
    }

    /// The autopilot: moves every order whose time has come. Held, failed and cancelled orders stay.
    pub fn tick(&mut self, now_ms: i64, speed: &AutopilotConfig) {
        if !self.autopilot {
            return;
        }
        for index in 0..self.orders.len() {
            let Some(order) = self.orders.get(index) else { continue };
            let Some(wait) = self.next_move(index, speed) else {
                continue;
            };
            if now_ms < order.moved_ms.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX)) {
                continue;
            }
            let moved = match order.status {
                Status::Pending => self.produce(index),
                Status::InProcess | Status::Partial => self.ship(index, None, "USPS", false, None),
                _ => self.deliver(index, None),
            };
            if let Err((_, why)) = moved {
                eprintln!("sandbox: the autopilot stopped: {why}");
                self.autopilot = false;
            }
        }
    }

    /// Milliseconds from the last move to the next, where the autopilot has one to make.
    fn next_move(&self, index: usize, speed: &AutopilotConfig) -> Option<u64> {
        let order = self.orders.get(index)?;
        match order.status {
            Status::Pending => Some(speed.accept_after_ms),
            Status::InProcess | Status::Partial => Some(speed.ship_after_ms),
            Status::Fulfilled
                if order.shipments.iter().any(|parcel| parcel.delivered.is_none() && !parcel.returned) =>
            {
                Some(speed.deliver_after_ms)
            }
            _ => None,
        }
    }

    /// Orders the autopilot is still going to move.
    pub fn in_flight(&self, speed: &AutopilotConfig) -> usize {
        if !self.autopilot {
            return 0;
        }
        (0..self.orders.len()).filter(|index| self.next_move(*index, speed).is_some()).count()
    }
}

/// `[{"id", "quantity"}]` of a parcel; ids are strings or numbers.
fn wanted_items(items: &Value) -> Result<Option<Vec<(u64, u64)>>, ActError> {
    let entries = match items {
        Value::Null => return Ok(None),
        Value::Array(entries) if !entries.is_empty() => entries,
        _ => return Err((400, "items must be a list of {\"id\", \"quantity\"}".to_owned())),
    };
    entries
        .iter()
        .map(|entry| {
            let id = ["id", "item_id"].iter().find_map(|key| {
                entry[*key].as_u64().or_else(|| entry[*key].as_str().and_then(|text| text.parse().ok()))
            });
            let quantity = entry.get("quantity").map_or(Some(1), Value::as_u64);
            id.zip(quantity).ok_or_else(|| (400, format!("{entry} has no id or quantity")))
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}
