//! `order.cleared`: place the order at its partner, then release it to production.

use std::collections::BTreeMap;

use domain::effect::{EffectKey, State};
use domain::event::Fact;
use domain::exception::What;
use domain::order::{Order, Payment};
use domain::plan::{Item, Plan, plan};
use domain::provider::Trouble;
use domain::subject::OrderId;
use domain::verdict::Hold;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Lease, Stored, Table};
use partner::{FindOrder, NewOrder, Partner, PlaceOrder, ReleaseOrder, Stage};
use store::ReadOrder;

use crate::{LAYER, Routing, SPLIT, STORE, Stop, order_key, release_key};

/// Reasons that begin with this are nobody's fault and are never reopened by a replay.
pub(crate) const CANCELLED: &str = "cancelled in the store";

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    pub(crate) async fn route(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        let order = self.read_store(stored, id).await?;
        if order.cancelled {
            // Refused at the keys, so that no later attempt makes it either.
            return self.cancelled(stored, id).await;
        }
        if order.payment == Payment::Refunded {
            return Ok(Outcome::raise(What::Held(Hold::Refunded)));
        }
        let (name, items) = match plan(&order, &self.catalog) {
            Plan::Nothing => return Ok(Outcome::done()),
            Plan::Impossible(problems) => return Ok(Outcome::raise(What::CannotRoute(problems))),
            Plan::One { partner, items } => (partner, items),
        };
        let Some(partner) = self.partner(&name) else {
            let why = format!("the catalog names it, and store.toml does not set up [partners.{name}]");
            return Ok(Outcome::raise(What::ProviderBroken { layer: LAYER, provider: name, why }));
        };
        let partner_order = match self.claimed(stored, &order_key(&name), &name).await? {
            Held::Done(reference) => reference,
            Held::Cancelled => return Ok(Outcome::done()),
            Held::Ours(lease) => self.place(stored, lease, partner, &order, items).await?,
        };
        match self.claimed(stored, &release_key(&name), &name).await? {
            Held::Done(_) => {}
            Held::Cancelled => return Ok(Outcome::done()),
            Held::Ours(lease) => self.release_unless_cancelled(stored, lease, partner, id, &partner_order).await?,
        }
        let fact = Fact::OrderRouted { partner: name, split: SPLIT, partner_order };
        self.station.append(LAYER, &stored.event, fact).await?;
        Ok(Outcome::done())
    }

    /// Claims an effect and sorts out every answer but ours and done.
    pub(crate) async fn claimed(&self, stored: &Stored, key: &EffectKey, partner: &str) -> Result<Held, Stop> {
        let station = self.station;
        let claim = station.ledger.claim(&stored.event.subject, key, station.now(), station.lease).await?;
        Err(match claim {
            Claim::Ours(lease) => return Ok(Held::Ours(lease)),
            Claim::Done { reference } => return Ok(Held::Done(reference)),
            Claim::Refused { reason } if reason.starts_with(CANCELLED) => return Ok(Held::Cancelled),
            // Raised again in case the attempt that was refused died before it could say so; the same cause is told once.
            Claim::Refused { reason } => {
                Outcome::raise(What::PartnerRefused { partner: partner.to_owned(), why: reason })
            }
            Claim::Busy { until } => station.come_back(stored, LAYER, until, "another attempt is at it"),
            Claim::Waiting { not_before, reason } => station.come_back(stored, LAYER, not_before, &reason),
        }
        .into())
    }

    /// The partner's id of the draft: found if an earlier attempt may have made it, else placed now.
    async fn place(
        &self,
        stored: &Stored,
        mut lease: Lease,
        partner: &Partner,
        order: &Order,
        items: Vec<Item>,
    ) -> Result<String, Stop> {
        let external_id = self.external_id(order.id);
        if lease.doubt_since().is_some() {
            match partner.find(&external_id).await {
                Ok(Some(found)) => return self.done(stored, lease, found.id).await,
                // The partner's external ids are unique, so even a request that is still on its way cannot make a second one.
                Ok(None) => lease = lease.not_done_before(),
                Err(trouble) => {
                    return Err(self.troubled(stored, lease, partner.name(), trouble.still_in_doubt()).await);
                }
            }
        }
        // The plan asked for an address; the currency is the customer's.
        let new = NewOrder {
            external_id,
            ship_to: order.ship_to.clone().unwrap_or_default(),
            email: order.email.clone(),
            currency: order.amounts.customer_total.0.code().to_owned(),
            items,
        };
        match partner.place(&new).await {
            Ok(id) => self.done(stored, lease, id).await,
            Err(trouble) => Err(self.troubled(stored, lease, partner.name(), trouble).await),
        }
    }

    /// Releases the draft, unless the store has cancelled the order since it was placed: from here on it costs money.
    async fn release_unless_cancelled(
        &self,
        stored: &Stored,
        lease: Lease,
        partner: &Partner,
        id: OrderId,
        partner_order: &str,
    ) -> Result<(), Stop> {
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            Ok(None) => {
                let trouble = Trouble::Broken { why: format!("it no longer knows the order {id}") };
                return Err(self.troubled(stored, lease, STORE, trouble).await);
            }
            Err(trouble) => return Err(self.troubled(stored, lease, STORE, trouble.nothing_sent()).await),
        };
        if order.cancelled && lease.doubt_since().is_none() {
            let state = State::Refused { reason: CANCELLED.to_owned() };
            self.station.ledger.settle(lease, state, BTreeMap::new(), None, self.station.now()).await?;
            return Err(self.cancelled(stored, id).await?.into());
        }
        self.release(stored, lease, partner, id, partner_order).await
    }

    /// Has the draft made; asks first if an earlier attempt may have done so.
    pub(crate) async fn release(
        &self,
        stored: &Stored,
        mut lease: Lease,
        partner: &Partner,
        id: OrderId,
        partner_order: &str,
    ) -> Result<(), Stop> {
        let external_id = self.external_id(id);
        if lease.doubt_since().is_some() {
            match partner.find(&external_id).await {
                Ok(Some(found)) if found.stage == Stage::Released => {
                    return self.done(stored, lease, found.id).await.map(|_| ());
                }
                Ok(_) => lease = lease.not_done_before(),
                Err(trouble) => {
                    return Err(self.troubled(stored, lease, partner.name(), trouble.still_in_doubt()).await);
                }
            }
        }
        let trouble = match partner.release(partner_order).await {
            Ok(()) => return self.done(stored, lease, partner_order.to_owned()).await.map(|_| ()),
            Err(trouble) => trouble,
        };
        // "It is not a draft" is also what a partner says when it was released already.
        if matches!(trouble, Trouble::Refused { .. })
            && let Ok(Some(found)) = partner.find(&external_id).await
            && found.stage == Stage::Released
        {
            return self.done(stored, lease, found.id).await.map(|_| ());
        }
        Err(self.troubled(stored, lease, partner.name(), trouble).await)
    }

    pub(crate) async fn done(&self, stored: &Stored, lease: Lease, reference: String) -> Result<String, Stop> {
        let state = State::Done { reference: reference.clone() };
        if self.station.ledger.settle(lease, state, BTreeMap::new(), None, self.station.now()).await? {
            Ok(reference)
        } else {
            Err(self.station.overtaken(stored, LAYER).into())
        }
    }

    /// Settles an effect whose provider did not say yes; how the work stops because of it.
    pub(crate) async fn troubled(&self, stored: &Stored, lease: Lease, provider: &str, trouble: Trouble) -> Stop {
        let refused = |why| What::PartnerRefused { partner: provider.to_owned(), why };
        match self.station.settle_trouble(stored, lease, LAYER, provider, trouble, refused).await {
            Ok(outcome) => Stop::Outcome(outcome),
            Err(failure) => Stop::Failure(failure),
        }
    }
}

/// How a claim may go on.
pub(crate) enum Held {
    Ours(Lease),
    Done(String),
    Cancelled,
}
