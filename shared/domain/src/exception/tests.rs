//! What the owner reads: each kind of exception once, and parcels that are late, in trouble, or of which nothing is heard.

use std::collections::BTreeSet;

use super::{CancelOutcome, ChangeOutcome, Exception, Life, SendingStop, What};
use crate::decision::Choice;
use crate::event::{Event, Fact, PartnerStop};
use crate::handoff::{Layer, Wait};
use crate::parcel::Progress;
use crate::plan::Problem;
use crate::subject::{OrderId, Subject};
use crate::verdict::Hold;

fn late(wait: Wait, progress: Progress, promised: Option<&str>) -> What {
    What::LateParcel { wait, parcel: "1Z999".into(), progress, promised: promised.map(str::to_owned) }
}

/// Every reason and next step of a kind, in one text.
fn told(whats: &[What]) -> String {
    let lines = whats.iter().map(|what| format!("{}: {what}\n  next: {}", what.slug(), what.next_step()));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_late_parcel_is_named_with_where_it_stands() {
    let mut whats = vec![
        late(Wait::FirstScan, Progress::LabelCreated, None),
        late(Wait::Delivered, Progress::InTransit, Some("2026-11-27")),
        late(Wait::Delivered, Progress::InTransit, None),
    ];
    let stuck = [Progress::InTransit, Progress::AttemptFailed, Progress::ReadyForPickup, Progress::HeldAtCustoms];
    whats.extend(stuck.map(|progress| late(Wait::TrackingAlive, progress, None)));
    insta::assert_snapshot!(told(&whats));
}

#[test]
fn trouble_with_a_parcel() {
    let trouble =
        |progress, status: &str| What::ParcelTrouble { parcel: "1Z999".into(), progress, status: status.into() };
    insta::assert_snapshot!(told(&[trouble(Progress::Lost, "lost"), trouble(Progress::Problem, "failure: damaged")]));
}

#[test]
fn a_silent_carrier_and_a_report_list_twenty_and_count_the_rest() {
    let names = |count: usize| (1..=count).map(|n| format!("#{n}")).collect::<Vec<_>>();
    let silent = |heard, orders| What::CarrierSilent {
        carrier: "UPS".into(),
        silent: 500,
        heard,
        since: "2026-11-22".into(),
        orders: names(orders),
    };
    let drift = |orders: usize| What::Drift {
        orders,
        differences: names(orders)
            .into_iter()
            .map(|name| format!("{name}: cancelled in the store, and printful makes it"))
            .collect(),
    };
    insta::assert_snapshot!(told(&[silent(0, 5), silent(1, 500), drift(1), drift(23)]));
}

/// A late parcel has the slug of its wait: what is open from before is closed by the same rule.
#[test]
fn a_late_parcel_is_the_same_kind_as_its_wait() {
    for wait in [Wait::FirstScan, Wait::TrackingAlive, Wait::Delivered] {
        let what = late(wait, Progress::InTransit, None);
        assert_eq!((what.slug(), what.layer()), (What::Late(wait).slug(), Layer::Shipping));
        assert!(!what.replayable());
    }
}

/// One of each kind, invented.
fn one_of_each() -> Vec<What> {
    let (partner, why) = (|| "printful".to_owned(), || "item 1 is discontinued".to_owned());
    let mut all = vec![
        What::Held(Hold::TestOrder),
        What::HeldTooLate { partner: partner() },
        What::TaxMissing { place: "US-KY".into() },
        What::Disputed { dispute: "1".into(), kind: "chargeback".into(), due: Some("2026-12-01".into()) },
        What::MoneyWithoutOrder { provider: "stripe".into(), payment: "pi_1".into(), amount: "25.00 USD".into() },
        What::DecisionNotDone { choice: Choice::Refuse, why: why() },
        What::HoldRefused { why: "access denied".into() },
        What::SubscriptionLost { topics: vec!["orders/paid".into()] },
        What::SubscriptionsRefused { topics: vec!["orders/paid".into()], why: "access denied".into() },
        What::WebhooksMissed { orders: vec!["#1001".into()] },
        What::SweepSilent { source: "The store".into(), hours: 3 },
        What::PaymentsFail { place: "credit cards".into(), failed: 7, of: 10 },
        What::CheckoutsStall { place: "Germany".into(), stalled: 7, of: 10 },
        What::NoOrders { hours: 48 },
        What::TestOrderFailed { why: "nobody routed it".into() },
        What::NotTaken { layer: Layer::Capture, event: "paid".into() },
        What::Unreachable { layer: Layer::Routing, provider: partner(), why: "no connection".into() },
        What::LateParcel {
            wait: Wait::Delivered,
            parcel: "1Z999".into(),
            progress: Progress::InTransit,
            promised: Some("2026-11-27".into()),
        },
        What::CarrierSilent {
            carrier: "UPS".into(),
            silent: 5,
            heard: 1,
            since: "2026-11-22".into(),
            orders: vec!["#1001".into()],
        },
        What::ParcelTrouble { parcel: "1Z999".into(), progress: Progress::Lost, status: "lost".into() },
        What::Drift { orders: 1, differences: vec!["#1001: cancelled in the store".into()] },
        What::CannotRoute(vec![Problem::NoAddress]),
        What::PartnerRefused { partner: partner(), why: why() },
        What::PartnerStopped { partner: partner(), how: PartnerStop::OnHold, why: None },
        What::AddressChangedAtPartner { partner: partner(), outcome: ChangeOutcome::NotPossible },
        What::EditedAfterRouting { partner: partner() },
        What::MarginTooThin {
            partner: partner(),
            cost: "24.00 USD".into(),
            paid: "25.00 USD".into(),
            floor_percent: 10,
        },
        What::MakeByHand { lines: vec!["1 x Poster".into()] },
        What::PartnerAppHasIt { partner: partner(), lines: vec!["1 x Poster".into()] },
        What::FundsLow { partner: partner(), funds: "1.00 USD".into(), needed: "24.00 USD".into() },
        What::CatalogProblem { partner: partner(), problems: vec!["variant 4012 is unknown".into()] },
        What::CancelledAtPartner { partner: partner(), outcome: CancelOutcome::Refused("in production".into()) },
        What::RefundedAfterRouting { partner: partner() },
        What::FulfilmentRefused { why: "the order is closed".into() },
        What::NoMailAddress { mail: "shipped".into() },
        What::MailRefused { mail: "shipped".into(), why: "suppressed".into() },
        What::MailSandboxed { mail: "shipped".into() },
        What::SendingStopped(SendingStop::Quota),
        What::SendingStopped(SendingStop::Paused),
        What::SendingStopped(SendingStop::Sender),
        What::MailUnwelcome { complaints: false, bad: 3, sent: 100 },
        What::FlowStarves { flow: "welcome".into(), days: 30 },
        What::ConsentRefused { why: "the customer does not exist".into() },
        What::Returned { why: None },
        What::ProviderBroken { layer: Layer::Routing, provider: partner(), why: "it answers 401 to our key".into() },
        What::DeadLetter { layer: Layer::Email, event: "cleared".into() },
        What::StreamDeadLetter,
        What::Unreadable { topic: "orders/paid".into(), why: "no id".into() },
        What::AppUninstalled,
        What::DataRequested { orders: 2 },
        What::Alarm { name: "baton-relay-behind".into(), description: "The relay is behind.".into() },
        What::ChannelUnproven { channel: "mail".into(), sent: "2026-11-22".into() },
        What::ChannelFails { channel: "webhook".into(), minutes: 20 },
    ];
    all.extend(Wait::ALL.map(What::Late));
    all
}

/// The kinds as the source has them: what is added there and not above fails here.
fn declared() -> BTreeSet<&'static str> {
    let source = include_str!("mod.rs");
    let body = source.split_once("pub enum What {").unwrap().1.split_once("\n}").unwrap().0;
    let name = |line: &'static str| line.strip_prefix("    ").filter(|rest| rest.starts_with(char::is_uppercase));
    body.lines().filter_map(name).map(|line| line.split([' ', '(', ',', '{']).next().unwrap()).collect()
}

