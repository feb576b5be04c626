//! Consent to marketing mail, from the page to the store: signing up, confirming, choosing, unsubscribing.

mod signing_up;

use std::fmt::Write as _;
use std::sync::Arc;

use domain::contact::{Consent, Contact, ContactId, Wishes, standing};
use domain::effect::{EffectKey, State};
use domain::event::{Event, Fact, OptOut};
use domain::subject::{Subject, address_hash};
use jiff::{SignedDuration, Timestamp};
use ledger::{Ledger, Memory};
use links::{Key, Recipient, confirm_link, preferences_link, unsubscribe_link};
use sandbox::faults::{Arm, Fault};
use serde_json::{Value, json};
use store::{ReadContact, SetConsent, Shopify};
use storefront::{Consents, Reply, Request};

use crate::storefront::Shop;
use crate::support;
use crate::world::{self, SimClock, World};

const BASE: &str = "https://pages.example.com/";
const ADA: &str = "ada@example.com";

fn key() -> Key {
    Key::new(vec!["k".repeat(40).into()]).unwrap()
}

/// The pages of the world's shop.
fn pages(world: &World, choose: impl FnOnce(&mut Value)) -> Consents<Arc<Memory>, Shopify, SimClock> {
    let mut choices = world::choices(&world.sandbox);
    choose(&mut choices);
    let config = lambda::StoreConfig::parse(&choices.to_string()).unwrap();
    let ledger = Ledger::new(world.table.clone());
    Consents::new(&config, ledger, world.store(), world.clock.clone(), key()).unwrap()
}

fn double(choices: &mut Value) {
    choices["mail"]["double_opt_in"] = json!(true);
}

fn request(method: &str, path: &str, body: &str) -> Request {
    Request {
        method: method.into(),
        path: path.strip_prefix(BASE).unwrap_or(path).into(),
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
        body: body.as_bytes().to_vec(),
        ip: Some("198.51.100.7".into()),
    }
}

fn sign_up(mail: &str) -> Request {
    let mail = mail.replace('@', "%40").replace('+', "%2B");
    request("POST", "subscribe", &format!("email={mail}&website=&choice=subscribe"))
}

/// What is known of whoever has this address.
async fn events(world: &World, mail: &str) -> Vec<Event> {
    let subject = Subject::Contact(address_hash(mail));
    world.ledger().journey(&subject).await.unwrap().events
}

/// What our own pages wrote: without what the store's webhooks say of it.
async fn ours(world: &World, mail: &str) -> Vec<Fact> {
    let ours = events(world, mail).await.into_iter().filter(|event| event.source == "storefront");
    ours.map(|event| event.fact).collect()
}

async fn in_store(world: &World, mail: &str) -> Contact {
    world.store().contact_by_mail(mail).await.unwrap().unwrap()
}

/// Somebody who gets the store's news, and the link in one of its mails.
async fn subscribed(world: &World, mail: &str) -> (Recipient, String) {
    let consent = json!({ "state": "subscribed", "opt_in_level": "single_opt_in" });
    let body = json!({ "email": mail, "email_marketing_consent": consent }).to_string();
    let (status, answer) =
        support::control(&world.sandbox, "POST", "/_sandbox/shopify/customers?deliver=1", body).await;
    assert_eq!(status, 201, "{answer}");
    world.delivered().await;
    let customer = Some(ContactId(answer["id"].as_str().unwrap().to_owned()));
    let who = Recipient { contact: address_hash(mail), customer, mail: Some("0a1b2c3d4e5f60718293a4b5".into()) };
    let link = unsubscribe_link(BASE, &key(), &who, world.clock.get());
    (who, link)
}

/// What the clock says, in whole seconds: what every store keeps of a moment.
fn second(clock: &SimClock) -> Timestamp {
    Timestamp::from_second(clock.get().as_second()).unwrap()
}

fn pass(world: &World, time: SignedDuration) {
    world.clock.set(world.clock.get().checked_add(time).unwrap());
}

