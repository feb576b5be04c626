use words::faults;

use super::*;

#[test]
fn every_language_has_every_word_with_the_same_gaps() {
    let english = faults::flat(Language::English, Words::file(Language::English)).unwrap();
    assert!(english.len() > 100, "{}", english.len());
    assert_eq!(faults::of::<Words>().unwrap(), Vec::<String>::new());
}
