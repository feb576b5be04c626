//! What happens at a partner's side: by hand ([`Book::act`]), or by itself ([`Book::tick`]).
//!
//! | act | body | from |
//! |---|---|---|
//! | `produce` | `{"status"?}`: the partner's own word for a further step of production | waiting; with a status also in production |
//! | `ship` | `{"tracking_number"?, "carrier"?, "reshipment"?, "items"?: [{"id", "quantity"}]}` | waiting, in production, partly shipped; with `reshipment` also shipped |
//! | `deliver` | `{"tracking_number"?}`: that parcel, or all | any with parcels on their way |
//! | `hold` | `{"reason"?, "status"?}`: the partner's own word for this kind of hold | waiting, in production, partly shipped |
//! | `release` | `{"to"?: "draft"}`: back to where it was, or to be released again | held |
//! | `fail` | `{"reason"?}` | waiting, in production, held |
//! | `return` | `{"tracking_number"?, "reason"?}` | any with parcels |
//! | `cancel` | `{"reason"?}` | any from which nothing has left |

use super::ActError;
use super::book::{Book, Happened, Parcel, Stage};
use crate::config::AutopilotConfig;
use serde_json::Value;

pub(crate) const ACTS: [&str; 8] = ["produce", "ship", "deliver", "hold", "release", "fail", "return", "cancel"];

/// An optional text of an act's body.
fn text<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, ActError> {
    match &body[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err((400, format!("{name} must be a string"))),
    }
}

impl Book {
    /// Does one act. Errors: 400 no such act or a body that does not fit, 404 no such order, 409 not from here, each
    /// with a sentence.
    pub fn act(&mut self, id: &str, act: &str, body: &Value) -> Result<usize, ActError> {
        if !ACTS.contains(&act) {
            return Err((400, format!("{act:?} is none of {}", ACTS.join(", "))));
        }
        let index = self.find(id).ok_or_else(|| (404, format!("this partner holds no order {id}")))?;
        let reason = text(body, "reason")?;
        match act {
            "produce" => self.produce(index, text(body, "status")?)?,
            "ship" => self.ship(index, &Wanted::read(body)?)?,
            "deliver" => self.deliver(index, text(body, "tracking_number")?)?,
            "hold" => {
                self.from(index, act, &[Stage::Accepted, Stage::Making, Stage::Partial])?;
                let word = text(body, "status")?.map(str::to_owned);
                self.bring(index, Stage::Held, Some(reason.unwrap_or("The order needs attention")), Happened::Held);
                self.word(index, word);
            }
            "release" => {
                self.from(index, act, &[Stage::Held])?;
                let to = match text(body, "to")? {
                    Some("draft") => Stage::Draft,
                    None => self.orders.get(index).map_or(Stage::Accepted, |order| order.before_hold),
                    Some(other) => {
                        return Err((
                            400,
                            format!("an order is released to \"draft\" or where it was, not to {other:?}"),
                        ));
                    }
                };
                self.bring(index, to, None, Happened::Unheld);
            }
            "fail" => {
                self.from(index, act, &[Stage::Accepted, Stage::Making, Stage::Held])?;
                self.bring(index, Stage::Failed, Some(reason.unwrap_or("The order cannot be made")), Happened::Failed);
            }
            "return" => self.take_back(index, text(body, "tracking_number")?, reason)?,
            _ => {
                if self.orders.get(index).is_some_and(|order| !order.parcels.is_empty()) {
                    return Err((409, "a part of the order has left; it cannot be cancelled".to_owned()));
                }
                self.from(index, act, &[Stage::Draft, Stage::Accepted, Stage::Making, Stage::Held, Stage::Failed])?;
                self.bring(
                    index,
                    Stage::Cancelled,
                    Some(reason.unwrap_or("Cancelled by the partner")),
                    Happened::Cancelled,
                );
            }
        }
        Ok(index)
    }

    fn from(&self, index: usize, act: &str, stages: &[Stage]) -> Result<(), ActError> {
        let stage = self.orders.get(index).map(|order| order.stage);
        match stage.filter(|stage| !stages.contains(stage)) {
            Some(stage) => Err((409, format!("{act}: the order is {}", stage.name()))),
            None => Ok(()),
        }
    }

    /// Sets the partner's own word, also in what is about to be told of this moment.
    fn word(&mut self, index: usize, word: Option<String>) {
        if let (Some(order), Some((told, _))) = (self.orders.get_mut(index), self.told.last_mut()) {
            order.word.clone_from(&word);
            told.word = word;
        }
    }

    fn produce(&mut self, index: usize, step: Option<&str>) -> Result<(), ActError> {
        let from: &[Stage] = if step.is_some() { &[Stage::Accepted, Stage::Making] } else { &[Stage::Accepted] };
        self.from(index, "produce", from)?;
        self.bring(index, Stage::Making, None, Happened::Making);
        self.word(index, step.map(str::to_owned));
        Ok(())
    }

