//! Signing up for the store's news, and confirming it.

use domain::contact::{Consent, standing};
use domain::event::{Fact, OptIn};
use domain::subject::address_hash;
use jiff::{SignedDuration, Timestamp};
use links::{Recipient, confirm_link, unsubscribe_link};
use sandbox::faults::{Arm, Fault};
use serde_json::json;
use store::ReadContact;
use storefront::Request;

use super::{ADA, BASE, double, events, in_store, key, ours, pages, pass, request, second, sign_up, subscribed};
use crate::support;
use crate::world::World;

#[tokio::test]
async fn signing_up_is_told_to_the_store_and_to_the_welcome_flow_and_to_nobody_who_asks() {
    let mut world = World::new(4).await;
    let pages = pages(&world, |_| {});
    subscribed(&world, "known@example.com").await;
    let mut first = sign_up("new@example.com");
    first.headers.push(("accept-language".into(), "de-AT,de;q=0.9".into()));
    assert_eq!(pages.answer(&first).await.status, 200);
    let known = in_store(&world, "new@example.com").await;
    assert_eq!((known.consent, known.consent_at), (Consent::Subscribed, Some(second(&world.clock))));
    assert_eq!(known.language.as_deref(), Some("de"));
    let at = second(&world.clock).to_string();
    let yes = Fact::ContactSubscribed { how: OptIn::Form, customer: known.id.0.clone(), at };
    assert_eq!(ours(&world, "new@example.com").await, std::slice::from_ref(&yes));
    pass(&world, SignedDuration::from_secs(90));
    // Again, known before, and a program that fills in everything: nobody can tell one answer from another.
    let trap = request("POST", "subscribe", "email=trap%40example.com&website=https%3A%2F%2Fexample.com");
    let mut bodies = Vec::new();
    for request in [sign_up(" New@Example.com "), sign_up("known@example.com"), sign_up("other@example.com"), trap] {
        let answer = pages.answer(&request).await;
        assert_eq!(answer.status, 200);
        bodies.push(answer.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(ours(&world, "new@example.com").await, [yes], "once");
    assert_eq!(world.store().contact_by_mail("trap@example.com").await.unwrap(), None);
    // Whoever said no and comes back says yes.
    let link = unsubscribe_link(
        BASE,
        &key(),
        &Recipient { contact: address_hash("new@example.com"), customer: Some(known.id), mail: None },
        world.clock.get(),
    );
    assert_eq!(pages.answer(&request("POST", &link, "choice=unsubscribe")).await.status, 200);
    pass(&world, SignedDuration::from_secs(5));
    assert_eq!(pages.answer(&sign_up("new@example.com")).await.status, 200);
    world.run().await;
    let back = in_store(&world, "new@example.com").await;
    assert_eq!(standing(&back, &events(&world, "new@example.com").await), Consent::Subscribed);
    for row in world.table.rows() {
        let row = format!("{row:?}");
        // The store's own webhooks are kept for a while, compressed; of our own words nobody reads an address.
        assert!(!row.contains("@example.com"), "{row}");
    }
    assert_unexpected(&world);
}

fn assert_unexpected(world: &World) {
    let unexpected = world.sandbox.ctx.unexpected.list();
    assert!(unexpected.is_empty(), "{}", serde_json::to_string_pretty(&unexpected).unwrap());
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_and_one_network_signs_up_only_so_many() {
    let world = World::new(5).await;
    let pages = pages(&world, |_| {});
    for bad in
        ["", "ada", "ada@example", "a b@example.com", "ada@example.com%0d%0abcc:bo@example.com", "<a>@example.com"]
    {
        let page = pages.answer(&request("POST", "subscribe", &format!("email={}", bad.replace(' ', "+")))).await;
        assert_eq!(page.status, 422, "{bad}");
        assert!(page.body.contains("role=\"alert\"") && page.body.contains("<form"), "{}", page.body);
    }
    assert_eq!(world.table.rows().len(), 0, "nothing is kept of them");
    for n in 0..10 {
        assert_eq!(pages.answer(&sign_up(&format!("guest{n}@example.com"))).await.status, 200);
    }
    let over = sign_up("guest10@example.com");
    let refused = pages.answer(&over).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3600")));
    assert_eq!(pages.answer(&sign_up("guest3@example.com")).await.status, 200, "who is in may press again");
    assert_eq!(pages.answer(&Request { ip: Some("203.0.113.9".into()), ..over.clone() }).await.status, 200);
    // One household's addresses of IPv6 are one network.
    for n in 0..11 {
        let ip = Some(format!("2001:db8:1:2::{n:x}"));
        let answer = pages.answer(&Request { ip, ..sign_up(&format!("six{n}@example.com")) }).await;
        assert_eq!(answer.status, if n < 10 { 200 } else { 429 }, "{n}");
    }
    pass(&world, SignedDuration::from_secs(3_601));
    assert_eq!(pages.answer(&over).await.status, 200, "an hour later");
}

#[tokio::test]
async fn double_opt_in_waits_for_the_press_of_a_button_behind_a_link() {
    let world = World::new(6).await;
    let pages = pages(&world, double);
    assert_eq!(pages.answer(&sign_up(ADA)).await.status, 200);
    pass(&world, SignedDuration::from_secs(30));
    assert_eq!(pages.answer(&sign_up(ADA)).await.status, 200, "again: no second mail that day");
    let pending = in_store(&world, ADA).await;
    assert_eq!(pending.consent, Consent::Pending);
    let asked = Fact::ContactSignedUp { customer: pending.id.0.clone(), day: "2026-11-22".into() };
    assert_eq!(ours(&world, ADA).await, std::slice::from_ref(&asked));

    let who = Recipient { contact: address_hash(ADA), customer: Some(pending.id.clone()), mail: None };
    let link = confirm_link(BASE, &key(), &who, world.clock.get());
    let rows = world.table.rows().len();
    let page = pages.answer(&request("GET", &link, "")).await;
    assert_eq!((page.status, page.body.matches("<button").count()), (200, 1));
    assert_eq!((in_store(&world, ADA).await.consent, world.table.rows().len()), (Consent::Pending, rows));
    pass(&world, SignedDuration::from_secs(30));
    let at = second(&world.clock);
    for _ in 0..2 {
        assert_eq!(pages.answer(&request("POST", &link, "choice=confirm")).await.status, 200);
        pass(&world, SignedDuration::from_secs(1));
    }
    let confirmed = in_store(&world, ADA).await;
    assert_eq!((confirmed.consent, confirmed.consent_at), (Consent::Subscribed, Some(at)));
    let customers = support::control(&world.sandbox, "GET", "/_sandbox/shopify/customers", "").await.1;
    assert_eq!(customers[0]["email_marketing_consent"]["opt_in_level"], "confirmed_opt_in");
    let yes = Fact::ContactSubscribed { how: OptIn::Confirmed, customer: pending.id.0.clone(), at: at.to_string() };
    assert_eq!(ours(&world, ADA).await, [asked, yes]);

    // The address changed meanwhile: nobody confirmed the new one.
    let id: u64 = pending.id.0.parse().unwrap();
    let moved = json!({ "id": id, "email": "ada.new@example.com" }).to_string();
    support::control(&world.sandbox, "POST", "/_sandbox/shopify/customers?deliver=0", moved).await;
    assert_eq!(pages.answer(&request("POST", &link, "choice=confirm")).await.status, 404);
    pass(&world, SignedDuration::from_hours(7 * 24));
    assert_eq!(pages.answer(&request("POST", &link, "choice=confirm")).await.status, 410);
    assert_unexpected(&world);
}

#[tokio::test]
async fn a_store_that_is_down_loses_no_sign_up_silently_and_a_crash_after_it_no_welcome() {
    let world = World::new(7).await;
    let pages = pages(&world, |_| {});
    let arm = |operation: &str, fault| {
        let (provider, operation) = ("shopify".to_owned(), operation.to_owned());
        world.sandbox.ctx.faults.arm(vec![Arm { provider, operation, fault, times: Some(1), skip: 0, seconds: None }]);
    };
    for operation in ["customerByIdentifier", "customerCreate"] {
        arm(operation, Fault::ServerError);
        let later = pages.answer(&sign_up(ADA)).await;
        assert_eq!((later.status, later.header("retry-after")), (503, Some("120")), "{operation}");
        assert!(ours(&world, ADA).await.is_empty());
    }
    // It was added, and we did not hear it: the person tries again, and is added once.
    arm("customerCreate", Fault::LostAnswer);
    assert_eq!(pages.answer(&sign_up(ADA)).await.status, 503);
    let since = in_store(&world, ADA).await.consent_at.unwrap();
    pass(&world, SignedDuration::from_secs(45));
    assert_eq!(pages.answer(&sign_up(ADA)).await.status, 200);
    let customers = support::control(&world.sandbox, "GET", "/_sandbox/shopify/customers", "").await.1;
    assert_eq!(customers.as_array().unwrap().len(), 1);
    let [Fact::ContactSubscribed { at, .. }] = &ours(&world, ADA).await[..] else { panic!() };
    assert_eq!(at.parse::<Timestamp>().unwrap(), since, "the welcome belongs to the yes, not to the second try");
}
