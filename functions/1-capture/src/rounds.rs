//! What capture does beside its queue: rounds by the schedule's clock, and what the operator asks for.

use domain::Timestamp;
use domain::exception::{Exception, What};
use domain::handoff::Layer;
use domain::provider::Trouble;
use jiff::SignedDuration;
use lambda::config::{Mode, Platform, SweepSection};
use lambda::store_line::STORE;
use lambda::{Clock, Failure, Queue, Station, StoreConfig};
use ledger::{LedgerError, Table};
use serde::Serialize;
use store::{ChangedOrders, Checkouts, PlacedOrders, Subscriptions, Topic};

use crate::health::Health;
use crate::subscriptions::Line;
use crate::sweep::Swept;

/// A page or a request may take so long at the end of a round: a fifth of the time that Lambda gives us.
const RESERVE: i32 = 5;

/// What the rounds need to know of the owner's choices.
#[derive(Debug, Clone)]
pub struct Settings {
    pub sweep: SweepSection,
    /// Real orders: those placed before Baton began are left alone.
    pub live: bool,
    /// Where the store's webhooks have to go.
    pub webhooks: String,
    /// Which ones.
    pub topics: &'static [Topic],
    /// Where the test order's mails go: to the drill's inbox, else to the owner.
    pub inbox: String,
    /// The variant of a test order that names none: the first one the catalog maps, or a headless store sells.
    pub variant: Option<String>,
}

impl Settings {
    /// From the owner's choices; `door` is the door's public address, `path` where on it this platform delivers.
    #[must_use]
    pub fn new(config: &StoreConfig, topics: &'static [Topic], door: &str, path: &str) -> Self {
        // A shop of its own sells by SKU, any other by the store's numbers.
        let variant = match config.store.platform {
            Platform::Shopify => config.catalog.variants.iter().find_map(|row| row.store_variant.clone()),
            Platform::Headless => {
                let mut products = config.checkout.products.iter();
                products.find(|product| product.requires_shipping).map(|product| product.sku.clone())
            }
        };
        Self {
            sweep: config.sweep.clone(),
            live: config.store.mode == Mode::Live,
            webhooks: format!("{}/{path}", door.trim_end_matches('/')),
            topics,
            inbox: config.drill.inbox.as_ref().unwrap_or(&config.alerts.to).clone(),
            variant,
        }
    }
}

/// Capture's rounds over a station and a store.
#[derive(Debug)]
pub struct Rounds<'s, T, Q, C, S> {
    pub station: &'s Station<T, Q, C>,
    pub store: S,
    pub settings: Settings,
}

/// Why a part of a round ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Station(#[from] Failure),
    /// The store did not answer, or said no.
    #[error("the store: {0}")]
    Store(#[from] Trouble),
    /// Another invocation is at the same work.
    #[error("another round is at it")]
    Overtaken,
    #[error("failed to write down where the round stands")]
    Place(#[from] serde_json::Error),
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        Self::Station(error.into())
    }
}

/// What a round did. A part that is absent was not due, or ended in one of the troubles.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub sweep: Option<Swept>,
    pub subscriptions: Option<Vec<Line>>,
    pub health: Option<Health>,
    /// One sentence each.
    pub troubles: Vec<String>,
}

impl<T, Q, C, S> Rounds<'_, T, Q, C, S>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: ChangedOrders + Subscriptions + Checkouts + PlacedOrders,
{
    /// One round as of `now`. Its parts do not depend on each other: where the store fails one, the others have their turn.
    pub async fn round(&self, now: Timestamp, deadline: Timestamp) -> Result<Report, Error> {
        let stop = self.stop(deadline);
        let mut report = Report::default();
        // First, since nothing is told while nobody is subscribed.
        let subscriptions = self.subscriptions_if_due(now).await;
        report.subscriptions = self.part("subscriptions", subscriptions, &mut report.troubles).await?.flatten();
        let swept = self.sweep(now, stop).await;
        report.sweep = self.part("sweep", swept, &mut report.troubles).await?;
        let health = self.health_if_due(now, stop).await;
        report.health = self.part("health", health, &mut report.troubles).await?.flatten();
        Ok(report)
    }

    pub(crate) fn stop(&self, deadline: Timestamp) -> Timestamp {
        let left = deadline.duration_since(self.station.now()).max(SignedDuration::ZERO);
        deadline.checked_sub(left / RESERVE).unwrap_or(deadline)
    }
}

impl<T: Table, Q: Queue, C: Clock, S> Rounds<'_, T, Q, C, S> {
    /// What became of a part. The store's trouble is no failure of ours: an outage passes (and a sweep that stays away too long
    /// is the watchdog's to tell), anything else the owner has to mend, and hears of once.
    async fn part<R>(
        &self,
        name: &str,
        result: Result<R, Error>,
        troubles: &mut Vec<String>,
    ) -> Result<Option<R>, Error> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let broken = |why: &str| {
            let provider = STORE.to_owned();
            let what = What::ProviderBroken { layer: Layer::Capture, provider, why: why.to_owned() };
            Exception::raise(store, &what, &format!("round {name}"), self.station.now())
        };
        match result {
            Ok(done) => {
                ledger.heal(store, &broken("").id, self.station.now()).await?;
                Ok(Some(done))
            }
            Err(Error::Store(trouble)) => {
                if matches!(trouble, Trouble::Refused { .. } | Trouble::Broken { .. }) {
                    ledger.raise(&broken(&trouble.to_string())).await?;
                }
                tracing::warn!(part = name, trouble = %trouble, "the store did not answer a round");
                troubles.push(format!("{name}: {trouble}"));
                Ok(None)
            }
            Err(Error::Overtaken) => {
                troubles.push(format!("{name}: another round is at it"));
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Raises an exception about the store once per cause, whatever has become of it since.
    pub(crate) async fn tell_once(&self, what: &What, cause: &str) -> Result<bool, Error> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let exception = Exception::raise(store, what, cause, self.station.now());
        if ledger.exception(store, &exception.id).await?.is_some() {
            return Ok(false);
        }
        tracing::warn!(exception.id = exception.id, "exception");
        Ok(ledger.raise(&exception).await?)
    }
}

#[cfg(test)]
mod tests;
