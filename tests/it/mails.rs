//! Every mail as a customer reads it: whole, in every language, whatever the shop's or a customer's own words hold.

mod attacks;
mod gallery;
mod markup;
mod samples;

use std::collections::BTreeSet;

use email::mails::marketing;
use email::mails::{Unwritten, Written};
use markup::links;
use samples::{About, LANGUAGES, PAGE, Sample, every, shop, transactional};

fn whole(mail: &Written) -> String {
    // The HTML is one line; a change shall show where it is.
    let html = mail.html.replace("><", ">\n<");
    format!("Subject: {}\nPreheader: {}\n\n{}\n{}\n{html}\n", mail.subject, mail.preheader, mail.text, "=".repeat(72))
}

/// A change here is a change of what the owner's customers see: look at it, best with `make mails`.
#[test]
fn every_mail_whole() {
    let shop = shop(|_| {});
    for language in LANGUAGES {
        let about = About::sample(language);
        for Sample { name, mail, .. } in every(&shop, &about) {
            // The layout has no language: the other ones show their words.
            let words = format!("Subject: {}\nPreheader: {}\n\n{}", mail.subject, mail.preheader, mail.text);
            let whole = if language == "en" && !name.starts_with("problem-") || name == "problem-lost" {
                whole(&mail)
            } else {
                words
            };
            insta::assert_snapshot!(format!("{name}_{language}"), whole);
        }
    }
}

#[test]
fn a_mail_speaks_the_orders_language_else_the_shops() {
    let speaks = |shop_language: &str, locale: Option<&'static str>| {
        let shop = shop(|choices| choices["store"]["language"] = shop_language.into());
        let mut about = About::sample("en");
        about.order.locale = locale.map(str::to_owned);
        about.language = locale;
        let languages: BTreeSet<_> = every(&shop, &about).into_iter().map(|sample| sample.mail.language).collect();
        languages.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(speaks("en", Some("de-AT")), "de");
    assert_eq!(speaks("de", Some("en-GB")), "en");
    assert_eq!(speaks("de", Some("pt-BR")), "de");
    assert_eq!(speaks("de", None), "de");
    assert_eq!(speaks("en", Some("<script>")), "en");
}

/// Mails about an order go to people who never asked for more: they lead nowhere but to the order, its parcel and to help, and say
/// nothing that a flow's mail says.
#[test]
fn what_is_about_an_order_carries_no_marketing() {
    let shop = shop(|_| {});
    for language in LANGUAGES {
        let about = About::sample(language);
        let (orders, flows): (Vec<_>, Vec<_>) =
            every(&shop, &about).into_iter().partition(|sample| transactional(&sample.name));
        let own = [PAGE, samples::TRACKING, "mailto:help@example.com"];
        let asked: BTreeSet<String> = orders.iter().flat_map(|sample| lines(&sample.mail)).collect();
        // What every mail has: the shop, a greeting, where to ask. A mail about an order has no greeting and no words of a flow.
        for Sample { name, mail, .. } in &orders {
            if name != marketing::CONFIRM {
                let foreign: Vec<_> = links(&mail.html).into_iter().filter(|to| !own.contains(&to.as_str())).collect();
                assert_eq!(foreign, Vec::<String>::new(), "{name} {language}");
            }
            for word in ["unsubscribe", "Unsubscribe", "Abbestellen", samples::UNSUBSCRIBE, samples::PREFERENCES] {
                assert!(!mail.html.contains(word) && !mail.text.contains(word), "{name} {language}: {word}");
            }
        }
        for Sample { name, mail, .. } in &flows {
            let same: Vec<_> = lines(mail).into_iter().filter(|line| asked.contains(line)).collect();
            assert!(same.iter().all(|line| line.chars().count() < 40), "{name} {language}: {same:?}");
        }
    }
}

/// The sentences of a mail that are its own.
fn lines(mail: &Written) -> BTreeSet<String> {
    let (said, _) = mail.text.split_once("\n--\n").unwrap();
    said.split("\n\n").map(|part| part.replace('\n', " ")).filter(|part| part.contains(". ")).collect()
}

