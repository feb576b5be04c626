//! How much SES takes, kept by all copies of this function at once.
//!
//! | SES's limit | how it is kept |
//! |---|---|
//! | mails a second | the ledger's pace ([`ledger::Turn`]), as for partners: who is too many gets a slot and waits for it |
//! | mails in 24 hours | what is left of it, from its last fifth on, is kept for mails about orders: flows wait |
//! | none at all | everybody waits, the owner hears of it once, and it heals with the first mail that goes out again |
//!
//! The figures are SES's own (`GetAccount`), asked for by each process at most once in [`FRESH`], and only when a mail is to go
//! out. Where SES does not say them, nothing is assumed but the rate that most accounts have: SES's own no comes soon enough.

use std::sync::{Mutex, PoisonError};

use domain::Timestamp;
use domain::exception::{Exception, SendingStop, What};
use domain::handoff::Layer;
use domain::provider::{self, Trouble};
use domain::watch::WaitReason;
use jiff::SignedDuration;
use lambda::turn::{Line, STALE, weight_of};
use lambda::{Clock, Failure, Queue};
use ledger::{Ask, Rate, Stored, Table, Turn};
use mailer::{Account, NotSent, ReadAccount};

use crate::Email;
use crate::post::MAILER;

/// How long SES's figures are believed.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// Mails a second of an account of which nothing is known.
const USUAL: u32 = 14;
/// A quarter of what SES takes in so long presses: from then on everybody takes a slot. SES lets short bursts pass (Amazon SES
/// developer guide, "sending quotas").
const SECONDS: u32 = 16;
/// One mail in so many counts for all of them while few go out.
pub const WEIGHT: u32 = 8;
/// Where SES says "too many" without saying how long: its limit is by the second.
const UNSAID: SignedDuration = SignedDuration::from_secs(1);
/// When an account that sends nothing is tried again: as long as a message can wait in its queue.
const STOPPED: SignedDuration = SignedDuration::from_mins(15);

/// What this process knows of the account.
#[derive(Debug, Default)]
pub struct Sending(Mutex<Option<Known>>);

#[derive(Debug, Clone, Copy)]
struct Known {
    /// When SES was asked last.
    at: Timestamp,
    account: Option<Account>,
    /// Mails of this process that SES's figure does not count yet.
    since: u64,
}

impl Sending {
    fn known(&self) -> Option<Known> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, known: Known) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    /// A mail went out.
    pub(crate) fn count(&self) {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            known.since += 1;
        }
    }
}

impl<T, Q, C, S, M, W> Email<'_, T, Q, C, S, M, W>
where
    T: Table,
    Q: Queue,
    C: Clock,
    M: ReadAccount,
{
    /// What SES allows the account; `None`: it has not said so yet. Where it does not answer now, what it said before stands.
    pub(crate) async fn account(&self) -> Option<Account> {
        let now = self.station.now();
        let known = match self.sending.known().filter(|known| now.duration_since(known.at) < FRESH) {
            Some(known) => known,
            None => {
                let before = self.sending.known();
                let known = match self.mailer.account().await {
                    Ok(account) => Known { at: now, account: Some(account), since: 0 },
                    Err(trouble) => {
                        tracing::warn!(why = %trouble, "SES does not say what the account may send");
                        let nothing = Known { at: now, account: None, since: 0 };
                        Known { at: now, ..before.unwrap_or(nothing) }
                    }
                };
                self.sending.keep(known);
                known
            }
        };
        known.account.map(|account| Account { sent: account.sent.saturating_add(known.since), ..account })
    }

    /// Is it this mail's turn? Otherwise its slot.
    pub(crate) async fn its_turn(&self, stored: &Stored, effect: &str) -> Result<Result<(), NotSent>, Failure> {
        let ask = Ask { calls: 1, weight: weight_of(effect, WEIGHT), has_slot: has_slot(stored, self.station.now()) };
        let line = self.ses_line().await;
        Ok(match self.station.ledger.turn(&self.station.store, line.name, line.rate, ask, self.station.now()).await? {
            Turn::Now => Ok(()),
            Turn::At(at) | Turn::AskAgain(at) => Err(Trouble::Slot { at }.into()),
        })
    }

    /// Too many: everybody hears of it through the ledger, and this mail has a slot behind those who have one.
    pub(crate) async fn slowed(&self, retry_after: Option<SignedDuration>) -> Result<Trouble, Failure> {
        Ok(Trouble::Slot { at: self.not_before(retry_after.unwrap_or(UNSAID)).await? })
    }

    /// Nothing goes out for now: the owner hears of it once, and nobody tries before this mail's slot, which is the answer.
    pub(crate) async fn stopped(&self, how: SendingStop) -> Result<Timestamp, Failure> {
        let exception = self.exception(how);
        let new = self.station.ledger.raise(&exception).await?;
        tracing::warn!(exception.id = exception.id, exception.new = new, "exception");
        self.not_before(STOPPED).await
    }

    /// A mail went out: whatever this one may have waited for is over.
    pub(crate) async fn sends_again(&self, stored: &Stored) -> Result<(), Failure> {
        if waited(stored).is_some() {
            for how in SendingStop::ALL {
                let exception = self.exception(how);
                self.station.ledger.heal(&exception.subject, &exception.id, self.station.now()).await?;
            }
        }
        Ok(())
    }

    /// One for as long as it lasts: its cause is what stops the mail, not which mail.
    fn exception(&self, how: SendingStop) -> Exception {
        Exception::raise(&self.station.store, &What::SendingStopped(how), how.as_str(), self.station.now())
    }

    async fn ses_line(&self) -> Line<'static> {
        let per_second = self.account().await.map_or(USUAL, |account| account.per_second);
        let calls = per_second.saturating_mul(SECONDS);
        Line { name: MAILER, rate: Rate { calls, per: SignedDuration::from_secs(i64::from(SECONDS)) } }
    }

    /// Nobody sends for so long. When this mail may.
    async fn not_before(&self, pause: SignedDuration) -> Result<Timestamp, Failure> {
        let now = self.station.now();
        let until = now.checked_add(pause).unwrap_or(now);
        self.station.ledger.press(&self.station.store, MAILER, until, now).await?;
        Ok(self.station.slot_after(self.ses_line().await, 1, until).await?)
    }
}

/// Until when the event's mail waited for SES, if it did. One in doubt keeps that as its reason whatever else it waits for: were its
/// slot not known for one, it would take another each time it comes, and never go out while others wait.
fn waited(stored: &Stored) -> Option<Timestamp> {
    let wait = stored.waits.get(&Layer::Email)?;
    let stopped = |reason: &str| SendingStop::ALL.iter().any(|how| reason == how.as_str());
    let ours = match &wait.reason {
        WaitReason::Pace(reason) => *reason == provider::limits(MAILER) || stopped(reason),
        WaitReason::Outage { provider, why } => provider == MAILER || stopped(why),
    };
    ours.then_some(wait.until)
}

/// It reserved a slot earlier, and the slot has come.
fn has_slot(stored: &Stored, now: Timestamp) -> bool {
    waited(stored).is_some_and(|until| until <= now && now.duration_since(until) < STALE)
}