    fn ship(&mut self, index: usize, wanted: &Wanted) -> Result<(), ActError> {
        let again: &[Stage] = if wanted.again { &[Stage::Fulfilled] } else { &[] };
        self.from(index, "ship", &[&[Stage::Accepted, Stage::Making, Stage::Partial], again].concat())?;
        let Some(order) = self.orders.get(index) else {
            return Err((404, "no such order".to_owned()));
        };
        if wanted.again && order.parcels.is_empty() {
            return Err((409, "ship: nothing has left yet that could be sent again".to_owned()));
        }
        let possible: Vec<(String, u64)> = if wanted.again {
            let sent = order.items.iter().map(|item| (item.id.clone(), order.shipped_of(&item.id)));
            sent.filter(|(_, sent)| *sent > 0).collect()
        } else {
            order.unshipped()
        };
        let items = wanted.items.clone().unwrap_or_else(|| possible.clone());
        for (id, quantity) in &items {
            if !possible.iter().any(|(known, most)| known == id && (1..=*most).contains(quantity)) {
                return Err((409, format!("ship: {quantity} of item {id} cannot leave; possible: {possible:?}")));
            }
        }
        if order.stage == Stage::Accepted {
            self.produce(index, None)?;
        }
        let id = self.next_id();
        let tracking_number = wanted.tracking_number.clone().unwrap_or_else(|| format!("SBX{id}"));
        let parcel = Parcel {
            id,
            carrier: wanted.carrier.clone(),
            tracking_url: format!("https://tracking.example.com/{tracking_number}"),
            tracking_number,
            shipped: self.ctx.now(),
            delivered: None,
            returned: false,
            reshipment: wanted.again,
            items,
        };
        let Some(order) = self.orders.get_mut(index) else { return Ok(()) };
        order.parcels.push(parcel.clone());
        let stage = if order.unshipped().is_empty() { Stage::Fulfilled } else { Stage::Partial };
        self.bring(index, stage, None, Happened::Shipped(parcel));
        Ok(())
    }

    fn deliver(&mut self, index: usize, number: Option<&str>) -> Result<(), ActError> {
        let now = self.ctx.now();
        let mut arrived = Vec::new();
        for parcel in self.orders.get_mut(index).into_iter().flat_map(|order| &mut order.parcels) {
            let wanted = number.is_none_or(|number| number == parcel.tracking_number);
            if wanted && parcel.delivered.is_none() && !parcel.returned {
                parcel.delivered = Some(now);
                arrived.push(parcel.clone());
            }
        }
        if arrived.is_empty() {
            return Err((409, "deliver: no such parcel of this order is on its way".to_owned()));
        }
        for parcel in arrived {
            self.tell(index, Happened::Delivered(parcel));
        }
        Ok(())
    }

    fn take_back(&mut self, index: usize, number: Option<&str>, reason: Option<&str>) -> Result<(), ActError> {
        let Some(order) = self.orders.get_mut(index) else {
            return Err((404, "no such order".to_owned()));
        };
        let wanted =
            |parcel: &&mut Parcel| !parcel.returned && number.is_none_or(|number| number == parcel.tracking_number);
        let Some(parcel) = order.parcels.iter_mut().find(wanted) else {
            return Err((409, "return: no such parcel of this order has left".to_owned()));
        };
        parcel.returned = true;
        let parcel = parcel.clone();
        order.reason = Some(reason.unwrap_or("Undeliverable").to_owned());
        self.tell(index, Happened::Returned(parcel));
        Ok(())
    }

    /// The autopilot: moves every order whose time has come. Drafts and held, failed and cancelled orders stay.
    pub fn tick(&mut self, now_ms: i64, speed: &AutopilotConfig) {
        if !self.autopilot {
            return;
        }
        for index in 0..self.orders.len() {
            let Some(wait) = self.next_move(index, speed) else { continue };
            let Some(order) = self.orders.get(index) else { continue };
            if now_ms < order.moved_ms.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX)) {
                continue;
            }
            let moved = match order.stage {
                Stage::Accepted => self.produce(index, None),
                Stage::Making | Stage::Partial => self.ship(index, &Wanted::everything()),
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
        match order.stage {
            Stage::Accepted => Some(speed.accept_after_ms),
            Stage::Making | Stage::Partial => Some(speed.ship_after_ms),
            Stage::Fulfilled if order.parcels.iter().any(|parcel| parcel.delivered.is_none() && !parcel.returned) => {
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

/// A parcel as the control route wants it.
struct Wanted {
    tracking_number: Option<String>,
    carrier: String,
    again: bool,
    /// None: everything that can leave.
    items: Option<Vec<(String, u64)>>,
}

impl Wanted {
    fn everything() -> Self {
        Self { tracking_number: None, carrier: "USPS".to_owned(), again: false, items: None }
    }

    fn read(body: &Value) -> Result<Self, ActError> {
        Ok(Self {
            tracking_number: text(body, "tracking_number")?.map(str::to_owned),
            carrier: text(body, "carrier")?.unwrap_or("USPS").to_owned(),
            again: body["reshipment"].as_bool().unwrap_or(false),
            items: Self::items(&body["items"])?,
        })
    }

    fn items(items: &Value) -> Result<Option<Vec<(String, u64)>>, ActError> {
        let entries = match items {
            Value::Null => return Ok(None),
            Value::Array(entries) if !entries.is_empty() => entries,
            _ => return Err((400, "items must be a list of {\"id\", \"quantity\"}".to_owned())),
        };
        let items = entries.iter().map(|entry| {
            let quantity = entry.get("quantity").map_or(Some(1), Value::as_u64);
            let item = entry["id"].as_str().map(str::to_owned).zip(quantity);
            item.ok_or_else(|| (400, format!("{entry} has no id or quantity")))
        });
        items.collect::<Result<_, _>>().map(Some)
    }
}
