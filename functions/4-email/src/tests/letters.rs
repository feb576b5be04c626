//! Whole mails as a customer reads them. A change here is a change of what the owner's customers see: look at it.

use domain::effect::MailKind;
use domain::event::{Event, Fact};
use domain::order::{FulfilmentOrder, FulfilmentOrderLine, Order};
use domain::parcel::{ParcelKey, Progress};

use super::fakes::config;
use super::orders::{announced, customer, event, hostile, hostile_announced, line, order, parcel};
use crate::mails::{Brand, Look, Wording, Written, write};

const PAGE: &str = "https://pages.example.com/orders/a-signed-token";

fn mail(kind: &MailKind, order: &Order, events: &[Event]) -> Written {
    let brand = Brand::new(&config().brand);
    let wording = Wording::new("en", "UTC", brand.tone).unwrap();
    write(kind, order, events, Look { brand: &brand, wording: &wording, page: Some(PAGE) }).unwrap()
}

fn whole(mail: &Written) -> String {
    format!("Subject: {}\n\n{}\n\n{}\n{}\n", mail.subject, mail.text, "=".repeat(72), mail.html)
}

fn confirmation(order: &Order) -> Written {
    mail(&MailKind::Confirmation, order, &[])
}

#[test]
fn the_confirmation() {
    insta::assert_snapshot!(whole(&confirmation(&order())));
}

#[test]
fn the_confirmation_of_a_hostile_order() {
    insta::assert_snapshot!(whole(&confirmation(&hostile())));
}

#[test]
fn the_confirmation_in_yen_and_in_dinar() {
    let in_currency = |price: &str, total: &str, currency: &str| {
        let mut order = order();
        order.lines = vec![line(11, "灯台のポスター", Some("A3"), 2, customer(price, currency))];
        order.amounts.customer.total = customer(total, currency);
        order
    };
    insta::assert_snapshot!("confirmation_jpy", whole(&confirmation(&in_currency("3800", "8400", "JPY"))));
    insta::assert_snapshot!("confirmation_kwd", whole(&confirmation(&in_currency("7.125", "15.750", "KWD"))));
}

#[test]
fn the_confirmation_where_nothing_is_made_by_us() {
    let mut gift_card = order();
    gift_card.lines.truncate(1);
    gift_card.lines[0].gift_card = true;
    gift_card.lines[0].requires_shipping = false;
    insta::assert_snapshot!("confirmation_gift_card_text", confirmation(&gift_card).text);

    let mut elsewhere = order();
    let lines = [11, 12].map(|id| FulfilmentOrderLine { id: format!("l{id}"), line: id, remaining: 1 }).to_vec();
    let service = Some("another-workshop".to_owned());
    elsewhere.fulfilment_orders = vec![FulfilmentOrder { id: "fo".into(), open: true, service, holds: vec![], lines }];
    let mail = confirmation(&elsewhere);
    assert!(mail.text.contains("1. Your order is prepared.") && !mail.text.contains("made for you"), "{}", mail.text);
}

#[test]
fn the_parcel_is_on_its_way() {
    let shipped = MailKind::Shipped(parcel());
    insta::assert_snapshot!("shipped", whole(&mail(&shipped, &order(), &[event(announced())])));
    let evil = mail(&shipped, &hostile(), &[event(hostile_announced())]);
    insta::assert_snapshot!("shipped_hostile", whole(&evil));

    let untracked = ParcelKey("printful-10".into());
    let fact = Fact::ParcelAnnounced {
        parcel: untracked.clone(),
        fulfilment: "1".into(),
        tracking: None,
        shipment: None,
        partner: None,
        country: None,
    };
    let mut one_piece = order();
    one_piece.lines.remove(0);
    let mail = mail(&MailKind::Shipped(untracked), &one_piece, &[event(fact)]);
    insta::assert_snapshot!("shipped_untracked_text", mail.text);
}

