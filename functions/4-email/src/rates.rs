//! How much of our mail comes back or is reported as spam, before SES looks at it.
//!
//! SES reviews an account at 5 % bounces or 0.1 % complaints and stops its mail at 10 % or 0.5 % (Amazon SES developer guide,
//! "reputation metrics"). The owner hears of it earlier. Counted are the mails of a week, and only from so many on that a single
//! one says something.

use domain::Timestamp;
use domain::exception::{Exception, What};
use jiff::SignedDuration;
use lambda::{Clock, Queue, Station};
use ledger::{LedgerError, Table};

use crate::flows::tally::day;

/// The owner hears from here on: bounces and complaints among ten thousand mails.
const BOUNCES: u64 = 200;
const COMPLAINTS: u64 = 5;
/// Fewer mails than this say nothing.
const AT_LEAST: u64 = 50;
const DAYS: i64 = 7;
const KEEP: SignedDuration = SignedDuration::from_hours(24 * 9);

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Sent,
    Bounced,
    Complained,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
}

/// Counts a mail by SES's id of it, once, on the day on which it went out; and raises the exception when too many went wrong.
pub async fn count<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    fate: Fate,
    message: &str,
    sent: Timestamp,
) -> Result<(), LedgerError> {
    let mark = format!("{}#{message}", fate.as_str());
    station.ledger.mark_once(&format!("rate#{}", day(sent)), &mark, "", station.now(), KEEP).await?;
    match fate {
        Fate::Sent => Ok(()),
        Fate::Bounced | Fate::Complained => look(station, fate).await,
    }
}

async fn look<T: Table, Q: Queue, C: Clock>(station: &Station<T, Q, C>, fate: Fate) -> Result<(), LedgerError> {
    let (now, mut sent, mut bad) = (station.now(), 0u64, 0u64);
    let wanted = format!("{}#", fate.as_str());
    for days in 0..DAYS {
        let then = now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
        for mark in station.ledger.marks(&format!("rate#{}", day(then)), "").await? {
            sent += u64::from(mark.name.starts_with("sent#"));
            bad += u64::from(mark.name.starts_with(&wanted));
        }
    }
    if !too_many(fate, bad, sent) {
        return Ok(());
    }
    let what = What::MailUnwelcome { complaints: fate == Fate::Complained, bad, sent };
    // One exception for as long as it lasts: its cause is what, not which mail.
    let exception = Exception::raise(&station.store, &what, fate.as_str(), now);
    let new = station.ledger.raise(&exception).await?;
    tracing::warn!(exception.id = exception.id, exception.new = new, "exception");
    Ok(())
}

/// Whether the owner should hear of so many among so many.
fn too_many(fate: Fate, bad: u64, sent: u64) -> bool {
    let limit = if fate == Fate::Complained { COMPLAINTS } else { BOUNCES };
    sent >= AT_LEAST && bad.saturating_mul(10_000) >= limit.saturating_mul(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_mails_say_nothing_and_a_share_of_many_does() {
        assert!(!too_many(Fate::Bounced, 10, 49));
        assert!(!too_many(Fate::Bounced, 0, 50));
        assert!(too_many(Fate::Bounced, 1, 50), "2 %");
        assert!(!too_many(Fate::Bounced, 1, 51));
        assert!(too_many(Fate::Complained, 1, 50));
        assert!(too_many(Fate::Complained, 1, 2_000), "0.05 %");
        assert!(!too_many(Fate::Complained, 1, 2_001));
    }
}
