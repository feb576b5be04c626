//! Where the bill goes, where the parcel goes, and where the card comes from.
//!
//! Freight forwarders: a suite number as long as a customer number, or a customer's code in an address line, are the signs that
//! fraud services name in public. Most such orders are honest, so that the signs weigh little; the owner's own list weighs more.

use super::{Forwarder, Reason, Sign};
use crate::order::{Address, AttemptOutcome, Order};

/// Words before the number of a suite or an apartment.
const SUITES: [&str; 9] = ["suite", "ste", "apt", "apartment", "unit", "room", "rm", "pmb", "#"];
/// A suite number of so many digits is no suite.
const LONG_SUITE: usize = 5;

pub(crate) fn countries_differ(order: &Order) -> Option<Reason> {
    let (billing, shipping) = (country(order.bill_to.as_ref()?)?, country(order.ship_to.as_ref()?)?);
    (billing != shipping).then_some(Reason::CountriesDiffer { billing, shipping })
}

pub(crate) fn card_country_differs(order: &Order) -> Option<Reason> {
    let paid =
        order.attempts.iter().rev().find(|one| one.outcome == AttemptOutcome::Succeeded && one.card.is_some())?;
    let card = paid.card.as_ref()?.country.as_deref().filter(|code| !code.trim().is_empty())?.trim().to_uppercase();
    let billing = country(order.bill_to.as_ref()?)?;
    (card != billing).then_some(Reason::CardCountryDiffers { card, billing })
}

/// The address is one of the owner's list: its code and one of its lines begin so, white space and letter case aside.
pub(crate) fn listed_forwarder(order: &Order, forwarders: &[Forwarder]) -> Option<Reason> {
    let address = order.ship_to.as_ref()?;
    let zip = plain(address.zip.as_deref().unwrap_or_default());
    let listed = forwarders.iter().any(|one| {
        let street = plain(&one.street);
        !street.is_empty()
            && zip.starts_with(&plain(&one.zip))
            && lines(address).any(|line| plain(line).starts_with(&street))
    });
    listed.then_some(Reason::Forwarder(Sign::Listed))
}

/// The address looks like a forwarder's.
pub(crate) fn forwarder(order: &Order) -> Option<Reason> {
    let address = order.ship_to.as_ref()?;
    let words: Vec<Vec<String>> = lines(address).map(words).collect();
    if words.iter().any(|line| long_suite(line)) {
        return Some(Reason::Forwarder(Sign::LongSuite));
    }
    // A street's own number may have a letter, and whole countries have codes of letters and digits: only the second line, and
    // what follows the name of a suite, can be a customer's.
    let second = words.iter().skip(1).flatten().any(|word| customer_code(word));
    let behind_suite = words
        .iter()
        .any(|line| line.windows(2).any(|pair| SUITES.contains(&pair[0].as_str()) && customer_code(&pair[1])));
    (second || behind_suite).then_some(Reason::Forwarder(Sign::CustomerCode))
}

fn lines(address: &Address) -> impl Iterator<Item = &str> {
    [Some(address.address1.as_str()), address.address2.as_deref()].into_iter().flatten()
}

/// In lower case, without points and commas; `#12` is two words.
fn words(line: &str) -> Vec<String> {
    let spaced = line.to_lowercase().replace('#', " # ");
    let words = spaced.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ':' | '(' | ')'));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `suite 104233`, `# 55120`.
fn long_suite(words: &[String]) -> bool {
    let digits = |word: &str| word.len() >= LONG_SUITE && word.bytes().all(|byte| byte.is_ascii_digit());
    let mut behind = words.iter().skip_while(|word| !SUITES.contains(&word.as_str())).skip(1);
    behind.any(|word| digits(word))
}

