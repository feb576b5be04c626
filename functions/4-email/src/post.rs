//! One mail: claimed, handed to the mailer, settled. What can become of it is the same for every kind.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{EffectKey, MailKind, State};
use domain::event::Fact;
use domain::exception::What;
use domain::handoff::Layer;
use domain::provider::Trouble;
use domain::subject::address_hash;
use domain::watch::{LayerWait, WaitReason};
use lambda::store_line::STORE;
use lambda::{Clock, Failure, Outcome, Queue};
use ledger::{Claim, Lease, Stored, Table};
use mailer::{Letter, NotSent, ReadAccount, SendMail};

use crate::{Email, rules};

/// How the store and the mailer are called in waits and exceptions.
pub(crate) const MAILER: &str = "ses";

/// Reasons of refusal that are read again.
pub(crate) const NO_ADDRESS: &str = "the order has no mail address";
pub(crate) const CANCELLED: &str = "cancelled in the store before the mail went out";
/// As the mail's own reason, so that a second attempt to tell says the same.
pub(crate) const SANDBOXED: &str = "SES's account is in its sandbox, and this address is not verified there";
/// What the reason of a mail begins with that was left out on purpose: nothing is wrong, and nobody is told.
pub(crate) const SKIP: &str = "skip: ";

/// How one mail ended, as far as this message is concerned.
pub(crate) enum Turn {
    /// On to the next mail.
    Next,
    /// It will not go out as things are, and the owner must know; other mails go on.
    Told(What),
    /// The message ends here.
    End(Outcome),
}

