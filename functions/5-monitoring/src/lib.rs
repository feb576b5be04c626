//! Layer 5: what the owner must know.
//!
//! | module | job |
//! |---|---|
//! | [`incoming`] | what came in, told apart by its shape |
//! | [`tell`], [`letter`] | an exception becomes an alert, with those of the same cause, and is known to have been told |
//! | [`post`] | something goes out to the owner under an effect |
//! | [`channel`], [`webhook`] | the ways to the owner |
//! | [`canary`] | the test alert of each week, and a channel that nobody answers on |
//! | [`digest`] | once a day: what is still open, what has healed |
//! | [`stream`] | what the table's stream tells: each record is tried once |
//! | [`events`] | the events that go to this layer |
//! | [`watchdog`], [`round`] | one round: what is due, what lies dead, what is open; and whatever the stream's batch left |
//! | [`settled`] | what it has seen settled, and need not read again |
//! | [`dead_letters`], [`queues`] | messages that were put aside, by the names of their orders |
//! | [`silence`] | a sweep that has stopped |
//! | [`carriers`] | a carrier of which nothing is heard |
//! | [`review`] | open exceptions: the untold are told, what has settled by itself is closed |
//! | [`incidents`] | a receiver that keeps incidents hears when one is over |
//! | [`alarms`] | CloudWatch's alarms, in the owner's words |
//! | [`operator`] | what the owner asks through `make`; `make acknowledge`, `make close` |
//! | [`replay`] | `make replay`: what it would do, and doing it, for one or many |
//! | [`redrive`] | `make redrive`: dead letters go back to their queues |
//! | [`metrics`] | the totals the alarms stand on |

pub mod alarms;
pub mod canary;
pub mod carriers;
pub mod channel;
pub mod dead_letters;
pub mod digest;
pub mod events;
pub mod incidents;
pub mod incoming;
pub mod letter;
pub mod metrics;
pub mod operator;
pub mod post;
pub mod queues;
pub mod redrive;
pub mod replay;
pub mod review;
pub mod round;
pub mod settled;
mod silence;
pub mod stream;
pub mod tell;
pub mod watchdog;
pub mod webhook;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;
use domain::subject::Subject;
use jiff::SignedDuration;
use lambda::{Failure, Queue, Station, StoreConfig};
use ledger::{LedgerError, Table, Watermark};
use mailer::{Letter, SendMail};
use serde_json::Value;

use crate::carriers::Carriers;
use crate::incoming::{Incoming, NotOurs};
use crate::queues::{Queues, QueuesError};
use crate::settled::Settled;
use crate::stream::Rest;
use crate::webhook::Webhook;

