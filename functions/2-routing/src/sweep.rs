//! The partners' sweep: what silent webhooks did not tell. Each round lists orders page by page from where the last one stopped, and
//! ends before its function does; a walk that came to its end begins anew with the next round. A partner that lists nothing is asked
//! for each order by itself ([`crate::unlisted`]).

use domain::Timestamp;
use domain::exception::{Exception, What};
use domain::money::Money;
use domain::provider::Trouble;
use domain::subject::OrderId;
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
pub(crate) struct Walk {
    /// The next page in the partner's words; where it lists nothing, the order that was asked for last.
    pub after: Option<String>,
    needed: Option<Money>,
}

/// What a round did.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Orders that partners listed, or were asked for.
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
                Ok(Some(page)) => page,
                Ok(None) => {
                    ended = self.ask_each(partner, until, &mut walk, round).await?;
                    break;
                }
                Err(trouble) => {
                    // A place that it no longer knows would be refused for ever.
                    if matches!(trouble, Trouble::Refused { .. }) {
                        walk = Walk::default();
                    }
                    self.is_silent(partner, &trouble, round).await?;
                    break;
                }
            };
            for found in &page.items {
                self.listed(partner, found, self.of_ours(found), &mut walk, round).await?;
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

    /// An order as the partner has it: what it still costs, and what nobody has told of it, where it is `ours`.
    pub(crate) async fn listed(
        &self,
        partner: &Partner,
        found: &PartnerOrder,
        ours: Option<OrderId>,
        walk: &mut Walk,
        round: &mut Round,
    ) -> Result<(), Stop> {
        round.listed += 1;
        walk.needed = needed(walk.needed, found);
        if let Some(order) = ours {
            round.learned += self.learn(order, partner.name(), found, SWEEP).await?;
        }
        Ok(())
    }

    /// Orders that wait for this partner tell the owner; here it is enough to try again in the next round.
    pub(crate) async fn is_silent(&self, partner: &Partner, trouble: &Trouble, round: &mut Round) -> Result<(), Stop> {
        round.silent.push(partner.name().to_owned());
        self.press(partner, trouble).await?;
        Ok(())
    }

    /// Orders come first: while they queue for the partner, nobody walks.
    pub(crate) async fn has_room(&self, partner: &Partner) -> Result<bool, Stop> {
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
            self.station.ledger.heal(&exception.subject, &exception.id, self.station.now()).await?;
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
