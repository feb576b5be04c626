use std::collections::BTreeSet;

use domain::Timestamp;
use domain::event::{Event, Fact, ParcelRef};
use domain::fixture;
use domain::order::Order;
use domain::parcel::{ParcelKey, Tracking, standing};
use lambda::config::BrandSection;

use super::parcels::Promise;
use super::stage::Stage;
use super::*;
use crate::words::Language;

const A: &str = "1Z999AA10123456784";
const B: &str = "1Z999AA10123456793";

fn shop() -> Shop {
    let brand = Brand::new(&BrandSection {
        name: "Example Prints".into(),
        logo_url: None,
        color: "#205081".into(),
        button_color: None,
        tone: brand::Tone::default(),
        address: "1 Harbour Street".into(),
        support: "+1 555 0100".into(),
    });
    Shop::new(brand, None, Dates::new("UTC").unwrap(), SignedDuration::ZERO)
}

fn now() -> Timestamp {
    "2026-11-28T09:30:00Z".parse().unwrap()
}

fn event(at: &str, fact: Fact) -> Event {
    let subject = Subject::Order(fixture::order().unwrap().id);
    let time = format!("2026-11-{at}:00:00Z").parse().unwrap();
    Event { subject, fact, source: "test".into(), time, order_name: None }
}

fn tracking(number: &str) -> Option<Tracking> {
    Tracking::new(Some(number), Some("UPS"), None)
}

fn shipped(at: &str, number: &str, reshipment: bool) -> Event {
    let (partner, partner_order, shipment) = ("printful".to_owned(), "13".to_owned(), format!("s-{number}"));
    event(at, Fact::ParcelShipped { partner, partner_order, shipment, reshipment, tracking: tracking(number) })
}

fn announced(at: &str, number: &str) -> Event {
    event(
        at,
        Fact::ParcelAnnounced {
            parcel: ParcelKey(number.into()),
            fulfilment: format!("f-{number}"),
            tracking: tracking(number),
            shipment: None,
            partner: Some("printful".into()),
            country: None,
        },
    )
}

fn moved(at: &str, number: &str, promised: Option<&str>) -> Event {
    event(
        at,
        Fact::ParcelMoved {
            source: "easypost".into(),
            tracking_event: at.into(),
            status: "in_transit".into(),
            parcel: Some(ParcelRef::Number(ParcelKey(number.into()))),
            promised: promised.map(str::to_owned),
        },
    )
}

fn delivered(at: &str, number: &str) -> Event {
    let parcel = ParcelRef::Number(ParcelKey(number.into()));
    event(at, Fact::ParcelDelivered { source: "easypost".into(), parcel })
}

fn page(order: &Order, events: &[Event]) -> OrderView {
    let dictionary = Dictionary::new("en").unwrap();
    OrderView::of(order, events, &shop(), dictionary.words(Language::English).unwrap(), now())
}

fn permutations(indices: &mut [usize], from: usize, visit: &mut impl FnMut(&[usize])) {
    if from == indices.len() {
        return visit(indices);
    }
    for n in from..indices.len() {
        indices.swap(from, n);
        permutations(indices, from + 1, visit);
        indices.swap(from, n);
    }
}

/// Whatever order the events of two parcels arrive in, one of them sent again: it is one page.
#[test]
fn every_order_of_events_is_one_page() {
    let order = fixture::order().unwrap();
    let accepted = Fact::PartnerAccepted { partner: "printful".into(), partner_order: "13".into() };
    let events = [
        event("23T08", accepted),
        announced("24T15", A),
        announced("25T15", B),
        moved("25T16", A, None),
        delivered("26T10", A),
        shipped("25T14", B, true),
        delivered("27T10", B),
    ];
    let dictionary = Dictionary::new("en").unwrap();
    let (words, shop) = (dictionary.words(Language::English).unwrap(), shop());
    let mut pages = BTreeSet::new();
    let mut count = 0;
    permutations(&mut [0, 1, 2, 3, 4, 5, 6], 0, &mut |order_of| {
        let events: Vec<Event> = order_of.iter().map(|index| events[*index].clone()).collect();
        pages.insert(format!("{:?}", OrderView::of(&order, &events, &shop, words, now())));
        count += 1;
    });
    assert_eq!((count, pages.len()), (5_040, 1));
    let page = pages.into_iter().next().unwrap();
    assert!(page.contains("Your order was delivered.") && page.contains(A) && page.contains(B), "{page}");
}

#[test]
fn a_lost_parcel_stops_counting_once_it_was_sent_again_and_not_before() {
    let order = fixture::order().unwrap();
    let lost = event(
        "25T10",
        Fact::ParcelTroubled {
            source: "easypost".into(),
            tracking_event: "1".into(),
            status: "lost".into(),
            progress: domain::parcel::Progress::Lost,
            parcel: ParcelRef::Number(ParcelKey(A.into())),
        },
    );
    let stage = |events: &[Event]| Stage::of(&order, events, &standing(events, &order));
    let mut events = vec![announced("24T15", A), lost];
    assert_eq!(stage(&events), Stage::Parcels(domain::parcel::Progress::Lost));
    // Another parcel of the order is no reshipment.
    events.push(announced("26T15", B));
    assert_eq!(stage(&events), Stage::SomeTrouble);
    events.push(shipped("26T14", B, true));
    assert_eq!(stage(&events), Stage::Parcels(domain::parcel::Progress::LabelCreated));
    assert_eq!(page(&order, &events).parcels.len(), 2, "both numbers are kept");
}

#[test]
fn a_carriers_promise_counts_until_its_day_has_passed_or_the_parcel_is_there() {
    let order = fixture::order().unwrap();
    let promise = |promised: &str, more: &[Event]| {
        let events: Vec<Event> =
            [announced("24T15", A), moved("25T04", A, Some(promised))].iter().chain(more).cloned().collect();
        Promise::of(&standing(&events, &order)[0], Dates::new("UTC").unwrap().date(now()))
    };
    let day = |text: &str| text.parse().unwrap();
    assert_eq!(promise("2026-11-28", &[]), Some(Promise::On(day("2026-11-28"))));
    assert_eq!(promise("2026-11-27T20:00:00Z", &[]), Some(Promise::Passed(day("2026-11-27"))));
    assert_eq!(promise("soon", &[]), None);
    assert_eq!(promise("Donnerstag ä", &[]), None);
    assert_eq!(promise("2026-11-30", &[delivered("27T10", A)]), None);
}

#[test]
fn a_shop_without_a_mail_address_is_asked_in_its_own_way() {
    let page = page(&fixture::order().unwrap(), &[]);
    assert_eq!((page.contact.words.as_str(), page.contact.href), ("+1 555 0100", None));
}