/// `ab1234`, `kx-20411`: at least two letters, then at least four digits, and nothing else.
fn customer_code(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = word[letters..].trim_start_matches('-');
    (2..=5).contains(&letters) && (4..=8).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit())
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn country(address: &Address) -> Option<String> {
    let code = address.country_code.trim();
    (!code.is_empty()).then(|| code.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::order::{Card, PaymentAttempt};

    fn at(address1: &str, address2: Option<&str>) -> Order {
        let mut order = fixture::order().unwrap();
        let ship_to = order.ship_to.as_mut().unwrap();
        ship_to.address1 = address1.to_owned();
        ship_to.address2 = address2.map(str::to_owned);
        order
    }

    #[test]
    fn another_country_on_the_bill_and_not_another_town() {
        let mut order = fixture::order().unwrap();
        order.bill_to.as_mut().unwrap().city = "Elsewhere".into();
        assert_eq!(countries_differ(&order), None);
        order.bill_to.as_mut().unwrap().country_code = "us".into();
        assert_eq!(countries_differ(&order), None);
        order.bill_to.as_mut().unwrap().country_code = "CA".into();
        insta::assert_snapshot!(countries_differ(&order).unwrap(), @"The bill goes to CA and the parcel to US.");
        order.bill_to = None;
        assert_eq!(countries_differ(&order), None, "nothing is known");
    }

    #[test]
    fn a_card_from_elsewhere_and_not_one_whose_country_is_unknown() {
        let paid_with = |country: Option<&str>| {
            let card = Card { brand: None, fingerprint: None, country: country.map(str::to_owned) };
            let attempt = PaymentAttempt {
                gateway: "stripe".into(),
                outcome: AttemptOutcome::Succeeded,
                manual: false,
                card: Some(card),
                error: None,
                at: fixture::order().unwrap().created,
            };
            card_country_differs(&Order { attempts: vec![attempt], ..fixture::order().unwrap() })
        };
        insta::assert_snapshot!(paid_with(Some("BR")).unwrap(), @"The card comes from BR and the bill goes to US.");
        assert_eq!(paid_with(Some("us")), None);
        assert_eq!(paid_with(None), None);
    }

    #[test]
    fn a_suite_as_long_as_a_customer_number_and_not_a_suite() {
        for address2 in ["Suite 10423", "ste. 104233", "#55120", "Apt # 77120"] {
            let reason = forwarder(&at("8 Example Street", Some(address2)));
            assert_eq!(reason, Some(Reason::Forwarder(Sign::LongSuite)), "{address2}");
        }
        insta::assert_snapshot!(Reason::Forwarder(Sign::LongSuite), @"The address looks like a freight forwarder's: its suite number is as long as a customer number.");
        for (address1, address2) in [
            ("8 Example Street", Some("Suite 1042")),
            ("10423 Example Street", None),
            ("10423 Example Street", Some("Apt 4")),
            ("Example Suites 8", None),
        ] {
            assert_eq!(forwarder(&at(address1, address2)), None, "{address1} {address2:?}");
        }
    }

    #[test]
    fn a_customer_code_and_not_a_house_number() {
        for (address1, address2) in [
            ("8 Example Street", Some("AB1234")),
            ("8 Example Street", Some("Attn KX-20411")),
            ("8 Example Street Ste BX10420", None),
        ] {
            let reason = forwarder(&at(address1, address2));
            assert_eq!(reason, Some(Reason::Forwarder(Sign::CustomerCode)), "{address1} {address2:?}");
        }
        insta::assert_snapshot!(Reason::Forwarder(Sign::CustomerCode), @"The address looks like a freight forwarder's: it contains a customer code.");
        for (address1, address2) in [
            ("8b Example Street", Some("Flat 12b")),
            ("B1234 County Road", None),
            ("8 Example Street", Some("Block A12")),
            ("8 Example Street", Some("c/o Example 1234")),
        ] {
            assert_eq!(forwarder(&at(address1, address2)), None, "{address1} {address2:?}");
        }
    }

    #[test]
    fn the_owners_list_by_code_and_street() {
        let listed = [Forwarder { zip: "40202".into(), street: "8 Example".into() }];
        let found = listed_forwarder(&at("8, EXAMPLE street", Some("whatever")), &listed).unwrap();
        insta::assert_snapshot!(found, @"The address is a freight forwarder's on your list.");
        assert_eq!(listed_forwarder(&at("18 Example Street", None), &listed), None);
        let elsewhere = [Forwarder { zip: "40203".into(), street: "8 Example".into() }];
        assert_eq!(listed_forwarder(&at("8 Example Street", None), &elsewhere), None);
        let empty = [Forwarder { zip: String::new(), street: String::new() }];
        assert_eq!(listed_forwarder(&at("8 Example Street", None), &empty), None, "an empty row is nobody");
    }
}
