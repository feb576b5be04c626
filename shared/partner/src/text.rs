//! What providers write in more than one way: ids, amounts, names.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Text, or a number that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
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
#[cfg(feature = "orders")]
pub(crate) fn words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').chars().take(200).collect()
}

/// One segment of a path or one value of a query, percent-encoded.
#[cfg(feature = "orders")]
pub(crate) fn segment(text: &str) -> String {
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

/// A person's or a company's name in two fields of at most `longest` characters each: the last word is the last name, and where
/// one field is too short for its words, they move to the other. A single word leaves a dash for the first. `None`: there is no
/// name, or it does not fit.
#[cfg(feature = "orders")]
pub(crate) fn split_name(name: &str, longest: usize) -> Option<(String, String)> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let fits = |text: &String| text.chars().count() <= longest;
    match words.as_slice() {
        [] => None,
        [only] => Some(("-".to_owned(), (*only).to_owned())).filter(|(_, last)| fits(last)),
        words => (1..words.len())
            .rev()
            .map(|at| (words[..at].join(" "), words[at..].join(" ")))
            .find(|(first, last)| fits(first) && fits(last)),
    }
}

#[cfg(all(test, feature = "orders"))]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        assert_eq!(segment("W-77"), "W-77");
        assert_eq!(segment("../a b?c"), "..%2Fa%20b%3Fc");
    }

    #[test]
    fn words_are_one_bounded_line() {
        assert_eq!(words(" Bad\n request. "), "Bad request");
        assert_eq!(words(&"x".repeat(500)).len(), 200);
    }

    #[test]
    fn a_name_in_two_fields() {
        let split = |name, longest| split_name(name, longest).map(|(first, last)| format!("{first}|{last}"));
        assert_eq!(split("Ada Maria Example", 25).as_deref(), Some("Ada Maria|Example"));
        assert_eq!(split("Ada Maria Example", 13).as_deref(), Some("Ada Maria|Example"));
        assert_eq!(split("Ada Maria Example", 7), None, "\"Maria Example\" is longer");
        assert_eq!(split("Maximiliana Alexandra Ex", 14).as_deref(), Some("Maximiliana|Alexandra Ex"));
        assert_eq!(split("Ada", 25).as_deref(), Some("-|Ada"));
        assert_eq!(split("  ", 25), None);
    }
}