/// Why an invocation failed. Lambda counts it, and the alarm `monitoring-fails` stands on that count.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
    #[error(transparent)]
    Station(#[from] Failure),
    #[error(transparent)]
    Queues(#[from] QueuesError),
    /// The rest of the round was done, and the log names each of them.
    #[error("failed on {0} of the things that the round looked at")]
    Partly(u32),
    #[error("failed to write an answer")]
    Answer(#[from] serde_json::Error),
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        Self::Station(error.into())
    }
}

/// Where the owner hears of exceptions.
#[derive(Debug, Clone)]
pub struct Alerts {
    pub to: String,
    pub from: String,
    /// For the links in alerts; without it they name the other ways.
    pub links: Option<Links>,
    /// The second channel.
    pub webhook: Option<Webhook>,
    /// So long an alert about an order waits for others of its cause.
    pub gather: SignedDuration,
    /// So long it is quiet after an alert about several, at least.
    pub storm: SignedDuration,
    /// The hour of the digest, UTC.
    pub digest_hour: i8,
}

/// What a link to the owner's page is made with.
#[derive(Debug, Clone)]
pub struct Links {
    pub key: links::Key,
    /// The address of the owner's page; ends with a slash.
    pub console: String,
}

impl Alerts {
    /// As the owner configured it; alerts come from the shop's own address unless another is named.
    #[must_use]
    pub fn from_config(config: &StoreConfig) -> Self {
        let from = config.alerts.from.clone().unwrap_or_else(|| config.mail.from.clone());
        Self {
            to: config.alerts.to.clone(),
            from,
            links: None,
            webhook: None,
            gather: SignedDuration::from_secs(config.alerts.gather),
            storm: SignedDuration::from_secs(config.alerts.storm),
            digest_hour: config.alerts.digest_hour,
        }
    }

    /// A letter to the owner.
    pub(crate) fn letter(&self, about: Subject, subject: String, text: String, html: String, effect: String) -> Letter {
        Letter {
            to: self.to.clone(),
            from: self.from.clone(),
            reply_to: None,
            subject,
            text,
            html: Some(html),
            about,
            effect,
            headers: Vec::new(),
            flow: None,
        }
    }
}

/// The layer: its station, the way to the owner, and all queues of the stack.
pub struct Monitoring<T, Q, C, M, D> {
    pub station: Station<T, Q, C>,
    pub mail: M,
    pub queues: D,
    pub alerts: Alerts,
    /// The stack's name: the dimension of its metrics.
    pub stack: String,
    /// A sweep that has not come to its end for so many hours is an exception; 0: none is expected.
    pub silent_hours: i64,
    /// The watch over whole carriers.
    pub carriers: Carriers,
    /// What needs no second look.
    pub settled: Settled,
    pub remembered: Remembered,
}

/// What a process remembers so as not to read it every minute. Nothing depends on it: another process looks once more.
#[derive(Debug, Default)]
pub struct Remembered {
    /// When the queues were last looked into.
    pub(crate) stock: Last,
    /// When the channels were last looked at.
    pub(crate) channels: Last,
    /// The hour whose digest is settled, seconds since 1970.
    pub(crate) digest: AtomicI64,
    /// The watermark of what is due, while nothing passes it.
    watermark: Mutex<Option<Watermark>>,
}

impl Remembered {
    /// The watermark as it was last left; it is read once more after that, unless it is kept again. Where another process has moved
    /// it since, what lies between is looked at once more, and whoever then moves it from here finds itself overtaken.
    pub(crate) fn watermark(&self) -> Option<Watermark> {
        self.watermark.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn keep(&self, watermark: Watermark) {
        *self.watermark.lock().unwrap_or_else(PoisonError::into_inner) = Some(watermark);
    }
}

/// When this process last did something, seconds since 1970, as of the round it did it in.
#[derive(Debug)]
pub(crate) struct Last(AtomicI64);

impl Default for Last {
    /// Never.
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Last {
    /// Whether that is so many seconds from `now`, one way or the other.
    pub fn is_over(&self, now: Timestamp, seconds: i64) -> bool {
        now.as_second().saturating_sub(self.0.load(Ordering::Relaxed)).unsigned_abs() >= seconds.unsigned_abs()
    }

    pub fn note(&self, now: Timestamp) {
        self.0.store(now.as_second(), Ordering::Relaxed);
    }
}

impl<T, Q, C, M, D> fmt::Debug for Monitoring<T, Q, C, M, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitoring").field("stack", &self.stack).finish_non_exhaustive()
    }
}

impl<T: Table, Q: Queue, C: Rest, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Takes whatever the function was invoked with, and answers in its invoker's shape. `deadline` is when Lambda stops us.
    pub async fn handle(&self, event: Value, deadline: Timestamp) -> Result<Value, Error> {
        match incoming::read(event)? {
            Incoming::Written(keys) => {
                self.hear_of(keys, deadline).await;
                Ok(Value::Null)
            }
            Incoming::Notices(notices) => {
                for notice in &notices {
                    self.hear(notice).await?;
                }
                Ok(Value::Null)
            }
            Incoming::Round(now) => {
                let report = self.round(now, deadline).await?;
                Ok(serde_json::to_value(report)?)
            }
            Incoming::Operator(request) => self.operate(&request).await,
        }
    }
}
