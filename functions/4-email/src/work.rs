//! An event in, the mails that are due because of it out.

use std::collections::BTreeMap;

use domain::contact::Consent;
use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::event::{Event, Fact};
use domain::exception::{Exception, What};
use domain::flow::Trigger;
use domain::handoff::{Layer, Owed, Wait};
use domain::mails;
use domain::order::Order;
use domain::subject::address_hash;
use lambda::{Clock, Failure, Outcome, Queue, Work};
use ledger::{Journey, Lease, Stored, Table};
use mailer::{Letter, SendMail};

use crate::flows::tally;
use crate::post::{CANCELLED, Claimed, NO_ADDRESS, SKIP, Turn, told};
use crate::timers::Timers;
use crate::{Email, Shop};

const UNKNOWN_ORDER: &str = "the store does not know the order";

impl<T, Q, C, S, M, W> Work for Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
    M: SendMail,
    W: Timers,
{
    const LAYER: Layer = Layer::Email;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
        self.hand_over(stored).await?;
        match &stored.event.fact {
            Fact::KlaviyoDue { .. } => self.klaviyo_due(stored).await,
            Fact::FlowDue { .. } => self.flow_due(stored).await,
            Fact::CheckoutStarted { .. } => self.arm(stored, Trigger::CheckoutStarted).await,
            Fact::CheckoutEnded { .. } => self.disarm(stored).await,
            Fact::ContactSubscribed { .. } => self.arm(stored, Trigger::Subscribed).await,
            Fact::ConsentChanged { state, .. } if Consent::of_word(state) == Consent::Subscribed => {
                self.arm(stored, Trigger::Subscribed).await
            }
            Fact::ConsentChanged { .. } => self.disarm(stored).await,
            Fact::ContactUnsubscribed { .. } => self.unsubscribed(stored).await,
            Fact::ContactSignedUp { .. } => self.signed_up(stored).await,
            // The customer's own mail does not wait for the scheduler.
            Fact::ParcelDelivered { .. } => match self.about_an_order(stored).await? {
                waits @ Outcome::Wait(_) => Ok(waits),
                ended => self.and_then(stored, ended, self.arm(stored, Trigger::Delivered).await?).await,
            },
            _ => self.about_an_order(stored).await,
        }
    }
}

/// The customer's clock is running.
fn runs(journey: &Journey) -> bool {
    journey.owing.values().any(|owes| owes.contains_key(&Owed::Wait(Wait::CustomerInformed)))
}

/// Routing is at work on it: it opens the clock.
fn is_on_its_way(fact: &Fact) -> bool {
    matches!(fact, Fact::OrderCleared {})
}

fn sent(effects: &[Effect], kind: &MailKind) -> bool {
    let done = |effect: &&Effect| matches!(effect.state, State::Done { .. });
    effects.iter().filter(done).any(|effect| matches!(&effect.key, EffectKey::Email(sent) if sent == kind))
}

