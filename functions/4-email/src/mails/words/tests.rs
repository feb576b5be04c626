use words::faults;

use super::*;

fn wording(tone: Tone) -> Wording {
    Wording::new("en", "UTC", tone).unwrap()
}

#[test]
fn every_language_has_every_word_with_the_same_gaps() {
    let english = faults::flat(Language::English, Words::file(Language::English)).unwrap();
    assert!(english.len() > 150, "{}", english.len());
    assert_eq!(faults::of::<Words>().unwrap(), Vec::<String>::new());
}

/// Another tone says some words differently, with the same gaps, and as many paragraphs of a body.
#[test]
fn another_tone_says_the_same() {
    wording(Tone::Casual);
    for language in Language::ALL {
        let formal = faults::flat(language, Words::file(language)).unwrap();
        let other = faults::flat(language, casual(language)).unwrap();
        assert!(!other.is_empty());
        for (name, words) in other {
            assert_ne!(words, "", "{name}");
            let same = formal.get(&name).unwrap_or_else(|| panic!("{name} is no word of the formal tone"));
            assert_eq!(faults::gaps(same), faults::gaps(&words), "{name}");
        }
    }
}

/// Nobody is called Sie by a shop that says du, and the other way round.
#[test]
fn nobody_is_called_both_du_and_sie() {
    let formal = faults::flat(Language::German, Words::file(Language::German)).unwrap();
    let casual = faults::flat(Language::German, casual(Language::German)).unwrap();
    let has = |text: &str, words: &[&str]| text.split(|c: char| !c.is_alphabetic()).any(|word| words.contains(&word));
    for (name, words) in &formal {
        assert!(
            !has(words, &["du", "Du", "dich", "dir", "dein", "deine", "deiner", "deinem", "Dein", "Deine"]),
            "{name}: {words}"
        );
        let words = casual.get(name).unwrap_or(words);
        // `Sie` at the beginning of a sentence may be the order; with a verb of its own it is somebody.
        assert!(!has(words, &["Ihnen", "Ihr", "Ihre", "Ihrer", "Ihrem", "Ihren"]), "{name}: {words}");
        let polite = words.match_indices("Sie").filter(|(at, _)| {
            let before = words[..*at].trim_end();
            !before.is_empty() && !before.ends_with(['.', '?', '!', ':'])
        });
        assert_eq!(polite.count(), 0, "{name}: {words}");
    }
}

#[test]
fn money_and_days_are_written_as_the_language_does() {
    let wording = wording(Tone::Formal);
    let money = |amount: &str, currency: &str| Money::parse(amount, currency).unwrap();
    let at = "2026-11-22T02:13:00Z".parse().unwrap();
    let (english, german) = (wording.speech(None).unwrap(), wording.speech(Some("de-AT")).unwrap());
    assert_eq!(
        (english.money(money("1598.94", "USD")), english.day(at)),
        ("1598.94 USD".into(), "November 22, 2026".into())
    );
    assert_eq!((german.money(money("25.00", "EUR")), german.day(at)), ("25,00 EUR".into(), "22. November 2026".into()));
    assert_eq!(german.money(money("8400", "JPY")), "8400 JPY");
    assert_eq!(german.money(money("7.125", "KWD")), "7,125 KWD");
}

#[test]
fn a_shop_in_a_language_that_we_do_not_speak_is_told() {
    assert!(matches!(Wording::new("fr", "UTC", Tone::Formal), Err(WordsError::Language(_))));
    assert!(matches!(Wording::new("de", "Berlin", Tone::Formal), Err(WordsError::Zone(_))));
}
