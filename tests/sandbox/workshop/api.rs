//! What the workshop does for each request: signature, rate limit, then the action.

use super::paths::{self, Action};
use super::{NAME, Workshop, answer, rules, signature, view};
use crate::faults::Refusal as Armed;
use crate::partners::book::{Book, Happened, Order, Stage};
use crate::partners::fields::Fields;
use crate::partners::http::{Answer, Api, Call, No, Refusal};
use crate::partners::{Cost, Desk};
use crate::{clock, lock};
use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

const MINUTE: i64 = 60_000;
/// Entries on a page of orders or variants.
const PAGE: usize = 20;
/// Finished orders are listed this long after their last change.
const LISTED: SignedDuration = SignedDuration::from_hours(14 * 24);

impl Api for Workshop {
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
        signature::check(call, &config.tokens).map_err(answer::unauthorized)?;
        let admitted = lock(&self.desk.window).admit(clock::epoch_millis(), config.rate_limit, MINUTE);
        admitted.map_err(answer::too_many)?;
        let not_offered = |operation: &str| config.not_offered.iter().any(|left_out| left_out == operation);
        let open = matches!(action, Action::List) && call.parameter("external_id")?.is_none();
        if not_offered(action.operation()) || (open && not_offered(paths::OPEN)) {
            return Err(answer::not_offered().into());
        }
        let mut book = lock(&self.desk.book);
        match action {
            Action::Create => create(&mut book, call),
            Action::Release(id) => release(&mut book, &id),
            Action::Cancel(id) => cancel(&mut book, &id),
            Action::List => list(&book, call),
            Action::ChangeAddress(id) => change_address(&mut book, &id, call),
            Action::Variant(id) => match book.shelf.state(&id) {
                Some(available) => Ok(Answer::ok(view::variant(&id, available, book.shelf.cost))),
                // It may be gone since the owner wrote it into the catalog.
                None => Err(Refusal { business: true, ..answer::not_found("this variant") }.into()),
            },
            Action::Variants => {
                let known = book.shelf.known();
                let page = page(&known, |(id, _)| id, call.parameter("after")?.as_deref())?;
                let variants =
                    page.entries.iter().map(|(id, available)| view::variant(id, *available, book.shelf.cost));
                Ok(Answer::ok(json!({"variants": variants.collect::<Vec<_>>(), "next": page.next})))
            }
            Action::Funds => {
                let funds = Cost::read(&config.funds.amount, &config.funds.currency);
                Ok(Answer::ok(view::amount(funds.map_err(answer::invalid)?)))
            }
        }
    }
}

fn create(book: &mut Book, call: &Call) -> Result<Answer, No> {
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    let key = call.header("idempotency-key");
    if key != fields.text("external_id")? {
        return Err(answer::invalid(format!("Idempotency-Key is {key:?}, which is not the order's external_id")).into());
    }
    // The first one, whatever the body says now.
    if let Some(first) = book.orders.iter().find(|order| order.external_id.as_deref() == Some(key)) {
        return Ok(Answer::ok(view::order(first)));
    }
    let new = rules::order(&fields)?;
    rules::can_be_made(&new.items, &book.shelf)?;
    let items = new.items.into_iter().map(|item| (Some(item.line), item.variant, item.quantity, item.request));
    let index = book.take(Some(&new.external_id), true, body.clone(), items.collect());
    Ok(Answer { status: 201, body: book.orders.get(index).map(view::order) })
}

fn place(book: &Book, id: &str) -> Result<(usize, Stage), Refusal> {
    let found = book.orders.iter().enumerate().find(|(_, order)| order.id == id);
    found.map(|(index, order)| (index, order.stage)).ok_or_else(|| answer::not_found(&format!("order {id}")))
}

fn shown(book: &Book, index: usize) -> Answer {
    Answer::ok(book.orders.get(index).map(view::order).unwrap_or_default())
}

fn release(book: &mut Book, id: &str) -> Result<Answer, No> {
    match place(book, id)? {
        (index, Stage::Draft) => {
            book.bring(index, Stage::Accepted, None, Happened::Released);
            Ok(shown(book, index))
        }
        (_, Stage::Cancelled | Stage::Failed) => {
            Err(answer::too_late(format!("order {id} is not made any more: place a new one")).into())
        }
        (index, _) => Ok(shown(book, index)),
    }
}

fn cancel(book: &mut Book, id: &str) -> Result<Answer, No> {
    let (index, stage) = place(book, id)?;
    let started = book.orders.get(index).is_some_and(|order| order.started.is_some());
    match stage {
        Stage::Cancelled => Ok(shown(book, index)),
        Stage::Draft | Stage::Accepted | Stage::Held | Stage::Failed if !started => {
            book.bring(index, Stage::Cancelled, Some("Cancelled as the store asked"), Happened::Cancelled);
            Ok(shown(book, index))
        }
        _ => Err(answer::too_late(format!("order {id} is being made: call the workshop")).into()),
    }
}

/// Before production at once, then by a person, and not at all once something has left.
fn change_address(book: &mut Book, id: &str, call: &Call) -> Result<Answer, No> {
    let body = call.json()?;
    rules::address(&Fields::of_body(&body)?.object("ship_to")?)?;
    let outcome = match place(book, id)? {
        (index, Stage::Draft | Stage::Accepted) => {
            if let Some(order) = book.orders.get_mut(index) {
                order.request["ship_to"] = body["ship_to"].clone();
            }
            book.tell(index, Happened::Changed);
            "changed"
        }
        (_, Stage::Making | Stage::Held) => "asked",
        _ => return Err(answer::too_late(format!("order {id} cannot be sent somewhere else any more")).into()),
    };
    Ok(Answer::ok(json!({"outcome": outcome})))
}

fn list(book: &Book, call: &Call) -> Result<Answer, No> {
    if let Some(external_id) = call.parameter("external_id")? {
        let found = book.orders.iter().filter(|order| order.external_id.as_deref() == Some(&external_id));
        return Ok(Answer::ok(json!({"orders": found.map(view::order).collect::<Vec<_>>()})));
    }
    if call.parameter("open")?.as_deref() != Some("true") {
        return Err(answer::invalid("ask for external_id=<external id> or open=true").into());
    }
    let since = book.ctx.now().checked_sub(LISTED).unwrap_or(Timestamp::MIN);
    let open = |order: &&Order| !matches!(order.stage, Stage::Fulfilled | Stage::Cancelled) || order.updated >= since;
    let newest_first: Vec<&Order> = book.orders.iter().rev().filter(open).collect();
    let page = page(&newest_first, |order| &order.id, call.parameter("after")?.as_deref())?;
    let orders: Vec<Value> = page.entries.iter().map(|order| view::order(order)).collect();
    Ok(Answer::ok(json!({"orders": orders, "next": page.next})))
}

struct Page<'a, T> {
    entries: &'a [T],
    /// Where the next page begins.
    next: Option<String>,
}

/// The page after the entry that is called `after`.
fn page<'a, T>(all: &'a [T], name: impl Fn(&T) -> &str, after: Option<&str>) -> Result<Page<'a, T>, Refusal> {
    let start = match after {
        None => 0,
        Some(after) => match all.iter().position(|entry| name(entry) == after) {
            Some(place) => place + 1,
            None => return Err(answer::invalid(format!("after {after:?} was never the next of a page"))),
        },
    };
    let rest = all.get(start..).unwrap_or_default();
    let entries = rest.get(..PAGE).unwrap_or(rest);
    let next = entries.last().filter(|_| rest.len() > PAGE).map(|last| name(last).to_owned());
    Ok(Page { entries, next })
}
