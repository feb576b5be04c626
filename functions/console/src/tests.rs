//! The page from link to ledger.

use std::sync::{Arc, Mutex};

use domain::Timestamp;
use domain::decision::{Choice, Decision, OWNER};
use domain::event::{Event, Fact};
use domain::exception::{Exception, Life, What};
use domain::handoff::{Layer, Owes};
use domain::order::{Assessment, Order, Risk};
use domain::provider::Trouble;
use domain::subject::{OrderId, Subject};
use domain::{fixture, handoff::Deadlines};
use jiff::SignedDuration;
use ledger::{Ledger, Memory};
use links::Purpose;
use links::owner::{Named, canary_link, exception_link, open_link};
use secrecy::SecretString;
use store::ReadOrder;

use super::*;

#[derive(Clone)]
struct Fixed(Arc<Mutex<Timestamp>>);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The store shows this order, or does not answer.
#[derive(Clone)]
struct Shows(Arc<Mutex<Option<Order>>>);

impl ReadOrder for Shows {
    async fn order(&self, _: OrderId) -> Result<Option<Order>, Trouble> {
        let order = self.0.lock().unwrap().clone();
        order.map(Some).ok_or_else(|| Trouble::Unavailable { why: "no connection".into() })
    }
}

fn start() -> Timestamp {
    "2026-11-22T02:13:00Z".parse().unwrap()
}

fn order() -> Order {
    let facts = vec!["The card was tried <b>seven</b> times".to_owned()];
    let assessments = vec![Assessment { provider: "shopify".into(), risk: Risk::High, facts }];
    Order { risk: Risk::High, assessments, ..fixture::order().unwrap() }
}

fn subject() -> Subject {
    Subject::Order(OrderId(1))
}

fn event(fact: Fact, source: &str) -> Event {
    let order_name = Some("#1001".to_owned());
    Event { subject: subject(), fact, source: source.into(), time: start(), order_name }
}

fn held(round: u32) -> Event {
    let reason = "Shopify's fraud analysis calls it high risk.".into();
    event(Fact::OrderHeld { reason, round, causes: vec!["risk-high".into()] }, "capture")
}

/// A console over a ledger with these events.
async fn console(events: &[Event]) -> Console<Memory, Shows, Fixed> {
    let ledger = Ledger::new(Memory::default());
    for event in events {
        ledger.append(event, &Owes::default(), None).await.unwrap();
    }
    Console {
        ledger,
        store: Shows(Arc::new(Mutex::new(Some(order())))),
        clock: Fixed(Arc::new(Mutex::new(start()))),
        key: links::Key::new(vec![SecretString::from("k".repeat(40))]).unwrap(),
        deadlines: Deadlines::default(),
        shop: "Example Prints".into(),
        subject: Subject::Store("example.myshopify.com".into()),
    }
}

type Tested = Console<Memory, Shows, Fixed>;

fn path(console: &Tested, round: u32) -> String {
    let expires = start().checked_add(SignedDuration::from_hours(24)).unwrap();
    format!("decisions/{}", console.key.sign(Purpose::Decision, &format!("1#{round}"), expires))
}

async fn ask(console: &Tested, method: &str, path: &str, body: &str) -> Reply {
    let request = Request { method: method.into(), path: path.into(), body: body.into() };
    console.answer(&request).await
}

async fn decisions(console: &Tested) -> Vec<Event> {
    let events = console.ledger.journey(&subject()).await.unwrap().events;
    events.into_iter().filter(|event| matches!(event.fact, Fact::OrderDecided { .. })).collect()
}

#[tokio::test]
async fn looking_shows_the_order_and_changes_nothing() {
    let console = console(&[held(1)]).await;
    let before = console.ledger.table().rows();
    let reply = ask(&console, "GET", &path(&console, 1), "").await;
    assert_eq!(reply.status, 200);
    insta::assert_snapshot!(reply.body);
    assert_eq!(console.ledger.table().rows(), before);
    for private in ["Ada", "ada@example.com", "1 Example Street", "40202"] {
        assert!(!reply.body.contains(private), "{private}");
    }
}