#[tokio::test]
async fn a_link_by_get_changes_nothing_and_one_click_works_without_a_sign_in() {
    let multipart =
        "--b0und\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b0und--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=b0und", multipart),
    ] {
        let mut world = World::new(1).await;
        let pages = pages(&world, |_| {});
        let (_, link) = subscribed(&world, ADA).await;
        world.run().await;
        pass(&world, SignedDuration::from_hours(1));
        let rows = world.table.rows().len();
        for method in ["GET", "HEAD"] {
            let page = pages.answer(&request(method, &link, "")).await;
            assert_eq!((page.status, page.body.is_empty()), (200, method == "HEAD"));
            assert!(page.header("content-security-policy").unwrap().contains("form-action 'self'"));
        }
        assert_eq!(world.table.rows().len(), rows, "a mail program that follows links does no harm");
        let page = pages.answer(&request("GET", &link, "")).await;
        assert_eq!(page.body.matches("<button").count(), 1, "one button");
        assert!(!page.body.contains("<script") && !page.body.contains(ADA));

        // What a mail program sends: no cookie, no origin, no language. Nothing but 200 will do.
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        let click = Request { headers, body: body.as_bytes().to_vec(), ip: None, ..request("POST", &link, "") };
        for _ in 0..2 {
            let answer = pages.answer(&click).await;
            assert_eq!((answer.status, answer.header("location"), answer.header("set-cookie")), (200, None, None));
        }
        let [Fact::ContactUnsubscribed { how: OptOut::OneClick, mail: Some(_), .. }] = &ours(&world, ADA).await[..]
        else {
            panic!("once, however often it is clicked: {:?}", ours(&world, ADA).await)
        };
        let known = in_store(&world, ADA).await;
        assert_eq!(known.consent, Consent::Subscribed, "the store does not know it yet");
        assert_eq!(standing(&known, &events(&world, ADA).await), Consent::Unsubscribed, "and it holds already");
        let said = second(&world.clock);
        world.run().await;
        let known = in_store(&world, ADA).await;
        assert_eq!((known.consent, known.consent_at), (Consent::Unsubscribed, Some(said)));
        assert_eq!(world.dead, []);
    }
}

#[tokio::test]
async fn forged_and_stale_links_are_refused_with_a_plain_page() {
    let world = World::new(2).await;
    let pages = pages(&world, |_| {});
    let (who, link) = subscribed(&world, ADA).await;
    let other_key = Key::new(vec!["x".repeat(40).into()]).unwrap();
    let rows = world.table.rows().len();
    let choices = preferences_link(BASE, &key(), &who, world.clock.get());
    let confirm = confirm_link(BASE, &key(), &who, world.clock.get());
    for forged in [
        unsubscribe_link(BASE, &other_key, &who, world.clock.get()),
        link.replace("unsubscribe/", "unsubscribe/x"),
        choices.replace("preferences/", "unsubscribe/"),
        confirm.replace("subscribe/", "unsubscribe/"),
        link.replace("unsubscribe/", "preferences/"),
        link.replace("unsubscribe/", "subscribe/"),
        "unsubscribe".to_owned(),
        "unsubscribe/".to_owned(),
        "preferences/../orders".to_owned(),
    ] {
        for method in ["GET", "POST"] {
            let page = pages.answer(&request(method, &forged, "List-Unsubscribe=One-Click")).await;
            assert_eq!(page.status, 404, "{method} {forged}");
            assert!(page.body.contains("<h1>") && !page.body.contains("<form"), "{}", page.body);
        }
    }
    for (method, status, body) in
        [("PUT", 405, ""), ("DELETE", 405, ""), ("POST", 400, "choice=buy"), ("POST", 400, "")]
    {
        assert_eq!(pages.answer(&request(method, &link, body)).await.status, status, "{method} {body}");
    }
    let large = "a=".repeat(8 << 10);
    assert_eq!(pages.answer(&request("POST", &link, &large)).await.status, 413);
    let start = world.clock.get();
    world.clock.set(start.checked_add(SignedDuration::from_hours(60 * 24)).unwrap());
    assert_eq!(pages.answer(&request("POST", &link, "List-Unsubscribe=One-Click")).await.status, 410, "60 days after");
    assert_eq!(pages.answer(&request("GET", &choices, "")).await.status, 410);
    assert_eq!(world.table.rows().len(), rows, "nothing was written");
    world.clock.set(start.checked_add(SignedDuration::from_hours(60 * 24 - 1)).unwrap());
    assert_eq!(pages.answer(&request("POST", &link, "List-Unsubscribe=One-Click")).await.status, 200, "an hour before");
}

