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
use partner::{FindOrder, NewOrder, Partner, PlaceOrder, ReleaseOrder};
use store::ReadOrder;

use crate::{LAYER, Routing, SPLIT, STORE, Stop, order_key, release_key};

/// Reasons that begin with this are nobody's fault and are never reopened by a replay.
pub(crate) const CANCELLED: &str = "cancelled in the store";
pub(crate) const REFUNDED: &str = "cancelled in the store: all of the money was refunded";

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    pub(crate) async fn route(&self, stored: &Stored, id: OrderId) -> Result<Outcome, Stop> {
        // What was begun goes on where it was begun, whatever the store or the catalog say by now.
        let begun = self.begun(stored).await?;
        if let Some((partner, Some(partner_order))) = begun {
            return self.routed(stored, partner, partner_order).await;
        }
        let order = self.read_store(stored, id).await?;
        if order.cancelled {
            return self.cancellation_seen(stored).await;
        }
        if order.payment == Payment::Refunded {
            return Ok(Outcome::raise(What::Held(Hold::Refunded)));
        }
        let (name, items) = match plan(&order, &self.catalog) {
            Plan::Nothing => return Ok(Outcome::done()),
            Plan::Impossible(problems) => return Ok(Outcome::raise(What::CannotRoute(problems))),
            Plan::One { partner, items } => (partner, items),
        };
        if let Some((first, _)) = begun.filter(|(first, _)| *first != name) {
            let why = format!("the order was begun at {first}, and the catalog now gives it to {name}");
            return Ok(Outcome::raise(What::PartnerRefused { partner: name, why }));
        }
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
        self.routed(stored, name, partner_order).await
    }

    async fn routed(&self, stored: &Stored, partner: String, partner_order: String) -> Result<Outcome, Stop> {
        let fact = Fact::OrderRouted { partner, split: SPLIT, partner_order, cost: None };
        self.station.append(LAYER, &stored.event, fact).await?;
        Ok(Outcome::done())
    }

    /// The partner at which an earlier attempt began, and the order there if it was released.
    async fn begun(&self, stored: &Stored) -> Result<Option<(String, Option<String>)>, Stop> {
        let effects = self.station.ledger.journey(&stored.event.subject).await?.effects;
        let mut begun = None;
        for effect in effects {
            match (effect.key, effect.state) {
                (EffectKey::PartnerRelease { partner, .. }, State::Done { reference }) => {
                    return Ok(Some((partner, Some(reference))));
                }
                (_, State::Refused { .. }) => {}
                (EffectKey::PartnerOrder { partner, .. }, _) => begun = Some((partner, None)),
                _ => {}
            }
        }
        Ok(begun)
    }

    /// The store shows a cancellation whose webhook has not come yet: it is the same fact, and its event does what follows.
    async fn cancellation_seen(&self, stored: &Stored) -> Result<Outcome, Stop> {
        self.station.append(LAYER, &stored.event, Fact::OrderCancelled { reason: None }).await?;
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
        let known = self.order_ref(order.id);
        if lease.doubt_since().is_some() {
            match partner.find(&known).await {
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
            external_id: known.external_id,
            order_name: order.name.clone(),
            ship_to: order.ship_to.clone().unwrap_or_default(),
            email: order.email.clone(),
            currency: order.amounts.customer.total.0.code().to_owned(),
            items,
        };
        match partner.place(&new).await {
            Ok(placed) => self.done(stored, lease, placed.id).await,
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
        let refunded = order.payment == Payment::Refunded || order.lines.iter().all(|line| line.quantity == 0);
        if !order.cancelled && !refunded {
            return self.release(stored, lease, partner, id, partner_order).await;
        }
        if lease.doubt_since().is_some() {
            match partner.find(&self.order_ref(id)).await {
                // An earlier attempt released it; what was cancelled or refunded since has an event of its own.
                Ok(Some(found)) if found.stage.is_released() => {
                    self.done(stored, lease, found.id).await?;
                    return Ok(());
                }
                Ok(_) => {}
                Err(trouble) => {
                    return Err(self.troubled(stored, lease, partner.name(), trouble.still_in_doubt()).await);
                }
            }
        }
        let reason = if order.cancelled { CANCELLED } else { REFUNDED }.to_owned();
        let state = State::Refused { reason };
        self.station.ledger.settle(lease, state, BTreeMap::new(), None, self.station.now()).await?;
        Err(if order.cancelled { self.cancellation_seen(stored).await? } else { Outcome::done() }.into())
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
        let known = self.order_ref(id);
        if lease.doubt_since().is_some() {
            match partner.find(&known).await {
                Ok(Some(found)) if found.stage.is_released() => {
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
        if matches!(trouble, Trouble::Refused { .. }) {
            match partner.find(&known).await {
                Ok(Some(found)) if found.stage.is_released() => {
                    return self.done(stored, lease, found.id).await.map(|_| ());
                }
                Ok(_) => {}
                Err(asking) => {
                    return Err(self.troubled(stored, lease, partner.name(), asking.still_in_doubt()).await);
                }
            }
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
