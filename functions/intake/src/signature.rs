//! Signatures: HMAC-SHA256 over the raw bytes, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The keys a source may sign with: one, or two during a rotation. Prepared once, since a delivery is many times shorter than
/// what setting a key up would cost.
pub(crate) struct Keys(Vec<Hmac<Sha256>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

impl Keys {
    /// Keys that are the secrets' own text. HMAC takes a key of any length; an empty one is no key.
    pub(crate) fn of(secrets: &[SecretString]) -> Self {
        let keys = secrets.iter().map(|secret| secret.expose_secret().as_bytes()).filter(|key| !key.is_empty());
        Self(keys.filter_map(|key| Hmac::new_from_slice(key).ok()).collect())
    }

    /// Whether `signature` is the HMAC of the parts, one after the other, under one of the keys. Every key is tried, so that
    /// neither a rotation nor which of the keys it was can be told from the time it takes.
    pub(crate) fn fit(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.0.iter().fold(false, |fits, key| {
            let mut mac = key.clone();
            for part in parts {
                mac.update(part);
            }
            fits | mac.verify_slice(signature).is_ok()
        })
    }
}
