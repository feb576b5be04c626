//! The owner's links to the console: which exception, or which test alert, and by which channel the link came.
//!
//! Whoever presses a button behind such a link has read what came by that channel: that proves the channel.

use domain::Timestamp;
use domain::subject::Subject;
use jiff::SignedDuration;

use crate::{Key, LinkError, Purpose};

/// How long these links open. An alert that nobody has opened for a week is in seven digests by then, each with a new link.
pub const OWNER_LINK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An exception as a link names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The channel that carried the link: `mail`, `webhook`.
    pub channel: String,
    pub subject: Subject,
    pub id: String,
    /// Which time it was raised; a later time is not acknowledged by this link.
    pub round: u32,
}

/// The address below which the console acknowledges this exception; `console` ends with a slash.
#[must_use]
pub fn exception_link(console: &str, key: &Key, named: &Named, now: Timestamp) -> String {
    let Named { channel, subject, id, round } = named;
    let about = format!("{channel}|{round}|{id}|{subject}");
    format!("{console}exceptions/{}", key.sign(Purpose::Exception, &about, expires(now)))
}

/// The exception that a token is for.
pub fn linked_exception(key: &Key, token: &str, now: Timestamp) -> Result<Named, LinkError> {
    let about = key.open(token, Purpose::Exception, now)?;
    let mut parts = about.splitn(4, '|');
    let (Some(channel), Some(round), Some(id), Some(subject)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(LinkError::Forged);
    };
    Ok(Named {
        channel: channel.to_owned(),
        subject: subject.parse().map_err(|_| LinkError::Forged)?,
        id: id.to_owned(),
        round: round.parse().map_err(|_| LinkError::Forged)?,
    })
}

/// The address of the list of everything that is open.
#[must_use]
pub fn open_link(console: &str, key: &Key, channel: &str, now: Timestamp) -> String {
    format!("{console}open/{}", key.sign(Purpose::Open, channel, expires(now)))
}

/// The address that acknowledges the test alert which was sent at `sent` (epoch seconds).
#[must_use]
pub fn canary_link(console: &str, key: &Key, channel: &str, sent: i64, now: Timestamp) -> String {
    format!("{console}tests/{}", key.sign(Purpose::Canary, &format!("{channel}|{sent}"), expires(now)))
}

/// Channel and moment of the test alert that a token is for.
pub fn linked_canary(key: &Key, token: &str, now: Timestamp) -> Result<(String, i64), LinkError> {
    let about = key.open(token, Purpose::Canary, now)?;
    let (channel, sent) = about.split_once('|').ok_or(LinkError::Forged)?;
    Ok((channel.to_owned(), sent.parse().map_err(|_| LinkError::Forged)?))
}

fn expires(now: Timestamp) -> Timestamp {
    now.checked_add(OWNER_LINK).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use domain::subject::OrderId;
    use secrecy::SecretString;

    use super::*;

    fn key() -> Key {
        Key::new(vec![SecretString::from("k".repeat(40))]).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_link_says_what_it_is_about_for_a_week_and_opens_nothing_else() {
        let week = 7 * 86_400;
        for subject in [Subject::Order(OrderId(5_550_004_242)), Subject::Store("example.myshopify.com".into())] {
            let id = format!("{}-held-0a1b2c3d", subject.slug());
            let named = Named { channel: "mail".into(), subject, id, round: 2 };
            let link = exception_link("https://console.example.com/", &key(), &named, at(0));
            let token = link.strip_prefix("https://console.example.com/exceptions/").unwrap();
            assert_eq!(linked_exception(&key(), token, at(week - 1)), Ok(named));
            assert_eq!(linked_exception(&key(), token, at(week)), Err(LinkError::Expired));
            assert_eq!(linked_canary(&key(), token, at(1)), Err(LinkError::Forged));
            assert_eq!(key().open(token, Purpose::Open, at(1)), Err(LinkError::Forged));
            assert_eq!(key().open(token, Purpose::Decision, at(1)), Err(LinkError::Forged));
        }
        let link = canary_link("https://console.example.com/", &key(), "webhook", 1_795_000_000, at(0));
        let token = link.strip_prefix("https://console.example.com/tests/").unwrap();
        assert_eq!(linked_canary(&key(), token, at(1)), Ok(("webhook".into(), 1_795_000_000)));
        let link = open_link("https://console.example.com/", &key(), "mail", at(0));
        let token = link.strip_prefix("https://console.example.com/open/").unwrap();
        assert_eq!(key().open(token, Purpose::Open, at(1)).as_deref(), Ok("mail"));
    }
}
