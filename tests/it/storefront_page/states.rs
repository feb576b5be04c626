//! Orders in every state that the page tells apart: what the store says, and what happened.

use domain::Timestamp;
use domain::event::{Event, Fact, ParcelRef};
use domain::money::{CustomerMoney, Money};
use domain::order::{Fulfilment, FulfilmentOrder, FulfilmentOrderLine, Line, Order, Payment, Property};
use domain::parcel::{ParcelKey, Progress, Tracking};
use domain::subject::{OrderId, Subject};

/// The order's id in the store.
pub const ORDER: OrderId = OrderId(1_001);
/// When the pages are read.
pub const NOW: &str = "2026-11-28T09:30:00Z";

/// An order, what happened to it, and a name for it.
pub struct State {
    pub name: &'static str,
    pub order: Order,
    pub events: Vec<Event>,
}

pub fn money(amount: &str) -> CustomerMoney {
    CustomerMoney(Money::parse(amount, "USD").unwrap())
}

/// Two prints and a postcard, paid.
pub fn order() -> Order {
    let order = domain::fixture::order().unwrap();
    let mut amounts = order.amounts.clone();
    amounts.customer.lines = money("53.90");
    amounts.customer.total = money("57.40");
    let print = Line {
        title: "Lighthouse at dusk".into(),
        variant_title: Some("30 x 40 cm".into()),
        image: Some("https://cdn.example.com/lighthouse.png".into()),
        properties: vec![
            Property { name: "Engraving".into(), value: "For Grace".into() },
            Property { name: "_design".into(), value: "internal-7".into() },
            Property { name: "Photo".into(), value: "https://uploads.example.com/7.png".into() },
        ],
        ..domain::fixture::line(11, Some(111)).unwrap()
    };
    let card = Line {
        title: "Postcard".into(),
        quantity: 2,
        ordered: 2,
        customer_unit_price: money("1.95"),
        ..domain::fixture::line(12, Some(112)).unwrap()
    };
    let group = |remaining| FulfilmentOrder {
        id: "1".into(),
        open: remaining > 0,
        service: None,
        holds: Vec::new(),
        lines: [11, 12].map(|line| FulfilmentOrderLine { id: line.to_string(), line, remaining }).into(),
    };
    Order {
        id: ORDER,
        name: "#1001".into(),
        amounts,
        lines: vec![print, card],
        fulfilment_orders: vec![group(2)],
        ..order
    }
}

/// The same with nothing left to send.
pub fn sent() -> Order {
    let mut order = order();
    order.fulfilment_orders[0].open = false;
    order.fulfilment_orders[0].lines.iter_mut().for_each(|line| line.remaining = 0);
    order
}

pub fn event(at: &str, fact: Fact) -> Event {
    let time: Timestamp = format!("2026-11-{at}:00Z").parse().unwrap();
    let source = if matches!(fact, Fact::OrderDecided { .. }) { "owner" } else { "test" };
    Event { subject: Subject::Order(ORDER), fact, source: source.into(), time, order_name: Some("#1001".into()) }
}

/// Paid, cleared, at the partner, and taken into production.
pub fn making() -> Vec<Event> {
    let (partner, partner_order) = ("printful".to_owned(), "13".to_owned());
    vec![
        event("22T02:13", Fact::OrderPaid { what: None }),
        event("22T02:14", Fact::OrderCleared {}),
        event(
            "22T02:15",
            Fact::OrderRouted { partner: partner.clone(), split: 1, partner_order: partner_order.clone(), cost: None },
        ),
        event("23T08:00", Fact::PartnerAccepted { partner, partner_order }),
    ]
}

pub fn shipped(at: &str, shipment: &str, number: &str, reshipment: bool) -> Event {
    let (partner, partner_order) = ("printful".to_owned(), "13".to_owned());
    let tracking = Tracking::new(Some(number), Some("UPS"), None);
    event(at, Fact::ParcelShipped { partner, partner_order, shipment: shipment.into(), reshipment, tracking })
}

pub fn announced(at: &str, number: Option<&str>) -> Event {
    let url = number.map(|number| format!("https://carrier.example.com/track?number={number}&lang=en"));
    let tracking = Tracking::new(number, Some("UPS"), url.as_deref());
    let parcel = ParcelKey(number.unwrap_or("printful-10").into());
    event(
        at,
        Fact::ParcelAnnounced {
            fulfilment: format!("f-{parcel}"),
            parcel,
            tracking,
            shipment: None,
            partner: Some("printful".into()),
            country: Some("US".into()),
        },
    )
}

fn named(number: &str) -> ParcelRef {
    ParcelRef::Number(ParcelKey(number.into()))
}

pub fn moved(at: &str, number: &str, promised: Option<&str>) -> Event {
    event(
        at,
        Fact::ParcelMoved {
            source: "easypost".into(),
            tracking_event: at.into(),
            status: "in_transit".into(),
            parcel: Some(named(number)),
            promised: promised.map(str::to_owned),
        },
    )
}

