//! `POST /v4/orders:search`: what an order must be like, and the short form it is found in.

use super::view;
use crate::partners::book::{Book, Order};
use crate::partners::fields::{Fields, Wrong};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Filters; an absent one lets everything through.
pub(super) struct Wanted {
    /// A field of the short form, and the values it may have.
    fields: Vec<(&'static str, Vec<String>)>,
    text: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: usize,
    offset: usize,
}

/// The filters that are lists, and the field of the short form each looks at.
const LISTS: [(&str, &str); 9] = [
    ("ids", "id"),
    ("orderReferenceIds", "orderReferenceId"),
    ("orderTypes", "orderType"),
    ("fulfillmentStatuses", "fulfillmentStatus"),
    ("financialStatuses", "financialStatus"),
    ("channels", "channel"),
    ("countries", "country"),
    ("currencies", "currency"),
    ("storeIds", "storeId"),
];
/// Orders a page holds where no limit is given, and at most.
const PAGE: u64 = 50;
const LARGEST_PAGE: u64 = 100;

impl Wanted {
    pub fn read(body: &Fields<'_>) -> Result<Self, Wrong> {
        let names = LISTS.map(|(list, _)| list);
        body.only(&[&names[..], &["orderReferenceId", "search", "startDate", "endDate", "limit", "offset"]].concat())?;
        let mut fields = Vec::new();
        for (list, field) in LISTS {
            if let Some(values) = body.texts(list)? {
                fields.push((field, values.into_iter().map(str::to_owned).collect()));
            }
        }
        if let Some(reference) = body.maybe_text("orderReferenceId")? {
            fields.push(("orderReferenceId", vec![reference.to_owned()]));
        }
        let moment = |name: &str| match body.maybe_text(name)?.map(str::parse::<Timestamp>) {
            None => Ok(None),
            Some(Ok(moment)) => Ok(Some(moment)),
            Some(Err(_)) => Err(body.wrong(name, "must be a time like 2026-04-25T16:15:47-04:00")),
        };
        let limit = body.nullable_whole("limit", 1..=LARGEST_PAGE)?.unwrap_or(PAGE);
        let offset = body.nullable_whole("offset", 0..=u64::MAX)?.unwrap_or(0);
        Ok(Self {
            fields,
            text: body.maybe_text("search")?.map(str::to_owned),
            since: moment("startDate")?,
            until: moment("endDate")?,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            offset: usize::try_from(offset).unwrap_or(usize::MAX),
        })
    }

    /// The page of orders, newest first. An order younger than `lag_ms` is not found yet.
    pub fn find(&self, book: &Book, lag_ms: u64) -> Vec<Value> {
        let lag = i64::try_from(lag_ms).unwrap_or(i64::MAX);
        let youngest = book.ctx.now().as_millisecond().saturating_sub(lag);
        let old = book.orders.iter().rev().filter(|order| order.created.as_millisecond() <= youngest);
        old.filter(|order| self.fits(order)).skip(self.offset).take(self.limit).map(short).collect()
    }

    fn fits(&self, order: &Order) -> bool {
        let short = short(order);
        let listed = self.fields.iter().all(|(field, values)| {
            short[*field].as_str().is_some_and(|value| values.iter().any(|wanted| wanted == value))
        });
        let named = self.text.as_ref().is_none_or(|text| {
            ["firstName", "lastName", "orderReferenceId"]
                .iter()
                .any(|name| short[*name].as_str().is_some_and(|value| value.contains(text.as_str())))
        });
        let when = order.released.unwrap_or(order.created);
        listed && named && self.since.is_none_or(|since| when >= since) && self.until.is_none_or(|until| when <= until)
    }
}

/// An order as a search shows it: neither items nor parcels.
fn short(order: &Order) -> Value {
    let to = &order.request["shippingAddress"];
    json!({
        "channel": "api",
        "connectedOrderIds": [],
        "country": to["country"],
        "createdAt": view::moment(order.created),
        "currency": order.request["currency"],
        "customerReferenceId": order.request["customerReferenceId"],
        "financialStatus": view::financial_status(order),
        "firstName": to["firstName"],
        "fulfillmentStatus": view::status(order),
        "id": order.id,
        "itemsCount": order.items.len(),
        "lastName": to["lastName"],
        "orderReferenceId": order.external_id,
        "orderType": view::order_type(order),
        "orderedAt": order.released.map(view::moment),
        "storeId": null,
        // A text here, a number in a receipt.
        "totalInclVat": order.total().text(),
        "updatedAt": view::moment(order.updated),
    })
}
