//! Payment health: read from the store at each look, judged by [`domain::health`], and told once a day and place.

use domain::Timestamp;
use domain::exception::{Exception, Life, What};
use domain::health::{Figures, Finding, overdue};
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::Table;
use serde::Serialize;
use store::{Checkouts, PlacedOrders};

use crate::rounds::{Error, Rounds};
use crate::sweep;

const BOOKMARK: &str = "health";

/// The hours looked at change slowly.
const EVERY: SignedDuration = SignedDuration::from_mins(50);

/// What a look found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    pub orders: u32,
    pub stalled: u32,
    /// What is worse than it should be, in the owner's words.
    pub ill: Vec<String>,
    /// There was no time to read everything: nothing was judged.
    pub broken_off: bool,
}

impl<T: Table, Q: Queue, C: Clock, S: Checkouts + PlacedOrders> Rounds<'_, T, Q, C, S> {
    pub(crate) async fn health_if_due(&self, now: Timestamp, stop: Timestamp) -> Result<Option<Health>, Error> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let mark = ledger.bookmark(store, BOOKMARK).await?;
        if mark.as_ref().is_some_and(|mark| now.duration_since(mark.at) < EVERY) {
            return Ok(None);
        }
        let health = self.health(now, stop).await?;
        // Broken off too: a store too large to read in a round is not read again in every one.
        ledger.move_bookmark(store, BOOKMARK, mark.as_ref(), "", now).await?;
        Ok(Some(health))
    }

    async fn health(&self, now: Timestamp, stop: Timestamp) -> Result<Health, Error> {
        let mut health = Health::default();
        let mut findings = Vec::new();
        if let Some(figures) = self.figures(now, stop, &mut health).await? {
            findings = figures.findings();
        }
        findings.extend(self.silence(now).await?);
        let journey = self.station.ledger.journey(&self.station.store).await?;
        let open: Vec<&Exception> = journey.exceptions.iter().filter(|one| one.state != Life::Resolved).collect();
        for finding in &findings {
            self.tell_finding(finding, now, &open).await?;
        }
        health.ill = findings.iter().filter(|finding| finding.ill).map(|finding| finding.what.to_string()).collect();
        Ok(health)
    }

    /// Everything of the last day; `None` where there was no time for it, since half of the figures are none.
    async fn figures(&self, now: Timestamp, stop: Timestamp, health: &mut Health) -> Result<Option<Figures>, Error> {
        let mut figures = Figures::as_of(now);
        let mut after = None;
        loop {
            if self.station.now() >= stop {
                health.broken_off = true;
                return Ok(None);
            }
            let page = self.store.placed(figures.from(), now, after.as_deref()).await?;
            for order in page.items {
                health.orders += 1;
                figures.order(order.placed, order.country.as_deref(), &order.attempts);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        loop {
            if self.station.now() >= stop {
                health.broken_off = true;
                return Ok(None);
            }
            let page = self.store.stalled(figures.from(), now, after.as_deref()).await?;
            for checkout in page.items.into_iter().filter(|checkout| !checkout.recovered) {
                health.stalled += 1;
                figures.stalled(checkout.begun, checkout.country.as_deref());
            }
            after = page.next;
            if after.is_none() {
                return Ok(Some(figures));
            }
        }
    }

    /// Where the owner expects an order every so many hours: how long there was none. A store without any order counts from when
    /// Baton began to look.
    async fn silence(&self, now: Timestamp) -> Result<Option<Finding>, Error> {
        let expected = self.settings.sweep.expect_order_hours;
        if expected == 0 {
            return Ok(None);
        }
        let since = match self.store.newest_order().await? {
            Some(newest) => Some(newest),
            None => self.station.ledger.bookmark(&self.station.store, sweep::BOOKMARK).await?.map(|mark| mark.at),
        };
        let hours = since.and_then(|since| overdue(since, now, expected));
        let what = What::NoOrders { hours: hours.unwrap_or_default() };
        Ok(Some(Finding { about: what.slug().to_owned(), what, ill: hours.is_some() }))
    }

    /// Told once a day; better: what is open about it, of whatever day, is resolved.
    async fn tell_finding(&self, finding: &Finding, now: Timestamp, open: &[&Exception]) -> Result<(), Error> {
        let cause = |at: Timestamp| {
            let day: String = at.to_string().chars().take(10).collect();
            format!("{} {day}", finding.about)
        };
        if finding.ill {
            self.tell_once(&finding.what, &cause(now)).await?;
            return Ok(());
        }
        let store = &self.station.store;
        for exception in open {
            if exception.id == Exception::raise(store, &finding.what, &cause(exception.raised), now).id {
                self.station.ledger.heal(store, &exception.id, now).await?;
            }
        }
        Ok(())
    }
}
