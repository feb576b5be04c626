//! The partners' sweep: what silent webhooks did not tell. Each round lists orders page by page from where the last one stopped, and
//! ends before its function does; a walk that came to its end begins anew with the next round.

use domain::Timestamp;
use domain::exception::{Exception, What};
use domain::money::Money;
use jiff::SignedDuration;
use lambda::{Clock, Failure, Queue};
use ledger::{Ask, Table, Turn};
use partner::{ListOrders, Partner, PartnerOrder, ReadFunds, Stage};
use serde::{Deserialize, Serialize};
use store::ReadOrder;

use crate::{Routing, Stop, turn};

/// The source of what the sweep appends.
const SWEEP: &str = "sweep";
/// A round lists no more pages of one partner.
const PAGES: u32 = 20;
/// A round ends so long before its function does.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// Where a walk stands: the next page, and what the orders seen so far still cost.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Walk {
    after: Option<String>,
    needed: Option<Money>,
}

/// What a round did.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Orders that partners listed.
    pub listed: u32,
    /// Facts that no webhook had told.
    pub learned: u32,
    /// Rows of the catalog that were looked at.
    pub rows: u32,
    /// Partners that could not be asked.
    pub silent: Vec<String>,
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// One round as of `now`, which ends before `deadline`: every partner's orders, then the catalog's daily look.
    pub async fn round(&self, now: Timestamp, deadline: Timestamp) -> Result<Round, Failure> {
        let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        let mut round = Round::default();
        let work = async {
            for partner in &self.partners {
                self.sweep(partner, now, until, &mut round).await?;
            }
            self.daily_look(now, until, &mut round).await
        };
        match work.await {
            Ok(()) | Err(Stop::Outcome(_)) => Ok(round),
            Err(Stop::Failure(failure)) => Err(failure),
        }
    }

    async fn sweep(&self, partner: &Partner, now: Timestamp, until: Timestamp, round: &mut Round) -> Result<(), Stop> {
        let (ledger, store) = (&self.station.ledger, &self.station.store);
        let name = format!("partner-sweep#{}", partner.name());
        let bookmark = ledger.bookmark(store, &name).await?;
        let place = bookmark.as_ref().map(|bookmark| bookmark.place.as_str()).unwrap_or_default();
        let mut walk: Walk = serde_json::from_str(place).unwrap_or_default();
        let mut ended = false;
        for _ in 0..PAGES {
            if self.station.now() >= until || !self.has_room(partner).await? {
                break;
            }
            let page = match partner.open_orders(walk.after.as_deref()).await {
                Ok(page) => page,
                Err(trouble) => {
                    // Orders that wait for this partner tell the owner; here it is enough to try again in the next round.
                    round.silent.push(partner.name().to_owned());
                    self.press(partner, &trouble).await?;
                    break;
                }
            };
            for order in &page.items {
                round.listed += 1;
                walk.needed = needed(walk.needed, order);
                if let Some(id) = self.of_ours(order) {
                    round.learned += self.learn(id, partner.name(), order, SWEEP).await?;
                }
            }
            walk.after = page.next;
            if walk.after.is_none() {
                ended = true;
                break;
            }
        }
        if ended {
            self.funds(partner, walk.needed.take()).await?;
        }
        let at = if ended { now } else { bookmark.as_ref().map_or(Timestamp::UNIX_EPOCH, |bookmark| bookmark.at) };
        let place = serde_json::to_string(&walk).unwrap_or_default();
        ledger.move_bookmark(store, &name, bookmark.as_ref(), &place, at).await?;
        Ok(())
    }

    /// Orders come first: while they queue for the partner, nobody walks.
    async fn has_room(&self, partner: &Partner) -> Result<bool, Stop> {
        let ask = Ask { calls: 1, weight: 0, has_slot: false };
        let rate = turn::rate(partner);
        let (ledger, now) = (&self.station.ledger, self.station.now());
        Ok(ledger.turn(&self.station.store, partner.name(), rate, ask, now).await? == Turn::Now)
    }

    /// Whether what the owner has at the partner covers what is on its way there.
    async fn funds(&self, partner: &Partner, needed: Option<Money>) -> Result<(), Stop> {
        let Ok(Some(funds)) = partner.funds().await else { return Ok(()) };
        let low = needed.filter(|needed| funds.minus(*needed).is_ok_and(|left| left.minor() < 0));
        let what = What::FundsLow {
            partner: partner.name().to_owned(),
            funds: funds.to_string(),
            needed: needed.map_or_else(String::new, |needed| needed.to_string()),
        };
        self.tell_store(&what, partner.name(), low.is_some()).await
    }

    /// Raises what concerns no single order, or resolves it. `cause` tells partners apart.
    pub(crate) async fn tell_store(&self, what: &What, cause: &str, stands: bool) -> Result<(), Stop> {
        let exception = Exception::raise(&self.station.store, what, cause, self.station.now());
        if stands {
            self.station.ledger.raise(&exception).await?;
        } else {
            self.station.ledger.resolve(&exception.subject, &exception.id).await?;
        }
        Ok(())
    }
}

/// What orders that are not paid for yet will cost, this one included; sums of another currency are left out.
fn needed(before: Option<Money>, order: &PartnerOrder) -> Option<Money> {
    let unpaid = matches!(order.stage, Stage::Draft)
        || matches!(order.stopped, Some((domain::event::PartnerStop::PaymentFailed, _)));
    match (before, order.cost.filter(|_| unpaid)) {
        (Some(before), Some(cost)) => Some(before.plus(cost).unwrap_or(before)),
        (before, cost) => before.or(cost),
    }
}
