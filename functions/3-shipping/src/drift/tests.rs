//! Each kind of difference, and agreement in between.

use domain::Timestamp;
use domain::event::{ParcelRef, PartnerStop};
use domain::fixture;
use domain::order::{Fulfilment, FulfilmentOrder};
use domain::subject::Subject;

use super::*;

fn event(hour: i64, fact: Fact) -> Event {
    let time = Timestamp::from_second(1_795_000_000 + hour * 3_600).unwrap();
    let subject = Subject::Order(fixture::order().unwrap().id);
    Event { subject, fact, source: "test".into(), time, order_name: None }
}

fn tracking(number: &str) -> Option<Tracking> {
    Tracking::new(Some(number), Some("UPS"), None)
}

fn announced(number: &str) -> Event {
    let fact = Fact::ParcelAnnounced {
        parcel: ParcelKey(number.into()),
        fulfilment: "f1".into(),
        tracking: tracking(number),
        shipment: Some(ParcelKey("printful-10".into())),
        partner: Some("printful".into()),
        country: None,
    };
    event(1, fact)
}

fn delivered(number: &str) -> Event {
    let parcel = ParcelRef::Number(ParcelKey(number.into()));
    event(9, Fact::ParcelDelivered { source: "easypost".into(), parcel })
}

/// The order in the store: fulfilled in one parcel with this number, or still open.
fn in_store(number: Option<&str>) -> Order {
    let mut order = fixture::order().unwrap();
    let open = number.is_none();
    order.fulfilment_orders =
        vec![FulfilmentOrder { id: "fo1".into(), open, service: None, holds: vec![], lines: vec![] }];
    let tracking = |number: &str| tracking(number).into_iter().collect();
    let fulfilment = |number| Fulfilment { id: "f1".into(), cancelled: false, tracking: tracking(number) };
    order.fulfilments = number.map(fulfilment).into_iter().collect();
    order
}

fn shipment(number: Option<&str>, delivered: bool) -> Shipment {
    let tracking = number.and_then(tracking);
    Shipment { id: "10".into(), tracking, reshipment: false, delivered, pieces: vec![] }
}

fn at_partner(stage: Stage, shipments: Vec<Shipment>) -> Option<PartnerOrder> {
    Some(PartnerOrder {
        id: "13".into(),
        external_id: None,
        stage,
        stopped: None,
        cost: None,
        shipments,
        changed: "1".into(),
    })
}

fn found(order: &Order, events: &[Event], partner: Option<PartnerOrder>, carrier: Option<Progress>) -> Vec<String> {
    let partners = [AtPartner { partner: "printful".into(), found: partner }];
    let seen = |progress| AtCarrier { feed: "easypost".into(), number: ParcelKey("A1".into()), progress };
    let carriers: Vec<AtCarrier> = carrier.map(seen).into_iter().collect();
    let told = Told { order, events, partners: &partners, carriers: &carriers };
    differences(&told).iter().map(ToString::to_string).collect()
}

#[test]
fn what_agrees_is_silent() {
    let sent = |delivered| at_partner(Stage::Producing, vec![shipment(Some("a 1"), delivered)]);
    assert_eq!(found(&in_store(None), &[], at_partner(Stage::Producing, vec![]), None), [""; 0]);
    let on_its_way = in_store(Some("A1"));
    assert_eq!(found(&on_its_way, &[announced("A1")], sent(false), Some(Progress::InTransit)), [""; 0]);
    let there = [announced("A1"), delivered("A1")];
    assert_eq!(found(&on_its_way, &there, sent(true), Some(Progress::Delivered)), [""; 0]);
    let cancelled = Order { cancelled: true, ..in_store(None) };
    assert_eq!(found(&cancelled, &[], at_partner(Stage::Cancelled, vec![]), None), [""; 0]);
    assert_eq!(found(&cancelled, &[], None, None), [""; 0]);
}

