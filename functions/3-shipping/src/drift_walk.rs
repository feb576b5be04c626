//! The drift report: every open order once a night, and whenever the owner asks (`make drift`).
//!
//! An open order is one that still owes something: the ledger's index of what is due has them all. A walk ends before its
//! function does and says where to go on; the nightly one keeps that, and what it found so far, in a bookmark.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, State};
use domain::event::{Event, Fact};
use domain::exception::{Exception, What};
use domain::external_id::external_id;
use domain::order::Order;
use domain::parcel::{ParcelKey, standing};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use lambda::store_line::STORE;
use lambda::{Clock, Failure, Queue};
use ledger::{Bookmark, LedgerError, Table};
use partner::OrderRef;
use serde::{Deserialize, Serialize};
use tracking::Look;

use crate::drift::{AtCarrier, AtPartner, Told, differences};
use crate::{Maker, ShipTo, Shipping};

const BOOKMARK: &str = "drift";
/// A round ends so long before its function does.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);
/// What happened within so long is still on its way from one to the other.
const IN_MOTION: SignedDuration = SignedDuration::from_hours(1);
/// The schedule wakes several times a night; a walk that has come to its end begins anew only after so long.
const A_NIGHT: SignedDuration = SignedDuration::from_hours(12);
/// A report keeps so many lines; they are counted all the same.
const LINES: usize = 100;

/// What one stretch of the walk found.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Orders that were compared.
    pub compared: u32,
    /// Orders that were left out, because something has just happened to them.
    pub in_motion: u32,
    /// `#1001: cancelled in the store, and printful makes it`.
    pub differences: Vec<String>,
    /// Who could not be asked, and why.
    pub not_asked: BTreeSet<String>,
    /// The last order that was looked at: where to go on.
    pub after: Option<String>,
    /// There is nothing to go on to.
    pub finished: bool,
}

/// How far the night's walk is, and what it found.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Walk {
    /// It has not come to its end yet.
    under_way: bool,
    after: Option<String>,
    lines: Vec<String>,
    orders: usize,
    /// The exception of the last report that found something.
    told: Option<String>,
}

/// Why a stretch cannot go on with this order.
enum Stop {
    /// It would be the same with the next one.
    Later(String),
    Failure(Failure),
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Failure(error.into())
    }
}

