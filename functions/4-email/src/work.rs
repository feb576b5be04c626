//! An event in, the mails that are due because of it out.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{Effect, EffectKey, MailKind, State};
use domain::event::{Event, Fact};
use domain::exception::What;
use domain::handoff::{Layer, Wait};
use domain::mails;
use domain::order::Order;
use domain::provider::Trouble;
use domain::subject::address_hash;
use domain::watch::{LayerWait, WaitReason};
use lambda::{Clock, Failure, Outcome, Queue, Work};
use ledger::{Claim, Lease, Stored, Table};
use mailer::{Letter, SendMail};
use store::ReadOrder;

use crate::mails::Look;
use crate::{Email, rules};

const STORE: &str = "shopify";
const MAILER: &str = "ses";

/// Reasons of refusal that are read again.
const NO_ADDRESS: &str = "the order has no mail address";
const CANCELLED: &str = "cancelled in the store before the mail went out";
const UNKNOWN_ORDER: &str = "the store does not know the order";

/// How one mail ended, as far as this message is concerned.
enum Turn {
    /// On to the next mail.
    Next,
    /// It will not go out as things are, and the owner must know; other mails go on.
    Told(What),
    /// The message ends here.
    End(Outcome),
}

/// The answer to a claim.
enum Claimed {
    /// The mail is ours to send.
    Ours(Lease),
    Not(Turn),
}

impl<T, Q, C, S, M> Work for Email<'_, T, Q, C, S, M>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: ReadOrder,
    M: SendMail,
{
    const LAYER: Layer = Layer::Email;

    async fn work(&self, stored: &Stored) -> Result<Outcome, Failure> {
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
            Err(trouble) => return self.store_trouble(stored, held, trouble).await,
        };
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
            self.settle(lease, State::Refused { reason: CANCELLED.to_owned() }, BTreeMap::new(), None).await?;
        }
        if !told.is_empty() {
            return Ok(Outcome::Raise(told));
        }
        // Nothing more is to come: the customer waits for no further word.
        let over = !mails::is_open(&journey.events, &order);
        Ok(Outcome::Done { settled: if over { vec![Wait::CustomerInformed] } else { Vec::new() } })
    }
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