#[test]
fn every_kind_has_its_words_and_none_is_missing() {
    let all = one_of_each();
    let debug: Vec<String> = all.iter().map(|what| format!("{what:?}")).collect();
    let named: BTreeSet<&str> = debug.iter().map(|text| text.split([' ', '(', '{']).next().unwrap()).collect();
    assert_eq!(named, declared());
    for what in &all {
        let (reason, next) = (what.to_string(), what.next_step());
        for text in [&reason, &next] {
            assert!(text.ends_with(['.', '?']) && text.len() > 15, "{}: {text:?}", what.slug());
            assert!(!text.contains("  "), "{}: {text:?}", what.slug());
        }
        let slug = what.slug();
        assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{slug}");
        // A next step that says to replay is one that a replay can take.
        assert!(!next.contains("make replay") || what.replayable(), "{slug}: {next}");
    }
    insta::assert_snapshot!(told(&all));
}

#[test]
fn the_same_kind_layer_and_provider_are_one_cause() {
    let at = "2026-11-22T02:13:00Z".parse().unwrap();
    let group = |order: u64, what: &What| Exception::raise(&Subject::Order(OrderId(order)), what, "x", at).group();
    let refused = |partner: &str, why: &str| What::PartnerRefused { partner: partner.into(), why: why.into() };
    assert_eq!(group(1, &refused("printful", "a")), group(2, &refused("printful", "b")));
    assert_ne!(group(1, &refused("printful", "a")), group(2, &refused("gelato", "a")));
    let broken = |layer| What::ProviderBroken { layer, provider: "shopify".into(), why: "401".into() };
    assert_ne!(group(1, &broken(Layer::Capture)), group(1, &broken(Layer::Shipping)));
    let trouble =
        |parcel: &str| What::ParcelTrouble { parcel: parcel.into(), progress: Progress::Lost, status: "lost".into() };
    assert_eq!(group(1, &trouble("1Z1")), group(2, &trouble("1Z2")), "a parcel is nobody outside");
}

#[test]
fn what_is_news() {
    let at = "2026-11-22T02:13:00Z".parse().unwrap();
    let event = Event {
        subject: Subject::Order(OrderId(1)),
        fact: Fact::OrderCleared {},
        source: "capture".into(),
        time: at,
        order_name: None,
    };
    let raise = |why: &str| {
        let what = What::PartnerRefused { partner: "printful".into(), why: why.into() };
        Exception::raise(&event.subject, &what, "cleared", at).about(&event)
    };
    let known = |state, acted| Exception { state, acted, ..raise("a") };
    for (state, acted, again, news) in [
        (Life::Open, false, "a", false),
        (Life::Open, false, "b", false),
        (Life::Acknowledged, false, "a", false),
        (Life::Acknowledged, false, "b", true),
        (Life::Acknowledged, true, "a", true),
        (Life::Resolved, false, "a", true),
    ] {
        assert_eq!(known(state, acted).is_news(&raise(again)), news, "{state:?} {acted} {again}");
    }
}