impl<T: Table, Q: Queue, C: Clock, S: ShipTo, P: Maker> Shipping<'_, T, Q, C, S, P> {
    /// A round of the night as of `now`, which ends before `deadline`. The one that comes to the end writes the report: one
    /// exception with all that was found, or none. The same list is not told twice.
    pub async fn night(&self, now: Timestamp, deadline: Timestamp) -> Result<Stretch, Failure> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let bookmark = ledger.bookmark(store, BOOKMARK).await?;
        let mut walk: Walk =
            bookmark.as_ref().and_then(|mark| serde_json::from_str(&mark.place).ok()).unwrap_or_default();
        let ended = bookmark.as_ref().map_or(Timestamp::UNIX_EPOCH, |mark| mark.at);
        if !walk.under_way && bookmark.is_some() && now.duration_since(ended) < A_NIGHT {
            return Ok(Stretch { finished: true, ..Stretch::default() });
        }
        let stretch = self.stretch(walk.after.as_deref(), now, deadline).await?;
        let orders: BTreeSet<&str> = stretch.differences.iter().filter_map(|line| line.split(": ").next()).collect();
        walk.orders += orders.len();
        let room = LINES.saturating_sub(walk.lines.len());
        walk.lines.extend(stretch.differences.iter().take(room).cloned());
        for why in &stretch.not_asked {
            tracing::warn!(why, "the drift report could not ask");
        }
        walk.under_way = !stretch.finished;
        walk.after = stretch.after.clone().filter(|_| walk.under_way);
        let mut at = ended;
        if stretch.finished {
            self.report(&mut walk).await?;
            at = now;
        }
        self.keep(bookmark.as_ref(), &walk, at).await?;
        Ok(stretch)
    }

    async fn keep(&self, from: Option<&Bookmark>, walk: &Walk, at: Timestamp) -> Result<(), Failure> {
        let place = serde_json::to_string(walk).unwrap_or_default();
        // Whoever else walked tonight has moved it; what that one found stands.
        self.station.ledger.move_bookmark(&self.station.store, BOOKMARK, from, &place, at).await?;
        Ok(())
    }

    async fn report(&self, walk: &mut Walk) -> Result<(), Failure> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let (lines, orders) = (std::mem::take(&mut walk.lines), std::mem::take(&mut walk.orders));
        let cause = lines.join("\n");
        let what = What::Drift { orders, differences: lines };
        let exception = Exception::raise(store, &what, &cause, self.station.now());
        let told = walk.told.take();
        if let Some(before) = told.filter(|before| orders == 0 || *before != exception.id) {
            ledger.heal(store, &before, self.station.now()).await?;
        }
        if orders > 0 {
            ledger.raise(&exception).await?;
            walk.told = Some(exception.id);
        }
        Ok(())
    }

    /// Compares open orders from `after` on, in the order of their numbers' digits, as far as the time reaches.
    pub async fn stretch(&self, after: Option<&str>, now: Timestamp, deadline: Timestamp) -> Result<Stretch, Failure> {
        let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        let owing = self.station.ledger.owing(&self.station.store).await?;
        let open: BTreeSet<(String, OrderId)> =
            owing.into_iter().filter_map(|key| Some((key.subject.to_string(), key.subject.order()?))).collect();
        let mut stretch = Stretch { after: after.map(str::to_owned), ..Stretch::default() };
        for (subject, id) in &open {
            if after.is_some_and(|after| subject.as_str() <= after) {
                continue;
            }
            if self.station.now() >= until {
                return Ok(stretch);
            }
            match self.compare(*id, now, &mut stretch).await {
                Ok(()) => stretch.after = Some(subject.clone()),
                Err(Stop::Later(why)) => {
                    stretch.not_asked.insert(why);
                    return Ok(stretch);
                }
                Err(Stop::Failure(failure)) => return Err(failure),
            }
        }
        stretch.finished = true;
        Ok(stretch)
    }

    async fn compare(&self, id: OrderId, now: Timestamp, stretch: &mut Stretch) -> Result<(), Stop> {
        let journey = self.station.ledger.journey(&Subject::Order(id)).await?;
        if journey.owing.is_empty() {
            // Finished, and still in the index of what is due.
            return Ok(());
        }
        // A source whose clock runs ahead says nothing about when this was.
        let newest = journey.events.iter().map(|event| event.time).filter(|time| *time <= now).max();
        if newest.is_some_and(|newest| now.duration_since(newest) < IN_MOTION) {
            stretch.in_motion += 1;
            return Ok(());
        }
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            Ok(None) => {
                stretch.compared += 1;
                stretch.differences.push(format!("{id}: the store does not know it"));
                return Ok(());
            }
            Err(trouble) => return Err(Stop::Later(format!("{STORE}: {trouble}"))),
        };
        let partners = self.at_partners(id, &journey.events, stretch).await?;
        let carriers = self.at_carriers(&order, &journey.events, &journey.effects, stretch).await?;
        let told = Told { order: &order, events: &journey.events, partners: &partners, carriers: &carriers };
        stretch.compared += 1;
        stretch.differences.extend(differences(&told).iter().map(|found| format!("{}: {found}", order.name)));
        Ok(())
    }

    async fn at_partners(&self, id: OrderId, events: &[Event], stretch: &mut Stretch) -> Result<Vec<AtPartner>, Stop> {
        let mut parts = Vec::new();
        for event in events {
            let Fact::OrderRouted { partner: name, split, partner_order, .. } = &event.fact else { continue };
            let Some(partner) = self.partners.iter().find(|partner| partner.name() == name) else {
                stretch.not_asked.insert(format!("{name}: store.toml does not set it up any more"));
                continue;
            };
            let known = OrderRef { external_id: external_id(&self.shop, id, *split), id: Some(partner_order.clone()) };
            match partner.find(&known).await {
                Ok(found) => parts.push(AtPartner { partner: name.clone(), found }),
                Err(trouble) => asked(name, &trouble, stretch)?,
            }
        }
        Ok(parts)
    }

    async fn at_carriers(
        &self,
        order: &Order,
        events: &[Event],
        effects: &[Effect],
        stretch: &mut Stretch,
    ) -> Result<Vec<AtCarrier>, Stop> {
        let mut seen = Vec::new();
        for effect in effects.iter().filter(|effect| matches!(effect.state, State::Done { .. })) {
            let EffectKey::Follow { feed: name, parcel: number } = &effect.key else { continue };
            let Some(feed) = self.feeds.iter().find(|feed| feed.name() == name) else { continue };
            let carrier = carrier_of(number, events, order);
            match feed.look(&number.0, carrier.as_deref()).await {
                Ok(Some(there)) => {
                    seen.push(AtCarrier { feed: name.clone(), number: number.clone(), progress: there.progress });
                }
                Ok(None) => {}
                Err(trouble) => asked(name, &trouble, stretch)?,
            }
        }
        Ok(seen)
    }
}

/// Somebody did not answer about this order. Their limit is reached for the next one, too: go on later. Anything else is noted, and
/// the order is compared without them.
fn asked(name: &str, trouble: &Trouble, stretch: &mut Stretch) -> Result<(), Stop> {
    let why = format!("{name}: {trouble}");
    if matches!(trouble, Trouble::RateLimited { .. }) {
        return Err(Stop::Later(why));
    }
    stretch.not_asked.insert(why);
    Ok(())
}

fn carrier_of(number: &ParcelKey, events: &[Event], order: &Order) -> Option<String> {
    let parcels = standing(events, order);
    let mut numbers = parcels.iter().flat_map(|parcel| &parcel.numbers);
    let known = numbers.find(|known| domain::parcel::normalised(&known.number).as_ref() == Some(&number.0));
    known.and_then(|known| known.carrier.clone())
}