impl<T, Q, C, S, M> Email<'_, T, Q, C, S, M>
where
    T: Table,
    Q: Queue,
    C: Clock,
    S: ReadOrder,
    M: SendMail,
{
    async fn claim(&self, stored: &Stored, kind: &MailKind) -> Result<Claimed, Failure> {
        let key = EffectKey::Email(kind.clone());
        let now = self.station.now();
        let claim = self.station.ledger.claim(&stored.event.subject, &key, now, self.station.lease).await?;
        Ok(Claimed::Not(match claim {
            Claim::Ours(lease) => return self.doubt(stored, kind, lease, now).await,
            Claim::Done { .. } => Turn::Next,
            Claim::Refused { reason } => refused_before(stored, kind, reason),
            Claim::Busy { until } => {
                Turn::End(self.come_back(stored, until, "an earlier attempt at this mail has to end"))
            }
            Claim::Waiting { not_before, reason } => Turn::End(self.come_back(stored, not_before, &reason)),
        }))
    }

    /// Applies the written rule to a mail that an earlier attempt may have sent.
    async fn doubt(&self, stored: &Stored, kind: &MailKind, lease: Lease, now: Timestamp) -> Result<Claimed, Failure> {
        let Some(since) = lease.doubt_since() else { return Ok(Claimed::Ours(lease)) };
        let over = since.checked_add(self.station.settle_window).unwrap_or(since);
        if now < over {
            let reason = "an attempt ended without an answer; SES's send event would settle it";
            self.settle(lease, State::Unknown { reason: reason.to_owned() }, BTreeMap::new(), Some(over)).await?;
            return Ok(Claimed::Not(Turn::End(self.come_back(stored, over, reason))));
        }
        let sends = sent_again(&lease) + 1;
        if sends >= rules::most_sends(kind) {
            let why =
                format!("SES did not answer {sends} times and never reported the mail as sent; it may have arrived");
            self.settle(lease, State::Refused { reason: why.clone() }, BTreeMap::new(), None).await?;
            return Ok(Claimed::Not(told(kind, What::MailRefused { mail: kind.name().to_owned(), why })));
        }
        Ok(Claimed::Ours(lease))
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
        let Some(to) = order.email.as_deref().map(str::trim).filter(|to| !to.is_empty()) else {
            self.settle(lease, State::Refused { reason: NO_ADDRESS.to_owned() }, BTreeMap::new(), None).await?;
            return Ok(told(kind, What::NoMailAddress { mail }));
        };
        let page = self.sender.pages.as_ref().map(|pages| pages.link(order.id, self.station.now()));
        let look = Look { brand: &self.sender.brand, page: page.as_deref() };
        let Ok(written) = crate::mails::write(kind, order, events, look) else {
            let why = "its template could not be filled in".to_owned();
            self.settle(lease, State::Refused { reason: why.clone() }, BTreeMap::new(), None).await?;
            return Ok(Turn::Told(What::MailRefused { mail, why }));
        };
        let subject = &stored.event.subject;
        let effect = lease.hash();
        let letter = Letter {
            to: to.to_owned(),
            from: self.sender.from.clone(),
            reply_to: self.sender.reply_to.clone(),
            subject: written.subject,
            text: written.text,
            html: Some(written.html),
            about: subject.clone(),
            effect: effect.clone(),
        };
        let mut note = BTreeMap::from([("kind".to_owned(), mail.clone()), ("to_hash".to_owned(), address_hash(to))]);
        let mut counted = BTreeMap::new();
        if lease.doubt_since().is_some() {
            let again = sent_again(&lease) + 1;
            tracing::warn!(%subject, effect, mail, mail.sent_again = again, "sent again: the attempt before is in doubt");
            counted.insert(rules::SENT_AGAIN.to_owned(), again.to_string());
        }
        match self.mailer.send(&letter).await {
            Ok(id) => {
                tracing::info!(%subject, effect, mail, mail.id = id, "mail sent");
                note.extend(counted);
                if !self.settle(lease, State::Done { reference: id.clone() }, note.clone(), None).await? {
                    // The lease was over, or the send event was quicker. It is sent all the same: we are the witness.
                    self.station.ledger.witness(subject, &effect, &id, note, self.station.now()).await?;
                }
                Ok(Turn::Next)
            }
            Err(Trouble::NoAnswer { why }) => {
                note.extend(counted);
                let window = self.station.now().checked_add(self.station.settle_window).unwrap_or(Timestamp::MAX);
                let outcome =
                    self.station.wait_or_raise(stored, Layer::Email, MAILER, Trouble::NoAnswer { why: why.clone() });
                let outcome = not_before(outcome, window);
                self.settle(lease, State::Unknown { reason: why }, note, Some(until(&outcome).unwrap_or(window)))
                    .await?;
                Ok(Turn::End(outcome))
            }
            Err(trouble @ (Trouble::RateLimited { .. } | Trouble::Slot { .. } | Trouble::Unavailable { .. })) => {
                let why = trouble.to_string();
                let outcome = self.station.wait_or_raise(stored, Layer::Email, MAILER, trouble);
                self.put_off(lease, &outcome, &why).await?;
                Ok(Turn::End(outcome))
            }
            Err(Trouble::Refused { why }) => {
                self.settle(lease, State::Refused { reason: why.clone() }, note, None).await?;
                Ok(Turn::Told(What::MailRefused { mail, why }))
            }
            Err(trouble @ Trouble::Broken { .. }) => {
                let why = trouble.to_string();
                let outcome = self.station.wait_or_raise(stored, Layer::Email, MAILER, trouble);
                self.put_off(lease, &outcome, &why).await?;
                Ok(Turn::End(outcome))
            }
        }
    }

    /// Nothing was sent in this attempt: the mail waits as long as the message, or a replay opens it again. What was in doubt
    /// before stays in doubt.
    async fn put_off(&self, lease: Lease, outcome: &Outcome, why: &str) -> Result<(), Failure> {
        let reason = why.to_owned();
        let (state, hold) = match until(outcome) {
            wait if lease.doubt_since().is_some() => (State::Unknown { reason }, wait),
            Some(not_before) => (State::Waiting { not_before, reason }, None),
            None => (State::Refused { reason }, None),
        };
        self.settle(lease, state, BTreeMap::new(), hold).await?;
        Ok(())
    }

    async fn store_trouble(
        &self,
        stored: &Stored,
        held: Option<(MailKind, Lease)>,
        trouble: Trouble,
    ) -> Result<Outcome, Failure> {
        let why = format!("{STORE}: {trouble}");
        let outcome = self.station.wait_or_raise(stored, Layer::Email, STORE, trouble);
        if let Some((_, lease)) = held {
            self.put_off(lease, &outcome, &why).await?;
        }
        Ok(outcome)
    }

    async fn unknown_order(&self, held: Option<(MailKind, Lease)>) -> Result<Outcome, Failure> {
        let mail = held.as_ref().map_or("customer's", |(kind, _)| kind.name()).to_owned();
        if let Some((_, lease)) = held {
            self.settle(lease, State::Refused { reason: UNKNOWN_ORDER.to_owned() }, BTreeMap::new(), None).await?;
        }
        Ok(Outcome::raise(What::MailRefused { mail, why: UNKNOWN_ORDER.to_owned() }))
    }

    /// Ends the message, and tells first what it has to tell: it may end with waiting.
    async fn end(&self, stored: &Stored, mut told: Vec<What>, outcome: Outcome) -> Result<Outcome, Failure> {
        match outcome {
            Outcome::Raise(whats) => {
                told.extend(whats);
                Ok(Outcome::Raise(told))
            }
            other => {
                for what in &told {
                    self.station.raise(stored, what).await?;
                }
                Ok(other)
            }
        }
    }

    /// Comes back at `until`. An outage that the event waits for stays the reason: the owner is to hear of it.
    fn come_back(&self, stored: &Stored, until: Timestamp, reason: &str) -> Outcome {
        match stored.waits.get(&Layer::Email) {
            Some(LayerWait { since, reason: outage @ WaitReason::Outage { .. }, .. }) => {
                Outcome::Wait(LayerWait { since: *since, until: until.max(self.station.now()), reason: outage.clone() })
            }
            _ => self.station.come_back(stored, Layer::Email, until, reason),
        }
    }

    async fn settle(
        &self,
        lease: Lease,
        state: State,
        note: BTreeMap<String, String>,
        hold_until: Option<Timestamp>,
    ) -> Result<bool, Failure> {
        let (subject, key, name) = (lease.effect.subject.clone(), lease.effect.key.to_string(), state.name());
        let settled = self.station.ledger.settle(lease, state, note, hold_until, self.station.now()).await?;
        if !settled {
            tracing::warn!(%subject, effect = key, state = name, "the mail was settled or claimed by somebody else meanwhile");
        }
        Ok(settled)
    }
}