/// The mail that this fact brings whatever else is known: it can be claimed before the store is read. A delivery brings one
/// only to an announced parcel, so there the store is read first; nothing that may change meanwhile decides about that mail.
fn first(fact: &Fact) -> Option<MailKind> {
    match fact {
        Fact::OrderCleared {} => Some(MailKind::Confirmation),
        Fact::ParcelAnnounced { parcel, .. } => Some(MailKind::Shipped(parcel.clone())),
        _ => None,
    }
}

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: Shop,
    M: SendMail,
    W: Timers,
{
    /// The mails about an order that this event brings.
    async fn about_an_order(&self, stored: &Stored) -> Result<Outcome, Failure> {
        let event = &stored.event;
        let Some(id) = event.subject.order() else { return Ok(Outcome::done()) };
        let mut told = Vec::new();

        // Claim, then read: a cancellation that is in the store by now is seen, one that comes later is too late for this mail.
        let mut held: Option<(MailKind, Lease)> = None;
        if let Some(kind) = first(&event.fact) {
            match self.claim(stored, &kind).await? {
                Claimed::Ours(lease) => held = Some((kind, lease)),
                Claimed::Not(Turn::Next) if kind == MailKind::Confirmation => return Ok(Outcome::done()),
                Claimed::Not(Turn::Next) => {}
                Claimed::Not(Turn::Told(what)) => told.push(what),
                Claimed::Not(Turn::End(outcome)) => return Ok(outcome),
            }
        }
        let order = match self.store.order(id).await {
            Ok(Some(order)) => order,
            Ok(None) => return self.unknown_order(held).await,
            Err(trouble) => return self.store_trouble(stored, held.map(|(_, lease)| lease), trouble).await,
        };
        if matches!(event.fact, Fact::OrderCleared {}) {
            self.count_order(&order).await?;
        }
        let journey = self.station.ledger.journey(&event.subject).await?;

        for kind in mails::due(event, &journey.events, &order) {
            let claimed = match held.take_if(|(claimed, _)| *claimed == kind) {
                Some((_, lease)) => Claimed::Ours(lease),
                // Known to be out: a claim would only cost a refused write.
                None if sent(&journey.effects, &kind) => continue,
                None => self.claim(stored, &kind).await?,
            };
            let turn = match claimed {
                Claimed::Ours(lease) => self.send(stored, &kind, lease, &order, &journey.events).await?,
                Claimed::Not(turn) => turn,
            };
            match turn {
                Turn::Next => {}
                Turn::Told(what) => told.push(what),
                Turn::End(outcome) => return self.end(stored, told, outcome).await,
            }
        }
        if let Some((_, lease)) = held {
            self.refuse(lease, CANCELLED).await?;
        }
        if !told.is_empty() {
            return Ok(Outcome::Raise(told));
        }
        let clock = vec![Wait::CustomerInformed];
        Ok(match (mails::is_open(&journey.events, &order), runs(&journey) || is_on_its_way(&event.fact)) {
            // Nothing more is to come: the customer waits for no further word.
            (false, _) => Outcome::settled(clock),
            (true, true) => Outcome::done(),
            // It goes on after its end (a reshipment).
            (true, false) => Outcome::opens(clock),
        })
    }

    async fn send(
        &self,
        stored: &Stored,
        kind: &MailKind,
        lease: Lease,
        order: &Order,
        events: &[Event],
    ) -> Result<Turn, Failure> {
        let mail = kind.name().to_owned();
        if self.flows.pauses(&mail) && lease.doubt_since().is_none() {
            self.refuse(lease, &format!("{SKIP}the owner has paused this mail")).await?;
            return Ok(Turn::Next);
        }
        let Some(to) = order.email.as_deref().map(str::trim).filter(|to| !to.is_empty()) else {
            self.refuse(lease, NO_ADDRESS).await?;
            return Ok(told(kind, What::NoMailAddress { mail }));
        };
        let page = self.sender.pages.as_ref().map(|pages| pages.link(order.id, self.station.now()));
        let look = self.sender.look(page.as_deref());
        let Ok(written) = crate::mails::write(kind, order, events, look) else {
            let why = "its template could not be filled in".to_owned();
            self.refuse(lease, &why).await?;
            return Ok(Turn::Told(What::MailRefused { mail, why }));
        };
        let letter = Letter {
            to: to.to_owned(),
            from: self.sender.from.clone(),
            reply_to: self.sender.reply_to.clone(),
            subject: written.subject,
            text: written.text,
            html: Some(written.html),
            about: stored.event.subject.clone(),
            effect: lease.hash(),
            headers: Vec::new(),
            flow: None,
        };
        self.post(stored, mail, lease, &letter).await
    }

    /// What an order says about the flows: was it a reminder's, and does any of them starve while orders come?
    async fn count_order(&self, order: &Order) -> Result<(), Failure> {
        let (station, now) = (self.station, self.station.now());
        if let Some(mail) = order.email.as_deref().filter(|_| !order.cancelled) {
            let total = order.amounts.shop.total.0;
            tally::recovered(station, &self.flows, &address_hash(mail), order.id, order.created, total).await?;
        }
        for flow in tally::starving(station, &self.flows, now).await? {
            let days = self.flows.limits.starves_after.as_hours() / 24;
            let what = What::FlowStarves { flow: flow.clone(), days };
            let new = station.ledger.raise(&Exception::raise(&station.store, &what, &flow, now)).await?;
            tracing::warn!(flow, exception.new = new, "exception");
        }
        Ok(())
    }

    async fn unknown_order(&self, held: Option<(MailKind, Lease)>) -> Result<Outcome, Failure> {
        let mail = held.as_ref().map_or("customer's", |(kind, _)| kind.name()).to_owned();
        if let Some((_, lease)) = held {
            self.settle(lease, State::Refused { reason: UNKNOWN_ORDER.to_owned() }, BTreeMap::new(), None).await?;
        }
        Ok(Outcome::raise(What::MailRefused { mail, why: UNKNOWN_ORDER.to_owned() }))
    }

    /// One event, two works: what the first has to tell is told whatever the second says.
    async fn and_then(&self, stored: &Stored, first: Outcome, second: Outcome) -> Result<Outcome, Failure> {
        match (first, second) {
            (first, Outcome::Done { .. }) => Ok(first),
            (Outcome::Raise(told) | Outcome::Tell { whats: told, .. }, second) => self.end(stored, told, second).await,
            (_, second) => Ok(second),
        }
    }
}
