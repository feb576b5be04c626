//! How partners' settings are read. Every stand-in takes what `store.toml` says of its partner in the same words: its secrets by their
//! names (`token`, `webhook_secret`, `path_secret`), `variants` as the catalog writes them, and the options that name an
//! account there. `make up` knows no stand-in by name.

use serde::{Deserialize, Deserializer, de::Error as _};

/// A number, or its digits.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

impl Number {
    fn read<E: serde::de::Error>(self) -> Result<u64, E> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Text(text) => text.parse().map_err(|_| E::custom(format!("{text:?} is no number"))),
        }
    }
}

/// Reads a number that may be written as text.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Number::deserialize(deserializer)?.read()
}

/// The same; null or absent is none.
pub(crate) fn perhaps_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::<Number>::deserialize(deserializer)?.map(Number::read).transpose()
}

/// Several of them.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    Vec::<Number>::deserialize(deserializer)?.into_iter().map(Number::read).collect()
}

/// A list of texts; one text stands for a list of one.
pub(crate) fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Several(Vec<String>),
    }
    match Texts::deserialize(deserializer)? {
        Texts::One(text) => Ok(vec![text]),
        Texts::Several(texts) if texts.is_empty() => Err(D::Error::custom("it is empty")),
        Texts::Several(texts) => Ok(texts),
    }
}
