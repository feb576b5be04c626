//! What Printify does for each request: token, user agent, rate limit, shop, then the action.

use super::paths::{self, Action, Shop};
use super::{NAME, Printify, answer, products, rules, support, view};
use crate::faults::Refusal as Armed;
use crate::partners::Desk;
use crate::partners::book::{Happened, Order, Stage};
use crate::partners::fields::Fields;
use crate::partners::http::{Answer, Api, Call, No, Refusal, same};
use crate::{clock, lock};
use axum::http::Method;
use serde_json::{Value, json};
use std::sync::Arc;

const MINUTE: i64 = 60_000;
/// Largest pages of orders and of products.
const MOST_ORDERS: usize = 10;
const MOST_PRODUCTS: usize = 50;

impl Api for Printify {
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
        let admitted = lock(&self.desk.window).admit(clock::epoch_millis(), config.rate_limit, MINUTE);
        admitted.map_err(|_| answer::too_many())?;
        let Some(token) = call.header("authorization").strip_prefix("Bearer ") else {
            return Err(answer::unauthorized("the request carries no bearer token").into());
        };
        if !same(token.trim(), &config.token) {
            return Err(answer::unauthorized("the token is not this account's").into());
        }
        if call.header("user-agent").trim().is_empty() {
            return Err(answer::invalid("the header User-Agent is missing, which Printify requires").into());
        }
        let (shop, action) = match action {
            Action::Shops => {
                let shop =
                    json!({"id": config.shop_id, "title": "Sandbox shop", "sales_channel": "custom_integration"});
                return Ok(Answer::ok(json!([shop])));
            }
            Action::Blueprint { blueprint, provider } => {
                let out_of_stock = call.parameter("show-out-of-stock")?.as_deref() == Some("1");
                let variants =
                    products::of_blueprint(&lock(&self.desk.book).shelf, &blueprint, &provider, out_of_stock);
                return Ok(Answer::ok(
                    json!({"id": provider.parse::<u64>().ok(), "title": "Sandbox provider", "variants": variants}),
                ));
            }
            Action::In(shop, action) => (shop, action),
        };
        if shop != config.shop_id.to_string() {
            return Err(answer::not_found(&format!("shop {shop:?}")).into());
        }
        self.act(action, call)
    }
}

impl Printify {
    fn act(&self, action: Shop, call: &Call) -> Result<Answer, No> {
        match action {
            Shop::Create => self.create(call),
            Shop::List => self.list_orders(call),
            Shop::Get(id) => self.with(&id, |order| Ok(Answer::ok(view::order(order)))),
            Shop::Release(id) => self.release(&id),
            Shop::Cancel(id) => self.cancel(&id),
            Shop::ChangeAddress(id) => self.change_address(&id, call),
            Shop::SupportRequests(id) => self.with(&id, |order| {
                let kept = lock(&self.support);
                let of_it = kept.iter().filter(|request| request.order == order.id).map(support::Request::view);
                Ok(Answer::ok(json!({"data": of_it.collect::<Vec<_>>()})))
            }),
            Shop::SupportRequest(id, request) => self.with(&id, |order| {
                let kept = lock(&self.support);
                let found = kept.iter().find(|kept| kept.order == order.id && kept.id == request);
                found
                    .map(|found| Answer::ok(found.view()))
                    .ok_or_else(|| answer::not_found("this support request").into())
            }),
            Shop::Products => {
                let (page, limit) = (call.number("page", 1, usize::MAX)?, call.number("limit", 10, MOST_PRODUCTS)?);
                Ok(Answer::ok(view::page(&self.products(), page, limit)))
            }
            Shop::Product(id) => match self.products().into_iter().find(|product| product["id"] == id.as_str()) {
                Some(product) => Ok(Answer::ok(product)),
                // The owner may have deleted it: a careful client asks before it orders.
                None => Err(Refusal { business: true, ..answer::not_found("this product") }.into()),
            },
            Shop::Webhooks => Ok(Answer::ok(self.voice.list())),
            Shop::Subscribe => self.voice.subscribe(&call.json()?).map(Answer::ok),
            Shop::Resubscribe(id) => self.voice.resubscribe(&id, &call.json()?).map(Answer::ok),
            Shop::Unsubscribe(id) => self.voice.unsubscribe(&id, call.parameter("host")?.as_deref()).map(Answer::ok),
        }
    }

    fn products(&self) -> Vec<Value> {
        products::all(self.config(), &lock(&self.desk.book).shelf)
    }

