//! A sweep that has stopped is told once, and closed when it goes on.

use domain::exception::Life;
use domain::health::SWEEP;
use domain::subject::Subject;

use super::support::{Watch, watch};

const HOUR: i64 = 3_600;

fn listening() -> Watch {
    Watch { silent_hours: 3, ..watch() }
}

fn store() -> Subject {
    Subject::Store("example-prints.myshopify.com".into())
}

/// The sweep has come to its end now.
async fn swept(watch: &Watch) {
    let ledger = &watch.station.ledger;
    let mark = ledger.bookmark(&store(), SWEEP).await.unwrap();
    assert!(ledger.move_bookmark(&store(), SWEEP, mark.as_ref(), "{}", watch.station.now()).await.unwrap());
}

#[tokio::test]
async fn a_stack_that_has_never_swept_counts_from_the_first_round() {
    let watch = listening();
    watch.now_round().await;
    // Listened to every quarter of an hour.
    watch.station.clock.pass(3 * HOUR - 900);
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
    watch.station.clock.pass(900);
    watch.now_round().await;
    assert_eq!(watch.only_exception().await.what, "sweep-silent");
}

#[tokio::test]
async fn silence_is_one_exception_until_the_sweep_speaks_and_another_round_after_that() {
    let watch = listening();
    swept(&watch).await;
    watch.station.clock.pass(3 * HOUR);
    watch.now_round().await;
    watch.now_round().await;
    let first = watch.only_exception().await;
    assert_eq!((first.what.as_str(), first.round), ("sweep-silent", 1));
    assert!(first.reason.contains("3 hours"), "{}", first.reason);
    swept(&watch).await;
    watch.station.clock.pass(900);
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
    let closed = watch.station.ledger.exception(&store(), &first.id).await.unwrap().unwrap();
    assert_eq!(closed.state, Life::Resolved);
    watch.station.clock.pass(4 * HOUR);
    watch.now_round().await;
    assert_eq!(watch.only_exception().await.round, 2);
}

#[tokio::test]
async fn nobody_listens_where_no_sweep_is_expected() {
    let watch = watch();
    watch.station.clock.pass(1_000 * HOUR);
    watch.now_round().await;
    assert_eq!(watch.exceptions().await, []);
}