#[tokio::test]
async fn whatever_happens_on_the_way_the_store_hears_of_it_once() {
    let operations = ["customer", "customerEmailMarketingConsentUpdate"];
    let faults = [Fault::ServerError, Fault::LostAnswer, Fault::TooMany, Fault::KillBefore, Fault::KillAfter];
    for (seed, (operation, fault)) in
        operations.iter().flat_map(|operation| faults.map(|fault| (operation, fault))).enumerate()
    {
        let mut world = World::new(seed as u64).await;
        let pages = pages(&world, |_| {});
        let (_, link) = subscribed(&world, ADA).await;
        pass(&world, SignedDuration::from_secs(60));
        assert_eq!(pages.answer(&request("POST", &link, "choice=unsubscribe")).await.status, 200);
        let (provider, operation) = ("shopify".to_owned(), (*operation).to_owned());
        let point = format!("{fault:?} at {operation}");
        world.sandbox.ctx.faults.arm(vec![Arm { provider, operation, fault, times: Some(1), skip: 0, seconds: None }]);
        world.run().await;
        assert_eq!(in_store(&world, ADA).await.consent, Consent::Unsubscribed, "{point}");
        let journey = world.ledger().journey(&Subject::Contact(address_hash(ADA))).await.unwrap();
        let told = journey.effects.iter().find(|it| matches!(it.key, EffectKey::Consent { .. })).unwrap();
        assert!(matches!(told.state, State::Done { .. }), "{point}: {:?}", told.state);
        assert_eq!((journey.exceptions.as_slice(), world.dead.as_slice()), (&[][..], &[][..]), "{point}");
    }
}

#[tokio::test]
async fn whoever_came_back_meanwhile_stays_and_whoever_is_gone_is_told_to_the_owner() {
    let mut world = World::new(3).await;
    let pages = pages(&world, |_| {});
    let (_, link) = subscribed(&world, ADA).await;
    pass(&world, SignedDuration::from_secs(60));
    assert_eq!(pages.answer(&request("POST", &link, "choice=unsubscribe")).await.status, 200);
    pass(&world, SignedDuration::from_secs(60));
    // At the store's own page, before the store heard of the no.
    let id = in_store(&world, ADA).await.id;
    world.store().set_consent(&id, Consent::Subscribed, world.clock.get()).await.unwrap();
    world.delivered().await;
    world.run().await;
    let known = in_store(&world, ADA).await;
    assert_eq!(known.consent, Consent::Subscribed);
    assert_eq!(standing(&known, &events(&world, ADA).await), Consent::Subscribed);

    // Whom the store no longer knows gets no mail either; the owner hears that the store could not be told.
    let gone = Recipient { contact: address_hash("bo@example.com"), customer: Some(ContactId("1".into())), mail: None };
    let link = unsubscribe_link(BASE, &key(), &gone, world.clock.get());
    assert_eq!(pages.answer(&request("POST", &link, "choice=unsubscribe")).await.status, 200);
    world.run().await;
    let journey = world.ledger().journey(&Subject::Contact(gone.contact)).await.unwrap();
    let state = &journey.effects.iter().find(|it| matches!(it.key, EffectKey::Consent { .. })).unwrap().state;
    assert!(matches!(state, State::Refused { reason } if reason.contains("does not know")), "{state:?}");
    assert_eq!((journey.exceptions.len(), world.dead.len()), (1, 0));
}

#[tokio::test]
async fn preferences_are_kept_and_nothing_at_all_is_a_no() {
    let mut world = World::new(8).await;
    let pages = pages(&world, |_| {});
    let (who, _) = subscribed(&world, ADA).await;
    let link = preferences_link(BASE, &key(), &who, world.clock.get());
    let ticks = async || pages.answer(&request("GET", &link, "")).await.body.matches(" checked").count();
    assert_eq!(ticks().await, 3, "whoever said nothing gets all they agreed to");
    pass(&world, SignedDuration::from_secs(60));
    for _ in 0..2 {
        let saved = pages.answer(&request("POST", &link, "news=1&reviews=1&choice=save")).await;
        assert_eq!(saved.status, 200);
    }
    let chosen = Wishes { news: true, reminders: false, reviews: true };
    assert_eq!((Wishes::of(&events(&world, ADA).await), ticks().await), (chosen, 2));
    assert_eq!(ours(&world, ADA).await.len(), 1, "the same choice again is none");
    assert_eq!(pages.answer(&request("POST", &link, "news=1")).await.status, 400, "a form that is none of ours");
    pass(&world, SignedDuration::from_secs(60));
    assert_eq!(pages.answer(&request("POST", &link, "choice=save")).await.status, 200);
    world.run().await;
    assert_eq!(in_store(&world, ADA).await.consent, Consent::Unsubscribed);
    let page = pages.answer(&request("GET", &link, "")).await;
    assert!(page.status == 200 && !page.body.contains("<form"), "nothing to choose: {}", page.body);
    assert_eq!(Wishes::of(&events(&world, ADA).await), chosen, "what they chose counts again when they come back");
}

