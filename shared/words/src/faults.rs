//! What is wrong with a book's files: for the tests of whoever has one.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Book, Dictionary, Language, WordsError, sections};

/// Every fault, as a sentence each: a language that cannot be read, a word that is empty, holds markup, has other gaps than the same
/// word in English, or reads as in English.
pub fn of<B: Book>() -> Result<Vec<String>, WordsError> {
    // Reading them refuses a word that is missing or unknown.
    Dictionary::<B>::new(Language::English.tag())?;
    let english = flat(Language::English, B::file(Language::English))?;
    let mut faults = Vec::new();
    for language in Language::ALL {
        for (name, words) in flat(language, B::file(language))? {
            let mut fault = |what: &str| faults.push(format!("{}: {name} {what}", language.tag()));
            if words.trim().is_empty() {
                fault("is empty");
            }
            if words.contains(['<', '>', '&']) {
                fault("holds markup");
            }
            let same = english.get(&name);
            if same.is_none_or(|same| gaps(same) != gaps(&words)) {
                fault("has other gaps than in English");
            }
            if language != Language::English && same == Some(&words) {
                fault("reads as in English");
            }
        }
    }
    Ok(faults)
}

/// Every word of a file by its dotted name; of a list of sentences each has its place as its name.
pub fn flat(language: Language, file: &str) -> Result<BTreeMap<String, String>, WordsError> {
    let mut words = BTreeMap::new();
    for (section, named) in sections(language, &[file])? {
        for (name, value) in named {
            let name = format!("{section}.{name}");
            let listed = value.as_array().into_iter().flatten().enumerate();
            words.extend(listed.filter_map(|(at, value)| Some((format!("{name}.{at}"), value.as_str()?.to_owned()))));
            words.extend(value.as_str().map(|text| (name, text.to_owned())));
        }
    }
    Ok(words)
}

/// The names of the gaps in some words.
#[must_use]
pub fn gaps(words: &str) -> BTreeSet<&str> {
    words.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
}
