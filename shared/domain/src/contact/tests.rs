use super::*;
use crate::event::{OptIn, OptOut};
use crate::subject::Subject;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn event(fact: Fact, second: i64) -> Event {
    let subject = Subject::Contact("00ff".into());
    Event { subject, fact, source: "storefront".into(), time: at(second), order_name: None }
}

fn yes(second: i64) -> Event {
    let at = at(second).to_string();
    event(Fact::ContactSubscribed { how: OptIn::Form, customer: "7".into(), at }, second)
}

fn no(second: i64) -> Event {
    let at = at(second).to_string();
    event(Fact::ContactUnsubscribed { how: OptOut::OneClick, customer: None, mail: None, at }, second)
}

fn told(state: &str, said: i64, arrived: i64) -> Event {
    let at = at(said).to_string();
    event(Fact::ConsentChanged { state: state.into(), at, customer: Some("7".into()) }, arrived)
}

fn contact(consent: Consent, since: Option<i64>) -> Contact {
    Contact {
        id: ContactId("7".into()),
        email: Some("ada@example.com".into()),
        first_name: Some("Ada".into()),
        consent,
        consent_at: since.map(at),
        language: None,
        country: None,
        orders: 0,
    }
}

#[test]
fn a_no_holds_at_once_and_until_the_store_hears_a_later_yes() {
    let subscribed = |since| contact(Consent::Subscribed, since);
    assert_eq!(standing(&subscribed(Some(1)), &[yes(1)]), Consent::Subscribed);
    for events in [[yes(1), no(5)], [no(5), yes(1)]] {
        assert_eq!(standing(&subscribed(Some(1)), &events), Consent::Unsubscribed, "the store does not know it yet");
        assert_eq!(standing(&subscribed(None), &events), Consent::Unsubscribed);
        assert_eq!(standing(&subscribed(Some(9)), &events), Consent::Subscribed, "they came back");
    }
    let late = [no(5), told("subscribed", 1, 8)];
    assert_eq!(standing(&subscribed(Some(1)), &late), Consent::Unsubscribed, "an old yes that arrives late");
    assert_eq!(standing(&contact(Consent::NotSubscribed, None), &[yes(1)]), Consent::NotSubscribed);
    assert_eq!(last_word(&[yes(5), no(5)]), Some((at(5), Consent::Unsubscribed)), "the stricter of two");
}

#[test]
fn the_last_wish_counts_whatever_the_order_of_events() {
    let wished = |news, second| {
        let wishes = Wishes { news, ..Wishes::ALL };
        event(Fact::ContactWished { wishes, customer: None, at: at(second).to_string() }, second)
    };
    assert_eq!(Wishes::of(&[yes(1)]), Wishes::ALL);
    for events in [[wished(true, 1), wished(false, 2)], [wished(false, 2), wished(true, 1)]] {
        assert!(!Wishes::of(&events).news);
    }
}

#[test]
fn a_household_is_one_place_and_another_flat_is_not() {
    let home = Address {
        name: "Ada Example".into(),
        address1: "1 Example Street".into(),
        address2: Some("Apt. 2".into()),
        city: "Example Town".into(),
        zip: Some("12 345".into()),
        country_code: "US".into(),
        ..Address::default()
    };
    let written = Address {
        name: "Bo Example".into(),
        address1: "1 example  street".into(),
        address2: Some("apt 2".into()),
        zip: Some("12345".into()),
        ..home.clone()
    };
    assert!(same_place(&home, &written));
    assert!(!same_place(&home, &Address { address2: Some("Apt. 3".into()), ..home.clone() }));
    assert!(!same_place(&Address::default(), &Address::default()), "nowhere is no place");
}

#[test]
fn a_person_is_not_shown_by_debug() {
    let contact = contact(Consent::Subscribed, None);
    let who = Who::of_contact(&contact);
    for shown in [format!("{contact:?}"), format!("{who:?}")] {
        assert!(shown.contains('7') && !shown.contains("ada") && !shown.contains("Ada"), "{shown}");
    }
}

#[test]
fn an_address_is_plain_or_none() {
    for text in ["ada@example.com", "o'brien+news@mail.example.co.uk"] {
        assert!(is_address(text), "{text}");
    }
    for text in [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a b@example.com",
        "a@b@example.com",
        "a\n@example.com",
        "<ada@example.com>",
        "ada@-example.com",
        "\u{e4}da@example.com",
    ] {
        assert!(!is_address(text), "{text}");
    }
}

#[test]
fn a_word_of_consent_that_nobody_knows_is_no_yes() {
    for consent in [Consent::Subscribed, Consent::Pending, Consent::Unsubscribed, Consent::NotSubscribed] {
        assert_eq!(Consent::of_word(&consent.as_str().to_uppercase()), consent);
    }
    for word in ["redacted", "INVALID", "", "yes"] {
        assert_eq!(Consent::of_word(word), Consent::Unknown, "{word}");
    }
}
