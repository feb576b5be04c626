//! An exception becomes a mail to the owner, and is known to have been told once the provider's id for the mail is stored.
//!
//! The written rule: alerts are **at least once**. A mail that may have gone out is not asked about for longer than the
//! settle window; then it is sent again, because a second alert is better than none. A provider's clear no is no end
//! either: it is tried at the longest pace as long as the exception is open, and the alarm on the untold (which goes to the
//! owner with no code of ours between) counts it meanwhile.

use domain::Timestamp;
use domain::effect::{EffectKey, State};
use domain::exception::{Exception, Life};
use domain::handoff::Layer;
use domain::provider::Trouble;
use domain::subject::{Subject, address_hash};
use domain::verdict::Standing;
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use lambda::{Clock, Failure, Key, Queue};
use ledger::{Claim, Lease, LedgerError, Table};
use links::Purpose;
use mailer::SendMail;

use crate::queues::Queues;
use crate::{Monitoring, letter};

/// What asks the owner for a decision about a held order.
const TO_BE_DECIDED: [&str; 3] = ["held", "hold-refused", "late-held-order"];
/// So long its link is good.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What came of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The owner has it, now or from before, or need not have it any more.
    Known,
    /// Not yet; try again then.
    Later(Timestamp),
    /// Not yet, because the mail provider did not take it just now; try again then.
    Trouble(Timestamp),
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// A queue's message names an exception: it is told, or the message comes back later.
    pub(crate) async fn tell_key(&self, key: &Key) -> Result<(), Failure> {
        let Some(exception) = self.exception(key).await? else {
            tracing::warn!(subject = key.pk, exception = key.sk, "the exception of a queue message is gone");
            return Ok(());
        };
        match self.tell(&exception).await? {
            Told::Known => Ok(()),
            Told::Later(at) | Told::Trouble(at) => {
                let seconds = at.duration_since(self.station.now()).as_secs().max(1);
                Ok(self.station.queue.send(Layer::Monitoring, key, SignedDuration::from_secs(seconds)).await?)
            }
        }
    }

    /// The exception that a key names.
    pub(crate) async fn exception(&self, key: &Key) -> Result<Option<Exception>, LedgerError> {
        match (key.pk.parse::<Subject>(), key.sk.strip_prefix("exception#")) {
            (Ok(subject), Some(id)) => self.station.ledger.exception(&subject, id).await,
            _ => Ok(None),
        }
    }

    /// Tells the owner, unless that is done or no longer needed.
    pub async fn tell(&self, exception: &Exception) -> Result<Told, Failure> {
        if exception.told || exception.state != Life::Open {
            return Ok(Told::Known);
        }
        let key = EffectKey::Alert { exception: exception.id.clone(), round: exception.round };
        let now = self.station.now();
        match self.station.ledger.claim(&exception.subject, &key, now, self.station.lease).await? {
            Claim::Ours(lease) => self.send(exception, lease).await,
            Claim::Busy { until } => Ok(Told::Later(until)),
            Claim::Waiting { not_before, .. } => Ok(Told::Later(not_before)),
            // The mail went out and the exception was not marked, or the provider's own word about the mail settled it.
            Claim::Done { .. } => {
                self.station.ledger.told(exception).await?;
                Ok(Told::Known)
            }
            // Only a hand in the table writes this; it is meant.
            Claim::Refused { .. } => Ok(Told::Known),
        }
    }

    async fn send(&self, exception: &Exception, lease: Lease) -> Result<Told, Failure> {
        if let Some(doubt) = lease.doubt_since() {
            let settled = later(doubt, self.station.settle_window);
            if self.station.now() < settled {
                // The provider's send event may still arrive and settle it.
                let reason = "an earlier mail may have gone out".to_owned();
                self.settle(lease, State::Unknown { reason }, Some(settled)).await?;
                return Ok(Told::Later(settled));
            }
        }
        let name = self.order_name(exception).await?;
        let decide = self.decision_link(exception).await?;
        let letter = match letter::write(exception, name.as_deref(), &self.alerts, lease.hash(), decide) {
            Ok(letter) => letter,
            Err(error) => {
                return self.put_off(exception, lease, Trouble::Broken { why: error.to_string() }).await;
            }
        };
        match self.mail.send(&letter).await {
            Ok(reference) => {
                self.settle(lease, State::Done { reference }, None).await?;
                self.station.ledger.told(exception).await?;
                tracing::info!(exception.id = exception.id, exception.round = exception.round, "the owner is told");
                Ok(Told::Known)
            }
            Err(trouble) => self.put_off(exception, lease, trouble).await,
        }
    }

    /// The mail did not go out, or nobody knows. How long until the next try grows with the exception's age.
    async fn put_off(&self, exception: &Exception, lease: Lease, trouble: Trouble) -> Result<Told, Failure> {
        let now = self.station.now();
        tracing::warn!(exception.id = exception.id, why = %trouble, "the owner could not be told");
        let reason = WaitReason::Outage { provider: "ses".to_owned(), why: trouble.to_string() };
        let since = LayerWait { since: exception.raised, until: now, reason };
        let paced = self.station.pace.wait("ses", &trouble, &exception.id, Some(&since), now).map(|wait| wait.until);
        let at = paced.unwrap_or_else(|| later(now, self.station.pace.longest));
        let reason = trouble.to_string();
        if matches!(trouble, Trouble::NoAnswer { .. }) {
            let at = at.max(later(now, self.station.settle_window));
            self.settle(lease, State::Unknown { reason }, Some(at)).await?;
            return Ok(Told::Trouble(at));
        }
        self.settle(lease, State::Waiting { not_before: at, reason }, None).await?;
        Ok(Told::Trouble(at))
    }

    async fn settle(&self, lease: Lease, state: State, hold_until: Option<Timestamp>) -> Result<(), LedgerError> {
        let note = [("kind", "alert".to_owned()), ("to_hash", address_hash(&self.alerts.to))];
        let note = note.into_iter().map(|(name, word)| (name.to_owned(), word)).collect();
        let hash = lease.hash();
        if !self.station.ledger.settle(lease, state, note, hold_until, self.station.now()).await? {
            tracing::warn!(effect.hash = hash, "the claim on an alert was over before it was settled");
        }
        Ok(())
    }

    /// Where the owner decides about the hold that this is about; `None` where there is nothing to decide, or no page to do it on.
    async fn decision_link(&self, exception: &Exception) -> Result<Option<String>, LedgerError> {
        let (Some(links), Some(order)) = (&self.alerts.links, exception.subject.order()) else { return Ok(None) };
        if !TO_BE_DECIDED.contains(&exception.what.as_str()) {
            return Ok(None);
        }
        let standing = Standing::of(&self.station.ledger.journey(&exception.subject).await?.events);
        let Some(round) = standing.held() else { return Ok(None) };
        let expires = later(self.station.now(), GOOD_FOR);
        let token = links.key.sign(Purpose::Decision, &format!("{order}#{round}"), expires);
        Ok(Some(format!("{}decisions/{token}", links.console)))
    }

    /// The order's name: most events carry it, a partner's do not.
    async fn order_name(&self, exception: &Exception) -> Result<Option<String>, LedgerError> {
        if exception.order_name.is_some() || exception.subject.order().is_none() {
            return Ok(exception.order_name.clone());
        }
        let journey = self.station.ledger.journey(&exception.subject).await?;
        Ok(journey.events.into_iter().find_map(|event| event.order_name))
    }
}

/// `moment` and `span`, or `moment` where the sum leaves the calendar.
pub(crate) fn later(moment: Timestamp, span: SignedDuration) -> Timestamp {
    moment.checked_add(span).unwrap_or(moment)
}
