//! How much of our mail comes back or is reported as spam, before SES looks at it.
//!
//! SES reviews an account at 5 % bounces or 0.1 % complaints and stops its mail at 10 % or 0.5 % (Amazon SES developer guide,
//! "reputation metrics"). The owner hears of it earlier. Held against each other are what came back within a day and the mails that
//! SES says it sent in the last 24 hours, and only from so many on that a single one says something. A mail that goes well costs
//! nothing here. Over the longer time that SES itself looks at, the alarms on its own figures watch (`infra/template.yaml`).

use std::collections::BTreeSet;

use domain::exception::{Exception, What};
use jiff::SignedDuration;
use lambda::{Clock, Failure, Queue};
use ledger::Table;
use mailer::ReadAccount;

use crate::Email;
use crate::flows::tally::day;

/// The owner hears from here on: bounces and complaints among ten thousand mails.
const BOUNCES: u64 = 200;
const COMPLAINTS: u64 = 5;
/// Fewer mails than this say nothing.
const AT_LEAST: u64 = 50;
const DAY: SignedDuration = SignedDuration::from_hours(24);
const KEEP: SignedDuration = SignedDuration::from_hours(24 * 3);

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Bounced,
    Complained,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
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
    /// Counts a mail by SES's id of it, and raises the exception when too many went wrong. Where SES does not say how many it sent,
    /// the next one that goes wrong is looked at again.
    pub(crate) async fn went_wrong(&self, fate: Fate, message: &str) -> Result<(), Failure> {
        let (ledger, now) = (&self.station.ledger, self.station.now());
        let mark = format!("{}#{message}", fate.as_str());
        ledger.mark_once(&format!("rate#{}", day(now)), &mark, "", now, KEEP).await?;
        let Some(account) = self.account().await else { return Ok(()) };
        let yesterday = now.checked_sub(DAY).unwrap_or(now);
        // SES says things twice, and may do so on two days.
        let mut bad = BTreeSet::new();
        for then in [yesterday, now] {
            let marks = ledger.marks(&format!("rate#{}", day(then)), &format!("{}#", fate.as_str())).await?;
            bad.extend(marks.into_iter().filter(|mark| mark.at > yesterday).map(|mark| mark.name));
        }
        let (bad, sent) = (u64::try_from(bad.len()).unwrap_or(u64::MAX), account.sent);
        if !too_many(fate, bad, sent) {
            return Ok(());
        }
        let what = What::MailUnwelcome { complaints: fate == Fate::Complained, bad, sent };
        // One exception for as long as it lasts: its cause is what, not which mail.
        let exception = Exception::raise(&self.station.store, &what, fate.as_str(), now);
        let new = ledger.raise(&exception).await?;
        tracing::warn!(exception.id = exception.id, exception.new = new, "exception");
        Ok(())
    }
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
