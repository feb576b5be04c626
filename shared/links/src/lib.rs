//! Links that we send: signed, for one purpose, and over after a while.
//!
//! A token is `<payload>.<signature>`, both in base64url without padding. The payload is text: `1`, the purpose, the moment of
//! expiry in seconds since 1970, and what it is about, separated by `|`, the last taking the rest. The signature is HMAC-SHA256
//! (RFC 2104) of the payload's base64url text under the secret `links/key`, compared in constant time before anything in the
//! payload is believed. During a rotation the secret has two lines: the first signs, both open.

mod contact;
mod order;
pub mod owner;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

pub use contact::{
    CONFIRM_LINK, PREFERENCES_LINK, Recipient, UNSUBSCRIBE_LINK, confirm_link, linked_recipient, one_click_headers,
    preferences_link, unsubscribe_link,
};
pub use order::{ORDER_LINK, linked_order, order_link};

/// The name of the secret.
pub const KEY: &str = "links/key";

/// The version of the payload.
const VERSION: &str = "1";
/// A longer token is nobody's: ours have some hundred characters.
const LONGEST: usize = 1_024;
/// A key shorter than this (in bytes) can be guessed.
const SHORTEST_KEY: usize = 32;

/// What a link is for. A link for one thing opens no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The owner decides about a held order; about `<order's number>#<round>`.
    Decision,
    /// A customer looks at an order; about `<order's number>`.
    Order,
    /// The owner acknowledges an exception; see [`owner`].
    Exception,
    /// The owner looks at everything that is open; about the channel that carried the link.
    Open,
    /// The owner acknowledges a test alert; see [`owner`].
    Canary,
    /// Somebody wants no more marketing mail; about a [`Recipient`].
    Unsubscribe,
    /// Somebody chooses which marketing mail they want; about a [`Recipient`].
    Preferences,
    /// Somebody confirms that they want the store's news; about a [`Recipient`].
    Confirm,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Order => "order",
            Self::Exception => "exception",
            Self::Open => "open",
            Self::Canary => "canary",
            Self::Unsubscribe => "unsubscribe",
            Self::Preferences => "preferences",
            Self::Confirm => "confirm",
        }
    }
}

/// Why a token does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was not signed by us, not for this purpose, or changed on its way.
    #[error("the link is not one of ours")]
    Forged,
    /// It was ours, and its time is over.
    #[error("the link has expired")]
    Expired,
}

/// The key is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret {KEY} is missing or shorter than {SHORTEST_KEY} characters: put a long random word into its file")]
pub struct WeakKey;

/// Signs and opens tokens.
#[derive(Clone)]
pub struct Key {
    signing: SecretString,
    also: Vec<SecretString>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The lines of the secret: the first signs, all open.
    pub fn new(lines: Vec<SecretString>) -> Result<Self, WeakKey> {
        if lines.iter().any(|line| line.expose_secret().len() < SHORTEST_KEY) {
            return Err(WeakKey);
        }
        let mut lines = lines.into_iter();
        let signing = lines.next().ok_or(WeakKey)?;
        Ok(Self { signing, also: lines.collect() })
    }

    /// A token for `purpose` about `about`, good until `expires` (whole seconds). In the alphabet of base64url and a point.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, about: &str, expires: Timestamp) -> String {
        let payload = format!("{VERSION}|{}|{}|{about}", purpose.as_str(), expires.as_second());
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let signature =
            mac(&self.signing, &payload).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What the token is about, if it is ours, for this purpose, and not over at `now`.
    pub fn open(&self, token: &str, purpose: Purpose, now: Timestamp) -> Result<String, LinkError> {
        if token.len() > LONGEST {
            return Err(LinkError::Forged);
        }
        let (payload, signature) = token.split_once('.').ok_or(LinkError::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| LinkError::Forged)?;
        let mut ours = false;
        // Every key is tried, so that a rotation takes no time off.
        for key in std::iter::once(&self.signing).chain(&self.also) {
            ours |= mac(key, payload).is_some_and(|mac| mac.verify_slice(&signature).is_ok());
        }
        if !ours {
            return Err(LinkError::Forged);
        }
        let text = URL_SAFE_NO_PAD.decode(payload).map_err(|_| LinkError::Forged)?;
        let text = String::from_utf8(text).map_err(|_| LinkError::Forged)?;
        let mut parts = text.splitn(4, '|');
        let (Some(VERSION), Some(named), Some(expires), Some(about)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(LinkError::Forged);
        };
        if named != purpose.as_str() {
            return Err(LinkError::Forged);
        }
        let expires: i64 = expires.parse().map_err(|_| LinkError::Forged)?;
        if now.as_second() >= expires { Err(LinkError::Expired) } else { Ok(about.to_owned()) }
    }
}

