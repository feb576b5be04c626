//! An invented order for this crate's own tests and, behind the feature `fixture`, for those of others.

use jiff::Timestamp;

use crate::money::{CustomerMoney, Money, ShopMoney};
use crate::order::{Address, Amounts, Buyer, Line, Order, Parts, Payment, Risk};
use crate::subject::OrderId;

/// An amount in US dollars; nothing where the text is no amount.
fn dollars(amount: &str) -> Option<Money> {
    Money::parse(amount, "USD").ok()
}

/// The same parts in any of the two kinds of money.
fn parts<M: Copy>(wrap: impl Fn(Money) -> M) -> Option<Parts<M>> {
    let money = |amount: &str| dollars(amount).map(&wrap);
    Some(Parts {
        lines: money("50.00")?,
        discounts: money("5.00")?,
        shipping: money("4.90")?,
        tax: money("3.60")?,
        tips: money("0.00")?,
        duties_and_fees: money("0.00")?,
        total: money("53.50")?,
    })
}

/// One made-to-order line.
#[must_use]
pub fn line(id: u64, variant: Option<u64>) -> Option<Line> {
    let price = dollars("25.00")?;
    Some(Line {
        id,
        title: format!("Line {id}"),
        variant_title: None,
        sku: Some(format!("SKU-{id}")),
        variant,
        quantity: 2,
        ordered: 2,
        unit_price: ShopMoney(price),
        customer_unit_price: CustomerMoney(price),
        requires_shipping: true,
        gift_card: false,
        image: None,
        properties: Vec::new(),
    })
}

/// A paid, safe order of two posters for 53.50 dollars, with an address. Tests change what they are about.
#[must_use]
pub fn order() -> Option<Order> {
    let placed: Timestamp = "2026-11-22T02:13:00Z".parse().ok()?;
    let ship_to = Address {
        name: "Ada Example".into(),
        address1: "1 Example Street".into(),
        city: "Exampletown".into(),
        province_code: Some("KY".into()),
        zip: Some("40202".into()),
        country_code: "US".into(),
        ..Address::default()
    };
    Some(Order {
        id: OrderId(1),
        gid: "gid://shopify/Order/1".into(),
        name: "#1".into(),
        email: Some("ada@example.com".into()),
        test: false,
        created: placed,
        updated: placed,
        cancelled: false,
        payment: Payment::Paid,
        amounts: Amounts { shop: parts(ShopMoney)?, customer: parts(CustomerMoney)?, tax_included: false },
        risk: Risk::Low,
        assessments: Vec::new(),
        bill_to: Some(ship_to.clone()),
        ship_to: Some(ship_to),
        buyer: Buyer::default(),
        locale: None,
        attempts: Vec::new(),
        refunds: Vec::new(),
        refunded: CustomerMoney(dollars("0.00")?),
        disputes: Vec::new(),
        tags: Vec::new(),
        tax_exempt: false,
        lines: vec![line(11, Some(111))?],
        fulfilment_orders: Vec::new(),
        fulfilments: Vec::new(),
    })
}
