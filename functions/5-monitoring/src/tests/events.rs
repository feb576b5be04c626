//! The events that go to this layer.

use domain::effect::{EffectKey, State};
use domain::event::{Event, Fact, PartnerStop};
use domain::handoff::Layer;
use domain::subject::{OrderId, Subject};
use jiff::SignedDuration;
use ledger::{Claim, Payload};

use super::support::*;

fn stopped(how: PartnerStop) -> Fact {
    Fact::PartnerStopped {
        partner: "printful".into(),
        partner_order: "13".into(),
        how,
        reason: Some("the print file is too small".into()),
        at: "1".into(),
    }
}

async fn keep(watch: &Watch, event: &Event, body: &[u8]) {
    let payload = Payload { body, expires: at("2027-05-01T00:00:00Z") };
    watch.station.append_event(event, Some(payload)).await.unwrap();
}

async fn kept(watch: &Watch, event: &Event) -> bool {
    watch.station.ledger.payload(&event.key()).await.unwrap().is_some()
}

/// A body that deflates to more than fits in the event's own item.
fn long() -> Vec<u8> {
    (0..4_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

#[tokio::test]
async fn what_only_a_person_can_answer_is_raised_and_acknowledged() {
    let facts = [
        stopped(PartnerStop::OnHold),
        stopped(PartnerStop::Failed),
        Fact::ParcelReturned { source: "printful".into(), tracking_event: "1".into(), reason: None, parcel: None },
        Fact::AppUninstalled { at: "1".into() },
        Fact::DataRequested { request: "1".into(), customer: None, orders: vec![OrderId(1), OrderId(2)] },
        Fact::Unreadable { topic: "orders/paid".into(), why: "no id".into(), body_hash: "00ff".into() },
    ];
    let mut said = Vec::new();
    for fact in facts {
        let watch = watch();
        let key = watch.happens(fact).await;
        watch.takes(&key).await;
        assert!(!watch.stored(&key).await.owed_by(Layer::Monitoring));
        said.push(watch.only_exception().await.reason);
        watch.takes(&key).await;
        watch.hears().await;
        assert_eq!(watch.subjects().len(), 1);
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_cancellation_that_we_asked_for_is_routings_to_tell() {
    for (asked, expected) in [(None, 1), (Some(true), 0), (Some(false), 1)] {
        let watch = watch();
        let key = EffectKey::PartnerCancel { partner: "printful".into(), split: 1 };
        if let Some(done) = asked {
            let ledger = &watch.station.ledger;
            let Claim::Ours(lease) =
                ledger.claim(&order(), &key, start(), SignedDuration::from_secs(45)).await.unwrap()
            else {
                panic!("the claim is free")
            };
            let state = if done {
                State::Done { reference: "13".into() }
            } else {
                State::Refused { reason: "too late".into() }
            };
            assert!(ledger.settle(lease, state, Default::default(), None, start()).await.unwrap());
        }
        let event = watch.happens(stopped(PartnerStop::Cancelled)).await;
        watch.takes(&event).await;
        assert_eq!(watch.exceptions().await.len(), expected, "{asked:?}");
    }
}

#[tokio::test]
async fn a_redacted_customers_bodies_go_and_nobody_elses() {
    let watch = watch();
    let of_order =
        |id| Event { subject: Subject::Order(OrderId(id)), ..event(Fact::OrderPaid { what: None }, start()) };
    let request = |customer: &str| {
        store_event(Fact::DataRequested { request: customer.into(), customer: Some(customer.into()), orders: vec![] })
    };
    let (small, large, other) = (of_order(1), of_order(2), of_order(3));
    let (theirs, stranger) = (request("7"), request("8"));
    let unreadable = store_event(Fact::Unreadable { topic: "x".into(), why: "y".into(), body_hash: "z".into() });
    let redact = store_event(Fact::CustomerRedacted {
        customer: Some("7".into()),
        orders: vec![OrderId(1), OrderId(2)],
        contact: Some("00ff".into()),
    });
    let changed = Event {
        subject: Subject::Contact("00ff".into()),
        ..store_event(Fact::ContactChanged { at: "2026-11-22T02:13:00Z".into(), customer: None })
    };
    for (event, body) in [
        (&small, b"{}".to_vec()),
        (&large, long()),
        (&other, long()),
        (&theirs, long()),
        (&redact, long()),
        (&changed, long()),
    ] {
        keep(&watch, event, &body).await;
    }
    keep(&watch, &stranger, b"{}").await;
    keep(&watch, &unreadable, b"{}").await;
    watch.takes(&redact.key()).await;
    for (event, stays) in [
        (&small, false),
        (&large, false),
        (&theirs, false),
        (&redact, false),
        (&changed, false),
        (&other, true),
        (&stranger, true),
        (&unreadable, true),
    ] {
        assert_eq!(kept(&watch, event).await, stays, "{}", event.key());
    }
    // The facts stay, and their hand-offs.
    assert!(watch.stored(&small.key()).await.owed_by(Layer::Capture));
    assert!(!watch.stored(&redact.key()).await.owed_by(Layer::Monitoring));
    assert_eq!(watch.exceptions().await, []);
}

#[tokio::test]
async fn a_redacted_shop_leaves_no_body_behind() {
    let watch = watch();
    let mut all = Vec::new();
    for id in 0..9 {
        let event = Event { subject: Subject::Order(OrderId(id)), ..event(Fact::OrderPaid { what: None }, start()) };
        keep(&watch, &event, &if id % 2 == 0 { long() } else { b"{}".to_vec() }).await;
        all.push(event);
    }
    let redact = store_event(Fact::ShopRedacted { shop: "example-prints.myshopify.com".into() });
    keep(&watch, &redact, &long()).await;
    all.push(redact.clone());
    watch.takes(&redact.key()).await;
    for event in &all {
        assert!(!kept(&watch, event).await, "{}", event.key());
    }
    assert!(!watch.stored(&redact.key()).await.owed_by(Layer::Monitoring));
}

#[tokio::test]
async fn forgetting_goes_on_where_it_stopped() {
    let watch = watch();
    let redact = store_event(Fact::ShopRedacted { shop: "example-prints.myshopify.com".into() });
    keep(&watch, &redact, b"{}").await;
    let order = event(Fact::OrderPaid { what: None }, start());
    keep(&watch, &order, &long()).await;
    // An earlier call came to the end of the orders and stored how far it was.
    let key = EffectKey::Other("forget#everything".into());
    let ledger = &watch.station.ledger;
    let claim = ledger.claim(&redact.subject, &key, start(), SignedDuration::from_secs(45)).await.unwrap();
    let Claim::Ours(lease) = claim else { panic!("the claim is free") };
    let note = [("pk".to_owned(), "order#~".to_owned()), ("sk".to_owned(), "~".to_owned())];
    let state = State::Waiting { not_before: start(), reason: "more to forget".into() };
    assert!(ledger.settle(lease, state, note.into_iter().collect(), None, start()).await.unwrap());
    watch.takes(&redact.key()).await;
    assert!(kept(&watch, &order).await, "before the place");
    assert!(!kept(&watch, &redact).await, "behind it");
}
