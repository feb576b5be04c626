//! How much SES takes from an account (`GetAccount`, SES API v2).

use aws_sdk_sesv2::operation::get_account::GetAccountOutput;
use domain::provider::Trouble;

/// What SES allows this account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Mails a second (`MaxSendRate`); one at least.
    pub per_second: u32,
    /// Mails in any 24 hours (`Max24HourSend`); `None`: as many as you like.
    pub per_day: Option<u64>,
    /// Mails of the last 24 hours (`SentLast24Hours`), of everybody who sends through the account.
    pub sent: u64,
}

impl Account {
    /// How many mails may still go out today.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        self.per_day.map(|most| most.saturating_sub(self.sent))
    }

    /// The last fifth of the quota has begun. It is kept for mails about orders, and for alerts.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.left().zip(self.per_day).is_some_and(|(left, most)| left.saturating_mul(5) <= most)
    }
}

/// Asks what the account may send.
pub trait ReadAccount: Send + Sync {
    /// Costs nothing, and SES answers about one such question a second for the whole account.
    fn account(&self) -> impl Future<Output = Result<Account, Trouble>> + Send;
}

/// SES's numbers are decimals with nothing behind the point, and -1 stands for no limit.
pub(crate) fn read(answer: &GetAccountOutput) -> Result<Account, Trouble> {
    let quota = answer.send_quota().ok_or_else(|| Trouble::Broken { why: "it does not say its quota".to_owned() })?;
    let unlimited = quota.max24_hour_send() < 0.0;
    Ok(Account {
        per_second: u32::try_from(whole(quota.max_send_rate())).unwrap_or(u32::MAX).max(1),
        per_day: (!unlimited).then(|| whole(quota.max24_hour_send())),
        sent: whole(quota.sent_last24_hours()),
    })
}

/// Rounded down; what is no number is nothing, and what is too large the largest there is.
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::types::SendQuota;

    use super::*;

    fn account(per_day: f64, per_second: f64, sent: f64) -> Account {
        let quota =
            SendQuota::builder().max24_hour_send(per_day).max_send_rate(per_second).sent_last24_hours(sent).build();
        read(&GetAccountOutput::builder().send_quota(quota).build()).unwrap()
    }

    #[test]
    fn a_sandboxed_a_usual_and_an_unlimited_account() {
        assert_eq!(account(200.0, 1.0, 0.0), Account { per_second: 1, per_day: Some(200), sent: 0 });
        assert_eq!(account(50_000.0, 14.0, 123.0).left(), Some(49_877));
        assert_eq!(account(-1.0, 0.5, 9e9), Account { per_second: 1, per_day: None, sent: 9_000_000_000 });
        assert!(read(&GetAccountOutput::builder().build()).is_err());
    }

    #[test]
    fn the_last_fifth_is_short() {
        for (sent, short) in [(0.0, false), (159.0, false), (160.0, true), (200.0, true), (201.0, true)] {
            assert_eq!(account(200.0, 1.0, sent).is_short(), short, "{sent}");
        }
        assert!(!account(-1.0, 14.0, 1e6).is_short());
    }
}
