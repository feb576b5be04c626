//! The walk: its place, its overlap, and what it tells.

use super::*;

#[tokio::test]
async fn a_round_out_of_time_keeps_its_place_and_one_exception_names_all_that_it_found() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    assert!(rounds.sweep(start(), Timestamp::MAX).await.unwrap().finished);
    paper.changes.lock().unwrap().extend((1..=4).map(|id| change(id, id as i64)));
    let now = pass(&desk, 10);
    // No time at all: nothing is looked at, and nothing is lost.
    let nothing = rounds.sweep(now, now).await.unwrap();
    assert_eq!((nothing.looked_at, nothing.finished), (0, false));
    let swept = rounds.sweep(now, Timestamp::MAX).await.unwrap();
    assert_eq!((swept.looked_at, swept.appended, swept.finished), (4, 8, true));
    assert_eq!(swept.missed, ["#1", "#2", "#3", "#4"]);
    let told = open(&desk).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].reason.contains("#1, #2, #3, #4"), "{}", told[0].reason);
    let again = rounds.sweep(pass(&desk, 10), Timestamp::MAX).await.unwrap();
    assert_eq!((again.appended, again.missed.len()), (0, 0), "within the overlap, and nothing twice");
    assert_eq!(open(&desk).await.len(), 1);
}

#[tokio::test]
async fn what_is_too_young_is_left_to_its_webhook_and_found_by_the_next_pass() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    rounds.sweep(start(), Timestamp::MAX).await.unwrap();
    paper.changes.lock().unwrap().push(change(1, 7));
    let swept = rounds.sweep(pass(&desk, 10), Timestamp::MAX).await.unwrap();
    assert_eq!((swept.looked_at, swept.appended), (1, 0));
    let swept = rounds.sweep(pass(&desk, 10), Timestamp::MAX).await.unwrap();
    assert_eq!(swept.missed, ["#1"]);
}

#[tokio::test]
async fn a_place_the_store_no_longer_takes_does_not_stop_the_sweep_for_ever() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    rounds.sweep(start(), Timestamp::MAX).await.unwrap();
    let mark = desk.ledger.bookmark(&desk.store, crate::sweep::BOOKMARK).await.unwrap().unwrap();
    let mut place: Value = serde_json::from_str(&mark.place).unwrap();
    place["pass"] = json!({ "began": start(), "from": start(), "after": "gone" });
    let place = place.to_string();
    let moved = desk.ledger.move_bookmark(&desk.store, crate::sweep::BOOKMARK, Some(&mark), &place, mark.at);
    assert!(moved.await.unwrap());
    paper.changes.lock().unwrap().push(change(1, 1));
    pass(&desk, 10);
    let report = rounds.now().await;
    assert_eq!(report.troubles.len(), 1, "{report:?}");
    assert_eq!(open(&desk).await[0].what, "provider-broken");
    pass(&desk, 10);
    assert_eq!(rounds.now().await.sweep.unwrap().missed, ["#1"]);
    assert!(open(&desk).await.iter().all(|one| one.what != "provider-broken"), "it works again");
}