#[test]
fn a_flows_mail_says_how_to_end_it_and_who_wrote() {
    let shop = shop(|_| {});
    for language in LANGUAGES {
        for Sample { name, mail, .. } in every(&shop, &About::sample(language)) {
            assert!(mail.text.contains(samples::ADDRESS) && mail.html.contains(samples::ADDRESS), "{name}");
            if transactional(&name) {
                continue;
            }
            let links = links(&mail.html);
            for to in [samples::UNSUBSCRIBE, samples::PREFERENCES, samples::BUTTON] {
                assert!(links.contains(&to.to_owned()) && mail.text.contains(to), "{name} {language}: {to}");
            }
        }
    }
}

#[test]
fn what_cannot_be_written_says_why() {
    let shop = shop(|_| {});
    let about = About::sample("en");
    let goods = about.goods();
    let sample = about.marketing(&goods);
    let refused =
        |name: &str, mail: &marketing::Marketing<'_>| marketing::write(name, mail, shop.look(None)).unwrap_err();
    assert!(matches!(refused("welcome-9", &sample), Unwritten::Name(name) if name == "welcome-9"));
    assert!(refused("welcome-9", &sample).to_string().contains("flows.toml can name: welcome-1, "));
    for name in marketing::NAMES {
        assert!(marketing::known(name));
        let bad = marketing::Marketing { button: "javascript:alert(1)", ..sample };
        assert!(matches!(refused(name, &bad), Unwritten::Link("the button")), "{name}");
        if name != marketing::CONFIRM {
            let bad = marketing::Marketing { unsubscribe: "", ..sample };
            assert!(matches!(refused(name, &bad), Unwritten::Link("unsubscribing")), "{name}");
            let bad = marketing::Marketing { preferences: "/preferences", ..sample };
            assert!(matches!(refused(name, &bad), Unwritten::Link("the preferences")), "{name}");
        }
    }
    assert!(!marketing::known("confirmation") && !marketing::known(""));
}

#[test]
fn every_mail_can_be_read_by_everybody() {
    let shop = shop(|choices| choices["brand"]["logo_url"] = "https://cdn.example.com/logo.png".into());
    for language in LANGUAGES {
        for Sample { name, mail, .. } in every(&shop, &About::sample(language)) {
            let html = &mail.html;
            let lang = format!("<html lang=\"{language}\"");
            for needed in [&lang, "color-scheme", "prefers-color-scheme: dark", "<h1", "charset=UTF-8"] {
                assert!(html.contains(needed), "{name}: {needed}");
            }
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
            assert_eq!(html.matches("<img ").count(), html.matches(" alt=\"").count(), "{name}");
            assert!(!html.contains("alt=\"\""), "{name}: every picture here says something");
            for fetched in ["<link", "@import", "url(", "<script", "<iframe", "fonts."] {
                assert!(!html.contains(fetched), "{name}: {fetched}");
            }
            assert!(!mail.text.contains('{') && !mail.subject.contains('{'), "{name} {language}: a gap is open");
            let longest = mail.text.lines().filter(|line| !line.contains("://")).map(|line| line.chars().count()).max();
            assert!(longest.unwrap() <= 72, "{name} {language}: {}", mail.text);
            assert!(mail.preheader.chars().count() <= 90 && mail.subject.chars().count() <= 78, "{name} {language}");
        }
    }
}

/// Gmail cuts what is longer, and the way out with it.
#[test]
fn no_order_is_too_long_for_gmail() {
    const CUT: usize = 102 * 1024;
    let shop = shop(|_| {});
    for (title, lines) in [("Lighthouse poster", 200), ("<\"&'>", 200), ("灯台のポスター", 200)] {
        let mut about = About::sample("en");
        about.order.locale = Some("de".into());
        let mut line = about.order.lines[0].clone();
        line.title = title.repeat(100);
        line.variant_title = Some(title.repeat(100));
        line.image = Some(format!("https://cdn.example.com/{}", "x&".repeat(900)));
        about.order.lines = vec![line; lines];
        for Sample { name, mail, .. } in every(&shop, &about) {
            assert!(mail.html.len() < CUT, "{name}: {}", mail.html.len());
            if name == "confirmation" {
                assert!(mail.html.contains("mit denen diese Mail zu lang würde"), "{name}");
                assert_eq!(
                    mail.text.matches("\n-").count() - 1,
                    lines,
                    "the text part has them all, and the line over its foot"
                );
            }
        }
    }
    let usual = every(&shop, &About::sample("en"));
    let longest = usual.iter().map(|sample| sample.mail.html.len()).max().unwrap();
    assert!(longest < 40_000, "{longest}");
    assert!(usual.iter().all(|sample| !sample.mail.html.contains("too long")));
}