fn mac(key: &SecretString, payload: &str) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    mac.update(payload.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "an old key of forty characters, or so...";
    const NEW: &str = "a new key of forty characters, or so....";

    fn key(lines: &[&str]) -> Key {
        Key::new(lines.iter().map(|line| SecretString::from(*line)).collect()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_opens_until_it_is_over() {
        let token = key(&[NEW]).sign(Purpose::Decision, "5550004242#1", at(2_000));
        let open = |now| key(&[NEW]).open(&token, Purpose::Decision, at(now));
        assert_eq!(open(1_999).as_deref(), Ok("5550004242#1"));
        assert_eq!(open(2_000), Err(LinkError::Expired));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        assert!(token.chars().all(plain), "{token}");
    }

    #[test]
    fn two_keys_during_a_rotation_and_one_after_it() {
        let old = key(&[OLD]).sign(Purpose::Decision, "1#1", at(2_000));
        assert!(key(&[NEW, OLD]).open(&old, Purpose::Decision, at(1)).is_ok());
        assert_eq!(key(&[NEW]).open(&old, Purpose::Decision, at(1)), Err(LinkError::Forged));
        let signed = key(&[NEW, OLD]).sign(Purpose::Decision, "1#1", at(2_000));
        assert!(key(&[NEW]).open(&signed, Purpose::Decision, at(1)).is_ok(), "the first line signs");
    }

    #[test]
    fn a_short_key_and_none_are_refused() {
        for lines in [vec![], vec!["short"], vec![NEW, "short"]] {
            let lines = lines.into_iter().map(SecretString::from).collect();
            assert!(matches!(Key::new(lines), Err(WeakKey)));
        }
    }

    #[test]
    fn another_purpose_another_version_and_an_expired_forgery_are_forged() {
        let key = key(&[NEW]);
        let signed = |payload: &str| {
            let payload = URL_SAFE_NO_PAD.encode(payload);
            let signature = mac(&key.signing, &payload).unwrap().finalize().into_bytes();
            format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        assert!(key.open(&signed("1|decision|2000|1#1"), Purpose::Decision, at(1)).is_ok());
        for payload in ["1|unsubscribe|2000|1#1", "2|decision|2000|1#1", "1|decision|soon|1#1", "1|decision|2000", ""] {
            assert_eq!(key.open(&signed(payload), Purpose::Decision, at(1)), Err(LinkError::Forged), "{payload}");
        }
        // Nothing is said about a token that was never ours, not even that its time is over.
        let forged = format!("{}.{}", URL_SAFE_NO_PAD.encode("1|decision|1|1#1"), URL_SAFE_NO_PAD.encode([0; 32]));
        assert_eq!(key.open(&forged, Purpose::Decision, at(5)), Err(LinkError::Forged));
    }

    proptest! {
        #[test]
        fn whatever_is_changed_is_noticed(at_byte in 0usize..200, flip in 1u8..=127, about in "[a-z0-9#|]{0,40}") {
            let key = key(&[NEW]);
            let token = key.sign(Purpose::Decision, &about, at(2_000));
            prop_assert_eq!(key.open(&token, Purpose::Decision, at(1)), Ok(about));
            let mut bytes = token.into_bytes();
            let n = at_byte % bytes.len();
            bytes[n] ^= flip;
            if let Ok(changed) = String::from_utf8(bytes) {
                prop_assert_eq!(key.open(&changed, Purpose::Decision, at(1)), Err(LinkError::Forged));
            }
        }

        #[test]
        fn rubbish_is_forged(token in ".{0,300}") {
            prop_assert_eq!(key(&[NEW]).open(&token, Purpose::Decision, at(1)), Err(LinkError::Forged));
        }
    }
}
