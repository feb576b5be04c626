//! Whether an address is complete for its country: which fields it must have, and what its postal code looks like.
//!
//! The table is open data ([`table`]; NOTICE.md beside it names source and licence). It is lenient where people are: spaces,
//! dashes and letter case of a postal code do not count, nor does a country's own prefix (`LV-1073`, `1073`).

mod table;

use regex_lite::Regex;

use crate::order::Address;

/// What a country's addresses need.
#[derive(Debug)]
struct Country {
    /// ISO 3166-1 alpha-2.
    code: &'static str,
    /// The fields that must be there: `A` street, `C` city, `S` state, `Z` postal code.
    needs: &'static str,
    /// A postal code without spaces and dashes, in capitals; empty: no pattern is known.
    postal: &'static str,
    /// A postal code that exists there.
    example: &'static str,
    code_name: &'static str,
    state_name: &'static str,
    city_name: &'static str,
}

/// What is wrong with an address. Names what, never what was written: addresses are persons' data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// These fields are empty, in the country's words: `street`, `ZIP code`, `prefecture`.
    Missing { country: String, fields: Vec<&'static str> },
    /// The postal code is none of that country.
    PostalCode { country: String, name: &'static str, example: &'static str },
    /// The country's code is not one the table knows.
    Country { country: String },
}

/// What is wrong with this address, at most one thing of each kind.
#[must_use]
pub fn flaws(address: &Address) -> Vec<Flaw> {
    let code = address.country_code.trim().to_ascii_uppercase();
    let Some(country) = table::COUNTRIES.iter().find(|country| country.code == code) else {
        return vec![Flaw::Country { country: code }];
    };
    let filled = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
    let fields = [
        ('A', "street", Some(address.address1.as_str()).or(address.address2.as_deref())),
        ('C', country.city_name, Some(address.city.as_str())),
        ('S', country.state_name, address.province_code.as_deref()),
        ('Z', country.code_name, address.zip.as_deref()),
    ];
    let needed = fields.into_iter().filter(|(letter, _, _)| country.needs.contains(*letter));
    let mut missing: Vec<&str> = needed.filter(|(_, _, text)| !filled(*text)).map(|(_, name, _)| name).collect();
    if !filled(Some(&address.name)) && !filled(address.company.as_deref()) {
        missing.insert(0, "recipient's name");
    }
    let mut flaws = Vec::new();
    if !missing.is_empty() {
        flaws.push(Flaw::Missing { country: code.clone(), fields: missing });
    }
    let given = address.zip.as_deref().filter(|zip| !zip.trim().is_empty());
    if given.is_some_and(|zip| !fits(country, zip)) {
        flaws.push(Flaw::PostalCode { country: code, name: country.code_name, example: country.example });
    }
    flaws
}

fn fits(country: &Country, zip: &str) -> bool {
    // A pattern that cannot be compiled refuses nobody; a test compiles all of them.
    let Ok(pattern) = Regex::new(&format!("^(?:{})$", country.postal)) else { return true };
    let plain: String = zip.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    let bare = plain.strip_prefix(country.code).unwrap_or(&plain);
    country.postal.is_empty() || [&plain, bare, &format!("{}{bare}", country.code)].iter().any(|z| pattern.is_match(z))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(country: &str, city: &str, state: Option<&str>, zip: Option<&str>) -> Address {
        Address {
            name: "Ada Example".into(),
            address1: "1 Example Street".into(),
            city: city.into(),
            province_code: state.map(str::to_owned),
            zip: zip.map(str::to_owned),
            country_code: country.into(),
            ..Address::default()
        }
    }

    #[test]
    fn the_whole_table_compiles_and_every_example_fits() {
        assert!(table::COUNTRIES.len() > 240, "{}", table::COUNTRIES.len());
        let mut with_pattern = 0;
        for country in table::COUNTRIES {
            assert!(Regex::new(&format!("^(?:{})$", country.postal)).is_ok(), "{}", country.code);
            if !country.postal.is_empty() {
                with_pattern += 1;
                assert!(country.example.is_empty() || fits(country, country.example), "{}", country.code);
                assert!(!fits(country, "no code at all"), "{}", country.code);
            }
        }
        assert!(with_pattern > 170, "{with_pattern}");
    }

    #[test]
    fn what_is_complete_where() {
        for complete in [
            address("US", "Exampletown", Some("KY"), Some("40202-1234")),
            address("us", "Exampletown", Some("KY"), Some(" 40202 ")),
            address("GB", "Exampleton", None, Some("ec1a1hq")),
            address("IE", "Exampletown", None, None),
            address("AE", "", Some("DU"), None),
            address("HK", "", Some("KL"), None),
            address("LV", "Exampletown", None, Some("1073")),
            address("PL", "Exampletown", None, Some("00950")),
            address("SE", "Exampletown", None, Some("SE-114 55")),
        ] {
            assert_eq!(flaws(&complete), [], "{complete:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named_in_the_countrys_words() {
        let missing = |address: &Address| match flaws(address).remove(0) {
            Flaw::Missing { fields, .. } => fields,
            other => panic!("{other:?}"),
        };
        assert_eq!(missing(&address("US", "", None, None)), ["city", "state", "ZIP code"]);
        assert_eq!(missing(&address("JP", "", None, Some("154-0023"))), ["prefecture"]);
        assert_eq!(missing(&address("GB", " ", None, Some("EC1A 1HQ"))), ["post town"]);
        assert_eq!(missing(&address("AE", "", None, None)), ["emirate"]);
        let nobody = Address { name: String::new(), ..address("DE", "Exampletown", None, Some("26133")) };
        assert_eq!(missing(&nobody), ["recipient's name"]);
        assert_eq!(flaws(&Address { company: Some("Example Ltd".into()), ..nobody }), []);
    }

    #[test]
    fn a_code_of_another_country_and_a_country_that_is_none() {
        let german = address("DE", "Exampletown", None, Some("EC1A 1HQ"));
        assert_eq!(flaws(&german), [Flaw::PostalCode { country: "DE".into(), name: "postal code", example: "26133" }]);
        assert_eq!(flaws(&address("XX", "Exampletown", None, None)), [Flaw::Country { country: "XX".into() }]);
    }
}
