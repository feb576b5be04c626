//! The sweep: webhooks are a hint. What changed at the store is listed, and the facts that nobody told are appended just as the
//! door would have: with the same ids, so that one that arrives after all is the same event.
//!
//! A pass walks everything that changed since the one before began, less an overlap. It stops in time and keeps its place; only
//! a pass that came to its end moves the watermark. What an interrupted one had found is written down before it is
//! appended, so that the owner hears of it whatever happens.

use domain::Timestamp;
use domain::event::{Event, EventKey, Fact};
use domain::exception::{Exception, What};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::{Clock, Queue};
use ledger::{Appended, Bookmark, Table};
use serde::{Deserialize, Serialize};
use store::{Change, ChangedOrders};

use crate::LAYER;
use crate::missing::{Missing, missing};
use crate::rounds::{Error, Rounds};

/// The name of the sweep's bookmark, by which the watchdog knows when it last came to its end.
pub use domain::health::SWEEP as BOOKMARK;

/// Who says so, in the journey.
const SOURCE: &str = "sweep";

/// A pass begins so long before the one before began: clocks differ, and what was too young then is looked at again.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// A pass that found nothing leaves the bookmark where it is for so long: the next one looks at the same hour once more, which is as
/// empty, and a write each time would be most of what a quiet month writes. Shorter than any hour after which silence is told.
const KEEPS: SignedDuration = SignedDuration::from_mins(30);

/// A webhook has so long to arrive before the sweep does its work.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// Where the sweep stands, as its bookmark holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// When the first pass began.
    beginning: Timestamp,
    /// Everything that changed before is looked at.
    watermark: Timestamp,
    /// The pass under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass: Option<Pass>,
    /// Orders whose webhooks were missed and which the owner has not heard of yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missed: Vec<String>,
    /// When the first of them was found: what makes telling them twice one telling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    began: Timestamp,
    /// What changed since then is walked.
    from: Timestamp,
    /// The page under way, in the store's own words.
    after: Option<String>,
}

impl Place {
    /// What is stored cannot be read only after a change of this file: then the walk begins anew, a day back.
    fn read(bookmark: &Bookmark, now: Timestamp) -> Self {
        serde_json::from_str(&bookmark.place)
            .unwrap_or_else(|_| Self { watermark: less(now, SignedDuration::from_hours(24)), ..Self::first(now) })
    }

    fn first(now: Timestamp) -> Self {
        Self { beginning: now, watermark: now, pass: None, missed: Vec::new(), missed_at: None }
    }
}

fn less(time: Timestamp, span: SignedDuration) -> Timestamp {
    time.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// What a round of the sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Orders that had changed.
    pub looked_at: u32,
    /// Facts that nobody had told.
    pub appended: u32,
    /// Names of the orders whose webhooks were missed.
    pub missed: Vec<String>,
    /// Everything was looked at; otherwise the next round goes on where this one stopped.
    pub finished: bool,
}

/// The bookmark in hand.
struct Walk {
    place: Place,
    mark: Option<Bookmark>,
    /// When a pass last came to its end.
    ended: Timestamp,
}

impl Walk {
    /// A pass came to its end a moment ago, and that is written down.
    fn is_young(&self, now: Timestamp) -> bool {
        self.mark.is_some() && now.duration_since(self.ended) < KEEPS
    }
}

