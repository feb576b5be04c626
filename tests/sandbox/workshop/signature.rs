//! The signature of both directions: hex HMAC-SHA256 of `<timestamp>.<method>.<path>.<body>`, with the time beside it.

use crate::clock;
use crate::deliver::hmac_sha256;
use crate::partners::http::{Call, same};

/// How far a timestamp may be from our clock, in seconds.
const TOLERANCE: u64 = 300;

/// `v1=<64 hex digits>`.
pub(super) fn sign(key: &str, timestamp: i64, method: &str, path: &str, body: &[u8]) -> String {
    let text = [format!("{timestamp}.{method}.{path}.").as_bytes(), body].concat();
    format!("v1={}", hex::encode(hmac_sha256(key.trim().as_bytes(), &text)))
}

/// Whether a request is signed with one of the keys and fresh. Errors: what is wrong, in a sentence.
pub(super) fn check(call: &Call, keys: &[String]) -> Result<(), String> {
    let timestamp = call.header("baton-timestamp");
    let Some(seconds) = timestamp.parse::<i64>().ok().filter(|seconds| seconds.to_string() == timestamp) else {
        return Err(format!("Baton-Timestamp must be whole seconds, not {timestamp:?}"));
    };
    let age = clock::epoch_seconds().abs_diff(seconds);
    if age > TOLERANCE {
        return Err(format!("Baton-Timestamp is {age} seconds away from this clock, more than {TOLERANCE}"));
    }
    let path = call.uri.path_and_query().map_or("/", |path| path.as_str());
    let fits = |given: &str| {
        keys.iter().any(|key| same(given.trim(), &sign(key, seconds, call.method.as_str(), path, &call.body)))
    };
    match call.header("baton-signature") {
        "" => Err("Baton-Signature is missing".to_owned()),
        given if given.split(',').any(fits) => Ok(()),
        _ => Err(format!("Baton-Signature does not fit {} {path}", call.method)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page's own examples.
    #[test]
    fn the_published_vectors() {
        let key = "invented-workshop-key";
        assert_eq!(
            sign(key, 1_795_314_780, "GET", "/orders?external_id=9f3a-5550004242-1", b""),
            "v1=cbc84841bec1457e67af3ad627b396bde9ed943016a24c54daca160e2fb8a581"
        );
        assert_eq!(
            sign(&format!(" {key}\n"), 1_795_314_780, "POST", "/orders/W-77/release", b"{}"),
            "v1=b13e2f8876313c72a8da3650f97aa2e486d9b9af8acebf8ee19f09758e6a9e55"
        );
    }
}
