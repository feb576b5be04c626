//! The sweep of a partner that lists nothing: each order that it still owes us something for is asked for by itself.
//!
//! Which orders these are, the ledger knows: an order that was routed there owes `partner_accepts` and `partner_ships` until they are
//! settled, and once one of them is late, its exception stands until the parcel leaves. What is asked for twice does no harm.

use std::collections::BTreeSet;
use std::ops::Bound;

use domain::Timestamp;
use domain::event::{EventId, EventKey};
use domain::exception::{Exception, Life, What};
use domain::handoff::{Owed, Owes, Wait};
use domain::subject::{OrderId, Subject};
use lambda::{Clock, Queue};
use ledger::{Journey, Table};
use partner::{FindOrder, Partner};
use store::ReadOrder;

use crate::sweep::{Round, Walk};
use crate::{Routing, Stop, begun};

/// A round asks one partner for no more orders.
const ASKED: usize = 100;
/// What a partner owes us.
const OF_PARTNERS: [Wait; 2] = [Wait::PartnerAccepts, Wait::PartnerShips];

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// Goes on with the walk over the orders that are open at this partner; whether it came to its end. An order that cannot be
    /// asked for ends the round and not the walk, so that none stands in the way of those behind it.
    pub(crate) async fn ask_each(
        &self,
        partner: &Partner,
        until: Timestamp,
        walk: &mut Walk,
        round: &mut Round,
    ) -> Result<bool, Stop> {
        let open = self.open_at(partner).await?;
        let after = walk.after.as_deref().and_then(OrderId::parse);
        let mut rest = open.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        for _ in 0..ASKED {
            let Some(order) = rest.next() else {
                walk.after = None;
                return Ok(true);
            };
            if self.station.now() >= until || !self.has_room(partner).await? {
                return Ok(false);
            }
            walk.after = Some(order.to_string());
            let journey = self.station.ledger.journey(&Subject::Order(*order)).await?;
            if !awaited(&journey, partner.name()) {
                continue;
            }
            let begun = begun::by_partner(&journey.effects);
            let Some(here) = begun.get(partner.name()).filter(|here| here.may_be_there()) else { continue };
            match partner.find(&self.order_ref(*order, here.split, here.draft())).await {
                Ok(Some(found)) => self.listed(partner, &found, Some(*order), walk, round).await?,
                Ok(None) => {}
                Err(trouble) => {
                    self.is_silent(partner, &trouble, round).await?;
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// Our orders that may be open at this partner: routed there and not settled, or late at whichever partner. The customer's clock
    /// keeps some of them that this partner owes nothing for.
    async fn open_at(&self, partner: &Partner) -> Result<BTreeSet<OrderId>, Stop> {
        let ledger = &self.station.ledger;
        let routed = format!("routed#{}#", partner.name());
        let owing = ledger.owing(&self.station.store).await?.into_iter();
        let routed = owing.filter(|EventKey { id: EventId(id), .. }| id.starts_with(&routed)).map(|key| key.subject);
        let told = ledger.open_exceptions().await?.into_iter().filter(is_late).map(|exception| exception.subject);
        Ok(routed.chain(told).filter_map(|subject| subject.order()).collect())
    }
}

/// The partner owes us something for the order, or it is late already.
fn awaited(journey: &Journey, partner: &str) -> bool {
    let routed = format!("routed#{partner}#");
    let owed = |owes: &Owes| OF_PARTNERS.iter().any(|wait| owes.contains_key(&Owed::Wait(*wait)));
    journey.owing.iter().any(|(id, owes)| id.0.starts_with(&routed) && owed(owes))
        || journey.exceptions.iter().any(|exception| exception.state != Life::Resolved && is_late(exception))
}

fn is_late(exception: &Exception) -> bool {
    OF_PARTNERS.iter().any(|wait| What::Late(*wait).slug() == exception.what)
}
