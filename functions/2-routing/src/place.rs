//! One part of an order: a draft at its partner, worth making, then its release ([`crate::release`]).

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{EffectKey, State};
use domain::exception::What;
use domain::facts::address_hash;
use domain::money::Money;
use domain::order::Order;
use domain::plan::{NOTED_LINES, Part};
use domain::provider::Trouble;
use lambda::store_line::STORE;
use lambda::{Clock, Outcome, Queue};
use ledger::{Claim, Lease, Stored, Table};
use partner::{FindOrder, NewOrder, Partner, PlaceOrder, TwinRule};
use store::ReadOrder;

use crate::begun::{ADDRESS, At, Begun, COST, HELD, TRIAL, WITHDRAWN, WORK};
use crate::{LAYER, Routing, Stop, margin};

/// Reasons that begin with this are nobody's fault and are never reopened by a replay.
pub(crate) const CANCELLED: &str = "cancelled in the store";
pub(crate) const REFUNDED: &str = "cancelled in the store: all of the money was refunded";

/// A draft at a partner.
pub(crate) struct Draft {
    /// The partner's own id.
    pub id: String,
    /// What the partner charges: `12.40 USD`.
    pub cost: Option<String>,
}

/// How a claim may go on.
pub(crate) enum Held {
    Ours(Box<Lease>),
    Done(String),
    /// It was refused for a reason that is nobody's fault, and is not done now.
    Stays,
}