impl<T: Table, Q: Queue, C: Clock, S: ChangedOrders> Rounds<'_, T, Q, C, S> {
    /// One round as of `now`; no page is begun after `stop`.
    pub async fn sweep(&self, now: Timestamp, stop: Timestamp) -> Result<Swept, Error> {
        let ledger = &self.station.ledger;
        let mark = ledger.bookmark(&self.station.store, BOOKMARK).await?;
        let place = mark.as_ref().map_or_else(|| Place::first(now), |mark| Place::read(mark, now));
        let ended = mark.as_ref().map_or(now, |mark| mark.at);
        let mut walk = Walk { place, mark, ended };
        let mut swept = Swept::default();
        self.forget_told(&mut walk).await?;
        let began = Pass { began: now, from: less(walk.place.watermark, OVERLAP), after: None };
        let mut pass = walk.place.pass.clone().unwrap_or(began);
        while self.station.now() < stop {
            let page = match self.store.changed(pass.from, pass.after.as_deref()).await {
                Ok(page) => page,
                Err(trouble) => {
                    self.tell(&mut walk).await?;
                    // A place the store no longer takes must not stop the sweep for ever: the pass begins anew.
                    if pass.after.is_some() && matches!(trouble, Trouble::Refused { .. } | Trouble::Broken { .. }) {
                        walk.place.pass = None;
                        self.keep(&mut walk).await?;
                    }
                    return Err(trouble.into());
                }
            };
            self.look(&mut walk, &mut swept, &page.items, now).await?;
            pass.after = page.next;
            if pass.after.is_none() {
                swept.finished = true;
                if swept.looked_at > 0 || walk.place.pass.is_some() || !walk.is_young(now) {
                    (walk.place.watermark, walk.place.pass, walk.ended) = (pass.began, None, now);
                    self.keep(&mut walk).await?;
                }
                break;
            }
            walk.place.pass = Some(pass.clone());
            self.keep(&mut walk).await?;
        }
        self.tell(&mut walk).await?;
        tracing::info!(swept.looked_at, swept.appended, missed = swept.missed.len(), swept.finished, "swept");
        Ok(swept)
    }

    /// Appends what the orders of one page lack.
    async fn look(&self, walk: &mut Walk, swept: &mut Swept, changes: &[Change], now: Timestamp) -> Result<(), Error> {
        // A test store's orders may carry any date.
        let beginning = self.settings.live.then_some(walk.place.beginning);
        let mut found: Vec<(&Change, Vec<Missing>)> = Vec::new();
        for change in changes {
            swept.looked_at += 1;
            let journey = self.station.ledger.journey(&Subject::Order(change.order.id)).await?;
            let mut lacks = missing(&change.order, change.at, &journey, beginning);
            lacks.retain(|missing| missing.since <= less(now, GRACE));
            let is_assessment = |missing: &Missing| matches!(missing.fact, Fact::RiskAssessed { .. });
            if lacks.iter().any(is_assessment) && self.capture_will_look(change.order.id).await? {
                lacks.retain(|missing| !is_assessment(missing));
            }
            if !lacks.is_empty() {
                found.push((change, lacks));
            }
        }
        let lost = found.iter().filter(|(_, lacks)| lacks.iter().any(|missing| missing.lost));
        let names: Vec<String> = lost.map(|(change, _)| change.order.name.clone()).collect();
        if !names.is_empty() {
            for name in names.into_iter().filter(|name| !walk.place.missed.contains(name)).collect::<Vec<_>>() {
                walk.place.missed.push(name.clone());
                swept.missed.push(name);
            }
            walk.place.missed_at.get_or_insert(now);
            self.keep(walk).await?;
        }
        for (change, lacks) in found {
            for Missing { fact, since, .. } in lacks {
                let event = Event {
                    subject: Subject::Order(change.order.id),
                    fact,
                    source: SOURCE.to_owned(),
                    time: since,
                    order_name: Some(change.order.name.clone()),
                };
                if self.station.append_event(&event, None).await? == Appended::New {
                    tracing::info!(subject = %event.subject, event = %event.fact.id(), "a fact that nobody told");
                    swept.appended += 1;
                }
            }
        }
        Ok(())
    }

    /// Capture has not taken the payment yet: it will see the assessment by itself.
    async fn capture_will_look(&self, order: OrderId) -> Result<bool, Error> {
        let paid = EventKey { subject: Subject::Order(order), id: Fact::OrderPaid { what: None }.id() };
        Ok(self.station.ledger.event(&paid).await?.is_none_or(|stored| stored.owed_by(LAYER)))
    }

    /// Writes the place down. Another sweep at the same time wins or loses here, once.
    async fn keep(&self, walk: &mut Walk) -> Result<(), Error> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let place = serde_json::to_string(&walk.place)?;
        if !ledger.move_bookmark(store, BOOKMARK, walk.mark.as_ref(), &place, walk.ended).await? {
            return Err(Error::Overtaken);
        }
        walk.mark = ledger.bookmark(store, BOOKMARK).await?;
        Ok(())
    }

    /// The owner hears of the orders that were missed: one exception for all of them, those that an interrupted round had found
    /// included.
    async fn tell(&self, walk: &mut Walk) -> Result<(), Error> {
        let Some(exception) = self.to_tell(walk) else { return Ok(()) };
        self.station.ledger.raise(&exception).await?;
        (walk.place.missed, walk.place.missed_at) = (Vec::new(), None);
        self.keep(walk).await
    }

    /// What a round told that ended before it could forget it is not told again, and what is found now is told apart from it.
    async fn forget_told(&self, walk: &mut Walk) -> Result<(), Error> {
        let Some(exception) = self.to_tell(walk) else { return Ok(()) };
        if self.station.ledger.exception(&self.station.store, &exception.id).await?.is_none() {
            return Ok(());
        }
        (walk.place.missed, walk.place.missed_at) = (Vec::new(), None);
        self.keep(walk).await
    }

    fn to_tell(&self, walk: &Walk) -> Option<Exception> {
        let at = walk.place.missed_at?;
        let what = What::WebhooksMissed { orders: walk.place.missed.clone() };
        Some(Exception::raise(&self.station.store, &what, &at.to_string(), self.station.now()))
    }
}
