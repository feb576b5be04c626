//! What the mails about an order say, by what is true of it. How each looks, whole, is in `tests/it/mails.rs`.

use domain::effect::MailKind;
use domain::event::{Event, Fact};
use domain::order::{FulfilmentOrder, FulfilmentOrderLine, Order};
use domain::parcel::{ParcelKey, Progress};

use super::fakes::config;
use super::orders::{announced, customer, event, line, order, parcel};
use crate::mails::{Brand, Look, Wording, Written, write};

const PAGE: &str = "https://pages.example.com/orders/a-signed-token";

fn mail(kind: &MailKind, order: &Order, events: &[Event]) -> Written {
    let brand = Brand::new(&config().brand);
    let wording = Wording::new("en", "UTC", brand.tone).unwrap();
    write(kind, order, events, Look { brand: &brand, wording: &wording, page: Some(PAGE) }).unwrap()
}

fn confirmation(order: &Order) -> Written {
    mail(&MailKind::Confirmation, order, &[])
}

/// Both parts of a mail say the same: this asks the one that is easier to read, and that the other has it too.
fn says(mail: &Written, words: &str) -> bool {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (text, html) = (flat(&mail.text).contains(words), flat(&mail.html).contains(words));
    assert_eq!(text, html, "{words}: {}", mail.text);
    text
}

#[test]
fn amounts_are_the_customers_to_the_last_digit() {
    for (price, total, currency, sum) in [
        ("3800", "8400", "JPY", "7600 JPY"),
        ("7.125", "15.750", "KWD", "14.250 KWD"),
        ("25.00", "54.90", "USD", "50.00 USD"),
    ] {
        let mut order = order();
        order.lines = vec![line(11, "灯台のポスター", Some("A3"), 2, customer(price, currency))];
        order.amounts.customer.total = customer(total, currency);
        let mail = confirmation(&order);
        for words in [sum, &format!("{total} {currency}"), &format!("2 × {price} {currency}"), "灯台のポスター"]
        {
            assert!(says(&mail, words), "{words}");
        }
    }
    // A sum beyond all money is a mistake in the order; the unit price is still right.
    let mut order = order();
    order.lines = vec![line(11, "Poster", None, u32::MAX, customer("92233720368547758.07", "USD"))];
    assert!(says(&confirmation(&order), "92233720368547758.07 USD each"));
}

#[test]
fn what_happens_next_is_what_will() {
    let made = confirmation(&order());
    assert!(says(&made, "We make it.") && !says(&made, "Your order is prepared."));
    assert!(says(&made, "12 Example Street") && says(&made, "Exampletown KY 30577") && !says(&made, "555 0100"));

    let mut gift_card = order();
    gift_card.lines.truncate(1);
    gift_card.lines[0].gift_card = true;
    gift_card.lines[0].requires_shipping = false;
    let mail = confirmation(&gift_card);
    assert!(
        says(&mail, "there is no parcel to wait for") && !says(&mail, "We make it.") && !says(&mail, "Example Street")
    );

    let mut elsewhere = order();
    let lines = [11, 12].map(|id| FulfilmentOrderLine { id: format!("l{id}"), line: id, remaining: 1 }).to_vec();
    let service = Some("another-workshop".to_owned());
    elsewhere.fulfilment_orders = vec![FulfilmentOrder { id: "fo".into(), open: true, service, holds: vec![], lines }];
    let mail = confirmation(&elsewhere);
    assert!(says(&mail, "Your order is prepared.") && !says(&mail, "We make it."));
}

#[test]
fn a_parcel_without_a_number_says_so_and_what_is_in_it() {
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
    assert!(says(&mail, "without a tracking number") && says(&mail, "Mug") && !says(&mail, "more than one parcel"));
    assert!(!says(&mail, "first scan") && !mail.html.contains("class=\"button\""));
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
fn every_mail_names_the_order_and_leads_to_its_page() {
    for kind in every_kind() {
        let mail = mail(&kind, &order(), &[event(announced())]);
        assert!(mail.text.contains(PAGE) && mail.html.contains(PAGE), "{kind}: the way to the order's page");
        assert!(mail.subject.contains("#1001") && mail.text.contains("#1001"), "{kind}");
        let tracked = kind.parcel().is_some();
        assert_eq!(mail.text.contains("1Z999AA10123456784"), tracked || matches!(kind, MailKind::Still(_)), "{kind}");
    }
}

#[test]
fn a_silence_is_broken_with_what_is_true() {
    let still = MailKind::Still("routed#printful#1".into());
    let text = |facts: Vec<Fact>| {
        let events: Vec<Event> = facts.into_iter().map(event).collect();
        // The store knows of no parcel but ours.
        let order = Order { fulfilments: Vec::new(), ..order() };
        mail(&still, &order, &events).text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let accepted = || Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() };
    assert!(text(vec![]).contains("still checking it"));
    assert!(text(vec![Fact::OrderCleared {}]).contains("waiting for its turn"));
    assert!(text(vec![Fact::OrderCleared {}, accepted()]).contains("still being made"));
    let shipped = text(vec![Fact::OrderCleared {}, accepted(), announced()]);
    assert!(
        shipped.contains("has left the workshop") && shipped.contains("Follow your parcel: https://track.example.com/"),
        "{shipped}"
    );
}
