//! What the contract says of parcels.

use domain::parcel::{Pieces, Tracking, contents};
use domain::provider::Trouble;
use store::{TrackFulfilment, WriteFulfilment};

use super::{Setting, read};

pub async fn a_parcel_is_known_by_its_number(setting: &impl Setting) {
    let (store, id) = (setting.store(), setting.paid().await);
    let order = read(setting, id).await;
    let tracking = Tracking::new(Some("1Z999AA10123456784"), Some("UPS"), Some("https://example.com/t/1"));
    let one = contents(&order, &[Pieces { line: order.lines[0].id, quantity: 1 }]);
    let first = store.fulfil(&one, tracking.as_ref()).await.unwrap();
    let order = read(setting, id).await;
    let known = order.fulfilment_with("1z 999aa1-0123456784").unwrap();
    assert_eq!((&known.id, known.tracking.first()), (&first, tracking.as_ref()));
    let remaining: u32 =
        order.fulfilment_orders.iter().filter(|fo| fo.open).flat_map(|fo| &fo.lines).map(|line| line.remaining).sum();
    assert_eq!(remaining, 1);
    let rest = contents(&order, &[Pieces { line: order.lines[0].id, quantity: 2 }]);
    let second = store.fulfil(&rest, Tracking::new(Some("1Z999AA10123456785"), None, None).as_ref()).await.unwrap();
    assert_ne!(first, second);
    let order = read(setting, id).await;
    assert_eq!(order.fulfilments.len(), 2);
    assert!(contents(&order, &[Pieces { line: order.lines[0].id, quantity: 1 }]).is_empty(), "nothing remains");
    let again = store.fulfil(&rest, Tracking::new(Some("1Z999AA10123456786"), None, None).as_ref()).await;
    assert!(matches!(again, Err(Trouble::Refused { .. })), "no more than was ordered: {again:?}");
}

pub async fn a_parcel_shows_all_its_numbers(setting: &impl Setting) {
    let (store, id) = (setting.store(), setting.paid().await);
    let order = read(setting, id).await;
    let all = contents(&order, &[Pieces { line: order.lines[0].id, quantity: 2 }]);
    let number = |number: &str, url: Option<String>| Tracking::new(Some(number), Some("UPS"), url.as_deref()).unwrap();
    let first = number("1Z999AA10123456787", None);
    let parcel = store.fulfil(&all, None).await.unwrap();
    assert_eq!(read(setting, id).await.fulfilments[0].tracking, [], "it went without");
    store.track(&parcel, std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(read(setting, id).await.fulfilments[0].tracking, std::slice::from_ref(&first), "and has one now");

    let mut numbers = vec![first];
    for at in 2..=8 {
        let url = (at != 5).then(|| format!("https://example.com/t/{at}"));
        numbers.push(number(&format!("1Z999AA1012345679{at}"), url));
    }
    for _ in 0..2 {
        let again: Vec<_> = numbers.iter().chain([&numbers[0]]).cloned().collect();
        store.track(&parcel, &again).await.unwrap();
        let order = read(setting, id).await;
        let mut shown = order.fulfilments[0].tracking.clone();
        shown.sort_by(|one, other| one.number.cmp(&other.number));
        assert_eq!((order.fulfilments.len(), shown), (1, numbers.clone()), "each once, with its carrier and its link");
        for known in &numbers {
            assert_eq!(order.fulfilment_with(&known.number).map(|known| &known.id), Some(&parcel));
        }
    }
    let before = read(setting, id).await;
    store.track(&parcel, &[]).await.unwrap();
    assert_eq!(read(setting, id).await, before, "nothing to say is nothing done");
    let again = store.track("999999999", &numbers).await;
    assert!(matches!(again, Err(Trouble::Refused { .. })), "no such parcel: {again:?}");
}