#[tokio::test]
async fn the_first_click_counts_and_the_second_shows_it() {
    let console = console(&[held(1)]).await;
    let path = path(&console, 1);
    let reply = ask(&console, "POST", &path, "choice=release").await;
    assert!(reply.status == 200 && reply.body.contains("#1001 will be made"), "{}", reply.body);
    let made = decisions(&console).await;
    let [decision] = &made[..] else { panic!("{made:?}") };
    assert!(decision.source == OWNER && matches!(Decision::of(decision), Some(Decision::Release(_))));
    let stored = console.ledger.event(&decision.key()).await.unwrap().unwrap();
    assert!(stored.owed_by(Layer::Capture), "capture does it");
    // The same button again, another look, and the other button, whose click must not be taken for what happened.
    for (method, body) in [("POST", "choice=release"), ("GET", "")] {
        let again = ask(&console, method, &path, body).await;
        assert_eq!((again.status, &again.body), (200, &reply.body));
    }
    for body in ["choice=refuse&confirm=refund", "choice=refuse"] {
        let other = ask(&console, "POST", &path, body).await;
        assert_eq!(other.status, 200);
        assert!(other.body.contains("#1001 will be made") && other.body.contains("changed nothing"), "{}", other.body);
    }
    assert_eq!(decisions(&console).await, made);
}

#[tokio::test]
async fn refusing_wants_a_second_mark() {
    let console = console(&[held(1)]).await;
    let path = path(&console, 1);
    let reply = ask(&console, "POST", &path, "choice=refuse").await;
    assert!(reply.status == 200 && reply.body.contains("Nothing was decided"), "{}", reply.body);
    assert_eq!(decisions(&console).await, []);
    for body in ["", "choice=maybe", "choice", "confirm=refund", "\u{0}"] {
        assert_eq!(ask(&console, "POST", &path, body).await.status, 400, "{body:?}");
    }
    assert_eq!(decisions(&console).await, []);
    let reply = ask(&console, "POST", &path, "choice=refuse&confirm=refund").await;
    insta::assert_snapshot!(reply.body);
    let made = decisions(&console).await;
    assert!(
        matches!(&Decision::of(&made[0]), Some(Decision::Refuse(refusal)) if refusal.id().starts_with("decision-"))
    );
}

#[tokio::test]
async fn a_link_that_is_not_good_decides_nothing() {
    let console = console(&[held(1)]).await;
    let good = path(&console, 1);
    let mut forged = good.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    for (path, status) in [
        (forged.as_str(), 403),
        ("decisions/", 403),
        ("decisions/abc.def", 403),
        ("", 404),
        ("decision", 404),
        (&path(&console, 2), 404),
    ] {
        for (method, body) in [("GET", ""), ("POST", "choice=release")] {
            let reply = ask(&console, method, path, body).await;
            assert_eq!(reply.status, status, "{method} {path}");
        }
    }
    assert_eq!(ask(&console, "PUT", &good, "choice=release").await.status, 405);
    assert_eq!(ask(&console, "POST", &good, &"x".repeat(5_000)).await.status, 413);
    *console.clock.0.lock().unwrap() = start().checked_add(SignedDuration::from_hours(24)).unwrap();
    let reply = ask(&console, "POST", &good, "choice=release").await;
    assert!(reply.status == 410 && reply.body.contains("too old"), "{}", reply.body);
    assert_eq!(decisions(&console).await, []);
}

#[tokio::test]
async fn what_was_decided_otherwise_meanwhile_is_respected() {
    let cancelled = event(Fact::OrderCancelled { reason: None }, "shopify");
    let again = held(2);
    for (events, words) in [(vec![held(1), cancelled], "was cancelled"), (vec![held(1), again], "newer alert")] {
        let console = console(&events).await;
        let reply = ask(&console, "POST", &path(&console, 1), "choice=refuse&confirm=refund").await;
        assert!(reply.status == 200 && reply.body.contains(words), "{}", reply.body);
        assert_eq!(decisions(&console).await, []);
    }
    // The store shows the cancellation before its webhook has come.
    let console = console(&[held(1)]).await;
    *console.store.0.lock().unwrap() = Some(Order { cancelled: true, ..order() });
    let reply = ask(&console, "POST", &path(&console, 1), "choice=release").await;
    assert!(reply.body.contains("was cancelled"), "{}", reply.body);
    assert_eq!(decisions(&console).await, []);
}