pub fn troubled(at: &str, number: &str, progress: Progress) -> Event {
    let (source, status) = ("easypost".to_owned(), "failure".to_owned());
    event(at, Fact::ParcelTroubled { source, tracking_event: at.into(), status, progress, parcel: named(number) })
}

pub fn out(at: &str, number: &str) -> Event {
    let (source, status) = ("easypost".to_owned(), "out_for_delivery".to_owned());
    event(at, Fact::ParcelOutForDelivery { source, tracking_event: at.into(), status, parcel: named(number) })
}

pub fn delivered(at: &str, number: &str) -> Event {
    event(at, Fact::ParcelDelivered { source: "easypost".into(), parcel: named(number) })
}

pub fn returned(at: &str, number: &str) -> Event {
    let source = "easypost".to_owned();
    event(at, Fact::ParcelReturned { source, tracking_event: at.into(), reason: None, parcel: Some(named(number)) })
}

fn after(mut events: Vec<Event>, more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    events.extend(more);
    events
}

/// All of them.
pub fn states() -> Vec<State> {
    const A: &str = "1Z999AA10123456784";
    const B: &str = "1Z999AA10123456793";
    let on_its_way = || after(making(), [announced("24T15:00", Some(A)), moved("25T04:00", A, Some("2026-11-30"))]);
    let troubled = |progress| after(on_its_way(), [troubled("27T10:00", A, progress)]);
    let held = Fact::OrderHeld { reason: "the card comes from another country".into(), round: 1, causes: Vec::new() };
    let state = |name, order, events| State { name, order, events };
    let mut partly_refunded = Order { payment: Payment::PartiallyRefunded, refunded: money("25.00"), ..order() };
    partly_refunded.lines[0].quantity = 1;
    let mut digital = order();
    digital.fulfilment_orders.clear();
    digital.lines.iter_mut().for_each(|line| line.requires_shipping = false);
    digital.lines[1].gift_card = true;
    let mut others = order();
    others.fulfilment_orders[0].service = Some("another-workshop".into());
    let elsewhere = Fulfilment { id: "77".into(), cancelled: false, tracking: Vec::new() };
    vec![
        state("unpaid", Order { payment: Payment::Pending, ..order() }, vec![event("22T02:13", Fact::OrderCreated {})]),
        state("payment_failed", Order { payment: Payment::Expired, ..order() }, Vec::new()),
        state("checking", order(), vec![event("22T02:13", Fact::OrderPaid { what: None }), event("22T02:14", held)]),
        state("received", order(), making()[..2].to_vec()),
        state("making", order(), making()),
        state("sending", others, Vec::new()),
        state("partly_sent", order(), on_its_way()),
        state("label_created", sent(), after(making(), [announced("27T15:00", Some(A))])),
        state("no_number", sent(), after(making(), [announced("27T15:00", None)])),
        state("in_transit", sent(), on_its_way()),
        state(
            "promise_passed",
            sent(),
            after(making(), [announced("24T15:00", Some(A)), moved("25T04:00", A, Some("2026-11-27"))]),
        ),
        state("out_for_delivery", sent(), after(on_its_way(), [out("28T06:00", A)])),
        state("attempt_failed", sent(), troubled(Progress::AttemptFailed)),
        state("ready_for_pickup", sent(), troubled(Progress::ReadyForPickup)),
        state("held_at_customs", sent(), troubled(Progress::HeldAtCustoms)),
        state("problem", sent(), troubled(Progress::Problem)),
        state("lost", sent(), troubled(Progress::Lost)),
        state("returning", sent(), troubled(Progress::Returning)),
        state("returned", sent(), after(on_its_way(), [returned("27T10:00", A)])),
        state("delivered", sent(), after(on_its_way(), [delivered("27T10:00", A)])),
        state("several", sent(), after(on_its_way(), [announced("25T15:00", Some(B)), delivered("27T10:00", B)])),
        state(
            "some_trouble",
            sent(),
            after(on_its_way(), [announced("25T15:00", Some(B)), self::troubled("27T10:00", B, Progress::Lost)]),
        ),
        state(
            "sent_again",
            sent(),
            after(
                troubled(Progress::Lost),
                [shipped("27T15:00", "11", B, true), announced("27T15:01", Some(B)), moved("28T04:00", B, None)],
            ),
        ),
        state("sent_by_others", Order { fulfilments: vec![elsewhere], ..sent() }, Vec::new()),
        state("partly_refunded", partly_refunded, making()),
        state("refunded", Order { payment: Payment::Refunded, refunded: money("57.40"), ..order() }, making()),
        state("cancelled", Order { cancelled: true, ..order() }, making()),
        state("cancelled_late", Order { cancelled: true, ..sent() }, on_its_way()),
        state(
            "cancelled_refunded",
            Order { cancelled: true, payment: Payment::Refunded, refunded: money("57.40"), ..order() },
            making(),
        ),
        state("nothing_to_ship", digital, making()[..2].to_vec()),
    ]
}
