//! Numbers that carriers and standards publish as examples, and numbers made up here with the right check digits.

use super::*;

fn ranked(number: &str, near: &[&str]) -> Vec<&'static str> {
    candidates(number, near).into_iter().map(|candidate| candidate.carrier.key).collect()
}

/// Each is its carrier's and nobody else's before it; and one digit on, where there is a check digit, it is not.
#[rustfmt::skip]
const PUBLISHED: &[(&str, &str, &str)] = &[
    ("1Z999AA10123456784",                 "ups",             "UPS's own example"),
    ("1Z 5R8 939 03 5756 7127",            "ups",             "open data, as it is printed on labels"),
    ("K1506235620",                        "ups",             "open data: a waybill"),
    ("9400111206206406260787",             "usps",            "open data: IMpb"),
    ("420 78745 9400111206206406260787",   "usps",            "the same with a ZIP code before it"),
    ("4201028200009261290113185417468510", "usps",            "with ZIP+4"),
    ("92001903060085300042901077",         "usps",            "26 digits"),
    ("7112 3456 7891 2345 6787",           "usps",            "20 digits"),
    ("7196 9010 7560 0307 7385",           "usps",            "20 digits, counted with 91 before them"),
    ("RB123456785US",                      "usps",            "S10"),
    ("986578788855",                       "fedex",           "open data: Express"),
    ("568283610012734",                    "fedex",           "open data: Ground"),
    ("9611020987654312345672",             "fedex",           "FedEx's example of Ground 96"),
    ("9622001900000000000000776632517510", "fedex",           "open data: 34 digits"),
    ("1001921334250001000300779017972697", "fedex",           "open data: 34 digits, the Express label"),
    ("00340434292135100186",               "dhl-paket",       "DHL's example number of its sandbox"),
    ("JVGL0999999990",                     "dhl-parcel-nl",   "open data"),
    ("GM2951173225174494",                 "dhl-ecommerce",   "open data"),
    ("4002847016405018",                   "canada-post",     "Canada Post's own example"),
    ("D576002440000001718010",             "canpar",          "open data"),
    ("C11031500001879",                    "ontrac",          "open data"),
    ("D10011354453707",                    "ontrac",          "open data"),
    ("1LS717793482164",                    "lasership",       "open data"),
    ("TBA010000000000",                    "amazon",          "open data"),
    ("LTN74207623N1",                      "landmark-global", "open data"),
    ("RB123456785GB",                      "royal-mail",      "S10"),
    ("H01HYA0012345678",                   "evri",            "made up in Evri's form"),
    ("008182709980000020033350276C",       "dpd",             "DPD's label description: 28 signs"),
    ("09980000020033F",                    "dpd",             "the same: 15 signs"),
    ("3SABCD1234567",                      "postnl",          "made up in PostNL's form"),
    ("6A12345678901",                      "la-poste",        "made up in Colissimo's form"),
    ("990012345612345678",                 "swiss-post",      "made up in Swiss Post's form"),
    ("RB123456785BR",                      "correios",        "S10"),
    ("EE123456785JP",                      "japan-post",      "S10"),
    ("RB123456785AU",                      "australia-post",  "S10"),
    ("RB123456785CN",                      "china-post",      "S10"),
    ("YT2229521272164446",                 "yunexpress",      "open data"),
    ("4PX1234567890123CN",                 "4px",             "made up in 4PX's form"),
];

