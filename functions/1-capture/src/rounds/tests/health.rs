//! Payment health and the test order.

use super::*;

fn paid_with(brand: &str, outcomes: &[AttemptOutcome], placed: Timestamp) -> PlacedOrder {
    let card = domain::order::Card { brand: Some(brand.into()), fingerprint: None, country: None };
    let attempt = |outcome: &AttemptOutcome| PaymentAttempt {
        gateway: "shopify_payments".into(),
        outcome: *outcome,
        manual: false,
        card: Some(card.clone()),
        error: None,
        at: placed,
    };
    PlacedOrder { id: OrderId(1), placed, country: Some("US".into()), attempts: outcomes.iter().map(attempt).collect() }
}

#[tokio::test]
async fn failing_payments_are_told_once_a_day_and_place_and_resolved_when_better() {
    use AttemptOutcome::{Failed, Succeeded};
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    *paper.newest.lock().unwrap() = Some(start());
    let put = |brand: &str, outcomes: &[AttemptOutcome], times: usize, at: Timestamp| {
        paper.placed.lock().unwrap().extend(vec![paid_with(brand, outcomes, at); times]);
    };
    put("visa", &[Failed], 20, start());
    put("mastercard", &[Succeeded], 40, start());
    let health = rounds.now().await.health.unwrap();
    assert_eq!(health.orders, 60);
    let kinds = |open: Vec<Exception>| {
        open.into_iter()
            .map(|one| (one.what, one.reason))
            .filter(|(what, _)| what == "payments-fail")
            .collect::<Vec<_>>()
    };
    let told = kinds(open(&desk).await);
    assert!(
        told.iter().any(|(_, reason)| reason.contains("card visa") && reason.contains("20 of the last 20")),
        "{told:?}"
    );
    assert!(!told.iter().any(|(_, reason)| reason.contains("mastercard")), "{told:?}");
    pass(&desk, 60);
    rounds.now().await;
    assert_eq!(kinds(open(&desk).await).len(), told.len(), "told once");
    // Six hours later visa works again.
    let now = pass(&desk, 360);
    put("visa", &[Succeeded], 20, now);
    rounds.now().await;
    let left = kinds(open(&desk).await);
    assert!(!left.iter().any(|(_, reason)| reason.contains("card visa")), "{left:?}");
}

#[tokio::test]
async fn stalled_checkouts_are_told_by_place() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    *paper.newest.lock().unwrap() = Some(start());
    let begun = start().checked_sub(SignedDuration::from_hours(2)).unwrap();
    let one = |country: &str, recovered: bool| StalledCheckout {
        id: "1".into(),
        begun,
        country: Some(country.into()),
        recovered,
    };
    // In Germany everybody finished after all; in Austria nobody did.
    *paper.stalled.lock().unwrap() = [vec![one("DE", true); 30], vec![one("AT", false); 30]].concat();
    let health = rounds.now().await.health.unwrap();
    assert_eq!(health.stalled, 30);
    let told = open(&desk).await;
    let told: Vec<_> = told.iter().filter(|one| one.what == "checkouts-stall").collect();
    assert!(told.len() == 1 && told[0].reason.contains("30 of the last 30"), "{told:?}");
}

#[tokio::test]
async fn no_order_for_longer_than_expected_is_told_and_resolved_by_the_next_order() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    *paper.newest.lock().unwrap() = Some(start());
    pass(&desk, 71 * 60);
    rounds.now().await;
    assert!(open(&desk).await.is_empty());
    pass(&desk, 60);
    rounds.now().await;
    let told = open(&desk).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].reason.contains("72 hours"), "{}", told[0].reason);
    *paper.newest.lock().unwrap() = Some(pass(&desk, 60));
    rounds.now().await;
    let closed = desk.ledger.exception(&desk.store, &told[0].id).await.unwrap().unwrap();
    assert_eq!(closed.state, Life::Resolved);
}

#[tokio::test]
async fn a_test_order_is_placed_once_per_tag_and_only_a_test_order_is_cleaned_up() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    let without = rounds.asks(Request { operator: "test-order".into(), ..Request::default() }).await;
    assert!(without["error"].as_str().unwrap().contains("VARIANT="), "{without}");
    let request = Request { operator: "test-order".into(), variant: Some("43".into()), ..Request::default() };
    let placed = rounds.asks(request.clone()).await;
    assert_eq!(placed, json!({ "order": "1", "tag": "baton-test-20261122T021300Z" }));
    assert_eq!(rounds.asks(request).await, placed);
    assert_eq!(paper.orders.lock().unwrap()[0].email.as_deref(), Some("owner@example.com"));
    let real = domain::fixture::order().unwrap();
    paper.orders.lock().unwrap().push(Order { id: OrderId(7), test: true, ..real });
    let clean = |order: &str, why: Option<&str>| Request {
        operator: "test-order-clean-up".into(),
        order: Some(order.into()),
        why: why.map(str::to_owned),
        ..Request::default()
    };
    let refused = rounds.asks(clean("7", None)).await;
    assert!(refused["error"].as_str().unwrap().contains("no test order of ours"), "{refused}");
    let cleaned = rounds.asks(clean("1", Some("routing did not take it within two minutes"))).await;
    assert_eq!(cleaned, json!({ "order": "1", "cleaned_up": true }));
    let told = open(&desk).await;
    assert_eq!((told.len(), told[0].what.as_str()), (1, "test-order-failed"));
}

#[test]
fn a_test_orders_mails_go_to_the_drills_inbox_or_else_to_the_owner() {
    let mut choices = super::config();
    let inbox =
        |choices: &StoreConfig| Settings::new(choices, &[], "https://door.example.com", "webhooks/shopify").inbox;
    assert_eq!(inbox(&choices), "owner@example.com");
    choices.drill.inbox = Some("drill@example.com".to_owned());
    assert_eq!(inbox(&choices), "drill@example.com");
}
