//! Invented orders.

use domain::event::{Event, Fact};
use domain::money::{CustomerMoney, Money, ShopMoney};
use domain::order::{Address, Fulfilment, Line, Order};
use domain::parcel::{ParcelKey, Tracking};
use domain::subject::{OrderId, Subject};

pub const ORDER: OrderId = OrderId(5_412_078_913);

pub fn subject() -> Subject {
    Subject::Order(ORDER)
}

pub fn parcel() -> ParcelKey {
    ParcelKey("1Z999AA10123456784".into())
}

pub fn customer(amount: &str, currency: &str) -> CustomerMoney {
    CustomerMoney(Money::parse(amount, currency).unwrap())
}

fn shop(amount: &str) -> ShopMoney {
    ShopMoney(Money::parse(amount, "USD").unwrap())
}

pub fn line(id: u64, title: &str, variant: Option<&str>, quantity: u32, price: CustomerMoney) -> Line {
    Line {
        id,
        title: title.into(),
        variant_title: variant.map(str::to_owned),
        sku: None,
        variant: Some(id),
        quantity,
        ordered: quantity,
        unit_price: shop("25.00"),
        customer_unit_price: price,
        requires_shipping: true,
        gift_card: false,
        image: None,
        properties: Vec::new(),
    }
}

pub fn order() -> Order {
    let order = domain::fixture::order().unwrap();
    let mut amounts = order.amounts.clone();
    (amounts.shop.lines, amounts.shop.total) = (shop("70.00"), shop("73.50"));
    (amounts.customer.lines, amounts.customer.total) = (customer("70.00", "USD"), customer("73.50", "USD"));
    Order {
        id: ORDER,
        gid: format!("gid://shopify/Order/{ORDER}"),
        name: "#1001".into(),
        email: Some("Ada@Example.com".into()),
        amounts,
        ship_to: Some(Address {
            name: "Ada Lovelace".into(),
            company: None,
            address1: "12 Example Street".into(),
            address2: Some("Flat 3".into()),
            city: "Exampletown".into(),
            province_code: Some("KY".into()),
            zip: Some("30577".into()),
            country_code: "US".into(),
            phone: Some("+1 555 0100".into()),
        }),
        lines: vec![
            line(11, "Lighthouse poster", Some("30 × 40 cm"), 2, customer("25.00", "USD")),
            line(12, "Mug", None, 1, customer("20.00", "USD")),
        ],
        fulfilments: vec![Fulfilment {
            id: "7400112233".into(),
            cancelled: false,
            tracking: vec![Tracking::new(Some("1Z999AA10123456784"), None, None).unwrap()],
        }],
        ..order
    }
}

pub fn tracking() -> Tracking {
    let url = "https://track.example.com/?number=1Z999AA10123456784&lang=en";
    Tracking::new(Some("1Z999AA10123456784"), Some("Example Parcels"), Some(url)).unwrap()
}

pub fn announced() -> Fact {
    Fact::ParcelAnnounced {
        parcel: parcel(),
        fulfilment: "7400112233".into(),
        tracking: Some(tracking()),
        shipment: None,
        partner: None,
        country: None,
    }
}

pub fn event(fact: Fact) -> Event {
    Event {
        subject: subject(),
        fact,
        source: "test".into(),
        time: "2026-11-22T02:14:00Z".parse().unwrap(),
        order_name: Some("#1001".into()),
    }
}
