//! Invented orders.

use domain::event::{Event, Fact};
use domain::money::{CustomerMoney, Money, ShopMoney};
use domain::order::{Address, Amounts, Fulfilment, Line, Order, Payment, Risk};
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
    }
}

pub fn order() -> Order {
    Order {
        id: ORDER,
        gid: format!("gid://shopify/Order/{ORDER}"),
        name: "#1001".into(),
        email: Some("Ada@Example.com".into()),
        test: false,
        created: "2026-11-22T02:13:00Z".parse().unwrap(),
        cancelled: false,
        payment: Payment::Paid,
        amounts: Amounts {
            lines: shop("70.00"),
            discounts: shop("5.00"),
            shipping: shop("4.90"),
            tax: shop("3.60"),
            tax_included: false,
            tips: shop("0.00"),
            duties_and_fees: shop("0.00"),
            total: shop("73.50"),
            customer_total: customer("73.50", "USD"),
        },
        risk: Risk::Low,
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
        fulfilment_orders: vec![],
        fulfilments: vec![Fulfilment {
            id: "7400112233".into(),
            cancelled: false,
            tracking: vec![Tracking::new(Some("1Z999AA10123456784"), None, None).unwrap()],
        }],
    }
}

pub fn tracking() -> Tracking {
    let url = "https://track.example.com/?number=1Z999AA10123456784&lang=en";
    Tracking::new(Some("1Z999AA10123456784"), Some("Example Parcels"), Some(url)).unwrap()
}

pub fn announced() -> Fact {
    Fact::ParcelAnnounced { parcel: parcel(), fulfilment: "7400112233".into(), tracking: Some(tracking()) }
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

/// What an order looks like when somebody tries.
pub fn hostile() -> Order {
    let evil = "<script>alert('x')</script>";
    let mut order = order();
    order.name = "#1001\r\nBcc: eve@example.com".into();
    order.lines = vec![
        line(11, evil, Some("\u{202e}gpj.exe\u{200f} \"><img src=x onerror=y>"), 1, customer("25.00", "USD")),
        line(12, "ملصق المنارة", Some("كبير"), 3, customer("20.00", "USD")),
        line(13, &"very long ".repeat(60), Some("{{ 7*7 }} {% raw %} & &amp;"), 1, customer("0.00", "USD")),
    ];
    order.ship_to = Some(Address {
        name: "Ada\r\nX-Header: 1\u{0}\u{1b}[31m".into(),
        company: Some("</td></table><a href=\"https://evil.example\">click</a>".into()),
        address1: "1 Rue de l'Été\u{2028}2".into(),
        address2: Some("   ".into()),
        city: "\u{2067}Exampletown".into(),
        province_code: None,
        zip: None,
        country_code: "FR".into(),
        phone: None,
    });
    order
}

/// The tracking of the same.
pub fn hostile_announced() -> Fact {
    let tracking = Tracking {
        number: "1Z999AA10123456784\"><script>".into(),
        carrier: Some("Carrier\r\nBcc: eve@example.com".into()),
        url: Some("https://track.example.com/\"><script>alert(1)</script>".into()),
    };
    Fact::ParcelAnnounced { parcel: parcel(), fulfilment: "7400112233".into(), tracking: Some(tracking) }
}
