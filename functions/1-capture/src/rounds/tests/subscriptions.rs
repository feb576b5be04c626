//! What becomes of subscriptions that are missing.

use super::*;

#[tokio::test]
async fn the_first_round_subscribes_in_silence_and_a_lost_one_is_made_again_and_told_once() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    rounds.now().await;
    assert_eq!(paper.subscribed.lock().unwrap().len(), store::shopify::topics::TOPICS.len());
    assert!(open(&desk).await.is_empty());
    paper.subscribed.lock().unwrap().remove("orders/paid");
    pass(&desk, 30);
    assert_eq!(rounds.now().await.subscriptions, None, "not due yet");
    pass(&desk, 30);
    let lines = rounds.now().await.subscriptions.unwrap();
    assert_eq!(lines.iter().find(|line| line.topic == "orders/paid").unwrap().state, "made again");
    let told = open(&desk).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].what, "subscription-lost");
    pass(&desk, 60);
    rounds.now().await;
    let told = open(&desk).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(paper.asked.lock().unwrap().iter().filter(|topic| *topic == "orders/paid").count(), 2);
}

#[tokio::test]
async fn all_of_them_gone_at_once_is_one_thing_to_tell() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    rounds.now().await;
    paper.subscribed.lock().unwrap().clear();
    pass(&desk, 60);
    rounds.now().await;
    let told = open(&desk).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].reason.contains("orders/paid") && told[0].reason.contains("were made again"), "{}", told[0].reason);
}

#[tokio::test]
async fn a_refused_subscription_is_told_and_resolved_when_it_is_there() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    *paper.trouble.lock().unwrap() = Some(Trouble::Refused { why: "a scope is missing".into() });
    let lines = rounds.now().await.subscriptions.unwrap();
    assert_eq!(lines.iter().filter(|line| line.state == "refused: a scope is missing").count(), 1);
    pass(&desk, 60);
    rounds.now().await;
    let told = open(&desk).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].reason.ends_with(". a scope is missing."), "{}", told[0].reason);
    *paper.trouble.lock().unwrap() = None;
    pass(&desk, 60);
    rounds.now().await;
    assert!(open(&desk).await.is_empty(), "it was never there before, so it is not lost");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_looked_for_in_the_next_round() {
    let (desk, paper) = (desk(), Paper::default());
    let rounds = rounds(&desk, &paper);
    *paper.trouble.lock().unwrap() = Some(Trouble::NoAnswer { why: "no answer in time".into() });
    rounds.now().await;
    // It had been made all the same.
    paper.subscribed.lock().unwrap().insert("orders/paid".into());
    pass(&desk, 10);
    let lines = rounds.now().await.subscriptions.expect("due at once: the last look did not come to its end");
    assert!(lines.iter().all(|line| line.state == "there" || line.state == "made"), "{lines:?}");
    assert_eq!(paper.asked.lock().unwrap().iter().filter(|topic| *topic == "orders/paid").count(), 1);
    let effects = desk.ledger.journey(&desk.store).await.unwrap().effects;
    assert!(effects.iter().all(|effect| effect.state.name() == "done"), "{effects:?}");
}