#[test]
fn the_parcel_has_arrived() {
    let delivered = MailKind::Delivered(parcel());
    insta::assert_snapshot!("delivered", whole(&mail(&delivered, &order(), &[event(announced())])));
    let evil = mail(&delivered, &hostile(), &[event(hostile_announced())]);
    insta::assert_snapshot!("delivered_hostile", whole(&evil));
}

fn every_kind() -> Vec<MailKind> {
    let mut kinds = vec![
        MailKind::Confirmation,
        MailKind::InProduction,
        MailKind::Shipped(parcel()),
        MailKind::OutForDelivery(parcel()),
        MailKind::Delivered(parcel()),
        MailKind::Still("routed#printful#1".into()),
    ];
    let troubles =
        Progress::ALL.into_iter().filter(|progress| progress.is_trouble() || *progress == Progress::Returned);
    kinds.extend(troubles.map(|progress| MailKind::Problem(progress, parcel())));
    kinds
}

#[test]
fn a_step_of_the_parcel_in_words() {
    for kind in every_kind() {
        let events = [event(announced())];
        let mail = mail(&kind, &order(), &events);
        assert!(mail.text.contains(PAGE) && mail.html.contains(PAGE), "{kind}: the way to the order's page");
        if !matches!(kind, MailKind::Confirmation | MailKind::Shipped(_) | MailKind::Delivered(_)) {
            let name = kind.to_string().replace('#', "_").replace(&parcel().0, "parcel");
            insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, mail.text));
        }
    }
    insta::assert_snapshot!("problem_html", mail(&every_kind()[8], &order(), &[event(announced())]).html);
}

#[test]
fn a_silence_is_broken_with_what_is_true() {
    let still = MailKind::Still("routed#printful#1".into());
    let text = |facts: Vec<Fact>| {
        let events: Vec<Event> = facts.into_iter().map(event).collect();
        // The store knows of no parcel but ours.
        let order = Order { fulfilments: Vec::new(), ..order() };
        mail(&still, &order, &events).text
    };
    let accepted = || Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() };
    assert!(text(vec![]).contains("still checking it"));
    assert!(text(vec![Fact::OrderCleared {}]).contains("waiting for its"));
    assert!(text(vec![Fact::OrderCleared {}, accepted()]).contains("still being made"));
    let shipped = text(vec![Fact::OrderCleared {}, accepted(), announced()]);
    assert!(shipped.contains("has left the workshop") && shipped.contains("Follow it: "), "{shipped}");
}

#[test]
fn no_mail_lets_anything_through() {
    let events = [event(hostile_announced())];
    for kind in every_kind() {
        let mail = mail(&kind, &hostile(), &events);
        let hidden = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert!(!part.contains(hidden), "{part}");
        }
        assert!(!mail.subject.contains('\n'));
        for evil in ["<script", "<img src=x", "</td></table><a", "href=\"https://evil"] {
            assert!(!mail.html.contains(evil), "{evil}");
        }
        for line in mail.text.lines() {
            assert!(!line.starts_with("Bcc:") && !line.starts_with("X-Header:"), "{line}");
        }
    }
}

#[test]
fn every_mail_can_be_read_by_everybody() {
    let events = [event(announced())];
    for kind in every_kind() {
        let html = mail(&kind, &order(), &events).html;
        for needed in ["<html lang=\"en\"", "<meta charset=\"utf-8\">", "color-scheme", "our order #1001", "<h1"] {
            assert!(html.contains(needed) || html.contains(&needed.replace('#', "&#35;")), "{needed}\n{html}");
        }
        let images = html.matches("<img ").count();
        assert_eq!(images, html.matches(" alt=\"").count());
        // Layout tables say so; the one table of data has headings instead.
        let data = html.matches("<th class=\"line\" scope=\"col\"").count().min(1);
        assert_eq!(html.matches("<table").count(), html.matches("role=\"presentation\"").count() + data);
        // Nothing is fetched but the owner's logo.
        for fetched in ["<link", "@import", "url(", "<script", "<iframe"] {
            assert!(!html.contains(fetched), "{fetched}");
        }
        assert!(html.len() < 100_000, "Gmail cuts longer mails");
    }
}
