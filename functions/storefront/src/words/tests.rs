use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn dictionary() -> Dictionary {
    Dictionary::new("en").unwrap()
}

/// Every word of a file by its dotted name.
fn flat(language: Language) -> BTreeMap<String, String> {
    let sections: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        basic_toml::from_str(language.file()).unwrap();
    let words = sections
        .into_iter()
        .flat_map(|(section, words)| words.into_iter().map(move |(name, value)| (format!("{section}.{name}"), value)));
    words.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
}

fn gaps(words: &str) -> BTreeSet<&str> {
    words.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
}

#[test]
fn every_language_has_every_word_with_the_same_gaps() {
    // Reading them refuses a word that is missing or unknown.
    let dictionary = dictionary();
    let english = flat(Language::English);
    assert!(english.len() > 100, "{}", english.len());
    for language in Language::ALL {
        assert!(dictionary.words(language).is_some());
        for (name, words) in flat(language) {
            assert!(!words.trim().is_empty(), "{}: {name}", language.tag());
            assert_eq!(gaps(&words), gaps(&english[&name]), "{}: {name}", language.tag());
            assert!(!words.contains(['<', '>', '&']), "{}: {name} holds markup", language.tag());
        }
    }
}

#[test]
fn no_language_is_a_copy_of_another() {
    let (english, german) = (flat(Language::English), flat(Language::German));
    let same: Vec<_> = english.iter().filter(|(name, words)| german[*name] == **words).map(|(name, _)| name).collect();
    assert!(same.is_empty(), "{same:?}");
}

#[test]
fn an_order_speaks_before_the_browser_and_the_browser_before_the_shop() {
    let german = Dictionary::new("de").unwrap();
    assert_eq!(german.language(Some("en-GB"), Some("de")), Language::English);
    assert_eq!(german.language(Some("pt-BR"), Some("fr, en;q=0.5")), Language::English);
    assert_eq!(german.language(None, Some("fr")), Language::German);
    assert_eq!(german.language(None, None), Language::German);
    assert!(matches!(Dictionary::new("fr"), Err(WordsError::Language(_))));
}

#[test]
fn what_is_filled_in_is_not_filled_again() {
    assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
    assert_eq!(fill("{unknown} {", &[]), "{unknown} {");
}

#[test]
fn a_day_is_the_shops_day() {
    let at = "2026-11-22T23:30:00Z".parse().unwrap();
    let dictionary = dictionary();
    let words = |language| dictionary.words(language).unwrap();
    let berlin = Dates::new("Europe/Berlin").unwrap();
    assert_eq!(berlin.day(words(Language::German), at).words, "23. November 2026");
    assert_eq!(berlin.day(words(Language::English), at).date, "2026-11-23");
    assert_eq!(berlin.moment(words(Language::German), at), "23. November 2026, 00:30 Uhr (CET)");
    let utc = Dates::new("UTC").unwrap();
    assert_eq!(utc.moment(words(Language::English), at), "November 22, 2026, 23:30 (UTC)");
    assert!(matches!(Dates::new("Europe/Nowhere"), Err(WordsError::Zone(_))));
}
