//! Each reason to hold, and its nearest neighbour that is not held.

use super::*;
use crate::fixture;
use crate::money::{Money, ShopMoney};
use crate::order::{
    Assessment, AttemptOutcome, Dispute, FulfilmentOrder, FulfilmentOrderLine, PaymentAttempt, TEST_TAG,
};

fn order() -> Order {
    fixture::order().unwrap()
}

fn rules() -> Rules {
    Rules { live: true, hold_at: Risk::High, screening: screening::Rules::default(), tax_due: Vec::new() }
}

fn judge(order: &Order) -> Verdict {
    verdict(order, &rules(), &Standing::default(), &Velocity::default())
}

fn held(order: &Order) -> Vec<Hold> {
    match judge(order) {
        Verdict::Hold(holds) => holds,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_paid_safe_order_with_an_address_is_cleared() {
    assert_eq!(judge(&order()), Verdict::Clear);
    assert_eq!(judge(&Order { payment: Payment::PartiallyRefunded, ..order() }), Verdict::Clear);
}

#[test]
fn what_is_not_wholly_paid_is_held() {
    for payment in [
        Payment::Pending,
        Payment::Authorized,
        Payment::PartiallyPaid,
        Payment::Voided,
        Payment::Expired,
        Payment::Other("LATER".into()),
    ] {
        assert_eq!(held(&Order { payment: payment.clone(), ..order() }), [Hold::NotPaid(payment)]);
    }
    assert_eq!(held(&Order { payment: Payment::Refunded, ..order() }), [Hold::Refunded]);
}

#[test]
fn a_payment_by_hand_is_the_owners_word() {
    let attempt = |outcome| PaymentAttempt {
        gateway: "Bank transfer".into(),
        outcome,
        manual: true,
        card: None,
        error: None,
        at: order().created,
    };
    let marked = Order { attempts: vec![attempt(AttemptOutcome::Succeeded)], ..order() };
    assert_eq!(judge(&marked), Verdict::Clear);
    let waiting = Order { attempts: vec![attempt(AttemptOutcome::Pending)], payment: Payment::Pending, ..order() };
    assert_eq!(held(&waiting), [Hold::NotPaid(Payment::Pending)]);
}

#[test]
fn a_test_payment_is_held_in_a_live_store_unless_it_is_the_owners_own_test_order() {
    let test = Order { test: true, ..order() };
    assert_eq!(held(&test), [Hold::TestOrder]);
    let in_test = Rules { live: false, ..rules() };
    assert_eq!(verdict(&test, &in_test, &Standing::default(), &Velocity::default()), Verdict::Clear);
    let trial = Order { tags: vec![format!("{TEST_TAG}-7")], risk: Risk::High, ..test };
    assert_eq!(judge(&trial), Verdict::Clear);
    assert_eq!(judge(&Order { risk: Risk::Pending, ..trial.clone() }), Verdict::Clear);
    assert_eq!(held(&Order { ship_to: None, ..trial.clone() }), [Hold::NoAddress], "it is verified all the same");
    // The tag alone is worth nothing: anybody with access to the store's tags could wave an order through.
    let tagged = Order { test: false, ..trial };
    assert!(matches!(held(&tagged)[..], [Hold::Screening { .. }]));
}

#[test]
fn an_order_of_nothing_of_gift_cards_of_downloads_and_without_a_mail_address() {
    let mut free = order();
    let parts = &mut free.amounts;
    for total in [&mut parts.shop.total.0, &mut parts.customer.total.0] {
        *total = total.zero();
    }
    for discounts in [&mut parts.shop.discounts.0, &mut parts.customer.discounts.0] {
        *discounts = Money::parse("58.50", "USD").unwrap();
    }
    assert_eq!(judge(&free), Verdict::Clear);
    let mut gift = Order { ship_to: None, ..order() };
    gift.lines[0].gift_card = true;
    assert_eq!(judge(&gift), Verdict::Clear);
    let mut digital = Order { ship_to: None, ..order() };
    digital.lines[0].requires_shipping = false;
    assert_eq!(judge(&digital), Verdict::Clear);
    assert_eq!(judge(&Order { email: None, ..order() }), Verdict::Clear);
}

#[test]
fn nowhere_to_send_it() {
    let nowhere = Order { ship_to: None, ..order() };
    assert_eq!(held(&nowhere), [Hold::NoAddress]);
    let other = FulfilmentOrder {
        id: "fo".into(),
        open: true,
        service: Some("another-workshop".into()),
        holds: vec![],
        lines: vec![FulfilmentOrderLine { id: "l".into(), line: 11, remaining: 2 }],
    };
    assert_eq!(judge(&Order { fulfilment_orders: vec![other], ..nowhere.clone() }), Verdict::Clear, "another makes it");
    let mut removed = nowhere;
    removed.lines[0].quantity = 0;
    assert_eq!(judge(&removed), Verdict::Clear, "nothing of it is left");
}

#[test]
fn one_cent_too_much_is_held() {
    let mut order = order();
    order.amounts.shop.total = ShopMoney(Money::parse("53.51", "USD").unwrap());
    let [Hold::AmountsDiffer { expected, total }] = &held(&order)[..] else { panic!() };
    assert_eq!((expected.as_str(), total.as_str()), ("53.50 USD", "53.51 USD"));
}

#[test]
fn the_assessment_is_waited_for_and_high_holds() {
    assert_eq!(judge(&Order { risk: Risk::Pending, ..order() }), Verdict::Wait);
    assert_eq!(judge(&Order { risk: Risk::Medium, ..order() }), Verdict::Clear);
    assert!(matches!(held(&Order { risk: Risk::High, ..order() })[..], [Hold::Screening { .. }]));
    assert_eq!(judge(&Order { cancelled: true, risk: Risk::Pending, ..order() }), Verdict::Cancelled);
    // What holds it anyway need not wait.
    assert_eq!(held(&Order { ship_to: None, risk: Risk::Pending, ..order() }), [Hold::NoAddress]);
}

#[test]
fn our_own_rules_hold_together_what_none_holds_alone() {
    let mut suspicious = Order { email: Some("x@mailinator.com".into()), ..order() };
    assert_eq!(judge(&suspicious), Verdict::Clear);
    suspicious.bill_to.as_mut().unwrap().country_code = "CA".into();
    assert_eq!(judge(&suspicious), Verdict::Clear);
    suspicious.risk = Risk::Medium;
    let assessed = Assessment { provider: "shopify".into(), risk: Risk::Medium, facts: vec!["one".into()] };
    suspicious.assessments = vec![assessed];
    let words = Hold::all(held(&suspicious)).unwrap().to_string();
    insta::assert_snapshot!(words, @"The mail address is a throw-away one (mailinator.com). Shopify's fraud analysis calls it medium risk (one fact against it). The bill goes to CA and the parcel to US.");
    let mut off = rules();
    off.screening.hold_at = 0;
    let cleared = verdict(&suspicious, &off, &Standing::default(), &Velocity::default());
    assert_eq!(cleared, Verdict::Clear, "our own rules are off");
    let high = Order { risk: Risk::High, ..suspicious };
    let still = verdict(&high, &off, &Standing::default(), &Velocity::default());
    assert!(matches!(still, Verdict::Hold(_)), "the platform's own word is not");
}

#[test]
fn disputes_and_warnings_hold_until_they_are_over() {
    let disputed = |open| Order { disputes: vec![Dispute { id: "9".into(), chargeback: true, open }], ..order() };
    assert_eq!(held(&disputed(true)), [Hold::Disputed { dispute: "9".into(), chargeback: true }]);
    assert_eq!(judge(&disputed(false)), Verdict::Clear);
    // Told before the store shows it.
    let told = Standing { disputes: vec![("9".into(), false)], warnings: vec!["4".into()], ..Standing::default() };
    let found = verdict(&order(), &rules(), &told, &Velocity::default());
    let Verdict::Hold(holds) = found else { panic!("{found:?}") };
    assert_eq!(Hold::Several(holds).causes(), ["dispute#9", "fraud-warning#4"]);
    let over = Standing { warnings: vec![], ..told };
    assert_eq!(verdict(&disputed(false), &rules(), &over, &Velocity::default()), Verdict::Clear);
}

#[test]
fn a_cleared_order_is_held_only_by_what_is_new_about_its_money() {
    let cleared = Standing { paid: true, cleared: true, ..Standing::default() };
    let judge = |order: &Order| verdict(order, &rules(), &cleared, &Velocity::default());
    let balance = Order { payment: Payment::PartiallyPaid, ..order() };
    assert_eq!(judge(&balance), Verdict::Hold(vec![Hold::NotPaid(Payment::PartiallyPaid)]));
    assert!(matches!(judge(&Order { risk: Risk::High, ..order() }), Verdict::Hold(_)));
    assert_eq!(judge(&Order { risk: Risk::Pending, ..order() }), Verdict::Clear);
    assert_eq!(judge(&Order { ship_to: None, ..order() }), Verdict::Clear);
    assert_eq!(judge(&Order { payment: Payment::Refunded, ..order() }), Verdict::Clear, "routing takes it back");
    let shipped = Standing { shipped: true, ..cleared.clone() };
    assert_eq!(verdict(&balance, &rules(), &shipped, &Velocity::default()), Verdict::Clear);
}

#[test]
fn what_a_person_has_accepted_does_not_hold_again() {
    let risky = Order { risk: Risk::High, payment: Payment::PartiallyPaid, ..order() };
    let causes: Vec<String> = held(&risky).iter().flat_map(Hold::causes).collect();
    assert_eq!(causes, ["not-paid-partially-paid", "risk-high"]);
    let decided = Some((1, crate::decision::Choice::Release));
    let released =
        Standing { paid: true, round: 1, decided, accepted: causes.into_iter().collect(), ..Standing::default() };
    let busy = Velocity { mail: 50, address: 50, card: 50, ip: 50 };
    assert_eq!(verdict(&risky, &rules(), &released, &busy), Verdict::Clear);
    let disputed = Order { disputes: vec![Dispute { id: "9".into(), chargeback: false, open: true }], ..risky };
    let again = verdict(&disputed, &rules(), &released, &busy);
    assert_eq!(again, Verdict::Hold(vec![Hold::Disputed { dispute: "9".into(), chargeback: false }]));
}
