//! What customers read, by language, on pages and in mails: files of words, compiled in and read once at start-up.
//!
//! | module | job |
//! |---|---|
//! | [`choice`] | which of our languages somebody reads |
//! | [`dates`] | days and times of day in words, in the shop's time zone |
//! | [`faults`] | what is wrong with a book's files, for tests |
//!
//! Whoever speaks to customers has a [`Book`]: a struct of its words, and a file of them for each language. A language more is a
//! file in each book, one here, and a line in [`Language::ALL`]. A file that lacks a word, or has one too many, stops the function
//! before it answers anybody, and the tests before that.

pub mod choice;
pub mod dates;
#[cfg(feature = "faults")]
pub mod faults;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use dates::{DateWords, Dates, Day, day_of};

/// A language we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    English,
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// BCP 47, for `lang` in HTML and in `store.toml`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The words that all books share.
    fn shared(self) -> &'static str {
        match self {
            Self::English => include_str!("en.toml"),
            Self::German => include_str!("de.toml"),
        }
    }
}

/// A book of words: one struct, and a TOML file of sections for each language.
pub trait Book: DeserializeOwned {
    fn file(language: Language) -> &'static str;
}

/// A file of words cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    #[error("the words of {language} cannot be read")]
    File {
        language: &'static str,
        #[source]
        source: basic_toml::Error,
    },
    #[error("the words of {language} are not complete")]
    Words {
        language: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("store.toml has store.language = {0:?}: write en or de")]
    Language(String),
    #[error("store.toml has store.time_zone = {0:?}: write an IANA name, as in Europe/Berlin")]
    Zone(String),
}

/// A book in every language.
#[derive(Debug, Clone)]
pub struct Dictionary<B> {
    words: BTreeMap<Language, B>,
    /// For whoever's language is not known.
    shop: Language,
}

impl<B: Book> Dictionary<B> {
    /// Reads every file. `shop` is the tag of the shop's own language.
    pub fn new(shop: &str) -> Result<Self, WordsError> {
        Self::with(shop, |_| "")
    }

    /// The same with some of the words said differently: what stands in the `other` file of a language takes the place of the word of
    /// that name.
    pub fn with(shop: &str, other: impl Fn(Language) -> &'static str) -> Result<Self, WordsError> {
        let shop = choice::of_tag(shop).ok_or_else(|| WordsError::Language(shop.to_owned()))?;
        let words = Language::ALL.into_iter().map(|language| {
            let sections = sections(language, &[language.shared(), B::file(language), other(language)])?;
            let wrong = |source| WordsError::Words { language: language.tag(), source };
            let value = sections.into_iter().map(|(name, words)| (name, Value::Object(words))).collect();
            B::deserialize(Value::Object(value)).map(|words| (language, words)).map_err(wrong)
        });
        Ok(Self { words: words.collect::<Result<_, _>>()?, shop })
    }
}

impl<B> Dictionary<B> {
    /// The language of a reader: the order's own where it has one that we speak, else the first of the browser's that we speak, else
    /// the shop's.
    pub fn language(&self, order: Option<&str>, accept_language: Option<&str>) -> Language {
        let order = order.and_then(choice::of_tag);
        order.or_else(|| choice::of_header(accept_language.unwrap_or_default())).unwrap_or(self.shop)
    }

    /// Its words.
    pub fn words(&self, language: Language) -> Option<&B> {
        self.words.get(&language)
    }
}

/// A section's words by name.
type Section = serde_json::Map<String, Value>;

/// The sections of several files as one; of two words of one name the later counts.
fn sections(language: Language, files: &[&str]) -> Result<BTreeMap<String, Section>, WordsError> {
    let mut all: BTreeMap<String, Section> = BTreeMap::new();
    for file in files {
        let source = |source| WordsError::File { language: language.tag(), source };
        let sections: BTreeMap<String, Section> = basic_toml::from_str(file).map_err(source)?;
        for (name, words) in sections {
            all.entry(name).or_default().extend(words);
        }
    }
    Ok(all)
}

/// A section of a book: every field is a word that must be there.
#[macro_export]
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, ::serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(pub $word: String,)+
        }
    };
}

/// The words with `{name}` filled in. What is filled in is not looked at again.
#[must_use]
pub fn fill(words: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => text.push_str(value),
            None => text.extend(["{", name, "}"]),
        }
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Small {
        date: DateWords,
        greeting: Greeting,
    }

    section! { Greeting { hello, bye } }

    impl AsRef<DateWords> for Small {
        fn as_ref(&self) -> &DateWords {
            &self.date
        }
    }

    impl Book for Small {
        fn file(language: Language) -> &'static str {
            match language {
                Language::English => "[greeting]\nhello = 'Hello {name}'\nbye = 'Goodbye'",
                Language::German => "[greeting]\nhello = 'Guten Tag {name}'\nbye = 'Auf Wiedersehen'",
            }
        }
    }

    #[test]
    fn an_order_speaks_before_the_browser_and_the_browser_before_the_shop() {
        let german = Dictionary::<Small>::new("de").unwrap();
        assert_eq!(german.language(Some("en-GB"), Some("de")), Language::English);
        assert_eq!(german.language(Some("pt-BR"), Some("fr, en;q=0.5")), Language::English);
        assert_eq!(german.language(None, Some("fr")), Language::German);
        assert_eq!(german.language(None, None), Language::German);
        assert!(matches!(Dictionary::<Small>::new("fr"), Err(WordsError::Language(_))));
    }

    #[test]
    fn another_file_says_some_words_differently_and_adds_none() {
        let casual = |words: &'static str| Dictionary::<Small>::with("en", move |_| words);
        let other = casual("[greeting]\nbye = 'Bye'").unwrap();
        let words = &other.words(Language::English).unwrap().greeting;
        assert_eq!((words.hello.as_str(), words.bye.as_str()), ("Hello {name}", "Bye"));
        assert!(matches!(casual("[greeting]\nagain = 'Bye'"), Err(WordsError::Words { .. })));
        assert!(matches!(casual("[farewell]\nbye = 'Bye'"), Err(WordsError::Words { .. })));
        assert!(matches!(casual("[greeting]\nbye = Bye"), Err(WordsError::File { .. })));
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
        assert_eq!(fill("{unknown} {", &[]), "{unknown} {");
    }

    #[test]
    fn a_day_is_the_shops_day() {
        let at = "2026-11-22T23:30:00Z".parse().unwrap();
        let dictionary = Dictionary::<Small>::new("en").unwrap();
        let words = |language| dictionary.words(language).unwrap();
        let berlin = Dates::new("Europe/Berlin").unwrap();
        assert_eq!(berlin.day(words(Language::German), at).words, "23. November 2026");
        assert_eq!(berlin.day(words(Language::English), at).date, "2026-11-23");
        assert_eq!(berlin.moment(words(Language::German), at), "23. November 2026, 00:30 Uhr (CET)");
        let utc = Dates::new("UTC").unwrap();
        assert_eq!(utc.moment(words(Language::English), at), "November 22, 2026, 23:30 (UTC)");
        assert!(matches!(Dates::new("Europe/Nowhere"), Err(WordsError::Zone(_))));
    }
}