/// A mail that was refused earlier. It is told again in case the attempt that was refused died before it could say so; the
/// same cause is told once. Only its announcement answers for a parcel's first mail.
fn refused_before(stored: &Stored, kind: &MailKind, reason: String) -> Turn {
    let announced = matches!(stored.event.fact, Fact::ParcelAnnounced { .. });
    let anothers = !announced && matches!(kind, MailKind::Shipped(_));
    if reason == CANCELLED || (anothers && !stored.flagged) {
        return Turn::Next;
    }
    let mail = kind.name().to_owned();
    told(
        kind,
        match reason.as_str() {
            NO_ADDRESS => What::NoMailAddress { mail },
            _ => What::MailRefused { mail, why: reason },
        },
    )
}

/// The owner hears of a mail that the customer misses.
fn told(kind: &MailKind, what: What) -> Turn {
    if rules::is_calm(kind) { Turn::Next } else { Turn::Told(what) }
}

fn sent_again(lease: &Lease) -> u32 {
    lease.effect.note.get(rules::SENT_AGAIN).and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Until when an outcome waits.
fn until(outcome: &Outcome) -> Option<Timestamp> {
    match outcome {
        Outcome::Wait(wait) => Some(wait.until),
        Outcome::Done { .. } | Outcome::Tell { .. } | Outcome::Raise(_) => None,
    }
}

fn not_before(outcome: Outcome, moment: Timestamp) -> Outcome {
    match outcome {
        Outcome::Wait(wait) => Outcome::Wait(LayerWait { until: wait.until.max(moment), ..wait }),
        other => other,
    }
}
