//! The carrier behind a tracking number, where nobody says: a ranked list, from what numbers look like ([`numbers`]) and their
//! check digits ([`check`]). And the carriers themselves ([`table`]): their pages, and what the feeds call them.
//!
//! A number alone is a guess, and says how good a one. Whoever writes to a customer uses [`likely`], which is silent in doubt.

mod check;
mod numbers;
mod table;

use std::sync::OnceLock;

use domain::parcel::normalised;
use regex_lite::Regex;

use numbers::{RULES, Rule, Whose};
use table::CARRIERS;
pub use table::Carrier;

/// A carrier that the number may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub carrier: &'static Carrier,
    /// How sure that is, of a hundred. A measure for ranking, no probability.
    pub weight: u8,
}

/// What a carrier gains that is at home where the parcel begins or ends.
const AT_HOME: u8 = 20;
/// A guess that may be told has at least this weight,
const SURE: u8 = 60;
/// and is ahead of every other by this much.
const AHEAD: u8 = 15;

/// Who may carry the number, likeliest first; empty where it looks like nobody's. `near`: the countries the parcel goes from and to
/// (ISO 3166-1 alpha-2), as far as they are known.
#[must_use]
pub fn candidates(number: &str, near: &[&str]) -> Vec<Candidate> {
    let Some(number) = normalised(number) else { return Vec::new() };
    let mut found: Vec<Candidate> = Vec::new();
    for (rule, pattern) in compiled() {
        let Some(carrier) = whose(rule, pattern, &number) else { continue };
        let at_home = carrier.home.iter().any(|country| near.contains(country));
        let weight = if at_home { (rule.weight + AT_HOME).min(99) } else { rule.weight };
        match found.iter_mut().find(|known| known.carrier == carrier) {
            Some(known) => known.weight = known.weight.max(weight),
            None => found.push(Candidate { carrier, weight }),
        }
    }
    // Of two alike the one that stands first in the table, every time.
    found.sort_by_key(|candidate| std::cmp::Reverse(candidate.weight));
    found
}

/// The carrier of the number, if it is hardly anybody else's.
#[must_use]
pub fn likely(number: &str, near: &[&str]) -> Option<&'static Carrier> {
    let found = candidates(number, near);
    let first = found.first().filter(|first| first.weight >= SURE)?;
    let second = found.get(1).map_or(0, |second| second.weight);
    (first.weight >= second.saturating_add(AHEAD)).then_some(first.carrier)
}

/// The carrier that a partner, a store or a feed calls by this name: `DHL Express`, `USPS`, `royal_mail`, `DHLExpress`. Of a name
/// that several companies share (DHL, DPD) the one best known by it.
#[must_use]
pub fn named(word: &str) -> Option<&'static Carrier> {
    all_named(word).into_iter().next()
}

/// The carrier by whatever is known: what the sender calls it, else what the number says. Where several share the name, the number
/// decides, and after it the countries.
#[must_use]
pub fn known(number: &str, word: Option<&str>, near: &[&str]) -> Option<&'static Carrier> {
    let called = word.map(all_named).unwrap_or_default();
    if called.is_empty() {
        return likely(number, near);
    }
    let by_number = || candidates(number, near).into_iter().map(|candidate| candidate.carrier);
    let at_home = || called.iter().copied().filter(|carrier| carrier.home.iter().any(|home| near.contains(home)));
    by_number().find(|carrier| called.contains(carrier)).or_else(|| at_home().next()).or(called.first().copied())
}

/// Every carrier of that name, the best known first.
fn all_named(word: &str) -> Vec<&'static Carrier> {
    let word = plain(word);
    let same = |name: &str| plain(name) == word;
    let tests: [&dyn Fn(&Carrier) -> bool; 4] = [
        &|carrier| same(carrier.key),
        &|carrier| same(carrier.name),
        &|carrier| carrier.also.contains(&word.as_str()),
        &|carrier| carrier.easypost.is_some_and(same) || carrier.aftership.is_some_and(same),
    ];
    let mut found: Vec<&'static Carrier> = Vec::new();
    for test in tests {
        for carrier in CARRIERS.iter().filter(|carrier| test(carrier)) {
            if !found.contains(&carrier) {
                found.push(carrier);
            }
        }
    }
    found
}

impl Carrier {
    /// The carrier's own page about this parcel, where it has one that takes the number alone.
    #[must_use]
    pub fn page(&self, number: &str) -> Option<String> {
        // Capitals and digits only: nothing of it can leave its place in the address.
        let number = normalised(number)?;
        self.page.map(|page| page.replace("{}", &number))
    }
}

/// The carrier, if the number has this look and its check digit fits.
fn whose(rule: &Rule, pattern: &Regex, number: &str) -> Option<&'static Carrier> {
    let parts = pattern.captures(number)?;
    let part = |index: usize| parts.get(index).map_or("", |part| part.as_str());
    if !rule.check.fits(part(1), part(2)) {
        return None;
    }
    match rule.carrier {
        Whose::Of(key) => CARRIERS.iter().find(|carrier| carrier.key == key),
        Whose::PostOf => CARRIERS.iter().find(|carrier| carrier.post_of == part(3)),
    }
}

/// The rules, their patterns made once. One that is no pattern is left out; a test sees it.
fn compiled() -> &'static [(&'static Rule, Regex)] {
    static COMPILED: OnceLock<Vec<(&'static Rule, Regex)>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let compile = |rule: &'static Rule| Some((rule, Regex::new(&format!("^(?:{})$", rule.pattern)).ok()?));
        RULES.iter().filter_map(compile).collect()
    })
}

/// Small letters and digits.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