#[tokio::test]
async fn the_headless_store_keeps_consent_by_the_same_pages() {
    let shop = Shop::new().await;
    let table = Arc::new(Memory::default());
    let config = json!({
        "store": { "name": "Example Prints", "mode": "test", "shop": "example-prints", "platform": "headless", "language": "de" },
        "mail": { "from": "orders@example.com", "double_opt_in": true },
        "brand": { "name": "Example Prints", "address": "1 Example Street, Example", "support": "help@example.com" },
        "alerts": { "to": "owner@example.com" },
    });
    let config = lambda::StoreConfig::parse(&config.to_string()).unwrap();
    let pages =
        Consents::new(&config, Ledger::new(table.clone()), shop.store.clone(), shop.clock.clone(), key()).unwrap();
    assert_eq!(pages.answer(&sign_up(ADA)).await.status, 200);
    let pending = shop.store.contact_by_mail(ADA).await.unwrap().unwrap();
    assert_eq!((pending.consent, pending.language.as_deref()), (Consent::Pending, Some("de")));
    let who = Recipient { contact: address_hash(ADA), customer: Some(pending.id.clone()), mail: None };
    shop.pass(SignedDuration::from_secs(60));
    let link = confirm_link(BASE, &key(), &who, shop.clock.get());
    assert_eq!(pages.answer(&request("POST", &link, "choice=confirm")).await.status, 200);
    assert_eq!(shop.store.contact(&pending.id).await.unwrap().unwrap().consent, Consent::Subscribed);
    shop.pass(SignedDuration::from_secs(60));
    let link = unsubscribe_link(BASE, &key(), &who, shop.clock.get());
    assert_eq!(pages.answer(&request("POST", &link, "List-Unsubscribe=One-Click")).await.status, 200);
    let subject = Subject::Contact(address_hash(ADA));
    let events = Ledger::new(table).journey(&subject).await.unwrap().events;
    let known = shop.store.contact(&pending.id).await.unwrap().unwrap();
    assert_eq!(standing(&known, &events), Consent::Unsubscribed);
}

/// What a person reads on each page, in both languages.
#[tokio::test]
async fn every_page_in_every_language() {
    let world = World::new(9).await;
    let (single, doubled) = (pages(&world, |_| {}), pages(&world, double));
    let (who, link) = subscribed(&world, ADA).await;
    let now = world.clock.get();
    let (choices, confirm) = (preferences_link(BASE, &key(), &who, now), confirm_link(BASE, &key(), &who, now));
    let mut all = String::new();
    for language in ["en", "de"] {
        let mut show = |name: &str, reply: &Reply| {
            assert_eq!(reply.header("content-language"), Some(language));
            for needed in ["default-src 'none'", "frame-ancestors 'none'"] {
                assert!(reply.header("content-security-policy").unwrap().contains(needed));
            }
            writeln!(all, "== {language} {name} {}\n{}\n", reply.status, main(reply)).unwrap();
        };
        let asked = |mut request: Request| {
            request.headers.push(("accept-language".into(), language.into()));
            request
        };
        for (name, request) in [
            ("sign up", request("GET", "subscribe", "")),
            ("no address", request("POST", "subscribe", "email=ada")),
            ("unsubscribe", request("GET", &link, "")),
            ("preferences", request("GET", &choices, "")),
            ("saved", request("POST", &choices, "news=1&reminders=1&reviews=1&choice=save")),
            ("unclear", request("POST", &link, "choice=buy")),
            ("confirm", request("GET", &confirm, "")),
            ("confirmed", request("POST", &confirm, "choice=confirm")),
            ("not one of ours", request("GET", "unsubscribe/x", "")),
            ("another method", request("PUT", &link, "")),
        ] {
            show(name, &single.answer(&asked(request)).await);
        }
        show("signed up", &single.answer(&asked(sign_up("bo@example.com"))).await);
        show("signed up, to be confirmed", &doubled.answer(&asked(sign_up("cy@example.com"))).await);
    }
    insta::assert_snapshot!(all);
}

/// The page between header and footer: its tags as they are, since a form is mostly tags.
fn main(reply: &Reply) -> &str {
    reply.body.split_once("<main class=\"width\">").unwrap().1.split_once("</main>").unwrap().0.trim()
}
