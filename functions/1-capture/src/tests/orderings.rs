//! The same end for every order in which the events of an order can arrive, with duplicates: all 5,040 orders of seven events,
//! for four ways in which it may all have ended in the store.

use domain::event::Fact;
use domain::order::{Dispute, Order, Payment};

use super::support::*;

fn facts() -> Vec<Fact> {
    vec![
        Fact::OrderCreated {},
        Fact::OrderPaid { what: None },
        Fact::OrderEdited { edit: "7".into() },
        Fact::OrderCancelled { reason: None },
        Fact::OrderRefunded { refund: "part".into() },
        Fact::OrderRefunded { refund: "rest".into() },
        Fact::OrderDisputed { dispute: "9".into(), kind: "inquiry".into(), due: None },
    ]
}

/// Delivers in this order, each event twice somewhere on the way; the layer works after each, or only at the end, or in between.
fn end(order: &Order, permutation: &[usize], seed: usize) -> End {
    let scene = Scene::new(order.clone());
    let facts = facts();
    for (n, index) in permutation.iter().enumerate() {
        assert!(scene.happens(facts[*index].clone(), "shopify"));
        let earlier = permutation[(seed + n) % (n + 1)];
        assert!(!scene.happens(facts[earlier].clone(), "shopify"), "a duplicate is none");
        if (seed >> n).is_multiple_of(2) {
            scene.run();
        }
    }
    scene.run();
    scene.end()
}

fn each_permutation(items: &mut [usize], from: usize, each: &mut impl FnMut(&[usize])) {
    if from == items.len() {
        return each(items);
    }
    for n in from..items.len() {
        items.swap(from, n);
        each_permutation(items, from + 1, each);
        items.swap(from, n);
    }
}

/// All orders end as the first does, which is returned.
fn all_end_alike(order: &Order) -> End {
    let (mut first, mut count) = (None, 0_usize);
    each_permutation(&mut [0, 1, 2, 3, 4, 5, 6], 0, &mut |permutation| {
        let found = end(order, permutation, count);
        match &first {
            None => first = Some(found),
            Some(first) => assert_eq!(*first, found, "{permutation:?}"),
        }
        count += 1;
    });
    assert_eq!(count, 5_040);
    first.unwrap()
}

#[test]
fn all_of_it_happened_and_the_order_is_cancelled() {
    let order = Order { cancelled: true, payment: Payment::Refunded, ..disputed(true) };
    let end = all_end_alike(&order);
    assert!(!end.events.iter().any(|id| id == "cleared" || id.starts_with("held")), "{end:?}");
    assert_eq!((end.open, end.effects.len(), end.done.len()), (vec!["disputed".to_owned()], 0, 0));
}

#[test]
fn an_open_dispute_holds_it_once() {
    let end = all_end_alike(&Order { payment: Payment::PartiallyRefunded, ..disputed(true) });
    assert_eq!(end.causes.into_iter().collect::<Vec<_>>(), [(1, vec!["dispute#9".to_owned()])]);
    assert_eq!(
        (end.open, end.done),
        (vec!["disputed".to_owned(), "held".to_owned()], vec!["hold baton-hold-1".to_owned()])
    );
}

#[test]
fn a_balance_and_a_dispute_hold_it_together() {
    let end = all_end_alike(&Order { payment: Payment::PartiallyPaid, ..disputed(true) });
    let causes = vec!["not-paid-partially-paid".to_owned(), "dispute#9".to_owned()];
    assert_eq!(end.causes.into_iter().collect::<Vec<_>>(), [(1, causes)]);
}

#[test]
fn what_is_over_holds_nothing() {
    let end = all_end_alike(&Order { payment: Payment::PartiallyRefunded, ..disputed(false) });
    assert!(end.events.iter().any(|id| id == "cleared"), "{end:?}");
    assert_eq!((end.open, end.done.len()), (vec!["disputed".to_owned()], 0));
}

fn disputed(open: bool) -> Order {
    Order { disputes: vec![Dispute { id: "9".into(), chargeback: false, open }], ..order() }
}
