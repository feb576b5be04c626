//! An address as Gelato prints it: every field has a length. What can be laid out differently without losing a letter is; what
//! would have to be cut is refused before anything is sent, and the owner reads which field.

use domain::order::Address;
use domain::provider::Trouble;
use serde_json::{Value, json};

use crate::text::split_name;

const NAME: usize = 25;
const LINE: usize = 35;
const CITY: usize = 30;
const POSTAL_CODE: usize = 15;
const PHONE: usize = 25;

/// The address in Gelato's fields.
pub(super) fn address(to: &Address, email: Option<&str>) -> Result<Value, Trouble> {
    let Some((first, last)) = split_name(&to.name, NAME) else {
        return Err(too_long("name", 2 * NAME, "shorten it in the store, or leave the first names as initials"));
    };
    let Some(email) = email.filter(|email| !email.trim().is_empty()) else {
        let why = "it needs a mail address to send to, and the order has none; add one to the order in the store";
        return Err(Trouble::Refused { why: why.to_owned() });
    };
    let (line1, line2) = lines(&to.address1, to.address2.as_deref().unwrap_or_default())?;
    let mut address = json!({
        "firstName": first,
        "lastName": last,
        "addressLine1": line1,
        "city": limited("city", &to.city, CITY)?,
        "postCode": limited("postal code", to.zip.as_deref().unwrap_or_default(), POSTAL_CODE)?,
        "country": to.country_code,
        "email": email,
    });
    if !line2.is_empty() {
        address["addressLine2"] = json!(line2);
    }
    if let Some(company) = &to.company {
        address["companyName"] = json!(company);
    }
    // The only countries for which it takes one.
    if let Some(state) = to.province_code.as_ref().filter(|_| ["US", "CA", "AU"].contains(&to.country_code.as_str())) {
        address["state"] = json!(state);
    }
    // The carrier's convenience: what does not fit is left out rather than stopping the order.
    if let Some(phone) = to.phone.as_ref().filter(|phone| phone.chars().count() <= PHONE) {
        address["phone"] = json!(phone);
    }
    Ok(address)
}

fn fits(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest
}

fn limited<'t>(field: &str, text: &'t str, longest: usize) -> Result<&'t str, Trouble> {
    if fits(text, longest) { Ok(text) } else { Err(too_long(field, longest, "shorten it in the store")) }
}

fn too_long(field: &str, longest: usize, what: &str) -> Trouble {
    let why =
        format!("the {field} of the address is missing or longer than the {longest} characters it prints; {what}");
    Trouble::Refused { why }
}

/// Two lines that fit: as they are, or a long first line with an empty second one broken between two words.
fn lines(first: &str, second: &str) -> Result<(String, String), Trouble> {
    if fits(first, LINE) && fits(second, LINE) {
        return Ok((first.to_owned(), second.to_owned()));
    }
    if !second.trim().is_empty() {
        let field = if fits(first, LINE) { "second line" } else { "first line" };
        return Err(too_long(field, LINE, "shorten it in the store"));
    }
    let words: Vec<&str> = first.split_whitespace().collect();
    let broken = (1..words.len())
        .rev()
        .map(|at| (words[..at].join(" "), words[at..].join(" ")))
        .find(|(one, other)| fits(one, LINE) && fits(other, LINE));
    broken.ok_or_else(|| too_long("first line", LINE, "shorten it in the store, or use both lines"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to() -> Address {
        Address {
            name: "Ada Example".into(),
            address1: "1 Harbour Street".into(),
            city: "Exampletown".into(),
            zip: Some("12345".into()),
            country_code: "DE".into(),
            province_code: Some("BY".into()),
            phone: Some("0".repeat(26)),
            ..Address::default()
        }
    }

    fn why(to: &Address) -> String {
        address(to, Some("ada@example.com")).unwrap_err().to_string()
    }

    #[test]
    fn what_fits_is_sent_as_it_is() {
        let address = address(&to(), Some("ada@example.com")).unwrap();
        assert_eq!(
            address,
            json!({
                "firstName": "Ada", "lastName": "Example", "addressLine1": "1 Harbour Street", "city": "Exampletown",
                "postCode": "12345", "country": "DE", "email": "ada@example.com",
            })
        );
        let canada = Address { country_code: "CA".into(), province_code: Some("QC".into()), ..to() };
        assert_eq!(super::address(&canada, Some("ada@example.com")).unwrap()["state"], "QC");
    }

    #[test]
    fn a_long_line_is_broken_between_words_and_never_cut() {
        let long = Address { address1: "Building Number Seventeen, The Old Harbour Street".into(), ..to() };
        let broken = address(&long, Some("ada@example.com")).unwrap();
        assert_eq!(broken["addressLine1"], "Building Number Seventeen, The Old");
        assert_eq!(broken["addressLine2"], "Harbour Street");
        let both = Address { address2: Some("Flat 2".into()), ..long };
        assert!(why(&both).contains("first line"), "{}", why(&both));
        assert!(why(&Address { address1: "x".repeat(36), ..to() }).contains("first line"));
        assert!(why(&Address { address2: Some("x".repeat(36)), ..to() }).contains("second line"));
    }

    #[test]
    fn each_field_that_does_not_fit_is_named() {
        assert!(why(&Address { name: "x".repeat(26), ..to() }).contains("the name"));
        assert!(why(&Address { name: String::new(), ..to() }).contains("the name"));
        assert!(why(&Address { city: "x".repeat(31), ..to() }).contains("the city"));
        assert!(why(&Address { zip: Some("1".repeat(16)), ..to() }).contains("the postal code"));
        assert!(address(&to(), None).unwrap_err().to_string().contains("mail address"));
        // Characters, not bytes.
        assert!(address(&Address { city: "ü".repeat(30), ..to() }, Some("ada@example.com")).is_ok());
    }
}