#[test]
fn published_numbers_are_their_carriers() {
    let mut wrong = Vec::new();
    for (number, carrier, source) in PUBLISHED {
        if likely(number, &[]).map(|found| found.key) != Some(carrier) {
            wrong.push(format!("{number} ({source}) is {carrier}'s, but {:?}", candidates(number, &[])));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// In a number that is long enough to be sure of, every single wrong digit is seen.
#[test]
fn a_wrong_digit_is_nobodys_number() {
    for number in
        ["1Z999AA10123456784", "9400111206206406260787", "RB123456785GB", "00340434292135100186", "C11031500001879"]
    {
        let carrier = likely(number, &[]).unwrap().key;
        let last = number.chars().last().unwrap();
        for wrong in ('0'..='9').filter(|digit| *digit != last) {
            let changed = format!("{}{wrong}", &number[..number.len() - 1]);
            assert!(!ranked(&changed, &[]).contains(&carrier), "{changed}");
        }
    }
}

#[test]
fn short_numbers_are_a_list_and_the_country_decides() {
    // Fits FedEx's check, and by chance nobody else's of twelve digits.
    assert_eq!(likely("986578788855", &[]).unwrap().key, "fedex");
    // An air waybill's ten digits are too few to tell a customer about, unless nobody else comes near.
    assert_eq!(ranked("7777777770", &[]), ["dhl-express"]);
    assert_eq!(likely("7777777770", &[]), None);
    // Twelve digits with the check digit of Japan's parcel services: three of them, and nobody can tell which.
    let japan = ranked("100000000004", &["JP"]);
    assert!(japan.starts_with(&["yamato", "sagawa", "japan-post"]), "{japan:?}");
    assert_eq!(likely("100000000004", &["JP"]), None);
    // GLS has the same length; at home it is the likeliest.
    assert_eq!(ranked("404110021006", &["DE"]).first(), Some(&"gls"));
    assert_eq!(likely("404110021006", &["DE"]).map(|carrier| carrier.key), Some("gls"));
    assert_eq!(likely("404110021006", &[]), None);
}

#[test]
fn what_looks_like_nobodys_number_has_no_carrier() {
    for number in ["", "0", "#1001", "12345", "RB123456786GB", "RB123456785XX", "1Z999AA10123456785", "hello world"] {
        assert!(candidates(number, &[]).is_empty(), "{number}: {:?}", candidates(number, &[]));
    }
}

#[test]
fn a_carrier_is_known_by_many_names() {
    #[rustfmt::skip]
    let names = [
        ("USPS", "usps"), ("FEDEX", "fedex"), ("FedEx Ground", "fedex"), ("DHL", "dhl-express"), ("DHL Express", "dhl-express"),
        ("dhl_express", "dhl-express"), ("DHLExpress", "dhl-express"), ("royal-mail", "royal-mail"), ("Royal Mail", "royal-mail"),
        ("DHL Germany", "dhl-paket"), ("dhl-germany", "dhl-paket"), ("Hermes UK", "evri"), ("GLS", "gls"), ("DPD", "dpd"),
        ("DPDUK", "dpd-uk"), ("LaserShipV2", "lasership"), ("brazil-correios", "correios"), ("DhlEcs", "dhl-ecommerce"),
    ];
    for (word, key) in names {
        assert_eq!(named(word).map(|carrier| carrier.key), Some(key), "{word}");
    }
    assert_eq!(named("Uncle Bob's Van"), None);
    assert_eq!(named(""), None);
    assert_eq!(known("1Z999AA10123456784", Some("USPS"), &[]).unwrap().key, "usps", "who sends it knows");
    assert_eq!(known("00340434292135100186", Some("DHL"), &[]).unwrap().key, "dhl-paket", "one of the DHLs");
    assert_eq!(known("15501234567890", Some("DPD"), &["GB"]).unwrap().key, "dpd-uk", "one of the DPDs");
    assert_eq!(known("1Z999AA10123456784", Some("our own"), &[]).unwrap().key, "ups");
}

#[test]
fn a_page_takes_nothing_but_a_number() {
    let ups = named("ups").unwrap();
    assert_eq!(ups.page("1z 999").as_deref(), Some("https://www.ups.com/track?tracknum=1Z999"));
    assert_eq!(ups.page("1Z&x=<script>").as_deref(), Some("https://www.ups.com/track?tracknum=1ZXSCRIPT"));
    assert_eq!(ups.page(" -"), None);
}

/// The table itself: what a typo in it would break without a word.
#[test]
fn the_table_is_sound() {
    assert_eq!(compiled().len(), RULES.len(), "a pattern is none");
    let keys: std::collections::BTreeSet<_> = CARRIERS.iter().map(|carrier| carrier.key).collect();
    assert_eq!(keys.len(), CARRIERS.len(), "a key stands twice");
    let posts: Vec<_> = CARRIERS.iter().map(|carrier| carrier.post_of).filter(|country| !country.is_empty()).collect();
    let distinct: std::collections::BTreeSet<_> = posts.iter().collect();
    assert_eq!(distinct.len(), posts.len(), "two posts of one country");
    for rule in RULES {
        if let Whose::Of(key) = rule.carrier {
            assert!(keys.contains(key), "{key} is no carrier");
        }
        assert!((1..=99).contains(&rule.weight), "{rule:?}");
    }
    for carrier in CARRIERS {
        assert!(carrier.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{carrier:?}");
        assert!(carrier.also.iter().all(|name| plain(name) == **name), "{carrier:?}");
        assert!(
            carrier.page.is_none_or(|page| page.starts_with("https://") && page.matches("{}").count() == 1),
            "{carrier:?}"
        );
        assert!(carrier.post_of.is_empty() || carrier.home.contains(&carrier.post_of), "{carrier:?}");
    }
}
