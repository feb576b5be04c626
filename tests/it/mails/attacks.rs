//! Every field that reaches a mail, with everything that somebody might write into it: inert in the HTML part, the text part, the
//! subject and the headers.

use domain::order::{Address, Property};
use domain::parcel::Tracking;
use email::Sender;
use mailer::address::Mailbox;
use mailer::words::encoded;

use super::markup::{addresses, shape, unescaped};
use super::samples::{About, BUTTON, LANGUAGES, Sample, every, shop};

const ATTACKS: [&str; 22] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)' x='",
    "</td></tr></table><a href=\"https://evil.example\">click</a>",
    "<!--[if mso]><v:rect href=\"https://evil.example\"><![endif]-->",
    "--><b>x</b><!--",
    "</style><style>*{display:none}</style>",
    "</title><base href=\"https://evil.example/\">",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "{{ 7*7 }} {% raw %} {# gone #}",
    "{brand} {order} {name} {date} {",
    "${7*7} <%= 7*7 %> [[7*7]]",
    "Ada\r\nBcc: eve@example.com\r\n\r\n<b>second</b>",
    "Ada\nContent-Type: text/html",
    "Ada\u{0}\u{8}\u{1b}[31m\u{7f}\u{85}",
    "a\u{2028}Bcc: eve@example.com\u{2029}b",
    "\u{202e}gpj.exe\u{202c} \u{2066}x\u{2069}\u{200f}\u{feff}\u{200b}\u{ad}",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://evil.example/\" onclick=\"alert(1)",
    "=?UTF-8?B?QmNjOiBldmVAZXhhbXBsZS5jb20=?=",
    "%0d%0aBcc:%20eve@example.com",
];

/// Everything that is somebody else's, written by them.
fn attacked(attack: &'static str, language: &'static str) -> (Sender, About) {
    let shop = shop(|choices| {
        choices["brand"] = serde_json::json!({
            "name": attack, "color": attack, "button_color": attack, "logo_url": attack, "address": attack, "support": attack,
        });
    });
    let mut about = About::sample(language);
    about.order.name = attack.into();
    for line in &mut about.order.lines {
        line.title = attack.into();
        line.variant_title = Some(attack.into());
        line.image = Some(attack.into());
        line.properties = vec![Property { name: attack.into(), value: attack.into() }];
    }
    let some = || Some(attack.to_owned());
    about.order.ship_to = Some(Address {
        name: attack.into(),
        company: some(),
        address1: attack.into(),
        address2: some(),
        city: attack.into(),
        province_code: some(),
        zip: some(),
        country_code: attack.into(),
        phone: some(),
    });
    about.tracking = Tracking { number: attack.into(), carrier: some(), url: some() };
    about.first_name = attack.into();
    (shop, about)
}

/// The same fields with harmless words, so that every part of a mail is there.
fn harmless(language: &'static str) -> Vec<Sample> {
    let shop = shop(|choices| choices["brand"]["logo_url"] = "https://cdn.example.com/logo.png".into());
    let mut about = About::sample(language);
    for line in &mut about.order.lines {
        line.variant_title = Some("30 × 40 cm".into());
    }
    every(&shop, &about)
}

#[test]
fn nothing_that_somebody_writes_becomes_more_than_text() {
    let mut looked = 0;
    for language in LANGUAGES {
        let harmless = harmless(language);
        for attack in ATTACKS.into_iter().chain([long()]) {
            let (shop, about) = attacked(attack, language);
            for (sample, usual) in every(&shop, &about).iter().zip(&harmless) {
                let (name, mail) = (&sample.name, &sample.mail);
                let at = format!("{name} {language} {attack:.60}");

                // No tag and no attribute that a harmless mail has not; fewer, where a picture or a link was left out. The
                // brand's name stands in for the logo.
                let usual = shape(&usual.mail.html);
                for (tag, count) in shape(&mail.html) {
                    let most = usual.get(&tag).copied().unwrap_or_default() + usize::from(tag == "span dir");
                    assert!(count <= most, "{at}: {count} × <{tag}>, not {most}");
                }
                for to in addresses(&mail.html, &["href", "src", "background", "action"]) {
                    let ours = ["https://pages.example.com/", "https://shop.example.com/", BUTTON];
                    assert!(ours.iter().any(|ours| to.starts_with(ours)), "{at}: leads to {to}");
                }
                for part in [&mail.subject, &mail.preheader, &mail.text, &mail.html] {
                    assert!(!part.contains(hidden), "{at}");
                }
                assert!(!mail.subject.contains('\n') && mail.subject.chars().count() < 500, "{at}: {}", mail.subject);
                assert!(mail.html.len() < 102 * 1024, "{at}");
                looked += 1;
            }
            headers(&shop, attack);
        }
    }
    assert_eq!(looked, (ATTACKS.len() + 1) * harmless("en").len() * LANGUAGES.len());
}

/// What is meant as text stays readable text: nothing is run, filled in or lost.
#[test]
fn what_looks_like_a_template_is_printed() {
    for attack in ["{{ 7*7 }} {% raw %} {# gone #}", "{brand} {order} {name} {date} {", "&lt;b&gt; &amp; &#60;i&#62;"] {
        let (shop, about) = attacked(attack, "en");
        for Sample { name, mail } in every(&shop, &about) {
            assert!(mail.text.contains(attack), "{name}: {}", mail.text);
            assert!(mail.subject.contains(attack), "{name}: {}", mail.subject);
            assert!(unescaped(&mail.html).contains(attack), "{name}");
            assert!(!mail.text.contains("49"), "{name}");
        }
    }
}

/// As SES gets them: ASCII, one line, one sender.
fn headers(shop: &Sender, attack: &str) {
    let from = Mailbox::parse(&shop.from).unwrap();
    assert_eq!(from.address, "orders@example.com", "{attack}");
    let subject = encoded(attack);
    for header in [from.to_string(), subject] {
        assert!(header.is_ascii() && !header.contains(|c: char| c.is_control()), "{attack}: {header}");
    }
}

fn hidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn long() -> &'static str {
    static LONG: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "<b>very long</b> ".repeat(4_000));
    &LONG
}
