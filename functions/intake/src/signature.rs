//! Signatures: HMAC-SHA256 over the raw bytes, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Whether `signature` is the body's HMAC under one of the keys. Every key is tried, so that a rotation takes no time off.
pub(crate) fn hmac_fits(keys: &[Vec<u8>], body: &[u8], signature: &[u8]) -> bool {
    let mut fits = false;
    for key in keys {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { continue };
        mac.update(body);
        fits |= mac.verify_slice(signature).is_ok();
    }
    fits
}

/// Whether two secrets are equal, without telling where they differ.
pub(crate) fn same(secret: &SecretString, given: &str) -> bool {
    bool::from(secret.expose_secret().as_bytes().ct_eq(given.as_bytes()))
}
