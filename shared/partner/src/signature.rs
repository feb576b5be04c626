//! HMAC-SHA256, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
#[cfg(feature = "door")]
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The keyed hash of `parts`, one after the other; `None` for a key that cannot be one.
fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// The keyed hash in lower-case hex.
#[cfg(feature = "orders")]
pub(crate) fn hex(key: &[u8], parts: &[&[u8]]) -> String {
    mac(key, parts).map_or_else(String::new, |mac| hex::encode(mac.finalize().into_bytes()))
}

/// Whether `signature` fits under one of the keys. Every key is tried, so that a rotation takes no time off.
#[cfg(feature = "door")]
pub(crate) fn fits(keys: &[Vec<u8>], parts: &[&[u8]], signature: &[u8]) -> bool {
    let mut fits = false;
    for key in keys {
        fits |= mac(key, parts).is_some_and(|mac| mac.verify_slice(signature).is_ok());
    }
    fits
}

/// Whether two secrets are equal, without telling where they differ.
#[cfg(feature = "door")]
pub(crate) fn same(secret: &SecretString, given: &str) -> bool {
    use subtle::ConstantTimeEq;

    bool::from(secret.expose_secret().as_bytes().ct_eq(given.as_bytes()))
}
