//! Something goes out to the owner on one channel, under an effect, and is known to have gone once the provider's id is stored.
//!
//! The written rule: what the owner must hear is sent **at least once**. What may have gone out is not asked about for longer
//! than the settle window; then it is sent again, because a second alert is better than none. A provider's clear no is no end
//! either: it is tried at the longest pace as long as it is of use, and the alarm on the untold (which goes to the owner with no
//! code of ours between) counts it meanwhile.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{EffectKey, State};
use domain::provider::Trouble;
use domain::subject::{Subject, address_hash};
use domain::watch::{LayerWait, WaitReason};
use jiff::SignedDuration;
use lambda::{Clock, Failure, Queue};
use ledger::{Claim, Lease, LedgerError, Table};
use mailer::{Letter, SendMail};

use crate::Monitoring;
use crate::channel::Channel;
use crate::queues::Queues;
use crate::webhook::Urgency;

/// What goes out, and under which effect.
#[derive(Debug)]
pub(crate) struct Post<'a> {
    pub channel: Channel,
    pub subject: &'a Subject,
    pub key: EffectKey,
    /// Words of the effect, written before anything is sent.
    pub note: BTreeMap<String, String>,
    /// Since when the owner should have it: how long until the next try grows with that.
    pub since: Timestamp,
    pub urgency: Urgency,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Just now.
    Now,
    /// Before: by an attempt that could not say so, or in the provider's own word.
    Before,
    /// Never: a hand in the table has written that it must not go out.
    Never,
    /// Not yet; try again then.
    Later(Timestamp),
    /// Not yet, because the channel did not take it just now; try again then.
    Trouble(Timestamp),
}

/// Why a letter could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritten {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Template(#[from] askama::Error),
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Sends it unless that is done. `write` is given the effect's hash, and called only if something is to be sent.
    pub(crate) async fn post(
        &self,
        post: Post<'_>,
        write: impl AsyncFnOnce(String) -> Result<Letter, Unwritten>,
    ) -> Result<Sent, Failure> {
        let (ledger, now) = (&self.station.ledger, self.station.now());
        let lease = match ledger.claim_noting(post.subject, &post.key, &post.note, now, self.station.lease).await? {
            Claim::Ours(lease) => lease,
            Claim::Busy { until } => return Ok(Sent::Later(until)),
            Claim::Waiting { not_before, .. } => return Ok(Sent::Later(not_before)),
            // It went out and nobody could write the rest, or the provider's own word about it settled it.
            Claim::Done { .. } => return Ok(Sent::Before),
            Claim::Refused { .. } => return Ok(Sent::Never),
        };
        if let Some(doubt) = lease.doubt_since() {
            let settled = later(doubt, self.station.settle_window);
            if now < settled {
                // The provider's send event may still arrive and settle it.
                let reason = "an earlier one may have gone out".to_owned();
                self.settle(&post, lease, State::Unknown { reason }, Some(settled)).await?;
                return Ok(Sent::Later(settled));
            }
        }
        let letter = match write(lease.hash()).await {
            Ok(letter) => letter,
            Err(Unwritten::Ledger(error)) => return Err(error.into()),
            Err(Unwritten::Template(error)) => {
                return self.put_off(&post, lease, Trouble::Broken { why: error.to_string() }).await;
            }
        };
        match self.send_by(post.channel, &letter, post.urgency).await {
            Ok(reference) => {
                self.settle(&post, lease, State::Done { reference }, None).await?;
                Ok(Sent::Now)
            }
            Err(trouble) => self.put_off(&post, lease, trouble).await,
        }
    }

    /// It did not go out, or nobody knows.
    async fn put_off(&self, post: &Post<'_>, lease: Lease, trouble: Trouble) -> Result<Sent, Failure> {
        let now = self.station.now();
        tracing::warn!(effect.key = %post.key, channel = %post.channel, why = %trouble, "the owner could not be told");
        let (channel, key) = (post.channel.name(), post.key.to_string());
        let reason = WaitReason::Outage { provider: channel.to_owned(), why: trouble.to_string() };
        let since = LayerWait { since: post.since, until: now, reason };
        let paced = self.station.pace.wait(channel, &trouble, &key, Some(&since), now).map(|wait| wait.until);
        let at = paced.unwrap_or_else(|| later(now, self.station.pace.longest));
        let reason = trouble.to_string();
        if matches!(trouble, Trouble::NoAnswer { .. }) {
            let at = at.max(later(now, self.station.settle_window));
            self.settle(post, lease, State::Unknown { reason }, Some(at)).await?;
            return Ok(Sent::Trouble(at));
        }
        self.settle(post, lease, State::Waiting { not_before: at, reason }, None).await?;
        Ok(Sent::Trouble(at))
    }

    async fn settle(
        &self,
        post: &Post<'_>,
        lease: Lease,
        state: State,
        hold_until: Option<Timestamp>,
    ) -> Result<(), LedgerError> {
        let to = (post.channel == Channel::Mail).then(|| ("to_hash".to_owned(), address_hash(&self.alerts.to)));
        let kind = ("kind".to_owned(), "alert".to_owned());
        let note = post.note.clone().into_iter().chain([kind]).chain(to).collect();
        let hash = lease.hash();
        if !self.station.ledger.settle(lease, state, note, hold_until, self.station.now()).await? {
            tracing::warn!(effect.hash = hash, "the claim on an alert was over before it was settled");
        }
        Ok(())
    }
}

/// `moment` and `span`, or `moment` where the sum leaves the calendar.
pub(crate) fn later(moment: Timestamp, span: SignedDuration) -> Timestamp {
    moment.checked_add(span).unwrap_or(moment)
}
