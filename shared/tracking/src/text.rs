//! What feeds write in more than one way, and what goes into an address.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Text, or a number that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            // The value itself may be a person's data.
            _ => Err(serde::de::Error::custom("neither text nor a number")),
        }
    }
}

/// Words from outside as they are stored and told: of a bounded length, on one line, without a full stop.
#[cfg(feature = "calls")]
pub(crate) fn words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').chars().take(200).collect()
}

/// One value of a query, percent-encoded.
#[cfg(feature = "calls")]
pub(crate) fn value(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(all(test, feature = "calls"))]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_place() {
        assert_eq!(value("1Z9-9"), "1Z9-9");
        assert_eq!(value("a&b=c d"), "a%26b%3Dc%20d");
        assert_eq!(words(" Bad\n request. "), "Bad request");
    }
}
