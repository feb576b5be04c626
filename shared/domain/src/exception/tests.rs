//! What the owner reads about parcels that are late, in trouble, or of which nothing is heard.

use super::What;
use crate::handoff::{Layer, Wait};
use crate::parcel::Progress;

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