#[tokio::test]
async fn while_the_store_does_not_answer_the_owner_can_decide_all_the_same() {
    let console = console(&[held(1)]).await;
    *console.store.0.lock().unwrap() = None;
    let reply = ask(&console, "GET", &path(&console, 1), "").await;
    assert!(reply.status == 200 && reply.body.contains("does not show it just now"), "{}", reply.body);
    ask(&console, "POST", &path(&console, 1), "choice=release").await;
    let made = decisions(&console).await;
    assert!(matches!(made[0].fact, Fact::OrderDecided { choice: Choice::Release, round: 1, .. }));
}

#[tokio::test]
async fn words_from_outside_are_harmless_and_nothing_is_kept() {
    let evil = Event { order_name: Some("<script>alert(1)</script>".into()), ..held(1) };
    let console = console(&[evil]).await;
    let mut order = order();
    order.lines[0].title = "\"><img src=x onerror=alert(1)>\u{202e}".into();
    *console.store.0.lock().unwrap() = Some(order);
    let reply = ask(&console, "GET", &path(&console, 1), "").await;
    for bad in ["<script", "<img", "<b>", "\u{202e}"] {
        assert!(!reply.body.contains(bad), "{bad}: {}", reply.body);
    }
    let response = crate::http::response(reply);
    let header = |name: &str| response.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!((header("cache-control"), header("referrer-policy")), ("no-store".into(), "no-referrer".into()));
    assert!(header("x-robots-tag").contains("noindex"));
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

/// The path of a link, below the console's address.
fn below(link: &str) -> String {
    link.strip_prefix("https://console.example.com/").unwrap().to_owned()
}

const CONSOLE: &str = "https://console.example.com/";

fn refused(n: u64, why: &str) -> Exception {
    let what = What::PartnerRefused { partner: "printful".into(), why: why.into() };
    let exception = Exception::raise(&Subject::Order(OrderId(n)), &what, "cleared", start());
    Exception { order_name: Some(format!("#{}", 1_000 + n)), ..exception }
}

fn link_to(console: &Tested, exception: &Exception, round: u32) -> String {
    let Exception { subject, id, .. } = exception.clone();
    below(&exception_link(CONSOLE, &console.key, &Named { channel: "mail".into(), subject, id, round }, start()))
}

async fn state(console: &Tested, exception: &Exception) -> Life {
    console.ledger.exception(&exception.subject, &exception.id).await.unwrap().unwrap().state
}

async fn answered(console: &Tested, channel: &str) -> Option<Timestamp> {
    console.ledger.channel(&console.subject, channel).await.unwrap().acknowledged
}

#[tokio::test]
async fn an_alerts_link_shows_the_exception_and_its_button_acknowledges_it() {
    let console = console(&[]).await;
    let exception = refused(1, "item 1 is discontinued");
    console.ledger.raise(&exception).await.unwrap();
    let path = link_to(&console, &exception, 1);
    let before = console.ledger.table().rows();
    let reply = ask(&console, "GET", &path, "").await;
    assert_eq!(reply.status, 200);
    insta::assert_snapshot!(reply.body);
    assert_eq!(console.ledger.table().rows(), before, "a mail program that follows links has seen nothing");
    for _ in 0..2 {
        let reply = ask(&console, "POST", &path, "").await;
        assert!(reply.status == 200 && reply.body.contains("you have seen it"), "{}", reply.body);
    }
    assert_eq!(state(&console, &exception).await, Life::Acknowledged);
    assert_eq!(answered(&console, "mail").await, Some(start()), "the channel is proven");
    assert_eq!(answered(&console, "webhook").await, None, "and no other");
    console.ledger.heal(&exception.subject, &exception.id, start()).await.unwrap();
    let reply = ask(&console, "GET", &path, "").await;
    assert!(reply.body.contains("healed by itself") && !reply.body.contains("<form"), "{}", reply.body);
}

#[tokio::test]
async fn an_old_alert_acknowledges_nothing_that_has_come_back() {
    let console = console(&[]).await;
    let exception = refused(1, "no");
    console.ledger.raise(&exception).await.unwrap();
    console.ledger.resolve(&exception.subject, &exception.id).await.unwrap();
    console.ledger.raise(&exception).await.unwrap();
    let reply = ask(&console, "POST", &link_to(&console, &exception, 1), "").await;
    assert!(reply.status == 200 && reply.body.contains("come back"), "{}", reply.body);
    assert_eq!(state(&console, &exception).await, Life::Open);
    let reply = ask(&console, "POST", &link_to(&console, &exception, 2), "").await;
    assert!(reply.body.contains("you have seen it"), "{}", reply.body);
    assert_eq!(state(&console, &exception).await, Life::Acknowledged);
}

#[tokio::test]
async fn the_list_shows_all_that_is_open_each_with_its_button() {
    let console = console(&[held(1)]).await;
    let decided = Exception::raise(&subject(), &What::Held(domain::verdict::Hold::TestOrder), "held#1", start());
    let decided = Exception { order_name: Some("#1001".into()), ..decided };
    let (first, second) = (refused(2, "<b>no</b>\u{202e}"), refused(3, "item 1 is discontinued"));
    for exception in [&decided, &first, &second] {
        console.ledger.raise(exception).await.unwrap();
    }
    let path = below(&open_link(CONSOLE, &console.key, "webhook", start()));
    let looked = ask(&console, "GET", &path, "").await;
    assert_eq!((looked.status, answered(&console, "webhook").await), (200, None));
    assert_eq!(looked.body.matches("<form method=\"post\">").count(), 3);
    assert!(!looked.body.contains("<b>") && !looked.body.contains('\u{202e}'), "{}", looked.body);
    // The held one leads to its own page, and that link is good.
    let decide = looked.body.split("../").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(ask(&console, "GET", decide, "").await.status, 200);

    let reply = ask(&console, "POST", &path, &format!("exception={}", second.id)).await;
    assert!(reply.status == 200 && reply.body.contains("Noted: you have seen #1003"), "{}", reply.body);
    assert!(reply.body.contains("Seen by you, and still open"), "{}", reply.body);
    assert_eq!(state(&console, &second).await, Life::Acknowledged);
    assert_eq!(state(&console, &first).await, Life::Open);
    assert_eq!(answered(&console, "webhook").await, Some(start()));
    for form in ["", "exception=", "exception=1-held-00000000", "\u{0}", "choice=release"] {
        assert_eq!(ask(&console, "POST", &path, form).await.status, 404, "{form:?}");
    }
    for exception in [&decided, &first, &second] {
        console.ledger.resolve(&exception.subject, &exception.id).await.unwrap();
    }
    let reply = ask(&console, "GET", &path, "").await;
    assert!(reply.body.contains("nothing is open") && !reply.body.contains("<form"), "{}", reply.body);
}

#[tokio::test]
async fn a_test_alert_is_answered_by_its_button_and_not_by_looking() {
    let console = console(&[]).await;
    let path = below(&canary_link(CONSOLE, &console.key, "mail", start().as_second(), start()));
    let reply = ask(&console, "GET", &path, "").await;
    assert!(reply.status == 200 && reply.body.contains("Yes, I have it"), "{}", reply.body);
    assert_eq!(answered(&console, "mail").await, None);
    let reply = ask(&console, "POST", &path, "").await;
    assert!(reply.status == 200 && reply.body.contains("it arrived"), "{}", reply.body);
    assert_eq!(answered(&console, "mail").await, Some(start()));
}

#[tokio::test]
async fn links_of_the_owner_that_are_old_forged_or_for_another_page_open_nothing() {
    let console = console(&[]).await;
    let exception = refused(1, "no");
    console.ledger.raise(&exception).await.unwrap();
    let one = link_to(&console, &exception, 1);
    let open = below(&open_link(CONSOLE, &console.key, "mail", start()));
    let test = below(&canary_link(CONSOLE, &console.key, "mail", 1, start()));
    let token = |path: &str| path.split_once('/').unwrap().1.to_owned();
    let before = console.ledger.table().rows();
    for (page, other) in
        [("open", &one), ("tests", &one), ("exceptions", &open), ("exceptions", &test), ("open", &test)]
    {
        for method in ["GET", "POST"] {
            let body = format!("exception={}", exception.id);
            assert_eq!(ask(&console, method, &format!("{page}/{}", token(other)), &body).await.status, 403);
        }
    }
    for path in ["open/", "tests/x.y", "exceptions/", "exceptions"] {
        assert_eq!(ask(&console, "POST", path, "").await.status, 403, "{path}");
    }
    *console.clock.0.lock().unwrap() = start().checked_add(SignedDuration::from_hours(7 * 24)).unwrap();
    for path in [&one, &open, &test] {
        let reply = ask(&console, "POST", path, "").await;
        assert!(reply.status == 410 && reply.body.contains("make exceptions"), "{}", reply.body);
    }
    assert_eq!(console.ledger.table().rows(), before);
}
