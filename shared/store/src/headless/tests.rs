//! The order row takes over what Stripe says: forward only, and the same in any order.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::event::{CheckoutEnd, Fact};
use domain::money::Money;
use domain::order::{AttemptOutcome, Payment, Risk};
use domain::parcel::Tracking;
use proptest::prelude::*;
use serde_json::json;

use super::row::{Attempt, Bill, Observed, OrderRow, RowAddress, RowDispute, RowFulfilment, RowLine, RowRefund};
use super::status::{AttemptStatus, DisputeStatus, RefundStatus, Status};
use super::translate;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn dollars(amount: &str) -> Money {
    Money::parse(amount, "USD").unwrap()
}

fn open() -> OrderRow {
    OrderRow {
        number: 1001,
        rev: 1,
        cart: "c".into(),
        created: at(0),
        updated: at(0),
        test: false,
        tags: vec![],
        ip: None,
        currency: "USD".into(),
        tax_included: false,
        lines: vec![RowLine {
            sku: "A".into(),
            title: "Lighthouse".into(),
            variant_title: None,
            image: None,
            tax_code: None,
            quantity: 2,
            unit_price: dollars("25.00"),
            requires_shipping: true,
        }],
        status: Status::Open,
        sessions: BTreeMap::new(),
        link: None,
        payment: None,
        bill: None,
        left: None,
        attempts: BTreeMap::new(),
        refunds: BTreeMap::new(),
        disputes: BTreeMap::new(),
        warnings: BTreeMap::new(),
        holds: BTreeMap::new(),
        fulfilments: vec![],
        refusal: None,
    }
}

fn bill(status: Status) -> Bill {
    let home = RowAddress {
        name: "Ada Example".into(),
        line1: "1 Example Street".into(),
        city: "Exampletown".into(),
        country: "US".into(),
        ..RowAddress::default()
    };
    Bill {
        status,
        placed: at(10),
        discounts: dollars("0.00"),
        shipping: dollars("4.90"),
        tax: dollars("3.60"),
        total: dollars("58.50"),
        email: Some("ada@example.com".into()),
        ship_to: Some(home.clone()),
        bill_to: Some(home),
        customer: None,
        agreed: false,
        tax_exempt: false,
    }
}

/// A look at the session and its payment as they were at that time.
fn look(session: &str, payment: &str, status: Status) -> Observed {
    let order = status.is_order();
    Observed {
        session: Some((session.into(), status)),
        payment: order.then(|| payment.into()),
        status: Some(status),
        bill: order.then(|| bill(status)),
        ..Observed::default()
    }
}

fn attempt(status: AttemptStatus, second: i64, risk: &str) -> Attempt {
    Attempt {
        status,
        at: at(second),
        method: Some("card".into()),
        error: (status == AttemptStatus::Failed).then(|| "card_declined".into()),
        brand: Some("visa".into()),
        fingerprint: Some("fp".into()),
        country: Some("US".into()),
        risk: Some(risk.into()),
        risk_facts: vec![],
    }
}

fn with_attempt(mut seen: Observed, charge: &str, attempt: Attempt) -> Observed {
    seen.attempts.push((charge.into(), attempt));
    seen
}

fn refund(id: &str, amount: &str, status: RefundStatus) -> Observed {
    let refund = RowRefund { status, amount: dollars(amount) };
    Observed { payment: Some("pi_1".into()), refunds: vec![(id.into(), refund)], ..Observed::default() }
}

fn dispute(status: DisputeStatus, due: Option<i64>) -> Observed {
    let dispute = RowDispute { status, due: due.map(at) };
    Observed { payment: Some("pi_1".into()), disputes: vec![("du_1".into(), dispute)], ..Observed::default() }
}

/// One delayed payment with everything that can follow it, each look as Stripe shows it at that time.
fn history() -> Vec<Observed> {
    let pending = attempt(AttemptStatus::Pending, 20, "elevated");
    let paid = attempt(AttemptStatus::Succeeded, 20, "elevated");
    vec![
        look("cs_1", "pi_1", Status::Open),
        with_attempt(look("cs_1", "pi_1", Status::Open), "ch_0", attempt(AttemptStatus::Failed, 15, "normal")),
        look("cs_1", "pi_1", Status::Expired),
        look("cs_2", "pi_1", Status::Open),
        with_attempt(look("cs_2", "pi_1", Status::Awaiting), "ch_1", pending),
        with_attempt(look("cs_2", "pi_1", Status::Paid), "ch_1", paid),
        refund("re_1", "8.50", RefundStatus::Pending),
        refund("re_1", "8.50", RefundStatus::Succeeded),
        refund("re_2", "50.00", RefundStatus::Succeeded),
        refund("re_2", "50.00", RefundStatus::Failed),
        dispute(DisputeStatus::InquiryOpen, Some(900)),
        dispute(DisputeStatus::ChargebackOpen, Some(1900)),
        dispute(DisputeStatus::Lost, None),
        Observed {
            payment: Some("pi_1".into()),
            warnings: vec![("issfr_1".into(), "made_with_lost_card".into())],
            ..Observed::default()
        },
    ]
}

fn absorbed(looks: impl IntoIterator<Item = Observed>) -> OrderRow {
    let mut row = open();
    for look in looks {
        row.absorb(&look);
    }
    row
}

