//! Every word the owner reads.

use domain::event::{Fact, PartnerStop};
use domain::exception::{CancelOutcome, Exception, What};
use domain::handoff::{Layer, Wait};
use domain::plan::Problem;
use domain::subject::Subject;
use domain::verdict::Hold;

use super::support::*;
use crate::Alerts;
use crate::letter::{self, Page, Ways};

fn alerts() -> Alerts {
    watch().alerts
}

fn about_the_order(what: &What) -> Exception {
    Exception::raise(&order(), what, "cleared", start()).about(&event(Fact::OrderCleared {}, start()))
}

fn write(exception: &Exception) -> mailer::Letter {
    letter::one(exception, exception.order_name.as_deref(), &alerts(), "0a1b2c".into(), Ways::default()).unwrap()
}

#[test]
fn an_alert_about_an_order() {
    let what = What::PartnerRefused { partner: "printful".into(), why: "item 1 is discontinued".into() };
    let letter = write(&about_the_order(&what));
    insta::assert_snapshot!(format!("{}\n---\n{}", letter.subject, letter.text));
    insta::assert_snapshot!(letter.html.unwrap());
}

#[test]
fn an_alert_about_the_store() {
    let store = Subject::Store("example-prints.myshopify.com".into());
    let what = What::Alarm { name: "baton-dead-letters".into(), description: "A layer gave up on a message.".into() };
    let letter = write(&Exception { round: 3, ..Exception::raise(&store, &what, "1", start()) });
    insta::assert_snapshot!(format!("{}\n---\n{}", letter.subject, letter.text));
}

#[test]
fn an_alert_that_asks_for_a_decision() {
    let exception = about_the_order(&What::Held(Hold::FraudWarned { warning: "4".into() }));
    let link = |path: &str| Some(format!("https://console.example.com/{path}/a.b"));
    let ways = Ways { decide: link("decisions"), acknowledge: link("exceptions"), open: link("open") };
    let letter = letter::one(&exception, Some("#1001"), &alerts(), "0a1b2c".into(), ways).unwrap();
    insta::assert_snapshot!(letter.text);
    let html = letter.html.unwrap();
    assert!(html.contains("href=\"https://console.example.com/decisions/a.b\""), "{html}");
}

#[test]
fn the_subject_line_of_everything_that_can_go_wrong() {
    let printful = || "printful".to_owned();
    let all = [
        What::Held(Hold::TestOrder),
        What::Held(Hold::NoAddress),
        What::NotTaken { layer: Layer::Capture, event: "paid".into() },
        What::Unreachable { layer: Layer::Routing, provider: printful(), why: "no connection".into() },
        What::Late(Wait::PartnerShips),
        What::CannotRoute(vec![Problem::NoAddress, Problem::NoVariant { line: "Poster".into() }]),
        What::PartnerRefused {
            partner: printful(),
            why: "the recipient's state is missing, and a good deal more words".into(),
        },
        What::PartnerStopped { partner: printful(), how: PartnerStop::OnHold, why: None },
        What::CancelledAtPartner { partner: printful(), outcome: CancelOutcome::Cancelled },
        What::RefundedAfterRouting { partner: printful() },
        What::FulfilmentRefused { why: "the order is closed".into() },
        What::NoMailAddress { mail: "shipped".into() },
        What::MailRefused { mail: "shipped".into(), why: "suppressed".into() },
        What::Returned { why: Some("refused at the door".into()) },
        What::ProviderBroken { layer: Layer::Routing, provider: printful(), why: "it answers 401 to our key".into() },
        What::DeadLetter { layer: Layer::Email, event: "cleared".into() },
        What::StreamDeadLetter,
        What::Unreadable { topic: "orders/paid".into(), why: "expected a string at total_price".into() },
        What::AppUninstalled,
        What::DataRequested { orders: 2 },
    ];
    let subjects = all.iter().map(|what| write(&about_the_order(what)).subject);
    insta::assert_snapshot!(subjects.collect::<Vec<_>>().join("\n"));
}

#[test]
fn words_from_outside_are_harmless() {
    let why = "<script>alert(1)</script>\r\nBcc: eve@example.com\u{202e}\u{0} \"quoted\"";
    let what = What::PartnerRefused { partner: "printful".into(), why: why.into() };
    let exception = Exception { order_name: Some("#10\n01".into()), ..about_the_order(&what) };
    let letter = write(&exception);
    assert!(!letter.subject.chars().any(char::is_control), "{:?}", letter.subject);
    let html = letter.html.unwrap();
    assert!(!html.contains("<script>") && html.contains("script"), "{html}");
    for part in [&letter.subject, &letter.text, &html] {
        assert!(!part.contains("eve@example.com") && !part.contains('\u{202e}') && !part.contains('\0'), "{part}");
    }
}

#[test]
fn a_long_reason_is_cut_between_words() {
    let page = |reason: &str| Page {
        reason: reason.to_owned(),
        ..Page::new(&about_the_order(&What::StreamDeadLetter), Some("#1"))
    };
    let cut = page(&"word ".repeat(40)).subject();
    assert!(cut.ends_with("word... (monitoring)") && cut.len() < 110, "{cut}");
    assert!(page(&"é".repeat(400)).subject().chars().count() < 110);
}

#[test]
fn the_command_names_the_exception() {
    let exception = about_the_order(&What::CannotRoute(vec![Problem::NoAddress]));
    let letter = write(&exception);
    assert!(letter.text.contains(&format!("make replay EXCEPTION={}", exception.id)));
    assert!(letter.text.contains(&format!("make trace ORDER={ORDER}")));
    assert!(!letter.text.contains("<id>"));
}
