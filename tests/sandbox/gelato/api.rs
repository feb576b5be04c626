//! What Gelato does for each request: rate limit, key, then the action.

use super::paths::{self, Action};
use super::{Gelato, NAME, answer, products, rules, search, view};
use crate::faults::Refusal as Armed;
use crate::partners::Desk;
use crate::partners::book::{Book, Happened, Order, Stage};
use crate::partners::fields::Fields;
use crate::partners::http::{Answer, Api, Call, No, Refusal, same};
use crate::{clock, lock};
use axum::http::Method;
use serde_json::{Value, json};
use std::sync::Arc;

const SECOND: i64 = 1_000;

impl Api for Gelato {
    const NAME: &'static str = NAME;
    type Action = Action;

    fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    fn find(&self, method: &Method, path: &str) -> Result<Action, Refusal> {
        paths::find(method, path)
    }

    fn operation(action: &Action) -> &'static str {
        action.operation()
    }

    fn invalid(why: String) -> Refusal {
        answer::invalid(why)
    }

    fn armed(kind: Armed) -> Refusal {
        answer::armed(kind)
    }

    fn answer(&self, action: Action, call: &Call) -> Result<Answer, No> {
        let config = self.config();
        let admitted = lock(&self.desk.window).admit(clock::epoch_millis(), config.rate_limit, SECOND);
        admitted.map_err(|_| answer::too_many())?;
        match call.header("x-api-key") {
            "" => return Err(answer::unauthorized("the header X-API-KEY is missing").into()),
            key if !same(key, &config.api_key) => {
                return Err(answer::unauthorized("the key in X-API-KEY is not valid").into());
            }
            _ => {}
        }
        match action {
            Action::Create => self.create(&call.json()?),
            Action::Search => {
                let body = call.json()?;
                let wanted = search::Wanted::read(&Fields::of_body(&body)?)?;
                Ok(Answer::ok(json!({"orders": wanted.find(&lock(&self.desk.book), config.search_lag_ms)})))
            }
            Action::Get(id) => self.with(&id, |_, _| Ok(())),
            Action::Patch(id) => {
                let body = call.json()?;
                self.with(&id, |book, index| patch(book, index, &body))
            }
            Action::Delete(id) => {
                let mut book = lock(&self.desk.book);
                let index = place(&book, &id)?;
                if book.orders.get(index).is_some_and(|order| order.stage != Stage::Draft) {
                    return Err(answer::conflict("only a draft can be deleted").into());
                }
                book.orders.remove(index);
                Ok(Answer { status: 200, body: None })
            }
            Action::Cancel(id) => {
                let mut book = lock(&self.desk.book);
                let index = place(&book, &id)?;
                cancel(&mut book, index)?;
                // Nothing is documented to be in the answer.
                Ok(Answer { status: 200, body: None })
            }
            Action::Stock => {
                let body = call.json()?;
                let wanted = products::wanted(&Fields::of_body(&body)?)?;
                Ok(Answer::ok(products::stock(&lock(&self.desk.book).shelf, &wanted)))
            }
            Action::Product(uid) => match products::product(&lock(&self.desk.book).shelf, &uid) {
                Some(product) => Ok(Answer::ok(product)),
                // It may have gone since the owner chose it: a careful client asks before it orders.
                None => Err(Refusal { business: true, ..answer::not_found("this product") }.into()),
            },
            Action::Prices(uid) => {
                let (country, currency) = (call.parameter("country")?, call.parameter("currency")?);
                let shelf = &lock(&self.desk.book).shelf;
                Ok(Answer::ok(products::prices(shelf, &uid, country.as_deref(), currency.as_deref())))
            }
        }
    }
}

impl Gelato {
    /// Never asks whether it has this order already: a second `POST` is a second order.
    fn create(&self, body: &Value) -> Result<Answer, No> {
        let new = rules::order(&Fields::of_body(body)?)?;
        let mut book = lock(&self.desk.book);
        rules::can_be_made(&new.items, &book.shelf)?;
        let items = new.items.into_iter().map(|item| (Some(item.reference), item.product, item.quantity, item.request));
        let index = book.take(Some(&new.reference), new.draft, body.clone(), items.collect());
        Ok(Answer::ok(book.orders.get(index).map(view::order).unwrap_or_default()))
    }

    /// Does something to an order and answers with it.
    fn with(&self, id: &str, act: impl FnOnce(&mut Book, usize) -> Result<(), No>) -> Result<Answer, No> {
        let mut book = lock(&self.desk.book);
        let index = place(&book, id)?;
        act(&mut book, index)?;
        Ok(Answer::ok(book.orders.get(index).map(view::order).unwrap_or_default()))
    }
}

fn place(book: &Book, id: &str) -> Result<usize, Refusal> {
    let place = book.orders.iter().position(|order| order.id == id);
    place.ok_or_else(|| answer::not_found(&format!("order {id}")))
}

/// Makes an order of a draft, and may give items other files.
fn patch(book: &mut Book, index: usize, body: &Value) -> Result<(), No> {
    let files = rules::patch(&Fields::of_body(body)?)?;
    let Some(order) = book.orders.get_mut(index) else { return Ok(()) };
    if order.stage != Stage::Draft {
        return Err(answer::conflict("only a draft can be patched").into());
    }
    for (id, files) in files {
        let item = order.items.iter_mut().find(|item| item.id == id);
        let item = item.ok_or_else(|| answer::invalid(format!("items: this order has no item {id:?}")))?;
        if let Some(files) = files {
            item.request["files"] = files;
        }
    }
    order.request["orderType"] = json!("order");
    book.bring(index, Stage::Accepted, None, Happened::Released);
    Ok(())
}

/// Until something of it is printed. What is cancelled already stays so.
fn cancel(book: &mut Book, index: usize) -> Result<(), Refusal> {
    let printed = |order: &Order| match order.stage {
        Stage::Partial | Stage::Fulfilled => true,
        Stage::Making => order.word.as_deref() == Some("printed"),
        _ => false,
    };
    match book.orders.get(index) {
        Some(order) if printed(order) => Err(answer::conflict(
            "the order cannot be canceled, because at least one of the items is in 'printed' status",
        )),
        Some(order) if order.stage == Stage::Cancelled => Ok(()),
        _ => {
            book.bring(index, Stage::Cancelled, Some("Cancelled through the API"), Happened::Cancelled);
            Ok(())
        }
    }
}
