//! What payment health looks at: checkouts nobody finished, as Stripe lists them, and our own orders with every attempt to pay.

use domain::Timestamp;
use domain::provider::Trouble;
use domain::subject::OrderId;

use super::stripe::{Form, PAGE, wire};
use super::table::{BEFORE_FIRST, OrderTable};
use super::{Headless, observe, translate};
use crate::{Checkouts, Page, PlacedOrder, PlacedOrders, StalledCheckout};

/// So many rows are read for one page.
const ROWS: u64 = 25;

impl<T: OrderTable> Checkouts for Headless<T> {
    /// Newest first: Stripe's own order. A checkout that Stripe brought back, or that its customer began anew, counts as
    /// recovered once its order is one.
    async fn stalled(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<StalledCheckout>, Trouble> {
        let query = Form::default().with("limit", PAGE).with_some("starting_after", after);
        let page: Option<wire::List<wire::Session>> = self.stripe.get("/v1/checkout/sessions", &query).await?;
        let page = page
            .ok_or_else(|| Trouble::Broken { why: "it has no list of checkouts; check stripe.base_url".to_owned() })?;
        let mut items = Vec::new();
        let (mut past, mut last) = (false, None);
        for session in &page.data {
            let begun = observe::moment(session.created)?;
            last = Some(session.id.clone());
            past = begun < from;
            if past {
                break;
            }
            let ours = session.metadata.as_ref().filter(|metadata| metadata.get("baton_shop") == Some(&self.shop));
            let Some(number) = ours.and_then(|metadata| metadata.get("baton_order")?.parse().ok()) else { continue };
            if begun >= until || observe::progress(session, None).is_order() {
                continue;
            }
            let row = self.table.get(number).await?;
            let address = session.customer_details.as_ref().and_then(|customer| customer.address.as_ref());
            items.push(StalledCheckout {
                id: session.id.clone(),
                begun,
                country: address.and_then(|address| address.country.clone()),
                recovered: row.is_some_and(|row| row.status.is_order()),
            });
        }
        Ok(Page { items, next: last.filter(|_| page.has_more && !past) })
    }
}

impl<T: OrderTable> PlacedOrders for Headless<T> {
    /// Newest first, by number. A checkout at which somebody tried to pay and could not counts as well.
    async fn placed(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<PlacedOrder>, Trouble> {
        let newest = match after {
            None => self.table.last_number().await?,
            Some(after) => after
                .parse::<u64>()
                .map_err(|_| Trouble::Broken { why: format!("{after:?} is no place in a list of ours") })?
                .saturating_sub(1),
        };
        let oldest = newest.saturating_sub(ROWS - 1).max(BEFORE_FIRST + 1);
        let mut items = Vec::new();
        for number in (oldest..=newest).rev() {
            // A number may have been left out.
            let Some(row) = self.table.get(number).await? else { continue };
            if row.created < from {
                return Ok(Page { items, next: None });
            }
            if row.created >= until || (!row.status.is_order() && row.attempts.is_empty()) {
                continue;
            }
            let order = translate::order(&row)?;
            items.push(PlacedOrder {
                id: OrderId(row.number),
                placed: row.created,
                country: order.ship_to.or(order.bill_to).map(|address| address.country_code),
                attempts: order.attempts,
            });
        }
        Ok(Page { items, next: (oldest > BEFORE_FIRST + 1).then(|| oldest.to_string()) })
    }

    async fn newest_order(&self) -> Result<Option<Timestamp>, Trouble> {
        self.table.newest_paid().await
    }
}