proptest! {
    /// Every order, with repetitions, ends in the same row; and on the way nothing ever moves back.
    #[test]
    fn any_order_with_duplicates_ends_in_the_same_row(
        order in Just((0..14).collect::<Vec<usize>>()).prop_shuffle(),
        again in prop::collection::vec((0_usize..14, 0_usize..28), 0..14),
    ) {
        let history = history();
        let mut order = order;
        for (which, place) in again {
            order.insert(place.min(order.len()), which);
        }
        let mut row = open();
        for which in order {
            let before = row.clone();
            row.absorb(&history[which]);
            prop_assert!(row.status >= before.status);
            for (session, status) in &before.sessions {
                prop_assert!(row.sessions[session] >= *status);
            }
            for (refund, known) in &before.refunds {
                prop_assert!(row.refunds[refund].status >= known.status);
            }
            let mut twice = row.clone();
            twice.absorb(&history[which]);
            prop_assert_eq!(&twice, &row, "the same look again changes nothing");
        }
        prop_assert_eq!(row, absorbed(history));
    }
}

#[test]
fn the_history_ends_where_it_should() {
    assert_eq!(history().len(), 14, "the property draws from so many");
    let row = absorbed(history());
    let order = translate::order(&row).unwrap();
    assert_eq!(order.payment, Payment::PartiallyRefunded, "the failed refund does not count");
    assert_eq!(order.refunds, ["re_1"]);
    assert_eq!(order.amounts.shop.total.0, dollars("58.50"));
    assert_eq!(order.amounts.shop.lines.0, dollars("50.00"));
    assert_eq!(order.risk, Risk::High, "the warning counts");
    let outcomes: Vec<_> = order.attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Failed, AttemptOutcome::Succeeded]);
    assert!(order.disputes[0].chargeback && !order.disputes[0].open);
    let facts: Vec<String> = translate::facts(&row, &order).iter().map(|fact| fact.id().0).collect();
    assert_eq!(facts[..4], ["created", "paid", "refund#re_1", "dispute#du_1"]);
    assert!(facts.contains(&"fraud-warning#issfr_1".to_owned()));
}

#[test]
fn an_unfinished_checkout_is_no_order() {
    let facts = |row: &OrderRow| translate::facts(row, &translate::order(row).unwrap());
    let row = absorbed([look("cs_1", "pi_1", Status::Open)]);
    assert_eq!(facts(&row), []);
    assert!(translate::order(&row).unwrap().fulfilment_orders.is_empty());
    let row = absorbed([look("cs_1", "pi_1", Status::Expired)]);
    assert_eq!(facts(&row), [Fact::CheckoutEnded { how: CheckoutEnd::Expired }]);
    assert_eq!(translate::order(&row).unwrap().payment, Payment::Expired);
}

#[test]
fn money_that_did_not_come_cancels_the_order() {
    let row = absorbed([look("cs_1", "pi_1", Status::Awaiting), look("cs_1", "pi_1", Status::Failed)]);
    let order = translate::order(&row).unwrap();
    assert!(order.cancelled && order.payment == Payment::Voided);
    assert!(!order.fulfilment_orders[0].open);
    let facts = translate::facts(&row, &order);
    assert!(facts.contains(&Fact::OrderCancelled { reason: None }) && !facts.contains(&Fact::OrderPaid { what: None }));
}

#[test]
fn a_second_payment_does_not_touch_the_order_but_its_attempt_is_seen() {
    let first = absorbed([look("cs_1", "pi_1", Status::Paid)]);
    let mut row = first.clone();
    let second =
        with_attempt(look("cs_2", "pi_2", Status::Paid), "ch_2", attempt(AttemptStatus::Succeeded, 30, "normal"));
    row.absorb(&second);
    assert_eq!((row.payment.as_deref(), &row.bill), (Some("pi_1"), &first.bill));
    assert!(row.is_paid_otherwise(Some("pi_2")) && !row.is_paid_otherwise(Some("pi_1")));
    assert!(row.attempts.contains_key("ch_2"));
    let mut refunded = row.clone();
    let mut back = refund("re_9", "58.50", RefundStatus::Succeeded);
    back.payment = Some("pi_2".into());
    refunded.absorb(&back);
    assert_eq!(translate::order(&refunded).unwrap().payment, Payment::Paid, "what goes back is not this order's money");
}

#[test]
fn radar_s_levels_are_our_risks() {
    for (level, risk) in
        [("normal", Risk::Low), ("elevated", Risk::Medium), ("highest", Risk::High), ("not_assessed", Risk::None)]
    {
        let seen =
            with_attempt(look("cs_1", "pi_1", Status::Paid), "ch_1", attempt(AttemptStatus::Succeeded, 20, level));
        assert_eq!(translate::order(&absorbed([seen])).unwrap().risk, risk, "{level}");
    }
    let unassessed = absorbed([look("cs_1", "pi_1", Status::Paid)]);
    assert_eq!(translate::order(&unassessed).unwrap().risk, Risk::None);
}

#[test]
fn a_parcel_of_an_older_row_keeps_its_number() {
    let read = |tracking: serde_json::Value| {
        let row = json!({ "id": "1001-parcel-1", "tracking": tracking, "pieces": { "1": 2 } });
        serde_json::from_value::<RowFulfilment>(row).unwrap().tracking
    };
    let one = Tracking::new(Some("1Z1"), Some("UPS"), None).unwrap();
    assert_eq!(read(json!({ "number": "1Z1", "carrier": "UPS" })), std::slice::from_ref(&one));
    assert_eq!(read(json!(null)), []);
    assert_eq!(read(json!([one])), [one]);
}
