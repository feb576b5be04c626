//! What changed, for the sweep: everything an order's journey hangs on happens at Stripe, so Stripe's events are asked, in the
//! order in which they happened. Stripe keeps them for 30 days and lists the newest first; so a window of time is walked back to
//! its oldest event once, and then read forward, a page at a time.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::provider::Trouble;
use jiff::SignedDuration;

use super::stripe::{Form, PAGE, wire};
use super::subscriptions::TOPICS;
use super::table::OrderTable;
use super::{Headless, observe, translate};
use crate::{Change, ChangedOrders, Page};

/// So much time is looked at in one walk.
const WINDOW: SignedDuration = SignedDuration::from_hours(6);

/// So many events are one page: some ten orders, each a few requests.
const EVENTS: usize = 25;

/// Where a sweep stands: a window's beginning, and the last event that was looked at within it.
struct Place {
    start: Timestamp,
    event: Option<String>,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (start, event) = text.split_once('/').map_or((text, None), |(start, event)| (start, Some(event)));
        Some(Self { start: Timestamp::from_second(start.parse().ok()?).ok()?, event: event.map(str::to_owned) })
    }

    fn text(&self) -> String {
        let start = self.start.as_second();
        self.event.as_ref().map_or_else(|| start.to_string(), |event| format!("{start}/{event}"))
    }
}

impl<T: OrderTable> ChangedOrders for Headless<T> {
    /// Mere intentions (checkouts nobody finished) are looked at and written down, and are no orders yet.
    async fn changed(&self, since: Timestamp, after: Option<&str>) -> Result<Page<Change>, Trouble> {
        let now = self.now();
        let place = match after {
            None => Place { start: since, event: None },
            Some(after) => Place::parse(after)
                .ok_or_else(|| Trouble::Broken { why: format!("{after:?} is no place in a list of ours") })?,
        };
        let end = place.start.checked_add(WINDOW).unwrap_or(Timestamp::MAX);
        let query = events_between(place.start, end);
        let (mut events, more) = match &place.event {
            None => self.oldest(&query).await?,
            Some(event) => self.after(&query, event).await?,
        };
        // Stripe has the newest in front; within a second its order is all there is.
        events.reverse();
        let next = match events.last() {
            Some(last) if more => Some(Place { start: place.start, event: Some(last.id.clone()) }),
            _ => (end <= now).then_some(Place { start: end, event: None }),
        };
        let items = self.orders_of(&events).await?;
        Ok(Page { items, next: next.map(|place| place.text()) })
    }
}

fn events_between(start: Timestamp, end: Timestamp) -> Form {
    let bounds = Form::default().with("created[gte]", start.as_second()).with("created[lt]", end.as_second());
    let topics = TOPICS.iter().enumerate();
    topics.fold(bounds, |form, (at, topic)| form.with(&format!("types[{at}]"), topic.name))
}

impl<T: OrderTable> Headless<T> {
    async fn events(&self, query: &Form) -> Result<wire::List<wire::Event>, Trouble> {
        let list = self.stripe.get("/v1/events", query).await?;
        list.ok_or_else(|| Trouble::Broken { why: "it has no list of events; check stripe.base_url".to_owned() })
    }

    /// The oldest events of a window, and whether there are more.
    async fn oldest(&self, window: &Form) -> Result<(Vec<wire::Event>, bool), Trouble> {
        let window = window.clone().with("limit", PAGE);
        let mut page = self.events(&window).await?;
        let mut first = true;
        while page.has_more {
            let Some(last) = page.data.last() else { break };
            page = self.events(&window.clone().with("starting_after", &last.id)).await?;
            first = false;
        }
        // The newest of this page stand in front.
        let rest = page.data.len().saturating_sub(EVENTS);
        let more = rest > 0 || !first;
        Ok((page.data.split_off(rest), more))
    }

    /// The events just after one that was looked at, and whether there are more.
    async fn after(&self, window: &Form, event: &str) -> Result<(Vec<wire::Event>, bool), Trouble> {
        let page = self.events(&window.clone().with("limit", EVENTS).with("ending_before", event)).await?;
        Ok((page.data, page.has_more))
    }

    /// The orders these events are about, as Stripe has them now, each once.
    async fn orders_of(&self, events: &[wire::Event]) -> Result<Vec<Change>, Trouble> {
        let mut last: BTreeMap<&str, i64> = BTreeMap::new();
        for event in events {
            let object = &event.data.object;
            let Some(id) = object.id.as_deref() else { continue };
            // A session, a payment and its charges are one look; a refund, a dispute, a warning each show themselves only.
            let about = match (id.split('_').next(), object.payment_intent.as_deref()) {
                (Some("cs" | "ch" | "py"), Some(intent)) => intent,
                _ => id,
            };
            last.insert(about, event.created);
        }
        let mut orders: BTreeMap<u64, (Timestamp, super::row::OrderRow)> = BTreeMap::new();
        for (object, created) in last {
            let row = match self.look(object).await {
                Ok(Some(row)) if row.status.is_order() => row,
                // What Stripe no longer has cannot be swept.
                Ok(_) | Err(Trouble::Refused { .. }) => continue,
                Err(trouble) => return Err(trouble),
            };
            let at = observe::moment(Some(created))?;
            let at = orders.get(&row.number).map_or(at, |(known, _)| at.max(*known));
            orders.insert(row.number, (at, row));
        }
        let mut changes = Vec::new();
        for (at, row) in orders.into_values() {
            changes.push(Change { order: translate::order(&row)?, at });
        }
        changes.sort_by_key(|change| change.at);
        Ok(changes)
    }
}