    /// Answers about one order.
    fn with(&self, id: &str, look: impl FnOnce(&Order) -> Result<Answer, No>) -> Result<Answer, No> {
        let book = lock(&self.desk.book);
        let order = book.orders.iter().find(|order| order.id == id);
        look(order.ok_or_else(|| answer::not_found(&format!("order {id}")))?)
    }

    fn create(&self, call: &Call) -> Result<Answer, No> {
        let body = call.json()?;
        let mut book = lock(&self.desk.book);
        let order = rules::order(&body, self.config())?;
        let external_id = body["external_id"].as_str();
        if let Some(external_id) = external_id
            && let Some(first) = book.orders.iter().find(|order| order.external_id.as_deref() == Some(external_id))
        {
            return Err(answer::taken(&first.id, external_id).into());
        }
        rules::can_be_made(&order, &book.shelf)?;
        let items = order.into_iter().map(|line| (line.external_id, line.variant, line.quantity, line.request));
        let index = book.take(external_id, true, body.clone(), items.collect());
        Ok(Answer::ok(json!({"id": book.orders.get(index).map(|order| order.id.clone())})))
    }

    fn list_orders(&self, call: &Call) -> Result<Answer, No> {
        let (page, limit) = (call.number("page", 1, usize::MAX)?, call.number("limit", MOST_ORDERS, MOST_ORDERS)?);
        let (status, sku) = (call.parameter("status")?, call.parameter("sku")?);
        let book = lock(&self.desk.book);
        let newest_first = book.orders.iter().rev().map(view::order);
        let wanted = newest_first.filter(|order| {
            let lines = || order["line_items"].as_array().into_iter().flatten();
            status.as_ref().is_none_or(|status| order["status"] == status.as_str())
                && sku.as_ref().is_none_or(|sku| lines().any(|line| line["metadata"]["sku"] == sku.as_str()))
        });
        Ok(Answer::ok(view::page(&wanted.collect::<Vec<_>>(), page, limit)))
    }

    fn release(&self, id: &str) -> Result<Answer, No> {
        let mut book = lock(&self.desk.book);
        let index = book.find(id).ok_or_else(|| answer::not_found(&format!("order {id}")))?;
        match book.orders.get(index).map(|order| (order.stage, view::status(order))) {
            Some((Stage::Draft, _)) => book.bring(index, Stage::Accepted, None, Happened::Released),
            Some((_, status)) => return Err(not_from(&status, "sent to production").into()),
            None => {}
        }
        Ok(Answer::ok(json!({"id": id})))
    }

    /// Only before production: what waits to be sent there, and what could not be paid for.
    fn cancel(&self, id: &str) -> Result<Answer, No> {
        let mut book = lock(&self.desk.book);
        let index = book.find(id).ok_or_else(|| answer::not_found(&format!("order {id}")))?;
        let status = book.orders.get(index).map(view::status).unwrap_or_default();
        let started = book.orders.get(index).is_some_and(|order| order.started.is_some());
        if started || !["on-hold", "payment-not-received"].contains(&status.as_str()) {
            return Err(not_from(&status, "cancelled").into());
        }
        book.bring(index, Stage::Cancelled, Some("Cancelled through the API"), Happened::Cancelled);
        Ok(Answer::ok(book.orders.get(index).map(view::order).unwrap_or_default()))
    }

    /// Before production the address is changed at once; from then on a person at Printify looks at it.
    fn change_address(&self, id: &str, call: &Call) -> Result<Answer, No> {
        let body = call.json()?;
        rules::new_address(&Fields::of_body(&body)?)?;
        let mut book = lock(&self.desk.book);
        let index = book.find(id).ok_or_else(|| answer::not_found(&format!("order {id}")))?;
        let Some(order) = book.orders.get_mut(index) else { return Err(answer::not_found("this order").into()) };
        match order.stage {
            Stage::Cancelled | Stage::Failed => Err(not_from(&view::status(order), "sent somewhere else").into()),
            Stage::Draft | Stage::Accepted | Stage::Held if order.started.is_none() => {
                order.request["address_to"] = body.clone();
                book.tell(index, Happened::Changed);
                Ok(Answer::ok(json!({"resolution": "updated_directly", "order_id": id, "address_to": body})))
            }
            _ => {
                let request =
                    support::Request::new(super::write_uuid(self.desk.ctx.next_id()), id, self.desk.ctx.now());
                let mut answer = request.view();
                answer["resolution"] = json!("support_request_created");
                lock(&self.support).push(request);
                Ok(Answer { status: 201, body: Some(answer) })
            }
        }
    }
}

fn not_from(status: &str, what: &str) -> Refusal {
    answer::not_now(format!("An order that is {status} cannot be {what}."))
}