impl<T: Table, Q: Queue, C: Clock, S: ReadOrder> Routing<'_, T, Q, C, S> {
    /// What is missing of this part: a draft of what is wanted now, its release, and the word about it.
    pub(crate) async fn part(&self, stored: &Stored, order: &Order, part: &Part, here: Begun) -> Result<Outcome, Stop> {
        let partner = self.set_up(&part.partner)?;
        let at = At { partner, order: order.id, split: here.split };
        if here.draft().is_some() && !wanted(order, part, &here) {
            // Whether it was withdrawn, or released meanwhile: the order is looked at anew, and what is to be placed gets the next
            // number.
            self.withdraw(stored, at, here.draft()).await?;
            return Ok(self.station.come_back(stored, LAYER, self.station.now(), "the order changed"));
        }
        let draft = match here.draft() {
            Some(id) => Draft { id: id.to_owned(), cost: here.noted(COST).map(str::to_owned) },
            None => match self.draft(stored, at, order, part, &here).await? {
                Some(draft) => draft,
                None => return Ok(Outcome::done()),
            },
        };
        if order.is_trial() {
            return self.end_of_trial(stored, at, &draft).await;
        }
        let cost = draft.cost.as_deref().and_then(price);
        if let Some(thin) = margin::too_thin(order, part, cost, self.choices.margin_floor_percent) {
            return Ok(Outcome::raise(thin));
        }
        match self.claimed(stored, &at.release_key(), at.name(), &BTreeMap::new()).await? {
            Held::Done(_) => {}
            Held::Stays => return Ok(Outcome::done()),
            Held::Ours(lease) => self.release_unless_changed(stored, *lease, at, order, part, &draft).await?,
        }
        self.routed(stored, (at.name(), at.split), &draft.id, draft.cost.as_deref(), false).await?;
        Ok(Outcome::done())
    }

    /// The partner as `store.toml` sets it up.
    pub(crate) fn set_up(&self, name: &str) -> Result<&Partner, Stop> {
        self.partner(name).ok_or_else(|| {
            let why = format!("the catalog names it, and store.toml does not set up [partners.{name}]");
            Outcome::raise(What::ProviderBroken { layer: LAYER, provider: name.to_owned(), why }).into()
        })
    }

    /// The draft: found because an earlier attempt made it, or placed now. `None`: the order was cancelled meanwhile.
    async fn draft(
        &self,
        stored: &Stored,
        at: At<'_>,
        order: &Order,
        part: &Part,
        here: &Begun,
    ) -> Result<Option<Draft>, Stop> {
        let key = at.order_key();
        self.its_turn(stored, &key, here.order.as_ref(), at.partner).await?;
        let mut note = BTreeMap::from([(NOTED_LINES.to_owned(), part.lines()), (WORK.to_owned(), part.work())]);
        note.extend(order.ship_to.as_ref().map(|to| (ADDRESS.to_owned(), address_hash(to))));
        let lease = match self.claimed(stored, &key, at.name(), &note).await? {
            Held::Done(id) => return Ok(Some(Draft { id, cost: here.noted(COST).map(str::to_owned) })),
            Held::Stays => return Ok(None),
            Held::Ours(lease) => *lease,
        };
        let Some(since) = lease.doubt_since() else {
            return self.place(stored, lease, at, order, part).await.map(Some);
        };
        match at.partner.find(&self.order_ref(at.order, at.split, None)).await {
            Ok(Some(found)) => {
                let noted = lease.effect.note.clone();
                let draft = self.drafted(stored, lease, found.id, found.cost).await?;
                // The attempt that made it may have made what was wanted then.
                if note.iter().any(|(word, now)| noted.get(word).is_some_and(|then| then != now)) {
                    return Err(self.station.overtaken(stored, LAYER).into());
                }
                Ok(Some(draft))
            }
            Ok(None) => match self.too_early(at.partner, since) {
                Some(until) => Err(self.still_open(stored, lease, until).await),
                None => self.place(stored, lease.not_done_before().noting(note), at, order, part).await.map(Some),
            },
            Err(trouble) => Err(self.in_doubt(stored, lease, at.partner, trouble).await),
        }
    }

    /// Claims an effect and sorts out every answer but ours and done.
    pub(crate) async fn claimed(
        &self,
        stored: &Stored,
        key: &EffectKey,
        partner: &str,
        note: &BTreeMap<String, String>,
    ) -> Result<Held, Stop> {
        let station = self.station;
        let subject = &stored.event.subject;
        let claim = station.ledger.claim_noting(subject, key, note, station.now(), station.lease).await?;
        Err(match claim {
            Claim::Ours(lease) => return Ok(Held::Ours(Box::new(lease))),
            Claim::Done { reference } => return Ok(Held::Done(reference)),
            Claim::Refused { reason } if stays(&reason) => return Ok(Held::Stays),
            // Raised again in case the attempt that was refused died before it could say so; the same cause is told once.
            Claim::Refused { reason } => {
                Outcome::raise(What::PartnerRefused { partner: partner.to_owned(), why: reason })
            }
            Claim::Busy { until } => station.come_back(stored, LAYER, until, "another attempt is at it"),
            Claim::Waiting { not_before, reason } => station.come_back(stored, LAYER, not_before, &reason),
        }
        .into())
    }

    async fn place(
        &self,
        stored: &Stored,
        lease: Lease,
        at: At<'_>,
        order: &Order,
        part: &Part,
    ) -> Result<Draft, Stop> {
        // The plan asked for an address; the currency is the customer's.
        let new = NewOrder {
            external_id: self.order_ref(at.order, at.split, None).external_id,
            order_name: order.name.clone(),
            ship_to: order.ship_to.clone().unwrap_or_default(),
            email: order.email.clone(),
            currency: order.amounts.customer.total.0.code().to_owned(),
            items: part.items.clone(),
        };
        match at.partner.place(&new).await {
            Ok(placed) => self.drafted(stored, lease, placed.id, placed.cost).await,
            Err(trouble) => Err(self.troubled(stored, lease, at.partner, trouble).await),
        }
    }

    async fn drafted(&self, stored: &Stored, lease: Lease, id: String, cost: Option<Money>) -> Result<Draft, Stop> {
        let cost = cost.map(|cost| cost.to_string());
        let note: BTreeMap<_, _> = cost.iter().map(|cost| (COST.to_owned(), cost.clone())).collect();
        let id = self.done(stored, lease.noting(note), id).await?;
        Ok(Draft { id, cost })
    }

    /// Until when "not found" proves nothing: what was sent may still turn up. A partner that refuses a second order needs no such
    /// time: even a request that is still on its way cannot make one.
    fn too_early(&self, partner: &Partner, since: Timestamp) -> Option<Timestamp> {
        let TwinRule::Searched { settle } = partner.twin_rule() else { return None };
        let until = since.checked_add(settle).ok()?;
        (until > self.station.now()).then_some(until)
    }

    /// Stays in doubt until then.
    async fn still_open(&self, stored: &Stored, lease: Lease, until: Timestamp) -> Stop {
        let state = State::Unknown { reason: "no answer yet, and too early to send again".to_owned() };
        let now = self.station.now();
        match self.station.ledger.settle(lease, state, BTreeMap::new(), Some(until), now).await {
            Ok(_) => self.station.come_back(stored, LAYER, until, "what was sent may still turn up").into(),
            Err(error) => error.into(),
        }
    }

    pub(crate) async fn done(&self, stored: &Stored, lease: Lease, reference: String) -> Result<String, Stop> {
        let state = State::Done { reference: reference.clone() };
        if self.station.ledger.settle(lease, state, BTreeMap::new(), None, self.station.now()).await? {
            Ok(reference)
        } else {
            Err(self.station.overtaken(stored, LAYER).into())
        }
    }

    /// Settles an effect whose partner did not say yes; how the work stops because of it.
    pub(crate) async fn troubled(&self, stored: &Stored, lease: Lease, partner: &Partner, trouble: Trouble) -> Stop {
        match self.slowed(partner, trouble).await {
            Ok(trouble) => self.settled(stored, lease, partner.name(), trouble).await,
            Err(stop) => stop,
        }
    }

    /// The same where an earlier attempt was asked about: whatever the trouble is, that attempt stays in doubt.
    pub(crate) async fn in_doubt(&self, stored: &Stored, lease: Lease, partner: &Partner, trouble: Trouble) -> Stop {
        match self.slowed(partner, trouble).await {
            Ok(later @ Trouble::Slot { .. }) if lease.doubt_since().is_some() => {
                self.settled(stored, lease, partner.name(), later).await
            }
            Ok(trouble) => self.settled(stored, lease, partner.name(), trouble.still_in_doubt()).await,
            Err(stop) => stop,
        }
    }

    pub(crate) async fn store_troubled(&self, stored: &Stored, lease: Lease, trouble: Trouble) -> Stop {
        self.settled(stored, lease, STORE, trouble).await
    }

    async fn settled(&self, stored: &Stored, lease: Lease, provider: &str, trouble: Trouble) -> Stop {
        let refused = |why| What::PartnerRefused { partner: provider.to_owned(), why };
        match self.station.settle_trouble(stored, lease, LAYER, provider, trouble, refused).await {
            Ok(outcome) => Stop::Outcome(outcome),
            Err(failure) => Stop::Failure(failure),
        }
    }
}

/// Whether the draft is what the order says now. A draft that an earlier version placed has no such words.
fn wanted(order: &Order, part: &Part, here: &Begun) -> bool {
    let address = order.ship_to.as_ref().map(address_hash);
    let same = |word, now: Option<&str>| here.noted(word).is_none_or(|noted| Some(noted) == now);
    same(WORK, Some(&part.work())) && same(ADDRESS, address.as_deref())
}

/// `12.40 USD`, as it was noted.
pub(crate) fn price(text: &str) -> Option<Money> {
    let (amount, currency) = text.split_once(' ')?;
    Money::parse(amount, currency).ok()
}

/// Refused for a reason that is nobody's fault: there is nothing to tell.
fn stays(reason: &str) -> bool {
    reason.starts_with(CANCELLED) || [HELD, WITHDRAWN, TRIAL].contains(&reason)
}