/// The answer to a claim.
pub(crate) enum Claimed {
    /// The mail is ours to send.
    Ours(Lease),
    Not(Turn),
}

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    M: SendMail + ReadAccount,
{
    pub(crate) async fn claim(&self, stored: &Stored, kind: &MailKind) -> Result<Claimed, Failure> {
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
    pub(crate) async fn doubt(
        &self,
        stored: &Stored,
        kind: &MailKind,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Claimed, Failure> {
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

    /// Hands a letter over and settles its effect. `mail` is its name in notes and exceptions.
    pub(crate) async fn post(
        &self,
        stored: &Stored,
        mail: String,
        lease: Lease,
        letter: &Letter,
    ) -> Result<Turn, Failure> {
        let subject = &stored.event.subject;
        let effect = lease.hash();
        let mut note =
            BTreeMap::from([("kind".to_owned(), mail.clone()), ("to_hash".to_owned(), address_hash(&letter.to))]);
        let mut counted = BTreeMap::new();
        if lease.doubt_since().is_some() {
            let again = sent_again(&lease) + 1;
            tracing::warn!(%subject, effect, mail, mail.sent_again = again, "sent again: the attempt before is in doubt");
            counted.insert(rules::SENT_AGAIN.to_owned(), again.to_string());
        }
        let sent = match self.its_turn(stored, &effect).await? {
            Ok(()) => self.mailer.send(letter).await,
            Err(slot) => Err(slot),
        };
        let trouble = match sent {
            Ok(id) => {
                tracing::info!(%subject, effect, mail, mail.id = id, "mail sent");
                note.extend(counted);
                if !self.settle(lease, State::Done { reference: id.clone() }, note.clone(), None).await? {
                    // The lease was over, or the send event was quicker. It is sent all the same: we are the witness.
                    self.station.ledger.witness(subject, &effect, &id, note, self.station.now()).await?;
                }
                self.sending.count();
                self.sends_again(stored).await?;
                return Ok(Turn::Next);
            }
            Err(NotSent::Stopped { how, why }) => {
                tracing::warn!(%subject, effect, mail, why, "SES sends nothing for this account");
                let outcome = self.come_back(stored, self.stopped(how).await?, how.as_str());
                self.put_off(lease, &outcome, &why).await?;
                return Ok(Turn::End(outcome));
            }
            Err(NotSent::Sandboxed { why }) => {
                tracing::warn!(%subject, effect, mail, why, "SES's sandbox does not send to this address");
                self.settle(lease, State::Refused { reason: SANDBOXED.to_owned() }, note, None).await?;
                return Ok(Turn::Told(What::MailSandboxed { mail }));
            }
            Err(NotSent::Trouble(Trouble::RateLimited { retry_after, .. })) => self.slowed(retry_after).await?,
            Err(NotSent::Trouble(trouble)) => trouble,
        };
        match trouble {
            Trouble::NoAnswer { why } => {
                note.extend(counted);
                let window = self.station.now().checked_add(self.station.settle_window).unwrap_or(Timestamp::MAX);
                let outcome =
                    self.station.wait_or_raise(stored, Layer::Email, MAILER, Trouble::NoAnswer { why: why.clone() });
                let outcome = not_before(outcome, window);
                self.settle(lease, State::Unknown { reason: why }, note, Some(until(&outcome).unwrap_or(window)))
                    .await?;
                Ok(Turn::End(outcome))
            }
            Trouble::Refused { why } => {
                self.settle(lease, State::Refused { reason: why.clone() }, note, None).await?;
                Ok(Turn::Told(What::MailRefused { mail, why }))
            }
            trouble => {
                let why = trouble.to_string();
                let outcome = self.station.wait_or_raise(stored, Layer::Email, MAILER, trouble);
                self.put_off(lease, &outcome, &why).await?;
                Ok(Turn::End(outcome))
            }
        }
    }

    /// Nothing was sent in this attempt: the mail waits as long as the message, or a replay opens it again. What was in doubt
    /// before stays in doubt.
    pub(crate) async fn put_off(&self, lease: Lease, outcome: &Outcome, why: &str) -> Result<(), Failure> {
        let reason = why.to_owned();
        let (state, hold) = match until(outcome) {
            wait if lease.doubt_since().is_some() => (State::Unknown { reason }, wait),
            Some(not_before) => (State::Waiting { not_before, reason }, None),
            None => (State::Refused { reason }, None),
        };
        self.settle(lease, state, BTreeMap::new(), hold).await?;
        Ok(())
    }

    /// The store did not answer: the mail that is held, if one is, waits as long as the message.
    pub(crate) async fn store_trouble(
        &self,
        stored: &Stored,
        held: Option<Lease>,
        trouble: Trouble,
    ) -> Result<Outcome, Failure> {
        let why = format!("{STORE}: {trouble}");
        let outcome = self.station.wait_for_store(stored, Layer::Email, trouble).await?;
        if let Some(lease) = held {
            self.put_off(lease, &outcome, &why).await?;
        }
        Ok(outcome)
    }

    /// It will not go out, and why.
    pub(crate) async fn refuse(&self, lease: Lease, reason: &str) -> Result<(), Failure> {
        self.settle(lease, State::Refused { reason: reason.to_owned() }, BTreeMap::new(), None).await?;
        Ok(())
    }

    /// Ends the message, and tells first what it has to tell: it may end with waiting.
    pub(crate) async fn end(&self, stored: &Stored, mut told: Vec<What>, outcome: Outcome) -> Result<Outcome, Failure> {
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
    pub(crate) fn come_back(&self, stored: &Stored, until: Timestamp, reason: &str) -> Outcome {
        match stored.waits.get(&Layer::Email) {
            Some(LayerWait { since, reason: outage @ WaitReason::Outage { .. }, .. }) => {
                Outcome::Wait(LayerWait { since: *since, until: until.max(self.station.now()), reason: outage.clone() })
            }
            _ => self.station.come_back(stored, Layer::Email, until, reason),
        }
    }

    pub(crate) async fn settle(
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
    if reason == CANCELLED || reason.starts_with(SKIP) || (anothers && !stored.flagged) {
        return Turn::Next;
    }
    let mail = kind.name().to_owned();
    told(
        kind,
        match reason.as_str() {
            NO_ADDRESS => What::NoMailAddress { mail },
            SANDBOXED => What::MailSandboxed { mail },
            _ => What::MailRefused { mail, why: reason },
        },
    )
}

/// The owner hears of a mail that the customer misses.
pub(crate) fn told(kind: &MailKind, what: What) -> Turn {
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