#[test]
fn a_parcel_that_the_store_does_not_show() {
    let sent = || at_partner(Stage::Producing, vec![shipment(Some("A1"), false)]);
    let missing = ["printful has sent the parcel A1, and the store does not show it"];
    assert_eq!(found(&in_store(None), &[], sent(), None), missing);
    // The store shows another number for it.
    let other = found(&in_store(Some("B2")), &[announced("A1")], sent(), None);
    assert_eq!(other, [missing[0], "the store shows the number B2, and printful does not know it"]);
    let nameless = at_partner(Stage::Producing, vec![shipment(None, false)]);
    let unshown = ["printful has sent the parcel 10, and the store does not show it"];
    assert_eq!(found(&in_store(None), &[], nameless.clone(), None), unshown);
    let mut known = announced("A1");
    if let Fact::ParcelAnnounced { parcel, tracking, .. } = &mut known.fact {
        (*parcel, *tracking) = (ParcelKey("printful-10".into()), None);
    }
    assert_eq!(found(&in_store(Some("")), &[known], nameless, None), [""; 0], "announced without a number");
}

#[test]
fn a_reshipment_needs_no_fulfilment_of_its_own() {
    let again = Shipment { reshipment: true, ..shipment(Some("C3"), false) };
    let sent = at_partner(Stage::Producing, vec![shipment(Some("A1"), false), again]);
    let events = [announced("A1")];
    let unheard = ["printful has sent the parcel C3, and the store does not show it"];
    assert_eq!(found(&in_store(Some("A1")), &events, sent.clone(), None), unheard);
    let mut reshipped = announced("C3");
    if let Fact::ParcelAnnounced { shipment, .. } = &mut reshipped.fact {
        *shipment = Some(ParcelKey("printful-10-again".into()));
    }
    assert_eq!(found(&in_store(Some("A1")), &[events[0].clone(), reshipped], sent, None), [""; 0]);
}

#[test]
fn store_and_partner_disagree_about_whether_it_is_made() {
    let cancelled = Order { cancelled: true, ..in_store(None) };
    let made = found(&cancelled, &[], at_partner(Stage::Producing, vec![]), None);
    assert_eq!(made, ["cancelled in the store, and printful makes it"]);
    let stopped = found(&in_store(None), &[], at_partner(Stage::Cancelled, vec![]), None);
    assert_eq!(stopped, ["open in the store, and printful has stopped it"]);
    let told = event(
        2,
        Fact::PartnerStopped {
            partner: "printful".into(),
            partner_order: "13".into(),
            how: PartnerStop::Cancelled,
            reason: None,
            at: "1".into(),
        },
    );
    assert_eq!(found(&in_store(None), &[told], at_partner(Stage::Cancelled, vec![]), None), [""; 0], "told already");
    assert_eq!(found(&in_store(None), &[], None, None), ["open in the store, and printful does not know it"]);
    let unsent = found(&in_store(Some("A1")), &[], at_partner(Stage::Producing, vec![]), None);
    assert_eq!(unsent, ["fulfilled in the store, and printful has sent nothing"]);
}

#[test]
fn a_fulfilment_that_is_gone() {
    let mut order = in_store(Some("A1"));
    order.fulfilments[0].cancelled = true;
    let lines =
        found(&order, &[announced("A1")], at_partner(Stage::Producing, vec![shipment(Some("A1"), false)]), None);
    assert_eq!(
        lines,
        [
            "printful has sent the parcel A1, and the store does not show it",
            "the customer was told of the parcel A1, and the store has it no longer"
        ]
    );
}

#[test]
fn what_carrier_and_partner_know_of_the_end_and_we_do_not() {
    let (order, events) = (in_store(Some("A1")), [announced("A1")]);
    let sent = |delivered| at_partner(Stage::Producing, vec![shipment(Some("A1"), delivered)]);
    let by = |source: &str, end: &str| format!("{source} has the parcel A1 as {end}, and nobody told us");
    assert_eq!(found(&order, &events, sent(true), None), [by("printful", "delivered")]);
    assert_eq!(found(&order, &events, sent(false), Some(Progress::Delivered)), [by("easypost", "delivered")]);
    assert_eq!(found(&order, &events, sent(false), Some(Progress::Returned)), [by("easypost", "returned")]);
    assert_eq!(found(&order, &events, sent(false), Some(Progress::Lost)), [by("easypost", "lost")]);
    let there = [announced("A1"), delivered("A1")];
    assert_eq!(
        found(&order, &there, sent(false), Some(Progress::InTransit)),
        ["the parcel A1 counts as delivered, and easypost has it on its way"]
    );
    // An attempt that failed and was not heard of is the next movement's matter, not the night's.
    assert_eq!(found(&order, &events, sent(false), Some(Progress::AttemptFailed)), [""; 0]);
}
